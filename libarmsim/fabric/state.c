/*
 * State tables: reset, get, set and a hash over the canonical little-endian image of each field.
 *
 * The hash multiplies 64 by 64 bits and folds the 128-bit product, a word at a time; the length is mixed in at the
 * end of each call, so that two calls never equal one. It is for comparing runs, not against an adversary.
 */
#include "libarmsim/fabric/state.h"

#include "libarmsim/fabric/little_endian.h"

#include <stdlib.h>
#include <string.h>

#define HASH_SEED 0x9e3779b97f4a7c15ull  /* 2^64 / golden ratio */
#define HASH_MULTIPLIER 0xd6e8feb86659fd93ull

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ HASH_SEED) * (b ^ HASH_MULTIPLIER);
    /* The operands are added back: a zero factor must not forget the other. */
    return (uint64_t)product ^ (uint64_t)(product >> 64) ^ (a + (b << 1 | b >> 63));
}

uint64_t state_hash_words(uint64_t hash, const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = mix(hash, words[i]);
    return mix(hash, ~(uint64_t)count);
}

uint64_t state_hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t left = size;
    for (; left >= 8; bytes += 8, left -= 8)
        hash = mix(hash, load_le64(bytes));
    if (left) {
        uint8_t tail[8] = {0};
        memcpy(tail, bytes, left);
        hash = mix(hash, load_le64(tail));
    }
    return mix(hash, size);
}

static uint8_t *element(const struct state_section *section, const struct state_field *field, uint32_t index)
{
    size_t stride = field->stride ? field->stride : field->width;
    return (uint8_t *)section->instance + field->offset + index * stride;
}

uint64_t state_get(const struct state_section *section, const struct state_field *field, uint32_t index)
{
    if (index >= field->count)
        return 0;
    const uint8_t *at = element(section, field, index);
    uint16_t half;
    uint32_t word;
    uint64_t doubleword;
    switch (field->width) {
    case 1:
        return *at;
    case 2:
        memcpy(&half, at, sizeof(half));
        return half;
    case 4:
        memcpy(&word, at, sizeof(word));
        return word;
    case 8:
        memcpy(&doubleword, at, sizeof(doubleword));
        return doubleword;
    default:
        return 0;
    }
}

void state_set(const struct state_section *section, const struct state_field *field, uint32_t index, uint64_t value)
{
    if (index >= field->count)
        return;
    uint8_t *at = element(section, field, index);
    uint16_t half = (uint16_t)value;
    uint32_t word = (uint32_t)value;
    switch (field->width) {
    case 1:
        *at = (uint8_t)value;
        break;
    case 2:
        memcpy(at, &half, sizeof(half));
        break;
    case 4:
        memcpy(at, &word, sizeof(word));
        break;
    case 8:
        memcpy(at, &value, sizeof(value));
        break;
    default:
        break;
    }
}

static uint64_t hash_field(uint64_t hash, const struct state_section *section, const struct state_field *field)
{
    if (field->width == 1 && field->stride <= 1) /* buffers: the memory is already the canonical image */
        return state_hash_bytes(hash, element(section, field, 0), field->count);
    for (uint32_t i = 0; i < field->count; i++)
        hash = mix(hash, state_get(section, field, i));
    return mix(hash, field->count);
}

uint64_t state_hash_section(uint64_t hash, const struct state_section *section)
{
    if (section->name)
        hash = state_hash_bytes(hash, section->name, strlen(section->name));
    hash = mix(hash, section->version);
    for (size_t i = 0; i < section->field_count; i++)
        if (!(section->fields[i].flags & STATE_UNSEEN))
            hash = hash_field(hash, section, &section->fields[i]);
    return section->hash_extra ? section->hash_extra(section->instance, hash) : hash;
}

void state_reset_section(const struct state_section *section)
{
    for (size_t i = 0; i < section->field_count; i++) {
        const struct state_field *field = &section->fields[i];
        if (field->flags & STATE_KEEP_ON_RESET)
            continue;
        for (uint32_t n = 0; n < field->count; n++)
            state_set(section, field, n, field->reset);
    }
}

/* --- writing and reading --- */

static bool reserve(struct state_writer *writer, size_t size)
{
    if (writer->failed || size > SIZE_MAX / 4 - writer->size) {
        writer->failed = true;
        return false;
    }
    if (writer->size + size <= writer->capacity)
        return true;
    size_t capacity = writer->capacity ? writer->capacity : 4096;
    while (capacity < writer->size + size)
        capacity *= 2;
    uint8_t *data = realloc(writer->data, capacity);
    if (!data) {
        writer->failed = true;
        return false;
    }
    writer->data = data;
    writer->capacity = capacity;
    return true;
}

void state_put_bytes(struct state_writer *writer, const void *data, size_t size)
{
    if (!size || !reserve(writer, size))
        return;
    memcpy(writer->data + writer->size, data, size);
    writer->size += size;
}

void state_put(struct state_writer *writer, uint64_t value, unsigned bytes)
{
    uint8_t image[8];
    store_le(image, value, bytes);
    state_put_bytes(writer, image, bytes);
}

void state_put_string(struct state_writer *writer, const char *string)
{
    size_t length = strlen(string);
    state_put(writer, length, 2);
    state_put_bytes(writer, string, length);
}

void state_writer_free(struct state_writer *writer)
{
    free(writer->data);
    *writer = (struct state_writer){0};
}

const uint8_t *state_take_bytes(struct state_reader *reader, size_t size)
{
    if (reader->failed || size > reader->size - reader->at) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *data = reader->data + reader->at;
    reader->at += size;
    return data;
}

uint64_t state_take(struct state_reader *reader, unsigned bytes)
{
    const uint8_t *image = state_take_bytes(reader, bytes);
    return image ? load_le(image, bytes) : 0;
}

uint64_t state_take_max(struct state_reader *reader, unsigned bytes, uint64_t max)
{
    uint64_t value = state_take(reader, bytes);
    if (value <= max)
        return value;
    reader->failed = true;
    return 0;
}

static void save_field(struct state_writer *writer, const struct state_section *section,
                       const struct state_field *field)
{
    state_put(writer, field->width, 1);
    state_put(writer, field->count, 4);
    if (field->width == 1 && field->stride <= 1) {
        state_put_bytes(writer, element(section, field, 0), field->count);
        return;
    }
    if (!reserve(writer, (size_t)field->count * field->width))
        return;
    for (uint32_t i = 0; i < field->count; i++)
        state_put(writer, state_get(section, field, i), field->width);
}

static bool load_field(struct state_reader *reader, const struct state_section *section,
                       const struct state_field *field)
{
    if (state_take(reader, 1) != field->width || state_take(reader, 4) != field->count)
        return false;
    for (uint32_t i = 0; i < field->count; i++) {
        uint64_t value = state_take(reader, field->width);
        if (field->limit && value > field->limit)
            return false;
        state_set(section, field, i, value);
    }
    return !reader->failed;
}

static void save_extra(struct state_writer *writer, const struct state_section *section)
{
    size_t at = writer->size;
    state_put(writer, 0, 8);
    if (section->save_extra)
        section->save_extra(section->instance, writer);
    if (writer->failed)
        return;
    store_le64(writer->data + at, writer->size - at - 8);
}

void state_save_section(struct state_writer *writer, const struct state_section *section)
{
    state_put_string(writer, section->name);
    state_put(writer, section->version, 4);
    state_put(writer, section->field_count, 4);
    for (size_t i = 0; i < section->field_count; i++)
        save_field(writer, section, &section->fields[i]);
    save_extra(writer, section);
}

bool state_load_section(struct state_reader *reader, const struct state_section *section, const char **why)
{
    size_t length = (size_t)state_take(reader, 2);
    const uint8_t *name = state_take_bytes(reader, length);
    *why = "a section of another name";
    if (!name || strlen(section->name) != length || memcmp(name, section->name, length))
        return false;
    *why = "a section of another version";
    if (state_take(reader, 4) != section->version || state_take(reader, 4) != section->field_count)
        return false;
    for (size_t i = 0; i < section->field_count; i++) {
        *why = section->fields[i].name;
        if (!load_field(reader, section, &section->fields[i]))
            return false;
    }
    *why = "what isn't a field";
    uint64_t size = state_take(reader, 8);
    const uint8_t *extra = size <= SIZE_MAX ? state_take_bytes(reader, (size_t)size) : NULL;
    if (!extra || (size && !section->load_extra))
        return false;
    struct state_reader part = {.data = extra, .size = (size_t)size};
    if (section->load_extra && (!section->load_extra(section->instance, &part) || part.failed || part.at != part.size))
        return false;
    *why = "values that don't go together";
    return !section->loaded || section->loaded(section->instance);
}

bool state_diff_section(const struct state_section *a, const struct state_section *b, state_difference_fn *tell,
                        void *opaque)
{
    for (size_t i = 0; i < a->field_count; i++) {
        const struct state_field *field = &a->fields[i];
        for (uint32_t n = 0; n < field->count && !(field->flags & STATE_UNSEEN); n++) {
            uint64_t left = state_get(a, field, n), right = state_get(b, field, n);
            if (left != right)
                tell(opaque, a->name, field->name, n, left, right);
        }
    }
    if (!a->hash_extra || a->hash_extra(a->instance, 0) == b->hash_extra(b->instance, 0))
        return true;
    struct state_writer left = {0}, right = {0};
    a->save_extra(a->instance, &left);
    b->save_extra(b->instance, &right);
    bool ok = !left.failed && !right.failed;
    size_t at = 0;
    while (ok && at < left.size && at < right.size && left.data[at] == right.data[at])
        at++;
    if (ok)
        tell(opaque, a->name, NULL, at, at < left.size ? left.data[at] : 0, at < right.size ? right.data[at] : 0);
    state_writer_free(&left);
    state_writer_free(&right);
    return ok;
}
