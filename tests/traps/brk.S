//! test: BRK, and MDCR_EL2.TDE that takes it to EL2
//! matrix: entry=el0,el1,el2,el3 tde=0,1
//! set: MDCR_EL2[8] = ${tde}
//! trap[entry=el0,tde=0]: sync el0->el1 ec=0x3c iss=0xabcd elr=_start why=BRK
//! trap[entry=el1,tde=0]: sync el1->el1 ec=0x3c iss=0xabcd elr=_start why=BRK
//! trap[entry=el0|el1,tde=1]: sync ${entry}->el2 ec=0x3c iss=0xabcd elr=_start why=MDCR_EL2.TDE
//! trap[entry=el2|el3]: sync ${entry}->${entry} ec=0x3c iss=0xabcd elr=_start why=BRK
#include "test.h"

    .globl _start
_start:
    brk #0xabcd
    b done
    ending
    all_skip_vectors
