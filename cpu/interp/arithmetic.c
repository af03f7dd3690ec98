#include "cpu/interp/arithmetic.h"

uint64_t decode_bit_mask(unsigned n, unsigned immr, unsigned imms, bool is64)
{
    unsigned length = 31 - (unsigned)__builtin_clz(n << 6 | (~imms & 0x3f));
    unsigned size = 1u << length, levels = size - 1;
    uint64_t element = ones((imms & levels) + 1);
    unsigned rotation = immr & levels;
    if (rotation)
        element = (element >> rotation | element << (size - rotation)) & ones(size);
    for (unsigned width = size; width < 64; width *= 2)
        element |= element << width;
    return is64 ? element : (uint32_t)element;
}

uint32_t crc32_update(uint32_t accumulator, uint64_t value, unsigned size, uint32_t polynomial)
{
    for (unsigned i = 0; i < size; i++) {
        accumulator ^= value >> (8 * i) & 0xff;
        for (unsigned bit = 0; bit < 8; bit++)
            accumulator = accumulator >> 1 ^ (polynomial & -(accumulator & 1));
    }
    return accumulator;
}
