/* FPRoundInt, FPRoundIntN, FPToFixed, FPToFixedJS, FixedToFP. */
#include "cpu/fp/fp_value.h"

/* The magnitude of a rounded value. */
struct rounded {
    uint64_t integer;
    bool error;     /* the value wasn't an integer */
    bool too_large; /* 2^64 or more: integer is meaningless */
};

/* |v| * 2^fbits, rounded to an integer. */
FP_INLINE struct rounded round_magnitude(struct fp_value v, unsigned fbits, enum fp_rounding rounding)
{
    struct rounded r = {0, false, false};
    int exp = v.exp + (int)fbits;

    if (fp_is_infinity(v)) {
        r.too_large = true;
    } else if (fp_is_zero(v) || fp_is_nan(v)) { /* FPUnpack() gives a NaN the value 0 */
        r.integer = 0;
    } else if (exp > 63) {
        r.too_large = true;
    } else if (exp == 63) {
        r.integer = v.sig;
    } else {
        uint64_t rest; /* the fraction, left-aligned */
        if (exp >= 0) {
            r.integer = v.sig >> (63 - exp);
            rest = v.sig << (exp + 1);
        } else {
            rest = shift_right_sticky(v.sig, (unsigned)(-1 - exp));
        }
        r.error = rest != 0;
        int half = rest > UINT64_C(1) << 63 ? 1 : rest == UINT64_C(1) << 63 ? 0 : -1;
        r.integer += fp_rounds_up(rounding, v.sign, r.integer & 1, r.error, half);
    }
    return r;
}

/* An integer that the format holds exactly. */
FP_INLINE uint64_t exact_integer(struct fp_format f, bool sign, uint64_t integer)
{
    if (integer == 0)
        return fp_zero(f, sign);
    int exp = 63 - __builtin_clzll(integer);
    uint64_t fraction = integer << (63 - exp) << 1 >> (64 - f.frac_bits);
    return fp_power_of_two(f, sign, exp) | fraction;
}

FP_INLINE uint64_t round_int(struct fp_format f, uint64_t bits, enum fp_rounding rounding, bool exact,
                             struct fp_env *env)
{
    struct fp_value v = fp_unpack(f, bits, env);

    if (fp_is_nan(v))
        return fp_process_nan(f, v.class, bits, env);
    if (fp_is_zero(v))
        return fp_zero(f, v.sign);
    if (fp_is_infinity(v) || v.exp >= (int)f.frac_bits)
        return bits;
    struct rounded r = round_magnitude(v, 0, rounding);
    if (r.error && exact)
        env->fpsr |= FPSR_IXC;
    return exact_integer(f, v.sign, r.integer);
}

FP_INLINE uint64_t round_int_n(struct fp_format f, uint64_t bits, enum fp_rounding rounding, unsigned intsize,
                               struct fp_env *env)
{
    struct fp_value v = fp_unpack(f, bits, env);
    struct rounded r = round_magnitude(v, 0, rounding);
    uint64_t limit = UINT64_C(1) << (intsize - 1);

    if (fp_is_nan(v) || r.too_large || r.integer > limit || (r.integer == limit && !v.sign)) {
        env->fpsr |= FPSR_IOC;
        return fp_power_of_two(f, true, (int)intsize - 1);
    }
    if (r.error)
        env->fpsr |= FPSR_IXC;
    return exact_integer(f, v.sign, r.integer);
}

FP_INLINE uint64_t to_fixed(struct fp_format f, uint64_t bits, unsigned fbits, bool is_unsigned,
                            enum fp_rounding rounding, unsigned width, struct fp_env *env)
{
    struct fp_value v = fp_unpack(f, bits, env);
    struct rounded r = round_magnitude(v, fbits, rounding);
    uint64_t ones = ~UINT64_C(0) >> (64 - width);
    uint64_t top = UINT64_C(1) << (width - 1);
    uint64_t limit; /* the largest magnitude */
    if (is_unsigned)
        limit = v.sign ? 0 : ones;
    else
        limit = v.sign ? top : top - 1;

    bool overflow = r.too_large || r.integer > limit;
    uint64_t magnitude = overflow ? limit : r.integer;
    if (overflow || fp_is_nan(v))
        env->fpsr |= FPSR_IOC;
    else if (r.error)
        env->fpsr |= FPSR_IXC;
    return (v.sign ? -magnitude : magnitude) & ones;
}

FP_INLINE uint64_t from_fixed(struct fp_format f, uint64_t integer, unsigned fbits, bool is_unsigned,
                              struct fp_env *env)
{
    bool sign = !is_unsigned && integer >> 63;
    uint64_t magnitude = sign ? -integer : integer;
    if (magnitude == 0)
        return fp_zero(f, false);
    unsigned shift = (unsigned)__builtin_clzll(magnitude);
    return fp_round(f, sign, 63 - (int)shift - (int)fbits, magnitude << shift, fp_rounding_mode(env), env);
}

uint32_t fp64_to_int32_js(uint64_t a, bool *exact, struct fp_env *env)
{
    struct fp_value v = fp_unpack(FP64, a, env);
    *exact = false;
    if (v.class == FP_CLASS_ZERO) { /* inexact for -0 and for a flushed denormal */
        *exact = a == 0;
        return 0;
    }
    if (v.class != FP_CLASS_FINITE) {
        env->fpsr |= FPSR_IOC;
        return 0;
    }
    struct rounded r = round_magnitude(v, 0, ROUND_ZERO);
    uint32_t modulo = 0;
    bool in_range = false;
    if (!r.too_large) {
        modulo = (uint32_t)r.integer;
        in_range = r.integer <= (v.sign ? UINT64_C(1) << 31 : INT32_MAX);
    } else if (v.exp < 63 + 32) { /* the significand still has bits below 2^32 */
        modulo = (uint32_t)(v.sig << (v.exp - 63));
    }
    if (!in_range)
        env->fpsr |= FPSR_IOC;
    else if (r.error)
        env->fpsr |= FPSR_IXC;
    else
        *exact = true;
    return v.sign ? -modulo : modulo;
}

#define CONVERSIONS(N)                                                                                                 \
    uint##N##_t fp##N##_round_int(uint##N##_t a, enum fp_rounding rounding, bool exact, struct fp_env *env)            \
    {                                                                                                                  \
        return (uint##N##_t)round_int(FP##N, a, rounding, exact, env);                                                 \
    }                                                                                                                  \
    uint64_t fp##N##_to_fixed(uint##N##_t a, unsigned fbits, bool is_unsigned, enum fp_rounding rounding,              \
                              unsigned width, struct fp_env *env)                                                      \
    {                                                                                                                  \
        return to_fixed(FP##N, a, fbits, is_unsigned, rounding, width, env);                                           \
    }                                                                                                                  \
    uint##N##_t fp##N##_from_fixed(uint64_t integer, unsigned fbits, bool is_unsigned, struct fp_env *env)             \
    {                                                                                                                  \
        return (uint##N##_t)from_fixed(FP##N, integer, fbits, is_unsigned, env);                                       \
    }

CONVERSIONS(16)
CONVERSIONS(32)
CONVERSIONS(64)

uint32_t fp32_round_int_n(uint32_t a, enum fp_rounding rounding, unsigned intsize, struct fp_env *env)
{
    return (uint32_t)round_int_n(FP32, a, rounding, intsize, env);
}

uint64_t fp64_round_int_n(uint64_t a, enum fp_rounding rounding, unsigned intsize, struct fp_env *env)
{
    return round_int_n(FP64, a, rounding, intsize, env);
}
