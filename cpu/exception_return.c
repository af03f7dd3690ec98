/* The way back from an exception: AArch64.ExceptionReturn(), SetPSTATEFromPSR(), illegal returns. */
#include "cpu/exception.h"

#include "cpu/debug.h"
#include "cpu/pmu.h"
#include "cpu/sysreg.h"
#include "cpu/traps.h"

#define SPSR_NRW (1ull << 4)

static unsigned spsr_el(uint64_t spsr) { return spsr >> 2 & 3; }

/* ELFromSPSR() for an AArch64 state. */
static bool valid_aarch64_mode(const struct pe *pe, uint64_t spsr)
{
    unsigned el = spsr_el(spsr);
    if ((spsr & 2) || (el == 0 && (spsr & 1)))
        return false;
    if ((el == 2 && !pe->have_el2) || (el == 3 && !pe->have_el3))
        return false;
    return !(el == 2 && pe->have_el3 && !el2_enabled(pe));
}

/*
 * A return to AArch32. It is legal where the target EL is using AArch32 and this build executes AArch32 there; the
 * features AA32EL0 to AA32EL3 say so, and features.def lists them as not built.
 */
static bool valid_aarch32_mode(const struct pe *pe, uint64_t spsr)
{
    bool user = (spsr & 15) == 0;
    enum feature needed = user ? FEATURE_AA32EL0 : FEATURE_AA32EL1;
    if (feature_set_has(&pe->model->silicon, needed) && !has_feature(pe, needed))
        log_message(pe->env->log, LOG_UNIMPLEMENTED, "PE %u: exception return to AArch32 (SPSR 0x%llx) at 0x%llx",
                    pe->index, (unsigned long long)spsr, (unsigned long long)pe->pc);
    return false;
}

bool illegal_exception_return(const struct pe *pe, uint64_t spsr)
{
    if (spsr & SPSR_NRW)
        return !valid_aarch32_mode(pe, spsr);
    if (!valid_aarch64_mode(pe, spsr) || spsr_el(spsr) > pe->pstate.el)
        return true;
    return spsr_el(spsr) == 1 && (pe->control_state & CONTROL_TGE);
}

/* SetPSTATEFromPSR(). */
static void set_pstate(struct pe *pe, uint64_t spsr, bool illegal)
{
    struct pstate *p = &pe->pstate;
    bool step = debug_exception_return_ss(pe, spsr, illegal);
    pstate_from_spsr(pe, spsr);
    p->ss = step;
    if (illegal) {
        p->il = 1; /* EL, SP and nRW stay */
    } else {
        p->nrw = 0;
        p->el = (uint8_t)spsr_el(spsr);
        p->sp = spsr & 1;
    }
}

uint64_t branch_address(const struct pe *pe, uint64_t va)
{
    /* AArch64.BranchAddr(): for an address whose top byte is ignored, the tag becomes a sign extension of bit 55
     * (or zeros where the regime has one range). */
    const struct mmu_regime *regime = &pe->regime[pe->current_regime];
    bool two_ranges = regime->id == REGIME_EL10 || regime->id == REGIME_EL20;
    bool upper = two_ranges && (va >> 55 & 1);
    unsigned tbi = two_ranges ? (upper ? 38 : 37) : 20, tbid = two_ranges ? (upper ? 52 : 51) : 29;
    if (!(regime->tcr >> tbi & 1) || (has_feature(pe, FEATURE_PAuth) && (regime->tcr >> tbid & 1)))
        return va;
    return upper ? va | 0xffull << 56 : va & ~(0xffull << 56);
}

void exception_return(struct pe *pe, uint64_t new_pc, uint64_t spsr)
{
    unsigned from = pe->pstate.el;
    bool from_secure = is_secure(pe);
    uint64_t from_pc = pe->pc;
    bool illegal = illegal_exception_return(pe, spsr);
    if (pe->pmu.counting)
        pmu_count(pe, PMU_EXC_RETURN);
    pe_save_sp(pe);
    set_pstate(pe, spsr, illegal);
    pe->monitor.local_valid = false;
    pe->event_register = true;
    pe_level_changed(pe);
    /* An illegal return to AArch32 leaves the upper half and the low bits of the PC UNKNOWN: they are 0. */
    pe->pc = illegal && (spsr & SPSR_NRW) && !(spsr >> 20 & 1) ? (uint32_t)new_pc & ~3u : branch_address(pe, new_pc);

    if (pe->env->trap) {
        struct trap_event event = {
            .kind = TRAP_RETURN, .from_el = (uint8_t)from, .to_el = pe->pstate.el, .from_secure = from_secure,
            .to_secure = is_secure(pe), .elr = from_pc, .spsr = spsr,
            .why = illegal ? "illegal return" : "ERET"};
        pe->env->trap(pe->env->machine, pe, &event);
    }
}
