/*
 * What all virtio devices have in common, whatever the transport: features, status, queues, notifications.
 * Specification: Virtual I/O Device (VIRTIO) 1.2, sections 2.1 to 2.6 and 3.1.
 *
 * Time: a notification schedules one event, a fixed virtual latency later; when it fires, the device serves the
 * queues that were notified until then, to their end. So what is in flight is in guest memory and in this file's
 * state, nowhere else: a device can be saved at any instruction.
 *
 * Guest errors: writing a queue's registers while it is ready, features after FEATURES_OK, a status that takes bits
 * away, a notification before DRIVER_OK (or, of a PCI function, without bus mastering): logged and without effect.
 * A queue made ready before FEATURES_OK is logged, and ready: the order (3.1.1) binds the driver alone, and the device
 * looks at no queue before DRIVER_OK. What is in the queues by then (step 7) is served without a notification.
 */
#include "devices/virtio/virtio_core.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DRIVER_STATUS = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK | VIRTIO_FAILED };

#define RING_FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_RESET)

void virtio_guest_error(const struct virtio *virtio, const char *what, uint32_t value)
{
    log_message(virtio->device.env->log, LOG_GUEST_ERROR, "%s: %s (%#" PRIx32 ")", virtio->device.name, what, value);
}

bool virtio_running(const struct virtio *virtio)
{
    return (virtio->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET | VIRTIO_FAILED)) == VIRTIO_DRIVER_OK &&
           (!virtio->function || pci_function_is_master(virtio->function));
}

bool virtio_in_use(const struct device *device)
{
    return ((const struct virtio *)device)->status & VIRTIO_DRIVER_OK;
}

/* With MSI-X the vector says what has happened, else InterruptStatus and the line. */
static void interrupt(struct virtio *virtio, unsigned cause, uint16_t vector)
{
    if (virtio->function && pci_function_msix_enabled(virtio->function)) {
        if (vector != VIRTIO_NO_VECTOR)
            pci_function_message(virtio->function, vector);
        return;
    }
    virtio->interrupt_status |= cause;
    virtio_update_line(virtio);
}

void virtio_update_line(struct virtio *virtio)
{
    if (virtio->function)
        pci_function_set_level(virtio->function, virtio->interrupt_status);
    else
        irq_set(virtio->device.irq, virtio->interrupt_status);
}

void virtio_interrupt_queue(struct virtio *virtio, unsigned queue)
{
    interrupt(virtio, VIRTIO_INTERRUPT_QUEUE, virtio->queue[queue].vector);
}

static void interrupt_config(struct virtio *virtio)
{
    interrupt(virtio, VIRTIO_INTERRUPT_CONFIG, virtio->config_vector);
}

void virtio_fail(struct virtio *virtio, const char *format, ...)
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
        interrupt_config(virtio);
}

void virtio_config_changed(struct virtio *virtio)
{
    virtio->config_generation++;
    if (virtio_running(virtio))
        interrupt_config(virtio);
}

struct bus_attrs virtio_dma_attrs(const struct virtio *virtio)
{
    if (virtio->function)
        return pci_function_dma(virtio->function);
    return (struct bus_attrs){.pas = PAS_NON_SECURE,
                              .requester = (uint16_t)(BUS_REQUESTER_DMA + virtio->device.spi)};
}

/* --- work --- */

static void schedule_work(struct virtio *virtio, uint64_t now)
{
    if (!clock_is_scheduled(&virtio->work))
        clock_schedule(virtio->device.env->clock, &virtio->work, now + virtio->class->latency_ns);
}

static void on_work(void *opaque, uint64_t now)
{
    struct virtio *virtio = opaque;
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

void virtio_notify(struct virtio *virtio, uint32_t index)
{
    if (index >= virtio->queue_count || !virtio->queue[index].ready || !virtio_running(virtio)) {
        virtio_guest_error(virtio, "QueueNotify for a queue that is not in use", index);
        return;
    }
    virtio->notified |= 1u << index;
    schedule_work(virtio, clock_now(virtio->device.env->clock));
}

/* --- reset and status --- */

static void reset_queue(struct virtio *virtio, unsigned index)
{
    virtio->queue[index] = (struct virtqueue){.size = VIRTIO_QUEUE_SIZE, .vector = VIRTIO_NO_VECTOR};
    virtio->notified &= ~(1u << index);
}

/* After the registers have their reset values. */
static void finish_reset(struct virtio *virtio)
{
    clock_cancel(virtio->device.env->clock, &virtio->work);
    virtio_update_line(virtio);
    if (virtio->class->reset)
        virtio->class->reset(virtio);
}

static void driver_reset(struct virtio *virtio)
{
    virtio->accepted = 0;
    virtio->device_features_select = virtio->driver_features_select = virtio->queue_select = 0;
    virtio->status = virtio->interrupt_status = 0;
    virtio->config_vector = VIRTIO_NO_VECTOR;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        reset_queue(virtio, i);
    finish_reset(virtio);
}

void virtio_reset(struct device *device)
{
    finish_reset((struct virtio *)device);
}

static void start(struct virtio *virtio)
{
    if (virtio->class->started)
        virtio->class->started(virtio);
    for (unsigned i = 0; i < virtio->queue_count; i++)
        if (virtio->queue[i].ready)
            virtio_notify(virtio, i);
}

void virtio_write_status(struct virtio *virtio, uint32_t value)
{
    if (!value) {
        driver_reset(virtio);
        return;
    }
    if (virtio->status & DRIVER_STATUS & ~value)
        virtio_guest_error(virtio, "Status takes bits away without a reset", value);
    uint32_t set = value & DRIVER_STATUS & ~virtio->status;
    if ((set & VIRTIO_FEATURES_OK) &&
        ((virtio->accepted & ~virtio->offered) || !virtio_has(virtio, VIRTIO_F_VERSION_1))) {
        virtio_guest_error(virtio, "FEATURES_OK refused: features not offered, or without VERSION_1",
                    (uint32_t)(virtio->accepted & ~virtio->offered));
        set &= ~VIRTIO_FEATURES_OK;
    }
    if ((set & VIRTIO_DRIVER_OK) && !((virtio->status | set) & VIRTIO_FEATURES_OK)) {
        virtio_guest_error(virtio, "DRIVER_OK without FEATURES_OK", value);
        set &= ~VIRTIO_DRIVER_OK;
    }
    virtio->status |= set;
    if ((set & VIRTIO_DRIVER_OK) && virtio_running(virtio))
        start(virtio);
}

void virtio_write_driver_features(struct virtio *virtio, uint32_t value)
{
    if (virtio->status & VIRTIO_FEATURES_OK) {
        virtio_guest_error(virtio, "DriverFeatures after FEATURES_OK", value);
    } else if (virtio->driver_features_select < 2) {
        unsigned shift = 32 * virtio->driver_features_select;
        virtio->accepted = (virtio->accepted & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
    } else if (value) {
        virtio_guest_error(virtio, "DriverFeatures beyond bit 63", value);
    }
}

/* --- queue registers --- */

static void write_half(uint64_t *address, uint32_t value, bool high)
{
    *address = high ? (*address & 0xffffffff) | (uint64_t)value << 32 : (*address & ~0xffffffffull) | value;
}

static void write_ready(struct virtio *virtio, struct virtqueue *queue, uint32_t value)
{
    if (!(value & 1)) {
        uint64_t areas[3] = {queue->descriptors, queue->driver, queue->device};
        uint16_t size = queue->size, vector = queue->vector;
        reset_queue(virtio, virtio->queue_select);
        *queue = (struct virtqueue){
            .size = size, .vector = vector, .descriptors = areas[0], .driver = areas[1], .device = areas[2]};
    } else if ((queue->descriptors & 15) || (queue->driver & 1) || (queue->device & 3)) {
        virtio_guest_error(virtio, "QueueReady with an area that is not aligned", virtio->queue_select);
    } else {
        if (!(virtio->status & VIRTIO_FEATURES_OK))
            virtio_guest_error(virtio, "QueueReady before FEATURES_OK", virtio->queue_select);
        queue->ready = 1;
    }
}

struct virtqueue *virtio_selected(struct virtio *virtio)
{
    return virtio->queue_select < virtio->queue_count ? &virtio->queue[virtio->queue_select] : NULL;
}

void virtio_write_queue(struct virtio *virtio, enum virtio_queue_register which, uint32_t value)
{
    struct virtqueue *queue = virtio_selected(virtio);
    if (!queue) {
        virtio_guest_error(virtio, "a register of a queue that does not exist", virtio->queue_select);
        return;
    }
    if (which == QUEUE_REGISTER_READY) {
        if ((value & 1) != queue->ready)
            write_ready(virtio, queue, value);
        return;
    }
    if (which == QUEUE_REGISTER_RESET) {
        if (!virtio_has(virtio, VIRTIO_F_RING_RESET))
            virtio_guest_error(virtio, "QueueReset without VIRTIO_F_RING_RESET", virtio->queue_select);
        else if (value & 1)
            reset_queue(virtio, virtio->queue_select);
        return;
    }
    if (queue->ready) {
        virtio_guest_error(virtio, "a register of a queue that is ready", which);
        return;
    }
    switch (which) {
    case QUEUE_REGISTER_SIZE:
        if (!value || value > VIRTIO_QUEUE_SIZE || (value & (value - 1)))
            virtio_guest_error(virtio, "QueueNum is not a power of 2 up to QueueNumMax", value);
        else
            queue->size = (uint16_t)value;
        break;
    case QUEUE_REGISTER_DESCRIPTORS:
    case QUEUE_REGISTER_DESCRIPTORS_HIGH:
        write_half(&queue->descriptors, value, which == QUEUE_REGISTER_DESCRIPTORS_HIGH);
        break;
    case QUEUE_REGISTER_DRIVER:
    case QUEUE_REGISTER_DRIVER_HIGH:
        write_half(&queue->driver, value, which == QUEUE_REGISTER_DRIVER_HIGH);
        break;
    default: /* QUEUE_REGISTER_DEVICE, ..._HIGH */
        write_half(&queue->device, value, which == QUEUE_REGISTER_DEVICE_HIGH);
        break;
    }
}

/* --- features and the configuration space --- */

uint32_t virtio_offered_part(const struct virtio *virtio)
{
    return virtio->device_features_select < 2 ? (uint32_t)(virtio->offered >> (32 * virtio->device_features_select)) : 0;
}

uint32_t virtio_read_config(struct virtio *virtio, uint64_t offset, unsigned size, bool debug)
{
    uint8_t image[VIRTIO_CONFIG_MAX] = {0};
    size_t length = virtio->class->config ? virtio->class->config(virtio, image) : 0;
    if (offset + size > length) {
        if (!debug)
            device_bad_offset(&virtio->device, "read of the configuration space", offset, size);
        return 0;
    }
    return (uint32_t)load_le(image + offset, size);
}

void virtio_write_config(struct virtio *virtio, uint64_t offset, unsigned size, uint32_t value)
{
    if (!virtio->class->config_write || !virtio->class->config_write(virtio, offset, size, value))
        device_bad_offset(&virtio->device, "write of the configuration space", offset, size);
}

/* --- life --- */

int virtio_init(struct virtio *virtio, const struct device_ops *ops, const struct virtio_class *class,
                     const struct device_env *env, const struct virtio_place *place, uint64_t extra_features)
{
    device_init(&virtio->device, ops, env, place->base, place->function ? 0 : VIRTIO_MMIO_SIZE, place->pas_mask,
                place->irq, place->spi);
    virtio->function = place->function;
    virtio->class = class;
    virtio->queue_count = class->queue_count;
    virtio->offered = class->device_id == VIRTIO_ID_NONE ? 0 : RING_FEATURES | class->features | extra_features;
    virtio->work = (struct clock_event){
        .name = "virtio queue", .fire = on_work, .opaque = virtio, .priority = CLOCK_PRIORITY_DEVICE};
    if (clock_register(env->clock, &virtio->work))
        return -ENOMEM;
    if (place->function)
        virtio_pci_define(virtio);
    device_reset(&virtio->device);
    return 0;
}

void virtio_destroy(struct device *device)
{
    struct virtio *virtio = (struct virtio *)device;
    clock_unregister(device->env->clock, &virtio->work);
    if (virtio->class->release)
        virtio->class->release(virtio);
    free(virtio);
}

bool virtio_loaded(void *device)
{
    const struct virtio *virtio = device;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        unsigned size = virtio->queue[i].size;
        if (!size || size > VIRTIO_QUEUE_SIZE || (size & (size - 1)))
            return false;
    }
    return !(virtio->accepted & ~virtio->offered) || !(virtio->status & VIRTIO_FEATURES_OK);
}

int virtio_describe(struct device *device, struct fdt_writer *writer)
{
    return ((struct virtio *)device)->function ? 0 : virtio_mmio_describe(device, writer);
}

