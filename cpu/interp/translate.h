/*
 * Translators: each makes the record of one family of encodings, picking the operation and placing the operands.
 * Registers: 31 becomes ZR (32) as a source, the sink (33) as a destination, or stays SP.
 */
#ifndef ARMSIM_CPU_INTERP_TRANSLATE_H
#define ARMSIM_CPU_INTERP_TRANSLATE_H

#include "cpu/a64_forms.h"
#include "cpu/interp/interp.h"

#define BITS(word, lsb, width) ((word) >> (lsb) & ((1u << (width)) - 1))
#define RD (insn & 31)
#define RN (insn >> 5 & 31)
#define RM (insn >> 16 & 31)
#define RA (insn >> 10 & 31)
#define SF (insn >> 31)

typedef unsigned translator_fn(const struct translation *t, uint32_t insn, struct record *r);

static inline uint8_t source(unsigned n) { return n == 31 ? REG_ZR : n; }
static inline uint8_t target(unsigned n) { return n == 31 ? REG_SINK : n; }
static inline int64_t signed_bits(uint32_t word, unsigned lsb, unsigned width)
{
    return (int32_t)(word << (32 - lsb - width)) >> (32 - width);
}

/* OP_name_32 is directly followed by OP_name_64: the parameter lists in ops.list say so. */
#define BY_WIDTH(op32) (OP_##op32##_32 + SF)

/* To be executed by the form's C function, which translate() finds: the record keeps the word. */
static inline unsigned slow(uint32_t insn, struct record *r)
{
    r->imm = (int32_t)insn;
    return OP_CALL_FIRST;
}

/* ops.list has the conditions innermost, AL and NV left out. */
enum { CONDITIONS = 14 };

#define TRANSLATOR(name) translator_fn translate_##name;
A64_TRANSLATORS(TRANSLATOR)
#undef TRANSLATOR

#endif
