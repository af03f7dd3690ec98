/* What a PE may ask of its machine: struct pe_env. */
#include "libarmsim/machine/machine.h"

#include "libarmsim/machine/observe.h"
#include "libarmsim/machine/trace.h"
#include "libarmsim/machine/trap_ring.h"
#include "libarmsim/machine/trap_text.h"

#include <string.h>

_Static_assert((int)ARMSIM_TRAP_SYNC == (int)TRAP_SYNC && (int)ARMSIM_TRAP_IRQ == (int)TRAP_IRQ &&
                   (int)ARMSIM_TRAP_FIQ == (int)TRAP_FIQ && (int)ARMSIM_TRAP_SERROR == (int)TRAP_SERROR &&
                   (int)ARMSIM_TRAP_VIRQ == (int)TRAP_VIRQ && (int)ARMSIM_TRAP_VFIQ == (int)TRAP_VFIQ &&
                   (int)ARMSIM_TRAP_VSERROR == (int)TRAP_VSERROR && (int)ARMSIM_TRAP_RETURN == (int)TRAP_RETURN,
               "public and internal kinds have the same numbers");

static bool filter_matches(const struct armsim_machine *machine, const struct armsim_trap *trap)
{
    const struct armsim_trap_filter *filter = &machine->trap_filter;
    return (filter->pe == ARMSIM_ANY || filter->pe == trap->pe) && filter->kinds >> trap->kind & 1 &&
           filter->from_els >> trap->from_el & 1 && filter->to_els >> trap->to_el & 1 &&
           (trap->kind != ARMSIM_TRAP_SYNC || filter->classes >> (trap->ec & 63) & 1) &&
           (!filter->why || strcmp(filter->why, trap->why) == 0);
}

/* Out of line: env_trap() is on the way of every exception, and nearly always nobody listens. */
__attribute__((noinline)) static void tell_listeners(struct armsim_machine *machine, const struct armsim_trap *trap)
{
    if (log_enabled(&machine->log, LOG_EXCEPTION)) {
        char line[640];
        struct text text = text_begin(line, sizeof(line));
        trap_text(&text, trap, ARMSIM_TRACE_TEXT);
        machine->log.sink(machine->log.opaque, LOG_EXCEPTION, line);
    }
    if (machine->trace)
        trace_trap(machine->trace, trap);
    if (machine->trap_fn) {
        struct armsim_trap copy = *trap; /* the callback may cause more records */
        machine->trap_fn(machine->trap_opaque, machine, &copy);
    }
    if (machine->trap_filter_on && !machine->stop_pending && filter_matches(machine, trap)) {
        machine->stop.trap = *trap;
        machine_stop(machine, ARMSIM_STOP_TRAP, 0);
    }
}

static void env_trap(void *opaque, struct pe *pe, const struct trap_event *event)
{
    struct armsim_machine *machine = opaque;
    bool is_return = event->kind == TRAP_RETURN;
    struct armsim_trap *trap = trap_ring_next(machine->traps);
    trap->instructions = machine_instructions(machine);
    trap->time_ns = machine_time_at(machine, trap->instructions);
    trap->pe = pe->index;
    trap->kind = (enum armsim_trap_kind)event->kind;
    trap->from_el = event->from_el;
    trap->to_el = event->to_el;
    trap->from_aarch32 = event->from_aarch32;
    trap->to_aarch32 = event->to_aarch32;
    trap->from_secure = event->from_secure;
    trap->to_secure = event->to_secure;
    trap->vector_offset = event->vector_offset;
    trap->ec = event->kind == TRAP_SYNC ? event->esr >> 26 & 63 : 0;
    trap->pc = pe->pc;
    trap->esr = event->esr;
    trap->far = event->far;
    trap->hpfar = event->hpfar;
    trap->elr = event->elr;
    trap->spsr = event->spsr;
    trap->why = event->why;
    trap_ring_count(machine->traps, trap);
    if (is_return)
        machine->returns++;
    else
        machine->exceptions++;
    if (machine->trap_listeners && !machine->unobserved)
        tell_listeners(machine, trap);
}

void machine_update_listeners(struct armsim_machine *machine)
{
    machine->trap_listeners = machine->trap_fn || machine->trap_filter_on || machine->trace ||
                              log_enabled(&machine->log, LOG_EXCEPTION);
}

static void env_send_event(void *opaque)
{
    struct armsim_machine *machine = opaque;
    for (unsigned i = 0; i < machine->pe_count; i++)
        machine->pes[i]->event_register = true;
}

static void env_broadcast_tlbi(void *opaque, struct pe *from, const struct tlbi *tlbi)
{
    struct armsim_machine *machine = opaque;
    for (unsigned i = 0; i < machine->pe_count; i++) {
        struct pe *pe = machine->pes[i];
        if (pe != from)
            mmu_tlbi(pe->mmu, tlbi);
    }
}

static void env_broadcast_icache(void *opaque, struct pe *from, bool all, uint64_t pa)
{
    struct armsim_machine *machine = opaque;
    enum { LINE_BYTES = 64 }; /* the instruction cache is one for all PEs, so that one invalidation reaches all */
    if (all)
        icache_invalidate(machine->icache, 0, UINT64_MAX);
    else
        icache_invalidate(machine->icache, pa & ~(uint64_t)(LINE_BYTES - 1), LINE_BYTES);
}

static bool env_conduit(void *opaque, struct pe *pe, bool smc, uint16_t imm)
{
    struct armsim_machine *machine = opaque;
    return machine->conduit && machine->conduit(machine, pe, smc, imm);
}

void machine_set_conduit(struct armsim_machine *machine,
                         bool (*conduit)(struct armsim_machine *machine, struct pe *pe, bool smc, uint16_t imm))
{
    machine->conduit = conduit;
    machine->pe_env.conduit = conduit ? env_conduit : NULL;
}

static bool env_semihosting(void *opaque, struct pe *pe)
{
    struct armsim_machine *machine = opaque;
    return machine->semihosting && machine->semihosting(machine, pe);
}

void machine_install_env(struct armsim_machine *machine)
{
    machine->pe_env = (struct pe_env){
        .bus = machine->bus,
        .clock = machine->clock,
        .log = &machine->log,
        .icache = machine->icache,
        .machine = machine,
        .impdef = &machine->impdefs,
        .trap = env_trap,
        .send_event = env_send_event,
        .broadcast_tlbi = env_broadcast_tlbi,
        .broadcast_icache = env_broadcast_icache,
        .semihosting = env_semihosting,
        .breakpoint = observe_breakpoint,
    };
}
