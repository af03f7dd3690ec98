//! test: RMR_ELx.RR of the highest EL: a warm reset of the PE, which starts at its reset address; what only a cold reset resets is kept
//! matrix: el=2,3 cpu=cortex-a57,v8.2
//! el3[el=2]: off
//! entry: el${el}
//! start: request_el${el}
//! # At the reset address, the begin of RAM: a branch to `restarted`.
//! set: word@0x40000000 = 0x14020000
//! set: CNTFRQ_EL0 = 12345
//! set: SCTLR_EL1[12] = 1
//! set: VBAR_EL1 = 0x40081000
//! set: X5 = 7
//! set: PSTATE[9:6] = 0
//! trap: none
//! expect: EL = ${el}
//! expect: X0 = RVBAR_EL${el}
//! expect: X5 = 0
//! expect: PSTATE[9:6] = 0xf
//! expect: SCTLR_EL1[12] = 0
//! expect: VBAR_EL1 = 0
//! expect: CNTFRQ_EL0 = 12345
//! expect: X1 = 0x40000000
#include "test.h"
    .globl _start
_start:
restarted:                  /* 0x40080000 */
    mrs x0, CurrentEL
    cmp x0, #12
    b.eq 3f
    mrs x1, rvbar_el2
    b 1f
3:  mrs x1, rvbar_el3
1:  mov x0, x1
    b done
request_el2:
    mov x0, #3
    msr rmr_el2, x0
    b fail
request_el3:
    mov x0, #3
    msr rmr_el3, x0
    b fail
    ending
