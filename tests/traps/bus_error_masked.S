//! test: the SError of a lost access waits until it is unmasked; one is pending whatever their number; ISR_EL1 shows it
//! impdef: BUS_ERROR=serror
//! set: X0 = 0x50000000
//! set: PSTATE[9:6] = 0xf
//! trap: serror el1->el1 elr=unmasked why=SError
//! expect: X2 = 0x100
//! expect: X3 = 1
//! expect: X4 = 0
#include "test.h"
    .globl _start
_start:
    str x1, [x0]
    ldr x1, [x0, #8]
    isb
    mrs x2, isr_el1
    mov x3, #1
    msr daifclr, #4
unmasked:
    mov x3, #2
    b fail
    ending

    .balign 0x800
vectors:
    .rept 16
    mrs x4, isr_el1
    b done
    .balign 0x80
    .endr
