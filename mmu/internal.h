/* What the files of this room share. Nobody else includes it. */
#ifndef ARMSIM_MMU_INTERNAL_H
#define ARMSIM_MMU_INTERNAL_H

#include "mmu/mmu.h"
#include "mmu/tlb.h"

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
enum { SCTLR_M = 0, SCTLR_C = 2, SCTLR_I = 12, SCTLR_WXN = 19, SCTLR_UWXN = 20, SCTLR_EE = 25, SCTLR_TRE = 28,
       SCTLR_AFE = 29, SCTLR_NTLSMD = 28, SCTLR_EPAN = 57 };
enum { HCR_VM = 0, HCR_PTW = 2, HCR_DC = 12, HCR_TGE = 27, HCR_CD = 32, HCR_ID = 33, HCR_NV = 42, HCR_NV1 = 43,
       HCR_FWB = 46, HCR_DCT = 57 };
enum { SCR_SIF = 9 };
enum { TTBCR_EAE = 31 };

enum { DEVICE_GRE, DEVICE_NGRE, DEVICE_NGNRE, DEVICE_NGNRNE };
enum { SHARE_NSH, SHARE_ISH, SHARE_OSH };
/* mem_attrs.inner and .outer: cacheability << 2 | allocation hints. */
enum { CACHE_NC = 0 << 2, CACHE_WT = 2 << 2, CACHE_WB = 3 << 2, HINT_RA = 2, HINT_WA = 1,
       HINT_RWA = 3, HINTS = 3 };

enum { FINAL_LEVEL = 3 };

/* Permissions of stage 1 before WXN, PAN and SIF, which are checked at every access. */
enum { S1_PR = 1, S1_PW = 2, S1_PX = 4, S1_UR = 8, S1_UW = 16, S1_UX = 32 };
/* Permissions of stage 2; X differs between EL1 and EL0 with FEAT_XNX. */
enum { S2_R = 1, S2_W = 2, S2_PX = 4, S2_UX = 8 };
/* What one access may do. */
enum { MAY_READ = 1, MAY_WRITE = 2, MAY_EXECUTE = 4 };

/* The stage-1 walk's answer (TTWState at the leaf): nothing in it depends on the access. */
struct s1_leaf {
    uint64_t address;        /* output address of the start of the leaf */
    struct mem_attrs attrs;
    int8_t level;
    uint8_t size_log2;
    uint8_t permissions;     /* S1_* */
    uint8_t pas;
    uint8_t domain;          /* short descriptors */
    bool ng, guarded;
    bool dirty_owed;         /* writable-clean: the first write updates the descriptor */
    bool enabled;            /* false: stage 1 is off, and attributes depend on the kind of access */
    bool domain_checked;     /* a short-descriptor leaf: DACR applies */
    bool supersection;
};

/* The stage-2 walk's answer. */
struct s2_leaf {
    uint64_t address;
    int8_t level;
    uint8_t size_log2;
    uint8_t permissions;     /* S2_* */
    uint8_t memattr;         /* descriptor bits [5:2] */
    uint8_t shareability;    /* SHARE_* */
    uint8_t pas;
    bool dirty_owed;
    bool present;            /* false: no stage 2 */
};

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

/* S1TTWParams: the fields of TCR_ELx and friends for one half of a regime. */
struct s1_params {
    uint64_t ttbr, mair;
    uint8_t granule_bits, txsz, ps, sh;
    bool tbi, tbid, epd, e0pd, hpd, ha, hd, ds, ee, nv1;
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
    /* The RAM region that descriptors were last read from, so that a walk doesn't search the bus. */
    struct { uint64_t base, size; const uint8_t *host; enum pas pas; } window;
    struct tlb s1;           /* payload: struct mapping */
    struct tlb s2;           /* payload: struct s2_leaf */
    struct mmu_stats stats;
    mmu_walk_fn *observer;
    void *observer_opaque;
};

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
    if (regime->id == REGIME_EL10 && (bit(regime->hcr, HCR_DC) || bit(regime->hcr, HCR_TGE)))
        return false;
    return sctlr_bit(regime, SCTLR_M);
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

/* A fault with everything but its stage filled in. Always false, for `return`. */
static inline bool set_fault(struct fault_record *fault, enum fault_type type, int level)
{
    fault->type = type;
    fault->level = (int8_t)level;
    return false;
}

/*
 * What selects TLB contexts. Stage 1: regime, security, VMID, ASID or global, and two ways of using the same tables
 * (under stage 2 or not, AArch32 or not) that no TLBI tells apart. Stage 2 alone: security, VMID, IPA space.
 */
enum { KEY_SECURITY = 2, KEY_GLOBAL = 4, KEY_STAGE2 = 5, KEY_AARCH32 = 6, KEY_IPA_PAS = 8, KEY_VMID = 16,
       KEY_ASID = 32 };
#define KEY_REGIME_MASK 0xfull /* with the security state */
#define KEY_VMID_MASK (0xffffull << KEY_VMID)
#define KEY_ASID_MASK (0xffffull << KEY_ASID | 1ull << KEY_GLOBAL)

static inline uint64_t s2_key(enum pas security, uint16_t vmid, enum pas ipa_pas)
{
    return REGIME_EL10 | (uint64_t)security << KEY_SECURITY | (uint64_t)vmid << KEY_VMID |
           (uint64_t)ipa_pas << KEY_IPA_PAS;
}

/* s1_params.c */
void get_s1_ttw_params(const struct mmu_regime *regime, uint64_t va, struct s1_params *params);
unsigned s1_min_txsz(const struct mmu_features *features, const struct s1_params *params);
unsigned max_txsz(const struct mmu_features *features, unsigned granule_bits);
unsigned decode_granule(const struct mmu_features *features, unsigned tg0);
unsigned addr_top(const struct s1_params *params, enum access_type type);
/* The address that TLB entries are matched by: the top byte is replaced by VA[55] where it is ignored. */
uint64_t canonical_va(const struct mmu_regime *regime, enum access_type type, uint64_t va);
bool e0pd_faults(const struct mmu_regime *regime, uint64_t va);

/* descriptor.c */
enum descriptor_type { DESCRIPTOR_INVALID, DESCRIPTOR_TABLE, DESCRIPTOR_LEAF };
enum descriptor_type decode_descriptor_type(const struct mmu_features *features, uint64_t descriptor,
                                            unsigned granule_bits, bool ds, int level);
uint64_t next_table_base(const struct mmu_features *features, uint64_t descriptor, unsigned granule_bits, bool ds);
uint64_t leaf_base(const struct mmu_features *features, uint64_t descriptor, unsigned granule_bits, bool ds, int level);
unsigned translation_size(unsigned granule_bits, int level);
unsigned contiguous_size(unsigned granule_bits, int level); /* 0: this level has no Contiguous bit */
bool oa_out_of_range(const struct mmu_features *features, uint64_t address, unsigned ps, unsigned granule_bits);
uint64_t table_base(const struct mmu_features *features, uint64_t ttbr, unsigned granule_bits, unsigned ps, bool ds,
                    unsigned entries_log2);
/* Reads a descriptor of 4 or 8 bytes. False: the bus refused. */
bool fetch_descriptor(struct mmu *mmu, const struct mmu_access *access, struct full_address at, unsigned size,
                      bool big_endian, uint64_t *descriptor);
/* AArch64.MemSwapTableDesc. *previous is what memory held; equal to site->value when it was replaced. */
bool mem_swap_table_descriptor(struct mmu *mmu, const struct mmu_access *access, struct full_address at,
                               const struct descriptor_site *site, uint64_t new_value, uint64_t *previous);

/* walk.c, long_descriptor.c, short_descriptor.c. *cacheable: the leaf may enter a TLB (its Access flag is set). */
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
bool s2_translate_walk(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, bool write,
                       struct full_address ipa, struct full_address *pa, struct fault_record *fault);

/* permissions.c */
uint8_t s1_direct_permissions(unsigned ap, unsigned ap_table, bool privileged_xn, bool unprivileged_xn);
unsigned s1_compute_permissions(const struct mmu_regime *regime, const struct s1_leaf *leaf, unsigned el, bool pan);
unsigned s2_compute_permissions(const struct s2_leaf *leaf, unsigned el);
bool s1_check(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
              const struct s1_leaf *leaf, struct fault_record *fault);
bool s2_check(const struct mmu_regime *regime, const struct mmu_access *access, bool aligned,
              const struct s2_leaf *leaf, const struct mem_attrs *attrs, struct fault_record *fault);
bool pan_applies(const struct mmu_access *access);
/* The access updates dirty state: a write that isn't cache maintenance or AT. */
bool access_dirties(const struct mmu_access *access);

/* attributes.c */
struct mem_attrs s1_decode_mem_attrs(const struct mmu_features *features, unsigned attr, unsigned sh, bool aarch64);
struct mem_attrs normal_nc(void);
struct mem_attrs device_attrs(unsigned type);
unsigned decode_sdf_attr(unsigned rgn);
unsigned decode_shareability(unsigned sh);
struct mem_attrs s1_disabled_attrs(const struct mmu_regime *regime, enum access_type type);
struct mem_attrs s1_output_attrs(const struct mmu_regime *regime, enum access_type type, const struct s1_leaf *leaf);
/* Stage 2's own attributes: with FWB they already contain stage 1's. */
struct mem_attrs s2_attrs(const struct mmu_regime *regime, const struct mem_attrs *s1, const struct s2_leaf *leaf);
struct mem_attrs s2_output_attrs(const struct mmu_regime *regime, enum access_type type, const struct mem_attrs *s1,
                                 const struct s2_leaf *leaf);
bool s2_fwb(const struct mmu_regime *regime);
void effective_shareability(struct mem_attrs *attrs);

#endif
