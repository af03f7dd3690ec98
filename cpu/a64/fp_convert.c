/* Scalar conversions, and moves between SIMD&FP and general registers. */
#include "cpu/a64/fpsimd.h"

/* --- between formats: fp_cvt_<to><from> --- */

#define CONVERT(NAME, FROM, FUNCTION)                                                                                  \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        write_d(pe, r->a, FUNCTION(pe->v[r->b].FROM[0], &pe->fp_env));                                                 \
    }

CONVERT(fp_cvt_sh, h, fp16_to_fp32)
CONVERT(fp_cvt_dh, h, fp16_to_fp64)
CONVERT(fp_cvt_hs, s, fp32_to_fp16)
CONVERT(fp_cvt_ds, s, fp32_to_fp64)
CONVERT(fp_cvt_hd, d, fp64_to_fp16)
CONVERT(fp_cvt_sd, d, fp64_to_fp32)
CONVERT(fp_bfcvt, s, fp32_to_bf16)

/* --- with integers and fixed-point numbers: bit 31 tells 64 bits, bit 16 unsigned --- */

/* Bits 20:19 are the rounding mode; 18 says to nearest, ties away. */
static enum fp_rounding coded_rounding(const struct record *r)
{
    return insn_bit(r, 18) ? ROUND_TIEAWAY : (enum fp_rounding)insn_bits(r, 19, 2);
}

static unsigned integer_width(const struct record *r)
{
    return insn_bit(r, 31) ? 64 : 32;
}

static uint64_t integer_operand(const struct pe *pe, const struct record *r)
{
    uint64_t value = xreg_read(pe, r->b);
    if (insn_bit(r, 31))
        return value;
    return insn_bit(r, 16) ? (uint32_t)value : (uint64_t)(int32_t)value;
}

static unsigned fraction_bits(const struct record *r)
{
    return 64 - insn_bits(r, 10, 6);
}

#define INTEGER_CONVERSIONS(SUFFIX, N, F)                                                                              \
    void fp_to_int_##SUFFIX(struct pe *pe, const struct record *r)                                                     \
    {                                                                                                                  \
        xreg_write(pe, r->a, fp##N##_to_fixed(pe->v[r->b].F[0], 0, insn_bit(r, 16), coded_rounding(r),                 \
                                              integer_width(r), &pe->fp_env));                                         \
    }                                                                                                                  \
    void fp_to_fixed_##SUFFIX(struct pe *pe, const struct record *r)                                                   \
    {                                                                                                                  \
        xreg_write(pe, r->a, fp##N##_to_fixed(pe->v[r->b].F[0], fraction_bits(r), insn_bit(r, 16), ROUND_ZERO,         \
                                              integer_width(r), &pe->fp_env));                                         \
    }                                                                                                                  \
    void fp_from_int_##SUFFIX(struct pe *pe, const struct record *r)                                                   \
    {                                                                                                                  \
        write_d(pe, r->a, fp##N##_from_fixed(integer_operand(pe, r), 0, insn_bit(r, 16), &pe->fp_env));                \
    }                                                                                                                  \
    void fp_from_fixed_##SUFFIX(struct pe *pe, const struct record *r)                                                 \
    {                                                                                                                  \
        write_d(pe, r->a,                                                                                              \
                fp##N##_from_fixed(integer_operand(pe, r), fraction_bits(r), insn_bit(r, 16), &pe->fp_env));           \
    }                                                                                                                  \
    void fp_mov_to_x_##SUFFIX(struct pe *pe, const struct record *r)                                                   \
    {                                                                                                                  \
        xreg_write(pe, r->a, pe->v[r->b].F[0]);                                                                        \
    }                                                                                                                  \
    void fp_mov_from_x_##SUFFIX(struct pe *pe, const struct record *r)                                                 \
    {                                                                                                                  \
        write_d(pe, r->a, (uint##N##_t)xreg_read(pe, r->b));                                                           \
    }

INTEGER_CONVERSIONS(h, 16, h)
INTEGER_CONVERSIONS(s, 32, s)
INTEGER_CONVERSIONS(d, 64, d)

/* FMOV between Xn and Vn.D[1] leaves the other half alone. */
void fp_mov_to_x_top(struct pe *pe, const struct record *r)
{
    xreg_write(pe, r->a, pe->v[r->b].d[1]);
}

void fp_mov_from_x_top(struct pe *pe, const struct record *r)
{
    pe->v[r->a].d[1] = xreg_read(pe, r->b);
}

void fp_jcvtzs(struct pe *pe, const struct record *r)
{
    bool exact;
    xreg_write(pe, r->a, fp64_to_int32_js(pe->v[r->b].d[0], &exact, &pe->fp_env));
    pe_set_nzcv(pe, exact ? 4 : 0);
}
