/*
 * The processing element: all of its architectural state, and the few derived values that the interpreter keeps.
 *
 * cpu/ is the only room that includes this file. libarmsim/ sees PEs through cpu/cpu.h.
 */
#ifndef ARMSIM_CPU_PE_H
#define ARMSIM_CPU_PE_H

#include "cpu/fp/fp.h"
#include "cpu/features.h"      /* generated from features.def: enum feature, struct feature_set, cpu models */
#include "cpu/sysreg_index.h"  /* generated from sysregs.def: enum sysreg_index SR_<NAME>, SR_COUNT */
#include "cpu/traps_table.h"   /* generated from traps.def: enum trap_list */
#include "gic/gic.h"
#include "libarmsim/fabric/bus.h"
#include "libarmsim/fabric/clock.h"
#include "libarmsim/fabric/irq.h"
#include "libarmsim/fabric/log.h"
#include "mmu/mmu.h"

#include <stdbool.h>
#include <stdint.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct pe;
struct record;
struct icache;
struct trap_event;
struct impdef_values; /* generated from impdef.def */
struct coverage;

/* x[31] is the current SP, x[32] reads as zero, x[33] is a sink: no handler tests for register 31. */
enum { REG_SP = 31, REG_ZR = 32, REG_SINK = 33, REG_COUNT = 34 };

/* One SIMD&FP register. Index 0 of each view holds the least significant bits. */
union vreg {
    uint8_t b[16];
    uint16_t h[8];
    uint32_t s[4];
    uint64_t d[2];
};

/*
 * PSTATE without N, Z, C, V, which live in the interpreter's nz/fc/fv. Each is 0 or 1, except el and btype. Exceptions
 * and their returns handle it as two words of eight bytes: cpu/pstate.h.
 */
struct pstate {
    uint8_t f, i, a, d, il, ss, pan, uao; /* SPSR_ELx [9:6], [23:20] */
    uint8_t dit, tco, el, sp, nrw, ssbs, btype, unused;
};

/* Pending asynchronous exceptions, physical and virtual, as the PE's pins see them (levels). */
enum pending {
    PENDING_IRQ = 1u << 0,
    PENDING_FIQ = 1u << 1,
    PENDING_SERROR = 1u << 2, /* physical SError, held in pe->serror_syndrome */
    PENDING_VIRQ = 1u << 3,   /* from the virtual CPU interface */
    PENDING_VFIQ = 1u << 4,
    /* HCR_EL2.{VI,VF,VSE} are taken from the register itself. */
};

enum pe_power { PE_RUNNING, PE_WFI, PE_WFE, PE_OFF };

enum { FAST_TLB_ENTRIES = 256, FAST_ITLB_ENTRIES = 256, RETURN_STACK_ENTRIES = 16 };
/* Context numbers are multiples of 4 below 4096, so a misaligned target never matches a tag; this one matches none. */
#define CONTEXT_NONE 0xffcu

/* The same for a page of MMIO, and for stores to a page of RAM that is watched (BUS_PAGE_WATCHED): which region it
 * belongs to. Tags as above; ~0 where an access isn't permitted. */
struct device_tlb_entry {
    uint64_t read_tag, write_tag;
    struct bus_region *region;
    uint64_t offset; /* of the page in the region */
    enum pas pas;
};
enum { DEVICE_TLB_ENTRIES = 16 };

struct fast_itlb_entry {
    uint64_t tag;
    struct record *base; /* first record of the page */
    uint64_t bias;       /* pc = (ip >> 2) + bias */
};

struct return_entry { /* predicted return: counts when va matches */
    uint64_t va;
    const struct record *ip;
    uint64_t bias;
};

/* One for each EL, so that an exception and its return keep the caller's; emptied when its context changes. */
struct return_stack {
    uint64_t top;
    uint64_t context;
    struct return_entry entries[RETURN_STACK_ENTRIES];
};

struct generic_timer;     /* devices/ */

/* A synchronous exception that the host wants. */
struct raised {
    uint8_t el; /* 1 to 3 */
    uint32_t esr;
    bool far_valid, ipa_valid;
    uint64_t far, ipa;
};

/* What the host decides before an instruction is executed, or before it accesses memory. */
enum verdict_kind {
    VERDICT_GO,
    VERDICT_HOLD,  /* the PE stops before the instruction */
    VERDICT_SKIP,  /* the instruction does nothing */
    VERDICT_WORD,  /* another word is executed in its place (not for accesses) */
    VERDICT_OPERAND, /* it is an MSR or SYS, and gets another operand (not for accesses) */
    VERDICT_RAISE, /* it takes an exception */
};
struct verdict {
    enum verdict_kind kind;
    uint32_t word; /* WORD, OPERAND */
    uint64_t operand;
    struct raised raised;
};

/* An access that an instruction is about to make: one in the Arm ARM's sense. */
struct asked_access {
    uint64_t va, pa; /* of the first byte */
    enum pas pas;
    unsigned size;   /* bytes; up to 16, but for DC ZVA */
    bool write, device;
    const struct mmu_access *access;
    uint64_t value[2]; /* what is read or written; 0 for DC ZVA */
    bool replaced;     /* the host has put others there */
};

/* What the machine lends a PE. All pointers outlive it. */
struct pe_env {
    struct bus *bus;
    struct clock *clock;
    struct log *log;
    struct icache *icache; /* decoded pages, shared by all PEs of a machine */
    void *machine;
    const struct impdef_values *impdef; /* what is chosen: not NULL */
    struct coverage *coverage; /* NULL: not recorded */
    /* Trap records: every exception entry and return, when the PE's state has changed, is written to where this points
     * now, and announced. NULL: nobody keeps them. */
    struct trap_event *const *event;
    void (*trap)(void *machine, struct pe *pe, struct trap_event *event);
    /* SEV: sets the event register of every PE. */
    void (*send_event)(void *machine);
    /* TLBI broadcast to the other PEs of the shareability domain, ISB-like effects included. */
    void (*broadcast_tlbi)(void *machine, struct pe *from, const struct tlbi *tlbi);
    /* IC IALLUIS / IVAU broadcasts (split-cache option only). */
    void (*broadcast_icache)(void *machine, struct pe *from, bool all, uint64_t pa);
    /* Firmware built into the machine (PSCI, SMCCC). True: the call was handled, X0-X3 are set. */
    bool (*conduit)(void *machine, struct pe *pe, bool smc, uint16_t imm);
    /* Semihosting: HLT #0xF000. True: handled (X0 set). */
    bool (*semihosting)(void *machine, struct pe *pe);
    /* The host's breakpoints and hooks: asked before each instruction whose place in its page icache_set_breakpoint()
     * has named, and with asks_system before MRS, MSR, SYS and SYSL. `word`: the instruction, NULL: it isn't known. */
    void (*before)(void *machine, struct pe *pe, const uint32_t *word, struct verdict *verdict);
    bool asks_system;
    /* The host's watchpoints and hooks on memory; both NULL: none. Pages for which the first is true go the slow way and
     * ask the second before each access that won't fault. */
    bool (*watches_page)(void *machine, uint64_t va, uint64_t pa);
    void (*access)(void *machine, struct pe *pe, struct asked_access *access, struct verdict *verdict);
    /* The TLB has got an entry; NULL: nobody wants to know. */
    void (*filled)(void *machine, struct pe *pe, const struct mmu_fill *fill);
    /* The PE's interrupt inputs were `before`; NULL: nobody wants to know. */
    void (*pins_changed)(void *machine, struct pe *pe, uint8_t before);
};

/* Why an exception was taken: a row of traps.def, or a fixed cause. See libarmsim/include/armsim/trap.h. */
enum trap_kind { TRAP_SYNC, TRAP_IRQ, TRAP_FIQ, TRAP_SERROR, TRAP_VIRQ, TRAP_VFIQ, TRAP_VSERROR, TRAP_RETURN };
struct trap_event {
    uint8_t kind; /* enum trap_kind */
    uint8_t from_el, to_el;
    bool from_aarch32, to_aarch32, from_secure, to_secure;
    uint16_t vector_offset;
    uint32_t pe;           /* index */
    uint64_t pc;           /* where execution goes on */
    uint64_t esr, far, hpfar, elr, spsr;
    const char *why; /* static string: "HCR_EL2.TWE", "SVC", "illegal return", ... never NULL */
    uint64_t instructions; /* that the PE has executed; from its trap() on, that all PEs have */
    uint64_t time_ns;      /* filled in by trap() */
};

/* What the control registers mean for an EL. */
struct el_context {
    enum regime_id regime;
    bool fp_enabled, strict, check_sp;
    uint8_t control_state;
    uint8_t debug;      /* cpu/debug.h: DEBUG_BY_STEPS, DEBUG_WATCHES */
    bool secure;        /* IsSecure() */
    bool nested;        /* HCR_EL2.{NV,NV1} is {1,0}: an exception from EL1 to EL1 says that it came from EL2 */
    uint16_t number[2][2]; /* context number by `strict`, PAN; 0: not known */
    uint16_t returns;   /* bit n: a return from this EL to the AArch64 mode M[3:0] = n is legal */
    /* Physical interrupts that PSTATE does not mask here, and those that are masked whatever it says: interrupts.c. */
    uint8_t unmaskable, masked;
    struct gic_view gic; /* as the GIC's system registers need it */
    uint64_t entry[2];  /* what an exception to this EL sets in PSTATE's words: cpu/pstate.h */
};

/* What a load or store tells the syndrome of a stage-2 abort: AArch64.SetLSInstructionSyndrome(). */
struct ls_syndrome {
    bool valid; /* ISV */
    uint8_t sas, sse, srt, sf, ar;
};

struct pe {
    /* --- the interpreter's hot part: keep at the front, displacement fits a byte or so --- */
    uint64_t x[REG_COUNT];
    uint64_t bias;               /* pc = (ip >> 2) + bias while running */
    uint64_t context;            /* context number in the low 12 bits, compared against tags of the fast ITLB ... */
    uint64_t data_context;       /* ... and of the data TLB: the same, or CONTEXT_NONE while `strict` */
    uint64_t nz, fc, fv;         /* flags, spilled: N = nz >> 63, Z = nz == 0, C = fc, V = fv */
    bool nz_both;                /* see NZ_BOTH */
    uint64_t pc;                 /* valid outside the interpreter and in every slow path */
    const struct record *ip;     /* spilled; NULL when only pc is valid */
    int64_t limit;               /* spilled budget limit */
    uint64_t slow_address;       /* arguments of a slow-path tail call ... */
    uint64_t slow_data;          /* ... and what one answers: gcc makes no tail call where a local's address is known */
    struct return_stack *return_stack; /* the current EL's */
    bool fp_enabled;             /* SIMD&FP instructions do not trap at the current EL */
    union vreg v[32] __attribute__((aligned(16)));
    union {
        struct fp_env fp_env; /* the same two registers, as cpu/fp takes them */
        struct {
            uint32_t fpcr, fpsr;
        };
    };
    struct fast_tlb_entry dtlb[FAST_TLB_ENTRIES];
    struct fast_itlb_entry itlb[FAST_ITLB_ENTRIES];
    struct device_tlb_entry device_tlb[DEVICE_TLB_ENTRIES];

    /* --- architectural state --- */
    struct pstate pstate;
    uint64_t sp_el[4];           /* banked SPs; the one in use lives in x[REG_SP] and is stale here */
    uint64_t sr[SR_COUNT];       /* system registers with storage, by generated index; see SR() */
    bool event_register;         /* WFE/SEV */
    uint8_t pending;             /* enum pending */
    uint64_t serror_syndrome;    /* ISS of the pending physical SError, with IDS */
    enum pe_power power;
    struct {
        bool local_valid, global_valid;
        enum pas pas;
        uint64_t pa;             /* granule base */
        uint64_t size;           /* granule size in bytes */
        uint64_t tagged_va;      /* for pair/size checks IMPLEMENTATION DEFINED choices */
    } monitor;

    /* --- identity --- */
    unsigned index;
    uint64_t mpidr, reset_address;
    const struct cpu_model *model;
    struct feature_set features; /* after -cpu model,feature=on|off */
    bool have_el2, have_el3;
    bool secure_only;            /* no EL3 and the only state is Secure */
    struct mmu_features mmu_features;
    uint64_t spsr_fields;        /* bits of SPSR_ELx that PSTATE has with these features */

    struct ls_syndrome iss;      /* of the load or store in progress */
    struct {                     /* the last instruction, for the syndrome of software step; while by_steps */
        bool stepped, exclusive; /* it was executed in the active-not-pending state; it was a load-exclusive */
    } step;
    struct {                     /* performance monitors: cpu/pmu.h */
        uint64_t last;           /* instruction count up to which the counters are right */
        bool counting;           /* any is enabled */
    } pmu;

    /* --- derived; recomputed by pe_update_context() --- */
    uint8_t control_state;       /* EL, Security state, EL2 enabled, E2H, TGE: control.h */
    struct el_context level[4];  /* by EL */
    struct mmu_regime regime[4]; /* by enum regime_id, for the current security state */
    enum regime_id current_regime; /* of the current EL */
    /* What accesses to system registers come to, by row of sysregs.def, reading, EL, as far as it is known: see
     * cpu/sysreg_access.h. Known are those of this generation. */
    uint32_t ruling_generation;
    uint32_t rulings[SYSREG_ROW_COUNT][2][4];
    uint32_t list_rulings[TRAP_LIST_COUNT][4]; /* the same of other instructions, by the lists of traps.def: traps.h */
    bool strict;                 /* every access goes the slow way: alignment checks, big-endian, SP misaligned */
    bool by_steps;               /* software step, breakpoints: debug looks at every instruction */
    bool watching;               /* watchpoints: debug looks at every data access, and `strict` is set */
    bool sample_interrupts;      /* a write may have unmasked or raised one: look at the next sample point */
    uint64_t instructions;       /* executed, exact when spilled */
    struct return_stack return_stacks[4]; /* by EL */

    /* --- connections --- */
    struct mmu *mmu;
    const struct pe_env *env;
    struct gic_cpu_interface *gic;
    struct generic_timer *timer;
    struct irq_line *pmu_irq;    /* overflow interrupt; NULL: unconnected */
    struct interp *interp;       /* scratch page, statistics: cpu/interp/ */
    struct exception_counters *counters;
};

#define SR(pe, name) ((pe)->sr[SR_##name])

static inline bool has_feature(const struct pe *pe, enum feature feature) { return feature_set_has(&pe->features, feature); }

/* N and Z both set: no result shows that (only MSR NZCV, CCMP and ERET can make it), so it has a value of its own;
 * while nz_both is set the PE steps, and every reader of flags goes through pe_nzcv(). */
#define NZ_BOTH 0xfeedbeefcafe0001ull

/* NZCV as the four low bits N:Z:C:V. Valid when the interpreter's flags are spilled. */
static inline unsigned pe_nzcv(const struct pe *pe)
{
    unsigned z = pe->nz == 0;
    if (UNLIKELY(pe->nz_both))
        z |= pe->nz == NZ_BOTH;
    return (unsigned)(pe->nz >> 63) << 3 | z << 2 | (unsigned)pe->fc << 1 | (unsigned)pe->fv;
}
/* Sets the spilled flags. */
static inline void pe_set_nzcv(struct pe *pe, unsigned nzcv)
{
    static const uint64_t nz[4] = {1, 0, ~0ull, NZ_BOTH};
    pe->nz_both = nzcv >> 2 == 3;
    pe->nz = nz[nzcv >> 2];
    pe->fc = nzcv >> 1 & 1;
    pe->fv = nzcv & 1;
}

/* --- cpu/exception.c: routing and entry. Each leaves pe->pc at the vector. --- */
void take_data_abort(struct pe *pe, const struct fault_record *fault);
void take_instruction_abort(struct pe *pe, const struct fault_record *fault);
void take_undefined(struct pe *pe, const char *why);
void take_pc_alignment_fault(struct pe *pe);
void take_sp_alignment_fault(struct pe *pe);
void take_illegal_state(struct pe *pe);
/* Takes the highest-priority pending and unmasked asynchronous exception, if any. True: pc is at a vector. */
bool take_pending_interrupt(struct pe *pe);
/* True when an asynchronous exception would be taken now, or wakes WFI though masked (`for_wfi`). */
bool interrupt_pending(const struct pe *pe, bool for_wfi);

/* --- instructions of the system group and exception generation (cpu/a64/system.c, cpu/sysreg.c) ---
 * The interpreter has spilled; pe->pc is the instruction's own address. True: completed, continue at the next
 * instruction. False: pe->pc was set (exception taken, return, ...), or pe->power changed. */
typedef bool system_fn(struct pe *pe, uint32_t insn);
system_fn exec_system;      /* everything under 1101010100: MSR/MRS/SYS/SYSL, MSR (immediate), hints, barriers, CLREX, WFE.. */
system_fn exec_svc, exec_hvc, exec_smc, exec_brk, exec_hlt, exec_dcps;
system_fn exec_eret;        /* ERET, ERETAA, ERETAB, DRPS */
/* FP/SIMD access check (CheckFPAdvSIMDEnabled64): true when allowed, else the trap has been taken. */
bool fp_access_check(struct pe *pe);

/* --- cpu/context.c --- */
/* Recomputes regimes, context number, `strict` and `fp_enabled` after a control register changed ... */
void pe_update_context(struct pe *pe);
/* ... or only PSTATE (EL, SP, PAN) or SP. cpu/level.h has it for those on every exception's way. */
void pe_update_pstate(struct pe *pe);
/* Takes write permission to a host page out of the fast TLB. */
/* struct mmu_keeper: drops fast entries of [va, va + size), or all with size 0; where instructions come from. */
void pe_purge_translation(void *pe, uint64_t va, uint64_t size);
const struct mmu_regime *pe_fetch_regime(void *pe, uint64_t *va);
void pe_purge_writes(struct pe *pe, const uint8_t *host_page);
/* Drops a host page from the fast TLB: the guest's page lies elsewhere now. */
void pe_purge_page(struct pe *pe, const uint8_t *host_page);
/* Drops fast entries (all of them). */
void pe_flush_fast_tlb(struct pe *pe);
/* Moves SP between banks around a change of EL or SPSel. */
static inline void pe_save_sp(struct pe *pe) { pe->sp_el[pe->pstate.sp ? pe->pstate.el : 0] = pe->x[REG_SP]; }
static inline void pe_load_sp(struct pe *pe) { pe->x[REG_SP] = pe->sp_el[pe->pstate.sp ? pe->pstate.el : 0]; }

/* --- cpu/access.c: memory by virtual address, any alignment, with all faults; bytes in memory order. False: abort
 * taken. --- */
bool mem_read(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, void *data);
bool mem_write(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, const void *data);
/* The two halves of mem_write(), for instructions whose accesses must all be known before the first is made: asks the
 * host, who may change the data; writes. ASKED_NOT: the access isn't to be made, as if mem_write() had returned false. */
enum asked { ASKED_GO, ASKED_FAULTS, ASKED_NOT };
enum asked mem_ask_write(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, void *data);
bool mem_put(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, const void *data);
struct mmu_access data_access(const struct pe *pe, bool write, unsigned size);
/* Fills the fast TLB for an access that could go the fast way then, as mmu_refill(), with the same answers. */
unsigned mem_refill(struct pe *pe, uint64_t va, uint64_t size, bool write);
/* The same after mem_refill() has answered otherwise than MMU_REFILLED. REFILL_NOT: it can't go the fast way, nothing was
 * done; REFILL_ABORT: its abort has been taken. */
enum refill { REFILL_NOT, REFILL_DONE, REFILL_ABORT };
enum refill mem_refill_slowly(struct pe *pe, uint64_t va, uint64_t size, bool write, unsigned refilled);
/* What the device TLB has for a page, and the tag that it would have. */
static inline struct device_tlb_entry *device_page(struct pe *pe, uint64_t va)
{
    return &pe->device_tlb[va >> 12 & (DEVICE_TLB_ENTRIES - 1)];
}
static inline uint64_t device_tag(const struct pe *pe, uint64_t va) { return (va & ~0xfffull) | pe->data_context; }
/* An aligned access through the device TLB. DEVICE_UNKNOWN: it has no entry, nothing was done; DEVICE_ABORT: the
 * device refused, and the external abort has been taken. */
enum device_access { DEVICE_UNKNOWN, DEVICE_DONE, DEVICE_ABORT };
enum device_access device_load(struct pe *pe, uint64_t va, unsigned size); /* the value: pe->slow_data */
enum device_access device_store(struct pe *pe, uint64_t va, unsigned size, uint64_t value);
/* A translated place inside one page, for accesses that read and write it (exclusives, atomics). */
struct mem_place {
    uint64_t pa, offset;
    enum pas pas;
    struct bus_region *region;
};
bool mem_locate(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, struct mem_place *place);
bool mem_place_read(struct pe *pe, const struct mem_place *place, uint64_t va, unsigned size,
                    const struct mmu_access *access, void *data);
bool mem_place_write(struct pe *pe, const struct mem_place *place, uint64_t va, unsigned size,
                     const struct mmu_access *access, const void *data);
/* The second half of it. */
bool mem_place_put(struct pe *pe, const struct mem_place *place, uint64_t va, unsigned size,
                   const struct mmu_access *access, const void *data);

#endif
