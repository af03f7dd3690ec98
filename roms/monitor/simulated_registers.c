#include "simulated.h"

static u8 page[0x1000];

bool simulated_registers_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value)
{
    (void)device;
    *value = 0;
    for (unsigned i = 0; i < bytes; i++)
        *value |= (u64)page[offset + i] << 8 * i;
    return true;
}

bool simulated_registers_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value)
{
    (void)device;
    for (unsigned i = 0; i < bytes; i++)
        page[offset + i] = (u8)(value >> 8 * i);
    return true;
}
