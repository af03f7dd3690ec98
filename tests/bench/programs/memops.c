/* Copy, fill, compare and scan loops over 8 KiB buffers (word, byte and 16-byte pair loops). */
#include "program.h"
#ifndef ITERS
#define ITERS 80000
#endif
#define N 8192
static u64 a[N / 8], b[N / 8];
static NOINLINE void copy16(u64 *d, const u64 *s, u64 n)
{
    for (; n; n -= 16, d += 2, s += 2) {
        u64 x = s[0], y = s[1];
        d[0] = x;
        d[1] = y;
    }
}
static NOINLINE void copy64(u64 *d, const u64 *s, u64 n)
{
    for (u64 i = 0; i < n / 8; i++)
        d[i] = s[i];
}
static NOINLINE void fill(u64 *d, u64 v, u64 n)
{
    for (; n; n -= 16, d += 2) {
        d[0] = v;
        d[1] = v;
    }
}
static NOINLINE void copy8(u8 *d, const u8 *s, u64 n)
{
    while (n--) {
        *d++ = *s++;
        __asm__ volatile("" ::: "memory");
    }
}
static NOINLINE u64 len(const u8 *s)
{
    const u8 *p = s;
    while (*p)
        p++;
    return p - s;
}
static NOINLINE u64 compare(const u64 *x, const u64 *y, u64 n)
{
    for (u64 i = 0; i < n / 8; i++)
        if (x[i] != y[i])
            return i;
    return n;
}
void rom_main(void)
{
    u64 sum = 0;
    for (u32 it = 0; it < ITERS; it++) {
        fill(a, 0x0101010101010101ul * (1 + it % 255), N);
        copy16(b, a, N);
        a[it % (N / 8)] ^= 0x10;
        copy64(b, a, N - 8);
        sum += compare(a, b, N);
        copy8((u8 *)a + 1, (u8 *)b, 1024);
        ((u8 *)a)[1500] = 0;
        sum += len((u8 *)a) + a[it % (N / 8)];
    }
    report("memops", ITERS, sum);
}
