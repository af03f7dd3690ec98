//! test: virtual interrupts from HCR_EL2.VI, VF, VSE and from the pins
//! matrix: kind=virq,vfiq,vserror source=register,pin entry=el0,el1,el2 enabled=0,1 masked=0,1
//! skip[kind=vserror,source=pin]: there is no such pin
//! set[masked=0]: PSTATE[9:6] = 0
//! set[kind=virq]: HCR_EL2[4] = ${enabled}
//! set[kind=vfiq]: HCR_EL2[3] = ${enabled}
//! set[kind=vserror]: HCR_EL2[5] = ${enabled}
//! inject[kind=virq,source=register]: at=100 set HCR_EL2[7] = 1
//! inject[kind=vfiq,source=register]: at=100 set HCR_EL2[6] = 1
//! inject[kind=vserror,source=register]: at=100 set HCR_EL2[8] = 1
//! inject[kind=virq,source=pin]: at=100 virq on
//! inject[kind=vfiq,source=pin]: at=100 vfiq on
//! # What makes the PE look at HCR_EL2 again, as a write by the guest would.
//! inject[source=register]: at=100 set PSTATE[31] = 1
//! trap[enabled=1,masked=0,entry=el0|el1]: ${kind} ${entry}->el1
//! trap[enabled=1,masked=1]: none
//! trap[enabled=0]: none
//! trap[enabled=1,masked=0,entry=el2]: none
//! # Taking the virtual SError clears it.
//! expect[kind=vserror,enabled=1,masked=0,entry=el0|el1]: HCR_EL2[8] = 0
#include "test.h"

    .globl _start
_start:
done:
    b done

    ending_vectors
