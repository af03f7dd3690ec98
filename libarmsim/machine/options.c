/* The machine's own copy of its options, and the checks that don't depend on a board. */
#include "libarmsim/machine/machine.h"

#include "libarmsim/machine/option_range.h"
#include "libarmsim/machine/text.h"

#include <stdlib.h>
#include <string.h>

/* All that the copied options point to, as a list of blocks; a machine and its forks have the list in common. */
struct option_block {
    struct option_block *next;
    uint8_t data[] __attribute__((aligned(16)));
};
struct option_copies {
    atomic_uint users;
    struct option_block *first;
};

void *machine_keep(struct armsim_machine *machine, const void *data, size_t size)
{
    if (!machine->copies) {
        machine->copies = calloc(1, sizeof(*machine->copies));
        if (!machine->copies)
            return NULL;
        atomic_init(&machine->copies->users, 1);
    }
    if (size > SIZE_MAX - sizeof(struct option_block))
        return NULL;
    struct option_block *block = malloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    block->next = machine->copies->first;
    machine->copies->first = block;
    if (size)
        memcpy(block->data, data, size);
    return block->data;
}

static bool keep_string(struct armsim_machine *machine, const char **string)
{
    if (!*string)
        return true;
    *string = machine_keep(machine, *string, strlen(*string) + 1);
    return *string != NULL;
}

char *machine_keep_name(struct armsim_machine *machine, const char *prefix, uint64_t address)
{
    char name[40];
    struct text text = text_begin(name, sizeof(name));
    text_string(&text, prefix);
    text_hex(&text, address, 1);
    return machine_keep(machine, name, strlen(name) + 1);
}

static bool keep_image(struct armsim_machine *machine, struct armsim_image *image)
{
    if (image->path)
        return keep_string(machine, &image->path);
    if (!image->data)
        return true;
    image->data = machine_keep(machine, image->data, image->size);
    return image->data != NULL;
}

#define KEEP_ARRAY(machine, pointer, count)                                                                            \
    (!(count) || ((pointer) = machine_keep(machine, pointer, (count) * sizeof(*(pointer)))) != NULL)

static bool keep_table(struct armsim_machine *machine)
{
    const struct armsim_board_table *given = machine->options.table;
    if (!given || given->size < offsetof(struct armsim_board_table, gic_distributor) || given->size > OPTIONS_MAX_SIZE ||
        given->memory_count > OPTIONS_MAX_MEMORIES || (given->memory_count && !given->memories))
        return true; /* board_of_table() says so */
    struct armsim_board_table copy = {0};
    memcpy(&copy, given, given->size < sizeof(copy) ? given->size : sizeof(copy));
    struct armsim_board_table *table = machine_keep(machine, &copy, sizeof(copy));
    if (!table || !keep_string(machine, &table->name) || !KEEP_ARRAY(machine, table->memories, table->memory_count))
        return false;
    for (size_t i = 0; i < table->memory_count; i++)
        if (!keep_image(machine, &((struct armsim_memory *)table->memories)[i].image))
            return false;
    machine->options.table = table;
    return true;
}

static bool keep_lists(struct armsim_machine *machine)
{
    struct armsim_options *options = &machine->options;
    if (!KEEP_ARRAY(machine, options->loads, options->load_count) ||
        !KEEP_ARRAY(machine, options->drives, options->drive_count) ||
        !KEEP_ARRAY(machine, options->nics, options->nic_count) ||
        !KEEP_ARRAY(machine, options->devices, options->device_count) ||
        !KEEP_ARRAY(machine, options->impdefs, options->impdef_count))
        return false;
    for (size_t i = 0; i < options->load_count; i++)
        if (!keep_image(machine, &((struct armsim_load *)options->loads)[i].image))
            return false;
    for (size_t i = 0; i < options->drive_count; i++) {
        struct armsim_drive *drive = &((struct armsim_drive *)options->drives)[i];
        if (!keep_string(machine, &drive->path) || !keep_string(machine, &drive->serial))
            return false;
    }
    for (size_t i = 0; i < options->device_count; i++) {
        struct armsim_device_ops *ops = &((struct armsim_device_config *)options->devices)[i].ops;
        if (!keep_string(machine, &ops->model) || !keep_string(machine, &ops->compatible))
            return false;
    }
    for (size_t i = 0; i < options->impdef_count; i++) {
        struct armsim_impdef *impdef = &((struct armsim_impdef *)options->impdefs)[i];
        if (!keep_string(machine, &impdef->name) || !keep_string(machine, &impdef->value))
            return false;
    }
    return true;
}

int machine_copy_options(struct armsim_machine *machine, const struct armsim_options *given)
{
    struct armsim_options *options = &machine->options;
    if (armsim_options_init(options, sizeof(*options)) < 0)
        return machine_fail(machine, ARMSIM_ERROR_INTERNAL, "options have no defaults");
    if (given->size < OPTIONS_MIN_SIZE || given->size > OPTIONS_MAX_SIZE)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT,
                            "options.size is %zu: call armsim_options_init() first", given->size);
    memcpy(options, given, given->size < sizeof(*options) ? given->size : sizeof(*options));
    options->size = sizeof(*options);
    if ((options->load_count && !options->loads) || (options->drive_count && !options->drives) ||
        (options->nic_count && !options->nics) || (options->device_count && !options->devices) ||
        (options->impdef_count && !options->impdefs))
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "options: a list with a count but no elements");
    if (options->load_count > OPTIONS_MAX_LOADS || options->device_count > OPTIONS_MAX_DEVICES ||
        options->impdef_count > OPTIONS_MAX_IMPDEFS)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "options: a list with too many elements");
    if (options->drive_count > MACHINE_MAX_DRIVES)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "drives: %zu given, up to %d expected",
                            options->drive_count, MACHINE_MAX_DRIVES);
    if (options->nic_count > MACHINE_MAX_NICS)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "network cards: %zu given, up to %d expected",
                            options->nic_count, MACHINE_MAX_NICS);
    struct armsim_semihosting *semihosting = &options->semihosting;
    if (!keep_string(machine, &options->board) || !keep_string(machine, &options->cpu) ||
        !keep_string(machine, &options->append) || !keep_image(machine, &options->kernel) ||
        !keep_image(machine, &options->initrd) || !keep_image(machine, &options->dtb) ||
        !keep_image(machine, &options->bios) || !keep_string(machine, &semihosting->directory) ||
        !keep_string(machine, &semihosting->command_line) || !keep_lists(machine) || !keep_table(machine))
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    return 0;
}

void machine_free_options(struct armsim_machine *machine)
{
    struct option_copies *copies = machine->copies;
    machine->copies = NULL;
    if (!copies || atomic_fetch_sub_explicit(&copies->users, 1, memory_order_acq_rel) != 1)
        return;
    while (copies->first) {
        struct option_block *next = copies->first->next;
        free(copies->first);
        copies->first = next;
    }
    free(copies);
}

void machine_share_options(struct armsim_machine *machine, const struct armsim_machine *from)
{
    struct armsim_options *options = &machine->options;
    *options = from->options;
    machine->copies = from->copies;
    if (machine->copies)
        atomic_fetch_add_explicit(&machine->copies->users, 1, memory_order_relaxed);
    for (unsigned i = 0; i < ARMSIM_SERIAL_PORTS; i++)
        options->serial[i] = (struct armsim_serial){.input = options->serial[i].input};
    options->semihosting.read = NULL;
    options->semihosting.write = NULL;
    options->log = NULL;
}

/* A number that must lie in a range, and be a multiple of something. */
struct option_range {
    const char *name, *unit;
    size_t offset;
    unsigned width;
    uint64_t min, max, multiple;
};

#define RANGE(member, low, high, step, what)                                                                           \
    {#member, what, offsetof(struct armsim_options, member), sizeof(((struct armsim_options *)0)->member), low, high,  \
     step}

static const struct option_range ranges[] = {
    RANGE(smp, 1, ARMSIM_MAX_PES, 1, "PEs"),
    RANGE(gic_version, 2, 3, 1, ""),
    RANGE(ram_size, 0, 1ull << 40, 4096, "bytes"),
    RANGE(reset_address, 0, UINT64_MAX, 4, ""),
    RANGE(frequency, 1000000, 1000000000000, 1, "instructions a second"),
    RANGE(counter_frequency, 1000000, 1000000000, 1, "Hz"),
    RANGE(quantum, 1, 1000000000, 1, "instructions"),
    RANGE(gic_priority_bits, 4, 8, 1, "bits"),
    RANGE(tlb_entries, 16, 262144, 16, "entries"),
    RANGE(uart_fifo, 16, 32, 16, "characters"),
    RANGE(ram_fill, ARMSIM_RAM_ZERO, ARMSIM_RAM_POISON, 1, ""),
    RANGE(conduit, ARMSIM_CONDUIT_AUTO, ARMSIM_CONDUIT_SMC, 1, ""),
    RANGE(trap_ring, 0, 1 << 20, 1, "records"),
    RANGE(log_mask, 0, ARMSIM_LOG_ALL, 1, ""),
};

static uint64_t option_value(const struct armsim_options *options, const struct option_range *range)
{
    const uint8_t *at = (const uint8_t *)options + range->offset;
    uint32_t word;
    uint64_t doubleword;
    if (range->width == 4) {
        memcpy(&word, at, 4);
        return word;
    }
    memcpy(&doubleword, at, 8);
    return doubleword;
}

static int check_images(struct armsim_machine *machine)
{
    const struct armsim_options *options = &machine->options;
    for (size_t i = 0; i < options->load_count; i++) {
        const struct armsim_load *load = &options->loads[i];
        if (!load->image.path && !load->image.data)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "loader %zu: neither a path nor data", i);
        if (load->set_pc && load->pe >= options->smp)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "loader %zu: PE %u given, the machine has %u", i,
                                load->pe, options->smp);
        if (load->raw && !load->has_address)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "loader %zu: a raw image needs an address", i);
    }
    for (size_t i = 0; i < options->drive_count; i++) {
        const struct armsim_drive *drive = &options->drives[i];
        if (!drive->path && (!drive->block.read || !drive->block.size || drive->block.size % 512))
            return machine_fail(machine, ARMSIM_ERROR_OPTION,
                                "drive %zu: neither a path nor functions and a size that is a multiple of 512", i);
        if (drive->serial && strlen(drive->serial) > 20)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "drive %zu: serial has %zu characters, up to 20 expected",
                                i, strlen(drive->serial));
    }
    if (options->initrd.path || options->initrd.data)
        if (!options->kernel.path && !options->kernel.data)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "initrd: given without a kernel");
    return 0;
}

int machine_check_options(struct armsim_machine *machine)
{
    const struct armsim_options *options = &machine->options;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const struct option_range *range = &ranges[i];
        uint64_t value = option_value(options, range);
        if (value < range->min || value > range->max)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "%s: %llu given, %llu to %llu%s%s expected", range->name,
                                (unsigned long long)value, (unsigned long long)range->min,
                                (unsigned long long)range->max, *range->unit ? " " : "", range->unit);
        if (value % range->multiple)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "%s: %llu given, a multiple of %llu expected",
                                range->name, (unsigned long long)value, (unsigned long long)range->multiple);
    }
    if (machine->board->gic && options->gic_version == 2 && options->smp > ARMSIM_MAX_PES_GICV2)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "smp: %u given, 1 to %d PEs expected with gic_version 2",
                            options->smp, ARMSIM_MAX_PES_GICV2);
    if (machine->board->needs_ram && options->ram_size < ARMSIM_MIB)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "ram_size: %llu bytes given, at least 1 MiB expected",
                            (unsigned long long)options->ram_size);
    if (options->tlb_entries & (options->tlb_entries - 1))
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "tlb_entries: %u given, a power of two expected",
                            options->tlb_entries);
    if (machine->board->gic && options->secure && !options->gic_single_security && options->gic_priority_bits < 5)
        return machine_fail(machine, ARMSIM_ERROR_OPTION,
                            "gic_priority_bits: %u given, 5 to 8 expected of a GIC with two Security states",
                            options->gic_priority_bits);
    if (options->secure && options->secure_only)
        return machine_fail(machine, ARMSIM_ERROR_OPTION, "secure_only: not together with secure (EL3)");
    if (options->split_icache)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED,
                            "split_icache: this build's instruction caches are coherent with memory");
    return check_images(machine);
}
