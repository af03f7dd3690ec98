/* Vector conversions between formats and with integers and fixed-point numbers; rounding to integral values. */
#include "cpu/a64/simd_fp.h"

/* Bits 12 and 23 hold the rounding mode of FRINT* and FCVT*; FCVTA* is told by bit 14. */
static enum fp_rounding coded_rounding(const struct record *r)
{
    return (enum fp_rounding)(insn_bit(r, 12) << 1 | insn_bit(r, 23));
}

#define TWO(NAME, OPERATION) FP_FORM(NAME, fp_size_misc, ROUNDING_OPERANDS2, OPERATION)
#define ROUNDING_OPERANDS2(pe, r)                                                                                      \
    const enum fp_rounding rounding = ROUNDING(r);                                                                     \
    OPERANDS2(pe, r)

/* FRINTN, P, M, Z have U 0; with U 1 they are A, X and I. */
static enum fp_rounding frint_rounding(const struct pe *pe, const struct record *r)
{
    if (!insn_bit(r, 29))
        return coded_rounding(r);
    return insn_bit(r, 12) ? fp_rounding_mode(&pe->fp_env) : ROUND_TIEAWAY;
}
#define ROUNDING(r) frint_rounding(pe, r)
#define FRINT(N) fp##N##_round_int(a, rounding, insn_bit(r, 29) && insn_bit(r, 12) && !insn_bit(r, 23), env)
TWO(simd_frint, FRINT)
#undef ROUNDING

#define ROUNDING(r) (insn_bit(r, 14) ? ROUND_TIEAWAY : coded_rounding(r))
#define FCVT_INT(N) fp##N##_to_fixed(a, 0, insn_bit(r, 29), rounding, N, env)
TWO(simd_fcvt_int, FCVT_INT)
#undef ROUNDING

#define EXTENDED(N) (insn_bit(r, 29) ? (uint64_t)a : (uint64_t)(int##N##_t)a)
#define CVTF(N) fp##N##_from_fixed(EXTENDED(N), 0, insn_bit(r, 29), env)
FP_FORM(simd_cvtf, fp_size_misc, OPERANDS2, CVTF)

/* FRINT32Z, FRINT64Z; with U 1 the X forms. Bit 12 tells 64. */
void simd_frint_n(struct pe *pe, const struct record *r)
{
    const unsigned size = fp_size_misc(r), count = element_count(r, size), intsize = insn_bit(r, 12) ? 64 : 32;
    struct fp_env *const env = &pe->fp_env;
    const enum fp_rounding rounding = insn_bit(r, 29) ? fp_rounding_mode(env) : ROUND_ZERO;
    OPERANDS2(pe, r);
    if (size == 2)
        ELEMENTS(uint32_t, s, count, fp32_round_int_n(a, rounding, intsize, env))
    else
        ELEMENTS(uint64_t, d, count, fp64_round_int_n(a, rounding, intsize, env))
    write_vector(pe, r, &res, size);
}

/* Fixed-point: immh:immb gives the element size and 2 * esize - fbits. */
static unsigned immediate_size(const struct record *r)
{
    return 28 - (unsigned)__builtin_clz(insn_bits(r, 16, 7));
}
#define FRACTION_BITS ((16u << size) - insn_bits(r, 16, 7))
#define CVTF_FIXED(N) fp##N##_from_fixed(EXTENDED(N), FRACTION_BITS, insn_bit(r, 29), env)
#define FCVT_FIXED(N) fp##N##_to_fixed(a, FRACTION_BITS, insn_bit(r, 29), ROUND_ZERO, N, env)
FP_FORM(simd_cvtf_fixed, immediate_size, OPERANDS2, CVTF_FIXED)
FP_FORM(simd_fcvt_fixed, immediate_size, OPERANDS2, FCVT_FIXED)

/* FCVTL: bit 22 tells single to double from half to single. */
void simd_fcvtl(struct pe *pe, const struct record *r)
{
    struct fp_env *const env = &pe->fp_env;
    const union vreg n = pe->v[r->b];
    const bool to_double = insn_bit(r, 22);
    const unsigned count = to_double ? 2 : 4, base = upper_half(r, count);
    union vreg res;
    for (unsigned i = 0; i < count; i++) {
        if (to_double)
            res.d[i] = fp32_to_fp64(n.s[base + i], env);
        else
            res.s[i] = fp16_to_fp32(n.h[base + i], env);
    }
    pe->v[r->a] = res;
}

void simd_fcvtn(struct pe *pe, const struct record *r)
{
    struct fp_env *const env = &pe->fp_env;
    const union vreg n = pe->v[r->b];
    uint64_t result = 0;
    if (insn_bit(r, 22)) {
        for (unsigned i = 0; i < 2; i++)
            result |= (uint64_t)fp64_to_fp32(n.d[i], env) << 32 * i;
    } else {
        for (unsigned i = 0; i < 4; i++)
            result |= (uint64_t)fp32_to_fp16(n.s[i], env) << 16 * i;
    }
    write_narrow(pe, r, result);
}

void simd_fcvtxn(struct pe *pe, const struct record *r)
{
    const unsigned count = is_scalar(r) ? 1 : 2;
    const union vreg n = pe->v[r->b];
    uint64_t result = 0;
    for (unsigned i = 0; i < count; i++)
        result |= (uint64_t)fp64_to_fp32_odd(n.d[i], &pe->fp_env) << 32 * i;
    write_narrow(pe, r, result);
}

void simd_bfcvtn(struct pe *pe, const struct record *r)
{
    const union vreg n = pe->v[r->b];
    uint64_t result = 0;
    for (unsigned i = 0; i < 4; i++)
        result |= (uint64_t)fp32_to_bf16(n.s[i], &pe->fp_env) << 16 * i;
    write_narrow(pe, r, result);
}
