/* The devices that there are not: config.devices. */
#include "monitor.h"

static u32 lock;

void monitor_lock(void)
{
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
        ;
}

void monitor_unlock(void)
{
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

const struct mmio_device *device_at(u64 physical, u64 *offset)
{
    for (unsigned i = 0; i < config.device_count; i++) {
        const struct mmio_device *device = config.devices[i];
        u64 base = device->place ? device->place(device) : device->base;
        *offset = physical - base;
        if (base != NOWHERE && physical >= base && *offset < device->size)
            return device;
    }
    return NULL;
}

void devices_start(void)
{
    for (unsigned i = 0; i < config.device_count; i++)
        if (config.devices[i]->start)
            config.devices[i]->start(config.devices[i]);
}

void devices_tick(u64 now)
{
    for (unsigned i = 0; i < config.device_count; i++)
        if (config.devices[i]->tick)
            config.devices[i]->tick(config.devices[i], now);
}

void devices_interrupt(unsigned intid)
{
    for (unsigned i = 0; i < config.device_count; i++)
        if (config.devices[i]->interrupt)
            config.devices[i]->interrupt(config.devices[i], intid);
}

bool devices_describe(struct dt_edit *tree)
{
    for (unsigned i = 0; i < config.device_count; i++)
        if (config.devices[i]->describe && !config.devices[i]->describe(config.devices[i], tree))
            return false;
    return true;
}
