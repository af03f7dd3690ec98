/*
 * boundaries [--kernel FILE --initrd FILE] [--from N] [--count N] [--seed N]: forks a machine at random instructions, now
 * and then by a file, and runs both on: they must stay equal in every field and every byte. Without a kernel the machine
 * is the built-in ROM's, again and again.
 */
#include "libarmsim/fabric/random.h"
#include "roms/builtin_rom.h"
#include "tests/unit/saved_bytes.h"

#include <armsim/armsim.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state;

static uint64_t next_random(void)
{
    return splitmix64(&random_state);
}

static void check(int result, const struct armsim_machine *machine, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, armsim_strerror(result), armsim_last_error(machine));
    exit(1);
}

static void print_difference(void *opaque, const struct armsim_difference *d)
{
    printf("%s: %s[%llu]: %llx, %llx\n", d->section, d->field, (unsigned long long)d->index, (unsigned long long)d->a,
           (unsigned long long)d->b);
}

struct settings {
    const char *kernel, *initrd;
    uint64_t from, count;
};

static struct armsim_machine *create(const struct settings *settings)
{
    struct armsim_options options;
    struct armsim_machine *machine;
    armsim_options_init(&options, sizeof(options));
    options.cpu = "cortex-a76";
    options.gic_version = 3;
    if (settings->kernel) {
        options.ram_size = 512 * ARMSIM_MIB;
        options.smp = 2;
        options.cpu = "cortex-a57"; /* which has nothing but exclusives */
        options.kernel.path = settings->kernel;
        options.initrd.path = settings->initrd;
        options.append = "console=ttyAMA0";
        options.serial[0].input = true;
    } else {
        options.secure = options.virtualization = true;
        options.ram_size = 4 * ARMSIM_MIB;
        options.kernel.data = builtin_rom;
        options.kernel.size = builtin_rom_size;
        options.semihosting.enabled = true;
    }
    check(armsim_create(&options, &machine), machine, "create");
    return machine;
}

/* Runs exactly so far; what would wait for input gets some. */
static bool run_to(struct armsim_machine *machine, uint64_t instructions)
{
    while (armsim_instructions(machine) < instructions) {
        struct armsim_stop stop = {.size = sizeof(stop)};
        check(armsim_run(machine, instructions - armsim_instructions(machine), &stop), machine, "run");
        if (stop.reason == ARMSIM_STOP_WAITING)
            armsim_serial_input(machine, 0, "ls -l /proc\n", 12);
        else if (stop.reason != ARMSIM_STOP_LIMIT && stop.reason != ARMSIM_STOP_SEMIHOSTING)
            return false;
    }
    return true;
}

/* What a boundary was in the midst of. */
struct kinds {
    unsigned exclusive, pending, waiting, in_flight;
};

static bool is_exclusive(struct armsim_machine *machine, uint32_t pe)
{
    uint64_t value = 0;
    armsim_peek(machine, pe, ARMSIM_REG_EXCLUSIVE, &value);
    return value == 3;
}

static bool is_pending(struct armsim_machine *machine, uint32_t pe)
{
    uint64_t value = 0;
    armsim_peek(machine, pe, ARMSIM_SYSREG(3, 0, 12, 1, 0), &value); /* ISR_EL1 */
    return value != 0;
}

static bool is_waiting(struct armsim_machine *machine, uint32_t pe)
{
    return armsim_pe_state(machine, pe) == ARMSIM_PE_WFI;
}

static bool any(struct armsim_machine *machine, bool (*is)(struct armsim_machine *machine, uint32_t pe))
{
    for (uint32_t pe = 0; pe < armsim_pe_count(machine); pe++)
        if (is(machine, pe))
            return true;
    return false;
}

/* A moment of a kind that chance alone seldom meets. */
static void seek(struct armsim_machine *machine)
{
    static bool (*const kinds[])(struct armsim_machine *machine, uint32_t pe) = {is_exclusive, is_pending, is_waiting};
    bool (*is)(struct armsim_machine *machine, uint32_t pe) = kinds[next_random() % 3];
    for (unsigned i = 0; i < 3000 && !any(machine, is); i++)
        run_to(machine, armsim_instructions(machine) + 1);
}

static void note_kind(struct armsim_machine *machine, struct kinds *kinds)
{
    uint64_t value = 0;
    bool exclusive = any(machine, is_exclusive), pending = any(machine, is_pending), waiting = any(machine, is_waiting);
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    armsim_read_memory(machine, &space, 0x09000018, &value, 4, NULL); /* UARTFR.RXFE */
    kinds->exclusive += exclusive;
    kinds->pending += pending;
    kinds->waiting += waiting;
    kinds->in_flight += !(value & 0x10);
}

static int check_boundaries(const struct settings *settings)
{
    enum { ROM_END = 45000, BY_FILE = 100 };
    struct armsim_machine *machine = create(settings), *other, *by_file = create(settings);
    struct bytes bytes = {0};
    struct kinds kinds = {0};
    if (!run_to(machine, settings->from))
        return fprintf(stderr, "the guest ended early\n"), 1;
    for (uint64_t i = 0; i < settings->count; i++) {
        uint64_t step = 1 + next_random() % (next_random() % 4 ? 200 : 20000), at = armsim_instructions(machine);
        if (!settings->kernel && at + step > ROM_END) {
            armsim_destroy(machine);
            machine = create(settings);
            check(run_to(machine, next_random() % 20000) - 1, machine, "run");
            at = armsim_instructions(machine);
        }
        if (settings->kernel && i % 50 == 0)
            armsim_serial_input(machine, 0, "echo hello\n", 11);
        if (i % 8 == 0) {
            if (settings->kernel) /* into other code */
                run_to(machine, at + next_random() % 2000000);
            seek(machine);
            at = armsim_instructions(machine);
        }
        note_kind(machine, &kinds);
        check(armsim_fork(machine, &other), machine, "fork");
        if (i % BY_FILE == 0) {
            bytes.size = bytes.at = 0;
            check(armsim_snapshot_save_to(machine, put_bytes, &bytes), machine, "save");
            check(armsim_snapshot_load_from(by_file, get_bytes, &bytes), by_file, "load");
        }
        if (!run_to(machine, at + step) || !run_to(other, at + step) ||
            armsim_state_diff(machine, other, print_difference, NULL) != 0 ||
            (i % BY_FILE == 0 &&
             (!run_to(by_file, at + step) || armsim_state_diff(machine, by_file, print_difference, NULL) != 0))) {
            printf("boundary %llu at instruction %llu, %llu more: not the same\n", (unsigned long long)i,
                   (unsigned long long)at, (unsigned long long)step);
            return 1;
        }
        /* The fork goes on as often as its parent does. */
        if (next_random() % 2) {
            armsim_destroy(machine);
            machine = other;
        } else {
            armsim_destroy(other);
        }
    }
    printf("%llu boundaries: %u mid-exclusive, %u with interrupts pending, %u in WFI, %u with input in the UART\n",
           (unsigned long long)settings->count, kinds.exclusive, kinds.pending, kinds.waiting, kinds.in_flight);
    armsim_destroy(machine);
    armsim_destroy(by_file);
    free(bytes.data);
    bool all = kinds.exclusive && (kinds.pending || kinds.waiting);
    return settings->kernel && settings->count >= 300 && !all ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct settings settings = {.count = 300};
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && !strcmp(argv[i], "--kernel"))
            settings.kernel = argv[++i];
        else if (i + 1 < argc && !strcmp(argv[i], "--initrd"))
            settings.initrd = argv[++i];
        else if (i + 1 < argc && !strcmp(argv[i], "--from"))
            settings.from = strtoull(argv[++i], NULL, 0);
        else if (i + 1 < argc && !strcmp(argv[i], "--count"))
            settings.count = strtoull(argv[++i], NULL, 0);
        else if (i + 1 < argc && !strcmp(argv[i], "--seed"))
            random_state = strtoull(argv[++i], NULL, 0);
        else
            return fprintf(stderr, "unknown option %s\n", argv[i]), 2;
    }
    return check_boundaries(&settings);
}
