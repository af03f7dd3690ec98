/*
 * `armsim check --gdb`: one test with a debugger, which connects to a port or is started here; from the test's first
 * instruction or from a failure's snapshot.
 */
#include "frontends/harness/harness.h"

#include "frontends/cli/cli.h"
#include "frontends/gdb/socket.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLICE = 1000000, LOOK_MS = 100 };
#define HISTORY_INTERVAL UINT64_C(100000)
#define HISTORY_BYTES (UINT64_C(1) << 28)

/* --- the debugger's process --- */

/* `command` is words for the shell. What is added is done before its own -x and -ex, whatever their order. -1 with errno. */
static pid_t start_debugger(const char *command, const char *elf, uint16_t port)
{
    struct buffer line = {0}, file = {0};
    buffer_add(&file, "file \"%s\"", elf);
    buffer_add(&line, "exec %s -q -iex 'set confirm off' -iex ", command);
    buffer_word(&line, file.data);
    buffer_add(&line, " -iex 'target remote :%u'", port);
    buffer_free(&file);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        execl("/bin/sh", "sh", "-c", line.data, (char *)NULL);
        _exit(127);
    }
    buffer_free(&line);
    return child;
}

static bool has_exited(struct running *running)
{
    int status;
    if (running->debugger > 0 && waitpid(running->debugger, &status, WNOHANG) == running->debugger)
        running->debugger = 0;
    return running->debugger == 0;
}

/* Deals with the debugger; waits for it while it has the machine. False: it wants an end, or is gone. */
static bool attend(struct running *running)
{
    const struct gdb *gdb = gdb_socket_protocol(running->gdb);
    do {
        struct pollfd fd = {.fd = gdb_socket_fd(running->gdb), .events = POLLIN};
        bool gone = has_exited(running);
        int wait = gdb_state(gdb) != GDB_HALTED ? 0 : running->debugger < 0 ? -1 : LOOK_MS;
        if (poll(&fd, 1, wait) > 0)
            gdb_socket_ready(running->gdb);
        else if (gone && gdb_state(gdb) == GDB_HALTED)
            return false;
    } while (gdb_state(gdb) == GDB_HALTED);
    return gdb_state(gdb) != GDB_KILLED;
}

/* As armsim_run(), with what the debugger stops and steps in between. */
int debug_slice(struct running *running, uint64_t limit, struct armsim_stop *stop)
{
    struct gdb *gdb = gdb_socket_protocol(running->gdb);
    uint64_t end = armsim_instructions(running->machine) + limit;
    for (;;) {
        uint64_t now = armsim_instructions(running->machine);
        if (!attend(running)) {
            stop->reason = ARMSIM_STOP_REQUEST;
            return 0;
        }
        uint64_t left = now < end ? end - now : 0;
        int error = gdb_run(gdb, left < SLICE ? left : SLICE, stop);
        if (error < 0)
            return error;
        if (!gdb_stopped(gdb, stop) && (stop->reason != ARMSIM_STOP_LIMIT || stop->instructions >= end))
            return 0;
    }
}

/* --- from a snapshot --- */

/* What the file says: its instruction count and state. */
static bool look_into_snapshot(const struct test *test, const struct harness_options *options, uint64_t *count,
                               uint64_t *hash, struct buffer *error)
{
    struct running running;
    bool good = running_start(&running, test, options, error);
    if (good && armsim_snapshot_load(running.machine, options->snapshot) < 0) {
        buffer_add(error, "%s", armsim_last_error(running.machine));
        good = false;
    }
    *count = good ? armsim_instructions(running.machine) : 0;
    good = good && armsim_state_hash(running.machine, hash) == 0;
    running_end(&running);
    return good;
}

/*
 * Runs to the snapshot's instruction, so that the debugger has the past as well. If the test isn't any more what it was
 * when the snapshot was made, the run gets the snapshot's state instead, and begins there.
 */
static bool go_to_snapshot(struct running *running, struct buffer *error)
{
    const struct harness_options *options = running->options;
    uint64_t count, expected, found = 0;
    if (!look_into_snapshot(running->test, options, &count, &expected, error))
        return false;
    armsim_set_history(running->machine, HISTORY_INTERVAL, HISTORY_BYTES);
    bool same = running_run_to(running, count, error) && armsim_state_hash(running->machine, &found) == 0 &&
                found == expected;
    if (same)
        return true;
    printf("the test has changed since this snapshot was made: there is no past\n");
    fflush(stdout);
    armsim_set_history(running->machine, 0, 0);
    if (armsim_snapshot_load(running->machine, options->snapshot) == 0)
        return true;
    buffer_add(error, "%s", armsim_last_error(running->machine));
    return false;
}

/* --- a session --- */

static bool open_socket(struct running *running, uint16_t *port, int *status)
{
    const char *gdb = running->options->gdb, *error;
    struct gdb_address address;
    bool started = strncmp(gdb, "tcp:", 4) != 0;
    if (!gdb_parse_address(started ? "tcp::0" : gdb, &address)) {
        *status = complain(EXIT_USAGE, "--gdb: expected tcp:[HOST]:PORT or a command, found \"%s\"", gdb);
        return false;
    }
    running->gdb = gdb_socket_open(running->machine, &address, true, port, &error);
    if (!running->gdb) {
        *status = complain(EXIT_INPUT, "--gdb: %s:%u: %s", address.host, address.port, error);
        return false;
    }
    if (!started) {
        printf("%s\n  gdb-multiarch %s -ex 'target remote :%u'\n", running->test->name, running->test->file->elf,
               *port);
        fflush(stdout);
        return true;
    }
    signal(SIGINT, SIG_IGN); /* the terminal's ^C is the debugger's */
    running->debugger = start_debugger(gdb, running->test->file->elf, *port);
    if (running->debugger > 0)
        return true;
    *status = complain(EXIT_INPUT, "--gdb: %s: %s", gdb, strerror(errno));
    return false;
}

static int debug(struct running *running, struct buffer *text)
{
    uint16_t port;
    int status;
    struct divergence divergence;
    if (!open_socket(running, &port, &status))
        return status;
    bool good = running_run(running, 0, text);
    bool ended = running->stop.reason != ARMSIM_STOP_REQUEST;
    good = good && verify(running, text, &divergence);
    gdb_exited(gdb_socket_protocol(running->gdb), good ? 0 : 1);
    gdb_socket_close(running->gdb);
    if (running->debugger > 0)
        waitpid(running->debugger, NULL, 0);
    if (!ended)
        printf("%s: left in the debugger\n", running->test->name);
    else
        printf("%s: %s\n%s", running->test->name, good ? "as expected" : "not as expected", buffer_text(text));
    return good ? 0 : 1;
}

int debug_test(struct test_file *file, const struct test *test, const struct harness_options *options,
               const char *directory)
{
    if (!file->error)
        image_build(file, directory, 0);
    const char *problem = file->error ? file->error : file->build_error ? file->build_error : file->skip;
    if (problem)
        return complain(EXIT_INPUT, "%s", problem);
    struct running running;
    struct buffer text = {0};
    bool good = running_start(&running, test, options, &text);
    running.debugger = -1;
    good = good && (!options->snapshot || go_to_snapshot(&running, &text));
    int status = good ? debug(&running, &text) : complain(EXIT_INPUT, "%s", buffer_text(&text));
    running_end(&running);
    buffer_free(&text);
    return status;
}
