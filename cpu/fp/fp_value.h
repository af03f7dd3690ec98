/*
 * Unpacked floating-point values: FPUnpack(), FPRound(), FPProcessNaNs(), for all formats. Private to cpu/fp.
 *
 * Everything is inline with the format a compile-time constant, so each width gets its own tight code.
 */
#ifndef ARMSIM_CPU_FP_FP_VALUE_H
#define ARMSIM_CPU_FP_FP_VALUE_H

#include "cpu/fp/fp.h"

#define FP_INLINE static inline __attribute__((always_inline))

__extension__ typedef unsigned __int128 u128;

struct fp_format {
    unsigned width, frac_bits;
    int bias;
    uint32_t flush;   /* the FPCR bit that flushes denormals, or 0 */
    bool alternative; /* Arm alternative half-precision: no infinities, no NaNs */
};

static const struct fp_format FP16 = {16, 10, 15, FPCR_FZ16, false};
static const struct fp_format FP32 = {32, 23, 127, FPCR_FZ, false};
static const struct fp_format FP64 = {64, 52, 1023, FPCR_FZ, false};
static const struct fp_format BF16 = {16, 7, 127, FPCR_FZ, false};
/* Half-precision as an operand or result of a conversion: FZ16 doesn't apply, AHP does. */
static const struct fp_format FP16_CONVERT = {16, 10, 15, 0, false};
static const struct fp_format FP16_ALTERNATIVE = {16, 10, 15, 0, true};

/* FPType. FP_FINITE is FPType_Nonzero or FPType_Denormal. */
enum fp_class { FP_CLASS_ZERO, FP_CLASS_FINITE, FP_CLASS_INFINITY, FP_CLASS_QNAN, FP_CLASS_SNAN };

/* A finite value is sig * 2^(exp - 63), with bit 63 of sig set. */
struct fp_value {
    enum fp_class class;
    bool sign;
    int exp;
    uint64_t sig;
};

FP_INLINE bool fp_is_nan(struct fp_value v)
{
    return v.class >= FP_CLASS_QNAN;
}

FP_INLINE bool fp_is_infinity(struct fp_value v)
{
    return v.class == FP_CLASS_INFINITY;
}

FP_INLINE bool fp_is_zero(struct fp_value v)
{
    return v.class == FP_CLASS_ZERO;
}

FP_INLINE uint64_t fp_zero(struct fp_format f, bool sign)
{
    return (uint64_t)sign << (f.width - 1);
}

FP_INLINE uint64_t fp_infinity(struct fp_format f, bool sign)
{
    uint64_t exponent = (UINT64_C(1) << (f.width - 1 - f.frac_bits)) - 1;
    return fp_zero(f, sign) | exponent << f.frac_bits;
}

FP_INLINE uint64_t fp_max_normal(struct fp_format f, bool sign)
{
    return fp_infinity(f, sign) - 1;
}

FP_INLINE uint64_t fp_default_nan(struct fp_format f)
{
    return fp_infinity(f, false) | UINT64_C(1) << (f.frac_bits - 1);
}

/* The sign's value 2^exponent. */
FP_INLINE uint64_t fp_power_of_two(struct fp_format f, bool sign, int exponent)
{
    return fp_zero(f, sign) | (uint64_t)(exponent + f.bias) << f.frac_bits;
}

FP_INLINE uint64_t shift_right_sticky(uint64_t value, unsigned shift)
{
    if (shift == 0)
        return value;
    if (shift > 63)
        return value != 0;
    return value >> shift | ((value << (64 - shift)) != 0);
}

FP_INLINE u128 shift_right_sticky128(u128 value, unsigned shift)
{
    if (shift == 0)
        return value;
    if (shift > 127)
        return value != 0;
    return value >> shift | ((value << (128 - shift)) != 0);
}

/* FPUnpackBase() */
FP_INLINE struct fp_value fp_unpack(struct fp_format f, uint64_t bits, struct fp_env *env)
{
    unsigned exponent_bits = f.width - 1 - f.frac_bits;
    uint64_t max_exponent = (UINT64_C(1) << exponent_bits) - 1;
    uint64_t exponent = bits >> f.frac_bits & max_exponent;
    uint64_t fraction = bits & ((UINT64_C(1) << f.frac_bits) - 1);
    struct fp_value v = {FP_CLASS_FINITE, bits >> (f.width - 1) & 1, 0, 0};

    if (exponent == 0) {
        if (fraction == 0) {
            v.class = FP_CLASS_ZERO;
        } else if (env->fpcr & f.flush) {
            v.class = FP_CLASS_ZERO;
            if (f.flush == FPCR_FZ)
                env->fpsr |= FPSR_IDC;
        } else {
            unsigned shift = (unsigned)__builtin_clzll(fraction);
            v.sig = fraction << shift;
            v.exp = 1 - f.bias + (int)(63 - f.frac_bits) - (int)shift;
        }
    } else if (exponent == max_exponent && !f.alternative) {
        if (fraction == 0)
            v.class = FP_CLASS_INFINITY;
        else
            v.class = fraction >> (f.frac_bits - 1) ? FP_CLASS_QNAN : FP_CLASS_SNAN;
    } else {
        v.sig = UINT64_C(1) << 63 | fraction << (63 - f.frac_bits);
        v.exp = (int)exponent - f.bias;
    }
    return v;
}

/* Whether a magnitude whose discarded part compares with one half as `half` (-1, 0, 1) is rounded up. */
FP_INLINE bool fp_rounds_up(enum fp_rounding rounding, bool sign, bool odd, bool error, int half)
{
    switch (rounding) {
    case ROUND_TIEEVEN: return half > 0 || (half == 0 && odd);
    case ROUND_TIEAWAY: return half >= 0;
    case ROUND_POSINF: return error && !sign;
    case ROUND_NEGINF: return error && sign;
    default: return false;
    }
}

/* What FPRound() gives for a magnitude that is too large. */
FP_INLINE uint64_t fp_overflow(struct fp_format f, bool sign, enum fp_rounding rounding, struct fp_env *env)
{
    if (f.alternative) {
        env->fpsr |= FPSR_IOC;
        return fp_zero(f, sign) | ((UINT64_C(1) << (f.width - 1)) - 1);
    }
    env->fpsr |= FPSR_OFC | FPSR_IXC;
    bool to_infinity = rounding == ROUND_TIEEVEN || rounding == (sign ? ROUND_NEGINF : ROUND_POSINF);
    return to_infinity ? fp_infinity(f, sign) : fp_max_normal(f, sign);
}

/* FPRoundBase(): the value (-1)^sign * sig * 2^(exp - 63). Bit 63 of sig is set; bit 0 may be sticky. */
FP_INLINE uint64_t fp_round(struct fp_format f, bool sign, int exp, uint64_t sig, enum fp_rounding rounding,
                            struct fp_env *env)
{
    int minimum_exp = 1 - f.bias;
    unsigned shift = 63 - f.frac_bits;
    uint64_t biased = 0;

    if (exp < minimum_exp) {
        if (env->fpcr & f.flush) {
            env->fpsr |= FPSR_UFC;
            return fp_zero(f, sign);
        }
        unsigned extra = (unsigned)(minimum_exp - exp);
        if (shift + extra > 63) {
            sig = shift_right_sticky(sig, shift + extra - 63);
            shift = 63;
        } else {
            shift += extra;
        }
    } else {
        biased = (uint64_t)(exp - minimum_exp); /* one less: the implicit bit of the mantissa adds it */
    }

    uint64_t mantissa = sig >> shift;
    uint64_t rest = sig << (64 - shift);
    bool error = rest != 0;
    if (error && exp < minimum_exp)
        env->fpsr |= FPSR_UFC; /* tininess is detected before rounding */
    int half = rest > UINT64_C(1) << 63 ? 1 : rest == UINT64_C(1) << 63 ? 0 : -1;
    if (rounding == ROUND_ODD)
        mantissa |= error;
    else
        mantissa += fp_rounds_up(rounding, sign, mantissa & 1, error, half);

    uint64_t max_biased = (UINT64_C(1) << (f.width - 1 - f.frac_bits)) - (f.alternative ? 0 : 1);
    if (biased + (mantissa >> f.frac_bits) >= max_biased)
        return fp_overflow(f, sign, rounding, env);
    if (error)
        env->fpsr |= FPSR_IXC;
    return fp_zero(f, sign) | ((biased << f.frac_bits) + mantissa);
}

/* The same for 128 bits of significand, bit 127 worth 2^exp; it need not be normalised, but isn't zero. */
FP_INLINE uint64_t fp_round128(struct fp_format f, bool sign, int exp, u128 sig, enum fp_rounding rounding,
                               struct fp_env *env)
{
    uint64_t high = (uint64_t)(sig >> 64);
    unsigned shift = high ? (unsigned)__builtin_clzll(high) : 64 + (unsigned)__builtin_clzll((uint64_t)sig);
    sig <<= shift;
    return fp_round(f, sign, exp - (int)shift, (uint64_t)(sig >> 64) | ((uint64_t)sig != 0), rounding, env);
}

/* FPProcessNaN() */
FP_INLINE uint64_t fp_process_nan(struct fp_format f, enum fp_class class, uint64_t bits, struct fp_env *env)
{
    if (class == FP_CLASS_SNAN)
        env->fpsr |= FPSR_IOC;
    if (env->fpcr & FPCR_DN)
        return fp_default_nan(f);
    return bits | UINT64_C(1) << (f.frac_bits - 1);
}

/* FPProcessNaNs(), when at least one operand is a NaN. */
FP_INLINE uint64_t fp_process_nans(struct fp_format f, struct fp_value a, struct fp_value b, uint64_t a_bits,
                                   uint64_t b_bits, struct fp_env *env)
{
    if (a.class == FP_CLASS_SNAN || (b.class != FP_CLASS_SNAN && a.class == FP_CLASS_QNAN))
        return fp_process_nan(f, a.class, a_bits, env);
    return fp_process_nan(f, b.class, b_bits, env);
}

FP_INLINE uint64_t fp_invalid(struct fp_format f, struct fp_env *env)
{
    env->fpsr |= FPSR_IOC;
    return fp_default_nan(f);
}

/* The zero of an exact cancellation. */
FP_INLINE uint64_t fp_cancelled(struct fp_format f, const struct fp_env *env)
{
    return fp_zero(f, fp_rounding_mode(env) == ROUND_NEGINF);
}

/* FPConvertNaN() */
FP_INLINE uint64_t fp_convert_nan(struct fp_format from, struct fp_format to, uint64_t bits)
{
    bool sign = bits >> (from.width - 1) & 1;
    uint64_t fraction = bits << (65 - from.frac_bits); /* what is below the quiet bit, left-aligned */
    return fp_zero(to, sign) | fp_default_nan(to) | fraction >> (65 - to.frac_bits);
}

#endif
