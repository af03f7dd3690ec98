/*
 * Virtual time: a binary heap of events ordered by (time, priority, insertion).
 */
#include "libarmsim/fabric/clock.h"

#include "libarmsim/fabric/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct clock {
    uint64_t base; /* ns; what clock_now() says without a source */
    uint64_t next_order;
    uint64_t fired; /* events so far: a figure, not state */
    struct clock_event **heap;
    size_t count;
    struct clock_event **registered; /* in registration order: the canonical list for hashing and saving */
    size_t registered_count, capacity;
    uint64_t (*now)(void *opaque);
    void *now_opaque;
    void (*deadline_watch)(void *opaque, uint64_t deadline);
    void *watch_opaque;
};

struct clock *clock_create(void)
{
    return calloc(1, sizeof(struct clock));
}

void clock_destroy(struct clock *clock)
{
    if (!clock)
        return;
    free(clock->heap);
    free(clock->registered);
    free(clock);
}

uint64_t clock_now(const struct clock *clock)
{
    return clock->now ? clock->now(clock->now_opaque) : clock->base;
}

void clock_set_source(struct clock *clock, uint64_t (*now)(void *opaque), void *opaque)
{
    clock->now = now;
    clock->now_opaque = opaque;
}

void clock_set_deadline_watch(struct clock *clock, void (*fn)(void *opaque, uint64_t deadline), void *opaque)
{
    clock->deadline_watch = fn;
    clock->watch_opaque = opaque;
}

int clock_register(struct clock *clock, struct clock_event *event)
{
    if (clock->registered_count == clock->capacity) {
        size_t capacity = clock->capacity ? clock->capacity * 2 : 32;
        struct clock_event **heap = realloc(clock->heap, capacity * sizeof(*heap));
        if (!heap)
            return -ENOMEM;
        clock->heap = heap;
        struct clock_event **registered = realloc(clock->registered, capacity * sizeof(*registered));
        if (!registered)
            return -ENOMEM;
        clock->registered = registered;
        clock->capacity = capacity;
    }
    event->heap_index = 0;
    clock->registered[clock->registered_count++] = event;
    return 0;
}

static bool fires_before(const struct clock_event *a, const struct clock_event *b)
{
    if (a->time != b->time)
        return a->time < b->time;
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return a->order < b->order;
}

static void place(struct clock *clock, size_t position, struct clock_event *event)
{
    clock->heap[position] = event;
    event->heap_index = position + 1;
}

static void sift_up(struct clock *clock, size_t position, struct clock_event *event)
{
    while (position) {
        size_t parent = (position - 1) / 2;
        if (!fires_before(event, clock->heap[parent]))
            break;
        place(clock, position, clock->heap[parent]);
        position = parent;
    }
    place(clock, position, event);
}

static void sift_down(struct clock *clock, size_t position, struct clock_event *event)
{
    for (;;) {
        size_t child = 2 * position + 1;
        if (child >= clock->count)
            break;
        if (child + 1 < clock->count && fires_before(clock->heap[child + 1], clock->heap[child]))
            child++;
        if (!fires_before(clock->heap[child], event))
            break;
        place(clock, position, clock->heap[child]);
        position = child;
    }
    place(clock, position, event);
}

static void heap_remove(struct clock *clock, struct clock_event *event)
{
    size_t position = event->heap_index - 1;
    event->heap_index = 0;
    struct clock_event *moved = clock->heap[--clock->count];
    if (moved == event)
        return;
    if (position && fires_before(moved, clock->heap[(position - 1) / 2]))
        sift_up(clock, position, moved);
    else
        sift_down(clock, position, moved);
}

void clock_unregister(struct clock *clock, struct clock_event *event)
{
    for (size_t i = 0; i < clock->registered_count; i++) {
        if (clock->registered[i] != event)
            continue;
        if (event->heap_index)
            heap_remove(clock, event);
        clock->registered_count--;
        memmove(&clock->registered[i], &clock->registered[i + 1],
                (clock->registered_count - i) * sizeof(*clock->registered));
        return;
    }
}

uint64_t clock_next_deadline(const struct clock *clock)
{
    return clock->count ? clock->heap[0]->time : CLOCK_NEVER;
}

void clock_cancel(struct clock *clock, struct clock_event *event)
{
    if (event->heap_index)
        heap_remove(clock, event);
}

void clock_schedule(struct clock *clock, struct clock_event *event, uint64_t time)
{
    clock_schedule_ordered(clock, event, time, clock->next_order++);
}

void clock_schedule_ordered(struct clock *clock, struct clock_event *event, uint64_t time, uint64_t order)
{
    uint64_t before = clock_next_deadline(clock);
    clock_cancel(clock, event);
    if (time == CLOCK_NEVER || clock->count == clock->capacity)
        return; /* the second: an event that nobody registered, which has no place reserved */
    event->time = time;
    event->order = order;
    if (order >= clock->next_order)
        clock->next_order = order + 1;
    sift_up(clock, clock->count++, event);
    if (time < before && clock->deadline_watch)
        clock->deadline_watch(clock->watch_opaque, time);
}

void clock_advance(struct clock *clock, uint64_t time)
{
    while (clock->count && clock->heap[0]->time <= time) {
        struct clock_event *event = clock->heap[0];
        heap_remove(clock, event);
        if (event->time > clock->base)
            clock->base = event->time;
        clock->fired++;
        event->fire(event->opaque, event->time);
    }
    if (time > clock->base)
        clock->base = time;
}

size_t clock_event_count(const struct clock *clock)
{
    return clock->registered_count;
}

struct clock_event *clock_event_at(const struct clock *clock, size_t index)
{
    return index < clock->registered_count ? clock->registered[index] : NULL;
}

uint64_t clock_hash(const struct clock *clock, uint64_t hash)
{
    uint64_t now = clock_now(clock);
    hash = state_hash_words(hash, &now, 1);
    for (size_t i = 0; i < clock->registered_count; i++) {
        const struct clock_event *event = clock->registered[i];
        bool scheduled = clock_is_scheduled(event);
        uint64_t words[2] = {scheduled ? event->time : CLOCK_NEVER, scheduled ? event->order : 0};
        hash = state_hash_words(hash, words, 2);
    }
    return hash;
}

uint64_t clock_fired(const struct clock *clock)
{
    return clock->fired;
}

void clock_save(const struct clock *clock, struct state_writer *writer)
{
    state_put(writer, clock->base, 8);
    state_put(writer, clock->next_order, 8);
    state_put(writer, clock->fired, 8);
    state_put(writer, clock->registered_count, 4);
    for (size_t i = 0; i < clock->registered_count; i++) {
        const struct clock_event *event = clock->registered[i];
        bool scheduled = clock_is_scheduled(event);
        state_put_string(writer, event->name ? event->name : "");
        state_put(writer, scheduled ? event->time : CLOCK_NEVER, 8);
        state_put(writer, scheduled ? event->order : 0, 8);
    }
}

static bool take_event(struct state_reader *reader, const struct clock_event *event, uint64_t *time, uint64_t *order)
{
    const char *name = event->name ? event->name : "";
    size_t length = (size_t)state_take(reader, 2);
    const uint8_t *given = state_take_bytes(reader, length);
    *time = state_take(reader, 8);
    *order = state_take(reader, 8);
    return given && !reader->failed && length == strlen(name) && !memcmp(given, name, length);
}

bool clock_load(struct clock *clock, struct state_reader *reader)
{
    uint64_t base = state_take(reader, 8), next_order = state_take(reader, 8), fired = state_take(reader, 8);
    uint64_t time, order;
    if (state_take(reader, 4) != clock->registered_count)
        return false;
    struct state_reader events = *reader;
    for (size_t i = 0; i < clock->registered_count; i++)
        if (!take_event(reader, clock->registered[i], &time, &order) || (time != CLOCK_NEVER && order >= next_order))
            return false;
    for (size_t i = 0; i < clock->registered_count; i++)
        clock_cancel(clock, clock->registered[i]);
    for (size_t i = 0; i < clock->registered_count; i++) {
        take_event(&events, clock->registered[i], &time, &order);
        if (time != CLOCK_NEVER)
            clock_schedule_ordered(clock, clock->registered[i], time, order);
    }
    clock->base = base;
    clock->next_order = next_order;
    clock->fired = fired;
    return true;
}
