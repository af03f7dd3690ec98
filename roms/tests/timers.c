/* The generic timers of EL1: condition, mask, status, the two views of the compare value, and their interrupts. */
#include "../lib/test.h"

enum { VIRTUAL = 27, PHYSICAL = 30 };

static volatile unsigned fired[32];

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)el;
    if (vector % 4 != VECTOR_IRQ) {
        print("ESR %lx at %lx\n", frame->esr, frame->elr);
        power_off(1);
    }
    unsigned intid = gic_acknowledge() & 0x3ff;
    if (intid < 32)
        fired[intid]++;
    if (intid == VIRTUAL)
        WRITE(cntv_ctl_el0, 0);
    if (intid == PHYSICAL)
        WRITE(cntp_ctl_el0, 0);
    gic_end(intid);
}

void test_main(void)
{
    set_handler(handle);
    u64 frequency = READ(cntfrq_el0), before = READ(cntvct_el0);
    CHECK(frequency >= 1000000);
    for (unsigned i = 0; i < 2000; i++)
        ISB();
    CHECK(READ(cntvct_el0) > before);

    /* TVAL is CVAL seen from the counter, 32 bits, signed. */
    WRITE(cntv_ctl_el0, 0);
    WRITE(cntv_tval_el0, 1000000);
    u64 distance = READ(cntv_cval_el0) - READ(cntvct_el0);
    CHECK(distance <= 1000000 && distance > 900000);
    WRITE(cntv_cval_el0, 0);
    CHECK((int)READ(cntv_tval_el0) < 0);

    /* ISTATUS tells the condition of an enabled timer, masked or not. */
    WRITE(cntv_ctl_el0, 3);
    ISB();
    CHECK(READ(cntv_ctl_el0) == 7);
    WRITE(cntv_cval_el0, READ(cntvct_el0) + frequency);
    ISB();
    CHECK(READ(cntv_ctl_el0) == 3);
    WRITE(cntv_ctl_el0, 0);

    /* Both fire, after as long as they should, waking WFI. */
    gic_enable(VIRTUAL, 0xa0);
    gic_enable(PHYSICAL, 0xa0);
    before = READ(cntvct_el0);
    WRITE(cntv_cval_el0, before + frequency / 1000);
    WRITE(cntv_ctl_el0, 1);
    irq_unmask();
    while (!fired[VIRTUAL])
        __asm__ volatile("wfi");
    u64 after = READ(cntvct_el0) - before;
    CHECK(after >= frequency / 1000);
    before = READ(cntpct_el0);
    WRITE(cntp_tval_el0, frequency / 2000);
    WRITE(cntp_ctl_el0, 1);
    while (!fired[PHYSICAL])
        __asm__ volatile("wfi");
    after = READ(cntpct_el0) - before;
    CHECK(after >= frequency / 2000);
    irq_mask();
    CHECK(fired[VIRTUAL] == 1 && fired[PHYSICAL] == 1);
}
