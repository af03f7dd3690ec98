/*
 * The Generic Timer of one PE: Arm ARM (DDI 0487) chapter D12 and section D12.2.4 for the event stream.
 *
 * Counters are functions of the clock: CNTPCT = floor(now * frequency / 10^9) plus the epoch. A timer's output line changes exactly
 * at the first nanosecond at which its condition does. No PE is known here; registers are named by their EL1/EL2 names
 * and redirections (VHE, EL02) are the caller's, as are all traps.
 *
 * There is no memory-mapped counter frame (CNTControlBase): the counter can't be stopped or set.
 */
#ifndef ARMSIM_DEVICES_GENERIC_TIMER_H
#define ARMSIM_DEVICES_GENERIC_TIMER_H

#include "devices/device.h"

#include <stdbool.h>
#include <stdint.h>

#define GENERIC_TIMER_FREQUENCY 62500000ull /* Hz, default */

enum timer_id {
    TIMER_PHYSICAL,           /* CNTP: EL1 physical (Non-secure) */
    TIMER_VIRTUAL,            /* CNTV: EL1 virtual */
    TIMER_HYPERVISOR,         /* CNTHP: Non-secure EL2 physical */
    TIMER_HYPERVISOR_VIRTUAL, /* CNTHV: Non-secure EL2 virtual, FEAT_VHE; without CNTVOFF */
    TIMER_SECURE,             /* CNTPS: Secure physical */
    TIMER_COUNT
};

/* Three registers for each timer, in the order of enum timer_id; then the others. */
enum timer_register {
    TIMER_CNTP_CTL,
    TIMER_CNTP_CVAL,
    TIMER_CNTP_TVAL,
    TIMER_CNTV_CTL,
    TIMER_CNTV_CVAL,
    TIMER_CNTV_TVAL,
    TIMER_CNTHP_CTL,
    TIMER_CNTHP_CVAL,
    TIMER_CNTHP_TVAL,
    TIMER_CNTHV_CTL,
    TIMER_CNTHV_CVAL,
    TIMER_CNTHV_TVAL,
    TIMER_CNTPS_CTL,
    TIMER_CNTPS_CVAL,
    TIMER_CNTPS_TVAL,
    TIMER_CNTVOFF, /* EL2's: stays 0 where EL2 is not implemented */
    TIMER_CNTPCT,  /* read-only */
    TIMER_CNTVCT,  /* read-only: CNTPCT - CNTVOFF; where the offset doesn't apply, the caller reads CNTPCT */
    TIMER_CNTKCTL, /* the event stream's fields EVNTEN, EVNTDIR, EVNTI of CNTKCTL_EL1 (virtual counter) ... */
    TIMER_CNTHCTL, /* ... and of CNTHCTL_EL2 (physical counter); other fields are kept but not used */
    TIMER_REGISTER_COUNT
};

struct generic_timer;

/*
 * `lines` are the outputs in the order of enum timer_id (any may be NULL); `frequency` in Hz, 0 for the default, at
 * most 10^9 (CNTPCT stays below 2^64). NULL: out of memory, or a frequency out of range.
 */
struct generic_timer *generic_timer_create(const struct device_env *env, unsigned index, uint64_t frequency,
                                           struct irq_line *const lines[TIMER_COUNT]);
void generic_timer_destroy(struct generic_timer *timer);
void generic_timer_reset(struct generic_timer *timer);

uint64_t generic_timer_read(const struct generic_timer *timer, enum timer_register reg);
/* Writes to read-only registers are ignored: the instruction is UNDEFINED, so they don't come. */
void generic_timer_write(struct generic_timer *timer, enum timer_register reg, uint64_t value);

/* What CNTPCT was when time began; default 0. Once, before anything is programmed. */
void generic_timer_set_epoch(struct generic_timer *timer, uint64_t epoch);
uint64_t generic_timer_frequency(const struct generic_timer *timer);
uint64_t generic_timer_count(const struct generic_timer *timer); /* CNTPCT */

/*
 * Event stream. Triggers are not simulated one by one: a PE that executes WFE asks whether one has come since it asked
 * last (that is, since its event register was last cleared); a PE that waits has a callback at the next trigger.
 */

/* Whether a trigger has come since the last call that returned true, and forgets it. Call it on WFE. */
bool generic_timer_take_event(struct generic_timer *timer);
/* The first trigger later than `now`: ns, or CLOCK_NEVER when no stream is enabled. */
uint64_t generic_timer_next_event_stream(const struct generic_timer *timer, uint64_t now);
/* The PE waits (or no longer does): `event` of generic_timer_on_event() is called once at the next trigger. */
void generic_timer_wait_event(struct generic_timer *timer, bool waiting);
void generic_timer_on_event(struct generic_timer *timer, void (*event)(void *opaque), void *opaque);

struct state_section generic_timer_section(struct generic_timer *timer);
/* After a load of the section: schedules what is due. */
void generic_timer_loaded(struct generic_timer *timer);

#endif
