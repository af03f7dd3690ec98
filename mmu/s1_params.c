/* AArch64.GetS1TTWParams: what TCR_ELx and its neighbours say about one half of a regime's addresses. */
#include "mmu/entries.h"

/* A granule size that isn't implemented acts as the first that is. */
static unsigned implemented_granule(const struct mmu_features *features, unsigned granule_bits)
{
    bool implemented = granule_bits == 12   ? features->granule4
                       : granule_bits == 14 ? features->granule16
                                            : features->granule64;
    if (implemented)
        return granule_bits;
    return features->granule4 ? 12 : features->granule64 ? 16 : features->granule16 ? 14 : 12;
}

/* TCR_ELx.TG0, VTCR_EL2.TG0, VSTCR_EL2.TG0 */
unsigned decode_granule(const struct mmu_features *features, unsigned tg0)
{
    static const uint8_t granule_bits[4] = {12, 16, 14, 12};
    return implemented_granule(features, granule_bits[tg0]);
}

static unsigned decode_granule1(const struct mmu_features *features, unsigned tg1)
{
    static const uint8_t granule_bits[4] = {12, 14, 12, 16};
    return implemented_granule(features, granule_bits[tg1]);
}

unsigned max_txsz(const struct mmu_features *features, unsigned granule_bits)
{
    if (!features->ttst)
        return 39;
    return granule_bits == 16 ? 47 : 48;
}

/* AArch64.S1MinTxSZ */
static unsigned s1_min_txsz(const struct mmu_features *features, const struct s1_params *params)
{
    return (features->lva && params->granule_bits == 16) || params->ds ? 12 : 16;
}

/* Where TCR_EL1 (and TCR_EL2 with E2H), or TCR_EL2 and TCR_EL3, keep their fields; `upper` moves the paired ones. */
struct tcr_layout {
    uint8_t ps, ha, hd, hpd, tbi, tbid, ds;
};
static const struct tcr_layout two_ranges = {.ps = 32, .ha = 39, .hd = 40, .hpd = 41, .tbi = 37, .tbid = 51, .ds = 59};
static const struct tcr_layout one_range = {.ps = 16, .ha = 21, .hd = 22, .hpd = 24, .tbi = 20, .tbid = 29, .ds = 32};
enum { TCR_E0PD = 55 };

static void decode_tcr(const struct mmu_regime *regime, bool upper, struct s1_params *params, unsigned *txsz,
                       unsigned *ps)
{
    const struct mmu_features *features = regime->features;
    const struct tcr_layout *layout = has_two_ranges(regime) ? &two_ranges : &one_range;
    uint64_t tcr = regime->tcr;
    uint64_t range = upper ? tcr >> 16 : tcr; /* T1SZ..SH1 are laid out as T0SZ..SH0 */
    *txsz = (unsigned)field(range, 0, 6);
    *ps = (unsigned)field(tcr, layout->ps, 3);
    params->epd = has_two_ranges(regime) && bit(range, 7);
    params->sh = (uint8_t)field(range, 12, 2);
    params->granule_bits = (uint8_t)(upper ? decode_granule1(features, (unsigned)field(tcr, 30, 2))
                                           : decode_granule(features, (unsigned)field(tcr, 14, 2)));
    params->ha = features->hafdbs_af && bit(tcr, layout->ha);
    params->hd = params->ha && features->hafdbs_dirty && bit(tcr, layout->hd); /* HD does nothing without HA */
    params->hpd = features->hpd && bit(tcr, layout->hpd + upper);
    params->ds = features->lpa2 && params->granule_bits != 16 && bit(tcr, layout->ds);
}

/* AArch64.S1TxSZFaults, and the limits that a value which doesn't fault acts as. */
static unsigned limit_txsz(const struct mmu_features *features, struct s1_params *params, unsigned txsz)
{
    unsigned min = s1_min_txsz(features, params), max = max_txsz(features, params->granule_bits);
    params->txsz_faults =
        (txsz < min && (features->lva || features->fault_small_txsz)) || (txsz > max && features->fault_large_txsz);
    return txsz < min ? min : txsz > max ? max : txsz;
}

/* AArch64.S1ApplyOutputPerms, and the part of S1DirectBasePermissions that no register changes afterwards. */
uint8_t s1_output_permissions(const struct mmu_regime *regime, const struct s1_params *params, unsigned ap,
                              unsigned ap_table, bool bit53, bool bit54)
{
    if (!has_unprivileged(regime))
        return s1_direct_permissions(ap & 2, ap_table & 2, bit54, true);
    if (params->nv1) /* bit 54 is PXN, and EL0 may execute only */
        return s1_direct_permissions(ap & 2, ap_table, bit54, false);
    uint8_t permissions = s1_direct_permissions(ap, ap_table, bit53, bit54);
    if (permissions & S1_UW) /* what EL0 can write, EL1 never executes */
        permissions &= (uint8_t)~S1_PX;
    return permissions;
}

/* AArch64.S1StartLevel, AArch64.S1TTBaseAddress */
static void find_first_table(const struct mmu_features *features, struct s1_params *params, unsigned ps)
{
    unsigned stride = params->granule_bits - 3u;
    params->start_level = (int8_t)(FINAL_LEVEL - (int)((params->iasize - 1u - params->granule_bits) / stride));
    params->start_lsb = (uint8_t)translation_size(params->granule_bits, params->start_level);
    params->table = table_base(features, params->source.ttbr, params->granule_bits, ps, params->ds,
                               params->iasize - params->start_lsb);
}

static void decode_mair(const struct mmu_regime *regime, struct s1_params *params)
{
    for (unsigned i = 0; i < 32; i++) {
        unsigned sh = i / 8, attr = (unsigned)field(regime->mair, 8 * (i % 8), 8);
        struct mem_attrs attrs = s1_decode_mem_attrs(regime->features, attr, 0, true);
        if (attrs.shareability == SHARE_NSH) /* else the memory type decides */
            attrs.shareability = decode_shareability(sh);
        params->attrs[sh][i % 8] = attrs;
    }
}

bool e0pd_faults(const struct mmu_regime *regime, bool upper)
{
    return regime->features->e0pd && has_two_ranges(regime) && bit(regime->tcr, TCR_E0PD + upper);
}

static bool is_same_source(const struct s1_source *source, const struct mmu_regime *regime, bool upper)
{
    return source->tcr == regime->tcr && source->ttbr == regime->ttbr[upper] && source->mair == regime->mair &&
           source->sctlr == regime->sctlr && source->hcr == regime->hcr && source->features == regime->features;
}

static void compute_from_source(const struct mmu_regime *regime, bool upper, struct s1_params *params)
{
    const struct mmu_features *features = regime->features;
    bool mair_changed = params->source.mair != regime->mair || params->source.features != features;
    unsigned txsz, ps;
    params->source =
        (struct s1_source){regime->tcr, regime->ttbr[upper], regime->mair, regime->sctlr, regime->hcr, features};
    decode_tcr(regime, upper, params, &txsz, &ps);
    params->iasize = (uint8_t)(64 - limit_txsz(features, params, txsz));
    params->unreachable = unreachable_bits(features, ps, params->granule_bits);
    params->leaf_sizes = 0;
    for (int level = 0; level <= FINAL_LEVEL; level++)
        if (level == FINAL_LEVEL || block_supported(features, params->granule_bits, params->ds, level))
            params->leaf_sizes |= 1ull << translation_size(params->granule_bits, level);
    params->va_mask = low_mask(params->iasize);
    params->index_mask = low_mask(params->granule_bits) & ~low_mask(3);
    params->table_mask = low_mask(48) & ~low_mask(params->granule_bits);
    params->high_bits = params->ds || (features->lpa && params->granule_bits == 16);
    params->leaf_mask = (uint64_t)has_unprivileged(regime) << 11 | (uint64_t)features->bti << 50;
    params->ee = sctlr_bit(regime, SCTLR_EE);
    params->nv1 = nv1_enabled(regime);
    params->e0pd = e0pd_faults(regime, upper);
    for (unsigned i = 0; i < 16; i++)
        params->permissions[i] = s1_output_permissions(regime, params, i & 3, 0, i & 4, i & 8);
    if (mair_changed)
        decode_mair(regime, params);
    find_first_table(features, params, ps);
}

void compute_s1_params(struct mmu *mmu, const struct mmu_regime *regime, bool upper, struct s1_params *params)
{
    params->version = regime->version ? regime->version : UINT64_MAX; /* which no regime has */
    params->enabled = params->plain = false;
    params->els = 0;
    params->path.range = UINT64_MAX;
    params->own = params->global = mmu->s1.contexts; /* any will do */
    if (upper && !has_two_ranges(regime))
        return;
    if (!is_same_source(&params->source, regime, upper))
        compute_from_source(regime, upper, params);
    bool host_order = params->ee == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    params->own_key = own_key(regime);
    params->global_key = global_key(params->own_key);
    params->enabled = s1_enabled(regime) && !regime->aarch32;
    params->els = params->enabled && !regime->features->tlb_check ? (params->e0pd ? 0xe : 0xf) : 0;
    params->plain = params->enabled && !regime->stage2 && regime->security == PAS_NON_SECURE && host_order &&
                    !params->high_bits && !params->epd && !params->txsz_faults && !mmu->observer;
}

/* AArch64.AddrTop */
unsigned addr_top(const struct mmu_regime *regime, enum access_type type, uint64_t va)
{
    const struct tcr_layout *layout = has_two_ranges(regime) ? &two_ranges : &one_range;
    unsigned upper = has_two_ranges(regime) && upper_range(va);
    if (!bit(regime->tcr, layout->tbi + upper))
        return 63;
    bool data_only = regime->features->pauth && bit(regime->tcr, layout->tbid + upper);
    return data_only && type == ACCESS_FETCH ? 63 : 55;
}
