/*
 * S04 and S05 with an agent at EL3, from EL1 or EL2 and from EL0: discovery, near misses, a watchdog that pings keep
 * quiet, that barks without them, and that resets a machine whose only PE spins with every interrupt masked.
 */
#include "../guest/client.h"
#include "../lib/syndrome.h"
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
    print("%s: levels %lx, EL3 is %lx, %lu ns\n", caller, result.levels, result.ids[3], result.elapsed);
    CHECK(result.found && result.levels == 8 && result.elapsed < 100000);
    if (checks_failed)
        power_off(1);
}

/* WFE with every register known, until it was trapped; what isn't the reply's (X0 to X4) must be as it was. */
static struct probe probe EL0_DATA, before EL0_DATA;

static u64 probe_until_trapped(void)
{
    for (unsigned i = 0; i < 3 && probe.x[0] == before.x[0]; i++)
        probe_wfe(&probe);
    return 0;
}

static void compare(unsigned first)
{
    for (unsigned i = first; i < 31; i++)
        CHECK(probe.x[i] == before.x[i]);
    CHECK(probe.nzcv == before.nzcv);
}

static void registers(unsigned el)
{
    for (unsigned bit = 0; bit <= 128; bit++) { /* one bit off in either word of the magic; at last none */
        for (unsigned i = 0; i < 31; i++)
            before.x[i] = ~(u64)i << bit % 32;
        before.x[0] = WFE_REQUEST;
        before.x[1] = ~WFE_REQUEST;
        before.x[2] = WFE_TRACE;
        before.nzcv = (u64)(bit & 15) << 28;
        if (bit < 128)
            before.x[bit / 64] ^= 1ul << bit % 64;
        probe = before;
        if (el == 0)
            call_el0(probe_until_trapped);
        else
            probe_until_trapped();
        compare(bit < 128 ? 0 : 5);
        CHECK(bit < 128 || (probe.x[0] == WFE_REPLY && probe.x[1] == WFE_OK));
    }
}

/*
 * The watchdog barks when it is due, by the counter's tick, whatever is masked: the loop sees when it was taken away.
 * The agent read the time somewhere between the request and its return.
 */
static void deadline(void)
{
    u64 ticks = TIMEOUT * READ(cntfrq_el0) / 1000000000, earliest = READ(cntpct_el0) + ticks;
    CHECK(request(WFE_WATCHDOG_ARM, TIMEOUT, WFE_ACTION_LOG) == WFE_OK);
    u64 latest = READ(cntpct_el0) + ticks + 1, longest = 0, taken = 0;
    for (u64 last = READ(cntpct_el0), now; last < latest + ticks; last = now) {
        ISB();
        now = READ(cntpct_el0);
        if (now - last > longest) {
            longest = now - last;
            taken = last;
        }
    }
    CHECK(taken + 1 >= earliest && taken <= latest);
    CHECK(request(WFE_WATCHDOG_PING, 0, 0) == WFE_NOT_ARMED);
}

static volatile u64 serror, serror_vector;

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    if (vector % 4 != VECTOR_SERROR || el != 1) {
        print("vector %u at EL%u, ESR %lx, ELR %lx\n", vector, el, frame->esr, frame->elr);
        power_off(1);
    }
    serror = frame->esr;
    serror_vector = vector;
}

/* In place of an NMI: an SError of a syndrome of the monitor's own, though everything is masked. */
static void non_maskable(void)
{
    __asm__ volatile("msr daifset, #15" ::: "memory");
    CHECK(request(WFE_WATCHDOG_ARM, TIMEOUT, WFE_ACTION_NMI) == WFE_OK);
    spin(TIMEOUT * 9 / 10);
    CHECK(serror == 0);
    spin(TIMEOUT * 2 / 10);
    CHECK(serror == ESR_VALUE(EC_SERROR, 1 << 24 | 0x57) && serror_vector == 7);
}

static void at_el1(void)
{
    install_vectors();
    open_el1();
    mmu_on();
    WRITE(cntkctl_el1, READ(cntkctl_el1) | 0x84);  /* an event at least each 2^9 ticks */
    WRITE(sctlr_el1, READ(sctlr_el1) | 1ul << 18); /* nTWE: EL0 may wait */
    ISB();
    discover(&result, 100000, true);
    check_discovery("EL1");
    call_el0(ask_el0);
    check_discovery("EL0");
    registers(1);
    registers(0);
    deadline();
    non_maskable();
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
    set_handler(handle);
    go_on_at_el1(at_el1);
}
