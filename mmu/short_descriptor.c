/* AArch32.S1WalkSD: stage 1 of AArch32 with the short-descriptor format: sections, pages, domains, TEX remap. */
#include "mmu/internal.h"

enum sd_type { SD_INVALID, SD_TABLE, SD_SECTION, SD_SUPERSECTION, SD_LARGE_PAGE, SD_SMALL_PAGE };

/* The fields that all formats have, wherever each keeps them. */
struct sd_fields {
    uint64_t address;
    unsigned size_log2, ap, tex, domain;
    bool c, b, s, ng, ns, xn, pxn;
};

bool short_descriptor_format(const struct mmu_regime *regime)
{
    return regime->id != REGIME_EL2 && !bit(regime->tcr, TTBCR_EAE);
}

/* AArch32.DecodeDescriptorTypeSD */
static enum sd_type decode_type(uint32_t descriptor, int level)
{
    if (level == 2)
        return bit(descriptor, 1) ? SD_SMALL_PAGE : bit(descriptor, 0) ? SD_LARGE_PAGE : SD_INVALID;
    if (bit(descriptor, 1))
        return bit(descriptor, 18) ? SD_SUPERSECTION : SD_SECTION;
    return bit(descriptor, 0) ? SD_TABLE : SD_INVALID;
}

static void decode_page(uint32_t descriptor, bool large, struct sd_fields *fields)
{
    fields->size_log2 = large ? 16 : 12;
    fields->address = descriptor & ~low_mask(fields->size_log2);
    fields->tex = (unsigned)field(descriptor, large ? 12 : 6, 3);
    fields->xn = bit(descriptor, large ? 15 : 0);
    fields->ap = (unsigned)(field(descriptor, 9, 1) << 2 | field(descriptor, 4, 2));
    fields->ng = bit(descriptor, 11);
    fields->s = bit(descriptor, 10);
    fields->c = bit(descriptor, 3);
    fields->b = bit(descriptor, 2);
}

static void decode_section(uint32_t descriptor, bool super, struct sd_fields *fields)
{
    fields->size_log2 = super ? 24 : 20;
    fields->address = descriptor & ~low_mask(fields->size_log2);
    if (super) /* PA[39:36] and PA[35:32] */
        fields->address |= field(descriptor, 5, 4) << 36 | field(descriptor, 20, 4) << 32;
    fields->domain = super ? 0 : (unsigned)field(descriptor, 5, 4);
    fields->tex = (unsigned)field(descriptor, 12, 3);
    fields->ap = (unsigned)(field(descriptor, 15, 1) << 2 | field(descriptor, 10, 2));
    fields->ns = bit(descriptor, 19);
    fields->ng = bit(descriptor, 17);
    fields->s = bit(descriptor, 16);
    fields->xn = bit(descriptor, 4);
    fields->c = bit(descriptor, 3);
    fields->b = bit(descriptor, 2);
    fields->pxn = bit(descriptor, 0);
}

/* AP[2:0] with SCTLR.AFE = 0; the reserved value 4 acts as 5. */
static uint8_t ap_permissions(unsigned ap, bool afe)
{
    static const uint8_t by_ap[8] = {
        0,     S1_PR | S1_PW, S1_PR | S1_PW | S1_UR, S1_PR | S1_PW | S1_UR | S1_UW,
        S1_PR, S1_PR,         S1_PR | S1_UR,         S1_PR | S1_UR,
    };
    return afe ? s1_direct_permissions(ap >> 1, 0, true, true) : by_ap[ap];
}

static uint8_t leaf_permissions(const struct sd_fields *fields, bool afe)
{
    uint8_t permissions = ap_permissions(fields->ap, afe);
    if ((permissions & S1_UR) && !fields->xn)
        permissions |= S1_UX;
    if ((permissions & S1_PR) && !fields->xn && !fields->pxn)
        permissions |= S1_PX;
    return permissions;
}

static struct mem_attrs normal(unsigned inner, unsigned outer, unsigned shareability)
{
    struct mem_attrs attrs = {.inner = (uint8_t)inner, .outer = (uint8_t)outer, .shareability = (uint8_t)shareability};
    effective_shareability(&attrs);
    return attrs;
}

/* AArch32.DefaultTEXDecode: SCTLR.TRE = 0. Reserved values act as Strongly-ordered, the IMPLEMENTATION DEFINED one as
 * Normal Non-cacheable. */
static struct mem_attrs default_tex_decode(const struct sd_fields *fields)
{
    unsigned cb = (unsigned)fields->c << 1 | fields->b, sharing = fields->s ? SHARE_OSH : SHARE_NSH;
    if (fields->tex & 4)
        return normal(decode_sdf_attr(cb), decode_sdf_attr(fields->tex & 3), sharing);
    switch (fields->tex << 2 | cb) {
    case 001:
    case 010:
        return device_attrs(DEVICE_NGNRE);
    case 002:
        return normal(CACHE_WT | HINT_RA, CACHE_WT | HINT_RA, sharing);
    case 003:
        return normal(CACHE_WB | HINT_RA, CACHE_WB | HINT_RA, sharing);
    case 004:
    case 006:
        return normal_nc();
    case 007:
        return normal(CACHE_WB | HINT_RWA, CACHE_WB | HINT_RWA, sharing);
    default:
        return device_attrs(DEVICE_NGNRNE);
    }
}

/* AArch32.RemappedTEXDecode: SCTLR.TRE = 1, PRRR and NMRR. Region 6 is IMPLEMENTATION DEFINED: Non-cacheable. */
static struct mem_attrs remapped_tex_decode(const struct mmu_regime *regime, const struct sd_fields *fields)
{
    uint64_t prrr = field(regime->mair, 0, 32), nmrr = field(regime->mair, 32, 32);
    unsigned region = (fields->tex & 1) << 2 | (unsigned)fields->c << 1 | fields->b;
    if (region == 6)
        return normal_nc();
    switch (field(prrr, 2 * region, 2)) {
    case 1:
        return device_attrs(DEVICE_NGNRE);
    case 2:
        break;
    default:
        return device_attrs(DEVICE_NGNRNE);
    }
    bool shareable = bit(prrr, fields->s ? 19 : 18);
    bool not_outer = bit(prrr, region + 24) && shareable;
    unsigned inner = decode_sdf_attr((unsigned)field(nmrr, 2 * region, 2));
    unsigned outer = decode_sdf_attr((unsigned)field(nmrr, 2 * region + 16, 2));
    return normal(inner, outer, !shareable ? SHARE_NSH : not_outer ? SHARE_ISH : SHARE_OSH);
}

static struct mem_attrs tex_decode(const struct mmu_regime *regime, const struct sd_fields *fields)
{
    if (sctlr_bit(regime, SCTLR_TRE))
        return remapped_tex_decode(regime, fields);
    return regime->features->no_default_tex ? normal_nc() : default_tex_decode(fields);
}

static void fill_leaf(const struct mmu_regime *regime, const struct sd_fields *fields, int level, struct s1_leaf *leaf)
{
    *leaf = (struct s1_leaf){.enabled = true, .domain_checked = true, .level = (int8_t)level};
    leaf->address = fields->address;
    leaf->size_log2 = leaf->leaf_log2 = (uint8_t)fields->size_log2;
    leaf->supersection = fields->size_log2 == 24;
    leaf->domain = (uint8_t)fields->domain;
    leaf->permissions = leaf_permissions(fields, sctlr_bit(regime, SCTLR_AFE));
    leaf->attrs = tex_decode(regime, fields);
    leaf->pas = (uint8_t)(regime->security == PAS_SECURE && !fields->ns ? PAS_SECURE : PAS_NON_SECURE);
    leaf->ng = fields->ng;
}

static bool read_level(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                       uint64_t address, int level, uint32_t *descriptor, struct fault_record *fault)
{
    struct full_address ipa = {address, regime->security}, pa;
    uint64_t value;
    fault->level = (int8_t)level;
    if (!s2_translate_walk(mmu, regime, access, false, ipa, &pa, fault))
        return false;
    if (!fetch_descriptor(mmu, access, pa, 4, sctlr_bit(regime, SCTLR_EE), &value))
        return set_fault(fault, FAULT_SYNC_EXTERNAL_ON_WALK, level);
    if (mmu->observer)
        mmu->observer(mmu->observer_opaque, 1, level, pa.address, pa.pas, value);
    *descriptor = (uint32_t)value;
    return true;
}

/* The address of the level 1 descriptor; TTBCR.N divides the space between TTBR0 and TTBR1. False: PDn is set. */
static bool level1_address(const struct mmu_regime *regime, uint32_t va, uint64_t *address)
{
    unsigned n = (unsigned)field(regime->tcr, 0, 3);
    bool upper = n != 0 && va >> (32 - n) != 0;
    if (upper)
        n = 0;
    uint64_t base = (uint32_t)regime->ttbr[upper] & ~low_mask(14 - n);
    *address = base | field(va, 20, 12 - n) << 2;
    return !bit(regime->tcr, upper ? 5 : 4);
}

bool aarch32_s1_walk_sd(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint32_t va,
                        struct s1_leaf *leaf, struct fault_record *fault)
{
    struct sd_fields fields = {0};
    uint64_t address;
    uint32_t descriptor;
    int level = 1;
    mmu->stats.walks++;
    if (!level1_address(regime, va, &address))
        return set_fault(fault, FAULT_TRANSLATION, 1);
    if (!read_level(mmu, regime, access, address, level, &descriptor, fault))
        return false;
    enum sd_type type = decode_type(descriptor, level);
    if (type == SD_TABLE) {
        fields.domain = (unsigned)field(descriptor, 5, 4);
        fields.ns = bit(descriptor, 3);
        fields.pxn = bit(descriptor, 2);
        address = (descriptor & ~low_mask(10)) | field(va, 12, 8) << 2;
        level = 2;
        if (!read_level(mmu, regime, access, address, level, &descriptor, fault))
            return false;
        type = decode_type(descriptor, level);
    }
    if (type == SD_SECTION || type == SD_SUPERSECTION)
        decode_section(descriptor, type == SD_SUPERSECTION, &fields);
    else if (type != SD_INVALID)
        decode_page(descriptor, type == SD_LARGE_PAGE, &fields);
    fault->domain = (uint8_t)fields.domain;
    if (type == SD_INVALID)
        return set_fault(fault, FAULT_TRANSLATION, level);
    if (sctlr_bit(regime, SCTLR_AFE) && !(fields.ap & 1))
        return set_fault(fault, FAULT_ACCESS_FLAG, level);
    fill_leaf(regime, &fields, level, leaf);
    return true;
}
