/* The split virtqueue. Private to devices/virtio/. */
#ifndef ARMSIM_DEVICES_VIRTIO_VIRTQUEUE_H
#define ARMSIM_DEVICES_VIRTIO_VIRTQUEUE_H

#include "devices/virtio/virtio_core.h"

enum { VIRTQ_PARTS_MAX = 256 };

/* A descriptor chain as one list of parts: `out_count` that the device reads, then `in_count` that it writes. */
struct virtq_chain {
    uint16_t head;
    unsigned out_count, in_count;
    uint64_t out_size, in_size; /* bytes */
    struct {
        uint64_t address;
        uint32_t size;
    } part[VIRTQ_PARTS_MAX];
};

/* Takes the next available chain. False: there is none, or the ring is malformed (and the device failed). */
bool virtq_pop(struct virtio *virtio, unsigned queue, struct virtq_chain *chain);
/* Gives the last `count` chains back, not used after all. */
void virtq_unpop(struct virtio *virtio, unsigned queue, unsigned count);
/* Returns a chain to the driver, with the number of bytes written to it. */
void virtq_push(struct virtio *virtio, unsigned queue, uint16_t head, uint32_t written);
/* After a batch of pops and pushes: where the driver must next notify, and the interrupt if it asks for one. */
void virtq_settle(struct virtio *virtio, unsigned queue);
/* The chains that wait are not enough: settles, and asks to be notified of the next one beyond them. */
void virtq_want_more(struct virtio *virtio, unsigned queue);
/* Whether the driver has supplied any chain that the device has not taken. */
bool virtq_available(struct virtio *virtio, unsigned queue);

/*
 * Copies from the parts the device reads, or to those it writes, `offset` bytes into them. False: the chain is
 * shorter than that (nothing copied), or its memory is not RAM (the device has failed).
 */
bool virtq_read(struct virtio *virtio, const struct virtq_chain *chain, uint64_t offset, void *data, size_t size);
bool virtq_write(struct virtio *virtio, const struct virtq_chain *chain, uint64_t offset, const void *data,
                 size_t size);

#endif
