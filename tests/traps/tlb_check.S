//! test: a descriptor that was changed without TLB maintenance: the entry is used, or the check makes a fault of it
//! matrix: check=off,warn,fault change=output,type,size,ng,permissions,nothing
//! impdef: TLB_CHECK=${check}
//! include: stage1.regime
//! set: MAIR_EL1 = 0x44ff
//! set: X0 = page
//! set: X4 = ${change}
//!
//! # Break-before-make was left out: both may be found, and then there is a conflict.
//! trap[check=fault,change=output|type|size|ng]: sync el1->el1 ec=0x25 iss=0x30 far=page elr=again why="TLB conflict"
//! trap[check=fault,change=permissions|nothing]: none
//! trap[check=off|warn]: none
//! # Otherwise what it was, until the TLBI; then what it is.
//! expect: X1 = 0x1111
//! expect[check=off|warn]: X2 = 0x1111
//! expect[check=fault,change=permissions|nothing]: X2 = 0x1111
#include "test.h"
#include "tables.h"
    .globl _start
_start:
    ldr x1, [x0]
    ldr x3, =changed
    str x4, [x3]
    dsb sy
again:
    ldr x2, [x0]
    tlbi vmalle1
    dsb sy
    isb
    b done
    ending

    ending_vectors

    .set page, 0x40400000
    .set output, other + PAGE + AF + INNER
    .set type, memory + PAGE + AF + INNER + (1 << 2)
    .set ng, memory + PAGE + AF + INNER + (1 << 11)
    .set size, memory + PAGE + AF + INNER + (1 << 52)
    .set permissions, memory + PAGE + AF + INNER + READ_ONLY
    .set nothing, 0

    .data
    .balign 65536
memory:
    .quad 0x1111
    .balign 65536
other:
    .quad 0x2222
    .balign 4096
level1_table:
    .quad 0
    .quad level2_table + TABLE
    .balign 4096
level2_table:
    .quad 0x40000000 + BLOCK + AF + INNER
    .quad 0
    .quad level3_table + TABLE
    .balign 4096
level3_table:
changed:
    .quad memory + PAGE + AF + INNER
    .balign 4096
