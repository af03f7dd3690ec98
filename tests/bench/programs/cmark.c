/* Integer mix: linked list (find, reverse, merge sort), 16-bit matrix multiply, token state machine, CRC-16. */
#include "program.h"
#ifndef ITERS
#define ITERS 30000
#endif
struct node {
    struct node *next;
    s16 key, val;
};
#define NN 100
#define M  16
static struct node pool[NN];
static s16 ma[M * M], mb[M * M];
static s32 mc[M * M];
static const char text[] = "5012,-4.5e2,0x1f,+7,abc,1.25,-99,3e-4,+.5,9999,12.,7e,T,-0,77.125e+3,";

static u16 crc8(u8 d, u16 crc)
{
    for (int i = 0; i < 8; i++) {
        u16 x = (d & 1) ^ (crc & 1);
        d >>= 1;
        crc >>= 1;
        if (x)
            crc ^= 0xa001;
    }
    return crc;
}
static NOINLINE u16 crc32b(u32 v, u16 crc)
{
    for (int i = 0; i < 4; i++) {
        crc = crc8((u8)v, crc);
        v >>= 8;
    }
    return crc;
}
static NOINLINE struct node *find(struct node *l, s16 key)
{
    while (l && l->key != key)
        l = l->next;
    return l;
}
static NOINLINE struct node *reverse(struct node *l)
{
    struct node *r = 0;
    while (l) {
        struct node *n = l->next;
        l->next = r;
        r = l;
        l = n;
    }
    return r;
}
static NOINLINE s32 cmp_key(const struct node *a, const struct node *b)
{
    return a->key - b->key;
}
static NOINLINE s32 cmp_val(const struct node *a, const struct node *b)
{
    return a->val - b->val;
}
static NOINLINE struct node *sort(struct node *list, s32 (*cmp)(const struct node *, const struct node *))
{
    for (int in = 1;; in *= 2) {
        struct node *p = list, *tail = 0;
        int merges = 0;
        list = 0;
        while (p) {
            struct node *q = p;
            int ps = 0, qs = in;
            merges++;
            for (int i = 0; i < in && q; i++) {
                ps++;
                q = q->next;
            }
            while (ps > 0 || (qs > 0 && q)) {
                struct node *e;
                if (ps == 0) {
                    e = q;
                    q = q->next;
                    qs--;
                } else if (qs == 0 || !q || cmp(p, q) <= 0) {
                    e = p;
                    p = p->next;
                    ps--;
                } else {
                    e = q;
                    q = q->next;
                    qs--;
                }
                if (tail)
                    tail->next = e;
                else
                    list = e;
                tail = e;
            }
            p = q;
        }
        tail->next = 0;
        if (merges <= 1)
            return list;
    }
}
static NOINLINE u32 matmul(s16 k)
{
    u32 sum = 0;
    for (int i = 0; i < M * M; i++)
        ma[i] += k;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++) {
            s32 t = 0;
            for (int x = 0; x < M; x++)
                t += (s32)ma[i * M + x] * (s32)mb[x * M + j];
            mc[i * M + j] = t;
        }
    for (int i = 0; i < M * M; i++)
        sum += (mc[i] >> 2) & 0x7f ? mc[i] : sum >> 1;
    for (int i = 0; i < M * M; i++)
        ma[i] -= k;
    return sum;
}
enum { S0, SINT, SFLOAT, SEXP, SSIGN, SHEX, SBAD, NS };
static NOINLINE int token(const char **pp, u32 *counts)
{
    const char *p = *pp;
    int s = S0;
    for (; *p && *p != ','; p++) {
        char c = *p;
        int dig = c >= '0' && c <= '9';
        counts[s]++;
        switch (s) {
        case S0:
            s = dig ? SINT : c == '+' || c == '-' ? SSIGN : c == '.' ? SFLOAT : SBAD;
            break;
        case SSIGN:
            s = dig ? SINT : c == '.' ? SFLOAT : SBAD;
            break;
        case SINT:
            s = dig ? SINT : c == '.' ? SFLOAT : c == 'e' ? SEXP : c == 'x' ? SHEX : SBAD;
            break;
        case SFLOAT:
            s = dig ? SFLOAT : c == 'e' ? SEXP : SBAD;
            break;
        case SEXP:
            s = dig || c == '+' || c == '-' ? SEXP : SBAD;
            break;
        case SHEX:
            s = dig || (c >= 'a' && c <= 'f') ? SHEX : SBAD;
            break;
        default:
            break;
        }
    }
    if (*p == ',')
        p++;
    *pp = p;
    return s;
}
void rom_main(void)
{
    u32 counts[NS + 1] = {0};
    u16 crc = 0xffff;
    for (int i = 0; i < M * M; i++) {
        ma[i] = i * 7 % 61;
        mb[i] = i * 13 % 53;
    }
    struct node *list = 0;
    for (int i = 0; i < NN; i++) {
        pool[i].key = (i * 37) % NN;
        pool[i].val = (i * 59) % 101;
        pool[i].next = list;
        list = &pool[i];
    }
    for (u32 it = 0; it < ITERS; it++) {
        for (int k = 0; k < 20; k++) {
            struct node *n = find(list, (it + k * 5) % NN);
            if (n)
                crc = crc32b(n->val, crc);
            list = reverse(list);
        }
        list = sort(list, it & 1 ? cmp_val : cmp_key);
        crc = crc32b(list->val ^ (list->next->key << 16), crc);
        crc = crc32b(matmul(it & 15), crc);
        for (const char *p = text; *p;)
            counts[token(&p, counts)]++;
        crc = crc32b(counts[it % NS], crc);
    }
    report("cmark", ITERS, crc);
}
