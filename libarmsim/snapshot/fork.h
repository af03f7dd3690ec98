#ifndef ARMSIM_SNAPSHOT_FORK_H
#define ARMSIM_SNAPSHOT_FORK_H

#include "libarmsim/machine/machine.h"

/* 0 with *child, or an error after machine_fail(parent). Nothing outside is connected to the child. */
int machine_fork(struct armsim_machine *parent, struct armsim_machine **child);

#endif
