/* What the files of this room share. Nobody else includes it. */
#ifndef ARMSIM_MMU_INTERNAL_H
#define ARMSIM_MMU_INTERNAL_H

#include "mmu/mmu.h"
#include "mmu/tlb.h"

#include <string.h>

/* The field of `width` bits at `lsb`. */
static inline uint64_t field(uint64_t value, unsigned lsb, unsigned width)
{
    return value >> lsb & ((1ull << width) - 1);
}

static inline bool bit(uint64_t value, unsigned n)
{
    return value >> n & 1;
}

static inline uint64_t low_mask(unsigned width)
{
    return width >= 64 ? UINT64_MAX : (1ull << width) - 1;
}

/* Register bits that translation looks at. */
enum {
    SCTLR_M = 0,
    SCTLR_C = 2,
    SCTLR_I = 12,
    SCTLR_WXN = 19,
    SCTLR_UWXN = 20,
    SCTLR_EE = 25,
    SCTLR_TRE = 28,
    SCTLR_AFE = 29,
    SCTLR_NTLSMD = 28,
    SCTLR32_NTLSMD = 3,
    SCTLR_EPAN = 57
};
enum {
    HCR_VM = 0,
    HCR_PTW = 2,
    HCR_DC = 12,
    HCR_TGE = 27,
    HCR_CD = 32,
    HCR_ID = 33,
    HCR_NV = 42,
    HCR_NV1 = 43,
    HCR_FWB = 46,
    HCR_DCT = 57
};
enum { SCR_SIF = 9 };
enum { TTBCR_EAE = 31 };

enum { DEVICE_GRE, DEVICE_NGRE, DEVICE_NGNRE, DEVICE_NGNRNE };
enum { SHARE_NSH, SHARE_ISH, SHARE_OSH };
/* mem_attrs.inner and .outer: cacheability << 2 | allocation hints. */
enum { CACHE_NC = 0 << 2, CACHE_WT = 2 << 2, CACHE_WB = 3 << 2, HINT_RA = 2, HINT_WA = 1, HINT_RWA = 3, HINTS = 3 };

enum { FINAL_LEVEL = 3 };

/* Permissions of stage 1 before WXN, PAN and SIF, which are checked at every access. */
enum { S1_PR = 1, S1_PW = 2, S1_PX = 4, S1_UR = 8, S1_UW = 16, S1_UX = 32 };
/* Permissions of stage 2; X differs between EL1 and EL0 with FEAT_XNX. */
enum { S2_R = 1, S2_W = 2, S2_PX = 4, S2_UX = 8 };
/* What one access may do. */
enum { MAY_READ = 1, MAY_WRITE = 2, MAY_EXECUTE = 4 };

/* The stage-1 walk's answer (TTWState at the leaf): nothing in it depends on the access. */
struct s1_leaf {
    uint64_t address;       /* output address of the start of the leaf */
    struct mem_attrs attrs; /* with the effective shareability */
    int8_t level;
    uint8_t size_log2;   /* of the part of the leaf that is inside the regime's address range */
    uint8_t leaf_log2;   /* of the leaf: what one TLBI by address forgets */
    uint8_t permissions; /* S1_* */
    uint8_t pas;
    uint8_t domain; /* short descriptors */
    bool ng, guarded;
    bool dirty_owed;     /* writable-clean: the first write updates the descriptor */
    bool enabled;        /* false: stage 1 is off, and attributes depend on the kind of access */
    bool domain_checked; /* a short-descriptor leaf: DACR applies */
    bool supersection;
};

/* The stage-2 walk's answer. */
struct s2_leaf {
    uint64_t address;
    int8_t level;
    uint8_t size_log2;
    uint8_t permissions;  /* S2_* */
    uint8_t memattr;      /* descriptor bits [5:2] */
    uint8_t shareability; /* SHARE_* */
    uint8_t pas;
    bool dirty_owed;
    bool present; /* false: no stage 2 */
};

enum { MMU_TOLD = 16 };

/* Both stages of one translation: the contents of a TLB entry. */
struct mapping {
    struct s1_leaf s1;
    struct s2_leaf s2;
};

struct full_address {
    uint64_t address;
    enum pas pas;
};

/* Where a leaf descriptor was read, for updating it. `address` is an IPA when the walk was under stage 2. */
struct descriptor_site {
    struct full_address at;
    uint64_t value;
    bool big_endian;
};

/* The register values that S1TTWParams come from. */
struct s1_source {
    uint64_t tcr, ttbr, mair, sctlr, hcr;
    const struct mmu_features *features;
};

/*
 * How a walk came to the last table, and what it read on the way: as long as that is still there, the next walk in the
 * same range comes to the same table. Places are offsets in the window.
 */
enum { PATH_LENGTH = 3 };
struct walk_path {
    uint64_t range; /* VA above what the last table translates; all ones: no path is known */
    const struct bus_region *region;
    unsigned count;
    uint64_t at[PATH_LENGTH], value[PATH_LENGTH], table; /* from `count` on, the last again */
};

/* S1TTWParams for one half of a regime, with what a walk derives from them. Kept until a register changes. */
struct s1_params {
    uint64_t version;          /* of the regime, when last looked at */
    struct s1_source source;
    uint64_t own_key, global_key;       /* of the TLB's contexts: entries.h */
    struct tlb_context *own, *global; /* where they were last: good as long as they have these keys */
    uint64_t table;            /* the first table */
    uint64_t unreachable;      /* output address bits that must be 0 */
    uint64_t table_mask;       /* bits of a table descriptor that are the next table's address */
    uint64_t va_mask;          /* VA[iasize - 1:0] */
    uint64_t index_mask;       /* of the offset of a descriptor in its table, but the first */
    bool high_bits;            /* ... and address bits [51:48] are elsewhere in it */
    uint64_t leaf_mask;        /* of a leaf's nG and GP, those that mean something */
    struct mem_attrs attrs[4][8]; /* by SH and AttrIndx */
    uint8_t permissions[16];   /* S1_* by descriptor bits XN, PXN, AP[2:1] */
    int8_t start_level;
    uint8_t granule_bits, iasize, sh, start_lsb;
    uint64_t leaf_sizes; /* bit n: there are leaves of 2^n bytes */
    struct walk_path path;
    bool enabled; /* AArch64's stage 1 is on */
    bool plain;   /* ... and little-endian tables with addresses where descriptors have them are all there is; Non-secure */
    bool e0pd;    /* TCR_ELx.E0PD of this half */
    uint8_t els;  /* bit n: accesses of ELn are translated by it: it is on, and E0PD doesn't forbid them */
    bool txsz_faults, epd, hpd, ha, hd, ds, ee, nv1;
};

/* S2TTWParams. */
struct s2_params {
    uint64_t ttbr;
    uint8_t granule_bits, txsz, ps, sh, sl0;
    bool ha, hd, ds, sl2, ee;
    bool ns_table, ns_output; /* Secure state: table and output are in the Non-secure PAS */
};

struct mmu {
    struct bus *bus;
    uint16_t requester;
    bool unclaimed_zero; /* mmu_set_unclaimed_zero() */
    /* The RAM region that descriptors were last read from, so that a walk doesn't search the bus. */
    struct {
        uint64_t base, last;       /* last: offset of the last descriptor of 8 bytes */
        struct bus_region *region; /* RAM */
        enum pas pas;
    } window;
    struct s1_params params[4][2]; /* by regime and half of the address space */
    uint64_t versions;
    struct tlb s1;                 /* payload: struct mapping */
    struct tlb s2;                 /* payload: struct s2_leaf */
    struct mmu_stats stats;
    mmu_walk_fn *observer;
    void *observer_opaque;
    struct mmu_keeper keeper; /* functions NULL: nobody */
    uint64_t told[MMU_TOLD];  /* pages that keeper.stale has heard of lately: no state */
};

/* The keeper hears what the stage-1 TLB has lost: `size` bytes from `va`, or with size 0 anything. */
static inline void tell_lost(const struct mmu *mmu, uint64_t va, uint64_t size)
{
    if (mmu->keeper.lost)
        mmu->keeper.lost(mmu->keeper.opaque, va, size);
}

static inline bool has_unprivileged(const struct mmu_regime *regime)
{
    return regime->id == REGIME_EL10 || regime->id == REGIME_EL20 || (regime->id == REGIME_EL3 && regime->aarch32);
}

static inline bool sctlr_bit(const struct mmu_regime *regime, unsigned n)
{
    return bit(regime->sctlr, n);
}

/* AArch64.S1Enabled, AArch32.S1Enabled. */
static inline bool s1_enabled(const struct mmu_regime *regime)
{
    const uint64_t off = 1ull << HCR_DC | 1ull << HCR_TGE;
    return sctlr_bit(regime, SCTLR_M) && !(regime->id == REGIME_EL10 && (regime->hcr & off));
}

static inline bool has_two_ranges(const struct mmu_regime *regime)
{
    return regime->id <= REGIME_EL20 && !regime->aarch32;
}

/* HCR_EL2.NV1 as it takes effect on permissions: only together with NV. */
static inline bool nv1_enabled(const struct mmu_regime *regime)
{
    return regime->features->nv && regime->id == REGIME_EL10 && bit(regime->hcr, HCR_NV) && bit(regime->hcr, HCR_NV1);
}

static inline bool upper_range(uint64_t va)
{
    return bit(va, 55);
}

static inline uint64_t s1_output(const struct s1_leaf *leaf, uint64_t va)
{
    return leaf->address | (va & low_mask(leaf->size_log2));
}

static inline uint64_t s2_output(const struct s2_leaf *leaf, uint64_t ipa)
{
    return leaf->address | (ipa & low_mask(leaf->size_log2));
}

/* A leaf may be larger than the range of addresses that its tables translate: it speaks for that range only. */
static inline void limit_leaf(struct s1_leaf *leaf, uint64_t va, unsigned range_log2)
{
    leaf->leaf_log2 = leaf->size_log2;
    if (leaf->size_log2 <= range_log2)
        return;
    leaf->address = s1_output(leaf, va) & ~low_mask(range_log2);
    leaf->size_log2 = (uint8_t)range_log2;
}

/* A fault with everything but its stage filled in. Always false, for `return`. */
static inline bool set_fault(struct fault_record *fault, enum fault_type type, int level)
{
    fault->type = type;
    fault->level = (int8_t)level;
    return false;
}

/* translate.c: AArch64.FullTranslate, AArch32.FullTranslate */
bool full_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                    uint64_t va, struct mapping *mapping, bool *cacheable, struct fault_record *fault);

/* stale.c: with tlb_check, whether an entry may be used. False: *fault is a TLB conflict. */
bool entry_holds(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint64_t va,
                 const struct mapping *entry, struct fault_record *fault);

/* s1_params.c */
void compute_s1_params(struct mmu *mmu, const struct mmu_regime *regime, bool upper, struct s1_params *params);

/* AArch64.GetS1TTWParams: recomputed when a register that they come from has changed. */
static inline struct s1_params *get_s1_ttw_params(struct mmu *mmu, const struct mmu_regime *regime, bool upper)
{
    struct s1_params *params = &mmu->params[regime->id][upper];
    if (params->version != regime->version)
        compute_s1_params(mmu, regime, upper, params);
    return params;
}

uint8_t s1_output_permissions(const struct mmu_regime *regime, const struct s1_params *params, unsigned ap,
                              unsigned ap_table, bool bit53, bool bit54);
unsigned max_txsz(const struct mmu_features *features, unsigned granule_bits);
unsigned decode_granule(const struct mmu_features *features, unsigned tg0);
unsigned addr_top(const struct mmu_regime *regime, enum access_type type, uint64_t va);
bool e0pd_faults(const struct mmu_regime *regime, bool upper);

/* VA[63:56] repeats VA[55] or is ignored. TLB entries, which are matched by VA[55:0], serve only such addresses. */
static inline bool canonical_va(const struct mmu_regime *regime, enum access_type type, uint64_t va)
{
    return va == sign_extend_va(va) || addr_top(regime, type, va) == 55;
}

/* AArch64.VAIsOutOfRange: VA[55] is repeated down to the top of the range, or is 0 where there is one range. */
static inline bool va_out_of_range(const struct mmu_regime *regime, enum access_type type,
                                   const struct s1_params *params, uint64_t va)
{
    int64_t above = (int64_t)(va << 8) >> (8 + params->iasize);
    return !canonical_va(regime, type, va) || !(above == 0 || (above == -1 && has_two_ranges(regime)));
}

/* descriptor.c */
enum descriptor_type { DESCRIPTOR_INVALID, DESCRIPTOR_TABLE, DESCRIPTOR_LEAF };
unsigned contiguous_size(unsigned granule_bits, int level); /* 0: this level has no Contiguous bit */
bool block_supported(const struct mmu_features *features, unsigned granule_bits, bool ds, int level);

/* TranslationSize */
static inline unsigned translation_size(unsigned granule_bits, int level)
{
    return granule_bits + (unsigned)(FINAL_LEVEL - level) * (granule_bits - 3);
}

/* AArch64.DecodeDescriptorType */
static inline enum descriptor_type decode_descriptor_type(const struct mmu_features *features, uint64_t descriptor,
                                                          unsigned granule_bits, bool ds, int level)
{
    if ((descriptor & 3) == 3)
        return level == FINAL_LEVEL ? DESCRIPTOR_LEAF : DESCRIPTOR_TABLE;
    if (!(descriptor & 1) || level == FINAL_LEVEL)
        return DESCRIPTOR_INVALID;
    return block_supported(features, granule_bits, ds, level) ? DESCRIPTOR_LEAF : DESCRIPTOR_INVALID;
}

/* Address bits [51:48], which the 52-bit formats keep in other places. */
static inline uint64_t high_address_bits(const struct mmu_features *features, uint64_t descriptor,
                                         unsigned granule_bits, bool ds)
{
    if (features->lpa && granule_bits == 16)
        return field(descriptor, 12, 4) << 48;
    if (ds)
        return (field(descriptor, 8, 2) << 2 | field(descriptor, 48, 2)) << 48;
    return 0;
}

/* AArch64.LeafBase; with the granule's own size, AArch64.NextTableBase. */
static inline uint64_t leaf_base(const struct mmu_features *features, uint64_t descriptor, unsigned granule_bits,
                                 bool ds, unsigned size_log2)
{
    return (descriptor & low_mask(48) & ~low_mask(size_log2)) |
           high_address_bits(features, descriptor, granule_bits, ds);
}

static inline uint64_t next_table_base(const struct mmu_features *features, uint64_t descriptor, unsigned granule_bits,
                                       bool ds)
{
    return leaf_base(features, descriptor, granule_bits, ds, granule_bits);
}

/* Address bits that must be 0 in an output address (AArch64.OAOutOfRange). */
uint64_t unreachable_bits(const struct mmu_features *features, unsigned ps, unsigned granule_bits);
uint64_t table_base(const struct mmu_features *features, uint64_t ttbr, unsigned granule_bits, unsigned ps, bool ds,
                    unsigned entries_log2);
/* Reads a descriptor of 4 or 8 bytes. False: the bus refused. */
bool fetch_descriptor_slowly(struct mmu *mmu, const struct mmu_access *access, struct full_address at, unsigned size,
                             bool big_endian, uint64_t *descriptor);
/* AArch64.MemSwapTableDesc. *previous is what memory held; equal to site->value when it was replaced. */
bool mem_swap_table_descriptor(struct mmu *mmu, const struct mmu_access *access, struct full_address at,
                               const struct descriptor_site *site, uint64_t new_value, uint64_t *previous);

static inline bool fetch_descriptor(struct mmu *mmu, const struct mmu_access *access, struct full_address at,
                                    unsigned size, bool big_endian, uint64_t *descriptor)
{
    uint64_t offset = at.address - mmu->window.base;
    if (size != 8 || at.pas != mmu->window.pas || offset > mmu->window.last || (at.address & 7) ||
        big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
        return fetch_descriptor_slowly(mmu, access, at, size, big_endian, descriptor);
    mmu->stats.descriptor_reads++;
    memcpy(descriptor, bus_host(mmu->window.region, offset), 8);
    return true;
}

/* walk.c, long_descriptor.c, short_descriptor.c. *cacheable: the leaf may enter a TLB (its Access flag is set). */
/* The walk through ordinary descriptors in RAM. WALK_INVALID: to a Translation fault at leaf->level. WALK_UNUSUAL: it
 * meets anything else, and then s1_walk() decides. */
enum plain_walk { WALK_LEAF, WALK_INVALID, WALK_UNUSUAL };
enum plain_walk s1_plain_walk(struct mmu *mmu, uint64_t va, struct s1_params *params, struct s1_leaf *leaf);
bool s1_walk(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint64_t va,
             const struct s1_params *params, struct s1_leaf *leaf, struct descriptor_site *site,
             struct fault_record *fault);
bool aarch32_s1_walk_ld(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint32_t va,
                        struct s1_leaf *leaf, struct fault_record *fault);
bool aarch32_s1_walk_sd(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint32_t va,
                        struct s1_leaf *leaf, struct fault_record *fault);
bool short_descriptor_format(const struct mmu_regime *regime);

/* s2.c: the walk and its checks for one access; `write` and the kind of the access come from `access`. */
bool s2_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                  struct full_address ipa, const struct mem_attrs *s1_attrs, struct s2_leaf *leaf, bool *cacheable,
                  struct fault_record *fault);
/* A table walk's access to `ipa` at stage 1, translated by stage 2 where the regime has one. */
bool s2_translate_table_access(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                               bool write, struct full_address ipa, struct full_address *pa,
                               struct fault_record *fault);

static inline bool s2_translate_walk(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access,
                                     bool write, struct full_address ipa, struct full_address *pa,
                                     struct fault_record *fault)
{
    *pa = ipa;
    return !regime->stage2 || s2_translate_table_access(mmu, regime, access, write, ipa, pa, fault);
}

/* permissions.c */
bool pan_denies(const struct mmu_regime *regime, unsigned permissions);
bool fetch_crosses_security(const struct mmu_regime *regime, const struct s1_leaf *leaf);
bool s1_check_fault(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                    const struct s1_leaf *leaf, struct fault_record *fault);
bool s2_check(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
              const struct s2_leaf *leaf, const struct mem_attrs *s1_attrs, struct fault_record *fault);

/* AP[2:1] and APTable to what EL1 (or EL2, EL3) and EL0 may do. XN bits come with the hierarchical ones applied. */
static inline uint8_t s1_direct_permissions(unsigned ap, unsigned ap_table, bool privileged_xn, bool unprivileged_xn)
{
    static const uint8_t by_ap[4] = {S1_PR | S1_PW, S1_PR | S1_PW | S1_UR | S1_UW, S1_PR, S1_PR | S1_UR};
    static const uint8_t kept_by_table[4] = {S1_PR | S1_PW | S1_UR | S1_UW, S1_PR | S1_PW, S1_PR | S1_UR, S1_PR};
    return (uint8_t)((by_ap[ap] & kept_by_table[ap_table]) | (privileged_xn ? 0 : S1_PX) |
                     (unprivileged_xn ? 0 : S1_UX));
}

/* The masks are shifted into each other. */
_Static_assert((int)S1_PR == (int)MAY_READ && (int)S1_PW == (int)MAY_WRITE && (int)S1_PX == (int)MAY_EXECUTE, "layout");
_Static_assert((int)S1_UR == (int)S1_PR << 3 && (int)S1_UW == (int)S1_PW << 3 && (int)S1_UX == (int)S1_PX << 3,
               "layout");
_Static_assert((int)S2_R == (int)MAY_READ && (int)S2_W == (int)MAY_WRITE, "layout");

/* AArch64.S1ComputePermissions (direct). A stage 1 that is off allows everything. */
static inline unsigned s1_compute_permissions(const struct mmu_regime *regime, const struct s1_leaf *leaf, unsigned el,
                                              bool pan)
{
    if (!leaf->enabled)
        return MAY_READ | MAY_WRITE | MAY_EXECUTE;
    unsigned permissions = leaf->permissions;
    unsigned may = el == 0 ? permissions >> 3 : permissions & 7;
    if (sctlr_bit(regime, SCTLR_WXN) && (may & MAY_WRITE))
        may &= ~(unsigned)MAY_EXECUTE;
    if (regime->aarch32 && el != 0 && (permissions & S1_UW) && sctlr_bit(regime, SCTLR_UWXN))
        may &= ~(unsigned)MAY_EXECUTE;
    if (regime->security != PAS_NON_SECURE && fetch_crosses_security(regime, leaf))
        may &= ~(unsigned)MAY_EXECUTE;
    if (pan && el != 0 && pan_denies(regime, permissions))
        may &= ~(unsigned)(MAY_READ | MAY_WRITE);
    return may;
}

static inline unsigned s2_compute_permissions(const struct s2_leaf *leaf, unsigned el)
{
    unsigned may = leaf->permissions & (S2_R | S2_W);
    return may | (leaf->permissions & (el == 0 ? S2_UX : S2_PX) ? MAY_EXECUTE : 0);
}

/* PSTATE.PAN matters to loads and stores, and to AT S1E1RP and S1E1WP. */
static inline bool pan_applies(const struct mmu_access *access)
{
    enum { DATA = 1u << ACCESS_READ | 1u << ACCESS_WRITE | 1u << ACCESS_DC_ZVA };
    return access->pan && ((DATA >> access->type & 1) || (access->type == ACCESS_AT && access->at_pan));
}

/* The access updates dirty state: a write that isn't cache maintenance or AT. */
static inline bool access_dirties(const struct mmu_access *access)
{
    enum { WRITES = 1u << ACCESS_READ | 1u << ACCESS_WRITE | 1u << ACCESS_DC_ZVA | 1u << ACCESS_TTW };
    return access->write && (WRITES >> access->type & 1);
}

/* s1_check_fault() finds what is wrong, in order; here the loads and stores with which nothing is. */
static inline bool s1_check(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
                            const struct s1_leaf *leaf, struct fault_record *fault)
{
    bool plain = leaf->enabled && !leaf->domain_checked && !leaf->attrs.device && access->type <= ACCESS_WRITE;
    if (plain) {
        unsigned may = s1_compute_permissions(regime, leaf, access->el, access->pan);
        unsigned wanted = (access->read ? MAY_READ : 0) | (access->write ? MAY_WRITE : 0);
        if (!(wanted & ~may))
            return true;
    }
    return s1_check_fault(regime, access, aligned, leaf, fault);
}

/* attributes.c */
struct mem_attrs s1_decode_mem_attrs(const struct mmu_features *features, unsigned attr, unsigned sh, bool aarch64);
struct mem_attrs normal_nc(void);
struct mem_attrs device_attrs(unsigned type);
unsigned decode_sdf_attr(unsigned rgn);
struct mem_attrs s1_disabled_attrs(const struct mmu_regime *regime, enum access_type type);
/* Stage 2's own attributes: with FWB they already contain stage 1's. */
struct mem_attrs s2_attrs(const struct mmu_regime *regime, const struct mem_attrs *s1, const struct s2_leaf *leaf);
struct mem_attrs s2_output_attrs(const struct mmu_regime *regime, enum access_type type, const struct mem_attrs *s1,
                                 const struct s2_leaf *leaf);
bool s2_fwb(const struct mmu_regime *regime);

/* DecodeShareability; the reserved value 1 is taken as Non-shareable. */
static inline uint8_t decode_shareability(unsigned sh)
{
    return sh == 2 ? SHARE_OSH : sh == 3 ? SHARE_ISH : SHARE_NSH;
}

/* EffectiveShareability */
static inline void effective_shareability(struct mem_attrs *attrs)
{
    if (attrs->device || !((attrs->inner | attrs->outer) >> 2))
        attrs->shareability = SHARE_OSH;
}

/* The end of AArch64.S1Translate: what SCTLR.C and SCTLR.I make of the descriptor's attributes. */
static inline struct mem_attrs s1_output_attrs(const struct mmu_regime *regime, enum access_type type,
                                               const struct s1_leaf *leaf)
{
    if (!leaf->enabled)
        return s1_disabled_attrs(regime, type);
    bool as_they_are = type == ACCESS_FETCH ? !leaf->attrs.device && sctlr_bit(regime, SCTLR_I)
                                            : leaf->attrs.device || sctlr_bit(regime, SCTLR_C);
    return as_they_are ? leaf->attrs : normal_nc();
}

#endif
