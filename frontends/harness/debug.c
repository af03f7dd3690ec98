/* `armsim check --gdb`: one test with a debugger. */
#include "frontends/harness/harness.h"

#include "frontends/cli/cli.h"
#include "frontends/gdb/socket.h"

#include <poll.h>
#include <string.h>

enum { SLICE = 1000000 };

/* Deals with the debugger; waits for it while it has the machine. False: it wants an end. */
static bool attend(struct gdb_socket *socket)
{
    const struct gdb *gdb = gdb_socket_protocol(socket);
    do {
        struct pollfd fd = {.fd = gdb_socket_fd(socket), .events = POLLIN};
        if (poll(&fd, 1, gdb_state(gdb) == GDB_HALTED ? -1 : 0) > 0)
            gdb_socket_ready(socket);
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
        if (!attend(running->gdb)) {
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

static int debug(struct running *running, const struct harness_options *options, struct buffer *text)
{
    struct gdb_address address;
    const char *error;
    uint16_t port;
    if (!gdb_parse_address(options->gdb, &address))
        return complain(EXIT_USAGE, "--gdb: expected tcp:[HOST]:PORT, found \"%s\"", options->gdb);
    running->gdb = gdb_socket_open(running->machine, &address, true, &port, &error);
    if (!running->gdb)
        return complain(EXIT_INPUT, "--gdb: %s:%u: %s", address.host, address.port, error);
    printf("%s\n  gdb-multiarch %s -ex 'target remote :%u'\n", running->test->name, running->test->file->elf, port);
    fflush(stdout);
    uint64_t at;
    bool good = running_run(running, 0, text) && verify(running, text, &at);
    gdb_exited(gdb_socket_protocol(running->gdb), good ? 0 : 1);
    gdb_socket_close(running->gdb);
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
    int status = running_start(&running, test, options, &text) ? debug(&running, options, &text)
                                                               : complain(EXIT_INPUT, "%s", buffer_text(&text));
    running_end(&running);
    buffer_free(&text);
    return status;
}
