#include "libarmsim/firmware/builtin.h"

#include "devices/generic_timer.h"
#include "libarmsim/fabric/random.h"
#include "libarmsim/firmware/semihosting.h"
#include "libarmsim/firmware/smccc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct builtin_firmware {
    struct device device;
    struct armsim_machine *machine;
    void (*start)(struct armsim_machine *machine, unsigned pe, uint64_t entry);
    enum armsim_conduit conduit;
    struct firmware calls;
    struct semihosting *semihosting; /* NULL: off */
    uint64_t heap_base, heap_limit;
    uint64_t random_state; /* goes on over resets, as a source of entropy does */
};

static struct builtin_firmware *firmware_of(struct armsim_machine *machine)
{
    return machine->firmware;
}

uint64_t builtin_firmware_random(struct builtin_firmware *firmware)
{
    return splitmix64(&firmware->random_state);
}

/* --- PSCI and its relatives --- */

#define AFFINITY_MASK UINT64_C(0xff00ffffff)

static unsigned ops_pe_count(void *opaque)
{
    const struct builtin_firmware *firmware = opaque;
    return firmware->machine->pe_count;
}

static uint64_t ops_affinity(void *opaque, unsigned pe)
{
    const struct builtin_firmware *firmware = opaque;
    return firmware->machine->pes[pe]->mpidr & AFFINITY_MASK;
}

static bool ops_is_on(void *opaque, unsigned pe)
{
    const struct builtin_firmware *firmware = opaque;
    return firmware->machine->pes[pe]->power != PE_OFF;
}

static bool ops_valid_entry(void *opaque, uint64_t address)
{
    const struct builtin_firmware *firmware = opaque;
    if (address % 4 != 0)
        return false;
    const struct bus_region *region = bus_find(firmware->machine->bus, PAS_NON_SECURE, address, NULL);
    return bus_is_memory(region);
}

static void ops_start(void *opaque, unsigned pe, uint64_t entry, uint64_t context)
{
    struct builtin_firmware *firmware = opaque;
    struct armsim_machine *machine = firmware->machine;
    pe_reset(machine->pes[pe], false);
    generic_timer_reset(machine->timers[pe]);
    firmware->start(machine, pe, entry);
    machine_set_x(machine, pe, 0, context);
    machine->pes[pe]->power = PE_RUNNING;
}

static void ops_stop(void *opaque, unsigned pe)
{
    const struct builtin_firmware *firmware = opaque;
    firmware->machine->pes[pe]->power = PE_OFF;
}

static void ops_standby(void *opaque, unsigned pe)
{
    const struct builtin_firmware *firmware = opaque;
    firmware->machine->pes[pe]->power = PE_WFI;
}

static void ops_system_off(void *opaque)
{
    const struct builtin_firmware *firmware = opaque;
    machine_stop(firmware->machine, ARMSIM_STOP_POWER_OFF, 0);
}

static void ops_system_reset(void *opaque, bool warm)
{
    const struct builtin_firmware *firmware = opaque;
    machine_stop(firmware->machine, ARMSIM_STOP_RESET, warm);
}

static uint64_t ops_random(void *opaque)
{
    return builtin_firmware_random(opaque);
}

static const struct firmware_ops call_ops = {
    .pe_count = ops_pe_count,
    .affinity = ops_affinity,
    .is_on = ops_is_on,
    .valid_entry = ops_valid_entry,
    .start = ops_start,
    .stop = ops_stop,
    .standby = ops_standby,
    .system_off = ops_system_off,
    .system_reset = ops_system_reset,
    .random = ops_random,
};

static bool conduit_call(struct armsim_machine *machine, struct pe *pe, bool smc, uint16_t imm)
{
    struct builtin_firmware *firmware = firmware_of(machine);
    if (firmware->conduit != (smc ? ARMSIM_CONDUIT_SMC : ARMSIM_CONDUIT_HVC))
        return false;
    struct smccc_call call = {.pe = pe->index, .imm = imm};
    memcpy(call.x, pe->x, sizeof(call.x));
    uint64_t function = call.x[0];
    smccc_dispatch(&firmware->calls, &call);
    if (call.no_return)
        return true;
    if (call.x[0] == (uint64_t)SMCCC_NOT_SUPPORTED)
        log_message(&machine->log, LOG_UNIMPLEMENTED, "firmware call 0x%08" PRIx32 ": NOT_SUPPORTED",
                    (uint32_t)function);
    memcpy(pe->x, call.x, sizeof(call.x));
    return true;
}

void builtin_firmware_set_conduit(struct builtin_firmware *firmware, enum armsim_conduit conduit)
{
    firmware->conduit = conduit;
    machine_set_conduit(firmware->machine, conduit == ARMSIM_CONDUIT_NONE ? NULL : conduit_call);
}

/* --- semihosting --- */

static struct armsim_space caller_space(const struct builtin_firmware *firmware)
{
    return ARMSIM_VIRTUAL(armsim_current_pe(firmware->machine));
}

static bool host_read_memory(void *opaque, uint64_t address, void *data, size_t size)
{
    struct builtin_firmware *firmware = opaque;
    struct armsim_space space = caller_space(firmware);
    return size == 0 || armsim_read_memory(firmware->machine, &space, address, data, size, NULL) == 0;
}

static bool host_write_memory(void *opaque, uint64_t address, const void *data, size_t size)
{
    struct builtin_firmware *firmware = opaque;
    struct armsim_space space = caller_space(firmware);
    return size == 0 || armsim_write_memory(firmware->machine, &space, address, data, size, NULL) == 0;
}

static void host_console_write(void *opaque, const uint8_t *data, size_t size)
{
    const struct builtin_firmware *firmware = opaque;
    const struct armsim_semihosting *options = &firmware->machine->options.semihosting;
    machine_output(firmware->machine, ARMSIM_CONSOLE_SEMIHOSTING, options->write, options->opaque, data, size);
}

static size_t host_console_read(void *opaque, uint8_t *data, size_t size)
{
    const struct builtin_firmware *firmware = opaque;
    return machine_console_input(firmware->machine, data, size);
}

static uint64_t host_time_ns(void *opaque)
{
    const struct builtin_firmware *firmware = opaque;
    return machine_now(firmware->machine);
}

static int64_t host_unix_time(void *opaque)
{
    const struct builtin_firmware *firmware = opaque;
    const uint64_t ns_per_second = 1000000000;
    return firmware->machine->options.rtc_epoch + (int64_t)(machine_now(firmware->machine) / ns_per_second);
}

static void host_heap(void *opaque, uint64_t info[4])
{
    const struct builtin_firmware *firmware = opaque;
    info[0] = firmware->heap_base;
    info[1] = firmware->heap_limit;
    info[2] = firmware->heap_limit; /* the stack grows down from the end of the same memory */
    info[3] = firmware->heap_base;
}

static void host_exit(void *opaque, uint32_t code)
{
    const struct builtin_firmware *firmware = opaque;
    machine_stop(firmware->machine, ARMSIM_STOP_SEMIHOSTING, code);
}

static const struct semihosting_ops host_ops = {
    .read_memory = host_read_memory,
    .write_memory = host_write_memory,
    .console_write = host_console_write,
    .console_read = host_console_read,
    .time_ns = host_time_ns,
    .unix_time = host_unix_time,
    .heap = host_heap,
    .exit = host_exit,
};

/* From EL1 upwards: the operating system guards its applications' files. */
static bool semihosting_hlt(struct armsim_machine *machine, struct pe *pe)
{
    struct builtin_firmware *firmware = firmware_of(machine);
    if (pe->pstate.el == 0)
        return false;
    uint32_t operation = (uint32_t)pe->x[0];
    uint64_t result;
    bool no_return;
    if (!semihosting_call(firmware->semihosting, operation, pe->x[1], &result, &no_return))
        log_message(&machine->log, LOG_UNIMPLEMENTED, "semihosting operation 0x%" PRIx32, operation);
    if (!no_return)
        pe->x[0] = result;
    return true;
}

void builtin_firmware_set_heap(struct builtin_firmware *firmware, uint64_t base, uint64_t limit)
{
    firmware->heap_base = base;
    firmware->heap_limit = limit;
}

/* --- the device --- */

static const struct state_field firmware_fields[] = {
    STATE_KEPT(struct builtin_firmware, random_state),
    STATE_KEPT(struct builtin_firmware, heap_base),
    STATE_KEPT(struct builtin_firmware, heap_limit),
    STATE_KEPT_WITH(struct builtin_firmware, conduit, 0, ARMSIM_CONDUIT_SMC),
};

static void firmware_reset(struct device *device)
{
    struct builtin_firmware *firmware = (struct builtin_firmware *)device;
    if (firmware->semihosting)
        semihosting_reset(firmware->semihosting);
}

static void firmware_destroy(struct device *device)
{
    struct builtin_firmware *firmware = (struct builtin_firmware *)device;
    semihosting_destroy(firmware->semihosting);
    free(firmware);
}

static uint64_t firmware_hash(void *device, uint64_t hash)
{
    struct builtin_firmware *firmware = device;
    return firmware->semihosting ? semihosting_hash(firmware->semihosting, hash) : hash;
}

static void firmware_save(void *device, struct state_writer *writer)
{
    struct builtin_firmware *firmware = device;
    if (firmware->semihosting)
        semihosting_save(firmware->semihosting, writer);
}

static bool firmware_load(void *device, struct state_reader *reader)
{
    struct builtin_firmware *firmware = device;
    return !firmware->semihosting || semihosting_load(firmware->semihosting, reader);
}

static bool firmware_loaded(void *device)
{
    struct builtin_firmware *firmware = device;
    builtin_firmware_set_conduit(firmware, firmware->conduit);
    return true;
}

static const struct device_ops firmware_device_ops = {
    .model = "firmware",
    .fields = firmware_fields,
    .field_count = sizeof(firmware_fields) / sizeof(firmware_fields[0]),
    .state_version = 1,
    .reset = firmware_reset,
    .destroy = firmware_destroy,
    .hash_extra = firmware_hash,
    .save_extra = firmware_save,
    .load_extra = firmware_load,
    .loaded = firmware_loaded,
};

static int add_semihosting(struct armsim_machine *machine, struct builtin_firmware *firmware)
{
    const struct armsim_semihosting *options = &machine->options.semihosting;
    int error;
    firmware->semihosting =
        semihosting_create(&host_ops, firmware, options->directory, options->command_line, &error);
    if (!firmware->semihosting) {
        if (error == -ENOMEM)
            return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
        return machine_fail_errno(machine, options->directory, "semihosting directory", -error);
    }
    machine->semihosting = semihosting_hlt;
    return 0;
}

int builtin_firmware_create(struct armsim_machine *machine,
                            void (*start)(struct armsim_machine *machine, unsigned pe, uint64_t entry),
                            struct builtin_firmware **result)
{
    struct builtin_firmware *firmware = calloc(1, sizeof(*firmware));
    if (!firmware)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    device_init(&firmware->device, &firmware_device_ops, &machine->device_env, 0, 0, 0, NULL, 0);
    firmware->machine = machine;
    firmware->start = start;
    firmware->calls = (struct firmware){.ops = &call_ops, .opaque = firmware};
    firmware->random_state = machine->options.rng_seed;
    machine->firmware = firmware;
    int error = machine_add_device(machine, &firmware->device); /* owns it from here on */
    if (error == 0 && machine->options.semihosting.enabled)
        error = add_semihosting(machine, firmware);
    *result = error == 0 ? firmware : NULL;
    return error;
}
