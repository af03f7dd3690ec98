#include "cpu/debug.h"

#include "cpu/exception.h"
#include "cpu/syndrome.h"
#include "cpu/traps.h"

#define MDSCR_SS (1ull << 0)
#define MDSCR_KDE (1ull << 13)
#define MDSCR_MDE (1ull << 15)
#define MDCR_EL3_SDD (1ull << 16)
#define OSLSR_OSLK (1ull << 1)

static bool secure_at(const struct pe *pe, unsigned el) { return el == 3 || !(effective_scr(pe) & SCR_EL3_NS); }

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
    unsigned el = pe->pstate.el;
    return debug_exceptions_enabled_from(pe, el, secure_at(pe, el), pe->pstate.d);
}

bool debug_exception_return_ss(const struct pe *pe, uint64_t spsr, bool illegal)
{
    if (!(SR(pe, MDSCR_EL1) & MDSCR_SS) || debug_exceptions_enabled(pe))
        return false;
    unsigned destination = illegal ? pe->pstate.el : spsr >> 2 & 3;
    return debug_exceptions_enabled_from(pe, destination, secure_at(pe, destination), spsr >> 9 & 1) &&
           (spsr >> 21 & 1);
}

/* --- what is on --- */

static bool any_breakpoint(const struct pe *pe, unsigned el)
{
    for (unsigned n = 0; n < debug_breakpoint_count(pe); n++)
        if (debug_breakpoint_applies(pe, n, el))
            return true;
    return false;
}

static bool any_watchpoint(const struct pe *pe)
{
    for (unsigned n = 0; n < debug_watchpoint_count(pe); n++)
        if (pe->sr[SR_DBGWCR0_EL1 + n] & 1)
            return true;
    return false;
}

unsigned debug_wants(const struct pe *pe, unsigned el)
{
    uint64_t mdscr = SR(pe, MDSCR_EL1);
    if (!(mdscr & (MDSCR_SS | MDSCR_MDE)) || !debug_exceptions_enabled_from(pe, el, secure_at(pe, el), false))
        return 0;
    bool by_steps = (mdscr & MDSCR_SS) || ((mdscr & MDSCR_MDE) && any_breakpoint(pe, el));
    return (by_steps ? DEBUG_BY_STEPS : 0) | ((mdscr & MDSCR_MDE) && any_watchpoint(pe) ? DEBUG_WATCHES : 0);
}

void debug_update(struct pe *pe)
{
    unsigned wants = pe->level[pe->pstate.el].debug;
    bool advances = pe->pstate.ss && (SR(pe, MDSCR_EL1) & MDSCR_SS); /* though no exception would come of it */
    bool by_steps = (wants & DEBUG_BY_STEPS) || advances;
    if (by_steps && !pe->by_steps)
        pe->step.stepped = pe->step.exclusive = false; /* what went before was in the inactive state */
    pe->by_steps = by_steps;
    pe->watching = wants & DEBUG_WATCHES;
}

/* --- taking debug exceptions --- */

struct route {
    unsigned target;
    const char *why;
};

static struct route route_debug(const struct pe *pe, const char *why)
{
    if (pe->pstate.el == 2)
        return (struct route){2, why};
    if (!el2_enabled(pe))
        return (struct route){1, why};
    if (SR(pe, MDCR_EL2) & MDCR_EL2_TDE)
        return (struct route){2, "MDCR_EL2.TDE"};
    return SR(pe, HCR_EL2) & HCR_EL2_TGE ? (struct route){2, "HCR_EL2.TGE"} : (struct route){1, why};
}

/* --- software step --- */

bool debug_is_stepped(const struct pe *pe)
{
    return pe->pstate.ss && (SR(pe, MDSCR_EL1) & MDSCR_SS) && debug_exceptions_enabled(pe);
}

static bool step_is_complete(const struct pe *pe)
{
    return !pe->pstate.ss && (SR(pe, MDSCR_EL1) & MDSCR_SS) && debug_exceptions_enabled(pe);
}

bool debug_software_step(struct pe *pe)
{
    if (!step_is_complete(pe))
        return false;
    struct route route = route_debug(pe, "software step");
    uint32_t esr = syndrome_software_step(route.target == pe->pstate.el, pe->step.stepped, pe->step.exclusive);
    take_exception(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = (uint8_t)route.target, .esr = esr,
                                           .preferred_return = pe->pc, .keep_btype = true, .why = route.why});
    return true;
}

void debug_advance_step(struct pe *pe)
{
    if (SR(pe, MDSCR_EL1) & MDSCR_SS)
        pe->pstate.ss = 0;
}

/* LDXR, LDXP and their acquiring forms; with bit 21 and without bit 31 it would be CASP. */
static bool is_load_exclusive(uint32_t insn)
{
    bool pair = insn >> 21 & 1;
    return (insn & 0x3fc00000) == 0x08400000 && (!pair || insn >> 31);
}

/* An exception return makes PSTATE.SS anew. One that is trapped has left it 0, as every exception does. */
static bool is_exception_return(uint32_t insn) { return (insn & 0xfffff3ff) == 0xd69f03e0; }

void debug_instruction_done(struct pe *pe, uint32_t insn, bool was_stepped)
{
    pe->step.stepped = was_stepped;
    pe->step.exclusive = was_stepped && is_load_exclusive(insn);
    if (!is_exception_return(insn))
        debug_advance_step(pe);
    debug_update(pe);
}

/* --- breakpoints and watchpoints --- */

static bool breakpoints_on(const struct pe *pe)
{
    return (SR(pe, MDSCR_EL1) & MDSCR_MDE) && debug_exceptions_enabled(pe);
}

static bool is_at_breakpoint(const struct pe *pe)
{
    return breakpoints_on(pe) && debug_matches_breakpoint(pe, pe->pc);
}

bool debug_comes_first(const struct pe *pe) { return step_is_complete(pe) || is_at_breakpoint(pe); }

bool debug_breakpoint(struct pe *pe)
{
    if (!is_at_breakpoint(pe))
        return false;
    struct route route = route_debug(pe, "breakpoint");
    take_exception(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = (uint8_t)route.target,
                                           .esr = syndrome_breakpoint(route.target == pe->pstate.el),
                                           .preferred_return = pe->pc, .keep_btype = true, .why = route.why});
    return true;
}

static void take_watchpoint(struct pe *pe, uint64_t far, bool maintenance, bool write)
{
    struct route route = route_debug(pe, "watchpoint");
    pe->iss.valid = false;
    take_exception(pe, &(struct exception){
                           .kind = TRAP_SYNC, .target_el = (uint8_t)route.target, .far_valid = true, .far = far,
                           .esr = syndrome_watchpoint(route.target == pe->pstate.el, maintenance, write || maintenance),
                           .preferred_return = pe->pc, .why = route.why});
}

/* The first part of the access that a watchpoint matches. */
static bool find_watched(const struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access, uint64_t *far,
                         bool *write)
{
    if (!breakpoints_on(pe))
        return false;
    /* Pairs are accesses of their elements; what isn't aligned is accesses of bytes. FAR_ELx has the first that hits. */
    unsigned unit = access->type == ACCESS_DC_ZVA || !access->size || access->size > size ? size : access->size;
    if (va & (unit - 1))
        unit = 1;
    for (unsigned done = 0; done < size; done += unit) {
        struct watched_access part = {.va = va + done, .size = unit, .el = access->el, .read = access->read,
                                      .write = access->write};
        *far = va + done;
        *write = false;
        if (debug_matches_watchpoint(pe, &part, write))
            return true;
    }
    return false;
}

bool debug_watchpoint_hits(const struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access)
{
    uint64_t far;
    bool write;
    return find_watched(pe, va, size, access, &far, &write);
}

bool debug_watchpoint(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access)
{
    uint64_t far;
    bool write;
    if (!find_watched(pe, va, size, access, &far, &write))
        return false;
    take_watchpoint(pe, far, false, write);
    return true;
}

bool debug_watchpoint_dc(struct pe *pe, uint64_t va)
{
    unsigned line = 4u << (SR(pe, CTR_EL0) >> 16 & 15);
    struct watched_access access = {.va = va & ~(uint64_t)(line - 1), .size = line, .el = pe->pstate.el,
                                    .maintenance = true};
    bool write;
    if (!breakpoints_on(pe) || !debug_matches_watchpoint(pe, &access, &write))
        return false;
    take_watchpoint(pe, va, true, true);
    return true;
}
