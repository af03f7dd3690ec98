/* The entries of the stage-1 TLB: how contexts are named, how an entry is found and made. */
#ifndef ARMSIM_MMU_ENTRIES_H
#define ARMSIM_MMU_ENTRIES_H

#include "mmu/internal.h"

/*
 * What selects TLB contexts. Stage 1: regime, security, VMID, ASID or global, and two ways of using the same tables
 * (under stage 2 or not, AArch32 or not) that no TLBI tells apart. Stage 2 alone: security, VMID, IPA space.
 */
enum {
    KEY_SECURITY = 2,
    KEY_STAGE2 = 5,
    KEY_AARCH32 = 6,
    KEY_IPA_PAS = 8,
    KEY_VMID = 16,
    KEY_ASID = 32,
    KEY_GLOBAL = 48
};
#define KEY_REGIME_MASK 0xfull /* with the security state */
#define KEY_VMID_MASK   (0xffffull << KEY_VMID)
#define KEY_ASID_MASK   (0xffffull << KEY_ASID | 1ull << KEY_GLOBAL) /* all that is in TLB_OWNER */

static inline uint64_t s2_key(enum pas security, uint16_t vmid, enum pas ipa_pas)
{
    return REGIME_EL10 | (uint64_t)security << KEY_SECURITY | (uint64_t)vmid << KEY_VMID |
           (uint64_t)ipa_pas << KEY_IPA_PAS;
}

static inline uint64_t own_key(const struct mmu_regime *regime)
{
    return (unsigned)regime->id | (unsigned)regime->security << KEY_SECURITY | (unsigned)regime->stage2 << KEY_STAGE2 |
           (unsigned)regime->aarch32 << KEY_AARCH32 | (uint32_t)regime->vmid << KEY_VMID |
           (uint64_t)regime->asid[0] << KEY_ASID;
}

/* Of the entries that serve every ASID. */
static inline uint64_t global_key(uint64_t own)
{
    return (own & ~KEY_ASID_MASK) | 1ull << KEY_GLOBAL;
}

/* Where the entries of a regime are: those of its ASID, and the global ones. */
struct places {
    struct tlb_context *own, *global;
    const struct mapping *entry; /* for the address at hand; NULL: there is none */
};

/* Passes on what has made room. */
static inline void tell_evictions(struct mmu *mmu)
{
    struct tlb *tlb = &mmu->s1;
    if (tlb->evicted_all)
        tell_lost(mmu, 0, 0);
    else if (tlb->evicted)
        tell_lost(mmu, tlb->evicted_va, 1ull << tlb->evicted_log2);
    tlb->evicted = tlb->evicted_all = false;
}

static inline void find_contexts(struct mmu *mmu, uint64_t own, uint64_t global, struct places *places)
{
    places->own = tlb_context_of(&mmu->s1, own, 0);
    places->global = tlb_context_of(&mmu->s1, global, 1);
    if (mmu->s1.evicted_all) {
        places->own = tlb_context_of(&mmu->s1, own, 0); /* it may have made room for the other */
        tell_evictions(mmu);
    }
}

static inline void look_up(struct mmu *mmu, const struct mmu_regime *regime, uint64_t va, struct places *places)
{
    uint64_t own = own_key(regime);
    find_contexts(mmu, own, global_key(own), places);
    places->entry = tlb_lookup(&mmu->s1, places->own, places->global, va);
}

/* Makes an entry, for its contents to be put in. */
static inline __attribute__((always_inline)) struct mapping *enter(struct mmu *mmu, const struct places *places, uint64_t va, bool ng,
                                    unsigned size_log2, unsigned leaf_log2)
{
    struct tlb_context *context = ng ? places->own : places->global;
    struct mapping *entry = tlb_fill(&mmu->s1, context, va, size_log2, leaf_log2, places->entry != NULL);
    if (mmu->s1.evicted)
        tell_evictions(mmu);
    return entry;
}

#endif
