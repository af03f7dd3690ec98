/* Sieve of Eratosthenes over 64 Ki bytes. */
#include "program.h"
#ifndef ITERS
#define ITERS 1600
#endif
#define N 65536
static u8 f[N];
void rom_main(void)
{
    u64 sum = 0;
    for (u32 it = 0; it < ITERS; it++) {
        u32 n = 0;
        for (u32 i = 0; i < N; i++)
            f[i] = 1;
        for (u32 i = 2; i < N; i++)
            if (f[i]) {
                n++;
                for (u32 j = i + i; j < N; j += i)
                    f[j] = 0;
            }
        sum = sum * 17 + n;
    }
    report("sieve", ITERS, sum);
}
