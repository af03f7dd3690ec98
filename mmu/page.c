/*
 * Loads and stores of ordinary memory in one stage: what a fast TLB is filled from, and where a page fault begins.
 * Whatever is less ordinary is left to mmu_translate(), which gives the same answers.
 */
#include "mmu/entries.h"

#define TABLE_ATTRIBUTES (0x1full << 59)         /* NSTable, APTable, XNTable, PXNTable */
#define UNUSUAL_LEAF     (1ull << 52 | 1ull << 51) /* Contiguous, DBM */

enum plain_walk s1_plain_walk(struct mmu *mmu, const struct mmu_regime *regime, uint64_t va,
                              const struct s1_params *params, struct s1_leaf *leaf)
{
    if (!params->plain || regime->stage2 || mmu->observer || mmu->window.pas != PAS_NON_SECURE ||
        regime->security != PAS_NON_SECURE || mmu->window.size < 8)
        return WALK_UNUSUAL;
    const struct bus_region *region = mmu->window.region;
    uint64_t base = mmu->window.base, last = mmu->window.size - 8, descriptor, reached;
    unsigned stride = params->granule_bits - 3u, lsb = params->start_lsb;
    uint64_t address = params->table | field(va, lsb, params->iasize - lsb) << 3;
    int level = params->start_level;
    for (reached = address;; level++) {
        if (address - base > last)
            return WALK_UNUSUAL;
        memcpy(&descriptor, bus_host(region, address - base), 8);
        if ((descriptor & 3) != 3 || level == FINAL_LEVEL)
            break;
        if (descriptor & TABLE_ATTRIBUTES)
            return WALK_UNUSUAL;
        lsb -= stride;
        address = (descriptor & params->table_mask) | (va >> lsb & ((1ull << stride) - 1)) << 3;
        reached |= address;
    }
    bool invalid = !bit(descriptor, 0);
    uint64_t output = invalid ? 0 : descriptor & low_mask(48) & ~low_mask(lsb);
    bool block = level == 2 || (level == 1 && params->granule_bits == 12);
    bool usual = bit(descriptor, 10) && !(descriptor & UNUSUAL_LEAF) &&
                 (level == FINAL_LEVEL ? (descriptor & 3) == 3 : block);
    if (((reached | output) & params->unreachable) || !(invalid || usual))
        return WALK_UNUSUAL;

    mmu->stats.walks++;
    mmu->stats.descriptor_reads += (unsigned)(level - params->start_level) + 1;
    if (invalid) {
        leaf->level = (int8_t)level;
        return WALK_INVALID;
    }
    *leaf = (struct s1_leaf){.address = output,
                             .attrs = params->attrs[field(descriptor, 8, 2)][field(descriptor, 2, 3)],
                             .enabled = true,
                             .level = (int8_t)level,
                             .size_log2 = (uint8_t)lsb,
                             .leaf_log2 = (uint8_t)lsb,
                             .pas = PAS_NON_SECURE};
    leaf->permissions = params->permissions[field(descriptor, 53, 2) << 2 | field(descriptor, 6, 2)];
    leaf->ng = bit(descriptor, 11) && has_unprivileged(regime);
    leaf->guarded = bit(descriptor, 50) && regime->features->bti;
    return WALK_LEAF;
}

/* Where the page is, and what `access` may do there; false: it may not, or it isn't ordinary memory. */
static bool describe(const struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_load_store *access,
                     uint64_t va, const struct s1_leaf *leaf, struct mmu_page *page)
{
    unsigned may = s1_compute_permissions(regime, leaf, access->el, access->pan);
    if (leaf->dirty_owed)
        may &= ~(unsigned)MAY_WRITE;
    if (leaf->attrs.device || !(may & (access->write ? MAY_WRITE : MAY_READ)))
        return false;
    page->pa = s1_output(leaf, va);
    page->pas = (enum pas)leaf->pas;
    page->may_read = may & MAY_READ;
    page->may_write = may & MAY_WRITE;
    page->offset = page->pa - mmu->window.base;
    page->region = page->offset < mmu->window.size && page->pas == mmu->window.pas ? mmu->window.region : NULL;
    return true;
}

enum mmu_page_result mmu_find_page(struct mmu *mmu, const struct mmu_regime *regime,
                                   const struct mmu_load_store *access, uint64_t va, struct mmu_page *page)
{
    if (!s1_enabled(regime) || regime->aarch32 || va != (uint64_t)((int64_t)(va << 8) >> 8) ||
        (access->el == 0 && e0pd_faults(regime, va)))
        return MMU_PAGE_OTHER;
    struct places places;
    look_up(mmu, regime, va, &places);
    if (places.entry) {
        if (places.entry->s2.present || !describe(mmu, regime, access, va, &places.entry->s1, page))
            return MMU_PAGE_OTHER;
        mmu->stats.tlb_hits++;
        return MMU_PAGE_FOUND;
    }
    const struct s1_params *params = get_s1_ttw_params(mmu, regime, va);
    struct s1_leaf leaf;
    if (params->txsz_faults || va_out_of_range(regime, ACCESS_READ, params, va) || mmu->keeper.filled)
        return MMU_PAGE_OTHER;
    enum plain_walk walk = s1_plain_walk(mmu, regime, va, params, &leaf);
    if (walk == WALK_UNUSUAL || (walk == WALK_LEAF && !describe(mmu, regime, access, va, &leaf, page)))
        return MMU_PAGE_OTHER;
    mmu->stats.tlb_misses++;
    if (walk == WALK_INVALID) {
        page->level = leaf.level;
        return MMU_PAGE_UNMAPPED;
    }
    struct mapping *entry = enter(mmu, &places, va, leaf.size_log2, &leaf);
    entry->s1 = leaf;
    entry->s2.present = false;
    return MMU_PAGE_FOUND;
}
