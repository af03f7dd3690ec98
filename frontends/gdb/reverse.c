/*
 * Going back. The library keeps the machine's past and goes to any instruction count in it; what stops there is found
 * by running again, forward, through a stretch before the present place, with the debugger's points active.
 */
#include "frontends/gdb/internal.h"

#include <inttypes.h>
#include <string.h>

enum {
    /* The first stretch that is searched; each one before it is four times as long, up to the last. */
    FIRST_STRETCH = 1 << 18,
    LAST_STRETCH = 1 << 26,
    /* Runs in which nothing was executed, until the machine is given up. */
    MAX_IDLE = 1000,
};
#define HISTORY_INTERVAL UINT64_C(20000000)
#define HISTORY_BYTES (UINT64_C(1) << 30)

void begin_history(struct gdb *gdb)
{
    uint64_t first, last;
    gdb->own_history = armsim_history(gdb->machine, &first, &last) < 0 &&
                       armsim_set_history(gdb->machine, HISTORY_INTERVAL, HISTORY_BYTES) == 0;
}

void end_history(struct gdb *gdb)
{
    if (gdb->own_history)
        armsim_set_history(gdb->machine, 0, 0);
    gdb->own_history = false;
}

bool gdb_is_in_past(const struct gdb *gdb)
{
    uint64_t first, last;
    return armsim_history(gdb->machine, &first, &last) == 0 && armsim_instructions(gdb->machine) < last;
}

static void fail(struct gdb *gdb)
{
    print(gdb, "%s\n", armsim_last_error(gdb->machine));
    halt(gdb, SIGNAL_INT, gdb->control_pe, "");
}

static void report_beginning(struct gdb *gdb)
{
    halt(gdb, SIGNAL_TRAP, gdb->control_pe, "replaylog:begin;");
}

static bool is_hit(enum armsim_stop_reason reason)
{
    return reason == ARMSIM_STOP_BREAKPOINT || reason == ARMSIM_STOP_WATCHPOINT || reason == ARMSIM_STOP_TRAP;
}

/* Runs again up to an instruction count (of PE `pe`, or of all: ANY), past what stops there. The last stop that counts
 * is left in *last; 1 if there was one, 0, or an error. */
static int run_again(struct gdb *gdb, uint32_t pe, uint64_t goal, uint64_t end, struct armsim_stop *last)
{
    int found = 0;
    unsigned idle = 0;
    while ((pe == ARMSIM_ANY ? armsim_instructions(gdb->machine) : executed(gdb, pe)) < goal) {
        struct armsim_stop stop = {.size = sizeof(stop)};
        uint64_t before = armsim_instructions(gdb->machine);
        if (before >= end)
            break;
        int error = pe == ARMSIM_ANY ? armsim_run(gdb->machine, end - before, &stop)
                                     : armsim_run_pe(gdb->machine, pe, goal - executed(gdb, pe), end - before, &stop);
        if (error < 0)
            return error;
        if (is_hit(stop.reason) && stop.instructions < gdb->back_origin) {
            *last = stop;
            found = 1;
        }
        idle = stop.executed || is_hit(stop.reason) ? 0 : idle + 1;
        if (idle > MAX_IDLE)
            break;
    }
    return found;
}

/* --- one step back --- */

void step_back(struct gdb *gdb, struct cursor *packet)
{
    uint64_t first, last, now = armsim_instructions(gdb->machine), own = executed(gdb, gdb->control_pe);
    struct armsim_stop ignored;
    if (!at_end(packet) || armsim_history(gdb->machine, &first, &last) < 0) {
        reply_error(gdb, EINVAL);
        return;
    }
    gdb->back_origin = now;
    for (uint64_t distance = 1; now > first; distance *= 64) {
        bool all = distance >= now - first;
        if (armsim_go_to(gdb->machine, all ? first : now - distance) < 0) {
            fail(gdb);
            return;
        }
        if (executed(gdb, gdb->control_pe) < own) {
            /* Somewhere in between the PE has executed its last instruction: to the moment before that. */
            if (distance > 1 && (run_again(gdb, gdb->control_pe, own, now, &ignored) < 0 ||
                                 armsim_go_to(gdb->machine, armsim_instructions(gdb->machine) - 1) < 0))
                fail(gdb);
            else
                halt(gdb, SIGNAL_TRAP, gdb->control_pe, "");
            return;
        }
        if (all)
            break;
    }
    report_beginning(gdb);
}

/* --- back to what stops --- */

void continue_back(struct gdb *gdb, struct cursor *packet)
{
    uint64_t first, last;
    if (!at_end(packet) || armsim_history(gdb->machine, &first, &last) < 0) {
        reply_error(gdb, EINVAL);
        return;
    }
    gdb->resume = RESUME_BACK;
    gdb->back_origin = gdb->back_end = armsim_instructions(gdb->machine);
    gdb->back_stretch = FIRST_STRETCH;
    gdb->back_found = gdb->back_failed = false;
    gdb->state = GDB_RUNNING;
}

void search_back(struct gdb *gdb, struct armsim_stop *stop)
{
    uint64_t first, last, end = gdb->back_end;
    stop->reason = ARMSIM_STOP_LIMIT;
    if (armsim_history(gdb->machine, &first, &last) < 0 || end <= first)
        return;
    uint64_t start = end - first > gdb->back_stretch ? end - gdb->back_stretch : first;
    int found = armsim_go_to(gdb->machine, start);
    if (found == 0)
        found = run_again(gdb, ARMSIM_ANY, end, end, &gdb->back_hit);
    gdb->back_failed = found < 0;
    gdb->back_found = found > 0;
    gdb->back_end = start;
    if (gdb->back_stretch < LAST_STRETCH)
        gdb->back_stretch *= 4;
}

/* To the very moment of a stop. */
static bool go_to_hit(struct gdb *gdb, const struct armsim_stop *hit)
{
    struct armsim_stop stop = {.size = sizeof(stop)};
    /* gdb steps over a watchpoint before it looks, backward as well: it is told behind the access. */
    if (hit->reason == ARMSIM_STOP_WATCHPOINT)
        return armsim_go_to(gdb->machine, hit->instructions + 1) == 0;
    if (armsim_go_to(gdb->machine, hit->instructions) < 0)
        return false;
    /* An interrupt isn't counted: it may have been taken before, or be what stops. A breakpoint stops here once more,
     * so that the machine goes on from it. */
    if (hit->reason == ARMSIM_STOP_TRAP && peek(gdb, hit->trap.pe, ARMSIM_REG_PC) == hit->trap.pc)
        return true;
    return armsim_run(gdb->machine, 1, &stop) == 0 &&
           (stop.reason == hit->reason || armsim_go_to(gdb->machine, hit->instructions) == 0);
}

bool report_back(struct gdb *gdb)
{
    uint64_t first = 0, last;
    if (gdb->back_failed) {
        fail(gdb);
    } else if (gdb->back_found) {
        if (go_to_hit(gdb, &gdb->back_hit))
            report_stop(gdb, &gdb->back_hit);
        else
            fail(gdb);
    } else if (armsim_history(gdb->machine, &first, &last) < 0 || gdb->back_end <= first) {
        armsim_go_to(gdb->machine, first);
        report_beginning(gdb);
    } else {
        return false;
    }
    return true;
}

void interrupt_back(struct gdb *gdb)
{
    armsim_go_to(gdb->machine, gdb->back_end);
}
