/* Accesses: routed to a device or to host memory, and what has to be told before memory changes. */
#include "libarmsim/fabric/bus_internal.h"

#include "libarmsim/fabric/little_endian.h"

#include <string.h>

#define DEFAULT_SIZES (1u | 2u | 4u)

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
    struct bus_region *region = bus_route(bus, attrs.pas, pa, &offset, &room);
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
    struct bus_region *region = bus_route(bus, attrs.pas, pa, &offset, &room);
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

/* Of a block that begins at `pa`, what follows the `done` bytes and lies in one piece of host memory. */
struct part {
    struct bus_region *region;
    uint64_t offset;
    size_t size;
};

static enum bus_result find_part(const struct bus *bus, uint64_t pa, size_t done, size_t size, struct bus_attrs attrs,
                                 struct part *part)
{
    uint64_t room;
    if (done && !(pa + done))
        return BUS_DECODE_ERROR; /* nothing lies beyond the top of the address space */
    part->region = bus_route(bus, attrs.pas, pa + done, &part->offset, &room);
    if (!part->region)
        return BUS_DECODE_ERROR;
    if (part->region->kind == BUS_MMIO && !(bus_has_memory(part->region) && attrs.debug))
        return BUS_DEVICE_ERROR;
    part->size = in_one_piece(part->region, part->offset, size - done < room ? size - done : (size_t)room);
    return BUS_OK;
}

enum bus_result bus_read_block(struct bus *bus, uint64_t pa, void *data, size_t size, struct bus_attrs attrs)
{
    struct part part;
    for (size_t done = 0; done < size; done += part.size) {
        enum bus_result result = find_part(bus, pa, done, size, attrs, &part);
        if (result != BUS_OK)
            return result;
        memcpy((uint8_t *)data + done, bus_host(part.region, part.offset), part.size);
    }
    return BUS_OK;
}

enum bus_result bus_write_block(struct bus *bus, uint64_t pa, const void *data, size_t size, struct bus_attrs attrs)
{
    struct part part;
    for (size_t done = 0; done < size; done += part.size) {
        enum bus_result result = find_part(bus, pa, done, size, attrs, &part);
        if (result != BUS_OK)
            return result;
        if (part.region->kind == BUS_RAM || attrs.debug)
            store(bus, part.region, part.offset, (const uint8_t *)data + done, part.size, attrs.requester);
    }
    return BUS_OK;
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
