/* A board of the caller's: options.table. Memory and an interrupt controller; devices are the caller's own. */
#include "libarmsim/loader/blob.h"
#include "libarmsim/machine/machine.h"
#include "libarmsim/machine/option_range.h"
#include "libarmsim/machine/text.h"

#include <errno.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 31, REGION_NAME_BYTES = 24, DEFAULT_SPIS = 256, MAX_SPIS = 960 };

/* Kept with the options, which forks share. */
struct table_board {
    struct board board;
    struct board_gic gic;
    char names[OPTIONS_MAX_MEMORIES][REGION_NAME_BYTES];
};

static const struct table_board *table_of(const struct armsim_machine *machine)
{
    return (const struct table_board *)machine->board; /* its first member */
}

static unsigned spaces_of(const struct armsim_memory *memory)
{
    return memory->pas_mask ? memory->pas_mask : PAS_BIT(PAS_NON_SECURE) | PAS_BIT(PAS_SECURE);
}

static int table_map(struct armsim_machine *machine)
{
    const struct armsim_board_table *table = machine->options.table;
    int error = board_refuse_images(machine);
    for (size_t i = 0; i < table->memory_count && error == 0; i++) {
        const struct armsim_memory *memory = &table->memories[i];
        const char *name = table_of(machine)->names[i];
        const struct bus_region *other = NULL;
        int result = (memory->rom ? bus_add_rom : bus_add_ram)(machine->bus, name, memory->base, memory->size,
                                                               spaces_of(memory), &other);
        error = machine_map_result(machine, name, memory->base, memory->size, result, other);
    }
    return error;
}

static int table_populate(struct armsim_machine *machine)
{
    return 0;
}

static int load_memory(struct armsim_machine *machine, const struct armsim_memory *memory, const char *name)
{
    const struct load_source source = {
        .path = memory->image.path, .data = memory->image.data, .size = memory->image.size, .name = name};
    struct load_error error;
    struct blob blob;
    if (!load_source_given(&source))
        return 0;
    int result = blob_read(&blob, &source, memory->size, &error);
    if (result < 0)
        result = machine_fail(machine,
                              result == -ENOMEM   ? ARMSIM_ERROR_MEMORY
                              : result == -EFBIG ? ARMSIM_ERROR_INPUT
                                                 : ARMSIM_ERROR_IO,
                              "%s", error.text);
    else
        result = machine_load(machine, name, (enum pas)__builtin_ctz(spaces_of(memory)), memory->base, blob.data,
                              blob.size);
    blob_free(&blob);
    return result;
}

static int table_load(struct armsim_machine *machine)
{
    const struct armsim_board_table *table = machine->options.table;
    int error = 0;
    for (size_t i = 0; i < table->memory_count && error == 0; i++)
        error = load_memory(machine, &table->memories[i], table_of(machine)->names[i]);
    return error;
}

/* A warm reset leaves memory alone; PEs start at the reset address by themselves. */
static int table_start(struct armsim_machine *machine)
{
    return 0;
}

static bool valid_name(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    if (!length || length > NAME_MAX_LENGTH || strcmp(name, board_bare.name) == 0 || strcmp(name, board_virt.name) == 0)
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == length;
}

static int refuse(struct armsim_machine *machine, const char *field, const char *expected)
{
    return machine_fail(machine, ARMSIM_ERROR_OPTION, "table.%s: expected %s", field, expected);
}

static int check_gic(struct armsim_machine *machine, const struct armsim_board_table *table)
{
    const struct armsim_options *options = &machine->options;
    if (!table->gic_distributor)
        return 0;
    if (table->gic_spis % 32 || table->gic_spis > MAX_SPIS)
        return refuse(machine, "gic_spis", "a multiple of 32 up to 960");
    if (options->gic_version == 3)
        return table->gic_redistributor ? 0 : refuse(machine, "gic_redistributor", "an address, as gic_version is 3");
    if (!table->gic_cpu_interface)
        return refuse(machine, "gic_cpu_interface", "an address, as gic_version is 2");
    if (options->virtualization && (!table->gic_hypervisor || !table->gic_virtual_cpu))
        return refuse(machine, "gic_hypervisor, gic_virtual_cpu", "addresses, as there is EL2");
    return 0;
}

static int check_table(struct armsim_machine *machine, const struct armsim_board_table *table)
{
    if (table->size < offsetof(struct armsim_board_table, gic_distributor) || table->size > OPTIONS_MAX_SIZE)
        return refuse(machine, "size", "that of the struct");
    if (!valid_name(table->name))
        return refuse(machine, "name", "1 to 31 letters, digits, '-' or '_', and no built-in board's");
    if (!table->memory_count || table->memory_count > OPTIONS_MAX_MEMORIES || !table->memories)
        return refuse(machine, "memories", "1 to 64");
    for (size_t i = 0; i < table->memory_count; i++) {
        const struct armsim_memory *memory = &table->memories[i];
        if (!memory->size || memory->size % 4096 || memory->base % 4096 || memory->pas_mask >> PAS_COUNT)
            return machine_fail(machine, ARMSIM_ERROR_OPTION,
                                "table.memories[%zu]: expected a base and a size that are multiples of 4096, and spaces of "
                                "enum armsim_pas",
                                i);
    }
    return check_gic(machine, table);
}

static struct board_gic place_of(const struct armsim_board_table *table)
{
    struct board_gic gic = *board_virt.gic; /* the private interrupts' numbers are everybody's */
    gic.distributor = table->gic_distributor;
    gic.cpu_interface = table->gic_cpu_interface;
    gic.hypervisor = table->gic_hypervisor;
    gic.virtual_cpu = table->gic_virtual_cpu;
    gic.redistributor = table->gic_redistributor;
    gic.its = table->gic_its;
    gic.spis = table->gic_spis ? table->gic_spis : DEFAULT_SPIS;
    gic.msi_frame = 0;
    gic.msi_first_spi = gic.msi_spis = 0;
    return gic;
}

int board_of_table(struct armsim_machine *machine)
{
    const struct armsim_board_table *table = machine->options.table;
    struct table_board kept = {.board = {.map = table_map, .populate = table_populate, .load = table_load,
                                         .start = table_start}};
    int error = check_table(machine, table);
    if (error < 0)
        return error;
    for (size_t i = 0; i < table->memory_count; i++) {
        struct text name = text_begin(kept.names[i], sizeof(kept.names[i]));
        text_string(&name, table->memories[i].rom ? "rom@" : "ram@");
        text_hex(&name, table->memories[i].base, 1);
    }
    kept.gic = place_of(table);
    struct table_board *board = machine_keep(machine, &kept, sizeof(kept));
    if (!board)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    board->board.name = table->name;
    board->board.gic = table->gic_distributor ? &board->gic : NULL;
    machine->board = &board->board;
    return 0;
}
