/* The options of `armsim run`: QEMU's spelling where the meaning is the same. */
#include "frontends/cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int option_expected(const char *option, const char *what, const char *found)
{
    return complain(EXIT_USAGE, "-%s: expected %s, found \"%s\"", option, what, found ? found : "");
}

int option_pairs(struct cli_options *options, const char *name, const char *value, struct pair pairs[MAX_PAIRS])
{
    int count = split_pairs(options, value, pairs, MAX_PAIRS);
    if (count < 0)
        complain(EXIT_USAGE, "-%s: expected at most %d items", name, MAX_PAIRS);
    return count;
}

int option_set_property(struct cli_options *options, const char *option, const struct option_property *properties,
                        size_t count, void *target, const struct pair *pair)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(properties[i].key, pair->key) != 0)
            continue;
        if (pair->value && properties[i].set(options, target, pair->value))
            return 0;
        return complain(EXIT_USAGE, "-%s: %s: expected %s, found \"%s\"", option, pair->key, properties[i].expected,
                        pair->value ? pair->value : "");
    }
    char names[256] = "";
    for (size_t i = 0; i < count; i++) {
        strncat(names, i ? ", " : "", sizeof(names) - strlen(names) - 1);
        strncat(names, properties[i].key, sizeof(names) - strlen(names) - 1);
    }
    return complain(EXIT_USAGE, "-%s: expected one of %s, found \"%s\"", option, names, pair->key);
}

bool option_set_text(struct cli_options *options, void *target, const char *value)
{
    *(const char **)target = value;
    return *value != '\0';
}

/* --- records --- */

static const struct log_item {
    const char *name;
    uint32_t mask;
    const char *help;
} log_items[] = {
    {"int", ARMSIM_LOG_EXCEPTION, "exception entries and returns, with the reason"},
    {"mmu", ARMSIM_LOG_MMU, "translation faults and TLB maintenance"},
    {"guest_errors", ARMSIM_LOG_GUEST_ERROR, "what the guest does wrong"},
    {"unimp", ARMSIM_LOG_UNIMPLEMENTED, "what this build doesn't model"},
    {"device", ARMSIM_LOG_DEVICE, "what devices do"},
    {"in_asm", 0, "each instruction when it is first executed"},
};

static int option_log_items(struct cli_options *options, const char *name, const char *value)
{
    if (strcmp(value, "help") == 0) {
        for (size_t i = 0; i < sizeof(log_items) / sizeof(log_items[0]); i++)
            printf("%-14s %s\n", log_items[i].name, log_items[i].help);
        options->done = true;
        return 0;
    }
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    for (int i = 0; i < count; i++) {
        size_t item = 0;
        while (item < sizeof(log_items) / sizeof(log_items[0]) && strcmp(log_items[item].name, pairs[i].key) != 0)
            item++;
        if (item == sizeof(log_items) / sizeof(log_items[0]) || pairs[i].value)
            return option_expected(name, "int, mmu, guest_errors, unimp, device or in_asm", pairs[i].key);
        options->machine.log_mask |= log_items[item].mask;
        options->log_instructions |= log_items[item].mask == 0;
    }
    return count < 0 ? EXIT_USAGE : 0;
}

static int option_log_file(struct cli_options *options, const char *name, const char *value)
{
    options->log_file = value;
    return 0;
}

static int option_limit(struct cli_options *options, const char *name, const char *value)
{
    return parse_count(value, &options->limit) ? 0 : option_expected(name, "a number of instructions", value);
}

static int option_stats(struct cli_options *options, const char *name, const char *value)
{
    options->stats_file = value;
    return 0;
}

static int option_save(struct cli_options *options, const char *name, const char *value)
{
    options->save = value;
    return 0;
}

static int option_load(struct cli_options *options, const char *name, const char *value)
{
    options->load = value;
    return 0;
}

static int option_state_hash(struct cli_options *options, const char *name, const char *value)
{
    options->state_hash = true;
    return 0;
}

static int option_trace(struct cli_options *options, const char *name, const char *value)
{
    options->trace_file = value;
    return 0;
}

static int option_trace_format(struct cli_options *options, const char *name, const char *value)
{
    static const char *const formats[] = {
        [ARMSIM_TRACE_TEXT] = "text", [ARMSIM_TRACE_JSON] = "json", [ARMSIM_TRACE_TARMAC] = "tarmac"};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(value, formats[i]) == 0) {
            options->trace_format = (enum armsim_trace_format)i;
            return 0;
        }
    }
    return option_expected(name, "text, json or tarmac", value);
}

static int option_trace_instructions(struct cli_options *options, const char *name, const char *value)
{
    bool on;
    if (!parse_switch(value, &on))
        return option_expected(name, "on or off", value);
    options->trace_instructions = on;
    return 0;
}

/* --- time and choices --- */

static int option_quantum(struct cli_options *options, const char *name, const char *value)
{
    return parse_count(value, &options->machine.quantum) ? 0 : option_expected(name, "a number of instructions", value);
}

static int option_frequency(struct cli_options *options, const char *name, const char *value)
{
    return parse_count(value, &options->machine.frequency) ? 0 : option_expected(name, "instructions a second", value);
}

static int option_seed(struct cli_options *options, const char *name, const char *value)
{
    return parse_number(value, &options->machine.rng_seed) ? 0 : option_expected(name, "a number", value);
}

static bool rtc_base(struct cli_options *options, void *target, const char *value)
{
    if (strcmp(value, "utc") == 0) {
        options->machine.rtc_epoch = (int64_t)time(NULL);
        return true;
    }
    return parse_date(value, &options->machine.rtc_epoch);
}

static int option_rtc(struct cli_options *options, const char *name, const char *value)
{
    static const struct option_property properties[] = {
        {"base", "utc, or a date as 2026-01-01T12:00:00", rtc_base},
    };
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    for (int i = 0; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, NULL, &pairs[i]);
        if (status)
            return status;
    }
    return count < 0 ? EXIT_USAGE : 0;
}

static int option_idle(struct cli_options *options, const char *name, const char *value)
{
    if (strcmp(value, "skip") == 0)
        options->idle = IDLE_SKIP;
    else if (strcmp(value, "realtime") == 0)
        options->idle = IDLE_REALTIME;
    else
        return option_expected(name, "skip or realtime", value);
    return 0;
}

int option_choose(struct cli_options *options, const char *name, const char *row, const char *value)
{
    if (options->machine.impdef_count == MAX_IMPDEFS)
        return complain(EXIT_USAGE, "-%s: expected at most %d choices", name, MAX_IMPDEFS);
    options->impdefs[options->machine.impdef_count++] = (struct armsim_impdef){.name = row, .value = value};
    return 0;
}

static void print_impdefs(void)
{
    struct armsim_impdef_info info;
    for (size_t i = 0; armsim_impdef_at(i, &info) == 0; i++) {
        printf("%s=", info.name);
        for (size_t v = 0; v < info.value_count; v++)
            printf("%s%s", v ? "|" : "", info.values[v]);
        printf(" (default %s)\n    %s\n", info.default_value, info.description);
    }
}

static int option_impdef(struct cli_options *options, const char *name, const char *value)
{
    if (strcmp(value, "help") == 0) {
        print_impdefs();
        options->done = true;
        return 0;
    }
    const char *equals = strchr(value, '=');
    if (!equals)
        return option_expected(name, "NAME=VALUE", value);
    const char *row = keep_text(options, value, (size_t)(equals - value));
    return row ? option_choose(options, name, row, equals + 1) : complain(EXIT_DEFECT, "out of memory");
}

static int option_no_reboot(struct cli_options *options, const char *name, const char *value)
{
    options->no_reboot = true;
    return 0;
}

static int option_gdb(struct cli_options *options, const char *name, const char *value)
{
    options->has_gdb = true;
    return gdb_parse_address(value, &options->gdb) ? 0 : option_expected(name, "tcp:[HOST]:PORT", value);
}

static int option_gdb_default(struct cli_options *options, const char *name, const char *value)
{
    return option_gdb(options, name, "tcp::1234");
}

static int option_halted(struct cli_options *options, const char *name, const char *value)
{
    options->halted = true;
    return 0;
}

static int option_help(struct cli_options *options, const char *name, const char *value)
{
    print_help();
    options->done = true;
    return 0;
}

static const struct option {
    const char *name;
    bool has_value;
    option_fn *set;
} option_table[] = {
    {"M", true, option_machine},
    {"machine", true, option_machine},
    {"cpu", true, option_cpu},
    {"smp", true, option_smp},
    {"m", true, option_memory},
    {"kernel", true, option_kernel},
    {"initrd", true, option_initrd},
    {"append", true, option_append},
    {"dtb", true, option_dtb},
    {"bios", true, option_bios},
    {"drive", true, option_drive},
    {"cdrom", true, option_cdrom},
    {"nic", true, option_nic},
    {"netdev", true, option_netdev},
    {"device", true, option_device},
    {"serial", true, option_serial},
    {"virtio-console", true, option_virtio_console},
    {"nographic", false, option_ignored},
    {"no-reboot", false, option_no_reboot},
    {"semihosting", false, option_semihosting},
    {"semihosting-config", true, option_semihosting_config},
    {"rtc", true, option_rtc},
    {"d", true, option_log_items},
    {"D", true, option_log_file},
    {"limit", true, option_limit},
    {"stats", true, option_stats},
    {"state-hash", false, option_state_hash},
    {"save", true, option_save},
    {"load", true, option_load},
    {"trace", true, option_trace},
    {"trace-format", true, option_trace_format},
    {"trace-instructions", true, option_trace_instructions},
    {"quantum", true, option_quantum},
    {"frequency", true, option_frequency},
    {"seed", true, option_seed},
    {"idle", true, option_idle},
    {"impdef", true, option_impdef},
    {"gdb", true, option_gdb},
    {"s", false, option_gdb_default},
    {"S", false, option_halted},
    {"help", false, option_help},
    {"h", false, option_help},
};

/* An option may be followed by its value in the next argument, or after '='. */
static const struct option *find_option(const char *argument, const char **value)
{
    *value = NULL;
    if (argument[0] != '-')
        return NULL;
    const char *name = argument + (argument[1] == '-' ? 2 : 1);
    size_t length = strcspn(name, "=");
    for (size_t i = 0; i < sizeof(option_table) / sizeof(option_table[0]); i++) {
        const struct option *option = &option_table[i];
        if (strlen(option->name) != length || strncmp(option->name, name, length) != 0)
            continue;
        if (name[length] == '=')
            *value = name + length + 1;
        return option;
    }
    return NULL;
}

/* What only all options together can say. */
static int finish(struct cli_options *options)
{
    struct chardev *console = &options->serial[ARMSIM_SERIAL_UART0];
    bool stdio_taken = options->serial[ARMSIM_SERIAL_VIRTIO].kind == CHARDEV_STDIO;
    if (console->kind == CHARDEV_NONE)
        console->kind = stdio_taken ? CHARDEV_NULL : CHARDEV_STDIO;
    unsigned users = 0;
    for (unsigned i = 0; i < ARMSIM_SERIAL_PORTS; i++)
        users += options->serial[i].kind == CHARDEV_STDIO;
    if (users > 1)
        return complain(EXIT_USAGE, "-serial: expected one port on stdio, found %u", users);
    if (options->serial[ARMSIM_SERIAL_UART1].kind != CHARDEV_NONE && !options->machine.secure)
        return complain(EXIT_USAGE, "-serial: expected one port, the second needs -M secure=on");
    if (options->no_nic && options->machine.nic_count)
        return complain(EXIT_USAGE, "-nic: expected none or cards, found both");
    if (options->machine.initrd.path && !options->machine.kernel.path)
        return complain(EXIT_USAGE, "-initrd: expected with -kernel");
    if (options->trace_instructions >= 0 && !options->trace_file)
        return complain(EXIT_USAGE, "--trace-instructions: expected with --trace");
    if (options->vhe) {
        char text[512];
        int length = snprintf(text, sizeof(text), "%s,vhe=%s", options->machine.cpu, options->vhe);
        options->machine.cpu = length < (int)sizeof(text) ? keep_text(options, text, (size_t)length) : NULL;
        if (!options->machine.cpu)
            return complain(EXIT_DEFECT, "out of memory");
    }
    int status = options_resolve_devices(options);
    if (status)
        return status;
    options->machine.loads = options->loads;
    options->machine.drives = options->drives;
    options->machine.nics = options->nics;
    options->machine.impdefs = options->impdefs;
    return 0;
}

int options_parse(struct cli_options *options, int argc, char **argv)
{
    *options = (struct cli_options){.limit = ARMSIM_NO_LIMIT, .trace_instructions = -1};
    armsim_options_init(&options->machine, sizeof(options->machine));
    for (int i = 0; i < argc; i++) {
        const char *value;
        const struct option *option = find_option(argv[i], &value);
        if (!option)
            return complain(EXIT_USAGE, "expected an option (see armsim --help), found \"%s\"", argv[i]);
        if (!option->has_value && value)
            return complain(EXIT_USAGE, "-%s: expected no value, found \"%s\"", option->name, value);
        if (option->has_value && !value) {
            if (i + 1 == argc)
                return complain(EXIT_USAGE, "-%s: expected a value, found none", option->name);
            value = argv[++i];
        }
        int status = option->set(options, option->name, value);
        if (status)
            return status;
        if (options->done)
            return 0;
    }
    return finish(options);
}

void options_free(struct cli_options *options)
{
    while (options->keepers) {
        struct keeper *next = options->keepers->next;
        free(options->keepers);
        options->keepers = next;
    }
}
