/*
 * Inputs from the host. They wait in one list and are applied at a point between instructions that is noted in the
 * input log, so that a run can be repeated from it.
 */
#include "libarmsim/machine/machine.h"

#include "libarmsim/snapshot/history.h"

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
    if (!machine->is_fork && nic < machine->options.nic_count) {
        port->transmit = machine->options.nics[nic].transmit;
        port->opaque = machine->options.nics[nic].opaque;
    }
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

void machine_drive_pin(struct armsim_machine *machine, uint32_t pe, enum armsim_pin pin, bool level)
{
    if (pin == ARMSIM_PIN_SERROR && level)
        machine->pes[pe]->serror_syndrome = pin_serror_syndrome(machine->pes[pe]);
    pe_set_pending(machine->pes[pe], pin_bits[pin], level);
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
        machine_drive_pin(machine, input->unit, (enum armsim_pin)(input->value >> 1), input->value & 1);
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
    case INPUT_CONSOLE: /* is asked for, never sent */
        break;
    }
}

/* Notes an input in a log. False: out of memory. */
static bool note(struct armsim_machine *machine, struct input_log *log, const struct input_record *input)
{
    if (log->count == log->capacity) {
        size_t capacity = log->capacity ? log->capacity * 2 : 64;
        struct input_record *records = realloc(log->records, capacity * sizeof(*records));
        if (!records)
            return false;
        log->records = records;
        log->capacity = capacity;
    }
    struct input_record *entry = &log->records[log->count];
    *entry = *input;
    entry->instructions = machine_instructions(machine);
    entry->time = machine_now(machine);
    entry->in_run = machine->at_boundary;
    entry->turn_open = machine->turn.open;
    entry->fired = clock_fired(machine->clock);
    entry->data = NULL;
    if (input->size) {
        entry->data = malloc(input->size);
        if (!entry->data)
            return false;
        memcpy(entry->data, input->data, input->size);
    }
    log->count++;
    return true;
}

static void record(struct armsim_machine *machine, const struct input_record *input)
{
    if (machine->record_inputs && !note(machine, &machine->input_log, input)) {
        machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory: the input log ends here");
        machine->record_inputs = false;
    }
    struct input_log *log = history_log(machine);
    if (log && !note(machine, log, input))
        history_lost(machine);
}

void machine_deliver_inputs(struct armsim_machine *machine)
{
    while (machine->inputs) {
        struct pending_input *input = machine->inputs;
        machine->inputs = input->next;
        if (!machine->inputs)
            machine->inputs_end = &machine->inputs;
        if (!history_repeats(machine))
            record(machine, &(struct input_record){.kind = (uint8_t)input->kind, .unit = input->unit,
                                                   .value = input->value, .size = input->size, .data = input->data});
        apply(machine, input);
        free(input);
        machine->idle_reported = 0;
    }
}

/* The same for inputs that were recorded and inputs that were saved; the latter may be anything. */
int machine_repeat_input(struct armsim_machine *machine, const struct input_record *record)
{
    uint64_t value = record->value;
    bool possible = false;
    switch ((enum input_kind)record->kind) {
    case INPUT_SERIAL:
        possible = record->unit < ARMSIM_SERIAL_PORTS && machine->serial[record->unit].attached;
        break;
    case INPUT_NET:
        possible = record->unit < MACHINE_MAX_NICS && machine->nic[record->unit].attached &&
                   record->size >= NET_FRAME_MIN && record->size <= NET_FRAME_MAX;
        break;
    case INPUT_POWER_KEY:
        possible = machine->power_key != NULL;
        break;
    case INPUT_PIN:
        possible = record->unit < machine->pe_count && value >> 1 < sizeof(pin_bits) / sizeof(pin_bits[0]);
        break;
    case INPUT_SERROR:
        possible = record->unit < machine->pe_count;
        break;
    case INPUT_SPI:
        possible = machine_spi(machine, record->unit) != NULL;
        break;
    case INPUT_PPI:
        possible = value < 64 && machine_ppi(machine, record->unit, (unsigned)(value >> 1));
        break;
    case INPUT_CONSOLE:
        break;
    }
    return possible ? machine_input(machine, (enum input_kind)record->kind, record->unit, value, record->data,
                                    record->size)
                    : ARMSIM_ERROR_ARGUMENT;
}

size_t machine_console_input(struct armsim_machine *machine, uint8_t *data, size_t size)
{
    const struct input_record *again = history_take_console(machine);
    if (again) {
        size_t got = again->size < size ? again->size : size;
        if (got)
            memcpy(data, again->data, got);
        return got;
    }
    const struct armsim_semihosting *options = &machine->options.semihosting;
    size_t got = options->read ? options->read(options->opaque, data, size) : 0;
    if (got > size)
        got = size;
    bool at_boundary = machine->at_boundary;
    machine->at_boundary = true; /* inside a run */
    record(machine, &(struct input_record){.kind = INPUT_CONSOLE, .data = data, .size = got});
    machine->at_boundary = at_boundary;
    return got;
}

int machine_input(struct armsim_machine *machine, enum input_kind kind, uint32_t unit, uint64_t value,
                  const void *data, size_t size)
{
    if (!history_repeats(machine))
        history_diverge(machine);
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

void input_log_cut(struct input_log *log, size_t count)
{
    while (log->count > count)
        free(log->records[--log->count].data);
}

void input_log_clear(struct input_log *log)
{
    input_log_cut(log, 0);
    free(log->records);
    *log = (struct input_log){0};
}

void machine_drop_inputs(struct armsim_machine *machine)
{
    while (machine->inputs) {
        struct pending_input *next = machine->inputs->next;
        free(machine->inputs);
        machine->inputs = next;
    }
    machine->inputs_end = &machine->inputs;
}

void machine_free_inputs(struct armsim_machine *machine)
{
    input_log_clear(&machine->input_log);
    machine_drop_inputs(machine);
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
