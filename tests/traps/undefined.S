//! test: what is UNDEFINED goes to EL1 from EL0, to EL2 with HCR_EL2.TGE, else stays
//! matrix: entry=el0,el1,el2,el3 what=udf,hlt,dcps,debug tge=0,1
//! skip[entry=el1,tge=1]: TGE leaves EL1 empty
//! start: ${what}
//! set: HCR_EL2[27] = ${tge}
//! trap[entry=el0,tge=0]: sync el0->el1 ec=0 iss=0 elr=${what} vector=0x400
//! trap[entry=el0,tge=1]: sync el0->el2 ec=0 iss=0 elr=${what} vector=0x400
//! trap[entry=el1|el2|el3]: sync ${entry}->${entry} ec=0 iss=0 elr=${what} vector=0x200
#include "test.h"

    .globl _start
_start:
    b fail
udf:
    udf #0
    b done
hlt:
    hlt #1
    b done
dcps:
    dcps1 #0
    b done
debug:
    drps
    b done
    ending
    all_skip_vectors
