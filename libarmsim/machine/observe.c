/* Breakpoints, watchpoints and instruction hooks. */
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
    icache_set_breakpoint(machine->icache, va & 0xfff, true);
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
    for (size_t i = 0; i < machine->breakpoint_count; i++)
        if (((machine->breakpoints[i] ^ va) & 0xfff) == 0)
            return 0;
    icache_set_breakpoint(machine->icache, va & 0xfff, false);
    return 0;
}

static bool has_passed(const struct passage *passage, const struct pe *pe)
{
    return passage->valid && passage->pe == pe->index && passage->pc == pe->pc &&
           passage->instructions == pe_instructions(pe);
}

static struct passage passage_of(const struct pe *pe)
{
    return (struct passage){.valid = true, .pe = pe->index, .pc = pe->pc, .instructions = pe_instructions(pe)};
}

/* A breakpoint where the PE already stopped doesn't stop it again before it has moved on. */
bool observe_breakpoint(void *opaque, struct pe *pe)
{
    struct armsim_machine *machine = opaque;
    if (machine->unobserved || machine->stop_pending || has_passed(&machine->breakpoint_passage, pe) || !breakpoint_at(machine, pe->pc))
        return false;
    machine->breakpoint_passage = passage_of(pe);
    machine_stop(machine, ARMSIM_STOP_BREAKPOINT, 0);
    return true;
}

/* --- watchpoints --- */

/* Addresses are compared without their top byte: where it counts, an access that differs in it only has faulted. */
static uint64_t untagged(uint64_t va)
{
    return va << 8 >> 8;
}

static bool overlap(uint64_t va, uint64_t size, uint64_t other, uint64_t other_size)
{
    return untagged(other - va) < size || untagged(va - other) < other_size;
}

static bool watches_page(void *opaque, uint64_t va)
{
    enum { PAGE = 4096 };
    const struct armsim_machine *machine = opaque;
    for (size_t i = 0; i < machine->watchpoint_count; i++)
        if (overlap(va & ~(uint64_t)(PAGE - 1), PAGE, machine->watchpoints[i].va, machine->watchpoints[i].size))
            return true;
    return false;
}

static bool watch(void *opaque, struct pe *pe, uint64_t va, unsigned size, bool read, bool write)
{
    struct armsim_machine *machine = opaque;
    uint32_t kinds = (read ? ARMSIM_WATCH_READ : 0u) | (write ? ARMSIM_WATCH_WRITE : 0u);
    for (size_t i = 0; i < machine->watchpoint_count; i++) {
        const struct watchpoint *point = &machine->watchpoints[i];
        if (!(point->kinds & kinds) || !overlap(va, size, point->va, point->size))
            continue;
        if (machine->unobserved || machine->stop_pending || has_passed(&machine->watchpoint_passage, pe))
            return false;
        machine->watchpoint_passage = passage_of(pe);
        machine->stop.watch_address = va;
        machine->stop.watch_size = size;
        machine->stop.watch_kinds = kinds;
        machine->stop.watchpoint = point->va;
        machine_stop(machine, ARMSIM_STOP_WATCHPOINT, 0);
        return true;
    }
    return false;
}

/* The fast TLBs begin anew: what they may hold has changed. */
static void watchpoints_changed(struct armsim_machine *machine)
{
    machine->pe_env.watches_page = machine->watchpoint_count ? watches_page : NULL;
    machine->pe_env.watchpoint = machine->watchpoint_count ? watch : NULL;
    for (unsigned i = 0; i < machine->pe_count; i++)
        pe_flush_fast_tlb(machine->pes[i]);
}

int watchpoint_add(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds)
{
    if (machine->watchpoint_count == MACHINE_MAX_WATCHPOINTS)
        return machine_fail(machine, ARMSIM_ERROR_FULL, "watchpoints: %d already", MACHINE_MAX_WATCHPOINTS);
    if (!machine->watchpoints) {
        machine->watchpoints = calloc(MACHINE_MAX_WATCHPOINTS, sizeof(*machine->watchpoints));
        if (!machine->watchpoints)
            return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    }
    machine->watchpoints[machine->watchpoint_count++] = (struct watchpoint){va, size, kinds};
    watchpoints_changed(machine);
    return 0;
}

int watchpoint_remove(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds)
{
    for (size_t i = 0; i < machine->watchpoint_count; i++) {
        const struct watchpoint *point = &machine->watchpoints[i];
        if (point->va != va || point->size != size || point->kinds != kinds)
            continue;
        machine->watchpoints[i] = machine->watchpoints[--machine->watchpoint_count];
        watchpoints_changed(machine);
        return 0;
    }
    return machine_fail(machine, ARMSIM_ERROR_NOT_FOUND, "no such watchpoint at 0x%llx", (unsigned long long)va);
}

/* --- instructions --- */

bool observe_instruction(struct armsim_machine *machine, struct pe *pe)
{
    /* The next step takes an interrupt, not the instruction at the PC. */
    if (pe_at_sample_point(pe) && interrupt_pending(pe, false))
        return true;
    if (machine->breakpoint_count && observe_breakpoint(machine, pe)) {
        pe_pass_sample_point(pe);
        return false;
    }
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
