//! test: PC and SP alignment faults
//! entry: el1
//!
//! [PC]
//! matrix: entry=el0,el1,el2,el3 low=1,2,3
//! start: branch
//! set: X0 = target + ${low}
//! trap[entry=el0]: sync el0->el1 ec=0x22 iss=0 why="PC alignment" elr=target+${low} far=target+${low}
//! trap[entry=el1|el2|el3]: sync ${entry}->${entry} ec=0x22 iss=0 why="PC alignment" elr=target+${low} far=target+${low}
//!
//! [SP]
//! matrix: access=load,store,pair checked=0,1
//! start: ${access}
//! set: SCTLR_EL1[3] = ${checked}
//! set: SP = stack + 8
//! trap[checked=1]: sync el1->el1 ec=0x26 iss=0 why="SP alignment" elr=${access}
//! trap[checked=0]: none
//!
//! [SP of EL0]
//! entry: el0
//! matrix: checked=0,1
//! start: load
//! set: SCTLR_EL1[4] = ${checked}
//! set: SP = stack + 8
//! trap[checked=1]: sync el0->el1 ec=0x26 iss=0 why="SP alignment" elr=load
//! trap[checked=0]: none
#include "test.h"

    .globl _start
_start:
branch:
    br x0
target:
    b fail
load:
    ldr x1, [sp]
    b done
store:
    str x1, [sp]
    b done
pair:
    ldp x1, x2, [sp]
    b done
    ending

    ending_vectors

    .data
    .balign 64
    .skip 64
stack:
    .skip 64
