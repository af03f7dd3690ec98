// Runs the sequences of random instructions and writes out what each leaves behind. One image for two worlds, at the
// same addresses: a Linux process (entry start_process) and a bare machine at EL1 (entry start_machine), which runs the
// sequences at EL0. An instruction that is UNDEFINED or faults is counted and skipped in both.
//
// Per sequence there is a state to begin with, and a record (RECORD bytes):
//   0 X0..X28   232 SP   240 NZCV   248 FPSR   256 V0..V31   768 UNDEFINED count   776 abort count   784 the data buffer
#define RECORD      (784 + BUFFER)
#define BUFFER      1024
#define SEQUENCES   sequence_count

    .text
    .global start_process, start_machine

// ---------------------------------------------------------------- Linux
start_process:
    adr     x0, signal_stack_description
    mov     x1, #0
    mov     x8, #132                    // sigaltstack
    svc     #0
    mov     x19, #4                     // SIGILL, SIGBUS, SIGSEGV
    bl      set_signal
    mov     x19, #7
    bl      set_signal
    mov     x19, #11
    bl      set_signal
    b       run_all

set_signal:
    mov     x0, x19
    adr     x1, signal_action
    mov     x2, #0
    mov     x3, #8
    mov     x8, #134                    // rt_sigaction
    svc     #0
    ret

    .balign 8
signal_action:
    .quad   signal_handler, 0x08000004, signal_return, 0 // SA_ONSTACK | SA_SIGINFO
signal_stack_description:
    .quad   signal_stack, 0, 65536

signal_handler:                         // x0 signal, x2 ucontext: PC is at 440
    ldr     x3, [x2, #440]
    add     x3, x3, #4
    str     x3, [x2, #440]
    ldr     x4, =undefined_count
    cmp     x0, #4
    b.eq    1f
    add     x4, x4, #8
1:  ldr     x5, [x4]
    add     x5, x5, #1
    str     x5, [x4]
    ret
signal_return:
    mov     x8, #139                    // rt_sigreturn
    svc     #0

// ---------------------------------------------------------------- bare machine
start_machine:
    ldr     x0, =el1_stack_end
    mov     sp, x0
    ldr     x0, =machine_vectors
    msr     vbar_el1, x0
    mov     x0, #(3 << 20)
    msr     cpacr_el1, x0
    // 2 MiB blocks: text read-only for EL1 and EL0, data for both, device for EL1
    ldr     x1, =level1
    ldr     x2, =level2
    orr     x3, x2, #3
    str     x3, [x1, #8]
    mov     x3, #0x401                  // 0: the first GiB is Device
    str     x3, [x1]
    ldr     x3, =0x402007c5             // read-only, EL0
    str     x3, [x2, #8]
    mov     x4, #8
    ldr     x3, =0x40400745             // from 0x40400000: read-write, EL0
    add     x5, x2, #16
1:  str     x3, [x5], #8
    add     x3, x3, #0x200000
    subs    x4, x4, #1
    b.ne    1b
    ldr     x3, =0xff00
    msr     mair_el1, x3
    msr     ttbr0_el1, x1
    ldr     x3, =0x280803519
    msr     tcr_el1, x3
    tlbi    vmalle1
    dsb     sy
    isb
    mrs     x3, sctlr_el1
    ldr     x4, =0x1005
    orr     x3, x3, x4
    msr     sctlr_el1, x3
    isb
    ldr     x0, =run_all
    msr     elr_el1, x0
    msr     spsr_el1, xzr
    ldr     x0, =machine_flag
    mov     x1, #1
    str     x1, [x0]
    dsb     sy
    eret

    .balign 2048
machine_vectors:
    .rept   8
    b       stop_badly
    .balign 128
    .endr
    stp     x0, x1, [sp, #-32]!         // 0x400: synchronous from EL0
    stp     x2, x3, [sp, #16]
    mrs     x0, esr_el1
    lsr     x0, x0, #26
    cmp     x0, #0x15
    b.eq    write_out
    ldr     x1, =undefined_count
    cbz     x0, 1f
    add     x1, x1, #8
1:  ldr     x2, [x1]
    add     x2, x2, #1
    str     x2, [x1]
    mrs     x0, elr_el1
    add     x0, x0, #4
    msr     elr_el1, x0
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #32
    eret
    .balign 128
    .rept   7
    b       stop_badly
    .balign 128
    .endr

write_out:                              // all records to the PL011
    ldr     x0, =records
    ldr     x1, =records_size
    ldr     x1, [x1]
    ldr     x2, =0x09000000
1:  ldrb    w3, [x0], #1
    str     w3, [x2]
    subs    x1, x1, #1
    b.ne    1b
    mov     x0, #0
    b       stop
stop_badly:
    mov     x0, #1
stop:
    ldr     x1, =exit_block
    ldr     x2, =0x20026
    stp     x2, x0, [x1]
    mov     x0, #0x18
    hlt     #0xf000

// ---------------------------------------------------------------- both
run_all:
    ldr     x29, =progress
    str     xzr, [x29]
next:
    ldr     x29, =progress
    ldr     x30, [x29]
    ldr     x0, =sequence_count
    ldr     x0, [x0]
    cmp     x30, x0
    b.hs    finish
    // The buffer, the counters
    ldr     x0, =buffer
    ldr     x1, =pattern
    mov     x2, #BUFFER
1:  ldp     x3, x4, [x1], #16
    stp     x3, x4, [x0], #16
    subs    x2, x2, #16
    b.ne    1b
    ldr     x0, =undefined_count
    stp     xzr, xzr, [x0]
    // The state: V, FPCR, NZCV, SP, X
    mov     x0, #(32 * 16 + 32 * 8)
    ldr     x29, =states
    madd    x29, x30, x0, x29
    ld1     {v0.2d-v3.2d}, [x29], #64
    ld1     {v4.2d-v7.2d}, [x29], #64
    ld1     {v8.2d-v11.2d}, [x29], #64
    ld1     {v12.2d-v15.2d}, [x29], #64
    ld1     {v16.2d-v19.2d}, [x29], #64
    ld1     {v20.2d-v23.2d}, [x29], #64
    ld1     {v24.2d-v27.2d}, [x29], #64
    ld1     {v28.2d-v31.2d}, [x29], #64
    ldr     x0, [x29, #(29 * 8)]
    msr     fpcr, x0
    msr     fpsr, xzr
    ldr     x0, [x29, #(30 * 8)]
    msr     nzcv, x0
    ldr     x0, =buffer + BUFFER / 2
    mov     sp, x0
    ldp     x0, x1, [x29, #0]
    ldp     x2, x3, [x29, #16]
    ldp     x4, x5, [x29, #32]
    ldp     x6, x7, [x29, #48]
    ldp     x8, x9, [x29, #64]
    ldp     x10, x11, [x29, #80]
    ldp     x12, x13, [x29, #96]
    ldp     x14, x15, [x29, #112]
    ldp     x16, x17, [x29, #128]
    ldp     x18, x19, [x29, #144]
    ldp     x20, x21, [x29, #160]
    ldp     x22, x23, [x29, #176]
    ldp     x24, x25, [x29, #192]
    ldr     x26, [x29, #208]
    mov     x27, #16
    ldr     x28, =buffer + BUFFER / 2
    ldr     x29, =sequences
    ldr     x30, [x29, x30, lsl #3]
    br      x30

    .global sequence_end
sequence_end:                           // every sequence branches here
    ldr     x30, =scratch
    str     x0, [x30]
    ldr     x30, =progress
    ldr     x0, [x30]
    ldr     x29, =RECORD
    mul     x0, x0, x29
    ldr     x29, =records
    add     x29, x29, x0
    ldr     x30, =scratch
    ldr     x0, [x30]
    stp     x0, x1, [x29, #0]
    stp     x2, x3, [x29, #16]
    stp     x4, x5, [x29, #32]
    stp     x6, x7, [x29, #48]
    stp     x8, x9, [x29, #64]
    stp     x10, x11, [x29, #80]
    stp     x12, x13, [x29, #96]
    stp     x14, x15, [x29, #112]
    stp     x16, x17, [x29, #128]
    stp     x18, x19, [x29, #144]
    stp     x20, x21, [x29, #160]
    stp     x22, x23, [x29, #176]
    stp     x24, x25, [x29, #192]
    stp     x26, x27, [x29, #208]
    str     x28, [x29, #224]
    mov     x0, sp
    str     x0, [x29, #232]
    mrs     x0, nzcv
    str     x0, [x29, #240]
    mrs     x0, fpsr
    str     x0, [x29, #248]
    add     x0, x29, #256
    st1     {v0.2d-v3.2d}, [x0], #64
    st1     {v4.2d-v7.2d}, [x0], #64
    st1     {v8.2d-v11.2d}, [x0], #64
    st1     {v12.2d-v15.2d}, [x0], #64
    st1     {v16.2d-v19.2d}, [x0], #64
    st1     {v20.2d-v23.2d}, [x0], #64
    st1     {v24.2d-v27.2d}, [x0], #64
    st1     {v28.2d-v31.2d}, [x0], #64
    ldr     x1, =undefined_count
    ldp     x2, x3, [x1]
    stp     x2, x3, [x0], #16
    ldr     x1, =buffer
    mov     x2, #BUFFER
1:  ldp     x3, x4, [x1], #16
    stp     x3, x4, [x0], #16
    subs    x2, x2, #16
    b.ne    1b
    ldr     x29, =progress
    ldr     x30, [x29]
    add     x30, x30, #1
    str     x30, [x29]
    b       next

finish:
    ldr     x0, =machine_flag
    ldr     x0, [x0]
    cbz     x0, 1f
    svc     #0                          // to write_out at EL1
1:  ldr     x19, =records
    ldr     x20, =records_size
    ldr     x20, [x20]
2:  mov     x0, #1
    mov     x1, x19
    mov     x2, x20
    mov     x8, #64                     // write
    svc     #0
    cmp     x0, #0
    b.le    3f
    add     x19, x19, x0
    subs    x20, x20, x0
    b.ne    2b
3:  mov     x0, #0
    mov     x8, #93                     // exit
    svc     #0
    .ltorg

    .data
    .balign 16
machine_flag:
    .quad   0
progress:
    .quad   0
undefined_count:
    .quad   0, 0
scratch:
    .quad   0
    .balign 16
exit_block:
    .quad   0, 0

    .bss
    .balign 4096
level1:
    .skip   4096
level2:
    .skip   4096
signal_stack:
    .skip   65536
    .skip   4096
el1_stack_end:
    .balign 4096
    .skip   4096
    .global buffer
buffer:
    .skip   BUFFER
    .skip   4096
