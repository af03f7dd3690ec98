/* Floating-point pairwise and across-lanes forms. */
#include "cpu/a64/simd_fp.h"

/* Element i of the result comes from elements 2i and 2i+1 of Vm:Vn. */
#define PAIRS(N, F, OPERATION)                                                                                         \
    for (unsigned i = 0; i < count; i++) {                                                                             \
        const union vreg *source = 2 * i < count ? &n : &m;                                                            \
        const unsigned j = 2 * i & (count - 1);                                                                        \
        res.F[i] = fp##N##_##OPERATION(source->F[j], source->F[j + 1], env);                                           \
    }

#define PAIRWISE(NAME, OPERATION)                                                                                      \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = fp_size_same(r), count = element_count(r, size);                                         \
        struct fp_env *const env = &pe->fp_env;                                                                        \
        OPERANDS3(pe, r);                                                                                              \
        (void)old;                                                                                                     \
        switch (size) {                                                                                                \
        case 1: PAIRS(16, h, OPERATION) break;                                                                         \
        case 2: PAIRS(32, s, OPERATION) break;                                                                         \
        default: PAIRS(64, d, OPERATION) break;                                                                        \
        }                                                                                                              \
        write_vector(pe, r, &res, size);                                                                               \
    }

/* Reduce() of a whole vector, which is a tree, or of the two elements of a scalar pairwise form. */
#define REDUCE(N, F, OPERATION)                                                                                        \
    for (unsigned half = count / 2; half; half /= 2)                                                                   \
        for (unsigned i = 0; i < half; i++)                                                                            \
            v.F[i] = fp##N##_##OPERATION(v.F[2 * i], v.F[2 * i + 1], env);

#define REDUCTION(NAME, COUNT, OPERATION)                                                                              \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = fp_size_across(r), count = (COUNT);                                                      \
        struct fp_env *const env = &pe->fp_env;                                                                        \
        union vreg v = pe->v[r->b];                                                                                    \
        switch (size) {                                                                                                \
        case 1: REDUCE(16, h, OPERATION) write_d(pe, r->a, v.h[0]); break;                                             \
        case 2: REDUCE(32, s, OPERATION) write_d(pe, r->a, v.s[0]); break;                                             \
        default: REDUCE(64, d, OPERATION) write_d(pe, r->a, v.d[0]); break;                                            \
        }                                                                                                              \
    }
#define PAIRWISE_AND_SCALAR(NAME, OPERATION)                                                                           \
    PAIRWISE(NAME, OPERATION)                                                                                          \
    REDUCTION(NAME##_scalar, 2, OPERATION)

PAIRWISE_AND_SCALAR(simd_faddp, add)
PAIRWISE_AND_SCALAR(simd_fmaxp, max)
PAIRWISE_AND_SCALAR(simd_fminp, min)
PAIRWISE_AND_SCALAR(simd_fmaxnmp, maxnm)
PAIRWISE_AND_SCALAR(simd_fminnmp, minnm)

REDUCTION(simd_fmaxv, element_count(r, size), max)
REDUCTION(simd_fminv, element_count(r, size), min)
REDUCTION(simd_fmaxnmv, element_count(r, size), maxnm)
REDUCTION(simd_fminnmv, element_count(r, size), minnm)
