/* What all device models have in common. */
#include "devices/device.h"

#include <inttypes.h>
#include <stdio.h>

void device_init(struct device *device, const struct device_ops *ops, const struct device_env *env, uint64_t base,
                 uint64_t size, unsigned pas_mask, struct irq_line *irq, unsigned spi)
{
    device->ops = ops;
    device->env = env;
    device->base = base;
    device->size = size;
    device->pas_mask = pas_mask;
    device->irq = irq;
    device->spi = spi;
    snprintf(device->name, sizeof(device->name), "%s@%" PRIx64, ops->model, base);
}

int device_attach(struct device *device, const struct bus_region **other)
{
    if (other)
        *other = NULL;
    if (device->ops->attach)
        return device->ops->attach(device, other);
    if (!device->size)
        return 0;
    return bus_add_mmio(device->env->bus, device->name, device->base, device->size, device->pas_mask,
                        &device->ops->bus, device, other);
}

struct state_section device_section(struct device *device)
{
    const struct device_ops *ops = device->ops;
    return (struct state_section){.name = device->name,
                                  .version = ops->state_version,
                                  .fields = ops->fields,
                                  .field_count = ops->field_count,
                                  .instance = device,
                                  .hash_extra = ops->hash_extra,
                                  .save_extra = ops->save_extra,
                                  .load_extra = ops->load_extra,
                                  .loaded = ops->loaded};
}

void device_reset(struct device *device)
{
    struct state_section section = device_section(device);
    state_reset_section(&section);
    if (device->ops->reset)
        device->ops->reset(device);
}

int device_describe(struct device *device, struct fdt_writer *writer)
{
    return device->ops->describe ? device->ops->describe(device, writer) : 0;
}

void device_destroy(struct device *device)
{
    if (device && device->ops->destroy)
        device->ops->destroy(device);
}

uint32_t device_primecell_id(uint32_t periph_id, uint64_t offset)
{
    static const uint8_t pcell_id[4] = {0x0d, 0xf0, 0x05, 0xb1};
    unsigned index = (offset >> 2) & 3;
    return offset & 0x10 ? pcell_id[index] : (periph_id >> (8 * index)) & 0xff;
}

void device_bad_offset(const struct device *device, const char *what, uint64_t offset, unsigned size)
{
    log_message(device->env->log, LOG_GUEST_ERROR, "%s: %s of %u bytes at offset %#" PRIx64 ": no such register",
                device->name, what, size, offset);
}
