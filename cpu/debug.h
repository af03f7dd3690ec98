/* Self-hosted debug: where debug exceptions are enabled, and software step's part in exception returns. */
#ifndef ARMSIM_CPU_DEBUG_H
#define ARMSIM_CPU_DEBUG_H

#include "cpu/pe.h"

/* AArch64.GenerateDebugExceptionsFrom(): from `el` of the Security state, with PSTATE.D or SPSR.D `masked`. */
bool debug_exceptions_enabled_from(const struct pe *pe, unsigned el, bool secure, bool masked);
/* AArch64.GenerateDebugExceptions(): from the present state. */
bool debug_exceptions_enabled(const struct pe *pe);
/* DebugExceptionReturnSS(): PSTATE.SS after an exception return with `spsr`. */
bool debug_exception_return_ss(const struct pe *pe, uint64_t spsr, bool illegal);
/* The EL that debug exceptions of the current state go to, when EL0 or EL1 is executing. */
unsigned debug_target_el(const struct pe *pe);

#endif
