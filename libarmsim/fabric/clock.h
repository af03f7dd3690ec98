/*
 * Virtual time and the event queue.
 *
 * Time is in nanoseconds since reset, a function of the instructions executed (see the run loop): the host's
 * clock is never read. Events fire in the order (time, priority, insertion).
 */
#ifndef ARMSIM_FABRIC_CLOCK_H
#define ARMSIM_FABRIC_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_NEVER UINT64_MAX

struct clock;

/* Owned by the component (usually embedded); must stay put while scheduled. Zero-initialised is idle. */
struct clock_event {
    const char *name;
    void (*fire)(void *opaque, uint64_t now); /* `now` is the event's own time, not later */
    void *opaque;
    uint64_t time;     /* ns; valid while scheduled */
    uint32_t priority; /* lower fires first among equal times; see CLOCK_PRIORITY_* */
    uint64_t order;    /* set by the clock: insertion order */
    size_t heap_index; /* set by the clock: 0 when idle, else position + 1 */
};

enum { CLOCK_PRIORITY_TIMER = 0, CLOCK_PRIORITY_DEVICE = 10, CLOCK_PRIORITY_INPUT = 20, CLOCK_PRIORITY_HOST = 30 };

struct clock *clock_create(void); /* NULL: out of memory */
void clock_destroy(struct clock *clock);

/* The present: exact inside a PE's slow path too, because the run loop installs a source for it. */
uint64_t clock_now(const struct clock *clock);
void clock_set_source(struct clock *clock, uint64_t (*now)(void *opaque), void *opaque);

/* Called whenever the earliest deadline moves to an earlier time, so that the run loop can shorten a turn. */
void clock_set_deadline_watch(struct clock *clock, void (*fn)(void *opaque, uint64_t deadline), void *opaque);

/* (Re)schedules; a time in the past fires at the next clock_advance. Never fails: the heap grows at create and
 * on registration only. Every event must be registered once before use: 0 or -ENOMEM. */
int clock_register(struct clock *clock, struct clock_event *event);
/* Cancels and forgets the event; of one that was never registered, does nothing. */
void clock_unregister(struct clock *clock, struct clock_event *event);
void clock_schedule(struct clock *clock, struct clock_event *event, uint64_t time); /* CLOCK_NEVER: cancels */
/* As clock_schedule with the insertion order given: for loading a saved queue. */
void clock_schedule_ordered(struct clock *clock, struct clock_event *event, uint64_t time, uint64_t order);
void clock_cancel(struct clock *clock, struct clock_event *event);
static inline bool clock_is_scheduled(const struct clock_event *event) { return event->heap_index != 0; }

uint64_t clock_next_deadline(const struct clock *clock); /* ns, or CLOCK_NEVER */

/*
 * Moves the base time to `time` (never backwards) and fires all events due at or before it, in order. Without a
 * source clock_now() is the event's time while it fires. An event may reschedule itself, but only for later than
 * its own time.
 */
void clock_advance(struct clock *clock, uint64_t time);

/* Events fired so far, for statistics. */
uint64_t clock_fired(const struct clock *clock);

/* Registered events, in registration order (saving); and their times chained into a hash. */
size_t clock_event_count(const struct clock *clock);
struct clock_event *clock_event_at(const struct clock *clock, size_t index);
uint64_t clock_hash(const struct clock *clock, uint64_t hash);

/* The present and every event's schedule. Loading wants the same events, and changes nothing if they aren't (false). */
struct state_writer;
struct state_reader;
void clock_save(const struct clock *clock, struct state_writer *writer);
bool clock_load(struct clock *clock, struct state_reader *reader);

#endif
