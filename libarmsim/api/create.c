/* Options, creation, errors, and what can be chosen. */
#include "libarmsim/api/check.h"
#include "libarmsim/machine/option_range.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(x) #x
#define VERSION_TEXT(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *armsim_version(void)
{
    return VERSION_TEXT(ARMSIM_VERSION_MAJOR, ARMSIM_VERSION_MINOR, ARMSIM_VERSION_PATCH);
}

const char *armsim_strerror(int error)
{
    static const char *const names[] = {
        [-ARMSIM_OK] = "no error",
        [-ARMSIM_ERROR_ARGUMENT] = "argument out of range",
        [-ARMSIM_ERROR_MEMORY] = "out of memory",
        [-ARMSIM_ERROR_OPTION] = "impossible option",
        [-ARMSIM_ERROR_INPUT] = "unusable input",
        [-ARMSIM_ERROR_IO] = "file could not be read or written",
        [-ARMSIM_ERROR_NOT_FOUND] = "not found",
        [-ARMSIM_ERROR_UNSUPPORTED] = "not supported by this machine",
        [-ARMSIM_ERROR_FAULT] = "address doesn't translate or nothing answers",
        [-ARMSIM_ERROR_OVERLAP] = "range already taken",
        [-ARMSIM_ERROR_BUSY] = "machine is running",
        [-ARMSIM_ERROR_FULL] = "queue full",
        [-ARMSIM_ERROR_INTERNAL] = "internal error",
    };
    const int count = sizeof(names) / sizeof(names[0]);
    return error <= 0 && error > -count ? names[-error] : "unknown error";
}

int armsim_options_init(struct armsim_options *options, size_t size)
{
    const struct armsim_options defaults = {
        .size = sizeof(defaults),
        .board = "virt",
        .cpu = "cortex-a57",
        .smp = 1,
        .ram_size = 128 * ARMSIM_MIB,
        .gic_version = 2,
        .frequency = 1000000000,
        .counter_frequency = 62500000,
        .quantum = 20000,
        .rtc_epoch = 1767225600, /* 2026-01-01 00:00:00 UTC */
        .trap_ring = 1024,
        .pci = true,
        .gic_priority_bits = 5,
        .tlb_entries = 2048,
        .uart_fifo = 32,
    };
    if (!options || size < OPTIONS_MIN_SIZE || size > OPTIONS_MAX_SIZE)
        return ARMSIM_ERROR_ARGUMENT;
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
    options->size = size;
    return 0;
}

static const struct board *const boards[] = {&board_virt, &board_bare};

const char *armsim_board_at(size_t index)
{
    return index < sizeof(boards) / sizeof(boards[0]) ? boards[index]->name : NULL;
}

static int choose_board(struct armsim_machine *machine)
{
    if (machine->options.table)
        return board_of_table(machine);
    const char *name = machine->options.board ? machine->options.board : "";
    for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++) {
        if (strcmp(boards[i]->name, name) == 0) {
            machine->board = boards[i];
            return 0;
        }
    }
    return machine_fail(machine, ARMSIM_ERROR_OPTION, "board: unknown board '%s'", name);
}

int armsim_create(const struct armsim_options *options, struct armsim_machine **result)
{
    if (!result)
        return ARMSIM_ERROR_ARGUMENT;
    *result = NULL;
    if (!options)
        return ARMSIM_ERROR_ARGUMENT;
    struct armsim_machine *machine = calloc(1, sizeof(*machine));
    if (!machine)
        return ARMSIM_ERROR_MEMORY;
    machine->inputs_end = &machine->inputs;
    atomic_init(&machine->stop_requested, false);
    *result = machine;
    int error = machine_copy_options(machine, options);
    if (error < 0 || (error = choose_board(machine)) < 0)
        return error;
    return machine_build(machine, NULL);
}

void armsim_destroy(struct armsim_machine *machine)
{
    if (machine && !machine->running)
        machine_free(machine);
}

const char *armsim_last_error(const struct armsim_machine *machine)
{
    return machine ? machine->error : "";
}

int armsim_device_tree(const struct armsim_machine *machine, const void **data, size_t *size)
{
    REQUIRE_CONST(machine, data && size);
    if (!machine->dtb)
        return ARMSIM_ERROR_UNSUPPORTED;
    *data = machine->dtb;
    *size = machine->dtb_size;
    return 0;
}

uint32_t armsim_pe_count(const struct armsim_machine *machine)
{
    return usable(machine) ? machine->pe_count : 0;
}
