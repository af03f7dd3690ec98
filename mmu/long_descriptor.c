/* AArch32.S1WalkLD: stage 1 of AArch32 with the long-descriptor format (LPAE). 4K granule, 40-bit addresses. */
#include "mmu/internal.h"

enum { GRANULE_BITS = 12, STRIDE = 9, OUTPUT_BITS = 40, TTBCR_T2E = 6 };

struct aarch32_params {
    uint64_t ttbr;
    unsigned iasize, range_log2; /* range_log2: the smaller of the two ranges, which no leaf crosses */
    bool epd, hpd;
};

/* AArch32.GetVARange, with AArch32.VAIsOutOfRange. False: neither range holds the address. */
static bool aarch32_va_range(const struct mmu_regime *regime, uint32_t va, bool *upper)
{
    unsigned t0sz = (unsigned)field(regime->tcr, 0, 3), t1sz = (unsigned)field(regime->tcr, 16, 3);
    bool in_lower = ((uint64_t)va >> (32 - t0sz)) == 0;
    bool in_upper = ((uint64_t)(uint32_t)~va >> (32 - t1sz)) == 0;
    *upper = false;
    if (regime->id == REGIME_EL2)
        return in_lower;
    if (!t0sz && !t1sz)
        return true;
    if (!t1sz)
        *upper = !in_lower;
    else if (!t0sz)
        *upper = in_upper;
    else
        *upper = !in_lower;
    return !t0sz || !t1sz || in_lower || in_upper;
}

static bool get_params(const struct mmu_regime *regime, uint32_t va, struct aarch32_params *params)
{
    bool upper;
    if (!aarch32_va_range(regime, va, &upper))
        return false;
    uint64_t tcr = regime->tcr;
    params->ttbr = regime->ttbr[upper];
    params->iasize = 32 - (unsigned)field(tcr, upper ? 16 : 0, 3);
    params->range_log2 = params->iasize;
    if (regime->id == REGIME_EL2) {
        params->epd = false;
        params->hpd = regime->features->aa32hpd && bit(tcr, 24);
    } else {
        params->epd = bit(tcr, upper ? 23 : 7);
        params->hpd = regime->features->aa32hpd && bit(tcr, TTBCR_T2E) && bit(tcr, 41 + upper);
        unsigned other = 32 - (unsigned)field(tcr, upper ? 0 : 16, 3);
        if (other < params->range_log2)
            params->range_log2 = other;
    }
    return true;
}

struct ld_state {
    struct full_address base;
    int level;
    unsigned ap_table;
    bool xn_table, pxn_table;
};

static void next_table(const struct aarch32_params *params, uint64_t descriptor, struct ld_state *state)
{
    state->base.address = descriptor & low_mask(OUTPUT_BITS) & ~low_mask(GRANULE_BITS);
    if (state->base.pas == PAS_SECURE && bit(descriptor, 63))
        state->base.pas = PAS_NON_SECURE;
    if (!params->hpd) {
        state->xn_table |= bit(descriptor, 60);
        state->pxn_table |= bit(descriptor, 59);
        state->ap_table |= (unsigned)field(descriptor, 61, 2);
    }
    state->level++;
}

static uint8_t leaf_permissions(const struct mmu_regime *regime, uint64_t descriptor, const struct ld_state *state)
{
    unsigned ap = (unsigned)field(descriptor, 6, 2), ap_table = state->ap_table;
    bool xn = bit(descriptor, 54) || state->xn_table;
    bool pxn = xn || bit(descriptor, 53) || state->pxn_table;
    if (!has_unprivileged(regime))
        return s1_direct_permissions(ap & 2, ap_table & 2, xn, true);
    uint8_t permissions = s1_direct_permissions(ap, ap_table, pxn, xn);
    if (!(permissions & S1_UR)) /* AArch32: what can't be read isn't executed */
        permissions &= (uint8_t)~S1_UX;
    return permissions;
}

static void decode_leaf(const struct mmu_regime *regime, uint64_t descriptor, const struct ld_state *state,
                        struct s1_leaf *leaf)
{
    unsigned size_log2 = translation_size(GRANULE_BITS, state->level);
    unsigned attr = (unsigned)field(regime->mair, 8 * (unsigned)field(descriptor, 2, 3), 8);
    uint64_t address = descriptor & low_mask(OUTPUT_BITS) & ~low_mask(size_log2);
    if (bit(descriptor, 52) && !regime->features->ignore_contiguous)
        size_log2 += contiguous_size(GRANULE_BITS, state->level);
    bool non_secure = state->base.pas == PAS_NON_SECURE;
    *leaf = (struct s1_leaf){.enabled = true, .level = (int8_t)state->level, .size_log2 = (uint8_t)size_log2};
    leaf->address = address & ~low_mask(size_log2);
    leaf->permissions = leaf_permissions(regime, descriptor, state);
    leaf->attrs = s1_decode_mem_attrs(regime->features, attr, (unsigned)field(descriptor, 8, 2), false);
    leaf->pas = (uint8_t)(non_secure || bit(descriptor, 5) ? PAS_NON_SECURE : PAS_SECURE);
    leaf->ng = has_unprivileged(regime) && (bit(descriptor, 11) || (regime->security == PAS_SECURE && non_secure));
}

/* AArch32.DecodeDescriptorTypeLD */
static enum descriptor_type descriptor_type(uint64_t descriptor, int level)
{
    switch (descriptor & 3) {
    case 3:
        return level == FINAL_LEVEL ? DESCRIPTOR_LEAF : DESCRIPTOR_TABLE;
    case 1:
        return level == FINAL_LEVEL ? DESCRIPTOR_INVALID : DESCRIPTOR_LEAF;
    default:
        return DESCRIPTOR_INVALID;
    }
}

bool aarch32_s1_walk_ld(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint32_t va,
                        struct s1_leaf *leaf, struct fault_record *fault)
{
    struct aarch32_params params;
    mmu->stats.walks++;
    if (!get_params(regime, va, &params) || params.epd)
        return set_fault(fault, FAULT_TRANSLATION, 1);
    if (field(params.ttbr, OUTPUT_BITS, 8))
        return set_fault(fault, FAULT_ADDRESS_SIZE, 0);

    struct ld_state state = {.level = FINAL_LEVEL - (int)((params.iasize - 1 - GRANULE_BITS) / STRIDE)};
    unsigned index_bits = params.iasize - translation_size(GRANULE_BITS, state.level);
    state.base =
        (struct full_address){params.ttbr & low_mask(OUTPUT_BITS) & ~low_mask(index_bits + 3), regime->security};
    for (;; index_bits = STRIDE) {
        struct full_address ipa = state.base, pa;
        uint64_t descriptor;
        fault->level = (int8_t)state.level;
        ipa.address |= field(va, translation_size(GRANULE_BITS, state.level), index_bits) << 3;
        if (!s2_translate_walk(mmu, regime, access, false, ipa, &pa, fault))
            return false;
        if (!fetch_descriptor(mmu, access, pa, 8, sctlr_bit(regime, SCTLR_EE), &descriptor))
            return set_fault(fault, FAULT_SYNC_EXTERNAL_ON_WALK, state.level);
        if (mmu->observer)
            mmu->observer(mmu->observer_opaque, 1, state.level, pa.address, pa.pas, descriptor);
        enum descriptor_type type = descriptor_type(descriptor, state.level);
        if (type == DESCRIPTOR_INVALID)
            return set_fault(fault, FAULT_TRANSLATION, state.level);
        if (field(descriptor, OUTPUT_BITS, 8))
            return set_fault(fault, FAULT_ADDRESS_SIZE, state.level);
        if (type == DESCRIPTOR_TABLE) {
            next_table(&params, descriptor, &state);
            continue;
        }
        if (!bit(descriptor, 10))
            return set_fault(fault, FAULT_ACCESS_FLAG, state.level);
        decode_leaf(regime, descriptor, &state, leaf);
        limit_leaf(leaf, va, params.range_log2);
        return true;
    }
}
