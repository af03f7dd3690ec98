/* FPAdd, FPSub, FPMul, FPMulX, FPDiv, FPSqrt. */
#include "cpu/fp/fp_host.h"
#include "cpu/fp/fp_value.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* a + b, or a - b: FPSub() treats the sign of a NaN b as it is. */
FP_INLINE uint64_t add(struct fp_format f, uint64_t a_bits, uint64_t b_bits, bool subtract, struct fp_env *env)
{
    struct fp_value a = fp_unpack(f, a_bits, env);
    struct fp_value b = fp_unpack(f, b_bits, env);

    if (fp_is_nan(a) || fp_is_nan(b))
        return fp_process_nans(f, a, b, a_bits, b_bits, env);
    b.sign ^= subtract;
    if (fp_is_infinity(a) || fp_is_infinity(b)) {
        if (fp_is_infinity(a) && fp_is_infinity(b) && a.sign != b.sign)
            return fp_invalid(f, env);
        return fp_infinity(f, fp_is_infinity(a) ? a.sign : b.sign);
    }
    if (fp_is_zero(a) && fp_is_zero(b))
        return a.sign == b.sign ? fp_zero(f, a.sign) : fp_cancelled(f, env);
    if (fp_is_zero(a))
        return fp_round(f, b.sign, b.exp, b.sig, fp_rounding_mode(env), env);
    if (fp_is_zero(b))
        return fp_round(f, a.sign, a.exp, a.sig, fp_rounding_mode(env), env);

    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        struct fp_value swap = a;
        a = b;
        b = swap;
    }
    u128 large = (u128)a.sig << 63; /* one bit for the carry */
    u128 small = shift_right_sticky128((u128)b.sig << 63, (unsigned)(a.exp - b.exp));
    u128 sum = a.sign == b.sign ? large + small : large - small;
    if (sum == 0)
        return fp_cancelled(f, env);
    return fp_round128(f, a.sign, a.exp + 1, sum, fp_rounding_mode(env), env);
}

FP_INLINE uint64_t mul(struct fp_format f, uint64_t a_bits, uint64_t b_bits, bool extended, struct fp_env *env)
{
    struct fp_value a = fp_unpack(f, a_bits, env);
    struct fp_value b = fp_unpack(f, b_bits, env);
    bool sign = a.sign ^ b.sign;

    if (fp_is_nan(a) || fp_is_nan(b))
        return fp_process_nans(f, a, b, a_bits, b_bits, env);
    if (fp_is_infinity(a) || fp_is_infinity(b)) {
        if (fp_is_zero(a) || fp_is_zero(b)) /* FPMulX() makes 2.0 of it */
            return extended ? fp_power_of_two(f, sign, 1) : fp_invalid(f, env);
        return fp_infinity(f, sign);
    }
    if (fp_is_zero(a) || fp_is_zero(b))
        return fp_zero(f, sign);
    return fp_round128(f, sign, a.exp + b.exp + 1, (u128)a.sig * b.sig, fp_rounding_mode(env), env);
}

FP_INLINE uint64_t divide(struct fp_format f, uint64_t a_bits, uint64_t b_bits, struct fp_env *env)
{
    struct fp_value a = fp_unpack(f, a_bits, env);
    struct fp_value b = fp_unpack(f, b_bits, env);
    bool sign = a.sign ^ b.sign;

    if (fp_is_nan(a) || fp_is_nan(b))
        return fp_process_nans(f, a, b, a_bits, b_bits, env);
    if ((fp_is_infinity(a) && fp_is_infinity(b)) || (fp_is_zero(a) && fp_is_zero(b)))
        return fp_invalid(f, env);
    if (fp_is_infinity(a) || fp_is_zero(b)) {
        if (!fp_is_infinity(a))
            env->fpsr |= FPSR_DZC;
        return fp_infinity(f, sign);
    }
    if (fp_is_zero(a) || fp_is_infinity(b))
        return fp_zero(f, sign);

    int exp = a.exp - b.exp;
    u128 dividend = (u128)a.sig << 63;
    if (a.sig < b.sig) {
        dividend <<= 1;
        exp--;
    }
    uint64_t quotient = (uint64_t)(dividend / b.sig);
    bool remainder = dividend != (u128)quotient * b.sig;
    return fp_round(f, sign, exp, quotient | remainder, fp_rounding_mode(env), env);
}

/* The integer square root of a value of at least 2^126: 64 bits, the last one sticky. */
static uint64_t square_root(u128 value)
{
    uint64_t root = 0;
    u128 square = 0; /* root squared */
    for (int bit = 63; bit >= 0; bit--) {
        u128 larger = square + ((u128)root << (bit + 1)) + ((u128)1 << (2 * bit));
        if (larger <= value) {
            root |= UINT64_C(1) << bit;
            square = larger;
        }
    }
    return root | (square != value);
}

FP_INLINE uint64_t sqrt_of(struct fp_format f, uint64_t a_bits, struct fp_env *env)
{
    struct fp_value a = fp_unpack(f, a_bits, env);

    if (fp_is_nan(a))
        return fp_process_nan(f, a.class, a_bits, env);
    if (fp_is_zero(a))
        return fp_zero(f, a.sign);
    if (a.sign)
        return fp_invalid(f, env);
    if (fp_is_infinity(a))
        return fp_infinity(f, false);
    bool odd = a.exp & 1;
    uint64_t root = square_root((u128)a.sig << (odd ? 64 : 63));
    return fp_round(f, false, (a.exp - odd) / 2, root, fp_rounding_mode(env), env);
}

#define GENERAL(N)                                                                                                     \
    static __attribute__((noinline)) uint##N##_t general_add##N(uint##N##_t a, uint##N##_t b, bool subtract,           \
                                                                struct fp_env *env)                                    \
    {                                                                                                                  \
        return (uint##N##_t)add(FP##N, a, b, subtract, env);                                                           \
    }                                                                                                                  \
    static __attribute__((noinline)) uint##N##_t general_mul##N(uint##N##_t a, uint##N##_t b, bool extended,           \
                                                                struct fp_env *env)                                    \
    {                                                                                                                  \
        return (uint##N##_t)mul(FP##N, a, b, extended, env);                                                           \
    }                                                                                                                  \
    static __attribute__((noinline)) uint##N##_t general_div##N(uint##N##_t a, uint##N##_t b, struct fp_env *env)      \
    {                                                                                                                  \
        return (uint##N##_t)divide(FP##N, a, b, env);                                                                  \
    }                                                                                                                  \
    static __attribute__((noinline)) uint##N##_t general_sqrt##N(uint##N##_t a, struct fp_env *env)                    \
    {                                                                                                                  \
        return (uint##N##_t)sqrt_of(FP##N, a, env);                                                                    \
    }

GENERAL(16)
GENERAL(32)
GENERAL(64)

/* HOST(N, call): tries the host first. */
#define HOST(N, call)                                                                                                  \
    do {                                                                                                               \
        uint##N##_t result;                                                                                            \
        if (LIKELY(fp_host_usable(env)) && LIKELY(call))                                                               \
            return result;                                                                                             \
    } while (0)
#define NO_HOST(N, call) ((void)0)

#define OPERATIONS(N, HOST)                                                                                            \
    uint##N##_t fp##N##_add(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        HOST(N, fp##N##_host_add(a, b, &result));                                                                      \
        return general_add##N(a, b, false, env);                                                                       \
    }                                                                                                                  \
    uint##N##_t fp##N##_sub(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        HOST(N, fp##N##_host_sub(a, b, &result));                                                                      \
        return general_add##N(a, b, true, env);                                                                        \
    }                                                                                                                  \
    uint##N##_t fp##N##_mul(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        HOST(N, fp##N##_host_mul(a, b, &result));                                                                      \
        return general_mul##N(a, b, false, env);                                                                       \
    }                                                                                                                  \
    uint##N##_t fp##N##_mulx(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                         \
    {                                                                                                                  \
        HOST(N, fp##N##_host_mul(a, b, &result));                                                                      \
        return general_mul##N(a, b, true, env);                                                                        \
    }                                                                                                                  \
    uint##N##_t fp##N##_div(uint##N##_t a, uint##N##_t b, struct fp_env *env)                                          \
    {                                                                                                                  \
        HOST(N, fp##N##_host_div(a, b, &result));                                                                      \
        return general_div##N(a, b, env);                                                                              \
    }                                                                                                                  \
    uint##N##_t fp##N##_sqrt(uint##N##_t a, struct fp_env *env)                                                        \
    {                                                                                                                  \
        HOST(N, fp##N##_host_sqrt(a, &result));                                                                        \
        return general_sqrt##N(a, env);                                                                                \
    }

OPERATIONS(16, NO_HOST)
OPERATIONS(32, HOST)
OPERATIONS(64, HOST)
