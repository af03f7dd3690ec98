/* Little-endian integers at any alignment. */
#ifndef ARMSIM_LOADER_LITTLE_ENDIAN_H
#define ARMSIM_LOADER_LITTLE_ENDIAN_H

#include <stdint.h>

static inline uint16_t read_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t read_le32(const uint8_t *p)
{
    return read_le16(p) | (uint32_t)read_le16(p + 2) << 16;
}

static inline uint64_t read_le64(const uint8_t *p)
{
    return read_le32(p) | (uint64_t)read_le32(p + 4) << 32;
}

#endif
