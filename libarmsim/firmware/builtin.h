/*
 * The firmware built into a machine: PSCI, SMCCC and TRNG calls by HVC or SMC, and semihosting by HLT #0xF000. Its
 * state (the random generator, semihosting's files) is that of a device without registers.
 */
#ifndef ARMSIM_FIRMWARE_BUILTIN_H
#define ARMSIM_FIRMWARE_BUILTIN_H

#include "libarmsim/machine/machine.h"

struct builtin_firmware;

/*
 * Adds the firmware's device to the machine and, if the options ask for it, semihosting. The conduit stays off until
 * builtin_firmware_set_conduit(). `start` puts a PE that has just been reset into the state in which boot firmware
 * would hand it over at `entry`; X0 is set afterwards. Returns 0 or an armsim error after machine_fail().
 */
int builtin_firmware_create(struct armsim_machine *machine,
                            void (*start)(struct armsim_machine *machine, unsigned pe, uint64_t entry),
                            struct builtin_firmware **firmware);

/* ARMSIM_CONDUIT_NONE, _HVC or _SMC. */
void builtin_firmware_set_conduit(struct builtin_firmware *firmware, enum armsim_conduit conduit);

/* For SYS_HEAPINFO: memory that no image occupies. */
void builtin_firmware_set_heap(struct builtin_firmware *firmware, uint64_t base, uint64_t limit);

/* 64 bits of the machine's seeded generator. */
uint64_t builtin_firmware_random(struct builtin_firmware *firmware);

#endif
