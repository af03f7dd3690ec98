/* What each packet does. */
#include "frontends/gdb/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reset_protocol(struct gdb *gdb)
{
    gdb->phase = BETWEEN;
    gdb->no_ack = gdb->knows_swbreak = gdb->knows_hwbreak = false;
    gdb->out_size = 0;
    gdb->pe = gdb->control_pe = armsim_current_pe(gdb->machine);
    gdb->control_all = false;
    gdb->physical = false;
    gdb->pas = gdb->el = gdb->security = -1;
}

struct gdb *gdb_create(struct armsim_machine *machine, bool halted, gdb_send_fn *send, void *opaque)
{
    struct gdb *gdb = calloc(1, sizeof(*gdb));
    if (!gdb)
        return NULL;
    gdb->machine = machine;
    gdb->send = send;
    gdb->opaque = opaque;
    gdb->state = halted ? GDB_HALTED : GDB_RUNNING;
    if (!registers_create(gdb)) {
        gdb_destroy(gdb);
        return NULL;
    }
    reset_protocol(gdb);
    return gdb;
}

static void let_go(struct gdb *gdb)
{
    end_history(gdb);
    remove_all_points(gdb);
    armsim_stop_on_trap(gdb->machine, NULL);
}

void gdb_destroy(struct gdb *gdb)
{
    if (!gdb)
        return;
    let_go(gdb);
    registers_destroy(gdb);
    free(gdb);
}

enum gdb_state gdb_state(const struct gdb *gdb)
{
    return gdb->state;
}

void gdb_connected(struct gdb *gdb)
{
    reset_protocol(gdb);
    halt(gdb, SIGNAL_TRAP, gdb->pe, ""); /* nobody has asked yet: it is kept for '?' */
    gdb->connected = true;
    begin_history(gdb);
}

static void go_on(struct gdb *gdb)
{
    let_go(gdb);
    gdb->resume = RESUME_ALL;
    gdb->state = GDB_RUNNING;
}

void gdb_disconnected(struct gdb *gdb)
{
    gdb->connected = false;
    if (gdb->state != GDB_KILLED)
        go_on(gdb);
}

/* --- queries --- */

static void query_supported(struct gdb *gdb, struct cursor *packet)
{
    const char *features = packet->at;
    gdb->knows_swbreak = strstr(features, "swbreak+") != NULL;
    gdb->knows_hwbreak = strstr(features, "hwbreak+") != NULL;
    reply_begin(gdb);
    reply_text(gdb, "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+"
               ";ReverseStep+;ReverseContinue+",
               PACKET_BYTES);
    reply_end(gdb);
}

static void query_features(struct gdb *gdb, struct cursor *packet)
{
    uint64_t offset, length;
    if (!take_text(packet, "target.xml:") || !take_hex(packet, &offset) || !take_char(packet, ',') ||
        !take_hex(packet, &length) || !at_end(packet) || offset > gdb->description_size) {
        reply_error(gdb, EINVAL);
        return;
    }
    uint64_t rest = gdb->description_size - offset;
    if (length > PACKET_BYTES - 16)
        length = PACKET_BYTES - 16;
    reply_begin(gdb);
    reply_text(gdb, length < rest ? "m" : "l");
    reply_binary(gdb, gdb->description + offset, (size_t)(length < rest ? length : rest));
    reply_end(gdb);
}

static void query_threads(struct gdb *gdb, struct cursor *packet)
{
    reply_begin(gdb);
    for (uint32_t pe = 0; pe < armsim_pe_count(gdb->machine); pe++)
        reply_text(gdb, "%c%" PRIx32, pe ? ',' : 'm', pe + 1);
    reply_end(gdb);
}

static void query_more_threads(struct gdb *gdb, struct cursor *packet)
{
    reply(gdb, "l");
}

static void query_thread_info(struct gdb *gdb, struct cursor *packet)
{
    static const char *const states[] = {"running", "WFI", "WFE", "off"};
    int64_t thread;
    if (!take_thread(gdb, packet, &thread) || thread < 1 || !at_end(packet)) {
        reply_error(gdb, EINVAL);
        return;
    }
    uint32_t pe = (uint32_t)thread - 1;
    int state = armsim_pe_state(gdb->machine, pe);
    char text[96];
    snprintf(text, sizeof(text), "PE %" PRIu32 ": EL%" PRIu64 " %s, %s", pe, peek(gdb, pe, ARMSIM_REG_CURRENT_EL),
             peek(gdb, pe, ARMSIM_REG_SECURE) ? "Secure" : "Non-secure", state >= 0 && state < 4 ? states[state] : "?");
    reply_begin(gdb);
    reply_hex(gdb, text, strlen(text));
    reply_end(gdb);
}

static void query_current(struct gdb *gdb, struct cursor *packet)
{
    reply_begin(gdb);
    reply_text(gdb, "QC%" PRIx32, gdb->pe + 1);
    reply_end(gdb);
}

static void query_attached(struct gdb *gdb, struct cursor *packet)
{
    reply(gdb, "1");
}

static void query_command(struct gdb *gdb, struct cursor *packet)
{
    char line[512];
    size_t length = left(packet) / 2;
    if (length >= sizeof(line) || left(packet) % 2 || !take_bytes(packet, (uint8_t *)line, length)) {
        reply_error(gdb, EINVAL);
        return;
    }
    line[length] = '\0';
    monitor(gdb, line);
    reply(gdb, "OK");
}

static void query_physical(struct gdb *gdb, struct cursor *packet)
{
    reply(gdb, gdb->physical ? "1" : "0");
}

static void query_symbols(struct gdb *gdb, struct cursor *packet)
{
    reply(gdb, "OK"); /* none are needed */
}

static void set_physical(struct gdb *gdb, struct cursor *packet)
{
    uint64_t value;
    if (!take_hex(packet, &value) || value > 1 || !at_end(packet)) {
        reply_error(gdb, EINVAL);
        return;
    }
    gdb->physical = value == 1;
    reply(gdb, "OK");
}

static void set_no_ack(struct gdb *gdb, struct cursor *packet)
{
    gdb->no_ack = true;
    reply(gdb, "OK");
}

/* --- the other packets --- */

static void why_stopped(struct gdb *gdb, struct cursor *packet)
{
    reply(gdb, gdb->stop_reply);
}

static void set_thread(struct gdb *gdb, struct cursor *packet)
{
    int64_t thread;
    char what = at_end(packet) ? '\0' : *packet->at++;
    if ((what != 'g' && what != 'c') || !take_thread(gdb, packet, &thread) || !at_end(packet)) {
        reply_error(gdb, EINVAL);
        return;
    }
    if (thread > 0 && what == 'g')
        gdb->pe = (uint32_t)thread - 1;
    if (thread > 0 && what == 'c')
        gdb->control_pe = (uint32_t)thread - 1;
    reply(gdb, "OK");
}

static void is_alive(struct gdb *gdb, struct cursor *packet)
{
    int64_t thread;
    if (take_thread(gdb, packet, &thread) && thread > 0 && at_end(packet))
        reply(gdb, "OK");
    else
        reply_error(gdb, ESRCH);
}

static void continue_all(struct gdb *gdb, struct cursor *packet)
{
    resume_one(gdb, 'c', packet);
}

static void continue_signal(struct gdb *gdb, struct cursor *packet)
{
    resume_one(gdb, 'C', packet);
}

static void step(struct gdb *gdb, struct cursor *packet)
{
    resume_one(gdb, 's', packet);
}

static void step_signal(struct gdb *gdb, struct cursor *packet)
{
    resume_one(gdb, 'S', packet);
}

static void query_actions(struct gdb *gdb, struct cursor *packet)
{
    reply(gdb, "vCont;c;C;s;S;r");
}

static void detach(struct gdb *gdb, struct cursor *packet)
{
    reply(gdb, "OK");
    go_on(gdb);
}

static void kill_machine(struct gdb *gdb, struct cursor *packet)
{
    gdb->state = GDB_KILLED;
}

static void kill_process(struct gdb *gdb, struct cursor *packet)
{
    reply(gdb, "OK");
    gdb->state = GDB_KILLED;
}

/* In the order in which they are tried: longer names before their beginnings. */
static const struct packet_type {
    const char *name;
    bool whole; /* nothing may follow */
    void (*handle)(struct gdb *gdb, struct cursor *packet);
} packet_types[] = {
    {"?", true, why_stopped},
    {"bs", false, step_back},
    {"bc", false, continue_back},
    {"c", false, continue_all},
    {"C", false, continue_signal},
    {"D", false, detach},
    {"g", false, read_all_registers},
    {"G", false, write_all_registers},
    {"H", false, set_thread},
    {"k", true, kill_machine},
    {"m", false, read_memory},
    {"M", false, write_memory},
    {"p", false, read_register},
    {"P", false, write_register},
    {"qSupported", false, query_supported},
    {"qXfer:features:read:", false, query_features},
    {"qfThreadInfo", true, query_threads},
    {"qsThreadInfo", true, query_more_threads},
    {"qThreadExtraInfo,", false, query_thread_info},
    {"qC", true, query_current},
    {"qAttached", false, query_attached},
    {"qRcmd,", false, query_command},
    {"qSymbol:", false, query_symbols},
    {"qqemu.PhyMemMode", true, query_physical},
    {"Qqemu.PhyMemMode:", false, set_physical},
    {"QStartNoAckMode", true, set_no_ack},
    {"s", false, step},
    {"S", false, step_signal},
    {"T", false, is_alive},
    {"vCont?", true, query_actions},
    {"vCont", false, resume_by_actions},
    {"vKill;", false, kill_process},
    {"X", false, write_memory_binary},
    {"z", false, remove_point},
    {"Z", false, insert_point},
};

void handle_packet(struct gdb *gdb, struct cursor packet)
{
    /* While the machine runs, only an interrupt is expected; whatever else comes stops it first. */
    if (gdb->state == GDB_RUNNING)
        gdb->state = GDB_HALTED;
    for (size_t i = 0; i < sizeof(packet_types) / sizeof(packet_types[0]); i++) {
        struct cursor rest = packet;
        if (!take_text(&rest, packet_types[i].name))
            continue;
        if (packet_types[i].whole && !at_end(&rest))
            continue;
        packet_types[i].handle(gdb, &rest);
        return;
    }
    reply(gdb, ""); /* unknown */
}
