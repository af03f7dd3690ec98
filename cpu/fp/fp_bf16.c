/*
 * BFDotAdd() of FEAT_BF16 without FEAT_EBF16: round to odd, denormals are zero, NaNs are the default NaN, no flags,
 * whatever FPCR says.
 */
#include "cpu/fp/fp_value.h"

static const struct fp_env BF16_ENV = {FPCR_FZ | FPCR_DN, 0};

/* BFRound(): an overflow is an infinity, unlike FPRound()'s to odd. */
static uint32_t bf_round(bool sign, int exp, u128 sig)
{
    struct fp_env env = BF16_ENV;
    uint32_t result = (uint32_t)fp_round128(FP32, sign, exp, sig, ROUND_ODD, &env);
    return env.fpsr & FPSR_OFC ? (uint32_t)fp_infinity(FP32, sign) : result;
}

/* BFMulH() */
static uint32_t bf_mul(uint16_t a_bits, uint16_t b_bits)
{
    struct fp_env env = BF16_ENV;
    struct fp_value a = fp_unpack(FP32, (uint32_t)a_bits << 16, &env);
    struct fp_value b = fp_unpack(FP32, (uint32_t)b_bits << 16, &env);
    bool sign = a.sign ^ b.sign;

    if (fp_is_nan(a) || fp_is_nan(b))
        return (uint32_t)fp_default_nan(FP32);
    if (fp_is_infinity(a) || fp_is_infinity(b)) {
        bool invalid = fp_is_zero(a) || fp_is_zero(b);
        return (uint32_t)(invalid ? fp_default_nan(FP32) : fp_infinity(FP32, sign));
    }
    if (fp_is_zero(a) || fp_is_zero(b))
        return (uint32_t)fp_zero(FP32, sign);
    return bf_round(sign, a.exp + b.exp + 1, (u128)a.sig * b.sig);
}

/* FPAdd_BF16() */
static uint32_t bf_add(uint32_t a_bits, uint32_t b_bits)
{
    struct fp_env env = BF16_ENV;
    struct fp_value a = fp_unpack(FP32, a_bits, &env);
    struct fp_value b = fp_unpack(FP32, b_bits, &env);

    if (fp_is_nan(a) || fp_is_nan(b))
        return (uint32_t)fp_default_nan(FP32);
    if (fp_is_infinity(a) || fp_is_infinity(b)) {
        if (fp_is_infinity(a) && fp_is_infinity(b) && a.sign != b.sign)
            return (uint32_t)fp_default_nan(FP32);
        return (uint32_t)fp_infinity(FP32, fp_is_infinity(a) ? a.sign : b.sign);
    }
    if (fp_is_zero(a) && fp_is_zero(b))
        return (uint32_t)fp_zero(FP32, a.sign & b.sign);
    if (fp_is_zero(b) || (!fp_is_zero(a) && (a.exp > b.exp || (a.exp == b.exp && a.sig >= b.sig)))) {
        struct fp_value swap = a; /* the larger one becomes b */
        a = b;
        b = swap;
    }
    u128 large = (u128)b.sig << 63;
    u128 small = fp_is_zero(a) ? 0 : shift_right_sticky128((u128)a.sig << 63, (unsigned)(b.exp - a.exp));
    u128 sum = a.sign == b.sign ? large + small : large - small;
    return sum == 0 ? 0 : bf_round(b.sign, b.exp + 1, sum);
}

uint32_t bf16_dot_add(uint32_t addend, uint16_t a0, uint16_t a1, uint16_t b0, uint16_t b1)
{
    return bf_add(addend, bf_add(bf_mul(a0, b0), bf_mul(a1, b1)));
}
