/*
 * `armsim check`: runs tests that are one assembly file (or ELF file) each, with what they expect in their own header
 * comment. docs/harness.md describes the format; this header is what the harness's files share.
 */
#ifndef ARMSIM_FRONTENDS_HARNESS_H
#define ARMSIM_FRONTENDS_HARNESS_H

#include <armsim/hook.h>
#include <armsim/device.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* --- text.c: text that grows, strings that live as long as their arena --- */

struct buffer {
    char *data; /* NUL-terminated once something was written; may be NULL */
    size_t length, capacity;
};
void buffer_add(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_bytes(struct buffer *buffer, const void *data, size_t size);
void buffer_free(struct buffer *buffer);
const char *buffer_text(const struct buffer *buffer); /* "" when empty */
void buffer_word(struct buffer *buffer, const char *word); /* as a shell takes it, in quotes where it must be */

struct arena {
    struct arena_block *blocks;
};
void *arena_alloc(struct arena *arena, size_t size); /* zeroed; ends the process when memory is out */
char *arena_text(struct arena *arena, const char *text, size_t length);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

/* Grows an array of `count` used elements so that one more fits; ends the process when memory is out. */
void check_memory(bool enough); /* ends the command if not */
void *grow(void *array, size_t count, size_t *capacity, size_t element);
char *trim(char *text); /* spaces off both ends, in place */
bool glob_match(const char *pattern, const char *text); /* * and ?, anywhere in the text */
/* The whole file, NUL-terminated (malloc'd); NULL with errno. */
char *read_file(const char *path, size_t *size);

/* --- spec.c: a test file and the tests in it --- */

/* One "key[condition]: value" of a header. */
struct line {
    const char *key, *condition, *value;
    const char *file;
    unsigned number;
};

/* A name and its value: a matrix variable or a setting. */
struct variable {
    const char *name, *value;
};

/* A test: one section of a file with one choice of its matrix. */
struct test {
    struct test_file *file;
    const char *name; /* "path", "path:section", "path:section:a=b,c=d" */
    struct line *lines; /* those that hold, variables replaced */
    size_t line_count;
    struct variable *variables;
    size_t variable_count;
};

struct symbol {
    const char *name;
    uint64_t value;
};

struct segment {
    uint64_t address;
    const uint8_t *data;
    size_t size, memory_size;
};

/* An ELF file. */
struct image {
    char *data;
    size_t size;
    struct segment *segments;
    size_t segment_count;
    struct symbol *symbols; /* sorted by address */
    size_t symbol_count;
    uint64_t entry;
};

struct test_file {
    const char *path;
    const char *header; /* the file with what it expects */
    bool assembly;
    struct arena arena;
    struct test *tests;
    size_t test_count;
    char *error;      /* in the header: malformed; NULL: none */
    /* assemble.c */
    const char *elf; /* its file; lives as long as the run */
    struct image image;
    char *skip;       /* why it can't be built here */
    char *build_error;
};

/* Reads the header and makes the tests. Problems go to file->error. `source`: the folder of ELF files' sources or NULL */
void spec_read(struct test_file *file, const char *source);
void spec_free(struct test_file *file);
/* The value of a setting or matrix variable; NULL: none. */
const char *test_value(const struct test *test, const char *name);
const char *test_value_or(const struct test *test, const char *name, const char *otherwise);
bool test_is_on(const struct test *test, const char *name);

/* --- image.c, assemble.c --- */
bool image_parse(struct image *image, struct arena *arena, char **error);
const struct symbol *image_symbol(const struct image *image, const char *name);
/* "name+0x10" of an address, or "" */
void image_locate(const struct image *image, uint64_t address, char *text, size_t size);
/* Makes file->image: assembles with the cross compiler into `directory`, or reads the ELF file. */
void image_build(struct test_file *file, const char *directory, unsigned number);

/* --- value.c: numbers, symbols, registers, places --- */

struct scope {
    struct armsim_machine *machine; /* NULL: no registers */
    const struct image *image;
};
/* "0x10", "sym+4", "1<<26", "SCTLR_EL1|1". False with an explanation. */
bool value_parse(const struct scope *scope, const char *text, uint64_t *value, struct buffer *error);

/* What "set:" and "expect:" name: a register, bits of one, or memory. */
struct place {
    bool memory;
    uint32_t pe;
    armsim_register_id reg;
    bool high;          /* the upper half of Vn */
    uint64_t address;
    bool secure;        /* Secure physical memory */
    unsigned bytes;
    uint64_t mask;      /* bits that count */
    unsigned shift;     /* of a contiguous field */
    bool each;          /* a list of bits: 0 or 1 for each of them */
};
bool place_parse(const struct scope *scope, const char *text, struct place *place, struct buffer *error);
bool place_read(const struct scope *scope, const struct place *place, uint64_t *value, struct buffer *error);
bool place_write(const struct scope *scope, const struct place *place, uint64_t value, struct buffer *error);
uint64_t place_field(const struct place *place, uint64_t whole);

/* --- pattern.c: trap records --- */

enum { PATTERN_FIELDS = 16 };
struct pattern {
    const struct line *line; /* where it stands */
    bool any_number;         /* "..." */
    int kind, from, to;      /* -1: any */
    unsigned field_count;
    struct pattern_field {
        const char *key, *text;
        uint64_t value;
    } fields[PATTERN_FIELDS];
};
bool pattern_parse(const struct scope *scope, struct arena *arena, const struct line *line, const char *text,
                   struct pattern *pattern, struct buffer *error);
bool pattern_matches(const struct pattern *pattern, const struct armsim_trap *trap);
/* What doesn't match: "ec is 0x00". */
void pattern_explain(const struct pattern *pattern, const struct armsim_trap *trap, struct buffer *out);
/* A record in the syntax of patterns. */
void pattern_format(const struct image *image, const struct armsim_trap *trap, struct buffer *out);

/* --- events.c: injections --- */

enum when { WHEN_INSTRUCTIONS, WHEN_TIME, WHEN_SYMBOL, WHEN_TRAP, WHEN_READ, WHEN_WRITE };
enum what { DO_PIN, DO_SERROR, DO_SPI, DO_PPI, DO_FLIP, DO_SET, DO_DEVICE, DO_RESET, DO_SERIAL, DO_POWER_KEY,
            DO_POWER_CUT };
struct event {
    const struct line *line;
    enum when when;
    enum what what;
    uint64_t at; /* instructions, ns, address or trap records */
    bool done;
    uint32_t pe;
    unsigned unit; /* pin, line, bit */
    uint64_t value;
    const char *text; /* "set": place=value; serial: bytes; device: its name */
};

struct running;
bool event_parse(const struct running *running, const struct line *line, struct event *events, size_t *count,
                 struct buffer *error);
uint32_t event_watch_kinds(const struct event *event); /* of WHEN_READ, WHEN_WRITE: enum armsim_watch */
bool event_fire(struct running *running, const struct event *event, struct buffer *error);

/* --- device.c: the test's own devices --- */

enum { MAX_TEST_DEVICES = 8 };
struct test_device {
    const char *name;
    bool console, failing;
    uint64_t base, size, spi;
    uint8_t *bytes;
    struct running *running;
};
bool device_parse(struct running *running, const struct line *line, struct test_device *device, struct buffer *error);
bool device_attach(struct running *running, struct test_device *device, struct buffer *error);

/* A disk in memory, which can fail. */
enum { MAX_TEST_DRIVES = 4 };
struct test_drive {
    const char *name;
    bool failing;
    enum armsim_attachment attachment;
    uint64_t size;
    uint8_t *bytes;
};
/* The "drive:" lines: what armsim_create() wants to know of them. */
bool drives_parse(struct running *running, struct armsim_options *options, struct buffer *error);

/* --- machine.c, run.c --- */

struct harness_options {
    unsigned jobs, repeat;
    uint64_t seed;
    bool update, verbose, coverage;
    const char *program;  /* this command, as it was called */
    const char *out;      /* --out: the folder for snapshots */
    const char *gdb;      /* --gdb: where to wait for the debugger, or the command that is the debugger */
    const char *snapshot; /* --snapshot: where the debugger begins */
};

enum verdict { PASSED, FAILED, SKIPPED };
struct result {
    enum verdict verdict;
    struct buffer text; /* why */
    uint64_t instructions;
    double seconds;
};

struct gdb_socket;

/* A test while it runs. */
struct running {
    const struct test *test;
    const struct harness_options *options;
    struct arena arena;
    struct scope scope;
    struct armsim_machine *machine;
    struct armsim_trap *traps;
    size_t trap_count, trap_capacity, trap_limit;
    struct buffer console;
    struct event *events;
    size_t event_count, event_capacity;
    struct test_device devices[MAX_TEST_DEVICES];
    size_t device_count;
    struct test_drive drives[MAX_TEST_DRIVES];
    size_t drive_count;
    uint64_t limit, random, ram_size;
    struct armsim_stop stop;
    const char *ending; /* "done", "limit", "deadlock" ... */
    /* Instructions around a divergence: those numbered [from, to) are kept. */
    uint64_t window_from, window_to;
    struct armsim_hook_event *window;
    size_t window_count, window_capacity;
    struct gdb_socket *gdb; /* NULL: no debugger */
    pid_t debugger;         /* its process; -1: not ours, 0: it has ended */
    bool halts;             /* at its first arrival at the breakpoint `halt` */
    uint64_t halt;
};

struct coverage_totals;
void test_run(const struct test *test, const struct harness_options *options, struct coverage_totals *coverage,
              struct result *result);
/* The machine, with the image loaded and all `set:` lines done. False with the reason. */
bool running_start(struct running *running, const struct test *test, const struct harness_options *options,
                   struct buffer *error);
/* The power comes back after a cut: memory is lost, devices of the test's keep what they have. */
bool running_restart(struct running *running, struct buffer *error);
/* True: an event waits for the trap record that has just come. */
bool running_awaits_trap(const struct running *running);
/* To the moment before instruction number `count`. False: it isn't reached. */
bool running_run_to(struct running *running, uint64_t count, struct buffer *error);
/* To its end. `cuts`: the run is cut into pieces by this random number (0: not), which must not matter. */
bool running_run(struct running *running, uint64_t cuts, struct buffer *error);
void running_end(struct running *running);
bool running_in_past(const struct running *running);
/* Keeps the instructions numbered [from, to); each is then executed on its own. */
void running_watch(struct running *running, uint64_t from, uint64_t to);

/* --- debug.c --- */
/* Runs one test with a debugger at options->gdb; an exit status. */
int debug_test(struct test_file *file, const struct test *test, const struct harness_options *options,
               const char *directory);
int debug_slice(struct running *running, uint64_t limit, struct armsim_stop *stop);

/* --- verify.c: what was expected and what came --- */

/* Where a run first differs from what was expected. */
struct divergence {
    uint64_t at;    /* instructions executed before */
    size_t records; /* trap records before; SIZE_MAX: it isn't a record that differs */
};
/* True: all as expected. Otherwise the text says what isn't. */
bool verify(struct running *running, struct buffer *text, struct divergence *divergence);

/* --- failure.c --- */
/* The instructions around the divergence; a snapshot before it and the command that opens it. */
void failure_show(const struct running *running, const struct divergence *divergence, struct buffer *text);
/* The command that runs a test again, alone; in gdb; there from a snapshot (NULL: from the test's beginning). */
void failure_command(const struct test *test, const struct harness_options *options, const char *title,
                     bool debugged, const char *snapshot, struct buffer *text);

/* --- coverage.c --- */
struct coverage_totals *coverage_totals_create(void);
void coverage_totals_add(struct coverage_totals *totals, struct armsim_machine *machine);
void coverage_totals_merge(struct coverage_totals *totals, const struct coverage_totals *other);
void coverage_totals_free(struct coverage_totals *totals);
/* coverage.json and index.html in `directory`; false with errno. */
bool coverage_totals_write(const struct coverage_totals *totals, const char *directory, size_t tests);

/* --- report.c --- */
bool report_junit(const char *path, const struct test *const *tests, const struct result *results, size_t count);
void report_tap(const struct test *test, const struct result *result, size_t number);

/* --- options.c --- */

/* The command line. */
struct command {
    struct harness_options harness;
    const char **paths, **filters;
    size_t path_count, filter_count, path_capacity, filter_capacity;
    unsigned shard, shards;
    bool list, tap;
    const char *junit, *coverage_directory, *source;
};

/* 0, or EXIT_USAGE after the complaint; -1: help was printed. */
int command_parse(struct command *command, int argc, char **argv);

/* --- check.c --- */
int command_check(const char *program, int argc, char **argv); /* the arguments behind "check" */

#endif
