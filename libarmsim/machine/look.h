/* Memory as a host looks at it: by physical address space, or through a PE's translation. */
#ifndef ARMSIM_MACHINE_LOOK_H
#define ARMSIM_MACHINE_LOOK_H

#include "libarmsim/machine/machine.h"

/* The word at the PE's PC, without any effect. False: the fetch would fault. */
bool look_fetch(struct armsim_machine *machine, struct pe *pe, struct mmu_result *at, uint32_t *word);
/* A word of memory; false: there is none. */
bool look_word(struct armsim_machine *machine, enum pas pas, uint64_t pa, uint32_t *word);
/* Not memory: a device, or nothing. */
bool look_is_device(const struct armsim_machine *machine, enum pas pas, uint64_t pa);

/* Transfers `size` bytes of a checked space; *done counts the bytes before the first that fails. */
int look_transfer(struct armsim_machine *machine, const struct armsim_space *space, uint64_t address, void *data,
                  size_t size, bool write, size_t *done);

/* Whether the space is possible in this machine: 0 or an error after machine_fail(). */
int look_check_space(struct armsim_machine *machine, const struct armsim_space *space);

#endif
