/* Trap records: ring and counters. */
#include "libarmsim/machine/trap_ring.h"

#include <stdlib.h>
#include <string.h>

struct trap_ring *trap_ring_create(uint32_t size)
{
    size_t slots = size ? size : 1;
    struct trap_ring *ring = calloc(1, sizeof(*ring) + slots * sizeof(ring->records[0]));
    if (!ring)
        return NULL;
    ring->size = size;
    ring->event = ring->records;
    ring->end = &ring->records[slots];
    return ring;
}

void trap_ring_destroy(struct trap_ring *ring)
{
    free(ring);
}

struct trap_ring_mark trap_ring_mark(const struct trap_ring *ring)
{
    struct trap_ring_mark mark = {.total = ring->total};
    memcpy(mark.counts, ring->counts, sizeof(mark.counts));
    return mark;
}

void trap_ring_rewind(struct trap_ring *ring, const struct trap_ring_mark *mark)
{
    uint64_t overwritten = ring->total > ring->size ? ring->total - ring->size : 0;
    if (mark->total < ring->total && overwritten > ring->first)
        ring->first = overwritten < mark->total ? overwritten : mark->total;
    if (mark->total > ring->total) /* forward: what lies between was never taken here */
        ring->first = mark->total;
    ring->total = mark->total;
    if (ring->size) /* slots follow the sequence */
        ring->event = &ring->records[mark->total % ring->size];
    memcpy(ring->counts, mark->counts, sizeof(ring->counts));
}

struct armsim_trap trap_ring_publish(const struct trap_event *event, uint64_t sequence)
{
    return (struct armsim_trap){
        .sequence = sequence,
        .instructions = event->instructions,
        .time_ns = event->time_ns,
        .pe = event->pe,
        .kind = (enum armsim_trap_kind)event->kind,
        .from_el = event->from_el,
        .to_el = event->to_el,
        .from_aarch32 = event->from_aarch32,
        .to_aarch32 = event->to_aarch32,
        .from_secure = event->from_secure,
        .to_secure = event->to_secure,
        .vector_offset = event->vector_offset,
        .ec = event->kind == TRAP_SYNC ? event->esr >> 26 & 63 : 0,
        .pc = event->pc,
        .esr = event->esr,
        .far = event->far,
        .hpfar = event->hpfar,
        .elr = event->elr,
        .spsr = event->spsr,
        .why = event->why,
    };
}

size_t trap_ring_copy(const struct trap_ring *ring, uint64_t from, struct armsim_trap *traps, size_t max)
{
    uint64_t kept = ring->total < ring->size ? ring->total : ring->size;
    uint64_t first = ring->total - kept;
    if (first < ring->first)
        first = ring->first;
    if (from < first)
        from = first;
    size_t count = 0;
    for (; from < ring->total && count < max; from++)
        traps[count++] = trap_ring_publish(&ring->records[from % ring->size], from);
    return count;
}

size_t trap_ring_counts(const struct trap_ring *ring, struct armsim_trap_count *counts, size_t max)
{
    size_t lines = 0;
    for (unsigned from = 0; from < 4; from++) {
        for (unsigned to = 0; to < 4; to++) {
            for (unsigned class = 0; class < TRAP_CLASSES; class++) {
                uint64_t count = ring->counts[class][from][to];
                if (!count)
                    continue;
                if (lines < max) {
                    bool sync = class >= TRAP_CLASS_SYNC;
                    counts[lines] = (struct armsim_trap_count){
                        .from_el = (uint8_t)from,
                        .to_el = (uint8_t)to,
                        .kind = sync ? ARMSIM_TRAP_SYNC : (enum armsim_trap_kind)class,
                        .ec = (uint8_t)(sync ? class - TRAP_CLASS_SYNC : 0),
                        .count = count,
                    };
                }
                lines++;
            }
        }
    }
    return lines;
}
