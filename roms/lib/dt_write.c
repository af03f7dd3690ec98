#include "dt.h"

#include "memory.h"

enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, END = 9 };
enum { HEADER = 40, RESERVATIONS = 16 };

static void store32(u8 *at, u32 value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (u8)(value >> (24 - 8 * i));
}

/* Room for so many bytes, padded with zeros to whole cells. */
static u8 *extend(struct dt_writer *writer, u32 size)
{
    u32 padded = (size + 3) & ~3u;
    if (writer->failed || padded < size || padded > writer->capacity - writer->used) {
        writer->failed = true;
        return NULL;
    }
    u8 *at = writer->blob + writer->used;
    memset(at, 0, padded);
    writer->used += padded;
    return at;
}

static void put_cell(struct dt_writer *writer, u32 value)
{
    u8 *at = extend(writer, 4);
    if (at)
        store32(at, value);
}

static void put_bytes(struct dt_writer *writer, const void *bytes, u32 size)
{
    u8 *at = extend(writer, size);
    if (at && size)
        memcpy(at, bytes, size);
}

static u32 string_offset(struct dt_writer *writer, const char *name)
{
    u32 length = (u32)strlen(name) + 1;
    for (u32 at = 0; at < writer->strings_used; at += (u32)strlen(writer->strings + at) + 1) {
        if (strcmp(writer->strings + at, name) == 0)
            return at;
    }
    if (length > sizeof(writer->strings) - writer->strings_used) {
        writer->failed = true;
        return 0;
    }
    memcpy(writer->strings + writer->strings_used, name, length);
    writer->strings_used += length;
    return writer->strings_used - length;
}

void dt_write_begin(struct dt_writer *writer, void *memory, u32 capacity)
{
    *writer = (struct dt_writer){.blob = memory, .capacity = capacity};
    extend(writer, HEADER + RESERVATIONS);
}

void dt_node(struct dt_writer *writer, const char *name)
{
    put_cell(writer, BEGIN_NODE);
    put_bytes(writer, name, (u32)strlen(name) + 1);
}

void dt_node_at(struct dt_writer *writer, const char *name, u64 address)
{
    char full[48];
    size_t length = strlen(name), digits = 1;
    if (length > 30)
        length = 30;
    memcpy(full, name, length);
    full[length++] = '@';
    while (digits < 16 && address >> 4 * digits)
        digits++;
    while (digits)
        full[length++] = "0123456789abcdef"[address >> 4 * --digits & 15];
    full[length] = 0;
    dt_node(writer, full);
}

void dt_node_end(struct dt_writer *writer)
{
    put_cell(writer, END_NODE);
}

void dt_put(struct dt_writer *writer, const char *name, const void *value, u32 size)
{
    put_cell(writer, PROPERTY);
    put_cell(writer, size);
    put_cell(writer, string_offset(writer, name));
    put_bytes(writer, value, size);
}

void dt_put_string(struct dt_writer *writer, const char *name, const char *value)
{
    dt_put(writer, name, value, (u32)strlen(value) + 1);
}

void dt_put_cells(struct dt_writer *writer, const char *name, const u32 *cells, u32 count)
{
    dt_put(writer, name, NULL, 0);
    if (writer->failed)
        return;
    store32(writer->blob + writer->used - 8, 4 * count);
    for (u32 i = 0; i < count; i++)
        put_cell(writer, cells[i]);
}

void dt_put_u64(struct dt_writer *writer, const char *name, u64 value)
{
    DT_CELLS(writer, name, (u32)(value >> 32), (u32)value);
}

u32 dt_write_end(struct dt_writer *writer)
{
    put_cell(writer, END);
    u32 structure_end = writer->used;
    put_bytes(writer, writer->strings, writer->strings_used);
    if (writer->failed)
        return 0;
    const u32 header[10] = {0xd00dfeed, writer->used, HEADER + RESERVATIONS, structure_end, HEADER, 17, 16, 0,
                            writer->strings_used, structure_end - (HEADER + RESERVATIONS)};
    for (unsigned i = 0; i < COUNT(header); i++)
        store32(writer->blob + 4 * i, header[i]);
    return writer->used;
}
