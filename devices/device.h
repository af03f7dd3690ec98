/*
 * What every device model is made of. A model is one file: its header comment names the specification, the
 * registers and the deviations; its struct begins with `struct device`; its behaviour is one `device_ops`.
 */
#ifndef ARMSIM_DEVICES_DEVICE_H
#define ARMSIM_DEVICES_DEVICE_H

#include "libarmsim/fabric/bus.h"
#include "libarmsim/fabric/clock.h"
#include "libarmsim/fabric/irq.h"
#include "libarmsim/fabric/log.h"
#include "libarmsim/fabric/state.h"

struct device;

/* Context of the device tree writer: see devices/fdt_writer.h. */
struct fdt_writer;

struct device_ops {
    const char *model; /* "pl011" */
    struct bus_ops bus;
    const struct state_field *fields; /* guest-visible state; reset by the framework before `reset` */
    size_t field_count;
    uint32_t state_version;
    int (*attach)(struct device *device, const struct bus_region **other); /* optional: instead of an MMIO window */
    void (*reset)(struct device *device);   /* optional: beyond the fields' reset values */
    void (*destroy)(struct device *device); /* frees the device itself */
    /* State beyond the fields, and what follows from a state that was loaded: see struct state_section. */
    uint64_t (*hash_extra)(void *device, uint64_t hash);
    void (*save_extra)(void *device, struct state_writer *writer);
    bool (*load_extra)(void *device, struct state_reader *reader);
    bool (*loaded)(void *device);
    /* Emits the device's own FDT node(s); 0 or a negative libfdt error. Optional. */
    int (*describe)(struct device *device, struct fdt_writer *writer);
};

/* What a device may use of the machine. Shared by all devices; outlives them. */
struct device_env {
    struct bus *bus;     /* for DMA */
    struct clock *clock;
    struct log *log;
};

struct device {
    const struct device_ops *ops;
    const struct device_env *env;
    char name[40];       /* "pl011@9000000" */
    uint64_t base, size; /* MMIO window; size 0: none */
    unsigned pas_mask;
    struct irq_line *irq; /* first output; NULL: unconnected */
    unsigned spi;         /* its SPI number (0-based) for the device tree */
};

/* Fills the common part. `irq` may be NULL. */
void device_init(struct device *device, const struct device_ops *ops, const struct device_env *env, uint64_t base,
                 uint64_t size, unsigned pas_mask, struct irq_line *irq, unsigned spi);
/* Puts the device on the bus: 0 or the errors of bus_add_*. */
int device_attach(struct device *device, const struct bus_region **other);
/* Resets the fields, then calls ops->reset. */
void device_reset(struct device *device);
struct state_section device_section(struct device *device);
/* Emits the device's FDT node(s), if it has any: 0 or a negative libfdt error. */
int device_describe(struct device *device, struct fdt_writer *writer);
void device_destroy(struct device *device); /* NULL is allowed */

/* The part of a 32-bit register that an access of `size` bytes at `offset` reads. */
static inline uint64_t device_lanes(uint32_t value, uint64_t offset, unsigned size)
{
    return value >> (8 * (offset & 3)) & bus_ones(size);
}

/* Identification registers of a PrimeCell at 0xfe0 ... 0xffc: PeriphID0-3 from `periph_id`, then the PCellID. */
uint32_t device_primecell_id(uint32_t periph_id, uint64_t offset);

/* Logs an access to an offset where the device has no register, or one of the wrong direction. */
void device_bad_offset(const struct device *device, const char *what, uint64_t offset, unsigned size);

#endif
