/*
 * Exceptions that came here because SCR_EL3.EA is set, and belong below: the level that would have taken them does so,
 * as AArch64.TakeException() has it.
 */
#include "../lib/handler_pstate.h"
#include "monitor.h"

static unsigned target_of(const struct frame *frame, enum reflection kind)
{
    if (caller_el(frame) == 2)
        return 2;
    if (!have_el2)
        return 1;
    u64 routed = HCR_TGE | (kind == REFLECT_SERROR ? HCR_AMO : HCR_TEA);
    return READ(hcr_el2) & routed ? 2 : 1;
}

/* AArch64.PhysicalSErrorTarget() without EL3: EL2 takes those only that are routed there, and then from below whatever
 * is masked. */
static bool serror_is_masked(const struct frame *frame)
{
    unsigned el = caller_el(frame);
    if (el == 2 && !(READ(hcr_el2) & (HCR_TGE | HCR_AMO)))
        return true;
    if (el < 2 && target_of(frame, REFLECT_SERROR) == 2 && !is_host_el0(frame))
        return false;
    return frame->spsr & PSTATE_A;
}

static u64 vector_offset(const struct frame *frame, unsigned target, enum reflection kind)
{
    if (frame->spsr & PSTATE_AARCH32)
        return 0x600 + kind;
    if (caller_el(frame) < target)
        return 0x400 + kind;
    return (frame->spsr & PSTATE_SP ? 0x200 : 0) + kind;
}

void reflect(struct frame *frame, enum reflection kind, u32 esr, u64 far)
{
    unsigned target = target_of(frame, kind);
    u64 offset = vector_offset(frame, target, kind), vbar, sctlr;
    bool same_level = offset < 0x400, aborts = kind == REFLECT_SYNC;
    if (same_level && aborts)
        esr += 1u << 26; /* data and instruction aborts from the same level */
    if (target == 2) {
        WRITE(elr_el2, frame->elr);
        WRITE(spsr_el2, frame->spsr);
        WRITE(esr_el2, esr);
        if (aborts)
            WRITE(far_el2, far);
        vbar = READ(vbar_el2);
        sctlr = READ(sctlr_el2);
    } else {
        WRITE(elr_el1, frame->elr);
        WRITE(spsr_el1, frame->spsr);
        WRITE(esr_el1, esr);
        if (aborts)
            WRITE(far_el1, far);
        vbar = READ(vbar_el1);
        sctlr = READ(sctlr_el1);
    }
    frame->elr = (vbar & ~0x7fful) + offset;
    u64 host = HCR_E2H | HCR_TGE;
    frame->spsr = handler_pstate(frame->spsr, target, sctlr, target == 1 || (READ(hcr_el2) & host) == host);
}

/* SError is asynchronous: while it is masked below, it waits until the monitor sees that level again. */
void deliver_serror(struct frame *frame)
{
    struct pe *pe = this_pe();
    if (!pe->serror)
        return;
    if (serror_is_masked(frame)) {
        tick_at(READ(cntpct_el0) + READ(cntfrq_el0) / 100000);
        return;
    }
    u32 esr = pe->serror;
    pe->serror = 0;
    reflect(frame, REFLECT_SERROR, esr, 0);
}
