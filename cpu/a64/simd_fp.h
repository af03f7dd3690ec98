/* Element sizes and loops of the floating-point vector forms. Private to cpu/a64/simd_fp*.c. */
#ifndef ARMSIM_CPU_A64_SIMD_FP_H
#define ARMSIM_CPU_A64_SIMD_FP_H

#include "cpu/a64/simd.h"

/* log2 of the element's bytes, by class: half-precision forms have encodings of their own. */
static inline unsigned fp_size_same(const struct record *r) /* three same */
{
    return insn_bit(r, 21) ? 2 + insn_bit(r, 22) : 1;
}
static inline unsigned fp_size_misc(const struct record *r) /* two-register miscellaneous */
{
    return insn_bit(r, 19) ? 1 : 2 + insn_bit(r, 22);
}
static inline unsigned fp_size_across(const struct record *r) /* across lanes, scalar pairwise */
{
    return insn_bit(r, 29) ? 2 + insn_bit(r, 22) : 1;
}
static inline unsigned fp_size_element(const struct record *r) /* by element */
{
    return insn_bit(r, 23) ? 2 + insn_bit(r, 22) : 1;
}

/* OPERATION is a macro over the width, an expression in `a`, `b`, `d` and `env`. */
#define FP_ELEMENTS(OPERATION)                                                                                         \
    switch (size) {                                                                                                    \
    case 1: ELEMENTS(uint16_t, h, count, OPERATION(16)) break;                                                         \
    case 2: ELEMENTS(uint32_t, s, count, OPERATION(32)) break;                                                         \
    default: ELEMENTS(uint64_t, d, count, OPERATION(64)) break;                                                        \
    }

#define FP_FORM(NAME, SIZE, OPERANDS, OPERATION)                                                                       \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = SIZE(r), count = element_count(r, size);                                                 \
        struct fp_env *const env = &pe->fp_env;                                                                        \
        OPERANDS(pe, r);                                                                                               \
        (void)env;                                                                                                     \
        FP_ELEMENTS(OPERATION)                                                                                         \
        write_vector(pe, r, &res, size);                                                                               \
    }

#endif
