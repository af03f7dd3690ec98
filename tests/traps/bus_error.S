//! test: accesses that nothing on the bus claims: BUS_ERROR sea, serror and razwi, and who gets the error
//! matrix: policy=sea,serror,razwi access=load,store,pair,exclusive,atomic,fetch entry=el0,el1 to=el1,el2,el3
//! impdef: BUS_ERROR=${policy}
//! set: X0 = 0x50000000
//! set: X2 = ~0
//! set[to=el3]: SCR_EL3[3] = 1
//! set[to=el2]: HCR_EL2[37,5] = 0x3
//! start: ${access}
//! set: PSTATE[8] = 0
//!
//! # Synchronous: DFSC 0x10, no instruction syndrome.
//! trap[policy=sea,access=load|pair|exclusive]: sync ${entry}->${to} iss=0x10 far=0x50000000 elr=${access}
//! trap[policy=sea,access=store]: sync ${entry}->${to} iss=0x50 far=0x50000000 elr=${access}
//! # An atomic operation reads and writes: ESR_ELx.WnR is UNKNOWN.
//! trap[policy=sea,access=atomic]: sync ${entry}->${to} far=0x50000000 elr=${access}
//! never[policy=sea]: serror
//! count[policy=sea,to=el3]: why=SCR_EL3.EA = 1
//! count[policy=sea,to=el2]: why=HCR_EL2.TEA = 1
//!
//! # Asynchronous: taken at the next interrupt sample point, here the taken branch.
//! trap[policy=serror,access!=fetch]: serror ${entry}->${to} esr=0xbe000011 elr=after
//! count[policy=serror,access!=fetch,to=el3]: why=SCR_EL3.EA = 1
//! count[policy=serror,access!=fetch,to=el2]: why=HCR_EL2.AMO = 1
//! count[policy=serror,access!=fetch,to=el1]: why=SError = 1
//!
//! # A fetch can't go on without its instruction.
//! trap[policy=sea|serror,access=fetch]: sync ${entry}->${to} iss=0x10 far=0x50000000 elr=0x50000000
//! # Zero is UDF #0.
//! trap[policy=razwi,access=fetch]: sync ${entry}->el1 ec=0x00 elr=0x50000000
//!
//! trap[policy=razwi,access!=fetch]: none
//! expect[policy=razwi|serror,access=load|pair|exclusive|atomic]: X2 = 0
//! expect[policy=sea]: X2 = ~0
//! expect[policy!=sea,access=store]: X2 = ~0
#include "test.h"
    .arch armv8.2-a
    .globl _start
_start:
    b fail
load:
    ldr x2, [x0]
    b 1f
store:
    str x2, [x0]
    b 1f
pair:
    ldp x3, x2, [x0]
    b 1f
exclusive:
    ldxr x2, [x0]
    b 1f
atomic:
    ldadd x4, x2, [x0]
    b 1f
after:
1:  b done
fetch:
    br x0
    ending

    ending_vectors
