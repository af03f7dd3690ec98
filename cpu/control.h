/* Control registers as they take effect: the pseudocode's EffectiveHCR, EL2Enabled, IsSecure. */
#ifndef ARMSIM_CPU_CONTROL_H
#define ARMSIM_CPU_CONTROL_H

#include "cpu/pe.h"

#define SCR_EL3_NS (1ull << 0)
#define SCR_EL3_EEL2 (1ull << 18)
#define MDCR_EL2_TDE (1ull << 8)
#define HCR_EL2_VM (1ull << 0)
#define HCR_EL2_DC (1ull << 12)
#define HCR_EL2_TGE (1ull << 27)
#define HCR_EL2_HCD (1ull << 29)
#define HCR_EL2_E2H (1ull << 34)
#define HCR_EL2_NV (1ull << 42)
#define HCR_EL2_NV1 (1ull << 43)

/* SCR_EL3, or what its absence means. */
static inline uint64_t effective_scr(const struct pe *pe)
{
    return pe->have_el3 ? SR(pe, SCR_EL3) : pe->secure_only ? 0 : SCR_EL3_NS;
}

/*
 * What the PE's place among the Exception levels and Security states comes to, in one number: EL, SCR_EL3.NS, and
 * where EL2 is enabled HCR_EL2.{E2H,TGE}. pe->control_state is kept by pe_update_context() and pe_update_pstate().
 */
enum { CONTROL_TGE = 1u << 0, CONTROL_E2H = 1u << 1, CONTROL_EL2 = 1u << 2, CONTROL_NS = 1u << 3, CONTROL_EL_SHIFT = 4 };

/* EL2Enabled(): EL2 exists and is enabled in the Security state of EL0 and EL1. */
static inline bool el2_enabled(const struct pe *pe) { return pe->control_state & CONTROL_EL2; }

/* HCR_EL2 where EL2 is enabled, else 0. */
static inline uint64_t effective_hcr(const struct pe *pe) { return el2_enabled(pe) ? SR(pe, HCR_EL2) : 0; }

/* IsSecure(). */
static inline bool is_secure(const struct pe *pe)
{
    return !(pe->control_state & CONTROL_NS) || pe->control_state >> CONTROL_EL_SHIFT == 3;
}

/* LDTR, STTR use EL0's permissions: at EL1 always but under nested virtualization, at EL2 with E2H and TGE. */
static inline bool unprivileged_accesses_are_el0(const struct pe *pe)
{
    uint64_t hcr = effective_hcr(pe);
    if (pe->pstate.uao)
        return false;
    if (pe->pstate.el == 1)
        return !((hcr & HCR_EL2_NV) && (hcr & HCR_EL2_NV1));
    return pe->pstate.el == 2 && (hcr & HCR_EL2_E2H) && (hcr & HCR_EL2_TGE);
}

/* TranslationRegime() of an EL in the current Security state. */
enum regime_id regime_of_el(const struct pe *pe, unsigned el);

#endif
