/* Snapshots, forks, differences, going back. */
#include "libarmsim/api/check.h"
#include "libarmsim/machine/observe.h"
#include "libarmsim/snapshot/file.h"
#include "libarmsim/snapshot/fork.h"
#include "libarmsim/snapshot/history.h"

#include <string.h>

int armsim_snapshot_save(struct armsim_machine *machine, const char *path)
{
    REQUIRE(machine, path);
    REQUIRE_STOPPED(machine);
    return snapshot_save_path(machine, path);
}

int armsim_snapshot_save_to(struct armsim_machine *machine, armsim_snapshot_write_fn *write, void *opaque)
{
    REQUIRE(machine, write);
    REQUIRE_STOPPED(machine);
    return snapshot_save(machine, write, opaque);
}

int armsim_snapshot_load(struct armsim_machine *machine, const char *path)
{
    REQUIRE(machine, path);
    REQUIRE_STOPPED(machine);
    int error = snapshot_load_path(machine, path);
    if (error == 0)
        machine_touched(machine);
    return error;
}

int armsim_snapshot_load_from(struct armsim_machine *machine, armsim_snapshot_read_fn *read, void *opaque)
{
    REQUIRE(machine, read);
    REQUIRE_STOPPED(machine);
    int error = snapshot_load(machine, read, opaque);
    if (error == 0)
        machine_touched(machine);
    return error;
}

int armsim_fork(struct armsim_machine *machine, struct armsim_machine **child)
{
    if (child)
        *child = NULL;
    REQUIRE(machine, child);
    REQUIRE_STOPPED(machine);
    return machine_fork(machine, child);
}

int armsim_connect_serial(struct armsim_machine *machine, uint32_t port, const struct armsim_serial *serial)
{
    REQUIRE(machine, port < ARMSIM_SERIAL_PORTS && serial);
    machine->options.serial[port] = *serial;
    machine->serial[port].open = machine->serial[port].attached && serial->input;
    return 0;
}

int armsim_connect_net(struct armsim_machine *machine, uint32_t nic, const struct armsim_nic *end)
{
    REQUIRE(machine, nic < MACHINE_MAX_NICS && end);
    if (!machine->nic[nic].attached)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "the machine has no network card %u", nic);
    machine->nic[nic].transmit = end->transmit;
    machine->nic[nic].opaque = end->opaque;
    machine->nic[nic].open = end->input;
    return 0;
}

int armsim_connect_semihosting(struct armsim_machine *machine, const struct armsim_semihosting *end)
{
    REQUIRE(machine, end);
    machine->options.semihosting.read = end->read;
    machine->options.semihosting.write = end->write;
    machine->options.semihosting.opaque = end->opaque;
    return 0;
}

/* --- differences --- */

struct difference_teller {
    armsim_difference_fn *fn;
    void *opaque;
    int64_t count;
};

static void tell(struct difference_teller *teller, const struct armsim_difference *difference)
{
    teller->count++;
    if (teller->fn)
        teller->fn(teller->opaque, difference);
}

static void tell_field(void *opaque, const char *section, const char *name, uint64_t index, uint64_t a, uint64_t b)
{
    const char *storage = name && strcmp(name, "sr") == 0 ? pe_storage_name(index) : NULL;
    tell(opaque, &(struct armsim_difference){.section = section,
                                             .field = storage ? storage : name ? name : "other",
                                             .index = storage ? 0 : index,
                                             .a = a,
                                             .b = b});
}

static void diff_memory(const struct bus_region *a, const struct bus_region *b, struct difference_teller *teller)
{
    for (uint64_t page = 0; page < a->size >> PAGE_BITS; page++) {
        const uint8_t *left = bus_page(a, page), *right = bus_page(b, page);
        if (left == right)
            continue;
        left = left ? left : page_of_zeroes;
        right = right ? right : page_of_zeroes;
        if (memcmp(left, right, PAGE_BYTES) == 0)
            continue;
        unsigned at = 0;
        while (left[at] == right[at])
            at++;
        tell(teller, &(struct armsim_difference){.section = a->name,
                                                 .field = "byte",
                                                 .index = (page << PAGE_BITS) + at,
                                                 .a = left[at],
                                                 .b = right[at]});
    }
}

static int other_machine(struct armsim_machine *machine, const char *name)
{
    return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "armsim_state_diff: %s: the other machine has no such part", name);
}

int64_t armsim_state_diff(struct armsim_machine *a, struct armsim_machine *b, armsim_difference_fn *fn, void *opaque)
{
    REQUIRE(a, usable(b));
    REQUIRE_STOPPED(a);
    REQUIRE_STOPPED(b);
    struct difference_teller teller = {.fn = fn, .opaque = opaque};
    if (bus_region_count(a->bus) != bus_region_count(b->bus))
        return other_machine(a, "memory");
    for (size_t i = 0; i < bus_region_count(a->bus); i++) {
        const struct bus_region *left = bus_region_at(a->bus, i), *right = bus_region_at(b->bus, i);
        if (left->base != right->base || left->size != right->size || bus_has_memory(left) != bus_has_memory(right))
            return other_machine(a, left->name);
        if (bus_has_memory(left))
            diff_memory(left, right, &teller);
    }
    struct state_section left, right;
    for (size_t i = 0; machine_section(a, i, &left); i++) {
        if (!machine_section(b, i, &right) || strcmp(left.name, right.name) != 0 || left.fields != right.fields)
            return other_machine(a, left.name);
        if (!state_diff_section(&left, &right, tell_field, &teller))
            return machine_fail(a, ARMSIM_ERROR_MEMORY, "out of memory");
    }
    return teller.count;
}

/* --- history --- */

int armsim_set_history(struct armsim_machine *machine, uint64_t interval, uint64_t max_bytes)
{
    REQUIRE(machine, true);
    REQUIRE_STOPPED(machine);
    return history_set(machine, interval, max_bytes);
}

int armsim_go_to(struct armsim_machine *machine, uint64_t instructions)
{
    REQUIRE(machine, true);
    REQUIRE_STOPPED(machine);
    if (!machine->history)
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "the machine keeps no history");
    observe_forget(machine); /* it comes there anew */
    return history_go_to(machine, instructions);
}

int armsim_history(const struct armsim_machine *machine, uint64_t *first, uint64_t *last)
{
    REQUIRE_CONST(machine, first && last);
    return history_range(machine, first, last) ? 0 : ARMSIM_ERROR_UNSUPPORTED;
}
