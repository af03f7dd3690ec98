#include "cpu/debug.h"

#include "cpu/traps.h"

#define MDSCR_SS (1ull << 0)
#define MDSCR_KDE (1ull << 13)
#define MDCR_EL2_TDE (1ull << 8)
#define MDCR_EL3_SDD (1ull << 16)
#define OSLSR_OSLK (1ull << 1)

static bool routed_to_el2(const struct pe *pe, bool secure)
{
    bool el2 = pe->have_el2 && (!secure || el2_enabled(pe));
    return el2 && ((SR(pe, HCR_EL2) & HCR_EL2_TGE) || (SR(pe, MDCR_EL2) & MDCR_EL2_TDE));
}

bool debug_exceptions_enabled_from(const struct pe *pe, unsigned el, bool secure, bool masked)
{
    bool double_lock = has_feature(pe, FEATURE_DoubleLock) && (SR(pe, OSDLR_EL1) & 1) && !(SR(pe, DBGPRCR_EL1) & 1);
    if ((SR(pe, OSLSR_EL1) & OSLSR_OSLK) || double_lock)
        return false;
    unsigned target = routed_to_el2(pe, secure) ? 2 : 1;
    bool enabled = !(pe->have_el3 && secure && (SR(pe, MDCR_EL3) & MDCR_EL3_SDD));
    if (el == target)
        return enabled && (SR(pe, MDSCR_EL1) & MDSCR_KDE) && !masked;
    return enabled && target > el;
}

bool debug_exceptions_enabled(const struct pe *pe)
{
    bool secure = pe->pstate.el == 3 || !(effective_scr(pe) & SCR_EL3_NS);
    return debug_exceptions_enabled_from(pe, pe->pstate.el, secure, pe->pstate.d);
}

unsigned debug_target_el(const struct pe *pe)
{
    return routed_to_el2(pe, !(effective_scr(pe) & SCR_EL3_NS)) ? 2 : 1;
}

bool debug_exception_return_ss(const struct pe *pe, uint64_t spsr, bool illegal)
{
    if (!(SR(pe, MDSCR_EL1) & MDSCR_SS) || debug_exceptions_enabled(pe))
        return false;
    unsigned destination = illegal ? pe->pstate.el : spsr >> 2 & 3;
    bool secure = destination == 3 || !(effective_scr(pe) & SCR_EL3_NS);
    return debug_exceptions_enabled_from(pe, destination, secure, spsr >> 9 & 1) && (spsr >> 21 & 1);
}
