/* Breakpoints and instruction hooks. */
#include "libarmsim/machine/observe.h"

#include "cpu/host.h"
#include "libarmsim/machine/look.h"
#include "libarmsim/machine/trace.h"

#include <stdlib.h>
#include <string.h>

/* Index of the first breakpoint not below `va`. */
static size_t breakpoint_find(const struct armsim_machine *machine, uint64_t va)
{
    size_t low = 0, high = machine->breakpoint_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (machine->breakpoints[middle] < va)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool breakpoint_at(const struct armsim_machine *machine, uint64_t va)
{
    size_t index = breakpoint_find(machine, va);
    return index < machine->breakpoint_count && machine->breakpoints[index] == va;
}

int breakpoint_add(struct armsim_machine *machine, uint64_t va)
{
    if (breakpoint_at(machine, va))
        return 0;
    if (machine->breakpoint_count == MACHINE_MAX_BREAKPOINTS)
        return machine_fail(machine, ARMSIM_ERROR_FULL, "breakpoints: %d already", MACHINE_MAX_BREAKPOINTS);
    if (!machine->breakpoints) {
        machine->breakpoints = calloc(MACHINE_MAX_BREAKPOINTS, sizeof(*machine->breakpoints));
        if (!machine->breakpoints)
            return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    }
    size_t index = breakpoint_find(machine, va);
    memmove(&machine->breakpoints[index + 1], &machine->breakpoints[index],
            (machine->breakpoint_count - index) * sizeof(*machine->breakpoints));
    machine->breakpoints[index] = va;
    machine->breakpoint_count++;
    return 0;
}

int breakpoint_remove(struct armsim_machine *machine, uint64_t va)
{
    if (!breakpoint_at(machine, va))
        return machine_fail(machine, ARMSIM_ERROR_NOT_FOUND, "no breakpoint at 0x%llx", (unsigned long long)va);
    size_t index = breakpoint_find(machine, va);
    machine->breakpoint_count--;
    memmove(&machine->breakpoints[index], &machine->breakpoints[index + 1],
            (machine->breakpoint_count - index) * sizeof(*machine->breakpoints));
    return 0;
}

/* A breakpoint where the PE already stopped doesn't stop it again before it has moved on. */
static bool stops_at_breakpoint(struct armsim_machine *machine, const struct pe *pe)
{
    bool passed = machine->breakpoint_pass && machine->breakpoint_pe == pe->index &&
                  machine->breakpoint_passed == machine_instructions(machine);
    if (passed || !breakpoint_at(machine, pe->pc))
        return false;
    machine->breakpoint_pass = true;
    machine->breakpoint_pe = pe->index;
    machine->breakpoint_passed = machine_instructions(machine);
    machine_stop(machine, ARMSIM_STOP_BREAKPOINT, 0);
    return true;
}

bool observe_instruction(struct armsim_machine *machine, struct pe *pe)
{
    /* The next step takes an interrupt, not the instruction at the PC. */
    if (pe_at_sample_point(pe) && interrupt_pending(pe, false))
        return true;
    if (machine->breakpoint_count && stops_at_breakpoint(machine, pe))
        return false;
    bool traced = trace_wants_instructions(machine->trace);
    if (!traced && !machine->instruction_fn)
        return true;
    struct armsim_instruction instruction = {
        .pe = pe->index,
        .el = pe->pstate.el,
        .sp_selected = pe->pstate.sp,
        .secure = host_is_secure(pe),
        .pc = pe->pc,
        .instructions = machine_instructions(machine),
        .time_ns = machine_now(machine),
    };
    instruction.fetched = look_fetch(machine, pe, &instruction.word);
    if (traced)
        trace_instruction(machine->trace, &instruction);
    if (machine->instruction_fn)
        machine->instruction_fn(machine->instruction_opaque, machine, &instruction);
    return !machine->stop_pending;
}
