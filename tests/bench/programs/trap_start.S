// Reset and vector code of the trap programs, which need EL3 and EL2:
//   qemu-system-aarch64 -M virt,secure=on,virtualization=on,gic-version=3 ...
// EL3 and EL2 run with their MMUs off; EL1 and EL0 share 4K-page identity tables (EL0 stack/code are user pages).
    .section .text.boot, "ax"
    .global _start
_start:
    mrs     x0, CurrentEL
    cmp     x0, #(3 << 2)
    b.eq    el3
    ldr     x0, =started_at_el3              // entered at EL1: only the EL1/EL0 tests run
    str     wzr, [x0]
    b       el1
el3:
    adr     x0, vec_el3
    msr     vbar_el3, x0
    msr     cptr_el3, xzr
    mov     x0, #0xf
    msr     S3_6_C12_C12_5, x0          // ICC_SRE_EL3
    isb
    mov     x0, #0x501                  // NS | HCE | RW (SMC enabled)
    orr     x0, x0, #0x30
    msr     scr_el3, x0
    isb
    // GIC distributor: one security state, group 1 on; redistributor awake, SGI/PPI in group 1
    mov     x1, #0x08000000
    mov     w0, #0x50
    str     w0, [x1]
    mov     w0, #0x52
    str     w0, [x1]
    mov     x1, #0x08000000
    ldr     x1, =0x080a0000
    str     wzr, [x1, #0x14]            // GICR_WAKER
    add     x1, x1, #0x10000
    mov     w0, #-1
    str     w0, [x1, #0x80]             // IGROUPR0
    ldr     w0, =0x08000001             // SGI 0, PPI 27 (virtual timer)
    str     w0, [x1, #0x100]            // ISENABLER0
    msr     sctlr_el2, xzr
    mov     x0, #0x3c9
    msr     spsr_el3, x0
    adr     x0, el2
    msr     elr_el3, x0
    eret
el2:
    adr     x0, vec_el2
    msr     vbar_el2, x0
    mov     x0, #0xf
    msr     S3_4_C12_C9_5, x0           // ICC_SRE_EL2
    isb
    ldr     x0, =0x33ff
    msr     cptr_el2, x0
    mov     x0, #3
    msr     cnthctl_el2, x0
    msr     cntvoff_el2, xzr
    ldr     x0, =(1 << 31) | (1 << 18) | (1 << 14) | (1 << 13)  // RW, TID3, TWE, TWI
    msr     hcr_el2, x0
    mov     x0, #0x3c5
    msr     spsr_el2, x0
    adr     x0, el1
    msr     elr_el2, x0
    eret
el1:
    ldr     x0, =vec_el1
    msr     vbar_el1, x0
    mov     x0, #(3 << 20)
    msr     cpacr_el1, x0
    ldr     x0, =started_at_el3
    ldr     w0, [x0]
    cbz     w0, 2f
    mov     x0, #7
    msr     S3_0_C12_C12_5, x0          // ICC_SRE_EL1
    isb
    mov     x0, #0xff
    msr     S3_0_C4_C6_0, x0            // ICC_PMR_EL1
    mov     x0, #1
    msr     S3_0_C12_C12_7, x0          // ICC_IGRPEN1_EL1
2:  ldr     x0, =__stack_top
    mov     sp, x0
    ldr     x0, =__bss_start
    ldr     x1, =__bss_end
3:  cmp     x0, x1
    b.hs    4f
    stp     xzr, xzr, [x0], #16
    b       3b
4:  bl      mmu_build
    msr     ttbr0_el1, x0
    ldr     x1, =0x4404
    movk    x1, #0xff, lsl #16
    msr     mair_el1, x1
    ldr     x1, =0x280803519
    movk    x1, #0x12, lsl #32          // 40-bit PA, AS = 16-bit ASIDs
    msr     tcr_el1, x1
    tlbi    vmalle1
    dsb     sy
    isb
    mrs     x1, sctlr_el1
    ldr     x2, =0x1005
    orr     x1, x1, x2
    msr     sctlr_el1, x1
    isb
    bl      rom_main
    mov     x0, #0
    .global rom_exit
rom_exit:
    sub     sp, sp, #16
    ldr     x1, =0x20026
    str     x1, [sp]
    str     x0, [sp, #8]
    mov     x1, sp
    mov     w0, #0x18
    hlt     #0xf000
5:  b       5b
    .ltorg

// u64 el0_svc_loop(n): n SVC #0 round trips from EL0, then SVC #1 to come back.
    .global el0_svc_loop
el0_svc_loop:
    stp     x29, x30, [sp, #-16]!
    mov     x1, sp
    msr     sp_el0, x1
    adr     x1, 1f
    msr     elr_el1, x1
    mov     x1, #0x3c0
    msr     spsr_el1, x1
    eret
    .balign 4096
    .global el0_page
el0_page:
1:  svc     #0
    subs    x0, x0, #1
    b.ne    1b
    svc     #1
    .balign 4096
    .global rewritten_code
rewritten_code:
    mov     w0, #0
    ret
    .balign 4096

    .balign 2048
vec_el3:
    .rept 8
    mov     x0, #97
    b       rom_exit
    .balign 128
    .endr
    eret                                // 0x400: SMC from EL1
    .balign 128
    .rept 7
    mov     x0, #97
    b       rom_exit
    .balign 128
    .endr

    .balign 2048
vec_el2:
    .rept 8
    mov     x0, #96
    b       rom_exit
    .balign 128
    .endr
    mrs     x9, esr_el2                 // 0x400: HVC or a trapped instruction from EL1 (x9, x10 are the callers' scratch)
    lsr     x9, x9, #26
    cmp     x9, #0x16
    b.eq    1f
    mrs     x10, elr_el2
    add     x10, x10, #4
    msr     elr_el2, x10
    mov     x0, x9
1:  eret
    .balign 128
    .rept 7
    mov     x0, #96
    b       rom_exit
    .balign 128
    .endr

    .balign 2048
vec_el1:
    .rept 4
    mov     x0, #95
    b       rom_exit
    .balign 128
    .endr
    stp     x0, x1, [sp, #-16]!         // 0x200: stage-1 fault: write the good PTE, retry
    ldr     x0, =good_entry
    ldp     x1, x0, [x0]
    str     x0, [x1]
    dsb     ishst
    isb
    ldr     x0, =faults
    ldr     x1, [x0]
    add     x1, x1, #1
    str     x1, [x0]
    ldp     x0, x1, [sp], #16
    eret
    .balign 128
    stp     x0, x1, [sp, #-16]!         // 0x280: IRQ
    mrs     x0, S3_0_C12_C12_0          // ICC_IAR1_EL1
    cmp     x0, #27
    b.ne    1f
    mov     x1, #2
    msr     cntv_ctl_el0, x1
1:  msr     S3_0_C12_C12_1, x0          // ICC_EOIR1_EL1
    ldr     x0, =interrupts
    ldr     x1, [x0]
    add     x1, x1, #1
    str     x1, [x0]
    ldp     x0, x1, [sp], #16
    eret
    .balign 128
    .rept 2
    mov     x0, #95
    b       rom_exit
    .balign 128
    .endr
    mrs     x9, esr_el1                 // 0x400: SVC from EL0
    tbnz    x9, #0, 2f
    eret
2:  ldp     x29, x30, [sp], #16
    ret
    .balign 128
    .rept 7
    mov     x0, #95
    b       rom_exit
    .balign 128
    .endr
    .ltorg
