/* Common support: PL011 output, the mem* functions that gcc may call. */
#include "program.h"

#define UART_DR ((volatile u32 *)0x09000000ul)
void put_str(const char *s)
{
    while (*s)
        *UART_DR = (u8)*s++;
}

void put_u64(u64 v)
{
    char b[24];
    int i = 23;
    b[i] = 0;
    do {
        b[--i] = '0' + v % 10;
        v /= 10;
    } while (v);
    put_str(b + i);
}

void put_hex(u64 v)
{
    char b[20];
    int i = 19;
    b[i] = 0;
    do {
        b[--i] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    put_str(b + i);
}

void report(const char *name, u64 iters, u64 sum)
{
    put_str(name);
    put_str(" ");
    put_u64(iters);
    put_str(" ");
    put_hex(sum);
    put_str("\n");
}

void *memcpy(void *d, const void *s, u64 n)
{
    u8 *a = d;
    const u8 *b = s;
    while (n >= 8) {
        *(u64 *)a = *(const u64 *)b;
        a += 8;
        b += 8;
        n -= 8;
    }
    while (n--)
        *a++ = *b++;
    return d;
}

void *memset(void *d, int c, u64 n)
{
    u8 *a = d;
    u64 v = (u8)c * 0x0101010101010101ul;
    while (n >= 8) {
        *(u64 *)a = v;
        a += 8;
        n -= 8;
    }
    while (n--)
        *a++ = c;
    return d;
}
