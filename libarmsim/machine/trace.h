/* Traces: trap records, and if wanted every instruction, written as lines to the caller's function. */
#ifndef ARMSIM_MACHINE_TRACE_H
#define ARMSIM_MACHINE_TRACE_H

#include <armsim/hook.h>

#include <stdbool.h>

struct trace;

/* NULL: out of memory. */
struct trace *trace_create(enum armsim_trace_format format, bool instructions, armsim_write_fn *write, void *opaque);
void trace_header(struct trace *trace, const struct armsim_machine *machine);
void trace_destroy(struct trace *trace); /* flushes; NULL is allowed, here and below */
void trace_flush(struct trace *trace);
bool trace_wants_instructions(const struct trace *trace);

void trace_trap(struct trace *trace, const struct armsim_trap *trap);
void trace_instruction(struct trace *trace, const struct armsim_hook_event *event);

#endif
