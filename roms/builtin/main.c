/*
 * The ROM built into the command: says what machine it runs on, goes down from the highest EL to EL0, and takes an
 * exception through every EL on the way.
 */
#include "../lib/rom.h"
#include "../lib/syndrome.h"

#include "identify.h"

#define TIMER_INTID 27 /* the virtual timer's PPI */
#define SGI_NORMAL 1
#define SGI_URGENT 2

static volatile u32 order[8], taken;

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    static const char *const kinds[] = {"synchronous", "IRQ", "FIQ", "SError"};
    static const char *const origins[] = {"this EL with SP_EL0", "this EL", "a lower EL", "a lower EL in AArch32"};
    unsigned ec = ESR_CLASS(frame->esr);
    print("  EL%u: %s from %s, vector %03x", el, kinds[vector % 4], origins[vector / 4], vector * 0x80);
    if (vector % 4 == VECTOR_IRQ) {
        unsigned intid = gic_acknowledge();
        print(", INTID %u\n", intid);
        if (intid == TIMER_INTID)
            WRITE(cntv_ctl_el0, 0);
        if (taken < 8)
            order[taken++] = intid;
        gic_end(intid);
        return;
    }
    print(", ESR %08x: %s", (u32)frame->esr, exception_class_name(ec));
    switch (ec) {
    case EC_SVC:
    case EC_HVC:
    case EC_SMC:
        print(" #%x\n", (u32)frame->esr & 0xffff);
        if (ec == EC_SMC)
            frame->elr += el == 2 ? 4 : 0; /* a trapped SMC hasn't been executed */
        return;
    case EC_DATA_LOWER:
    case EC_DATA_SAME:
        print(", %s at level %u, FAR %lx", fault_status_name(ISS_FSC(frame->esr)), (u32)frame->esr & 3, frame->far);
        break;
    default:
        break;
    }
    print("\n");
    frame->elr += 4; /* go on behind the instruction */
}

/* EL0 has no way to the console but SVC. */
static u64 at_el0(void)
{
    __asm__ volatile("svc #0x10");
    __asm__ volatile("mrs x0, ttbr0_el1" ::: "x0"); /* not for EL0: UNDEFINED */
    *(volatile u64 *)UNMAPPED;
    __asm__ volatile("mov x0, #42\n\tsvc #0x7f" ::: "x0", "memory");
    return 0;
}

static void timer_interrupt(void)
{
    print("EL1: the virtual timer fires after 100 microseconds\n");
    gic_enable(TIMER_INTID, 0xa0);
    taken = 0;
    WRITE(cntv_cval_el0, READ(cntvct_el0) + READ(cntfrq_el0) / 10000);
    WRITE(cntv_ctl_el0, 1);
    irq_unmask();
    while (!taken)
        __asm__ volatile("wfi");
    irq_mask();
}

/* A section masked by priority: PSTATE.I stays clear, and what is more urgent than the mask still gets through. */
static bool pseudo_nmi(void)
{
    print("EL1: SGI %u (priority a0) and SGI %u (priority 20) in a section masked by PMR = 60\n", SGI_NORMAL, SGI_URGENT);
    gic_enable(SGI_NORMAL, 0xa0);
    gic_enable(SGI_URGENT, 0x20);
    taken = 0;
    gic_set_priority_mask(0x60);
    irq_unmask();
    gic_send_self(SGI_NORMAL);
    gic_send_self(SGI_URGENT);
    for (unsigned i = 0; i < 1000; i++)
        ISB();
    bool good = taken == 1 && (order[0] & 0x3ff) == SGI_URGENT;
    print("EL1: in the section %s; it ends\n", good ? "only the urgent one was taken" : "NOT what should be");
    gic_set_priority_mask(0xf0);
    for (unsigned i = 0; i < 1000 && taken < 2; i++)
        ISB();
    irq_mask();
    return good && taken == 2 && (order[1] & 0x3ff) == SGI_NORMAL;
}

static void at_el1(void)
{
    install_vectors();
    open_el1();
    mmu_on();
    print("EL1: MMU on\n");
    if (has_el(2)) {
        print("EL1: HVC\n");
        __asm__ volatile("hvc #0x12" ::: "memory");
    }
    if (has_el(3)) {
        print("EL1: SMC\n");
        __asm__ volatile("smc #0x13" ::: "memory");
    }
    print("EL1: a load from where nothing is mapped\n");
    *(volatile u64 *)UNMAPPED;
    gic_init_el1();
    timer_interrupt();
    bool good = pseudo_nmi();
    print("EL1: down to EL0: SVC, a register it may not read, a load from nowhere\n");
    u64 result = call_el0(at_el0);
    good &= result == 42;
    print("EL1: EL0 left with %lu. %s\n", result, good ? "All as it should be." : "SOMETHING IS WRONG.");
    power_off(good ? 0 : 1);
}

static void at_el2(void)
{
    install_vectors();
    open_el2();
    if (has_el(3)) {
        print("EL2: SMC\n");
        __asm__ volatile("smc #0x23" ::: "memory");
    }
    print("EL2: down to EL1\n");
    enter(1, at_el1);
}

void rom_main(void)
{
    set_handler(handle);
    identify();
    switch (start_el) {
    case 3:
        open_el3();
        gic_init_el3();
        if (has_el(2)) {
            print("EL3: down to EL2, Non-secure\n");
            enter(2, at_el2);
        }
        print("EL3: down to EL1, Non-secure\n");
        enter(1, at_el1);
    case 2:
        at_el2();
        break;
    default:
        at_el1();
    }
}
