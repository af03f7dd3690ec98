/* Interrupt lines: a level that somebody drives and one sink that listens. */
#ifndef ARMSIM_FABRIC_IRQ_H
#define ARMSIM_FABRIC_IRQ_H

#include <stdbool.h>

/* The sink's view of one line. Owned by the sink; drivers hold a pointer to it. */
struct irq_line {
    void (*set)(void *opaque, unsigned number, bool level);
    void *opaque;
    unsigned number;
    bool level;
};

/* Drives the line; the sink hears of changes only. A NULL line is unconnected: allowed and ignored. */
static inline void irq_set(struct irq_line *line, bool level)
{
    if (line && line->level != level) {
        line->level = level;
        line->set(line->opaque, line->number, level);
    }
}

static inline void irq_pulse(struct irq_line *line)
{
    irq_set(line, true);
    irq_set(line, false);
}

#endif
