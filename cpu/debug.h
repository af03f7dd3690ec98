/*
 * Self-hosted debug: where debug exceptions are enabled, software step, breakpoints and watchpoints.
 *
 * All of it is off nearly always, and then costs nothing: debug_wants() says, when control registers change, what is on
 * at each EL. Where software step or a breakpoint is, instructions are executed one by one with a look before and after
 * each; where a watchpoint is, every data access takes the general way through access.c.
 */
#ifndef ARMSIM_CPU_DEBUG_H
#define ARMSIM_CPU_DEBUG_H

#include "cpu/pe.h"

/* AArch64.GenerateDebugExceptionsFrom(): from `el` of the Security state, with PSTATE.D or SPSR.D `masked`. */
bool debug_exceptions_enabled_from(const struct pe *pe, unsigned el, bool secure, bool masked);
/* AArch64.GenerateDebugExceptions(): from the present state. */
bool debug_exceptions_enabled(const struct pe *pe);
/* MDSCR_EL1.SS: what concerns software step matters at all. */
static inline bool debug_single_steps(const struct pe *pe) { return SR(pe, MDSCR_EL1) & 1; }
/* DebugExceptionReturnSS(): PSTATE.SS after an exception return with `spsr`. */
bool debug_exception_return_ss(const struct pe *pe, uint64_t spsr, bool illegal);

/* What debug needs at an EL, whatever PSTATE.D is: el_context.debug. */
enum { DEBUG_BY_STEPS = 1, DEBUG_WATCHES = 2 };
unsigned debug_wants(const struct pe *pe, unsigned el);
/* After pe->level, PSTATE.EL or PSTATE.SS changed: pe->by_steps, pe->watching. */
void debug_update(struct pe *pe);

/* --- while pe->by_steps --- */
/* CheckSoftwareStep(). True: the step was complete, its exception has been taken. */
bool debug_software_step(struct pe *pe);
/* Whether one of the two exceptions, software step or breakpoint, will be taken before the instruction at pe->pc. */
bool debug_comes_first(const struct pe *pe);
/* The instruction at pe->pc, about to be executed, is being stepped: the active-not-pending state. */
bool debug_is_stepped(const struct pe *pe);
/* It has been executed, or has taken an exception. */
void debug_instruction_done(struct pe *pe, uint32_t insn, bool was_stepped);
/* SSAdvance(): at the end of an instruction, and before the exception of SVC, HVC and SMC. */
void debug_advance_step(struct pe *pe);
/* AArch64.CheckBreakpoint() of pe->pc. True: the exception was taken. */
bool debug_breakpoint(struct pe *pe);

/* --- while pe->watching: AArch64.CheckWatchpoint() of [va, va + size). True: the exception was taken. --- */
bool debug_watchpoint(struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access);
/* The same without taking it. */
bool debug_watchpoint_hits(const struct pe *pe, uint64_t va, unsigned size, const struct mmu_access *access);
/* DC IVAC, which counts as a write. FAR_ELx gets `va`, and the whole line around it counts. */
bool debug_watchpoint_dc(struct pe *pe, uint64_t va);

/* --- cpu/debug_match.c --- */
bool debug_matches_breakpoint(const struct pe *pe, uint64_t va);
/* Whether breakpoint `n` could match some address at the EL. */
bool debug_breakpoint_applies(const struct pe *pe, unsigned n, unsigned el);
/* A data access as watchpoints see it; AccessDescriptor's fields. */
struct watched_access {
    uint64_t va;
    unsigned size, el;
    bool read, write, maintenance;
};
/* *write: what ESR_ELx.WnR says. */
bool debug_matches_watchpoint(const struct pe *pe, const struct watched_access *access, bool *write);
unsigned debug_breakpoint_count(const struct pe *pe);
unsigned debug_watchpoint_count(const struct pe *pe);

#endif
