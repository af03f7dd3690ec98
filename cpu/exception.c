/*
 * Exception entry: AArch64.TakeException(), and the routing of every synchronous class. Interrupts are in
 * interrupts.c, the way back in exception_return.c.
 */
#include "cpu/exception.h"

#include "cpu/coverage.h"
#include "cpu/impdef.h"
#include "cpu/pmu.h"
#include "cpu/syndrome.h"
#include "cpu/traps.h"
#include "gic/gic.h"

#include <string.h>

enum { VECTOR_LOWER_EL = 0x400, VECTOR_SP_ELX = 0x200, VECTOR_SERROR = 0x180 };
enum { SCTLR_SPAN = 23, SCTLR_DSSBS = 44 };
#define HCR_EL2_VIRTUAL_PENDING (7ull << 6) /* VSE, VI, VF */
#define HCR_EL2_TEA (1ull << 37)
#define HCR_EL2_NV (1ull << 42)
#define HCR_EL2_NV1 (1ull << 43)
#define SCR_EL3_EA (1ull << 3)
#define SCR_EL3_EASE (1ull << 19)
#define MDCR_EL2_TDE (1ull << 8)

static const uint16_t spsr_of[4] = {0, SR_SPSR_EL1, SR_SPSR_EL2, SR_SPSR_EL3};
static const uint16_t elr_of[4] = {0, SR_ELR_EL1, SR_ELR_EL2, SR_ELR_EL3};
static const uint16_t esr_of[4] = {0, SR_ESR_EL1, SR_ESR_EL2, SR_ESR_EL3};
static const uint16_t far_of[4] = {0, SR_FAR_EL1, SR_FAR_EL2, SR_FAR_EL3};
static const uint16_t vbar_of[4] = {0, SR_VBAR_EL1, SR_VBAR_EL2, SR_VBAR_EL3};
static const uint16_t sctlr_of[4] = {SR_SCTLR_EL1, SR_SCTLR_EL1, SR_SCTLR_EL2, SR_SCTLR_EL3};

enum { SPSR_TCO = 25, SPSR_PAN = 22, SPSR_IL = 20, SPSR_SSBS = 12, SPSR_BTYPE = 10, SPSR_F = 6 };
/* struct pstate: F, I, A, D and IL, SS, PAN, UAO, DIT, TCO. */
enum { MASKS = 4, MODES = 6 };

/* Up to seven bytes that are 0 or 1 to bits, the first to bit 0. No two of the product's terms meet. */
static uint64_t bits_of_bytes(const uint8_t *bytes, size_t count)
{
    uint64_t word = 0;
    memcpy(&word, bytes, count);
    return word * 0x0102040810204080 >> 56;
}

static void bytes_of_bits(uint8_t *bytes, size_t count, uint64_t bits)
{
    uint64_t word = (bits & ((1u << count) - 1)) * 0x40810204081 & 0x01010101010101;
    memcpy(bytes, &word, count);
}

uint64_t pstate_to_spsr(const struct pe *pe)
{
    const struct pstate *p = &pe->pstate;
    return (uint64_t)pe_nzcv(pe) << 28 | bits_of_bytes(&p->il, MODES) << SPSR_IL | (uint64_t)p->ssbs << SPSR_SSBS |
           (uint64_t)p->btype << SPSR_BTYPE | bits_of_bytes(&p->f, MASKS) << SPSR_F | (uint64_t)p->nrw << 4 |
           (uint64_t)p->el << 2 | p->sp;
}

void pstate_from_spsr(struct pe *pe, uint64_t spsr)
{
    struct pstate *p = &pe->pstate;
    pe_set_nzcv(pe, spsr >> 28 & 15);
    spsr &= pe->spsr_fields;
    bytes_of_bits(&p->f, MASKS, spsr >> SPSR_F);
    bytes_of_bits(&p->il, MODES, spsr >> SPSR_IL);
    p->ssbs = spsr >> SPSR_SSBS & 1;
    p->btype = spsr >> SPSR_BTYPE & 3;
}

void pe_level_changed(struct pe *pe)
{
    pe_load_sp(pe);
    pe_update_pstate(pe);
    if (pe->pending || (SR(pe, HCR_EL2) & HCR_EL2_VIRTUAL_PENDING))
        pe->sample_interrupts = true;
    if (pe->gic)
        gic_set_pe_state(pe->gic, pe->pstate.el, !(pe->control_state & CONTROL_NS));
}

/* AArch64.ReportException(). */
static void report_exception(struct pe *pe, const struct exception *exception)
{
    unsigned el = exception->target_el;
    bool keep = impdef(pe, FAR_UNKNOWN) == FAR_UNKNOWN_UNCHANGED;
    pe->sr[esr_of[el]] = exception->esr;
    if (exception->far_valid)
        pe->sr[far_of[el]] = exception->far;
    else if (!keep)
        pe->sr[far_of[el]] = 0;
    if (el != 2)
        return;
    if (exception->ipa_valid)
        SR(pe, HPFAR_EL2) = (exception->ipa >> 12 & 0xffffffffffull) << 4 | (uint64_t)exception->ipa_non_secure << 63;
    else if (!keep)
        SR(pe, HPFAR_EL2) &= ~0xfffffffffff0ull;
}

static void enter_pstate(struct pe *pe, unsigned el)
{
    struct pstate *p = &pe->pstate;
    uint64_t sctlr = pe->sr[sctlr_of[el]];
    p->el = (uint8_t)el;
    p->sp = 1;
    p->nrw = p->ss = p->il = p->uao = p->btype = 0;
    p->d = p->a = p->i = p->f = 1;
    bool host = (~pe->control_state & (CONTROL_E2H | CONTROL_TGE)) == 0;
    if ((pe->spsr_fields & 1u << SPSR_PAN) && (el == 1 || (el == 2 && host)) && !(sctlr >> SCTLR_SPAN & 1))
        p->pan = 1;
    p->ssbs = (pe->spsr_fields & sctlr >> (SCTLR_DSSBS - SPSR_SSBS)) >> SPSR_SSBS & 1;
    p->tco |= pe->spsr_fields >> SPSR_TCO & 1;
}

void take_exception(struct pe *pe, const struct exception *exception)
{
    unsigned from = pe->pstate.el, to = exception->target_el;
    bool from_secure = is_secure(pe);
    uint16_t offset = exception->vector_offset;
    if (to > from)
        offset += VECTOR_LOWER_EL;
    else if (pe->pstate.sp)
        offset += VECTOR_SP_ELX;

    if (pe->pmu.counting)
        pmu_count(pe, PMU_EXC_TAKEN);
    uint64_t spsr = pstate_to_spsr(pe);
    uint64_t hcr = effective_hcr(pe);
    if (from == 1 && to == 1 && (hcr & (HCR_EL2_NV | HCR_EL2_NV1)) == HCR_EL2_NV)
        spsr = (spsr & ~0xcull) | 2u << 2;
    if (!exception->keep_btype && impdef(pe, ZEROBTYPE) == ZEROBTYPE_ZERO)
        spsr &= ~(3ull << 10);

    if (exception->kind != TRAP_IRQ && exception->kind != TRAP_FIQ && exception->kind != TRAP_VIRQ &&
        exception->kind != TRAP_VFIQ)
        report_exception(pe, exception);
    pe_save_sp(pe);
    enter_pstate(pe, to);
    pe->sr[spsr_of[to]] = spsr;
    pe->sr[elr_of[to]] = exception->preferred_return;
    pe->pc = (pe->sr[vbar_of[to]] & ~0x7ffull) | offset;
    pe_level_changed(pe);

    if (pe->env->coverage)
        coverage_exception(pe, from, to, offset, exception->why);
    if (pe->env->trap) {
        struct trap_event event = {
            .kind = exception->kind, .from_el = (uint8_t)from, .to_el = (uint8_t)to, .from_secure = from_secure,
            .to_secure = is_secure(pe), .vector_offset = offset,
            .esr = pe->sr[esr_of[to]], .far = pe->sr[far_of[to]], .hpfar = to == 2 ? SR(pe, HPFAR_EL2) : 0,
            .elr = exception->preferred_return, .spsr = spsr, .why = exception->why};
        pe->env->trap(pe->env->machine, pe, &event);
    }
}

unsigned default_target_el(const struct pe *pe)
{
    if (pe->pstate.el > 1)
        return pe->pstate.el;
    return pe->control_state & CONTROL_TGE ? 2 : 1;
}

void take_sync(struct pe *pe, unsigned target_el, uint32_t esr, const char *why)
{
    take_exception(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = (uint8_t)target_el, .esr = esr,
                                           .preferred_return = pe->pc, .why = why});
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
