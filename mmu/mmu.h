/*
 * Address translation as functions of a *regime*: the register values that govern it. This room never sees a PE.
 *
 * The steps are the Arm ARM's: translate_address -> full_translate -> s1_translate {parameters, walk, check
 * permissions, update descriptor} -> s2_translate. AArch64.TranslateAddress() and its callees.
 */
#ifndef ARMSIM_MMU_MMU_H
#define ARMSIM_MMU_MMU_H

#include "libarmsim/fabric/bus.h"
#include "mmu/fast_tlb.h"

#include <stdbool.h>
#include <stdint.h>

/* Translation regimes (Regime). EL10 and EL20 are the two-range ones. */
enum regime_id { REGIME_EL10, REGIME_EL20, REGIME_EL2, REGIME_EL3 };

/* Features that change translation, from the CPU model. They stay as they are from one mmu_reset() to the next. */
struct mmu_features {
    uint8_t pa_bits;       /* ID_AA64MMFR0_EL1.PARange: 32, 36, 40, 42, 44, 48, 52 */
    bool granule4, granule16, granule64;
    bool hafdbs_af, hafdbs_dirty; /* hardware update of AF, of dirty state */
    bool hpd, hpd2;        /* FEAT_HPDS, FEAT_HPDS2 */
    bool pan, pan2, pan3, uao, vhe, xnx, cnp, ttst, ttcnp, e0pd, s2fwb, lpa, lva, sec_el2, bti, asid16, vmid16, nv;
    bool pauth; /* TCR_ELx.TBID */
    bool lpa2;  /* TCR_ELx.DS, VTCR_EL2.DS: 52-bit addresses with 4K and 16K granules */
    bool mte2;  /* MAIR attribute 0xf0 */
    bool xs;    /* FEAT_XS: MAIR attributes 0x01, 0x05, ... 0x40, 0xa0 */
    bool lsmaoc; /* SCTLR_ELx.nTLSMD (AArch32) */
    bool aa32hpd; /* TTBCR2.HPD0/HPD1 (AArch32) */

    /* IMPLEMENTATION DEFINED and CONSTRAINED UNPREDICTABLE choices (rows of impdef.def). All false is a legal PE. */
    bool fault_small_txsz;   /* TxSZ below the minimum faults instead of acting as the minimum (always with LVA) */
    bool fault_large_txsz;   /* TxSZ above the maximum faults instead of acting as the maximum */
    bool fault_contiguous;   /* a contiguous range larger than the input range is a Translation fault */
    bool ignore_contiguous;  /* the Contiguous bit is a hint that isn't taken: each descriptor stands alone */
    bool fault_device_fetch; /* an instruction fetch from Device memory is a Permission fault */
    bool no_cacheop_access_flag_fault;  /* DC and IC ignore a clear Access flag */
    bool ic_permission_fault;           /* IC IVAU at EL0 needs read permission */
    bool no_default_tex;                /* AArch32 with SCTLR.TRE = 0: Normal Non-cacheable, not the default TEX decode
                                         * (PRRR and NMRR taken as never holding their reset values) */
    bool access_flag_update_on_fault;   /* the Access flag is set though the access has a Permission fault */
    uint8_t tlb_check; /* enum mmu_check: whether entries that are used are compared with the tables */
};

enum mmu_check {
    MMU_CHECK_OFF,
    MMU_CHECK_WARN, /* mmu_keeper.stale is told */
    MMU_CHECK_FAULT /* and what break-before-make is for is a TLB conflict abort */
};

/*
 * Everything that a translation depends on beside memory. Registers that the regime doesn't have are 0.
 * Recomputed by cpu/ when one of them is written.
 */
struct mmu_regime {
    enum regime_id id;
    enum pas security; /* security state of the regime: PAS_SECURE or PAS_NON_SECURE */
    uint64_t sctlr, tcr, ttbr[2], mair; /* of the regime's stage 1 (SCTLR_EL1 ... SCTLR_EL3) */
    bool stage2;       /* EL1&0 with EL2 enabled and HCR_EL2.{VM or DC} and not TGE */
    uint64_t hcr;      /* HCR_EL2 as it takes effect (0 when EL2 is disabled) */
    uint64_t vtcr, vttbr, vstcr, vsttbr;
    bool stage2_ee;    /* SCTLR_EL2.EE: byte order of stage-2 tables */
    uint64_t scr;      /* SCR_EL3 as it takes effect */
    uint16_t asid[2];  /* ASID for the ttbr0 and ttbr1 halves as TCR.A1/AS choose (same value twice) */
    uint16_t vmid;     /* EL1&0 with EL2 enabled, stage 2 on or not: VTTBR_EL2.VMID as VTCR_EL2.VS sizes it; else 0 */
    const struct mmu_features *features;

    /*
     * Stage 1 in AArch32. `sctlr`, `ttbr` are the AArch32 registers of the regime (SCTLR, TTBR0, TTBR1; HSCTLR and
     * HTTBR in ttbr[0]), `tcr` is TTBCR2:TTBCR (or HTCR), `mair` is MAIR1:MAIR0, or NMRR:PRRR with TTBCR.EAE = 0.
     * REGIME_EL3 is then the EL3&0 regime of Secure state. Addresses are 32-bit.
     */
    bool aarch32;
    uint32_t dacr;
    bool stage2_aarch32; /* EL2 is AArch32 too: `vtcr` is VTCR, `hcr` is HCR2:HCR */

    /* From mmu_new_version(), another one whenever something above changes; or 0: everything is compared each time. */
    uint64_t version;
};

enum access_type {
    ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH, ACCESS_AT, ACCESS_DC, ACCESS_IC, ACCESS_DC_ZVA,
    ACCESS_TTW /* a table walk's own access: appears only inside mmu/ */
};

/* AccessDescriptor. */
struct mmu_access {
    enum access_type type;
    bool write;        /* checks write permission (writes, read-modify-writes, AT S1EnW, DC IVAC) */
    bool read;         /* checks read permission (an atomic sets both) */
    uint8_t el;        /* EL whose permissions are used (0 for unprivileged access after UAO/NV is applied) */
    bool pan;          /* PSTATE.PAN; looked at for data accesses, and for AT with at_pan */
    bool at_pan;       /* AT S1E1RP/WP */
    bool atomic, exclusive, acqrel;
    bool multiple;     /* AArch32 load/store multiple: subject to SCTLR.nTLSMD */
    bool first_stage_only; /* AT S1E*: stage 1 (the walk's own accesses still go through stage 2) */
    bool no_update;    /* debug look: neither AF/dirty updates nor TLB fills */
    bool past_tlb;     /* stage 2's entries aren't looked at; used inside mmu/ */
    uint8_t size;      /* bytes (a power of two), for alignment faults; 0: alignment is not checked */
    bool aligned_required; /* SCTLR.A or an access that is always alignment checked */
};

/* Normal or Device memory, encoded as in the vectors: DeviceType GRE=0 nGRE=1 nGnRE=2 nGnRnE=3. */
struct mem_attrs {
    _Alignas(8) bool device; /* copied as one word */
    uint8_t device_type;
    uint8_t inner, outer;  /* attrs<<2 | hints: attrs 0 NC, 2 WT, 3 WB; hints bit 1 read-, bit 0 write-allocate */
    uint8_t shareability;  /* 0 NSH, 1 ISH, 2 OSH */
    uint8_t transient;     /* bit 0: inner is Transient, bit 1: outer is */
    bool tagged;
};

enum fault_type {
    FAULT_NONE, FAULT_ACCESS_FLAG, FAULT_ALIGNMENT, FAULT_BACKGROUND, FAULT_DOMAIN, FAULT_PERMISSION,
    FAULT_TRANSLATION, FAULT_ADDRESS_SIZE, FAULT_SYNC_EXTERNAL, FAULT_SYNC_EXTERNAL_ON_WALK, FAULT_SYNC_PARITY,
    FAULT_SYNC_PARITY_ON_WALK, FAULT_ASYNC_PARITY, FAULT_ASYNC_EXTERNAL, FAULT_TAG_CHECK, FAULT_DEBUG,
    FAULT_TLB_CONFLICT, FAULT_BRANCH_TARGET, FAULT_HW_UPDATE, FAULT_LOCKDOWN, FAULT_EXCLUSIVE, FAULT_ICACHE_MAINT
};

/* FaultRecord: all that a syndrome needs to know of the translation. */
struct fault_record {
    enum fault_type type;
    struct mmu_access access;
    uint64_t va;
    uint64_t ipa;          /* valid for stage-2 faults */
    enum pas ipa_pas;
    int8_t level;          /* -1..3 */
    bool second_stage;     /* a stage-2 fault */
    bool s2fs1walk;        /* on a stage-1 table walk */
    bool write;            /* WnR */
    uint8_t domain;        /* short descriptors */
    uint8_t debug_moe;
};

struct mmu_result {
    uint64_t pa;
    enum pas pas;
    struct mem_attrs attrs;
    uint64_t page_size;    /* bytes around va for which the same answer holds (both stages), at least 4 KiB */
    bool guarded;          /* stage-1 GP bit */
    bool supersection;     /* the stage-1 leaf is a short-descriptor supersection */
    /* What the same translation would also allow now, with no descriptor update (fast TLB entries). For the
     * `el`, `pan` of the access. `may_write` is false while a dirty update is still owed. */
    bool may_read, may_write, may_execute;
    struct fault_record fault;
};

/* Walks through memory by the bus; hardware updates are atomic writes through the same. */
struct mmu;
struct mmu_stats { uint64_t tlb_hits, tlb_misses, walks, descriptor_reads, invalidations; };

/* One observer of descriptor reads (translate API, tests, BBM diagnostics); NULL: none. */
typedef void mmu_walk_fn(void *opaque, int stage, int level, uint64_t descriptor_pa, enum pas pas, uint64_t descriptor);

/* The TLB of one PE and the walker. `entries` is a power of two (default 0: 2048). NULL: out of memory. */
struct mmu *mmu_create(struct bus *bus, uint16_t requester, unsigned entries);
void mmu_destroy(struct mmu *mmu);
void mmu_reset(struct mmu *mmu); /* TLB empty */
/* A descriptor where nothing is on the bus: zero, which is invalid, in place of an External abort on the walk. */
void mmu_set_unclaimed_zero(struct mmu *mmu, bool zero);
uint64_t mmu_new_version(struct mmu *mmu);
void mmu_set_walk_observer(struct mmu *mmu, mmu_walk_fn *fn, void *opaque);
/*
 * Who keeps answers of mmu_translate() (the PE's fast TLBs) must not keep them longer than the TLB does, or what the
 * TLB holds would depend on who was asked. So it is told what is lost, to TLBI or for want of room; and the page that
 * instructions are executed from, which nobody asks for again and again, is not lost for want of room.
 */
struct mmu_fill {
    const struct mmu_regime *regime;
    const struct mmu_result *result;
    uint64_t va, ipa;
    bool global, stage2;
};
enum mmu_stale {
    MMU_STALE_UNMAPPED,    /* the walk comes to no leaf */
    MMU_STALE_PERMISSIONS, /* permissions or the Access flag are others: break-before-make isn't needed */
    MMU_STALE_CONFLICT     /* output, memory type, size or nG are others: it is */
};
struct mmu_keeper {
    /* `size` bytes from `va`, in whatever context, are lost; size 0: anything. */
    void (*lost)(void *opaque, uint64_t va, uint64_t size);
    /* The present instruction's address, and the regime it is fetched by. */
    const struct mmu_regime *(*fetch)(void *opaque, uint64_t *va);
    /* Optional: an entry was made. */
    void (*filled)(void *opaque, const struct mmu_fill *fill);
    /* Optional: an entry is used that isn't what the tables say (mmu_features.tlb_check); not with every use. */
    void (*stale)(void *opaque, enum mmu_stale kind, uint64_t va);
    void *opaque;
};
void mmu_set_keeper(struct mmu *mmu, const struct mmu_keeper *keeper); /* copied */
const struct mmu_stats *mmu_stats(const struct mmu *mmu);
uint64_t mmu_hash(const struct mmu *mmu, uint64_t hash); /* TLB contents are state: they can be observed */
struct state_writer;
struct state_reader;
void mmu_save(const struct mmu *mmu, struct state_writer *writer);
/* False: not what mmu_save() writes for a TLB of this size; the TLB is empty then. */
bool mmu_load(struct mmu *mmu, struct state_reader *reader);

/*
 * Translates. True: result->pa... are valid; false: result->fault is. Uses and fills the TLB, which really goes
 * stale: only TLBI or capacity removes an entry. Table walks that the bus refuses are
 * FAULT_SYNC_EXTERNAL_ON_WALK.
 */
bool mmu_translate(struct mmu *mmu, const struct mmu_regime *regime, const struct mmu_access *access, uint64_t va,
                   struct mmu_result *result);

/*
 * The same for loads and stores that miss the fast TLB, as long as all is usual: ordinary memory and tables, one stage.
 * MMU_REFILLED: *entry serves the access now, in `context`. MMU_UNMAPPED + level: a Translation fault of stage 1.
 * MMU_UNUSUAL: mmu_translate() decides.
 */
struct mmu_load_store {
    uint8_t el; /* whose permissions are used */
    bool pan, write;
};
enum { MMU_REFILLED, MMU_UNUSUAL, MMU_UNMAPPED };
unsigned mmu_refill(struct mmu *mmu, const struct mmu_regime *regime, struct mmu_load_store access, uint64_t va,
                    uint64_t context, struct fast_tlb_entry *entry);

/*
 * TLBI. The regime EL1&0 has entries per (ASID, VMID), or per VMID for global ones; EL2&0 per ASID; EL2 and EL3
 * neither: fields that a regime doesn't have are ignored. TLBI_ALL: everything of the regime and security state,
 * for EL1&0 with stage 2. TLBI_VMALL: stage 1 of the VMID. TLBI_VMALLS12: both stages of the VMID. TLBI_IPAS2 forgets
 * what is known of stage 2 alone: entries made from both stages stay, as the architecture has it, until a stage-1
 * invalidation of the VMID follows.
 *
 * Every architected form of the models is one of these with fields filled in. */
enum tlbi_op { TLBI_ALL, TLBI_VA, TLBI_VA_ALL_ASID, TLBI_ASID, TLBI_VMALL, TLBI_VMALLS12, TLBI_IPAS2 };
struct tlbi {
    enum tlbi_op op;
    enum regime_id regime;
    enum pas security;
    bool last_level_only;
    uint16_t asid, vmid;
    uint64_t address;      /* VA or IPA, byte address (bits above the input size sign-extended for VA) */
    uint64_t range;        /* bytes covered from address; 0: the single page (FEAT_TLBIRANGE otherwise) */
    bool ipa_secure;
};
void mmu_tlbi(struct mmu *mmu, const struct tlbi *tlbi);

/* EncodeLDFSC: the fault status code of ESR_ELx.{DFSC,IFSC}, PAR_EL1.FST, and AArch32's long-descriptor DFSR/IFSR. */
unsigned mmu_fault_status_code(const struct fault_record *fault);
/* EncodeSDFSC: FS[4:0] of AArch32's short-descriptor DFSR/IFSR/PAR. */
unsigned mmu_fault_status_code_short(const struct fault_record *fault);

/*
 * AArch64.EncodePAR: PAR_EL1 (and the 64-bit PAR) after an AT instruction. Whether the fault is taken as an exception
 * instead (external aborts; stage-2 faults on the stage-1 walk of an AT from EL1) is the caller's decision.
 */
uint64_t at_par_success(const struct mmu_result *result);
uint64_t at_par_fault(const struct fault_record *fault);
/* AArch32.EncodePARSD: the 32-bit PAR. `supersection`: PAR[1] (SS), when the 32-bit PAR describes one. */
uint32_t at_par_short_success(const struct mmu_result *result, bool supersection);
uint32_t at_par_short_fault(const struct fault_record *fault);

#endif
