/*
 * S04: a guest arms the watchdog of the WFE channel, pings it in time from its idle loop, and then hangs with interrupts
 * masked. The agent above shows the registers and does what it was asked to: built with ACTION.
 */
#include "../guest/client.h"
#include "../lib/test.h"

#ifndef ACTION
#define ACTION WFE_ACTION_RESET
#endif
#ifndef PINGS
#define PINGS 100
#endif
enum { TIMEOUT = 10000000, PERIOD = 9000000, VIRTUAL_TIMER = 27 }; /* ns */

static volatile unsigned ticks, serrors;
static volatile u64 *const memory = (u64 *)0x43000000; /* what a reset keeps */

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)el;
    (void)frame;
    if (vector % 4 == VECTOR_SERROR) {
        serrors++;
        return;
    }
    unsigned intid = gic_acknowledge();
    WRITE(cntv_ctl_el0, 0);
    ticks++;
    gic_end(intid);
}

static u64 ask(enum wfe_function function, u64 x3, u64 x4)
{
    u64 x[5] = {WFE_REQUEST, ~WFE_REQUEST, function, x3, x4};
    return wfe_call(x) ? x[1] : ~0ul;
}

static u64 now(void)
{
    ISB();
    return READ(cntvct_el0) * 1000000000 / READ(cntfrq_el0);
}

static void sleep(u64 ns)
{
    unsigned before = ticks;
    WRITE(cntv_tval_el0, READ(cntfrq_el0) * ns / 1000000000);
    WRITE(cntv_ctl_el0, 1);
    while (ticks == before) {
        __asm__ volatile("wfi" ::: "memory");
        irq_unmask();
        irq_mask();
    }
}

void test_main(void)
{
    set_handler(handle);
    gic_enable(VIRTUAL_TIMER, 0xa0);
    if (*memory == WFE_REPLY) {
        print("after the reset\n");
        return;
    }
    *memory = WFE_REPLY;
    CHECK(ask(WFE_WATCHDOG_PING, 0, 0) == WFE_NOT_ARMED);
    CHECK(ask(WFE_WATCHDOG_ARM, TIMEOUT, 77) == WFE_BAD_ARGUMENT);
    CHECK(ask(WFE_TRACE, 0x1234, 0) == WFE_OK);
    CHECK(ask(WFE_WATCHDOG_ARM, TIMEOUT, ACTION) == WFE_OK);
    for (unsigned i = 0; i < PINGS; i++) {
        sleep(PERIOD);
        CHECK(ask(WFE_WATCHDOG_PING, 0, 0) == WFE_OK);
    }
    print("%u pings\n", PINGS);
    if (checks_failed)
        return;
    u64 start = now();
    __asm__ volatile("msr daifclr, #4" ::: "memory"); /* an SError is let through where the agent sends one */
    while (ACTION == WFE_ACTION_RESET)
        __asm__ volatile("nop");
    while (ACTION == WFE_ACTION_NMI ? serrors == 0 : now() - start < 2 * TIMEOUT)
        ;
    if (ACTION == WFE_ACTION_NMI)
        CHECK(now() - start >= TIMEOUT - 1000 && now() - start < TIMEOUT + 100000);
    CHECK(ask(WFE_WATCHDOG_PING, 0, 0) == WFE_NOT_ARMED); /* it has barked, and once */
}
