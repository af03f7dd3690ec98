// What functions and exceptions of the ROMs save and load. Of a block of registers, Xn is at offset 8 * n.
#ifndef ROM_ASM_H
#define ROM_ASM_H

    .macro  x2_to_x29 insn, base        // insn: stp or ldp
    \insn   x2, x3, [\base, #16]
    \insn   x4, x5, [\base, #32]
    \insn   x6, x7, [\base, #48]
    \insn   x8, x9, [\base, #64]
    \insn   x10, x11, [\base, #80]
    \insn   x12, x13, [\base, #96]
    \insn   x14, x15, [\base, #112]
    \insn   x16, x17, [\base, #128]
    \insn   x18, x19, [\base, #144]
    \insn   x20, x21, [\base, #160]
    \insn   x22, x23, [\base, #176]
    \insn   x24, x25, [\base, #192]
    \insn   x26, x27, [\base, #208]
    \insn   x28, x29, [\base, #224]
    .endm

    .macro  q0_to_q31 insn, base
    \insn   q0, q1, [\base, #0]
    \insn   q2, q3, [\base, #32]
    \insn   q4, q5, [\base, #64]
    \insn   q6, q7, [\base, #96]
    \insn   q8, q9, [\base, #128]
    \insn   q10, q11, [\base, #160]
    \insn   q12, q13, [\base, #192]
    \insn   q14, q15, [\base, #224]
    \insn   q16, q17, [\base, #256]
    \insn   q18, q19, [\base, #288]
    \insn   q20, q21, [\base, #320]
    \insn   q22, q23, [\base, #352]
    \insn   q24, q25, [\base, #384]
    \insn   q26, q27, [\base, #416]
    \insn   q28, q29, [\base, #448]
    \insn   q30, q31, [\base, #480]
    .endm

    // ---- what a function has to keep (AAPCS64), in a stack frame of `size` bytes: its own from CALLEE_SAVED on
#define CALLEE_SAVED 96
    .macro  callee_saved insn
    \insn   x19, x20, [sp, #16]
    \insn   x21, x22, [sp, #32]
    \insn   x23, x24, [sp, #48]
    \insn   x25, x26, [sp, #64]
    \insn   x27, x28, [sp, #80]
    .endm

    .macro  push_callee_saved size
    stp     x29, x30, [sp, #-\size]!
    callee_saved stp
    .endm

    .macro  pop_callee_saved size
    callee_saved ldp
    ldp     x29, x30, [sp], #\size
    .endm

    // ---- exceptions: struct frame of rom.h, on the stack
#define FRAME_SIZE 288
    .macro  exception_vectors save      // the 16 entries; they go on at `save` with x1 = which one it was
    .irp    index, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .balign 128
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp, #0]
    mov     x1, #\index
    b       \save
    .endr
    .balign 128
    .endm

    .macro  save_frame el               // the rest; changes x2 to x5
    x2_to_x29 stp, sp
    mrs     x2, elr_el\el
    stp     x30, x2, [sp, #240]
    mrs     x3, spsr_el\el
    mrs     x4, esr_el\el
    stp     x3, x4, [sp, #256]
    mrs     x5, far_el\el
    str     x5, [sp, #272]
    .endm

    .macro  load_frame el, base         // all but x0, x1 and sp
    ldp     x30, x2, [\base, #240]
    ldr     x3, [\base, #256]
    msr     elr_el\el, x2
    msr     spsr_el\el, x3
    x2_to_x29 ldp, \base
    .endm

    // ---- zeros from `at` to `end`, which are registers and multiples of 16
    .macro  clear at, end
.Lclear_\@:
    cmp     \at, \end
    b.hs    .Lcleared_\@
    stp     xzr, xzr, [\at], #16
    b       .Lclear_\@
.Lcleared_\@:
    .endm

#endif
