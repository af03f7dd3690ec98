/*
 * The host's break- and watchpoints. A breakpoint is a handler: the records at its place in every page ask the host,
 * who knows the whole address, and go on with what they would have done. Watched pages are in no fast TLB. Without any
 * of them nothing is asked anywhere.
 */
#include "cpu/cpu.h"
#include "cpu/interp/interp.h"

/* Leaves the handlers. */
static void leave(struct pe *pe)
{
    struct interp *it = pe->interp;
    it->exit_requested = true;
    pe_pass_sample_point(pe);
    it->leave = LEAVE_REQUEST;
}

handler_fn *interp_breakpoint(struct pe *pe)
{
    if (pe->env->breakpoint && pe->env->breakpoint(pe->env->machine, pe)) {
        leave(pe);
        return NULL;
    }
    struct translation t = {&pe->features, pe->pc & 0xfff, pe->ip == pe->interp->step,
                            pe->env->coverage};
    struct record operands; /* the record has them already */
    return op_handler(translate(&t, interp_word(pe), &operands));
}

bool interp_stops_before(struct pe *pe)
{
    if (LIKELY(!icache_has_breakpoint(pe->env->icache, pe->pc & 0xfff)) || !pe->env->breakpoint)
        return false;
    /* The next step takes an interrupt, not the instruction. */
    if (pe_at_sample_point(pe) && interrupt_pending(pe, false))
        return false;
    return pe->env->breakpoint(pe->env->machine, pe);
}

bool interp_watch(struct pe *pe, uint64_t va, unsigned size, bool read, bool write)
{
    pe->interp->held = pe->env->watchpoint(pe->env->machine, pe, va, size, read, write);
    return pe->interp->held;
}

enum flow interp_hold(struct pe *pe)
{
    leave(pe);
    return FLOW_LEAVE;
}
