/*
 * A board and a device of one's own: "bare" has nothing but PEs; this program gives it RAM at 2 GiB and a multiplier at
 * 0x10000000 that needs 500 ns of virtual time for a product and then pulls the PE's IRQ pin. The guest waits with WFI.
 */
#include <armsim/device.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RAM = 0x80000000, MULTIPLIER = 0x10000000, LATENCY_NS = 500 };
enum { FACTORS = 0x0, PRODUCT = 0x8, STATUS = 0x10 };

struct multiplier {
    uint32_t factors[2];
    uint64_t product;
    bool ready;
};

static void set_ready(struct multiplier *multiplier, struct armsim_device *device, bool ready)
{
    multiplier->ready = ready;
    armsim_device_set_pin(device, 0, ARMSIM_PIN_IRQ, ready);
}

static int multiplier_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                           const struct armsim_requester *requester, uint64_t *value)
{
    struct multiplier *multiplier = opaque;
    if (bytes != 8)
        return -1; /* an external abort */
    *value = offset == PRODUCT ? multiplier->product : offset == STATUS ? multiplier->ready : 0;
    if (offset == PRODUCT && !requester->debug)
        set_ready(multiplier, device, false);
    return 0;
}

static int multiplier_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                            const struct armsim_requester *requester, uint64_t value)
{
    struct multiplier *multiplier = opaque;
    if (bytes != 8 || offset != FACTORS)
        return -1;
    multiplier->factors[0] = (uint32_t)value;
    multiplier->factors[1] = (uint32_t)(value >> 32);
    return armsim_device_schedule(device, armsim_device_time(device) + LATENCY_NS);
}

static void multiplier_event(void *opaque, struct armsim_device *device, uint64_t time_ns)
{
    struct multiplier *multiplier = opaque;
    multiplier->product = (uint64_t)multiplier->factors[0] * multiplier->factors[1];
    set_ready(multiplier, device, true);
}

static void multiplier_reset(void *opaque, struct armsim_device *device)
{
    *(struct multiplier *)opaque = (struct multiplier){0};
}

/* Everything that the guest could ever see, for the state hash. */
static size_t multiplier_state(void *opaque, struct armsim_device *device, void *data, size_t max)
{
    const struct multiplier *multiplier = opaque;
    uint64_t state[] = {multiplier->factors[0], multiplier->factors[1], multiplier->product, multiplier->ready};
    if (max >= sizeof(state))
        memcpy(data, state, sizeof(state));
    return sizeof(state);
}

static const uint32_t program[] = {
    0xd2a20001, /* mov  x1, #0x10000000 */
    0xd28000c0, /* mov  x0, #6 */
    0xf2c000e0, /* movk x0, #7, lsl #32 */
    0xf9000020, /* str  x0, [x1] */
    0xd503207f, /* wfi: interrupts are masked, it ends all the same */
    0xf9400822, /* ldr  x2, [x1, #16] */
    0xf9400423, /* ldr  x3, [x1, #8] */
    0xf9400824, /* ldr  x4, [x1, #16] */
    0xd503207f, /* wfi: for ever */
};

int main(void)
{
    struct multiplier multiplier = {0};
    struct armsim_device_config config = {
        .ops = {.size = sizeof(config.ops), .model = "multiplier", .access_sizes = 8, .read = multiplier_read,
                .write = multiplier_write, .reset = multiplier_reset, .event = multiplier_event,
                .state = multiplier_state},
        .opaque = &multiplier, .base = MULTIPLIER, .size = 0x1000, .spi = ARMSIM_NO_IRQ};
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.board = "bare";
    options.reset_address = RAM;
    struct armsim_machine *machine;
    struct armsim_space physical = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    struct armsim_stop stop = {.size = sizeof(stop)};
    int error = armsim_create(&options, &machine);
    if (error == 0)
        error = armsim_map_ram(machine, RAM, ARMSIM_MIB, 1 << ARMSIM_PAS_NON_SECURE | 1 << ARMSIM_PAS_SECURE);
    if (error == 0)
        error = armsim_add_device(machine, &config, NULL);
    if (error == 0)
        error = armsim_write_memory(machine, &physical, RAM, program, sizeof(program), NULL);
    if (error == 0)
        error = armsim_run(machine, 1000, &stop);
    if (error < 0) {
        fprintf(stderr, "own_board: %s\n", armsim_last_error(machine));
        armsim_destroy(machine);
        return 1;
    }
    uint64_t x[5];
    for (uint32_t i = 0; i < 5; i++)
        armsim_peek(machine, 0, i, &x[i]);
    printf("%s after %" PRIu64 " instructions and %" PRIu64 " ns\n", armsim_stop_name(stop.reason), stop.instructions,
           stop.time_ns);
    printf("status %" PRIu64 ", product %" PRIu64 ", status %" PRIu64 "\n", x[2], x[3], x[4]);
    armsim_destroy(machine);
    return !(x[2] == 1 && x[3] == 42 && x[4] == 0);
}
