/* Break- and watchpoints, and what happens before each instruction when somebody looks: hooks and traces. */
#ifndef ARMSIM_MACHINE_OBSERVE_H
#define ARMSIM_MACHINE_OBSERVE_H

#include "libarmsim/machine/machine.h"

/* False: the run stops before this instruction. */
bool observe_instruction(struct armsim_machine *machine, struct pe *pe);

/* struct pe_env. */
void observe_before(void *machine, struct pe *pe, const uint32_t *word, struct verdict *verdict);

/* Hooks were added or removed: what is asked for changes with them. `system`: hooks on system instructions came or went. */
void observe_rearrange(struct armsim_machine *machine, bool system);
/* The machine is elsewhere: nobody has stopped here yet. */
void observe_forget(struct armsim_machine *machine);

int breakpoint_add(struct armsim_machine *machine, uint64_t va);
int breakpoint_remove(struct armsim_machine *machine, uint64_t va);
int watchpoint_add(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds);
int watchpoint_remove(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds);

#endif
