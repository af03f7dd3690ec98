/* AArch64.TakeException(), for those who hand an exception on: the PSTATE with which its handler begins. */
#ifndef ROM_HANDLER_PSTATE_H
#define ROM_HANDLER_PSTATE_H

#include "sysreg.h"

/* At EL1 or EL2, with that level's SCTLR_ELx. `own_pan`: the level is EL1, or a host's EL2, so that SPAN means something. */
static inline u64 handler_pstate(u64 spsr, unsigned target, u64 sctlr, bool own_pan)
{
    enum { SCTLR_SPAN = 23, SCTLR_DSSBS = 44 };
    u64 mmfr1 = READ(id_aa64mmfr1_el1), pfr1 = READ(id_aa64pfr1_el1);
    bool has_pan = mmfr1 >> 20 & 15, has_ssbs = pfr1 >> 4 & 15, has_tags = (pfr1 >> 8 & 15) >= 2;
    u64 pstate = PSTATE_DAIF | (u64)target << 2 | PSTATE_SP;
    pstate |= spsr & (PSTATE_NZCV | PSTATE_PAN | PSTATE_DIT); /* of AArch32 in the same places */
    if (has_pan && own_pan && !(sctlr >> SCTLR_SPAN & 1))
        pstate |= PSTATE_PAN;
    if (has_ssbs && (sctlr >> SCTLR_DSSBS & 1))
        pstate |= PSTATE_SSBS;
    return pstate | (has_tags ? PSTATE_TCO : 0);
}

#endif
