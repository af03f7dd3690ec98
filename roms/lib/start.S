// Entry of a ROM, at whatever EL the machine starts at; vectors; the ways down and back.
#include "asm.h"

    .section .text.start, "ax"
    .global _start
_start:
    mrs     x0, mpidr_el1               // one PE runs the ROM; the others wait for it to wake them
    and     x0, x0, #0xff
1:  cbz     x0, 2f
    wfe
    b       1b
2:  msr     daifset, #15
    msr     spsel, #1
    mrs     x0, CurrentEL
    lsr     x0, x0, #2
    bl      stack_of
    mov     sp, x0
    ldr     x0, =rom_bss_start
    ldr     x1, =rom_bss_end
    clear   x0, x1
    mrs     x0, CurrentEL
    lsr     x0, x0, #2
    ldr     x1, =start_el
    str     w0, [x1]
    bl      install_vectors
    bl      rom_main
    mov     w0, #0
    bl      power_off

stack_of:                               // x0: EL -> the top of its stack
    ldr     x1, =stacks
    add     x0, x1, x0, lsl #14
    ret

    .global install_vectors
install_vectors:
    mrs     x0, CurrentEL
    cmp     x0, #(3 << 2)
    b.eq    3f
    cmp     x0, #(2 << 2)
    b.eq    2f
    adrp    x0, vectors_el1
    add     x0, x0, :lo12:vectors_el1
    msr     vbar_el1, x0
    b       4f
2:  adrp    x0, vectors_el2
    add     x0, x0, :lo12:vectors_el2
    msr     vbar_el2, x0
    b       4f
3:  adrp    x0, vectors_el3
    add     x0, x0, :lo12:vectors_el3
    msr     vbar_el3, x0
4:  isb
    ret

// void enter(unsigned el, void (*entry)(void))
    .global enter
enter:
    mov     x19, x0
    mov     x20, x1
    mov     w21, w0
    bl      stack_of
    mov     x22, x0
    lsl     w21, w21, #2                // SPSR: ELnh with DAIF masked, or EL0t
    mov     w23, #0x3c0
    cbz     w19, 0f
    orr     w21, w21, #1
    orr     w21, w21, w23
    b       1f
0:  mrs     x21, daif                   // EL0 is interrupted where its caller was
1:  mrs     x0, CurrentEL
    lsr     x0, x0, #2
    cmp     x19, #2
    b.eq    2f
    cmp     x19, #1
    b.eq    3f
    ldr     x22, =el0_stack + 4096
    msr     sp_el0, x22
    adr     x30, leave_el0
    b       4f
2:  msr     sp_el2, x22
    b       4f
3:  msr     sp_el1, x22
4:  msr     daifset, #15                // an interrupt would have SPSR and ELR for itself
    cmp     x0, #3
    b.eq    5f
    cmp     x0, #2
    b.eq    6f
    msr     spsr_el1, x21
    msr     elr_el1, x20
    eret
5:  msr     spsr_el3, x21
    msr     elr_el3, x20
    eret
6:  msr     spsr_el2, x21
    msr     elr_el2, x20
    eret

// u64 call_el0(u64 (*entry)(void)): what the caller must find again waits on the stack of EL1
    .global call_el0
call_el0:
    push_callee_saved 112
    mrs     x1, daif
    str     x1, [sp, #CALLEE_SAVED]
    ldr     x1, =el1_resume
    mov     x2, sp
    str     x2, [x1]
    mov     x1, x0
    mov     x0, #0
    b       enter

leave_el0:                              // where an EL0 function returns to, with its result in x0
    svc     #0x7f                       // SVC_LEAVE

// The SVC_LEAVE handler ends here, at EL1, with the result in x0
    .global el1_return
el1_return:
    ldr     x1, =el1_resume
    ldr     x1, [x1]
    mov     sp, x1
    ldr     x1, [sp, #CALLEE_SAVED]
    pop_callee_saved 112
    msr     daif, x1
    ret

    .macro  vectors_of el
    .balign 2048
vectors_el\el:
    exception_vectors save_el\el
save_el\el:
    save_frame \el
    mov     x0, sp
    mov     x2, #\el
    bl      handle_exception
    load_frame \el, sp
    ldp     x0, x1, [sp, #0]
    add     sp, sp, #FRAME_SIZE
    eret
    .endm

    vectors_of 1
    vectors_of 2
    vectors_of 3
    .ltorg

    .section .bss
    .balign 16
stacks:                                 // stacks + n * 16 KiB is the top of ELn's, n from 1
    .skip   4 * 16384
    .global el1_resume
el1_resume:
    .skip   8
