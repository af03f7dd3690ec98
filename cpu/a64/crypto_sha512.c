/* FEAT_SHA512 and FEAT_SHA3. */
#include "cpu/a64/fpsimd.h"

static uint64_t rotate_right(uint64_t value, unsigned count)
{
    return value >> count | value << (-count & 63);
}

static uint64_t big_sigma1(uint64_t x)
{
    return rotate_right(x, 14) ^ rotate_right(x, 18) ^ rotate_right(x, 41);
}

static uint64_t big_sigma0(uint64_t x)
{
    return rotate_right(x, 28) ^ rotate_right(x, 34) ^ rotate_right(x, 39);
}

static uint64_t majority(uint64_t x, uint64_t y, uint64_t z)
{
    return (x & y) | ((x | y) & z);
}

void crypto_sha512h(struct pe *pe, const struct record *r)
{
    const union vreg w = pe->v[r->a], x = pe->v[r->b], y = pe->v[r->c];
    uint64_t high = (y.d[1] & x.d[0]) ^ (~y.d[1] & x.d[1]);
    high += big_sigma1(y.d[1]) + w.d[1];
    uint64_t sum = high + y.d[0];
    uint64_t low = (sum & y.d[1]) ^ (~sum & x.d[0]);
    low += big_sigma1(sum) + w.d[0];
    write_q(pe, r->a, low, high);
}

void crypto_sha512h2(struct pe *pe, const struct record *r)
{
    const union vreg w = pe->v[r->a], x = pe->v[r->b], y = pe->v[r->c];
    uint64_t high = majority(x.d[0], y.d[1], y.d[0]) + big_sigma0(y.d[0]) + w.d[1];
    uint64_t low = majority(high, y.d[0], y.d[1]) + big_sigma0(high) + w.d[0];
    write_q(pe, r->a, low, high);
}

static uint64_t small_sigma0(uint64_t x)
{
    return rotate_right(x, 1) ^ rotate_right(x, 8) ^ x >> 7;
}

static uint64_t small_sigma1(uint64_t x)
{
    return rotate_right(x, 19) ^ rotate_right(x, 61) ^ x >> 6;
}

void crypto_sha512su0(struct pe *pe, const struct record *r)
{
    const union vreg w = pe->v[r->a], x = pe->v[r->b];
    write_q(pe, r->a, w.d[0] + small_sigma0(w.d[1]), w.d[1] + small_sigma0(x.d[0]));
}

void crypto_sha512su1(struct pe *pe, const struct record *r)
{
    const union vreg w = pe->v[r->a], x = pe->v[r->b], y = pe->v[r->c];
    write_q(pe, r->a, w.d[0] + small_sigma1(x.d[0]) + y.d[0], w.d[1] + small_sigma1(x.d[1]) + y.d[1]);
}

/* --- FEAT_SHA3 --- */

#define EACH_HALF(NAME, EXPRESSION)                                                                                    \
    void NAME(struct pe *pe, const struct record *r)                                                                   \
    {                                                                                                                  \
        const union vreg n = pe->v[r->b], m = pe->v[r->c], a = pe->v[r->d];                                            \
        (void)a;                                                                                                       \
        for (unsigned i = 0; i < 2; i++)                                                                               \
            pe->v[r->a].d[i] = (EXPRESSION);                                                                           \
    }

EACH_HALF(crypto_eor3, n.d[i] ^ m.d[i] ^ a.d[i])
EACH_HALF(crypto_bcax, n.d[i] ^ (m.d[i] & ~a.d[i]))
EACH_HALF(crypto_rax1, n.d[i] ^ rotate_right(m.d[i], 63))
EACH_HALF(crypto_xar, rotate_right(n.d[i] ^ m.d[i], insn_bits(r, 10, 6)))
