//! test: exception returns that are illegal though the target isn't above
//! entry: el3
//! trap: return el3->el3 why="illegal return" elr=return
//! trap: sync el3->el3 ec=0x0e why=PSTATE.IL vector=0x200 elr=landed
//! expect: EL = 3
//!
//! [reserved mode]
//! set: SPSR_EL3 = 0x3c2
//!
//! [EL0 with its own stack pointer bit]
//! set: SPSR_EL3 = 0x3c1
//!
//! [EL1 while HCR_EL2.TGE is set]
//! set: HCR_EL2[27] = 1
//! set: SPSR_EL3 = 0x3c5
//!
//! [EL2 in Secure state]
//! secure: on
//! set: SPSR_EL3 = 0x3c9
//!
//! [EL2 that isn't implemented]
//! el2: off
//! set: SPSR_EL3 = 0x3c9
//!
//! [AArch32 that isn't implemented]
//! set: SPSR_EL3 = 0x3d3
#include "test.h"

    .globl _start
_start:
    adr x0, landed
    msr elr_el3, x0
return:
    eret
landed:
    nop
    ending

    .balign 0x800
vectors_el3:
    .skip 0x200
    b done
