//! test: exception return from every EL to every EL and stack pointer; to a higher one it is illegal
//! matrix: entry=el1,el2,el3 target=el0t,el1t,el1h,el2t,el2h,el3t,el3h
//! set[entry=el1]: ELR_EL1 = landed
//! set[entry=el2]: ELR_EL2 = landed
//! set[entry=el3]: ELR_EL3 = landed
//! set[entry=el1]: SPSR_EL1 = ${target} | 0xa00003c0
//! set[entry=el2]: SPSR_EL2 = ${target} | 0xa00003c0
//! set[entry=el3]: SPSR_EL3 = ${target} | 0xa00003c0
//!
//! # The first column of what is legal: the target's EL is the entry's or below.
//! trap[target=el0t]: return ${entry}->el0 why=ERET pc=landed elr=_start
//! trap[target=el1t|el1h]: return ${entry}->el1 why=ERET pc=landed
//! trap[target=el2t|el2h,entry=el2|el3]: return ${entry}->el2 why=ERET pc=landed
//! trap[target=el3t|el3h,entry=el3]: return el3->el3 why=ERET pc=landed
//! expect[target=el0t]: EL = 0
//! expect[target=el1t|el1h]: EL = 1
//! expect[target=el2t|el2h,entry=el2|el3]: EL = 2
//! expect[target=el3t|el3h,entry=el3]: EL = 3
//! expect[target=el0t]: PSTATE = 0xa00003c0
//! expect[target=el1t]: PSTATE = 0xa00003c4
//! expect[target=el1h]: PSTATE = 0xa00003c5
//!
//! # What isn't sets PSTATE.IL, keeps EL and SP, and the next instruction is an Illegal Execution state exception.
//! trap[target=el2t|el2h,entry=el1]: return el1->el1 why="illegal return" pc=landed
//! trap[target=el2t|el2h,entry=el1]: sync el1->el1 ec=0x0e why=PSTATE.IL elr=landed spsr=0xa01003c5 vector=0x200
//! trap[target=el2t|el2h,entry=el1]: return el1->el1 why=ERET pc=done
//! trap[target=el3t|el3h,entry=el1]: return el1->el1 why="illegal return" pc=landed
//! trap[target=el3t|el3h,entry=el1]: sync el1->el1 ec=0x0e why=PSTATE.IL elr=landed spsr=0xa01003c5 vector=0x200
//! trap[target=el3t|el3h,entry=el1]: return el1->el1 why=ERET pc=done
//! trap[target=el3t|el3h,entry=el2]: return el2->el2 why="illegal return" pc=landed
//! trap[target=el3t|el3h,entry=el2]: sync el2->el2 ec=0x0e why=PSTATE.IL elr=landed spsr=0xa01003c9 vector=0x200
//! trap[target=el3t|el3h,entry=el2]: return el2->el2 why=ERET pc=done
#include "test.h"

/* PSTATE.M of the targets. */
    .set el0t, 0
    .set el1t, 4
    .set el1h, 5
    .set el2t, 8
    .set el2h, 9
    .set el3t, 12
    .set el3h, 13

    .globl _start
_start:
    eret
landed:
    b done
    ending

/* Goes on at done with IL clear. */
.macro legal_vectors level
    .balign 0x800
vectors_el\level:
    .skip 0x200
    mrs x0, spsr_el\level
    bic x0, x0, #1 << 20
    msr spsr_el\level, x0
    adr x0, done
    msr elr_el\level, x0
    eret
    .balign 0x800
.endm
    legal_vectors 1
    legal_vectors 2
    legal_vectors 3
