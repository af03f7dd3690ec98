/* Memory attributes: decoding MAIR and stage-2 MemAttr, and combining the stages. */
#include "mmu/internal.h"

struct mem_attrs normal_nc(void)
{
    return (struct mem_attrs){.inner = CACHE_NC, .outer = CACHE_NC, .shareability = SHARE_OSH};
}

struct mem_attrs device_attrs(unsigned type)
{
    return (struct mem_attrs){.device = true, .device_type = (uint8_t)type, .shareability = SHARE_OSH};
}

/* DecodeDevice: 0 is nGnRnE. */
static unsigned decode_device(unsigned bits)
{
    return DEVICE_NGNRNE - bits;
}

/* DecodeSDFAttr */
unsigned decode_sdf_attr(unsigned rgn)
{
    static const uint8_t attrs[4] = {CACHE_NC, CACHE_WB | HINT_RWA, CACHE_WT | HINT_RA, CACHE_WB | HINT_RA};
    return attrs[rgn];
}

/* S1ConstrainUnpredictableRESMAIR */
static bool reserved_mair(const struct mmu_features *features, unsigned attr, bool aarch64)
{
    if (attr >> 4 == 0)
        return (attr & 3) != 0 && !((attr & 3) == 1 && aarch64 && features->xs);
    if (attr == 0x40 || attr == 0xa0)
        return !(aarch64 && features->xs);
    if (attr == 0xf0)
        return !(aarch64 && features->mte2);
    return (attr & 15) == 0;
}

/* DecodeLDFAttr: four bits of a MAIR attribute. */
static unsigned decode_ldf_attr(unsigned attr, bool *transient)
{
    *transient = false;
    if (attr == 4)
        return CACHE_NC;
    unsigned hints = attr & HINTS;
    *transient = hints && !(attr & 8);
    return (attr & 4 ? CACHE_WB : CACHE_WT) | hints;
}

/* S1DecodeMemAttrs. A reserved MAIR value is taken as Device-nGnRnE. */
struct mem_attrs s1_decode_mem_attrs(const struct mmu_features *features, unsigned attr, unsigned sh, bool aarch64)
{
    struct mem_attrs attrs = {0};
    if (reserved_mair(features, attr, aarch64))
        attr = 0;
    attrs.shareability = decode_shareability(sh);
    if (attr >> 4 == 0) {
        attrs.device = true;
        attrs.device_type = (uint8_t)decode_device(attr >> 2);
    } else if (attr == 0xa0) {
        attrs.inner = attrs.outer = CACHE_WT | HINT_RA;
    } else if (attr == 0xf0) {
        attrs.inner = attrs.outer = CACHE_WB | HINT_RWA;
        attrs.tagged = true;
    } else if (attr != 0x40) {
        bool inner_transient, outer_transient;
        attrs.outer = (uint8_t)decode_ldf_attr(attr >> 4, &outer_transient);
        attrs.inner = (uint8_t)decode_ldf_attr(attr & 15, &inner_transient);
        attrs.transient = (uint8_t)(inner_transient | outer_transient << 1);
    }
    effective_shareability(&attrs);
    return attrs;
}

/* The attributes of AArch64.S1DisabledOutput and AArch32.S1DisabledOutput. */
struct mem_attrs s1_disabled_attrs(const struct mmu_regime *regime, enum access_type type)
{
    if (regime->id == REGIME_EL10 && bit(regime->hcr, HCR_DC)) {
        return (struct mem_attrs){.inner = CACHE_WB | HINT_RWA,
                                  .outer = CACHE_WB | HINT_RWA,
                                  .shareability = SHARE_NSH,
                                  .tagged = regime->features->mte2 && bit(regime->hcr, HCR_DCT)};
    }
    if (type != ACCESS_FETCH)
        return device_attrs(DEVICE_NGNRNE);
    struct mem_attrs attrs = normal_nc();
    if (sctlr_bit(regime, SCTLR_I))
        attrs.inner = attrs.outer = CACHE_WT | HINT_RA;
    return attrs;
}

bool s2_fwb(const struct mmu_regime *regime)
{
    return regime->features->s2fwb && !regime->stage2_aarch32 && bit(regime->hcr, HCR_FWB);
}

static unsigned combine_device(unsigned a, unsigned b)
{
    return a > b ? a : b; /* the stricter type has the larger number */
}

static uint8_t combine_shareability(unsigned a, unsigned b)
{
    return (uint8_t)(a > b ? a : b);
}

/* S2DecodeCacheability; the reserved value is taken as Non-cacheable, the hints come from stage 1. */
static uint8_t s2_decode_cacheability(unsigned bits)
{
    static const uint8_t attrs[4] = {CACHE_NC, CACHE_NC, CACHE_WT, CACHE_WB};
    return attrs[bits];
}

/* S2DecodeMemAttrs */
static struct mem_attrs s2_decode_mem_attrs(const struct s2_leaf *leaf)
{
    struct mem_attrs attrs = {.shareability = leaf->shareability};
    if (leaf->memattr >> 2 == 0) {
        attrs.device = true;
        attrs.device_type = (uint8_t)decode_device(leaf->memattr & 3);
    } else {
        attrs.outer = s2_decode_cacheability(leaf->memattr >> 2);
        attrs.inner = s2_decode_cacheability(leaf->memattr & 3);
    }
    return attrs;
}

static uint8_t fwb_write_back(uint8_t s1, bool s1_normal)
{
    return s1_normal && s1 >> 2 != 0 ? (uint8_t)(CACHE_WB | (s1 & HINTS)) : CACHE_WB | HINT_RWA;
}

static bool fully_cached(const struct mem_attrs *attrs)
{
    return !attrs->device && attrs->inner == (CACHE_WB | HINT_RWA) && attrs->outer == (CACHE_WB | HINT_RWA) &&
           !attrs->transient;
}

/* AArch64.S2ApplyFWBMemAttrs */
static struct mem_attrs s2_apply_fwb(const struct mem_attrs *s1, const struct s2_leaf *leaf)
{
    struct mem_attrs attrs = {0};
    if (!(leaf->memattr & 4)) {
        unsigned type = decode_device(leaf->memattr & 3);
        attrs.device = true;
        attrs.device_type = (uint8_t)(s1->device ? combine_device(s1->device_type, type) : type);
    } else if ((leaf->memattr & 3) == 3) {
        attrs = *s1;
    } else if ((leaf->memattr & 3) == 2) {
        attrs.inner = fwb_write_back(s1->inner, !s1->device);
        attrs.outer = fwb_write_back(s1->outer, !s1->device);
        attrs.transient = s1->device ? 0 : s1->transient;
    } else if (s1->device) {
        attrs = *s1;
    }
    attrs.shareability = combine_shareability(s1->shareability, leaf->shareability);
    attrs.tagged = s1->tagged && fully_cached(&attrs);
    effective_shareability(&attrs);
    return attrs;
}

struct mem_attrs s2_attrs(const struct mmu_regime *regime, const struct mem_attrs *s1, const struct s2_leaf *leaf)
{
    return s2_fwb(regime) ? s2_apply_fwb(s1, leaf) : s2_decode_mem_attrs(leaf);
}

/* S2CombineS1AttrHints */
static uint8_t combine_cacheability(uint8_t s1, uint8_t s2)
{
    unsigned policy1 = s1 & ~HINTS, policy2 = s2 & ~HINTS;
    unsigned policy = policy1 < policy2 ? policy1 : policy2;
    return (uint8_t)(policy == CACHE_NC ? CACHE_NC : policy | (s1 & HINTS));
}

/* S2CombineS1MemAttrs */
static struct mem_attrs combine(const struct mem_attrs *s1, const struct mem_attrs *s2)
{
    struct mem_attrs attrs = {0};
    if (s1->device && s2->device) {
        attrs.device = true;
        attrs.device_type = (uint8_t)combine_device(s1->device_type, s2->device_type);
    } else if (s1->device || s2->device) {
        attrs = s1->device ? *s1 : *s2;
    } else {
        attrs.inner = combine_cacheability(s1->inner, s2->inner);
        attrs.outer = combine_cacheability(s1->outer, s2->outer);
        attrs.transient = (uint8_t)((attrs.inner ? s1->transient & 1 : 0) | (attrs.outer ? s1->transient & 2 : 0));
    }
    attrs.shareability = combine_shareability(s1->shareability, s2->shareability);
    attrs.tagged = s1->tagged && fully_cached(&attrs);
    effective_shareability(&attrs);
    return attrs;
}

/* The end of AArch64.S2Translate. */
struct mem_attrs s2_output_attrs(const struct mmu_regime *regime, enum access_type type, const struct mem_attrs *s1,
                                 const struct s2_leaf *leaf)
{
    enum { WRITE_BACK = 15 };
    bool fwb = s2_fwb(regime), uncached = bit(regime->hcr, type == ACCESS_FETCH ? HCR_ID : HCR_CD);
    if (leaf->memattr == WRITE_BACK && !fwb && !uncached) { /* all is as stage 1 has it */
        struct mem_attrs attrs = *s1;
        attrs.shareability = combine_shareability(s1->shareability, leaf->shareability);
        effective_shareability(&attrs);
        return attrs;
    }
    struct mem_attrs own = s2_attrs(regime, s1, leaf);
    if (type == ACCESS_FETCH ? own.device || uncached : !own.device && uncached)
        own = normal_nc();
    return fwb ? own : combine(s1, &own);
}
