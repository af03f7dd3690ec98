//! test: a shared peripheral interrupt through the GIC, and one that is gone before it is acknowledged: spurious
//! matrix: gic=2,3 el2=on,off pulse=short,long
//! el3: off
//! cpu: cortex-a76
//! entry: el1
//! start: start_v${gic}
//! set: PSTATE[9:6] = 0
//! inject[pulse=long]: on=ready spi=3 on
//! # It goes away when the exception has been taken, before the handler acknowledges it.
//! inject[pulse=short]: on=ready spi=3 on
//! inject[pulse=short]: on=vectors+0x280 spi=3 off
//! trap: irq el1->el1 vector=0x280 why=IRQ
//! expect[pulse=long]: X0 = 35
//! expect[pulse=short]: X0 = 1023
#include "test.h"
    .set DISTRIBUTOR, 0x08000000
    .set CPU_INTERFACE, 0x08010000
    .set REDISTRIBUTOR, 0x080a0000

    .globl _start
_start:
    b fail
start_v2:
    mov x9, #2
    mov x1, #DISTRIBUTOR
    mov w2, #1
    str w2, [x1]                    /* GICD_CTLR */
    mov w3, #1 << 3
    str w3, [x1, #0x104]            /* GICD_ISENABLER1: INTID 35 */
    strb w2, [x1, #0x800 + 35]      /* GICD_ITARGETSR */
    mov x1, #CPU_INTERFACE
    mov w3, #0xff
    str w3, [x1, #4]                /* GICC_PMR */
    str w2, [x1]                    /* GICC_CTLR */
    b ready
start_v3:
    mov x9, #3
    mov x1, #DISTRIBUTOR
    mov w2, #0x12                   /* ARE, EnableGrp1 */
    str w2, [x1]
    mov w3, #1 << 3
    str w3, [x1, #0x84]             /* GICD_IGROUPR1 */
    str w3, [x1, #0x104]
    mov x1, #REDISTRIBUTOR
    str wzr, [x1, #0x14]            /* GICR_WAKER */
    mov x3, #7
    msr s3_0_c12_c12_5, x3          /* ICC_SRE_EL1 */
    mov x3, #0xff
    msr s3_0_c4_c6_0, x3            /* ICC_PMR_EL1 */
    mov x3, #1
    msr s3_0_c12_c12_7, x3          /* ICC_IGRPEN1_EL1 */
    isb
ready:
    nop
wait:
    b wait

    .balign 0x800
vectors:
    .skip 0x280
    cmp x9, #3
    b.eq 1f
    mov x1, #CPU_INTERFACE
    ldr w0, [x1, #0xc]              /* GICC_IAR */
    b done
1:  mrs x0, s3_0_c12_c12_0          /* ICC_IAR1_EL1 */
    b done
    ending
