/*
 * A machine's past: states kept at intervals, and the inputs that came since. Going back is loading a state and
 * repeating the run from there.
 *
 * While the machine is in its past, the run loop repeats the inputs where they came, and loads the states that can't be
 * repeated (the host had changed something); at the last instruction that was ever executed it is in the present again.
 * An input or a change of the host's in the past makes it the present: what came after is forgotten.
 */
#ifndef ARMSIM_SNAPSHOT_HISTORY_H
#define ARMSIM_SNAPSHOT_HISTORY_H

#include "libarmsim/machine/machine.h"

/* Begins, or begins anew, a history: a state every `interval` instructions, in about `max_bytes` of memory. 0 ends it. */
int history_set(struct armsim_machine *machine, uint64_t interval, uint64_t max_bytes);
/* For the machine's end. */
void history_destroy(struct armsim_machine *machine);
/* The earliest and the latest instruction count that one can go to. False: there is no history. */
bool history_range(const struct armsim_machine *machine, uint64_t *first, uint64_t *last);
/* To the first moment at which that many instructions are executed; to the last of all, for the present. */
int history_go_to(struct armsim_machine *machine, uint64_t instructions);

/* --- for the run loop --- */

/* The instruction count at which the run loop must call history_visit(); UINT64_MAX: never. */
uint64_t history_due(const struct armsim_machine *machine);
/* A run begins: a change of the host's is kept as a state. */
void history_begin(struct armsim_machine *machine);
void history_visit(struct armsim_machine *machine);
/* At an instruction count that is due: history_visit() has something to do. Else an input is still to come here, and no
 * instruction may be executed before, ... */
bool history_is_ready(const struct armsim_machine *machine);
/* ... while virtual time may pass up to here; CLOCK_NEVER: as far as it goes. */
uint64_t history_time_limit(const struct armsim_machine *machine);
/* The PEs would execute instructions nevertheless: the past is not what it was. */
void history_failed(struct armsim_machine *machine);
/* Inputs that came inside a run, at this point. */
void history_deliver(struct armsim_machine *machine);

/* --- for inputs --- */

/* The log that inputs are noted in; NULL: none. */
struct input_log *history_log(struct armsim_machine *machine);
/* An input could not be noted: the history begins anew. */
void history_lost(struct armsim_machine *machine);
/* What is put in now is repeated. */
bool history_repeats(const struct armsim_machine *machine);
/* The host does something: if the machine is in its past, it is the present from here on. */
void history_diverge(struct armsim_machine *machine);
/* What the console yielded when it was read here; NULL: the machine is not in its past. */
const struct input_record *history_take_console(struct armsim_machine *machine);

#endif
