/* Open-addressing hash table (insert, look up) and quick sort of 4096 keys, 256 KiB touched. */
#include "program.h"
#ifndef ITERS
#define ITERS 2000
#endif
#define N 4096
#define H 16384
struct slot {
    u64 key, val;
};
static struct slot tab[H];
static u64 keys[N];
static u64 rng = 88172645463325252ul;
static u64 rnd(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}
static NOINLINE struct slot *lookup(u64 k)
{
    u64 h = (k * 0x9e3779b97f4a7c15ul) >> 50;
    while (tab[h].key && tab[h].key != k)
        h = (h + 1) & (H - 1);
    return &tab[h];
}
static NOINLINE void qs(u64 *v, long lo, long hi)
{
    while (lo < hi) {
        u64 p = v[(lo + hi) >> 1];
        long i = lo, j = hi;
        while (i <= j) {
            while (v[i] < p)
                i++;
            while (v[j] > p)
                j--;
            if (i <= j) {
                u64 t = v[i];
                v[i] = v[j];
                v[j] = t;
                i++;
                j--;
            }
        }
        if (j - lo < hi - i) {
            qs(v, lo, j);
            lo = i;
        } else {
            qs(v, i, hi);
            hi = j;
        }
    }
}
void rom_main(void)
{
    u64 sum = 0;
    for (u32 it = 0; it < ITERS; it++) {
        for (u32 i = 0; i < H; i++)
            tab[i].key = 0;
        for (u32 i = 0; i < N; i++) {
            u64 k = rnd() | 1;
            keys[i] = k;
            struct slot *s = lookup(k);
            s->key = k;
            s->val = i;
        }
        qs(keys, 0, N - 1);
        for (u32 r = 0; r < 3; r++)
            for (u32 i = 0; i < N; i++)
                sum += lookup(keys[i])->val * (i + r);
        sum ^= keys[it % N];
    }
    report("hashsort", ITERS, sum);
}
