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

static void tell_listeners(struct armsim_machine *machine, struct pe *pe,
                                                     const struct trap_event *event)
{
    struct armsim_trap trap = trap_ring_publish(event, machine->traps->total - 1);
    if (log_enabled(&machine->log, LOG_EXCEPTION)) {
        char line[640];
        struct text text = text_begin(line, sizeof(line));
        trap_text(&text, &trap, ARMSIM_TRACE_TEXT);
        machine->log.sink(machine->log.opaque, LOG_EXCEPTION, line);
    }
    if (machine->trace)
        trace_trap(machine->trace, &trap);
    hooks_trap(machine, pe, &trap);
    if (machine->trap_filter_on && !machine->stop_pending && filter_matches(machine, &trap)) {
        machine->stop.trap = trap;
        machine_stop(machine, ARMSIM_STOP_TRAP, 0);
    }
}

/* Out of line: env_trap() is on the way of every exception, and nearly always there is no more to do. */
__attribute__((noinline)) static void attend_trap(struct armsim_machine *machine, struct pe *pe, struct trap_event *event)
{
    event->time_ns = machine_time_at(machine, event->instructions);
    if (machine->trap_listeners && !machine->unobserved)
        tell_listeners(machine, pe, event);
}

static void env_trap(void *opaque, struct pe *pe, struct trap_event *event)
{
    struct armsim_machine *machine = opaque;
    uint64_t instructions = machine->base_instructions + (machine->current ? event->instructions : 0);
    event->instructions = instructions;
    event->time_ns = machine->idle_ns + instructions; /* at the nominal frequency */
    if (event->kind == TRAP_RETURN)
        machine->returns++;
    else
        machine->exceptions++;
    trap_ring_push(machine->traps);
    if (UNLIKELY(machine->trap_attention))
        attend_trap(machine, pe, event);
}

void machine_update_listeners(struct armsim_machine *machine)
{
    machine->trap_listeners = hooks_want(&machine->hooks, ARMSIM_HOOK_EXCEPTION) ||
                              hooks_want(&machine->hooks, ARMSIM_HOOK_RETURN) || machine->trap_filter_on || machine->trace ||
                              log_enabled(&machine->log, LOG_EXCEPTION);
    machine->trap_attention = machine->trap_listeners || machine->options.frequency != MACHINE_NS_PER_SECOND;
}

void machine_output(struct armsim_machine *machine, uint32_t port,
                    void (*write)(void *opaque, const uint8_t *data, size_t size), void *opaque, const uint8_t *data,
                    size_t size)
{
    if (machine->muted)
        return;
    if (!hooks_want(&machine->hooks, ARMSIM_HOOK_CONSOLE)) {
        if (write)
            write(opaque, data, size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = data[i];
        if (hooks_console(machine, port, &byte) && write)
            write(opaque, &byte, 1);
    }
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
        .event = &machine->traps->event,
        .trap = env_trap,
        .send_event = env_send_event,
        .broadcast_tlbi = env_broadcast_tlbi,
        .broadcast_icache = env_broadcast_icache,
        .semihosting = env_semihosting,
        .before = observe_before,
    };
}
