/*
 * The state hash: memory, then PEs, interrupt controller, devices and the machine's own state, each a named section.
 *
 * Memory is hashed by its content, page by page; pages of zeros don't count, so that memory never touched and memory
 * cleared by the guest are the same.
 */
#include "libarmsim/machine/machine.h"

#include "devices/generic_timer.h"
#include "gic/gic.h"

#include <string.h>

enum { PAGE_SIZE = 4096 };

static bool is_zero(const uint8_t *page)
{
    const uint64_t *words = (const uint64_t *)page;
    for (unsigned i = 0; i < PAGE_SIZE / 8; i += 8) {
        uint64_t any = 0;
        for (unsigned j = 0; j < 8; j++)
            any |= words[i + j];
        if (any)
            return false;
    }
    return true;
}

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
    return state_hash_words(hash, &number, 1);
}

static uint64_t hash_memory(const struct bus_region *region)
{
    uint64_t hash = hash_number(0, region->base);
    hash = hash_number(hash, region->size);
    hash = hash_number(hash, region->pas_mask);
    for (uint64_t offset = 0; offset < region->size; offset += PAGE_SIZE) {
        const uint8_t *page = region->host + offset;
        if (region->size - offset < PAGE_SIZE) {
            hash = state_hash_bytes(hash, page, (size_t)(region->size - offset));
        } else if (!is_zero(page)) {
            hash = hash_number(hash, offset);
            hash = state_hash_bytes(hash, page, PAGE_SIZE);
        }
    }
    return hash;
}

/* Position in the round-robin, time, bytes on their way to the guest. */
static uint64_t hash_machine(struct armsim_machine *machine)
{
    const uint64_t words[] = {
        machine_instructions(machine),
        machine_now(machine),
        machine->turn.open,
        machine->turn.pe,
        machine->turn.open && machine->pe_count > 1 ? machine->turn.end : 0,
    };
    uint64_t hash = state_hash_words(0, words, sizeof(words) / sizeof(words[0]));
    for (unsigned i = 0; i < ARMSIM_SERIAL_PORTS; i++) {
        const struct serial_port *port = &machine->serial[i];
        hash = hash_number(hash, port->count);
        for (size_t n = 0; n < port->count; n++)
            hash = hash_number(hash, port->queue[(port->head + n) % SERIAL_QUEUE_BYTES]);
    }
    for (unsigned i = 0; i < MACHINE_MAX_NICS; i++)
        for (const struct net_frame *frame = machine->nic[i].first; frame; frame = frame->next)
            hash = state_hash_bytes(hash, frame->data, frame->size);
    return clock_hash(machine->clock, hash);
}

/* RAM, ROM, and flash in whatever mode. */
static bool is_memory(const struct bus_region *region)
{
    return region->host != NULL;
}

bool machine_state_section(struct armsim_machine *machine, size_t index, const char **name, uint64_t *hash)
{
    size_t regions = bus_region_count(machine->bus);
    for (size_t i = 0; i < regions; i++) {
        const struct bus_region *region = bus_region_at(machine->bus, i);
        if (!is_memory(region))
            continue;
        if (index-- == 0) {
            *name = region->name;
            *hash = hash_memory(region);
            return true;
        }
    }
    if (index < machine->pe_count) {
        *name = machine->pe_names[index];
        *hash = pe_hash(machine->pes[index], 0);
        return true;
    }
    index -= machine->pe_count;
    if (index < machine->pe_count) {
        struct state_section section = generic_timer_section(machine->timers[index]);
        *name = section.name;
        *hash = state_hash_section(0, &section);
        return true;
    }
    index -= machine->pe_count;
    size_t gic_sections = machine->gic ? gic_section_count(machine->gic) : 0;
    if (index < gic_sections) {
        struct state_section section = gic_section(machine->gic, index);
        *name = section.name;
        *hash = state_hash_section(0, &section);
        return true;
    }
    index -= gic_sections;
    if (index < machine->device_count) {
        struct state_section section = device_section(machine->devices[index]);
        *name = section.name;
        *hash = state_hash_section(0, &section);
        return true;
    }
    index -= machine->device_count;
    if (index == 0) {
        *name = "machine";
        *hash = hash_machine(machine);
        return true;
    }
    return false;
}

uint64_t machine_state_hash(struct armsim_machine *machine)
{
    uint64_t hash = 0, section;
    const char *name;
    for (size_t i = 0; machine_state_section(machine, i, &name, &section); i++) {
        hash = state_hash_bytes(hash, name, strlen(name));
        hash = hash_number(hash, section);
    }
    return hash;
}
