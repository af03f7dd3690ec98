/*
 * Whether an entry of the TLB that is used still says what the tables say, for those who look for missing TLB
 * maintenance (struct mmu_features, tlb_check). The architecture has no such check: until the TLBI either may be
 * used. But where a valid descriptor was changed in more than its permissions without break-before-make, the TLB may
 * hold both, and a TLB conflict abort is one of the things that may come of it.
 */
#include "mmu/internal.h"

#include <string.h>

static bool same_attrs(const struct mem_attrs *a, const struct mem_attrs *b)
{
    return a->device == b->device && a->device_type == b->device_type && a->inner == b->inner && a->outer == b->outer &&
           a->shareability == b->shareability && a->tagged == b->tagged;
}

/* What break-before-make is for: another output, another kind of memory, another size, global or not. */
static bool conflicts(const struct mapping *entry, const struct mapping *now, uint64_t va)
{
    uint64_t address = s1_output(&entry->s1, va);
    if (address != s1_output(&now->s1, va) || entry->s1.pas != now->s1.pas ||
        entry->s1.leaf_log2 != now->s1.leaf_log2 || entry->s1.ng != now->s1.ng ||
        !same_attrs(&entry->s1.attrs, &now->s1.attrs) || entry->s2.present != now->s2.present)
        return true;
    return entry->s2.present &&
           (s2_output(&entry->s2, address) != s2_output(&now->s2, address) ||
            entry->s2.size_log2 != now->s2.size_log2 || entry->s2.pas != now->s2.pas ||
            entry->s2.memattr != now->s2.memattr || entry->s2.shareability != now->s2.shareability);
}

static bool permits_otherwise(const struct mapping *entry, const struct mapping *now)
{
    return entry->s1.permissions != now->s1.permissions || entry->s1.guarded != now->s1.guarded ||
           (entry->s2.present && entry->s2.permissions != now->s2.permissions);
}

/* Each page once in a while, not with every access to it. */
static bool is_told(struct mmu *mmu, enum mmu_stale kind, uint64_t va)
{
    uint64_t page = va >> 12 << 2 | (unsigned)kind | 1ull << 63, *told = &mmu->told[(va >> 12) % MMU_TOLD];
    bool known = *told == page;
    *told = page;
    return known;
}

bool entry_holds(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint64_t va,
                 const struct mapping *entry, struct fault_record *fault)
{
    /* Neither a read nor a write: permissions are compared, not checked. */
    struct mmu_access look = {.type = ACCESS_READ, .el = access->el, .no_update = true, .past_tlb = true};
    struct mapping now;
    struct fault_record found = {.type = FAULT_NONE};
    enum mmu_stale kind;
    bool cacheable, walked = full_translate(mmu, regime, &look, true, va, &now, &cacheable, &found);
    if (!walked && (found.type == FAULT_PERMISSION || found.type == FAULT_DOMAIN))
        return true; /* AArch32 checks them all the same, and the leaf of stage 2 isn't known */
    if (!walked)
        kind = found.type == FAULT_ACCESS_FLAG ? MMU_STALE_PERMISSIONS : MMU_STALE_UNMAPPED;
    else if (conflicts(entry, &now, va))
        kind = MMU_STALE_CONFLICT;
    else if (permits_otherwise(entry, &now))
        kind = MMU_STALE_PERMISSIONS;
    else
        return true;
    if (mmu->keeper.stale && !is_told(mmu, kind, va))
        mmu->keeper.stale(mmu->keeper.opaque, kind, va);
    if (kind != MMU_STALE_CONFLICT || regime->features->tlb_check != MMU_CHECK_FAULT)
        return true;
    fault->second_stage = false;
    return set_fault(fault, FAULT_TLB_CONFLICT, now.s1.level);
}
