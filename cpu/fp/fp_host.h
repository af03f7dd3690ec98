/*
 * Arithmetic on the host's floating-point unit, where the result and the flags are provably those of the Arm ARM.
 *
 * The conditions, checked by fp_host_usable() and on each result:
 * - FPCR says round to nearest and no flushing, which is the host's own mode;
 * - FPSR.IXC is set already, so that an inexact result changes no flag;
 * - the result is finite, so no operand is an infinity or NaN and nothing overflowed;
 * - where tininess is possible the result is larger than the smallest normal number: no underflow. (The smallest
 *   itself may be a tiny value rounded up. A sum is exact when it is tiny.)
 * Each function returns false when the result must come from the general code instead.
 */
#ifndef ARMSIM_CPU_FP_FP_HOST_H
#define ARMSIM_CPU_FP_FP_HOST_H

#include "cpu/fp/fp.h"

#include <float.h>
#include <string.h>

#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0 && !defined(__FAST_MATH__)
#define FP_HOST_EXACT 1
#else
#define FP_HOST_EXACT 0 /* x87 and the like: double rounding */
#endif

static inline bool fp_host_usable(const struct fp_env *env)
{
    return FP_HOST_EXACT && (env->fpcr & (FPCR_RMODE | FPCR_FZ)) == 0 && (env->fpsr & FPSR_IXC);
}

/* Fused multiply-add in one host instruction, where there is one. */
#if defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF)
#define FP_HOST_FMA_TARGET
static inline bool fp_host_has_fma(void)
{
    return true;
}
#elif defined(__x86_64__)
#define FP_HOST_FMA_TARGET __attribute__((target("fma")))
static inline bool fp_host_has_fma(void)
{
    return __builtin_cpu_supports("fma");
}
#else
#define FP_HOST_FMA_TARGET
static inline bool fp_host_has_fma(void)
{
    return false; /* the C library's is slower than ours */
}
#endif

#define FP_HOST_OPERATIONS(N, TYPE, MANTISSA_BITS, SQRT)                                                               \
    static inline TYPE fp##N##_to_host(uint##N##_t bits)                                                               \
    {                                                                                                                  \
        TYPE value;                                                                                                    \
        memcpy(&value, &bits, sizeof value);                                                                           \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline uint##N##_t fp##N##_from_host(TYPE value)                                                            \
    {                                                                                                                  \
        uint##N##_t bits;                                                                                              \
        memcpy(&bits, &value, sizeof bits);                                                                            \
        return bits;                                                                                                   \
    }                                                                                                                  \
    static inline bool fp##N##_is_finite(uint##N##_t bits)                                                             \
    {                                                                                                                  \
        const uint##N##_t infinity_twice = (uint##N##_t) - 1 << MANTISSA_BITS;                                         \
        return (uint##N##_t)(bits << 1) < infinity_twice;                                                              \
    }                                                                                                                  \
    /* Larger than the smallest normal number, and finite. */                                                          \
    static inline bool fp##N##_is_safely_normal(uint##N##_t bits)                                                      \
    {                                                                                                                  \
        const uint##N##_t infinity_twice = (uint##N##_t) - 1 << MANTISSA_BITS;                                         \
        const uint##N##_t smallest_twice = (uint##N##_t)1 << MANTISSA_BITS;                                            \
        return (uint##N##_t)((bits << 1) - smallest_twice - 1) < infinity_twice - smallest_twice - 1;                  \
    }                                                                                                                  \
    static inline bool fp##N##_host_add(uint##N##_t a, uint##N##_t b, uint##N##_t *result)                             \
    {                                                                                                                  \
        *result = fp##N##_from_host(fp##N##_to_host(a) + fp##N##_to_host(b));                                          \
        return fp##N##_is_finite(*result);                                                                             \
    }                                                                                                                  \
    static inline bool fp##N##_host_sub(uint##N##_t a, uint##N##_t b, uint##N##_t *result)                             \
    {                                                                                                                  \
        *result = fp##N##_from_host(fp##N##_to_host(a) - fp##N##_to_host(b));                                          \
        return fp##N##_is_finite(*result);                                                                             \
    }                                                                                                                  \
    static inline bool fp##N##_host_mul(uint##N##_t a, uint##N##_t b, uint##N##_t *result)                             \
    {                                                                                                                  \
        *result = fp##N##_from_host(fp##N##_to_host(a) * fp##N##_to_host(b));                                          \
        return fp##N##_is_safely_normal(*result);                                                                      \
    }                                                                                                                  \
    static inline bool fp##N##_host_div(uint##N##_t a, uint##N##_t b, uint##N##_t *result)                             \
    {                                                                                                                  \
        *result = fp##N##_from_host(fp##N##_to_host(a) / fp##N##_to_host(b));                                          \
        return fp##N##_is_safely_normal(*result);                                                                      \
    }                                                                                                                  \
    static inline bool fp##N##_host_sqrt(uint##N##_t a, uint##N##_t *result)                                           \
    {                                                                                                                  \
        if (a >> (N - 1) || a == 0) /* a negative operand, or a zero whose root isn't inexact */                       \
            return false;                                                                                              \
        *result = fp##N##_from_host(SQRT(fp##N##_to_host(a)));                                                         \
        return fp##N##_is_finite(*result);                                                                             \
    }

/* -fno-math-errno lets these be the host's instruction. */
FP_HOST_OPERATIONS(32, float, 24, __builtin_sqrtf)
FP_HOST_OPERATIONS(64, double, 53, __builtin_sqrt)

FP_HOST_FMA_TARGET static inline bool fp32_host_mul_add(uint32_t addend, uint32_t a, uint32_t b, uint32_t *result)
{
    *result = fp32_from_host(__builtin_fmaf(fp32_to_host(a), fp32_to_host(b), fp32_to_host(addend)));
    return fp32_is_safely_normal(*result);
}

FP_HOST_FMA_TARGET static inline bool fp64_host_mul_add(uint64_t addend, uint64_t a, uint64_t b, uint64_t *result)
{
    *result = fp64_from_host(__builtin_fma(fp64_to_host(a), fp64_to_host(b), fp64_to_host(addend)));
    return fp64_is_safely_normal(*result);
}

#endif
