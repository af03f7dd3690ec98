/*
 * The board "bare": PEs, memory and the user's own devices; no interrupt controller, no timers, nothing loaded.
 * options.ram_size bytes of RAM lie at 0x40000000; armsim_map_ram() adds more anywhere.
 */
#include "libarmsim/firmware/builtin.h"
#include "libarmsim/machine/machine.h"

#define BARE_RAM_BASE 0x40000000ull

static int bare_map(struct armsim_machine *machine)
{
    const struct armsim_options *options = &machine->options;
    const struct {
        const char *name;
        bool given;
    } absent[] = {
        {"kernel", options->kernel.path || options->kernel.data},
        {"dtb", options->dtb.path || options->dtb.data},
        {"bios", options->bios.path || options->bios.data},
        {"loads", options->load_count},
        {"drives", options->drive_count},
        {"nics", options->nic_count},
        {"virtio_console", options->virtio_console},
    };
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        if (absent[i].given)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "%s: the board bare has no use for it", absent[i].name);
    if (!options->ram_size)
        return 0;
    const struct bus_region *other;
    int result = bus_add_ram(machine->bus, "ram", BARE_RAM_BASE, options->ram_size, PAS_MASK_BOTH, &other);
    return machine_map_result(machine, "ram", BARE_RAM_BASE, options->ram_size, result, other);
}

/* PSCI's CPU_ON: the PE starts at its highest Exception level, where a bare machine begins. */
static void bare_start_pe(struct armsim_machine *machine, unsigned pe, uint64_t entry)
{
    machine_set_pc(machine, pe, entry);
}

static int bare_populate(struct armsim_machine *machine)
{
    struct builtin_firmware *firmware;
    int error = builtin_firmware_create(machine, bare_start_pe, &firmware);
    if (error < 0)
        return error;
    enum armsim_conduit conduit = machine->options.conduit;
    builtin_firmware_set_conduit(firmware, conduit == ARMSIM_CONDUIT_AUTO ? ARMSIM_CONDUIT_NONE : conduit);
    return 0;
}

static int bare_load(struct armsim_machine *machine)
{
    return 0;
}

const struct board board_bare = {
    .name = "bare",
    .map = bare_map,
    .populate = bare_populate,
    .load = bare_load,
};
