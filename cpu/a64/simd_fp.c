/* Vector floating-point arithmetic and comparison: three same, by element, two-register miscellaneous. */
#include "cpu/a64/simd_fp.h"

#define THREE(NAME, OPERATION) FP_FORM(NAME, fp_size_same, OPERANDS3, OPERATION)
#define TWO(NAME, OPERATION) FP_FORM(NAME, fp_size_misc, OPERANDS2, OPERATION)

#define OPERANDS_BY_ELEMENT(pe, r)                                                                                     \
    const union vreg n = (pe)->v[(r)->b], m = indexed_operand(pe, r, size), old = (pe)->v[(r)->a];                     \
    union vreg res = {.d = {0, 0}}
#define BY_ELEMENT(NAME, OPERATION) FP_FORM(NAME, fp_size_element, OPERANDS_BY_ELEMENT, OPERATION)

#define FADD(N) fp##N##_add(a, b, env)
#define FSUB(N) fp##N##_sub(a, b, env)
#define FMUL(N) fp##N##_mul(a, b, env)
#define FMULX(N) fp##N##_mulx(a, b, env)
#define FDIV(N) fp##N##_div(a, b, env)
#define FABD(N) fp##N##_abs(fp##N##_sub(a, b, env))
#define FMLA(N) fp##N##_mul_add(d, a, b, env)
#define FMLS(N) fp##N##_mul_add(d, fp##N##_neg(a), b, env)
#define FMAX(N) fp##N##_max(a, b, env)
#define FMIN(N) fp##N##_min(a, b, env)
#define FMAXNM(N) fp##N##_maxnm(a, b, env)
#define FMINNM(N) fp##N##_minnm(a, b, env)
#define FRECPS(N) fp##N##_recip_step(a, b, env)
#define FRSQRTS(N) fp##N##_rsqrt_step(a, b, env)

THREE(simd_fadd, FADD)
THREE(simd_fsub, FSUB)
THREE(simd_fmul, FMUL)
THREE(simd_fmulx, FMULX)
THREE(simd_fdiv, FDIV)
THREE(simd_fabd, FABD)
THREE(simd_fmla, FMLA)
THREE(simd_fmls, FMLS)
THREE(simd_fmax, FMAX)
THREE(simd_fmin, FMIN)
THREE(simd_fmaxnm, FMAXNM)
THREE(simd_fminnm, FMINNM)
THREE(simd_frecps, FRECPS)
THREE(simd_frsqrts, FRSQRTS)

BY_ELEMENT(simd_fmul_elem, FMUL)
BY_ELEMENT(simd_fmulx_elem, FMULX)
BY_ELEMENT(simd_fmla_elem, FMLA)
BY_ELEMENT(simd_fmls_elem, FMLS)

#define MASK(N, condition) ((condition) ? (uint##N##_t)-1 : 0)
#define FCMEQ(N) MASK(N, fp##N##_compare_eq(a, b, env))
#define FCMGE(N) MASK(N, fp##N##_compare_ge(a, b, env))
#define FCMGT(N) MASK(N, fp##N##_compare_gt(a, b, env))
#define FACGE(N) MASK(N, fp##N##_compare_ge(fp##N##_abs(a), fp##N##_abs(b), env))
#define FACGT(N) MASK(N, fp##N##_compare_gt(fp##N##_abs(a), fp##N##_abs(b), env))
#define FCMLE_ZERO(N) MASK(N, fp##N##_compare_ge(0, a, env))
#define FCMLT_ZERO(N) MASK(N, fp##N##_compare_gt(0, a, env))

THREE(simd_fcmeq, FCMEQ)
THREE(simd_fcmge, FCMGE)
THREE(simd_fcmgt, FCMGT)
THREE(simd_facge, FACGE)
THREE(simd_facgt, FACGT)
TWO(simd_fcmeq_zero, FCMEQ) /* OPERANDS2() makes b zero */
TWO(simd_fcmge_zero, FCMGE)
TWO(simd_fcmgt_zero, FCMGT)
TWO(simd_fcmle_zero, FCMLE_ZERO)
TWO(simd_fcmlt_zero, FCMLT_ZERO)

#define FABS(N) fp##N##_abs(a)
#define FNEG(N) fp##N##_neg(a)
#define FSQRT(N) fp##N##_sqrt(a, env)
#define FRECPE(N) fp##N##_recip_estimate(a, env)
#define FRSQRTE(N) fp##N##_rsqrt_estimate(a, env)
#define FRECPX(N) fp##N##_recpx(a, env)

TWO(simd_fabs, FABS)
TWO(simd_fneg, FNEG)
TWO(simd_fsqrt, FSQRT)
TWO(simd_frecpe, FRECPE)
TWO(simd_frsqrte, FRSQRTE)
TWO(simd_frecpx, FRECPX)

/* URECPE and URSQRTE work on 32-bit fixed-point numbers. */
void simd_urecpe(struct pe *pe, const struct record *r)
{
    OPERANDS2(pe, r);
    ELEMENTS(uint32_t, s, 4, unsigned_recip_estimate(a))
    write_vector(pe, r, &res, 2);
}

void simd_ursqrte(struct pe *pe, const struct record *r)
{
    OPERANDS2(pe, r);
    ELEMENTS(uint32_t, s, 4, unsigned_rsqrt_estimate(a))
    write_vector(pe, r, &res, 2);
}
