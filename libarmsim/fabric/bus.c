/* The bus's map: regions sorted by base, one list for each physical address space, searched by bisection. */
#include "libarmsim/fabric/bus_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ALIAS_DEPTH = 4 };

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

static struct bus_region *find_direct(const struct bus *bus, enum pas pas, uint64_t pa)
{
    size_t index = list_upper(&bus->in_pas[pas], pa);
    if (!index)
        return NULL;
    struct bus_region *region = bus->in_pas[pas].at[index - 1];
    return pa - region->base < region->size ? region : NULL;
}

struct bus_region *bus_search(const struct bus *bus, enum pas pas, uint64_t pa, uint64_t *offset, uint64_t *room)
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
            if (!depth) /* a region found through an alias is not kept */
                bus->recent->region[pas] = region;
            return region;
        }
        pa = region->alias_target + at;
    }
    return NULL; /* aliases in a circle claim nothing */
}

struct bus_region *bus_find(const struct bus *bus, enum pas pas, uint64_t pa, uint64_t *offset)
{
    uint64_t at = 0, room;
    struct bus_region *region = bus_route(bus, pas, pa, &at, &room);
    if (offset)
        *offset = at;
    return region;
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
