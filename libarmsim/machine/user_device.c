/* A user's device is a `struct device` whose operations call the user's. */
#include "libarmsim/machine/user_device.h"

#include "devices/fdt_writer.h"
#include "libarmsim/machine/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { USER_STATE_MAX = 1 << 20, USER_NAME_MAX = 24 };

struct armsim_device {
    struct device device;
    struct device_ops ops; /* of this device: model and sizes are the user's */
    struct armsim_machine *machine;
    struct armsim_device_config config;
    struct clock_event event;
    char model[USER_NAME_MAX];
    char compatible[128];
};

static struct armsim_requester requester_of(const struct armsim_device *user, struct bus_attrs attrs)
{
    return (struct armsim_requester){
        .pe = attrs.requester < user->machine->pe_count ? attrs.requester : ARMSIM_ANY,
        .el = attrs.el,
        .secure = attrs.pas == PAS_SECURE,
        .debug = attrs.debug,
    };
}

static enum bus_result user_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                 uint64_t *value)
{
    struct armsim_device *user = opaque;
    struct armsim_requester requester = requester_of(user, attrs);
    *value = 0;
    int result = user->config.ops.read(user->config.opaque, user, offset, size, &requester, value);
    *value &= bus_ones(size);
    return result < 0 ? BUS_DEVICE_ERROR : BUS_OK;
}

static enum bus_result user_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                  uint64_t value)
{
    struct armsim_device *user = opaque;
    struct armsim_requester requester = requester_of(user, attrs);
    return user->config.ops.write(user->config.opaque, user, offset, size, &requester, value) < 0 ? BUS_DEVICE_ERROR
                                                                                                  : BUS_OK;
}

static void user_reset(struct device *device)
{
    struct armsim_device *user = (struct armsim_device *)device;
    clock_cancel(device->env->clock, &user->event);
    irq_set(device->irq, false);
    if (user->config.ops.reset)
        user->config.ops.reset(user->config.opaque, user);
}

static void user_destroy(struct device *device)
{
    struct armsim_device *user = (struct armsim_device *)device;
    clock_unregister(device->env->clock, &user->event);
    if (user->config.ops.destroy)
        user->config.ops.destroy(user->config.opaque);
    free(user);
}

static void user_event(void *opaque, uint64_t now)
{
    struct armsim_device *user = opaque;
    if (user->config.ops.event)
        user->config.ops.event(user->config.opaque, user, now);
}

static uint64_t user_hash(void *device, uint64_t hash)
{
    struct armsim_device *user = device;
    uint64_t level = user->device.irq && user->device.irq->level;
    hash = state_hash_words(hash, &level, 1);
    if (!user->config.ops.state)
        return hash;
    size_t size = user->config.ops.state(user->config.opaque, user, NULL, 0);
    if (!size || size > USER_STATE_MAX)
        return hash;
    uint8_t *data = malloc(size);
    if (!data)
        return hash;
    size_t got = user->config.ops.state(user->config.opaque, user, data, size);
    hash = state_hash_bytes(hash, data, got < size ? got : size);
    free(data);
    return hash;
}

static void user_save(void *device, struct state_writer *writer)
{
    struct armsim_device *user = device;
    size_t size = user->config.ops.state ? user->config.ops.state(user->config.opaque, user, NULL, 0) : 0;
    uint8_t *data = size && size <= USER_STATE_MAX ? malloc(size) : NULL;
    if (size && !data)
        writer->failed = true;
    if (!data)
        return;
    size_t got = user->config.ops.state(user->config.opaque, user, data, size);
    state_put_bytes(writer, data, got < size ? got : size);
    free(data);
}

static bool user_load(void *device, struct state_reader *reader)
{
    struct armsim_device *user = device;
    size_t size = reader->size - reader->at;
    const uint8_t *data = state_take_bytes(reader, size);
    if (!user->config.ops.load)
        return size == 0;
    return size <= USER_STATE_MAX && user->config.ops.load(user->config.opaque, user, data, size) >= 0;
}

static int user_describe(struct device *device, struct fdt_writer *writer)
{
    struct armsim_device *user = (struct armsim_device *)device;
    if (!user->compatible[0])
        return 0;
    fdtw_begin_at(writer, user->model, device->base);
    fdtw_string(writer, "compatible", user->compatible);
    fdtw_device(writer, device);
    fdtw_end(writer);
    return fdtw_error(writer);
}

static bool valid_name(const char *name)
{
    size_t length = strlen(name);
    if (!length || length >= USER_NAME_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

static int check(struct armsim_machine *machine, const struct armsim_device_config *config)
{
    const struct armsim_device_ops *ops = &config->ops;
    if (ops->size < offsetof(struct armsim_device_ops, reset) || ops->size > 4096)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "device: ops.size is %zu", ops->size);
    if (!ops->model || !valid_name(ops->model))
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT,
                            "device: ops.model must have 1 to %d letters, digits, '-' or '_'", USER_NAME_MAX - 1);
    if (ops->compatible && strlen(ops->compatible) >= sizeof(((struct armsim_device *)0)->compatible))
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "device %s: ops.compatible is too long", ops->model);
    if (!ops->read || !ops->write)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "device %s: ops.read and ops.write are needed", ops->model);
    if (ops->access_sizes & ~15u)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "device %s: access_sizes 0x%x, bits of 0xf expected",
                            ops->model, ops->access_sizes);
    if (!config->size || config->size % 4 || config->base % 4)
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "device %s: base and size must be multiples of 4",
                            ops->model);
    if (config->pas_mask & ~((1u << PAS_COUNT) - 1))
        return machine_fail(machine, ARMSIM_ERROR_ARGUMENT, "device %s: pas_mask 0x%x", ops->model, config->pas_mask);
    if (config->spi != ARMSIM_NO_IRQ && !machine_spi(machine, config->spi))
        return machine_fail(machine, ARMSIM_ERROR_UNSUPPORTED, "device %s: the machine has no SPI %u", ops->model,
                            config->spi);
    return 0;
}

int user_device_add(struct armsim_machine *machine, const struct armsim_device_config *config,
                    struct armsim_device **device)
{
    int result = check(machine, config);
    if (result < 0)
        return result;
    struct armsim_device *user = calloc(1, sizeof(*user));
    if (!user)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    const struct armsim_device_ops *ops = &config->ops;
    user->machine = machine;
    user->config = *config;
    memset(&user->config.ops, 0, sizeof(user->config.ops));
    memcpy(&user->config.ops, ops, ops->size < sizeof(*ops) ? ops->size : sizeof(*ops));
    memcpy(user->model, ops->model, strlen(ops->model));
    if (ops->compatible)
        memcpy(user->compatible, ops->compatible, strlen(ops->compatible));
    user->config.ops.model = user->model;
    user->config.ops.compatible = user->compatible;
    user->ops = (struct device_ops){
        .model = user->model,
        .bus = {.read = user_read, .write = user_write, .sizes = (uint8_t)ops->access_sizes},
        .state_version = 1,
        .reset = user_reset,
        .destroy = user_destroy,
        .hash_extra = user_hash,
        .save_extra = user_save,
        .load_extra = user_load,
        .describe = user_describe,
    };
    user->event = (struct clock_event){
        .name = user->model, .fire = user_event, .opaque = user, .priority = CLOCK_PRIORITY_DEVICE};
    if (clock_register(machine->clock, &user->event) < 0) {
        free(user);
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    }
    bool wired = config->spi != ARMSIM_NO_IRQ;
    device_init(&user->device, &user->ops, &machine->device_env, config->base, config->size,
                config->pas_mask ? config->pas_mask : PAS_MASK_BOTH, wired ? machine_spi(machine, config->spi) : NULL,
                wired ? config->spi : 0);
    void (*destroy)(void *) = user->config.ops.destroy;
    user->config.ops.destroy = NULL; /* a device that isn't added stays the caller's */
    result = machine_add_device(machine, &user->device);
    if (result < 0)
        return result;
    user->config.ops.destroy = destroy;
    if (device)
        *device = user;
    return 0;
}

static bool is_user_device(const struct device *device)
{
    return device->ops->destroy == user_destroy;
}

bool user_device_can_be_saved(const struct device *device)
{
    const struct armsim_device *user = (const struct armsim_device *)device;
    return !is_user_device(device) || !user->config.ops.state || user->config.ops.load;
}

int user_device_copy(struct armsim_machine *machine, struct device *device)
{
    const struct armsim_device *user = (const struct armsim_device *)device;
    if (!is_user_device(device))
        return 0;
    struct armsim_device_config config = user->config;
    config.ops.size = sizeof(config.ops);
    if (config.ops.fork)
        config.opaque = config.ops.fork(config.opaque);
    else
        config.ops.destroy = NULL;
    if (config.ops.fork && !config.opaque)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "device %s: out of memory", config.ops.model);
    int result = user_device_add(machine, &config, NULL);
    if (result < 0 && config.ops.destroy)
        config.ops.destroy(config.opaque);
    return result;
}

void user_device_reset(struct armsim_device *device)
{
    device_reset(&device->device);
}

void armsim_device_set_irq(struct armsim_device *device, bool level)
{
    if (device)
        irq_set(device->device.irq, level);
}

int armsim_device_set_pin(struct armsim_device *device, uint32_t pe, enum armsim_pin pin, bool level)
{
    if (!device || pe >= device->machine->pe_count || (unsigned)pin > ARMSIM_PIN_VFIQ)
        return ARMSIM_ERROR_ARGUMENT;
    if (device->machine->gic && pin != ARMSIM_PIN_SERROR)
        return machine_fail(device->machine, ARMSIM_ERROR_UNSUPPORTED, "the interrupt controller drives this pin");
    machine_drive_pin(device->machine, pe, pin, level);
    return 0;
}

uint64_t armsim_device_time(const struct armsim_device *device)
{
    return device ? clock_now(device->device.env->clock) : 0;
}

int armsim_device_schedule(struct armsim_device *device, uint64_t time_ns)
{
    if (!device || time_ns == CLOCK_NEVER)
        return ARMSIM_ERROR_ARGUMENT;
    clock_schedule(device->device.env->clock, &device->event, time_ns);
    return 0;
}

int armsim_device_cancel(struct armsim_device *device)
{
    if (!device)
        return ARMSIM_ERROR_ARGUMENT;
    clock_cancel(device->device.env->clock, &device->event);
    return 0;
}

static struct bus_attrs dma(enum armsim_pas pas)
{
    return (struct bus_attrs){.pas = (enum pas)pas, .requester = BUS_REQUESTER_DMA};
}

/* ARMSIM_ERROR_FAULT: the range goes beyond the last address. */
static int check_dma(const struct armsim_device *device, enum armsim_pas pas, uint64_t address, const void *data,
                     size_t size)
{
    if (!device || (unsigned)pas >= PAS_COUNT || (size && !data))
        return ARMSIM_ERROR_ARGUMENT;
    return size && address + size - 1 < address ? ARMSIM_ERROR_FAULT : 0;
}

int armsim_device_read_memory(struct armsim_device *device, enum armsim_pas pas, uint64_t address, void *data,
                              size_t size)
{
    int error = check_dma(device, pas, address, data, size);
    if (error == 0 && bus_read_block(device->device.env->bus, address, data, size, dma(pas)) != BUS_OK)
        error = ARMSIM_ERROR_FAULT;
    return error;
}

int armsim_device_write_memory(struct armsim_device *device, enum armsim_pas pas, uint64_t address, const void *data,
                               size_t size)
{
    int error = check_dma(device, pas, address, data, size);
    if (error == 0 && bus_write_block(device->device.env->bus, address, data, size, dma(pas)) != BUS_OK)
        error = ARMSIM_ERROR_FAULT;
    return error;
}

void armsim_device_log(struct armsim_device *device, enum armsim_log_class log_class, const char *message)
{
    if (device && message)
        log_message(device->device.env->log, (enum log_class)log_class, "%s: %s", device->device.name, message);
}
