/*
 * The bus: regions sorted by base, one list for each physical address space, searched by bisection.
 */
#include "libarmsim/fabric/bus.h"

#include "libarmsim/fabric/little_endian.h"
#include "libarmsim/fabric/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUS_PAGE_BITS = PAGE_BITS, BUS_PAGE_SIZE = PAGE_BYTES, ALIAS_DEPTH = 4 };

#define DEFAULT_SIZES (1u | 2u | 4u)

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

struct bus *bus_create(void)
{
    struct bus *bus = calloc(1, sizeof(*bus));
    struct recent *recent = calloc(1, sizeof(*recent));
    if (!bus || !recent) {
        free(bus);
        free(recent);
        return NULL;
    }
    bus->recent = recent;
    return bus;
}

static void region_destroy(struct bus_region *region)
{
    unmap(region->flat, region->size);
    if (region->pages)
        pages_free(region->pages);
    free(region->pages);
    unmap(region->page_flags, region->size >> BUS_PAGE_BITS);
    free(region);
}

void bus_destroy(struct bus *bus)
{
    if (!bus)
        return;
    for (size_t i = 0; i < bus->all.count; i++)
        region_destroy(bus->all.at[i]);
    free(bus->all.at);
    for (unsigned pas = 0; pas < PAS_COUNT; pas++)
        free(bus->in_pas[pas].at);
    free(bus->recent);
    free(bus);
}

static int list_reserve(struct region_list *list)
{
    if (list->count < list->capacity)
        return 0;
    size_t capacity = list->capacity ? list->capacity * 2 : 16;
    struct bus_region **at = realloc(list->at, capacity * sizeof(*at));
    if (!at)
        return -ENOMEM;
    list->at = at;
    list->capacity = capacity;
    return 0;
}

/* Number of regions whose base is at or below `pa`. */
static size_t list_upper(const struct region_list *list, uint64_t pa)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->at[middle]->base <= pa)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void list_insert(struct region_list *list, struct bus_region *region)
{
    size_t index = list_upper(list, region->base);
    memmove(&list->at[index + 1], &list->at[index], (list->count - index) * sizeof(*list->at));
    list->at[index] = region;
    list->count++;
}

static const struct bus_region *find_overlap(const struct bus *bus, uint64_t base, uint64_t size, unsigned pas_mask)
{
    uint64_t last = base + (size - 1);
    for (unsigned pas = 0; pas < PAS_COUNT; pas++) {
        if (!(pas_mask & PAS_BIT(pas)))
            continue;
        /* The lists have no overlaps, so only the last region that begins at or below our end can reach us. */
        size_t index = list_upper(&bus->in_pas[pas], last);
        if (!index)
            continue;
        const struct bus_region *region = bus->in_pas[pas].at[index - 1];
        if (region->base + (region->size - 1) >= base)
            return region;
    }
    return NULL;
}

static int check_region(const struct bus *bus, uint64_t base, uint64_t size, unsigned pas_mask,
                        const struct bus_region **other)
{
    if (other)
        *other = NULL;
    if (!size || base + (size - 1) < base || !pas_mask || pas_mask >= PAS_BIT(PAS_COUNT))
        return -EINVAL;
    const struct bus_region *overlap = find_overlap(bus, base, size, pas_mask);
    if (!overlap)
        return 0;
    if (other)
        *other = overlap;
    return -EEXIST;
}

/* Reserves every list first, so that a failure leaves the bus as it was. */
static int insert_region(struct bus *bus, struct bus_region *region)
{
    int error = list_reserve(&bus->all);
    for (unsigned pas = 0; pas < PAS_COUNT && !error; pas++)
        if (region->pas_mask & PAS_BIT(pas))
            error = list_reserve(&bus->in_pas[pas]);
    if (error)
        return error;
    list_insert(&bus->all, region);
    for (unsigned pas = 0; pas < PAS_COUNT; pas++)
        if (region->pas_mask & PAS_BIT(pas))
            list_insert(&bus->in_pas[pas], region);
    return 0;
}

static int add_region_at(struct bus *bus, const struct bus_region *model, struct bus_region **added,
                         const struct bus_region **other)
{
    int error = check_region(bus, model->base, model->size, model->pas_mask, other);
    if (error)
        return error;
    bool memory = model->kind == BUS_RAM || model->kind == BUS_ROM;
    if (memory && ((model->base | model->size) & (BUS_PAGE_SIZE - 1)))
        return -EINVAL;

    struct bus_region *region = malloc(sizeof(*region));
    if (!region)
        return -ENOMEM;
    *region = *model;
    if (memory) {
        region->flat = map_zeroes(region->size);
        region->page_flags = map_zeroes(region->size >> BUS_PAGE_BITS);
    }
    error = memory && (!region->flat || !region->page_flags) ? -ENOMEM : insert_region(bus, region);
    if (error)
        region_destroy(region);
    else if (added)
        *added = region;
    return error;
}

static int add_region(struct bus *bus, const struct bus_region *model, const struct bus_region **other)
{
    return add_region_at(bus, model, NULL, other);
}

int bus_add_ram(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                const struct bus_region **other)
{
    struct bus_region region = {.name = name, .kind = BUS_RAM, .base = base, .size = size, .pas_mask = pas_mask};
    return add_region(bus, &region, other);
}

int bus_add_rom(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                const struct bus_region **other)
{
    struct bus_region region = {.name = name, .kind = BUS_ROM, .base = base, .size = size, .pas_mask = pas_mask};
    return add_region(bus, &region, other);
}

int bus_add_rom_device(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                       const struct bus_ops *ops, void *opaque, struct bus_region **region,
                       const struct bus_region **other)
{
    struct bus_region model = {.name = name, .kind = BUS_ROM, .base = base, .size = size, .pas_mask = pas_mask,
                               .ops = ops, .opaque = opaque};
    return add_region_at(bus, &model, region, other);
}

int bus_add_mmio(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask,
                 const struct bus_ops *ops, void *opaque, const struct bus_region **other)
{
    struct bus_region region = {.name = name, .kind = BUS_MMIO, .base = base, .size = size, .pas_mask = pas_mask,
                                .ops = ops, .opaque = opaque};
    return add_region(bus, &region, other);
}

int bus_add_alias(struct bus *bus, const char *name, uint64_t base, uint64_t size, unsigned pas_mask, uint64_t target,
                  const struct bus_region **other)
{
    if (size && target + (size - 1) < target)
        return -EINVAL;
    struct bus_region region = {.name = name, .kind = BUS_ALIAS, .base = base, .size = size, .pas_mask = pas_mask,
                                .alias_target = target};
    return add_region(bus, &region, other);
}

void bus_set_watch(struct bus *bus, bus_watch_fn *fn, void *opaque)
{
    bus->watch = fn;
    bus->watch_opaque = opaque;
}

size_t bus_region_count(const struct bus *bus)
{
    return bus->all.count;
}

struct bus_region *bus_region_at(const struct bus *bus, size_t index)
{
    return index < bus->all.count ? bus->all.at[index] : NULL;
}

static bool contains(const struct bus_region *region, uint64_t pa)
{
    return pa - region->base < region->size;
}

static struct bus_region *find_direct(const struct bus *bus, enum pas pas, uint64_t pa)
{
    size_t index = list_upper(&bus->in_pas[pas], pa);
    if (!index)
        return NULL;
    struct bus_region *region = bus->in_pas[pas].at[index - 1];
    return contains(region, pa) ? region : NULL;
}

/* *room: bytes from pa on that the same region answers, through every alias on the way. */
static struct bus_region *find_with_room(const struct bus *bus, enum pas pas, uint64_t pa, uint64_t *offset,
                                         uint64_t *room)
{
    uint64_t available = UINT64_MAX;
    for (unsigned depth = 0; depth <= ALIAS_DEPTH; depth++) {
        struct bus_region *region = find_direct(bus, pas, pa);
        if (!region)
            return NULL;
        uint64_t at = pa - region->base;
        if (region->size - at < available)
            available = region->size - at;
        if (region->kind != BUS_ALIAS) {
            *offset = at;
            *room = available;
            return region;
        }
        pa = region->alias_target + at;
    }
    return NULL; /* aliases in a circle claim nothing */
}

/* As find_with_room, looking first where the last search ended; regions found through an alias are not kept. */
static struct bus_region *route(const struct bus *bus, enum pas pas, uint64_t pa, uint64_t *offset, uint64_t *room)
{
    if ((unsigned)pas >= PAS_COUNT)
        return NULL;
    struct bus_region *region = bus->recent->region[pas];
    if (region && contains(region, pa)) {
        *offset = pa - region->base;
        *room = region->size - *offset;
        return region;
    }
    region = find_with_room(bus, pas, pa, offset, room);
    if (region && pa - region->base == *offset)
        bus->recent->region[pas] = region;
    return region;
}

struct bus_region *bus_find(const struct bus *bus, enum pas pas, uint64_t pa, uint64_t *offset)
{
    uint64_t at = 0, room;
    struct bus_region *region = route(bus, pas, pa, &at, &room);
    if (offset)
        *offset = at;
    return region;
}

static bool valid_size(unsigned size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

static bool in_page(uint64_t offset, unsigned size)
{
    return (offset & (BUS_PAGE_SIZE - 1)) + size <= BUS_PAGE_SIZE;
}

static bool device_accepts(const struct bus_region *region, uint64_t offset, unsigned size, uint64_t room)
{
    unsigned sizes = region->ops->sizes ? region->ops->sizes : DEFAULT_SIZES;
    return (sizes & size) && !(offset & (size - 1)) && size <= room;
}

enum bus_result bus_read(struct bus *bus, uint64_t pa, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    uint64_t offset, room;
    *value = 0;
    if (!valid_size(size))
        return BUS_DEVICE_ERROR;
    struct bus_region *region = route(bus, attrs.pas, pa, &offset, &room);
    if (!region)
        return BUS_DECODE_ERROR;
    if (region->kind == BUS_MMIO) {
        if (!region->ops->read || !device_accepts(region, offset, size, room))
            return BUS_DEVICE_ERROR;
        return region->ops->read(region->opaque, offset, size, attrs, value);
    }
    if (size <= room && in_page(offset, size)) {
        *value = load_le(bus_host(region, offset), size);
        return BUS_OK;
    }
    uint8_t bytes[8];
    enum bus_result result = bus_read_block(bus, pa, bytes, size, attrs);
    if (result == BUS_OK)
        *value = load_le(bytes, size);
    return result;
}

/* The page, of this bus alone. False: out of memory. */
static bool make_own(struct bus *bus, struct bus_region *region, uint64_t offset)
{
    uint64_t page = offset >> BUS_PAGE_BITS;
    uint8_t *flags = &region->page_flags[page];
    const uint8_t *before = bus_host(region, page << BUS_PAGE_BITS);
    const uint8_t *now = pages_own(region->pages, page);
    if (!now) {
        if (bus->shortage)
            bus->shortage(bus->shortage_opaque);
        return false;
    }
    *flags &= (uint8_t)~BUS_PAGE_SHARED;
    if (now != before && bus->move)
        bus->move(bus->move_opaque, region, page << BUS_PAGE_BITS, before);
    return true;
}

uint8_t *bus_write_page(struct bus *bus, struct bus_region *region, uint64_t offset)
{
    if (!region->pages)
        return region->flat + offset;
    if (region->page_flags[offset >> BUS_PAGE_BITS] & BUS_PAGE_SHARED && !make_own(bus, region, offset))
        return NULL;
    return (uint8_t *)(uintptr_t)bus_host(region, offset);
}

/* Tells the watcher and marks the pages: everything that precedes a store to RAM or ROM. */
static void before_store(struct bus *bus, struct bus_region *region, uint64_t offset, uint64_t size,
                         uint16_t requester)
{
    uint64_t end = offset + size;
    for (uint64_t at = offset; at < end;) {
        uint64_t next = (at & ~(uint64_t)(BUS_PAGE_SIZE - 1)) + BUS_PAGE_SIZE;
        uint64_t stop = next < end ? next : end;
        uint8_t *flags = &region->page_flags[at >> BUS_PAGE_BITS];
        if ((*flags & BUS_PAGE_WATCHED) && bus->watch)
            bus->watch(bus->watch_opaque, region, at, stop - at, requester);
        *flags |= BUS_PAGE_WRITTEN;
        at = stop;
    }
}

enum bus_result bus_write(struct bus *bus, uint64_t pa, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    uint64_t offset, room;
    if (!valid_size(size))
        return BUS_DEVICE_ERROR;
    struct bus_region *region = route(bus, attrs.pas, pa, &offset, &room);
    if (!region)
        return BUS_DECODE_ERROR;
    if (region->kind == BUS_MMIO || (region->kind == BUS_ROM && region->ops && !attrs.debug)) {
        if (!region->ops->write || !device_accepts(region, offset, size, room))
            return BUS_DEVICE_ERROR;
        return region->ops->write(region->opaque, offset, size, attrs, value);
    }
    if (size > room || !in_page(offset, size)) {
        uint8_t bytes[8];
        store_le(bytes, value, size);
        return bus_write_block(bus, pa, bytes, size, attrs);
    }
    if (region->kind == BUS_ROM && !attrs.debug)
        return BUS_OK;
    before_store(bus, region, offset, size, attrs.requester);
    uint8_t *host = bus_write_page(bus, region, offset);
    if (host)
        store_le(host, value, size);
    return BUS_OK;
}

/* As much of [offset, offset + size) as lies in one piece of host memory. */
static size_t in_one_piece(const struct bus_region *region, uint64_t offset, size_t size)
{
    size_t room = BUS_PAGE_SIZE - (size_t)(offset & (BUS_PAGE_SIZE - 1));
    return region->pages && size > room ? room : size;
}

static void store(struct bus *bus, struct bus_region *region, uint64_t offset, const uint8_t *data, size_t size,
                  uint16_t requester)
{
    before_store(bus, region, offset, size, requester);
    uint8_t *host = bus_write_page(bus, region, offset);
    if (host)
        memcpy(host, data, size);
}

enum bus_result bus_read_block(struct bus *bus, uint64_t pa, void *data, size_t size, struct bus_attrs attrs)
{
    uint8_t *to = data;
    while (size) {
        uint64_t offset, room;
        struct bus_region *region = route(bus, attrs.pas, pa, &offset, &room);
        if (!region)
            return BUS_DECODE_ERROR;
        if (region->kind == BUS_MMIO && !(bus_has_memory(region) && attrs.debug))
            return BUS_DEVICE_ERROR;
        size_t part = in_one_piece(region, offset, size < room ? size : (size_t)room);
        memcpy(to, bus_host(region, offset), part);
        to += part;
        pa += part;
        size -= part;
        if (size && !pa)
            return BUS_DECODE_ERROR; /* nothing lies beyond the top of the address space */
    }
    return BUS_OK;
}

enum bus_result bus_write_block(struct bus *bus, uint64_t pa, const void *data, size_t size, struct bus_attrs attrs)
{
    const uint8_t *from = data;
    while (size) {
        uint64_t offset, room;
        struct bus_region *region = route(bus, attrs.pas, pa, &offset, &room);
        if (!region)
            return BUS_DECODE_ERROR;
        if (region->kind == BUS_MMIO && !(bus_has_memory(region) && attrs.debug))
            return BUS_DEVICE_ERROR;
        size_t part = in_one_piece(region, offset, size < room ? size : (size_t)room);
        if (region->kind == BUS_RAM || attrs.debug)
            store(bus, region, offset, from, part, attrs.requester);
        from += part;
        pa += part;
        size -= part;
        if (size && !pa)
            return BUS_DECODE_ERROR;
    }
    return BUS_OK;
}

void bus_set_remap_watch(struct bus *bus, bus_remap_fn *fn, void *opaque)
{
    bus->remap = fn;
    bus->remap_opaque = opaque;
}

void bus_set_direct(struct bus *bus, struct bus_region *region, bool direct)
{
    enum bus_region_kind kind = direct ? BUS_ROM : BUS_MMIO;
    if (region->kind == kind)
        return;
    region->kind = kind;
    if (bus->remap)
        bus->remap(bus->remap_opaque, region);
}

void bus_program(struct bus *bus, struct bus_region *region, uint64_t offset, const void *data, size_t size,
                 uint16_t requester)
{
    if (offset > region->size || size > region->size - offset)
        return;
    const uint8_t *from = data;
    while (size) {
        size_t part = in_one_piece(region, offset, size);
        store(bus, region, offset, from, part, requester);
        from += part;
        offset += part;
        size -= part;
    }
}

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

void bus_fill_ram(struct bus *bus, uint64_t doubleword)
{
    uint64_t page[BUS_PAGE_SIZE / sizeof(uint64_t)];
    for (size_t i = 0; i < sizeof(page) / sizeof(page[0]); i++)
        store_le64((uint8_t *)&page[i], doubleword);
    for (size_t i = 0; i < bus->all.count; i++) {
        struct bus_region *region = bus->all.at[i];
        for (uint64_t n = 0; region->kind == BUS_RAM && n < region->size >> BUS_PAGE_BITS; n++)
            if (doubleword || bus_page(region, n))
                store(bus, region, n << BUS_PAGE_BITS, (const uint8_t *)page, sizeof(page), BUS_REQUESTER_DMA);
    }
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

void bus_set_move_watch(struct bus *bus, bus_move_fn *fn, void *opaque)
{
    bus->move = fn;
    bus->move_opaque = opaque;
}

void bus_set_load_watch(struct bus *bus, void (*fn)(void *opaque), void *opaque)
{
    bus->loaded = fn;
    bus->loaded_opaque = opaque;
}

void bus_set_shortage_watch(struct bus *bus, void (*fn)(void *opaque), void *opaque)
{
    bus->shortage = fn;
    bus->shortage_opaque = opaque;
}

/* --- contents as a whole --- */

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
