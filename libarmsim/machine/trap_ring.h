/* The last trap records of a machine, and counters of all of them keyed by (from EL, to EL, class). */
#ifndef ARMSIM_MACHINE_TRAP_RING_H
#define ARMSIM_MACHINE_TRAP_RING_H

#include "cpu/pe.h"

#include <armsim/trap.h>

#include <stddef.h>
#include <stdint.h>

/* A class is a kind, or for synchronous exceptions TRAP_CLASS_SYNC + EC. */
enum { TRAP_CLASS_SYNC = ARMSIM_TRAP_KINDS, TRAP_CLASSES = TRAP_CLASS_SYNC + 64 };

struct trap_ring {
    uint64_t total;   /* records taken; the next one's sequence */
    struct trap_event *event; /* where the next record is written */
    struct trap_event *end;   /* of the slots: there is one even when no record is kept */
    uint32_t size;    /* records kept */
    uint64_t first;   /* records before this one are lost, whatever the size */
    uint64_t counts[TRAP_CLASSES][4][4]; /* by class, from EL, to EL */
    struct trap_event records[];
};

struct trap_ring *trap_ring_create(uint32_t size); /* NULL: out of memory */
void trap_ring_destroy(struct trap_ring *ring);

/* The record at ring->event is complete. */
static inline void trap_ring_push(struct trap_ring *ring)
{
    struct trap_event *event = ring->event;
    unsigned class = event->kind == TRAP_SYNC ? TRAP_CLASS_SYNC + (unsigned)(event->esr >> 26 & 63) : event->kind;
    ring->counts[class][event->from_el][event->to_el]++;
    ring->total++;
    event++;
    ring->event = event == ring->end ? ring->records : event;
    __builtin_prefetch(ring->event, 1); /* the ring is larger than the host's near caches */
}

/* A record as the outside sees it. */
struct armsim_trap trap_ring_publish(const struct trap_event *event, uint64_t sequence);

/* A place in the sequence, to which the ring can go back: what was overwritten since is lost. */
struct trap_ring_mark {
    uint64_t total;
    uint64_t counts[TRAP_CLASSES][4][4];
};
struct trap_ring_mark trap_ring_mark(const struct trap_ring *ring);
void trap_ring_rewind(struct trap_ring *ring, const struct trap_ring_mark *mark);

size_t trap_ring_copy(const struct trap_ring *ring, uint64_t from, struct armsim_trap *traps, size_t max);
size_t trap_ring_counts(const struct trap_ring *ring, struct armsim_trap_count *counts, size_t max);

#endif
