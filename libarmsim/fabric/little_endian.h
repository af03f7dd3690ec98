/*
 * Little-endian integers in memory, at any alignment, whatever the host: on a little-endian one single loads and stores.
 */
#ifndef ARMSIM_FABRIC_LITTLE_ENDIAN_H
#define ARMSIM_FABRIC_LITTLE_ENDIAN_H

#include <stdint.h>
#include <string.h>

enum { HOST_IS_BIG_ENDIAN = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };

static inline uint16_t load_le16(const uint8_t *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof(value));
    return HOST_IS_BIG_ENDIAN ? __builtin_bswap16(value) : value;
}

static inline uint32_t load_le32(const uint8_t *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof(value));
    return HOST_IS_BIG_ENDIAN ? __builtin_bswap32(value) : value;
}

static inline uint64_t load_le64(const uint8_t *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof(value));
    return HOST_IS_BIG_ENDIAN ? __builtin_bswap64(value) : value;
}

static inline void store_le16(uint8_t *to, uint16_t value)
{
    value = HOST_IS_BIG_ENDIAN ? __builtin_bswap16(value) : value;
    memcpy(to, &value, sizeof(value));
}

static inline void store_le32(uint8_t *to, uint32_t value)
{
    value = HOST_IS_BIG_ENDIAN ? __builtin_bswap32(value) : value;
    memcpy(to, &value, sizeof(value));
}

static inline void store_le64(uint8_t *to, uint64_t value)
{
    value = HOST_IS_BIG_ENDIAN ? __builtin_bswap64(value) : value;
    memcpy(to, &value, sizeof(value));
}

/* `size` bytes, 1 to 8. Accesses have a power of two: these are quick. */
static inline uint64_t load_le(const uint8_t *from, unsigned size)
{
    uint8_t image[8] = {0};
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
        memcpy(image, from, size);
        return load_le64(image);
    }
}

static inline void store_le(uint8_t *to, uint64_t value, unsigned size)
{
    uint8_t image[8];
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
        store_le64(image, value);
        memcpy(to, image, size);
        break;
    }
}

#endif
