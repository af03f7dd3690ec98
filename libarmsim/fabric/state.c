/*
 * State tables: reset, get, set and a hash over the canonical little-endian image of each field.
 *
 * The hash multiplies 64 by 64 bits and folds the 128-bit product, a word at a time; the length is mixed in at the
 * end of each call, so that two calls never equal one. It is for comparing runs, not against an adversary.
 */
#include "libarmsim/fabric/state.h"

#include <string.h>

#define HASH_SEED 0x9e3779b97f4a7c15ull  /* 2^64 / golden ratio */
#define HASH_MULTIPLIER 0xd6e8feb86659fd93ull

static uint64_t load_word(const uint8_t *bytes)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

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
        hash = mix(hash, load_word(bytes));
    if (left) {
        uint8_t tail[8] = {0};
        memcpy(tail, bytes, left);
        hash = mix(hash, load_word(tail));
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
