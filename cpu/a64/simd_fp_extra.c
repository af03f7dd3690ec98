/* Complex numbers (FEAT_FCMA), half-precision products in single-precision sums (FEAT_FHM), BFloat16 (FEAT_BF16). */
#include "cpu/a64/simd_fp.h"

/* FCADD: Vm is rotated by 90 (bit 12 clear) or 270 degrees and added. */
#define COMPLEX_ADD(N, F)                                                                                              \
    for (unsigned i = 0; i < count; i += 2) {                                                                          \
        uint##N##_t real = m.F[i + 1], imaginary = m.F[i];                                                             \
        if (insn_bit(r, 12))                                                                                           \
            imaginary = fp##N##_neg(imaginary);                                                                        \
        else                                                                                                           \
            real = fp##N##_neg(real);                                                                                  \
        res.F[i] = fp##N##_add(n.F[i], real, env);                                                                     \
        res.F[i + 1] = fp##N##_add(n.F[i + 1], imaginary, env);                                                        \
    }

void simd_fcadd(struct pe *pe, const struct record *r)
{
    const unsigned size = insn_bits(r, 22, 2), count = element_count(r, size);
    struct fp_env *const env = &pe->fp_env;
    OPERANDS3(pe, r);
    (void)old;
    switch (size) {
    case 1: COMPLEX_ADD(16, h) break;
    case 2: COMPLEX_ADD(32, s) break;
    default: COMPLEX_ADD(64, d) break;
    }
    write_vector(pe, r, &res, size);
}

/* FCMLA: one half of a complex product; odd rotations take the imaginary part of Vn. */
#define COMPLEX_MULTIPLY_ADD(N, F)                                                                                     \
    for (unsigned i = 0; i < count; i += 2) {                                                                          \
        const unsigned pair = indexed ? 2 * index : i;                                                                 \
        const uint##N##_t factor = n.F[i + (rotation & 1)];                                                            \
        uint##N##_t real = m.F[pair + (rotation & 1)], imaginary = m.F[pair + (~rotation & 1)];                        \
        if (rotation == 1 || rotation == 2)                                                                            \
            real = fp##N##_neg(real);                                                                                  \
        if (rotation >= 2)                                                                                             \
            imaginary = fp##N##_neg(imaginary);                                                                        \
        res.F[i] = fp##N##_mul_add(old.F[i], factor, real, env);                                                       \
        res.F[i + 1] = fp##N##_mul_add(old.F[i + 1], factor, imaginary, env);                                          \
    }

static void complex_multiply_add(struct pe *pe, const struct record *r, unsigned rotation, bool indexed, union vreg m)
{
    const unsigned size = insn_bits(r, 22, 2), count = element_count(r, size);
    const unsigned h = insn_bit(r, 11), l = insn_bit(r, 21), index = size == 1 ? h << 1 | l : h;
    struct fp_env *const env = &pe->fp_env;
    const union vreg n = pe->v[r->b], old = pe->v[r->a];
    union vreg res = {.d = {0, 0}};
    switch (size) {
    case 1: COMPLEX_MULTIPLY_ADD(16, h) break;
    case 2: COMPLEX_MULTIPLY_ADD(32, s) break;
    default: COMPLEX_MULTIPLY_ADD(64, d) break;
    }
    write_vector(pe, r, &res, size);
}

void simd_fcmla(struct pe *pe, const struct record *r)
{
    complex_multiply_add(pe, r, insn_bits(r, 11, 2), false, pe->v[r->c]);
}

void simd_fcmla_elem(struct pe *pe, const struct record *r)
{
    complex_multiply_add(pe, r, insn_bits(r, 13, 2), true, pe->v[insn_bits(r, 16, 5)]);
}

/* FMLAL, FMLSL and, from the upper half of the operands, FMLAL2, FMLSL2 (bit 29). */
static void multiply_add_long(struct pe *pe, const struct record *r, bool subtract, union vreg m, bool indexed)
{
    const unsigned count = element_count(r, 2), base = insn_bit(r, 29) ? count : 0;
    const union vreg n = pe->v[r->b], old = pe->v[r->a];
    union vreg res = {.d = {0, 0}};
    for (unsigned i = 0; i < count; i++) {
        uint16_t a = n.h[base + i], b = m.h[indexed ? 0 : base + i];
        res.s[i] = fp32_mul_add_half(old.s[i], subtract ? fp16_neg(a) : a, b, &pe->fp_env);
    }
    write_vector(pe, r, &res, 2);
}

void simd_fmlal(struct pe *pe, const struct record *r)
{
    multiply_add_long(pe, r, insn_bit(r, 23), pe->v[r->c], false);
}

void simd_fmlal_elem(struct pe *pe, const struct record *r)
{
    multiply_add_long(pe, r, insn_bit(r, 14), indexed_operand(pe, r, 1), true);
}

/* --- BFloat16 --- */

static void bfloat_dot(struct pe *pe, const struct record *r, union vreg m)
{
    const union vreg n = pe->v[r->b];
    union vreg res = pe->v[r->a];
    for (unsigned i = 0; i < 4; i++)
        res.s[i] = bf16_dot_add(res.s[i], n.h[2 * i], n.h[2 * i + 1], m.h[2 * i], m.h[2 * i + 1]);
    write_vector(pe, r, &res, 2);
}

void simd_bfdot(struct pe *pe, const struct record *r)
{
    bfloat_dot(pe, r, pe->v[r->c]);
}

void simd_bfdot_elem(struct pe *pe, const struct record *r)
{
    bfloat_dot(pe, r, indexed_operand(pe, r, 2));
}

/* BFMLALB takes the even elements, BFMLALT (bit 30) the odd ones; both write 128 bits. */
static void bfloat_multiply_add(struct pe *pe, const struct record *r, union vreg m)
{
    const unsigned top = insn_bit(r, 30);
    const union vreg n = pe->v[r->b];
    union vreg *res = &pe->v[r->a];
    for (unsigned i = 0; i < 4; i++)
        res->s[i] = bf16_mul_add(res->s[i], n.h[2 * i + top], m.h[2 * i + top], &pe->fp_env);
}

void simd_bfmlal(struct pe *pe, const struct record *r)
{
    bfloat_multiply_add(pe, r, pe->v[r->c]);
}

void simd_bfmlal_elem(struct pe *pe, const struct record *r)
{
    bfloat_multiply_add(pe, r, indexed_operand(pe, r, 1));
}

/* BFMatMulAdd(): 2x4 by 4x2. */
void simd_bfmmla(struct pe *pe, const struct record *r)
{
    const union vreg n = pe->v[r->b], m = pe->v[r->c];
    union vreg *res = &pe->v[r->a];
    for (unsigned i = 0; i < 4; i++) {
        const uint16_t *row = &n.h[(i >> 1) * 4], *column = &m.h[(i & 1) * 4];
        uint32_t sum = res->s[i];
        sum = bf16_dot_add(sum, row[0], row[1], column[0], column[1]);
        res->s[i] = bf16_dot_add(sum, row[2], row[3], column[2], column[3]);
    }
}
