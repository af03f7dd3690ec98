/* Running, stopping, resetting. */
#include "libarmsim/api/check.h"
#include "libarmsim/machine/observe.h"

#include <string.h>

const char *armsim_stop_name(enum armsim_stop_reason reason)
{
    static const char *const names[] = {
        [ARMSIM_STOP_LIMIT] = "limit",
        [ARMSIM_STOP_POWER_OFF] = "power-off",
        [ARMSIM_STOP_RESET] = "reset",
        [ARMSIM_STOP_DEADLOCK] = "deadlock",
        [ARMSIM_STOP_WAITING] = "waiting",
        [ARMSIM_STOP_IDLE] = "idle",
        [ARMSIM_STOP_SEMIHOSTING] = "semihosting-exit",
        [ARMSIM_STOP_BREAKPOINT] = "breakpoint",
        [ARMSIM_STOP_TRAP] = "trap",
        [ARMSIM_STOP_REQUEST] = "request",
        [ARMSIM_STOP_ERROR] = "error",
        [ARMSIM_STOP_WATCHPOINT] = "watchpoint",
        [ARMSIM_STOP_HOOK] = "hook",
    };
    return (unsigned)reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "unknown";
}

/* A stop struct must say how large it is, and have room for the reason at least. */
static bool valid_stop(const struct armsim_stop *why)
{
    return !why || (why->size >= offsetof(struct armsim_stop, pe) && why->size <= 65536);
}

int armsim_run(struct armsim_machine *machine, uint64_t limit, struct armsim_stop *why)
{
    REQUIRE(machine, valid_stop(why));
    REQUIRE_STOPPED(machine);
    return machine_run(machine, limit, why);
}

int armsim_run_pe(struct armsim_machine *machine, uint32_t pe, uint64_t count, uint64_t limit,
                  struct armsim_stop *why)
{
    REQUIRE(machine, valid_stop(why) && pe < machine->pe_count);
    REQUIRE_STOPPED(machine);
    return machine_run_pe(machine, pe, count, limit, why);
}

int armsim_step(struct armsim_machine *machine, uint32_t pe, uint64_t count, struct armsim_stop *why)
{
    REQUIRE(machine, valid_stop(why) && pe < machine->pe_count);
    REQUIRE_STOPPED(machine);
    if (machine->pe_count == 1) /* the same, and a history can repeat it */
        return machine_run(machine, count, why);
    machine_touched(machine);
    return machine_step(machine, pe, count, why);
}

void armsim_request_stop(struct armsim_machine *machine)
{
    if (machine)
        atomic_store_explicit(&machine->stop_requested, true, memory_order_relaxed);
}

int armsim_set_idle_stop(struct armsim_machine *machine, bool on)
{
    REQUIRE(machine, true);
    machine->idle_stop = on;
    machine->idle_reported = 0;
    return 0;
}

int armsim_advance_idle(struct armsim_machine *machine, uint64_t time_ns)
{
    REQUIRE(machine, true);
    REQUIRE_STOPPED(machine);
    machine_advance_idle(machine, time_ns);
    return 0;
}

int armsim_reset(struct armsim_machine *machine, enum armsim_reset_kind kind)
{
    REQUIRE(machine, kind == ARMSIM_RESET_COLD || kind == ARMSIM_RESET_WARM);
    REQUIRE_STOPPED(machine);
    machine_touched(machine);
    return machine_reset(machine, kind == ARMSIM_RESET_COLD);
}

int armsim_reset_pe(struct armsim_machine *machine, uint32_t pe)
{
    REQUIRE(machine, pe < machine->pe_count);
    REQUIRE_STOPPED(machine);
    machine_touched(machine);
    pe_reset(machine->pes[pe], true);
    machine->pes[pe]->power = PE_RUNNING;
    return 0;
}

uint64_t armsim_time_ns(const struct armsim_machine *machine)
{
    return usable(machine) ? machine_now(machine) : 0;
}

uint64_t armsim_instructions(const struct armsim_machine *machine)
{
    return usable(machine) ? machine_instructions(machine) : 0;
}

_Static_assert((int)ARMSIM_PE_RUNNING == (int)PE_RUNNING && (int)ARMSIM_PE_WFI == (int)PE_WFI &&
                   (int)ARMSIM_PE_WFE == (int)PE_WFE && (int)ARMSIM_PE_OFF == (int)PE_OFF,
               "public and internal PE states have the same numbers");

int armsim_pe_state(const struct armsim_machine *machine, uint32_t pe)
{
    REQUIRE_CONST(machine, pe < machine->pe_count);
    return (int)machine->pes[pe]->power;
}

int armsim_set_pe_state(struct armsim_machine *machine, uint32_t pe, enum armsim_pe_state state)
{
    REQUIRE(machine, pe < machine->pe_count && (unsigned)state <= ARMSIM_PE_OFF);
    REQUIRE_STOPPED(machine);
    machine_touched(machine);
    machine->pes[pe]->power = (enum pe_power)state;
    return 0;
}

uint32_t armsim_current_pe(const struct armsim_machine *machine)
{
    return usable(machine) ? machine->last_pe : 0;
}

int armsim_breakpoint_add(struct armsim_machine *machine, uint64_t va)
{
    REQUIRE(machine, va % 4 == 0);
    return breakpoint_add(machine, va);
}

int armsim_breakpoint_remove(struct armsim_machine *machine, uint64_t va)
{
    REQUIRE(machine, va % 4 == 0);
    return breakpoint_remove(machine, va);
}

int armsim_watchpoint_add(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds)
{
    REQUIRE(machine, size && size <= 1ull << 55 && kinds && !(kinds & ~(uint32_t)ARMSIM_WATCH_ACCESS));
    return watchpoint_add(machine, va, size, kinds);
}

int armsim_watchpoint_remove(struct armsim_machine *machine, uint64_t va, uint64_t size, uint32_t kinds)
{
    REQUIRE(machine, true);
    return watchpoint_remove(machine, va, size, kinds);
}

int armsim_stop_on_trap(struct armsim_machine *machine, const struct armsim_trap_filter *filter)
{
    REQUIRE(machine, !filter || !filter->why || strlen(filter->why) < sizeof(machine->trap_filter_why));
    machine->trap_filter_on = filter != NULL;
    if (filter) {
        machine->trap_filter = *filter;
        if (filter->why) {
            memcpy(machine->trap_filter_why, filter->why, strlen(filter->why) + 1);
            machine->trap_filter.why = machine->trap_filter_why;
        }
    }
    machine_update_listeners(machine);
    return 0;
}
