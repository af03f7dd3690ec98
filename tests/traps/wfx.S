//! test: WFE, WFI, the event register, and their traps
//! entry: el1
//!
//! [WFE waits without an event]
//! start: wfe
//! exit: deadlock
//! trap: none
//!
//! [WFE goes on with one, and takes it]
//! start: wfe
//! set: EVENT = 1
//! expect: EVENT = 0
//! trap: none
//!
//! [SEVL makes one]
//! start: sevl
//! expect: EVENT = 0
//! trap: none
//!
//! [SEV too]
//! start: sev
//! expect: EVENT = 0
//! trap: none
//!
//! [WFE with an event doesn't trap]
//! start: wfe
//! set: EVENT = 1
//! set: HCR_EL2[14] = 1
//! trap: none
//!
//! [WFE traps in spite of one where that is chosen]
//! start: wfe
//! impdef: WFE_TRAP=always
//! set: EVENT = 1
//! set: HCR_EL2[14] = 1
//! trap: sync el1->el2 ec=0x01 iss=0x1e00001 why=HCR_EL2.TWE
//!
//! [EL1 comes before EL2, and EL2 before EL3]
//! entry: el0
//! start: wfe
//! set: SCTLR_EL1[18] = 0
//! set: HCR_EL2[14] = 1
//! set: SCR_EL3[13] = 1
//! trap: sync el0->el1 ec=0x01 iss=0x1e00001 why=SCTLR_EL1.nTWE
//!
//! [EL2 before EL3]
//! entry: el0
//! start: wfi
//! set: SCTLR_EL1[16] = 1
//! set: HCR_EL2[13] = 1
//! set: SCR_EL3[12] = 1
//! trap: sync el0->el2 ec=0x01 iss=0x1e00000 why=HCR_EL2.TWI
//!
//! [WFI waits]
//! start: wfi
//! exit: deadlock
//! trap: none
//!
//! [a masked interrupt ends WFI]
//! start: wfi
//! inject: at=100 irq on
//! trap: none
//!
//! [an unmasked one is taken behind it]
//! start: wfi
//! set: PSTATE[9:6] = 0
//! inject: at=100 irq on
//! trap: irq el1->el1 elr=wfi+4 vector=0x280
//!
//! [WFI with a pending interrupt doesn't wait or trap]
//! start: later_wfi
//! set: HCR_EL2[13] = 1
//! inject: at=1 irq on
//! trap: none
//!
//! [WFE is woken by an SError that would be taken]
//! start: wfe
//! set: PSTATE[9:6] = 0
//! inject: at=100 serror iss=0x42
//! trap: serror el1->el1 elr=wfe+4 iss=0x42
//!
//! [exception return is an event]
//! start: return
//! set: ELR_EL1 = wfe
//! set: SPSR_EL1 = 0x3c5
//! trap: return el1->el1
#include "test.h"

    .globl _start
_start:
    b fail
sevl:
    sevl
    b wfe
sev:
    sev
    b wfe
return:
    eret
wfe:
    wfe
    b done
later_wfi:
    nop
    nop
    nop
    b wfi
wfi:
    wfi
    b done
    ending
    all_skip_vectors
