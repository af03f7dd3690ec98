/*
 * The state hash: memory, then PEs, interrupt controller, devices and the machine's own state, each a named section.
 *
 * Memory is hashed by its content, page by page; pages of zeros don't count, so that memory never touched and memory
 * cleared by the guest are the same. What a drive holds is not the machine's.
 */
#include "libarmsim/machine/machine.h"

#include <string.h>

bool machine_state_section(struct armsim_machine *machine, size_t index, const char **name, uint64_t *hash)
{
    for (size_t i = 0; i < bus_region_count(machine->bus); i++) {
        const struct bus_region *region = bus_region_at(machine->bus, i);
        if (!bus_has_memory(region))
            continue;
        if (index-- == 0) {
            *name = region->name;
            *hash = bus_hash_region(region, 0);
            return true;
        }
    }
    struct state_section section;
    if (!machine_section(machine, index, &section))
        return false;
    *name = section.name;
    *hash = state_hash_section(0, &section);
    return true;
}

uint64_t machine_state_hash(struct armsim_machine *machine)
{
    uint64_t hash = 0, section;
    const char *name;
    for (size_t i = 0; machine_state_section(machine, i, &name, &section); i++) {
        hash = state_hash_bytes(hash, name, strlen(name));
        hash = state_hash_words(hash, &section, 1);
    }
    return hash;
}
