#include "pcicfg.h"

#include "memory.h"

static void put(u8 *space, unsigned offset, u64 value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        space[offset + i] = (u8)(value >> 8 * i);
}

static u64 get(const u8 *space, unsigned offset, unsigned bytes)
{
    u64 value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (u64)space[offset + i] << 8 * i;
    return value;
}

static unsigned bar_bytes(const struct pcicfg_table *table, unsigned n)
{
    return table->bar_kind[n] & PCI_BAR_64 ? 8 : 4;
}

/* Address bits below a BAR's size can't be written: that is how its size is found. */
void pcicfg_reset(struct pcicfg *function, const struct pcicfg_table *table)
{
    function->table = table;
    memcpy(function->space, table->space, PCI_SPACE);
    memcpy(function->writable, table->writable, PCI_SPACE);
    function->space[PCI_PIN] = table->pin;
    for (unsigned n = 0; n < PCI_BARS; n++) {
        if (!table->bar_size[n])
            continue;
        unsigned offset = PCI_BAR0 + 4 * n, bytes = bar_bytes(table, n);
        put(function->space, offset, (table->bar_base[n] & ~0xful) | table->bar_kind[n], bytes);
        put(function->writable, offset, ~(table->bar_size[n] - 1), bytes);
    }
}

static bool is_access(unsigned offset, unsigned bytes)
{
    return (bytes == 1 || bytes == 2 || bytes == 4) && offset % bytes == 0 && offset < PCI_EXTENDED_SPACE;
}

bool pcicfg_read(const struct pcicfg *function, unsigned offset, unsigned bytes, u32 *value)
{
    if (!is_access(offset, bytes))
        return false;
    *value = offset < PCI_SPACE ? (u32)get(function->space, offset, bytes) : 0;
    return true;
}

bool pcicfg_write(struct pcicfg *function, unsigned offset, unsigned bytes, u32 value)
{
    if (!is_access(offset, bytes))
        return false;
    for (unsigned i = 0; i < bytes && offset + i < PCI_SPACE; i++) {
        u8 byte = (u8)(value >> 8 * i), *at = &function->space[offset + i], mask = function->writable[offset + i];
        *at = (u8)((*at & ~mask) | (byte & mask));
        *at &= (u8)~(byte & function->table->clear_by_one[offset + i]);
    }
    return true;
}

u16 pcicfg_command(const struct pcicfg *function)
{
    return (u16)get(function->space, PCI_COMMAND, 2);
}

u64 pcicfg_bar(const struct pcicfg *function, unsigned n)
{
    return get(function->space, PCI_BAR0 + 4 * n, bar_bytes(function->table, n)) & ~0xful;
}
