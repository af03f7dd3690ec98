/* The contents of memory: page by page, hashed, shared with an image, and replaced by one. */
#include "libarmsim/fabric/bus_internal.h"

#include "libarmsim/fabric/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool page_is_zero(const uint8_t *page)
{
    const uint64_t *words = (const uint64_t *)(const void *)page;
    for (unsigned i = 0; i < BUS_PAGE_SIZE / 8; i += 8) {
        uint64_t any = 0;
        for (unsigned j = 0; j < 8; j++)
            any |= words[i + j];
        if (any)
            return false;
    }
    return true;
}

const uint8_t *bus_page(const struct bus_region *region, uint64_t page)
{
    if (region->pages)
        return pages_get(region->pages, page);
    return region->page_flags[page] & BUS_PAGE_TOUCHED ? region->flat + (page << BUS_PAGE_BITS) : NULL;
}

uint64_t bus_hash_region(const struct bus_region *region, uint64_t hash)
{
    const uint64_t place[3] = {region->base, region->size, region->pas_mask};
    hash = state_hash_words(hash, place, 3);
    for (uint64_t i = 0; i < region->size >> BUS_PAGE_BITS; i++) {
        const uint8_t *page = bus_page(region, i);
        if (!page || page_is_zero(page))
            continue;
        hash = state_hash_words(hash, &i, 1);
        hash = state_hash_bytes(hash, page, BUS_PAGE_SIZE);
    }
    return hash;
}

uint64_t bus_hash_memory(const struct bus *bus, uint64_t hash)
{
    for (size_t i = 0; i < bus->all.count; i++)
        if (bus_has_memory(bus->all.at[i]))
            hash = bus_hash_region(bus->all.at[i], hash);
    return hash;
}

static bool is_touched(const void *opaque, uint64_t page)
{
    const struct bus_region *region = opaque;
    return region->page_flags[page] & BUS_PAGE_TOUCHED;
}

/* From one piece to pages: those that were ever written stay where they are, the others are nowhere. */
static int cut_into_pages(struct bus_region *region)
{
    struct pages *pages = calloc(1, sizeof(*pages));
    if (!pages)
        return -ENOMEM;
    if (pages_adopt(pages, region->flat, region->size >> BUS_PAGE_BITS, is_touched, region) < 0) {
        free(pages);
        return -ENOMEM;
    }
    region->pages = pages;
    region->flat = NULL;
    return 0;
}

static void set_flag(struct bus_region *region, uint8_t flag)
{
    uint64_t pages = region->size >> BUS_PAGE_BITS, i = 0, eight, flags = 0x0101010101010101ull * flag;
    for (; i + 8 <= pages; i += 8) {
        memcpy(&eight, &region->page_flags[i], sizeof(eight));
        eight |= flags;
        memcpy(&region->page_flags[i], &eight, sizeof(eight));
    }
    for (; i < pages; i++)
        region->page_flags[i] |= flag;
}

static size_t memory_count(const struct bus *bus)
{
    size_t count = 0;
    for (size_t i = 0; i < bus->all.count; i++)
        count += bus_has_memory(bus->all.at[i]);
    return count;
}

static int share_region(struct bus_region *region, struct pages *pages)
{
    set_flag(region, BUS_PAGE_SHARED);
    return pages_share(pages, region->pages);
}

static int cut_memory(struct bus *bus)
{
    int result = 0;
    bool cut = false;
    for (size_t i = 0; i < bus->all.count && result == 0; i++) {
        struct bus_region *region = bus->all.at[i];
        if (!bus_has_memory(region) || region->pages)
            continue;
        result = cut_into_pages(region);
        cut = true;
    }
    if (cut && bus->loaded)
        bus->loaded(bus->loaded_opaque);
    return result;
}

int bus_share_memory(struct bus *bus, struct bus_image *image)
{
    size_t n = 0;
    *image = (struct bus_image){0};
    if (cut_memory(bus) < 0)
        return -ENOMEM;
    image->count = memory_count(bus);
    image->memory = calloc(image->count ? image->count : 1, sizeof(*image->memory));
    if (!image->memory)
        return -ENOMEM;
    for (size_t i = 0; i < bus->all.count; i++) {
        struct bus_region *region = bus->all.at[i];
        if (bus_has_memory(region) && share_region(region, &image->memory[n++]) < 0) {
            bus_image_free(image);
            return -ENOMEM;
        }
    }
    return 0;
}

void bus_image_free(struct bus_image *image)
{
    for (size_t i = 0; i < image->count && image->memory; i++)
        pages_free(&image->memory[i]);
    free(image->memory);
    *image = (struct bus_image){0};
}

/* What differs between the region's pages and those it had before (no table: one piece, now lost) has been written. */
static void mark_changes(struct bus_region *region, const struct pages *before)
{
    for (uint64_t page = 0; page < region->pages->count; page++) {
        const uint8_t *old = NULL;
        if (before->chunk && pages_same_chunk(before, region->pages, page / CHUNK_PAGES)) {
            page |= CHUNK_PAGES - 1;
            continue;
        }
        if (!before->chunk && !region->pages->chunk[page / CHUNK_PAGES] && region->kind != BUS_RAM) {
            page |= CHUNK_PAGES - 1; /* nobody asks which pages of a ROM were written */
            continue;
        }
        if (before->chunk)
            old = pages_get(before, page);
        else if (region->page_flags[page] & BUS_PAGE_TOUCHED)
            old = page_of_zeroes;
        if (old != pages_get(region->pages, page))
            region->page_flags[page] |= BUS_PAGE_WRITTEN;
    }
}

/* What a region is going to have. */
struct replacement {
    struct bus_region *region;
    struct pages *shell; /* for a region in one piece, which has none yet */
    struct pages pages;
};

static int prepare(struct bus *bus, const struct bus_image *image, struct replacement *replacements, size_t *made)
{
    for (size_t i = 0; i < bus->all.count; i++) {
        struct bus_region *region = bus->all.at[i];
        struct replacement *r = &replacements[*made];
        if (!bus_has_memory(region))
            continue;
        if (*made == image->count || image->memory[*made].count != region->size >> BUS_PAGE_BITS)
            return -EINVAL;
        *r = (struct replacement){.region = region, .shell = region->pages ? NULL : calloc(1, sizeof(*r->shell))};
        if ((!region->pages && !r->shell) || pages_share(&r->pages, &image->memory[*made]) < 0) {
            free(r->shell);
            return -ENOMEM;
        }
        ++*made;
    }
    return *made == image->count ? 0 : -EINVAL;
}

static void replace(struct replacement *r)
{
    struct bus_region *region = r->region;
    struct pages before = {0};
    if (region->pages)
        before = *region->pages;
    else
        region->pages = r->shell;
    *region->pages = r->pages;
    mark_changes(region, &before);
    set_flag(region, BUS_PAGE_SHARED);
    pages_free(&before);
    unmap(region->flat, region->size);
    region->flat = NULL;
}

int bus_load_memory(struct bus *bus, const struct bus_image *image)
{
    size_t made = 0;
    struct replacement *replacements = calloc(image->count ? image->count : 1, sizeof(*replacements));
    int result = replacements ? prepare(bus, image, replacements, &made) : -ENOMEM;
    for (size_t i = 0; i < made; i++) {
        if (result == 0) {
            replace(&replacements[i]);
        } else {
            pages_free(&replacements[i].pages);
            free(replacements[i].shell);
        }
    }
    free(replacements);
    if (!result && bus->loaded)
        bus->loaded(bus->loaded_opaque);
    return result;
}
