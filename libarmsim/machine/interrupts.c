/* Wiring: pins of the PEs, GIC, generic timers. */
#include "libarmsim/machine/interrupts.h"

#include "devices/generic_timer.h"
#include "gic/gic.h"
#include "libarmsim/machine/machine.h"

#include <errno.h>
#include <stdlib.h>

static const enum pending pin_levels[] = {PENDING_IRQ, PENDING_FIQ, PENDING_VIRQ, PENDING_VFIQ};

static void drive_pin(void *opaque, unsigned number, bool level)
{
    pe_set_pending(opaque, pin_levels[number], level);
}

static int make_gic(struct armsim_machine *machine)
{
    const struct board_gic *place = machine->board->gic;
    const struct armsim_options *options = &machine->options;
    uint64_t affinity[ARMSIM_MAX_PES];
    for (unsigned i = 0; i < machine->pe_count; i++)
        affinity[i] = machine->pes[i]->mpidr;
    struct gic_config config = {
        .version = options->gic_version,
        .cpus = machine->pe_count,
        .affinity = affinity,
        .security = options->secure,
        .virtualization = options->virtualization,
        .its = options->gic_version == 3 && place->its,
        .awake_at_reset = !options->secure,
        .spis = place->spis,
        .list_registers = 4,
        .maintenance_intid = place->ppi_maintenance,
        .distributor_base = place->distributor,
        .cpu_base = place->cpu_interface,
        .hypervisor_base = place->hypervisor,
        .virtual_cpu_base = place->virtual_cpu,
        .its_base = place->its,
        .redistributor_base = place->redistributor,
    };
    int error = 0;
    machine->gic = gic_create(&config, &machine->device_env, &error);
    if (!machine->gic)
        return error == -ENOMEM ? machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory")
                                : machine_fail(machine, ARMSIM_ERROR_OPTION,
                                               "gic: version %u with %u PEs is not possible on board %s",
                                               options->gic_version, machine->pe_count, machine->board->name);
    machine->pins = calloc(machine->pe_count, sizeof(*machine->pins));
    if (!machine->pins)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    for (unsigned i = 0; i < machine->pe_count; i++) {
        struct irq_line *pins = machine->pins[i];
        for (unsigned n = 0; n < 4; n++)
            pins[n] = (struct irq_line){.set = drive_pin, .opaque = machine->pes[i], .number = n};
        machine->pes[i]->gic = gic_cpu_interface(machine->gic, i);
        gic_connect(machine->pes[i]->gic, &pins[0], &pins[1], &pins[2], &pins[3]);
    }
    return 0;
}
