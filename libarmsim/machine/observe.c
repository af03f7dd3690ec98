/* Breakpoints and watchpoints; what they and hooks need to be asked. */
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

/* Makes the marks in the PEs' code what breakpoints and hooks want them to be. */
static void update_marks(struct armsim_machine *machine)
{
    uint64_t marks[16] = {0};
    bool any = machine->pe_env.asks_system;
    for (size_t i = 0; i < machine->breakpoint_count; i++)
        marks[machine->breakpoints[i] % 4096 / 256] |= 1ull << machine->breakpoints[i] % 256 / 4;
    hooks_mark(machine, marks);
    for (unsigned i = 0; i < 1024; i++) {
        bool on = marks[i / 64] >> (i % 64) & 1;
        if (on != (machine->marks[i / 64] >> (i % 64) & 1))
            icache_set_breakpoint(machine->icache, 4 * i, on);
        any |= on;
    }
    memcpy(machine->marks, marks, sizeof(marks));
    machine->asked = any;
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
    update_marks(machine);
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
    update_marks(machine);
    return 0;
}

/* A breakpoint where the PE already stopped doesn't stop it again before it has moved on. */
static bool stops_at_breakpoint(struct armsim_machine *machine, const struct pe *pe)
{
    if (!machine->breakpoint_count || machine->stop_pending || passage_has(&machine->breakpoint_passage, pe) ||
        !breakpoint_at(machine, pe->pc))
        return false;
    machine->breakpoint_passage = passage_of(pe);
    machine_stop(machine, ARMSIM_STOP_BREAKPOINT, 0);
    return true;
}

void observe_before(void *opaque, struct pe *pe, const uint32_t *word, struct verdict *verdict)
{
    struct armsim_machine *machine = opaque;
    if (machine->unobserved)
        return;
    if (stops_at_breakpoint(machine, pe))
        verdict->kind = VERDICT_HOLD;
    else if (machine->hooks.count)
        hooks_before(machine, pe, word, verdict);
}

/* --- watchpoints --- */

static bool watches_page(void *opaque, uint64_t va, uint64_t pa)
{
    enum { PAGE = 4096 };
    const struct armsim_machine *machine = opaque;
    for (size_t i = 0; i < machine->watchpoint_count; i++)
        if (ranges_overlap(va & ~(uint64_t)(PAGE - 1), PAGE, machine->watchpoints[i].va, machine->watchpoints[i].size))
            return true;
    return hooks_watch_page(machine, va, pa);
}

/* An atomic instruction's access is one that does both, and stops before it reads. */
static bool stops_at_watchpoint(struct armsim_machine *machine, const struct pe *pe, const struct asked_access *access)
{
    if (machine->stop_pending || (access->access->atomic && access->write) ||
        passage_has(&machine->watchpoint_passage, pe))
        return false;
    uint32_t kinds = (access->access->read ? ARMSIM_WATCH_READ : 0u) | (access->access->write ? ARMSIM_WATCH_WRITE : 0u);
    for (size_t i = 0; i < machine->watchpoint_count; i++) {
        const struct watchpoint *point = &machine->watchpoints[i];
        if (!(point->kinds & kinds) || !ranges_overlap(access->va, access->size, point->va, point->size))
            continue;
        machine->watchpoint_passage = passage_of(pe);
        machine->stop.watch_address = access->va;
        machine->stop.watch_size = access->size;
        machine->stop.watch_kinds = kinds;
        machine->stop.watchpoint = point->va;
        machine_stop(machine, ARMSIM_STOP_WATCHPOINT, 0);
        return true;
    }
    return false;
}

static void look_at_access(void *opaque, struct pe *pe, struct asked_access *access, struct verdict *verdict)
{
    struct armsim_machine *machine = opaque;
    if (machine->unobserved)
        return;
    if (machine->watchpoint_count && stops_at_watchpoint(machine, pe, access))
        verdict->kind = VERDICT_HOLD;
    else
        hooks_access(machine, pe, access, verdict);
}

/* The fast TLBs begin anew: what they may hold has changed. */
static void watched_changed(struct armsim_machine *machine)
{
    bool any = machine->watchpoint_count || hooks_want(&machine->hooks, ARMSIM_HOOK_READ) ||
               hooks_want(&machine->hooks, ARMSIM_HOOK_WRITE);
    if (!any && !machine->pe_env.access)
        return;
    machine->pe_env.watches_page = any ? watches_page : NULL;
    machine->pe_env.access = any ? look_at_access : NULL;
    for (unsigned i = 0; i < machine->pe_count; i++)
        pe_flush_fast_tlb(machine->pes[i]);
}

void observe_rearrange(struct armsim_machine *machine, bool system)
{
    const struct hooks *hooks = &machine->hooks;
    machine->pe_env.asks_system = hooks_want(hooks, ARMSIM_HOOK_MRS) || hooks_want(hooks, ARMSIM_HOOK_MSR) ||
                                  hooks_want(hooks, ARMSIM_HOOK_MAINTENANCE);
    machine->pe_env.filled = hooks_want(hooks, ARMSIM_HOOK_TLB_FILL) ? hooks_filled : NULL;
    machine->pe_env.pins_changed = hooks_want(hooks, ARMSIM_HOOK_INTERRUPT) ? hooks_pins_changed : NULL;
    update_marks(machine);
    watched_changed(machine);
    if (system) /* their records have another handler */
        icache_invalidate(machine->icache, 0, UINT64_MAX);
    for (unsigned i = 0; i < machine->pe_count; i++)
        pe_watch_fills(machine->pes[i]);
}

void observe_forget(struct armsim_machine *machine)
{
    machine->breakpoint_passage.valid = machine->watchpoint_passage.valid = false;
    hooks_forget(machine);
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
    watched_changed(machine);
    return 0;
}

int watchpoint_remove(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds)
{
    for (size_t i = 0; i < machine->watchpoint_count; i++) {
        const struct watchpoint *point = &machine->watchpoints[i];
        if (point->va != va || point->size != size || point->kinds != kinds)
            continue;
        machine->watchpoints[i] = machine->watchpoints[--machine->watchpoint_count];
        watched_changed(machine);
        return 0;
    }
    return machine_fail(machine, ARMSIM_ERROR_NOT_FOUND, "no such watchpoint at 0x%llx", (unsigned long long)va);
}

/* --- instructions --- */

static void trace_coming(struct armsim_machine *machine, struct pe *pe)
{
    struct mmu_result at;
    struct armsim_hook_event event = hook_event(machine, pe, ARMSIM_HOOK_INSTRUCTION);
    event.instruction.fetched = look_fetch(machine, pe, &at, &event.instruction.word);
    trace_instruction(machine->trace, &event);
}

bool observe_instruction(struct armsim_machine *machine, struct pe *pe)
{
    struct verdict verdict = {.kind = VERDICT_GO};
    uint64_t pc;
    if (machine->unobserved)
        return true;
    do { /* a hook may move the PE */
        pc = pe->pc;
        if (!pe_comes_to_execute(pe))
            return true;
        observe_before(machine, pe, NULL, &verdict);
    } while (verdict.kind == VERDICT_GO && pe->pc != pc && !machine->stop_pending);
    if (verdict.kind == VERDICT_HOLD || machine->stop_pending) {
        pe_pass_sample_point(pe);
        return false;
    }
    if (verdict.kind != VERDICT_GO)
        pe_step_instead(pe, &verdict);
    if (trace_wants_instructions(machine->trace))
        trace_coming(machine, pe);
    return true;
}
