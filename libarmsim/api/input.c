/* What the host sends to the guest. */
#include "libarmsim/api/check.h"

#include <string.h>

int64_t armsim_serial_input(struct armsim_machine *machine, uint32_t port, const void *data, size_t size)
{
    REQUIRE(machine, port < ARMSIM_SERIAL_PORTS && (data || !size));
    if (!machine->serial[port].attached)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "the machine has no serial port %u", port);
    size_t waiting = machine->serial[port].count;
    for (const struct pending_input *input = machine->inputs; input; input = input->next)
        if (input->kind == INPUT_SERIAL && input->unit == port)
            waiting += input->size;
    size_t room = waiting < SERIAL_QUEUE_BYTES ? SERIAL_QUEUE_BYTES - waiting : 0;
    if (size > room)
        size = room;
    if (!size)
        return 0;
    int error = machine_input(machine, INPUT_SERIAL, port, 0, data, size);
    return error < 0 ? error : (int64_t)size;
}

int armsim_serial_close(struct armsim_machine *machine, uint32_t port)
{
    REQUIRE(machine, port < ARMSIM_SERIAL_PORTS);
    machine->serial[port].open = false;
    return 0;
}

int armsim_net_input(struct armsim_machine *machine, uint32_t nic, const void *frame, size_t size)
{
    REQUIRE(machine, nic < MACHINE_MAX_NICS && frame && size >= NET_FRAME_MIN && size <= NET_FRAME_MAX);
    if (!machine->nic[nic].attached)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "the machine has no network card %u", nic);
    size_t waiting = machine->nic[nic].count;
    for (const struct pending_input *input = machine->inputs; input; input = input->next)
        waiting += input->kind == INPUT_NET && input->unit == nic;
    if (waiting >= NET_QUEUE_FRAMES)
        return machine_fail(machine, ARMSIM_ERROR_FULL, "network card %u: %d frames are waiting", nic,
                            NET_QUEUE_FRAMES);
    return machine_input(machine, INPUT_NET, nic, 0, frame, size);
}

int armsim_net_close(struct armsim_machine *machine, uint32_t nic)
{
    REQUIRE(machine, nic < MACHINE_MAX_NICS);
    machine->nic[nic].open = false;
    return 0;
}

int armsim_power_key(struct armsim_machine *machine)
{
    REQUIRE(machine, true);
    if (!machine->power_key)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "the machine has no power key");
    return machine_input(machine, INPUT_POWER_KEY, 0, 0, NULL, 0);
}

int armsim_set_pin(struct armsim_machine *machine, uint32_t pe, enum armsim_pin pin, bool level)
{
    REQUIRE(machine, pe < machine->pe_count && (unsigned)pin <= ARMSIM_PIN_VFIQ);
    if (machine->gic && pin != ARMSIM_PIN_SERROR)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "the interrupt controller drives this pin");
    return machine_input(machine, INPUT_PIN, pe, (uint64_t)pin << 1 | level, NULL, 0);
}

int armsim_inject_serror(struct armsim_machine *machine, uint32_t pe, uint32_t iss)
{
    REQUIRE(machine, pe < machine->pe_count && iss < 1u << 25);
    return machine_input(machine, INPUT_SERROR, pe, iss, NULL, 0);
}

int armsim_set_spi(struct armsim_machine *machine, uint32_t spi, bool level)
{
    REQUIRE(machine, true);
    if (!machine_spi(machine, spi))
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "the machine has no SPI %u", spi);
    return machine_input(machine, INPUT_SPI, spi, level, NULL, 0);
}

int armsim_set_ppi(struct armsim_machine *machine, uint32_t pe, uint32_t intid, bool level)
{
    REQUIRE(machine, pe < machine->pe_count && intid >= 16 && intid < 32);
    if (!machine_ppi(machine, pe, intid))
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "the machine has no PPI %u", intid);
    return machine_input(machine, INPUT_PPI, pe, (uint64_t)intid << 1 | level, NULL, 0);
}

int armsim_record_input(struct armsim_machine *machine, bool on)
{
    REQUIRE(machine, true);
    if (on)
        input_log_clear(&machine->input_log);
    machine->record_inputs = on;
    return 0;
}

int armsim_input_at(const struct armsim_machine *machine, size_t index, struct armsim_input *input)
{
    REQUIRE_CONST(machine, input);
    if (index >= machine->input_log.count)
        return ARMSIM_ERROR_NOT_FOUND;
    const struct input_record *record = &machine->input_log.records[index];
    *input = (struct armsim_input){
        .instructions = record->instructions,
        .time_ns = record->time,
        .kind = record->kind,
        .unit = record->unit,
        .value = record->value,
        .data = record->data,
        .size = record->size,
    };
    return 0;
}
