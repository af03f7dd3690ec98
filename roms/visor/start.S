// Entry as an arm64 kernel: EL2, MMU off, x0 = device tree. The other PEs come by PSCI.
#include "roms/lib/asm.h"
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
    clear   x2, x3
    mov     x0, #0
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
    push_callee_saved 112
    str     x0, [sp, #CALLEE_SAVED]
    ldp     x1, x2, [x0, #VCPU_PC]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    x2_to_x29 ldp, x0
    ldr     x30, [x0, #240]
    ldp     x0, x1, [x0]
    eret

guest_exit:                             // x0: kind; the guest's x0 and x1 are on the stack
    ldr     x1, [sp, #16 + CALLEE_SAVED]
    x2_to_x29 stp, x1
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
    pop_callee_saved 112
    ret

// void fp_save(struct fp_context *), void fp_load(const struct fp_context *)
    .arch_extension fp
    .arch_extension simd
    .global fp_save
fp_save:
    q0_to_q31 stp, x0
    mrs     x1, fpcr
    mrs     x2, fpsr
    str     x1, [x0, #512]
    str     x2, [x0, #520]
    ret

    .global fp_load
fp_load:
    q0_to_q31 ldp, x0
    ldr     x1, [x0, #512]
    ldr     x2, [x0, #520]
    msr     fpcr, x1
    msr     fpsr, x2
    ret
