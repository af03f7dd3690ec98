//! test: routing and masking of physical interrupts in Secure state, where EL2 has no say
//! secure: on
//! matrix: kind=irq,fiq,serror entry=el0,el1 scr=0,1 masked=0,1
//! set[masked=0]: PSTATE[9:6] = 0
//! set: HCR_EL2[5,4,3] = 1
//! set[kind=irq]: SCR_EL3[1] = ${scr}
//! set[kind=fiq]: SCR_EL3[2] = ${scr}
//! set[kind=serror]: SCR_EL3[3] = ${scr}
//! inject[kind=irq]: at=100 irq on
//! inject[kind=fiq]: at=100 fiq on
//! inject[kind=serror]: at=100 serror
//! trap[scr=1]: ${kind} ${entry}->el3 from_secure=1 secure=1
//! trap[scr=0,masked=0]: ${kind} ${entry}->el1 from_secure=1 secure=1
//! trap[scr=0,masked=1]: none
//! never: to=el2
#include "test.h"

    .globl _start
_start:
done:
    b done

    ending_vectors
