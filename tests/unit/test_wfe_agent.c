/* The agent of the WFE channel: what is a request, replies, two agents in a row, the watchdog's time. */
#include "roms/lib/syndrome.h"
#include "roms/lib/wfe_agent.h"
#include "run_suite.h"

#include <check.h>
#include <string.h>

static struct host {
    uint64_t now, timer, traced;
    unsigned barks;
    enum wfe_action action;
    struct wfe_agent *lower;
} host;
static struct wfe_agent agent, lower;

static u64 now(void *opaque)
{
    return host.now;
}

static void timer(void *opaque, u64 deadline)
{
    host.timer = deadline;
}

static void bark(void *opaque, enum wfe_action action)
{
    host.barks++;
    host.action = action;
}

static void trace(void *opaque, u64 code)
{
    host.traced = code;
}

static void below(void *opaque, u64 *x)
{
    if (host.lower)
        ck_assert(wfe_agent_serve(host.lower, ESR_WFE, x));
}

static const struct wfe_agent_ops ops = {now, timer, bark, trace, below};
static const struct wfe_agent_ops lower_ops = {now, timer, bark, trace, NULL};

static void setup(void)
{
    host = (struct host){.now = 1000};
    agent = (struct wfe_agent){.ops = &ops, .el = 2, .id = 0x22};
    lower = (struct wfe_agent){.ops = &lower_ops, .el = 3, .id = 0x33};
}

/* Serves a request and looks at the reply's common part. */
static uint64_t ask(uint64_t function, uint64_t x3, uint64_t x4)
{
    u64 x[8] = {WFE_REQUEST, ~WFE_REQUEST, function, x3, x4, 55, 66, 77};
    ck_assert(wfe_agent_serve(&agent, ESR_WFE, x));
    ck_assert(x[0] == WFE_REPLY && x[2] == 4 && x[3] == 0x22 && x[4] == 0);
    ck_assert(x[5] == 55 && x[6] == 66 && x[7] == 77);
    return x[1];
}

START_TEST(test_near_misses)
{
    for (unsigned word = 0; word < 2; word++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            u64 x[8] = {WFE_REQUEST, ~WFE_REQUEST, WFE_TRACE, 9, 9, 9, 9, 9}, before[8];
            x[word] ^= UINT64_C(1) << bit;
            memcpy(before, x, sizeof(x));
            ck_assert(!wfe_agent_serve(&agent, ESR_WFE, x));
            ck_assert(memcmp(before, x, sizeof(x)) == 0);
        }
    }
    /* The right registers, and another instruction: WFI, WFIT, WFET (TI) and every other syndrome that is one bit off. */
    for (unsigned bit = 0; bit < 32; bit++) {
        u64 x[8] = {WFE_REQUEST, ~WFE_REQUEST, WFE_TRACE, 9, 9, 9, 9, 9}, before[8];
        memcpy(before, x, sizeof(x));
        ck_assert(!wfe_agent_serve(&agent, ESR_WFE ^ UINT32_C(1) << bit, x));
        ck_assert(!wfe_agent_serve(&agent, (ESR_WFE ^ 1) | 2, x));
        ck_assert(memcmp(before, x, sizeof(x)) == 0);
    }
    ck_assert_uint_eq(host.traced, 0);
    u64 reply[8] = {WFE_REPLY, WFE_OK, 4, 0x22};
    ck_assert(!wfe_agent_serve(&agent, ESR_WFE, reply));
}
END_TEST

START_TEST(test_functions)
{
    ck_assert_uint_eq(ask(WFE_DISCOVER, 1, 2), WFE_OK);
    ck_assert_uint_eq(ask(WFE_TRACE, 0x1234, 0), WFE_OK);
    ck_assert_uint_eq(host.traced, 0x1234);
    ck_assert_uint_eq(ask(WFE_FUNCTIONS, 0, 0), WFE_UNKNOWN_FUNCTION);
    ck_assert_uint_eq(ask(UINT64_C(1) << 32, 0, 0), WFE_UNKNOWN_FUNCTION);
    ck_assert_uint_eq(ask(UINT64_MAX, 0, 0), WFE_UNKNOWN_FUNCTION);
}
END_TEST

START_TEST(test_two_agents)
{
    u64 x[5] = {WFE_REQUEST, ~WFE_REQUEST, WFE_DISCOVER, 7, 7};
    host.lower = &lower;
    ck_assert(wfe_agent_serve(&agent, ESR_WFE, x));
    ck_assert(x[0] == WFE_REPLY && x[1] == WFE_OK && x[2] == 12 && x[3] == 0x22 && x[4] == 0x33);
    /* Other functions are for the first agent alone. */
    u64 y[5] = {WFE_REQUEST, ~WFE_REQUEST, WFE_TRACE, 7, 7};
    ck_assert(wfe_agent_serve(&agent, ESR_WFE, y));
    ck_assert(y[2] == 4 && y[4] == 0);
}
END_TEST

START_TEST(test_watchdog)
{
    ck_assert_uint_eq(ask(WFE_WATCHDOG_PING, 0, 0), WFE_NOT_ARMED);
    ck_assert_uint_eq(ask(WFE_WATCHDOG_DISARM, 0, 0), WFE_NOT_ARMED);
    ck_assert_uint_eq(ask(WFE_WATCHDOG_ARM, 0, WFE_ACTION_LOG), WFE_BAD_ARGUMENT);
    ck_assert_uint_eq(ask(WFE_WATCHDOG_ARM, 100, WFE_ACTIONS), WFE_BAD_ARGUMENT);
    ck_assert_uint_eq(host.timer, 0);
    ck_assert_uint_eq(ask(WFE_WATCHDOG_ARM, 100, WFE_ACTION_RESET), WFE_OK);
    ck_assert_uint_eq(host.timer, 1100);
    for (unsigned i = 0; i < 1000000; i++) { /* in time, each just before its deadline */
        host.now = host.timer - 1;
        wfe_agent_timer(&agent);
        u64 x[8] = {WFE_REQUEST, ~WFE_REQUEST, WFE_WATCHDOG_PING};
        if (!wfe_agent_serve(&agent, ESR_WFE, x) || x[1] != WFE_OK)
            ck_abort_msg("ping %u: %lu", i, (unsigned long)x[1]);
    }
    ck_assert_uint_eq(host.barks, 0);
    host.now = host.timer;
    wfe_agent_timer(&agent);
    wfe_agent_timer(&agent);
    ck_assert(host.barks == 1 && host.action == WFE_ACTION_RESET && host.timer == 0);
    /* A ping after the deadline doesn't undo it. */
    ask(WFE_WATCHDOG_ARM, 100, WFE_ACTION_NMI);
    host.now += 100;
    ck_assert_uint_eq(ask(WFE_WATCHDOG_PING, 0, 0), WFE_NOT_ARMED);
    ck_assert(host.barks == 2 && host.action == WFE_ACTION_NMI);
    ask(WFE_WATCHDOG_ARM, 100, WFE_ACTION_LOG);
    ck_assert_uint_eq(ask(WFE_WATCHDOG_DISARM, 0, 0), WFE_OK);
    host.now += 1000;
    wfe_agent_timer(&agent);
    ck_assert(host.barks == 2 && host.timer == 0);
    ask(WFE_WATCHDOG_ARM, UINT64_MAX, WFE_ACTION_LOG);
    ck_assert_uint_eq(host.timer, UINT64_MAX);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("wfe-agent");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_near_misses);
    tcase_add_test(tcase, test_functions);
    tcase_add_test(tcase, test_two_agents);
    tcase_add_test(tcase, test_watchdog);
    Suite *suite = suite_create("wfe-agent");
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
