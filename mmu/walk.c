/* AArch64.S1Walk: from TTBR to the leaf of stage 1. */
#include "mmu/internal.h"

enum { HIERARCHICAL_BITS = 59 }; /* bits [63:59] of a table descriptor: NSTable, APTable, XN; mostly clear */

/* What table descriptors have added to the permissions of everything below (APTable, PXNTable, UXNTable, NSTable). */
struct table_state {
    struct full_address base;
    int level;
    unsigned ap_table;
    bool pxn_table, uxn_table; /* UXNTable is XNTable in regimes of one range */
};

/* AArch64.S1ApplyTablePerms */
static void apply_table_permissions(const struct mmu_regime *regime, const struct s1_params *params,
                                    uint64_t descriptor, struct table_state *state)
{
    if (params->hpd)
        return;
    if (params->nv1) {
        state->ap_table |= (unsigned)field(descriptor, 62, 1) << 1;
        state->pxn_table |= bit(descriptor, 60);
    } else if (has_unprivileged(regime)) {
        state->ap_table |= (unsigned)field(descriptor, 61, 2);
        state->uxn_table |= bit(descriptor, 60);
        state->pxn_table |= bit(descriptor, 59);
    } else {
        state->ap_table |= (unsigned)field(descriptor, 62, 1) << 1;
        state->uxn_table |= bit(descriptor, 60);
    }
}

static uint8_t output_permissions(const struct mmu_regime *regime, const struct s1_params *params, uint64_t descriptor,
                                  const struct table_state *state)
{
    unsigned ap = (unsigned)field(descriptor, 6, 2);
    if (params->hd && bit(descriptor, 51)) /* DBM: read-only means clean */
        ap &= 1;
    bool xn = bit(descriptor, 54) || (params->nv1 ? state->pxn_table : state->uxn_table);
    return s1_output_permissions(regime, params, ap, state->ap_table, bit(descriptor, 53) || state->pxn_table, xn);
}

static enum pas leaf_pas(enum pas table_pas, const struct mmu_regime *regime, uint64_t descriptor)
{
    static const uint8_t by_nse_ns[4] = {PAS_SECURE, PAS_NON_SECURE, PAS_ROOT, PAS_REALM};
    switch (table_pas) {
    case PAS_SECURE:
        return bit(descriptor, 5) ? PAS_NON_SECURE : PAS_SECURE;
    case PAS_ROOT:
        return (enum pas)by_nse_ns[field(descriptor, 11, 1) << 1 | field(descriptor, 5, 1)];
    case PAS_REALM:
        return regime->id != REGIME_EL10 && bit(descriptor, 5) ? PAS_NON_SECURE : PAS_REALM;
    default:
        return PAS_NON_SECURE;
    }
}

/* AArch64.S1NextWalkStateLeaf */
static void decode_leaf(const struct mmu_regime *regime, const struct s1_params *params, uint64_t descriptor,
                        const struct table_state *state, unsigned size_log2, struct s1_leaf *leaf)
{
    const struct mmu_features *features = regime->features;
    leaf->address = leaf_base(features, descriptor, params->granule_bits, params->ds, size_log2);
    if (bit(descriptor, 52) && !features->ignore_contiguous)
        size_log2 += contiguous_size(params->granule_bits, state->level);
    leaf->address &= ~low_mask(size_log2);
    leaf->level = (int8_t)state->level;
    leaf->size_log2 = leaf->leaf_log2 = (uint8_t)size_log2;
    leaf->pas = (uint8_t)leaf_pas(state->base.pas, regime, descriptor);
    leaf->attrs = params->attrs[params->ds ? params->sh : field(descriptor, 8, 2)][field(descriptor, 2, 3)];
    leaf->permissions = output_permissions(regime, params, descriptor, state);
    leaf->dirty_owed = params->hd && bit(descriptor, 51) && bit(descriptor, 7);
    leaf->guarded = features->bti && bit(descriptor, 50);
    leaf->ng = has_unprivileged(regime) &&
               (bit(descriptor, 11) || (regime->security == PAS_SECURE && state->base.pas == PAS_NON_SECURE));
    leaf->enabled = true;
    leaf->domain_checked = leaf->supersection = false;
    leaf->domain = 0;
}

/* Follows a table descriptor (AArch64.S1NextWalkStateTable). */
static inline void next_table(const struct mmu_regime *regime, const struct s1_params *params, uint64_t descriptor,
                              struct table_state *state)
{
    state->base.address = descriptor & params->table_mask;
    if (params->high_bits)
        state->base.address |= high_address_bits(regime->features, descriptor, params->granule_bits, params->ds);
    if (descriptor >> HIERARCHICAL_BITS) {
        if (state->base.pas == PAS_SECURE && bit(descriptor, 63))
            state->base.pas = PAS_NON_SECURE;
        apply_table_permissions(regime, params, descriptor, state);
    }
    state->level++;
}

/* The checks after the leaf is found, in the order of AArch64.S1Walk. */
static bool check_leaf(const struct mmu_regime *regime, const struct mmu_access *access, const struct s1_params *params,
                       uint64_t va, uint64_t descriptor, const struct s1_leaf *leaf, struct fault_record *fault)
{
    const struct mmu_features *features = regime->features;
    bool cache_operation = access->type == ACCESS_DC || access->type == ACCESS_IC;
    if (features->fault_contiguous && bit(descriptor, 52) && leaf->size_log2 > params->iasize)
        return set_fault(fault, FAULT_TRANSLATION, leaf->level);
    if (s1_output(leaf, va) & params->unreachable)
        return set_fault(fault, FAULT_ADDRESS_SIZE, leaf->level);
    if (!bit(descriptor, 10) && !params->ha && !(cache_operation && features->no_cacheop_access_flag_fault))
        return set_fault(fault, FAULT_ACCESS_FLAG, leaf->level);
    return true;
}

/* One descriptor at site->at, which is an IPA under stage 2. */
static inline bool read_descriptor(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                                   int level, struct descriptor_site *site, struct fault_record *fault)
{
    struct full_address pa;
    fault->level = (int8_t)level;
    if (!s2_translate_walk(mmu, regime, access, false, site->at, &pa, fault))
        return false;
    if (!fetch_descriptor(mmu, access, pa, 8, site->big_endian, &site->value))
        return set_fault(fault, FAULT_SYNC_EXTERNAL_ON_WALK, level);
    if (mmu->observer)
        mmu->observer(mmu->observer_opaque, 1, level, pa.address, pa.pas, site->value);
    return true;
}

bool s1_walk(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint64_t va,
             const struct s1_params *params, struct s1_leaf *leaf, struct descriptor_site *site,
             struct fault_record *fault)
{
    unsigned stride = params->granule_bits - 3u, lsb = params->start_lsb;
    uint64_t index_mask = ((1ull << stride) - 1) << 3;
    struct table_state state = {.base = {params->table, regime->security}, .level = params->start_level};

    mmu->stats.walks++;
    if (params->epd)
        return set_fault(fault, FAULT_TRANSLATION, 0);
    site->big_endian = params->ee;
    site->at.address = params->table | field(va, lsb, params->iasize - lsb) << 3;
    if (site->at.address & params->unreachable)
        return set_fault(fault, FAULT_ADDRESS_SIZE, 0);

    for (;;) {
        site->at.pas = state.base.pas;
        if (!read_descriptor(mmu, regime, access, state.level, site, fault))
            return false;
        enum descriptor_type type =
            decode_descriptor_type(regime->features, site->value, params->granule_bits, params->ds, state.level);
        if (type != DESCRIPTOR_TABLE) {
            if (type == DESCRIPTOR_INVALID)
                return set_fault(fault, FAULT_TRANSLATION, state.level);
            break;
        }
        next_table(regime, params, site->value, &state);
        lsb -= stride;
        site->at.address = state.base.address | (va >> (lsb - 3) & index_mask);
        if (site->at.address & params->unreachable)
            return set_fault(fault, FAULT_ADDRESS_SIZE, state.level - 1);
    }
    decode_leaf(regime, params, site->value, &state, lsb, leaf);
    if (!check_leaf(regime, access, params, va, site->value, leaf, fault))
        return false;
    limit_leaf(leaf, va, params->iasize);
    return true;
}
