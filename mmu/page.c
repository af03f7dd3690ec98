/*
 * Loads and stores of ordinary memory in one stage: what a fast TLB is filled from, and where a page fault begins.
 * Whatever is less ordinary is left to mmu_translate(), which gives the same answers.
 */
#include "mmu/entries.h"

#define TABLE_ATTRIBUTES (0x1full << 59) /* NSTable, APTable, XNTable, PXNTable */
#define ACCESS_FLAG      (1ull << 10)
#define PAGE_LOG2        12 /* of the smallest granule, and of the fast TLB's pages */
#define LEAF_PAGE        3ull
#define LEAF_BLOCK       1ull
#define LEAF_FLAGS       (1ull << 52 | 1ull << 51 | ACCESS_FLAG | 3) /* with Contiguous, DBM: usually clear */

/* Where a walk has ended. */
struct plain_leaf {
    uint64_t descriptor, address;
    unsigned size_log2;
    int level;
};

static inline uint64_t word_at(const uint8_t *memory)
{
    uint64_t word;
    memcpy(&word, memory, sizeof word);
    return word;
}

static uint64_t descriptor_at(const struct bus_region *region, uint64_t offset)
{
    return word_at(bus_host(region, offset));
}

/* Whether the path leads to the table of `va`, being what it was. */
static bool path_holds(const struct walk_path *path, const struct bus_region *region, uint64_t range)
{
    if (path->range != range || path->region != region)
        return false;
    for (unsigned i = 0; i < PATH_LENGTH; i++) {
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
        if (leaf->descriptor & TABLE_ATTRIBUTES || *reads >= PATH_LENGTH)
            return false;
        for (unsigned i = (*reads)++; i < PATH_LENGTH; i++) { /* the last stands for those that are missing */
            path->at[i] = offset;
            path->value[i] = leaf->descriptor;
        }
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

static inline unsigned needed(struct mmu_load_store access)
{
    return access.write ? MAY_WRITE : MAY_READ;
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
        if (!bus_is_memory(region))
            return MMU_UNUSUAL;
    }
    bool serves = fast_tlb_fill(entry, mmu->bus, va, context, access.write, may & MAY_READ, may & MAY_WRITE, region,
                                offset);
    return serves ? MMU_REFILLED : MMU_UNUSUAL;
}

static __attribute__((noinline)) unsigned fill_from_entry(struct mmu *mmu, const struct mmu_regime *regime,
                                                          struct mmu_load_store access, uint64_t va, uint64_t context,
                                                          struct fast_tlb_entry *entry, const struct mapping *mapping)
{
    const struct s1_leaf *leaf = &mapping->s1;
    unsigned may = load_store_permissions(regime, access, leaf->permissions);
    if (leaf->dirty_owed)
        may &= ~(unsigned)MAY_WRITE;
    if (mapping->s2.present || leaf->attrs.device || !(may & needed(access)))
        return MMU_UNUSUAL;
    unsigned filled = fill(mmu, access, may, va, s1_output(leaf, va), (enum pas)leaf->pas, context, entry);
    mmu->stats.tlb_hits += filled == MMU_REFILLED;
    return filled;
}

/* The TLB has no entry; the contexts of the parameters are the right ones. */
static __attribute__((noinline)) unsigned fill_by_walk(struct mmu *mmu, const struct mmu_regime *regime,
                                                       struct mmu_load_store access, uint64_t va, uint64_t context,
                                                       struct fast_tlb_entry *entry)
{
    struct s1_params *params = &mmu->params[regime->id][bit(va, 63)];
    struct plain_leaf leaf;
    enum plain_walk walked = mmu->keeper.filled ? WALK_UNUSUAL : walk(mmu, params, va, &leaf);
    if (walked != WALK_LEAF) {
        mmu->stats.tlb_misses += walked == WALK_INVALID;
        return walked == WALK_INVALID ? MMU_UNMAPPED + (unsigned)leaf.level : MMU_UNUSUAL;
    }
    unsigned may = load_store_permissions(regime, access, permissions_of(params, leaf.descriptor));
    if (attrs_of(params, leaf.descriptor)->device || !(may & needed(access)))
        return MMU_UNUSUAL;
    mmu->stats.tlb_misses++;
    const struct places places = {params->own, params->global, NULL};
    struct mapping *mapping =
        enter(mmu, &places, va, is_not_global(params, leaf.descriptor), leaf.size_log2, leaf.size_log2);
    decode(params, &leaf, &mapping->s1);
    mapping->s2.present = false;
    uint64_t pa = leaf.address | (va & ~(UINT64_MAX << leaf.size_log2));
    return fill(mmu, access, may, va, pa, PAS_NON_SECURE, context, entry);
}

/* path_holds() of tables in memory that is in one piece. */
static inline bool tables_hold(const struct walk_path *path, const uint8_t *memory)
{
    _Static_assert(PATH_LENGTH == 3, "all are looked at");
    return word_at(memory + path->at[0]) == path->value[0] && word_at(memory + path->at[1]) == path->value[1] &&
           word_at(memory + path->at[2]) == path->value[2];
}

/*
 * What fill_by_walk() mostly comes to: the tables above are what they were, their last names a page of the same region,
 * and the page's set of the TLB (its first entry is `set`) has room. All that could be otherwise is looked at first, and
 * nothing is called on the way, so that the registers suffice.
 */
static inline __attribute__((always_inline)) unsigned
fill_page(struct mmu *mmu, const struct s1_params *params, const struct mmu_regime *regime,
          struct mmu_load_store access, uint64_t va, uint64_t context, struct fast_tlb_entry *entry, uint64_t page,
          size_t set)
{
    const struct walk_path *path = &params->path;
    const struct bus_region *region = mmu->window.region;
    if (path->range != va >> (2 * PAGE_LOG2 - 3) || path->region != region || params->granule_bits != PAGE_LOG2 ||
        region->pages || mmu->window.pas != PAS_NON_SECURE || mmu->keeper.filled || !tables_hold(path, region->flat))
        return fill_by_walk(mmu, regime, access, va, context, entry);

    uint64_t descriptor = word_at(region->flat + path->table + field(va, PAGE_LOG2, PAGE_LOG2 - 3) * sizeof(uint64_t));
    uint64_t address = descriptor & low_mask(48) & ~low_mask(PAGE_LOG2);
    uint64_t offset = address - mmu->window.base;
    unsigned permissions = permissions_of(params, descriptor), may = access.el == 0 ? permissions >> 3 : permissions;
    if ((descriptor & LEAF_FLAGS) != (LEAF_PAGE | ACCESS_FLAG) || (address & params->unreachable) ||
        offset > mmu->window.last || !(may & needed(access)) || attrs_of(params, descriptor)->device ||
        (access.pan && (permissions & (S1_UR | S1_UW | S1_UX))))
        return fill_by_walk(mmu, regime, access, va, context, entry);

    size_t index = tlb_free_entry(&mmu->s1, set);
    if (index == TLB_NO_ENTRY)
        return fill_by_walk(mmu, regime, access, va, context, entry);

    mmu->stats.walks++;
    mmu->stats.descriptor_reads += path->count + 1;
    mmu->stats.tlb_misses++;
    struct tlb_context *owner = is_not_global(params, descriptor) ? params->own : params->global;
    tlb_take_entry(&mmu->s1, index, page, owner, bit(va, 63), PAGE_LOG2, PAGE_LOG2);
    struct mapping *mapping = (struct mapping *)mmu->s1.payload + index;
    decode(params, &(struct plain_leaf){descriptor, address, PAGE_LOG2, FINAL_LEVEL}, &mapping->s1);
    mapping->s2.present = false;
    uint8_t *flags = &region->page_flags[offset >> 12];
    if (access.write)
        *flags |= BUS_PAGE_WRITTEN;
    bool serves = fast_tlb_set(entry, va, context, access.write, may & MAY_READ, may & MAY_WRITE, true, *flags,
                               region->flat + offset);
    return serves ? MMU_REFILLED : MMU_UNUSUAL;
}

/* VA[63:iasize] must repeat VA[63]: no tag, and inside the range. */
static inline bool translates(const struct s1_params *params, struct mmu_load_store access, uint64_t va)
{
    uint64_t sign = (uint64_t)((int64_t)va >> 63);
    return bit(params->els, access.el) && !((va ^ sign) >> params->iasize);
}

/* The parameters are those of the registers, with their contexts. Most entries are of pages of 4 KiB, and those are the
 * smallest, which a lookup begins with. */
static inline __attribute__((always_inline)) unsigned
refill(struct mmu *mmu, const struct s1_params *params, const struct mmu_regime *regime, struct mmu_load_store access,
       uint64_t va, uint64_t context, struct fast_tlb_entry *entry)
{
    const struct tlb_context *own = params->own, *global = params->global;
    unsigned half = bit(va, 63);
    if (!translates(params, access, va))
        return MMU_UNUSUAL;
    uint64_t page = tlb_page_of(va, PAGE_LOG2), sizes = (own->sizes[half] | global->sizes[half]) & ~(1ull << PAGE_LOG2);
    size_t set = tlb_first_of(&mmu->s1, page, own->salt);
    unsigned way = tlb_way_of(&mmu->s1.tags[set], page, own->number, global->number);
    const struct mapping *mapping = way < TLB_WAYS ? (struct mapping *)mmu->s1.payload + set + way
                                                   : tlb_lookup_sizes(&mmu->s1, own, global, va, sizes);
    return mapping ? fill_from_entry(mmu, regime, access, va, context, entry, mapping)
                   : fill_page(mmu, params, regime, access, va, context, entry, page, set);
}

static __attribute__((noinline)) unsigned refill_anew(struct mmu *mmu, const struct mmu_regime *regime,
                                                      struct mmu_load_store access, uint64_t va, uint64_t context,
                                                      struct fast_tlb_entry *entry)
{
    struct s1_params *params = get_s1_ttw_params(mmu, regime, bit(va, 63));
    if (!translates(params, access, va))
        return MMU_UNUSUAL; /* and no context is made */
    if (params->own->key != params->own_key || params->global->key != params->global_key) {
        struct places places;
        find_contexts(mmu, params->own_key, params->global_key, &places);
        params->own = places.own;
        params->global = places.global;
    }
    return refill(mmu, params, regime, access, va, context, entry);
}

unsigned mmu_refill(struct mmu *mmu, const struct mmu_regime *regime, struct mmu_load_store access, uint64_t va,
                    uint64_t context, struct fast_tlb_entry *entry)
{
    const struct s1_params *params = &mmu->params[regime->id][bit(va, 63)];
    if (params->version != regime->version || params->own->key != params->own_key ||
        params->global->key != params->global_key)
        return refill_anew(mmu, regime, access, va, context, entry);
    return refill(mmu, params, regime, access, va, context, entry);
}
