#include "libarmsim/loader/load_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZERO_CHUNK = 4096 };

static int item_fail(const struct load_item *item, struct load_error *error, int code, const char *text)
{
    char field[64];
    if (strcmp(item->part, "segment") == 0)
        snprintf(field, sizeof(field), "segment %zu", item->part_index);
    else
        snprintf(field, sizeof(field), "%s", item->part);
    return load_fail(error, code, item->file, field, "%s", text);
}

int load_plan_add(struct load_plan *plan, const struct load_item *item, struct load_error *error)
{
    if (item->size == 0)
        return 0;
    if (item->address > UINT64_MAX - item->size) {
        char text[128];
        snprintf(text, sizeof(text), "expected an end below 2^64, found 0x%" PRIx64 " bytes at 0x%" PRIx64, item->size,
                 item->address);
        return item_fail(item, error, -EINVAL, text);
    }
    if (plan->count == plan->capacity) {
        size_t capacity = plan->capacity ? plan->capacity * 2 : 16;
        struct load_item *items = realloc(plan->items, capacity * sizeof(*items));
        if (!items)
            return load_fail_errno(error, -ENOMEM, item->file, item->part);
        plan->items = items;
        plan->capacity = capacity;
    }
    plan->items[plan->count++] = *item;
    return 0;
}

static int by_address(const void *a, const void *b)
{
    const struct load_item *left = *(const struct load_item *const *)a, *right = *(const struct load_item *const *)b;
    return left->address < right->address ? -1 : left->address > right->address;
}

static int check_overlap(const struct load_item *first, const struct load_item *second, struct load_error *error)
{
    if (first->address + first->size <= second->address)
        return 0;
    char text[512];
    snprintf(text, sizeof(text),
             "expected free memory, 0x%" PRIx64 "-0x%" PRIx64 " overlaps %.200s (%s) at 0x%" PRIx64 "-0x%" PRIx64,
             second->address, second->address + second->size - 1, first->file, first->part, first->address,
             first->address + first->size - 1);
    return item_fail(second, error, -EEXIST, text);
}

static int check_overlaps(const struct load_plan *plan, struct load_error *error)
{
    if (plan->count < 2)
        return 0;
    const struct load_item **sorted = malloc(plan->count * sizeof(*sorted));
    if (!sorted)
        return load_fail_errno(error, -ENOMEM, plan->items[0].file, "load");
    for (size_t i = 0; i < plan->count; i++)
        sorted[i] = &plan->items[i];
    qsort(sorted, plan->count, sizeof(*sorted), by_address);
    int result = 0;
    for (size_t i = 1; i < plan->count && result == 0; i++)
        result = check_overlap(sorted[i - 1], sorted[i], error);
    free(sorted);
    return result;
}

int load_plan_check(const struct load_plan *plan, const struct bus *bus, struct load_error *error)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct load_item *item = &plan->items[i];
        uint64_t offset;
        const struct bus_region *region = bus_find(bus, item->pas, item->address, &offset);
        char text[256];
        if (!bus_is_memory(region)) {
            snprintf(text, sizeof(text), "expected an address in RAM or ROM, found 0x%" PRIx64, item->address);
            return item_fail(item, error, -EINVAL, text);
        }
        if (item->size > region->size - offset) {
            snprintf(text, sizeof(text),
                     "expected to fit in %s (0x%" PRIx64 "-0x%" PRIx64 "), found 0x%" PRIx64 " bytes at 0x%" PRIx64,
                     region->name, region->base, region->base + region->size - 1, item->size, item->address);
            return item_fail(item, error, -EINVAL, text);
        }
    }
    return check_overlaps(plan, error);
}

static bool all_zero(const uint8_t *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static enum bus_result write_zeros(struct bus *bus, uint64_t address, uint64_t size, struct bus_attrs attrs)
{
    static const uint8_t zeros[ZERO_CHUNK];
    uint8_t old[ZERO_CHUNK];
    enum bus_result result = BUS_OK;
    while (size > 0 && result == BUS_OK) {
        size_t chunk = size < ZERO_CHUNK ? (size_t)size : ZERO_CHUNK;
        result = bus_read_block(bus, address, old, chunk, attrs);
        if (result == BUS_OK && !all_zero(old, chunk))
            result = bus_write_block(bus, address, zeros, chunk, attrs);
        address += chunk;
        size -= chunk;
    }
    return result;
}

int load_plan_write(const struct load_plan *plan, struct bus *bus, struct load_error *error)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct load_item *item = &plan->items[i];
        const struct bus_attrs attrs = {.pas = item->pas, .debug = true, .requester = BUS_REQUESTER_DMA};
        enum bus_result result = BUS_OK;
        if (item->data_size > 0)
            result = bus_write_block(bus, item->address, item->data, (size_t)item->data_size, attrs);
        if (result == BUS_OK)
            result = write_zeros(bus, item->address + item->data_size, item->size - item->data_size, attrs);
        if (result != BUS_OK)
            return item_fail(item, error, -EINVAL, "the memory refused the bytes");
    }
    return 0;
}

static const struct load_item *item_in(const struct load_plan *plan, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct load_item *item = &plan->items[i];
        if (address < item->address + item->size && item->address < address + size)
            return item;
    }
    return NULL;
}

uint64_t load_plan_find_free(const struct load_plan *plan, uint64_t from, uint64_t size, uint64_t align,
                             uint64_t limit)
{
    uint64_t address = (from + align - 1) & ~(align - 1);
    while (address >= from && address <= limit && size <= limit - address) {
        const struct load_item *item = item_in(plan, address, size);
        if (!item)
            return address;
        address = (item->address + item->size + align - 1) & ~(align - 1);
    }
    return UINT64_MAX;
}

uint64_t load_plan_top(const struct load_plan *plan, uint64_t from, uint64_t limit)
{
    uint64_t top = from;
    for (size_t i = 0; i < plan->count; i++) {
        const struct load_item *item = &plan->items[i];
        if (item->address >= from && item->address < limit && item->address + item->size > top)
            top = item->address + item->size;
    }
    return top;
}

void load_plan_free(struct load_plan *plan)
{
    free(plan->items);
    *plan = (struct load_plan){0};
}
