/* A guest's side of virtio for the tests: negotiates, owns rings in RAM, offers chains, looks at what is used. */
#ifndef ARMSIM_TESTS_UNIT_VIRTIO_FIXTURE_H
#define ARMSIM_TESTS_UNIT_VIRTIO_FIXTURE_H

#include "devices/virtio/virtio_core.h"

#include "device_fixture.h"

enum { V_MAGIC = 0x000, V_VERSION = 0x004, V_DEVICE_ID = 0x008, V_VENDOR_ID = 0x00c, V_FEATURES = 0x010,
       V_FEATURES_SEL = 0x014, V_DRIVER_FEATURES = 0x020, V_DRIVER_FEATURES_SEL = 0x024, V_QUEUE_SEL = 0x030,
       V_QUEUE_NUM_MAX = 0x034, V_QUEUE_NUM = 0x038, V_QUEUE_READY = 0x044, V_QUEUE_NOTIFY = 0x050,
       V_INTERRUPT_STATUS = 0x060, V_INTERRUPT_ACK = 0x064, V_STATUS = 0x070, V_QUEUE_DESC = 0x080,
       V_QUEUE_DRIVER = 0x090, V_QUEUE_DEVICE = 0x0a0, V_SHM_SEL = 0x0ac, V_SHM_LEN = 0x0b0, V_SHM_BASE = 0x0b8,
       V_QUEUE_RESET = 0x0c0, V_CONFIG_GENERATION = 0x0fc, V_CONFIG = 0x100 };

enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4 };
enum { RING_SIZE = 16, RING_BYTES = 0x1000, RINGS = FIXTURE_RAM, BUFFERS = FIXTURE_RAM + 0x20000 };

struct guest_queue {
    uint64_t desc, avail, used;
    uint16_t size, avail_index, used_index, free_descriptor;
};

static inline void poke(struct fixture *f, uint64_t address, unsigned size, uint64_t value)
{
    must(bus_write(f->bus, address, size, fixture_cpu, value) == BUS_OK);
}

static inline uint64_t look(struct fixture *f, uint64_t address, unsigned size)
{
    uint64_t value;
    must(bus_read(f->bus, address, size, fixture_cpu, &value) == BUS_OK);
    return value;
}

static inline uint64_t offered_features(struct fixture *f)
{
    wr(f, V_FEATURES_SEL, 1);
    uint64_t high = rd(f, V_FEATURES);
    wr(f, V_FEATURES_SEL, 0);
    return high << 32 | rd(f, V_FEATURES);
}

/* Reset, features; false when the device refuses them. */
static inline bool negotiate(struct fixture *f, uint64_t features)
{
    wr(f, V_STATUS, 0);
    wr(f, V_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    wr(f, V_DRIVER_FEATURES_SEL, 0);
    wr(f, V_DRIVER_FEATURES, (uint32_t)features);
    wr(f, V_DRIVER_FEATURES_SEL, 1);
    wr(f, V_DRIVER_FEATURES, (uint32_t)(features >> 32));
    wr(f, V_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    return rd(f, V_STATUS) & VIRTIO_FEATURES_OK;
}

static inline void driver_ok(struct fixture *f)
{
    wr(f, V_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

static inline void setup_queue(struct fixture *f, struct guest_queue *q, unsigned index, uint16_t size)
{
    uint64_t base = RINGS + (uint64_t)index * RING_BYTES * 3;
    *q = (struct guest_queue){.desc = base, .avail = base + RING_BYTES, .used = base + 2 * RING_BYTES, .size = size};
    for (uint64_t a = base; a < base + 3 * RING_BYTES; a += 8)
        poke(f, a, 8, 0);
    wr(f, V_QUEUE_SEL, index);
    wr(f, V_QUEUE_NUM, size);
    const uint64_t areas[3] = {q->desc, q->avail, q->used};
    for (unsigned i = 0; i < 3; i++) {
        wr(f, V_QUEUE_DESC + 0x10 * i, (uint32_t)areas[i]);
        wr(f, V_QUEUE_DESC + 0x10 * i + 4, (uint32_t)(areas[i] >> 32));
    }
    wr(f, V_QUEUE_READY, 1);
    ck_assert_uint_eq(rd(f, V_QUEUE_READY), 1);
}

static inline void set_descriptor(struct fixture *f, uint64_t table, unsigned i, uint64_t address, uint32_t size,
                                  uint16_t flags, uint16_t next)
{
    poke(f, table + 16 * i, 8, address);
    poke(f, table + 16 * i + 8, 4, size);
    poke(f, table + 16 * i + 12, 2, flags);
    poke(f, table + 16 * i + 14, 2, next);
}

static inline void make_available(struct fixture *f, struct guest_queue *q, uint16_t head)
{
    poke(f, q->avail + 4 + 2 * (q->avail_index % q->size), 2, head);
    q->avail_index++;
    poke(f, q->avail + 2, 2, q->avail_index);
}

struct guest_part {
    uint64_t address;
    uint32_t size;
    bool write;
};

/* Offers a chain built from the ring's next descriptors (they go round); returns its head. */
static inline uint16_t offer(struct fixture *f, struct guest_queue *q, const struct guest_part *parts, unsigned count)
{
    uint16_t head = q->free_descriptor;
    for (unsigned i = 0; i < count; i++) {
        uint16_t at = q->free_descriptor, next = (at + 1) % q->size;
        set_descriptor(f, q->desc, at, parts[i].address, parts[i].size,
                       (parts[i].write ? D_WRITE : 0) | (i + 1 < count ? D_NEXT : 0), next);
        q->free_descriptor = next;
    }
    make_available(f, q, head);
    return head;
}

static inline unsigned used_count(struct fixture *f, struct guest_queue *q)
{
    return (uint16_t)(look(f, q->used + 2, 2) - q->used_index);
}

/* Takes the next used element; fails the test when there is none. */
static inline uint32_t take_used(struct fixture *f, struct guest_queue *q, uint16_t head)
{
    ck_assert_uint_gt(used_count(f, q), 0);
    uint64_t at = q->used + 4 + 8 * (q->used_index % q->size);
    q->used_index++;
    ck_assert_uint_eq(look(f, at, 4), head);
    return (uint32_t)look(f, at + 4, 4);
}

/* Notifies and lets the device's latency go by. */
static inline void kick(struct fixture *f, unsigned queue)
{
    wr(f, V_QUEUE_NOTIFY, queue);
    advance(f, 1000000);
}

static inline struct virtio_place fixture_place(struct fixture *f)
{
    return (struct virtio_place){.base = FIXTURE_DEVICE, .pas_mask = PAS_MASK_BOTH, .irq = &f->irq, .spi = 16};
}

#define BASE_FEATURES (VIRTIO_F_VERSION_1)

#endif
