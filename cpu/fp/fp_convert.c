/* FPConvert, FPConvertBF, VFPExpandImm. */
#include "cpu/fp/fp_value.h"

/* FPConvert() */
FP_INLINE uint64_t convert(struct fp_format from, struct fp_format to, uint64_t bits, enum fp_rounding rounding,
                           struct fp_env *env)
{
    struct fp_value v = fp_unpack(from, bits, env);

    switch (v.class) {
    case FP_CLASS_ZERO: return fp_zero(to, v.sign);
    case FP_CLASS_FINITE: return fp_round(to, v.sign, v.exp, v.sig, rounding, env);
    case FP_CLASS_INFINITY: return to.alternative ? fp_overflow(to, v.sign, rounding, env) : fp_infinity(to, v.sign);
    default: break;
    }
    if (v.class == FP_CLASS_SNAN || to.alternative)
        env->fpsr |= FPSR_IOC;
    if (to.alternative)
        return fp_zero(to, v.sign);
    if (env->fpcr & FPCR_DN)
        return fp_default_nan(to);
    return fp_convert_nan(from, to, bits);
}

FP_INLINE uint64_t from_half(struct fp_format to, uint16_t a, struct fp_env *env)
{
    enum fp_rounding rounding = fp_rounding_mode(env);
    return env->fpcr & FPCR_AHP ? convert(FP16_ALTERNATIVE, to, a, rounding, env)
                                : convert(FP16_CONVERT, to, a, rounding, env);
}

FP_INLINE uint16_t to_half(struct fp_format from, uint64_t a, struct fp_env *env)
{
    enum fp_rounding rounding = fp_rounding_mode(env);
    return (uint16_t)(env->fpcr & FPCR_AHP ? convert(from, FP16_ALTERNATIVE, a, rounding, env)
                                           : convert(from, FP16_CONVERT, a, rounding, env));
}

uint32_t fp16_to_fp32(uint16_t a, struct fp_env *env)
{
    return (uint32_t)from_half(FP32, a, env);
}

uint64_t fp16_to_fp64(uint16_t a, struct fp_env *env)
{
    return from_half(FP64, a, env);
}

uint16_t fp32_to_fp16(uint32_t a, struct fp_env *env)
{
    return to_half(FP32, a, env);
}

uint16_t fp64_to_fp16(uint64_t a, struct fp_env *env)
{
    return to_half(FP64, a, env);
}

uint64_t fp32_to_fp64(uint32_t a, struct fp_env *env)
{
    return convert(FP32, FP64, a, fp_rounding_mode(env), env);
}

uint32_t fp64_to_fp32(uint64_t a, struct fp_env *env)
{
    return (uint32_t)convert(FP64, FP32, a, fp_rounding_mode(env), env);
}

uint32_t fp64_to_fp32_odd(uint64_t a, struct fp_env *env)
{
    return (uint32_t)convert(FP64, FP32, a, ROUND_ODD, env);
}

uint16_t fp32_to_bf16(uint32_t a, struct fp_env *env)
{
    return (uint16_t)convert(FP32, BF16, a, fp_rounding_mode(env), env);
}

uint64_t fp_expand_imm(uint8_t imm8, unsigned width)
{
    struct fp_format f = width == 16 ? FP16 : width == 32 ? FP32 : FP64;
    unsigned exponent_bits = f.width - 1 - f.frac_bits;
    uint64_t sign = imm8 >> 7 & 1;
    uint64_t b6 = imm8 >> 6 & 1;
    uint64_t replicated = b6 ? (UINT64_C(1) << (exponent_bits - 3)) - 1 : 0;
    uint64_t exponent = (b6 ^ 1) << (exponent_bits - 1) | replicated << 2 | (imm8 >> 4 & 3);
    return fp_zero(f, sign) | exponent << f.frac_bits | (uint64_t)(imm8 & 15) << (f.frac_bits - 4);
}
