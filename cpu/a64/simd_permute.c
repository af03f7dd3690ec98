/* EXT, TBL, TBX, ZIP, UZP, TRN. */
#include "cpu/a64/simd.h"

void simd_ext(struct pe *pe, const struct record *r)
{
    const unsigned bytes = insn_bit(r, 30) ? 16 : 8, position = insn_bits(r, 11, 4);
    const union vreg n = pe->v[r->b], m = pe->v[r->c];
    union vreg res = {.d = {0, 0}};
    for (unsigned i = 0; i < bytes; i++) {
        unsigned from = position + i;
        res.b[i] = from < bytes ? n.b[from] : m.b[from - bytes];
    }
    write_vector(pe, r, &res, 0);
}

/* Looks the bytes of Vm up in one to four registers; an index out of range leaves the byte of `res`. */
static void table_lookup(struct pe *pe, const struct record *r, union vreg res)
{
    const unsigned registers = insn_bits(r, 13, 2) + 1;
    const union vreg m = pe->v[r->c];
    union vreg table[4];
    for (unsigned i = 0; i < registers; i++)
        table[i] = pe->v[(r->b + i) & 31];
    for (unsigned i = 0; i < 16; i++)
        if (m.b[i] < registers * 16)
            res.b[i] = table[m.b[i] >> 4].b[m.b[i] & 15];
    write_vector(pe, r, &res, 0);
}

void simd_tbl(struct pe *pe, const struct record *r)
{
    table_lookup(pe, r, (union vreg){.d = {0, 0}});
}

void simd_tbx(struct pe *pe, const struct record *r)
{
    table_lookup(pe, r, pe->v[r->a]);
}

/* The permutations move whole elements: byte number -> (register, byte number), element sizes being powers of two. */
#define PERMUTATION(NAME, SOURCE)                                                                                      \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2), count = element_count(r, size), part = insn_bit(r, 14);             \
        const union vreg operand[2] = {pe->v[r->b], pe->v[r->c]};                                                      \
        union vreg res = {.d = {0, 0}};                                                                                \
        for (unsigned i = 0; i < count; i++) {                                                                         \
            unsigned from = (SOURCE); /* element of Vm:Vn */                                                           \
            const union vreg *v = &operand[from >= count];                                                             \
            from &= count - 1;                                                                                         \
            for (unsigned byte = 0; byte < 1u << size; byte++)                                                         \
                res.b[(i << size) + byte] = v->b[(from << size) + byte];                                               \
        }                                                                                                              \
        write_vector(pe, r, &res, size);                                                                               \
    }

PERMUTATION(simd_uzp, 2 * i + part)
PERMUTATION(simd_zip, (i & 1) * count + part * (count / 2) + i / 2)
PERMUTATION(simd_trn, (i & 1) * count + (i & ~1u) + part)
