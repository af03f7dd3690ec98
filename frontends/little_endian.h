/*
 * Little-endian integers as the library's functions for memory take and give them: `size` bytes, at most 8. (The
 * library has its own in the fabric; frontends include public headers alone.)
 */
#ifndef ARMSIM_FRONTENDS_LITTLE_ENDIAN_H
#define ARMSIM_FRONTENDS_LITTLE_ENDIAN_H

#include <stdint.h>

static inline uint64_t load_le(const uint8_t *from, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

static inline void store_le(uint8_t *to, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

#endif
