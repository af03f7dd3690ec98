/*
 * Exception entry: AArch64.TakeException(), and the routing of every synchronous class. Interrupts are in
 * interrupts.c, the way back in exception_return.c.
 */
#include "cpu/exception.h"

#include "cpu/coverage.h"
#include "cpu/debug.h"
#include "cpu/impdef.h"
#include "cpu/level.h"
#include "cpu/pmu.h"
#include "cpu/pstate.h"
#include "cpu/syndrome.h"
#include "cpu/trap_event.h"
#include "cpu/traps.h"

enum { VECTOR_LOWER_EL = 0x400, VECTOR_SP_ELX = 0x200, VECTOR_SERROR = 0x180 };
#define HCR_EL2_TEA (1ull << 37)
#define SCR_EL3_EA (1ull << 3)
#define SCR_EL3_EASE (1ull << 19)

/* The registers that an exception to ELn writes and reads. */
static const struct el_registers {
    uint16_t spsr, elr, esr, far, vbar;
} el_registers[4] = {
    [1] = {SR_SPSR_EL1, SR_ELR_EL1, SR_ESR_EL1, SR_FAR_EL1, SR_VBAR_EL1},
    [2] = {SR_SPSR_EL2, SR_ELR_EL2, SR_ESR_EL2, SR_FAR_EL2, SR_VBAR_EL2},
    [3] = {SR_SPSR_EL3, SR_ELR_EL3, SR_ESR_EL3, SR_FAR_EL3, SR_VBAR_EL3},
};

void pe_level_changed(struct pe *pe) { pe_enter_level(pe); }

/* AArch64.ReportException(). */
static inline void report_exception(struct pe *pe, const struct exception *exception, const struct el_registers *registers)
{
    pe->sr[registers->esr] = exception->esr;
    if (exception->far_valid)
        pe->sr[registers->far] = exception->far;
    else if (impdef(pe, FAR_UNKNOWN) != FAR_UNKNOWN_UNCHANGED)
        pe->sr[registers->far] = 0;
    if (exception->target_el != 2)
        return;
    if (exception->ipa_valid)
        SR(pe, HPFAR_EL2) = (exception->ipa >> 12 & 0xffffffffffull) << 4 | (uint64_t)exception->ipa_non_secure << 63;
    else if (impdef(pe, FAR_UNKNOWN) != FAR_UNKNOWN_UNCHANGED)
        SR(pe, HPFAR_EL2) &= ~0xfffffffffff0ull;
}

/* Kinds that have no syndrome. */
enum { INTERRUPT_KINDS = 1u << TRAP_IRQ | 1u << TRAP_FIQ | 1u << TRAP_VIRQ | 1u << TRAP_VFIQ };

/* SPSR_ELx of the exception. */
static inline uint64_t saved_pstate(const struct pe *pe, const struct exception *exception, const struct el_context *level)
{
    uint64_t spsr = pstate_to_spsr(pe);
    if (UNLIKELY(level->nested) && pe->pstate.el == 1 && exception->target_el == 1)
        spsr = (spsr & ~0xcull) | 2u << SPSR_EL;
    if (UNLIKELY(spsr >> SPSR_BTYPE & 3) && !exception->keep_btype && impdef(pe, ZEROBTYPE) == ZEROBTYPE_ZERO)
        spsr &= ~(3ull << SPSR_BTYPE);
    return spsr;
}

static inline void enter_pstate(struct pe *pe, const struct el_context *level)
{
    struct pstate_words words = pstate_words(pe);
    words.low = (words.low & PSTATE_WORD(pan, 0xff)) | level->entry[0];
    words.high = (words.high & (PSTATE_WORD(dit, 0xff) | PSTATE_WORD(tco, 0xff))) | level->entry[1];
    pstate_set_words(pe, words);
}

/* Inline in the functions below, which know a part of what it looks at. */
static inline __attribute__((always_inline)) void take(struct pe *pe, const struct exception *exception)
{
    unsigned from = pe->pstate.el, to = exception->target_el;
    const struct el_context *level = &pe->level[to];
    const struct el_registers *registers = &el_registers[to];
    bool from_secure = pe->level[from].secure;
    uint16_t offset = exception->vector_offset;
    if (to > from)
        offset += VECTOR_LOWER_EL;
    else if (pe->pstate.sp)
        offset += VECTOR_SP_ELX;

    if (UNLIKELY(pe->pmu.counting))
        pmu_count(pe, PMU_EXC_TAKEN);
    uint64_t spsr = saved_pstate(pe, exception, level);
    if (!(INTERRUPT_KINDS >> exception->kind & 1))
        report_exception(pe, exception, registers);
    pe_save_sp(pe);
    enter_pstate(pe, level);
    pe->sr[registers->spsr] = spsr;
    pe->sr[registers->elr] = exception->preferred_return;
    pe->pc = (pe->sr[registers->vbar] & ~0x7ffull) | offset;
    pe_enter_level(pe);

    if (UNLIKELY(pe->env->coverage))
        coverage_exception(pe, from, to, offset, exception->why);
    if (LIKELY(pe->env->event)) {
        struct trap_event *event = new_trap_event(pe, exception->kind, from, from_secure, level);
        event->vector_offset = offset;
        event->esr = pe->sr[registers->esr];
        event->far = pe->sr[registers->far];
        event->hpfar = to == 2 ? SR(pe, HPFAR_EL2) : 0;
        event->elr = exception->preferred_return;
        event->spsr = spsr;
        event->why = exception->why;
        pe->env->trap(pe->env->machine, pe, event);
    }
}

void take_exception(struct pe *pe, const struct exception *exception) { take(pe, exception); }

void take_sync(struct pe *pe, unsigned target_el, uint32_t esr, const char *why)
{
    take(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = (uint8_t)target_el, .esr = esr,
                                 .preferred_return = pe->pc, .why = why});
}

void take_call(struct pe *pe, unsigned target_el, uint32_t esr, const char *why)
{
    if (UNLIKELY(debug_single_steps(pe)))
        debug_advance_step(pe);
    take(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = (uint8_t)target_el, .esr = esr,
                                 .preferred_return = pe->pc + 4, .why = why});
}

void take_sync_default(struct pe *pe, uint32_t esr, const char *why) { take_sync(pe, default_target_el(pe), esr, why); }

void take_undefined(struct pe *pe, const char *why) { take_sync_default(pe, syndrome_unknown(), why); }

void take_illegal_state(struct pe *pe)
{
    take_exception(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = (uint8_t)default_target_el(pe),
                                           .esr = syndrome_illegal_state(), .preferred_return = pe->pc,
                                           .keep_btype = true, .why = "PSTATE.IL"});
}

void take_pc_alignment_fault(struct pe *pe)
{
    take_exception(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = (uint8_t)default_target_el(pe),
                                           .esr = syndrome_pc_alignment(), .far_valid = true, .far = pe->pc,
                                           .preferred_return = pe->pc, .keep_btype = true, .why = "PC alignment"});
}

void take_sp_alignment_fault(struct pe *pe) { take_sync_default(pe, syndrome_sp_alignment(), "SP alignment"); }

static bool is_external(const struct fault_record *fault)
{
    switch (fault->type) {
    case FAULT_SYNC_EXTERNAL:
    case FAULT_SYNC_EXTERNAL_ON_WALK:
    case FAULT_SYNC_PARITY:
    case FAULT_SYNC_PARITY_ON_WALK: return true;
    default: return false;
    }
}

/* IPAValid(): HPFAR_EL2 has the IPA of stage-2 faults other than permission faults of the access itself. */
static bool has_ipa(const struct fault_record *fault)
{
    if (fault->s2fs1walk)
        return fault->second_stage && (fault->type == FAULT_ACCESS_FLAG || fault->type == FAULT_PERMISSION ||
                                       fault->type == FAULT_TRANSLATION || fault->type == FAULT_ADDRESS_SIZE);
    return fault->second_stage && (fault->type == FAULT_ACCESS_FLAG || fault->type == FAULT_TRANSLATION ||
                                   fault->type == FAULT_ADDRESS_SIZE);
}

struct abort_route {
    unsigned target;
    const char *why;
};

/* The EL that an abort goes to, and the control that sends it there. */
static struct abort_route route_abort(const struct pe *pe, const struct fault_record *fault)
{
    static const char *const plain[] = {
        [FAULT_NONE] = "abort", [FAULT_ACCESS_FLAG] = "Access flag fault", [FAULT_ALIGNMENT] = "Alignment fault",
        [FAULT_PERMISSION] = "Permission fault", [FAULT_TRANSLATION] = "Translation fault",
        [FAULT_ADDRESS_SIZE] = "Address size fault", [FAULT_SYNC_EXTERNAL] = "external abort",
        [FAULT_SYNC_EXTERNAL_ON_WALK] = "external abort on table walk", [FAULT_TLB_CONFLICT] = "TLB conflict",
        [FAULT_HW_UPDATE] = "unsupported hardware update", [FAULT_EXCLUSIVE] = "unsupported exclusive",
        [FAULT_ICACHE_MAINT] = "instruction cache maintenance",
    };
    const char *why = (size_t)fault->type < sizeof plain / sizeof plain[0] && plain[fault->type] ? plain[fault->type] : "abort";
    unsigned el = pe->pstate.el;
    bool external = is_external(fault);
    if (el == 3)
        return (struct abort_route){3, why};
    if (external && pe->have_el3 && (SR(pe, SCR_EL3) & SCR_EL3_EA))
        return (struct abort_route){3, "SCR_EL3.EA"};
    if (el == 2)
        return (struct abort_route){2, why};
    uint64_t hcr = effective_hcr(pe);
    if (fault->second_stage)
        return (struct abort_route){2, fault->s2fs1walk ? "stage 2 fault on table walk" : "stage 2 fault"};
    if (hcr & HCR_EL2_TGE)
        return (struct abort_route){2, "HCR_EL2.TGE"};
    if (external && (hcr & HCR_EL2_TEA))
        return (struct abort_route){2, "HCR_EL2.TEA"};
    return (struct abort_route){1, why};
}

/* ESR_ELx.FnV: only of External aborts that aren't on a table walk. */
static bool far_is_unknown(const struct pe *pe, const struct fault_record *fault)
{
    return fault->type == FAULT_SYNC_EXTERNAL && impdef(pe, EXTERNAL_ABORT_FAR) == EXTERNAL_ABORT_FAR_UNKNOWN;
}

static uint32_t external_abort_syndrome(const struct pe *pe, const struct fault_record *fault)
{
    static const uint8_t set[] = {[EXTERNAL_ABORT_SET_UER] = 0, [EXTERNAL_ABORT_SET_UC] = 2, [EXTERNAL_ABORT_SET_UEO] = 3};
    if (!is_external(fault))
        return 0;
    bool has_set = fault->type == FAULT_SYNC_EXTERNAL && has_feature(pe, FEATURE_RAS);
    return iss_external_abort(has_set ? set[impdef(pe, EXTERNAL_ABORT_SET)] : 0, far_is_unknown(pe, fault),
                              impdef(pe, EXTERNAL_ABORT_EA) == EXTERNAL_ABORT_EA_ONE);
}

static void take_abort(struct pe *pe, const struct fault_record *fault, struct abort_route route, uint32_t esr)
{
    bool external_vector = is_external(fault) && route.target == 3 && has_feature(pe, FEATURE_DoubleFault) &&
                           (SR(pe, SCR_EL3) & SCR_EL3_EASE) && syndrome_class(esr) >= EC_DATA_ABORT;
    take_exception(pe, &(struct exception){
                           .kind = TRAP_SYNC, .target_el = (uint8_t)route.target, .esr = esr,
                           .far_valid = !far_is_unknown(pe, fault),
                           .vector_offset = external_vector ? VECTOR_SERROR : 0, .far = fault->va,
                           .ipa_valid = has_ipa(fault), .ipa = fault->ipa,
                           .ipa_non_secure = has_feature(pe, FEATURE_SEL2) && !(effective_scr(pe) & SCR_EL3_NS) &&
                                             fault->ipa_pas == PAS_NON_SECURE,
                           .preferred_return = pe->pc,
                           .keep_btype = syndrome_class(esr) < EC_DATA_ABORT, .why = route.why});
}

/* LSInstructionSyndrome() of the instruction in progress: what a hypervisor needs to emulate it. */
static uint32_t load_store_syndrome(const struct pe *pe, const struct fault_record *fault)
{
    if (!fault->second_stage || fault->s2fs1walk || !pe->iss.valid)
        return 0;
    return iss_load_store(pe->iss.sas, pe->iss.sse, pe->iss.srt, pe->iss.sf, pe->iss.ar);
}

void take_data_abort(struct pe *pe, const struct fault_record *fault)
{
    struct abort_route route = route_abort(pe, fault);
    enum access_type type = fault->access.type;
    bool maintenance = type == ACCESS_DC || type == ACCESS_IC || type == ACCESS_AT;
    uint32_t esr = syndrome_data_abort(route.target == pe->pstate.el, load_store_syndrome(pe, fault), maintenance,
                                       fault->s2fs1walk, maintenance || fault->write, mmu_fault_status_code(fault));
    pe->iss.valid = false;
    take_abort(pe, fault, route, esr | external_abort_syndrome(pe, fault));
}

void take_instruction_abort(struct pe *pe, const struct fault_record *fault)
{
    struct abort_route route = route_abort(pe, fault);
    take_abort(pe, fault, route,
               syndrome_instruction_abort(route.target == pe->pstate.el, fault->s2fs1walk, mmu_fault_status_code(fault)) |
                   external_abort_syndrome(pe, fault));
}

bool fp_access_check(struct pe *pe)
{
    const struct trap_row *row = trap_find_list(pe, TRAPS_fp);
    if (!row)
        return true;
    /* AArch64.AdvSIMDFPAccessTrap(): EL1's trap that HCR_EL2.TGE sends to EL2 has no syndrome of its own there. */
    bool rerouted = row->target == 1 && trap_target(pe, row) == 2;
    take_sync(pe, trap_target(pe, row), rerouted ? syndrome_unknown() : syndrome_fp(), row->name);
    return false;
}
