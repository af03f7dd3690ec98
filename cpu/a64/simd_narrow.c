/* Results half as wide as the operands: ADDHN and the like, XTN, SHRN, and their saturating forms. */
#include "cpu/a64/simd.h"

/*
 * `wa` and `wb` are elements of Vn and Vm, of type `wide`; the result has type `narrow`. The size in bits 23:22, or
 * of immh, is the narrow one.
 */
#define NARROWING_LOOP(T, WIDE, WF, EXPRESSION)                                                                        \
    for (unsigned i = 0; i < count; i++) {                                                                             \
        typedef T narrow;                                                                                              \
        typedef WIDE wide;                                                                                             \
        const wide wa = (wide)n.WF[i], wb = (wide)m.WF[i];                                                             \
        (void)wb;                                                                                                      \
        result |= (uint64_t)(narrow)(EXPRESSION) << (i * BITS(narrow));                                                \
    }
/* P is the signedness of the operands. */
#define NARROWING_LOOPS(P, EXPRESSION)                                                                                 \
    switch (size) {                                                                                                    \
    case 0: NARROWING_LOOP(uint8_t, P##16_t, h, EXPRESSION) break;                                                     \
    case 1: NARROWING_LOOP(uint16_t, P##32_t, s, EXPRESSION) break;                                                    \
    default: NARROWING_LOOP(uint32_t, P##64_t, d, EXPRESSION) break;                                                   \
    }

#define NARROWING(NAME, P, SIZE, EXPRESSION)                                                                           \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = (SIZE), count = is_scalar(r) ? 1 : 8u >> size;                                           \
        uint32_t *const fpsr = &pe->fpsr;                                                                              \
        const union vreg n = pe->v[r->b], m = pe->v[r->c];                                                             \
        uint64_t result = 0;                                                                                           \
        (void)fpsr;                                                                                                    \
        NARROWING_LOOPS(P, EXPRESSION)                                                                                 \
        write_narrow(pe, r, result);                                                                                   \
    }

#define BY_SIZE insn_bits(r, 22, 2)
#define HIGH_HALF(value) ((wide)(value) >> BITS(narrow))
#define HALF ((wide)1 << (BITS(narrow) - 1))

NARROWING(simd_addhn, uint, BY_SIZE, HIGH_HALF(wa + wb))
NARROWING(simd_subhn, uint, BY_SIZE, HIGH_HALF(wa - wb))
NARROWING(simd_raddhn, uint, BY_SIZE, HIGH_HALF(wa + wb + HALF))
NARROWING(simd_rsubhn, uint, BY_SIZE, HIGH_HALF(wa - wb + HALF))

/* The signed range of the narrow type, which is unsigned here. */
#define SATURATE_SIGNED(value) saturate(value, -((i128)1 << (BITS(narrow) - 1)), MAX(narrow) >> 1, fpsr)
#define SATURATE_UNSIGNED(value) SATURATE_TO(narrow, value)

NARROWING(simd_xtn, uint, BY_SIZE, wa)
NARROWING(simd_sqxtn, int, BY_SIZE, SATURATE_SIGNED(wa))
NARROWING(simd_uqxtn, uint, BY_SIZE, SATURATE_UNSIGNED(wa))
NARROWING(simd_sqxtun, int, BY_SIZE, SATURATE_UNSIGNED(wa))

#define BY_IMMEDIATE (28 - (unsigned)__builtin_clz(insn_bits(r, 16, 7)))
#define SHIFTED(round) shift_by(wa, -(int)((16u << size) - insn_bits(r, 16, 7)), round)

NARROWING(simd_shrn, uint, BY_IMMEDIATE, SHIFTED(false))
NARROWING(simd_rshrn, uint, BY_IMMEDIATE, SHIFTED(true))
NARROWING(simd_sqshrn, int, BY_IMMEDIATE, SATURATE_SIGNED(SHIFTED(false)))
NARROWING(simd_sqrshrn, int, BY_IMMEDIATE, SATURATE_SIGNED(SHIFTED(true)))
NARROWING(simd_uqshrn, uint, BY_IMMEDIATE, SATURATE_UNSIGNED(SHIFTED(false)))
NARROWING(simd_uqrshrn, uint, BY_IMMEDIATE, SATURATE_UNSIGNED(SHIFTED(true)))
NARROWING(simd_sqshrun, int, BY_IMMEDIATE, SATURATE_UNSIGNED(SHIFTED(false)))
NARROWING(simd_sqrshrun, int, BY_IMMEDIATE, SATURATE_UNSIGNED(SHIFTED(true)))
