//! test: HCR_EL2.TGE takes EL0's interrupts to EL2; with E2H its masks are PSTATE's
//! matrix: kind=irq,fiq,serror e2h=0,1 masked=0,1
//! entry: el0
//! set: HCR_EL2[27] = 1
//! set: HCR_EL2[34] = ${e2h}
//! set[masked=0]: PSTATE[9:6] = 0
//! inject[kind=irq]: at=100 irq on
//! inject[kind=fiq]: at=100 fiq on
//! inject[kind=serror]: at=100 serror
//! trap[e2h=0]: ${kind} el0->el2 why=HCR_EL2.TGE
//! trap[e2h=1,masked=0]: ${kind} el0->el2 why=HCR_EL2.TGE
//! trap[e2h=1,masked=1]: none
#include "test.h"

    .globl _start
_start:
done:
    b done

    ending_vectors
