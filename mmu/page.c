/*
 * Loads and stores of ordinary memory in one stage: what a fast TLB is filled from, and where a page fault begins.
 * Whatever is less ordinary is left to mmu_translate(), which gives the same answers.
 */
#include "mmu/entries.h"

#define TABLE_ATTRIBUTES (0x1full << 59) /* NSTable, APTable, XNTable, PXNTable */
#define ACCESS_FLAG      (1ull << 10)
#define LEAF_PAGE        3ull
#define LEAF_BLOCK       1ull
#define LEAF_FLAGS       (1ull << 52 | 1ull << 51 | ACCESS_FLAG | 3) /* with Contiguous, DBM: usually clear */

/* Where a walk has ended. */
struct plain_leaf {
    uint64_t descriptor, address;
    unsigned size_log2;
    int level;
};

static inline uint64_t descriptor_at(const struct bus_region *region, uint64_t offset)
{
    uint64_t descriptor;
    memcpy(&descriptor, bus_host(region, offset), sizeof descriptor);
    return descriptor;
}

/* Whether the path leads to the table of `va`, being what it was. */
static inline __attribute__((always_inline)) bool path_holds(const struct walk_path *path, const struct bus_region *region, uint64_t range)
{
    if (path->range != range || path->region != region)
        return false;
    for (unsigned i = 0; i < path->count; i++) {
        if (descriptor_at(region, path->at[i]) != path->value[i])
            return false;
    }
    return true;
}

/* From the first table to the last, or to a leaf or an invalid descriptor before. False: something is unusual. */
static bool descend(const struct mmu *mmu, struct s1_params *params, uint64_t va, struct plain_leaf *leaf,
                    unsigned *reads)
{
    const struct bus_region *region = mmu->window.region;
    unsigned lsb = params->start_lsb, stride = params->granule_bits - 3;
    uint64_t reached, offset, address = params->table | (va & params->va_mask) >> lsb << 3;
    struct walk_path *path = &params->path;
    path->range = UINT64_MAX;
    for (*reads = 0, reached = address;; reached |= address) {
        offset = address - mmu->window.base;
        if (offset > mmu->window.last)
            return false;
        leaf->descriptor = descriptor_at(region, offset);
        if (lsb == params->granule_bits || (leaf->descriptor & 3) != 3)
            break;
        if (leaf->descriptor & TABLE_ATTRIBUTES || *reads >= sizeof path->at / sizeof path->at[0])
            return false;
        path->at[*reads] = offset;
        path->value[(*reads)++] = leaf->descriptor;
        lsb -= stride;
        address = (leaf->descriptor & params->table_mask) | (va >> (lsb - 3) & params->index_mask);
    }
    leaf->size_log2 = lsb;
    if (reached & params->unreachable)
        return false;
    uint64_t table = (address & ~params->index_mask) - mmu->window.base;
    if (lsb == params->granule_bits && *reads && table <= mmu->window.last &&
        mmu->window.last - table >= params->index_mask) {
        path->range = va >> (lsb + stride);
        path->region = region;
        path->count = *reads;
        path->table = table;
    }
    ++*reads;
    return true;
}

static inline __attribute__((always_inline)) enum plain_walk walk(struct mmu *mmu, struct s1_params *params, uint64_t va,
                                                                  struct plain_leaf *leaf)
{
    if (!params->plain || mmu->window.pas != PAS_NON_SECURE)
        return WALK_UNUSUAL;
    const struct walk_path *path = &params->path;
    const struct bus_region *region = mmu->window.region;
    unsigned granule_bits = params->granule_bits, reads;
    if (path_holds(path, region, va >> (2 * granule_bits - 3))) {
        leaf->descriptor = descriptor_at(region, path->table + (va >> (granule_bits - 3) & params->index_mask));
        leaf->size_log2 = granule_bits;
        reads = path->count + 1;
    } else if (!descend(mmu, params, va, leaf, &reads)) {
        return WALK_UNUSUAL;
    }
    leaf->level = params->start_level + (int)reads - 1;
    if (bit(leaf->descriptor, 0)) {
        uint64_t flags = leaf->size_log2 == granule_bits ? LEAF_PAGE | ACCESS_FLAG : LEAF_BLOCK | ACCESS_FLAG;
        leaf->address = leaf->descriptor & low_mask(48) & (UINT64_MAX << leaf->size_log2);
        if ((leaf->descriptor & LEAF_FLAGS) != flags || !bit(params->leaf_sizes, leaf->size_log2) ||
            (leaf->address & params->unreachable))
            return WALK_UNUSUAL;
    }
    mmu->stats.walks++;
    mmu->stats.descriptor_reads += reads;
    return bit(leaf->descriptor, 0) ? WALK_LEAF : WALK_INVALID;
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

static inline __attribute__((always_inline)) void decode(const struct s1_params *params, const struct plain_leaf *from, struct s1_leaf *leaf)
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

enum plain_walk s1_plain_walk(struct mmu *mmu, uint64_t va, struct s1_params *params, struct s1_leaf *leaf)
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
static inline unsigned load_store_permissions(const struct mmu_regime *regime, struct mmu_load_store access,
                                              unsigned permissions)
{
    if (access.el == 0)
        return permissions >> 3;
    return access.pan && pan_denies(regime, permissions) ? 0 : permissions;
}

/* Fills the fast TLB for an access to `pa` that is allowed what `may` says. */
static inline __attribute__((always_inline)) unsigned fill(const struct mmu *mmu, struct mmu_load_store access, unsigned may,
                                                           uint64_t va, uint64_t pa, enum pas pas, uint64_t context,
                                                           struct fast_tlb_entry *entry)
{
    uint64_t offset = pa - mmu->window.base;
    struct bus_region *region = mmu->window.region;
    if (offset > mmu->window.last || pas != mmu->window.pas) {
        region = bus_find(mmu->bus, pas, pa, &offset);
        if (!region || (region->kind != BUS_RAM && region->kind != BUS_ROM))
            return MMU_UNUSUAL;
    }
    fast_tlb_fill(entry, mmu->bus, va, context, access.write, may & MAY_READ, may & MAY_WRITE, region, offset);
    return (access.write ? entry->write_tag : entry->read_tag) == ((va & ~0xfffull) | context) ? MMU_REFILLED
                                                                                               : MMU_UNUSUAL;
}

static __attribute__((noinline)) unsigned fill_from_entry(const struct mmu *mmu, const struct mmu_regime *regime,
                                                          struct mmu_load_store access, uint64_t va, uint64_t context,
                                                          const struct mapping *mapping, struct fast_tlb_entry *entry)
{
    const struct s1_leaf *leaf = &mapping->s1;
    unsigned may = load_store_permissions(regime, access, leaf->permissions);
    if (leaf->dirty_owed)
        may &= ~(unsigned)MAY_WRITE;
    if (mapping->s2.present || leaf->attrs.device || !(may & (access.write ? MAY_WRITE : MAY_READ)))
        return MMU_UNUSUAL;
    return fill(mmu, access, may, va, s1_output(leaf, va), (enum pas)leaf->pas, context, entry);
}

static __attribute__((noinline)) void find_params_contexts(struct mmu *mmu, struct s1_params *params)
{
    struct places places;
    find_contexts(mmu, params->own_key, params->global_key, &places);
    params->own = places.own;
    params->global = places.global;
}

unsigned mmu_refill(struct mmu *mmu, const struct mmu_regime *regime, struct mmu_load_store access, uint64_t va,
                    uint64_t context, struct fast_tlb_entry *entry)
{
    struct s1_params *params = get_s1_ttw_params(mmu, regime, bit(va, 63));
    /* VA[63:iasize] repeat VA[63]: no tag, and inside the range. */
    if (!params->enabled || (int64_t)va >> params->iasize != (int64_t)va >> 63 || (params->e0pd && access.el == 0))
        return MMU_UNUSUAL;
    if (params->own->key != params->own_key || params->global->key != params->global_key)
        find_params_contexts(mmu, params);
    struct places places = {params->own, params->global, tlb_lookup(&mmu->s1, params->own, params->global, va)};
    if (places.entry) {
        unsigned refilled = fill_from_entry(mmu, regime, access, va, context, places.entry, entry);
        mmu->stats.tlb_hits += refilled == MMU_REFILLED;
        return refilled;
    }
    struct plain_leaf leaf;
    enum plain_walk walked = mmu->keeper.filled ? WALK_UNUSUAL : walk(mmu, params, va, &leaf);
    if (walked != WALK_LEAF) {
        mmu->stats.tlb_misses += walked == WALK_INVALID;
        return walked == WALK_INVALID ? MMU_UNMAPPED + (unsigned)leaf.level : MMU_UNUSUAL;
    }
    unsigned may = load_store_permissions(regime, access, permissions_of(params, leaf.descriptor));
    if (attrs_of(params, leaf.descriptor)->device || !(may & (access.write ? MAY_WRITE : MAY_READ)))
        return MMU_UNUSUAL;
    mmu->stats.tlb_misses++;
    struct mapping *mapping =
        enter(mmu, &places, va, is_not_global(params, leaf.descriptor), leaf.size_log2, leaf.size_log2);
    decode(params, &leaf, &mapping->s1);
    mapping->s2.present = false;
    uint64_t pa = leaf.address | (va & ~(UINT64_MAX << leaf.size_log2));
    return fill(mmu, access, may, va, pa, PAS_NON_SECURE, context, entry);
}
