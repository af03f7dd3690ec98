//! test: SVC, HVC and SMC go where they should, and come back behind themselves
//! matrix: entry=el0,el1,el2,el3
//! trap[entry=el0]: sync el0->el1 ec=0x15 why=SVC elr=svc+4 vector=0x400 iss=0x123
//! trap[entry=el1]: sync el1->el1 ec=0x15 why=SVC elr=svc+4 vector=0x200 iss=0x123
//! trap[entry=el2]: sync el2->el2 ec=0x15 why=SVC elr=svc+4 vector=0x200 iss=0x123
//! trap[entry=el3]: sync el3->el3 ec=0x15 why=SVC elr=svc+4 vector=0x200 iss=0x123
//! trap[entry=el0]: sync el0->el1 ec=0 why="HVC without EL2" elr=hvc
//! trap[entry=el1]: sync el1->el2 ec=0x16 why=HVC elr=hvc+4 vector=0x400 iss=0x456
//! trap[entry=el2]: sync el2->el2 ec=0x16 why=HVC elr=hvc+4 vector=0x200 iss=0x456
//! trap[entry=el3]: sync el3->el3 ec=0x16 why=HVC elr=hvc+4 vector=0x200 iss=0x456
//! trap[entry=el0]: sync el0->el1 ec=0 why="SMC at EL0" elr=smc
//! trap[entry=el1]: sync el1->el3 ec=0x17 why=SMC elr=smc+4 vector=0x400 iss=0x789
//! trap[entry=el2]: sync el2->el3 ec=0x17 why=SMC elr=smc+4 vector=0x400 iss=0x789
//! trap[entry=el3]: sync el3->el3 ec=0x17 why=SMC elr=smc+4 vector=0x200 iss=0x789
//! never[entry=el0]: to=el2
//! never[entry=el0]: to=el3
//! count: why=SVC = 1
#include "test.h"

    .globl _start
_start:
svc:
    svc #0x123
hvc:
    hvc #0x456
smc:
    smc #0x789
    b done
    ending
    all_skip_vectors
