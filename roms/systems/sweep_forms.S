// Every form of A64 load and store that the monitor's decoder knows, each as a function with its text: `forms`. X28 and SP
// point into the window, X27 is an index, X1 to X7 and V1 to V3 are data. X29, X30: the caller's.
#include "../lib/asm.h"

    .arch   armv8.2-a+lse+rcpc+lor

    .macro  form text:vararg
    .pushsection .rodata.forms, "a"
    .quad   1f, 2f
    .popsection
    .pushsection .rodata.texts, "a"
2:  .asciz  "\text"
    .popsection
1:  \text
    ret
    .endm

    .section .rodata.forms, "a"
    .balign 8
    .global forms
forms:
    .text

    // size, extension, and how the address comes
    .macro  addressed insn, register, scale
    form    \insn \register, [x28]
    form    \insn \register, [x28, #(3 << \scale)]
    form    \insn \register, [sp, #(2 << \scale)]
    form    \insn \register, [x28], #(1 << \scale)
    form    \insn \register, [x28, #-(1 << \scale)]!
    form    \insn \register, [sp], #16
    form    \insn \register, [sp, #-16]!
    form    \insn \register, [x28, x27]
    form    \insn \register, [x28, w27, uxtw]
    form    \insn \register, [x28, w27, sxtw]
    form    \insn \register, [x28, x27, sxtx]
    .if     \scale
    form    \insn \register, [x28, x27, lsl #\scale]
    form    \insn \register, [x28, w27, sxtw #\scale]
    .endif
    .endm

    .macro  both_ways insn, register, scale
    addressed ldr\insn, \register, \scale
    addressed str\insn, \register, \scale
    form    ldur\insn \register, [x28, #-(1 << \scale)]
    form    stur\insn \register, [x28, #-(1 << \scale)]
    .endm

    .macro  unprivileged insn, register, scale
    form    ldtr\insn \register, [x28, #-(1 << \scale)]
    form    sttr\insn \register, [x28, #(1 << \scale)]
    .endm

    .macro  sign_extending insn, register, scale
    addressed ldr\insn, \register, \scale
    form    ldur\insn \register, [x28, #-(1 << \scale)]
    form    ldtr\insn \register, [x28, #(1 << \scale)]
    .endm

    .macro  pairs one, two, size
    .irp    insn, ldp, stp
    form    \insn \one, \two, [x28]
    form    \insn \one, \two, [x28, #-(2 * \size)]
    form    \insn \one, \two, [x28], #(2 * \size)
    form    \insn \one, \two, [x28, #(2 * \size)]!
    form    \insn \one, \two, [sp], #32
    .endr
    form    ldnp \one, \two, [x28, #(2 * \size)]
    form    stnp \one, \two, [x28, #(2 * \size)]
    .endm

    .macro  atomic insn, suffix, register, second
    form    \insn\suffix \register, \second, [x28]
    .endm

    .macro  atomics suffix, register, second
    .irp    insn, ldadd, ldclr, ldeor, ldset, ldsmax, ldsmin, ldumax, ldumin, swp, ldaddal, ldclral, ldsetl, swpa, cas, casal
    atomic  \insn, \suffix, \register, \second
    .endr
    form    stadd\suffix \register, [x28]
    .endm

    both_ways b, w1, 0
    both_ways h, w1, 1
    both_ways , w1, 2
    both_ways , x1, 3
    both_ways , wzr, 2
    both_ways , b1, 0
    both_ways , h1, 1
    both_ways , s1, 2
    both_ways , d1, 3
    both_ways , q1, 4
    sign_extending sb, w1, 0
    sign_extending sb, x1, 0
    sign_extending sh, w1, 1
    sign_extending sh, x1, 1
    sign_extending sw, x1, 2
    unprivileged b, w1, 0
    unprivileged h, w1, 1
    unprivileged , w1, 2
    unprivileged , x1, 3
    pairs   w1, w2, 4
    pairs   x1, x2, 8
    pairs   s1, s2, 4
    pairs   d1, d2, 8
    pairs   q1, q2, 16
    form    ldpsw x1, x2, [x28, #8]
    form    ldpsw x1, x2, [x28], #8
    form    ldpsw x1, x2, [x28, #-8]!
    form    ldr w1, window + 0x400
    form    ldr x1, window + 0x408
    form    ldrsw x1, window + 0x404
    form    ldr s1, window + 0x400
    form    ldr d1, window + 0x408
    form    ldr q1, window + 0x410
    .macro  ordered insn
    form    \insn\()b w1, [x28]
    form    \insn\()h w1, [x28]
    form    \insn w1, [x28]
    form    \insn x1, [sp]
    .endm
    ordered ldar
    ordered ldlar
    ordered ldapr
    ordered ldxr
    ordered ldaxr
    ordered stlr
    ordered stllr
    form    ldxp w1, w2, [x28]
    form    ldxp x1, x2, [x28]
    form    ldaxp w1, w2, [x28]
    atomics , w1, w2
    atomics , x1, x2
    atomics b, w1, w2
    atomics h, w1, w2
    form    casp w2, w3, w4, w5, [x28]
    form    casp x2, x3, x4, x5, [x28]
    form    caspal x2, x3, x4, x5, [x28]

    .section .rodata.forms, "a"
    .global forms_end
forms_end:
    .text

// void run_form(struct state *state, const void *form): as sweep.c has it. EL0 can do this.
    .arch   armv8-a+simd
#define X 0
#define SP 248
#define NZCV 256
#define V 272
#define CALLER 784
    .macro  general insn
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
    \insn   x\n, [x30, #(X + 8 * \n)]
    .endr
    .endm

    .global run_form
run_form:
    push_callee_saved 96
    mov     x2, sp
    str     x2, [x0, #CALLER]
    msr     tpidr_el0, x0
    mov     x29, x1
    mov     x30, x0
    ldr     x0, [x30, #SP]
    mov     sp, x0
    ldr     x0, [x30, #NZCV]
    msr     nzcv, x0
    add     x0, x30, #V
    q0_to_q31 ldp, x0
    general ldr
    blr     x29
    mrs     x30, tpidr_el0
    general str
    mov     x0, sp
    str     x0, [x30, #SP]
    mrs     x0, nzcv
    str     x0, [x30, #NZCV]
    add     x0, x30, #V
    q0_to_q31 stp, x0
    ldr     x0, [x30, #CALLER]
    mov     sp, x0
    pop_callee_saved 96
    ret
