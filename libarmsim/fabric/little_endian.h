/*
 * Little-endian integers in memory, at any alignment, whatever the host. The ones of fixed size are single loads and
 * stores on a little-endian host; those that are told a size, too, where the compiler knows it.
 */
#ifndef ARMSIM_FABRIC_LITTLE_ENDIAN_H
#define ARMSIM_FABRIC_LITTLE_ENDIAN_H

#include <stdint.h>

static inline uint16_t load_le16(const uint8_t *from)
{
    return (uint16_t)(from[0] | from[1] << 8);
}

static inline uint32_t load_le32(const uint8_t *from)
{
    return load_le16(from) | (uint32_t)load_le16(from + 2) << 16;
}

static inline uint64_t load_le64(const uint8_t *from)
{
    return load_le32(from) | (uint64_t)load_le32(from + 4) << 32;
}

static inline void store_le16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static inline void store_le32(uint8_t *to, uint32_t value)
{
    store_le16(to, (uint16_t)value);
    store_le16(to + 2, (uint16_t)(value >> 16));
}

static inline void store_le64(uint8_t *to, uint64_t value)
{
    store_le32(to, (uint32_t)value);
    store_le32(to + 4, (uint32_t)(value >> 32));
}

/* `size` bytes, 1 to 8. */
static inline uint64_t load_le(const uint8_t *from, unsigned size)
{
    uint64_t value = 0;
    switch (size) {
    case 1:
        return *from;
    case 2:
        return load_le16(from);
    case 4:
        return load_le32(from);
    case 8:
        return load_le64(from);
    default:
        for (unsigned i = 0; i < size; i++)
            value |= (uint64_t)from[i] << (8 * i);
        return value;
    }
}

static inline void store_le(uint8_t *to, uint64_t value, unsigned size)
{
    switch (size) {
    case 1:
        *to = (uint8_t)value;
        break;
    case 2:
        store_le16(to, (uint16_t)value);
        break;
    case 4:
        store_le32(to, (uint32_t)value);
        break;
    case 8:
        store_le64(to, value);
        break;
    default:
        for (unsigned i = 0; i < size; i++)
            to[i] = (uint8_t)(value >> (8 * i));
        break;
    }
}

#endif
