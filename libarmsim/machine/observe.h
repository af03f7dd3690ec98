/* What happens before each instruction when somebody looks: breakpoints, instruction hooks, instruction traces. */
#ifndef ARMSIM_MACHINE_OBSERVE_H
#define ARMSIM_MACHINE_OBSERVE_H

#include "libarmsim/machine/machine.h"

/* False: the run stops before this instruction. */
bool observe_instruction(struct armsim_machine *machine, struct pe *pe);

int breakpoint_add(struct armsim_machine *machine, uint64_t va);
int breakpoint_remove(struct armsim_machine *machine, uint64_t va);

#endif
