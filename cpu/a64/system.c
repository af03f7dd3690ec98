/*
 * A64 system instructions and exception generation: hints, barriers, MSR (immediate), SVC, HVC, SMC, BRK, HLT, DCPS,
 * ERET. System register accesses go on to sysreg.c.
 */
#include "cpu/debug.h"
#include "cpu/exception.h"
#include "cpu/impdef.h"
#include "cpu/sysreg_access.h"
#include "cpu/syndrome.h"
#include "cpu/traps.h"
#include "devices/generic_timer.h"

static bool undefined(struct pe *pe, const char *why)
{
    take_undefined(pe, why);
    return false;
}

/* --- hints --- */

static bool trap_wait(struct pe *pe, enum trap_list list, unsigned which)
{
    const struct trap_row *row = trap_find_list(pe, list);
    if (!row)
        return false;
    take_sync(pe, trap_target(pe, row), syndrome_wfx(which), row->name);
    return true;
}

static bool wait_for_event(struct pe *pe)
{
    if (pe->timer && generic_timer_take_event(pe->timer))
        pe->event_register = true; /* the event stream has triggered since the last WFE */
    bool set = pe->event_register;
    if (set && impdef(pe, WFE_TRAP) == WFE_TRAP_WOULD_WAIT) {
        pe->event_register = false;
        return true;
    }
    if (trap_wait(pe, TRAPS_wfe, 1))
        return false;
    if (set) {
        pe->event_register = false;
    } else if (!interrupt_pending(pe, true) && impdef(pe, WFE_WAKE) == WFE_WAKE_EVENT) {
        pe->power = PE_WFE;
        if (pe->timer)
            generic_timer_wait_event(pe->timer, true);
    }
    return true;
}

static bool wait_for_interrupt(struct pe *pe)
{
    if (interrupt_pending(pe, true))
        return true;
    if (trap_wait(pe, TRAPS_wfi, 0))
        return false;
    pe->power = PE_WFI;
    return true;
}

static void send_event(struct pe *pe)
{
    pe->event_register = true;
    if (pe->env->send_event)
        pe->env->send_event(pe->env->machine);
}

enum hint {
    HINT_NOP = 0,
    HINT_YIELD = 1,
    HINT_WFE = 2,
    HINT_WFI = 3,
    HINT_SEV = 4,
    HINT_SEVL = 5,
    HINT_ESB = 16,
};

static bool exec_hint(struct pe *pe, unsigned hint)
{
    switch (hint) {
    case HINT_WFE: return wait_for_event(pe);
    case HINT_WFI: return wait_for_interrupt(pe);
    case HINT_SEV: send_event(pe); return true;
    case HINT_SEVL: pe->event_register = true; return true;
    case HINT_ESB:
        if (has_feature(pe, FEATURE_RAS))
            error_synchronization_barrier(pe);
        return true;
    default: return true; /* NOP, YIELD, DGH, PSB, TSB, CSDB, BTI, PAuth without FEAT_PAuth, and what is unallocated */
    }
}

/* --- MSR (immediate) --- */

enum { FIELD_CFINV = 0, FIELD_XAFLAG = 1, FIELD_AXFLAG = 2, FIELD_UAO = 3, FIELD_PAN = 4, FIELD_SPSEL = 5 };
enum { FIELD_SSBS = 031, FIELD_DIT = 032, FIELD_TCO = 034, FIELD_DAIFSET = 036, FIELD_DAIFCLR = 037 };

static bool write_daif(struct pe *pe, uint32_t insn, unsigned set, unsigned clear)
{
    const struct trap_row *row = trap_find_list(pe, TRAPS_daif);
    if (row) {
        take_sync(pe, trap_target(pe, row), syndrome_sysreg(insn >> 5 & 0xffff, insn & 31, false), row->name);
        return false;
    }
    struct pstate *p = &pe->pstate;
    unsigned daif = (unsigned)p->d << 3 | (unsigned)p->a << 2 | (unsigned)p->i << 1 | p->f;
    daif = (daif | set) & ~clear;
    p->d = daif >> 3 & 1;
    p->a = daif >> 2 & 1;
    p->i = daif >> 1 & 1;
    p->f = daif & 1;
    if (clear & 7)
        pe->sample_interrupts = true;
    return true;
}

static void write_spsel(struct pe *pe, bool value)
{
    pe_save_sp(pe);
    pe->pstate.sp = value;
    pe_load_sp(pe);
    pe_update_pstate(pe);
}

/* What the field needs: a feature, and EL1. */
static bool field_allowed(const struct pe *pe, unsigned field)
{
    switch (field) {
    case FIELD_CFINV: return has_feature(pe, FEATURE_FlagM);
    case FIELD_XAFLAG:
    case FIELD_AXFLAG: return has_feature(pe, FEATURE_FlagM2);
    case FIELD_UAO: return pe->pstate.el > 0 && has_feature(pe, FEATURE_UAO);
    case FIELD_PAN: return pe->pstate.el > 0 && has_feature(pe, FEATURE_PAN);
    case FIELD_SPSEL: return pe->pstate.el > 0;
    case FIELD_SSBS: return has_feature(pe, FEATURE_SSBS2);
    case FIELD_DIT: return has_feature(pe, FEATURE_DIT);
    case FIELD_TCO: return has_feature(pe, FEATURE_MTE);
    case FIELD_DAIFSET:
    case FIELD_DAIFCLR: return true;
    default: return false;
    }
}

static bool exec_flags(struct pe *pe, unsigned field)
{
    unsigned n = pe_nzcv(pe) >> 3 & 1, z = pe_nzcv(pe) >> 2 & 1, c = pe_nzcv(pe) >> 1 & 1, v = pe_nzcv(pe) & 1;
    if (field == FIELD_CFINV)
        pe_set_nzcv(pe, n << 3 | z << 2 | (c ^ 1) << 1 | v);
    else if (field == FIELD_XAFLAG)
        pe_set_nzcv(pe, (!c && !z) << 3 | (z & c) << 2 | (c | z) << 1 | (!c && z));
    else
        pe_set_nzcv(pe, (z | v) << 2 | (c & !v) << 1);
    return true;
}

static bool exec_msr_immediate(struct pe *pe, uint32_t insn)
{
    unsigned field = (insn >> 16 & 7) << 3 | (insn >> 5 & 7), imm = insn >> 8 & 15;
    if (!field_allowed(pe, field))
        return undefined(pe, "MSR (immediate)");
    switch (field) {
    case FIELD_DAIFSET: return write_daif(pe, insn, imm, 0);
    case FIELD_DAIFCLR: return write_daif(pe, insn, 0, imm);
    case FIELD_SPSEL: write_spsel(pe, imm & 1); return true;
    case FIELD_UAO: pe->pstate.uao = imm & 1; break;
    case FIELD_PAN: pe->pstate.pan = imm & 1; break;
    case FIELD_SSBS: pe->pstate.ssbs = imm & 1; return true;
    case FIELD_DIT: pe->pstate.dit = imm & 1; return true;
    case FIELD_TCO: pe->pstate.tco = imm & 1; return true;
    default: return exec_flags(pe, field);
    }
    pe_update_pstate(pe);
    return true;
}

/* --- barriers --- */

static bool exec_barrier(struct pe *pe, uint32_t insn)
{
    enum { CLREX = 2, DSB = 4, DMB = 5, ISB = 6, SB = 7 };
    switch (insn >> 5 & 7) {
    case CLREX: pe->monitor.local_valid = false; return true;
    case DSB: /* with CRm 0 and 4: SSBB, PSSBB */
    case DMB: return true;
    case ISB: pe->sample_interrupts = true; return true;
    case SB:
        if (has_feature(pe, FEATURE_SB) && (insn >> 8 & 15) == 0)
            return true;
        return undefined(pe, "SB");
    default: return undefined(pe, "unallocated barrier");
    }
}

bool exec_system(struct pe *pe, uint32_t insn)
{
    if (insn >> 19 & 3)
        return sysreg_access(pe, insn);
    enum { CRN_HINT = 2, CRN_BARRIER = 3, CRN_PSTATE = 4 };
    unsigned op1 = insn >> 16 & 7, crn = insn >> 12 & 15;
    bool plain = (insn & 31) == 31 && !(insn >> 21 & 1);
    if (plain && crn == CRN_HINT && op1 == 3)
        return exec_hint(pe, insn >> 5 & 127);
    if (plain && crn == CRN_BARRIER && op1 == 3)
        return exec_barrier(pe, insn);
    if (plain && crn == CRN_PSTATE)
        return exec_msr_immediate(pe, insn);
    return undefined(pe, "unallocated system instruction");
}

/* --- exception generation --- */

#define IMM16(insn) ((uint16_t)((insn) >> 5))

bool exec_svc(struct pe *pe, uint32_t insn)
{
    uint16_t imm = IMM16(insn);
    take_call(pe, default_target_el(pe), syndrome_svc(imm), "SVC");
    return false;
}

static bool call_firmware(struct pe *pe, bool smc, uint16_t imm)
{
    return pe->env->conduit && pe->env->conduit(pe->env->machine, pe, smc, imm);
}

bool exec_hvc(struct pe *pe, uint32_t insn)
{
    uint16_t imm = IMM16(insn);
    unsigned el = pe->pstate.el;
    if (el == 1 && !pe->have_el2 && call_firmware(pe, false, imm))
        return true;
    if (!pe->have_el2 || el == 0 || (el == 1 && !el2_enabled(pe)))
        return undefined(pe, "HVC without EL2");
    /* SCR_EL3.HCE decides where there is an EL3, HCR_EL2.HCD where there is none. */
    const struct trap_row *row = trap_find_list(pe, pe->have_el3 ? TRAPS_hvc : TRAPS_hvc_no_el3);
    if (row)
        return undefined(pe, row->name);
    take_call(pe, el == 3 ? 3 : 2, syndrome_hvc(imm), "HVC");
    return false;
}

/* AArch64.CheckForSMCUndefOrTrap(), AArch64.CallSecureMonitor(). */
bool exec_smc(struct pe *pe, uint32_t insn)
{
    uint16_t imm = IMM16(insn);
    if (pe->pstate.el == 0)
        return undefined(pe, "SMC at EL0");
    /* Firmware built into the machine stands for EL3: then SMC traps as if EL3 were there. */
    bool monitor = pe->have_el3 || (has_feature(pe, FEATURE_NV) && (effective_hcr(pe) >> 42 & 1)) || pe->env->conduit;
    const struct trap_row *row = monitor ? trap_find_list(pe, TRAPS_smc) : NULL;
    if (row && row->target != TRAP_UNDEFINED) {
        take_sync(pe, trap_target(pe, row), syndrome_smc(imm), row->name);
        return false;
    }
    if (call_firmware(pe, true, imm))
        return true;
    if (!pe->have_el3)
        return undefined(pe, "SMC without EL3");
    if (row)
        return undefined(pe, row->name);
    take_call(pe, 3, syndrome_smc(imm), "SMC");
    return false;
}


bool exec_brk(struct pe *pe, uint32_t insn)
{
    uint16_t imm = IMM16(insn);
    unsigned target = default_target_el(pe);
    const char *why = "BRK";
    if (pe->pstate.el < 2 && el2_enabled(pe) && (SR(pe, MDCR_EL2) & MDCR_EL2_TDE)) {
        target = 2;
        why = "MDCR_EL2.TDE";
    }
    take_exception(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = (uint8_t)target, .esr = syndrome_brk(imm),
                                           .preferred_return = pe->pc, .keep_btype = true, .why = why});
    return false;
}

enum { SEMIHOSTING_IMM = 0xf000 };

bool exec_hlt(struct pe *pe, uint32_t insn)
{
    uint16_t imm = IMM16(insn);
    if (imm == SEMIHOSTING_IMM && pe->env->semihosting && pe->env->semihosting(pe->env->machine, pe))
        return true;
    /* HaltingAllowed() is false: there is no external debugger on this side of the PE. */
    return undefined(pe, "HLT");
}

/* DCPS1, DCPS2, DCPS3. */
bool exec_dcps(struct pe *pe, uint32_t insn) { return undefined(pe, "DCPS outside Debug state"); }
