/*
 * Reading a snapshot builds the new memory beside the old; the machine changes when all is read and found good.
 */
#include "libarmsim/fabric/little_endian.h"
#include "libarmsim/machine/text.h"
#include "libarmsim/snapshot/configuration.h"
#include "libarmsim/snapshot/file.h"
#include "libarmsim/snapshot/format.h"
#include "libarmsim/snapshot/image.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CONFIGURATION_MAX (1u << 20)
#define STATE_MAX (256u << 20)

/* A memory that is being read: one mapping, of which some pages are there. */
struct incoming {
    uint8_t *mapping;
    uint64_t count;
    uint8_t *present; /* a bit for each page */
};

struct loading {
    struct armsim_machine *machine;
    snapshot_read_fn *read;
    void *opaque;
    z_stream stream;
    bool has_stream;
    uint8_t *packed;
    size_t packed_size;
    struct state_writer text, raw; /* of the block at hand */
    struct image image;
    bool has_state;
    struct incoming *memory;
    size_t memory_count; /* regions, which begin the numbers of memories; drives follow */
    uint64_t pages;
};

static int refuse(struct loading *loading, const char *why)
{
    return machine_fail(loading->machine, ARMSIM_ERROR_INPUT, "snapshot: %s", why);
}

static int read_bytes(struct loading *loading, void *data, size_t size)
{
    size_t got = 0;
    int error = size ? loading->read(loading->opaque, data, size, &got) : 0;
    if (error < 0)
        return machine_fail_errno(loading->machine, "snapshot", "read", -error);
    return got == size ? 0 : refuse(loading, "it ends too early");
}

static int read_header(struct loading *loading)
{
    uint8_t header[HEADER_BYTES];
    int error = read_bytes(loading, header, sizeof(header));
    if (error < 0)
        return error;
    if (memcmp(header, SNAPSHOT_MAGIC, MAGIC_BYTES) != 0)
        return refuse(loading, "expected a snapshot of armsim, this is something else");
    uint64_t version = load_le32(header + MAGIC_BYTES);
    if (version != FORMAT_VERSION)
        return machine_fail(loading->machine, ARMSIM_ERROR_INPUT, "snapshot: expected version %d of the format, found %llu",
                            FORMAT_VERSION, (unsigned long long)version);
    for (size_t i = MAGIC_BYTES + 4; i < HEADER_BYTES; i++)
        if (header[i])
            return refuse(loading, "the header's reserved bytes are not zero");
    return 0;
}

/* Room for `size` bytes that stays as large as it ever was. */
static bool make_room(uint8_t **data, size_t *capacity, size_t size)
{
    if (size <= *capacity)
        return true;
    uint8_t *room = realloc(*data, size);
    if (!room)
        return false;
    *data = room;
    *capacity = size;
    return true;
}

static bool inflate_block(struct loading *loading, size_t packed, size_t size)
{
    z_stream *stream = &loading->stream;
    if (inflateReset(stream) != Z_OK)
        return false;
    stream->next_in = loading->packed;
    stream->avail_in = (uInt)packed;
    stream->next_out = loading->raw.data;
    stream->avail_out = (uInt)size;
    return inflate(stream, Z_FINISH) == Z_STREAM_END && stream->total_out == size && !stream->avail_in;
}

/* The next block's contents go to loading->raw. */
static int read_block(struct loading *loading, uint32_t *type)
{
    uint8_t head[BLOCK_BYTES];
    int error = read_bytes(loading, head, sizeof(head));
    if (error < 0)
        return error;
    *type = load_le32(head);
    uint64_t method = load_le32(head + 4), length = load_le64(head + 8), size = load_le64(head + 16);
    uint64_t most = *type == BLOCK_STATE           ? STATE_MAX
                    : *type == BLOCK_CONFIGURATION ? CONFIGURATION_MAX
                    : *type == BLOCK_PAGES         ? GROUP_BYTES
                                                   : 8;
    if (method > DEFLATED || size > most || length > size || (method == STORED && length != size) ||
        load_le32(head + 28))
        return refuse(loading, "a block's header is not possible");
    /* What the file doesn't hold isn't allocated: a block is read piece by piece. */
    size_t done = 0;
    while (done < length) {
        size_t part = length - done < (1u << 20) ? (size_t)(length - done) : 1u << 20;
        if (!make_room(&loading->packed, &loading->packed_size, done + part))
            return out_of_memory(loading->machine);
        if ((error = read_bytes(loading, loading->packed + done, part)) < 0)
            return error;
        done += part;
    }
    uLong crc = crc32_z(0, head, BLOCK_BYTES - 8);
    if (crc32_z(crc, loading->packed, done) != load_le32(head + 24))
        return refuse(loading, "a checksum is wrong: it is damaged");
    if (!make_room(&loading->raw.data, &loading->raw.capacity, (size_t)size + 1))
        return out_of_memory(loading->machine);
    loading->raw.size = (size_t)size;
    if (method == STORED && size)
        memcpy(loading->raw.data, loading->packed, (size_t)size);
    if (method == DEFLATED && !inflate_block(loading, (size_t)length, (size_t)size))
        return refuse(loading, "a block doesn't unpack");
    return 0;
}

static int check_configuration(struct loading *loading)
{
    struct state_writer own = {0};
    char line[320];
    struct text why = text_begin(line, sizeof(line));
    configuration_write(&own, loading->machine);
    int error = own.failed ? out_of_memory(loading->machine) : 0;
    if (error == 0 && configuration_differs(&own, (const char *)loading->raw.data, loading->raw.size, &why))
        error = refuse(loading, line);
    state_writer_free(&own);
    return error;
}

static int take_state(struct loading *loading)
{
    struct state_reader reader = {.data = loading->raw.data, .size = loading->raw.size};
    struct image *image = &loading->image;
    if (loading->has_state)
        return refuse(loading, "two blocks of state");
    for (size_t i = 0; i < MACHINE_MAX_DRIVES && loading->machine->drives[i].base; i++) {
        image->drive_count++;
        image->held[i] = state_take_max(&reader, 1, 1);
        if (image->held[i] && pages_create(&image->drives[i], drive_pages(&loading->machine->drives[i])) < 0)
            return out_of_memory(loading->machine);
    }
    size_t left = reader.size - reader.at;
    const uint8_t *sections = state_take_bytes(&reader, left);
    if (!sections)
        return refuse(loading, "the state is not possible");
    state_put_bytes(&image->state, sections, left);
    loading->has_state = true;
    return image->state.failed ? out_of_memory(loading->machine) : 0;
}

/* Where a page goes; NULL after an error. */
static uint8_t *place_of(struct loading *loading, uint64_t memory, uint64_t page, int *error)
{
    if (memory < loading->memory_count && page < loading->memory[memory].count) {
        struct incoming *incoming = &loading->memory[memory];
        incoming->present[page / 8] |= (uint8_t)(1u << page % 8);
        return incoming->mapping + page * PAGE_BYTES;
    }
    uint64_t drive = memory - loading->memory_count;
    if (memory < loading->memory_count || drive >= loading->image.drive_count || !loading->image.held[drive] ||
        page >= loading->image.drives[drive].count) {
        *error = refuse(loading, "a page of no memory");
        return NULL;
    }
    uint8_t *data = pages_own(&loading->image.drives[drive], page);
    if (!data)
        *error = out_of_memory(loading->machine);
    return data;
}

static int take_pages(struct loading *loading)
{
    const uint8_t *raw = loading->raw.data;
    bool has_head = loading->raw.size >= 8;
    uint64_t memory = has_head ? load_le32(raw) : 0, count = has_head ? load_le32(raw + 4) : 0;
    if (!loading->has_state || !count || count > GROUP_PAGES || loading->raw.size != 8 + count * (8 + PAGE_BYTES))
        return refuse(loading, "a block of pages is not possible");
    const uint8_t *pages = raw + 8 + 8 * count;
    for (uint64_t i = 0; i < count; i++) {
        int error = 0;
        uint8_t *place = place_of(loading, memory, load_le64(raw + 8 + 8 * i), &error);
        if (!place)
            return error;
        memcpy(place, pages + i * PAGE_BYTES, PAGE_BYTES);
    }
    loading->pages += count;
    return 0;
}

static int make_memory(struct loading *loading)
{
    const struct bus *bus = loading->machine->bus;
    size_t regions = bus_region_count(bus);
    loading->memory = calloc(regions ? regions : 1, sizeof(*loading->memory));
    if (!loading->memory)
        return out_of_memory(loading->machine);
    for (size_t i = 0; i < regions; i++) {
        const struct bus_region *region = bus_region_at(bus, i);
        if (!bus_has_memory(region))
            continue;
        struct incoming *incoming = &loading->memory[loading->memory_count++];
        incoming->count = region->size >> PAGE_BITS;
        incoming->mapping = map_zeroes(region->size);
        incoming->present = calloc(incoming->count / 8 + 1, 1);
        if (!incoming->mapping || !incoming->present)
            return out_of_memory(loading->machine);
    }
    return 0;
}

static bool is_present(const void *opaque, uint64_t page)
{
    const struct incoming *incoming = opaque;
    return incoming->present[page / 8] >> page % 8 & 1;
}

/* The new memories as an image. */
static int make_image(struct loading *loading)
{
    struct bus_image *image = &loading->image.memory;
    image->memory = calloc(loading->memory_count ? loading->memory_count : 1, sizeof(*image->memory));
    if (!image->memory)
        return out_of_memory(loading->machine);
    image->count = loading->memory_count;
    for (size_t i = 0; i < loading->memory_count; i++) {
        struct incoming *incoming = &loading->memory[i];
        if (pages_adopt(&image->memory[i], incoming->mapping, incoming->count, is_present, incoming) < 0)
            return out_of_memory(loading->machine);
        incoming->mapping = NULL;
    }
    return 0;
}

static int read_all(struct loading *loading)
{
    uint32_t type;
    int error = read_header(loading);
    if (error == 0)
        error = read_block(loading, &type);
    if (error == 0)
        error = type == BLOCK_CONFIGURATION ? check_configuration(loading)
                                            : refuse(loading, "it doesn't begin with the configuration");
    while (error == 0 && (error = read_block(loading, &type)) == 0 && type != BLOCK_END) {
        if (type == BLOCK_STATE)
            error = take_state(loading);
        else if (type == BLOCK_PAGES)
            error = take_pages(loading);
        else
            error = refuse(loading, "a block of an unknown type");
    }
    if (error == 0 && (!loading->has_state || loading->raw.size != 8 || load_le64(loading->raw.data) != loading->pages))
        error = refuse(loading, "parts are missing");
    uint8_t more;
    size_t got = 0;
    if (error == 0 && (loading->read(loading->opaque, &more, 1, &got) < 0 || got))
        error = refuse(loading, "there is something behind its end");
    return error;
}

int snapshot_load(struct armsim_machine *machine, snapshot_read_fn *read, void *opaque)
{
    struct loading loading = {.machine = machine, .read = read, .opaque = opaque};
    int error = image_possible(machine);
    if (error < 0)
        return error;
    loading.has_stream = inflateInit(&loading.stream) == Z_OK;
    error = loading.has_stream ? make_memory(&loading) : out_of_memory(machine);
    if (error == 0)
        error = read_all(&loading);
    if (error == 0)
        error = make_image(&loading);
    if (error == 0)
        error = image_put(machine, &loading.image);
    for (size_t i = 0; i < loading.memory_count; i++) {
        unmap(loading.memory[i].mapping, loading.memory[i].count * PAGE_BYTES);
        free(loading.memory[i].present);
    }
    free(loading.memory);
    image_free(&loading.image);
    if (loading.has_stream)
        inflateEnd(&loading.stream);
    free(loading.packed);
    free(loading.raw.data);
    return error;
}
