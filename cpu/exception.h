/* Exception entry and return: what the system instructions and registers need beside pe.h. */
#ifndef ARMSIM_CPU_EXCEPTION_H
#define ARMSIM_CPU_EXCEPTION_H

#include "cpu/control.h"

/* Everything that AArch64.TakeException() needs to know. */
struct exception {
    enum trap_kind kind;
    uint8_t target_el;
    uint16_t vector_offset; /* of the kind: 0, 0x80, 0x100, 0x180 */
    uint32_t esr;           /* syndrome.h; not written for IRQ and FIQ */
    bool far_valid, ipa_valid, ipa_non_secure;
    uint64_t far, ipa;
    uint64_t preferred_return;
    bool keep_btype;        /* SPSR_ELx.BTYPE is the interrupted one's, not a choice */
    const char *why;
};
void take_exception(struct pe *pe, const struct exception *exception);

/* A synchronous exception of the current instruction, to `target_el`, with its own address as return address. */
void take_sync(struct pe *pe, unsigned target_el, uint32_t esr, const char *why);
/* The same to EL1, or to EL2 when HCR_EL2.TGE is in effect, or to the current EL when that is higher. */
void take_sync_default(struct pe *pe, uint32_t esr, const char *why);
/* That of SVC, HVC or SMC: the return address is the next instruction's. */
void take_call(struct pe *pe, unsigned target_el, uint32_t esr, const char *why);
/* The EL that such an exception goes to. */
static inline unsigned default_target_el(const struct pe *pe)
{
    if (pe->pstate.el > 1)
        return pe->pstate.el;
    return pe->control_state & CONTROL_TGE ? 2 : 1;
}

/* IllegalExceptionReturn(). */
bool illegal_exception_return(const struct pe *pe, uint64_t spsr);
/* AArch64.BranchAddr(): the address with its tag replaced where TBI has it. */
uint64_t branch_address(const struct pe *pe, uint64_t va);

/* The error synchronization barrier: a pending SError that is masked is deferred to DISR_EL1, VDISR_EL2. */
void error_synchronization_barrier(struct pe *pe);
/* Which physical interrupts PSTATE masks at `el`: level->unmaskable, level->masked. */
void interrupt_masks(const struct pe *pe, unsigned el, struct el_context *level);
/* ISR_EL1 as the current EL sees it. */
uint64_t pending_interrupt_status(const struct pe *pe);

/* After PSTATE.EL, SP or a control register of the context changed: banks, regimes, GIC. */
void pe_level_changed(struct pe *pe);

#endif
