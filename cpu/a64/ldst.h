/* What the load and store functions share. Each executes one encoding whole: slow, but complete. */
#ifndef ARMSIM_CPU_A64_LDST_H
#define ARMSIM_CPU_A64_LDST_H

#include "cpu/a64/base.h"

#define BITS(word, lsb, width) ((word) >> (lsb) & ((1u << (width)) - 1))

static inline int64_t signed_field(uint32_t word, unsigned lsb, unsigned width)
{
    return (int32_t)(word << (32 - lsb - width)) >> (32 - width);
}

static inline uint64_t read_x(const struct pe *pe, unsigned n) { return n == 31 ? 0 : pe->x[n]; }

static inline void write_x(struct pe *pe, unsigned n, uint64_t value)
{
    if (n != 31)
        pe->x[n] = value;
}

/* Base register: SP for 31, with its alignment check. False: the fault was taken. */
bool ldst_base(struct pe *pe, unsigned n, uint64_t *address);
/* Writes the base back; SP's alignment is looked at again. */
void ldst_writeback(struct pe *pe, unsigned n, uint64_t address);
/* Memory order to register order and back: reverses each element when data is big-endian at this EL. */
void ldst_swap(const struct pe *pe, uint8_t *data, unsigned element, unsigned count);
/* One element of 1, 2, 4 or 8 bytes as a number. */
bool ldst_read(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint64_t *value);
bool ldst_write(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint64_t value);

static inline uint64_t sign_extend(uint64_t value, unsigned bytes)
{
    unsigned shift = 64 - 8 * bytes;
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

/* The syndrome of a single general-purpose register access: SetLSInstructionSyndrome(). */
static inline void set_iss(struct pe *pe, unsigned log2_size, bool sign, unsigned rt, bool is64, bool acqrel)
{
    pe->iss = (struct ls_syndrome){true, (uint8_t)log2_size, sign, (uint8_t)rt, is64, acqrel};
}

#endif
