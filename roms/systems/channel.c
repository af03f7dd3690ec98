/*
 * S04 with two vCPUs, each on a PE of its own or both on one: whatever one does with WFE, the other gets on; events reach
 * who waits, also while the agent is busy; and WFI with the registers of a request is a WFI.
 */
#include "../guest/client.h"
#include "../lib/board.h"
#include "../lib/test.h"

enum { ROUNDS = 500, TURNS = 2000000, VIRTUAL_TIMER = 27 };

static volatile unsigned phase, turn, finished, calls, answered; /* phase: what the other vCPU is to do */
enum { IDLE, WAITS, NEAR_MISSES, REQUESTS, PING_PONG, OVER };

static const u64 request[5] = {WFE_REQUEST, ~WFE_REQUEST, WFE_DISCOVER, 0, 0};

static bool discover_once(void)
{
    u64 x[5] = {request[0], request[1], request[2], 0, 0};
    return wfe_call(x) && x[1] == WFE_OK && x[2] == 4;
}

static void near_miss(unsigned bit)
{
    struct probe probe = {0};
    for (unsigned i = 0; i < 5; i++)
        probe.x[i] = request[i];
    probe.x[bit / 64] ^= 1ul << bit % 64;
    u64 before[2] = {probe.x[0], probe.x[1]};
    probe_wfe(&probe);
    CHECK(probe.x[0] == before[0] && probe.x[1] == before[1] && probe.x[2] == WFE_DISCOVER);
}

/* Takes turns with the other: an event that is lost is waited for for ever. `busy`: between, the agent is called. */
static void ping_pong(unsigned me, bool busy)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (busy)
            CHECK(discover_once());
        while (turn != me)
            __asm__ volatile("wfe" ::: "memory");
        turn = !me;
        DSB();
        __asm__ volatile("sev");
    }
}

static void other(unsigned number)
{
    (void)number;
    for (;;) {
        switch (phase) {
        case WAITS: /* as a spinlock's waiter: nothing but exits */
            while (phase == WAITS)
                __asm__ volatile("sevl\n\twfe\n\tldxr w0, [%0]\n\twfe" ::"r"(&phase) : "x0", "memory");
            break;
        case NEAR_MISSES:
            near_miss(calls++ % 128);
            break;
        case REQUESTS:
            answered += discover_once();
            calls++;
            break;
        case PING_PONG:
            ping_pong(1, true);
            phase = IDLE;
            DSB();
            break;
        case OVER:
            finished = 1;
            return;
        default:
            break;
        }
    }
}

/* How long the same work takes, in ticks of the virtual counter. */
static u64 work(void)
{
    ISB();
    u64 start = READ(cntvct_el0), left = TURNS;
    __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(left)::"cc");
    ISB();
    return READ(cntvct_el0) - start;
}

/* The same with exits of its own: the other's must not keep it from the visor's locks. */
static u64 exits(void)
{
    ISB();
    u64 start = READ(cntvct_el0);
    for (unsigned i = 0; i < ROUNDS; i++)
        (void)*(volatile u32 *)BOARD_GICD;
    ISB();
    return READ(cntvct_el0) - start;
}

static void go_on(unsigned what)
{
    calls = answered = 0;
    phase = what;
    DSB();
    while ((what == NEAR_MISSES || what == REQUESTS) && calls == 0)
        ;
}

/* Masked interrupts end a WFI, too: the timer's. */
static void wfi_is_no_request(void)
{
    struct probe probe = {0};
    for (unsigned i = 0; i < 31; i++)
        probe.x[i] = i < 5 ? request[i] : i;
    WRITE(cntv_tval_el0, READ(cntfrq_el0) / 1000);
    WRITE(cntv_ctl_el0, 1);
    u64 start = READ(cntvct_el0);
    probe_wfi(&probe);
    CHECK(READ(cntvct_el0) - start >= READ(cntfrq_el0) / 1000);
    WRITE(cntv_ctl_el0, 0);
    for (unsigned i = 0; i < 31; i++)
        CHECK(probe.x[i] == (i < 5 ? request[i] : i));
}

void test_main(void)
{
    gic_enable(VIRTUAL_TIMER, 0xa0);
    CHECK(start_secondary(1, other) == 0);
    go_on(NEAR_MISSES);
    u64 beside = work();
    CHECK(calls >= 2); /* each may give the PE up */
    go_on(REQUESTS);
    u64 beside_requests = work();
    CHECK(calls > 100 && answered + 1 >= calls);
    go_on(IDLE);
    u64 idle = work(); /* the other looks at `phase` all the time: half a PE, or one of its own */
    CHECK(beside < 3 * idle && beside_requests < 3 * idle);
    u64 alone = exits();
    go_on(WAITS);
    CHECK(exits() < 4 * alone + READ(cntfrq_el0) / 500);
    go_on(PING_PONG);
    ping_pong(0, false);
    while (phase == PING_PONG)
        ;
    go_on(OVER);
    while (!finished)
        ;
    wfi_is_no_request();
    print("neither waits for the other\n");
}
