/* Call/return bound: naive recursive Fibonacci plus the Ackermann function. */
#include "program.h"
#ifndef ITERS
#define ITERS 75
#endif
static NOINLINE u64 fib(u64 n)
{
    if (n < 2)
        return n;
    u64 a = fib(n - 1);
    __asm__ volatile("" : "+r"(a));
    return a + fib(n - 2);
}
static NOINLINE u64 ack(u64 m, u64 n)
{
    if (!m)
        return n + 1;
    if (!n)
        return ack(m - 1, 1);
    u64 t = ack(m, n - 1);
    __asm__ volatile("" : "+r"(t));
    return ack(m - 1, t);
}
void rom_main(void)
{
    u64 sum = 0;
    for (u32 it = 0; it < ITERS; it++)
        sum = sum * 3 + fib(30) + ack(2, 300 + it);
    report("fib", ITERS, sum);
}
