/* Scalar floating-point arithmetic, comparison, selection and moves. */
#include "cpu/a64/fpsimd.h"
#include "cpu/fp/fp_host.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* The operand of width N in register n. */
#define REG16(n) (pe->v[n].h[0])
#define REG32(n) (pe->v[n].s[0])
#define REG64(n) (pe->v[n].d[0])

/* Each family is made for three widths; EXPRESSION is a macro over the width and uses `a`, `b` and `env`. */
#define FORM(NAME, N, EXPRESSION)                                                                                      \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        struct fp_env *const env = &pe->fp_env;                                                                        \
        const uint##N##_t a = REG##N(r->b), b = REG##N(r->c);                                                          \
        (void)env, (void)a, (void)b;                                                                                   \
        write_d(pe, r->a, EXPRESSION(N));                                                                              \
    }
#define FORMS(NAME, EXPRESSION)                                                                                        \
    FORM(NAME##_h, 16, EXPRESSION)                                                                                     \
    FORM(NAME##_s, 32, EXPRESSION)                                                                                     \
    FORM(NAME##_d, 64, EXPRESSION)

/* Single and double precision on the host's unit where that is exact. */
#define HOST_FORM(NAME, N, HOST_CALL, EXPRESSION)                                                                      \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        struct fp_env *const env = &pe->fp_env;                                                                        \
        const uint##N##_t a = REG##N(r->b), b = REG##N(r->c);                                                          \
        uint##N##_t result;                                                                                            \
        (void)b;                                                                                                       \
        if (!(LIKELY(fp_host_usable(env)) && LIKELY(fp##N##_host_##HOST_CALL)))                                        \
            result = EXPRESSION(N);                                                                                    \
        write_d(pe, r->a, result);                                                                                     \
    }
#define HOST_FORMS(NAME, HOST_CALL, EXPRESSION)                                                                        \
    FORM(NAME##_h, 16, EXPRESSION)                                                                                     \
    HOST_FORM(NAME##_s, 32, HOST_CALL, EXPRESSION)                                                                     \
    HOST_FORM(NAME##_d, 64, HOST_CALL, EXPRESSION)

#define ADD(N) fp##N##_add(a, b, env)
#define SUB(N) fp##N##_sub(a, b, env)
#define MUL(N) fp##N##_mul(a, b, env)
#define DIV(N) fp##N##_div(a, b, env)
#define SQRT(N) fp##N##_sqrt(a, env)
HOST_FORMS(fp_add, add(a, b, &result), ADD)
HOST_FORMS(fp_sub, sub(a, b, &result), SUB)
HOST_FORMS(fp_mul, mul(a, b, &result), MUL)
HOST_FORMS(fp_div, div(a, b, &result), DIV)
HOST_FORMS(fp_sqrt, sqrt(a, &result), SQRT)

#define NMUL(N) fp##N##_neg(fp##N##_mul(a, b, env))
#define MAX(N) fp##N##_max(a, b, env)
#define MIN(N) fp##N##_min(a, b, env)
#define MAXNM(N) fp##N##_maxnm(a, b, env)
#define MINNM(N) fp##N##_minnm(a, b, env)
FORMS(fp_nmul, NMUL)
FORMS(fp_max, MAX)
FORMS(fp_min, MIN)
FORMS(fp_maxnm, MAXNM)
FORMS(fp_minnm, MINNM)

#define MOV(N) a
#define ABS(N) fp##N##_abs(a)
#define NEG(N) fp##N##_neg(a)
#define MOV_IMM(N) fp_expand_imm((uint8_t)insn_bits(r, 13, 8), N)
FORMS(fp_mov, MOV)
FORMS(fp_abs, ABS)
FORMS(fp_neg, NEG)
FORMS(fp_mov_imm, MOV_IMM)

/* Three-operand forms: the names say what is negated. */
#define ADDEND(N) REG##N(r->d)
#define MADD(N) fp##N##_mul_add(ADDEND(N), a, b, env)
#define MSUB(N) fp##N##_mul_add(ADDEND(N), fp##N##_neg(a), b, env)
#define NMADD(N) fp##N##_mul_add(fp##N##_neg(ADDEND(N)), fp##N##_neg(a), b, env)
#define NMSUB(N) fp##N##_mul_add(fp##N##_neg(ADDEND(N)), a, b, env)
FORMS(fp_madd, MADD)
FORMS(fp_msub, MSUB)
FORMS(fp_nmadd, NMADD)
FORMS(fp_nmsub, NMSUB)

/* FRINT*: bits 17:15 are 0rr, 100 (to nearest, ties away), 110 (exact) or 111 (both by FPCR). */
static enum fp_rounding frint_rounding(const struct pe *pe, const struct record *r)
{
    unsigned code = insn_bits(r, 15, 3);
    return code < 4 ? (enum fp_rounding)code : code == 4 ? ROUND_TIEAWAY : fp_rounding_mode(&pe->fp_env);
}
#define RINT(N) fp##N##_round_int(a, frint_rounding(pe, r), insn_bits(r, 15, 3) == 6, env)
FORMS(fp_rint, RINT)

/* FRINT32Z, 32X, 64Z, 64X: bits 16:15. */
#define RINT_N(N)                                                                                                      \
    fp##N##_round_int_n(a, insn_bit(r, 15) ? fp_rounding_mode(env) : ROUND_ZERO, insn_bit(r, 16) ? 64 : 32, env)
FORM(fp_rint_n_s, 32, RINT_N)
FORM(fp_rint_n_d, 64, RINT_N)

/* ConditionHolds() */
static bool condition_holds(const struct pe *pe, unsigned cond)
{
    unsigned nzcv = pe_nzcv(pe);
    bool n = nzcv & 8, z = nzcv & 4, c = nzcv & 2, v = nzcv & 1, holds = true;
    switch (cond >> 1) {
    case 0: holds = z; break;
    case 1: holds = c; break;
    case 2: holds = n; break;
    case 3: holds = v; break;
    case 4: holds = c && !z; break;
    case 5: holds = n == v; break;
    case 6: holds = n == v && !z; break;
    default: return true;
    }
    return holds != (cond & 1);
}

#define CSEL(N) (condition_holds(pe, insn_bits(r, 12, 4)) ? a : b)
FORMS(fp_csel, CSEL)

/* Comparisons. Bit 4 makes quiet NaNs signal. */
#define COMPARISONS(SUFFIX, N)                                                                                         \
    void fp_cmp_##SUFFIX(struct pe *pe, const struct record *r)                                                        \
    {                                                                                                                  \
        pe_set_nzcv(pe, fp##N##_compare(REG##N(r->b), REG##N(r->c), insn_bit(r, 4), &pe->fp_env));                     \
    }                                                                                                                  \
    void fp_cmp_zero_##SUFFIX(struct pe *pe, const struct record *r)                                                   \
    {                                                                                                                  \
        pe_set_nzcv(pe, fp##N##_compare(REG##N(r->b), 0, insn_bit(r, 4), &pe->fp_env));                                \
    }                                                                                                                  \
    void fp_ccmp_##SUFFIX(struct pe *pe, const struct record *r)                                                       \
    {                                                                                                                  \
        if (condition_holds(pe, insn_bits(r, 12, 4)))                                                                  \
            fp_cmp_##SUFFIX(pe, r);                                                                                    \
        else                                                                                                           \
            pe_set_nzcv(pe, insn_bits(r, 0, 4));                                                                       \
    }

COMPARISONS(h, 16)
COMPARISONS(s, 32)
COMPARISONS(d, 64)
