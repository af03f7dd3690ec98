/* The ITS as devices see it: a message from `device` (its DeviceID) with an EventID becomes an LPI. */
#ifndef ARMSIM_GIC_ITS_H
#define ARMSIM_GIC_ITS_H

#include <stdint.h>

struct gic;

void gic_its_message(struct gic *gic, uint32_t device, uint32_t event);

#endif
