/* Writing a snapshot: the configuration, the state, then pages of memory in groups, compressed where it is worth it. */
#include "libarmsim/fabric/little_endian.h"
#include "libarmsim/snapshot/configuration.h"
#include "libarmsim/snapshot/file.h"
#include "libarmsim/snapshot/format.h"
#include "libarmsim/snapshot/image.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct saving {
    struct armsim_machine *machine;
    snapshot_write_fn *write;
    void *opaque;
    z_stream stream;
    bool has_stream;
    uint8_t *group, *packed; /* a group of pages; the same compressed */
    size_t packed_size;
    unsigned group_pages;
    uint32_t group_memory;
    uint64_t pages;
};

static int write_bytes(struct saving *saving, const void *data, size_t size)
{
    int error = size ? saving->write(saving->opaque, data, size) : 0;
    if (error < 0)
        return machine_fail_errno(saving->machine, "snapshot", "write", -error);
    return 0;
}

/* The compressed size, or 0: not worth it. */
static size_t pack(struct saving *saving, const uint8_t *data, size_t size)
{
    z_stream *stream = &saving->stream;
    if (deflateReset(stream) != Z_OK)
        return 0;
    stream->next_in = (Bytef *)(uintptr_t)data;
    stream->avail_in = (uInt)size;
    stream->next_out = saving->packed;
    stream->avail_out = (uInt)(saving->packed_size < size ? saving->packed_size : size);
    return deflate(stream, Z_FINISH) == Z_STREAM_END ? (size_t)stream->total_out : 0;
}

static int write_block(struct saving *saving, uint32_t type, const uint8_t *data, size_t size)
{
    uint8_t head[BLOCK_BYTES] = {0};
    size_t packed = size ? pack(saving, data, size) : 0;
    const uint8_t *bytes = packed ? saving->packed : data;
    size_t length = packed ? packed : size;
    store_le32(head, type);
    store_le32(head + 4, packed ? DEFLATED : STORED);
    store_le64(head + 8, length);
    store_le64(head + 16, size);
    uLong crc = crc32_z(0, head, BLOCK_BYTES - 8);
    store_le32(head + 24, (uint32_t)crc32_z(crc, bytes, length));
    int error = write_bytes(saving, head, sizeof(head));
    return error < 0 ? error : write_bytes(saving, bytes, length);
}

static int flush_group(struct saving *saving)
{
    unsigned count = saving->group_pages;
    if (!count)
        return 0;
    store_le32(saving->group, saving->group_memory);
    store_le32(saving->group + 4, count);
    /* The numbers' room that isn't used is left out: they move up to the pages. */
    uint8_t *at = saving->group + (GROUP_HEAD - 8 - 8 * count);
    memmove(at, saving->group, 8 + 8 * (size_t)count);
    saving->group_pages = 0;
    return write_block(saving, BLOCK_PAGES, at, 8 + (size_t)count * (8 + PAGE_BYTES));
}

static int save_page(struct saving *saving, uint32_t memory, uint64_t number, const uint8_t *page)
{
    if (memory != saving->group_memory || saving->group_pages == GROUP_PAGES) {
        int error = flush_group(saving);
        if (error < 0)
            return error;
        saving->group_memory = memory;
    }
    unsigned n = saving->group_pages++;
    store_le64(saving->group + 8 + 8 * n, number);
    memcpy(saving->group + GROUP_HEAD + (size_t)n * PAGE_BYTES, page, PAGE_BYTES);
    saving->pages++;
    return 0;
}

static int save_if_any(struct saving *saving, uint32_t memory, uint64_t number, const uint8_t *page)
{
    return page && !page_is_zero(page) ? save_page(saving, memory, number, page) : 0;
}

static int save_memory(struct saving *saving)
{
    struct armsim_machine *machine = saving->machine;
    uint32_t memory = 0;
    int error = 0;
    for (size_t i = 0; i < bus_region_count(machine->bus); i++) {
        const struct bus_region *region = bus_region_at(machine->bus, i);
        if (!bus_has_memory(region))
            continue;
        for (uint64_t page = 0; page < region->size >> PAGE_BITS && error == 0; page++)
            error = save_if_any(saving, memory, page, bus_page(region, page));
        memory++;
    }
    for (size_t i = 0; i < MACHINE_MAX_DRIVES && machine->drives[i].base; i++, memory++) {
        const struct drive *drive = &machine->drives[i];
        for (uint64_t page = 0; drive->held && page < drive->changes.count && error == 0; page++) {
            const uint8_t *data = pages_get(&drive->changes, page);
            if (data) /* zeroes are a change, too */
                error = save_page(saving, memory, page, data);
        }
    }
    return error < 0 ? error : flush_group(saving);
}

static int save_all(struct saving *saving)
{
    struct armsim_machine *machine = saving->machine;
    uint8_t header[HEADER_BYTES] = {0}, end[8];
    struct state_writer text = {0}, state = {0};
    memcpy(header, SNAPSHOT_MAGIC, MAGIC_BYTES);
    store_le32(header + MAGIC_BYTES, FORMAT_VERSION);
    configuration_write(&text, machine);
    for (size_t i = 0; i < MACHINE_MAX_DRIVES && machine->drives[i].base; i++)
        state_put(&state, machine->drives[i].held, 1);
    image_save_sections(machine, &state);
    int error = text.failed || state.failed ? out_of_memory(machine) : write_bytes(saving, header, sizeof(header));
    if (error == 0)
        error = write_block(saving, BLOCK_CONFIGURATION, text.data, text.size);
    if (error == 0)
        error = write_block(saving, BLOCK_STATE, state.data, state.size);
    if (error == 0)
        error = save_memory(saving);
    store_le64(end, saving->pages);
    if (error == 0)
        error = write_block(saving, BLOCK_END, end, sizeof(end));
    state_writer_free(&text);
    state_writer_free(&state);
    return error;
}

int snapshot_save(struct armsim_machine *machine, snapshot_write_fn *write, void *opaque)
{
    struct saving saving = {.machine = machine, .write = write, .opaque = opaque, .packed_size = GROUP_BYTES};
    int error = image_possible(machine);
    if (error < 0)
        return error;
    saving.group = malloc(GROUP_BYTES);
    saving.packed = malloc(saving.packed_size);
    saving.has_stream = deflateInit2(&saving.stream, 1, Z_DEFLATED, 15, 9, Z_DEFAULT_STRATEGY) == Z_OK;
    error = saving.group && saving.packed && saving.has_stream ? save_all(&saving) : out_of_memory(machine);
    if (saving.has_stream)
        deflateEnd(&saving.stream);
    free(saving.group);
    free(saving.packed);
    return error;
}
