//! test: a disk's requests fail while it is broken, and only then
//! gic: 3
//! drive: disk
//! entry: el1
//! inject: on=second error disk on
//! inject: on=third error disk off
//! trap: none
//! # VIRTIO_BLK_S_OK, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_OK
//! expect: X20 = 0
//! expect: X21 = 1
//! expect: X22 = 0
//! expect: dword@data = 0x1122334455667788
#include "test.h"
    .set REGISTERS, 0x0a000000      /* the first virtio transport is the first drive's */
    .set QUEUE, 0x40100000
    .set AVAILABLE, QUEUE + 0x200
    .set USED, QUEUE + 0x400

    .globl _start
_start:
    ldr x0, =REGISTERS
    mov w1, #3                      /* ACKNOWLEDGE, DRIVER */
    str w1, [x0, #0x70]
    mov w1, #1
    str w1, [x0, #0x24]
    str w1, [x0, #0x20]             /* VIRTIO_F_VERSION_1 */
    mov w1, #11                     /* FEATURES_OK */
    str w1, [x0, #0x70]
    str wzr, [x0, #0x30]
    mov w1, #8
    str w1, [x0, #0x38]
    ldr w1, =QUEUE
    str w1, [x0, #0x80]
    str wzr, [x0, #0x84]
    ldr w1, =AVAILABLE
    str w1, [x0, #0x90]
    str wzr, [x0, #0x94]
    ldr w1, =USED
    str w1, [x0, #0xa0]
    str wzr, [x0, #0xa4]
    mov w1, #1
    str w1, [x0, #0x44]
    mov w1, #15                     /* DRIVER_OK */
    str w1, [x0, #0x70]

    mov w2, #1                      /* VIRTIO_BLK_T_OUT */
    bl request
    mov x20, x3
    ldr x4, =data
    str xzr, [x4]
second:
    mov w2, #0                      /* VIRTIO_BLK_T_IN */
    bl request
    mov x21, x3
third:
    mov w2, #0
    bl request
    mov x22, x3
    b done

/* The request of type W2 for sector 0: its status in X3. X10 counts them. */
request:
    ldr x5, =header
    str w2, [x5]
    ldr x6, =QUEUE
    str x5, [x6]                    /* descriptor 0: the header */
    ldr x7, =0x0001000100000010
    str x7, [x6, #8]
    ldr x8, =data
    str x8, [x6, #16]               /* descriptor 1: the sector */
    ldr x7, =0x0002000100000200
    cbnz w2, 1f
    ldr x7, =0x0002000300000200     /* which the device writes when it is read */
1:  str x7, [x6, #24]
    ldr x9, =status
    mov w3, #0xff
    strb w3, [x9]
    str x9, [x6, #32]               /* descriptor 2: the status */
    ldr x7, =0x0000000200000001
    str x7, [x6, #40]
    ldr x6, =AVAILABLE
    and w7, w10, #7
    add x7, x6, x7, lsl #1
    strh wzr, [x7, #4]
    add w10, w10, #1
    strh w10, [x6, #2]
    str wzr, [x0, #0x50]            /* QueueNotify */
    ldr x6, =USED
2:  ldrh w7, [x6, #2]
    cmp w7, w10, uxth
    b.ne 2b
    ldrb w3, [x9]
    ret
    .ltorg
    ending

    .data
    .balign 16
header:
    .skip 16
data:
    .dword 0x1122334455667788
    .skip 504
status:
    .byte 0
