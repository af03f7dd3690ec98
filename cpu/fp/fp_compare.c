/* FPCompare, FPCompareEQ/GE/GT, FPMax, FPMin, FPMaxNum, FPMinNum. */
#include "cpu/fp/fp_value.h"

enum { NZCV_LESS = 8, NZCV_EQUAL = 6, NZCV_GREATER = 2, NZCV_UNORDERED = 3 };

/* -1, 0, 1: how a compares with b; neither is a NaN. */
FP_INLINE int order(struct fp_value a, struct fp_value b)
{
    if (fp_is_zero(a) && fp_is_zero(b))
        return 0;
    if (fp_is_zero(a))
        return b.sign ? 1 : -1;
    if (fp_is_zero(b) || a.sign != b.sign)
        return a.sign ? -1 : 1;
    int magnitude;
    if (fp_is_infinity(a) || fp_is_infinity(b))
        magnitude = fp_is_infinity(a) - fp_is_infinity(b);
    else if (a.exp != b.exp)
        magnitude = a.exp > b.exp ? 1 : -1;
    else
        magnitude = (a.sig > b.sig) - (a.sig < b.sig);
    return a.sign ? -magnitude : magnitude;
}

FP_INLINE unsigned compare(struct fp_format f, uint64_t a_bits, uint64_t b_bits, bool signal_nans, struct fp_env *env)
{
    struct fp_value a = fp_unpack(f, a_bits, env);
    struct fp_value b = fp_unpack(f, b_bits, env);

    if (fp_is_nan(a) || fp_is_nan(b)) {
        if (signal_nans || a.class == FP_CLASS_SNAN || b.class == FP_CLASS_SNAN)
            env->fpsr |= FPSR_IOC;
        return NZCV_UNORDERED;
    }
    int o = order(a, b);
    return o < 0 ? NZCV_LESS : o > 0 ? NZCV_GREATER : NZCV_EQUAL;
}

/* FPMax() or FPMin() of unpacked operands. */
FP_INLINE uint64_t select_extreme(struct fp_format f, struct fp_value a, struct fp_value b, uint64_t a_bits,
                                  uint64_t b_bits, bool max, struct fp_env *env)
{
    if (fp_is_nan(a) || fp_is_nan(b))
        return fp_process_nans(f, a, b, a_bits, b_bits, env);
    int o = order(a, b);
    bool first = max ? o > 0 : o < 0;
    if (fp_is_zero(first ? a : b)) /* possibly a flushed denormal; -0 is less than +0 */
        return fp_zero(f, max ? a.sign & b.sign : a.sign | b.sign);
    return first ? a_bits : b_bits;
}

FP_INLINE uint64_t extreme(struct fp_format f, uint64_t a_bits, uint64_t b_bits, bool max, struct fp_env *env)
{
    struct fp_value a = fp_unpack(f, a_bits, env);
    struct fp_value b = fp_unpack(f, b_bits, env);
    return select_extreme(f, a, b, a_bits, b_bits, max, env);
}

/* FPMaxNum(), FPMinNum(): a quiet NaN loses against a number. */
FP_INLINE uint64_t extreme_number(struct fp_format f, uint64_t a_bits, uint64_t b_bits, bool max, struct fp_env *env)
{
    struct fp_value a = fp_unpack(f, a_bits, env);
    struct fp_value b = fp_unpack(f, b_bits, env);
    const struct fp_value loser = {FP_CLASS_INFINITY, max, 0, 0};

    if (a.class == FP_CLASS_QNAN && b.class != FP_CLASS_QNAN) {
        a = loser;
        a_bits = fp_infinity(f, max);
    } else if (a.class != FP_CLASS_QNAN && b.class == FP_CLASS_QNAN) {
        b = loser;
        b_bits = fp_infinity(f, max);
    }
    return select_extreme(f, a, b, a_bits, b_bits, max, env);
}

#define COMPARISONS(N)                                                                                                 \
    unsigned fp##N##_compare(uint##N##_t a, uint##N##_t b, bool signal_nans, struct fp_env *env)                       \
    {                                                                                                                  \
        return compare(FP##N, a, b, signal_nans, env);                                                                 \
    }                                                                                                                  \
    bool fp##N##_compare_eq(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        return compare(FP##N, a, b, false, env) == NZCV_EQUAL;                                                         \
    }                                                                                                                  \
    bool fp##N##_compare_ge(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        unsigned nzcv = compare(FP##N, a, b, true, env);                                                               \
        return nzcv == NZCV_EQUAL || nzcv == NZCV_GREATER;                                                             \
    }                                                                                                                  \
    bool fp##N##_compare_gt(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        return compare(FP##N, a, b, true, env) == NZCV_GREATER;                                                        \
    }                                                                                                                  \
    uint##N##_t fp##N##_max(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        return (uint##N##_t)extreme(FP##N, a, b, true, env);                                                           \
    }                                                                                                                  \
    uint##N##_t fp##N##_min(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        return (uint##N##_t)extreme(FP##N, a, b, false, env);                                                          \
    }                                                                                                                  \
    uint##N##_t fp##N##_maxnm(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                        \
    {                                                                                                                  \
        return (uint##N##_t)extreme_number(FP##N, a, b, true, env);                                                    \
    }                                                                                                                  \
    uint##N##_t fp##N##_minnm(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                        \
    {                                                                                                                  \
        return (uint##N##_t)extreme_number(FP##N, a, b, false, env);                                                   \
    }

COMPARISONS(16)
COMPARISONS(32)
COMPARISONS(64)
