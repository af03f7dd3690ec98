/* A trap record as a line of text, JSON or Tarmac. */
#ifndef ARMSIM_MACHINE_TRAP_TEXT_H
#define ARMSIM_MACHINE_TRAP_TEXT_H

#include "libarmsim/machine/text.h"

#include <armsim/armsim.h>

void trap_text(struct text *text, const struct armsim_trap *trap, enum armsim_trace_format format);
const char *trap_class_name(uint8_t ec);
const char *trap_kind_name(enum armsim_trap_kind kind);

#endif
