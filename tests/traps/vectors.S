//! test: the vector's offset says the kind and where the exception came from; SP_ELx is selected
//! matrix: entry=el0,el1t,el1h,el2t,el2h,el3t,el3h kind=sync,irq,fiq,serror
//! set: PSTATE[9:6] = 0
//! # Interrupts go to the EL where they find the PE; from EL0 to EL1.
//! set[entry=el2t|el2h]: HCR_EL2[5,4,3] = 1
//! set[entry=el3t|el3h]: SCR_EL3[3,2,1] = 1
//! start[kind=sync]: call
//! inject[kind=irq]: at=50 irq on
//! inject[kind=fiq]: at=50 fiq on
//! inject[kind=serror]: at=50 serror iss=0x123
//!
//! trap[entry=el0,kind=sync]: sync el0->el1 vector=0x400
//! trap[entry=el0,kind=irq]: irq el0->el1 vector=0x480
//! trap[entry=el0,kind=fiq]: fiq el0->el1 vector=0x500
//! trap[entry=el0,kind=serror]: serror el0->el1 vector=0x580 iss=0x123
//! trap[entry=el1t|el2t|el3t,kind=sync]: sync vector=0x000
//! trap[entry=el1t|el2t|el3t,kind=irq]: irq vector=0x080
//! trap[entry=el1t|el2t|el3t,kind=fiq]: fiq vector=0x100
//! trap[entry=el1t|el2t|el3t,kind=serror]: serror vector=0x180 iss=0x123
//! trap[entry=el1h|el2h|el3h,kind=sync]: sync vector=0x200
//! trap[entry=el1h|el2h|el3h,kind=irq]: irq vector=0x280
//! trap[entry=el1h|el2h|el3h,kind=fiq]: fiq vector=0x300
//! trap[entry=el1h|el2h|el3h,kind=serror]: serror vector=0x380 iss=0x123
//!
//! # Entry masks everything, and SP is the target's own.
//! expect: PSTATE[9:6] = 0xf
//! expect: PSTATE[0] = 1
//! expect[entry=el0|el1t|el1h]: SP = SP_EL1
//! expect[entry=el2t|el2h]: SP = SP_EL2
//! expect[entry=el3t|el3h]: SP = SP_EL3
//! expect[entry=el3t|el3h]: EL = 3
//! expect[entry=el2t|el2h]: EL = 2
//! expect[entry=el0|el1t|el1h]: EL = 1
#include "test.h"

    .globl _start
_start:
    b _start
call:
    svc #0
    b fail
    ending

    ending_vectors
