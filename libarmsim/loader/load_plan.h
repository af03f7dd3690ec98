/*
 * What goes where. Everything that is loaded is first put in a plan, which is checked as a whole (no overlaps,
 * nothing outside memory) before the first byte is written.
 */
#ifndef ARMSIM_LOADER_LOAD_PLAN_H
#define ARMSIM_LOADER_LOAD_PLAN_H

#include "libarmsim/fabric/bus.h"
#include "libarmsim/loader/blob.h"

struct load_item {
    const char *file;     /* borrowed, for reports */
    const char *part;     /* static: "Image", "segment", "initrd" ... */
    size_t part_index;    /* of a segment */
    uint64_t address, size; /* of memory; size is not 0 */
    enum pas pas;
    const uint8_t *data;  /* borrowed until the plan is written */
    uint64_t data_size;   /* at most size; the rest is zero */
};

struct load_plan {
    struct load_item *items;
    size_t count, capacity;
};

/* 0 or -ENOMEM (with the report), -EINVAL when address + size wraps. An empty item is not added. */
int load_plan_add(struct load_plan *plan, const struct load_item *item, struct load_error *error);
/* Every item lies in one region of RAM or ROM, and none overlaps another. */
int load_plan_check(const struct load_plan *plan, const struct bus *bus, struct load_error *error);
/* Writes a checked plan. RAM that is zero already is not touched. */
int load_plan_write(const struct load_plan *plan, struct bus *bus, struct load_error *error);
/*
 * The lowest multiple of `align` (a power of two) from `from` on where `size` bytes lie below `limit` and meet no item
 * of the plan; UINT64_MAX: there is none.
 */
uint64_t load_plan_find_free(const struct load_plan *plan, uint64_t from, uint64_t size, uint64_t align,
                             uint64_t limit);
/* The end of the highest item that begins in [from, limit); `from` if there is none. */
uint64_t load_plan_top(const struct load_plan *plan, uint64_t from, uint64_t limit);
void load_plan_free(struct load_plan *plan);

#endif
