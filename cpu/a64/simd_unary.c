/* Two-register miscellaneous: integers, bits and bytes. */
#include "cpu/a64/simd.h"

#define ALL_ONES_IF(condition) ((condition) ? -1 : 0)

TWO_SAME(simd_abs, int, a < 0 ? -(uint64_t)a : (uint64_t)a)
TWO_SAME(simd_neg, int, -(uint64_t)a)
TWO_SAME(simd_cmgt_zero, int, ALL_ONES_IF(a > 0))
TWO_SAME(simd_cmge_zero, int, ALL_ONES_IF(a >= 0))
TWO_SAME(simd_cmeq_zero, int, ALL_ONES_IF(a == 0))
TWO_SAME(simd_cmle_zero, int, ALL_ONES_IF(a <= 0))
TWO_SAME(simd_cmlt_zero, int, ALL_ONES_IF(a < 0))

TWO_SAME_COUNTED(simd_sqabs, int, SATURATE(a < 0 ? -(i128)a : a))
TWO_SAME_COUNTED(simd_sqneg, int, SATURATE(-(i128)a))

static unsigned count_leading_zeros(uint64_t value, unsigned bits)
{
    return value ? (unsigned)__builtin_clzll(value) - (64 - bits) : bits;
}

TWO_SAME(simd_clz, uint, count_leading_zeros(a, BITS(element)))
/* Leading bits equal to the sign, the sign itself not counted. */
TWO_SAME(simd_cls, int, count_leading_zeros((uint64_t)(a < 0 ? ~a : a), BITS(element)) - 1)

/* SUQADD adds an unsigned Vn to a signed Vd, USQADD a signed Vn to an unsigned Vd. */
#define OTHER_SIGN(value) ((value) & (((i128)1 << BITS(element)) - 1))
TWO_SAME_COUNTED(simd_suqadd, int, SATURATE(OTHER_SIGN((i128)a) + d))

void simd_usqadd(struct pe *pe, const struct record *r)
{
    const unsigned size = insn_bits(r, 22, 2), count = element_count(r, size);
    OPERANDS2(pe, r);
    (void)m;
#define USQADD(P, F)                                                                                                   \
    for (unsigned i = 0; i < count; i++)                                                                               \
        res.F[i] = (uint##P##_t)saturate((i128)(int##P##_t)n.F[i] + old.F[i], 0, MAX(uint##P##_t), &pe->fpsr)
    switch (size) {
    case 0: USQADD(8, b); break;
    case 1: USQADD(16, h); break;
    case 2: USQADD(32, s); break;
    default: USQADD(64, d); break;
    }
    write_vector(pe, r, &res, size);
}

/* Forms on bytes, whose bits 23:22 are part of the opcode. */
#define BYTES(NAME, EXPRESSION)                                                                                        \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        OPERANDS2(pe, r);                                                                                              \
        ELEMENTS(uint8_t, b, 16, EXPRESSION)                                                                           \
        write_vector(pe, r, &res, 0);                                                                                  \
    }

static uint8_t reverse_bits(uint8_t value)
{
    value = (uint8_t)(value >> 4 | value << 4);
    value = (uint8_t)((value & 0xcc) >> 2 | (value & 0x33) << 2);
    return (uint8_t)((value & 0xaa) >> 1 | (value & 0x55) << 1);
}

/* Sums of two, four and eight bits, side by side. */
static uint8_t count_ones(uint8_t value)
{
    value = (uint8_t)(value - (value >> 1 & 0x55));
    value = (uint8_t)((value & 0x33) + (value >> 2 & 0x33));
    return (uint8_t)((value + (value >> 4)) & 15);
}

BYTES(simd_cnt, count_ones(a))
BYTES(simd_not, ~a)
BYTES(simd_rbit, reverse_bits(a))

/* REV16, REV32, REV64: reverses the elements of 2^size bytes within containers of 2, 4 or 8 bytes. */
void simd_rev(struct pe *pe, const struct record *r)
{
    const unsigned size = insn_bits(r, 22, 2);
    const unsigned container = insn_bit(r, 12) ? 1 : insn_bit(r, 29) ? 2 : 3;
    const unsigned swap = (1u << container) - (1u << size); /* bits of the byte number that are inverted */
    const union vreg n = pe->v[r->b];
    union vreg res;
    for (unsigned i = 0; i < 16; i++)
        res.b[i] = n.b[i ^ swap];
    write_vector(pe, r, &res, size);
}
