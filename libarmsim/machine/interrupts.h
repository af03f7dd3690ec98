/* The interrupt controller, the PEs' pins and their generic timers, wired as the board says. */
#ifndef ARMSIM_MACHINE_INTERRUPTS_H
#define ARMSIM_MACHINE_INTERRUPTS_H

struct armsim_machine;

int machine_make_interrupts(struct armsim_machine *machine);
void machine_reset_interrupts(struct armsim_machine *machine);
void machine_free_interrupts(struct armsim_machine *machine);

#endif
