/*
 * cpu/fp against the host's arithmetic, in all rounding modes, with flags. Where the host's rules differ from Arm's
 * (choice of NaN, sign of the default NaN, tininess after rounding on x86) the expectation is stated here.
 */
#include "cpu/fp/fp.h"
#include "libarmsim/fabric/random.h"
#include "run_suite.h"

#include <check.h>
#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 500000 };

/* As ck_assert(), which reports to the parent process each time and is too slow for these loops. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg("%s", #condition);                                                                            \
    } while (0)

static const int HOST_ROUNDING[4] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

static uint64_t random_state = 0x5eed;

static uint64_t random64(void)
{
    return splitmix64(&random_state);
}

static const uint64_t SPECIAL64[] = {
    0, 1, 2, 0x3ff0000000000000, 0x3ff0000000000001, 0x3fefffffffffffff, 0x4000000000000000, 0x3fe0000000000000,
    0x0010000000000000, 0x000fffffffffffff, 0x0010000000000001, 0x7fefffffffffffff, 0x7ff0000000000000,
    0x7ff8000000000000, 0x7ff0000000000001, 0x7ffc00000000abcd, 0x4340000000000000, 0x433fffffffffffff,
    0x41dfffffffc00000, 0x41e0000000000000, 0x43e0000000000000, 0x43f0000000000000, 0x4330000000000001,
    0x3ca0000000000000, 0x3cb0000000000000, 0x0008000000000000, 0x47efffffe0000000, 0x47effffff0000000,
    0x3810000000000000, 0x380fffffffffffff, 0x36a0000000000000, 0x40f0000000000000, 0x40effc0000000000,
};
static const uint32_t SPECIAL32[] = {
    0, 1, 2, 0x3f800000, 0x3f800001, 0x3f7fffff, 0x40000000, 0x3f000000, 0x00800000, 0x007fffff, 0x00800001,
    0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7f800001, 0x7fe01234, 0x4b000000, 0x4affffff, 0x4b800000, 0x4f000000,
    0x4effffff, 0x5f000000, 0x5f800000, 0x33800000, 0x34000000, 0x00400000, 0x477fe000, 0x477ff000, 0x38800000,
};

/* Uniform bits, special values, and numbers near one another (for cancellation and ties). */
static uint64_t operand64(uint64_t other)
{
    uint64_t r = random64();
    uint64_t sign = r & UINT64_C(1) << 63;
    switch (r & 7) {
    case 0:
    case 1: return SPECIAL64[(r >> 8) % (sizeof SPECIAL64 / sizeof *SPECIAL64)] ^ sign;
    case 2: return (other ^ sign) + (r >> 8 & 3) - 1;
    case 3: return sign | (random64() & 0x000fffffffffffff) | (0x3ff - 60 + (r >> 8) % 120) << 52;
    case 4: return sign | ((random64() & 0x000fffffffffffff) >> (r >> 8 & 63) << (r >> 8 & 63)) |
                   (0x3ff - 30 + (r >> 16) % 60) << 52;
    case 5: return sign | random64() >> (12 + (r >> 8 & 31));
    default: return random64();
    }
}

static uint32_t operand32(uint32_t other)
{
    uint64_t r = random64();
    uint32_t sign = (uint32_t)r & 1u << 31;
    uint32_t fraction = (uint32_t)random64() & 0x7fffff;
    switch (r & 7) {
    case 0:
    case 1: return SPECIAL32[(r >> 32) % (sizeof SPECIAL32 / sizeof *SPECIAL32)] ^ sign;
    case 2: return (other ^ sign) + (uint32_t)(r >> 32 & 3) - 1;
    case 3: return sign | fraction | (uint32_t)(127 - 30 + (r >> 32) % 60) << 23;
    case 4: return sign | fraction >> (r >> 32 & 15) << (r >> 32 & 15) | (uint32_t)(127 - 15 + (r >> 40) % 30) << 23;
    case 5: return sign | fraction >> (r >> 32 & 15);
    default: return (uint32_t)random64();
    }
}

static uint32_t host_flags(void)
{
    int host = fetestexcept(FE_ALL_EXCEPT);
    return (host & FE_INVALID ? FPSR_IOC : 0) | (host & FE_DIVBYZERO ? FPSR_DZC : 0) |
           (host & FE_OVERFLOW ? FPSR_OFC : 0) | (host & FE_UNDERFLOW ? FPSR_UFC : 0) |
           (host & FE_INEXACT ? FPSR_IXC : 0);
}

static bool is_nan64(uint64_t a) { return (a & INT64_MAX) > 0x7ff0000000000000; }
static bool is_nan32(uint32_t a) { return (a & INT32_MAX) > 0x7f800000; }
static bool is_snan64(uint64_t a) { return is_nan64(a) && !(a >> 51 & 1); }
static bool is_snan32(uint32_t a) { return is_nan32(a) && !(a >> 22 & 1); }

/* FPProcessNaNs over up to three operands in Arm's order, or the default NaN. */
static uint64_t expected_nan64(const uint64_t *operands, unsigned count, bool invalid_product)
{
    for (unsigned i = 0; i < count; i++)
        if (is_snan64(operands[i]))
            return operands[i] | UINT64_C(1) << 51;
    if (invalid_product)
        return 0x7ff8000000000000;
    for (unsigned i = 0; i < count; i++)
        if (is_nan64(operands[i]))
            return operands[i];
    return 0x7ff8000000000000;
}

static uint32_t expected_nan32(const uint32_t *operands, unsigned count, bool invalid_product)
{
    for (unsigned i = 0; i < count; i++)
        if (is_snan32(operands[i]))
            return operands[i] | 1u << 22;
    if (invalid_product)
        return 0x7fc00000;
    for (unsigned i = 0; i < count; i++)
        if (is_nan32(operands[i]))
            return operands[i];
    return 0x7fc00000;
}

static double d(uint64_t bits) { double v; memcpy(&v, &bits, 8); return v; }
static float s(uint32_t bits) { float v; memcpy(&v, &bits, 4); return v; }
static uint64_t bits64(double v) { uint64_t b; memcpy(&b, &v, 8); return b; }
static uint32_t bits32(float v) { uint32_t b; memcpy(&b, &v, 4); return b; }

/* Compares one result. With IXC set beforehand the host path is taken, else the general one: both are checked. */
static void agree(const char *what, unsigned mode, bool ixc, uint64_t a, uint64_t b, uint64_t c, uint64_t result,
                  uint64_t expected, uint32_t flags, uint32_t expected_flags, uint64_t smallest)
{
    if (ixc)
        expected_flags |= FPSR_IXC;
    if (smallest && (result & (smallest >> 32 ? INT64_MAX : INT32_MAX)) == smallest) {
        flags &= ~(uint32_t)FPSR_UFC; /* tininess before or after rounding */
        expected_flags &= ~(uint32_t)FPSR_UFC;
    }
    if (result != expected || flags != expected_flags)
        ck_abort_msg("%s(%" PRIx64 ", %" PRIx64 ", %" PRIx64 ") mode %u ixc %d: %" PRIx64 " flags %x, expected %" PRIx64
                        " flags %x", what, a, b, c, mode, ixc, result, flags, expected, expected_flags);
}

enum operation { ADD, SUB, MUL, DIV, SQRT, FMA, OPERATIONS };
static const char *const NAMES[OPERATIONS] = {"add", "sub", "mul", "div", "sqrt", "fma"};

static double host64(enum operation op, double x, double y, double z)
{
    volatile double a = x, b = y, c = z, r;
    switch (op) {
    case ADD: r = a + b; break;
    case SUB: r = a - b; break;
    case MUL: r = a * b; break;
    case DIV: r = a / b; break;
    case SQRT: r = sqrt(a); break;
    default: r = fma(a, b, c); break;
    }
    return r;
}

static float host32(enum operation op, float x, float y, float z)
{
    volatile float a = x, b = y, c = z, r;
    switch (op) {
    case ADD: r = a + b; break;
    case SUB: r = a - b; break;
    case MUL: r = a * b; break;
    case DIV: r = a / b; break;
    case SQRT: r = sqrtf(a); break;
    default: r = fmaf(a, b, c); break;
    }
    return r;
}

static uint64_t ours64(enum operation op, uint64_t a, uint64_t b, uint64_t c, struct fp_env *env)
{
    switch (op) {
    case ADD: return fp64_add(a, b, env);
    case SUB: return fp64_sub(a, b, env);
    case MUL: return fp64_mul(a, b, env);
    case DIV: return fp64_div(a, b, env);
    case SQRT: return fp64_sqrt(a, env);
    default: return fp64_mul_add(c, a, b, env);
    }
}

static uint32_t ours32(enum operation op, uint32_t a, uint32_t b, uint32_t c, struct fp_env *env)
{
    switch (op) {
    case ADD: return fp32_add(a, b, env);
    case SUB: return fp32_sub(a, b, env);
    case MUL: return fp32_mul(a, b, env);
    case DIV: return fp32_div(a, b, env);
    case SQRT: return fp32_sqrt(a, env);
    default: return fp32_mul_add(c, a, b, env);
    }
}

START_TEST(arithmetic64)
{
    enum operation op = (enum operation)_i;
    for (unsigned n = 0; n < CASES; n++) {
        unsigned mode = n & 3;
        bool ixc = n >> 2 & 1;
        uint64_t a = operand64(0x3ff0000000000000), b = operand64(a), c = operand64(bits64(d(a) * d(b)));
        struct fp_env env = {mode << 22, ixc ? FPSR_IXC : 0};
        fesetround(HOST_ROUNDING[mode]);
        feclearexcept(FE_ALL_EXCEPT);
        uint64_t expected = bits64(host64(op, d(a), d(b), d(c)));
        uint32_t flags = host_flags();
        fesetround(FE_TONEAREST);
        uint64_t result = ours64(op, a, b, c, &env);
        if (is_nan64(expected)) {
            uint64_t order[3] = {op == FMA ? c : a, op == FMA ? a : b, b};
            bool product = op == FMA && ((isinf(d(a)) && d(b) == 0) || (isinf(d(b)) && d(a) == 0));
            expected = expected_nan64(order, op == FMA ? 3 : op == SQRT ? 1 : 2, product);
            if (product)
                flags |= FPSR_IOC; /* the host may prefer a quiet addend silently */
        }
        agree(NAMES[op], mode, ixc, a, b, c, result, expected, env.fpsr, flags, UINT64_C(1) << 52);
    }
}
END_TEST

START_TEST(arithmetic32)
{
    enum operation op = (enum operation)_i;
    for (unsigned n = 0; n < CASES; n++) {
        unsigned mode = n & 3;
        bool ixc = n >> 2 & 1;
        uint32_t a = operand32(0x3f800000), b = operand32(a), c = operand32(bits32(s(a) * s(b)));
        struct fp_env env = {mode << 22, ixc ? FPSR_IXC : 0};
        fesetround(HOST_ROUNDING[mode]);
        feclearexcept(FE_ALL_EXCEPT);
        uint32_t expected = bits32(host32(op, s(a), s(b), s(c)));
        uint32_t flags = host_flags();
        fesetround(FE_TONEAREST);
        uint32_t result = ours32(op, a, b, c, &env);
        if (is_nan32(expected)) {
            uint32_t order[3] = {op == FMA ? c : a, op == FMA ? a : b, b};
            bool product = op == FMA && ((isinf(s(a)) && s(b) == 0) || (isinf(s(b)) && s(a) == 0));
            expected = expected_nan32(order, op == FMA ? 3 : op == SQRT ? 1 : 2, product);
            if (product)
                flags |= FPSR_IOC;
        }
        agree(NAMES[op], mode, ixc, a, b, c, result, expected, env.fpsr, flags, UINT64_C(1) << 23);
    }
}
END_TEST

/* Half-precision: sums and products are exact in binary64, and quotients and roots can't be near enough to a tie. */
START_TEST(arithmetic16)
{
    for (unsigned n = 0; n < CASES; n++) {
        uint64_t r = random64();
        uint16_t a = (uint16_t)r, b = r >> 60 ? (uint16_t)(r >> 16) : a ^ 0x8000;
        enum operation op = (enum operation)(n % FMA);
        struct fp_env env = {(uint32_t)(r >> 32 & 3) << 22, 0}, wide = env;
        if (op > MUL)
            wide.fpcr = env.fpcr = 0;
        uint64_t result64 = ours64(op, fp16_to_fp64(a, &wide), fp16_to_fp64(b, &wide), 0, &wide);
        uint16_t expected = fp64_to_fp16(result64, &wide);
        uint16_t result;
        switch (op) {
        case ADD: result = fp16_add(a, b, &env); break;
        case SUB: result = fp16_sub(a, b, &env); break;
        case MUL: result = fp16_mul(a, b, &env); break;
        case DIV: result = fp16_div(a, b, &env); break;
        default: result = fp16_sqrt(a, &env); break;
        }
        if (((a & 0x7fff) > 0x7c00 && !(a & 0x200)) || ((b & 0x7fff) > 0x7c00 && !(b & 0x200)))
            continue; /* the conversion quiets signalling NaNs before they are compared; the vectors cover them */
        agree(NAMES[op], env.fpcr >> 22, false, a, b, 0, result, expected, env.fpsr, wide.fpsr, 0);
    }
}
END_TEST

START_TEST(conversions)
{
    for (unsigned n = 0; n < CASES; n++) {
        unsigned mode = n & 3;
        uint64_t a = operand64(0x3ff0000000000000);
        uint32_t a32 = operand32(0x3f800000);
        struct fp_env env = {mode << 22, 0}, env2 = env, env3 = env, env4 = env;
        volatile double x = d(a);
        volatile int64_t integer = (int64_t)(random64() >> (a & 63));
        fesetround(HOST_ROUNDING[mode]);
        feclearexcept(FE_ALL_EXCEPT);
        volatile float narrow = (float)x;
        uint32_t flags = host_flags();
        feclearexcept(FE_ALL_EXCEPT);
        volatile double rounded = rint(x);
        uint32_t rint_flags = host_flags();
        feclearexcept(FE_ALL_EXCEPT);
        volatile long long to_int = llrint(x);
        uint32_t int_flags = host_flags();
        volatile float from_int = (float)integer;
        volatile double from_int64 = (double)integer;
        fesetround(FE_TONEAREST);

        uint32_t result = fp64_to_fp32(a, &env);
        if (!is_nan64(a))
            agree("fp64_to_fp32", mode, false, a, 0, 0, result, bits32(narrow), env.fpsr, flags, 1u << 23);
        uint64_t result_rint = fp64_round_int(a, (enum fp_rounding)mode, true, &env2);
        if (!is_nan64(a))
            agree("round_int", mode, false, a, 0, 0, result_rint, bits64(rounded), env2.fpsr, rint_flags, 0);
        uint64_t result_int = fp64_to_fixed(a, 0, false, (enum fp_rounding)mode, 64, &env3);
        uint64_t expected_int = (uint64_t)to_int;
        if (int_flags & FPSR_IOC)
            expected_int = is_nan64(a) ? 0 : a >> 63 ? UINT64_C(1) << 63 : INT64_MAX;
        agree("to_fixed", mode, false, a, 0, 0, result_int, expected_int, env3.fpsr, int_flags, 0);
        CHECK(fp32_from_fixed((uint64_t)integer, 0, false, &env4) == bits32(from_int));
        CHECK(fp64_from_fixed((uint64_t)integer, 0, false, &env4) == bits64(from_int64));
        if (!is_nan32(a32))
            CHECK(fp32_to_fp64(a32, &env4) == bits64((double)s(a32)));
    }
}
END_TEST

START_TEST(comparisons)
{
    for (unsigned n = 0; n < CASES; n++) {
        uint64_t a = operand64(0x3ff0000000000000), b = operand64(a);
        struct fp_env env = {0, 0};
        unsigned expected = isunordered(d(a), d(b)) ? 3 : d(a) == d(b) ? 6 : d(a) < d(b) ? 8 : 2;
        CHECK(fp64_compare(a, b, false, &env) == expected);
        CHECK(env.fpsr == (is_snan64(a) || is_snan64(b) ? FPSR_IOC : 0));
        CHECK(fp64_compare_ge(a, b, &env) == (d(a) >= d(b)));
        CHECK(fp64_compare_gt(a, b, &env) == (d(a) > d(b)));
        CHECK(env.fpsr == (expected == 3 ? FPSR_IOC : 0));
        if (expected != 3) {
            CHECK(fp64_max(a, b, &env) == (d(a) == d(b) ? a & b : d(a) > d(b) ? a : b));
            CHECK(fp64_min(a, b, &env) == (d(a) == d(b) ? a | b : d(a) < d(b) ? a : b));
        }
    }
}
END_TEST

/* What the host can't show: tininess before rounding, flushing, default NaN, alternative half precision. */
START_TEST(arm_rules)
{
    struct fp_env env = {0, 0};
    /* (1 - 2^-53) * 2^-1022 rounds up to the smallest normal number and underflows all the same. */
    ck_assert_uint_eq(fp64_mul(0x3fefffffffffffff, 0x0010000000000000, &env), 0x0010000000000000);
    ck_assert_uint_eq(env.fpsr, FPSR_UFC | FPSR_IXC);
    ck_assert_uint_eq(fp64_mul(0x3fefffffffffffff, 0x0010000000000000, &env), 0x0010000000000000);
    ck_assert_uint_eq(env.fpsr, FPSR_UFC | FPSR_IXC); /* and with IXC set before */

    env = (struct fp_env){FPCR_FZ, 0};
    ck_assert_uint_eq(fp64_add(0x8000000000000001, 0x3ff0000000000000, &env), 0x3ff0000000000000);
    ck_assert_uint_eq(env.fpsr, FPSR_IDC);
    env = (struct fp_env){FPCR_FZ, 0};
    ck_assert_uint_eq(fp32_mul(0x80800000, 0x3f000000, &env), 0x80000000);
    ck_assert_uint_eq(env.fpsr, FPSR_UFC);
    env = (struct fp_env){FPCR_FZ16, 0};
    ck_assert_uint_eq(fp16_add(0x8001, 0, &env), 0); /* flushed to -0, silently */
    ck_assert_uint_eq(env.fpsr, 0);

    env = (struct fp_env){FPCR_DN, 0};
    ck_assert_uint_eq(fp32_add(0xffc12345, 0x3f800000, &env), 0x7fc00000);
    ck_assert_uint_eq(env.fpsr, 0);
    ck_assert_uint_eq(fp32_add(0xff812345, 0x3f800000, &env), 0x7fc00000);
    ck_assert_uint_eq(env.fpsr, FPSR_IOC);

    env = (struct fp_env){FPCR_AHP, 0};
    ck_assert_uint_eq(fp16_to_fp32(0x7c00, &env), 0x47800000); /* 65536, no infinity */
    ck_assert_uint_eq(fp32_to_fp16(0x7f800000, &env), 0x7fff);
    ck_assert_uint_eq(env.fpsr, FPSR_IOC);
    env = (struct fp_env){0, 0};
    ck_assert_uint_eq(fp64_to_fp32_odd(0x3ff0000000000001, &env), 0x3f800001);
    ck_assert_uint_eq(fp64_to_fp32_odd(0x7fefffffffffffff, &env), 0x7f7fffff);
    ck_assert_uint_eq(env.fpsr, FPSR_IXC | FPSR_OFC);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fp");
    TCase *tcase = tcase_create("fp");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, arithmetic64, 0, OPERATIONS);
    tcase_add_loop_test(tcase, arithmetic32, 0, OPERATIONS);
    tcase_add_test(tcase, arithmetic16);
    tcase_add_test(tcase, conversions);
    tcase_add_test(tcase, comparisons);
    tcase_add_test(tcase, arm_rules);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
