/* The TLB of the interpreter's fast path: from a page of guest addresses straight to host memory. */
#ifndef ARMSIM_MMU_FAST_TLB_H
#define ARMSIM_MMU_FAST_TLB_H

#include "libarmsim/fabric/bus.h"

#include <stdbool.h>
#include <stdint.h>

/* A tag is the page's VA with a context number in its low 12 bits; ~0 matches nothing. */
struct fast_tlb_entry {
    uint64_t read_tag, write_tag;
    int64_t addend; /* host address - guest VA */
    uint64_t unused; /* a power of two is quick to index */
};

/* For an access to RAM or ROM at `offset` of `region`. `may_write`: without an update of a descriptor. */
static inline __attribute__((always_inline)) void fast_tlb_fill(struct fast_tlb_entry *entry, struct bus *bus, uint64_t va, uint64_t context,
                                 bool write, bool may_read, bool may_write, struct bus_region *region, uint64_t offset)
{
    uint64_t page = va & ~0xfffull, tag = page | context;
    uint8_t *flags = &region->page_flags[offset >> 12];
    bool ram = region->kind == BUS_RAM;
    if (write && ram && bus_write_page(bus, region, offset))
        *flags |= BUS_PAGE_WRITTEN;
    /* A clean page gets no write permission here: its first write is noted. */
    bool writable = (*flags & (BUS_PAGE_WATCHED | BUS_PAGE_WRITTEN | BUS_PAGE_SHARED)) == BUS_PAGE_WRITTEN;
    entry->addend = (int64_t)((uint64_t)(uintptr_t)bus_host(region, offset & ~0xfffull) - page);
    entry->read_tag = may_read ? tag : ~0ull;
    entry->write_tag = may_write && ram && writable ? tag : ~0ull;
}

#endif
