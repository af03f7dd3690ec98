/* Bounds of the options struct and its lists. */
#ifndef ARMSIM_MACHINE_OPTION_RANGE_H
#define ARMSIM_MACHINE_OPTION_RANGE_H

#include <armsim/armsim.h>

#include <stddef.h>

enum {
    /* The struct as it was in the first release; it has only grown since. */
    OPTIONS_MIN_SIZE = offsetof(struct armsim_options, log_opaque) + sizeof(void *),
    OPTIONS_MAX_SIZE = 65536,
    OPTIONS_MAX_LOADS = 1024,
    OPTIONS_MAX_DEVICES = 64,
    OPTIONS_MAX_IMPDEFS = 4096,
    OPTIONS_MAX_MEMORIES = 64,
};

#endif
