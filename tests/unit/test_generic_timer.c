/* The Generic Timer: counters, the five timers to the nanosecond, and the event stream. */
#include "devices/generic_timer.h"
#include "run_suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct device_env env;
static struct generic_timer *timer;
static struct irq_line lines[TIMER_COUNT];
static uint64_t changed_at[TIMER_COUNT];
static unsigned changes, events;

static void line_changed(void *opaque, unsigned number, bool level)
{
    changed_at[number] = clock_now(env.clock);
    changes++;
}

static void stream_event(void *opaque)
{
    events++;
}

static void start(uint64_t frequency)
{
    struct irq_line *outputs[TIMER_COUNT];
    env = (struct device_env){.clock = clock_create()};
    for (unsigned id = 0; id < TIMER_COUNT; id++) {
        lines[id] = (struct irq_line){.set = line_changed, .number = id};
        outputs[id] = &lines[id];
    }
    timer = generic_timer_create(&env, 0, frequency, outputs);
    ck_assert_ptr_nonnull(timer);
    generic_timer_reset(timer);
    generic_timer_on_event(timer, stream_event, NULL);
    changes = events = 0;
}

static void stop(void)
{
    generic_timer_destroy(timer);
    clock_destroy(env.clock);
}

static uint64_t get(enum timer_register reg)
{
    return generic_timer_read(timer, reg);
}
static void set(enum timer_register reg, uint64_t value)
{
    generic_timer_write(timer, reg, value);
}

START_TEST(test_counter)
{
    static const uint64_t frequencies[] = {62500000, 1, 1000000000, 19200000, 24576000, 999999937, 3};
    static const uint64_t times[] = {0, 1, 15, 16, 17, 999999999, 1000000000, 123456789012345ull, 1ull << 62};
    for (unsigned f = 0; f < sizeof(frequencies) / sizeof(frequencies[0]); f++) {
        start(frequencies[f]);
        ck_assert_uint_eq(generic_timer_frequency(timer), frequencies[f]);
        for (unsigned t = 0; t < sizeof(times) / sizeof(times[0]); t++) {
            clock_advance(env.clock, times[t]);
            uint64_t expected = (uint64_t)((unsigned __int128)times[t] * frequencies[f] / 1000000000);
            ck_assert_uint_eq(get(TIMER_CNTPCT), expected);
            ck_assert_uint_eq(get(TIMER_CNTVCT), expected);
        }
        set(TIMER_CNTVOFF, 1000);
        ck_assert_uint_eq(get(TIMER_CNTVCT), get(TIMER_CNTPCT) - 1000);
        stop();
    }
    start(0);
    ck_assert_uint_eq(generic_timer_frequency(timer), 62500000);
    struct irq_line *none[TIMER_COUNT] = {NULL};
    ck_assert_ptr_null(generic_timer_create(&env, 1, 1000000001, none));
    stop();
}
END_TEST

START_TEST(test_registers)
{
    start(0);
    clock_advance(env.clock, 16000);
    for (unsigned id = 0; id < TIMER_COUNT; id++) {
        enum timer_register ctl = 3 * id, cval = ctl + 1, tval = ctl + 2;
        ck_assert_uint_eq(get(ctl), 0);
        set(cval, 1500);
        ck_assert_uint_eq(get(tval), 500);
        set(tval, 0x80000000); /* signed */
        ck_assert_uint_eq(get(cval), 1000 - 0x80000000ull);
        ck_assert_uint_eq(get(tval), 0x80000000);
        set(tval, 0xffffffff);
        ck_assert_uint_eq(get(cval), 999);
        set(ctl, 0xffffffff);
        ck_assert_uint_eq(get(ctl), 7); /* ENABLE, IMASK, ISTATUS */
        ck_assert(!lines[id].level);
        set(ctl, 1);
        ck_assert_uint_eq(get(ctl), 5);
        ck_assert(lines[id].level);
        set(cval, 1001);
        ck_assert_uint_eq(get(ctl), 1);
        ck_assert(!lines[id].level);
        set(ctl, 0);
        ck_assert_uint_eq(get(ctl), 0);
    }
    stop();
}
END_TEST

/* The line rises at the first nanosecond at which the count is CVAL, for awkward frequencies. */
START_TEST(test_exact_time)
{
    static const uint64_t frequencies[] = {62500000, 19200000, 999999937, 7, 1000000000};
    for (unsigned f = 0; f < sizeof(frequencies) / sizeof(frequencies[0]); f++)
        for (uint64_t count = 1; count < 200; count += 13) {
            start(frequencies[f]);
            set(TIMER_CNTP_CVAL, count);
            set(TIMER_CNTP_CTL, 1);
            uint64_t due = clock_next_deadline(env.clock);
            ck_assert_uint_ge((unsigned __int128)due * frequencies[f] / 1000000000, count);
            ck_assert_uint_lt((unsigned __int128)(due - 1) * frequencies[f] / 1000000000, count);
            clock_advance(env.clock, due - 1);
            ck_assert(!lines[TIMER_PHYSICAL].level);
            clock_advance(env.clock, due);
            ck_assert(lines[TIMER_PHYSICAL].level);
            ck_assert_uint_eq(changed_at[TIMER_PHYSICAL], due);
            clock_advance(env.clock, due + 1000000000);
            ck_assert_uint_eq(changes, 1);
            stop();
        }
}
END_TEST

START_TEST(test_masks_and_offsets)
{
    start(0);
    set(TIMER_CNTV_CVAL, 100);
    set(TIMER_CNTV_CTL, 3); /* masked: nothing to schedule */
    ck_assert_uint_eq(clock_next_deadline(env.clock), CLOCK_NEVER);
    set(TIMER_CNTV_CTL, 1);
    ck_assert_uint_eq(clock_next_deadline(env.clock), 1600);
    set(TIMER_CNTVOFF, 50);
    ck_assert(lines[TIMER_VIRTUAL].level);                  /* CNTVCT is just below 2^64 */
    ck_assert_uint_eq(clock_next_deadline(env.clock), 800); /* ... wraps there */
    clock_advance(env.clock, 800);
    ck_assert(!lines[TIMER_VIRTUAL].level);
    ck_assert_uint_eq(get(TIMER_CNTVCT), 0);
    clock_advance(env.clock, 2399);
    ck_assert(!lines[TIMER_VIRTUAL].level);
    clock_advance(env.clock, 2400);
    ck_assert(lines[TIMER_VIRTUAL].level);
    set(TIMER_CNTHV_CVAL, 160); /* not under CNTVOFF */
    set(TIMER_CNTHV_CTL, 1);
    clock_advance(env.clock, 2560);
    ck_assert(lines[TIMER_HYPERVISOR_VIRTUAL].level);
    set(TIMER_CNTV_CVAL, 0); /* met for ever */
    ck_assert(lines[TIMER_VIRTUAL].level);
    set(TIMER_CNTV_CVAL, UINT64_MAX);
    ck_assert(!lines[TIMER_VIRTUAL].level);
    stop();
}
END_TEST

START_TEST(test_reset_drops_lines)
{
    start(0);
    clock_advance(env.clock, 1000);
    set(TIMER_CNTPS_CTL, 1);
    ck_assert(lines[TIMER_SECURE].level);
    generic_timer_reset(timer);
    ck_assert(!lines[TIMER_SECURE].level);
    ck_assert_uint_eq(get(TIMER_CNTPCT), 62); /* the counter isn't the PE's */
    stop();
}
END_TEST

/* Save the fields, load them into another timer at the same time: it goes on alike. */
START_TEST(test_load)
{
    start(0);
    set(TIMER_CNTP_CVAL, 100);
    set(TIMER_CNTP_CTL, 1);
    struct irq_line *none[TIMER_COUNT] = {NULL};
    struct generic_timer *other = generic_timer_create(&env, 0, 0, none);
    struct state_section a = generic_timer_section(timer), b = generic_timer_section(other);
    for (size_t f = 0; f < a.field_count; f++)
        for (uint32_t n = 0; n < a.fields[f].count; n++)
            state_set(&b, &b.fields[f], n, state_get(&a, &a.fields[f], n));
    set(TIMER_CNTP_CTL, 0);
    ck_assert_uint_eq(clock_next_deadline(env.clock), CLOCK_NEVER);
    generic_timer_loaded(other);
    ck_assert_uint_eq(clock_next_deadline(env.clock), 1600);
    generic_timer_destroy(other);
    ck_assert_uint_eq(clock_next_deadline(env.clock), CLOCK_NEVER);
    stop();
}
END_TEST

/* Every trigger of the stream, against the bit itself. */
START_TEST(test_event_stream)
{
    for (unsigned virtual_counter = 0; virtual_counter < 2; virtual_counter++)
        for (unsigned bit = 0; bit < 6; bit++)
            for (unsigned falling = 0; falling < 2; falling++) {
                start(62500000);
                uint64_t offset = virtual_counter ? 5 : 0;
                set(TIMER_CNTVOFF, offset);
                clock_advance(env.clock, 160);
                ck_assert(!generic_timer_take_event(timer));
                set(virtual_counter ? TIMER_CNTKCTL : TIMER_CNTHCTL, 4 | falling << 3 | bit << 4);
                uint64_t expected = CLOCK_NEVER;
                for (uint64_t count = 10; count < 1000; count++) {
                    uint64_t before = (count - offset) >> bit & 1, after = (count + 1 - offset) >> bit & 1;
                    bool trigger = falling ? before && !after : !before && after;
                    uint64_t at = (count + 1) * 16;
                    if (trigger && expected == CLOCK_NEVER)
                        expected = at;
                    if (trigger)
                        ck_assert_uint_eq(generic_timer_next_event_stream(timer, at - 1), at);
                    clock_advance(env.clock, at - 1);
                    ck_assert(!generic_timer_take_event(timer));
                    clock_advance(env.clock, at);
                    ck_assert(generic_timer_take_event(timer) == trigger);
                    ck_assert(!generic_timer_take_event(timer));
                }
                clock_advance(env.clock, 1000000);
                ck_assert(generic_timer_take_event(timer));
                stop();
            }
}
END_TEST

START_TEST(test_event_wait)
{
    start(0);
    ck_assert_uint_eq(generic_timer_next_event_stream(timer, 0), CLOCK_NEVER);
    generic_timer_wait_event(timer, true);
    ck_assert_uint_eq(clock_next_deadline(env.clock), CLOCK_NEVER);
    set(TIMER_CNTKCTL, 4 | 9 << 4); /* bit 9: every 1024 counts, first at 512 */
    ck_assert_uint_eq(clock_next_deadline(env.clock), 512 * 16);
    clock_advance(env.clock, 512 * 16);
    ck_assert_uint_eq(events, 1);
    ck_assert(generic_timer_take_event(timer));
    ck_assert_uint_eq(clock_next_deadline(env.clock), CLOCK_NEVER); /* once */
    clock_advance(env.clock, 100000000);
    ck_assert_uint_eq(events, 1);
    generic_timer_wait_event(timer, true);
    generic_timer_wait_event(timer, false);
    ck_assert_uint_eq(clock_next_deadline(env.clock), CLOCK_NEVER);
    /* What an old stream triggered is not lost when the control changes. */
    set(TIMER_CNTKCTL, 0);
    ck_assert(generic_timer_take_event(timer));
    ck_assert(!generic_timer_take_event(timer));
    /* Two streams: the earlier one. */
    set(TIMER_CNTKCTL, 4 | 9 << 4);
    set(TIMER_CNTHCTL, 4 | 3 << 4);
    uint64_t now = clock_now(env.clock), next = generic_timer_next_event_stream(timer, now);
    ck_assert_uint_gt(next, now);
    ck_assert_uint_le(next, now + 16 * 16);
    stop();
}
END_TEST

/* A counter that begins elsewhere, also one that is about to wrap: timers and the event stream keep their distance. */
START_TEST(test_epoch)
{
    static const uint64_t epochs[] = {1, 1ull << 40, UINT64_MAX - 50};
    for (unsigned i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++) {
        start(1000000000);
        generic_timer_set_epoch(timer, epochs[i]);
        ck_assert_uint_eq(get(TIMER_CNTPCT), epochs[i]);
        clock_advance(env.clock, 10);
        ck_assert_uint_eq(get(TIMER_CNTPCT), epochs[i] + 10);
        set(TIMER_CNTP_TVAL, 20);
        set(TIMER_CNTP_CTL, 1);
        ck_assert_uint_eq(clock_next_deadline(env.clock), 30);
        clock_advance(env.clock, 30);
        ck_assert(lines[TIMER_PHYSICAL].level);
        set(TIMER_CNTP_CTL, 0);
        set(TIMER_CNTKCTL, 1 << 2 | 3 << 4); /* the stream: bit 3 rises */
        uint64_t count = epochs[i] + 30, next = ((count + 8) / 16 + 1) * 16 - 8;
        ck_assert_uint_eq(generic_timer_next_event_stream(timer, 30), 30 + (next - count));
        stop();
    }
    start(1000000000); /* the condition ends where the count wraps */
    generic_timer_set_epoch(timer, UINT64_MAX - 50);
    set(TIMER_CNTP_CVAL, 1000);
    set(TIMER_CNTP_CTL, 1);
    ck_assert(lines[TIMER_PHYSICAL].level);
    clock_advance(env.clock, 51);
    ck_assert_uint_eq(get(TIMER_CNTPCT), 0);
    ck_assert(!lines[TIMER_PHYSICAL].level);
    clock_advance(env.clock, 1051);
    ck_assert(lines[TIMER_PHYSICAL].level);
    stop();
}
END_TEST

START_TEST(test_far_future)
{
    start(1000000000);
    set(TIMER_CNTP_CVAL, UINT64_MAX - 1);
    set(TIMER_CNTP_CTL, 1);
    ck_assert_uint_eq(clock_next_deadline(env.clock), UINT64_MAX - 1);
    set(TIMER_CNTP_CTL, 0);
    stop();
    start(1); /* one count a second: never within 64 bits of nanoseconds */
    set(TIMER_CNTP_CVAL, 1ull << 40);
    set(TIMER_CNTP_CTL, 1);
    ck_assert_uint_eq(clock_next_deadline(env.clock), CLOCK_NEVER);
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("generic timer");
    TCase *tests = tcase_create("timer");
    tcase_add_test(tests, test_counter);
    tcase_add_test(tests, test_registers);
    tcase_add_test(tests, test_exact_time);
    tcase_add_test(tests, test_masks_and_offsets);
    tcase_add_test(tests, test_reset_drops_lines);
    tcase_add_test(tests, test_load);
    tcase_add_test(tests, test_event_stream);
    tcase_add_test(tests, test_event_wait);
    tcase_add_test(tests, test_far_future);
    tcase_add_test(tests, test_epoch);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
