// Reset, exception vectors, and the ways out of the monitor.
#include "../lib/asm.h"

    .arch   armv8-a+simd
#define STACK_SHIFT 13
#define MAX_PES 8
#define GICD_CTLR 0x08000000
#define SCTLR_RESET 0x30c51830          // RES1, I; MMU and data cache off

    .section .text.start, "ax"
    .global _start
_start:
    msr     daifset, #15
    msr     spsel, #1
    ldr     x0, =SCTLR_RESET
    msr     sctlr_el3, x0
    ldr     x0, =vectors
    msr     vbar_el3, x0
    isb
    mrs     x19, mpidr_el1              // PEs 0 to 7 are those of the first cluster
    ldr     x0, =0xff00ffff00
    tst     x19, x0
    b.ne    not_used
    and     x19, x19, #0xff
    cmp     x19, #MAX_PES
    b.hs    not_used
    bl      empty_stack
    cbnz    x19, secondary

    ldr     x0, =bss_start
    ldr     x1, =bss_end
    clear   x0, x1
    ldr     x0, =data_start
    ldr     x1, =data_end
    ldr     x2, =data_image
1:  cmp     x0, x1
    b.hs    cold_boot
    ldp     x3, x4, [x2], #16
    stp     x3, x4, [x0], #16
    b       1b

// The others wait until PE 0 is done, which it says by enabling the distributor: memory may be of an earlier boot, but
// the distributor is off after any reset.
secondary:
    ldr     x1, =GICD_CTLR
1:  ldr     w0, [x1]
    tbnz    w0, #0, 2f
    wfe
    b       1b
2:  mov     x0, x19
    b       warm_boot

not_used:
    wfi
    b       not_used

empty_stack:                            // of PE x19; changes x0
    ldr     x0, =stacks
    add     x0, x0, x19, lsl #STACK_SHIFT
    add     x0, x0, #(1 << STACK_SHIFT)
    mov     sp, x0
    ret

    .global park
park:
    mrs     x19, mpidr_el1
    and     x19, x19, #0xff
    bl      empty_stack
    b       wait_for_work

// ---- exceptions: struct frame of rom.h, on the PE's stack

    .text
    .balign 2048
vectors:
    exception_vectors save
save:
    save_frame 3
    mov     x0, sp
    bl      handle_trap
    mov     x0, sp

    .global leave_monitor
leave_monitor:
    load_frame 3, x0
    add     sp, x0, #FRAME_SIZE
    ldp     x0, x1, [x0, #0]
    eret

// ---- SIMD&FP registers, which the monitor's own code leaves alone

    .macro  each_vector what
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \what   q\n, [x1]
    ret
    .endr
    .endm

    .global read_vector
read_vector:
    adr     x2, 1f
    add     x2, x2, w0, uxtw #3
    br      x2
1:  each_vector str

    .global write_vector
write_vector:
    adr     x2, 1f
    add     x2, x2, w0, uxtw #3
    br      x2
1:  each_vector ldr
