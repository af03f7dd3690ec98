/*
 * virtio entropy device. Specification: Virtual I/O Device (VIRTIO) 1.2, section 5.4.
 *
 * One queue. The bytes come from xoshiro256** seeded through SplitMix64 (both by Blackman and Vigna, published as
 * algorithms in the public domain): a deterministic machine has no other entropy than its seed. The generator goes on
 * over resets. A request gets at most 64 KiB, 1 us of virtual time after the notification.
 */
#include "devices/virtio/virtqueue.h"

#include "libarmsim/fabric/random.h"

#include <stdlib.h>

enum { REQUEST_QUEUE, QUEUE_COUNT };
enum { LATENCY_NS = 1000, REQUEST_BYTES_MAX = 64 << 10, CHUNK_BYTES = 1024 };

struct virtio_rng {
    struct virtio virtio;
    uint64_t generator[4];
};

static const struct state_field fields[] = {
    VIRTIO_FIELDS(struct virtio_rng),
    STATE_KEPT_ARRAY(struct virtio_rng, generator),
};

static uint64_t rotate_left(uint64_t value, unsigned count)
{
    return value << count | value >> (64 - count);
}

/* xoshiro256** */
static uint64_t next(uint64_t *s)
{
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

static void seed_generator(uint64_t *s, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        s[i] = splitmix64(&seed);
}

/* Fills the chain; returns the bytes written. */
static uint32_t fill(struct virtio_rng *rng, const struct virtq_chain *chain)
{
    uint64_t total = chain->in_size < REQUEST_BYTES_MAX ? chain->in_size : REQUEST_BYTES_MAX;
    uint8_t chunk[CHUNK_BYTES];
    for (uint64_t done = 0; done < total;) {
        size_t part = total - done < sizeof(chunk) ? (size_t)(total - done) : sizeof(chunk);
        for (size_t i = 0; i < part; i += 8)
            store_le64(chunk + i, next(rng->generator));
        if (!virtq_write(&rng->virtio, chain, done, chunk, part))
            return (uint32_t)done;
        done += part;
    }
    return (uint32_t)total;
}

static bool process(struct virtio *virtio, unsigned queue)
{
    struct virtq_chain chain;
    for (unsigned served = 0; served < VIRTIO_QUEUE_SIZE && virtq_pop(virtio, queue, &chain); served++)
        virtq_push(virtio, queue, chain.head, fill((struct virtio_rng *)virtio, &chain));
    virtq_settle(virtio, queue);
    return virtq_available(virtio, queue);
}

static const struct virtio_class rng_class = {
    .device_id = VIRTIO_ID_RNG,
    .queue_count = QUEUE_COUNT,
    .latency_ns = LATENCY_NS,
    .process = process,
};

static const struct device_ops rng_ops = {.model = "virtio-rng", VIRTIO_OPS(fields)};

struct device *virtio_rng_create(const struct device_env *env, const struct virtio_place *place, uint64_t seed)
{
    struct virtio_rng *rng = calloc(1, sizeof(*rng));
    if (!rng)
        return NULL;
    seed_generator(rng->generator, seed);
    if (virtio_init(&rng->virtio, &rng_ops, &rng_class, env, place, 0)) {
        free(rng);
        return NULL;
    }
    return &rng->virtio.device;
}
