/* Pairwise and across-lanes integer forms. */
#include "cpu/a64/simd.h"

/* Element i of the result comes from elements 2i (`a`) and 2i+1 (`b`) of Vm:Vn. */
#define PAIRS(T, F, COUNT, EXPRESSION)                                                                                 \
    VECTOR_LOOP                                                                                                        \
    for (unsigned i = 0; i < (COUNT); i++) {                                                                           \
        const T a = (T)pair.F[2 * i], b = (T)pair.F[2 * i + 1];                                                        \
        res.F[i] = (EXPRESSION);                                                                                       \
    }

#define PAIRWISE(NAME, P, EXPRESSION)                                                                                  \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2);                                                                     \
        const union vreg_pair pair = concatenate(pe, r);                                                               \
        union vreg res;                                                                                                \
        switch (size) {                                                                                                \
        case 0: PAIRS(P##8_t, b, 16, EXPRESSION) break;                                                                \
        case 1: PAIRS(P##16_t, h, 8, EXPRESSION) break;                                                                \
        case 2: PAIRS(P##32_t, s, 4, EXPRESSION) break;                                                                \
        default: PAIRS(P##64_t, d, 2, EXPRESSION) break;                                                               \
        }                                                                                                              \
        write_vector(pe, r, &res, size);                                                                               \
    }

PAIRWISE(simd_addp, uint, a + b)
PAIRWISE(simd_smaxp, int, a > b ? a : b)
PAIRWISE(simd_umaxp, uint, a > b ? a : b)
PAIRWISE(simd_sminp, int, a < b ? a : b)
PAIRWISE(simd_uminp, uint, a < b ? a : b)

void simd_addp_scalar(struct pe *pe, const struct record *r)
{
    write_d(pe, r->a, pe->v[r->b].d[0] + pe->v[r->b].d[1]);
}

/* SADDLP and the like: sums of pairs, twice as wide, added to `d` of Vd if accumulating. */
#define LONG_PAIRS(T, F, WIDE, WF, ADDEND)                                                                             \
    for (unsigned i = 0; i < count; i++) {                                                                             \
        const uint64_t d = old.WF[i];                                                                                  \
        (void)d;                                                                                                       \
        res.WF[i] = (WIDE)((ADDEND) + (uint64_t)(T)n.F[2 * i] + (uint64_t)(T)n.F[2 * i + 1]);                          \
    }
#define PAIRWISE_LONG(NAME, P, ADDEND)                                                                                 \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2), count = element_count(r, size + 1);                                 \
        OPERANDS2(pe, r);                                                                                              \
        (void)m;                                                                                                       \
        switch (size) {                                                                                                \
        case 0: LONG_PAIRS(P##8_t, b, uint16_t, h, ADDEND) break;                                                      \
        case 1: LONG_PAIRS(P##16_t, h, uint32_t, s, ADDEND) break;                                                     \
        default: LONG_PAIRS(P##32_t, s, uint64_t, d, ADDEND) break;                                                    \
        }                                                                                                              \
        write_vector(pe, r, &res, size);                                                                               \
    }

PAIRWISE_LONG(simd_saddlp, int, 0)
PAIRWISE_LONG(simd_uaddlp, uint, 0)
PAIRWISE_LONG(simd_sadalp, int, d)
PAIRWISE_LONG(simd_uadalp, uint, d)

/* Across lanes: `x` is what was collected so far, `a` the next element; the result is 2^RESULT_SIZE bytes. */
#define COLLECT(T, F, EXPRESSION)                                                                                      \
    {                                                                                                                  \
        int64_t x = (T)n.F[0];                                                                                         \
        for (unsigned i = 1; i < count; i++) {                                                                         \
            const int64_t a = (T)n.F[i];                                                                               \
            x = (EXPRESSION);                                                                                          \
        }                                                                                                              \
        result = (uint64_t)x;                                                                                          \
    }
#define ACROSS(NAME, P, RESULT_SIZE, EXPRESSION)                                                                       \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2), count = element_count(r, size);                                     \
        const union vreg n = pe->v[r->b];                                                                              \
        uint64_t result;                                                                                               \
        switch (size) {                                                                                                \
        case 0: COLLECT(P##8_t, b, EXPRESSION) break;                                                                  \
        case 1: COLLECT(P##16_t, h, EXPRESSION) break;                                                                 \
        default: COLLECT(P##32_t, s, EXPRESSION) break;                                                                \
        }                                                                                                              \
        write_d(pe, r->a, result & ~UINT64_C(0) >> (64 - (8 << (RESULT_SIZE))));                                       \
    }

ACROSS(simd_addv, uint, size, x + a)
ACROSS(simd_saddlv, int, size + 1, x + a)
ACROSS(simd_uaddlv, uint, size + 1, x + a)
ACROSS(simd_smaxv, int, size, x > a ? x : a)
ACROSS(simd_umaxv, uint, size, x > a ? x : a)
ACROSS(simd_sminv, int, size, x < a ? x : a)
ACROSS(simd_uminv, uint, size, x < a ? x : a)
