//! test: a breakpoint at a vector stops before the first instruction there, however the machine is run
//! matrix: engine=run,step
//! entry: el1
//! set: PSTATE[9:6] = 0
//! inject: at=50 irq on
//! inject: on=vectors+0x280 set X5 = 7
//! trap: irq el1->el1
//! expect: X5 = 7
#include "test.h"
    .globl _start
_start:
    add x0, x0, #1
    b _start
    .balign 0x800
vectors:
    .skip 0x280
    add x1, x1, #1
    b done
    ending
