/*
 * The virtio MMIO transport, version 2. Specification: Virtual I/O Device (VIRTIO) 1.2, section 4.2.2.
 *
 *   0x000 MagicValue           0x034 QueueNumMax      0x080/4 QueueDesc      0x0ac SHMSel
 *   0x004 Version              0x038 QueueNum         0x090/4 QueueDriver    0x0b0/4 SHMLen
 *   0x008 DeviceID             0x044 QueueReady       0x0a0/4 QueueDevice    0x0b8/c SHMBase
 *   0x00c VendorID             0x050 QueueNotify      0x0c0 QueueReset
 *   0x010 DeviceFeatures       0x060 InterruptStatus  0x0fc ConfigGeneration
 *   0x014 DeviceFeaturesSel    0x064 InterruptACK     0x100 configuration space
 *   0x020 DriverFeatures       0x070 Status
 *   0x024 DriverFeaturesSel
 *
 * Interrupt: one line, high while InterruptStatus is not zero.
 *
 * Registers take 32-bit accesses only; the configuration space also 8 and 16 bits. The legacy interface (version 1)
 * is not offered. No device has shared memory: SHMLen reads as all ones.
 *
 * Guest errors: those of the core (virtio_core.c), an unknown register.
 */
#include "devices/virtio/virtio_core.h"

#include "devices/fdt_writer.h"

#include <stdlib.h>

enum {
    MAGIC_VALUE = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    VENDOR_ID = 0x00c,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    QUEUE_SEL = 0x030,
    QUEUE_NUM_MAX = 0x034,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESC_LOW = 0x080,
    QUEUE_DESC_HIGH = 0x084,
    QUEUE_DRIVER_LOW = 0x090,
    QUEUE_DRIVER_HIGH = 0x094,
    QUEUE_DEVICE_LOW = 0x0a0,
    QUEUE_DEVICE_HIGH = 0x0a4,
    SHM_SEL = 0x0ac,
    SHM_LEN_LOW = 0x0b0,
    SHM_LEN_HIGH = 0x0b4,
    SHM_BASE_LOW = 0x0b8,
    SHM_BASE_HIGH = 0x0bc,
    QUEUE_RESET = 0x0c0,
    CONFIG_GENERATION = 0x0fc,
    CONFIG = 0x100,
};

enum { MAGIC = 0x74726976 /* "virt" */, VENDOR = 0x534d5241 /* "ARMS" */ };
/* --- accesses --- */

static uint32_t read_register(struct virtio *virtio, uint64_t offset, bool debug)
{
    const struct virtqueue *queue = virtio_selected(virtio);
    switch (offset) {
    case MAGIC_VALUE:
        return MAGIC;
    case VERSION:
        return 2;
    case DEVICE_ID:
        return virtio->class->device_id;
    case VENDOR_ID:
        return VENDOR;
    case DEVICE_FEATURES:
        return virtio_offered_part(virtio);
    case QUEUE_NUM_MAX:
        return queue ? VIRTIO_QUEUE_SIZE : 0;
    case QUEUE_READY:
        return queue ? queue->ready : 0;
    case INTERRUPT_STATUS:
        return virtio->interrupt_status;
    case STATUS:
        return virtio->status;
    case SHM_LEN_LOW:
    case SHM_LEN_HIGH:
    case SHM_BASE_LOW:
    case SHM_BASE_HIGH:
        return UINT32_MAX; /* no such region */
    case QUEUE_RESET:
        return 0; /* a reset is over as soon as it begins */
    case CONFIG_GENERATION:
        return virtio->config_generation;
    default:
        if (!debug)
            device_bad_offset(&virtio->device, "read", offset, 4);
        return 0;
    }
}

enum bus_result virtio_mmio_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    struct virtio *virtio = opaque;
    if (offset >= CONFIG) {
        *value = virtio_read_config(virtio, offset - CONFIG, size, attrs.debug);
    } else if (size == 4) {
        *value = read_register(virtio, offset, attrs.debug);
    } else {
        if (!attrs.debug)
            device_bad_offset(&virtio->device, "read", offset, size);
        *value = 0;
    }
    return BUS_OK;
}

static const struct {
    uint64_t offset;
    enum virtio_queue_register which;
} queue_registers[] = {
    {QUEUE_NUM, QUEUE_REGISTER_SIZE},
    {QUEUE_READY, QUEUE_REGISTER_READY},
    {QUEUE_DESC_LOW, QUEUE_REGISTER_DESCRIPTORS},
    {QUEUE_DESC_HIGH, QUEUE_REGISTER_DESCRIPTORS_HIGH},
    {QUEUE_DRIVER_LOW, QUEUE_REGISTER_DRIVER},
    {QUEUE_DRIVER_HIGH, QUEUE_REGISTER_DRIVER_HIGH},
    {QUEUE_DEVICE_LOW, QUEUE_REGISTER_DEVICE},
    {QUEUE_DEVICE_HIGH, QUEUE_REGISTER_DEVICE_HIGH},
    {QUEUE_RESET, QUEUE_REGISTER_RESET},
};

static bool write_queue_register(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    for (size_t i = 0; i < sizeof(queue_registers) / sizeof(queue_registers[0]); i++) {
        if (queue_registers[i].offset != offset)
            continue;
        virtio_write_queue(virtio, queue_registers[i].which, value);
        return true;
    }
    return false;
}

static void write_register(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case DEVICE_FEATURES_SEL:
        virtio->device_features_select = value;
        break;
    case DRIVER_FEATURES:
        virtio_write_driver_features(virtio, value);
        break;
    case DRIVER_FEATURES_SEL:
        virtio->driver_features_select = value;
        break;
    case QUEUE_SEL:
        virtio->queue_select = value;
        break;
    case QUEUE_NOTIFY:
        virtio_notify(virtio, value);
        break;
    case INTERRUPT_ACK:
        virtio->interrupt_status &= ~value;
        virtio_update_line(virtio);
        break;
    case STATUS:
        virtio_write_status(virtio, value & 0xff);
        break;
    case SHM_SEL:
        break; /* whichever region: none exists */
    default:
        if (!write_queue_register(virtio, offset, value))
            device_bad_offset(&virtio->device, "write", offset, 4);
        break;
    }
}

enum bus_result virtio_mmio_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct virtio *virtio = opaque;
    if (attrs.debug)
        return BUS_DEVICE_ERROR;
    if (virtio->class->device_id == VIRTIO_ID_NONE) {
        device_bad_offset(&virtio->device, "write", offset, size);
    } else if (offset >= CONFIG) {
        virtio_write_config(virtio, offset - CONFIG, size, (uint32_t)value);
    } else if (size == 4) {
        write_register(virtio, offset, (uint32_t)value);
    } else {
        device_bad_offset(&virtio->device, "write", offset, size);
    }
    return BUS_OK;
}

int virtio_mmio_describe(struct device *device, struct fdt_writer *writer)
{
    fdtw_begin_at(writer, "virtio_mmio", device->base);
    fdtw_string(writer, "compatible", "virtio,mmio");
    fdtw_device(writer, device);
    fdtw_empty(writer, "dma-coherent");
    fdtw_end(writer);
    return fdtw_error(writer);
}

/* --- a transport with nothing behind it --- */

struct virtio_empty {
    struct virtio virtio;
};

static const struct state_field empty_fields[] = {VIRTIO_FIELDS(struct virtio_empty)};
static const struct virtio_class empty_class = {.device_id = VIRTIO_ID_NONE};
static const struct device_ops empty_ops = {.model = "virtio-mmio", VIRTIO_OPS(empty_fields)};

struct device *virtio_empty_create(const struct device_env *env, const struct virtio_place *place)
{
    struct virtio_empty *empty = calloc(1, sizeof(*empty));
    if (!empty)
        return NULL;
    if (virtio_init(&empty->virtio, &empty_ops, &empty_class, env, place, 0)) {
        free(empty);
        return NULL;
    }
    return &empty->virtio.device;
}
