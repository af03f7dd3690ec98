/* Going on and stopping; break- and watchpoints. PE n is thread n + 1. */
#include "frontends/gdb/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Instructions of a PE's turn where only some PEs may run. */
enum { SOME_TURN = 20000 };

/* --- threads --- */

bool take_thread(const struct gdb *gdb, struct cursor *cursor, int64_t *thread)
{
    uint64_t number;
    if (take_text(cursor, "-1")) {
        *thread = -1;
        return true;
    }
    if (!take_hex(cursor, &number) || number > armsim_pe_count(gdb->machine))
        return false;
    *thread = (int64_t)number;
    return true;
}

/* --- stopping --- */

void halt(struct gdb *gdb, int signal, uint32_t pe, const char *reason)
{
    static const unsigned shown[] = {NUMBER_FP, NUMBER_SP, NUMBER_PC, NUMBER_CPSR};
    gdb->state = GDB_HALTED;
    gdb->pe = gdb->control_pe = pe;
    gdb->control_all = false;
    reply_begin(gdb);
    reply_text(gdb, "T%02x%sthread:%" PRIx32 ";", signal, reason, pe + 1);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        append_register(gdb, pe, shown[i]);
    size_t size = gdb->out_size - 1;
    if (size < sizeof(gdb->stop_reply)) {
        memcpy(gdb->stop_reply, gdb->out + 1, size);
        gdb->stop_reply[size] = '\0';
    }
    if (gdb->connected)
        reply_end(gdb);
    else
        gdb->out_size = 0;
}

static void report_breakpoint(struct gdb *gdb, const struct armsim_stop *stop)
{
    bool software = false;
    for (size_t i = 0; i < gdb->point_count; i++)
        software |= gdb->points[i].type == POINT_SOFTWARE && gdb->points[i].va == stop->pc;
    const char *reason = software ? (gdb->knows_swbreak ? "swbreak:;" : "") : (gdb->knows_hwbreak ? "hwbreak:;" : "");
    halt(gdb, SIGNAL_TRAP, stop->pe, reason);
}

static void report_watchpoint(struct gdb *gdb, const struct armsim_stop *stop)
{
    static const char *const names[] = {[POINT_WRITE] = "watch", [POINT_READ] = "rwatch", [POINT_ACCESS] = "awatch"};
    enum point_type type = POINT_ACCESS;
    for (size_t i = 0; i < gdb->point_count; i++) {
        const struct point *point = &gdb->points[i];
        bool fits = (point->type == POINT_WRITE && stop->watch_kinds & ARMSIM_WATCH_WRITE) ||
                    (point->type == POINT_READ && stop->watch_kinds & ARMSIM_WATCH_READ) || point->type == POINT_ACCESS;
        if (fits && point->va == stop->watchpoint)
            type = point->type;
    }
    char reason[64];
    snprintf(reason, sizeof(reason), "%s:%" PRIx64 ";", names[type], stop->watchpoint);
    halt(gdb, SIGNAL_TRAP, stop->pe, reason);
}

static void report_trap(struct gdb *gdb, const struct armsim_stop *stop)
{
    char text[640];
    if (armsim_format_trap(&stop->trap, ARMSIM_TRACE_TEXT, text, sizeof(text)) > 0)
        print(gdb, "%s\n", text);
    halt(gdb, SIGNAL_TRAP, stop->trap.pe, "");
}

void report_stop(struct gdb *gdb, const struct armsim_stop *stop)
{
    if (stop->reason == ARMSIM_STOP_BREAKPOINT)
        report_breakpoint(gdb, stop);
    else if (stop->reason == ARMSIM_STOP_WATCHPOINT)
        report_watchpoint(gdb, stop);
    else
        report_trap(gdb, stop);
}

static bool is_stepping(const struct gdb *gdb)
{
    return gdb->resume == RESUME_STEP || gdb->resume == RESUME_ALONE;
}

uint64_t executed(const struct gdb *gdb, uint32_t pe)
{
    uint64_t count = 0;
    armsim_pe_instructions(gdb->machine, pe, &count);
    return count;
}

static bool has_stepped(const struct gdb *gdb)
{
    return is_stepping(gdb) && executed(gdb, gdb->stepped) >= gdb->step_goal;
}

bool gdb_stopped(struct gdb *gdb, const struct armsim_stop *stop)
{
    if (gdb->state != GDB_RUNNING)
        return false;
    if (gdb->resume == RESUME_BACK) {
        report_back(gdb);
        return true;
    }
    switch (stop->reason) {
    case ARMSIM_STOP_BREAKPOINT:
    case ARMSIM_STOP_WATCHPOINT:
    case ARMSIM_STOP_TRAP:
        report_stop(gdb, stop);
        return true;
    case ARMSIM_STOP_LIMIT:
        if (!has_stepped(gdb))
            return false;
        halt(gdb, SIGNAL_TRAP, gdb->stepped, "");
        return true;
    case ARMSIM_STOP_DEADLOCK:
        if (!gdb->connected)
            return false;
        print(gdb, "nothing can ever happen again: all PEs wait and no event is pending\n");
        halt(gdb, SIGNAL_INT, armsim_current_pe(gdb->machine), "");
        return true;
    default:
        return false;
    }
}

void gdb_exited(struct gdb *gdb, int status)
{
    if (!gdb->connected || gdb->state != GDB_RUNNING)
        return;
    reply_begin(gdb);
    reply_text(gdb, "W%02x", status & 0xff);
    reply_end(gdb);
}

void handle_interrupt(struct gdb *gdb)
{
    if (gdb->state == GDB_RUNNING && gdb->resume == RESUME_BACK)
        interrupt_back(gdb);
    if (gdb->state == GDB_RUNNING)
        halt(gdb, SIGNAL_INT, armsim_current_pe(gdb->machine), "");
}

/* --- going on --- */

/* The next of the PEs that may run and can; without one, the first of them. */
static uint32_t next_resumed(const struct gdb *gdb)
{
    uint32_t count = armsim_pe_count(gdb->machine), last = armsim_current_pe(gdb->machine);
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t pe = (last + i) % count;
        if (gdb->resumed >> pe & 1 && armsim_pe_state(gdb->machine, pe) == ARMSIM_PE_RUNNING)
            return pe;
    }
    return (uint32_t)__builtin_ctzll(gdb->resumed);
}

static int step_once(struct gdb *gdb, uint64_t limit, struct armsim_stop *stop)
{
    uint64_t left_to_do = gdb->step_goal - executed(gdb, gdb->stepped);
    if (gdb->resume == RESUME_STEP)
        return armsim_run_pe(gdb->machine, gdb->stepped, left_to_do, limit, stop);
    return armsim_step(gdb->machine, gdb->stepped, left_to_do, stop);
}

int gdb_run(struct gdb *gdb, uint64_t limit, struct armsim_stop *stop)
{
    if (gdb->resume == RESUME_BACK) {
        search_back(gdb, stop);
        return 0;
    }
    if (gdb->resume == RESUME_ALL)
        return armsim_run(gdb->machine, limit, stop);
    if (gdb->resume == RESUME_SOME)
        return armsim_step(gdb->machine, next_resumed(gdb), limit < SOME_TURN ? limit : SOME_TURN, stop);
    uint64_t start = armsim_instructions(gdb->machine);
    for (;;) {
        int error = step_once(gdb, limit - (armsim_instructions(gdb->machine) - start), stop);
        uint64_t pc = peek(gdb, gdb->stepped, ARMSIM_REG_PC);
        if (error < 0 || stop->reason != ARMSIM_STOP_LIMIT || !has_stepped(gdb) ||
            armsim_instructions(gdb->machine) - start >= limit || pc < gdb->range_start || pc >= gdb->range_end)
            return error;
        gdb->step_goal++;
    }
}

static void start(struct gdb *gdb)
{
    gdb->state = GDB_RUNNING;
    if (is_stepping(gdb)) {
        gdb->step_goal = executed(gdb, gdb->stepped) + 1;
        if (armsim_pe_state(gdb->machine, gdb->stepped) == ARMSIM_PE_OFF)
            halt(gdb, SIGNAL_TRAP, gdb->stepped, "");
    }
}

/* What one PE is to do. */
struct action {
    char what; /* 'c', 's', 'r', or 0: stands still */
    uint64_t start, end;
};

static void resume(struct gdb *gdb, const struct action actions[ARMSIM_MAX_PES])
{
    uint32_t count = armsim_pe_count(gdb->machine), active = 0;
    int64_t stepped = -1;
    gdb->resumed = 0;
    for (uint32_t pe = 0; pe < count; pe++) {
        if (!actions[pe].what)
            continue;
        active++;
        gdb->resumed |= UINT64_C(1) << pe;
        if (actions[pe].what != 'c' && (stepped < 0 || pe == gdb->control_pe))
            stepped = pe;
    }
    if (!active) {
        reply_error(gdb, EINVAL);
        return;
    }
    gdb->range_start = gdb->range_end = 0;
    if (stepped >= 0) {
        gdb->stepped = (uint32_t)stepped;
        gdb->resume = active == 1 && count > 1 ? RESUME_ALONE : RESUME_STEP;
        if (actions[stepped].what == 'r') {
            gdb->range_start = actions[stepped].start;
            gdb->range_end = actions[stepped].end;
        }
    } else {
        gdb->resume = active == count ? RESUME_ALL : RESUME_SOME;
    }
    start(gdb);
}

static bool take_action(struct cursor *packet, struct action *action)
{
    uint64_t signal;
    if (at_end(packet))
        return false;
    char what = *packet->at++;
    switch (what) {
    case 'c':
    case 's':
        *action = (struct action){.what = what};
        return true;
    case 'C':
    case 'S': /* a PE takes no signals */
        *action = (struct action){.what = what == 'C' ? 'c' : 's'};
        return take_hex(packet, &signal);
    case 'r':
        *action = (struct action){.what = 'r'};
        return take_hex(packet, &action->start) && take_char(packet, ',') && take_hex(packet, &action->end);
    default:
        return false;
    }
}

void resume_by_actions(struct gdb *gdb, struct cursor *packet)
{
    struct action actions[ARMSIM_MAX_PES] = {0};
    uint32_t count = armsim_pe_count(gdb->machine);
    while (!at_end(packet)) {
        struct action action;
        int64_t thread = -1;
        if (!take_char(packet, ';') || !take_action(packet, &action) ||
            (take_char(packet, ':') && !take_thread(gdb, packet, &thread))) {
            reply_error(gdb, EINVAL);
            return;
        }
        for (uint32_t pe = 0; pe < count; pe++) /* the first action that fits a PE counts */
            if (!actions[pe].what && (thread == -1 || thread == pe + 1 || (thread == 0 && pe == gdb->control_pe)))
                actions[pe] = action;
    }
    resume(gdb, actions);
}

void resume_one(struct gdb *gdb, char what, struct cursor *packet)
{
    struct action actions[ARMSIM_MAX_PES] = {0};
    uint64_t signal, address;
    bool has_signal = what == 'C' || what == 'S', step = what == 's' || what == 'S';
    if (has_signal && (!take_hex(packet, &signal) || !(at_end(packet) || take_char(packet, ';')))) {
        reply_error(gdb, EINVAL);
        return;
    }
    if (!at_end(packet)) {
        if (!take_hex(packet, &address) || !at_end(packet) ||
            armsim_poke(gdb->machine, gdb->control_pe, ARMSIM_REG_PC, address) < 0) {
            reply_error(gdb, EINVAL);
            return;
        }
    }
    for (uint32_t pe = 0; pe < armsim_pe_count(gdb->machine); pe++)
        actions[pe].what = 'c';
    if (step)
        actions[gdb->control_pe].what = 's';
    resume(gdb, actions);
}

/* --- points --- */

static bool take_point(struct cursor *packet, struct point *point)
{
    uint64_t type;
    if (!take_hex(packet, &type) || type >= POINT_TYPES || !take_char(packet, ',') || !take_hex(packet, &point->va) ||
        !take_char(packet, ',') || !take_hex(packet, &point->size))
        return false;
    point->type = (enum point_type)type;
    return true; /* conditions and commands may follow; they aren't announced, so gdb doesn't send any */
}

static size_t find_point(const struct gdb *gdb, const struct point *point)
{
    size_t i = 0;
    while (i < gdb->point_count && !(gdb->points[i].type == point->type && gdb->points[i].va == point->va &&
                                     gdb->points[i].size == point->size))
        i++;
    return i;
}

static uint32_t kinds_of(enum point_type type)
{
    return type == POINT_WRITE ? ARMSIM_WATCH_WRITE : type == POINT_READ ? ARMSIM_WATCH_READ : ARMSIM_WATCH_ACCESS;
}

static int set_point(struct gdb *gdb, const struct point *point)
{
    if (point->type <= POINT_HARDWARE)
        return armsim_breakpoint_add(gdb->machine, point->va);
    return armsim_watchpoint_add(gdb->machine, point->va, point->size, kinds_of(point->type));
}

/* The machine has one breakpoint for all of the same address. */
static int clear_point(struct gdb *gdb, const struct point *point)
{
    if (point->type > POINT_HARDWARE)
        return armsim_watchpoint_remove(gdb->machine, point->va, point->size, kinds_of(point->type));
    for (size_t i = 0; i < gdb->point_count; i++)
        if (gdb->points[i].type <= POINT_HARDWARE && gdb->points[i].va == point->va)
            return 0;
    return armsim_breakpoint_remove(gdb->machine, point->va);
}

void insert_point(struct gdb *gdb, struct cursor *packet)
{
    struct point point;
    int error = 0;
    if (!take_point(packet, &point)) {
        reply_error(gdb, EINVAL);
        return;
    }
    if (find_point(gdb, &point) == gdb->point_count) {
        if (gdb->point_count == MAX_POINTS || (error = set_point(gdb, &point)) < 0) {
            reply_error(gdb, error == ARMSIM_ERROR_ARGUMENT ? EINVAL : ENOSPC);
            return;
        }
        gdb->points[gdb->point_count++] = point;
    }
    reply(gdb, "OK");
}

void remove_point(struct gdb *gdb, struct cursor *packet)
{
    struct point point;
    size_t index;
    if (!take_point(packet, &point) || (index = find_point(gdb, &point)) == gdb->point_count) {
        reply_error(gdb, EINVAL);
        return;
    }
    gdb->points[index] = gdb->points[--gdb->point_count];
    if (clear_point(gdb, &point) < 0)
        reply_error(gdb, EINVAL);
    else
        reply(gdb, "OK");
}

void remove_all_points(struct gdb *gdb)
{
    while (gdb->point_count) {
        struct point point = gdb->points[--gdb->point_count];
        clear_point(gdb, &point);
    }
}
