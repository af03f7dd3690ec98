//! test: one body on every machine: with and without EL2 and EL3, every GIC, several models, with and without a feature
//! matrix: model=cortex-a53,cortex-a57,cortex-a76,neoverse-n1,v8.2 lse=as-is,off el2=on,off el3=on,off gic=none,2,3
//! skip[lse=off,model=cortex-a53|cortex-a57]: it has none to switch off
//! cpu[lse=as-is]: ${model}
//! cpu[lse=off]: ${model},lse=off
//! entry: el1
//! set[el2=on]: HCR_EL2[13] = 1
//! # A call to the hypervisor and one to the firmware, an atomic instruction, WFI with a trap, FP with one.
//! trap[el2=on]: sync el1->el2 ec=0x16 why=HVC elr=hvc+4
//! trap[el2=off,el3=on]: sync el1->el1 ec=0x00 elr=hvc why="HVC without EL2"
//! trap[el2=off,el3=off]: sync el1->el1 ec=0x00 elr=hvc
//! trap[el3=on]: sync el1->el3 ec=0x17 why=SMC elr=smc+4
//! trap[el3=off,el2=on]: sync el1->el1 ec=0x00 elr=smc
//! trap[el3=off,el2=off]: sync el1->el1 ec=0x00 elr=smc
//! trap[lse=off]: sync el1->el1 ec=0x00 elr=atomic
//! trap[model=cortex-a53|cortex-a57]: sync el1->el1 ec=0x00 elr=atomic
//! trap[el2=on]: sync el1->el2 ec=0x01 why=HCR_EL2.TWI elr=wait iss=0x1e00000
//! trap: sync el1->el1 ec=0x07 why=CPACR_EL1.FPEN elr=float
//! set: CPACR_EL1[21:20] = 0
//! set: dword@number = 1
//! # Without the trap, WFI goes on at once: an interrupt is pending, masked.
//! inject[gic=none,el2=off]: on=wait irq on
//! skip[el2=off,gic=2|3]: WFI would need an interrupt through the GIC: tests/traps/gic.S
//! expect[lse=off]: dword@number = 1
//! expect[lse=as-is,model=cortex-a53|cortex-a57]: dword@number = 1
//! expect[lse=as-is,model=cortex-a76|neoverse-n1|v8.2]: dword@number = 6
//! expect[gic=3]: ID_AA64PFR0_EL1[27:24] = 1
//! expect[gic=2]: ID_AA64PFR0_EL1[27:24] = 0
//! expect[el3=off]: ID_AA64PFR0_EL1[15:12] = 0
//! expect[el2=off]: ID_AA64PFR0_EL1[11:8] = 0
//! expect[el2=on]: ID_AA64PFR0_EL1[11:8] >= 1
#include "test.h"
    .arch armv8.2-a
    .globl _start
_start:
    mov x2, #5
    adr x1, number
hvc:
    hvc #0
smc:
    smc #0
atomic:
    ldadd x2, x3, [x1]
wait:
    wfi
float:
    fmov d0, d1
    b done
    ending
    all_skip_vectors

    .data
    .balign 8
number:
    .dword 0
