//! test: a synchronous exception from every level to every level that can take it, and the return to where it was
//! matrix: pair=0to1,0to2,0to3,1to1,1to2,1to3,2to2,2to3,3to3 state=0,1
//! skip[state=1,pair=0to2|1to2|2to2|2to3]: there is no Secure EL2
//! secure[state=1]: on
//! entry[pair=0to1|0to2|0to3]: el0
//! entry[pair=1to1|1to2|1to3]: el1
//! entry[pair=2to2|2to3]: el2
//! entry[pair=3to3]: el3
//! # What brings it there: a call, the general trap of EL0, or the trap of WFI.
//! start[pair=0to1|0to2|1to1|2to2|3to3]: by_svc
//! start[pair=1to2]: by_hvc
//! start[pair=1to3|2to3]: by_smc
//! start[pair=0to3]: by_wfi
//! set[pair=0to2]: HCR_EL2[27] = 1
//! set[pair=0to3]: SCTLR_EL1[16] = 1
//! set[pair=0to3]: SCR_EL3[12] = 1
//!
//! trap[pair=0to1]: sync el0->el1 ec=0x15 vector=0x400 why=SVC elr=by_svc+4
//! trap[pair=0to1]: return el1->el0 pc=by_svc+4 spsr=0xf0000000 secure=${state}
//! trap[pair=0to2]: sync el0->el2 ec=0x15 vector=0x400 why=SVC elr=by_svc+4
//! trap[pair=0to2]: return el2->el0 pc=by_svc+4 spsr=0xf0000000
//! trap[pair=0to3]: sync el0->el3 ec=0x01 vector=0x400 why=SCR_EL3.TWI elr=by_wfi
//! trap[pair=0to3]: return el3->el0 pc=by_wfi+4 spsr=0xf0000000 secure=${state}
//! trap[pair=1to1]: sync el1->el1 ec=0x15 vector=0x200 why=SVC elr=by_svc+4
//! trap[pair=1to1]: return el1->el1 pc=by_svc+4 secure=${state}
//! trap[pair=1to2]: sync el1->el2 ec=0x16 vector=0x400 why=HVC elr=by_hvc+4
//! trap[pair=1to2]: return el2->el1 pc=by_hvc+4
//! trap[pair=1to3]: sync el1->el3 ec=0x17 vector=0x400 why=SMC elr=by_smc+4
//! trap[pair=1to3]: return el3->el1 pc=by_smc+4 secure=${state}
//! trap[pair=2to2]: sync el2->el2 ec=0x15 vector=0x200 why=SVC elr=by_svc+4
//! trap[pair=2to2]: return el2->el2 pc=by_svc+4
//! trap[pair=2to3]: sync el2->el3 ec=0x17 vector=0x400 why=SMC elr=by_smc+4
//! trap[pair=2to3]: return el3->el2 pc=by_smc+4
//! trap[pair=3to3]: sync el3->el3 ec=0x15 vector=0x200 why=SVC elr=by_svc+4
//! trap[pair=3to3]: return el3->el3 pc=by_svc+4
//! set: PSTATE[31:28] = 0xf
//! set[pair=0to1|0to2|0to3]: PSTATE[9:6] = 0
//! # Flags and masks come back as they were.
//! expect: NZCV = 0xf0000000
//! expect[pair=0to1|0to2|0to3]: PSTATE[9:6] = 0
//! expect[pair=1to1|1to2|1to3|2to2|2to3|3to3]: PSTATE[9:6] = 0xf
//! expect[pair=0to1|0to2|0to3]: EL = 0
//! expect[pair=1to1|1to2|1to3]: EL = 1
//! expect[pair=2to2|2to3]: EL = 2
//! expect[pair=3to3]: EL = 3
#include "test.h"
    .globl _start
_start:
    b fail
by_svc:
    svc #1
    b done
by_hvc:
    hvc #1
    b done
by_smc:
    smc #1
    b done
by_wfi:
    wfi
    b done
    ending
    all_skip_vectors
