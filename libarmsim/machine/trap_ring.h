/* The last trap records of a machine, and counters of all of them keyed by (from EL, to EL, class). */
#ifndef ARMSIM_MACHINE_TRAP_RING_H
#define ARMSIM_MACHINE_TRAP_RING_H

#include <armsim/trap.h>

#include <stddef.h>
#include <stdint.h>

/* A class is a kind, or for synchronous exceptions TRAP_CLASS_SYNC + EC. */
enum { TRAP_CLASS_SYNC = ARMSIM_TRAP_KINDS, TRAP_CLASSES = TRAP_CLASS_SYNC + 64 };

struct trap_ring {
    uint64_t total;   /* records taken; the next one's sequence */
    uint32_t size;    /* records kept */
    uint32_t next;    /* slot of the next record */
    uint64_t first;   /* records before this one are lost, whatever the size */
    uint64_t counts[4][4][TRAP_CLASSES];
    struct armsim_trap scratch; /* the record, when none is kept */
    struct armsim_trap records[];
};

struct trap_ring *trap_ring_create(uint32_t size); /* NULL: out of memory */
void trap_ring_destroy(struct trap_ring *ring);

/* The slot for the next record, its sequence filled in; trap_ring_count() once it is complete. */
static inline struct armsim_trap *trap_ring_next(struct trap_ring *ring)
{
    struct armsim_trap *trap = &ring->scratch;
    if (ring->size) {
        trap = &ring->records[ring->next];
        ring->next = ring->next + 1 == ring->size ? 0 : ring->next + 1;
        __builtin_prefetch(&ring->records[ring->next], 1); /* the ring is larger than the host's near caches */
    }
    trap->sequence = ring->total++;
    return trap;
}

static inline void trap_ring_count(struct trap_ring *ring, const struct armsim_trap *trap)
{
    unsigned class = trap->kind == ARMSIM_TRAP_SYNC ? TRAP_CLASS_SYNC + (trap->ec & 63u) : (unsigned)trap->kind;
    ring->counts[trap->from_el & 3][trap->to_el & 3][class]++;
}

/* A place in the sequence, to which the ring can go back: what was overwritten since is lost. */
struct trap_ring_mark {
    uint64_t total;
    uint64_t counts[4][4][TRAP_CLASSES];
};
struct trap_ring_mark trap_ring_mark(const struct trap_ring *ring);
void trap_ring_rewind(struct trap_ring *ring, const struct trap_ring_mark *mark);

size_t trap_ring_copy(const struct trap_ring *ring, uint64_t from, struct armsim_trap *traps, size_t max);
size_t trap_ring_counts(const struct trap_ring *ring, struct armsim_trap_count *counts, size_t max);

#endif
