//! test: faults come by what the guest does: an access, or an exception that it takes
//! device: port base=0x50000000
//! entry: el1
//!
//! [a device fails at one access and is well again after its abort]
//! start: reads
//! inject: read=0x50000004 error port on
//! inject: trap=1 error port off
//! trap: sync el1->el1 ec=0x25 iss=0x10 far=0x50000004 elr=second vector=0x200
//! expect: X1 = 0x11
//! expect: X3 = 0x33
//!
//! [a write finds the bit flipped that comes with it]
//! start: writes
//! inject: write=0x50000008 flip X2 bit=4
//! trap: none
//! expect: word@0x50000008 = 0x12
//!
//! [an interrupt behind the second exception]
//! start: calls
//! set: PSTATE[9:6] = 0
//! inject: trap=3 irq on
//! trap: sync why=SVC elr=calls+4
//! trap: return
//! trap: sync why=SVC elr=calls+8
//! trap: return
//! trap: irq el1->el1 elr=calls+8
#include "test.h"
    .globl _start
_start:
    b fail
reads:
    mov x0, #0x50000000
    mov w1, #0x11
    str w1, [x0]
    mov w1, #0x33
    str w1, [x0, #8]
    ldr w1, [x0]
second:
    ldr w2, [x0, #4]
    ldr w3, [x0, #8]
    b done
writes:
    mov x0, #0x50000000
    mov w2, #2
    str w2, [x0, #8]
    b done
calls:
    svc #0
    svc #0
    svc #0
    b fail
    ending
    all_skip_vectors
