/* FEAT_SHA1 and FEAT_SHA256. */
#include "cpu/a64/fpsimd.h"

static uint32_t rotate_left(uint32_t value, unsigned count)
{
    return value << count | value >> (32 - count);
}

static uint32_t rotate_right(uint32_t value, unsigned count)
{
    return value >> count | value << (32 - count);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return ((y ^ z) & x) ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | ((x | y) & z);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

/* SHA1C, SHA1P, SHA1M: four rounds. Vd holds a to d, Vn e, Vm the schedule. */
#define SHA1_ROUNDS(NAME, FUNCTION)                                                                                    \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        union vreg x = pe->v[r->a];                                                                                    \
        uint32_t y = pe->v[r->b].s[0];                                                                                 \
        const union vreg w = pe->v[r->c];                                                                              \
        for (unsigned e = 0; e < 4; e++) {                                                                             \
            y += rotate_left(x.s[0], 5) + FUNCTION(x.s[1], x.s[2], x.s[3]) + w.s[e];                                   \
            uint32_t last = x.s[3];                                                                                    \
            x.s[3] = x.s[2];                                                                                           \
            x.s[2] = rotate_left(x.s[1], 30);                                                                          \
            x.s[1] = x.s[0];                                                                                           \
            x.s[0] = y;                                                                                                \
            y = last;                                                                                                  \
        }                                                                                                              \
        pe->v[r->a] = x;                                                                                               \
    }

SHA1_ROUNDS(crypto_sha1c, choose)
SHA1_ROUNDS(crypto_sha1p, parity)
SHA1_ROUNDS(crypto_sha1m, majority)

void crypto_sha1h(struct pe *pe, const struct record *r)
{
    write_d(pe, r->a, rotate_left(pe->v[r->b].s[0], 30));
}

void crypto_sha1su0(struct pe *pe, const struct record *r)
{
    const union vreg d = pe->v[r->a], n = pe->v[r->b], m = pe->v[r->c];
    write_q(pe, r->a, d.d[1] ^ d.d[0] ^ m.d[0], n.d[0] ^ d.d[1] ^ m.d[1]);
}

void crypto_sha1su1(struct pe *pe, const struct record *r)
{
    const union vreg d = pe->v[r->a], n = pe->v[r->b];
    union vreg res;
    for (unsigned i = 0; i < 4; i++)
        res.s[i] = rotate_left(d.s[i] ^ (i < 3 ? n.s[i + 1] : 0), 1);
    res.s[3] ^= rotate_left(res.s[0], 1);
    pe->v[r->a] = res;
}

/* SHA256hash(): x holds a to d, y holds e to h. */
static void sha256_rounds(union vreg *x, union vreg *y, const union vreg *w)
{
    for (unsigned e = 0; e < 4; e++) {
        uint32_t sigma1 = rotate_right(y->s[0], 6) ^ rotate_right(y->s[0], 11) ^ rotate_right(y->s[0], 25);
        uint32_t sigma0 = rotate_right(x->s[0], 2) ^ rotate_right(x->s[0], 13) ^ rotate_right(x->s[0], 22);
        uint32_t t = y->s[3] + sigma1 + choose(y->s[0], y->s[1], y->s[2]) + w->s[e];
        uint32_t new_e = t + x->s[3];
        uint32_t new_a = t + sigma0 + majority(x->s[0], x->s[1], x->s[2]);
        for (unsigned i = 3; i > 0; i--) {
            x->s[i] = x->s[i - 1];
            y->s[i] = y->s[i - 1];
        }
        x->s[0] = new_a;
        y->s[0] = new_e;
    }
}

void crypto_sha256h(struct pe *pe, const struct record *r)
{
    union vreg x = pe->v[r->a], y = pe->v[r->b];
    sha256_rounds(&x, &y, &pe->v[r->c]);
    pe->v[r->a] = x;
}

void crypto_sha256h2(struct pe *pe, const struct record *r)
{
    union vreg x = pe->v[r->b], y = pe->v[r->a];
    sha256_rounds(&x, &y, &pe->v[r->c]);
    pe->v[r->a] = y;
}

void crypto_sha256su0(struct pe *pe, const struct record *r)
{
    const union vreg d = pe->v[r->a], n = pe->v[r->b];
    for (unsigned i = 0; i < 4; i++) {
        uint32_t next = i < 3 ? d.s[i + 1] : n.s[0];
        pe->v[r->a].s[i] = d.s[i] + (rotate_right(next, 7) ^ rotate_right(next, 18) ^ next >> 3);
    }
}

void crypto_sha256su1(struct pe *pe, const struct record *r)
{
    const union vreg d = pe->v[r->a], n = pe->v[r->b], m = pe->v[r->c];
    union vreg res;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t earlier = i < 2 ? m.s[i + 2] : res.s[i - 2];
        uint32_t sigma = rotate_right(earlier, 17) ^ rotate_right(earlier, 19) ^ earlier >> 10;
        res.s[i] = d.s[i] + (i < 3 ? n.s[i + 1] : m.s[0]) + sigma;
    }
    pe->v[r->a] = res;
}
