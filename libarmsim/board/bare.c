/*
 * The board `bare`: PEs on an empty bus. Memory comes by armsim_map_ram(), devices by armsim_add_device(), and the
 * caller drives the PEs' pins. There is no memory when the machine is made, hence nothing to load images into.
 */
#include "libarmsim/machine/machine.h"

static bool given(const struct armsim_image *image)
{
    return image->path || image->data;
}

int board_refuse_images(struct armsim_machine *machine)
{
    const struct armsim_options *options = &machine->options;
    const struct {
        const char *name;
        bool given;
    } unknown[] = {
        {"kernel", given(&options->kernel)},       {"initrd", given(&options->initrd)},
        {"dtb", given(&options->dtb)},             {"bios", given(&options->bios)},
        {"loads", options->load_count > 0},        {"drives", options->drive_count > 0},
        {"nics", options->nic_count > 0},          {"virtio_console", options->virtio_console},
        {"semihosting", options->semihosting.enabled},
    };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        if (unknown[i].given)
            return machine_fail(machine, ARMSIM_ERROR_OPTION, "%s: given, expected none on the board %s",
                                unknown[i].name, machine->board->name);
    return 0;
}

static int bare_populate(struct armsim_machine *machine)
{
    return 0;
}

static int bare_load(struct armsim_machine *machine)
{
    return 0;
}

const struct board board_bare = {
    .name = "bare",
    .map = board_refuse_images,
    .populate = bare_populate,
    .load = bare_load,
};
