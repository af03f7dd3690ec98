#include "simulated.h"

#include "../lib/board.h"
#include "../lib/gic_secure.h"

bool lanes_read(u64 offset, unsigned bytes, u32 word, u64 *value)
{
    if (bytes > 4 || offset % bytes)
        return false;
    *value = word >> 8 * (offset & 3);
    return true;
}

bool is_word_access(u64 offset, unsigned bytes)
{
    return bytes <= 4 && offset % bytes == 0;
}

u32 primecell_id(u32 peripheral, u64 offset)
{
    static const u8 cell[4] = {0x0d, 0xf0, 0x05, 0xb1};
    unsigned index = offset >> 2 & 3;
    return offset & 0x10 ? cell[index] : peripheral >> 8 * index & 0xff;
}

void drive_interrupt(const struct mmio_device *device, bool level)
{
    gic_set_pending(device->intid, level);
}

enum { PROPERTY_BYTES = 64 };

static bool copy_property(struct dt_edit *tree, int from, int to, const char *name)
{
    u32 size;
    u8 value[PROPERTY_BYTES];
    const void *data = dt_property(&tree->dt, from, name, &size);
    if (!data || size > sizeof(value))
        return !data;
    memcpy(value, data, size);
    return dt_set(tree, to, name, value, size);
}

bool replace_node(const struct mmio_device *device, struct dt_edit *tree, const char *path, const char *name)
{
    static const char *const kept[] = {"compatible", "clocks", "clock-names"};
    const u32 reg[] = {(u32)(device->base >> 32), (u32)device->base, 0, (u32)device->size};
    const u32 interrupt[] = {0, device->intid - 32, 4}; /* SPI, level-sensitive, high */
    int to = dt_add_node(tree, 0, name), from = dt_path(&tree->dt, path);
    bool good = to != DT_NONE && from != DT_NONE;
    for (unsigned i = 0; i < COUNT(kept) && good; i++)
        good = copy_property(tree, from, to, kept[i]); /* `from` lies in front of it, and stays where it is */
    return good && dt_set_cells(tree, to, "reg", reg, COUNT(reg)) &&
           dt_set_cells(tree, to, "interrupts", interrupt, COUNT(interrupt)) && dt_remove_node(tree, from);
}
