/* A machine's whole state in memory: what forks and histories are made of. Memory is shared until somebody writes. */
#ifndef ARMSIM_SNAPSHOT_IMAGE_H
#define ARMSIM_SNAPSHOT_IMAGE_H

#include "libarmsim/machine/machine.h"

struct image {
    struct state_writer state; /* all sections, in their order */
    struct bus_image memory;
    size_t drive_count;
    struct pages drives[MACHINE_MAX_DRIVES]; /* changes of those that are held; else empty */
    bool held[MACHINE_MAX_DRIVES];
};

/* Whether this machine's state can be saved at all: 0, or an error after machine_fail(). */
int image_possible(struct armsim_machine *machine);

/* 0, or ARMSIM_ERROR_MEMORY after machine_fail(), with nothing to free. */
int image_take(struct armsim_machine *machine, struct image *image);
/*
 * Gives a machine of the same configuration this state. The image stays. 0, or an error after machine_fail() with
 * nothing changed: ARMSIM_ERROR_INPUT, the state isn't a possible one; ARMSIM_ERROR_MEMORY.
 */
int image_put(struct armsim_machine *machine, const struct image *image);
void image_free(struct image *image);

void image_save_sections(struct armsim_machine *machine, struct state_writer *writer);

#endif
