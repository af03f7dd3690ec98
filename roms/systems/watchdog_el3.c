/*
 * S04 and S05 with an agent at EL3, from EL1 or EL2 and from EL0: discovery, near misses, a watchdog that pings keep
 * quiet, that barks without them, and that resets a machine whose only PE spins with every interrupt masked.
 */
#include "../guest/client.h"
#include "../lib/test.h"
#include "../lib/wfe_agent.h"

#define MS 1000000ul
#define TIMEOUT MS
enum { PINGS = 20 };
unsigned checks_failed;
static struct discovery result EL0_DATA;

static void spin(u64 ns)
{
    u64 end = READ(cntpct_el0) + ns * READ(cntfrq_el0) / 1000000000;
    while (READ(cntpct_el0) < end)
        ISB();
}

static u64 request(enum wfe_function function, u64 a, u64 b)
{
    u64 x[5] = {WFE_REQUEST, ~WFE_REQUEST, function, a, b};
    CHECK(wfe_call(x) && x[2] == 8 && x[3] == 0);
    return x[1];
}

static u64 ask_el0(void)
{
    discover(&result, 100000, false);
    return 0;
}

static void check_discovery(const char *caller)
{
    print("%s: levels %lx, EL3 is %lx\n", caller, result.levels, result.ids[3]);
    CHECK(result.found && result.levels == 8 && result.elapsed < 100000);
    if (checks_failed)
        power_off(1);
}

/* One bit off in either word of the magic: nothing changes. The event register lets them all end. */
static void near_misses(void)
{
    for (unsigned bit = 0; bit < 128; bit++) {
        u64 x[5] = {WFE_REQUEST, ~WFE_REQUEST, WFE_TRACE, bit, 0}, before[5];
        x[bit / 64] ^= 1ul << bit % 64;
        for (unsigned i = 0; i < 5; i++)
            before[i] = x[i];
        CHECK(!wfe_call(x));
        for (unsigned i = 0; i < 5; i++)
            CHECK(x[i] == before[i]);
    }
}

static void at_el1(void)
{
    install_vectors();
    open_el1();
    mmu_on();
    WRITE(cntkctl_el1, READ(cntkctl_el1) | 0x84); /* an event at least each 2^9 ticks */
    WRITE(sctlr_el1, READ(sctlr_el1) | 1ul << 18); /* nTWE: EL0 may wait */
    ISB();
    discover(&result, 100000, true);
    check_discovery("EL1");
    call_el0(ask_el0);
    check_discovery("EL0");
    near_misses();
    CHECK(request(WFE_FUNCTIONS, 0, 0) == WFE_UNKNOWN_FUNCTION);
    CHECK(request(WFE_WATCHDOG_PING, 0, 0) == WFE_NOT_ARMED);
    CHECK(request(WFE_WATCHDOG_ARM, 0, 0) == WFE_BAD_ARGUMENT);
    CHECK(request(WFE_TRACE, 0xc0de, 0) == WFE_OK);
    CHECK(request(WFE_WATCHDOG_ARM, TIMEOUT, WFE_ACTION_LOG) == WFE_OK);
    for (unsigned i = 0; i < PINGS; i++) {
        spin(TIMEOUT * 9 / 10);
        CHECK(request(WFE_WATCHDOG_PING, 0, 0) == WFE_OK);
    }
    spin(TIMEOUT * 11 / 10);
    CHECK(request(WFE_WATCHDOG_PING, 0, 0) == WFE_NOT_ARMED); /* it has barked */
    CHECK(request(WFE_WATCHDOG_ARM, TIMEOUT, WFE_ACTION_RESET) == WFE_OK);
    print(checks_failed ? "FAILED\n" : "stuck\n");
    if (checks_failed)
        power_off(1);
    __asm__ volatile("msr daifset, #15\n\tb .");
}

void rom_main(void)
{
    if (start_el == 2) {
        open_el2();
        enter(1, at_el1);
    }
    at_el1();
}
