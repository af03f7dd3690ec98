/* AArch64.S2Translate: parameters, walk, checks and updates of stage 2. */
#include "mmu/entries.h"

enum {
    VTCR_HA = 21,
    VTCR_HD = 22,
    VTCR_NSW = 29,
    VTCR_NSA = 30,
    VSTCR_SW = 29,
    VSTCR_SA = 30,
    VTCR_DS = 32,
    VTCR_SL2 = 33
};

/* AArch64.SS2TTWParams: in Secure state the IPA's space chooses the tables, and two bits each the output. */
static void secure_params(const struct mmu_regime *regime, enum pas ipa_pas, uint64_t *sizes, struct s2_params *params)
{
    bool sw = bit(regime->vstcr, VSTCR_SW), sa = bit(regime->vstcr, VSTCR_SA);
    bool nsw = bit(regime->vtcr, VTCR_NSW), nsa = bit(regime->vtcr, VTCR_NSA);
    if (ipa_pas == PAS_SECURE) {
        *sizes = regime->vstcr;
        params->ttbr = regime->vsttbr;
        params->ns_table = sw;
        params->ns_output = sw || sa;
    } else {
        *sizes = regime->vtcr;
        params->ttbr = regime->vttbr;
        params->ns_table = nsw;
        params->ns_output = sw || sa || nsw || nsa;
    }
}

/* VTCR of an AArch32 EL2: a signed T0SZ of four bits, and no more than the 4K granule. */
static void aarch32_s2_params(const struct mmu_regime *regime, struct s2_params *params)
{
    int t0sz = (int)field(regime->vtcr, 0, 4);
    if (bit(regime->vtcr, 3))
        t0sz -= 16;
    params->txsz = (uint8_t)(32 + t0sz);
    params->sl0 = (uint8_t)field(regime->vtcr, 6, 2);
    params->granule_bits = 12;
    params->ps = 2;
    params->ttbr = regime->vttbr;
    params->ee = regime->stage2_ee;
    params->ns_table = params->ns_output = true;
}

/* AArch64.GetS2TTWParams */
static void get_s2_ttw_params(const struct mmu_regime *regime, enum pas ipa_pas, struct s2_params *params)
{
    const struct mmu_features *features = regime->features;
    uint64_t sizes = regime->vtcr;
    *params = (struct s2_params){.ttbr = regime->vttbr};
    if (regime->stage2_aarch32) {
        aarch32_s2_params(regime, params);
        return;
    }
    if (regime->security == PAS_SECURE)
        secure_params(regime, ipa_pas, &sizes, params);
    params->txsz = (uint8_t)field(sizes, 0, 6);
    params->sl0 = (uint8_t)field(sizes, 6, 2);
    params->granule_bits = (uint8_t)decode_granule(features, (unsigned)field(sizes, 14, 2));
    params->sh = (uint8_t)field(regime->vtcr, 12, 2);
    params->ps = (uint8_t)field(regime->vtcr, 16, 3);
    params->ha = features->hafdbs_af && bit(regime->vtcr, VTCR_HA);
    params->hd = features->hafdbs_dirty && bit(regime->vtcr, VTCR_HD);
    params->ds = features->lpa2 && params->granule_bits != 16 && bit(regime->vtcr, VTCR_DS);
    params->sl2 = params->ds && params->granule_bits == 12 && bit(sizes, VTCR_SL2);
    params->ee = regime->stage2_ee;
}

/* AArch64.S2StartLevel */
static int s2_start_level(const struct s2_params *params)
{
    if (params->granule_bits != 12)
        return FINAL_LEVEL - params->sl0;
    if (params->sl2)
        return -1;
    return params->sl0 == 3 ? 3 : 2 - params->sl0;
}

/* AArch64.S2InvalidSL */
static bool s2_invalid_sl(const struct mmu_features *features, const struct s2_params *params)
{
    switch (params->granule_bits) {
    case 12:
        if (params->sl2)
            return params->sl0 != 0;
        return (params->sl0 == 2 && features->pa_bits < 44) || (params->sl0 == 3 && !features->ttst);
    case 14:
        return (params->sl0 == 3 && !params->ds) || (params->sl0 == 2 && features->pa_bits < 42);
    default:
        return params->sl0 == 3 || (params->sl0 == 2 && features->pa_bits < 44);
    }
}

/* AArch64.S2InconsistentSL: the input must need at least two entries and at most sixteen joined tables. */
static bool s2_inconsistent_sl(const struct s2_params *params)
{
    unsigned stride = params->granule_bits - 3u;
    unsigned min_iasize = translation_size(params->granule_bits, s2_start_level(params)) + 1;
    unsigned iasize = 64u - params->txsz;
    return iasize < min_iasize || iasize > min_iasize + (stride - 1) + 4;
}

/* AArch64.S2MinTxSZ */
static unsigned s2_min_txsz(const struct mmu_regime *regime, const struct s2_params *params)
{
    const struct mmu_features *features = regime->features;
    unsigned limit = features->lpa && params->granule_bits != 16 && !params->ds ? 48 : 52;
    unsigned ips = features->pa_bits < limit ? features->pa_bits : limit;
    unsigned min = 64 - ips;
    return regime->aarch32 && min > 24 ? 24 : min;
}

/* The checks of T0SZ and SL0 before any table is read. False: a level 0 Translation fault. */
static bool s2_limit_sizes(const struct mmu_regime *regime, struct s2_params *params)
{
    const struct mmu_features *features = regime->features;
    if (regime->stage2_aarch32)
        return params->sl0 != 3 && !s2_inconsistent_sl(params);
    unsigned min = s2_min_txsz(regime, params), max = max_txsz(features, params->granule_bits);
    if (params->txsz < min) {
        if (features->lpa || features->fault_small_txsz)
            return false;
        params->txsz = (uint8_t)min;
    } else if (params->txsz > max) {
        if (features->fault_large_txsz)
            return false;
        params->txsz = (uint8_t)max;
    }
    return !s2_invalid_sl(features, params) && !s2_inconsistent_sl(params);
}

/* AArch64.S2ApplyOutputPerms, and S2DirectBasePermissions without the EL. */
static uint8_t s2_permissions(const struct mmu_regime *regime, const struct s2_params *params, uint64_t descriptor)
{
    static const uint8_t execute[4] = {S2_PX | S2_UX, S2_UX, 0, S2_PX};
    uint8_t permissions = (uint8_t)field(descriptor, 6, 2); /* S2AP: bit 0 read, bit 1 write */
    if (params->ha && params->hd && bit(descriptor, 51))
        permissions |= S2_W;
    unsigned xnx = regime->features->xnx ? (unsigned)field(descriptor, 53, 1) : 0;
    permissions |= execute[field(descriptor, 54, 1) << 1 | xnx];
    if (regime->stage2_aarch32 && !(permissions & S2_R)) /* AArch32: what can't be read isn't executed */
        permissions &= (uint8_t) ~(S2_PX | S2_UX);
    return permissions;
}

/* AArch64.S2NextWalkStateLeaf */
static void s2_decode_leaf(const struct mmu_regime *regime, const struct s2_params *params, uint64_t descriptor,
                           int level, struct s2_leaf *leaf)
{
    unsigned size_log2 = translation_size(params->granule_bits, level);
    if (bit(descriptor, 52) && !regime->features->ignore_contiguous)
        size_log2 += contiguous_size(params->granule_bits, level);
    *leaf = (struct s2_leaf){.present = true, .level = (int8_t)level, .size_log2 = (uint8_t)size_log2};
    leaf->address = leaf_base(regime->features, descriptor, params->granule_bits, params->ds, size_log2);
    leaf->permissions = s2_permissions(regime, params, descriptor);
    leaf->memattr = (uint8_t)field(descriptor, 2, 4);
    leaf->shareability = decode_shareability(params->ds ? params->sh : (unsigned)field(descriptor, 8, 2));
    leaf->dirty_owed = params->ha && params->hd && bit(descriptor, 51) && !bit(descriptor, 7);
    leaf->pas = PAS_NON_SECURE;
    if (regime->security == PAS_SECURE && !params->ns_output)
        leaf->pas = PAS_SECURE;
    else if (regime->security == PAS_REALM)
        leaf->pas = bit(descriptor, 55) ? PAS_NON_SECURE : PAS_REALM;
}

static bool s2_check_leaf(const struct mmu_regime *regime, const struct mmu_access *access,
                          const struct s2_params *params, uint64_t ipa, uint64_t descriptor, const struct s2_leaf *leaf,
                          struct fault_record *fault)
{
    const struct mmu_features *features = regime->features;
    bool cache_operation = access->type == ACCESS_DC || access->type == ACCESS_IC;
    if (features->fault_contiguous && bit(descriptor, 52) && leaf->size_log2 > 64u - params->txsz)
        return set_fault(fault, FAULT_TRANSLATION, leaf->level);
    if (s2_output(leaf, ipa) & unreachable_bits(features, params->ps, params->granule_bits))
        return set_fault(fault, FAULT_ADDRESS_SIZE, leaf->level);
    if (!bit(descriptor, 10) && !params->ha && !(cache_operation && features->no_cacheop_access_flag_fault))
        return set_fault(fault, FAULT_ACCESS_FLAG, leaf->level);
    return true;
}

/* As limit_leaf(): a contiguous range may be larger than the input range. */
static void s2_limit_leaf(struct s2_leaf *leaf, uint64_t ipa, unsigned range_log2)
{
    if (leaf->size_log2 <= range_log2)
        return;
    leaf->address = s2_output(leaf, ipa) & ~low_mask(range_log2);
    leaf->size_log2 = (uint8_t)range_log2;
}

static enum pas s2_table_pas(const struct mmu_regime *regime, const struct s2_params *params)
{
    if (regime->security == PAS_SECURE)
        return params->ns_table ? PAS_NON_SECURE : PAS_SECURE;
    return regime->security;
}

/* AArch64.S2Walk */
static bool s2_walk(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                    const struct s2_params *params, uint64_t ipa, struct s2_leaf *leaf, struct descriptor_site *site,
                    struct fault_record *fault)
{
    const struct mmu_features *features = regime->features;
    unsigned granule_bits = params->granule_bits;
    int level = s2_start_level(params);
    unsigned lsb = translation_size(granule_bits, level);
    unsigned index_bits = 64u - params->txsz - lsb;
    uint64_t base = table_base(features, params->ttbr, granule_bits, params->ps, params->ds, index_bits);
    uint64_t unreachable = unreachable_bits(features, params->ps, granule_bits);

    mmu->stats.walks++;
    site->big_endian = params->ee;
    site->at = (struct full_address){base | field(ipa, lsb, index_bits) << 3, s2_table_pas(regime, params)};
    if (site->at.address & unreachable)
        return set_fault(fault, FAULT_ADDRESS_SIZE, 0);
    for (;; level++) {
        fault->level = (int8_t)level;
        if (!fetch_descriptor(mmu, access, site->at, 8, params->ee, &site->value))
            return set_fault(fault, FAULT_SYNC_EXTERNAL_ON_WALK, level);
        if (mmu->observer)
            mmu->observer(mmu->observer_opaque, 2, level, site->at.address, site->at.pas, site->value);
        switch (decode_descriptor_type(features, site->value, granule_bits, params->ds, level)) {
        case DESCRIPTOR_INVALID:
            return set_fault(fault, FAULT_TRANSLATION, level);
        case DESCRIPTOR_LEAF:
            s2_decode_leaf(regime, params, site->value, level, leaf);
            if (!s2_check_leaf(regime, access, params, ipa, site->value, leaf, fault))
                return false;
            s2_limit_leaf(leaf, ipa, 64u - params->txsz);
            return true;
        case DESCRIPTOR_TABLE:
            base = next_table_base(features, site->value, granule_bits, params->ds);
            lsb = translation_size(granule_bits, level + 1);
            site->at.address = base | field(ipa, lsb, granule_bits - 3) << 3;
            if (site->at.address & unreachable)
                return set_fault(fault, FAULT_ADDRESS_SIZE, level);
        }
    }
}

/* The leaf descriptor as this access leaves it: Access flag, and dirty state for a write. */
static uint64_t s2_updated_descriptor(const struct mmu_regime *regime, const struct mmu_access *access,
                                      const struct s2_params *params, uint64_t descriptor, enum fault_type fault)
{
    bool dirty_permitted = fault == FAULT_NONE;
    bool flag_permitted = dirty_permitted || ((fault == FAULT_PERMISSION || fault == FAULT_ALIGNMENT) &&
                                              regime->features->access_flag_update_on_fault);
    if (params->ha && flag_permitted)
        descriptor |= 1ull << 10;
    if (params->ha && params->hd && dirty_permitted && bit(descriptor, 51) && access_dirties(access))
        descriptor |= 1ull << 7;
    return descriptor;
}

/* Walks, checks, updates; again when the descriptor changed under the update. */
static bool s2_walk_and_check(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                              bool aligned, const struct s2_params *params, struct full_address ipa,
                              const struct mem_attrs *s1_attrs, struct s2_leaf *leaf, bool *cacheable,
                              struct fault_record *fault)
{
    enum { ATTEMPTS = 8 };
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct descriptor_site site;
        uint64_t previous;
        if (!s2_walk(mmu, regime, access, params, ipa.address, leaf, &site, fault))
            return false;
        bool allowed = s2_check(regime, access, aligned, leaf, s1_attrs, fault);
        uint64_t updated = s2_updated_descriptor(regime, access, params, site.value, fault->type);
        *cacheable = bit(updated, 10);
        if (updated == site.value || access->no_update)
            return allowed;
        if (!mem_swap_table_descriptor(mmu, access, site.at, &site, updated, &previous))
            return set_fault(fault, FAULT_SYNC_EXTERNAL_ON_WALK, leaf->level);
        leaf->dirty_owed = leaf->dirty_owed && !bit(updated, 7);
        if (previous == site.value)
            return allowed;
        fault->type = FAULT_NONE;
    }
    return set_fault(fault, FAULT_HW_UPDATE, leaf->level);
}

bool s2_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                  struct full_address ipa, const struct mem_attrs *s1_attrs, struct s2_leaf *leaf, bool *cacheable,
                  struct fault_record *fault)
{
    struct s2_params params;
    uint64_t key = s2_key(regime->security, regime->vmid, ipa.pas);
    fault->second_stage = true;
    fault->s2fs1walk = access->type == ACCESS_TTW;
    fault->ipa = ipa.address;
    fault->ipa_pas = ipa.pas;
    const struct tlb_context *context = tlb_context_of(&mmu->s2, key, 0);
    const struct s2_leaf *cached = tlb_lookup(&mmu->s2, context, context, ipa.address);
    if (cached && !access->past_tlb && !(cached->dirty_owed && access_dirties(access))) {
        *leaf = *cached;
        *cacheable = true;
        return s2_check(regime, access, aligned, leaf, s1_attrs, fault);
    }
    get_s2_ttw_params(regime, ipa.pas, &params);
    if (!s2_limit_sizes(regime, &params) || ipa.address & ~low_mask(64u - params.txsz))
        return set_fault(fault, FAULT_TRANSLATION, regime->stage2_aarch32 ? 1 : 0);
    if (!s2_walk_and_check(mmu, regime, access, aligned, &params, ipa, s1_attrs, leaf, cacheable, fault))
        return false;
    if (*cacheable && !access->no_update) {
        struct s2_leaf *entry = tlb_fill(&mmu->s2, tlb_context_of(&mmu->s2, key, 0), ipa.address, leaf->size_log2,
                                         leaf->size_log2, cached != NULL);
        *entry = *leaf;
    }
    return true;
}

/* A table that stage 2 is known to let the walk read (and write): nothing else needs looking at. */
static bool known_table(struct mmu *mmu, const struct mmu_regime *regime, bool write, struct full_address ipa,
                        struct full_address *pa)
{
    const struct tlb_context *context = tlb_context_of(&mmu->s2, s2_key(regime->security, regime->vmid, ipa.pas), 0);
    const struct s2_leaf *leaf = tlb_lookup(&mmu->s2, context, context, ipa.address);
    unsigned wanted = S2_R | (write ? S2_W : 0);
    if (!leaf || (leaf->permissions & wanted) != wanted || (write && leaf->dirty_owed) || bit(regime->hcr, HCR_PTW))
        return false;
    *pa = (struct full_address){s2_output(leaf, ipa.address), (enum pas)leaf->pas};
    return true;
}

bool s2_translate_table_access(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                               bool write, struct full_address ipa, struct full_address *pa, struct fault_record *fault)
{
    static const struct mem_attrs walk_attrs = {.inner = CACHE_WB | HINT_RWA, .outer = CACHE_WB | HINT_RWA};
    if (!access->past_tlb && known_table(mmu, regime, write, ipa, pa))
        return true;
    struct mmu_access walk = {.type = ACCESS_TTW, .read = true, .write = write, .el = access->el,
                              .no_update = access->no_update, .past_tlb = access->past_tlb};
    struct fault_record s2_fault = *fault;
    struct s2_leaf leaf;
    bool cacheable;
    if (!s2_translate(mmu, regime, &walk, true, ipa, &walk_attrs, &leaf, &cacheable, &s2_fault)) {
        *fault = s2_fault;
        return false;
    }
    *pa = (struct full_address){s2_output(&leaf, ipa.address), (enum pas)leaf.pas};
    return true;
}
