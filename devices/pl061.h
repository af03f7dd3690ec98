/* PL061 GPIO. See pl061.c for the registers. */
#ifndef ARMSIM_DEVICES_PL061_H
#define ARMSIM_DEVICES_PL061_H

#include "devices/device.h"

enum { PL061_LINES = 8, PL061_POWER_KEY_LINE = 3, PL061_POWER_OFF_LINE = 0, PL061_RESTART_LINE = 1 };

struct pl061_options {
    bool power_key;     /* describe the key on PL061_POWER_KEY_LINE (a gpio-keys node) */
    bool power_control; /* describe what is behind PL061_POWER_OFF_LINE and PL061_RESTART_LINE (gpio-poweroff, gpio-restart) */
    uint8_t pull_ups;   /* level of input lines that nobody drives */
    /* The levels of the lines configured as outputs changed. May be NULL. */
    void (*output)(void *opaque, uint8_t levels, uint8_t direction);
    void *opaque;
};

struct device *pl061_create(const struct device_env *env, uint64_t base, unsigned pas_mask, struct irq_line *irq,
                            unsigned spi, const struct pl061_options *options);

/* Drives an input line from outside. */
void pl061_set_input(struct device *device, unsigned line, bool level);
/* A key press: the line is high for 100 ms of virtual time. */
void pl061_press(struct device *device, unsigned line);

#endif
