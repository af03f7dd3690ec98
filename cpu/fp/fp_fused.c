/* FPMulAdd, FPMulAddH, FPRecipStepFused, FPRSqrtStepFused: one rounding of a product and a sum. */
#include "cpu/fp/fp_host.h"
#include "cpu/fp/fp_value.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)

/*
 * Rounds addend + a * b, scaled by 2^scale, all three finite or zero. Both terms are held in 126 bits, the product
 * exactly: it has at most 106, so an alignment that loses bits leaves them as sticky, below the rounding position.
 */
FP_INLINE uint64_t add_product(struct fp_format f, struct fp_value addend, struct fp_value a, struct fp_value b,
                               int scale, struct fp_env *env)
{
    enum fp_rounding rounding = fp_rounding_mode(env);
    bool product_sign = a.sign ^ b.sign;

    if (fp_is_zero(a) || fp_is_zero(b)) {
        if (!fp_is_zero(addend))
            return fp_round(f, addend.sign, addend.exp + scale, addend.sig, rounding, env);
        return addend.sign == product_sign ? fp_zero(f, addend.sign) : fp_cancelled(f, env);
    }
    u128 product = (u128)a.sig * b.sig;
    int product_exp = a.exp + b.exp + 1;
    if (fp_is_zero(addend))
        return fp_round128(f, product_sign, product_exp + scale, product, rounding, env);
    if (!(product >> 127)) {
        product <<= 1;
        product_exp--;
    }
    product >>= 1; /* one bit for the carry; at least 22 low bits are zero */
    u128 sum = (u128)addend.sig << 63;

    int exp = product_exp > addend.exp ? product_exp : addend.exp;
    product = shift_right_sticky128(product, (unsigned)(exp - product_exp));
    sum = shift_right_sticky128(sum, (unsigned)(exp - addend.exp));
    bool sign = addend.sign;
    if (product_sign == addend.sign) {
        sum += product;
    } else if (sum >= product) {
        sum -= product;
    } else {
        sum = product - sum;
        sign = product_sign;
    }
    if (sum == 0)
        return fp_cancelled(f, env);
    return fp_round128(f, sign, exp + 1 + scale, sum, rounding, env);
}

/* FPProcessNaNs3(), FPProcessNaNs3H(): the order is addend, a, b; signalling before quiet. */
FP_INLINE uint64_t process_nans3(struct fp_format f, struct fp_format operand, const struct fp_value v[3],
                                 const uint64_t bits[3], struct fp_env *env)
{
    for (enum fp_class class = FP_CLASS_SNAN; class >= FP_CLASS_QNAN; class--) {
        for (unsigned i = 0; i < 3; i++) {
            if (v[i].class != class)
                continue;
            if (i == 0 || operand.width == f.width)
                return fp_process_nan(f, class, bits[i], env);
            return fp_convert_nan(operand, f, fp_process_nan(operand, class, bits[i], env));
        }
    }
    return fp_default_nan(f);
}

/* FPMulAdd() in format f, with a and b in format `operand`. */
FP_INLINE uint64_t mul_add(struct fp_format f, struct fp_format operand, uint64_t addend_bits, uint64_t a_bits,
                           uint64_t b_bits, struct fp_env *env)
{
    struct fp_value addend = fp_unpack(f, addend_bits, env);
    struct fp_value a = fp_unpack(operand, a_bits, env);
    struct fp_value b = fp_unpack(operand, b_bits, env);
    bool invalid_product = (fp_is_infinity(a) && fp_is_zero(b)) || (fp_is_zero(a) && fp_is_infinity(b));
    bool sign = a.sign ^ b.sign;

    if (fp_is_nan(addend) || fp_is_nan(a) || fp_is_nan(b)) {
        if (addend.class == FP_CLASS_QNAN && invalid_product)
            return fp_invalid(f, env);
        return process_nans3(f, operand, (struct fp_value[]){addend, a, b},
                             (uint64_t[]){addend_bits, a_bits, b_bits}, env);
    }
    bool infinite_product = fp_is_infinity(a) || fp_is_infinity(b);
    if (invalid_product || (infinite_product && fp_is_infinity(addend) && addend.sign != sign))
        return fp_invalid(f, env);
    if (fp_is_infinity(addend))
        return fp_infinity(f, addend.sign);
    if (infinite_product)
        return fp_infinity(f, sign);
    return add_product(f, addend, a, b, 0, env);
}

/* FPRecipStepFused(): 2 - a*b; FPRSqrtStepFused(): (3 - a*b) / 2. */
FP_INLINE uint64_t newton_step(struct fp_format f, uint64_t a_bits, uint64_t b_bits, bool rsqrt, struct fp_env *env)
{
    a_bits ^= fp_zero(f, true);
    struct fp_value a = fp_unpack(f, a_bits, env);
    struct fp_value b = fp_unpack(f, b_bits, env);
    const struct fp_value two = {FP_CLASS_FINITE, false, 1, UINT64_C(1) << 63};
    const struct fp_value three = {FP_CLASS_FINITE, false, 1, UINT64_C(3) << 62};

    if (fp_is_nan(a) || fp_is_nan(b))
        return fp_process_nans(f, a, b, a_bits, b_bits, env);
    if (fp_is_infinity(a) || fp_is_infinity(b)) {
        if (!fp_is_zero(a) && !fp_is_zero(b))
            return fp_infinity(f, a.sign ^ b.sign);
        uint64_t half_of_one = UINT64_C(1) << (f.frac_bits - 1);
        return rsqrt ? fp_power_of_two(f, false, 0) | half_of_one : fp_power_of_two(f, false, 1);
    }
    return rsqrt ? add_product(f, three, a, b, -1, env) : add_product(f, two, a, b, 0, env);
}

#define STEPS(N)                                                                                                       \
    uint##N##_t fp##N##_recip_step(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                   \
    {                                                                                                                  \
        return (uint##N##_t)newton_step(FP##N, a, b, false, env);                                                      \
    }                                                                                                                  \
    uint##N##_t fp##N##_rsqrt_step(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                   \
    {                                                                                                                  \
        return (uint##N##_t)newton_step(FP##N, a, b, true, env);                                                       \
    }

STEPS(16)
STEPS(32)
STEPS(64)

#define MUL_ADD(N)                                                                                                     \
    static __attribute__((noinline)) uint##N##_t general_mul_add##N(uint##N##_t addend, uint##N##_t a, uint##N##_t b,  \
                                                                    struct fp_env *env)                                \
    {                                                                                                                  \
        return (uint##N##_t)mul_add(FP##N, FP##N, addend, a, b, env);                                                  \
    }                                                                                                                  \
    FP_HOST_FMA_TARGET static __attribute__((noinline)) uint##N##_t host_mul_add##N(uint##N##_t addend, uint##N##_t a, \
                                                                                    uint##N##_t b, struct fp_env *env) \
    {                                                                                                                  \
        uint##N##_t result;                                                                                            \
        if (LIKELY(fp##N##_host_mul_add(addend, a, b, &result)))                                                       \
            return result;                                                                                             \
        return general_mul_add##N(addend, a, b, env);                                                                  \
    }                                                                                                                  \
    uint##N##_t fp##N##_mul_add(uint##N##_t addend, uint##N##_t a, uint##N##_t b, struct fp_env *env)                  \
    {                                                                                                                  \
        if (LIKELY(fp_host_usable(env)) && fp_host_has_fma())                                                          \
            return host_mul_add##N(addend, a, b, env);                                                                 \
        return general_mul_add##N(addend, a, b, env);                                                                  \
    }

MUL_ADD(32)
MUL_ADD(64)

uint16_t fp16_mul_add(uint16_t addend, uint16_t a, uint16_t b, struct fp_env *env)
{
    return (uint16_t)mul_add(FP16, FP16, addend, a, b, env);
}

uint32_t fp32_mul_add_half(uint32_t addend, uint16_t a, uint16_t b, struct fp_env *env)
{
    return (uint32_t)mul_add(FP32, FP16, addend, a, b, env);
}

uint32_t bf16_mul_add(uint32_t addend, uint16_t a, uint16_t b, struct fp_env *env)
{
    return fp32_mul_add(addend, (uint32_t)a << 16, (uint32_t)b << 16, env);
}
