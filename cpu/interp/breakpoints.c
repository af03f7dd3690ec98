/*
 * What the host wants to be asked before instructions: breakpoints and hooks. The records at the place of a breakpoint
 * in every page, and those of system instructions if it wants these, have a handler that asks it, who knows the whole
 * address, and goes on with what they would have done. Watched pages are in no fast TLB: cpu/asked.c. Without any of
 * this nothing is asked anywhere.
 */
#include "cpu/cpu.h"
#include "cpu/exception.h"
#include "cpu/interp/flow.h"

/* Leaves the handlers. */
static void leave(struct pe *pe)
{
    struct interp *it = pe->interp;
    it->exit_requested = true;
    pe_pass_sample_point(pe);
    it->leave = LEAVE_REQUEST;
}

bool interp_asks_system(uint32_t word)
{
    enum { OP0 = 3 << 19 };
    bool immediate = (word & 0xfff8f01f) == 0xd500401f;
    return immediate || ((word & 0xffc00000) == 0xd5000000 && (word & OP0));
}

void interp_raise(struct pe *pe, const struct raised *raised)
{
    pe->iss.valid = false;
    take_exception(pe, &(struct exception){.kind = TRAP_SYNC, .target_el = raised->el, .esr = raised->esr,
                                           .far_valid = raised->far_valid, .far = raised->far,
                                           .ipa_valid = raised->ipa_valid, .ipa = raised->ipa,
                                           .preferred_return = pe->pc, .keep_btype = true, .why = "host"});
}

enum flow interp_ask(struct pe *pe, handler_fn **original)
{
    struct verdict verdict = {.kind = VERDICT_GO};
    uint32_t word = interp_word(pe);
    uint64_t pc = pe->pc;
    *original = NULL;
    pe->env->before(pe->env->machine, pe, &word, &verdict);
    switch (verdict.kind) {
    case VERDICT_HOLD:
        return interp_hold(pe);
    case VERDICT_SKIP:
        return interp_skip(pe);
    case VERDICT_RAISE:
        interp_raise(pe, &verdict.raised);
        return interp_aborted(pe);
    case VERDICT_WORD:
    case VERDICT_OPERAND:
        return interp_substitute(pe, &verdict);
    case VERDICT_GO:
        break;
    }
    /* The host may have moved the PE, written to its code, or changed what there is to be asked. */
    if (pe->ip->handler != handle_ask || !interp_undisturbed(pe, pc))
        return interp_enter(pe, false);
    struct translation t = {&pe->features, pe->pc & 0xfff, pe->ip == pe->interp->step, pe->env->coverage};
    struct record operands; /* the record has them already */
    *original = op_handler(translate(&t, word, &operands));
    return FLOW_NEXT;
}

bool interp_stops_before(struct pe *pe)
{
    bool marked = icache_has_breakpoint(pe->env->icache, pe->pc & 0xfff);
    if (LIKELY(!marked && !pe->env->asks_system) || !pe_comes_to_execute(pe))
        return false;
    pe->env->before(pe->env->machine, pe, NULL, &pe->interp->instead);
    if (pe->interp->instead.kind != VERDICT_HOLD)
        return false;
    pe->interp->instead.kind = VERDICT_GO;
    return true;
}

enum flow interp_hold(struct pe *pe)
{
    leave(pe);
    return FLOW_LEAVE;
}

enum flow interp_skip(struct pe *pe)
{
    pe->pc += 4;
    pe->ip++;
    return interp_step_end(pe);
}

enum flow interp_refused(struct pe *pe)
{
    enum verdict_kind verdict = pe->interp->verdict;
    if (verdict == VERDICT_HOLD)
        return interp_hold(pe);
    pe->interp->verdict = VERDICT_GO;
    return verdict == VERDICT_SKIP ? interp_skip(pe) : interp_aborted(pe);
}
