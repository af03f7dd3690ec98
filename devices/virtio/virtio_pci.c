/*
 * The virtio PCI transport. Specification: Virtual I/O Device (VIRTIO) 1.2, section 4.1; no legacy interface.
 *
 * BAR 4 (64 bits, 16 KiB) has the structures that the capabilities name; BAR 1 the MSI-X table, with a vector for each
 * queue and one for changes of the configuration.
 *
 *   0x0000  common configuration
 *     0x00 device_feature_select  0x10 config_msix_vector  0x16 queue_select       0x1e queue_notify_off
 *     0x04 device_feature         0x12 num_queues          0x18 queue_size         0x20 queue_desc
 *     0x08 driver_feature_select  0x14 device_status       0x1a queue_msix_vector  0x28 queue_driver
 *     0x0c driver_feature         0x15 config_generation   0x1c queue_enable       0x30 queue_device
 *                                                          0x3a queue_reset        0x38 queue_notify_data (0)
 *   0x1000  ISR status: a read clears it
 *   0x2000  configuration space of the device
 *   0x3000  notifications: a doubleword for each queue; what is written doesn't matter
 *
 * A field is accessed in its own size, 64-bit ones by halves too; anything else reads as zero, writes nothing, and is a
 * guest error. The capability VIRTIO_PCI_CAP_PCI_CFG reaches the same structures by configuration space.
 */
#include "devices/virtio/virtio_core.h"

#include <stdio.h>

enum { VENDOR = 0x1af4, FIRST_DEVICE = 0x1040, SUBSYSTEM = 0x1100, STRUCTURES_BAR = 4, MSIX_BAR = 1 };
enum { COMMON = 0, ISR = 0x1000, CONFIG = 0x2000, NOTIFY = 0x3000, BAR_BYTES = 0x4000, NOTIFY_MULTIPLIER = 4 };

enum {
    DEVICE_FEATURE_SELECT = 0x00,
    DEVICE_FEATURE = 0x04,
    DRIVER_FEATURE_SELECT = 0x08,
    DRIVER_FEATURE = 0x0c,
    CONFIG_VECTOR = 0x10,
    NUM_QUEUES = 0x12,
    DEVICE_STATUS = 0x14,
    GENERATION = 0x15,
    QUEUE_SELECT = 0x16,
    QUEUE_SIZE = 0x18,
    QUEUE_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c,
    QUEUE_NOTIFY_OFFSET = 0x1e,
    QUEUE_DESC = 0x20,
    QUEUE_DRIVER = 0x28,
    QUEUE_DEVICE = 0x30,
    QUEUE_NOTIFY_DATA = 0x38,
    QUEUE_RESET = 0x3a,
    COMMON_BYTES = 0x40,
};

/* Sizes of the common configuration's fields by offset. */
static const uint8_t field_size[COMMON_BYTES] = {
    [DEVICE_FEATURE_SELECT] = 4, [DEVICE_FEATURE] = 4, [DRIVER_FEATURE_SELECT] = 4, [DRIVER_FEATURE] = 4,
    [CONFIG_VECTOR] = 2, [NUM_QUEUES] = 2, [DEVICE_STATUS] = 1, [GENERATION] = 1, [QUEUE_SELECT] = 2, [QUEUE_SIZE] = 2,
    [QUEUE_VECTOR] = 2, [QUEUE_ENABLE] = 2, [QUEUE_NOTIFY_OFFSET] = 2, [QUEUE_DESC] = 4, [QUEUE_DESC + 4] = 4,
    [QUEUE_DRIVER] = 4, [QUEUE_DRIVER + 4] = 4, [QUEUE_DEVICE] = 4, [QUEUE_DEVICE + 4] = 4, [QUEUE_NOTIFY_DATA] = 2,
    [QUEUE_RESET] = 2,
};

static uint32_t half(uint64_t address, uint64_t offset)
{
    return (uint32_t)(offset & 4 ? address >> 32 : address);
}

static uint32_t read_queue(const struct virtqueue *queue, uint64_t offset, unsigned index)
{
    switch (offset) {
    case QUEUE_SIZE:
        return queue->size;
    case QUEUE_VECTOR:
        return queue->vector;
    case QUEUE_ENABLE:
        return queue->ready;
    case QUEUE_NOTIFY_OFFSET:
        return index;
    case QUEUE_DESC:
    case QUEUE_DESC + 4:
        return half(queue->descriptors, offset);
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:
        return half(queue->driver, offset);
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:
        return half(queue->device, offset);
    default:
        return 0; /* queue_notify_data without that feature; queue_reset: over as soon as it begins */
    }
}

static uint32_t read_common(struct virtio *virtio, uint64_t offset)
{
    const struct virtqueue *queue = virtio_selected(virtio);
    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        return virtio->device_features_select;
    case DEVICE_FEATURE:
        return virtio_offered_part(virtio);
    case DRIVER_FEATURE_SELECT:
        return virtio->driver_features_select;
    case DRIVER_FEATURE:
        return virtio->driver_features_select < 2 ? half(virtio->accepted, 4 * virtio->driver_features_select) : 0;
    case CONFIG_VECTOR:
        return virtio->config_vector;
    case NUM_QUEUES:
        return virtio->queue_count;
    case DEVICE_STATUS:
        return virtio->status;
    case GENERATION:
        return virtio->config_generation & 0xff;
    case QUEUE_SELECT:
        return virtio->queue_select;
    default:
        return queue ? read_queue(queue, offset, virtio->queue_select) : 0;
    }
}

/* Vectors that don't exist are no vector: what is read back says so. */
static uint16_t choose_vector(const struct virtio *virtio, uint32_t value)
{
    return value <= virtio->queue_count ? (uint16_t)value : VIRTIO_NO_VECTOR;
}

static void write_queue_field(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    struct virtqueue *queue = virtio_selected(virtio);
    static const struct {
        uint64_t offset;
        enum virtio_queue_register which;
    } registers[] = {
        {QUEUE_SIZE, QUEUE_REGISTER_SIZE},
        {QUEUE_ENABLE, QUEUE_REGISTER_READY},
        {QUEUE_DESC, QUEUE_REGISTER_DESCRIPTORS},
        {QUEUE_DESC + 4, QUEUE_REGISTER_DESCRIPTORS_HIGH},
        {QUEUE_DRIVER, QUEUE_REGISTER_DRIVER},
        {QUEUE_DRIVER + 4, QUEUE_REGISTER_DRIVER_HIGH},
        {QUEUE_DEVICE, QUEUE_REGISTER_DEVICE},
        {QUEUE_DEVICE + 4, QUEUE_REGISTER_DEVICE_HIGH},
        {QUEUE_RESET, QUEUE_REGISTER_RESET},
    };
    if (offset == QUEUE_VECTOR && queue) {
        queue->vector = choose_vector(virtio, value);
        return;
    }
    if (offset == QUEUE_ENABLE && !(value & 1)) {
        virtio_guest_error(virtio, "queue_enable can't be cleared: a reset does that", value);
        return;
    }
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        if (registers[i].offset == offset) {
            virtio_write_queue(virtio, registers[i].which, value);
            return;
        }
    virtio_guest_error(virtio, "a write of a read-only field", (uint32_t)offset);
}

static void write_common(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        virtio->device_features_select = value;
        break;
    case DRIVER_FEATURE_SELECT:
        virtio->driver_features_select = value;
        break;
    case DRIVER_FEATURE:
        virtio_write_driver_features(virtio, value);
        break;
    case CONFIG_VECTOR:
        virtio->config_vector = choose_vector(virtio, value);
        break;
    case DEVICE_STATUS:
        virtio_write_status(virtio, value);
        break;
    case QUEUE_SELECT:
        virtio->queue_select = value;
        break;
    default:
        write_queue_field(virtio, offset, value);
        break;
    }
}

static enum bus_result bar_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    struct virtio *virtio = opaque;
    *value = 0;
    if (offset < COMMON_BYTES && field_size[offset] == size) {
        *value = read_common(virtio, offset);
    } else if (offset == ISR) {
        *value = virtio->interrupt_status;
        if (!attrs.debug) {
            virtio->interrupt_status = 0;
            virtio_update_line(virtio);
        }
    } else if (offset >= CONFIG && offset < NOTIFY) {
        *value = virtio_read_config(virtio, offset - CONFIG, size, attrs.debug);
    } else if (!attrs.debug) {
        device_bad_offset(&virtio->device, "read", offset, size);
    }
    return BUS_OK;
}

static enum bus_result bar_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct virtio *virtio = opaque;
    if (offset < COMMON_BYTES && field_size[offset] == size)
        write_common(virtio, offset, (uint32_t)value);
    else if (offset >= CONFIG && offset < NOTIFY)
        virtio_write_config(virtio, offset - CONFIG, size, (uint32_t)value);
    else if (offset >= NOTIFY && offset < NOTIFY + NOTIFY_MULTIPLIER * VIRTIO_QUEUES_MAX)
        virtio_notify(virtio, (uint32_t)(offset - NOTIFY) / NOTIFY_MULTIPLIER);
    else
        device_bad_offset(&virtio->device, "write", offset, size);
    return BUS_OK;
}

static const struct bus_ops bar_ops = {bar_read, bar_write, 1 | 2 | 4};

/* --- capabilities: five of them; those of the notifications and of the window have four bytes more --- */

enum { VENDOR_SPECIFIC = 0x09, CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_PCI };
enum {
    AT_COMMON = PCI_CAPABILITIES,
    AT_ISR = AT_COMMON + 16,
    AT_DEVICE = AT_ISR + 16,
    AT_NOTIFY = AT_DEVICE + 16,
    AT_WINDOW = AT_NOTIFY + 20,
    WINDOW_BAR = AT_WINDOW + 4,
    WINDOW_OFFSET = AT_WINDOW + 8,
    WINDOW_LENGTH = AT_WINDOW + 12,
    WINDOW_DATA = AT_WINDOW + 16,
};
_Static_assert(WINDOW_DATA + 4 <= PCI_CONFIG_BYTES, "configuration space has room for the capabilities");

#define CAPABILITY(at, next, length, type, offset, size)                                                               \
    {at, 4, VENDOR_SPECIFIC | (next) << 8 | (length) << 16 | (uint32_t)(type) << 24, 0, 0},                            \
        {(at) + 4, 4, STRUCTURES_BAR, 0, 0}, {(at) + 8, 4, offset, 0, 0}, {(at) + 12, 4, size, 0, 0}

static const struct pci_field capabilities[] = {
    CAPABILITY(AT_COMMON, AT_ISR, 16, CAP_COMMON, COMMON, COMMON_BYTES),
    CAPABILITY(AT_ISR, AT_DEVICE, 16, CAP_ISR, ISR, 1),
    CAPABILITY(AT_DEVICE, AT_NOTIFY, 16, CAP_DEVICE, CONFIG, VIRTIO_CONFIG_MAX),
    CAPABILITY(AT_NOTIFY, AT_WINDOW, 20, CAP_NOTIFY, NOTIFY, NOTIFY_MULTIPLIER * VIRTIO_QUEUES_MAX),
    {AT_NOTIFY + 16, 4, NOTIFY_MULTIPLIER, 0, 0},
    {AT_WINDOW, 4, VENDOR_SPECIFIC | 20 << 16 | (uint32_t)CAP_PCI << 24, 0, 0},
    {WINDOW_BAR, 1, 0, 0xff, 0},
    {WINDOW_OFFSET, 4, 0, UINT32_MAX, 0},
    {WINDOW_LENGTH, 4, 0, UINT32_MAX, 0},
    {WINDOW_DATA, 4, 0, UINT32_MAX, 0},
};

/* Where the window leads. False: nowhere, by the rules for drivers. */
static bool window(const struct virtio *virtio, unsigned *size, uint32_t *offset)
{
    *size = pci_function_stored(virtio->function, WINDOW_LENGTH, 4);
    *offset = pci_function_stored(virtio->function, WINDOW_OFFSET, 4);
    return pci_function_stored(virtio->function, WINDOW_BAR, 1) == STRUCTURES_BAR &&
           (*size == 1 || *size == 2 || *size == 4) && !(*offset & (*size - 1)) && *offset < BAR_BYTES;
}

static bool config_read(void *opaque, unsigned offset, unsigned size, bool debug, uint32_t *value)
{
    struct virtio *virtio = opaque;
    unsigned wide;
    uint32_t at;
    uint64_t data;
    if (offset != WINDOW_DATA || !window(virtio, &wide, &at))
        return false;
    const struct bus_attrs attrs = {.pas = PAS_NON_SECURE, .debug = debug};
    bar_read(virtio, at, wide, attrs, &data);
    *value = (uint32_t)(data & bus_ones(size));
    return true;
}

static void config_written(void *opaque, unsigned offset, unsigned size)
{
    struct virtio *virtio = opaque;
    unsigned wide;
    uint32_t at;
    if (offset != WINDOW_DATA || !window(virtio, &wide, &at))
        return;
    const struct bus_attrs attrs = {.pas = PAS_NON_SECURE};
    bar_write(virtio, at, wide, attrs, pci_function_stored(virtio->function, WINDOW_DATA, 4));
}

void virtio_pci_define(struct virtio *virtio)
{
    /* Class codes as QEMU's devices have them, for what firmware looks at. */
    static const uint32_t class_codes[] = {[VIRTIO_ID_NET] = 0x020000, [VIRTIO_ID_BLOCK] = 0x010000,
                                           [VIRTIO_ID_CONSOLE] = 0x078000, [VIRTIO_ID_RNG] = 0x00ff00};
    struct pci_function_info info = {
        .vendor = VENDOR,
        .device = (uint16_t)(FIRST_DEVICE + virtio->class->device_id),
        .subsystem_vendor = VENDOR,
        .subsystem = SUBSYSTEM,
        .class_code = class_codes[virtio->class->device_id],
        .revision = 1,
        .express = true,
        .pin = 1,
        .msix_vectors = (uint8_t)(virtio->queue_count + 1),
        .msix_bar = MSIX_BAR,
        .bars = {[STRUCTURES_BAR] = {PCI_BAR_MEMORY64, BAR_BYTES, &bar_ops, virtio}},
        .capabilities = capabilities,
        .capability_fields = sizeof(capabilities) / sizeof(capabilities[0]),
        .opaque = virtio,
        .config_read = config_read,
        .config_written = config_written,
    };
    snprintf(virtio->device.name, sizeof(virtio->device.name), "%s-pci@00:%02x.0", virtio->device.ops->model,
             pci_function_devfn(virtio->function) >> 3);
    pci_function_define(virtio->function, &info);
}
