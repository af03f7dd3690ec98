/*
 * What a virtio device is made of: the MMIO transport's registers, its queues, and a class of functions behind it.
 * Private to devices/virtio/.
 */
#ifndef ARMSIM_DEVICES_VIRTIO_VIRTIO_MMIO_H
#define ARMSIM_DEVICES_VIRTIO_VIRTIO_MMIO_H

#include "devices/virtio/virtio.h"

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

enum { VIRTIO_INTERRUPT_QUEUE = 1, VIRTIO_INTERRUPT_CONFIG = 2 };

struct virtqueue {
    uint16_t size;       /* QueueNum */
    uint8_t ready;       /* QueueReady */
    uint16_t next_avail; /* the device's place in the available ring */
    uint16_t next_used;  /* index of the used ring, as written */
    uint16_t signalled;  /* next_used when the driver was last told, or decided not to be */
    uint64_t descriptors, driver, device; /* addresses of the three areas */
};

struct virtio_mmio;

struct virtio_class {
    uint32_t device_id;
    uint64_t features; /* offered by all devices of the class, beside the ring's own */
    unsigned queue_count;
    uint64_t latency_ns; /* from the driver's notification to the moment the device looks at the queue */
    /* Serves a queue that the driver has notified. True: there is more to do, after the latency again; only after it
     * has taken something from the queue, or the device would stay awake for ever. */
    bool (*process)(struct virtio_mmio *virtio, unsigned queue);
    /* Fills the configuration space; returns its size (at most VIRTIO_CONFIG_MAX). Optional. */
    size_t (*config)(struct virtio_mmio *virtio, uint8_t *image);
    /* A write to it. False: there is nothing to write there. Optional. */
    bool (*config_write)(struct virtio_mmio *virtio, uint64_t offset, unsigned size, uint32_t value);
    void (*started)(struct virtio_mmio *virtio); /* DRIVER_OK was set. Optional. */
    void (*reset)(struct virtio_mmio *virtio);   /* the device was reset, by the driver or from outside. Optional. */
    void (*release)(struct virtio_mmio *virtio); /* frees what the device owns beside itself. Optional. */
};

struct virtio_mmio {
    struct device device;
    const struct virtio_class *class;
    uint64_t offered; /* feature bits */
    unsigned queue_count;
    struct clock_event work;

    uint64_t accepted; /* DriverFeatures */
    uint32_t device_features_select, driver_features_select, queue_select;
    uint8_t status, interrupt_status;
    uint32_t config_generation;
    uint32_t notified; /* queues that `work` will look at */
    struct virtqueue queue[VIRTIO_QUEUES_MAX];
};

/* The transport's part of every device's state table. */
#define VIRTIO_MMIO_FIELDS(type)                                                                                       \
    STATE_FIELD(type, mmio.accepted, 0), STATE_FIELD(type, mmio.device_features_select, 0),                            \
        STATE_FIELD(type, mmio.driver_features_select, 0), STATE_FIELD(type, mmio.queue_select, 0),                    \
        STATE_FIELD(type, mmio.status, 0), STATE_FIELD(type, mmio.interrupt_status, 0),                                \
        STATE_FIELD(type, mmio.config_generation, 0), STATE_FIELD(type, mmio.notified, 0),                             \
        STATE_MEMBERS(type, mmio.queue, size, VIRTIO_QUEUE_SIZE), STATE_MEMBERS(type, mmio.queue, ready, 0),           \
        STATE_MEMBERS(type, mmio.queue, next_avail, 0), STATE_MEMBERS(type, mmio.queue, next_used, 0),                 \
        STATE_MEMBERS(type, mmio.queue, signalled, 0), STATE_MEMBERS(type, mmio.queue, descriptors, 0),                \
        STATE_MEMBERS(type, mmio.queue, driver, 0), STATE_MEMBERS(type, mmio.queue, device, 0)

/* The transport's part of every device_ops. */
#define VIRTIO_MMIO_OPS(field_table)                                                                                   \
    .bus = {.read = virtio_mmio_read, .write = virtio_mmio_write}, .fields = field_table,                              \
    .field_count = sizeof(field_table) / sizeof(*(field_table)), .state_version = 1, .reset = virtio_mmio_reset,       \
    .destroy = virtio_mmio_destroy, .describe = virtio_mmio_describe, .loaded = virtio_mmio_loaded

enum bus_result virtio_mmio_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                 uint64_t *value);
enum bus_result virtio_mmio_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                  uint64_t value);
void virtio_mmio_reset(struct device *device);
void virtio_mmio_destroy(struct device *device);
bool virtio_mmio_loaded(void *device);
int virtio_mmio_describe(struct device *device, struct fdt_writer *writer);

/*
 * Fills the transport of a zeroed device and resets it; the device's own fields that a reset needs are set already.
 * 0 or -ENOMEM, with nothing to undo.
 */
int virtio_mmio_init(struct virtio_mmio *virtio, const struct device_ops *ops, const struct virtio_class *class,
                     const struct device_env *env, const struct virtio_place *place, uint64_t extra_features);

/* DRIVER_OK, and neither broken nor failed: the queues may be used. */
bool virtio_running(const struct virtio_mmio *virtio);
static inline bool virtio_has(const struct virtio_mmio *virtio, uint64_t feature)
{
    return virtio->accepted & feature;
}
/* The driver broke the rules: logs, sets DEVICE_NEEDS_RESET and tells it. Nothing more happens until the reset. */
void virtio_fail(struct virtio_mmio *virtio, const char *format, ...) __attribute__((format(printf, 2, 3)));
void virtio_interrupt(struct virtio_mmio *virtio, unsigned cause);
/* The configuration space has changed: new generation, and an interrupt once the driver is up. */
void virtio_config_changed(struct virtio_mmio *virtio);
/* What devices do DMA as. */
struct bus_attrs virtio_dma_attrs(const struct virtio_mmio *virtio);

/* Little-endian fields of structures in guest memory. */
static inline uint16_t load_le16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}
static inline uint32_t load_le32(const uint8_t *bytes)
{
    return load_le16(bytes) | (uint32_t)load_le16(bytes + 2) << 16;
}
static inline uint64_t load_le64(const uint8_t *bytes)
{
    return load_le32(bytes) | (uint64_t)load_le32(bytes + 4) << 32;
}
static inline void store_le16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}
static inline void store_le32(uint8_t *bytes, uint32_t value)
{
    store_le16(bytes, (uint16_t)value);
    store_le16(bytes + 2, (uint16_t)(value >> 16));
}
static inline void store_le64(uint8_t *bytes, uint64_t value)
{
    store_le32(bytes, (uint32_t)value);
    store_le32(bytes + 4, (uint32_t)(value >> 32));
}

#endif
