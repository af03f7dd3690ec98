/* Scalar double matrix multiply, 64x64, plus a Newton square-root and a Horner polynomial. */
#include "program.h"
#ifndef ITERS
#define ITERS 1100
#endif
#define N 64
static double a[N][N], b[N][N], c[N][N];
void rom_main(void)
{
    double acc = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = i * 0.5 - j * 0.25;
            b[i][j] = (i ^ j) * 0.125 + 1;
        }
    for (u32 it = 0; it < ITERS; it++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double s = 0;
                for (int k = 0; k < N; k++)
                    s += a[i][k] * b[k][j];
                c[i][j] = s;
            }
        for (int i = 0; i < N; i++) {
            double x = c[i][i] < 0 ? -c[i][i] + 1 : c[i][i] + 1, r = x;
            for (int k = 0; k < 12; k++)
                r = 0.5 * (r + x / r);
            acc += r + (((0.1 * r + 0.2) * r - 0.3) * r + 0.4) / x;
        }
        acc *= 0.5;
        a[it % N][(it * 7) % N] += 0.0625;
    }
    union {
        double d;
        u64 u;
    } v = {acc};
    report("fpmm", ITERS, v.u);
}
