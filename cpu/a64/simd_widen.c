/* Three different and the like: results twice as wide as (one of) the operands. */
#include "cpu/a64/simd.h"

/*
 * Long and wide forms, by bits 23:22, for element sizes of 8 to 32 bits. `a` and `b` are elements of the lower or
 * upper half of Vn and Vm, `wa` is a wide element of Vn, `d` of the old Vd; the result has type `wide`.
 */
#define WIDENING_LOOP(T, F, WIDE, WF, COUNT, EXPRESSION)                                                               \
    VECTOR_LOOP                                                                                                        \
    for (unsigned i = 0; i < (COUNT); i++) {                                                                           \
        typedef WIDE wide;                                                                                             \
        const T a = (T)n.F[i], b = (T)m.F[i];                                                                          \
        const wide wa = (wide)vn.WF[i], d = (wide)old.WF[i];                                                           \
        (void)a, (void)b, (void)wa, (void)d;                                                                           \
        res.WF[i] = (EXPRESSION);                                                                                      \
    }
#define WIDENING_LOOPS(P, EXPRESSION)                                                                                  \
    switch (size) {                                                                                                    \
    case 0: WIDENING_LOOP(P##8_t, b, P##16_t, h, 8, EXPRESSION) break;                                                 \
    case 1: WIDENING_LOOP(P##16_t, h, P##32_t, s, 4, EXPRESSION) break;                                                \
    default: WIDENING_LOOP(P##32_t, s, P##64_t, d, 2, EXPRESSION) break;                                               \
    }
/* Forms that set QC have no bytes, but scalar variants. */
#define WIDENING_LOOPS_COUNTED(P, EXPRESSION)                                                                          \
    if (size == 1)                                                                                                     \
        WIDENING_LOOP(P##16_t, h, P##32_t, s, is_scalar(r) ? 1 : 4, EXPRESSION)                                        \
    else                                                                                                               \
        WIDENING_LOOP(P##32_t, s, P##64_t, d, is_scalar(r) ? 1 : 2, EXPRESSION)

/* The body, given Vm: by register, or one element. */
#define WIDENING(NAME, P, LOOPS, EXPRESSION)                                                                           \
    static inline void NAME##_body(struct pe *pe, const struct record *r, unsigned size, union vreg vm)                \
    {                                                                                                                  \
        uint32_t *const fpsr = &pe->fpsr;                                                                              \
        const union vreg vn = pe->v[r->b], old = pe->v[r->a];                                                          \
        const union vreg n = narrow_operand(r, vn), m = narrow_operand(r, vm);                                         \
        union vreg res = {.d = {0, 0}};                                                                                \
        (void)fpsr;                                                                                                    \
        LOOPS(P, EXPRESSION)                                                                                           \
        pe->v[r->a] = res;                                                                                             \
    }
#define WIDENING_REGISTER(NAME, P, EXPRESSION)                                                                         \
    WIDENING(NAME, P, WIDENING_LOOPS, EXPRESSION)                                                                      \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        NAME##_body(pe, r, insn_bits(r, 22, 2), pe->v[r->c]);                                                          \
    }
#define WIDENING_BOTH(NAME, P, LOOPS, EXPRESSION)                                                                      \
    WIDENING(NAME, P, LOOPS, EXPRESSION)                                                                               \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        NAME##_body(pe, r, insn_bits(r, 22, 2), pe->v[r->c]);                                                          \
    }                                                                                                                  \
    void NAME##_elem(struct pe *pe, const struct record *r)                                                            \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2);                                                                     \
        NAME##_body(pe, r, size, indexed_operand(pe, r, size));                                                        \
    }

#define WIDE_DIFFERENCE ((uint64_t)a - (uint64_t)b)
#define ABSOLUTE_DIFFERENCE (a > b ? WIDE_DIFFERENCE : -WIDE_DIFFERENCE)

WIDENING_REGISTER(simd_saddl, int, (wide)a + b)
WIDENING_REGISTER(simd_uaddl, uint, (wide)a + b)
WIDENING_REGISTER(simd_ssubl, int, (wide)a - b)
WIDENING_REGISTER(simd_usubl, uint, (wide)a - b)
WIDENING_REGISTER(simd_saddw, int, (uint64_t)wa + (uint64_t)b)
WIDENING_REGISTER(simd_uaddw, uint, wa + b)
WIDENING_REGISTER(simd_ssubw, int, (uint64_t)wa - (uint64_t)b)
WIDENING_REGISTER(simd_usubw, uint, wa - b)
WIDENING_REGISTER(simd_sabdl, int, ABSOLUTE_DIFFERENCE)
WIDENING_REGISTER(simd_uabdl, uint, ABSOLUTE_DIFFERENCE)
WIDENING_REGISTER(simd_sabal, int, (uint64_t)d + ABSOLUTE_DIFFERENCE)
WIDENING_REGISTER(simd_uabal, uint, d + ABSOLUTE_DIFFERENCE)

#define WIDE_PRODUCT ((uint64_t)a * (uint64_t)b)
WIDENING_BOTH(simd_smull, int, WIDENING_LOOPS, WIDE_PRODUCT)
WIDENING_BOTH(simd_umull, uint, WIDENING_LOOPS, WIDE_PRODUCT)
WIDENING_BOTH(simd_smlal, int, WIDENING_LOOPS, (uint64_t)d + WIDE_PRODUCT)
WIDENING_BOTH(simd_umlal, uint, WIDENING_LOOPS, d + WIDE_PRODUCT)
WIDENING_BOTH(simd_smlsl, int, WIDENING_LOOPS, (uint64_t)d - WIDE_PRODUCT)
WIDENING_BOTH(simd_umlsl, uint, WIDENING_LOOPS, d - WIDE_PRODUCT)

/* The doubled product saturates first, then the sum does. */
#define DOUBLED ((wide)SATURATE_TO(wide, 2 * (i128)a * b))
WIDENING_BOTH(simd_sqdmull, int, WIDENING_LOOPS_COUNTED, DOUBLED)
WIDENING_BOTH(simd_sqdmlal, int, WIDENING_LOOPS_COUNTED, SATURATE_TO(wide, (i128)d + DOUBLED))
WIDENING_BOTH(simd_sqdmlsl, int, WIDENING_LOOPS_COUNTED, SATURATE_TO(wide, (i128)d - DOUBLED))

/* PolynomialMult() */
static u128 polynomial_multiply(uint64_t a, uint64_t b)
{
    u128 product = 0;
    for (; b; b &= b - 1)
        product ^= (u128)a << __builtin_ctzll(b);
    return product;
}

void simd_pmull(struct pe *pe, const struct record *r)
{
    const unsigned base = upper_half(r, 8);
    const union vreg n = pe->v[r->b], m = pe->v[r->c];
    union vreg res;
    for (unsigned i = 0; i < 8; i++)
        res.h[i] = (uint16_t)polynomial_multiply(n.b[base + i], m.b[base + i]);
    pe->v[r->a] = res;
}

void simd_pmull_64(struct pe *pe, const struct record *r)
{
    const unsigned base = upper_half(r, 1);
    u128 product = polynomial_multiply(pe->v[r->b].d[base], pe->v[r->c].d[base]);
    write_q(pe, r->a, (uint64_t)product, (uint64_t)(product >> 64));
}

/* SHLL, SSHLL, USHLL: widen and shift left. */
#define WIDENING_SHIFT(NAME, P, SIZE, SHIFT)                                                                           \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = (SIZE), shift = (SHIFT);                                                                 \
        const union vreg vn = pe->v[r->b], n = narrow_operand(r, vn), m = n, old = vn;                                 \
        union vreg res;                                                                                                \
        WIDENING_LOOPS(P, (uint64_t)a << shift)                                                                        \
        pe->v[r->a] = res;                                                                                             \
    }

#define IMMEDIATE_SIZE (28 - (unsigned)__builtin_clz(insn_bits(r, 16, 7)))
WIDENING_SHIFT(simd_sshll, int, IMMEDIATE_SIZE, insn_bits(r, 16, 7) - (8u << size))
WIDENING_SHIFT(simd_ushll, uint, IMMEDIATE_SIZE, insn_bits(r, 16, 7) - (8u << size))
WIDENING_SHIFT(simd_shll, uint, insn_bits(r, 22, 2), 8u << size)
