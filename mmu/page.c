/*
 * Loads and stores of ordinary memory in one stage: what a fast TLB is filled from, and where a page fault begins.
 * Whatever is less ordinary is left to mmu_translate(), which gives the same answers.
 */
#include "mmu/entries.h"

#define TABLE_ATTRIBUTES (0x1full << 59) /* NSTable, APTable, XNTable, PXNTable */
#define ACCESS_FLAG      (1ull << 10)
#define LEAF_FLAGS       (1ull << 52 | 1ull << 51 | ACCESS_FLAG) /* with Contiguous, DBM: usually clear */

/* Where a walk has ended. */
struct plain_leaf {
    uint64_t descriptor, address;
    unsigned size_log2;
    int level;
};

static inline __attribute__((always_inline)) enum plain_walk walk(struct mmu *mmu, const struct s1_params *params,
                                                                  uint64_t va, struct plain_leaf *leaf)
{
    if (!params->plain || mmu->observer || mmu->window.pas != PAS_NON_SECURE)
        return WALK_UNUSUAL;
    const struct bus_region *region = mmu->window.region;
    const uint64_t base = mmu->window.base, last = mmu->window.last;
    unsigned granule_bits = params->granule_bits, stride = granule_bits - 3, lsb = params->start_lsb, reads = 1;
    uint64_t descriptor, reached, address = params->table | (va & params->va_mask) >> lsb << 3;
    for (reached = address;; reads++) {
        if (address - base > last)
            return WALK_UNUSUAL;
        memcpy(&descriptor, bus_host(region, address - base), 8);
        if ((descriptor & 3) != 3 || lsb == granule_bits)
            break;
        if (descriptor & TABLE_ATTRIBUTES)
            return WALK_UNUSUAL;
        lsb -= stride;
        address = (descriptor & params->table_mask) | (va >> (lsb - 3) & params->index_mask);
        reached |= address;
    }
    leaf->level = params->start_level + (int)reads - 1;
    bool invalid = !bit(descriptor, 0);
    if (!invalid) {
        bool page = lsb == granule_bits && bit(descriptor, 1);
        bool block = lsb != granule_bits && (leaf->level == 2 || (leaf->level == 1 && granule_bits == 12));
        if (!(page || block) || (descriptor & LEAF_FLAGS) != ACCESS_FLAG)
            return WALK_UNUSUAL;
        leaf->descriptor = descriptor;
        leaf->address = descriptor & low_mask(48) & ~low_mask(lsb);
        leaf->size_log2 = lsb;
        reached |= leaf->address;
    }
    if (reached & params->unreachable)
        return WALK_UNUSUAL;
    mmu->stats.walks++;
    mmu->stats.descriptor_reads += reads;
    return invalid ? WALK_INVALID : WALK_LEAF;
}

static inline const struct mem_attrs *attrs_of(const struct s1_params *params, uint64_t descriptor)
{
    return &params->attrs[field(descriptor, 8, 2)][field(descriptor, 2, 3)];
}

static inline uint8_t permissions_of(const struct s1_params *params, uint64_t descriptor)
{
    return params->permissions[field(descriptor, 53, 2) << 2 | field(descriptor, 6, 2)];
}

static inline bool is_not_global(const struct s1_params *params, uint64_t descriptor)
{
    return bit(descriptor & params->leaf_mask, 11);
}

static inline void decode(const struct s1_params *params, const struct plain_leaf *from, struct s1_leaf *leaf)
{
    uint64_t descriptor = from->descriptor;
    leaf->address = from->address;
    leaf->attrs = *attrs_of(params, descriptor);
    leaf->level = (int8_t)from->level;
    leaf->size_log2 = leaf->leaf_log2 = (uint8_t)from->size_log2;
    leaf->permissions = permissions_of(params, descriptor);
    leaf->pas = PAS_NON_SECURE;
    leaf->domain = 0;
    leaf->ng = is_not_global(params, descriptor);
    leaf->guarded = bit(descriptor & params->leaf_mask, 50);
    leaf->dirty_owed = leaf->domain_checked = leaf->supersection = false;
    leaf->enabled = true;
}

enum plain_walk s1_plain_walk(struct mmu *mmu, uint64_t va, const struct s1_params *params, struct s1_leaf *leaf)
{
    struct plain_leaf found;
    enum plain_walk result = walk(mmu, params, va, &found);
    if (result == WALK_LEAF)
        decode(params, &found, leaf);
    else if (result == WALK_INVALID)
        leaf->level = (int8_t)found.level;
    return result;
}

/* AArch64.S1ComputePermissions for a load or store: of what matters to fetches alone nothing is looked at. */
static inline unsigned load_store_permissions(const struct mmu_regime *regime, const struct mmu_load_store *access,
                                              unsigned permissions)
{
    if (access->el == 0)
        return permissions >> 3;
    return access->pan && pan_denies(regime, permissions) ? 0 : permissions;
}

/* Where the page is, and what the access may do there; false: it may not, or it isn't ordinary memory. */
static inline __attribute__((always_inline)) bool describe(const struct mmu *mmu, const struct mmu_load_store *access,
                                                           const struct mem_attrs *attrs, unsigned may, uint64_t pa,
                                                           enum pas pas, struct mmu_page *page)
{
    if (attrs->device || !(may & (access->write ? MAY_WRITE : MAY_READ)))
        return false;
    page->pa = pa;
    page->pas = pas;
    page->may_read = may & MAY_READ;
    page->may_write = may & MAY_WRITE;
    page->offset = pa - mmu->window.base;
    page->region = page->offset <= mmu->window.last && pas == mmu->window.pas ? mmu->window.region : NULL;
    return true;
}

static bool describe_entry(const struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_load_store *access,
                           uint64_t va, const struct mapping *entry, struct mmu_page *page)
{
    const struct s1_leaf *leaf = &entry->s1;
    unsigned may = load_store_permissions(regime, access, leaf->permissions);
    if (leaf->dirty_owed)
        may &= ~(unsigned)MAY_WRITE;
    return !entry->s2.present &&
           describe(mmu, access, &leaf->attrs, may, s1_output(leaf, va), (enum pas)leaf->pas, page);
}

static __attribute__((noinline)) void find_params_contexts(struct mmu *mmu, struct s1_params *params)
{
    struct places places;
    find_contexts(mmu, params->own_key, params->global_key, &places);
    params->own = places.own;
    params->global = places.global;
}

/* VA[63:iasize] repeat VA[63], which is 1 where there are two ranges only: no tag, and inside the range. */
static bool is_in_range(const struct s1_params *params, bool upper, uint64_t va)
{
    return (int64_t)va >> params->iasize == -(int64_t)upper;
}

enum mmu_page_result mmu_find_page(struct mmu *mmu, const struct mmu_regime *regime,
                                   const struct mmu_load_store *access, uint64_t va, struct mmu_page *page)
{
    bool upper = bit(va, 63) && has_two_ranges(regime);
    struct s1_params *params = get_s1_ttw_params(mmu, regime, upper);
    if (!params->enabled || !is_in_range(params, upper, va) || (params->e0pd && access->el == 0))
        return MMU_PAGE_OTHER;
    if (params->own->key != params->own_key || params->global->key != params->global_key)
        find_params_contexts(mmu, params);
    struct places places = {params->own, params->global, tlb_lookup(&mmu->s1, params->own, params->global, va)};
    if (places.entry) {
        bool usual = describe_entry(mmu, regime, access, va, places.entry, page);
        mmu->stats.tlb_hits += usual;
        return usual ? MMU_PAGE_FOUND : MMU_PAGE_OTHER;
    }
    if (mmu->keeper.filled)
        return MMU_PAGE_OTHER;
    struct plain_leaf leaf;
    enum plain_walk walked = walk(mmu, params, va, &leaf);
    if (walked == WALK_LEAF) {
        unsigned may = load_store_permissions(regime, access, permissions_of(params, leaf.descriptor));
        if (!describe(mmu, access, attrs_of(params, leaf.descriptor), may,
                      leaf.address | (va & low_mask(leaf.size_log2)), PAS_NON_SECURE, page))
            return MMU_PAGE_OTHER;
        struct mapping *entry = enter(mmu, &places, va, is_not_global(params, leaf.descriptor), leaf.size_log2,
                                      leaf.size_log2);
        decode(params, &leaf, &entry->s1);
        entry->s2.present = false;
    } else if (walked == WALK_INVALID) {
        page->level = (int8_t)leaf.level;
    } else {
        return MMU_PAGE_OTHER;
    }
    mmu->stats.tlb_misses++;
    return walked == WALK_LEAF ? MMU_PAGE_FOUND : MMU_PAGE_UNMAPPED;
}
