/* PL031 real time clock. See pl031.c for the registers. */
#ifndef ARMSIM_DEVICES_PL031_H
#define ARMSIM_DEVICES_PL031_H

#include "devices/device.h"

/* `epoch`: the counter's value at virtual time 0, in seconds (of 1970, if the guest is to see that date). */
struct device *pl031_create(const struct device_env *env, uint64_t base, unsigned pas_mask, struct irq_line *irq,
                            unsigned spi, uint32_t epoch);

#endif
