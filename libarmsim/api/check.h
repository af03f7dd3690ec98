/* Checks that every API function begins with. */
#ifndef ARMSIM_API_CHECK_H
#define ARMSIM_API_CHECK_H

#include "libarmsim/machine/machine.h"

/* A machine that was created successfully. */
static inline bool usable(const struct armsim_machine *machine)
{
    return machine && machine->ready;
}

/* Leaves the function with ARMSIM_ERROR_ARGUMENT when `condition` doesn't hold. */
#define REQUIRE(machine, condition)                                                                                    \
    do {                                                                                                               \
        if (!usable(machine))                                                                                          \
            return ARMSIM_ERROR_ARGUMENT;                                                                              \
        if (!(condition))                                                                                              \
            return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "%s: argument out of range: expected %s", __func__,    \
                                #condition);                                                                           \
    } while (0)

/* The same where the machine is const: no text. */
#define REQUIRE_CONST(machine, condition)                                                                              \
    do {                                                                                                               \
        if (!usable(machine) || !(condition))                                                                          \
            return ARMSIM_ERROR_ARGUMENT;                                                                              \
    } while (0)

/* Not from inside a callback of a running machine. */
#define REQUIRE_STOPPED(machine)                                                                                       \
    do {                                                                                                               \
        if ((machine)->running)                                                                                        \
            return machine_fail(machine, ARMSIM_ERROR_BUSY, "%s: the machine is running", __func__);                   \
    } while (0)

#endif
