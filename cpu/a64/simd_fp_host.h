/*
 * Whole vectors on the host's floating-point unit. The conditions are those of cpu/fp/fp_host.h, for all elements at
 * once: each function returns false when some element must come from the general code.
 */
#ifndef ARMSIM_CPU_A64_SIMD_FP_HOST_H
#define ARMSIM_CPU_A64_SIMD_FP_HOST_H

#include "cpu/a64/simd.h"
#include "cpu/fp/fp_host.h"

typedef float float32_vector __attribute__((vector_size(16)));
typedef double float64_vector __attribute__((vector_size(16)));
typedef uint32_t uint32_vector __attribute__((vector_size(16)));
typedef uint64_t uint64_vector __attribute__((vector_size(16)));

/* Comparisons of vectors give elements of all ones or zeros; BITS is a result without its sign, shifted left. */
#define VECTOR_IS_FINITE(N) (bits < (((uint##N##_t) - 1 << (N == 32 ? 24 : 53))))
#define VECTOR_IS_SAFELY_NORMAL(N)                                                                                     \
    ((bits - SMALLEST_TWICE(N) - 1) < (((uint##N##_t) - 1 << (N == 32 ? 24 : 53)) - SMALLEST_TWICE(N) - 1))
#define SMALLEST_TWICE(N) ((uint##N##_t)1 << (N == 32 ? 24 : 53))

#define VECTOR_CHECK(N, IS_SAFE)                                                                                       \
    static inline __attribute__((always_inline)) bool fp##N##_vector_##IS_SAFE(union vreg result)                      \
    {                                                                                                                  \
        uint##N##_vector bits;                                                                                         \
        union vreg all;                                                                                                \
        memcpy(&bits, &result, sizeof bits);                                                                           \
        bits <<= 1;                                                                                                    \
        bits = (uint##N##_vector)(IS_SAFE(N));                                                                         \
        memcpy(&all, &bits, sizeof all);                                                                               \
        return (all.d[0] & all.d[1]) == ~UINT64_C(0);                                                                  \
    }

VECTOR_CHECK(32, VECTOR_IS_FINITE)
VECTOR_CHECK(64, VECTOR_IS_FINITE)
VECTOR_CHECK(32, VECTOR_IS_SAFELY_NORMAL)
VECTOR_CHECK(64, VECTOR_IS_SAFELY_NORMAL)

#define VECTOR_OPERATION(N, NAME, OPERATOR, IS_SAFE)                                                                   \
    static inline bool fp##N##_vector_##NAME(union vreg n, union vreg m, union vreg *result)                           \
    {                                                                                                                  \
        float##N##_vector a, b;                                                                                        \
        memcpy(&a, &n, sizeof a);                                                                                      \
        memcpy(&b, &m, sizeof b);                                                                                      \
        a = a OPERATOR b;                                                                                              \
        memcpy(result, &a, sizeof a);                                                                                  \
        return fp##N##_vector_##IS_SAFE(*result);                                                                      \
    }
#define VECTOR_OPERATIONS(N)                                                                                           \
    VECTOR_OPERATION(N, add, +, VECTOR_IS_FINITE)                                                                      \
    VECTOR_OPERATION(N, sub, -, VECTOR_IS_FINITE)                                                                      \
    VECTOR_OPERATION(N, mul, *, VECTOR_IS_SAFELY_NORMAL)                                                               \
    VECTOR_OPERATION(N, div, /, VECTOR_IS_SAFELY_NORMAL)

VECTOR_OPERATIONS(32)
VECTOR_OPERATIONS(64)

/* *d + *n * *m, fused. Only if fp_host_has_fma(). Pointers, because this is a real call where the target differs. */
#define VECTOR_MUL_ADD(N, TYPE, FMA)                                                                                   \
    FP_HOST_FMA_TARGET static inline bool fp##N##_vector_mul_add(const union vreg *d, const union vreg *n,             \
                                                                 const union vreg *m, union vreg *result)              \
    {                                                                                                                  \
        TYPE a[128 / N], b[128 / N], sum[128 / N];                                                                     \
        memcpy(a, n, sizeof a);                                                                                        \
        memcpy(b, m, sizeof b);                                                                                        \
        memcpy(sum, d, sizeof sum);                                                                                    \
        for (unsigned i = 0; i < 128 / N; i++)                                                                         \
            sum[i] = FMA(a[i], b[i], sum[i]);                                                                          \
        memcpy(result, sum, sizeof sum);                                                                               \
        return fp##N##_vector_VECTOR_IS_SAFELY_NORMAL(*result);                                                        \
    }

VECTOR_MUL_ADD(32, float, __builtin_fmaf)
VECTOR_MUL_ADD(64, double, __builtin_fma)

/* Forms on 64 bits compute their elements twice. */
static inline union vreg fill_vector(const struct record *r, union vreg v)
{
    if (!insn_bit(r, 30))
        v.d[1] = v.d[0];
    return v;
}

/* Whether d + n * m, or d - n * m, was computed in *result. */
#define VECTOR_FMA(N)                                                                                                  \
    static inline bool fp##N##_vector_fma(const struct record *r, bool subtract, union vreg d, union vreg n,           \
                                          union vreg m, union vreg *result)                                            \
    {                                                                                                                  \
        if (!fp_host_has_fma())                                                                                        \
            return false;                                                                                              \
        if (!insn_bit(r, 30))                                                                                          \
            d.d[1] = d.d[0], n.d[1] = n.d[0], m.d[1] = m.d[0];                                                         \
        if (subtract)                                                                                                  \
            for (unsigned i = 0; i < 2; i++)                                                                           \
                n.d[i] ^= N == 32 ? UINT64_C(0x8000000080000000) : UINT64_C(1) << 63;                                  \
        return fp##N##_vector_mul_add(&d, &n, &m, result);                                                             \
    }

VECTOR_FMA(32)
VECTOR_FMA(64)

#endif
