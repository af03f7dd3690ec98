/* TLB maintenance, and the TLB's contents as state. */
#include "libarmsim/fabric/little_endian.h"
#include "libarmsim/fabric/state.h"
#include "mmu/entries.h"

/* Which contexts of the stage-1 TLB an operation names. Where the regime has none of a field, all have 0 there. */
struct named {
    uint64_t regime_mask, regime, vm_mask, vm;
};

static struct named name_vm(const struct tlbi *tlbi)
{
    struct named named = {KEY_REGIME_MASK, tlbi->regime | (uint64_t)tlbi->security << KEY_SECURITY, KEY_REGIME_MASK, 0};
    named.vm = named.regime;
    if (tlbi->regime == REGIME_EL10) {
        named.vm_mask |= KEY_VMID_MASK;
        named.vm |= (uint64_t)tlbi->vmid << KEY_VMID;
    }
    return named;
}

static uint64_t contexts_of_asid(const struct tlb *tlb, const struct named *named, uint16_t asid)
{
    return tlb_contexts_like(tlb, named->vm_mask | KEY_ASID_MASK, named->vm | (uint64_t)asid << KEY_ASID);
}

static __attribute__((noinline)) uint64_t look_for_address(struct tlb *tlb, const struct tlbi *tlbi, uint64_t name)
{
    const struct named named = name_vm(tlbi);
    uint64_t global = 1ull << KEY_GLOBAL;
    uint64_t set = tlbi->op == TLBI_VA_ALL_ASID
                       ? tlb_contexts_like(tlb, named.vm_mask, named.vm)
                       : contexts_of_asid(tlb, &named, tlbi->asid) |
                             tlb_contexts_like(tlb, named.vm_mask | global, named.vm | global);
    tlb_keep(tlb, name, set);
    return set;
}

/* Operations by address come in rows for the same ASID. */
static inline uint64_t contexts_for_address(struct tlb *tlb, const struct tlbi *tlbi)
{
    uint64_t set, name = tlbi->op | (uint64_t)tlbi->regime << 8 | (uint64_t)tlbi->security << 16 |
                         (uint64_t)tlbi->vmid << 32 | (uint64_t)tlbi->asid << 48; /* not 0: no operation like that is */
    return tlb_recall(tlb, name, &set) ? set : look_for_address(tlb, tlbi, name);
}

/* By address; the keeper hears what is lost. */
static inline void drop_stage1(struct mmu *mmu, const struct tlbi *tlbi)
{
    uint64_t set = contexts_for_address(&mmu->s1, tlbi);
    if (tlbi->range) {
        tlb_drop_range(&mmu->s1, set, tlbi->address, tlbi->range);
        tell_lost(mmu, 0, 0);
        return;
    }
    unsigned lost = tlb_drop_address(&mmu->s1, set, tlbi->address);
    if (lost)
        tell_lost(mmu, tlbi->address & ~low_mask(lost), 1ull << lost);
}

static void drop_contexts(struct mmu *mmu, uint64_t set)
{
    tlb_drop_contexts(&mmu->s1, set);
    tell_lost(mmu, 0, 0);
}

static void drop_stage2(struct mmu *mmu, const struct tlbi *tlbi)
{
    uint64_t key = s2_key(tlbi->security, tlbi->vmid, tlbi->ipa_secure ? PAS_SECURE : PAS_NON_SECURE);
    uint64_t set = tlb_contexts_like(&mmu->s2, UINT64_MAX, key);
    if (tlbi->range)
        tlb_drop_range(&mmu->s2, set, tlbi->address, tlbi->range);
    else
        tlb_drop_address(&mmu->s2, set, tlbi->address);
}

static __attribute__((noinline)) void drop_by_context(struct mmu *mmu, const struct tlbi *tlbi)
{
    const struct named named = name_vm(tlbi);
    switch (tlbi->op) {
    case TLBI_ALL:
        drop_contexts(mmu, tlb_contexts_like(&mmu->s1, named.regime_mask, named.regime));
        tlb_drop_contexts(&mmu->s2, tlb_contexts_like(&mmu->s2, named.regime_mask, named.regime));
        break;
    case TLBI_VMALLS12:
        drop_contexts(mmu, tlb_contexts_like(&mmu->s1, named.vm_mask, named.vm));
        tlb_drop_contexts(&mmu->s2, tlb_contexts_like(&mmu->s2, named.vm_mask, named.vm));
        break;
    case TLBI_ASID:
        drop_contexts(mmu, contexts_of_asid(&mmu->s1, &named, tlbi->asid));
        break;
    default: /* TLBI_VMALL */
        drop_contexts(mmu, tlb_contexts_like(&mmu->s1, named.vm_mask, named.vm));
        break;
    }
}

void mmu_tlbi(struct mmu *mmu, const struct tlbi *tlbi)
{
    mmu->stats.invalidations++;
    if (tlbi->op == TLBI_VA || tlbi->op == TLBI_VA_ALL_ASID)
        drop_stage1(mmu, tlbi);
    else if (tlbi->op == TLBI_IPAS2)
        drop_stage2(mmu, tlbi);
    else
        drop_by_context(mmu, tlbi);
}

static uint64_t hash_value(uint64_t hash, uint64_t value)
{
    uint8_t bytes[8];
    store_le64(bytes, value);
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

/* --- saving and loading: the same values as in the hash --- */

enum { SIZE_LOG2_MAX = 55, DOMAINS = 16, S1_PERMISSIONS = 0x3f, S2_PERMISSIONS = 0xf, MEMATTRS = 0xf };

static void save_attrs(struct state_writer *writer, const struct mem_attrs *attrs)
{
    const uint8_t values[] = {attrs->device,       attrs->device_type, attrs->inner, attrs->outer,
                              attrs->shareability, attrs->transient,   attrs->tagged};
    state_put_bytes(writer, values, sizeof(values));
}

static void load_attrs(struct state_reader *reader, struct mem_attrs *attrs)
{
    attrs->device = state_take_max(reader, 1, 1);
    attrs->device_type = (uint8_t)state_take_max(reader, 1, 3);
    attrs->inner = (uint8_t)state_take_max(reader, 1, 15);
    attrs->outer = (uint8_t)state_take_max(reader, 1, 15);
    attrs->shareability = (uint8_t)state_take_max(reader, 1, 3);
    attrs->transient = (uint8_t)state_take_max(reader, 1, 3);
    attrs->tagged = state_take_max(reader, 1, 1);
}

static void save_s2(struct state_writer *writer, const struct s2_leaf *leaf)
{
    state_put(writer, leaf->present, 1);
    if (!leaf->present)
        return;
    const uint8_t values[] = {(uint8_t)leaf->level, leaf->size_log2,    leaf->permissions,
                              leaf->memattr,        leaf->shareability, leaf->pas, leaf->dirty_owed};
    state_put(writer, leaf->address, 8);
    state_put_bytes(writer, values, sizeof(values));
}

static void load_s2(struct state_reader *reader, struct s2_leaf *leaf)
{
    memset(leaf, 0, sizeof(*leaf));
    leaf->present = state_take_max(reader, 1, 1);
    if (!leaf->present)
        return;
    leaf->address = state_take(reader, 8);
    leaf->level = (int8_t)state_take(reader, 1);
    leaf->size_log2 = (uint8_t)state_take_max(reader, 1, SIZE_LOG2_MAX);
    leaf->permissions = (uint8_t)state_take_max(reader, 1, S2_PERMISSIONS);
    leaf->memattr = (uint8_t)state_take_max(reader, 1, MEMATTRS);
    leaf->shareability = (uint8_t)state_take_max(reader, 1, 3);
    leaf->pas = (uint8_t)state_take_max(reader, 1, PAS_COUNT - 1);
    leaf->dirty_owed = state_take_max(reader, 1, 1);
}

static void save_mapping(struct state_writer *writer, const void *payload)
{
    const struct mapping *mapping = payload;
    const struct s1_leaf *leaf = &mapping->s1;
    const uint8_t values[] = {(uint8_t)leaf->level, leaf->size_log2, leaf->leaf_log2, leaf->permissions,
                              leaf->pas,            leaf->domain,    leaf->ng,        leaf->guarded,
                              leaf->dirty_owed,     leaf->enabled,   leaf->domain_checked, leaf->supersection};
    state_put(writer, leaf->address, 8);
    save_attrs(writer, &leaf->attrs);
    state_put_bytes(writer, values, sizeof(values));
    save_s2(writer, &mapping->s2);
}

static bool load_mapping(struct state_reader *reader, void *payload, unsigned size_log2)
{
    struct mapping *mapping = payload;
    struct s1_leaf *leaf = &mapping->s1;
    memset(mapping, 0, sizeof(*mapping));
    leaf->address = state_take(reader, 8);
    load_attrs(reader, &leaf->attrs);
    leaf->level = (int8_t)state_take(reader, 1);
    leaf->size_log2 = (uint8_t)state_take_max(reader, 1, SIZE_LOG2_MAX);
    leaf->leaf_log2 = (uint8_t)state_take_max(reader, 1, SIZE_LOG2_MAX);
    leaf->permissions = (uint8_t)state_take_max(reader, 1, S1_PERMISSIONS);
    leaf->pas = (uint8_t)state_take_max(reader, 1, PAS_COUNT - 1);
    leaf->domain = (uint8_t)state_take_max(reader, 1, DOMAINS - 1);
    leaf->ng = state_take_max(reader, 1, 1);
    leaf->guarded = state_take_max(reader, 1, 1);
    leaf->dirty_owed = state_take_max(reader, 1, 1);
    leaf->enabled = state_take_max(reader, 1, 1);
    leaf->domain_checked = state_take_max(reader, 1, 1);
    leaf->supersection = state_take_max(reader, 1, 1);
    load_s2(reader, &mapping->s2);
    return !reader->failed && leaf->size_log2 >= size_log2 && leaf->leaf_log2 >= leaf->size_log2 &&
           (!mapping->s2.present || mapping->s2.size_log2 >= size_log2);
}

static void save_s2_entry(struct state_writer *writer, const void *payload)
{
    save_s2(writer, payload);
}

static bool load_s2_entry(struct state_reader *reader, void *payload, unsigned size_log2)
{
    struct s2_leaf *leaf = payload;
    load_s2(reader, leaf);
    return !reader->failed && leaf->present && leaf->size_log2 >= size_log2;
}

void mmu_save(const struct mmu *mmu, struct state_writer *writer)
{
    tlb_save(&mmu->s1, writer, save_mapping);
    tlb_save(&mmu->s2, writer, save_s2_entry);
}

bool mmu_load(struct mmu *mmu, struct state_reader *reader)
{
    mmu_reset(mmu);
    bool good = tlb_load(&mmu->s1, reader, load_mapping) && tlb_load(&mmu->s2, reader, load_s2_entry);
    if (!good)
        mmu_reset(mmu);
    return good;
}
