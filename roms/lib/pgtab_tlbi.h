/* The `invalidate` and `publish` functions of pgtab.h on a PE, for each regime. */
#ifndef PGTAB_TLBI_H
#define PGTAB_TLBI_H

#include "pgtab.h"

static inline void pgtab_publish(void *context)
{
    (void)context;
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

static inline void pgtab_invalidate_el1(void *context, uint64_t input)
{
    (void)context;
    __asm__ volatile("dsb ishst\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb" ::"r"(input >> 12 & 0xfffffffffffull) : "memory");
}

static inline void pgtab_invalidate_el2(void *context, uint64_t input)
{
    (void)context;
    __asm__ volatile("dsb ishst\n\ttlbi vae2is, %0\n\tdsb ish\n\tisb" ::"r"(input >> 12 & 0xfffffffffffull) : "memory");
}

/* For the VMID in VTTBR_EL2. What TLBs hold of both stages combined isn't found by IPA: all of stage 1 goes too. */
static inline void pgtab_invalidate_stage2(void *context, uint64_t input)
{
    (void)context;
    __asm__ volatile("dsb ishst\n\ttlbi ipas2e1is, %0\n\tdsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::"r"(input >> 12)
                     : "memory");
}

#endif
