/* Options that say what the machine consists of, what it runs and what it is connected to. */
#include "frontends/cli/options.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MEMORY_UNIT = 1024 * 1024 };

/* --- -M --- */

static bool machine_type(struct cli_options *options, void *target, const char *value)
{
    return strcmp(value, "virt") == 0;
}

static bool machine_gic(struct cli_options *options, void *target, const char *value)
{
    options->machine.gic_version = value[0] == '3' ? 3 : 2;
    return strcmp(value, "2") == 0 || strcmp(value, "3") == 0;
}

static bool machine_secure(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &options->machine.secure);
}

static bool machine_virtualization(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &options->machine.virtualization);
}

static bool machine_bus_error(struct cli_options *options, void *target, const char *value)
{
    bool known = strcmp(value, "sea") == 0 || strcmp(value, "serror") == 0 || strcmp(value, "razwi") == 0;
    return known && option_choose(options, "M", "BUS_ERROR", value) == 0;
}

static bool machine_dumpdtb(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &options->dumpdtb, value);
}

int option_machine(struct cli_options *options, const char *name, const char *value)
{
    static const struct option_property properties[] = {
        {"type", "virt", machine_type},
        {"gic-version", "2 or 3", machine_gic},
        {"secure", "on or off", machine_secure},
        {"virtualization", "on or off", machine_virtualization},
        {"bus-error", "sea, serror or razwi", machine_bus_error},
        {"dumpdtb", "a file's name", machine_dumpdtb},
    };
    if (strcmp(value, "help") == 0) {
        puts("virt    QEMU's virt board (gic-version=2|3, secure=on|off, virtualization=on|off, "
             "bus-error=sea|serror|razwi, dumpdtb=FILE)");
        options->done = true;
        return 0;
    }
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    for (int i = 0; i < count; i++) {
        if (i == 0 && !pairs[0].value) {
            if (!machine_type(options, NULL, pairs[0].key))
                return option_expected(name, "the machine virt", pairs[0].key);
            continue;
        }
        int status = SET_PROPERTY(options, name, properties, NULL, &pairs[i]);
        if (status)
            return status;
    }
    return count < 0 ? EXIT_USAGE : 0;
}

/* --- what the machine consists of --- */

int option_cpu(struct cli_options *options, const char *name, const char *value)
{
    options->machine.cpu = value;
    if (strcmp(value, "help") != 0)
        return 0;
    puts("CPU models:");
    for (size_t i = 0; armsim_cpu_model_at(i); i++)
        printf("  %s\n", armsim_cpu_model_at(i));
    puts("Features, to follow a model as ,NAME=on|off:");
    for (size_t i = 0; armsim_feature_at(i); i++)
        printf("  %s\n", armsim_feature_at(i));
    options->done = true;
    return 0;
}

int option_smp(struct cli_options *options, const char *name, const char *value)
{
    uint64_t count;
    if (strncmp(value, "cpus=", 5) == 0)
        value += 5;
    if (!parse_number(value, &count) || count < 1 || count > ARMSIM_MAX_PES)
        return complain(EXIT_USAGE, "-%s: expected 1 to %d PEs, found \"%s\"", name, ARMSIM_MAX_PES, value);
    options->machine.smp = (uint32_t)count;
    return 0;
}

int option_memory(struct cli_options *options, const char *name, const char *value)
{
    if (strncmp(value, "size=", 5) == 0)
        value += 5;
    if (!parse_size(value, DEFAULT_MEMORY_UNIT, &options->machine.ram_size))
        return option_expected(name, "a size in MiB, or with K, M, G", value);
    return 0;
}

/* --- what it runs --- */

int option_kernel(struct cli_options *options, const char *name, const char *value)
{
    options->machine.kernel.path = value;
    return 0;
}

int option_initrd(struct cli_options *options, const char *name, const char *value)
{
    options->machine.initrd.path = value;
    return 0;
}

int option_append(struct cli_options *options, const char *name, const char *value)
{
    options->machine.append = value;
    return 0;
}

int option_dtb(struct cli_options *options, const char *name, const char *value)
{
    options->machine.dtb.path = value;
    return 0;
}

int option_bios(struct cli_options *options, const char *name, const char *value)
{
    options->machine.bios.path = value;
    return 0;
}

static bool loader_file(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &((struct armsim_load *)target)->image.path, value);
}

static bool loader_address(struct cli_options *options, void *target, const char *value)
{
    struct armsim_load *load = target;
    load->has_address = true;
    return parse_number(value, &load->address);
}

static bool loader_cpu(struct cli_options *options, void *target, const char *value)
{
    struct armsim_load *load = target;
    uint64_t pe;
    if (!parse_number(value, &pe) || pe >= ARMSIM_MAX_PES)
        return false;
    load->pe = (uint32_t)pe;
    load->set_pc = true;
    return true;
}

static bool loader_raw(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &((struct armsim_load *)target)->raw);
}

static bool loader_secure(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &((struct armsim_load *)target)->secure);
}

int option_device(struct cli_options *options, const char *name, const char *value)
{
    static const struct option_property properties[] = {
        {"file", "a file's name", loader_file},
        {"addr", "an address", loader_address},
        {"cpu-num", "a PE's number", loader_cpu},
        {"force-raw", "on or off", loader_raw},
        {"secure", "on or off", loader_secure},
    };
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    if (count < 0)
        return EXIT_USAGE;
    if (pairs[0].value || strcmp(pairs[0].key, "loader") != 0)
        return option_expected(name, "the device loader", pairs[0].key);
    if (options->machine.load_count == MAX_LOADS)
        return complain(EXIT_USAGE, "-%s: expected at most %d loaders", name, MAX_LOADS);
    struct armsim_load *load = &options->loads[options->machine.load_count++];
    for (int i = 1; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, load, &pairs[i]);
        if (status)
            return status;
    }
    if (!load->image.path)
        return complain(EXIT_USAGE, "-%s: file: expected a file's name, found none", name);
    if (load->raw && !load->has_address)
        return complain(EXIT_USAGE, "-%s: addr: expected an address for a raw file, found none", name);
    return 0;
}

/* --- what it is connected to --- */

static bool drive_file(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &((struct armsim_drive *)target)->path, value);
}

static bool drive_interface(struct cli_options *options, void *target, const char *value)
{
    return strcmp(value, "virtio") == 0;
}

static bool drive_format(struct cli_options *options, void *target, const char *value)
{
    return strcmp(value, "raw") == 0;
}

static bool drive_read_only(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &((struct armsim_drive *)target)->read_only);
}

static bool drive_serial(struct cli_options *options, void *target, const char *value)
{
    ((struct armsim_drive *)target)->serial = value;
    return strlen(value) <= 20;
}

int option_drive(struct cli_options *options, const char *name, const char *value)
{
    static const struct option_property properties[] = {
        {"file", "a file's name", drive_file},
        {"if", "virtio", drive_interface},
        {"format", "raw", drive_format},
        {"readonly", "on or off", drive_read_only},
        {"serial", "up to 20 characters", drive_serial},
    };
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    if (count < 0)
        return EXIT_USAGE;
    if (options->machine.drive_count == MAX_DRIVES)
        return complain(EXIT_USAGE, "-%s: expected at most %d drives", name, MAX_DRIVES);
    struct armsim_drive *drive = &options->drives[options->machine.drive_count++];
    for (int i = 0; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, drive, &pairs[i]);
        if (status)
            return status;
    }
    if (!drive->path)
        return complain(EXIT_USAGE, "-%s: file: expected a file's name, found none", name);
    return 0;
}

static bool nic_forward(struct cli_options *options, void *target, const char *value)
{
    size_t nic = (size_t)((struct armsim_nic *)target - options->nics);
    if (options->forward_counts[nic] == MAX_FORWARDS)
        return false;
    return user_net_parse_forward(value, &options->forwards[nic][options->forward_counts[nic]++]);
}

static bool nic_mac(struct cli_options *options, void *target, const char *value)
{
    uint8_t *mac = ((struct armsim_nic *)target)->mac;
    int used = 0;
    return sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5],
                  &used) == 6 &&
           value[used] == '\0' && !(mac[0] & 1);
}

static bool nic_restrict(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &options->nic_restricted[(struct armsim_nic *)target - options->nics]);
}

static bool nic_model(struct cli_options *options, void *target, const char *value)
{
    return strncmp(value, "virtio", 6) == 0;
}

int option_nic(struct cli_options *options, const char *name, const char *value)
{
    static const struct option_property properties[] = {
        {"hostfwd", "tcp|udp:[hostaddr]:hostport-[guestaddr]:guestport", nic_forward},
        {"mac", "six hexadecimal bytes, the first even", nic_mac},
        {"restrict", "on or off", nic_restrict},
        {"model", "virtio", nic_model},
    };
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    if (count < 0)
        return EXIT_USAGE;
    if (!pairs[0].value && strcmp(pairs[0].key, "none") == 0 && count == 1) {
        options->no_nic = true;
        return 0;
    }
    if (pairs[0].value || strcmp(pairs[0].key, "user") != 0)
        return option_expected(name, "user or none", value);
    if (options->machine.nic_count == MAX_NICS)
        return complain(EXIT_USAGE, "-%s: expected at most %d network cards", name, MAX_NICS);
    struct armsim_nic *nic = &options->nics[options->machine.nic_count++];
    for (int i = 1; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, nic, &pairs[i]);
        if (status)
            return status;
    }
    return 0;
}

static bool parse_chardev(const char *value, struct chardev *chardev)
{
    *chardev = (struct chardev){.kind = CHARDEV_NONE};
    if (strcmp(value, "stdio") == 0 || strcmp(value, "mon:stdio") == 0)
        chardev->kind = CHARDEV_STDIO;
    else if (strcmp(value, "null") == 0 || strcmp(value, "none") == 0)
        chardev->kind = CHARDEV_NULL;
    else if (strncmp(value, "file:", 5) == 0 && value[5])
        *chardev = (struct chardev){.kind = CHARDEV_FILE, .path = value + 5};
    return chardev->kind != CHARDEV_NONE;
}

int option_serial(struct cli_options *options, const char *name, const char *value)
{
    static const unsigned ports[] = {ARMSIM_SERIAL_UART0, ARMSIM_SERIAL_UART1};
    if (options->serial_count == sizeof(ports) / sizeof(ports[0]))
        return complain(EXIT_USAGE, "-%s: expected at most 2 serial ports", name);
    if (!parse_chardev(value, &options->serial[ports[options->serial_count++]]))
        return option_expected(name, "stdio, null or file:PATH", value);
    return 0;
}

int option_virtio_console(struct cli_options *options, const char *name, const char *value)
{
    options->machine.virtio_console = true;
    if (!parse_chardev(value, &options->serial[ARMSIM_SERIAL_VIRTIO]))
        return option_expected(name, "stdio, null or file:PATH", value);
    return 0;
}

int option_ignored(struct cli_options *options, const char *name, const char *value)
{
    return 0; /* there is no window: -nographic is always so */
}

int option_semihosting(struct cli_options *options, const char *name, const char *value)
{
    options->machine.semihosting.enabled = true;
    return 0;
}

static bool semihosting_enable(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &options->machine.semihosting.enabled);
}

static bool semihosting_target(struct cli_options *options, void *target, const char *value)
{
    return strcmp(value, "native") == 0 || strcmp(value, "auto") == 0;
}

static bool semihosting_dir(struct cli_options *options, void *target, const char *value)
{
    return option_set_text(options, &options->machine.semihosting.directory, value);
}

/* Arguments come one by one and are joined by spaces. */
static bool semihosting_arg(struct cli_options *options, void *target, const char *value)
{
    const char *old = options->machine.semihosting.command_line;
    if (!old) {
        options->machine.semihosting.command_line = value;
        return true;
    }
    size_t size = strlen(old) + strlen(value) + 2;
    char *joined = malloc(size);
    if (!joined)
        return false;
    snprintf(joined, size, "%s %s", old, value);
    options->machine.semihosting.command_line = keep_text(options, joined, strlen(joined));
    free(joined);
    return options->machine.semihosting.command_line != NULL;
}

int option_semihosting_config(struct cli_options *options, const char *name, const char *value)
{
    static const struct option_property properties[] = {
        {"enable", "on or off", semihosting_enable},
        {"target", "native or auto", semihosting_target},
        {"dir", "a directory's name", semihosting_dir},
        {"arg", "an argument", semihosting_arg},
    };
    struct pair pairs[MAX_PAIRS];
    int count = option_pairs(options, name, value, pairs);
    options->machine.semihosting.enabled = true;
    for (int i = 0; i < count; i++) {
        int status = SET_PROPERTY(options, name, properties, NULL, &pairs[i]);
        if (status)
            return status;
    }
    return count < 0 ? EXIT_USAGE : 0;
}
