/* `armsim run`: makes the machine, connects it, runs it to its end. */
#include "frontends/cli/session.h"
#include "frontends/cli/terminal.h"
#include "roms/builtin_rom.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Instructions between two looks at the host: a few milliseconds. */
enum { SLICE = 2000000, SLICE_WITHOUT_INPUTS = 32000000 };

static struct session *current; /* for the signal handler */

static void stop_current(void)
{
    if (current)
        armsim_request_stop(current->machine);
}

/* --- what the guest sends --- */

static void serial_write(void *opaque, const uint8_t *data, size_t size)
{
    const struct outlet *outlet = opaque;
    if (outlet->kind == CHARDEV_STDIO)
        console_write(outlet->session, data, size);
    else if (outlet->kind == CHARDEV_FILE && outlet->file)
        fwrite(data, 1, size, outlet->file);
}

static void semihosting_write(void *opaque, const uint8_t *data, size_t size)
{
    console_write(opaque, data, size);
}

static size_t semihosting_read(void *opaque, uint8_t *data, size_t size)
{
    return console_wait_input(opaque, data, size);
}

static void net_log(void *opaque, const char *message)
{
    const struct cli_options *options = opaque;
    if (options->machine.log_mask & ARMSIM_LOG_GUEST_ERROR)
        fprintf(stderr, "network: %s\n", message);
}

/* --- connecting --- */

static void connect_serial(struct session *session)
{
    struct cli_options *options = session->options;
    struct console *console = &session->console;
    for (unsigned port = 0; port < ARMSIM_SERIAL_PORTS; port++) {
        session->outlets[port] = (struct outlet){.session = session, .kind = options->serial[port].kind};
        options->machine.serial[port].write = serial_write;
        options->machine.serial[port].opaque = &session->outlets[port];
        if (options->serial[port].kind != CHARDEV_STDIO)
            continue;
        console->port = port;
        console->has_port = console->connected = true;
        options->machine.serial[port].input = true;
    }
    if (options->machine.semihosting.enabled) {
        options->machine.semihosting.write = semihosting_write;
        options->machine.semihosting.read = semihosting_read;
        options->machine.semihosting.opaque = session;
        console->connected = true;
    }
    /* A background process that reads the terminal would be stopped. */
    if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) != getpgrp())
        console->connected = false;
}

static int connect_network(struct session *session)
{
    struct cli_options *options = session->options;
    for (size_t i = 0; i < options->machine.nic_count; i++) {
        const struct user_net_options net_options = {
            .restricted = options->nic_restricted[i],
            .forwards = options->forwards[i],
            .forward_count = options->forward_counts[i],
            .log = net_log,
            .log_opaque = options,
        };
        const char *error;
        session->nets[i] = user_net_create(&net_options, &error);
        if (!session->nets[i])
            return complain(EXIT_DEFECT, "-nic user: %s", error);
        options->nics[i].transmit = user_net_transmit;
        options->nics[i].opaque = session->nets[i];
        options->nics[i].input = true;
    }
    return 0;
}

/* Without anything to run. The ROM ends the run by semihosting where EL3 is its own. */
static int use_builtin_rom(struct cli_options *options)
{
    struct armsim_options *machine = &options->machine;
    if (machine->kernel.path || machine->bios.path || machine->load_count)
        return 0;
    if (!builtin_rom_size)
        return complain(EXIT_INPUT, "this build has no built-in ROM: expected -kernel, -bios or -device loader");
    machine->kernel.data = builtin_rom;
    machine->kernel.size = builtin_rom_size;
    machine->semihosting.enabled = true;
    return 0;
}

static int status_of(int error)
{
    switch (error) {
    case ARMSIM_ERROR_OPTION:
    case ARMSIM_ERROR_ARGUMENT:
    case ARMSIM_ERROR_UNSUPPORTED:
    case ARMSIM_ERROR_NOT_FOUND:
        return EXIT_USAGE;
    case ARMSIM_ERROR_INPUT:
    case ARMSIM_ERROR_IO:
    case ARMSIM_ERROR_OVERLAP:
    case ARMSIM_ERROR_FAULT:
        return EXIT_INPUT;
    default:
        return EXIT_DEFECT;
    }
}

static int make_machine(struct session *session)
{
    int error = armsim_create(&session->options->machine, &session->machine);
    if (error == 0)
        return 0;
    const char *text = armsim_last_error(session->machine);
    return complain(status_of(error), "%s", *text ? text : armsim_strerror(error));
}

static int load_snapshot(struct session *session)
{
    if (!session->options->load || armsim_snapshot_load(session->machine, session->options->load) == 0)
        return 0;
    return complain(EXIT_INPUT, "%s", armsim_last_error(session->machine));
}

/* Only now, when all inputs have proved usable, files are written. */
static int open_outputs(struct session *session)
{
    for (unsigned port = 0; port < ARMSIM_SERIAL_PORTS; port++) {
        const struct chardev *chardev = &session->options->serial[port];
        if (chardev->kind != CHARDEV_FILE)
            continue;
        session->outlets[port].file = fopen(chardev->path, "wb");
        if (!session->outlets[port].file)
            return complain(EXIT_INPUT, "%s: open for writing: %s", chardev->path, strerror(errno));
    }
    for (size_t i = 0; i < session->options->machine.nic_count; i++) {
        char error[160];
        if (!user_net_attach(session->nets[i], session->machine, (uint32_t)i, error, sizeof(error)))
            return complain(EXIT_INPUT, "-nic user: %s", error);
    }
    return records_open(session);
}

static int open_debugger(struct session *session)
{
    const struct cli_options *options = session->options;
    const char *error;
    uint16_t port;
    session->paused = options->halted && !options->has_gdb;
    if (!options->has_gdb)
        return 0;
    session->gdb = gdb_socket_open(session->machine, &options->gdb, options->halted, &port, &error);
    if (!session->gdb)
        return complain(EXIT_INPUT, "-gdb: %s:%u: %s", options->gdb.host, options->gdb.port, error);
    if (!options->gdb.port)
        fprintf(stderr, "armsim: gdb: port %u\n", port);
    return 0;
}

static int dump_device_tree(const struct session *session)
{
    const char *path = session->options->dumpdtb;
    const void *data;
    size_t size;
    if (armsim_device_tree(session->machine, &data, &size) < 0)
        return complain(EXIT_INPUT, "%s: the machine has no device tree", path);
    FILE *file = fopen(path, "wb");
    if (!file)
        return complain(EXIT_INPUT, "%s: open for writing: %s", path, strerror(errno));
    bool ok = fwrite(data, 1, size, file) == size;
    ok &= fclose(file) == 0;
    return ok ? 0 : complain(EXIT_INPUT, "%s: write: %s", path, strerror(errno));
}

/* --- running --- */

static int limit_reached(const struct session *session)
{
    return complain(EXIT_LIMIT, "limit: %" PRIu64 " instructions are executed", session->options->limit);
}

/* Deals with a stop. True: the run is over, with *status. */
static bool handle_stop(struct session *session, const struct armsim_stop *stop, int *status)
{
    switch (stop->reason) {
    case ARMSIM_STOP_POWER_OFF:
    case ARMSIM_STOP_SEMIHOSTING:
        *status = (int)(stop->code & 0xff);
        return true;
    case ARMSIM_STOP_RESET:
        if (session->options->no_reboot) {
            *status = EXIT_GUEST_OFF;
            return true;
        }
        if (armsim_reset(session->machine, (enum armsim_reset_kind)stop->code) == 0)
            return false;
        *status = complain(EXIT_INPUT, "%s", armsim_last_error(session->machine));
        return true;
    case ARMSIM_STOP_DEADLOCK:
        *status = complain(EXIT_DEADLOCK, "nothing can ever happen again: all PEs wait and no event is pending");
        return true;
    case ARMSIM_STOP_WAITING:
        wait_inputs(session, UINT64_MAX);
        return false;
    case ARMSIM_STOP_IDLE:
        pass_idle_time(session, stop->idle_until_ns);
        return false;
    case ARMSIM_STOP_ERROR:
        *status = complain(EXIT_DEFECT, "%s", armsim_last_error(session->machine));
        return true;
    default:
        return false;
    }
}

bool is_halted(const struct session *session)
{
    return session->paused || (session->gdb && gdb_state(gdb_socket_protocol(session->gdb)) == GDB_HALTED);
}

bool is_in_past(const struct session *session)
{
    return session->gdb && gdb_is_in_past(gdb_socket_protocol(session->gdb));
}

static bool has_inputs(const struct session *session)
{
    bool has = console_wants_input(session) || session->console.input_count > 0 || session->gdb;
    for (unsigned i = 0; i < MAX_NICS; i++)
        has |= session->nets[i] != NULL;
    return has;
}

/* The user or the host wants an end. */
static bool is_ended(const struct session *session, int *status)
{
    if (signals_caught())
        *status = EXIT_SIGNAL + signals_caught();
    else if (session->quit || (session->gdb && gdb_state(gdb_socket_protocol(session->gdb)) == GDB_KILLED))
        *status = EXIT_GUEST_OFF;
    else if (session->console.output_failed)
        *status = complain(EXIT_DEFECT, "standard output: nobody reads it");
    else
        return false;
    return true;
}

/* Runs for a while. True: the run is over, with *status. */
static bool run_slice(struct session *session, uint64_t limit, struct armsim_stop *stop, int *status)
{
    struct gdb *gdb = session->gdb ? gdb_socket_protocol(session->gdb) : NULL;
    int error = gdb ? gdb_run(gdb, limit, stop) : armsim_run(session->machine, limit, stop);
    if (error == ARMSIM_ERROR_MEMORY) {
        *status = complain(EXIT_DEFECT, "%s", armsim_last_error(session->machine));
        return true;
    }
    if (gdb && gdb_stopped(gdb, stop))
        return false;
    bool host_acts = stop->reason == ARMSIM_STOP_RESET || stop->reason == ARMSIM_STOP_WAITING ||
                     stop->reason == ARMSIM_STOP_IDLE;
    if (host_acts && is_in_past(session))
        return false; /* it has acted already */
    bool over = handle_stop(session, stop, status);
    if (over && gdb)
        gdb_exited(gdb, *status);
    return over;
}

static int run_machine(struct session *session, struct armsim_stop *stop)
{
    uint64_t limit = session->options->limit;
    int status;
    console_feed(session);
    for (;;) {
        bool has = has_inputs(session);
        if (has)
            poll_inputs(session);
        while (is_halted(session) && !is_ended(session, &status))
            wait_inputs(session, UINT64_MAX);
        if (is_ended(session, &status))
            return status;
        uint64_t done = armsim_instructions(session->machine), left = limit - done;
        if (limit != ARMSIM_NO_LIMIT && done >= limit)
            return limit_reached(session);
        /* In slices even without inputs: what the guest prints does not wait until there is more of it. Longer ones,
         * because the end of a slice is stepped up to. */
        uint64_t slice = has ? SLICE : SLICE_WITHOUT_INPUTS;
        bool over = run_slice(session, left < slice ? left : slice, stop, &status);
        console_flush(session);
        if (over)
            return status;
    }
}

static void close_session(struct session *session)
{
    gdb_socket_close(session->gdb);
    records_close(session);
    for (unsigned port = 0; port < ARMSIM_SERIAL_PORTS; port++)
        if (session->outlets[port].file && fclose(session->outlets[port].file) != 0)
            complain(EXIT_INPUT, "%s: write: %s", session->options->serial[port].path, strerror(errno));
    for (unsigned i = 0; i < MAX_NICS; i++)
        user_net_destroy(session->nets[i]);
    armsim_destroy(session->machine);
    free(session->fds);
}

static uint64_t cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int run_session(struct session *session)
{
    const struct cli_options *options = session->options;
    current = session;
    if (!signals_install(stop_current))
        return complain(EXIT_DEFECT, "pipe: %s", strerror(errno));
    if (session->console.connected)
        session->console.terminal = terminal_raw();
    session->realtime =
        options->idle == IDLE_REALTIME || (options->idle == IDLE_AUTO && session->console.terminal);
    armsim_set_idle_stop(session->machine, options->idle != IDLE_SKIP &&
                                               (session->realtime || options->machine.nic_count > 0));
    session->start_wall_ns = real_now();
    session->start_cpu_ns = cpu_now();
    struct armsim_stop stop = {.size = sizeof(stop)};
    int status = run_machine(session, &stop);
    terminal_restore();
    if (options->state_hash) {
        uint64_t hash = 0;
        armsim_state_hash(session->machine, &hash);
        console_print(session, "%sstate-hash: %016" PRIx64 "\n", session->console.in_line ? "\n" : "", hash);
        console_flush(session);
    }
    if (options->save && armsim_snapshot_save(session->machine, options->save) < 0)
        status = complain(EXIT_INPUT, "%s", armsim_last_error(session->machine));
    if (options->stats_file) {
        int failed = stats_write(session, &stop, status);
        status = failed ? failed : status;
    }
    current = NULL;
    return status;
}

int run(struct cli_options *options)
{
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        return complain(EXIT_DEFECT, "out of memory");
    session->options = options;
    connect_serial(session);
    int status = options->dumpdtb ? 0 : use_builtin_rom(options);
    if (status == 0)
        status = connect_network(session);
    if (status == 0)
        status = make_machine(session);
    if (status == 0 && options->dumpdtb) {
        status = dump_device_tree(session);
    } else if (status == 0) {
        status = load_snapshot(session);
        if (status == 0)
            status = open_outputs(session);
        if (status == 0)
            status = open_debugger(session);
        if (status == 0)
            status = run_session(session);
    }
    close_session(session);
    free(session);
    return status;
}
