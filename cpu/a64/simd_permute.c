/* EXT, TBL, TBX, ZIP, UZP, TRN. */
#include "cpu/a64/simd.h"

void simd_ext(struct pe *pe, const struct record *r)
{
    const unsigned shift = 8 * insn_bits(r, 11, 4);
    const union vreg_pair pair = concatenate(pe, r);
    if (!insn_bit(r, 30)) {
        write_d(pe, r->a, (uint64_t)(((u128)pair.d[1] << 64 | pair.d[0]) >> shift));
        return;
    }
    const uint64_t *from = &pair.d[shift / 64];
    const unsigned bits = shift % 64;
    uint64_t low = from[0], high = from[1];
    if (bits) {
        low = low >> bits | high << (64 - bits);
        high = high >> bits | from[2] << (64 - bits);
    }
    write_q(pe, r->a, low, high);
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

/* UZP, ZIP, TRN in the element size of bits 23:22; bit 14 (`part`) tells 1 and 2. */
#define PERMUTATION(NAME, LOOP)                                                                                        \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const unsigned size = insn_bits(r, 22, 2), part = insn_bit(r, 14);                                             \
        const unsigned middle = part ? element_count(r, size) / 2 : 0;                                                 \
        const union vreg_pair pair = concatenate(pe, r);                                                               \
        const union vreg n = pe->v[r->b], m = pe->v[r->c];                                                             \
        union vreg res;                                                                                                \
        (void)middle, (void)pair, (void)n, (void)m;                                                                    \
        switch (size) {                                                                                                \
        case 0: LOOP(b, 16) break;                                                                                     \
        case 1: LOOP(h, 8) break;                                                                                      \
        case 2: LOOP(s, 4) break;                                                                                      \
        default: LOOP(d, 2) break;                                                                                     \
        }                                                                                                              \
        write_vector(pe, r, &res, size);                                                                               \
    }

#define UNZIP(F, COUNT)                                                                                                \
    for (unsigned i = 0; i < (COUNT); i++)                                                                             \
        res.F[i] = pair.F[2 * i + part];
#define ZIP(F, COUNT)                                                                                                  \
    for (unsigned i = 0; i < (COUNT); i += 2) {                                                                        \
        res.F[i] = n.F[middle + i / 2];                                                                                \
        res.F[i + 1] = m.F[middle + i / 2];                                                                            \
    }
#define TRANSPOSE(F, COUNT)                                                                                            \
    for (unsigned i = 0; i < (COUNT); i += 2) {                                                                        \
        res.F[i] = n.F[i + part];                                                                                      \
        res.F[i + 1] = m.F[i + part];                                                                                  \
    }

PERMUTATION(simd_uzp, UNZIP)
PERMUTATION(simd_zip, ZIP)
PERMUTATION(simd_trn, TRANSPOSE)
