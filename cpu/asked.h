/*
 * The host's watchpoints and hooks on memory: each access of an instruction is told to it before the first of them is
 * made, and before anything changes: no TLB entry, no access flag, no monitor. What would fault isn't told.
 */
#ifndef ARMSIM_CPU_ASKED_H
#define ARMSIM_CPU_ASKED_H

#include "cpu/pe.h"

#include <string.h>

enum { ASKED_BYTES = 32 }; /* of one instruction's load or store: LDP of Q registers */

/* What the host wants to be read, byte by byte in memory order. */
struct asked_data {
    uint8_t data[ASKED_BYTES];
    uint32_t replaced; /* bit n: byte n */
};

enum asked ask_read(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access,
                    struct asked_data *asked);

/* MMIO is accessed in naturally aligned pieces, the largest first: the size of the first of `left` bytes. */
static inline unsigned aligned_piece(uint64_t address, unsigned left)
{
    unsigned size = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    while (address & (size - 1))
        size >>= 1;
    return size;
}

static inline bool asked_for_all(const struct asked_data *asked, unsigned size)
{
    return asked->replaced == (uint32_t)((1ull << size) - 1);
}

/* Returns true. */
static inline bool asked_put(const struct asked_data *asked, unsigned size, uint8_t *data)
{
    for (unsigned i = 0; i < size; i++)
        if (asked->replaced >> i & 1)
            data[i] = asked->data[i];
    return true;
}

#endif
