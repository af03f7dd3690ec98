/*
 * ESR_ELx syndromes: the only place that shifts their bits. One builder a syndrome, named after the exception class.
 * Each returns the whole 32-bit ESR value: EC, IL and ISS.
 */
#ifndef ARMSIM_CPU_SYNDROME_H
#define ARMSIM_CPU_SYNDROME_H

#include <stdbool.h>
#include <stdint.h>

/* ESR_ELx.EC. Where two values are given, the first is for an exception from a lower EL. */
enum exception_class {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_FP = 0x07,
    EC_PAUTH = 0x09,
    EC_BTI = 0x0d,
    EC_ILLEGAL_STATE = 0x0e,
    EC_SVC64 = 0x15,
    EC_HVC64 = 0x16,
    EC_SMC64 = 0x17,
    EC_SYSREG = 0x18,
    EC_SVE = 0x19,
    EC_ERET = 0x1a,
    EC_INSTRUCTION_ABORT = 0x20,
    EC_INSTRUCTION_ABORT_SAME_EL = 0x21,
    EC_PC_ALIGNMENT = 0x22,
    EC_DATA_ABORT = 0x24,
    EC_DATA_ABORT_SAME_EL = 0x25,
    EC_SP_ALIGNMENT = 0x26,
    EC_SERROR = 0x2f,
    EC_BREAKPOINT = 0x30,
    EC_SOFTWARE_STEP = 0x32,
    EC_WATCHPOINT = 0x34,
    EC_BRK64 = 0x3c,
};

enum { ESR_EC_SHIFT = 26 };
#define ESR_IL (1u << 25) /* a 32-bit instruction, or no instruction at all */
#define ESR_ISV (1u << 24)

static inline uint32_t syndrome(enum exception_class ec, uint32_t iss) { return (uint32_t)ec << ESR_EC_SHIFT | ESR_IL | iss; }
static inline enum exception_class syndrome_class(uint64_t esr) { return (enum exception_class)(esr >> ESR_EC_SHIFT & 0x3f); }

static inline uint32_t syndrome_unknown(void) { return syndrome(EC_UNKNOWN, 0); }
static inline uint32_t syndrome_illegal_state(void) { return syndrome(EC_ILLEGAL_STATE, 0); }
static inline uint32_t syndrome_pc_alignment(void) { return syndrome(EC_PC_ALIGNMENT, 0); }
static inline uint32_t syndrome_sp_alignment(void) { return syndrome(EC_SP_ALIGNMENT, 0); }

/* A64 instructions are not conditional: CV is 1 and COND is AL. */
#define ISS_CV_AL (1u << 24 | 0xeu << 20)

/* `which`: 0 WFI, 1 WFE, 2 WFIT, 3 WFET. */
static inline uint32_t syndrome_wfx(unsigned which) { return syndrome(EC_WFX, ISS_CV_AL | which); }
/* Access to SVE, Advanced SIMD or floating point trapped by CPACR, CPTR. */
static inline uint32_t syndrome_fp(void) { return syndrome(EC_FP, ISS_CV_AL); }
static inline uint32_t syndrome_sve(void) { return syndrome(EC_SVE, 0); }
static inline uint32_t syndrome_pauth(void) { return syndrome(EC_PAUTH, 0); }
static inline uint32_t syndrome_bti(unsigned btype) { return syndrome(EC_BTI, btype); }
static inline uint32_t syndrome_svc(uint16_t imm) { return syndrome(EC_SVC64, imm); }
static inline uint32_t syndrome_hvc(uint16_t imm) { return syndrome(EC_HVC64, imm); }
static inline uint32_t syndrome_smc(uint16_t imm) { return syndrome(EC_SMC64, imm); }
static inline uint32_t syndrome_brk(uint16_t imm) { return syndrome(EC_BRK64, imm); }

/* MSR, MRS or a system instruction: op0:op1:CRn:CRm:op2 as in its word. */
static inline uint32_t syndrome_sysreg(unsigned key, unsigned rt, bool read)
{
    uint32_t op0 = key >> 14, op1_crn = key >> 7 & 0x7f, crm = key >> 3 & 15, op2 = key & 7;
    return syndrome(EC_SYSREG, op0 << 20 | op2 << 17 | op1_crn << 10 | rt << 5 | crm << 1 | read);
}

/* ERET trapped by HCR_EL2.NV. `pauth`: ERETAA or ERETAB, `key_b`: the latter. */
static inline uint32_t syndrome_eret(bool pauth, bool key_b)
{
    return syndrome(EC_ERET, (uint32_t)pauth << 1 | (uint32_t)(pauth && key_b));
}

/* Software step: `valid` when the instruction was stepped, `exclusive` when it was a load-exclusive. */
static inline uint32_t syndrome_software_step(bool same_el, bool valid, bool exclusive)
{
    return ((uint32_t)(EC_SOFTWARE_STEP + same_el) << ESR_EC_SHIFT) | ESR_IL | (uint32_t)valid << 24 |
           (uint32_t)(valid && exclusive) << 6 | 0x22;
}

static inline uint32_t syndrome_breakpoint(bool same_el)
{
    return ((uint32_t)(EC_BREAKPOINT + same_el) << ESR_EC_SHIFT) | ESR_IL | 0x22;
}

static inline uint32_t syndrome_watchpoint(bool same_el, bool cache_maintenance, bool write)
{
    return ((uint32_t)(EC_WATCHPOINT + same_el) << ESR_EC_SHIFT) | ESR_IL | (uint32_t)cache_maintenance << 8 |
           (uint32_t)write << 6 | 0x22;
}

static inline uint32_t syndrome_instruction_abort(bool same_el, bool s1ptw, unsigned fault_status)
{
    return ((uint32_t)(EC_INSTRUCTION_ABORT + same_el) << ESR_EC_SHIFT) | ESR_IL | (uint32_t)s1ptw << 7 | fault_status;
}

/* LSInstructionSyndrome(): ISS[24:14] of a data abort by a load or store that a hypervisor may emulate. */
static inline uint32_t iss_load_store(unsigned size_log2, bool sign_extend, unsigned rt, bool sixty_four, bool acquire_release)
{
    return ESR_ISV | size_log2 << 22 | (uint32_t)sign_extend << 21 | rt << 16 | (uint32_t)sixty_four << 15 |
           (uint32_t)acquire_release << 14;
}

/* `load_store`: iss_load_store(), or 0 when not valid. */
static inline uint32_t syndrome_data_abort(bool same_el, uint32_t load_store, bool cache_maintenance, bool s1ptw,
                                           bool write, unsigned fault_status)
{
    return ((uint32_t)(EC_DATA_ABORT + same_el) << ESR_EC_SHIFT) | ESR_IL | load_store | (uint32_t)cache_maintenance << 8 |
           (uint32_t)s1ptw << 7 | (uint32_t)write << 6 | fault_status;
}

/* What a synchronous External abort adds to the syndrome of its abort: SET (with FEAT_RAS), FnV, EA. */
static inline uint32_t iss_external_abort(unsigned set, bool far_not_valid, bool ea)
{
    return set << 11 | (uint32_t)far_not_valid << 10 | (uint32_t)ea << 9;
}

/* The SError of an access to nothing: AET and an asynchronous error with FEAT_RAS, else as if nothing were known. */
static inline uint32_t iss_serror_external(bool ras, unsigned aet) { return ras ? aet << 10 | 0x11 : 0; }

/* `iss`: IDS and the rest, as DISR_EL1 or VSESR_EL2 hold them. */
static inline uint32_t syndrome_serror(uint64_t iss) { return syndrome(EC_SERROR, (uint32_t)(iss & 0x1ffffff)); }

#endif
