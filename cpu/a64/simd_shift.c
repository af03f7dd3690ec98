/* Shifts by register and by immediate that keep the element size. */
#include "cpu/a64/simd.h"

/* --- by register: the least significant byte of each element of Vm is a signed shift --- */

THREE_SAME(simd_sshl, int, shift_by(a, (int8_t)b, false))
THREE_SAME(simd_ushl, uint, shift_by(a, (int8_t)b, false))
THREE_SAME(simd_srshl, int, shift_by(a, (int8_t)b, true))
THREE_SAME(simd_urshl, uint, shift_by(a, (int8_t)b, true))
THREE_SAME_COUNTED(simd_sqshl_reg, int, SATURATE(shift_by(a, (int8_t)b, false)))
THREE_SAME_COUNTED(simd_uqshl_reg, uint, SATURATE(shift_by(a, (int8_t)b, false)))
THREE_SAME_COUNTED(simd_sqrshl, int, SATURATE(shift_by(a, (int8_t)b, true)))
THREE_SAME_COUNTED(simd_uqrshl, uint, SATURATE(shift_by(a, (int8_t)b, true)))

/* --- by immediate: the highest set bit of immh gives the element size, the rest with immb the amount --- */

#define IMMEDIATE_SHIFT_FIELDS                                                                                         \
    const unsigned immh_immb = insn_bits(r, 16, 7);                                                                    \
    const unsigned size = 28 - (unsigned)__builtin_clz(immh_immb);                                                     \
    const int left = (int)(immh_immb - (8u << size)), right = (int)((16u << size) - immh_immb);                        \
    (void)left, (void)right

#define SHIFT_IMMEDIATE(NAME, P, EXPRESSION)                                                                           \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        IMMEDIATE_SHIFT_FIELDS;                                                                                        \
        OPERANDS2(pe, r);                                                                                              \
        ALL_ELEMENTS(P, EXPRESSION)                                                                                    \
        write_vector(pe, r, &res, size);                                                                               \
    }

#define SHIFT_IMMEDIATE_SATURATING(NAME, P, EXPRESSION)                                                                \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        IMMEDIATE_SHIFT_FIELDS;                                                                                        \
        const unsigned count = element_count(r, size);                                                                 \
        uint32_t *const fpsr = &pe->fpsr;                                                                              \
        OPERANDS2(pe, r);                                                                                              \
        COUNTED_ELEMENTS(P, count, EXPRESSION)                                                                         \
        write_vector(pe, r, &res, size);                                                                               \
    }

/* A right shift of 1 to the element's size, in two steps because the last one is too large for C's operator. */
#define SHIFTED_RIGHT (a >> (right - 1) >> 1)
/* The bit below the least significant one of the result, which rounds it up. */
#define ROUNDING_BIT (a >> (right - 1) & 1)

SHIFT_IMMEDIATE(simd_sshr, int, SHIFTED_RIGHT)
SHIFT_IMMEDIATE(simd_ushr, uint, SHIFTED_RIGHT)
SHIFT_IMMEDIATE(simd_ssra, int, (uint64_t)d + (uint64_t)SHIFTED_RIGHT)
SHIFT_IMMEDIATE(simd_usra, uint, d + SHIFTED_RIGHT)
SHIFT_IMMEDIATE(simd_srshr, int, SHIFTED_RIGHT + ROUNDING_BIT)
SHIFT_IMMEDIATE(simd_urshr, uint, SHIFTED_RIGHT + ROUNDING_BIT)
SHIFT_IMMEDIATE(simd_srsra, int, (uint64_t)d + (uint64_t)SHIFTED_RIGHT + (uint64_t)ROUNDING_BIT)
SHIFT_IMMEDIATE(simd_ursra, uint, d + SHIFTED_RIGHT + ROUNDING_BIT)
SHIFT_IMMEDIATE(simd_shl, uint, (uint64_t)a << left)

/* SRI and SLI keep the bits of Vd that nothing is shifted into. */
#define ELEMENT_ONES (~UINT64_C(0) >> (64 - BITS(element)))
SHIFT_IMMEDIATE(simd_sri, uint, SHIFTED_RIGHT | (d & ~(element)(ELEMENT_ONES >> (right - 1) >> 1)))
SHIFT_IMMEDIATE(simd_sli, uint, (uint64_t)a << left | (d & ~(ELEMENT_ONES << left)))

SHIFT_IMMEDIATE_SATURATING(simd_sqshl_imm, int, SATURATE(shift_by(a, left, false)))
SHIFT_IMMEDIATE_SATURATING(simd_uqshl_imm, uint, SATURATE(shift_by(a, left, false)))
SHIFT_IMMEDIATE_SATURATING(simd_sqshlu, int, saturate(shift_by(a, left, false), 0, 2 * MAX(element) + 1, fpsr))
