/* Dhrystone-style mix: records behind pointers, string copy and compare, small calls, enumerations. */
#include "program.h"
#ifndef ITERS
#define ITERS 4000000
#endif
typedef enum { E1, E2, E3, E4, E5 } en;
struct rec {
    struct rec *next;
    en disc, enum_comp;
    int int_comp;
    char str[32];
};
static struct rec r1, r2, *gp, *gnext;
static int g_int, g_bool;
static char g_c1, g_c2;
static int a1[50], a2[50][50];
static NOINLINE void scopy(char *d, const char *s)
{
    while ((*d++ = *s++))
        ;
}
static NOINLINE int scmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (u8)*a - (u8)*b;
}
static NOINLINE en f1(char a, char b)
{
    char c = a;
    return c != b ? E1 : (g_c1 = c, E2);
}
static NOINLINE int f2(const char *a, const char *b)
{
    int i = 2;
    char c = 'A';
    while (i <= 2)
        if (f1(a[i], b[i + 1]) == E1) {
            c = 'A';
            i++;
        }
    if (c >= 'W' && c < 'Z')
        i = 7;
    if (c == 'R')
        return 1;
    if (scmp(a, b) > 0) {
        g_int = i + 7;
        return 1;
    }
    return 0;
}
static NOINLINE int f3(en e)
{
    return e == E3;
}
static NOINLINE void p7(int a, int b, int *o)
{
    *o = b + a + 2;
}
static NOINLINE void p8(int *x, int y[][50], int i, int v)
{
    int l = i + 5;
    x[l] = v;
    x[l + 1] = x[l];
    x[l + 30 - 8] = l;
    for (int k = l; k <= l + 1; k++)
        y[l][k] = l;
    y[l][l - 1]++;
    y[l + 20][l] = x[l];
    g_int = 5;
}
static NOINLINE void p6(en e, en *o)
{
    *o = e;
    if (!f3(e))
        *o = E4;
    switch (e) {
    case E1:
        *o = E1;
        break;
    case E2:
        *o = g_int > 100 ? E1 : E4;
        break;
    case E3:
        *o = E2;
        break;
    case E4:
        break;
    case E5:
        *o = E3;
    }
}
static NOINLINE void p3(struct rec **o)
{
    if (gp)
        *o = gp->next;
    p7(10, g_int, &gp->int_comp);
}
static NOINLINE void p1(struct rec *p)
{
    struct rec *n = p->next;
    *p->next = *gp;
    p->int_comp = 5;
    n->int_comp = p->int_comp;
    n->next = p->next;
    p3(&n->next);
    if (n->disc == E1) {
        n->int_comp = 6;
        p6(p->enum_comp, &n->enum_comp);
        n->next = gp->next;
        p7(n->int_comp, 10, &n->int_comp);
    } else
        *p = *p->next;
}
static NOINLINE void p2(int *x)
{
    int l = *x + 10;
    for (;;)
        if (g_c1 == 'A') {
            l--;
            *x = l - g_int;
            break;
        } else {
            *x = l;
            break;
        }
}
void rom_main(void)
{
    char s1[32], s2[32];
    int i1, i2 = 0, i3 = 0;
    en e;
    u64 sum = 0;
    gnext = &r2;
    gp = &r1;
    r1.next = gnext;
    r1.disc = E1;
    r1.enum_comp = E3;
    r1.int_comp = 40;
    scopy(r1.str, "DHRYSTONE PROGRAM, SOME STRING");
    scopy(s1, "DHRYSTONE PROGRAM, 1'ST STRING");
    for (u32 it = 1; it <= ITERS; it++) {
        g_bool = 0;
        g_c1 = 'A';
        g_c2 = 'B';
        i1 = 2;
        i2 = 3;
        scopy(s2, "DHRYSTONE PROGRAM, 2'ND STRING");
        e = E2;
        g_bool = !f2(s1, s2);
        while (i1 < i2) {
            i3 = 5 * i1 - i2;
            p7(i1, i2, &i3);
            i1++;
        }
        p8(a1, a2, i1, i3);
        p1(gp);
        for (char c = 'A'; c <= g_c2; c++)
            if (e == f1(c, 'C'))
                p6(E1, &e);
        i2 = i2 * i1;
        i1 = i2 / i3;
        i2 = 7 * (i2 - i3) - i1;
        p2(&i1);
        sum = sum * 31 + i1 + i2 + i3 + e + g_int + g_bool;
    }
    report("dhry", ITERS, sum);
}
