/* Numbers that follow from a seed. */
#ifndef ARMSIM_FRONTENDS_RANDOM_H
#define ARMSIM_FRONTENDS_RANDOM_H

#include <stdint.h>

/* SplitMix64: any seed will do, and every state has a different successor. */
static inline uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif
