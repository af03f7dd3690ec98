/* Wiring: pins of the PEs, GIC, generic timers. */
#include "libarmsim/machine/interrupts.h"

#include "cpu/host.h"
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

static void set_event(void *opaque)
{
    struct pe *pe = opaque;
    pe->event_register = true;
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
        .security = options->secure && !(options->gic_single_security && options->gic_version == 2),
        .single_security = options->secure && options->gic_single_security && options->gic_version == 3,
        .priority_bits = options->gic_priority_bits,
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
        .msi_base = place->msi_frame,
        .msi_first_spi = place->msi_first_spi,
        .msi_spis = options->gic_version == 2 ? place->msi_spis : 0,
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

struct irq_line *machine_spi(struct armsim_machine *machine, unsigned spi)
{
    return machine->gic ? gic_spi(machine->gic, spi) : NULL;
}

struct irq_line *machine_ppi(struct armsim_machine *machine, unsigned pe, unsigned intid)
{
    if (!machine->gic || pe >= machine->pe_count || intid < GIC_SGIS || intid >= GIC_PRIVATE)
        return NULL;
    return gic_ppi(machine->gic, pe, intid - GIC_SGIS);
}

static int make_timers(struct armsim_machine *machine)
{
    const struct board_gic *place = machine->board->gic;
    for (unsigned i = 0; i < machine->pe_count; i++) {
        struct irq_line *lines[TIMER_COUNT] = {NULL};
        if (place) {
            lines[TIMER_PHYSICAL] = machine_ppi(machine, i, place->ppi_physical_timer);
            lines[TIMER_VIRTUAL] = machine_ppi(machine, i, place->ppi_virtual_timer);
            lines[TIMER_HYPERVISOR] = machine_ppi(machine, i, place->ppi_hypervisor_timer);
            lines[TIMER_HYPERVISOR_VIRTUAL] = machine_ppi(machine, i, place->ppi_hypervisor_virtual_timer);
            lines[TIMER_SECURE] = machine_ppi(machine, i, place->ppi_secure_physical_timer);
        }
        struct generic_timer *timer =
            generic_timer_create(&machine->device_env, i, machine->options.counter_frequency, lines);
        if (!timer)
            return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
        generic_timer_set_epoch(timer, machine->options.counter_epoch);
        machine->timers[i] = timer;
        machine->pes[i]->timer = timer;
        generic_timer_on_event(timer, set_event, machine->pes[i]);
        machine->pes[i]->pmu_irq = place ? machine_ppi(machine, i, place->ppi_pmu) : NULL;
    }
    return 0;
}

int machine_make_interrupts(struct armsim_machine *machine)
{
    int error = machine->board->gic ? make_gic(machine) : 0;
    return error < 0 ? error : make_timers(machine);
}

void machine_reset_interrupts(struct armsim_machine *machine)
{
    if (machine->gic)
        gic_reset(machine->gic);
    for (unsigned i = 0; i < machine->pe_count; i++) {
        const struct pe *pe = machine->pes[i];
        generic_timer_reset(machine->timers[i]);
        if (pe->gic)
            gic_set_pe_state(pe->gic, pe->pstate.el, host_is_secure(pe));
    }
}

void machine_free_interrupts(struct armsim_machine *machine)
{
    for (unsigned i = 0; i < machine->pe_count && machine->timers; i++)
        generic_timer_destroy(machine->timers[i]);
    gic_destroy(machine->gic);
    free(machine->pins);
}

void machine_begin_wfe(struct armsim_machine *machine, struct pe *pe)
{
    struct generic_timer *timer = machine->timers[pe->index];
    if (generic_timer_take_event(timer))
        pe->event_register = true;
    else
        generic_timer_wait_event(timer, true);
}

void machine_end_wfe(struct armsim_machine *machine, struct pe *pe)
{
    generic_timer_wait_event(machine->timers[pe->index], false);
}
