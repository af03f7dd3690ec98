/* Break- and watchpoints, and what happens before each instruction when somebody looks: hooks and traces. */
#ifndef ARMSIM_MACHINE_OBSERVE_H
#define ARMSIM_MACHINE_OBSERVE_H

#include "libarmsim/machine/machine.h"

/* False: the run stops before this instruction. */
bool observe_instruction(struct armsim_machine *machine, struct pe *pe);

/* struct pe_env. */
bool observe_breakpoint(void *machine, struct pe *pe);

int breakpoint_add(struct armsim_machine *machine, uint64_t va);
int breakpoint_remove(struct armsim_machine *machine, uint64_t va);
int watchpoint_add(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds);
int watchpoint_remove(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds);

#endif
