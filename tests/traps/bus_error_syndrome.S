//! test: what synchronous External aborts and the SError of a lost access tell: EA, FnV, SET, AET, by the choices
//! cpu: ${cpu}
//! matrix: cpu=v8.2,cortex-a57 policy=sea,serror ea=zero,one far=valid,unknown set=uer,uc,ueo
//! impdef: BUS_ERROR=${policy}
//! impdef: EXTERNAL_ABORT_EA=${ea}
//! impdef: EXTERNAL_ABORT_FAR=${far}
//! impdef: EXTERNAL_ABORT_SET=${set}
//! impdef[set=uc]: BUS_SERROR_AET=uc
//! impdef[set=ueo]: BUS_SERROR_AET=ueo
//! impdef[set=uer]: BUS_SERROR_AET=uer
//! set: X0 = 0x50000000
//! set: SCR_EL3[3] = 1
//! set: FAR_EL3 = 0x77
//! trap[policy=sea]: sync el1->el3 ec=0x24
//! # An SError at EL1 that is routed to EL3 can't be masked there.
//! trap[policy=serror]: serror el1->el3
//! expect[policy=sea]: ESR_EL3[5:0] = 0x10
//! expect[policy=sea,ea=zero]: ESR_EL3[9] = 0
//! expect[policy=sea,ea=one]: ESR_EL3[9] = 1
//! expect[policy=sea,far=valid]: ESR_EL3[10] = 0
//! expect[policy=sea,far=valid]: FAR_EL3 = 0x50000000
//! expect[policy=sea,far=unknown]: ESR_EL3[10] = 1
//! expect[policy=sea,far=unknown]: FAR_EL3 = 0
//! expect[policy=sea,set=uer]: ESR_EL3[12:11] = 0
//! expect[policy=sea,set=uc,cpu=v8.2]: ESR_EL3[12:11] = 2
//! expect[policy=sea,set=ueo,cpu=v8.2]: ESR_EL3[12:11] = 3
//! # The Cortex-A57 has no FEAT_RAS.
//! expect[policy=sea,cpu=cortex-a57]: ESR_EL3[12:11] = 0
//! expect[policy=serror,cpu=cortex-a57]: ESR_EL3 = 0xbe000000
//! expect[policy=serror,cpu=v8.2,set=uc]: ESR_EL3 = 0xbe000011
//! expect[policy=serror,cpu=v8.2,set=ueo]: ESR_EL3 = 0xbe000811
//! expect[policy=serror,cpu=v8.2,set=uer]: ESR_EL3 = 0xbe000c11
#include "test.h"
    .globl _start
_start:
    str x1, [x0]
    b done
    ending

    ending_vectors
