/*
 * Inputs from the host. They wait in one list and are applied at a point between instructions that is noted in the
 * input log, so that a run can be repeated from it.
 */
#include "libarmsim/machine/machine.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *serial_at(struct serial_port *port, size_t position)
{
    return &port->queue[(port->head + position) % SERIAL_QUEUE_BYTES];
}

/* Gives the device what it takes. */
static void serial_drain(struct serial_port *port)
{
    while (port->count && port->receive) {
        size_t run = SERIAL_QUEUE_BYTES - port->head;
        size_t taken = port->receive(port->device, serial_at(port, 0), port->count < run ? port->count : run);
        if (!taken)
            return;
        port->head = (port->head + taken) % SERIAL_QUEUE_BYTES;
        port->count -= taken;
    }
}

static void net_drain(struct net_port *port)
{
    while (port->first && port->receive && port->receive(port->device, port->first->data, port->first->size)) {
        struct net_frame *frame = port->first;
        port->first = frame->next;
        if (!port->first)
            port->last = NULL;
        port->count--;
        free(frame);
    }
}

void machine_serial_ready(struct armsim_machine *machine, unsigned port)
{
    if (port < ARMSIM_SERIAL_PORTS)
        serial_drain(&machine->serial[port]);
}

void machine_net_ready(struct armsim_machine *machine, unsigned nic)
{
    if (nic < MACHINE_MAX_NICS)
        net_drain(&machine->nic[nic]);
}

void machine_attach_serial(struct armsim_machine *machine, unsigned port,
                           size_t (*receive)(void *device, const uint8_t *data, size_t size), void *device)
{
    struct serial_port *serial = &machine->serial[port];
    serial->attached = true;
    serial->open = machine->options.serial[port].input;
    serial->receive = receive;
    serial->device = device;
}

void machine_attach_nic(struct armsim_machine *machine, unsigned nic,
                        bool (*receive)(void *device, const uint8_t *frame, size_t size), void *device)
{
    struct net_port *port = &machine->nic[nic];
    port->attached = true;
    port->open = nic < machine->options.nic_count && machine->options.nics[nic].input;
    port->receive = receive;
    port->device = device;
}

bool machine_input_possible(struct armsim_machine *machine)
{
    if (machine->board->listens && !machine->board->listens(machine))
        return false;
    for (unsigned i = 0; i < ARMSIM_SERIAL_PORTS; i++)
        if (machine->serial[i].attached && machine->serial[i].open)
            return true;
    for (unsigned i = 0; i < MACHINE_MAX_NICS; i++)
        if (machine->nic[i].attached && machine->nic[i].open)
            return true;
    return false;
}

static const enum pending pin_bits[] = {PENDING_IRQ, PENDING_FIQ, PENDING_SERROR, PENDING_VIRQ, PENDING_VFIQ};

/* An SError of which only the pin is known: with FEAT_RAS ESR_ELx.DFSC says "asynchronous", else it is RES0. */
static uint64_t pin_serror_syndrome(const struct pe *pe)
{
    enum { DFSC_ASYNCHRONOUS_SERROR = 0x11 };
    return has_feature(pe, FEATURE_RAS) ? DFSC_ASYNCHRONOUS_SERROR : 0;
}

static void apply(struct armsim_machine *machine, const struct pending_input *input)
{
    struct serial_port *serial;
    struct net_port *net;
    struct net_frame *frame;
    switch (input->kind) {
    case INPUT_SERIAL:
        serial = &machine->serial[input->unit];
        for (size_t i = 0; i < input->size && serial->count < SERIAL_QUEUE_BYTES; i++) {
            *serial_at(serial, serial->count) = input->data[i];
            serial->count++;
        }
        serial_drain(serial);
        break;
    case INPUT_NET:
        net = &machine->nic[input->unit];
        frame = malloc(sizeof(*frame) + input->size);
        if (!frame) /* a lost frame is what networks do; nothing else is affected */
            break;
        *frame = (struct net_frame){.size = input->size};
        memcpy(frame->data, input->data, input->size);
        if (net->last)
            net->last->next = frame;
        else
            net->first = frame;
        net->last = frame;
        net->count++;
        net_drain(net);
        break;
    case INPUT_POWER_KEY:
        machine->power_key(machine);
        break;
    case INPUT_PIN:
        if (input->value == (ARMSIM_PIN_SERROR << 1 | 1))
            machine->pes[input->unit]->serror_syndrome = pin_serror_syndrome(machine->pes[input->unit]);
        pe_set_pending(machine->pes[input->unit], pin_bits[input->value >> 1], input->value & 1);
        break;
    case INPUT_SERROR:
        machine->pes[input->unit]->serror_syndrome = input->value;
        pe_set_pending(machine->pes[input->unit], PENDING_SERROR, true);
        break;
    case INPUT_SPI:
        irq_set(machine_spi(machine, input->unit), input->value & 1);
        break;
    case INPUT_PPI:
        irq_set(machine_ppi(machine, input->unit, (unsigned)(input->value >> 1)), input->value & 1);
        break;
    }
}

/* Notes an input in the log. False: out of memory. */
static bool record(struct armsim_machine *machine, const struct pending_input *input)
{
    if (machine->input_count == machine->input_capacity) {
        size_t capacity = machine->input_capacity ? machine->input_capacity * 2 : 64;
        struct input_record *log = realloc(machine->input_log, capacity * sizeof(*log));
        if (!log)
            return false;
        machine->input_log = log;
        machine->input_capacity = capacity;
    }
    struct input_record *entry = &machine->input_log[machine->input_count];
    *entry = (struct input_record){
        .instructions = machine_instructions(machine),
        .time = machine_now(machine),
        .kind = (uint8_t)input->kind,
        .unit = input->unit,
        .value = input->value,
        .size = input->size,
    };
    if (input->size) {
        entry->data = malloc(input->size);
        if (!entry->data)
            return false;
        memcpy(entry->data, input->data, input->size);
    }
    machine->input_count++;
    return true;
}

void machine_deliver_inputs(struct armsim_machine *machine)
{
    while (machine->inputs) {
        struct pending_input *input = machine->inputs;
        machine->inputs = input->next;
        if (!machine->inputs)
            machine->inputs_end = &machine->inputs;
        if (machine->record_inputs && !record(machine, input)) {
            machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory: the input log ends here");
            machine->record_inputs = false;
        }
        apply(machine, input);
        free(input);
        machine->idle_reported = 0;
    }
}

int machine_input(struct armsim_machine *machine, enum input_kind kind, uint32_t unit, uint64_t value,
                  const void *data, size_t size)
{
    struct pending_input *input = malloc(sizeof(*input) + size);
    if (!input)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    *input = (struct pending_input){.kind = kind, .unit = unit, .value = value, .size = size};
    if (size)
        memcpy(input->data, data, size);
    *machine->inputs_end = input;
    machine->inputs_end = &input->next;
    if (!machine->running)
        machine_deliver_inputs(machine);
    return 0;
}

void machine_clear_input_log(struct armsim_machine *machine)
{
    for (size_t i = 0; i < machine->input_count; i++)
        free(machine->input_log[i].data);
    free(machine->input_log);
    machine->input_log = NULL;
    machine->input_count = machine->input_capacity = 0;
}

void machine_free_inputs(struct armsim_machine *machine)
{
    machine_clear_input_log(machine);
    while (machine->inputs) {
        struct pending_input *next = machine->inputs->next;
        free(machine->inputs);
        machine->inputs = next;
    }
    for (unsigned i = 0; i < ARMSIM_SERIAL_PORTS; i++)
        free(machine->serial[i].queue);
    for (unsigned i = 0; i < MACHINE_MAX_NICS; i++) {
        while (machine->nic[i].first) {
            struct net_frame *next = machine->nic[i].first->next;
            free(machine->nic[i].first);
            machine->nic[i].first = next;
        }
    }
}
