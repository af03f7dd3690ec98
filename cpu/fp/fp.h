/*
 * Floating-point arithmetic as the Arm ARM's shared pseudocode functions define it (FPAdd, FPMulAdd, FPRoundInt, ...),
 * on bit patterns of binary16, binary32 and binary64. Pure: no PE, no global state, and the host's floating-point
 * environment is neither changed nor read.
 *
 * Every function accumulates the exception flags it raises into env->fpsr. Trapped exceptions are not implemented by
 * the PEs modelled, so the enable bits of FPCR are ignored. FEAT_AFP is not implemented.
 */
#ifndef ARMSIM_CPU_FP_FP_H
#define ARMSIM_CPU_FP_FP_H

#include <stdbool.h>
#include <stdint.h>

enum fpsr_bits {
    FPSR_IOC = 1u << 0,
    FPSR_DZC = 1u << 1,
    FPSR_OFC = 1u << 2,
    FPSR_UFC = 1u << 3,
    FPSR_IXC = 1u << 4,
    FPSR_IDC = 1u << 7,
    FPSR_QC = 1u << 27,
};

enum fpcr_bits {
    FPCR_FZ16 = 1u << 19,
    FPCR_RMODE = 3u << 22,
    FPCR_FZ = 1u << 24,
    FPCR_DN = 1u << 25,
    FPCR_AHP = 1u << 26,
};

/* FPRounding. The first four are FPCR.RMode's values. */
enum fp_rounding { ROUND_TIEEVEN, ROUND_POSINF, ROUND_NEGINF, ROUND_ZERO, ROUND_TIEAWAY, ROUND_ODD };

/* The control bits, and the cumulative flags, in the registers' own layout. */
struct fp_env {
    uint32_t fpcr;
    uint32_t fpsr;
};

/* FPRoundingMode() */
static inline enum fp_rounding fp_rounding_mode(const struct fp_env *env)
{
    return (enum fp_rounding)(env->fpcr >> 22 & 3);
}

/*
 * The operations of one width. Comparison yields NZCV as four bits; compare_eq/ge/gt are the vector comparisons.
 * The integer of from_fixed is sign- or zero-extended to 64 bits by the caller; to_fixed yields `width` bits,
 * zero-extended. recip_step and rsqrt_step are FRECPS and FRSQRTS, recpx is FRECPX.
 */
#define FP_DECLARE(N)                                                                                                  \
    uint##N##_t fp##N##_add(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    uint##N##_t fp##N##_sub(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    uint##N##_t fp##N##_mul(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    uint##N##_t fp##N##_mulx(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                        \
    uint##N##_t fp##N##_div(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    uint##N##_t fp##N##_sqrt(uint##N##_t a, struct fp_env *env);                                                       \
    uint##N##_t fp##N##_mul_add(uint##N##_t addend, uint##N##_t a, uint##N##_t b, struct fp_env *env);                 \
    uint##N##_t fp##N##_recip_step(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                  \
    uint##N##_t fp##N##_rsqrt_step(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                  \
    uint##N##_t fp##N##_recip_estimate(uint##N##_t a, struct fp_env *env);                                             \
    uint##N##_t fp##N##_rsqrt_estimate(uint##N##_t a, struct fp_env *env);                                             \
    uint##N##_t fp##N##_recpx(uint##N##_t a, struct fp_env *env);                                                      \
    unsigned fp##N##_compare(uint##N##_t a, uint##N##_t b, bool signal_nans, struct fp_env *env);                      \
    bool fp##N##_compare_eq(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    bool fp##N##_compare_ge(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    bool fp##N##_compare_gt(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    uint##N##_t fp##N##_max(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    uint##N##_t fp##N##_min(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                         \
    uint##N##_t fp##N##_maxnm(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                       \
    uint##N##_t fp##N##_minnm(uint##N##_t a, uint##N##_t b, struct fp_env *env);                                       \
    uint##N##_t fp##N##_round_int(uint##N##_t a, enum fp_rounding rounding, bool exact, struct fp_env *env);           \
    uint64_t fp##N##_to_fixed(uint##N##_t a, unsigned fbits, bool is_unsigned, enum fp_rounding rounding,              \
                              unsigned width, struct fp_env *env);                                                     \
    uint##N##_t fp##N##_from_fixed(uint64_t integer, unsigned fbits, bool is_unsigned, struct fp_env *env);            \
    static inline uint##N##_t fp##N##_neg(uint##N##_t a)                                                               \
    {                                                                                                                  \
        return (uint##N##_t)(a ^ (uint##N##_t)1 << (N - 1));                                                           \
    }                                                                                                                  \
    static inline uint##N##_t fp##N##_abs(uint##N##_t a)                                                               \
    {                                                                                                                  \
        return (uint##N##_t)(a & ~((uint##N##_t)1 << (N - 1)));                                                        \
    }

FP_DECLARE(16)
FP_DECLARE(32)
FP_DECLARE(64)

/* FPConvert(), rounding as FPCR says. */
uint32_t fp16_to_fp32(uint16_t a, struct fp_env *env);
uint64_t fp16_to_fp64(uint16_t a, struct fp_env *env);
uint16_t fp32_to_fp16(uint32_t a, struct fp_env *env);
uint64_t fp32_to_fp64(uint32_t a, struct fp_env *env);
uint16_t fp64_to_fp16(uint64_t a, struct fp_env *env);
uint32_t fp64_to_fp32(uint64_t a, struct fp_env *env);
/* FPConvert() rounding to odd: FCVTXN. */
uint32_t fp64_to_fp32_odd(uint64_t a, struct fp_env *env);

/* FPRoundIntN(): FRINT32X, FRINT64X and the Z forms. `intsize` is 32 or 64. */
uint32_t fp32_round_int_n(uint32_t a, enum fp_rounding rounding, unsigned intsize, struct fp_env *env);
uint64_t fp64_round_int_n(uint64_t a, enum fp_rounding rounding, unsigned intsize, struct fp_env *env);
/* FPToFixedJS(): FJCVTZS. *exact becomes the Z flag. */
uint32_t fp64_to_int32_js(uint64_t a, bool *exact, struct fp_env *env);

/* FPMulAddH(): half-precision product, single-precision sum: FMLAL. */
uint32_t fp32_mul_add_half(uint32_t addend, uint16_t a, uint16_t b, struct fp_env *env);

/* BFloat16: FPConvertBF(), BFDotAdd() without FEAT_EBF16 (which knows no flags), BFMulAddH(). */
uint16_t fp32_to_bf16(uint32_t a, struct fp_env *env);
uint32_t bf16_dot_add(uint32_t addend, uint16_t a0, uint16_t a1, uint16_t b0, uint16_t b1);
uint32_t bf16_mul_add(uint32_t addend, uint16_t a, uint16_t b, struct fp_env *env);

/* UnsignedRecipEstimate(), UnsignedRSqrtEstimate(): URECPE, URSQRTE. */
uint32_t unsigned_recip_estimate(uint32_t a);
uint32_t unsigned_rsqrt_estimate(uint32_t a);

/* VFPExpandImm() for a width of 16, 32 or 64. */
uint64_t fp_expand_imm(uint8_t imm8, unsigned width);

#endif
