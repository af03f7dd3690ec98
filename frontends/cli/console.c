/* Standard input and output: the guest's console, Ctrl-A, and the monitor's lines. */
#include "frontends/cli/session.h"
#include "frontends/cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { CTRL_A = 0x01 };

/* --- output --- */

void console_flush(struct session *session)
{
    struct console *console = &session->console;
    const uint8_t *from = console->output;
    while (console->output_count > 0 && !console->output_failed) {
        ssize_t put = write(STDOUT_FILENO, from, console->output_count);
        if (put >= 0) {
            from += put;
            console->output_count -= (size_t)put;
        } else if (errno == EAGAIN) { /* somebody made our terminal non-blocking */
            struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
            poll(&fd, 1, -1);
        } else if (errno != EINTR) {
            console->output_failed = true; /* nobody reads any more */
            armsim_request_stop(session->machine);
        }
    }
    console->output_count = 0;
}

void console_write(struct session *session, const void *data, size_t size)
{
    struct console *console = &session->console;
    if (size > 0)
        console->in_line = ((const uint8_t *)data)[size - 1] != '\n';
    for (const uint8_t *from = data; size > 0;) {
        size_t room = OUTPUT_BYTES - console->output_count;
        size_t part = size < room ? size : room;
        memcpy(console->output + console->output_count, from, part);
        console->output_count += part;
        from += part;
        size -= part;
        if (console->output_count == OUTPUT_BYTES)
            console_flush(session);
    }
}

void console_print(struct session *session, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (length > 0)
        console_write(session, text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

/* --- input --- */

static void queue_byte(struct console *console, uint8_t byte)
{
    if (console->input_count == INPUT_BYTES)
        return; /* console_wants_input() keeps this from happening */
    console->input[(console->input_head + console->input_count) % INPUT_BYTES] = byte;
    console->input_count++;
}

static void print_keys(struct session *session)
{
    console_print(session, "\nCtrl-A h    this help\n"
                           "Ctrl-A x    exit\n"
                           "Ctrl-A c    switch between the guest's console and the monitor\n"
                           "Ctrl-A Ctrl-A  send Ctrl-A\n");
}

static void escape_byte(struct session *session, uint8_t byte)
{
    switch (byte) {
    case 'x':
    case 'X':
        session->quit = true;
        break;
    case 'c':
    case 'C':
        if (session->console.monitor)
            session->console.monitor = false;
        else
            monitor_enter(session);
        break;
    case 'h':
    case 'H':
    case '?':
        print_keys(session);
        break;
    case CTRL_A:
        queue_byte(&session->console, CTRL_A);
        break;
    default:
        break; /* as QEMU: an unknown key is swallowed */
    }
}

static void input_byte(struct session *session, uint8_t byte)
{
    struct console *console = &session->console;
    if (console->escape) {
        console->escape = false;
        escape_byte(session, byte);
    } else if (console->terminal && byte == CTRL_A) {
        console->escape = true;
    } else if (console->monitor) {
        monitor_byte(session, byte);
    } else {
        queue_byte(console, byte);
    }
}

bool console_wants_input(const struct session *session)
{
    const struct console *console = &session->console;
    return console->connected && !console->end_of_input && INPUT_BYTES - console->input_count >= INPUT_CHUNK;
}

void console_feed(struct session *session)
{
    struct console *console = &session->console;
    while (console->has_port && console->input_count > 0) {
        size_t run = INPUT_BYTES - console->input_head;
        size_t part = console->input_count < run ? console->input_count : run;
        int64_t taken =
            armsim_serial_input(session->machine, console->port, console->input + console->input_head, part);
        if (taken <= 0)
            break; /* the machine's queue is full */
        console->input_head = (console->input_head + (size_t)taken) % INPUT_BYTES;
        console->input_count -= (size_t)taken;
    }
    if (console->has_port && console->end_of_input && console->input_count == 0)
        armsim_serial_close(session->machine, console->port);
}

void console_read(struct session *session)
{
    uint8_t bytes[INPUT_CHUNK];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0)
        session->console.end_of_input = true;
    for (ssize_t i = 0; i < got; i++)
        input_byte(session, bytes[i]);
}

size_t console_wait_input(struct session *session, uint8_t *data, size_t size)
{
    struct console *console = &session->console;
    console_flush(session);
    while (console->input_count == 0 && !console->end_of_input && !session->quit && !signals_caught()) {
        struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
        if (poll(fds, 2, -1) > 0 && fds[0].revents)
            console_read(session);
        console_flush(session);
    }
    if (session->quit)
        armsim_request_stop(session->machine);
    size_t done = 0;
    for (; done < size && console->input_count > 0; done++) {
        data[done] = console->input[console->input_head];
        console->input_head = (console->input_head + 1) % INPUT_BYTES;
        console->input_count--;
    }
    return done;
}
