/*
 * S04 at EL3 with two PEs: WFE is trapped, and neither of them has interrupts, an event stream or a timer. They wait
 * for each other in turn, thousands of times, while one of them says with each wait what is nearly a request. An
 * event that is lost leaves both waiting; a PE that starves the other one doesn't come to its turn.
 */
#include "../guest/client.h"
#include "../lib/test.h"

enum { TURNS = 2000, SPINS = 64 };
unsigned checks_failed;
static volatile u64 turn __attribute__((aligned(64)));
static volatile u64 waits[2], changed;

static void give(u64 to)
{
    turn = to;
    DSB();
    __asm__ volatile("sev");
}

/* Anything but a request: one bit is off, another one each time. */
static void wait_nearly_asking(u64 number)
{
    struct probe probe, before;
    for (unsigned i = 0; i < 31; i++)
        before.x[i] = number * 31 + i;
    before.x[0] = WFE_REQUEST;
    before.x[1] = ~WFE_REQUEST;
    before.x[2] = WFE_TRACE;
    before.x[number / 64 % 2] ^= 1ul << number % 64;
    before.nzcv = number << 28 & 0xf0000000;
    probe = before;
    probe_wfe(&probe);
    for (unsigned i = 0; i < 31; i++)
        changed += probe.x[i] != before.x[i];
    changed += probe.nzcv != before.nzcv;
}

static void second(unsigned number)
{
    (void)number;
    for (u64 n = 0; n < TURNS; n++) {
        while (turn != 1)
            wait_nearly_asking(waits[1]++);
        give(0);
    }
    give(2);
}

static void at_el1(void)
{
    install_vectors();
    open_el1();
    mmu_on();
    CHECK(start_secondary(1, second) == 0);
    for (u64 n = 0; n < TURNS; n++) {
        give(1);
        for (volatile u64 spin = n % SPINS; spin; spin--) /* so that events come at all moments */
            ;
        while (turn == 1) {
            __asm__ volatile("wfe" ::: "memory");
            waits[0]++;
        }
    }
    while (turn != 2)
        __asm__ volatile("wfe" ::: "memory");
    CHECK(changed == 0);
    CHECK(waits[0] >= TURNS / 2 && waits[1] >= TURNS / 2);
    print(checks_failed ? "FAILED\n" : "all as it should be\n");
    power_off(checks_failed != 0);
}

void rom_main(void)
{
    go_on_at_el1(at_el1);
}
