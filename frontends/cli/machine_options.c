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

static bool machine_pci(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &options->machine.pci);
}

static bool machine_number(const char *value, uint64_t low, uint64_t high, uint64_t *number)
{
    return parse_number(value, number) && *number >= low && *number <= high;
}

static bool machine_gic_ds(struct cli_options *options, void *target, const char *value)
{
    return parse_switch(value, &options->machine.gic_single_security);
}

static bool machine_priority_bits(struct cli_options *options, void *target, const char *value)
{
    uint64_t bits;
    bool known = machine_number(value, 4, 8, &bits);
    options->machine.gic_priority_bits = (uint32_t)bits;
    return known;
}

static bool machine_counter_frequency(struct cli_options *options, void *target, const char *value)
{
    return parse_count(value, &options->machine.counter_frequency);
}

static bool machine_counter_epoch(struct cli_options *options, void *target, const char *value)
{
    return parse_number(value, &options->machine.counter_epoch);
}

static bool machine_tlb(struct cli_options *options, void *target, const char *value)
{
    enum { MOST = 262144 };
    uint64_t entries = MOST;
    bool known = strcmp(value, "infinite") == 0 || machine_number(value, 16, MOST, &entries);
    options->machine.tlb_entries = (uint32_t)entries;
    return known && !(entries & (entries - 1));
}

static bool machine_uart_depth(struct cli_options *options, void *target, const char *value)
{
    uint64_t depth;
    bool known = parse_number(value, &depth) && (depth == 16 || depth == 32);
    options->machine.uart_fifo = (uint32_t)depth;
    return known;
}

static bool machine_seed(struct cli_options *options, void *target, const char *value)
{
    return parse_number(value, &options->machine.rng_seed);
}

static bool machine_wfe_early(struct cli_options *options, void *target, const char *value)
{
    bool early = strcmp(value, "1") == 0;
    return (early || strcmp(value, "0") == 0) && option_choose(options, "M", "WFE_WAKE", early ? "early" : "event") == 0;
}

/* SCTLR_ELx.M acts at the write: a fetch behind it is translated. */
static bool machine_mmu_fault_point(struct cli_options *options, void *target, const char *value)
{
    return strcmp(value, "msr") == 0;
}

static bool machine_tlb_check(struct cli_options *options, void *target, const char *value)
{
    bool known = strcmp(value, "off") == 0 || strcmp(value, "warn") == 0 || strcmp(value, "fault") == 0;
    return known && option_choose(options, "M", "TLB_CHECK", value) == 0;
}

static bool machine_vhe(struct cli_options *options, void *target, const char *value)
{
    bool on;
    options->vhe = value;
    return parse_switch(value, &on);
}

/* What this version doesn't have: only its absence can be asked for. */
static bool machine_absent(struct cli_options *options, void *target, const char *value)
{
    return strcmp(value, "off") == 0;
}

static bool machine_caches(struct cli_options *options, void *target, const char *value)
{
    return strcmp(value, "coherent") == 0;
}

static bool machine_ram_fill(struct cli_options *options, void *target, const char *value)
{
    options->machine.ram_fill = strcmp(value, "poison") == 0 ? ARMSIM_RAM_POISON : ARMSIM_RAM_ZERO;
    return strcmp(value, "poison") == 0 || strcmp(value, "zero") == 0;
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
        {"gic", "2 or 3", machine_gic},
        {"el3", "on or off", machine_secure},
        {"el2", "on or off", machine_virtualization},
        {"vhe", "on or off", machine_vhe},
        {"gic-ds", "on or off", machine_gic_ds},
        {"prio-bits", "4 to 8", machine_priority_bits},
        {"wfe-early", "0 or 1", machine_wfe_early},
        {"cntfrq", "Hz", machine_counter_frequency},
        {"cnt-epoch", "a number", machine_counter_epoch},
        {"tlb", "a power of two from 16 to 262144, or infinite", machine_tlb},
        {"tlb-check", "off, warn or fault", machine_tlb_check},
        {"mmu-fault-point", "msr (a write of SCTLR_ELx.M that waits for the ISB isn't implemented in this version)",
         machine_mmu_fault_point},
        {"uart-depth", "16 or 32", machine_uart_depth},
        {"seed", "a number", machine_seed},
        {"aa32-el1", "off (AArch32 isn't implemented in this version)", machine_absent},
        {"fgt", "off (FEAT_FGT isn't implemented in this version)", machine_absent},
        {"ecv", "off (FEAT_ECV isn't implemented in this version)", machine_absent},
        {"wfxt", "off (FEAT_WFxT isn't implemented in this version)", machine_absent},
        {"twed", "off (FEAT_TWED isn't implemented in this version)", machine_absent},
        {"caches", "coherent (split caches aren't implemented in this version)", machine_caches},
        {"pci", "on or off", machine_pci},
        {"ram-fill", "zero or poison", machine_ram_fill},
        {"bus-error", "sea, serror or razwi", machine_bus_error},
        {"dumpdtb", "a file's name", machine_dumpdtb},
    };
    if (strcmp(value, "help") == 0) {
        puts("virt    QEMU's virt board\n"
             "    gic-version=2|3, secure=on|off (el3), virtualization=on|off (el2), vhe=on|off, pci=on|off\n"
             "    bus-error=sea|serror|razwi, ram-fill=zero|poison, wfe-early=0|1\n"
             "    gic-ds=on|off, prio-bits=4..8, cntfrq=HZ, cnt-epoch=N, tlb=N|infinite\n"
             "    tlb-check=off|warn|fault, mmu-fault-point=msr, uart-depth=16|32, seed=N\n"
             "    dumpdtb=FILE");
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

/* --- what it is connected to --- */

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
