/* The way back from an exception: ERET, AArch64.ExceptionReturn(), SetPSTATEFromPSR(), illegal returns. */
#include "cpu/exception.h"

#include "cpu/debug.h"
#include "cpu/level.h"
#include "cpu/pmu.h"
#include "cpu/pstate.h"
#include "cpu/syndrome.h"
#include "cpu/sysreg.h"
#include "cpu/trap_event.h"
#include "cpu/traps.h"

#define SPSR_AARCH32 (1ull << SPSR_NRW) /* M[4] */

static unsigned spsr_el(uint64_t spsr) { return spsr >> SPSR_EL & 3; }

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
    if (spsr & SPSR_AARCH32)
        return !valid_aarch32_mode(pe, spsr);
    if (!valid_aarch64_mode(pe, spsr) || spsr_el(spsr) > pe->pstate.el)
        return true;
    return spsr_el(spsr) == 1 && (pe->control_state & CONTROL_TGE);
}

/* SetPSTATEFromPSR(). */
static inline void set_pstate(struct pe *pe, uint64_t spsr, bool illegal)
{
    uint64_t mode = illegal ? pstate_words(pe).high & PSTATE_MODE : pstate_mode_of(spsr);
    bool step = UNLIKELY(debug_single_steps(pe)) && debug_exception_return_ss(pe, spsr, illegal);
    spsr = (spsr & ~(1ull << SPSR_SS)) | (uint64_t)step << SPSR_SS | (uint64_t)illegal << SPSR_IL;
    pstate_from_spsr(pe, spsr, mode);
}

uint64_t branch_address(const struct pe *pe, uint64_t va)
{
    if (LIKELY(!(va >> 55))) /* no tag */
        return va;
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

/* AArch64.ExceptionReturn(). */
static inline void exception_return(struct pe *pe, uint64_t new_pc, uint64_t spsr)
{
    unsigned from = pe->pstate.el;
    const struct el_context *level = &pe->level[from];
    bool from_secure = level->secure;
    uint64_t from_pc = pe->pc;
    bool plain = !(spsr & SPSR_AARCH32) && (level->returns >> (spsr & 15) & 1);
    bool illegal = !plain && illegal_exception_return(pe, spsr);
    if (UNLIKELY(pe->pmu.counting))
        pmu_count(pe, PMU_EXC_RETURN);
    pe_save_sp(pe);
    set_pstate(pe, spsr, illegal);
    pe->monitor.local_valid = false;
    pe->event_register = true;
    pe_enter_level(pe);
    /* An illegal return to AArch32 leaves the upper half and the low bits of the PC UNKNOWN: they are 0. */
    pe->pc = UNLIKELY(illegal) && (spsr & SPSR_AARCH32) && !(spsr >> SPSR_IL & 1) ? (uint32_t)new_pc & ~3u
                                                                                  : branch_address(pe, new_pc);
    if (LIKELY(pe->env->event)) {
        struct trap_event *event = new_trap_event(pe, TRAP_RETURN, from, from_secure, &pe->level[pe->pstate.el]);
        event->vector_offset = 0;
        event->esr = event->far = event->hpfar = 0;
        event->elr = from_pc;
        event->spsr = spsr;
        event->why = illegal ? "illegal return" : "ERET";
        pe->env->trap(pe->env->machine, pe, event);
    }
}

enum { ERET = 0xd69f03e0, ERETAA = 0xd69f0bff, ERETAB = 0xd69f0fff };

/* What isn't ERET above EL0, or may be trapped. True: an exception was taken instead of the return. */
static __attribute__((noinline)) bool return_refused(struct pe *pe, uint32_t insn)
{
    bool pauth = insn == ERETAA || insn == ERETAB;
    const char *why = NULL;
    if (pe->pstate.el == 0 || (insn != ERET && !pauth) || (pauth && !has_feature(pe, FEATURE_PAuth)))
        why = insn == ERET ? "ERET at EL0" : "DRPS or unallocated ERET";
    const struct trap_row *row = !why && has_feature(pe, FEATURE_NV) ? trap_find_list(pe, TRAPS_nv) : NULL;
    if (row) {
        take_sync(pe, 2, syndrome_eret(pauth, insn == ERETAB), row->name);
        return true;
    }
    if (!why && pauth) { /* FEAT_PAuth is not built: features.def */
        log_message(pe->env->log, LOG_UNIMPLEMENTED, "ERETAA, ERETAB");
        why = "ERETAA, ERETAB";
    }
    if (why)
        take_undefined(pe, why);
    return why;
}

bool exec_eret(struct pe *pe, uint32_t insn)
{
    static const struct {
        uint16_t elr, spsr;
    } registers[4] = {[1] = {SR_ELR_EL1, SR_SPSR_EL1}, {SR_ELR_EL2, SR_SPSR_EL2}, {SR_ELR_EL3, SR_SPSR_EL3}};
    unsigned el = pe->pstate.el;
    if (UNLIKELY(insn != ERET || el == 0 || has_feature(pe, FEATURE_NV)) && return_refused(pe, insn))
        return false;
    exception_return(pe, pe->sr[registers[el].elr], pe->sr[registers[el].spsr]);
    return false;
}
