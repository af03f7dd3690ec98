//! test: the power fails at any moment: what a device keeps is whole, and memory begins anew
//! # A journal: a number is written to slot A or B, then which of them is valid.
//! device: journal base=0x50000000
//! matrix: seed=1,2,3,4,5,6,7,8
//! entry: el3
//! limit: 20000
//! set: X20 = ${seed}
//! inject: at=100..4000 power-cut
//! inject: at=4001..8000 power-cut
//! trap: none
//! expect: word@starts = 1
//! expect: word@0x50000010 = 3
//! expect: X9 = 0
//! expect: X8 >= 1500
//! expect: EL = 3
#include "test.h"
    .set SLOTS, 0                   /* two of them, 8 bytes each: a number, and its complement */
    .set STARTS, 0x10

    .globl _start
_start:
    mov x0, #0x50000000
    ldr w1, [x0, #STARTS]
    add w1, w1, #1
    str w1, [x0, #STARTS]
    adr x1, starts                  /* in RAM, which was loaded anew */
    ldr w2, [x1]
    add w2, w2, #1
    str w2, [x1]

    /* The newest number that is whole; X9 counts starts at which none was, but for the first. */
    mov x8, #0
    mov x9, #0
    bl find
    ldr w1, [x0, #STARTS]
    cmp w1, #1
    b.eq again
    cmp x8, #0
    cinc x9, x9, eq
again:
    add x8, x8, #1
    and x3, x8, #1
    add x3, x0, x3, lsl #3
    mvn w4, w8
    str w4, [x3, #4]
    str w8, [x3]
    mov w5, #1800
    cmp w8, w5
    b.lo again
    b done

find:
    mov x6, #2
    mov x3, x0
1:  ldp w4, w5, [x3], #8
    mvn w5, w5
    cmp w4, w5
    b.ne 2f
    cmp w4, w8
    csel w8, w4, w8, hi
2:  subs x6, x6, #1
    b.ne 1b
    ret
    ending

    .data
    .balign 8
starts:
    .word 0
