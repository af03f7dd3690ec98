/* What the files of the command share. */
#ifndef ARMSIM_FRONTENDS_CLI_H
#define ARMSIM_FRONTENDS_CLI_H

#include "frontends/gdb/socket.h"
#include "frontends/net/user_net.h"

#include <armsim/armsim.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The command's own exit statuses; a guest that powers off or exits has its own. */
enum exit_status {
    EXIT_GUEST_OFF = 0,
    EXIT_DEFECT = 1,   /* armsim itself failed */
    EXIT_USAGE = 2,    /* unknown options or values */
    EXIT_INPUT = 3,    /* a file can't be used */
    EXIT_LIMIT = 4,    /* --limit is reached */
    EXIT_DEADLOCK = 5, /* nothing can ever happen again */
    EXIT_SIGNAL = 128, /* plus the signal's number */
};

/* One line on standard error: "armsim: " and the text. Returns `status`. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- options.c --- */

enum chardev_kind { CHARDEV_NONE, CHARDEV_NULL, CHARDEV_STDIO, CHARDEV_FILE };

/* The far end of a serial port. */
struct chardev {
    enum chardev_kind kind;
    const char *path; /* CHARDEV_FILE */
};

enum idle_mode { IDLE_AUTO, IDLE_SKIP, IDLE_REALTIME };

enum { MAX_LOADS = 32, MAX_DRIVES = 24, MAX_NICS = 4, MAX_FORWARDS = 32, MAX_IMPDEFS = 256, MAX_CLI_DEVICES = 32 };

/* -device NAME,...: which backend it uses is found when all options are known. */
struct cli_device {
    const char *kind, *id, *drive, *netdev, *bus, *serial, *mac;
};

/* A -drive or -netdev as -device sees it. */
struct cli_backend {
    const char *id; /* NULL: none */
    bool free;      /* if=none, or -netdev: waits for a device */
};

/* An allocation that lives as long as the options. */
struct keeper {
    struct keeper *next;
    char data[];
};

struct cli_options {
    struct armsim_options machine;
    struct armsim_load loads[MAX_LOADS];
    struct armsim_drive drives[MAX_DRIVES];
    struct armsim_nic nics[MAX_NICS];
    struct armsim_impdef impdefs[MAX_IMPDEFS];
    struct cli_backend drive_backends[MAX_DRIVES], nic_backends[MAX_NICS];
    struct cli_device cli_devices[MAX_CLI_DEVICES];
    size_t device_count;
    bool nic_restricted[MAX_NICS];
    struct user_net_forward forwards[MAX_NICS][MAX_FORWARDS];
    size_t forward_counts[MAX_NICS];
    struct chardev serial[ARMSIM_SERIAL_PORTS];
    unsigned serial_count;    /* -serial options seen */
    bool no_nic;              /* -nic none */
    const char *dumpdtb;
    const char *vhe;          /* -M vhe=: NULL, or "on", "off", for -cpu */
    bool log_instructions;    /* -d in_asm */
    const char *log_file;     /* -D */
    uint64_t limit;
    const char *stats_file;
    bool state_hash;
    const char *save, *load; /* snapshot files */
    const char *trace_file;
    enum armsim_trace_format trace_format;
    int trace_instructions;   /* -1: as the format is used */
    enum idle_mode idle;
    bool no_reboot;
    bool has_gdb;             /* -gdb, -s */
    struct gdb_address gdb;
    bool halted;              /* -S */
    bool done;                /* a list or help was printed: exit with status 0 */
    struct keeper *keepers;
};

/* Parses what follows "run". 0, or EXIT_USAGE after the complaint. */
int options_parse(struct cli_options *options, int argc, char **argv);
void options_free(struct cli_options *options);

/* --- values.c: the syntax of values --- */

struct pair {
    const char *key;
    const char *value; /* NULL: no '=' */
};

/* Splits "a,b=c,d=x,,y" at single commas (",," is a comma). The number of pairs, or -1: more than `max`, no memory. */
int split_pairs(struct cli_options *options, const char *text, struct pair *pairs, int max);
const char *keep_text(struct cli_options *options, const char *text, size_t length);
bool parse_number(const char *text, uint64_t *value);              /* decimal, 0x hexadecimal */
bool parse_count(const char *text, uint64_t *value);               /* with k, M, G, T as powers of 1000 */
bool parse_size(const char *text, uint64_t unit, uint64_t *bytes); /* with K, M, G, T; without one, `unit` bytes */
bool parse_switch(const char *text, bool *on);                     /* on, off */
bool parse_date(const char *text, int64_t *seconds);               /* 2026-01-01[T12:00:00] */

/* --- help.c --- */
void print_usage(FILE *file);
void print_help(void);

/* --- run.c --- */
int run(struct cli_options *options);

#endif
