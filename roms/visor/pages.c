#include "roms/lib/memory.h"
#include "roms/visor/host.h"

/* What is free: RAM without the visor's image, the device tree and the guests' archive. */
static struct range {
    u64 start, end;
} ranges[16];
static unsigned range_count;
static volatile u32 pages_lock;

extern u8 image_start[], image_end[];

/* Takes [start, end) out of what is free. */
static void take_out(u64 start, u64 end)
{
    start &= ~(PGTAB_PAGE - 1);
    end = (end + PGTAB_PAGE - 1) & ~(PGTAB_PAGE - 1);
    for (unsigned i = 0, count = range_count; i < count; i++) {
        struct range *range = &ranges[i];
        if (start >= range->end || end <= range->start)
            continue;
        if (end < range->end && start > range->start && range_count < COUNT(ranges))
            ranges[range_count++] = (struct range){end, range->end};
        else if (end < range->end) {
            range->start = end;
            continue;
        }
        range->end = start > range->start ? start : range->start;
    }
}

void pages_init(void)
{
    u64 base, size;
    const struct dt *fdt = &host.fdt;
    for (int node = dt_first_child(fdt, dt_path(fdt, "/")); node != DT_NONE; node = dt_next_sibling(fdt, node)) {
        if (!dt_has_string(fdt, node, "device_type", "memory") || !dt_enabled(fdt, node))
            continue;
        for (unsigned i = 0; range_count < COUNT(ranges) && dt_reg(fdt, node, i, &base, &size); i++)
            ranges[range_count++] = (struct range){base, base + size};
    }
    take_out((u64)image_start, (u64)image_end);
    take_out((u64)fdt->blob, (u64)fdt->blob + fdt->size);
    take_out(host.initrd_start, host.initrd_end);
    int reserved = dt_path(fdt, "/reserved-memory");
    for (int node = dt_first_child(fdt, reserved); reserved != DT_NONE && node != DT_NONE;
         node = dt_next_sibling(fdt, node)) {
        if (dt_reg(fdt, node, 0, &base, &size))
            take_out(base, base + size);
    }
}

/* Large pieces by DC ZVA: the MMU is on by then. */
static void zero(void *memory, u64 size)
{
    u64 dczid = READ(dczid_el0), block = 4ull << (dczid & 15);
    if (size < 0x10000 || dczid & BIT(4) || !(READ(sctlr_el2) & 1)) {
        memset(memory, 0, size);
        return;
    }
    for (u64 at = (u64)memory; at < (u64)memory + size; at += block)
        __asm__ volatile("dc zva, %0" ::"r"(at) : "memory");
}

void *pages_take(u64 size, u64 align)
{
    void *result = NULL;
    if (size == 0)
        return NULL;
    lock(&pages_lock);
    /* From the end of the last range that has it: what is low stays for guests that want a place. */
    for (unsigned i = range_count; i-- && !result;) {
        u64 at = (ranges[i].end - size) & ~(align - 1);
        if (ranges[i].end - ranges[i].start < size || at < ranges[i].start)
            continue;
        take_out(at, at + size);
        result = (void *)at;
    }
    unlock(&pages_lock);
    if (result)
        zero(result, size);
    return result;
}

bool pages_take_at(u64 address, u64 size)
{
    bool found = false;
    lock(&pages_lock);
    for (unsigned i = 0; i < range_count && !found; i++)
        found = address >= ranges[i].start && address < ranges[i].end && size <= ranges[i].end - address;
    if (found)
        take_out(address, address + size);
    unlock(&pages_lock);
    return found;
}

void *page_zeroed(void *context)
{
    (void)context;
    return pages_take(PGTAB_PAGE, PGTAB_PAGE);
}
