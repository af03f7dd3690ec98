/* Multiplications that also exist by element, saturating doubling ones, and dot products. */
#include "cpu/a64/simd.h"

/* A form with Vm by register, or one of its elements; bits 23:22 give the size. */
#define BY_ELEMENT(NAME)                                                                                               \
    void NAME##_elem(struct pe *pe, const struct record *r)                                                            \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2);                                                                     \
        NAME##_body(pe, r, size, indexed_operand(pe, r, size));                                                        \
    }
#define BY_REGISTER(NAME)                                                                                              \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        NAME##_body(pe, r, insn_bits(r, 22, 2), pe->v[r->c]);                                                          \
    }
#define MULTIPLICATION(NAME, P, EXPRESSION)                                                                            \
    static inline void NAME##_body(struct pe *pe, const struct record *r, unsigned size, union vreg m)                 \
    {                                                                                                                  \
        const unsigned count = element_count(r, size);                                                                 \
        uint32_t *const fpsr = &pe->fpsr;                                                                              \
        const union vreg n = pe->v[r->b], old = pe->v[r->a];                                                           \
        union vreg res = {.d = {0, 0}};                                                                                \
        (void)fpsr;                                                                                                    \
        if (size == 1)                                                                                                 \
            ELEMENTS(P##16_t, h, count, EXPRESSION)                                                                    \
        else                                                                                                           \
            ELEMENTS(P##32_t, s, count, EXPRESSION)                                                                    \
        write_vector(pe, r, &res, size);                                                                               \
    }

/* By register these are in simd_arith.c, with bytes too. */
MULTIPLICATION(simd_mul, uint, (uint64_t)a * b)
MULTIPLICATION(simd_mla, uint, d + (uint64_t)a * b)
MULTIPLICATION(simd_mls, uint, d - (uint64_t)a * b)
BY_ELEMENT(simd_mul)
BY_ELEMENT(simd_mla)
BY_ELEMENT(simd_mls)

/* The high half of twice the product, rounded or not, and added to or subtracted from Vd. */
#define DOUBLED_PRODUCT (2 * (i128)a * b)
#define ROUNDING ((i128)1 << (BITS(element) - 1))
#define HIGH_HALF(value) SATURATE((value) >> BITS(element))
#define WIDENED(value) ((i128)(value) * ((i128)1 << BITS(element)))

MULTIPLICATION(simd_sqdmulh, int, HIGH_HALF(DOUBLED_PRODUCT))
MULTIPLICATION(simd_sqrdmulh, int, HIGH_HALF(DOUBLED_PRODUCT + ROUNDING))
MULTIPLICATION(simd_sqrdmlah, int, HIGH_HALF(WIDENED(d) + DOUBLED_PRODUCT + ROUNDING))
MULTIPLICATION(simd_sqrdmlsh, int, HIGH_HALF(WIDENED(d) - DOUBLED_PRODUCT + ROUNDING))
BY_REGISTER(simd_sqdmulh)
BY_REGISTER(simd_sqrdmulh)
BY_REGISTER(simd_sqrdmlah)
BY_REGISTER(simd_sqrdmlsh)
BY_ELEMENT(simd_sqdmulh)
BY_ELEMENT(simd_sqrdmulh)
BY_ELEMENT(simd_sqrdmlah)
BY_ELEMENT(simd_sqrdmlsh)

/* --- dot products: four products of bytes added to each 32-bit element --- */

#define DOT_PRODUCT(NAME, N_TYPE, M_TYPE)                                                                              \
    static inline void NAME##_body(struct pe *pe, const struct record *r, union vreg m)                                \
    {                                                                                                                  \
        const union vreg n = pe->v[r->b];                                                                              \
        union vreg res = pe->v[r->a];                                                                                  \
        for (unsigned i = 0; i < 16; i++)                                                                              \
            res.s[i / 4] += (uint32_t)((N_TYPE)n.b[i] * (M_TYPE)m.b[i]);                                               \
        write_vector(pe, r, &res, 2);                                                                                  \
    }
#define DOT_BY_REGISTER(NAME)                                                                                          \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        NAME##_body(pe, r, pe->v[r->c]);                                                                               \
    }
#define DOT_BY_ELEMENT(NAME)                                                                                           \
    void NAME##_elem(struct pe *pe, const struct record *r)                                                            \
    {                                                                                                                  \
        NAME##_body(pe, r, indexed_operand(pe, r, 2));                                                                 \
    }

DOT_PRODUCT(simd_sdot, int8_t, int8_t)
DOT_PRODUCT(simd_udot, uint8_t, uint8_t)
DOT_PRODUCT(simd_usdot, uint8_t, int8_t)
DOT_PRODUCT(simd_sudot, int8_t, uint8_t)
DOT_BY_REGISTER(simd_sdot)
DOT_BY_REGISTER(simd_udot)
DOT_BY_REGISTER(simd_usdot)
DOT_BY_ELEMENT(simd_sdot)
DOT_BY_ELEMENT(simd_udot)
DOT_BY_ELEMENT(simd_usdot)
DOT_BY_ELEMENT(simd_sudot)

/* MatMulAdd(): 2x8 by 8x2 bytes, added to 2x2 32-bit elements. */
#define MATRIX_PRODUCT(NAME, N_TYPE, M_TYPE)                                                                           \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const union vreg n = pe->v[r->b], m = pe->v[r->c];                                                             \
        union vreg *res = &pe->v[r->a];                                                                                \
        for (unsigned i = 0; i < 4; i++) {                                                                             \
            uint32_t sum = res->s[i];                                                                                  \
            for (unsigned k = 0; k < 8; k++)                                                                           \
                sum += (uint32_t)((N_TYPE)n.b[(i >> 1) * 8 + k] * (M_TYPE)m.b[(i & 1) * 8 + k]);                       \
            res->s[i] = sum;                                                                                           \
        }                                                                                                              \
    }

MATRIX_PRODUCT(simd_smmla, int8_t, int8_t)
MATRIX_PRODUCT(simd_ummla, uint8_t, uint8_t)
MATRIX_PRODUCT(simd_usmmla, uint8_t, int8_t)
