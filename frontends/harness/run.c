/* One test: running it to its end, with what is injected. */
#include "frontends/harness/harness.h"
#include "frontends/random.h"

#include <stdlib.h>
#include <string.h>

/* The event that comes first; NULL: none is left that comes by itself. */
static struct event *next_event(struct running *running, enum when when)
{
    struct event *first = NULL;
    for (size_t i = 0; i < running->event_count; i++) {
        struct event *event = &running->events[i];
        if (!event->done && event->when == when && (!first || event->at < first->at))
            first = event;
    }
    return first;
}

static bool fire(struct running *running, struct event *event, struct buffer *error)
{
    event->done = true;
    if (event->when == WHEN_SYMBOL)
        armsim_breakpoint_remove(running->machine, event->at);
    if (event->when == WHEN_READ || event->when == WHEN_WRITE)
        armsim_watchpoint_remove(running->machine, event->at, 1, event_watch_kinds(event));
    return event_fire(running, event, error);
}

/* Fires what is due. False: an event was refused. */
static bool fire_due(struct running *running, struct buffer *error)
{
    struct event *event;
    while ((event = next_event(running, WHEN_INSTRUCTIONS)) && event->at <= armsim_instructions(running->machine))
        if (!fire(running, event, error))
            return false;
    while ((event = next_event(running, WHEN_TIME)) && event->at <= armsim_time_ns(running->machine))
        if (!fire(running, event, error))
            return false;
    return true;
}

/* Instructions until the next event could be due. */
static uint64_t distance(struct running *running)
{
    uint64_t now = armsim_instructions(running->machine), left = running->limit - now;
    const struct event *event = next_event(running, WHEN_INSTRUCTIONS);
    if (event && event->at - now < left)
        left = event->at - now;
    event = next_event(running, WHEN_TIME);
    if (event && event->at - armsim_time_ns(running->machine) < left) /* 1 ns each at the default frequency */
        left = event->at - armsim_time_ns(running->machine);
    return left;
}

/* Fires the events of a kind that wait for `at`. */
static bool fire_all(struct running *running, enum when when, uint64_t at, struct buffer *error)
{
    for (size_t i = 0; i < running->event_count; i++) {
        struct event *event = &running->events[i];
        if (event->when == when && !event->done && event->at == at && !fire(running, event, error))
            return false;
    }
    return true;
}

bool running_awaits_trap(const struct running *running)
{
    for (size_t i = 0; i < running->event_count; i++) {
        const struct event *event = &running->events[i];
        if (event->when == WHEN_TRAP && !event->done && event->at == running->trap_count)
            return true;
    }
    return false;
}

/* A stop that the harness made itself, or that an event to come undoes. True: the run goes on. */
static bool goes_on(struct running *running, bool *good, struct buffer *error)
{
    const struct armsim_stop *stop = &running->stop;
    struct event *event = NULL;
    switch (stop->reason) {
    case ARMSIM_STOP_LIMIT:
        return stop->instructions < running->limit;
    case ARMSIM_STOP_BREAKPOINT:
        if (running->halts && stop->pc == running->halt)
            return false;
        *good = fire_all(running, WHEN_SYMBOL, stop->pc, error);
        return *good;
    case ARMSIM_STOP_WATCHPOINT:
        *good = (!(stop->watch_kinds & ARMSIM_WATCH_READ) || fire_all(running, WHEN_READ, stop->watchpoint, error)) &&
                (!(stop->watch_kinds & ARMSIM_WATCH_WRITE) || fire_all(running, WHEN_WRITE, stop->watchpoint, error));
        return *good;
    case ARMSIM_STOP_HOOK:
        *good = fire_all(running, WHEN_TRAP, running->trap_count, error);
        return *good && running->trap_count < running->trap_limit;
    case ARMSIM_STOP_IDLE:
        event = next_event(running, WHEN_TIME);
        if (event && event->at < stop->idle_until_ns)
            armsim_advance_idle(running->machine, event->at);
        return true;
    case ARMSIM_STOP_WAITING:
    case ARMSIM_STOP_DEADLOCK:
        event = next_event(running, WHEN_INSTRUCTIONS);
        event = event ? event : next_event(running, WHEN_TIME);
        *good = !event || fire(running, event, error);
        return event && *good;
    default:
        return false;
    }
}

/* Looping there, or waiting behind a WFI or WFE that is there. */
static bool at_symbol(const struct running *running, const char *name)
{
    const struct symbol *symbol = image_symbol(running->scope.image, name);
    uint64_t behind = running->stop.reason == ARMSIM_STOP_LIMIT ? 0 : 4;
    return symbol && running->stop.pc == symbol->value + behind;
}

/* A loop or a wait at a symbol is an ending of its own. */
static const char *ending_of(const struct running *running)
{
    enum armsim_stop_reason reason = running->stop.reason;
    if (reason == ARMSIM_STOP_LIMIT || reason == ARMSIM_STOP_DEADLOCK || reason == ARMSIM_STOP_WAITING) {
        if (at_symbol(running, "done"))
            return "done";
        if (at_symbol(running, "fail"))
            return "fail";
    }
    if (reason == ARMSIM_STOP_HOOK)
        return "too-many-traps";
    return armsim_stop_name(reason);
}

bool running_run(struct running *running, uint64_t cuts, struct buffer *error)
{
    bool good = true;
    armsim_set_idle_stop(running->machine, next_event(running, WHEN_TIME) != NULL);
    running->stop = (struct armsim_stop){.size = sizeof(running->stop)};
    while (good) {
        good = fire_due(running, error);
        uint64_t slice = distance(running);
        if (cuts) {
            uint64_t piece = splitmix64(&cuts) % 97 + 1;
            slice = piece < slice ? piece : slice;
        }
        int code = running->gdb ? debug_slice(running, slice, &running->stop)
                                : armsim_run(running->machine, slice, &running->stop);
        if (code < 0 && running->stop.reason != ARMSIM_STOP_ERROR)
            break;
        if (!good || !goes_on(running, &good, error))
            break;
    }
    running->ending = ending_of(running);
    return good;
}

bool running_run_to(struct running *running, uint64_t count, struct buffer *error)
{
    uint64_t limit = running->limit;
    if (!count)
        return true;
    running->limit = count < limit ? count : limit;
    bool good = running_run(running, 0, error);
    running->limit = limit;
    return good && running->stop.reason == ARMSIM_STOP_LIMIT && armsim_instructions(running->machine) == count;
}

void running_end(struct running *running)
{
    armsim_destroy(running->machine);
    free(running->traps);
    free(running->window);
    buffer_free(&running->console);
    arena_free(&running->arena);
}
