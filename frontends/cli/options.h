/* How options are read: shared by the files that handle them. */
#ifndef ARMSIM_FRONTENDS_CLI_OPTIONS_H
#define ARMSIM_FRONTENDS_CLI_OPTIONS_H

#include "frontends/cli/cli.h"

enum { MAX_PAIRS = 64 };

/* Handles one option with its value (NULL if it takes none). 0 or EXIT_USAGE after complaining. */
typedef int option_fn(struct cli_options *options, const char *name, const char *value);

/* Complains of a value; EXIT_USAGE. */
int option_expected(const char *option, const char *what, const char *found);
/* Splits a value into pairs; the number, or -1 after complaining. */
int option_pairs(struct cli_options *options, const char *name, const char *value, struct pair pairs[MAX_PAIRS]);

/* A property of some option: "secure" of -M. `value` is never NULL. */
struct option_property {
    const char *key;
    const char *expected;
    bool (*set)(struct cli_options *options, void *target, const char *value);
};
int option_set_property(struct cli_options *options, const char *option, const struct option_property *properties,
                        size_t count, void *target, const struct pair *pair);
#define SET_PROPERTY(options, option, table, target, pair)                                                             \
    option_set_property(options, option, table, sizeof(table) / sizeof((table)[0]), target, pair)

/* Chooses a row of impdef.def; both texts are kept by the caller. 0 or an exit status after complaining. */
int option_choose(struct cli_options *options, const char *name, const char *row, const char *value);

/* Stores a text that may not be empty. */
bool option_set_text(struct cli_options *options, void *target, const char *value);

/* machine_options.c: what the machine consists of, runs and is connected to. */
option_fn option_machine, option_cpu, option_smp, option_memory, option_kernel, option_initrd, option_append,
    option_dtb, option_bios, option_serial, option_virtio_console, option_ignored, option_semihosting, option_semihosting_config;

/* device_options.c */
option_fn option_device, option_drive, option_cdrom, option_nic, option_netdev;
/* Connects what -device named to its backends. 0 or EXIT_USAGE after complaining. */
int options_resolve_devices(struct cli_options *options);

#endif
