/*
 * Data-processing instructions on the SIMD&FP registers: the functions that the rows of a64_fpsimd.decode name.
 *
 * A function gets the decoded record: a, b, c, d are the fields Rd, Rn, Rm and Ra, and imm is the instruction word. The
 * caller has made the access check (CPACR_EL1.FPEN and the like), and has spilled NZCV for rows with `flags`.
 */
#ifndef ARMSIM_CPU_A64_FPSIMD_H
#define ARMSIM_CPU_A64_FPSIMD_H

#include "cpu/a64_forms.h"
#include "cpu/interp/record.h"
#include "cpu/pe.h"

#include <string.h>

typedef void fpsimd_fn(struct pe *pe, const struct record *r);

#define FPSIMD_DECLARE(function, flags) fpsimd_fn function;
A64_EXECUTES(FPSIMD_DECLARE)
#undef FPSIMD_DECLARE

/* A field of the instruction word. */
static inline uint32_t insn_bits(const struct record *r, unsigned lsb, unsigned width)
{
    return (uint32_t)r->imm >> lsb & ((UINT32_C(1) << width) - 1);
}

static inline bool insn_bit(const struct record *r, unsigned bit)
{
    return (uint32_t)r->imm >> bit & 1;
}

/* General registers by their field: 31 is the zero register. */
static inline uint64_t xreg_read(const struct pe *pe, unsigned n)
{
    return pe->x[n == 31 ? REG_ZR : n];
}

static inline void xreg_write(struct pe *pe, unsigned n, uint64_t value)
{
    pe->x[n == 31 ? REG_SINK : n] = value;
}

/*
 * Writes of a register by value. Hosts forward a store to a later load only where it covers the load: vectors are
 * written in one store, scalars, which are mostly read as scalars, in two. Scalar results clear the rest.
 */
static inline void write_q(struct pe *pe, unsigned n, uint64_t low, uint64_t high)
{
    typedef uint64_t vector __attribute__((vector_size(16)));
    const vector value = {low, high};
    memcpy(&pe->v[n], &value, sizeof value);
}

static inline void write_d(struct pe *pe, unsigned n, uint64_t value)
{
    pe->v[n].d[0] = value;
    pe->v[n].d[1] = 0;
}

#endif
