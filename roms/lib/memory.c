#include "memory.h"

void *memset(void *to, int c, size_t n)
{
    for (u8 *p = to; n--;)
        *p++ = (u8)c;
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    u8 *a = to;
    const u8 *b = from;
    if (((uintptr_t)a | (uintptr_t)b) % 8 == 0)
        for (; n >= 8; n -= 8, a += 8, b += 8)
            *(u64 *)(void *)a = *(const u64 *)(const void *)b;
    while (n--)
        *a++ = *b++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    u8 *a = to;
    const u8 *b = from;
    if (a <= b || a >= b + n)
        return memcpy(to, from, n);
    while (n--)
        a[n] = b[n];
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *p = a, *q = b;
    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}
