//! test: a small system's whole log, with its returns: EL3 starts EL2, that starts EL1, that starts EL0; calls go up
//! entry: el3
//! golden: golden.log
//! count: return >= 3
#include "test.h"
    .globl _start
_start:
    adr x0, hypervisor
    msr elr_el3, x0
    mov x0, #0x3c9
    msr spsr_el3, x0
    eret
hypervisor:
    adr x0, kernel
    msr elr_el2, x0
    mov x0, #0x3c5
    msr spsr_el2, x0
    eret
kernel:
    hvc #1
    smc #2
    adr x0, user
    msr elr_el1, x0
    msr spsr_el1, xzr
    eret
user:
    svc #3
    udf #4
    svc #5
    b done
    ending
    all_skip_vectors
