#ifndef ARMSIM_SNAPSHOT_CONFIGURATION_H
#define ARMSIM_SNAPSHOT_CONFIGURATION_H

#include "libarmsim/machine/machine.h"

struct text;

void configuration_write(struct state_writer *writer, const struct armsim_machine *machine);
/* Whether another machine's text is another one; says why in the first line that differs. */
bool configuration_differs(const struct state_writer *own, const char *other, size_t size, struct text *why);

#endif
