/* Three same: integer arithmetic and comparison. */
#include "cpu/a64/simd.h"

/* A product in unsigned arithmetic, which wraps whatever the element type promotes to. */
#define PRODUCT ((uint64_t)a * (uint64_t)b)
#define DIFFERENCE ((uint64_t)a - (uint64_t)b)
#define ABSOLUTE_DIFFERENCE (a > b ? DIFFERENCE : -DIFFERENCE)
#define ALL_ONES_IF(condition) ((condition) ? -1 : 0)

THREE_SAME(simd_add, uint, a + b)
THREE_SAME(simd_sub, uint, a - b)
THREE_SAME(simd_mul, uint, PRODUCT)
THREE_SAME(simd_mla, uint, d + PRODUCT)
THREE_SAME(simd_mls, uint, d - PRODUCT)

THREE_SAME(simd_smax, int, a > b ? a : b)
THREE_SAME(simd_umax, uint, a > b ? a : b)
THREE_SAME(simd_smin, int, a < b ? a : b)
THREE_SAME(simd_umin, uint, a < b ? a : b)
THREE_SAME(simd_sabd, int, ABSOLUTE_DIFFERENCE)
THREE_SAME(simd_uabd, uint, ABSOLUTE_DIFFERENCE)
THREE_SAME(simd_saba, int, (uint64_t)d + ABSOLUTE_DIFFERENCE)
THREE_SAME(simd_uaba, uint, (uint64_t)d + ABSOLUTE_DIFFERENCE)

/* Halving forms have no 64-bit elements. */
THREE_SAME(simd_shadd, int, ((int64_t)a + b) >> 1)
THREE_SAME(simd_uhadd, uint, ((uint64_t)a + b) >> 1)
THREE_SAME(simd_srhadd, int, ((int64_t)((uint64_t)a + (uint64_t)b + 1)) >> 1)
THREE_SAME(simd_urhadd, uint, ((uint64_t)a + b + 1) >> 1)
THREE_SAME(simd_shsub, int, ((int64_t)DIFFERENCE) >> 1)
THREE_SAME(simd_uhsub, uint, DIFFERENCE >> 1)

THREE_SAME(simd_cmgt, int, ALL_ONES_IF(a > b))
THREE_SAME(simd_cmge, int, ALL_ONES_IF(a >= b))
THREE_SAME(simd_cmhi, uint, ALL_ONES_IF(a > b))
THREE_SAME(simd_cmhs, uint, ALL_ONES_IF(a >= b))
THREE_SAME(simd_cmeq, uint, ALL_ONES_IF(a == b))
THREE_SAME(simd_cmtst, uint, ALL_ONES_IF(a & b))

THREE_SAME_COUNTED(simd_sqadd, int, SATURATE((i128)a + b))
THREE_SAME_COUNTED(simd_uqadd, uint, SATURATE((i128)a + b))
THREE_SAME_COUNTED(simd_sqsub, int, SATURATE((i128)a - b))
THREE_SAME_COUNTED(simd_uqsub, uint, SATURATE((i128)a - b))

/* Bytes only. */
void simd_pmul(struct pe *pe, const struct record *r)
{
    OPERANDS3(pe, r);
    (void)old;
    for (unsigned i = 0; i < 16; i++) {
        unsigned product = 0;
        for (unsigned bit = 0; bit < 8; bit++)
            product ^= (unsigned)n.b[i] << bit & -(unsigned)(m.b[i] >> bit & 1);
        res.b[i] = (uint8_t)product;
    }
    write_vector(pe, r, &res, 0);
}

/* Logical forms: bits 23:22 are part of the opcode. */
#define LOGICAL(NAME, EXPRESSION)                                                                                      \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        OPERANDS3(pe, r);                                                                                              \
        ELEMENTS(uint64_t, d, 2, EXPRESSION)                                                                           \
        write_vector(pe, r, &res, 3);                                                                                  \
    }

LOGICAL(simd_and, a & b)
LOGICAL(simd_bic, a & ~b)
LOGICAL(simd_orr, a | b)
LOGICAL(simd_orn, a | ~b)
LOGICAL(simd_eor, a ^ b)
LOGICAL(simd_bsl, b ^ ((b ^ a) & d))
LOGICAL(simd_bit, d ^ ((d ^ a) & b))
LOGICAL(simd_bif, d ^ ((d ^ a) & ~b))
