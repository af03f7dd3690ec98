/* AArch64.GetS1TTWParams: what TCR_ELx and its neighbours say about one address. */
#include "mmu/internal.h"

/* Granule sizes by TCR_ELx.TG0 (also VTCR_EL2, VSTCR_EL2). A size that isn't implemented acts as the first that is. */
static unsigned implemented_granule(const struct mmu_features *features, unsigned granule_bits)
{
    bool implemented = granule_bits == 12 ? features->granule4 : granule_bits == 14 ? features->granule16
                                                                                    : features->granule64;
    if (implemented)
        return granule_bits;
    return features->granule4 ? 12 : features->granule64 ? 16 : features->granule16 ? 14 : 12;
}

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

unsigned s1_min_txsz(const struct mmu_features *features, const struct s1_params *params)
{
    return (features->lva && params->granule_bits == 16) || params->ds ? 12 : 16;
}

/* EL1&0 and EL2&0: TCR_EL1's layout, one half by VA[55]. */
static void two_range_params(const struct mmu_regime *regime, bool upper, struct s1_params *params)
{
    const struct mmu_features *features = regime->features;
    uint64_t tcr = regime->tcr;
    uint64_t range = upper ? tcr >> 16 : tcr; /* T1SZ..SH1 are laid out as T0SZ..SH0 */
    params->txsz = (uint8_t)field(range, 0, 6);
    params->epd = bit(range, 7);
    params->sh = (uint8_t)field(range, 12, 2);
    params->granule_bits = (uint8_t)(upper ? decode_granule1(features, (unsigned)field(tcr, 30, 2))
                                           : decode_granule(features, (unsigned)field(tcr, 14, 2)));
    params->ps = (uint8_t)field(tcr, 32, 3);
    params->tbi = bit(tcr, 37 + upper);
    params->ha = features->hafdbs_af && bit(tcr, 39);
    params->hd = features->hafdbs_dirty && bit(tcr, 40);
    params->hpd = features->hpd && bit(tcr, 41 + upper);
    params->tbid = features->pauth && bit(tcr, 51 + upper);
    params->e0pd = features->e0pd && bit(tcr, 55 + upper);
    params->ds = features->lpa2 && params->granule_bits != 16 && bit(tcr, 59);
}

/* EL2 and EL3: one range. */
static void one_range_params(const struct mmu_regime *regime, struct s1_params *params)
{
    const struct mmu_features *features = regime->features;
    uint64_t tcr = regime->tcr;
    params->txsz = (uint8_t)field(tcr, 0, 6);
    params->epd = false;
    params->sh = (uint8_t)field(tcr, 12, 2);
    params->granule_bits = (uint8_t)decode_granule(features, (unsigned)field(tcr, 14, 2));
    params->ps = (uint8_t)field(tcr, 16, 3);
    params->tbi = bit(tcr, 20);
    params->ha = features->hafdbs_af && bit(tcr, 21);
    params->hd = features->hafdbs_dirty && bit(tcr, 22);
    params->hpd = features->hpd && bit(tcr, 24);
    params->tbid = features->pauth && bit(tcr, 29);
    params->e0pd = false;
    params->ds = features->lpa2 && params->granule_bits != 16 && bit(tcr, 32);
}

void get_s1_ttw_params(const struct mmu_regime *regime, uint64_t va, struct s1_params *params)
{
    bool two_ranges = regime->id == REGIME_EL10 || regime->id == REGIME_EL20;
    bool upper = two_ranges && upper_range(va);
    if (two_ranges)
        two_range_params(regime, upper, params);
    else
        one_range_params(regime, params);
    params->ttbr = regime->ttbr[upper];
    params->mair = regime->mair;
    params->ee = sctlr_bit(regime, SCTLR_EE);
    params->nv1 = nv1_enabled(regime);
}

/* AArch64.AddrTop */
unsigned addr_top(const struct s1_params *params, enum access_type type)
{
    if (params->tbid && type == ACCESS_FETCH)
        return 63;
    return params->tbi ? 55 : 63;
}

uint64_t canonical_va(const struct mmu_regime *regime, enum access_type type, uint64_t va)
{
    uint64_t sign_extended = (uint64_t)((int64_t)(va << 8) >> 8);
    if (va == sign_extended)
        return va;
    bool two_ranges = regime->id == REGIME_EL10 || regime->id == REGIME_EL20;
    unsigned upper = two_ranges && upper_range(va);
    bool tbi = bit(regime->tcr, two_ranges ? 37 + upper : 20);
    bool tbid = regime->features->pauth && bit(regime->tcr, two_ranges ? 51 + upper : 29);
    return tbi && !(tbid && type == ACCESS_FETCH) ? sign_extended : va;
}

bool e0pd_faults(const struct mmu_regime *regime, uint64_t va)
{
    bool two_ranges = regime->id == REGIME_EL10 || regime->id == REGIME_EL20;
    return regime->features->e0pd && two_ranges && bit(regime->tcr, 55 + upper_range(va));
}
