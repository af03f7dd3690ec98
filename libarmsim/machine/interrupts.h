/* The interrupt controller, the PEs' pins and their generic timers, wired as the board says. */
#ifndef ARMSIM_MACHINE_INTERRUPTS_H
#define ARMSIM_MACHINE_INTERRUPTS_H

struct armsim_machine;
struct pe;

int machine_make_interrupts(struct armsim_machine *machine);
void machine_reset_interrupts(struct armsim_machine *machine);
void machine_free_interrupts(struct armsim_machine *machine);

/* The event stream of a PE's timers wakes WFE: a PE begins, or ends, to wait in it. */
void machine_begin_wfe(struct armsim_machine *machine, struct pe *pe);
void machine_end_wfe(struct armsim_machine *machine, struct pe *pe);

#endif
