// Reset, exception vectors, and the ways out of the monitor.
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
1:  cmp     x0, x1
    b.hs    2f
    stp     xzr, xzr, [x0], #16
    b       1b
2:  ldr     x0, =data_start
    ldr     x1, =data_end
    ldr     x2, =data_image
3:  cmp     x0, x1
    b.hs    4f
    ldp     x3, x4, [x2], #16
    stp     x3, x4, [x0], #16
    b       3b
4:  b       cold_boot

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

    .macro  vector index
    .balign 128
    sub     sp, sp, #288
    stp     x0, x1, [sp, #0]
    mov     x1, #\index
    b       save
    .endm

    .text
    .balign 2048
vectors:
    .irp    index, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vector  \index
    .endr
    .balign 128
save:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x2, elr_el3
    stp     x30, x2, [sp, #240]
    mrs     x3, spsr_el3
    mrs     x4, esr_el3
    stp     x3, x4, [sp, #256]
    mrs     x5, far_el3
    str     x5, [sp, #272]
    mov     x0, sp
    bl      handle_trap
    mov     x0, sp

    .global leave_monitor
leave_monitor:
    ldp     x30, x2, [x0, #240]
    ldr     x3, [x0, #256]
    msr     elr_el3, x2
    msr     spsr_el3, x3
    ldp     x28, x29, [x0, #224]
    ldp     x26, x27, [x0, #208]
    ldp     x24, x25, [x0, #192]
    ldp     x22, x23, [x0, #176]
    ldp     x20, x21, [x0, #160]
    ldp     x18, x19, [x0, #144]
    ldp     x16, x17, [x0, #128]
    ldp     x14, x15, [x0, #112]
    ldp     x12, x13, [x0, #96]
    ldp     x10, x11, [x0, #80]
    ldp     x8, x9, [x0, #64]
    ldp     x6, x7, [x0, #48]
    ldp     x4, x5, [x0, #32]
    ldp     x2, x3, [x0, #16]
    add     sp, x0, #288
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
