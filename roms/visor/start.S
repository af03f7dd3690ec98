// Entry as an arm64 kernel: EL2, MMU off, x0 = device tree. The other PEs come by PSCI.
#include "roms/lib/sysreg.h"
#include "roms/visor/layout.h"

    .section .text.header, "ax"
    .global image_header
image_header:
    b       primary
    .word   0
    .quad   0                           // text_offset
    .quad   image_size                  // .bss and stacks included
    .quad   0xa                         // little-endian, 4 KiB pages, anywhere in memory
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0

primary:
    mov     x20, x0
    adrp    x1, image_start             // image_start is at offset 0: where it is now is what to add
    adrp    x2, rela_start
    add     x2, x2, :lo12:rela_start
    adrp    x3, rela_end
    add     x3, x3, :lo12:rela_end
1:  cmp     x2, x3
    b.hs    2f
    ldp     x4, x5, [x2], #16           // r_offset, r_info
    ldr     x6, [x2], #8                // r_addend
    cmp     w5, #1027                   // R_AARCH64_RELATIVE
    b.ne    1b
    add     x6, x6, x1
    str     x6, [x1, x4]
    b       1b
2:  adrp    x2, bss_start
    add     x2, x2, :lo12:bss_start
    adrp    x3, bss_end
    add     x3, x3, :lo12:bss_end
3:  cmp     x2, x3
    b.hs    4f
    stp     xzr, xzr, [x2], #16
    b       3b
4:  mov     x0, #0
    bl      prepare
    mov     x0, x20
    bl      visor_main
    b       .

// PSCI CPU_ON: x0 = index of the PE
    .global secondary
secondary:
    mov     x20, x0
    bl      prepare
    bl      mmu_join
    mov     x0, x20
    bl      secondary_main
    b       .

// x0 = index of the PE: E2H where there is VHE, vectors, stack
prepare:
    msr     spsel, #1
    msr     daifset, #15
    mrs     x1, id_aa64mmfr1_el1
    ubfx    x1, x1, #8, #4
    mov     x2, #HCR_RW
    cbz     x1, 1f
    mov     x3, #HCR_E2H
    orr     x2, x2, x3
1:  msr     hcr_el2, x2
    isb
    adrp    x1, vectors
    add     x1, x1, :lo12:vectors
    msr     vbar_el2, x1
    adrp    x1, stacks
    add     x2, x0, #1
    add     x1, x1, x2, lsl #STACK_SHIFT
    mov     sp, x1
    isb
    ret

// Exceptions of the visor itself end it; those of a guest are what guest_enter() returns with.
    .macro  own kind
    .balign 128
    stp     x0, x30, [sp, #-16]!
    mov     x0, #\kind
    bl      visor_failed
    b       .
    .endm

    .macro  guest kind
    .balign 128
    stp     x0, x1, [sp, #-16]!
    mov     x0, #\kind
    b       guest_exit
    .endm

    .section .text.vectors, "ax"
    .balign 2048
vectors:
    .irp    kind, 0, 1, 2, 3, 4, 5, 6, 7
    own     \kind
    .endr
    .irp    kind, 0, 1, 2, 3            // AArch64 below
    guest   \kind
    .endr
    .irp    kind, 0, 1, 2, 3            // AArch32: EL0 only
    guest   \kind
    .endr

    .text
// unsigned guest_enter(struct vcpu *vcpu): runs the vCPU until it has an exception to EL2; which kind of one
    .global guest_enter
guest_enter:
    stp     x29, x30, [sp, #-112]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    str     x0, [sp, #96]
    ldp     x1, x2, [x0, #VCPU_PC]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x0, #32]
    ldp     x6, x7, [x0, #48]
    ldp     x8, x9, [x0, #64]
    ldp     x10, x11, [x0, #80]
    ldp     x12, x13, [x0, #96]
    ldp     x14, x15, [x0, #112]
    ldp     x16, x17, [x0, #128]
    ldp     x18, x19, [x0, #144]
    ldp     x20, x21, [x0, #160]
    ldp     x22, x23, [x0, #176]
    ldp     x24, x25, [x0, #192]
    ldp     x26, x27, [x0, #208]
    ldp     x28, x29, [x0, #224]
    ldr     x30, [x0, #240]
    ldp     x0, x1, [x0]
    eret

guest_exit:                             // x0: kind; the guest's x0 and x1 are on the stack
    ldr     x1, [sp, #16 + 96]
    stp     x2, x3, [x1, #16]
    stp     x4, x5, [x1, #32]
    stp     x6, x7, [x1, #48]
    stp     x8, x9, [x1, #64]
    stp     x10, x11, [x1, #80]
    stp     x12, x13, [x1, #96]
    stp     x14, x15, [x1, #112]
    stp     x16, x17, [x1, #128]
    stp     x18, x19, [x1, #144]
    stp     x20, x21, [x1, #160]
    stp     x22, x23, [x1, #176]
    stp     x24, x25, [x1, #192]
    stp     x26, x27, [x1, #208]
    stp     x28, x29, [x1, #224]
    str     x30, [x1, #240]
    ldp     x2, x3, [sp], #16
    stp     x2, x3, [x1]
    mrs     x2, elr_el2
    mrs     x3, spsr_el2
    stp     x2, x3, [x1, #VCPU_PC]
    mrs     x2, esr_el2
    mrs     x3, far_el2
    stp     x2, x3, [x1, #VCPU_ESR]
    mrs     x2, hpfar_el2
    str     x2, [x1, #VCPU_HPFAR]
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #112
    ret

// void fp_save(struct fp_context *), void fp_load(const struct fp_context *)
    .arch_extension fp
    .arch_extension simd
    .global fp_save
fp_save:
    stp     q0, q1, [x0, #0]
    stp     q2, q3, [x0, #32]
    stp     q4, q5, [x0, #64]
    stp     q6, q7, [x0, #96]
    stp     q8, q9, [x0, #128]
    stp     q10, q11, [x0, #160]
    stp     q12, q13, [x0, #192]
    stp     q14, q15, [x0, #224]
    stp     q16, q17, [x0, #256]
    stp     q18, q19, [x0, #288]
    stp     q20, q21, [x0, #320]
    stp     q22, q23, [x0, #352]
    stp     q24, q25, [x0, #384]
    stp     q26, q27, [x0, #416]
    stp     q28, q29, [x0, #448]
    stp     q30, q31, [x0, #480]
    mrs     x1, fpcr
    mrs     x2, fpsr
    str     x1, [x0, #512]
    str     x2, [x0, #520]
    ret

    .global fp_load
fp_load:
    ldp     q0, q1, [x0, #0]
    ldp     q2, q3, [x0, #32]
    ldp     q4, q5, [x0, #64]
    ldp     q6, q7, [x0, #96]
    ldp     q8, q9, [x0, #128]
    ldp     q10, q11, [x0, #160]
    ldp     q12, q13, [x0, #192]
    ldp     q14, q15, [x0, #224]
    ldp     q16, q17, [x0, #256]
    ldp     q18, q19, [x0, #288]
    ldp     q20, q21, [x0, #320]
    ldp     q22, q23, [x0, #352]
    ldp     q24, q25, [x0, #384]
    ldp     q26, q27, [x0, #416]
    ldp     q28, q29, [x0, #448]
    ldp     q30, q31, [x0, #480]
    ldr     x1, [x0, #512]
    ldr     x2, [x0, #520]
    msr     fpcr, x1
    msr     fpsr, x2
    ret
