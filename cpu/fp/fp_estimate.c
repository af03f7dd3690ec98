/* FPRecipEstimate, FPRSqrtEstimate, FPRecpX, UnsignedRecipEstimate, UnsignedRSqrtEstimate. */
#include "cpu/fp/fp_value.h"

/* RecipEstimate(): both a and the result are 9-bit numbers from 256. */
static unsigned recip_estimate(unsigned a)
{
    a = a * 2 + 1;
    unsigned b = (1u << 19) / a;
    return (b + 1) / 2;
}

/* RecipSqrtEstimate(): a is 128 to 511, the result 256 to 511. */
static unsigned rsqrt_estimate(unsigned a)
{
    if (a < 256)
        a = a * 2 + 1;
    else
        a = ((a >> 1 << 1) + 1) * 2;
    unsigned b = 512;
    while (a * (b + 1) * (b + 1) < 1u << 28)
        b++;
    return (b + 1) / 2;
}

FP_INLINE uint64_t fp_recip_estimate(struct fp_format f, uint64_t bits, struct fp_env *env)
{
    struct fp_value v = fp_unpack(f, bits, env);
    enum fp_rounding rounding = fp_rounding_mode(env);

    if (fp_is_nan(v))
        return fp_process_nan(f, v.class, bits, env);
    if (fp_is_infinity(v))
        return fp_zero(f, v.sign);
    if (fp_is_zero(v)) {
        env->fpsr |= FPSR_DZC;
        return fp_infinity(f, v.sign);
    }
    if (v.exp < -f.bias - 1)
        return fp_overflow(f, v.sign, rounding, env);
    if ((env->fpcr & f.flush) && v.exp >= f.bias - 1) {
        env->fpsr |= FPSR_UFC; /* as it stands, whatever FPCR.UFE says; never inexact */
        return fp_zero(f, v.sign);
    }
    unsigned estimate = recip_estimate((unsigned)(v.sig >> 55));
    int exponent = f.bias - 1 - v.exp; /* biased */
    uint64_t fraction = (uint64_t)(estimate & 255) << 44; /* of 52 bits */
    if (exponent <= 0) {
        fraction = (fraction | UINT64_C(1) << 52) >> (1 - exponent);
        exponent = 0;
    }
    return fp_zero(f, v.sign) | (uint64_t)exponent << f.frac_bits | fraction >> (52 - f.frac_bits);
}

FP_INLINE uint64_t fp_rsqrt_estimate(struct fp_format f, uint64_t bits, struct fp_env *env)
{
    struct fp_value v = fp_unpack(f, bits, env);

    if (fp_is_nan(v))
        return fp_process_nan(f, v.class, bits, env);
    if (fp_is_zero(v)) {
        env->fpsr |= FPSR_DZC;
        return fp_infinity(f, v.sign);
    }
    if (v.sign)
        return fp_invalid(f, env);
    if (fp_is_infinity(v))
        return fp_zero(f, false);
    bool odd = v.exp & 1;
    unsigned scaled = (unsigned)(v.sig >> (odd ? 55 : 56));
    int exponent = f.bias - 1 - (v.exp - odd) / 2; /* biased */
    uint64_t fraction = (uint64_t)(rsqrt_estimate(scaled) & 255) << 44;
    return (uint64_t)exponent << f.frac_bits | fraction >> (52 - f.frac_bits);
}

FP_INLINE uint64_t fp_recpx(struct fp_format f, uint64_t bits, struct fp_env *env)
{
    struct fp_value v = fp_unpack(f, bits, env);

    if (fp_is_nan(v))
        return fp_process_nan(f, v.class, bits, env);
    uint64_t ones = fp_infinity(f, false);
    uint64_t exponent = bits & ones;
    uint64_t one = UINT64_C(1) << f.frac_bits;
    return fp_zero(f, v.sign) | (exponent ? exponent ^ ones : ones - one);
}

#define ESTIMATES(N)                                                                                                   \
    uint##N##_t fp##N##_recip_estimate(uint##N##_t a, struct fp_env *env)                                              \
    {                                                                                                                  \
        return (uint##N##_t)fp_recip_estimate(FP##N, a, env);                                                          \
    }                                                                                                                  \
    uint##N##_t fp##N##_rsqrt_estimate(uint##N##_t a, struct fp_env *env)                                              \
    {                                                                                                                  \
        return (uint##N##_t)fp_rsqrt_estimate(FP##N, a, env);                                                          \
    }                                                                                                                  \
    uint##N##_t fp##N##_recpx(uint##N##_t a, struct fp_env *env)                                                       \
    {                                                                                                                  \
        return (uint##N##_t)fp_recpx(FP##N, a, env);                                                                   \
    }

ESTIMATES(16)
ESTIMATES(32)
ESTIMATES(64)

uint32_t unsigned_recip_estimate(uint32_t a)
{
    return a >> 31 ? recip_estimate(a >> 23) << 23 : UINT32_MAX;
}

uint32_t unsigned_rsqrt_estimate(uint32_t a)
{
    return a >> 30 ? rsqrt_estimate(a >> 23) << 23 : UINT32_MAX;
}
