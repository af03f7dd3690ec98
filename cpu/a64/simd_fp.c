/* Vector floating-point arithmetic and comparison: three same, by element, two-register miscellaneous. */
#include "cpu/a64/simd_fp.h"
#include "cpu/a64/simd_fp_host.h"

/*
 * A form with a path over the host's unit, FP_FORM() being the one without. HOST(N) computes `res` and tells whether
 * that is right.
 */
#define FP_HOST_FORM(NAME, SIZE, OPERANDS, HOST, OPERATION)                                                            \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = SIZE(r), count = element_count(r, size);                                                 \
        struct fp_env *const env = &pe->fp_env;                                                                        \
        OPERANDS(pe, r);                                                                                               \
        if (size < 2 || is_scalar(r) || !fp_host_usable(env) || !(size == 2 ? HOST(32) : HOST(64))) {                  \
            res = (union vreg){.d = {0, 0}};                                                                           \
            FP_ELEMENTS(OPERATION)                                                                                     \
        }                                                                                                              \
        write_vector(pe, r, &res, size);                                                                               \
    }

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

#define FILLED(v) fill_vector(r, v)
#define HOST_ADD(N) fp##N##_vector_add(FILLED(n), FILLED(m), &res)
#define HOST_SUB(N) fp##N##_vector_sub(FILLED(n), FILLED(m), &res)
#define HOST_MUL(N) fp##N##_vector_mul(FILLED(n), FILLED(m), &res)
#define HOST_DIV(N) fp##N##_vector_div(FILLED(n), FILLED(m), &res)
#define HOST_MLA(N) fp##N##_vector_fma(r, false, old, n, m, &res)
#define HOST_MLS(N) fp##N##_vector_fma(r, true, old, n, m, &res)
#define THREE_HOST(NAME, HOST, OPERATION) FP_HOST_FORM(NAME, fp_size_same, OPERANDS3, HOST, OPERATION)

THREE_HOST(simd_fadd, HOST_ADD, FADD)
THREE_HOST(simd_fsub, HOST_SUB, FSUB)
THREE_HOST(simd_fmul, HOST_MUL, FMUL)
THREE_HOST(simd_fdiv, HOST_DIV, FDIV)
THREE_HOST(simd_fmla, HOST_MLA, FMLA)
THREE_HOST(simd_fmls, HOST_MLS, FMLS)
THREE(simd_fmulx, FMULX)
THREE(simd_fabd, FABD)
THREE(simd_fmax, FMAX)
THREE(simd_fmin, FMIN)
THREE(simd_fmaxnm, FMAXNM)
THREE(simd_fminnm, FMINNM)
THREE(simd_frecps, FRECPS)
THREE(simd_frsqrts, FRSQRTS)

#define BY_ELEMENT_HOST(NAME, HOST, OPERATION)                                                                         \
    FP_HOST_FORM(NAME, fp_size_element, OPERANDS_BY_ELEMENT, HOST, OPERATION)
BY_ELEMENT_HOST(simd_fmul_elem, HOST_MUL, FMUL)
BY_ELEMENT_HOST(simd_fmla_elem, HOST_MLA, FMLA)
BY_ELEMENT_HOST(simd_fmls_elem, HOST_MLS, FMLS)
BY_ELEMENT(simd_fmulx_elem, FMULX)

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
