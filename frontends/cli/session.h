/* One run: the machine and all that is connected to it. */
#ifndef ARMSIM_FRONTENDS_CLI_SESSION_H
#define ARMSIM_FRONTENDS_CLI_SESSION_H

#include "frontends/cli/cli.h"

#include <poll.h>

/* Where a serial port's bytes go. */
struct outlet {
    struct session *session;
    enum chardev_kind kind;
    FILE *file; /* CHARDEV_FILE */
};

enum { OUTPUT_BYTES = 8192, MONITOR_LINE = 256, INPUT_CHUNK = 1024, INPUT_BYTES = 65536 };

/* Standard input and output. */
struct console {
    bool connected;   /* standard input goes somewhere: a serial port or semihosting */
    bool terminal;    /* a terminal in raw mode: Ctrl-A is ours */
    bool end_of_input;
    bool escape;      /* Ctrl-A was typed */
    bool monitor;     /* input goes to the monitor */
    unsigned port;    /* serial port */
    bool has_port;
    char line[MONITOR_LINE]; /* the monitor's line so far */
    size_t line_length;
    uint8_t input[INPUT_BYTES]; /* for the guest, not taken yet */
    size_t input_head, input_count;
    uint8_t output[OUTPUT_BYTES];
    size_t output_count;
    bool in_line; /* the last byte written didn't end a line */
    bool output_failed;
};

struct session {
    struct cli_options *options;
    struct armsim_machine *machine;
    struct console console;
    struct outlet outlets[ARMSIM_SERIAL_PORTS];
    struct user_net *nets[MAX_NICS];
    struct records *records;
    struct gdb_socket *gdb; /* NULL: no -gdb */
    bool quit;        /* by the user */
    bool paused;      /* by the monitor */
    bool realtime;    /* idle time takes as long as it says */
    uint64_t start_wall_ns, start_cpu_ns;
    /* Pacing: virtual time `anchor_virtual` was real time `anchor_real`. */
    bool anchored;
    uint64_t anchor_virtual, anchor_real;
    struct pollfd *fds;
    size_t fd_capacity;
};

/* --- console.c --- */
void console_write(struct session *session, const void *data, size_t size);
void console_print(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
void console_flush(struct session *session);
/* Reads what there is on standard input (the caller knows that there is something) and distributes it. */
void console_read(struct session *session);
/* Gives the serial port what it takes of the waiting input. */
void console_feed(struct session *session);
/* Waits for input for semihosting; 0 at its end. */
size_t console_wait_input(struct session *session, uint8_t *data, size_t size);
bool console_wants_input(const struct session *session); /* there is room, and an end has not been seen */

/* --- monitor.c --- */
void monitor_enter(struct session *session);
void monitor_byte(struct session *session, uint8_t byte);

/* --- run.c --- */
bool is_halted(const struct session *session); /* by the monitor or a debugger */
/* A debugger has gone back: everything that can come from outside has come already. */
bool is_in_past(const struct session *session);

/* --- wait.c --- */
uint64_t real_now(void); /* nanoseconds, monotonic */
/* Takes what inputs there are now; returns at once. */
void poll_inputs(struct session *session);
/* Waits until an input comes, at most until `virtual_ns` (virtual time; UINT64_MAX: for ever) would be reached. */
void wait_inputs(struct session *session, uint64_t virtual_ns);
/* All PEs wait until `virtual_ns`: waits as long in real time where that matters. */
void pass_idle_time(struct session *session, uint64_t virtual_ns);

/* --- records.c: log, disassembly, trace --- */
/* Opens the files; 0 or an exit status. */
int records_open(struct session *session);
void records_close(struct session *session);

/* --- disassemble.c --- */
struct disassembler;
struct disassembler *disassembler_create(void); /* NULL: no memory */
void disassembler_destroy(struct disassembler *disassembler);
/* One line for an instruction at pc; "" never. */
void disassemble(struct disassembler *disassembler, uint64_t pc, uint32_t word, char *text, size_t size);

/* --- stats.c --- */
/* Writes the figures; 0 or an exit status. */
int stats_write(const struct session *session, const struct armsim_stop *stop, int status);

#endif
