//! test: stage 1's table walk meets stage 2: S1PTW, the table's IPA, and why
//! entry: el1
//! include: stage1.regime
//! set: VTTBR_EL2 = stage2_table
//! set: VTCR_EL2 = 25 | 1<<6 | 1<<8 | 1<<10 | 3<<12 | 2<<16
//! set: HCR_EL2[0] = 1
//! trap: sync el1->el2 ec=0x20 iss=0x86 far=_start hpfar=unmapped_hpfar elr=_start why="stage 2 fault on table walk"
#include "test.h"
#include "tables.h"
    .globl _start
_start:
    b done
    ending

    ending_vectors

    .set unmapped, 0x40200000
    .set unmapped_hpfar, unmapped >> 8
    .set level1_table, unmapped     /* stage 1's tables lie where stage 2 has nothing */

    .data
    .balign 4096
stage2_table:
    .quad 0
    .quad level2 + TABLE
    .balign 4096
level2:
    .quad 0x40000000 + BLOCK + AF + INNER + S2_NORMAL + S2_READ + S2_WRITE
    .balign 4096
