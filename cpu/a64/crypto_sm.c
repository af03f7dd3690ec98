/* FEAT_SM3 and FEAT_SM4. */
#include "cpu/a64/fpsimd.h"

static uint32_t rotate_left(uint32_t value, unsigned count)
{
    return value << count | value >> (32 - count);
}

/* The permutation P1 of SM3's message expansion. */
static uint32_t permute1(uint32_t x)
{
    return x ^ rotate_left(x, 15) ^ rotate_left(x, 23);
}

void crypto_sm3partw1(struct pe *pe, const struct record *r)
{
    const union vreg d = pe->v[r->a], n = pe->v[r->b], m = pe->v[r->c];
    union vreg res;
    for (unsigned i = 0; i < 4; i++)
        res.s[i] = permute1(d.s[i] ^ n.s[i] ^ rotate_left(i < 3 ? m.s[i + 1] : res.s[0], 15));
    pe->v[r->a] = res;
}

void crypto_sm3partw2(struct pe *pe, const struct record *r)
{
    const union vreg d = pe->v[r->a], n = pe->v[r->b], m = pe->v[r->c];
    union vreg res;
    for (unsigned i = 0; i < 4; i++)
        res.s[i] = d.s[i] ^ n.s[i] ^ rotate_left(m.s[i], 7);
    res.s[3] ^= permute1(rotate_left(n.s[0] ^ rotate_left(m.s[0], 7), 15));
    pe->v[r->a] = res;
}

void crypto_sm3ss1(struct pe *pe, const struct record *r)
{
    uint32_t sum = rotate_left(pe->v[r->b].s[3], 12) + pe->v[r->c].s[3] + pe->v[r->d].s[3];
    write_q(pe, r->a, 0, (uint64_t)rotate_left(sum, 7) << 32);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | ((x | y) & z);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (~x & z);
}

/* SM3TT1A, SM3TT1B. Vd holds the words a (element 3) to d; bits 13:12 choose the word of Vm. */
static void sm3_tt1(struct pe *pe, const struct record *r, uint32_t mixed)
{
    const union vreg d = pe->v[r->a];
    uint32_t ss2 = pe->v[r->b].s[3] ^ rotate_left(d.s[3], 12);
    uint32_t tt1 = mixed + d.s[0] + ss2 + pe->v[r->c].s[insn_bits(r, 12, 2)];
    pe->v[r->a] = (union vreg){.s = {d.s[1], rotate_left(d.s[2], 9), d.s[3], tt1}};
}

/* SM3TT2A, SM3TT2B, on the words e to h. */
static void sm3_tt2(struct pe *pe, const struct record *r, uint32_t mixed)
{
    const union vreg d = pe->v[r->a];
    uint32_t tt2 = mixed + d.s[0] + pe->v[r->b].s[3] + pe->v[r->c].s[insn_bits(r, 12, 2)];
    tt2 ^= rotate_left(tt2, 9) ^ rotate_left(tt2, 17);
    pe->v[r->a] = (union vreg){.s = {d.s[1], rotate_left(d.s[2], 19), d.s[3], tt2}};
}

#define SM3_TT(NAME, STEP, FUNCTION)                                                                                   \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const union vreg *d = &pe->v[r->a];                                                                            \
        STEP(pe, r, FUNCTION(d->s[3], d->s[2], d->s[1]));                                                              \
    }

SM3_TT(crypto_sm3tt1a, sm3_tt1, parity)
SM3_TT(crypto_sm3tt1b, sm3_tt1, majority)
SM3_TT(crypto_sm3tt2a, sm3_tt2, parity)
SM3_TT(crypto_sm3tt2b, sm3_tt2, choose)

/* --- FEAT_SM4 --- */

/* The substitution table of GB/T 32907-2016. */
static const uint8_t SM4_S_BOX[256] = {
    0xd6, 0x90, 0xe9, 0xfe, 0xcc, 0xe1, 0x3d, 0xb7, 0x16, 0xb6, 0x14, 0xc2, 0x28, 0xfb, 0x2c, 0x05,
    0x2b, 0x67, 0x9a, 0x76, 0x2a, 0xbe, 0x04, 0xc3, 0xaa, 0x44, 0x13, 0x26, 0x49, 0x86, 0x06, 0x99,
    0x9c, 0x42, 0x50, 0xf4, 0x91, 0xef, 0x98, 0x7a, 0x33, 0x54, 0x0b, 0x43, 0xed, 0xcf, 0xac, 0x62,
    0xe4, 0xb3, 0x1c, 0xa9, 0xc9, 0x08, 0xe8, 0x95, 0x80, 0xdf, 0x94, 0xfa, 0x75, 0x8f, 0x3f, 0xa6,
    0x47, 0x07, 0xa7, 0xfc, 0xf3, 0x73, 0x17, 0xba, 0x83, 0x59, 0x3c, 0x19, 0xe6, 0x85, 0x4f, 0xa8,
    0x68, 0x6b, 0x81, 0xb2, 0x71, 0x64, 0xda, 0x8b, 0xf8, 0xeb, 0x0f, 0x4b, 0x70, 0x56, 0x9d, 0x35,
    0x1e, 0x24, 0x0e, 0x5e, 0x63, 0x58, 0xd1, 0xa2, 0x25, 0x22, 0x7c, 0x3b, 0x01, 0x21, 0x78, 0x87,
    0xd4, 0x00, 0x46, 0x57, 0x9f, 0xd3, 0x27, 0x52, 0x4c, 0x36, 0x02, 0xe7, 0xa0, 0xc4, 0xc8, 0x9e,
    0xea, 0xbf, 0x8a, 0xd2, 0x40, 0xc7, 0x38, 0xb5, 0xa3, 0xf7, 0xf2, 0xce, 0xf9, 0x61, 0x15, 0xa1,
    0xe0, 0xae, 0x5d, 0xa4, 0x9b, 0x34, 0x1a, 0x55, 0xad, 0x93, 0x32, 0x30, 0xf5, 0x8c, 0xb1, 0xe3,
    0x1d, 0xf6, 0xe2, 0x2e, 0x82, 0x66, 0xca, 0x60, 0xc0, 0x29, 0x23, 0xab, 0x0d, 0x53, 0x4e, 0x6f,
    0xd5, 0xdb, 0x37, 0x45, 0xde, 0xfd, 0x8e, 0x2f, 0x03, 0xff, 0x6a, 0x72, 0x6d, 0x6c, 0x5b, 0x51,
    0x8d, 0x1b, 0xaf, 0x92, 0xbb, 0xdd, 0xbc, 0x7f, 0x11, 0xd9, 0x5c, 0x41, 0x1f, 0x10, 0x5a, 0xd8,
    0x0a, 0xc1, 0x31, 0x88, 0xa5, 0xcd, 0x7b, 0xbd, 0x2d, 0x74, 0xd0, 0x12, 0xb8, 0xe5, 0xb4, 0xb0,
    0x89, 0x69, 0x97, 0x4a, 0x0c, 0x96, 0x77, 0x7e, 0x65, 0xb9, 0xf1, 0x09, 0xc5, 0x6e, 0xc6, 0x84,
    0x18, 0xf0, 0x7d, 0xec, 0x3a, 0xdc, 0x4d, 0x20, 0x79, 0xee, 0x5f, 0x3e, 0xd7, 0xcb, 0x39, 0x48,
};

static uint32_t substitute(uint32_t word)
{
    return (uint32_t)SM4_S_BOX[word >> 24] << 24 | (uint32_t)SM4_S_BOX[word >> 16 & 255] << 16 |
           (uint32_t)SM4_S_BOX[word >> 8 & 255] << 8 | SM4_S_BOX[word & 255];
}

/* Four rounds on `state` with the words of `key`. */
static void sm4_rounds(struct pe *pe, const struct record *r, union vreg state, union vreg key, bool expansion)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t x = substitute(state.s[3] ^ state.s[2] ^ state.s[1] ^ key.s[i]);
        if (expansion)
            x ^= rotate_left(x, 13) ^ rotate_left(x, 23);
        else
            x ^= rotate_left(x, 2) ^ rotate_left(x, 10) ^ rotate_left(x, 18) ^ rotate_left(x, 24);
        x ^= state.s[0];
        state = (union vreg){.s = {state.s[1], state.s[2], state.s[3], x}};
    }
    pe->v[r->a] = state;
}

void crypto_sm4e(struct pe *pe, const struct record *r)
{
    sm4_rounds(pe, r, pe->v[r->a], pe->v[r->b], false);
}

void crypto_sm4ekey(struct pe *pe, const struct record *r)
{
    sm4_rounds(pe, r, pe->v[r->b], pe->v[r->c], true);
}
