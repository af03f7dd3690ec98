#include "cpu/interp/icache.h"

#include "cpu/cpu.h"
#include "cpu/interp/interp.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT 12

struct region_pages {
    struct bus_region *region;
    struct code_page **pages;
    uint64_t count;
};

struct icache {
    struct bus *bus;
    struct region_pages *regions;
    size_t region_count;
    struct pe **pes;
    size_t pe_count;
    uint64_t page_count; /* pages made so far */
    uint64_t breakpoints[PAGE_RECORDS / 64]; /* by record: asked about */
};

static struct region_pages *pages_of(struct icache *icache, struct bus_region *region, bool create);

static void bus_written(void *opaque, struct bus_region *region, uint64_t offset, uint64_t size, uint16_t requester)
{
    icache_written(opaque, region, offset, size);
    icache_exclusive_written(opaque, NULL, region, offset, size);
}

/* A ROM device changed between memory and registers: nobody may keep a host pointer into it. */
static void bus_remapped(void *opaque, struct bus_region *region)
{
    struct icache *icache = opaque;
    for (size_t i = 0; i < icache->pe_count; i++)
        pe_flush_fast_tlb(icache->pes[i]);
}

/* A page of memory lies elsewhere: it was copied before a write. */
static void bus_moved(void *opaque, struct bus_region *region, uint64_t offset, const uint8_t *before)
{
    struct icache *icache = opaque;
    for (size_t i = 0; i < icache->pe_count; i++)
        pe_purge_page(icache->pes[i], before);
    struct region_pages *r = pages_of(icache, region, false);
    struct code_page *page = r ? r->pages[offset >> PAGE_SHIFT] : NULL;
    if (page)
        page->host = bus_host(region, offset);
}

/* Memory has other contents: where a page lies elsewhere, its records go. */
static void bus_loaded(void *opaque)
{
    struct icache *icache = opaque;
    for (size_t i = 0; i < icache->region_count; i++) {
        struct region_pages *r = &icache->regions[i];
        for (uint64_t n = 0; n < r->count; n++) {
            struct code_page *page = r->pages[n];
            const uint8_t *host = page ? bus_host(r->region, page->offset) : NULL;
            if (!page || page->host == host)
                continue;
            icache_written(icache, r->region, page->offset, 1ull << PAGE_SHIFT);
            page->host = host;
        }
    }
    for (size_t i = 0; i < icache->pe_count; i++)
        pe_flush_fast_tlb(icache->pes[i]);
}

struct icache *icache_create(struct bus *bus)
{
    struct icache *icache = calloc(1, sizeof(*icache));
    if (icache) {
        icache->bus = bus;
        bus_set_watch(bus, bus_written, icache);
        bus_set_remap_watch(bus, bus_remapped, icache);
        bus_set_move_watch(bus, bus_moved, icache);
        bus_set_load_watch(bus, bus_loaded, icache);
    }
    return icache;
}

void icache_destroy(struct icache *icache)
{
    if (!icache)
        return;
    for (size_t i = 0; i < icache->region_count; i++) {
        struct region_pages *r = &icache->regions[i];
        for (uint64_t page = 0; page < r->count; page++)
            free(r->pages[page]);
        free(r->pages);
    }
    free(icache->regions);
    free(icache->pes);
    free(icache);
}

int icache_add_pe(struct icache *icache, struct pe *pe)
{
    struct pe **pes = realloc(icache->pes, (icache->pe_count + 1) * sizeof(*pes));
    if (!pes)
        return -1;
    icache->pes = pes;
    pes[icache->pe_count++] = pe;
    return 0;
}

void icache_remove_pe(struct icache *icache, struct pe *pe)
{
    for (size_t i = 0; i < icache->pe_count; i++) {
        if (icache->pes[i] == pe) {
            icache->pes[i] = icache->pes[--icache->pe_count];
            return;
        }
    }
}

static struct region_pages *pages_of(struct icache *icache, struct bus_region *region, bool create)
{
    for (size_t i = 0; i < icache->region_count; i++) {
        if (icache->regions[i].region == region)
            return &icache->regions[i];
    }
    if (!create)
        return NULL;
    struct region_pages *regions = realloc(icache->regions, (icache->region_count + 1) * sizeof(*regions));
    if (!regions)
        return NULL;
    icache->regions = regions;
    struct region_pages *r = &regions[icache->region_count];
    r->region = region;
    r->count = (region->size + 0xfff) >> PAGE_SHIFT;
    r->pages = calloc(r->count, sizeof(struct code_page *));
    if (!r->pages)
        return NULL;
    icache->region_count++;
    return r;
}

static void clear_records(struct code_page *page, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        page->records[i].handler = handle_decode;
}

struct code_page *icache_page(struct icache *icache, struct bus_region *region, uint64_t offset)
{
    struct region_pages *r = pages_of(icache, region, true);
    if (!r)
        return NULL;
    struct code_page **slot = &r->pages[offset >> PAGE_SHIFT];
    if (*slot)
        return *slot;
    struct code_page *page = aligned_alloc(64, (sizeof(*page) + 63) & ~(size_t)63);
    if (!page)
        return NULL;
    memset(page->records, 0, sizeof(page->records));
    clear_records(page, 0, PAGE_RECORDS);
    page->records[PAGE_RECORDS].handler = handle_page_cross;
    page->offset = offset & ~0xfffull;
    page->host = bus_host(region, page->offset);
    page->region = region;
    page->decoded_lines = 0;
    page->idle_writes = 0;
#ifdef ARMSIM_PROFILE
    memset(page->counts, 0, sizeof(page->counts));
#endif
    *slot = page;
    icache->page_count++;
    return page;
}

bool icache_has_breakpoint(const struct icache *icache, unsigned offset)
{
    unsigned index = offset / 4 % PAGE_RECORDS;
    return icache->breakpoints[index / 64] >> (index % 64) & 1;
}

/* The record and the sequences that it could be part of are decoded again, in every page: whichever is mapped at a
 * breakpoint's address when. */
void icache_set_breakpoint(struct icache *icache, unsigned offset, bool on)
{
    unsigned index = offset / 4 % PAGE_RECORDS;
    if (icache_has_breakpoint(icache, offset) == on)
        return;
    icache->breakpoints[index / 64] ^= 1ull << (index % 64);
    unsigned first = index < SPECIAL_MAX - 1 ? 0 : index - (SPECIAL_MAX - 1);
    unsigned last = index + SPECIAL_MAX < PAGE_RECORDS ? index + SPECIAL_MAX : PAGE_RECORDS;
    for (size_t r = 0; r < icache->region_count; r++) {
        for (uint64_t p = 0; p < icache->regions[r].count; p++) {
            struct code_page *page = icache->regions[r].pages[p];
            if (page && page->decoded_lines)
                clear_records(page, first, last - first);
        }
    }
}

void icache_line_decoded(struct icache *icache, struct code_page *page, unsigned index)
{
    page->decoded_lines |= 1ull << (index / RECORDS_PER_LINE);
    uint8_t *flags = &page->region->page_flags[page->offset >> PAGE_SHIFT];
    if (*flags & BUS_PAGE_CODE)
        return;
    *flags |= BUS_PAGE_CODE;
    for (size_t i = 0; i < icache->pe_count; i++)
        pe_purge_writes(icache->pes[i], page->host);
}

/* Code that is rewritten is executed again soon: a page counts as code for so many writes after its last record has
 * gone, because taking write permission back is dear. */
enum { IDLE_WRITES = 16 };

void icache_written(struct icache *icache, struct bus_region *region, uint64_t offset, uint64_t size)
{
    struct region_pages *r = pages_of(icache, region, false);
    if (!r || size == 0)
        return;
    uint64_t first = offset >> PAGE_SHIFT, last = (offset + size - 1) >> PAGE_SHIFT;
    for (uint64_t number = first; number <= last && number < r->count; number++) {
        struct code_page *page = r->pages[number];
        if (!page)
            continue;
        if (!page->decoded_lines) {
            if (++page->idle_writes > IDLE_WRITES)
                region->page_flags[number] &= (uint8_t)~BUS_PAGE_CODE;
            continue;
        }
        unsigned from = number == first ? (offset & 0xfff) / 4 : 0;
        unsigned to = number == last ? ((offset + size - 1) & 0xfff) / 4 : PAGE_RECORDS - 1;
        unsigned first_line = from / RECORDS_PER_LINE, last_line = to / RECORDS_PER_LINE;
        uint64_t touched = ones(last_line + 1) & ~ones(first_line);
        if (!(page->decoded_lines & touched))
            continue;
        unsigned start = first_line * RECORDS_PER_LINE, end = (last_line + 1) * RECORDS_PER_LINE;
        unsigned span = start < SPECIAL_MAX - 1 ? start : SPECIAL_MAX - 1; /* sequences that reach into the line */
        clear_records(page, start - span, end - start + span);
        page->decoded_lines &= ~touched;
        page->idle_writes = 0;
    }
}

void icache_watch_exclusive(struct icache *icache, struct pe *pe)
{
    uint64_t offset;
    struct bus_region *region = bus_find(icache->bus, pe->monitor.pas, pe->monitor.pa, &offset);
    if (!region || region->kind != BUS_RAM)
        return;
    region->page_flags[offset >> PAGE_SHIFT] |= BUS_PAGE_EXCLUSIVE;
    for (size_t i = 0; i < icache->pe_count; i++) {
        if (icache->pes[i] != pe)
            pe_purge_writes(icache->pes[i], bus_host(region, offset & ~0xfffull));
    }
}

void icache_exclusive_written(struct icache *icache, const struct pe *writer, struct bus_region *region,
                              uint64_t offset, uint64_t size)
{
    uint64_t start = region->base + offset, end = start + size;
    bool watched = false;
    for (size_t i = 0; i < icache->pe_count; i++) {
        struct pe *pe = icache->pes[i];
        if (!pe->monitor.global_valid)
            continue;
        if (pe != writer && pe->monitor.pa < end && start < pe->monitor.pa + pe->monitor.size) {
            pe->monitor.global_valid = false;
            pe->event_register = true; /* clearing a global monitor is a WFE wake-up event */
        } else if ((pe->monitor.pa ^ start) < 0x1000) {
            watched = true;
        }
    }
    if (!watched)
        region->page_flags[offset >> PAGE_SHIFT] &= (uint8_t)~BUS_PAGE_EXCLUSIVE;
}

void icache_invalidate(struct icache *icache, uint64_t pa, uint64_t size)
{
    for (size_t i = 0; i < icache->region_count; i++) {
        struct bus_region *region = icache->regions[i].region;
        uint64_t start = pa > region->base ? pa : region->base;
        uint64_t end = pa + size < region->base + region->size ? pa + size : region->base + region->size;
        if (start < end)
            icache_written(icache, region, start - region->base, end - start);
    }
}

#ifdef ARMSIM_PROFILE
#include <stdio.h>

static unsigned write_run(const struct code_page *page, unsigned i, void (*line)(void *, const char *), void *opaque)
{
    char text[4096];
    uint64_t weight = page->counts[i];
    size_t used = (size_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)weight);
    for (; i < PAGE_RECORDS && page->counts[i] == weight && used < sizeof(text) - 100; i++) {
        const struct record *r = &page->records[i];
        const char *name = op_name(page->ops[i]);
        if (!name)
            break;
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %s:%u:%u:%u:%u", name, r->a, r->b, r->c, r->d);
        if (op_ends_block(page->ops[i]) && page->ops[i] < OP_GENERATED_COUNT) {
            i++;
            break;
        }
    }
    if (strchr(text, ' '))
        line(opaque, text);
    return i;
}

void icache_write_profile(const struct icache *icache, void (*line)(void *opaque, const char *text), void *opaque)
{
    for (size_t r = 0; r < icache->region_count; r++) {
        for (uint64_t p = 0; p < icache->regions[r].count; p++) {
            const struct code_page *page = icache->regions[r].pages[p];
            for (unsigned i = 0; page && i < PAGE_RECORDS;) {
                if (!page->counts[i] || !op_name(page->ops[i]))
                    i++;
                else
                    i = write_run(page, i, line, opaque);
            }
        }
    }
}
#endif

void icache_stats(const struct icache *icache, uint64_t *pages, uint64_t *bytes)
{
    *pages = icache->page_count;
    *bytes = icache->page_count * sizeof(struct code_page);
    for (size_t i = 0; i < icache->region_count; i++)
        *bytes += icache->regions[i].count * sizeof(struct code_page *);
}
