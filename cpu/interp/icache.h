/*
 * The page cache: decoded records of guest physical pages, shared by all PEs of a machine.
 *
 * A write to a page that has records goes the slow way (its pages are never in a fast TLB with write permission),
 * and resets the records of the lines it touches, and those before that a fused sequence could span in from.
 */
#ifndef ARMSIM_CPU_INTERP_ICACHE_H
#define ARMSIM_CPU_INTERP_ICACHE_H

#include "cpu/interp/record.h"
#include "libarmsim/fabric/bus.h"

enum { PAGE_RECORDS = 1024, PAGE_LINES = 64, RECORDS_PER_LINE = PAGE_RECORDS / PAGE_LINES };

struct code_page {
    struct record records[PAGE_RECORDS + 1]; /* the last one is handle_page_cross */
    const uint8_t *host;                     /* the guest's page */
    uint64_t decoded_lines;                  /* bit n: line n has records */
    unsigned idle_writes;                    /* while no line has records */
    struct bus_region *region;
    uint64_t offset;                         /* of the page in its region */
#ifdef ARMSIM_PROFILE
    uint64_t counts[PAGE_RECORDS]; /* executions; every record is a generic one in a profiling build */
    uint16_t ops[PAGE_RECORDS];
#endif
};

struct icache;
struct pe;

/* The page at `offset` of a RAM or ROM region, made when absent. NULL: out of memory. */
struct code_page *icache_page(struct icache *icache, struct bus_region *region, uint64_t offset);
/* A PE that has fast TLB entries to be told of new code pages. 0 or -1 (out of memory). */
int icache_add_pe(struct icache *icache, struct pe *pe);
void icache_remove_pe(struct icache *icache, struct pe *pe);
/* Notes that records of `page` exist in the line of `index`; takes write permission from the PEs' fast TLBs. */
void icache_line_decoded(struct icache *icache, struct code_page *page, unsigned index);
/* A write of `size` bytes at `offset` of a region whose page is flagged BUS_PAGE_CODE. */
void icache_written(struct icache *icache, struct bus_region *region, uint64_t offset, uint64_t size);

/* Whether a breakpoint ends in this offset in its page. */
bool icache_has_breakpoint(const struct icache *icache, unsigned offset);

/* A PE stops with its global monitor set: from now on other observers' stores to that page go the slow way ... */
void icache_watch_exclusive(struct icache *icache, struct pe *pe);
/* ... and clear it: every PE but `writer` (NULL: a device) whose granule is touched, which is also an event for it. */
void icache_exclusive_written(struct icache *icache, const struct pe *writer, struct bus_region *region,
                              uint64_t offset, uint64_t size);

#ifdef ARMSIM_PROFILE
/* Calls `line` with each straight run of instructions that was executed: see cpu/gen/profile.py. */
void icache_write_profile(const struct icache *icache, void (*line)(void *opaque, const char *text), void *opaque);
#endif

static inline struct code_page *page_of(const struct record *ip, uint64_t pc)
{
    return (struct code_page *)(uintptr_t)(ip - (pc >> 2 & (PAGE_RECORDS - 1)));
}

#endif
