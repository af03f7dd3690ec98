/* The Generic Timer of one PE: see generic_timer.h. */
#include "devices/generic_timer.h"

#include <stdio.h>
#include <stdlib.h>

#define NANOSECONDS 1000000000ull

enum { CTL_ENABLE = 1u << 0, CTL_IMASK = 1u << 1, CTL_ISTATUS = 1u << 2 };
enum { EVNTEN = 1u << 2, EVNTDIR = 1u << 3 };
enum { REG_CTL, REG_CVAL, REG_TVAL, REGS_PER_TIMER };

struct timer {
    struct generic_timer *owner;
    enum timer_id id;
    struct irq_line *line;
    struct clock_event event;
};

struct generic_timer {
    const struct device_env *env;
    uint64_t frequency, epoch;
    uint64_t ticks, nanoseconds; /* frequency / 10^9, reduced */
    uint64_t exact_limit;        /* below this many ns, now * ticks fits 64 bits */
    uint64_t exact_count;        /* below this count, its time can be computed in 64 bits */
    struct timer timers[TIMER_COUNT];

    uint32_t ctl[TIMER_COUNT]; /* ENABLE, IMASK */
    uint64_t cval[TIMER_COUNT];
    uint64_t cntvoff;
    uint64_t cntkctl, cnthctl;

    uint64_t event_checked; /* CNTPCT when the stream was last asked or changed */
    bool event_latched;     /* a trigger of before the change */
    bool waiting;
    struct clock_event wake;
    void (*on_event)(void *opaque);
    void *on_event_opaque;
    char name[24];
};

static const struct state_field fields[] = {
    STATE_ARRAY_MAX(struct generic_timer, ctl, 0, CTL_ENABLE | CTL_IMASK), STATE_ARRAY(struct generic_timer, cval, 0),
    STATE_FIELD(struct generic_timer, cntvoff, 0),       STATE_FIELD(struct generic_timer, cntkctl, 0),
    STATE_FIELD(struct generic_timer, cnthctl, 0),       STATE_FIELD(struct generic_timer, event_checked, 0),
    STATE_FIELD(struct generic_timer, event_latched, 0), STATE_FIELD(struct generic_timer, waiting, 0),
};

/* --- counts and nanoseconds --- */

/* Counts since time began. */
static uint64_t elapsed_at(const struct generic_timer *timer, uint64_t now)
{
    if (now < timer->exact_limit)
        return now * timer->ticks / timer->nanoseconds;
    return (uint64_t)((unsigned __int128)now * timer->ticks / timer->nanoseconds);
}

/* CNTPCT, which wraps. */
static uint64_t count_at(const struct generic_timer *timer, uint64_t now)
{
    return elapsed_at(timer, now) + timer->epoch;
}

/* The first nanosecond at which `count` counts or more have elapsed. */
static uint64_t time_of(const struct generic_timer *timer, unsigned __int128 count)
{
    if (count < timer->exact_count)
        return ((uint64_t)count * timer->nanoseconds + timer->ticks - 1) / timer->ticks;
    unsigned __int128 time = (count * timer->nanoseconds + timer->ticks - 1) / timer->ticks;
    return time < CLOCK_NEVER ? (uint64_t)time : CLOCK_NEVER;
}

uint64_t generic_timer_frequency(const struct generic_timer *timer)
{
    return timer->frequency;
}

void generic_timer_set_epoch(struct generic_timer *timer, uint64_t epoch)
{
    timer->epoch = epoch;
    timer->event_checked = generic_timer_count(timer);
}

uint64_t generic_timer_count(const struct generic_timer *timer)
{
    return count_at(timer, clock_now(timer->env->clock));
}

/* --- timers --- */

static uint64_t timer_offset(const struct generic_timer *timer, enum timer_id id)
{
    return id == TIMER_VIRTUAL ? timer->cntvoff : 0;
}

/* The counter that the timer compares with its CVAL. */
static uint64_t timer_count(const struct generic_timer *timer, enum timer_id id, uint64_t now)
{
    return count_at(timer, now) - timer_offset(timer, id);
}

/* Drives the line as of `now`, and schedules the next change: CVAL reached, or the counter wrapped below it. */
static void update_timer(struct timer *t, uint64_t now)
{
    const struct generic_timer *timer = t->owner;
    if ((timer->ctl[t->id] & (CTL_ENABLE | CTL_IMASK)) != CTL_ENABLE) {
        clock_cancel(timer->env->clock, &t->event);
        irq_set(t->line, false);
        return;
    }
    uint64_t count = timer_count(timer, t->id, now), cval = timer->cval[t->id];
    bool met = count >= cval;
    unsigned __int128 ahead = met ? ((unsigned __int128)1 << 64) - count : cval - count;
    uint64_t change = met && cval == 0 ? CLOCK_NEVER : time_of(timer, elapsed_at(timer, now) + ahead);
    if (change == CLOCK_NEVER)
        clock_cancel(timer->env->clock, &t->event);
    else
        clock_schedule(timer->env->clock, &t->event, change);
    irq_set(t->line, met);
}

static void fire_timer(void *opaque, uint64_t now)
{
    update_timer(opaque, now);
}

static uint64_t read_timer(const struct generic_timer *timer, enum timer_id id, unsigned reg)
{
    uint64_t count = timer_count(timer, id, clock_now(timer->env->clock));
    switch (reg) {
    case REG_CTL:
        if (timer->ctl[id] & CTL_ENABLE && count >= timer->cval[id])
            return timer->ctl[id] | CTL_ISTATUS;
        return timer->ctl[id]; /* ISTATUS is UNKNOWN while ENABLE is 0: 0 */
    case REG_CVAL:
        return timer->cval[id];
    default:
        return (timer->cval[id] - count) & UINT32_MAX;
    }
}

static void write_timer(struct generic_timer *timer, enum timer_id id, unsigned reg, uint64_t value)
{
    uint64_t now = clock_now(timer->env->clock);
    if (reg == REG_CTL)
        timer->ctl[id] = value & (CTL_ENABLE | CTL_IMASK);
    else if (reg == REG_CVAL)
        timer->cval[id] = value;
    else
        timer->cval[id] = timer_count(timer, id, now) + (uint64_t)(int64_t)(int32_t)(uint32_t)value;
    update_timer(&timer->timers[id], now);
}

/* --- event stream --- */

struct stream {
    uint64_t offset; /* of its counter against CNTPCT */
    uint64_t half;   /* counts from one change of bit EVNTI to the next */
    bool falling;    /* EVNTDIR: the trigger is the change from 1 to 0 */
};

static bool get_stream(const struct generic_timer *timer, bool virtual_counter, struct stream *stream)
{
    uint64_t control = virtual_counter ? timer->cntkctl : timer->cnthctl;
    *stream = (struct stream){virtual_counter ? timer->cntvoff : 0, 1ull << (control >> 4 & 15), control & EVNTDIR};
    return control & EVNTEN;
}

/* How many triggers there have been when the stream's counter is `count`. */
static uint64_t triggers_at(const struct stream *stream, uint64_t count)
{
    return (count + (stream->falling ? 0 : stream->half)) / (2 * stream->half);
}

/* Whether a trigger came after CNTPCT was `from`, up to `to`. */
static bool triggered(const struct stream *stream, uint64_t from, uint64_t to)
{
    return to - from >= 2 * stream->half ||
           triggers_at(stream, from - stream->offset) != triggers_at(stream, to - stream->offset);
}

static uint64_t next_trigger(const struct generic_timer *timer, const struct stream *stream, uint64_t now)
{
    uint64_t mine = count_at(timer, now) - stream->offset;
    uint64_t next = (triggers_at(stream, mine) + 1) * 2 * stream->half - (stream->falling ? 0 : stream->half);
    return time_of(timer, (unsigned __int128)elapsed_at(timer, now) + (next - mine));
}

uint64_t generic_timer_next_event_stream(const struct generic_timer *timer, uint64_t now)
{
    uint64_t earliest = CLOCK_NEVER;
    for (unsigned i = 0; i < 2; i++) {
        struct stream stream;
        if (!get_stream(timer, i, &stream))
            continue;
        uint64_t time = next_trigger(timer, &stream, now);
        if (time < earliest)
            earliest = time;
    }
    return earliest;
}

bool generic_timer_take_event(struct generic_timer *timer)
{
    bool event = timer->event_latched;
    if (((timer->cntkctl | timer->cnthctl) & EVNTEN) != 0) {
        uint64_t count = generic_timer_count(timer);
        for (unsigned i = 0; i < 2; i++) {
            struct stream stream;
            if (get_stream(timer, i, &stream))
                event |= triggered(&stream, timer->event_checked, count);
        }
        timer->event_checked = count;
    }
    timer->event_latched = false;
    return event;
}

static void schedule_wake(struct generic_timer *timer)
{
    uint64_t time = CLOCK_NEVER;
    if (timer->waiting)
        time = generic_timer_next_event_stream(timer, clock_now(timer->env->clock));
    if (time == CLOCK_NEVER)
        clock_cancel(timer->env->clock, &timer->wake);
    else
        clock_schedule(timer->env->clock, &timer->wake, time);
}

static void fire_wake(void *opaque, uint64_t now)
{
    struct generic_timer *timer = opaque;
    timer->waiting = false;
    if (timer->on_event)
        timer->on_event(timer->on_event_opaque);
}

void generic_timer_wait_event(struct generic_timer *timer, bool waiting)
{
    timer->waiting = waiting;
    schedule_wake(timer);
}

void generic_timer_on_event(struct generic_timer *timer, void (*event)(void *opaque), void *opaque)
{
    timer->on_event = event;
    timer->on_event_opaque = opaque;
}

/* CNTVOFF or a stream's control changes: what the old stream triggered is kept, the new one begins now. */
static void write_stream(struct generic_timer *timer, uint64_t *reg, uint64_t value)
{
    timer->event_latched = generic_timer_take_event(timer);
    *reg = value;
    timer->event_checked = generic_timer_count(timer);
    schedule_wake(timer);
}

/* --- registers --- */

uint64_t generic_timer_read(const struct generic_timer *timer, enum timer_register reg)
{
    if (reg < TIMER_CNTVOFF)
        return read_timer(timer, reg / REGS_PER_TIMER, reg % REGS_PER_TIMER);
    switch (reg) {
    case TIMER_CNTVOFF:
        return timer->cntvoff;
    case TIMER_CNTPCT:
        return generic_timer_count(timer);
    case TIMER_CNTVCT:
        return generic_timer_count(timer) - timer->cntvoff;
    case TIMER_CNTKCTL:
        return timer->cntkctl;
    case TIMER_CNTHCTL:
        return timer->cnthctl;
    default:
        return 0;
    }
}

void generic_timer_write(struct generic_timer *timer, enum timer_register reg, uint64_t value)
{
    if (reg < TIMER_CNTVOFF)
        write_timer(timer, reg / REGS_PER_TIMER, reg % REGS_PER_TIMER, value);
    switch (reg) {
    case TIMER_CNTVOFF:
        write_stream(timer, &timer->cntvoff, value);
        update_timer(&timer->timers[TIMER_VIRTUAL], clock_now(timer->env->clock));
        break;
    case TIMER_CNTKCTL:
        write_stream(timer, &timer->cntkctl, value);
        break;
    case TIMER_CNTHCTL:
        write_stream(timer, &timer->cnthctl, value);
        break;
    default:
        break;
    }
}

/* --- life --- */

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

struct generic_timer *generic_timer_create(const struct device_env *env, unsigned index, uint64_t frequency,
                                           struct irq_line *const lines[TIMER_COUNT])
{
    frequency = frequency ? frequency : GENERIC_TIMER_FREQUENCY;
    struct generic_timer *timer = frequency <= NANOSECONDS ? calloc(1, sizeof(*timer)) : NULL;
    if (!timer)
        return NULL;
    uint64_t divisor = greatest_divisor(frequency, NANOSECONDS);
    timer->env = env;
    timer->frequency = frequency;
    timer->ticks = frequency / divisor;
    timer->nanoseconds = NANOSECONDS / divisor;
    timer->exact_limit = UINT64_MAX / timer->ticks;
    timer->exact_count = (UINT64_MAX - timer->ticks) / timer->nanoseconds;
    snprintf(timer->name, sizeof(timer->name), "timer%u", index);
    timer->wake = (struct clock_event){
        .name = "event stream", .fire = fire_wake, .opaque = timer, .priority = CLOCK_PRIORITY_TIMER};
    bool registered = clock_register(env->clock, &timer->wake) == 0;
    for (unsigned id = 0; id < TIMER_COUNT; id++) {
        struct timer *t = &timer->timers[id];
        *t = (struct timer){
            timer,
            id,
            lines[id],
            {.name = "generic timer", .fire = fire_timer, .opaque = t, .priority = CLOCK_PRIORITY_TIMER}};
        registered = registered && clock_register(env->clock, &t->event) == 0;
    }
    if (!registered) {
        generic_timer_destroy(timer);
        return NULL;
    }
    return timer;
}

void generic_timer_destroy(struct generic_timer *timer)
{
    if (!timer)
        return;
    clock_unregister(timer->env->clock, &timer->wake);
    for (unsigned id = 0; id < TIMER_COUNT; id++)
        clock_unregister(timer->env->clock, &timer->timers[id].event);
    free(timer);
}

struct state_section generic_timer_section(struct generic_timer *timer)
{
    return (struct state_section){.name = timer->name,
                                  .version = 1,
                                  .fields = fields,
                                  .field_count = sizeof(fields) / sizeof(fields[0]),
                                  .instance = timer};
}

void generic_timer_loaded(struct generic_timer *timer)
{
    uint64_t now = clock_now(timer->env->clock);
    for (unsigned id = 0; id < TIMER_COUNT; id++)
        update_timer(&timer->timers[id], now);
    schedule_wake(timer);
}

void generic_timer_reset(struct generic_timer *timer)
{
    struct state_section section = generic_timer_section(timer);
    state_reset_section(&section);
    timer->event_checked = generic_timer_count(timer);
    generic_timer_loaded(timer);
}
