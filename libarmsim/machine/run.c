/*
 * The run loop.
 *
 * Virtual time is a function of the instructions that all PEs have executed, plus the idle time that was skipped.
 * PEs have turns, round-robin. A turn ends at the first sample point (see pe_at_sample_point()) at which its
 * instructions are used up or a clock event is due; only there events fire and pins change from outside. Where the
 * caller cuts a run (limits, single steps, hooks) is therefore invisible to the guest: a cut turn goes on later.
 */
#include "libarmsim/machine/machine.h"

#include "cpu/pmu.h"
#include "libarmsim/machine/interrupts.h"
#include "libarmsim/machine/observe.h"
#include "libarmsim/machine/trace.h"
#include "libarmsim/snapshot/history.h"

#include <string.h>

enum {
    /* A turn without competitors: only how often stop requests are looked at depends on it. */
    SOLE_TURN = 1000000,
    /* The longest way from any instruction to the next sample point: two pages of straight-line code. */
    SAMPLE_DISTANCE = 2048,
};

uint64_t machine_duration(const struct armsim_machine *machine, uint64_t instructions)
{
    return (uint64_t)((unsigned __int128)instructions * MACHINE_NS_PER_SECOND / machine->options.frequency);
}

uint64_t machine_instructions(const struct armsim_machine *machine)
{
    return machine->base_instructions + (machine->current ? pe_instructions(machine->current) : 0);
}

uint64_t machine_now(const struct armsim_machine *machine)
{
    return machine_time_at(machine, machine_instructions(machine));
}

/* Instructions from now until virtual time is at least `time`. */
static uint64_t instructions_until(const struct armsim_machine *machine, uint64_t time)
{
    uint64_t now = machine_instructions(machine);
    if (time <= machine->idle_ns)
        return 0;
    unsigned __int128 count = time - machine->idle_ns;
    if (machine->options.frequency != MACHINE_NS_PER_SECOND)
        count = (count * machine->options.frequency + MACHINE_NS_PER_SECOND - 1) / MACHINE_NS_PER_SECOND;
    if (count <= now)
        return 0;
    count -= now;
    return count > UINT64_MAX ? UINT64_MAX : (uint64_t)count;
}

static uint64_t clock_source(void *opaque)
{
    return machine_now(opaque);
}

/* An event was scheduled earlier than all others: the running turn ends there. */
static void deadline_moved(void *opaque, uint64_t deadline)
{
    struct armsim_machine *machine = opaque;
    if (machine->current)
        pe_shorten(machine->current, instructions_until(machine, deadline));
}

void machine_install_clock(struct armsim_machine *machine)
{
    clock_set_source(machine->clock, clock_source, machine);
    clock_set_deadline_watch(machine->clock, deadline_moved, machine);
}

void machine_stop(struct armsim_machine *machine, enum armsim_stop_reason reason, uint32_t code)
{
    if (machine->stop_pending)
        return;
    machine->stop_pending = true;
    machine->stop.reason = reason;
    machine->stop.code = code;
    if (machine->current)
        pe_request_exit(machine->current);
}

void machine_stop_error(struct armsim_machine *machine, int error)
{
    if (machine->stop_pending)
        return;
    machine->stop_error = error;
    machine_stop(machine, ARMSIM_STOP_ERROR, 0);
}

static void enter_pe(struct armsim_machine *machine, struct pe *pe)
{
    machine->base_instructions -= pe_instructions(pe);
    machine->current = pe;
    machine->last_pe = pe->index;
}

static void leave_pe(struct armsim_machine *machine)
{
    struct pe *pe = machine->current;
    machine->base_instructions += pe_instructions(pe);
    machine->current = NULL;
    if (pe->power == PE_WFE)
        machine_begin_wfe(machine, pe);
}

static bool can_run(struct armsim_machine *machine, struct pe *pe)
{
    if (pe->power == PE_RUNNING)
        return true;
    bool was_wfe = pe->power == PE_WFE;
    if (!pe_wake(pe))
        return false;
    if (was_wfe)
        machine_end_wfe(machine, pe);
    return true;
}

/* Instructions until a performance counter's overflow interrupts; UINT64_MAX: none will. */
static uint64_t until_overflow(const struct pe *pe)
{
    if (!pe->pmu.counting)
        return UINT64_MAX;
    uint64_t left = pmu_next_overflow(pe), since = pe_instructions(pe) - pe->pmu.last;
    return left == UINT64_MAX ? left : left > since ? left - since : 0;
}

/* Chooses the next PE that can run. False: all wait. */
static bool open_turn(struct armsim_machine *machine)
{
    for (unsigned i = 1; i <= machine->pe_count; i++) {
        unsigned index = (machine->turn.pe + i) % machine->pe_count;
        struct pe *pe = machine->pes[index];
        if (!can_run(machine, pe))
            continue;
        uint64_t length = machine->pe_count == 1 ? SOLE_TURN : machine->options.quantum;
        machine->turn = (struct turn){.open = true, .pe = index, .end = pe_instructions(pe) + length};
        machine->turns++;
        machine->idle_reported = 0;
        return true;
    }
    return false;
}

static bool turn_is_over(const struct armsim_machine *machine)
{
    const struct pe *pe = machine->pes[machine->turn.pe];
    return pe_instructions(pe) >= machine->turn.end || pe->power != PE_RUNNING;
}

/* All PEs wait. Skips to the next event, or says why nothing happens. */
static void be_idle(struct armsim_machine *machine)
{
    uint64_t deadline = clock_next_deadline(machine->clock), limit = history_time_limit(machine);
    if (limit < deadline)
        deadline = limit;
    if (deadline == CLOCK_NEVER) {
        machine_stop(machine, machine_input_possible(machine) ? ARMSIM_STOP_WAITING : ARMSIM_STOP_DEADLOCK, 0);
        return;
    }
    uint64_t now = machine_now(machine);
    if (deadline > now) {
        if (machine->idle_stop && !machine->unobserved && machine->idle_reported != deadline) {
            machine->idle_reported = deadline;
            machine->stop.idle_until_ns = deadline;
            machine_stop(machine, ARMSIM_STOP_IDLE, 0);
            return;
        }
        machine->idle_ns += deadline - now;
        machine->skipped_ns += deadline - now;
    }
    clock_advance(machine->clock, machine_now(machine));
}

void machine_advance_idle(struct armsim_machine *machine, uint64_t time)
{
    for (unsigned i = 0; i < machine->pe_count; i++)
        if (can_run(machine, machine->pes[i]))
            return;
    uint64_t deadline = clock_next_deadline(machine->clock), now = machine_now(machine);
    uint64_t to = time < deadline ? time : deadline;
    if (to <= now)
        return;
    machine->idle_ns += to - now;
    machine->skipped_ns += to - now;
    clock_advance(machine->clock, to);
}

/* Whether each instruction must be looked at before it runs. */
static bool is_observed(const struct armsim_machine *machine)
{
    return !machine->unobserved && (machine->hooks.steps || trace_wants_instructions(machine->trace));
}

static bool event_is_due(const struct armsim_machine *machine)
{
    uint64_t deadline = clock_next_deadline(machine->clock);
    return deadline != CLOCK_NEVER && deadline <= machine_now(machine);
}

/* One instruction at a time, until the turn is cut or over, or `end` (all PEs' instructions) is reached. */
static void step_turn(struct armsim_machine *machine, struct pe *pe, uint64_t end, bool observed)
{
    do {
        if ((observed || machine->asked) && !observe_instruction(machine, pe))
            return;
        if (pe_step(pe) == PE_EXIT_WAIT)
            return;
        if (machine->stop_pending || atomic_load_explicit(&machine->stop_requested, memory_order_relaxed))
            return;
        observed = observed && is_observed(machine);
    } while (machine_instructions(machine) < end &&
             !(pe_at_sample_point(pe) &&
               (turn_is_over(machine) || event_is_due(machine) || until_overflow(pe) == 0)));
}

/* Runs the open turn's PE up to a boundary, `end` at the latest. */
static void run_turn(struct armsim_machine *machine, uint64_t end)
{
    struct pe *pe = machine->pes[machine->turn.pe];
    uint64_t done = pe_instructions(pe);
    uint64_t budget = machine->turn.end > done ? machine->turn.end - done : 0;
    uint64_t deadline = clock_next_deadline(machine->clock);
    if (deadline != CLOCK_NEVER) {
        uint64_t until = instructions_until(machine, deadline);
        if (until < budget)
            budget = until;
    }
    if (until_overflow(pe) < budget)
        budget = until_overflow(pe);
    uint64_t left = end - machine_instructions(machine);
    uint64_t exact = left > SAMPLE_DISTANCE ? left - SAMPLE_DISTANCE : 0;
    enter_pe(machine, pe);
    if (is_observed(machine) || exact == 0)
        step_turn(machine, pe, end, is_observed(machine));
    else
        pe_run(pe, budget < exact ? budget : exact);
    leave_pe(machine);
}

/*
 * Time, events and inputs take effect here. Counters are brought up to date only where the flow of the guest alone
 * says so, not at a cut.
 */
static void at_boundary(struct armsim_machine *machine)
{
    clock_advance(machine->clock, machine_now(machine));
    machine->at_boundary = true;
    machine_deliver_inputs(machine);
    history_deliver(machine);
    machine->at_boundary = false;
    if (!machine->turn.open)
        return;
    struct pe *pe = machine->pes[machine->turn.pe];
    bool over = turn_is_over(machine);
    if (pe->pmu.counting && (over || until_overflow(pe) == 0))
        pmu_poll(pe);
    machine->turn.open = !over;
}

static bool at_sample_point(const struct armsim_machine *machine)
{
    return !machine->turn.open || pe_at_sample_point(machine->pes[machine->turn.pe]);
}

static bool take_stop_request(struct armsim_machine *machine)
{
    if (machine->unobserved || !atomic_load_explicit(&machine->stop_requested, memory_order_relaxed) ||
        !atomic_exchange(&machine->stop_requested, false))
        return false;
    machine_stop(machine, ARMSIM_STOP_REQUEST, 0);
    return true;
}

static void begin(struct armsim_machine *machine)
{
    machine->running = machine->started = true;
    machine->stop_pending = false;
    machine->stop_error = ARMSIM_ERROR_INTERNAL;
    hooks_interrupted(machine);
    memset(&machine->stop, 0, sizeof(machine->stop));
    machine_deliver_inputs(machine);
    history_begin(machine);
}

static void end_run(struct armsim_machine *machine, uint64_t start, struct armsim_stop *why)
{
    machine->running = false;
    trace_flush(machine->trace);
    struct armsim_stop *stop = &machine->stop;
    stop->pe = machine->last_pe;
    stop->pc = machine->pes[machine->last_pe]->pc;
    stop->instructions = machine_instructions(machine);
    stop->executed = stop->instructions - start;
    stop->time_ns = machine_now(machine);
    if (!why)
        return;
    size_t size = why->size < sizeof(*stop) ? why->size : sizeof(*stop);
    stop->size = why->size;
    memcpy(why, stop, size);
}

static uint64_t limit_of(const struct armsim_machine *machine, uint64_t limit)
{
    uint64_t done = machine_instructions(machine);
    return limit > UINT64_MAX - done ? UINT64_MAX : done + limit;
}

/* Where the open turn must end: `end`, or earlier if it is the turn of `one`. */
static uint64_t limited(const struct armsim_machine *machine, uint64_t end, const struct pe *one, uint64_t own_end)
{
    uint64_t done = machine_instructions(machine), due = history_due(machine);
    if (due < end)
        end = due;
    if (!one || one->index != machine->turn.pe || own_end - pe_instructions(one) >= end - done)
        return end;
    return done + (own_end - pe_instructions(one));
}

/* The history has something to do at this instruction count. False: and did not let the run go on. */
static bool visit_history(struct armsim_machine *machine)
{
    if (machine_instructions(machine) < history_due(machine))
        return true;
    if (history_is_ready(machine)) {
        history_visit(machine);
    } else if (at_sample_point(machine) && (at_boundary(machine), history_is_ready(machine))) {
        /* it is ready now */
    } else if (machine->turn.open || open_turn(machine)) {
        history_failed(machine);
    } else {
        be_idle(machine);
    }
    return false;
}

/* Runs until all PEs together have executed up to `end`, or one of them (NULL: none) up to `own_end`. */
static int run_until(struct armsim_machine *machine, uint64_t end, const struct pe *one, uint64_t own_end,
                     struct armsim_stop *why)
{
    uint64_t start = machine_instructions(machine);
    begin(machine);
    while (!machine->stop_pending && !take_stop_request(machine)) {
        if (machine_instructions(machine) >= end || (one && pe_instructions(one) >= own_end)) {
            machine_stop(machine, ARMSIM_STOP_LIMIT, 0);
            break;
        }
        if (machine->history && !visit_history(machine))
            continue;
        if (at_sample_point(machine)) {
            at_boundary(machine);
            if (machine->stop_pending)
                break;
            if (machine->history && machine_instructions(machine) >= history_due(machine))
                continue;
        }
        if (machine->turn.open || open_turn(machine))
            run_turn(machine, limited(machine, end, one, own_end));
        else
            be_idle(machine);
    }
    end_run(machine, start, why);
    return machine->stop.reason == ARMSIM_STOP_ERROR ? machine->stop_error : 0;
}

int machine_run(struct armsim_machine *machine, uint64_t limit, struct armsim_stop *why)
{
    return run_until(machine, limit_of(machine, limit), NULL, 0, why);
}

int machine_run_pe(struct armsim_machine *machine, unsigned pe, uint64_t count, uint64_t limit,
                   struct armsim_stop *why)
{
    const struct pe *one = machine->pes[pe];
    uint64_t done = pe_instructions(one);
    return run_until(machine, limit_of(machine, limit), one, count > UINT64_MAX - done ? UINT64_MAX : done + count,
                     why);
}

int machine_step(struct armsim_machine *machine, unsigned index, uint64_t count, struct armsim_stop *why)
{
    uint64_t start = machine_instructions(machine);
    struct pe *pe = machine->pes[index];
    begin(machine);
    machine->last_pe = index;
    while (!machine->stop_pending && !take_stop_request(machine)) {
        if (!count) {
            machine_stop(machine, ARMSIM_STOP_LIMIT, 0);
            break;
        }
        if (pe_at_sample_point(pe)) {
            clock_advance(machine->clock, machine_now(machine));
            machine_deliver_inputs(machine);
            if (until_overflow(pe) == 0)
                pmu_poll(pe);
        }
        if (!can_run(machine, pe)) {
            be_idle(machine);
            continue;
        }
        enter_pe(machine, pe);
        if (!(is_observed(machine) || machine->asked) || observe_instruction(machine, pe)) {
            pe_step(pe);
            count--;
        }
        leave_pe(machine);
    }
    end_run(machine, start, why);
    return machine->stop.reason == ARMSIM_STOP_ERROR ? machine->stop_error : 0;
}
