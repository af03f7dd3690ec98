/* TLB maintenance, and the TLB's contents as state. */
#include "libarmsim/fabric/state.h"
#include "mmu/internal.h"

static bool has_vmid(enum regime_id regime)
{
    return regime == REGIME_EL10;
}

/* By address, in the contexts of either match; the keeper hears what is lost. */
static void drop_stage1(struct mmu *mmu, const struct tlbi *tlbi, uint64_t mask, uint64_t match, uint64_t other_mask,
                        uint64_t other_match)
{
    if (tlbi->range) {
        tlb_drop_range(&mmu->s1, mask, match, tlbi->address, tlbi->range);
        tlb_drop_range(&mmu->s1, other_mask, other_match, tlbi->address, tlbi->range);
        tell_lost(mmu, 0, 0);
        return;
    }
    unsigned lost = tlb_drop_address(&mmu->s1, mask, match, tlbi->address);
    unsigned other = tlb_drop_address(&mmu->s1, other_mask, other_match, tlbi->address);
    if (lost || other) {
        uint64_t size = 1ull << (lost > other ? lost : other);
        tell_lost(mmu, tlbi->address & ~(size - 1), size);
    }
}

static void drop_contexts(struct mmu *mmu, uint64_t mask, uint64_t match)
{
    tlb_drop_contexts(&mmu->s1, mask, match);
    tell_lost(mmu, 0, 0);
}

static void drop_stage2(struct mmu *mmu, const struct tlbi *tlbi)
{
    uint64_t key = s2_key(tlbi->security, tlbi->vmid, tlbi->ipa_secure ? PAS_SECURE : PAS_NON_SECURE);
    if (tlbi->range)
        tlb_drop_range(&mmu->s2, UINT64_MAX, key, tlbi->address, tlbi->range);
    else
        tlb_drop_address(&mmu->s2, UINT64_MAX, key, tlbi->address);
}

void mmu_tlbi(struct mmu *mmu, const struct tlbi *tlbi)
{
    uint64_t regime_mask = KEY_REGIME_MASK;
    uint64_t regime = tlbi->regime | (uint64_t)tlbi->security << KEY_SECURITY;
    uint64_t vm_mask = regime_mask | (has_vmid(tlbi->regime) ? KEY_VMID_MASK : 0);
    uint64_t vm = regime | (has_vmid(tlbi->regime) ? (uint64_t)tlbi->vmid << KEY_VMID : 0);
    uint64_t asid_mask = vm_mask | KEY_ASID_MASK;
    uint64_t asid = vm | (uint64_t)tlbi->asid << KEY_ASID;

    mmu->stats.invalidations++;
    switch (tlbi->op) {
    case TLBI_ALL:
        drop_contexts(mmu, regime_mask, regime);
        tlb_drop_contexts(&mmu->s2, regime_mask, regime);
        break;
    case TLBI_VMALLS12:
        drop_contexts(mmu, vm_mask, vm);
        tlb_drop_contexts(&mmu->s2, vm_mask, vm);
        break;
    case TLBI_VMALL:
        drop_contexts(mmu, vm_mask, vm);
        break;
    case TLBI_ASID:
        drop_contexts(mmu, asid_mask, asid);
        break;
    case TLBI_VA:
        drop_stage1(mmu, tlbi, asid_mask, asid, vm_mask | 1ull << KEY_GLOBAL, vm | 1ull << KEY_GLOBAL);
        break;
    case TLBI_VA_ALL_ASID:
        drop_stage1(mmu, tlbi, vm_mask, vm, vm_mask, vm);
        break;
    case TLBI_IPAS2:
        drop_stage2(mmu, tlbi);
        break;
    }
}

static uint64_t hash_value(uint64_t hash, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    return state_hash_bytes(hash, bytes, sizeof bytes);
}

static uint64_t hash_attrs(uint64_t hash, const struct mem_attrs *attrs)
{
    uint64_t packed = attrs->device | (uint64_t)attrs->device_type << 8 | (uint64_t)attrs->inner << 16 |
                      (uint64_t)attrs->outer << 24 | (uint64_t)attrs->shareability << 32 |
                      (uint64_t)attrs->transient << 40 | (uint64_t)attrs->tagged << 48;
    return hash_value(hash, packed);
}

static uint64_t hash_s2(uint64_t hash, const struct s2_leaf *leaf)
{
    if (!leaf->present)
        return hash_value(hash, 0);
    hash = hash_value(hash, leaf->address);
    return hash_value(hash, (uint8_t)leaf->level | (uint64_t)leaf->size_log2 << 8 | (uint64_t)leaf->permissions << 16 |
                                (uint64_t)leaf->memattr << 24 | (uint64_t)leaf->shareability << 32 |
                                (uint64_t)leaf->pas << 40 | (uint64_t)leaf->dirty_owed << 48 | 1ull << 49);
}

static uint64_t hash_s1(uint64_t hash, const struct s1_leaf *leaf)
{
    hash = hash_attrs(hash_value(hash, leaf->address), &leaf->attrs);
    return hash_value(hash, (uint8_t)leaf->level | (uint64_t)leaf->size_log2 << 8 | (uint64_t)leaf->permissions << 16 |
                                (uint64_t)leaf->pas << 24 | (uint64_t)leaf->domain << 32 | (uint64_t)leaf->ng << 40 |
                                (uint64_t)leaf->guarded << 41 | (uint64_t)leaf->dirty_owed << 42 |
                                (uint64_t)leaf->domain_checked << 43 | (uint64_t)leaf->supersection << 44 |
                                (uint64_t)leaf->leaf_log2 << 48);
}

static uint64_t hash_tag(uint64_t hash, uint64_t key, uint64_t va, unsigned size_log2)
{
    return hash_value(hash_value(hash_value(hash, key), va), size_log2);
}

static void hash_mapping(void *opaque, uint64_t key, uint64_t va, unsigned size_log2, const void *payload)
{
    const struct mapping *mapping = payload;
    uint64_t *hash = opaque;
    *hash = hash_s2(hash_s1(hash_tag(*hash, key, va, size_log2), &mapping->s1), &mapping->s2);
}

static void hash_s2_entry(void *opaque, uint64_t key, uint64_t va, unsigned size_log2, const void *payload)
{
    uint64_t *hash = opaque;
    *hash = hash_s2(hash_tag(*hash, key, va, size_log2), payload);
}

uint64_t mmu_hash(const struct mmu *mmu, uint64_t hash)
{
    tlb_visit(&mmu->s1, hash_mapping, &hash);
    tlb_visit(&mmu->s2, hash_s2_entry, &hash);
    return hash;
}
