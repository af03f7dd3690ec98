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

/* For a page of RAM or ROM with these flags, whose first byte is at `host`. `may_write`: without an update of a
 * descriptor. Whether the entry serves the access, a read or a write. */
static inline __attribute__((always_inline)) bool fast_tlb_set(struct fast_tlb_entry *entry, uint64_t va,
                                                               uint64_t context, bool write, bool may_read,
                                                               bool may_write, bool ram, uint8_t flags,
                                                               const uint8_t *host)
{
    uint64_t page = va & ~0xfffull, tag = page | context;
    /* A clean page gets no write permission here: its first write is noted. */
    bool writable = (flags & (BUS_PAGE_WATCHED | BUS_PAGE_WRITTEN | BUS_PAGE_SHARED)) == BUS_PAGE_WRITTEN;
    may_write = may_write && ram && writable;
    entry->addend = (int64_t)((uint64_t)(uintptr_t)host - page);
    entry->read_tag = may_read ? tag : ~0ull;
    entry->write_tag = may_write ? tag : ~0ull;
    return write ? may_write : may_read;
}

/* For an access to RAM or ROM at `offset` of `region`. */
static inline __attribute__((always_inline)) bool fast_tlb_fill(struct fast_tlb_entry *entry, struct bus *bus,
                                                                uint64_t va, uint64_t context, bool write,
                                                                bool may_read, bool may_write,
                                                                struct bus_region *region, uint64_t offset)
{
    uint8_t *flags = &region->page_flags[offset >> 12];
    bool ram = region->kind == BUS_RAM;
    if (write && ram && bus_write_page(bus, region, offset))
        *flags |= BUS_PAGE_WRITTEN;
    return fast_tlb_set(entry, va, context, write, may_read, may_write, ram, *flags,
                        bus_host(region, offset & ~0xfffull));
}

#endif
