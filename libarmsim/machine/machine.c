/* Making, resetting and freeing a machine. */
#include "libarmsim/machine/machine.h"

#include "cpu/coverage.h"
#include "gic/gic.h"
#include "libarmsim/machine/interrupts.h"
#include "libarmsim/machine/observe.h"
#include "libarmsim/machine/text.h"
#include "libarmsim/machine/trace.h"
#include "libarmsim/machine/trap_ring.h"
#include "libarmsim/machine/user_device.h"
#include "libarmsim/snapshot/history.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int machine_fail(struct armsim_machine *machine, enum armsim_error error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(machine->error, sizeof(machine->error), format, arguments);
    va_end(arguments);
    return error;
}

int machine_fail_errno(struct armsim_machine *machine, const char *where, const char *what, int code)
{
    char text[128];
    if (strerror_r(code, text, sizeof(text)) != 0)
        text[0] = '\0';
    return machine_fail(machine, ARMSIM_ERROR_IO, "%s: %s: %s", where, what, text);
}

int machine_map_result(struct armsim_machine *machine, const char *name, uint64_t base, uint64_t size, int result,
                       const struct bus_region *other)
{
    switch (result) {
    case 0:
        return 0;
    case -EEXIST:
        return machine_fail(machine, ARMSIM_ERROR_OVERLAP, "%s: 0x%llx to 0x%llx overlaps %s at 0x%llx", name,
                            (unsigned long long)base, (unsigned long long)(base + size - 1),
                            other ? other->name : "another region", (unsigned long long)(other ? other->base : 0));
    case -ENOMEM:
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "%s: out of memory (0x%llx bytes)", name,
                            (unsigned long long)size);
    default:
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "%s: 0x%llx bytes at 0x%llx are not a possible region",
                            name, (unsigned long long)size, (unsigned long long)base);
    }
}

int machine_add_device(struct armsim_machine *machine, struct device *device)
{
    if (!device)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    if (machine->device_count == machine->device_capacity) {
        size_t capacity = machine->device_capacity ? machine->device_capacity * 2 : 64;
        struct device **devices = realloc(machine->devices, capacity * sizeof(*devices));
        if (!devices) {
            device->ops->destroy(device);
            return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
        }
        machine->devices = devices;
        machine->device_capacity = capacity;
    }
    const struct bus_region *other = NULL;
    int result = device_attach(device, &other);
    if (result < 0) {
        result = machine_map_result(machine, device->name, device->base, device->size, result, other);
        device->ops->destroy(device);
        return result;
    }
    machine->devices[machine->device_count++] = device;
    return 0;
}

int machine_load(struct armsim_machine *machine, const char *what, enum pas pas, uint64_t address, const void *data,
                 size_t size)
{
    if (!size)
        return 0;
    struct bus_attrs attrs = {.pas = pas, .debug = true, .requester = BUS_REQUESTER_DMA};
    if (address + size - 1 < address || bus_write_block(machine->bus, address, data, size, attrs) != BUS_OK)
        return machine_fail(machine, ARMSIM_ERROR_INPUT, "%s: %zu bytes at 0x%llx don't fit in memory", what, size,
                            (unsigned long long)address);
    icache_invalidate(machine->icache, address, size);
    return 0;
}

void machine_set_dtb(struct armsim_machine *machine, void *data, size_t size)
{
    if (machine->dtb != data)
        free(machine->dtb);
    machine->dtb = data;
    machine->dtb_size = data ? size : 0;
}

void machine_set_x(struct armsim_machine *machine, unsigned pe, unsigned n, uint64_t value)
{
    if (pe < machine->pe_count && n < 31)
        machine->pes[pe]->x[n] = value;
}

void machine_set_pc(struct armsim_machine *machine, unsigned pe, uint64_t pc)
{
    if (pe < machine->pe_count)
        pe_set_pc(machine->pes[pe], pc);
}

static int out_of_memory(struct armsim_machine *machine)
{
    return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
}

/* Clusters of 8 with GICv2 (a CPU mask's width), of 16 with GICv3 (an SGI's target list). */
static uint64_t affinity(const struct armsim_machine *machine, unsigned pe)
{
    unsigned cluster = machine->board->gic && machine->options.gic_version == 2 ? 8 : 16;
    return (uint64_t)(pe / cluster) << 8 | pe % cluster;
}

static int make_pes(struct armsim_machine *machine)
{
    const uint64_t mpidr_res1 = 1ull << 31;
    unsigned count = machine->options.smp;
    machine->pes = calloc(count, sizeof(*machine->pes));
    machine->timers = calloc(count, sizeof(*machine->timers));
    machine->pe_names = calloc(count, sizeof(*machine->pe_names));
    if (!machine->pes || !machine->timers || !machine->pe_names)
        return out_of_memory(machine);
    for (unsigned i = 0; i < count; i++) {
        struct pe_config config = {
            .index = i,
            .mpidr = mpidr_res1 | affinity(machine, i),
            .model = machine->model,
            .features = machine->features,
            .have_el2 = machine->options.virtualization,
            .have_el3 = machine->options.secure,
            .secure_only = machine->options.secure_only,
            .reset_address = machine->options.reset_address,
            .tlb_entries = machine->options.tlb_entries,
        };
        machine->pes[i] = pe_create(&config, &machine->pe_env);
        if (!machine->pes[i])
            return out_of_memory(machine);
        machine->pe_count++;
        struct text name = text_begin(machine->pe_names[i], sizeof(machine->pe_names[i]));
        text_string(&name, "pe");
        text_decimal(&name, i);
    }
    return 0;
}

static void log_sink(void *opaque, enum log_class class, const char *message)
{
    struct armsim_machine *machine = opaque;
    if (machine->log_fn && !machine->muted)
        machine->log_fn(machine->log_opaque, (enum armsim_log_class)class, message);
}

_Static_assert((int)ARMSIM_LOG_GUEST_ERROR == (int)LOG_GUEST_ERROR &&
                   (int)ARMSIM_LOG_UNIMPLEMENTED == (int)LOG_UNIMPLEMENTED &&
                   (int)ARMSIM_LOG_EXCEPTION == (int)LOG_EXCEPTION && (int)ARMSIM_LOG_MMU == (int)LOG_MMU &&
                   (int)ARMSIM_LOG_DEVICE == (int)LOG_DEVICE,
               "public and internal log classes have the same numbers");

static int make_fabric(struct armsim_machine *machine)
{
    const struct armsim_options *options = &machine->options;
    machine->log = (struct log){.mask = options->log_mask, .sink = log_sink, .opaque = machine};
    machine->log_fn = options->log;
    machine->log_opaque = options->log_opaque;
    machine->bus = bus_create();
    machine->clock = clock_create();
    machine->traps = trap_ring_create(options->trap_ring);
    if (!machine->bus || !machine->clock || !machine->traps)
        return out_of_memory(machine);
    machine->device_env = (struct device_env){.bus = machine->bus, .clock = machine->clock, .log = &machine->log};
    for (unsigned i = 0; i < ARMSIM_SERIAL_PORTS; i++) {
        machine->serial[i].queue = malloc(SERIAL_QUEUE_BYTES);
        if (!machine->serial[i].queue)
            return out_of_memory(machine);
    }
    machine_install_clock(machine);
    machine_update_listeners(machine);
    return 0;
}

/* The user's devices of the machine that is forked, whenever they were added. */
static int copy_user_devices(struct armsim_machine *machine, const struct armsim_machine *from)
{
    for (size_t i = 0; i < from->device_count; i++) {
        int result = user_device_copy(machine, from->devices[i]);
        if (result < 0)
            return result;
    }
    return 0;
}

/* Memory that the board hasn't mapped: armsim_map_ram(). Its names live as long as the options, which are shared. */
static int copy_memory_map(struct armsim_machine *machine, const struct armsim_machine *from)
{
    for (size_t i = 0; i < bus_region_count(from->bus); i++) {
        const struct bus_region *region = bus_region_at(from->bus, i), *other;
        if (region->kind != BUS_RAM || bus_find(machine->bus, (enum pas)__builtin_ctz(region->pas_mask), region->base, NULL))
            continue;
        int result = bus_add_ram(machine->bus, region->name, region->base, region->size, region->pas_mask, &other);
        if (result < 0)
            return machine_map_result(machine, region->name, region->base, region->size, result, other);
    }
    return 0;
}

static int add_user_devices(struct armsim_machine *machine)
{
    for (size_t i = 0; i < machine->options.device_count; i++) {
        int result = user_device_add(machine, &machine->options.devices[i], NULL);
        if (result < 0)
            return result;
    }
    return 0;
}

static void run_out_of_memory(void *opaque)
{
    struct armsim_machine *machine = opaque;
    machine_stop_error(machine, machine_fail(machine, ARMSIM_ERROR_MEMORY,
                                             "out of memory: a page of the guest's can't be copied"));
}

int machine_build(struct armsim_machine *machine, const struct armsim_machine *from)
{
    const struct board *board = machine->board;
    int result = machine_check_options(machine);
    if (result < 0 || (result = machine_parse_cpu(machine)) < 0 ||
        (result = machine_choose_impdefs(machine)) < 0 || (result = make_fabric(machine)) < 0 ||
        (result = board->map(machine)) < 0 || (from && (result = copy_memory_map(machine, from)) < 0))
        return result;
    bus_set_shortage_watch(machine->bus, run_out_of_memory, machine);
    machine->icache = icache_create(machine->bus);
    machine->walker = mmu_create(machine->bus, BUS_REQUESTER_DMA, 16);
    if (!machine->icache || !machine->walker)
        return out_of_memory(machine);
    mmu_set_unclaimed_zero(machine->walker, machine->impdefs.value[IMPDEF_BUS_ERROR] == BUS_ERROR_RAZWI);
    machine_install_env(machine);
    if ((result = make_pes(machine)) < 0 || (result = machine_make_interrupts(machine)) < 0 ||
        (result = board->populate(machine)) < 0 ||
        (result = from ? copy_user_devices(machine, from) : add_user_devices(machine)) < 0)
        return result;
    if (!from)
        result = machine_reset(machine, true);
    else if (board->clone)
        result = board->clone(machine, from);
    if (result < 0)
        return result;
    machine->ready = true;
    return 0;
}

int machine_reset(struct armsim_machine *machine, bool cold)
{
    machine->turn.open = false;
    machine->turn.pe = machine->pe_count - 1; /* the first turn is PE 0's */
    observe_forget(machine);
    for (size_t i = 0; i < machine->device_count; i++)
        device_reset(machine->devices[i]);
    for (unsigned i = 0; i < machine->pe_count; i++)
        pe_reset(machine->pes[i], cold);
    machine_reset_interrupts(machine);
    return cold || !machine->board->start ? machine->board->load(machine) : machine->board->start(machine);
}

void machine_free(struct armsim_machine *machine)
{
    if (!machine)
        return;
    history_destroy(machine);
    trace_destroy(machine->trace);
    if (machine->board && machine->board->destroy)
        machine->board->destroy(machine);
    for (size_t i = machine->device_count; i > 0; i--)
        machine->devices[i - 1]->ops->destroy(machine->devices[i - 1]);
    free(machine->devices);
    for (size_t i = 0; i < MACHINE_MAX_DRIVES; i++)
        drive_close(&machine->drives[i]);
    machine_free_interrupts(machine);
    for (unsigned i = 0; i < machine->pe_count; i++)
        pe_destroy(machine->pes[i]);
    free(machine->pes);
    free(machine->timers);
    free(machine->pe_names);
    if (machine->icache)
        icache_destroy(machine->icache);
    mmu_destroy(machine->walker);
    machine_free_inputs(machine);
    coverage_destroy(machine->pe_env.coverage);
    trap_ring_destroy(machine->traps);
    if (machine->bus)
        bus_destroy(machine->bus);
    if (machine->clock)
        clock_destroy(machine->clock);
    free(machine->dtb);
    free(machine->breakpoints);
    free(machine->watchpoints);
    hooks_free(machine);
    machine_free_options(machine);
    free(machine);
}
