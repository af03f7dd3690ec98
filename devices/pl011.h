/* PL011 UART. See pl011.c for the registers. */
#ifndef ARMSIM_DEVICES_PL011_H
#define ARMSIM_DEVICES_PL011_H

#include "devices/char_backend.h"
#include "devices/device.h"

struct pl011_options {
    struct char_backend backend;
    /* Reset leaves the UART as boot firmware hands it over: enabled, 115200 8N1, FIFOs on. Otherwise the reset
     * values of the TRM: disabled, and nothing comes out until the guest enables it. */
    bool initialised;
    unsigned fifo_depth; /* 16: revision r1p4; 32, or 0: r1p5 */
};

/* NULL: out of memory. */
struct device *pl011_create(const struct device_env *env, uint64_t base, unsigned pas_mask, struct irq_line *irq,
                            unsigned spi, const struct pl011_options *options);

/* Characters arriving on the line. Takes at most pl011_can_receive() of them; returns how many. */
size_t pl011_receive(struct device *device, const uint8_t *bytes, size_t size);
size_t pl011_can_receive(struct device *device);
/* The line is held low for longer than a frame: one break character. False: no room. */
bool pl011_receive_break(struct device *device);

#endif
