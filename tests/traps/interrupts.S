//! test: routing and masking of physical interrupts in Non-secure state
//! matrix: kind=irq,fiq,serror entry=el0,el1,el2,el3 hcr=0,1 scr=0,1 masked=0,1
//! set[masked=0]: PSTATE[9:6] = 0
//! set[masked=1]: PSTATE[9:6] = 0xf
//! set[kind=irq]: HCR_EL2[4] = ${hcr}
//! set[kind=fiq]: HCR_EL2[3] = ${hcr}
//! set[kind=serror]: HCR_EL2[5] = ${hcr}
//! set[kind=irq]: SCR_EL3[1] = ${scr}
//! set[kind=fiq]: SCR_EL3[2] = ${scr}
//! set[kind=serror]: SCR_EL3[3] = ${scr}
//! inject[kind=irq]: at=100 irq on
//! inject[kind=fiq]: at=100 fiq on
//! inject[kind=serror]: at=100 serror
//!
//! # SCR_EL3 takes it to EL3, and masks don't count below.
//! trap[scr=1,entry=el0|el1|el2]: ${kind} ${entry}->el3
//! trap[scr=1,entry=el3,masked=0]: ${kind} el3->el3
//! trap[scr=1,entry=el3,masked=1]: none
//! # HCR_EL2 takes it to EL2; EL3 isn't interrupted by it.
//! trap[scr=0,hcr=1,entry=el0|el1]: ${kind} ${entry}->el2
//! trap[scr=0,hcr=1,entry=el2,masked=0]: ${kind} el2->el2
//! trap[scr=0,hcr=1,entry=el2,masked=1]: none
//! trap[scr=0,hcr=1,entry=el3]: none
//! # Otherwise it is EL1's: above, it stays pending.
//! trap[scr=0,hcr=0,entry=el0|el1,masked=0]: ${kind} ${entry}->el1
//! trap[scr=0,hcr=0,entry=el0|el1,masked=1]: none
//! trap[scr=0,hcr=0,entry=el2|el3]: none
//!
//! # The record says which control it was.
//! count[kind=irq,scr=1,entry=el0|el1|el2]: why=SCR_EL3.IRQ = 1
//! count[kind=fiq,scr=1,entry=el0|el1|el2]: why=SCR_EL3.FIQ = 1
//! count[kind=serror,scr=1,entry=el0|el1|el2]: why=SCR_EL3.EA = 1
//! count[kind=irq,scr=0,hcr=1,entry=el0|el1]: why=HCR_EL2.IMO = 1
//! count[kind=fiq,scr=0,hcr=1,entry=el0|el1]: why=HCR_EL2.FMO = 1
//! count[kind=serror,scr=0,hcr=1,entry=el0|el1]: why=HCR_EL2.AMO = 1
#include "test.h"

    .globl _start
_start:
done:
    b done

    ending_vectors
