/* The record of an exception entry or return, written where the environment wants it. */
#ifndef ARMSIM_CPU_TRAP_EVENT_H
#define ARMSIM_CPU_TRAP_EVENT_H

#include "cpu/control.h"
#include "cpu/interp/interp.h"

/* With what both kinds have: the PE's state has changed already, `from` and `from_secure` are what it was, `to` is its level now. */
static inline struct trap_event *new_trap_event(const struct pe *pe, enum trap_kind kind, unsigned from, bool from_secure,
                                                const struct el_context *to)
{
    struct trap_event *event = *pe->env->event;
    event->kind = (uint8_t)kind;
    event->from_el = (uint8_t)from;
    event->to_el = pe->pstate.el;
    event->from_aarch32 = event->to_aarch32 = false;
    event->from_secure = from_secure;
    event->to_secure = to->secure;
    event->pe = pe->index;
    event->pc = pe->pc;
    event->instructions = interp_instructions(pe);
    return event;
}

#endif
