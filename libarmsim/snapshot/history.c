#include "libarmsim/snapshot/history.h"

#include "libarmsim/machine/trap_ring.h"
#include "libarmsim/snapshot/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR = 65536, FAR = 1000000 };

/* A state in the past. */
struct point {
    uint64_t instructions, time;
    size_t cursor; /* inputs that came before */
    bool fixed;    /* can't be reached from the one before: it begins the history, or the host changed something ... */
    uint64_t from; /* ... when this much was executed ... */
    size_t from_cursor; /* ... and these inputs had come */
    struct image image;
    struct trap_ring_mark traps;
};

struct history {
    uint64_t interval, max_bytes;
    struct point *points; /* in their order */
    size_t count, capacity;
    struct input_log log;
    uint64_t next;  /* when the next state is due */
    bool touched;   /* the host changed something since the last run ... */
    uint64_t touched_from; /* ... when this much had been executed ... */
    size_t touched_cursor; /* ... and these inputs had come */
    bool repeating; /* an input or a state of the past is put in */

    /* In the past. */
    bool past;
    struct point present; /* where the past ends */
    size_t cursor;        /* the next input to come */
    size_t at;            /* the last point that was passed */
};

static void point_free(struct point *point)
{
    image_free(&point->image);
    *point = (struct point){0};
}

static int point_take(struct armsim_machine *machine, struct point *point, bool fixed)
{
    const struct history *history = machine->history;
    *point = (struct point){
        .instructions = machine_instructions(machine),
        .time = machine_now(machine),
        .fixed = fixed,
        .from = history->touched_from,
        .from_cursor = history->touched_cursor,
        .cursor = history->past ? history->cursor : history->log.count,
        .traps = trap_ring_mark(machine->traps),
    };
    return image_take(machine, &point->image);
}

/* The machine is in this state. Inputs that wait are in the log, too, unless this is the present. */
static int point_put(struct armsim_machine *machine, const struct point *point)
{
    struct history *history = machine->history;
    bool running = machine->running;
    history->repeating = true;
    int error = image_put(machine, &point->image);
    history->repeating = false;
    machine->running = running;
    if (error < 0)
        return error;
    if (point != &history->present)
        machine_drop_inputs(machine);
    history->cursor = point->cursor;
    trap_ring_rewind(machine->traps, &point->traps);
    return 0;
}

/* --- what is kept --- */

/* Memory that only the history needs, about: its states, and copies of pages. */
static uint64_t bytes_kept(const struct history *history)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct image *image = &history->points[i].image;
        bytes += image->state.capacity;
        for (size_t n = 0; n < image->memory.count; n++)
            bytes += pages_copies_new(&image->memory.memory[n],
                                      i ? &history->points[i - 1].image.memory.memory[n] : NULL) * PAGE_BYTES;
    }
    return bytes;
}

static void drop_point(struct history *history, size_t index)
{
    point_free(&history->points[index]);
    history->count--;
    memmove(&history->points[index], &history->points[index + 1],
            (history->count - index) * sizeof(*history->points));
    if (history->at > index || history->at == history->count)
        history->at -= history->at > 0;
}

/* Every second state goes, the older half first; those that can't be reached otherwise only from the beginning. */
static void thin_out(struct history *history)
{
    size_t dropped = 0;
    for (size_t i = 1; i + 1 < history->count; i++) {
        if (history->points[i].fixed)
            continue;
        drop_point(history, i);
        dropped++;
    }
    while (!dropped && history->count > 1) {
        drop_point(history, 0);
        history->points[0].fixed = true;
        dropped++;
    }
}

static int keep(struct armsim_machine *machine, bool fixed, size_t index)
{
    struct history *history = machine->history;
    if (history->count == history->capacity) {
        size_t capacity = history->capacity ? 2 * history->capacity : 16;
        struct point *points = realloc(history->points, capacity * sizeof(*points));
        if (!points)
            return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
        history->points = points;
        history->capacity = capacity;
    }
    struct point point;
    int error = point_take(machine, &point, fixed);
    if (error < 0)
        return error;
    memmove(&history->points[index + 1], &history->points[index],
            (history->count - index) * sizeof(*history->points));
    history->points[index] = point;
    history->count++;
    return 0;
}

static void keep_new(struct armsim_machine *machine, bool fixed)
{
    struct history *history = machine->history;
    if (keep(machine, fixed, history->count) < 0) {
        history_lost(machine);
        return;
    }
    history->next = machine_instructions(machine) + history->interval;
    while (history->max_bytes && history->count > 2 && bytes_kept(history) > history->max_bytes)
        thin_out(history);
}

static void forget(struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        point_free(&history->points[i]);
    history->count = 0;
    if (history->past)
        point_free(&history->present);
    history->past = false;
    input_log_clear(&history->log);
}

/* --- life --- */

void history_destroy(struct armsim_machine *machine)
{
    struct history *history = machine->history;
    if (!history)
        return;
    /* Drives end with what was written last, wherever the machine has been taken to. */
    for (size_t i = 0; history->past && i < history->present.image.drive_count; i++)
        drive_set_changes(&machine->drives[i], &history->present.image.drives[i]);
    forget(history);
    free(history->points);
    free(history);
    machine->history = NULL;
    machine->muted = machine->unobserved = false;
}

static int hold_drives(struct armsim_machine *machine)
{
    for (size_t i = 0; i < MACHINE_MAX_DRIVES && machine->drives[i].base; i++)
        if (drive_hold(&machine->drives[i]) < 0)
            return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    return 0;
}

static int release_drives(struct armsim_machine *machine)
{
    int result = 0;
    for (size_t i = 0; i < MACHINE_MAX_DRIVES && machine->drives[i].base; i++) {
        int error = machine->is_fork ? 0 : drive_release(&machine->drives[i]);
        if (error < 0 && error != -EBUSY)
            result = machine_fail(machine, ARMSIM_ERROR_IO, "drive %zu: what was kept in memory can't be written", i);
    }
    return result;
}

int history_set(struct armsim_machine *machine, uint64_t interval, uint64_t max_bytes)
{
    history_diverge(machine); /* the machine stays where it is */
    history_destroy(machine);
    if (!interval)
        return release_drives(machine);
    int error = image_possible(machine);
    if (error < 0)
        return error;
    if (machine->options.semihosting.enabled && machine->options.semihosting.directory)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED,
                            "history: the guest can change files (semihosting), which don't go back with it");
    if ((error = hold_drives(machine)) < 0)
        return error;
    struct history *history = calloc(1, sizeof(*history));
    if (!history)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    history->interval = interval;
    history->max_bytes = max_bytes;
    machine->history = history;
    if ((error = keep(machine, true, 0)) < 0)
        history_destroy(machine);
    else
        history->next = machine_instructions(machine) + interval;
    return error;
}

bool history_range(const struct armsim_machine *machine, uint64_t *first, uint64_t *last)
{
    const struct history *history = machine->history;
    if (!history || !history->count)
        return false;
    *first = history->points[0].instructions;
    *last = history->past ? history->present.instructions : machine_instructions(machine);
    return true;
}

void history_lost(struct armsim_machine *machine)
{
    struct history *history = machine->history;
    if (!history)
        return;
    forget(history);
    history->touched = true;
    history->touched_from = machine_instructions(machine);
    history->touched_cursor = 0;
    history->next = UINT64_MAX; /* until the next run begins */
    machine->muted = false;
}

/* --- the past --- */

static void be_present(struct armsim_machine *machine)
{
    struct history *history = machine->history;
    history->past = false;
    point_free(&history->present);
    machine->muted = false;
    history->next = machine_instructions(machine) + history->interval;
}

static void return_to_present(struct armsim_machine *machine)
{
    if (point_put(machine, &machine->history->present) == 0)
        be_present(machine);
    else
        machine_stop(machine, ARMSIM_STOP_ERROR, 0);
}

void history_diverge(struct armsim_machine *machine)
{
    struct history *history = machine->history;
    if (!history || !history->past || history->repeating)
        return;
    while (history->count > history->at + 1)
        drop_point(history, history->count - 1);
    input_log_cut(&history->log, history->cursor);
    history->touched = false;
    be_present(machine);
}

void machine_touched(struct armsim_machine *machine)
{
    struct history *history = machine->history;
    if (!history || history->repeating || machine->running)
        return;
    history_diverge(machine);
    if (!history->touched) {
        history->touched_from = machine_instructions(machine);
        history->touched_cursor = history->log.count;
    }
    history->touched = true;
}

void history_failed(struct armsim_machine *machine)
{
    machine_fail(machine, ARMSIM_ERROR_INTERNAL, "history: the past went another way at instruction %llu",
                 (unsigned long long)machine_instructions(machine));
    machine_stop(machine, ARMSIM_STOP_ERROR, 0);
}

static const struct input_record *next_input(const struct history *history)
{
    return history->past && history->cursor < history->log.count ? &history->log.records[history->cursor] : NULL;
}

/* The next state that has to be loaded. */
static const struct point *next_fixed(const struct history *history, size_t *index)
{
    for (size_t i = history->at + 1; history->past && i < history->count; i++) {
        if (history->points[i].fixed) {
            *index = i;
            return &history->points[i];
        }
    }
    return NULL;
}

uint64_t history_due(const struct armsim_machine *machine)
{
    const struct history *history = machine->history;
    if (!history)
        return UINT64_MAX;
    if (!history->past)
        return history->next;
    uint64_t due = history->present.instructions;
    const struct input_record *input = next_input(history);
    size_t index;
    const struct point *point = next_fixed(history, &index);
    if (input && input->instructions < due)
        due = input->in_run ? due : input->instructions;
    if (point && point->from < due)
        due = point->from;
    return due;
}

void history_begin(struct armsim_machine *machine)
{
    struct history *history = machine->history;
    if (!history || history->past || !history->touched)
        return;
    history->touched = false;
    keep_new(machine, true);
}

static void repeat(struct armsim_machine *machine, const struct input_record *input)
{
    struct history *history = machine->history;
    history->repeating = true;
    history->cursor++;
    if (machine_repeat_input(machine, input) == 0)
        machine_deliver_inputs(machine);
    history->repeating = false;
}

static bool is_reached(const struct armsim_machine *machine, const struct point *point)
{
    return machine_instructions(machine) >= point->from && machine->history->cursor >= point->from_cursor;
}

/* The moment at which an input came between two runs. */
static bool is_moment(const struct armsim_machine *machine, const struct input_record *input)
{
    return machine_instructions(machine) == input->instructions && machine_now(machine) == input->time &&
           clock_fired(machine->clock) == input->fired && (!machine->turn.open || input->turn_open);
}

static bool is_missed(const struct armsim_machine *machine, const struct input_record *input)
{
    uint64_t now = machine_instructions(machine);
    return now > input->instructions ||
           (now == input->instructions &&
            (machine_now(machine) > input->time || clock_fired(machine->clock) > input->fired));
}

void history_visit(struct armsim_machine *machine)
{
    struct history *history = machine->history;
    while (history->past && !machine->stop_pending) {
        uint64_t now = machine_instructions(machine);
        size_t index;
        const struct point *point = next_fixed(history, &index);
        const struct input_record *input = next_input(history);
        if (now >= history->present.instructions) {
            return_to_present(machine);
        } else if (point && is_reached(machine, point)) {
            if (point_put(machine, point) < 0)
                machine_stop(machine, ARMSIM_STOP_ERROR, 0);
            history->at = index;
        } else if (input && is_missed(machine, input)) {
            history_failed(machine);
        } else if (input && !input->in_run && is_moment(machine, input)) {
            repeat(machine, input);
        } else {
            break;
        }
    }
    if (!history->past && machine_instructions(machine) >= history->next)
        keep_new(machine, false);
    while (history->past && history->at + 1 < history->count && !history->points[history->at + 1].fixed &&
           history->points[history->at + 1].instructions <= machine_instructions(machine))
        history->at++;
}

bool history_is_ready(const struct armsim_machine *machine)
{
    const struct history *history = machine->history;
    size_t index;
    const struct point *point = next_fixed(history, &index);
    const struct input_record *input = next_input(history);
    return !history->past || machine_instructions(machine) >= history->present.instructions ||
           (point && is_reached(machine, point)) ||
           (input && (is_missed(machine, input) || (!input->in_run && is_moment(machine, input))));
}

uint64_t history_time_limit(const struct armsim_machine *machine)
{
    const struct input_record *input = machine->history ? next_input(machine->history) : NULL;
    bool waits = input && !input->in_run && input->instructions <= machine_instructions(machine);
    return waits ? input->time : CLOCK_NEVER;
}

void history_deliver(struct armsim_machine *machine)
{
    const struct input_record *input;
    while (machine->history && (input = next_input(machine->history)) && input->in_run &&
           input->kind != INPUT_CONSOLE && input->instructions == machine_instructions(machine) &&
           input->time == machine_now(machine))
        repeat(machine, input);
}

const struct input_record *history_take_console(struct armsim_machine *machine)
{
    const struct input_record *input = machine->history ? next_input(machine->history) : NULL;
    if (!input || input->kind != INPUT_CONSOLE)
        return NULL;
    machine->history->cursor++;
    return input;
}

struct input_log *history_log(struct armsim_machine *machine)
{
    return machine->history && !machine->history->past ? &machine->history->log : NULL;
}

bool history_repeats(const struct armsim_machine *machine)
{
    return machine->history && machine->history->repeating;
}

/* --- going --- */

/* The latest state from which the run comes to that instruction count; the first one of all if none is before it. */
static size_t best_point(const struct history *history, uint64_t instructions)
{
    size_t best = 0;
    for (size_t i = 1; i < history->count; i++)
        if (history->points[i].instructions < instructions ||
            (history->points[i].instructions == instructions && !history->points[i].fixed))
            best = i;
    return best;
}

static int repeat_run(struct armsim_machine *machine, uint64_t instructions)
{
    struct armsim_stop kept = machine->stop;
    int error = 0;
    unsigned idle = 0;
    machine->unobserved = true;
    while (error == 0 && machine_instructions(machine) < instructions) {
        uint64_t before = machine_instructions(machine);
        error = machine_run(machine, instructions - before, NULL);
        idle = machine_instructions(machine) > before ? 0 : idle + 1;
        if (idle > 3 && error == 0)
            error = machine_fail(machine, ARMSIM_ERROR_INTERNAL, "history: the past ends at instruction %llu",
                                 (unsigned long long)before);
    }
    machine->unobserved = false;
    machine->stop = kept;
    return error;
}

int history_go_to(struct armsim_machine *machine, uint64_t instructions)
{
    struct history *history = machine->history;
    if (history->touched && !history->past && !history->count) {
        int error = keep(machine, true, 0);
        if (error < 0)
            return error;
    }
    uint64_t first, last;
    if (!history_range(machine, &first, &last) || instructions < first || instructions > last)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "history: instruction %llu is not in it",
                            (unsigned long long)instructions);
    if (!history->past) {
        if (instructions == last)
            return 0;
        int error = point_take(machine, &history->present, true);
        if (error < 0)
            return error;
        history->past = true;
        machine->muted = true;
    } else if (instructions == last) {
        int error = point_put(machine, &history->present);
        if (error == 0)
            be_present(machine);
        return error;
    }
    for (size_t i = 1; i < history->count; i++)
        if (history->points[i].fixed && instructions > history->points[i].from &&
            instructions < history->points[i].instructions)
            return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED,
                                "history: instruction %llu was executed by armsim_step() of one PE of several",
                                (unsigned long long)instructions);
    size_t best = best_point(history, instructions);
    uint64_t now = machine_instructions(machine);
    if (now > instructions || now < history->points[best].instructions || history->at > best) {
        int error = point_put(machine, &history->points[best]);
        if (error < 0)
            return error;
        history->at = best;
        now = history->points[best].instructions;
    }
    /* Going back step by step comes here again and again: a state nearby makes that quick. */
    if (instructions - now > FAR) {
        int error = repeat_run(machine, instructions - NEAR);
        if (error < 0)
            return error;
        if (keep(machine, false, history->at + 1) == 0)
            history->at++;
    }
    return repeat_run(machine, instructions);
}
