//! test: WFE that nothing traps waits for an event, or completes at once where WFE_WAKE says so; a trap is taken all the same
//! matrix: wake=event,early trap=0,1
//! impdef: WFE_WAKE=${wake}
//! set: HCR_EL2[14] = ${trap}
//! exit[wake=event,trap=0]: deadlock
//! trap[trap=1]: sync el1->el2 ec=0x01 iss=0x1e00001 why=HCR_EL2.TWE
//! trap[trap=0]: none
//! expect[wake=early,trap=0]: X0 = 1
//! expect[wake=event,trap=0]: X0 = 0
#include "test.h"
    .globl _start
_start:
    wfe
    mov x0, #1
    b done
    ending

    ending_vectors
