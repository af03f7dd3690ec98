/*
 * The split virtqueue. Specification: Virtual I/O Device (VIRTIO) 1.2, section 2.7 (indirect descriptors 2.7.5.3,
 * event index 2.7.7.1 and 2.7.10).
 *
 * The rings live in guest memory and are not to be trusted: indices are checked, chains are bounded by the queue's
 * size, and whatever breaks a rule ends in DEVICE_NEEDS_RESET with a guest error that names it.
 *
 * Leniency: an indirect table may make a chain longer than the queue, up to VIRTQ_PARTS_MAX parts, because drivers
 * choose small queues and still fill them to the limit that the device's configuration names. Parts of no bytes are
 * skipped.
 */
#include "devices/virtio/virtqueue.h"

#include <inttypes.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, DESC_BYTES = 16 };
enum { AVAIL_NO_INTERRUPT = 1 };

struct descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t flags, next;
};

/* --- accesses to the rings; each fails the device when the area is not in RAM --- */

static bool ring_read(struct virtio *virtio, uint64_t address, void *data, size_t size)
{
    if (bus_read_block(virtio->device.env->bus, address, data, size, virtio_dma_attrs(virtio)) == BUS_OK)
        return true;
    virtio_fail(virtio, "%zu bytes at %#" PRIx64 " are not in memory", size, address);
    return false;
}

static bool ring_write(struct virtio *virtio, uint64_t address, const void *data, size_t size)
{
    if (bus_write_block(virtio->device.env->bus, address, data, size, virtio_dma_attrs(virtio)) == BUS_OK)
        return true;
    virtio_fail(virtio, "%zu bytes at %#" PRIx64 " are not in memory", size, address);
    return false;
}

static bool read_u16(struct virtio *virtio, uint64_t address, uint16_t *value)
{
    uint8_t bytes[2];
    if (!ring_read(virtio, address, bytes, sizeof(bytes)))
        return false;
    *value = load_le16(bytes);
    return true;
}

static bool write_u16(struct virtio *virtio, uint64_t address, uint16_t value)
{
    uint8_t bytes[2];
    store_le16(bytes, value);
    return ring_write(virtio, address, bytes, sizeof(bytes));
}

static bool read_descriptor(struct virtio *virtio, uint64_t table, uint32_t index, struct descriptor *descriptor)
{
    uint8_t bytes[DESC_BYTES];
    if (!ring_read(virtio, table + (uint64_t)index * DESC_BYTES, bytes, sizeof(bytes)))
        return false;
    descriptor->address = load_le64(bytes);
    descriptor->size = load_le32(bytes + 8);
    descriptor->flags = load_le16(bytes + 12);
    descriptor->next = load_le16(bytes + 14);
    return true;
}

/* --- taking chains --- */

/* How many chains wait. False: the index is impossible, or not readable. */
static bool waiting(struct virtio *virtio, unsigned queue, uint16_t *count)
{
    struct virtqueue *q = &virtio->queue[queue];
    uint16_t index;
    *count = 0;
    if (!q->ready || !read_u16(virtio, q->driver + 2, &index))
        return false;
    *count = index - q->next_avail;
    if (*count <= q->size)
        return true;
    virtio_fail(virtio, "queue %u: available index %u is %u ahead, in a ring of %u", queue, index, *count, q->size);
    *count = 0;
    return false;
}

bool virtq_available(struct virtio *virtio, unsigned queue)
{
    uint16_t count;
    return virtio_running(virtio) && waiting(virtio, queue, &count) && count;
}

static bool add_part(struct virtio *virtio, struct virtq_chain *chain, const struct descriptor *descriptor)
{
    unsigned count = chain->out_count + chain->in_count;
    bool in = descriptor->flags & DESC_WRITE;
    if (!descriptor->size)
        return true;
    if (count == VIRTQ_PARTS_MAX) { /* direct descriptors and a full table behind them */
        virtio_fail(virtio, "a chain of more than %u descriptors", (unsigned)VIRTQ_PARTS_MAX);
        return false;
    }
    if (!in && chain->in_count) {
        virtio_fail(virtio, "a device-readable descriptor follows a device-writable one");
        return false;
    }
    chain->part[count].address = descriptor->address;
    chain->part[count].size = descriptor->size;
    if (in) {
        chain->in_count++;
        chain->in_size += descriptor->size;
    } else {
        chain->out_count++;
        chain->out_size += descriptor->size;
    }
    if (chain->in_size + chain->out_size > UINT32_MAX) {
        virtio_fail(virtio, "a chain of 4 GiB or more");
        return false;
    }
    return true;
}

/* Follows a chain through the table of `count` descriptors, and into an indirect table at its end. */
static bool collect(struct virtio *virtio, struct virtq_chain *chain, uint64_t table, uint32_t count,
                    uint32_t index)
{
    bool indirect = false;
    for (uint32_t followed = 0; followed < VIRTQ_PARTS_MAX; followed++) {
        struct descriptor descriptor;
        if (index >= count) {
            virtio_fail(virtio, "descriptor %" PRIu32 " of a table of %" PRIu32, index, count);
            return false;
        }
        if (!read_descriptor(virtio, table, index, &descriptor))
            return false;
        if (descriptor.flags & DESC_INDIRECT) {
            if (!virtio_has(virtio, VIRTIO_F_INDIRECT_DESC) || indirect || (descriptor.flags & DESC_NEXT) ||
                !descriptor.size || descriptor.size % DESC_BYTES || descriptor.size / DESC_BYTES > UINT16_MAX + 1u) {
                virtio_fail(virtio, "indirect descriptor (flags %#x, %" PRIu32 " bytes): %s", descriptor.flags,
                            descriptor.size,
                            indirect ? "inside an indirect table" : "not negotiated, chained on, or of a bad size");
                return false;
            }
            indirect = true;
            table = descriptor.address;
            count = descriptor.size / DESC_BYTES;
            index = 0;
            followed = UINT32_MAX; /* counts from 0 again */
            continue;
        }
        if (!add_part(virtio, chain, &descriptor))
            return false;
        if (!(descriptor.flags & DESC_NEXT))
            return true;
        index = descriptor.next;
    }
    virtio_fail(virtio, "a descriptor chain that loops, or of more than %u descriptors", (unsigned)VIRTQ_PARTS_MAX);
    return false;
}

bool virtq_pop(struct virtio *virtio, unsigned queue, struct virtq_chain *chain)
{
    struct virtqueue *q = &virtio->queue[queue];
    uint16_t count, head;
    if (!virtio_running(virtio) || !waiting(virtio, queue, &count) || !count)
        return false;
    if (!read_u16(virtio, q->driver + 4 + 2 * (uint64_t)(q->next_avail % q->size), &head))
        return false;
    chain->head = head;
    chain->out_count = chain->in_count = 0;
    chain->out_size = chain->in_size = 0;
    if (!collect(virtio, chain, q->descriptors, q->size, head))
        return false;
    q->next_avail++;
    return true;
}

void virtq_unpop(struct virtio *virtio, unsigned queue, unsigned count)
{
    virtio->queue[queue].next_avail -= count;
}

/* --- giving them back --- */

void virtq_push(struct virtio *virtio, unsigned queue, uint16_t head, uint32_t written)
{
    struct virtqueue *q = &virtio->queue[queue];
    if (!virtio_running(virtio))
        return;
    uint8_t entry[8];
    store_le32(entry, head);
    store_le32(entry + 4, written);
    if (ring_write(virtio, q->device + 4 + 8 * (uint64_t)(q->next_used % q->size), entry, sizeof(entry)) &&
        write_u16(virtio, q->device + 2, q->next_used + 1))
        q->next_used++;
}

/* avail_event, behind the used ring: the available index whose passing is to be notified. */
static bool write_avail_event(struct virtio *virtio, const struct virtqueue *q, uint16_t index)
{
    return !virtio_has(virtio, VIRTIO_F_EVENT_IDX) ||
           write_u16(virtio, q->device + 4 + 8 * (uint64_t)q->size, index);
}

void virtq_want_more(struct virtio *virtio, unsigned queue)
{
    uint16_t count;
    virtq_settle(virtio, queue);
    if (virtio_running(virtio) && waiting(virtio, queue, &count))
        write_avail_event(virtio, &virtio->queue[queue], virtio->queue[queue].next_avail + count);
}

void virtq_settle(struct virtio *virtio, unsigned queue)
{
    struct virtqueue *q = &virtio->queue[queue];
    if (!virtio_running(virtio) || !q->ready || !write_avail_event(virtio, q, q->next_avail))
        return;
    bool event_index = virtio_has(virtio, VIRTIO_F_EVENT_IDX);
    uint16_t pushed = q->next_used - q->signalled;
    if (!pushed)
        return;
    uint16_t control; /* used_event, behind the available ring; or the ring's flags */
    if (!read_u16(virtio, event_index ? q->driver + 4 + 2 * (uint64_t)q->size : q->driver, &control))
        return;
    /* The event index asks for an interrupt when the used index moves past it. */
    bool wanted = event_index ? (uint16_t)(q->next_used - control - 1) < pushed : !(control & AVAIL_NO_INTERRUPT);
    q->signalled = q->next_used;
    if (wanted)
        virtio_interrupt_queue(virtio, queue);
}

/* --- data --- */

/* Walks `size` bytes from `offset` on in parts [first, first + count), copying one way or the other. */
static bool copy(struct virtio *virtio, const struct virtq_chain *chain, unsigned first, unsigned count,
                 uint64_t offset, uint8_t *to, const uint8_t *from, size_t size)
{
    for (unsigned i = first; i < first + count && size; i++) {
        uint64_t part_size = chain->part[i].size;
        if (offset >= part_size) {
            offset -= part_size;
            continue;
        }
        size_t length = part_size - offset < size ? (size_t)(part_size - offset) : size;
        uint64_t address = chain->part[i].address + offset;
        bool done = to ? ring_read(virtio, address, to, length) : ring_write(virtio, address, from, length);
        if (!done)
            return false;
        to = to ? to + length : NULL;
        from = from ? from + length : NULL;
        size -= length;
        offset = 0;
    }
    return true;
}

bool virtq_read(struct virtio *virtio, const struct virtq_chain *chain, uint64_t offset, void *data, size_t size)
{
    if (offset > chain->out_size || size > chain->out_size - offset)
        return false;
    return copy(virtio, chain, 0, chain->out_count, offset, data, NULL, size);
}

bool virtq_write(struct virtio *virtio, const struct virtq_chain *chain, uint64_t offset, const void *data,
                 size_t size)
{
    if (offset > chain->in_size || size > chain->in_size - offset)
        return false;
    return copy(virtio, chain, chain->out_count, chain->in_count, offset, NULL, data, size);
}
