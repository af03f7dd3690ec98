/*
 * How vector instructions are written: the loops over elements. Private to cpu/a64/simd_*.c.
 *
 * A family's macro takes an expression over the elements `a` (of Vn), `b` (of Vm) and `d` (of the old Vd), of type
 * `element`, and yields the element of the result. Forms without side effects work on all 128 bits, which compilers
 * vectorise; write_vector() then keeps what the form defines. Forms that set flags in FPSR visit only the form's own
 * elements.
 * Scalar forms (bit 28 set) are vectors of one element, so one function serves both.
 */
#ifndef ARMSIM_CPU_A64_SIMD_H
#define ARMSIM_CPU_A64_SIMD_H

#include "cpu/a64/fpsimd.h"

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

static inline bool is_scalar(const struct record *r)
{
    return insn_bit(r, 28);
}

/* The number of elements of 2^size bytes that the form has. */
static inline unsigned element_count(const struct record *r, unsigned size)
{
    return is_scalar(r) ? 1 : (8u << insn_bit(r, 30)) >> size;
}

/* Where the narrow operands or results start: at the upper half for the "2" forms. */
static inline unsigned upper_half(const struct record *r, unsigned count)
{
    return !is_scalar(r) && insn_bit(r, 30) ? count : 0;
}

/* Writes all elements of the form and clears the rest of the register. */
static inline void write_vector(struct pe *pe, const struct record *r, const union vreg *result, unsigned size)
{
    uint64_t low = result->d[0];
    if (is_scalar(r))
        write_d(pe, r->a, size == 3 ? low : low & ((UINT64_C(1) << (8 << size)) - 1));
    else if (insn_bit(r, 30))
        pe->v[r->a] = *result;
    else
        write_q(pe, r->a, low, 0);
}

/* A narrowed result: the lower half, or for the "2" forms the upper half, keeping the lower one. */
static inline void write_narrow(struct pe *pe, const struct record *r, uint64_t narrow)
{
    if (!is_scalar(r) && insn_bit(r, 30))
        write_q(pe, r->a, pe->v[r->a].d[0], narrow);
    else
        write_q(pe, r->a, narrow, 0);
}

/* Clang unrolls short loops completely before it would vectorise them, and then sees only bytes. */
#ifdef __clang__
#define VECTOR_LOOP _Pragma("clang loop unroll(disable)")
#else
#define VECTOR_LOOP
#endif

/* One result element from one element of each operand; F is the view of union vreg. */
#define ELEMENTS(T, F, COUNT, EXPRESSION)                                                                              \
    VECTOR_LOOP                                                                                                        \
    for (unsigned i = 0; i < (COUNT); i++) {                                                                           \
        typedef T element;                                                                                             \
        const element a = (element)n.F[i], b = (element)m.F[i], d = (element)old.F[i];                                 \
        (void)a, (void)b, (void)d;                                                                                     \
        res.F[i] = (EXPRESSION);                                                                                       \
    }

/* The same for each element size; P is int or uint. */
#define ALL_ELEMENTS(P, EXPRESSION)                                                                                    \
    switch (size) {                                                                                                    \
    case 0: ELEMENTS(P##8_t, b, 16, EXPRESSION) break;                                                                 \
    case 1: ELEMENTS(P##16_t, h, 8, EXPRESSION) break;                                                                 \
    case 2: ELEMENTS(P##32_t, s, 4, EXPRESSION) break;                                                                 \
    default: ELEMENTS(P##64_t, d, 2, EXPRESSION) break;                                                                \
    }
#define COUNTED_ELEMENTS(P, COUNT, EXPRESSION)                                                                         \
    switch (size) {                                                                                                    \
    case 0: ELEMENTS(P##8_t, b, COUNT, EXPRESSION) break;                                                              \
    case 1: ELEMENTS(P##16_t, h, COUNT, EXPRESSION) break;                                                             \
    case 2: ELEMENTS(P##32_t, s, COUNT, EXPRESSION) break;                                                             \
    default: ELEMENTS(P##64_t, d, COUNT, EXPRESSION) break;                                                            \
    }

/* The operands of a three-register form, by the names that ELEMENTS() uses. */
#define OPERANDS3(pe, r)                                                                                               \
    const union vreg n = (pe)->v[(r)->b], m = (pe)->v[(r)->c], old = (pe)->v[(r)->a];                                  \
    union vreg res = {.d = {0, 0}}
#define OPERANDS2(pe, r)                                                                                               \
    const union vreg n = (pe)->v[(r)->b], m = {.d = {0, 0}}, old = (pe)->v[(r)->a];                                    \
    union vreg res = {.d = {0, 0}}

/* Three same, by bits 23:22, without side effects. */
#define THREE_SAME(NAME, P, EXPRESSION)                                                                                \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2);                                                                     \
        OPERANDS3(pe, r);                                                                                              \
        ALL_ELEMENTS(P, EXPRESSION)                                                                                    \
        write_vector(pe, r, &res, size);                                                                               \
    }

/* Three same with side effects: `fpsr` may collect QC. */
#define THREE_SAME_COUNTED(NAME, P, EXPRESSION)                                                                        \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2), count = element_count(r, size);                                     \
        uint32_t *const fpsr = &pe->fpsr;                                                                              \
        OPERANDS3(pe, r);                                                                                              \
        COUNTED_ELEMENTS(P, count, EXPRESSION)                                                                         \
        write_vector(pe, r, &res, size);                                                                               \
    }

/* Two-register miscellaneous, by bits 23:22: `a` and, for accumulating forms, `d`. */
#define TWO_SAME(NAME, P, EXPRESSION)                                                                                  \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2);                                                                     \
        OPERANDS2(pe, r);                                                                                              \
        ALL_ELEMENTS(P, EXPRESSION)                                                                                    \
        write_vector(pe, r, &res, size);                                                                               \
    }
#define TWO_SAME_COUNTED(NAME, P, EXPRESSION)                                                                          \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2), count = element_count(r, size);                                     \
        uint32_t *const fpsr = &pe->fpsr;                                                                              \
        OPERANDS2(pe, r);                                                                                              \
        COUNTED_ELEMENTS(P, count, EXPRESSION)                                                                         \
        write_vector(pe, r, &res, size);                                                                               \
    }

/* The range of an element type. */
#define IS_SIGNED(T) ((T)-1 < (T)1)
#define BITS(T) (8 * (unsigned)sizeof(T))
#define MAX(T) (((i128)1 << (BITS(T) - IS_SIGNED(T))) - 1)
#define MIN(T) (IS_SIGNED(T) ? -((i128)1 << (BITS(T) - 1)) : (i128)0)

/* SatQ() for the range of a type, and of the loop's elements. */
#define SATURATE_TO(T, value) saturate(value, MIN(T), MAX(T), fpsr)
#define SATURATE(value) SATURATE_TO(element, value)
static inline uint64_t saturate(i128 value, i128 min, i128 max, uint32_t *fpsr)
{
    if (__builtin_expect(value < min || value > max, 0)) {
        *fpsr |= FPSR_QC;
        value = value < min ? min : max;
    }
    return (uint64_t)value;
}

/* Vm:Vn, of which forms on 64 bits take the lower halves. */
union vreg_pair {
    uint8_t b[32];
    uint16_t h[16];
    uint32_t s[8];
    uint64_t d[4];
};

static inline union vreg_pair concatenate(const struct pe *pe, const struct record *r)
{
    const union vreg *n = &pe->v[r->b], *m = &pe->v[r->c];
    if (insn_bit(r, 30))
        return (union vreg_pair){.d = {n->d[0], n->d[1], m->d[0], m->d[1]}};
    return (union vreg_pair){.d = {n->d[0], m->d[0], 0, 0}};
}

/* The half of a register that a long form takes, as the lower half of a vector. */
static inline union vreg narrow_operand(const struct record *r, union vreg v)
{
    return (union vreg){.d = {v.d[upper_half(r, 1)], 0}};
}

/* A value shifted left, or right for a negative count, as an unbounded integer; rounded to nearest if `round`. */
static inline i128 shift_by(i128 value, int shift, bool round)
{
    if (shift >= 64) /* out of every element's range, with the low bits zero */
        return value == 0 ? 0 : value > 0 ? (i128)1 << 126 : -((i128)1 << 126);
    if (shift >= 0)
        return value * ((i128)1 << shift);
    shift = shift < -66 ? 66 : -shift;
    return (value + (round ? (i128)1 << (shift - 1) : 0)) >> shift;
}

/* Operands by element: the number of Vm and the index, by element size (1: 16 bits, 2: 32, 3: 64). */
static inline unsigned indexed_register(const struct record *r, unsigned size)
{
    return size == 1 ? insn_bits(r, 16, 4) : insn_bits(r, 16, 5);
}

static inline unsigned element_index(const struct record *r, unsigned size)
{
    unsigned h = insn_bit(r, 11), l = insn_bit(r, 21), m = insn_bit(r, 20);
    return size == 1 ? h << 2 | l << 1 | m : size == 2 ? h << 1 | l : h;
}

/* A vector whose elements are all the one that a by-element form names. */
static inline union vreg indexed_operand(const struct pe *pe, const struct record *r, unsigned size)
{
    const union vreg *vm = &pe->v[indexed_register(r, size)];
    unsigned index = element_index(r, size);
    uint64_t value = size == 1 ? vm->h[index] * UINT64_C(0x0001000100010001)
                     : size == 2 ? vm->s[index] * UINT64_C(0x0000000100000001)
                                 : vm->d[index];
    return (union vreg){.d = {value, value}};
}

#endif
