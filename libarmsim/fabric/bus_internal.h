/* The bus's own: what its files share. */
#ifndef ARMSIM_FABRIC_BUS_INTERNAL_H
#define ARMSIM_FABRIC_BUS_INTERNAL_H

#include "libarmsim/fabric/bus.h"

enum { BUS_PAGE_BITS = PAGE_BITS, BUS_PAGE_SIZE = PAGE_BYTES };

struct region_list {
    struct bus_region **at; /* sorted by base, no overlaps within a PAS */
    size_t count, capacity;
};

/* The region that the last search found: devices are polled. A cache of in_pas, never visible. */
struct recent {
    struct bus_region *region[PAS_COUNT];
};

struct bus {
    struct region_list all; /* owns the regions; sorted by base, then by PAS mask */
    struct region_list in_pas[PAS_COUNT];
    struct recent *recent; /* behind a pointer, so that looking does not need a mutable bus */
    bus_watch_fn *watch;
    void *watch_opaque;
    bus_remap_fn *remap;
    void *remap_opaque;
    bus_move_fn *move;
    void *move_opaque;
    void (*loaded)(void *opaque);
    void *loaded_opaque;
    void (*shortage)(void *opaque);
    void *shortage_opaque;
};

/* The region that claims `pa`, or NULL. *room: bytes from pa on that the same region answers, through every alias. */
struct bus_region *bus_search(const struct bus *bus, enum pas pas, uint64_t pa, uint64_t *offset, uint64_t *room);

/* The same, looking first where the last search ended. */
static inline struct bus_region *bus_route(const struct bus *bus, enum pas pas, uint64_t pa, uint64_t *offset,
                                           uint64_t *room)
{
    if ((unsigned)pas >= PAS_COUNT)
        return NULL;
    struct bus_region *region = bus->recent->region[pas];
    if (!region || pa - region->base >= region->size)
        return bus_search(bus, pas, pa, offset, room);
    *offset = pa - region->base;
    *room = region->size - *offset;
    return region;
}

#endif
