/* Pure functions that the semantics share, testable alone. */
#ifndef ARMSIM_CPU_INTERP_ARITHMETIC_H
#define ARMSIM_CPU_INTERP_ARITHMETIC_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t rotate_right_32(uint32_t x, unsigned n)
{
    return n % 32 == 0 ? x : x >> n % 32 | x << (32 - n % 32);
}

static inline uint64_t rotate_right_64(uint64_t x, unsigned n)
{
    return n % 64 == 0 ? x : x >> n % 64 | x << (64 - n % 64);
}

static inline uint32_t reverse_bits_32(uint32_t x)
{
    x = (x & 0x55555555u) << 1 | (x >> 1 & 0x55555555u);
    x = (x & 0x33333333u) << 2 | (x >> 2 & 0x33333333u);
    x = (x & 0x0f0f0f0fu) << 4 | (x >> 4 & 0x0f0f0f0fu);
    return __builtin_bswap32(x);
}

static inline uint64_t reverse_bits_64(uint64_t x)
{
    return (uint64_t)reverse_bits_32((uint32_t)x) << 32 | reverse_bits_32((uint32_t)(x >> 32));
}

static inline uint32_t reverse_halfwords_32(uint32_t x)
{
    return (x & 0x00ff00ffu) << 8 | (x >> 8 & 0x00ff00ffu);
}

static inline uint64_t reverse_halfwords_64(uint64_t x)
{
    return (x & 0x00ff00ff00ff00ffull) << 8 | (x >> 8 & 0x00ff00ff00ff00ffull);
}

static inline unsigned count_leading_zeros_32(uint32_t x)
{
    return x ? (unsigned)__builtin_clz(x) : 32;
}

static inline unsigned count_leading_zeros_64(uint64_t x)
{
    return x ? (unsigned)__builtin_clzll(x) : 64;
}

/* Bits below the sign that equal it. */
static inline unsigned count_leading_signs_32(uint32_t x)
{
    return count_leading_zeros_32((uint32_t)((int32_t)x >> 31) ^ x) - 1;
}

static inline unsigned count_leading_signs_64(uint64_t x)
{
    return count_leading_zeros_64((uint64_t)((int64_t)x >> 63) ^ x) - 1;
}

static inline uint64_t ones(unsigned n)
{
    return n >= 64 ? ~0ull : (1ull << n) - 1;
}

/* BFM with the field rotated to its place: immr in r, imms in s. */
static inline uint64_t bitfield_insert(uint64_t old, uint64_t x, unsigned r, unsigned s, unsigned width)
{
    unsigned length = s >= r ? s - r + 1 : s + 1;
    unsigned to = s >= r ? 0 : width - r, from = s >= r ? r : 0;
    uint64_t mask = ones(length) << to;
    return (old & ~mask) | ((x >> from << to) & mask);
}

static inline uint32_t bitfield_insert_32(uint32_t old, uint32_t x, unsigned r, unsigned s)
{
    return (uint32_t)bitfield_insert(old, x, r, s, 32);
}

static inline uint64_t bitfield_insert_64(uint64_t old, uint64_t x, unsigned r, unsigned s)
{
    return bitfield_insert(old, x, r, s, 64);
}

/* SBFM in general: immr in r, imms in s. */
static inline uint64_t signed_bitfield_64(uint64_t x, unsigned r, unsigned s)
{
    if (s >= r)
        return (uint64_t)((int64_t)(x << (63 - s)) >> (63 - s + r));
    return (uint64_t)((int64_t)(x << (63 - s)) >> (63 - s)) << (64 - r);
}

static inline uint32_t signed_bitfield_32(uint32_t x, unsigned r, unsigned s)
{
    if (s >= r)
        return (uint32_t)((int32_t)(x << (31 - s)) >> (31 - s + r));
    return (uint32_t)((int32_t)(x << (31 - s)) >> (31 - s)) << (32 - r);
}

/* DecodeBitMasks(): the logical immediate; the encoding is known to be allocated. */
uint64_t decode_bit_mask(unsigned n, unsigned immr, unsigned imms, bool is64);

/* CRC32{C}{B,H,W,X}: `size` bytes of value, reflected `polynomial`. */
uint32_t crc32_update(uint32_t accumulator, uint64_t value, unsigned size, uint32_t polynomial);

#endif
