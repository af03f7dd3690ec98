/* Moves of elements between vectors and general registers; modified immediates. */
#include "cpu/a64/simd.h"

/* imm5: the lowest set bit gives the element size, the bits above it the index. */
static unsigned imm5_size(const struct record *r)
{
    return (unsigned)__builtin_ctz(insn_bits(r, 16, 5));
}

static unsigned imm5_index(const struct record *r)
{
    return insn_bits(r, 16, 5) >> (imm5_size(r) + 1);
}

static uint64_t get_element(const union vreg *v, unsigned size, unsigned index)
{
    switch (size) {
    case 0: return v->b[index];
    case 1: return v->h[index];
    case 2: return v->s[index];
    default: return v->d[index];
    }
}

static void set_element(union vreg *v, unsigned size, unsigned index, uint64_t value)
{
    switch (size) {
    case 0: v->b[index] = (uint8_t)value; break;
    case 1: v->h[index] = (uint16_t)value; break;
    case 2: v->s[index] = (uint32_t)value; break;
    default: v->d[index] = value; break;
    }
}

/* Replicate() to 64 bits of the low 2^size bytes. */
static uint64_t replicate(uint64_t value, unsigned size)
{
    static const uint64_t ones[] = {0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1};
    uint64_t mask = ~UINT64_C(0) >> (64 - (8 << size));
    return (value & mask) * ones[size];
}

/* Writes 64 bits to each half that the form has. */
static void write_replicated(struct pe *pe, const struct record *r, uint64_t value)
{
    write_q(pe, r->a, value, insn_bit(r, 30) ? value : 0);
}

void simd_dup_elem(struct pe *pe, const struct record *r)
{
    unsigned size = imm5_size(r);
    write_replicated(pe, r, replicate(get_element(&pe->v[r->b], size, imm5_index(r)), size));
}

void simd_dup_general(struct pe *pe, const struct record *r)
{
    write_replicated(pe, r, replicate(xreg_read(pe, r->b), imm5_size(r)));
}

void simd_dup_scalar(struct pe *pe, const struct record *r)
{
    write_d(pe, r->a, get_element(&pe->v[r->b], imm5_size(r), imm5_index(r)));
}

void simd_umov(struct pe *pe, const struct record *r)
{
    xreg_write(pe, r->a, get_element(&pe->v[r->b], imm5_size(r), imm5_index(r)));
}

void simd_smov(struct pe *pe, const struct record *r)
{
    unsigned size = imm5_size(r), shift = 64 - (8u << size);
    uint64_t value = get_element(&pe->v[r->b], size, imm5_index(r)) << shift;
    value = (uint64_t)((int64_t)value >> shift);
    xreg_write(pe, r->a, insn_bit(r, 30) ? value : (uint32_t)value);
}

void simd_ins_general(struct pe *pe, const struct record *r)
{
    set_element(&pe->v[r->a], imm5_size(r), imm5_index(r), xreg_read(pe, r->b));
}

void simd_ins_elem(struct pe *pe, const struct record *r)
{
    unsigned size = imm5_size(r), from = insn_bits(r, 11, 4) >> size;
    set_element(&pe->v[r->a], size, imm5_index(r), get_element(&pe->v[r->b], size, from));
}

/* --- modified immediates --- */

static uint8_t imm8_of(const struct record *r)
{
    return (uint8_t)(insn_bits(r, 16, 3) << 5 | insn_bits(r, 5, 5));
}

/* AdvSIMDExpandImm() */
static uint64_t expand_immediate(const struct record *r)
{
    unsigned cmode = insn_bits(r, 12, 4);
    bool op = insn_bit(r, 29);
    uint8_t imm8 = imm8_of(r);

    switch (cmode >> 1) {
    case 0:
    case 1:
    case 2:
    case 3: return replicate((uint64_t)imm8 << (cmode >> 1) * 8, 2);
    case 4:
    case 5: return replicate((uint64_t)imm8 << (cmode >> 1 & 1) * 8, 1);
    case 6: return replicate(cmode & 1 ? (uint64_t)imm8 << 16 | 0xffff : (uint64_t)imm8 << 8 | 0xff, 2);
    default: break;
    }
    if (cmode & 1)
        return op ? fp_expand_imm(imm8, 64) : replicate(fp_expand_imm(imm8, 32), 2);
    if (!op)
        return replicate(imm8, 0);
    uint64_t bytes = 0; /* each bit of imm8 fills a byte */
    for (unsigned i = 0; i < 8; i++)
        bytes |= imm8 >> i & 1 ? UINT64_C(0xff) << 8 * i : 0;
    return bytes;
}

void simd_movi(struct pe *pe, const struct record *r)
{
    write_replicated(pe, r, expand_immediate(r));
}

void simd_mvni(struct pe *pe, const struct record *r)
{
    write_replicated(pe, r, ~expand_immediate(r));
}

void simd_fmov_half(struct pe *pe, const struct record *r)
{
    write_replicated(pe, r, replicate(fp_expand_imm(imm8_of(r), 16), 1));
}

void simd_orr_imm(struct pe *pe, const struct record *r)
{
    const union vreg d = pe->v[r->a];
    uint64_t immediate = expand_immediate(r);
    write_q(pe, r->a, d.d[0] | immediate, insn_bit(r, 30) ? d.d[1] | immediate : 0);
}

void simd_bic_imm(struct pe *pe, const struct record *r)
{
    const union vreg d = pe->v[r->a];
    uint64_t immediate = expand_immediate(r);
    write_q(pe, r->a, d.d[0] & ~immediate, insn_bit(r, 30) ? d.d[1] & ~immediate : 0);
}
