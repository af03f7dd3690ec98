//! test: a table where nothing is: an External abort on the walk, or, with BUS_ERROR=razwi, an invalid descriptor
//! matrix: policy=sea,serror,razwi
//! include: stage1.regime
//! impdef: BUS_ERROR=${policy}
//! set: TTBR0_EL1 = 0x50000000
//! set: X0 = 0x1000
//! trap[policy=sea|serror]: sync el1->el1 ec=0x21 iss=0x15 why="external abort on table walk"
//! trap[policy=razwi]: sync el1->el1 ec=0x21 iss=0x05 why="Translation fault"
//! never: serror
//! exit: limit
//! limit: 1
#include "test.h"
#include "tables.h"
    .globl _start
_start:
    nop
    .balign 0x800
vectors:
level1_table:
