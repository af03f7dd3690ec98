/*
 * What a virtio device is made of: a transport (MMIO, or a PCI function), its queues, and a class of functions behind
 * it. Private to devices/virtio/.
 */
#ifndef ARMSIM_DEVICES_VIRTIO_VIRTIO_CORE_H
#define ARMSIM_DEVICES_VIRTIO_VIRTIO_CORE_H

#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"
#include "libarmsim/fabric/little_endian.h"

enum { VIRTIO_QUEUES_MAX = 10, VIRTIO_QUEUE_SIZE = 256, VIRTIO_CONFIG_MAX = 64 };

/* Device IDs. */
enum { VIRTIO_ID_NONE = 0, VIRTIO_ID_NET = 1, VIRTIO_ID_BLOCK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4 };

/* Feature bits of the ring and the transport. */
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)
#define VIRTIO_F_RING_RESET (1ull << 40)

/* Device status. */
enum {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

enum { VIRTIO_INTERRUPT_QUEUE = 1, VIRTIO_INTERRUPT_CONFIG = 2, VIRTIO_NO_VECTOR = 0xffff };

struct virtqueue {
    uint16_t size;       /* QueueNum */
    uint8_t ready;       /* QueueReady */
    uint16_t vector;     /* PCI: of MSI-X */
    uint16_t next_avail; /* the device's place in the available ring */
    uint16_t next_used;  /* index of the used ring, as written */
    uint16_t signalled;  /* next_used when the driver was last told, or decided not to be */
    uint64_t descriptors, driver, device; /* addresses of the three areas */
};

struct virtio;

struct virtio_class {
    uint32_t device_id;
    uint64_t features; /* offered by all devices of the class, beside the ring's own */
    unsigned queue_count;
    uint64_t latency_ns; /* from the driver's notification to the moment the device looks at the queue */
    /* Serves a queue that the driver has notified. True: there is more to do, after the latency again; only after it
     * has taken something from the queue, or the device would stay awake for ever. */
    bool (*process)(struct virtio *virtio, unsigned queue);
    /* Fills the configuration space; returns its size (at most VIRTIO_CONFIG_MAX). Optional. */
    size_t (*config)(struct virtio *virtio, uint8_t *image);
    /* A write to it. False: there is nothing to write there. Optional. */
    bool (*config_write)(struct virtio *virtio, uint64_t offset, unsigned size, uint32_t value);
    void (*started)(struct virtio *virtio); /* DRIVER_OK was set. Optional. */
    void (*reset)(struct virtio *virtio);   /* the device was reset, by the driver or from outside. Optional. */
    void (*release)(struct virtio *virtio); /* frees what the device owns beside itself. Optional. */
};

struct virtio {
    struct device device;
    const struct virtio_class *class;
    struct device *function; /* the PCI function; NULL: MMIO */
    uint64_t offered; /* feature bits */
    unsigned queue_count;
    struct clock_event work;

    uint64_t accepted; /* DriverFeatures */
    uint32_t device_features_select, driver_features_select, queue_select;
    uint8_t status, interrupt_status;
    uint16_t config_vector; /* PCI: of MSI-X */
    uint32_t config_generation;
    uint32_t notified; /* queues that `work` will look at */
    struct virtqueue queue[VIRTIO_QUEUES_MAX];
};

/* The transport's part of every device's state table. */
#define VIRTIO_FIELDS(type)                                                                                       \
    STATE_FIELD(type, virtio.accepted, 0), STATE_FIELD(type, virtio.device_features_select, 0),                            \
        STATE_FIELD(type, virtio.driver_features_select, 0), STATE_FIELD(type, virtio.queue_select, 0),                    \
        STATE_FIELD(type, virtio.status, 0), STATE_FIELD(type, virtio.interrupt_status, 0),                                \
        STATE_FIELD(type, virtio.config_vector, VIRTIO_NO_VECTOR),                                                     \
        STATE_MEMBERS(type, virtio.queue, vector, VIRTIO_NO_VECTOR), STATE_FIELD(type, virtio.config_generation, 0),   \
        STATE_FIELD(type, virtio.notified, 0),                             \
        STATE_MEMBERS(type, virtio.queue, size, VIRTIO_QUEUE_SIZE), STATE_MEMBERS(type, virtio.queue, ready, 0),           \
        STATE_MEMBERS(type, virtio.queue, next_avail, 0), STATE_MEMBERS(type, virtio.queue, next_used, 0),                 \
        STATE_MEMBERS(type, virtio.queue, signalled, 0), STATE_MEMBERS(type, virtio.queue, descriptors, 0),                \
        STATE_MEMBERS(type, virtio.queue, driver, 0), STATE_MEMBERS(type, virtio.queue, device, 0)

/* The transport's part of every device_ops. */
#define VIRTIO_OPS(field_table)                                                                                   \
    .bus = {.read = virtio_mmio_read, .write = virtio_mmio_write}, .fields = field_table,                              \
    .field_count = sizeof(field_table) / sizeof(*(field_table)), .state_version = 2, .reset = virtio_reset,       \
    .destroy = virtio_destroy, .describe = virtio_describe, .loaded = virtio_loaded

enum bus_result virtio_mmio_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                 uint64_t *value);
enum bus_result virtio_mmio_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                  uint64_t value);
void virtio_reset(struct device *device);
void virtio_destroy(struct device *device);
bool virtio_loaded(void *device);
int virtio_describe(struct device *device, struct fdt_writer *writer);

/*
 * Fills the transport of a zeroed device and resets it; the device's own fields that a reset needs are set already.
 * 0 or -ENOMEM, with nothing to undo.
 */
int virtio_init(struct virtio *virtio, const struct device_ops *ops, const struct virtio_class *class,
                     const struct device_env *env, const struct virtio_place *place, uint64_t extra_features);

/* DRIVER_OK, and neither broken nor failed: the queues may be used. */
bool virtio_running(const struct virtio *virtio);
static inline bool virtio_has(const struct virtio *virtio, uint64_t feature)
{
    return virtio->accepted & feature;
}
/* The driver broke the rules: logs, sets DEVICE_NEEDS_RESET and tells it. Nothing more happens until the reset. */
void virtio_fail(struct virtio *virtio, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The queue's interrupt: a message, or InterruptStatus and the line. */
void virtio_interrupt_queue(struct virtio *virtio, unsigned queue);
/* The configuration space has changed: new generation, and an interrupt once the driver is up. */
void virtio_config_changed(struct virtio *virtio);
/* What devices do DMA as. */
struct bus_attrs virtio_dma_attrs(const struct virtio *virtio);

/* --- what transports call --- */

/* Registers of a queue; 64-bit ones by halves. */
enum virtio_queue_register {
    QUEUE_REGISTER_SIZE,
    QUEUE_REGISTER_READY,
    QUEUE_REGISTER_RESET,
    QUEUE_REGISTER_DESCRIPTORS,
    QUEUE_REGISTER_DESCRIPTORS_HIGH,
    QUEUE_REGISTER_DRIVER,
    QUEUE_REGISTER_DRIVER_HIGH,
    QUEUE_REGISTER_DEVICE,
    QUEUE_REGISTER_DEVICE_HIGH,
};
/* Of the queue that queue_select names, with the rules of when it may be written. */
void virtio_write_queue(struct virtio *virtio, enum virtio_queue_register which, uint32_t value);
struct virtqueue *virtio_selected(struct virtio *virtio); /* NULL: there is none of that number */
void virtio_write_status(struct virtio *virtio, uint32_t value);
void virtio_write_driver_features(struct virtio *virtio, uint32_t value);
uint32_t virtio_offered_part(const struct virtio *virtio); /* as device_features_select says */
void virtio_notify(struct virtio *virtio, uint32_t queue);
uint32_t virtio_read_config(struct virtio *virtio, uint64_t offset, unsigned size, bool debug);
void virtio_write_config(struct virtio *virtio, uint64_t offset, unsigned size, uint32_t value);
/* The line follows InterruptStatus. */
void virtio_update_line(struct virtio *virtio);
void virtio_guest_error(const struct virtio *virtio, const char *what, uint32_t value);

int virtio_mmio_describe(struct device *device, struct fdt_writer *writer);
void virtio_pci_define(struct virtio *virtio); /* makes place.function what the device is */

#endif
