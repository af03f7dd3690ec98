/*
 * virtio block device. Specification: Virtual I/O Device (VIRTIO) 1.2, section 5.2.
 *
 * One queue. Requests: IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES. Features: SEG_MAX, BLK_SIZE, FLUSH, CONFIG_WCE,
 * DISCARD, WRITE_ZEROES, and RO when the backend is read-only.
 *
 * The cache is write-back when the driver can flush it (FLUSH) and has not chosen otherwise (`writeback`, CONFIG_WCE);
 * else every write is flushed before it completes.
 *
 * A request is served in one piece 10 us of virtual time after the notification. Requests beyond 4 MiB or a queue's
 * worth of them wait another 10 us.
 */
#include "devices/virtio/virtqueue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_QUEUE, QUEUE_COUNT };
enum { SECTOR_SIZE = 512, HEADER_BYTES = 16, ID_BYTES = 20, RANGE_BYTES = 16, BUFFER_BYTES = 64 << 10 };
enum { RANGE_SECTORS_MAX = 1 << 16, RANGES_MAX = 16, LATENCY_NS = 10000, BATCH_BYTES = 4 << 20 };
enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4, TYPE_GET_ID = 8, TYPE_DISCARD = 11, TYPE_WRITE_ZEROES = 13 };
enum { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_UNSUPP = 2 };
enum { RANGE_UNMAP = 1 };

#define F_SEG_MAX (1ull << 2)
#define F_RO (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH (1ull << 9)
#define F_CONFIG_WCE (1ull << 11)
#define F_DISCARD (1ull << 13)
#define F_WRITE_ZEROES (1ull << 14)

/* Offsets in the configuration space. */
enum {
    CONFIG_CAPACITY = 0,
    CONFIG_SEG_MAX = 12,
    CONFIG_BLK_SIZE = 20,
    CONFIG_WRITEBACK = 32,
    CONFIG_NUM_QUEUES = 34,
    CONFIG_MAX_DISCARD_SECTORS = 36,
    CONFIG_MAX_DISCARD_SEG = 40,
    CONFIG_DISCARD_ALIGNMENT = 44,
    CONFIG_MAX_WRITE_ZEROES_SECTORS = 48,
    CONFIG_MAX_WRITE_ZEROES_SEG = 52,
    CONFIG_MAY_UNMAP = 56,
    CONFIG_BYTES = 60,
};

struct virtio_blk {
    struct virtio virtio;
    struct block_backend backend;
    uint64_t sectors;
    char id[ID_BYTES + 1];
    uint8_t writeback;
    uint8_t buffer[BUFFER_BYTES]; /* scratch */
};

static const struct state_field fields[] = {
    VIRTIO_FIELDS(struct virtio_blk),
    STATE_FIELD(struct virtio_blk, writeback, 1),
};

/* A range of the disk that a request names. */
static bool range_valid(const struct virtio_blk *blk, uint64_t sector, uint64_t bytes)
{
    if (!(bytes % SECTOR_SIZE) && sector <= blk->sectors && bytes / SECTOR_SIZE <= blk->sectors - sector)
        return true;
    log_message(blk->virtio.device.env->log, LOG_GUEST_ERROR,
                "%s: %" PRIu64 " bytes at sector %" PRIu64 " of a disk of %" PRIu64, blk->virtio.device.name, bytes,
                sector, blk->sectors);
    return false;
}

static uint8_t flush(struct virtio_blk *blk)
{
    return blk->backend.flush && blk->backend.flush(blk->backend.opaque) ? STATUS_IOERR : STATUS_OK;
}

/* After a write: what the cache mode demands before it completes. */
static uint8_t settle_write(struct virtio_blk *blk)
{
    bool cached = virtio_has(&blk->virtio, F_FLUSH | F_CONFIG_WCE) && blk->writeback;
    return cached ? STATUS_OK : flush(blk);
}

static uint8_t read_sectors(struct virtio_blk *blk, const struct virtq_chain *chain, uint64_t sector,
                            uint32_t *written)
{
    uint64_t total = chain->in_size - 1, offset = sector * SECTOR_SIZE;
    if (!range_valid(blk, sector, total))
        return STATUS_IOERR;
    for (uint64_t done = 0; done < total;) {
        size_t part = total - done < BUFFER_BYTES ? (size_t)(total - done) : BUFFER_BYTES;
        if (blk->backend.read(blk->backend.opaque, offset + done, blk->buffer, part) ||
            !virtq_write(&blk->virtio, chain, done, blk->buffer, part))
            return STATUS_IOERR;
        done += part;
        *written = (uint32_t)done;
    }
    return STATUS_OK;
}

static bool writable(const struct virtio_blk *blk)
{
    if (!blk->backend.read_only)
        return true;
    log_message(blk->virtio.device.env->log, LOG_GUEST_ERROR, "%s: a write to a read-only disk", blk->virtio.device.name);
    return false;
}

static uint8_t write_sectors(struct virtio_blk *blk, const struct virtq_chain *chain, uint64_t sector)
{
    uint64_t total = chain->out_size - HEADER_BYTES, offset = sector * SECTOR_SIZE;
    if (!writable(blk) || !range_valid(blk, sector, total))
        return STATUS_IOERR;
    for (uint64_t done = 0; done < total;) {
        size_t part = total - done < BUFFER_BYTES ? (size_t)(total - done) : BUFFER_BYTES;
        if (!virtq_read(&blk->virtio, chain, HEADER_BYTES + done, blk->buffer, part) ||
            blk->backend.write(blk->backend.opaque, offset + done, blk->buffer, part))
            return STATUS_IOERR;
        done += part;
    }
    return settle_write(blk);
}

static uint8_t get_id(struct virtio_blk *blk, const struct virtq_chain *chain, uint32_t *written)
{
    uint64_t room = chain->in_size - 1;
    size_t size = room < ID_BYTES ? (size_t)room : ID_BYTES;
    if (!virtq_write(&blk->virtio, chain, 0, blk->id, size))
        return STATUS_IOERR;
    *written = (uint32_t)size;
    return STATUS_OK;
}

static uint8_t write_zeroes(struct virtio_blk *blk, uint64_t offset, uint64_t size)
{
    memset(blk->buffer, 0, sizeof(blk->buffer));
    for (uint64_t done = 0; done < size;) {
        size_t part = size - done < BUFFER_BYTES ? (size_t)(size - done) : BUFFER_BYTES;
        if (blk->backend.write(blk->backend.opaque, offset + done, blk->buffer, part))
            return STATUS_IOERR;
        done += part;
    }
    return STATUS_OK;
}

static uint8_t serve_range(struct virtio_blk *blk, uint32_t type, const uint8_t *range)
{
    uint64_t sector = load_le64(range), count = load_le32(range + 8);
    uint32_t flags = load_le32(range + 12);
    if ((flags & ~RANGE_UNMAP) || (type == TYPE_DISCARD && flags))
        return STATUS_UNSUPP;
    if (count > RANGE_SECTORS_MAX || !range_valid(blk, sector, count * SECTOR_SIZE))
        return STATUS_IOERR;
    if (type == TYPE_WRITE_ZEROES)
        return write_zeroes(blk, sector * SECTOR_SIZE, count * SECTOR_SIZE);
    if (!blk->backend.discard)
        return STATUS_OK; /* a hint */
    return blk->backend.discard(blk->backend.opaque, sector * SECTOR_SIZE, count * SECTOR_SIZE) ? STATUS_IOERR
                                                                                                : STATUS_OK;
}

static uint8_t serve_ranges(struct virtio_blk *blk, const struct virtq_chain *chain, uint32_t type)
{
    if (!virtio_has(&blk->virtio, type == TYPE_DISCARD ? F_DISCARD : F_WRITE_ZEROES))
        return STATUS_UNSUPP;
    uint64_t total = chain->out_size - HEADER_BYTES;
    if (!writable(blk) || !total || total % RANGE_BYTES || total / RANGE_BYTES > RANGES_MAX)
        return STATUS_IOERR;
    for (uint64_t done = 0; done < total; done += RANGE_BYTES) {
        uint8_t range[RANGE_BYTES];
        if (!virtq_read(&blk->virtio, chain, HEADER_BYTES + done, range, sizeof(range)))
            return STATUS_IOERR;
        uint8_t status = serve_range(blk, type, range);
        if (status != STATUS_OK)
            return status;
    }
    return settle_write(blk);
}

static uint8_t serve(struct virtio_blk *blk, const struct virtq_chain *chain, uint32_t *written)
{
    uint8_t header[HEADER_BYTES];
    if (!virtq_read(&blk->virtio, chain, 0, header, sizeof(header)))
        return STATUS_IOERR;
    uint32_t type = load_le32(header);
    uint64_t sector = load_le64(header + 8);
    switch (type) {
    case TYPE_IN:
        return read_sectors(blk, chain, sector, written);
    case TYPE_OUT:
        return write_sectors(blk, chain, sector);
    case TYPE_FLUSH:
        return flush(blk);
    case TYPE_GET_ID:
        return get_id(blk, chain, written);
    case TYPE_DISCARD:
    case TYPE_WRITE_ZEROES:
        return serve_ranges(blk, chain, type);
    default:
        log_message(blk->virtio.device.env->log, LOG_GUEST_ERROR, "%s: request type %" PRIu32, blk->virtio.device.name,
                    type);
        return STATUS_UNSUPP;
    }
}

static bool process(struct virtio *virtio, unsigned queue)
{
    struct virtio_blk *blk = (struct virtio_blk *)virtio;
    struct virtq_chain chain;
    uint64_t bytes = 0;
    for (unsigned served = 0; served < VIRTIO_QUEUE_SIZE && bytes < BATCH_BYTES && virtq_pop(virtio, queue, &chain);
         served++) {
        bytes += chain.in_size + chain.out_size;
        if (chain.out_size < HEADER_BYTES || !chain.in_size) {
            virtio_fail(virtio, "a request without header or status byte");
            return false;
        }
        uint32_t written = 0;
        uint8_t status = serve(blk, &chain, &written);
        /* The status is the last byte of all; what lies between the data and it is not written. */
        if (!virtq_write(virtio, &chain, chain.in_size - 1, &status, 1))
            return false;
        virtq_push(virtio, queue, chain.head, written + 1);
    }
    virtq_settle(virtio, queue);
    return virtq_available(virtio, queue);
}

static size_t config(struct virtio *virtio, uint8_t *image)
{
    const struct virtio_blk *blk = (const struct virtio_blk *)virtio;
    store_le64(image + CONFIG_CAPACITY, blk->sectors);
    store_le32(image + CONFIG_SEG_MAX, VIRTIO_QUEUE_SIZE - 2); /* beside header and status */
    store_le32(image + CONFIG_BLK_SIZE, SECTOR_SIZE);
    image[CONFIG_WRITEBACK] = blk->writeback;
    store_le16(image + CONFIG_NUM_QUEUES, QUEUE_COUNT);
    if (!blk->backend.read_only) {
        store_le32(image + CONFIG_MAX_DISCARD_SECTORS, RANGE_SECTORS_MAX);
        store_le32(image + CONFIG_MAX_DISCARD_SEG, RANGES_MAX);
        store_le32(image + CONFIG_DISCARD_ALIGNMENT, 1);
        store_le32(image + CONFIG_MAX_WRITE_ZEROES_SECTORS, RANGE_SECTORS_MAX);
        store_le32(image + CONFIG_MAX_WRITE_ZEROES_SEG, RANGES_MAX);
        image[CONFIG_MAY_UNMAP] = 0;
    }
    return CONFIG_BYTES;
}

static bool config_write(struct virtio *virtio, uint64_t offset, unsigned size, uint32_t value)
{
    struct virtio_blk *blk = (struct virtio_blk *)virtio;
    if (offset != CONFIG_WRITEBACK || size != 1 || !virtio_has(virtio, F_CONFIG_WCE))
        return false;
    bool was_cached = blk->writeback;
    blk->writeback = value & 1;
    if (was_cached && !blk->writeback && flush(blk) != STATUS_OK)
        log_message(virtio->device.env->log, LOG_DEVICE, "%s: the flush that write-through begins with failed",
                    virtio->device.name);
    return true;
}

static void reset(struct virtio *virtio)
{
    ((struct virtio_blk *)virtio)->writeback = 1;
}

static const struct virtio_class blk_class = {
    .device_id = VIRTIO_ID_BLOCK,
    .features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_CONFIG_WCE,
    .queue_count = QUEUE_COUNT,
    .latency_ns = LATENCY_NS,
    .process = process,
    .config = config,
    .config_write = config_write,
    .reset = reset,
};

static const struct device_ops blk_ops = {.model = "virtio-blk", VIRTIO_OPS(fields)};

struct device *virtio_blk_create(const struct device_env *env, const struct virtio_place *place,
                                 const struct virtio_blk_options *options)
{
    struct virtio_blk *blk = calloc(1, sizeof(*blk));
    if (!blk)
        return NULL;
    blk->backend = options->backend;
    blk->backend.read_only |= !blk->backend.write;
    blk->sectors = options->backend.size / SECTOR_SIZE;
    if (options->serial)
        strncpy(blk->id, options->serial, ID_BYTES);
    uint64_t features = blk->backend.read_only ? F_RO : F_DISCARD | F_WRITE_ZEROES;
    if (virtio_init(&blk->virtio, &blk_ops, &blk_class, env, place, features)) {
        free(blk);
        return NULL;
    }
    return &blk->virtio.device;
}
