/* AArch64.TranslateAddress: the TLB, and behind it stage 1, then stage 2. */
#include "mmu/entries.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_ENTRIES = 2048, STAGE2_ENTRIES = 512, FLAT_SIZE_LOG2 = 32, DESCRIPTOR_ATTEMPTS = 8 };

static void pin_fetch(void *opaque, struct tlb_pin *pin);

struct mmu *mmu_create(struct bus *bus, uint16_t requester, unsigned entries)
{
    struct mmu *mmu = calloc(1, sizeof *mmu);
    if (!mmu)
        return NULL;
    mmu->bus = bus;
    mmu->requester = requester;
    if (!tlb_create(&mmu->s1, entries ? entries : DEFAULT_ENTRIES, sizeof(struct mapping)) ||
        !tlb_create(&mmu->s2, STAGE2_ENTRIES, sizeof(struct s2_leaf))) {
        mmu_destroy(mmu);
        return NULL;
    }
    mmu->s1.pin = pin_fetch;
    mmu->s1.pin_opaque = mmu;
    mmu_reset(mmu);
    return mmu;
}

void mmu_destroy(struct mmu *mmu)
{
    if (!mmu)
        return;
    tlb_destroy(&mmu->s1);
    tlb_destroy(&mmu->s2);
    free(mmu);
}

static void forget_params(struct mmu *mmu)
{
    memset(mmu->params, 0, sizeof mmu->params);
    for (unsigned i = 0; i < sizeof mmu->params / sizeof mmu->params[0]; i++)
        mmu->params[i][0].version = mmu->params[i][1].version = UINT64_MAX;
}

void mmu_reset(struct mmu *mmu)
{
    tlb_clear(&mmu->s1);
    tlb_clear(&mmu->s2);
    memset(&mmu->window, 0, sizeof mmu->window);
    mmu->window.base = UINT64_MAX; /* no place is in it */
    forget_params(mmu);
}

void mmu_set_unclaimed_zero(struct mmu *mmu, bool zero)
{
    mmu->unclaimed_zero = zero;
}

uint64_t mmu_new_version(struct mmu *mmu)
{
    return ++mmu->versions;
}

void mmu_set_walk_observer(struct mmu *mmu, mmu_walk_fn *fn, void *opaque)
{
    forget_params(mmu); /* whether walks are plain is to be decided again */
    mmu->observer = fn;
    mmu->observer_opaque = opaque;
}

void mmu_set_keeper(struct mmu *mmu, const struct mmu_keeper *keeper)
{
    mmu->keeper = *keeper;
}

const struct mmu_stats *mmu_stats(const struct mmu *mmu)
{
    return &mmu->stats;
}

/* AArch64.S1DisabledOutput: the address is the output, if it is one. */
static bool s1_disabled_output(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                               uint64_t va, struct s1_leaf *leaf, struct fault_record *fault)
{
    *leaf =
        (struct s1_leaf){.size_log2 = FLAT_SIZE_LOG2, .leaf_log2 = FLAT_SIZE_LOG2, .pas = (uint8_t)regime->security};
    leaf->attrs = s1_disabled_attrs(regime, access->type);
    if (!regime->aarch32 && (va & low_mask(addr_top(regime, access->type, va) + 1)) >> regime->features->pa_bits)
        return set_fault(fault, FAULT_ADDRESS_SIZE, 0);
    leaf->address = va & low_mask(56) & ~low_mask(FLAT_SIZE_LOG2);
    return s1_check(regime, access, aligned, leaf, fault);
}

/* The leaf descriptor as this access leaves it: Access flag, and dirty state for a write. */
static uint64_t s1_updated_descriptor(const struct mmu_regime *regime, const struct mmu_access *access,
                                      const struct s1_params *params, uint64_t descriptor, enum fault_type fault)
{
    bool dirty_permitted = fault == FAULT_NONE;
    bool flag_permitted = dirty_permitted || ((fault == FAULT_PERMISSION || fault == FAULT_ALIGNMENT) &&
                                              regime->features->access_flag_update_on_fault);
    if (params->ha && flag_permitted)
        descriptor |= 1ull << 10;
    if (params->hd && dirty_permitted && bit(descriptor, 51) && access_dirties(access))
        descriptor &= ~(1ull << 7);
    return descriptor;
}

/* One turn of AArch64.S1Translate's loop. *again: the descriptor changed between the walk and its update. */
static bool s1_walk_and_check(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                              bool aligned, uint64_t va, const struct s1_params *params, struct s1_leaf *leaf,
                              bool *cacheable, bool *again, struct fault_record *fault)
{
    struct descriptor_site site;
    struct full_address pa;
    uint64_t previous;
    *again = false;
    if (!s1_walk(mmu, regime, access, va, params, leaf, &site, fault))
        return false;
    bool allowed = s1_check(regime, access, aligned, leaf, fault);
    uint64_t updated = s1_updated_descriptor(regime, access, params, site.value, fault->type);
    *cacheable = bit(updated, 10);
    if (updated == site.value || access->no_update)
        return allowed;
    if (!s2_translate_walk(mmu, regime, access, true, site.at, &pa, fault))
        return false;
    if (!mem_swap_table_descriptor(mmu, access, pa, &site, updated, &previous))
        return set_fault(fault, FAULT_SYNC_EXTERNAL_ON_WALK, leaf->level);
    leaf->dirty_owed = leaf->dirty_owed && bit(updated, 7);
    *again = previous != site.value;
    return allowed;
}

/* AArch64.S1Translate */
static bool aarch64_s1_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                                 bool aligned, uint64_t va, struct s1_leaf *leaf, bool *cacheable,
                                 struct fault_record *fault)
{
    struct s1_params *params = get_s1_ttw_params(mmu, regime, has_two_ranges(regime) && upper_range(va));
    if (params->txsz_faults || va_out_of_range(regime, access->type, params, va) ||
        (access->el == 0 && params->e0pd))
        return set_fault(fault, FAULT_TRANSLATION, 0);
    switch (s1_plain_walk(mmu, va, params, leaf)) {
    case WALK_LEAF:
        *cacheable = true;
        return s1_check(regime, access, aligned, leaf, fault);
    case WALK_INVALID:
        return set_fault(fault, FAULT_TRANSLATION, leaf->level);
    case WALK_UNUSUAL:
        break;
    }
    for (int attempt = 0; attempt < DESCRIPTOR_ATTEMPTS; attempt++) {
        bool again;
        bool allowed = s1_walk_and_check(mmu, regime, access, aligned, va, params, leaf, cacheable, &again, fault);
        if (!again)
            return allowed;
        fault->type = FAULT_NONE;
    }
    return set_fault(fault, FAULT_HW_UPDATE, leaf->level);
}

/* AArch32.S1TranslateLD, AArch32.S1TranslateSD */
static bool aarch32_s1_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                                 bool aligned, uint32_t va, struct s1_leaf *leaf, bool *cacheable,
                                 struct fault_record *fault)
{
    bool walked = short_descriptor_format(regime) ? aarch32_s1_walk_sd(mmu, regime, access, va, leaf, fault)
                                                  : aarch32_s1_walk_ld(mmu, regime, access, va, leaf, fault);
    *cacheable = true;
    return walked && s1_check(regime, access, aligned, leaf, fault);
}

static bool s1_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                         bool aligned, uint64_t va, struct s1_leaf *leaf, bool *cacheable, struct fault_record *fault)
{
    *cacheable = false;
    if (!s1_enabled(regime))
        return s1_disabled_output(regime, access, aligned, va, leaf, fault);
    if (regime->aarch32)
        return aarch32_s1_translate(mmu, regime, access, aligned, (uint32_t)va, leaf, cacheable, fault);
    return aarch64_s1_translate(mmu, regime, access, aligned, va, leaf, cacheable, fault);
}

static bool uses_stage2(const struct mmu_regime *regime, const struct mmu_access *access)
{
    return regime->stage2 && !access->first_stage_only;
}

/* AArch64.FullTranslate, AArch32.FullTranslate */
bool full_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                    uint64_t va, struct mapping *mapping, bool *cacheable, struct fault_record *fault)
{
    mapping->s2.present = false;
    if (!s1_translate(mmu, regime, access, aligned, va, &mapping->s1, cacheable, fault))
        return false;
    if (!uses_stage2(regime, access))
        return true;
    bool s2_cacheable = false;
    struct mem_attrs s1_attrs = s1_output_attrs(regime, access->type, &mapping->s1);
    struct full_address ipa = {s1_output(&mapping->s1, va), (enum pas)mapping->s1.pas};
    bool translated = s2_translate(mmu, regime, access, aligned, ipa, &s1_attrs, &mapping->s2, &s2_cacheable, fault);
    *cacheable = *cacheable && s2_cacheable;
    return translated;
}

/* The checks of both stages on a TLB entry. */
static bool check_mapping(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned, uint64_t va,
                          const struct mapping *mapping, struct fault_record *fault)
{
    if (!s1_check(regime, access, aligned, &mapping->s1, fault))
        return false;
    if (!mapping->s2.present)
        return true;
    struct mem_attrs s1_attrs = s1_output_attrs(regime, access->type, &mapping->s1);
    fault->second_stage = true;
    fault->ipa = s1_output(&mapping->s1, va);
    fault->ipa_pas = (enum pas)mapping->s1.pas;
    return s2_check(regime, access, aligned, &mapping->s2, &s1_attrs, fault);
}

static unsigned mapping_size_log2(const struct mapping *mapping)
{
    unsigned size_log2 = mapping->s1.size_log2;
    return mapping->s2.present && mapping->s2.size_log2 < size_log2 ? mapping->s2.size_log2 : size_log2;
}

static void fill_permissions(const struct mmu_regime *regime, const struct mmu_access *access,
                             const struct mapping *mapping, struct mmu_result *result)
{
    bool client = true;
    unsigned may = s1_compute_permissions(regime, &mapping->s1, access->el, access->pan);
    if (mapping->s1.domain_checked)
        client = field(regime->dacr, 2 * mapping->s1.domain, 2) == 1;
    if (!client)
        may = MAY_READ | MAY_WRITE | MAY_EXECUTE;
    if (mapping->s2.present)
        may &= s2_compute_permissions(&mapping->s2, access->el);
    result->may_read = may & MAY_READ;
    result->may_write =
        (may & MAY_WRITE) && !mapping->s1.dirty_owed && !(mapping->s2.present && mapping->s2.dirty_owed);
    result->may_execute = may & MAY_EXECUTE;
}

static void fill_result(const struct mmu_regime *regime, const struct mmu_access *access, uint64_t va,
                        const struct mapping *mapping, struct mmu_result *result)
{
    uint64_t ipa = s1_output(&mapping->s1, va);
    result->pa = ipa;
    result->pas = (enum pas)mapping->s1.pas;
    result->attrs = s1_output_attrs(regime, access->type, &mapping->s1);
    if (mapping->s2.present) {
        struct mem_attrs s1_attrs = result->attrs;
        result->pa = s2_output(&mapping->s2, ipa);
        result->pas = (enum pas)mapping->s2.pas;
        result->attrs = s2_output_attrs(regime, access->type, &s1_attrs, &mapping->s2);
    }
    result->page_size = 1ull << mapping_size_log2(mapping);
    result->guarded = mapping->s1.guarded;
    result->supersection = mapping->s1.supersection;
    result->fault.type = FAULT_NONE;
    fill_permissions(regime, access, mapping, result);
}

/* The page that instructions are executed from keeps its entry, and its contexts. */
static void pin_fetch(void *opaque, struct tlb_pin *pin)
{
    struct mmu *mmu = opaque;
    const struct mmu_regime *regime = mmu->keeper.fetch ? mmu->keeper.fetch(mmu->keeper.opaque, &pin->va) : NULL;
    pin->valid = regime != NULL;
    if (regime) {
        pin->keys[0] = own_key(regime);
        pin->keys[1] = global_key(pin->keys[0]);
    }
}

/* The look of a debugger: no context is made. */
static void look_up_only(struct mmu *mmu, const struct mmu_regime *regime, uint64_t va, struct places *places)
{
    struct tlb_context unknown = {.key = own_key(regime), .salt = tlb_salt(own_key(regime)), .number = UINT64_MAX};
    const struct tlb_context *own = tlb_find_context(&mmu->s1, unknown.key);
    const struct tlb_context *global = tlb_find_context(&mmu->s1, global_key(unknown.key));
    *places = (struct places){.entry = tlb_lookup(&mmu->s1, own ? own : &unknown, global ? global : &unknown, va)};
}

static void tell_filled(const struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                        uint64_t va, const struct mapping *mapping)
{
    struct mmu_result result = {0};
    fill_result(regime, access, va, mapping, &result);
    const struct mmu_fill fill = {.regime = regime, .result = &result, .va = va, .ipa = s1_output(&mapping->s1, va),
                                  .global = !mapping->s1.ng, .stage2 = mapping->s2.present};
    mmu->keeper.filled(mmu->keeper.opaque, &fill);
}

/* An entry that must not be used: the write owes an update of a descriptor, so the tables are walked again. */
static bool must_walk(const struct mmu_access *access, const struct mapping *mapping)
{
    return access_dirties(access) && (mapping->s1.dirty_owed || (mapping->s2.present && mapping->s2.dirty_owed));
}

/* Fields that the steps below set are given their first values; the rest is filled in when there is a fault. */
static void start_fault(struct fault_record *fault, const struct mmu_access *access)
{
    bool cache_operation = access->type == ACCESS_DC || access->type == ACCESS_IC;
    fault->type = FAULT_NONE;
    fault->ipa = 0;
    fault->ipa_pas = PAS_NON_SECURE;
    fault->level = 0;
    fault->second_stage = fault->s2fs1walk = false;
    fault->write = access->write && !access->read && !cache_operation;
    fault->domain = 0;
}

/* Whoever asks comes back with the next access to the page. */
static void keep_nothing(struct mmu_result *result)
{
    result->may_read = result->may_write = result->may_execute = false;
}

/* AArch64.TranslateAddress, AArch32.TranslateAddress */
static bool translate_address(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                              uint64_t va, struct mmu_result *result)
{
    struct fault_record *fault = &result->fault;
    bool aligned = !access->size || !(va & (access->size - 1u));
    if (!aligned && access->aligned_required)
        return set_fault(fault, FAULT_ALIGNMENT, 0);
    if (regime->aarch32)
        va = (uint32_t)va;
    /* Stage 1 alone, of a regime that has two, isn't what entries hold. */
    bool by_tlb = s1_enabled(regime) && regime->stage2 == uses_stage2(regime, access) &&
                  (regime->aarch32 || canonical_va(regime, access->type, va)) &&
                  !(access->el == 0 && e0pd_faults(regime, upper_range(va)));
    bool checks = regime->features->tlb_check != MMU_CHECK_OFF && !access->no_update;
    struct places places;
    if (by_tlb) {
        if (access->no_update)
            look_up_only(mmu, regime, va, &places);
        else
            look_up(mmu, regime, va, &places);
        if (places.entry && !must_walk(access, places.entry)) {
            mmu->stats.tlb_hits++;
            if (checks && !entry_holds(mmu, regime, access, va, places.entry, fault))
                return false;
            if (!check_mapping(regime, access, aligned, va, places.entry, fault))
                return false;
            fill_result(regime, access, va, places.entry, result);
            if (checks)
                keep_nothing(result);
            return true;
        }
        mmu->stats.tlb_misses++;
    }
    struct mapping mapping;
    bool cacheable;
    if (!full_translate(mmu, regime, access, aligned, va, &mapping, &cacheable, fault))
        return false;
    fill_result(regime, access, va, &mapping, result);
    if (checks || (!by_tlb && mapping.s2.present && !access->no_update)) /* what stage 2's TLB loses isn't told */
        keep_nothing(result);
    if (by_tlb && cacheable && !access->no_update) {
        *enter(mmu, &places, va, mapping.s1.ng, mapping_size_log2(&mapping), mapping.s1.leaf_log2) = mapping;
        if (mmu->keeper.filled)
            tell_filled(mmu, regime, access, va, &mapping);
    }
    return true;
}

bool mmu_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint64_t va,
                   struct mmu_result *result)
{
    start_fault(&result->fault, access);
    if (translate_address(mmu, regime, access, va, result))
        return true;
    result->fault.access = *access;
    result->fault.va = va;
    result->fault.debug_moe = 0;
    return false;
}
