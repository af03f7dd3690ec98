/* The neighbour of a guest that lies: its memory is its own, and time goes on. */
#include "../lib/test.h"

#define FIRST ((volatile u64 *)0x40200000ul)
enum { WORDS = 0x900000 / 8, STRIDE = 64, MILLISECONDS = 60 };

static u64 pattern(u64 i)
{
    return i * 0x9e3779b97f4a7c15 ^ 0x77697473;
}

void test_main(void)
{
    u64 frequency = READ(cntfrq_el0), start = READ(cntvct_el0), last = start;
    for (u64 i = 0; i < WORDS; i += STRIDE)
        FIRST[i] = pattern(i);
    while (last - start < frequency * MILLISECONDS / 1000) {
        for (u64 i = 0; i < WORDS; i += STRIDE)
            CHECK(FIRST[i] == pattern(i));
        u64 now = READ(cntvct_el0);
        CHECK(now >= last);
        last = now;
    }
    print(checks_failed ? "witness: touched\n" : "witness: as it was\n");
}
