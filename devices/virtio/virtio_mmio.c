/*
 * The virtio MMIO transport, version 2. Specification: Virtual I/O Device (VIRTIO) 1.2, sections 2.1 to 2.6, 3.1
 * and 4.2.2.
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
 * Time: a notification schedules one event, a fixed virtual latency later; when it fires, the device serves the
 * queues that were notified until then, to their end. So what is in flight is in guest memory and in this file's
 * state, nowhere else: a device can be saved at any instruction.
 *
 * Guest errors: writing a queue's registers while it is ready, features after FEATURES_OK, a status that takes bits
 * away, an unknown register, a notification before DRIVER_OK: logged and without effect.
 */
#include "devices/virtio/virtio_mmio.h"

#include "devices/fdt_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
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
enum { DRIVER_STATUS = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK | VIRTIO_FAILED };

#define TRANSPORT_FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_RESET)

static void guest_error(const struct virtio_mmio *virtio, const char *what, uint32_t value)
{
    log_message(virtio->device.env->log, LOG_GUEST_ERROR, "%s: %s (%#" PRIx32 ")", virtio->device.name, what, value);
}

bool virtio_running(const struct virtio_mmio *virtio)
{
    return (virtio->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET | VIRTIO_FAILED)) == VIRTIO_DRIVER_OK;
}

void virtio_interrupt(struct virtio_mmio *virtio, unsigned cause)
{
    virtio->interrupt_status |= cause;
    irq_set(virtio->device.irq, virtio->interrupt_status);
}

void virtio_fail(struct virtio_mmio *virtio, const char *format, ...)
{
    if (log_enabled(virtio->device.env->log, LOG_GUEST_ERROR)) {
        char text[160];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        log_message(virtio->device.env->log, LOG_GUEST_ERROR, "%s: %s: the device needs a reset", virtio->device.name,
                    text);
    }
    virtio->status |= VIRTIO_NEEDS_RESET;
    virtio->notified = 0;
    if (virtio->status & VIRTIO_DRIVER_OK)
        virtio_interrupt(virtio, VIRTIO_INTERRUPT_CONFIG);
}

void virtio_config_changed(struct virtio_mmio *virtio)
{
    virtio->config_generation++;
    if (virtio_running(virtio))
        virtio_interrupt(virtio, VIRTIO_INTERRUPT_CONFIG);
}

struct bus_attrs virtio_dma_attrs(const struct virtio_mmio *virtio)
{
    return (struct bus_attrs){.pas = PAS_NON_SECURE,
                              .requester = (uint16_t)(BUS_REQUESTER_DMA + virtio->device.spi)};
}

/* --- work --- */

static void schedule_work(struct virtio_mmio *virtio, uint64_t now)
{
    if (!clock_is_scheduled(&virtio->work))
        clock_schedule(virtio->device.env->clock, &virtio->work, now + virtio->class->latency_ns);
}

static void on_work(void *opaque, uint64_t now)
{
    struct virtio_mmio *virtio = opaque;
    uint32_t queues = virtio->notified;
    virtio->notified = 0;
    for (unsigned i = 0; i < virtio->queue_count; i++) {
        if (!(queues & 1u << i) || !virtio->queue[i].ready || !virtio_running(virtio))
            continue;
        if (virtio->class->process(virtio, i) && virtio_running(virtio))
            virtio->notified |= 1u << i;
    }
    if (virtio->notified)
        schedule_work(virtio, now);
}

static void notify(struct virtio_mmio *virtio, uint32_t index)
{
    if (index >= virtio->queue_count || !virtio->queue[index].ready || !virtio_running(virtio)) {
        guest_error(virtio, "QueueNotify for a queue that is not in use", index);
        return;
    }
    virtio->notified |= 1u << index;
    schedule_work(virtio, clock_now(virtio->device.env->clock));
}

/* --- reset and status --- */

static void reset_queue(struct virtio_mmio *virtio, unsigned index)
{
    virtio->queue[index] = (struct virtqueue){.size = VIRTIO_QUEUE_SIZE};
    virtio->notified &= ~(1u << index);
}

/* After the registers have their reset values. */
static void finish_reset(struct virtio_mmio *virtio)
{
    clock_cancel(virtio->device.env->clock, &virtio->work);
    irq_set(virtio->device.irq, false);
    if (virtio->class->reset)
        virtio->class->reset(virtio);
}

static void driver_reset(struct virtio_mmio *virtio)
{
    virtio->accepted = 0;
    virtio->device_features_select = virtio->driver_features_select = virtio->queue_select = 0;
    virtio->status = virtio->interrupt_status = 0;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        reset_queue(virtio, i);
    finish_reset(virtio);
}

void virtio_mmio_reset(struct device *device)
{
    finish_reset((struct virtio_mmio *)device);
}

static void write_status(struct virtio_mmio *virtio, uint32_t value)
{
    if (!value) {
        driver_reset(virtio);
        return;
    }
    if (virtio->status & DRIVER_STATUS & ~value)
        guest_error(virtio, "Status takes bits away without a reset", value);
    uint32_t set = value & DRIVER_STATUS & ~virtio->status;
    if ((set & VIRTIO_FEATURES_OK) &&
        ((virtio->accepted & ~virtio->offered) || !virtio_has(virtio, VIRTIO_F_VERSION_1))) {
        guest_error(virtio, "FEATURES_OK refused: features not offered, or without VERSION_1",
                    (uint32_t)(virtio->accepted & ~virtio->offered));
        set &= ~VIRTIO_FEATURES_OK;
    }
    if ((set & VIRTIO_DRIVER_OK) && !((virtio->status | set) & VIRTIO_FEATURES_OK)) {
        guest_error(virtio, "DRIVER_OK without FEATURES_OK", value);
        set &= ~VIRTIO_DRIVER_OK;
    }
    virtio->status |= set;
    if ((set & VIRTIO_DRIVER_OK) && virtio_running(virtio) && virtio->class->started)
        virtio->class->started(virtio);
}

static void write_driver_features(struct virtio_mmio *virtio, uint32_t value)
{
    if (virtio->status & VIRTIO_FEATURES_OK) {
        guest_error(virtio, "DriverFeatures after FEATURES_OK", value);
    } else if (virtio->driver_features_select < 2) {
        unsigned shift = 32 * virtio->driver_features_select;
        virtio->accepted = (virtio->accepted & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
    } else if (value) {
        guest_error(virtio, "DriverFeatures beyond bit 63", value);
    }
}

/* --- queue registers --- */

static void write_half(uint64_t *address, uint32_t value, bool high)
{
    *address = high ? (*address & 0xffffffff) | (uint64_t)value << 32 : (*address & ~0xffffffffull) | value;
}

static void write_ready(struct virtio_mmio *virtio, struct virtqueue *queue, uint32_t value)
{
    if (!(value & 1)) {
        uint64_t areas[3] = {queue->descriptors, queue->driver, queue->device};
        uint16_t size = queue->size;
        reset_queue(virtio, virtio->queue_select);
        *queue = (struct virtqueue){
            .size = size, .descriptors = areas[0], .driver = areas[1], .device = areas[2]};
    } else if (!(virtio->status & VIRTIO_FEATURES_OK)) {
        guest_error(virtio, "QueueReady before FEATURES_OK", virtio->queue_select);
    } else if ((queue->descriptors & 15) || (queue->driver & 1) || (queue->device & 3)) {
        guest_error(virtio, "QueueReady with an area that is not aligned", virtio->queue_select);
    } else {
        queue->ready = 1;
    }
}

static void write_queue_register(struct virtio_mmio *virtio, uint64_t offset, uint32_t value)
{
    if (virtio->queue_select >= virtio->queue_count) {
        guest_error(virtio, "a register of a queue that does not exist", virtio->queue_select);
        return;
    }
    struct virtqueue *queue = &virtio->queue[virtio->queue_select];
    if (offset == QUEUE_READY) {
        if ((value & 1) != queue->ready)
            write_ready(virtio, queue, value);
        return;
    }
    if (offset == QUEUE_RESET) {
        if (!virtio_has(virtio, VIRTIO_F_RING_RESET))
            guest_error(virtio, "QueueReset without VIRTIO_F_RING_RESET", virtio->queue_select);
        else if (value & 1)
            reset_queue(virtio, virtio->queue_select);
        return;
    }
    if (queue->ready) {
        guest_error(virtio, "a register of a queue that is ready", (uint32_t)offset);
        return;
    }
    switch (offset) {
    case QUEUE_NUM:
        if (!value || value > VIRTIO_QUEUE_SIZE || (value & (value - 1)))
            guest_error(virtio, "QueueNum is not a power of 2 up to QueueNumMax", value);
        else
            queue->size = (uint16_t)value;
        break;
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:
        write_half(&queue->descriptors, value, offset & 4);
        break;
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH:
        write_half(&queue->driver, value, offset & 4);
        break;
    default: /* QueueDevice */
        write_half(&queue->device, value, offset & 4);
        break;
    }
}

/* --- accesses --- */

static uint32_t read_config(struct virtio_mmio *virtio, uint64_t offset, unsigned size, bool debug)
{
    uint8_t image[VIRTIO_CONFIG_MAX] = {0};
    size_t length = virtio->class->config ? virtio->class->config(virtio, image) : 0;
    if (offset + size > length) {
        if (!debug)
            device_bad_offset(&virtio->device, "read", CONFIG + offset, size);
        return 0;
    }
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)image[offset + i] << (8 * i);
    return value;
}

static uint32_t read_register(struct virtio_mmio *virtio, uint64_t offset, bool debug)
{
    const struct virtqueue *queue =
        virtio->queue_select < virtio->queue_count ? &virtio->queue[virtio->queue_select] : NULL;
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
        return virtio->device_features_select < 2 ? (uint32_t)(virtio->offered >> (32 * virtio->device_features_select))
                                                  : 0;
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
    struct virtio_mmio *virtio = opaque;
    if (offset >= CONFIG) {
        *value = read_config(virtio, offset - CONFIG, size, attrs.debug);
    } else if (size == 4) {
        *value = read_register(virtio, offset, attrs.debug);
    } else {
        if (!attrs.debug)
            device_bad_offset(&virtio->device, "read", offset, size);
        *value = 0;
    }
    return BUS_OK;
}

static void write_register(struct virtio_mmio *virtio, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case DEVICE_FEATURES_SEL:
        virtio->device_features_select = value;
        break;
    case DRIVER_FEATURES:
        write_driver_features(virtio, value);
        break;
    case DRIVER_FEATURES_SEL:
        virtio->driver_features_select = value;
        break;
    case QUEUE_SEL:
        virtio->queue_select = value;
        break;
    case QUEUE_NOTIFY:
        notify(virtio, value);
        break;
    case INTERRUPT_ACK:
        virtio->interrupt_status &= ~value;
        irq_set(virtio->device.irq, virtio->interrupt_status);
        break;
    case STATUS:
        write_status(virtio, value & 0xff);
        break;
    case SHM_SEL:
        break; /* whichever region: none exists */
    case QUEUE_NUM:
    case QUEUE_READY:
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH:
    case QUEUE_DEVICE_LOW:
    case QUEUE_DEVICE_HIGH:
    case QUEUE_RESET:
        write_queue_register(virtio, offset, value);
        break;
    default:
        device_bad_offset(&virtio->device, "write", offset, 4);
        break;
    }
}

enum bus_result virtio_mmio_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct virtio_mmio *virtio = opaque;
    if (attrs.debug)
        return BUS_DEVICE_ERROR;
    if (virtio->class->device_id == VIRTIO_ID_NONE) {
        device_bad_offset(&virtio->device, "write", offset, size);
    } else if (offset >= CONFIG) {
        if (!virtio->class->config_write ||
            !virtio->class->config_write(virtio, offset - CONFIG, size, (uint32_t)value))
            device_bad_offset(&virtio->device, "write", offset, size);
    } else if (size == 4) {
        write_register(virtio, offset, (uint32_t)value);
    } else {
        device_bad_offset(&virtio->device, "write", offset, size);
    }
    return BUS_OK;
}

/* --- life --- */

int virtio_mmio_init(struct virtio_mmio *virtio, const struct device_ops *ops, const struct virtio_class *class,
                     const struct device_env *env, const struct virtio_place *place, uint64_t extra_features)
{
    device_init(&virtio->device, ops, env, place->base, VIRTIO_MMIO_SIZE, place->pas_mask, place->irq, place->spi);
    virtio->class = class;
    virtio->queue_count = class->queue_count;
    virtio->offered = class->device_id == VIRTIO_ID_NONE ? 0 : TRANSPORT_FEATURES | class->features | extra_features;
    virtio->work = (struct clock_event){
        .name = "virtio queue", .fire = on_work, .opaque = virtio, .priority = CLOCK_PRIORITY_DEVICE};
    if (clock_register(env->clock, &virtio->work))
        return -ENOMEM;
    device_reset(&virtio->device);
    return 0;
}

void virtio_mmio_destroy(struct device *device)
{
    struct virtio_mmio *virtio = (struct virtio_mmio *)device;
    clock_unregister(device->env->clock, &virtio->work);
    if (virtio->class->release)
        virtio->class->release(virtio);
    free(virtio);
}

bool virtio_mmio_loaded(void *device)
{
    const struct virtio_mmio *virtio = device;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        unsigned size = virtio->queue[i].size;
        if (!size || size > VIRTIO_QUEUE_SIZE || (size & (size - 1)))
            return false;
    }
    return !(virtio->accepted & ~virtio->offered) || !(virtio->status & VIRTIO_FEATURES_OK);
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
    struct virtio_mmio mmio;
};

static const struct state_field empty_fields[] = {VIRTIO_MMIO_FIELDS(struct virtio_empty)};
static const struct virtio_class empty_class = {.device_id = VIRTIO_ID_NONE};
static const struct device_ops empty_ops = {.model = "virtio-mmio", VIRTIO_MMIO_OPS(empty_fields)};

struct device *virtio_empty_create(const struct device_env *env, const struct virtio_place *place)
{
    struct virtio_empty *empty = calloc(1, sizeof(*empty));
    if (!empty)
        return NULL;
    if (virtio_mmio_init(&empty->mmio, &empty_ops, &empty_class, env, place, 0)) {
        free(empty);
        return NULL;
    }
    return &empty->mmio.device;
}
