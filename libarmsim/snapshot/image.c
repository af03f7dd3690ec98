#include "libarmsim/snapshot/image.h"

#include "libarmsim/machine/user_device.h"

#include <string.h>

int image_possible(struct armsim_machine *machine)
{
    for (size_t i = 0; i < machine->device_count; i++)
        if (!user_device_can_be_saved(machine->devices[i]))
            return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED,
                                "%s: the device has ops.state without ops.load: its state can't be saved",
                                machine->devices[i]->name);
    return 0;
}

void image_save_sections(struct armsim_machine *machine, struct state_writer *writer)
{
    struct state_section section;
    for (size_t i = 0; machine_section(machine, i, &section); i++)
        state_save_section(writer, &section);
}

static int out_of_memory(struct armsim_machine *machine, struct image *image)
{
    image_free(image);
    return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
}

int image_take(struct armsim_machine *machine, struct image *image)
{
    memset(image, 0, sizeof(*image));
    image_save_sections(machine, &image->state);
    if (image->state.failed)
        return out_of_memory(machine, image);
    for (unsigned i = 0; i < machine->pe_count; i++)
        pe_purge_all_writes(machine->pes[i]);
    if (bus_share_memory(machine->bus, &image->memory) < 0)
        return out_of_memory(machine, image);
    for (size_t i = 0; i < MACHINE_MAX_DRIVES && machine->drives[i].base; i++) {
        image->drive_count++;
        image->held[i] = machine->drives[i].held;
        if (image->held[i] && pages_share(&image->drives[i], &machine->drives[i].changes) < 0)
            return out_of_memory(machine, image);
    }
    return 0;
}

static bool load_sections(struct armsim_machine *machine, const struct state_writer *state, const char **name,
                          const char **why)
{
    struct state_reader reader = {.data = state->data, .size = state->size};
    struct state_section section;
    for (size_t i = 0; machine_section(machine, i, &section); i++) {
        *name = section.name;
        if (!state_load_section(&reader, &section, why))
            return false;
    }
    *name = "the end";
    *why = "more than there are sections for";
    if (reader.at != reader.size)
        return false;
    machine_loaded(machine);
    return true;
}

int image_put(struct armsim_machine *machine, const struct image *image)
{
    struct state_writer before = {0};
    const char *name = "", *why = "";
    image_save_sections(machine, &before);
    if (before.failed) {
        state_writer_free(&before);
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    }
    int result = 0;
    if (!load_sections(machine, &image->state, &name, &why))
        result = machine_fail(machine, ARMSIM_ERROR_INPUT, "snapshot: %s: %s: not a possible state", name, why);
    else if (bus_load_memory(machine->bus, &image->memory) < 0)
        result = machine_fail(machine, ARMSIM_ERROR_MEMORY, "snapshot: out of memory, or other memory than this machine's");
    for (size_t i = 0; i < image->drive_count && result == 0; i++)
        if (image->held[i] && drive_set_changes(&machine->drives[i], &image->drives[i]) < 0)
            result = machine_fail(machine, ARMSIM_ERROR_MEMORY, "snapshot: out of memory");
    if (result < 0) {
        const char *ignored;
        load_sections(machine, &before, &ignored, &ignored);
    }
    for (unsigned i = 0; i < machine->pe_count; i++)
        pe_flush_fast_tlb(machine->pes[i]);
    state_writer_free(&before);
    return result;
}

void image_free(struct image *image)
{
    state_writer_free(&image->state);
    bus_image_free(&image->memory);
    for (size_t i = 0; i < MACHINE_MAX_DRIVES; i++)
        if (image->held[i] && image->drives[i].chunk)
            pages_free(&image->drives[i]);
    memset(image, 0, sizeof(*image));
}
