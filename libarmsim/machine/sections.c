/*
 * The sections of a machine's state: what hash, snapshots, forks and differences are made of. Contents of memory are
 * apart.
 */
#include "libarmsim/machine/machine.h"
#include "libarmsim/machine/observe.h"

#include "devices/generic_timer.h"
#include "gic/gic.h"

#include <stdlib.h>
#include <string.h>

/* --- the machine's own: position in the round-robin, time, what is on its way to the guest --- */

#define UNSEEN(member, max) STATE_KEPT_WITH(struct armsim_machine, member, STATE_UNSEEN, max)

static const struct state_field fields[] = {
    STATE_KEPT(struct armsim_machine, base_instructions),
    STATE_KEPT(struct armsim_machine, idle_ns),
    STATE_KEPT(struct armsim_machine, turn.open),
    STATE_KEPT_WITH(struct armsim_machine, turn.pe, 0, ARMSIM_MAX_PES - 1),
    UNSEEN(turn.end, 0),
    UNSEEN(last_pe, ARMSIM_MAX_PES - 1),
    UNSEEN(skipped_ns, 0),
    UNSEEN(turns, 0),
    UNSEEN(exceptions, 0),
    UNSEEN(returns, 0),
};

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
    return state_hash_words(hash, &number, 1);
}

static uint64_t hash_extra(void *opaque, uint64_t hash)
{
    const struct armsim_machine *machine = opaque;
    hash = hash_number(hash, machine_now(machine));
    /* The turn of a sole PE has an end only for the host's sake. */
    hash = hash_number(hash, machine->turn.open && machine->pe_count > 1 ? machine->turn.end : 0);
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

static void save_serial(struct state_writer *writer, const struct serial_port *port)
{
    size_t first = SERIAL_QUEUE_BYTES - port->head < port->count ? SERIAL_QUEUE_BYTES - port->head : port->count;
    state_put(writer, port->count, 4);
    state_put_bytes(writer, port->queue + port->head, first);
    state_put_bytes(writer, port->queue, port->count - first);
}

static bool load_serial(struct state_reader *reader, struct serial_port *port)
{
    size_t count = (size_t)state_take_max(reader, 4, SERIAL_QUEUE_BYTES);
    const uint8_t *bytes = state_take_bytes(reader, count);
    if (!bytes || (count && !port->attached))
        return false;
    memcpy(port->queue, bytes, count);
    port->head = 0;
    port->count = count;
    return true;
}

static void save_frames(struct state_writer *writer, const struct net_port *port)
{
    state_put(writer, port->count, 4);
    for (const struct net_frame *frame = port->first; frame; frame = frame->next) {
        state_put(writer, frame->size, 4);
        state_put_bytes(writer, frame->data, frame->size);
    }
}

static void drop_frames(struct net_port *port)
{
    while (port->first) {
        struct net_frame *next = port->first->next;
        free(port->first);
        port->first = next;
    }
    port->last = NULL;
    port->count = 0;
}

static bool load_frames(struct state_reader *reader, struct net_port *port)
{
    size_t count = (size_t)state_take_max(reader, 4, NET_QUEUE_FRAMES);
    drop_frames(port);
    if (count && !port->attached)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t size = (size_t)state_take_max(reader, 4, NET_FRAME_MAX);
        const uint8_t *bytes = state_take_bytes(reader, size);
        struct net_frame *frame = bytes && size >= NET_FRAME_MIN ? malloc(sizeof(*frame) + size) : NULL;
        if (!frame)
            return false;
        *frame = (struct net_frame){.size = size};
        memcpy(frame->data, bytes, size);
        *(port->last ? &port->last->next : &port->first) = frame;
        port->last = frame;
        port->count++;
    }
    return true;
}

/* Inputs that came in callbacks and wait for the run to go on. */
static void save_inputs(struct state_writer *writer, const struct armsim_machine *machine)
{
    size_t count = 0;
    for (const struct pending_input *input = machine->inputs; input; input = input->next)
        count++;
    state_put(writer, count, 4);
    for (const struct pending_input *input = machine->inputs; input; input = input->next) {
        state_put(writer, input->kind, 1);
        state_put(writer, input->unit, 4);
        state_put(writer, input->value, 8);
        state_put(writer, input->size, 4);
        state_put_bytes(writer, input->data, input->size);
    }
}

static bool load_input(struct state_reader *reader, struct armsim_machine *machine)
{
    struct input_record record = {.kind = (uint8_t)state_take_max(reader, 1, INPUT_PPI),
                                  .unit = (uint32_t)state_take(reader, 4),
                                  .value = state_take(reader, 8),
                                  .size = (size_t)state_take(reader, 4)};
    const uint8_t *data = state_take_bytes(reader, record.size);
    if (!data)
        return false;
    record.data = (void *)(uintptr_t)data;
    return machine_repeat_input(machine, &record) == 0;
}

static void save_extra(void *opaque, struct state_writer *writer)
{
    const struct armsim_machine *machine = opaque;
    for (unsigned i = 0; i < ARMSIM_SERIAL_PORTS; i++)
        save_serial(writer, &machine->serial[i]);
    for (unsigned i = 0; i < MACHINE_MAX_NICS; i++)
        save_frames(writer, &machine->nic[i]);
    clock_save(machine->clock, writer);
    save_inputs(writer, machine);
}

static bool load_extra(void *opaque, struct state_reader *reader)
{
    struct armsim_machine *machine = opaque;
    for (unsigned i = 0; i < ARMSIM_SERIAL_PORTS; i++)
        if (!load_serial(reader, &machine->serial[i]))
            return false;
    for (unsigned i = 0; i < MACHINE_MAX_NICS; i++)
        if (!load_frames(reader, &machine->nic[i]))
            return false;
    if (!clock_load(machine->clock, reader))
        return false;
    machine_drop_inputs(machine);
    bool was_running = machine->running, good = true;
    machine->running = true; /* they wait on */
    for (size_t count = (size_t)state_take(reader, 4); count && good && !reader->failed; count--)
        good = load_input(reader, machine);
    machine->running = was_running;
    return good;
}

static bool loaded(void *opaque)
{
    struct armsim_machine *machine = opaque;
    machine->idle_reported = 0;
    observe_forget(machine);
    machine->started = true;
    return machine->turn.pe < machine->pe_count && machine->last_pe < machine->pe_count;
}

/* --- all sections --- */

bool machine_section(struct armsim_machine *machine, size_t index, struct state_section *section)
{
    size_t gic_sections = machine->gic ? gic_section_count(machine->gic) : 0;
    if (index < machine->pe_count) {
        *section = pe_section(machine->pes[index], machine->pe_names[index]);
        return true;
    }
    index -= machine->pe_count;
    if (index < machine->pe_count) {
        *section = generic_timer_section(machine->timers[index]);
        return true;
    }
    index -= machine->pe_count;
    if (index < gic_sections) {
        *section = gic_section(machine->gic, index);
        return true;
    }
    index -= gic_sections;
    if (index < machine->device_count) {
        *section = device_section(machine->devices[index]);
        return true;
    }
    if (index > machine->device_count)
        return false;
    *section = (struct state_section){
        .name = "machine",
        .version = 1,
        .fields = fields,
        .field_count = sizeof(fields) / sizeof(fields[0]),
        .instance = machine,
        .hash_extra = hash_extra,
        .save_extra = save_extra,
        .load_extra = load_extra,
        .loaded = loaded,
    };
    return true;
}

void machine_loaded(struct armsim_machine *machine)
{
    static const enum pending pins[] = {PENDING_IRQ, PENDING_FIQ, PENDING_VIRQ, PENDING_VFIQ};
    if (!machine->gic)
        return;
    for (unsigned i = 0; i < machine->pe_count; i++)
        for (unsigned n = 0; n < 4; n++)
            machine->pins[i][n].level = machine->pes[i]->pending & pins[n];
    gic_loaded(machine->gic);
}
