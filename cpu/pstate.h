/*
 * PSTATE as SPSR_ELx has it, and back. The bytes of struct pstate are taken as two words, because exceptions and their
 * returns change nearly all of it at once: a word that was just written byte by byte is slow to read.
 */
#ifndef ARMSIM_CPU_PSTATE_H
#define ARMSIM_CPU_PSTATE_H

#include "cpu/pe.h"

#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(struct pstate) == 16, "two words");
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "PSTATE's words are laid out for a little-endian host"
#endif

enum { SPSR_TCO = 25, SPSR_DIT = 24, SPSR_PAN = 22, SPSR_SS = 21, SPSR_IL = 20, SPSR_SSBS = 12, SPSR_BTYPE = 10,
       SPSR_F = 6, SPSR_NRW = 4, SPSR_EL = 2 };

/* A value of PSTATE.member in its word. */
#define PSTATE_WORD(member, value) ((uint64_t)(value) << 8 * (offsetof(struct pstate, member) % 8))
/* Where the PE is: M[4:0]. In the second word. */
#define PSTATE_MODE (PSTATE_WORD(el, 0xff) | PSTATE_WORD(sp, 0xff) | PSTATE_WORD(nrw, 0xff))

struct pstate_words {
    uint64_t low, high;
};

static inline struct pstate_words pstate_words(const struct pe *pe)
{
    struct pstate_words words;
    memcpy(&words, &pe->pstate, sizeof(words));
    return words;
}

static inline void pstate_set_words(struct pe *pe, struct pstate_words words)
{
    memcpy(&pe->pstate, &words, sizeof(words));
}

static inline unsigned pstate_member(uint64_t word, size_t offset) { return word >> 8 * (offset % 8) & 0xff; }
#define PSTATE_MEMBER(words, member) pstate_member((words).high, offsetof(struct pstate, member))

/* SPSR_ELx value of the present PSTATE. */
static inline uint64_t pstate_to_spsr(const struct pe *pe)
{
    struct pstate_words words = pstate_words(pe);
    /* Eight bytes that are 0 or 1 to bits, the first to bit 0: no two of the product's terms meet. */
    unsigned low = (unsigned)(words.low * 0x0102040810204080 >> 56);
    uint64_t spsr = (uint64_t)pe_nzcv(pe) << 28 | low >> 4 << SPSR_IL | (low & 15) << SPSR_F |
                    PSTATE_MEMBER(words, el) << SPSR_EL | PSTATE_MEMBER(words, sp);
    if (UNLIKELY(words.high & ~(PSTATE_WORD(el, 0xff) | PSTATE_WORD(sp, 0xff)))) /* of features that few have */
        spsr |= PSTATE_MEMBER(words, tco) << SPSR_TCO | PSTATE_MEMBER(words, dit) << SPSR_DIT |
                PSTATE_MEMBER(words, ssbs) << SPSR_SSBS | PSTATE_MEMBER(words, btype) << SPSR_BTYPE |
                PSTATE_MEMBER(words, nrw) << SPSR_NRW;
    return spsr;
}

/* Four bits to the bytes of a word. */
static inline uint64_t pstate_spread(uint64_t bits) { return (bits & 15) * 0x204081 & 0x01010101; }

/* The mode of an SPSR_ELx value for AArch64, as the second word has it. */
static inline uint64_t pstate_mode_of(uint64_t spsr) { return PSTATE_WORD(el, spsr >> SPSR_EL & 3) | PSTATE_WORD(sp, spsr & 1); }

/* The fields of PSTATE that this PE has, from a value of SPSR_ELx; EL, SP and nRW from `mode`. */
static inline void pstate_from_spsr(struct pe *pe, uint64_t spsr, uint64_t mode)
{
    pe_set_nzcv(pe, spsr >> 28 & 15);
    spsr &= pe->spsr_fields;
    uint64_t low = pstate_spread(spsr >> SPSR_F) | pstate_spread(spsr >> SPSR_IL) << 32, high = mode;
    if (UNLIKELY(spsr & (1u << SPSR_TCO | 1u << SPSR_DIT | 1u << SPSR_SSBS | 3u << SPSR_BTYPE)))
        high |= PSTATE_WORD(tco, spsr >> SPSR_TCO & 1) | PSTATE_WORD(dit, spsr >> SPSR_DIT & 1) |
                PSTATE_WORD(ssbs, spsr >> SPSR_SSBS & 1) | PSTATE_WORD(btype, spsr >> SPSR_BTYPE & 3);
    pstate_set_words(pe, (struct pstate_words){low, high});
}

#endif
