/* Cold code: 1.5 M distinct instructions, each executed once per pass (one pass by default). */
#include "program.h"
#ifndef ITERS
#define ITERS 1
#endif
u64 cold_code(u64 *scratch);
static u64 scratch[64];
void rom_main(void)
{
    u64 sum = 0;
    for (u32 i = 0; i < ITERS; i++)
        sum = sum * 31 + cold_code(scratch);
    report("cold", ITERS, sum);
}
