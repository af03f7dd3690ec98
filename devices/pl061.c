/*
 * Arm PrimeCell General Purpose Input/Output (PL061). Specification: Arm DDI 0190B.
 *
 *   0x000-0x3fc DATA   address bits [9:2] mask the lines read and written
 *   0x400 DIR    1: output                      0x414 RIS   raw interrupts
 *   0x404 IS     1: level, 0: edge sensitive    0x418 MIS   masked interrupts
 *   0x408 IBE    1: both edges                  0x41c IC    interrupt clear (edges)
 *   0x40c IEV    1: rising edge or high level   0x420 AFSEL mode control
 *   0x410 IE     interrupt mask                 0xfe0 PeriphID0-3, 0xff0 PCellID0-3
 *
 * Interrupt: one line, GPIOINTR. All registers are 8 bits wide and reset to zero.
 *
 * Deviations: lines switched to hardware control (AFSEL) are driven by nothing and read their pull-ups (logged). Only
 * lines configured as inputs raise interrupts.
 */
#include "devices/pl061.h"

#include "devices/fdt_writer.h"

#include <stdlib.h>

enum { WINDOW_SIZE = 0x1000, PERIPH_ID = 0x00041061, PRESS_NS = 100000000, KEY_POWER = 116 };
enum { DATA_END = 0x400, DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418,
       IC = 0x41c, AFSEL = 0x420, ID_FIRST = 0xfe0 };

struct pl061 {
    struct device device;
    struct pl061_options options;
    struct clock_event release; /* of pressed keys */
    struct clock_event outputs; /* of power_control: the machine stops where the guest's flow alone decides */
    uint8_t data;               /* output latches */
    uint8_t direction, sense, both_edges, event, enable, edges, alternate;
    uint8_t inputs;  /* levels from outside */
    uint8_t pressed; /* keys that `release` lets go */
    uint8_t levels;  /* of the pins, as last seen by edge detection */
};

static const struct state_field fields[] = {
    STATE_FIELD(struct pl061, data, 0),       STATE_FIELD(struct pl061, direction, 0),
    STATE_FIELD(struct pl061, sense, 0),      STATE_FIELD(struct pl061, both_edges, 0),
    STATE_FIELD(struct pl061, event, 0),      STATE_FIELD(struct pl061, enable, 0),
    STATE_FIELD(struct pl061, edges, 0),      STATE_FIELD(struct pl061, alternate, 0),
    STATE_KEPT(struct pl061, inputs),         STATE_KEPT(struct pl061, pressed),
    STATE_KEPT(struct pl061, levels),
};

/* Levels of all pins: outputs are what we drive, inputs what the outside drives. */
static uint8_t pins(const struct pl061 *gpio)
{
    uint8_t inputs = (gpio->inputs & ~gpio->alternate) | (gpio->options.pull_ups & gpio->alternate);
    uint8_t driven = gpio->direction & ~gpio->alternate;
    return (gpio->data & driven) | (inputs & ~driven);
}

static uint8_t raw_interrupts(const struct pl061 *gpio)
{
    uint8_t active = gpio->sense & ~gpio->direction & ~(pins(gpio) ^ gpio->event);
    return active | (gpio->edges & ~gpio->sense);
}

/* After anything that can move a pin or a rule: detects edges, drives the line and tells of outputs. */
static void update(struct pl061 *gpio)
{
    uint8_t now = pins(gpio), changed = now ^ gpio->levels;
    uint8_t wanted = gpio->both_edges | ~(now ^ gpio->event); /* the new level is the edge's direction */
    gpio->edges |= changed & ~gpio->direction & ~gpio->sense & wanted;
    gpio->levels = now;
    irq_set(gpio->device.irq, raw_interrupts(gpio) & gpio->enable);
}

static void drive_outputs(struct pl061 *gpio)
{
    if (!gpio->options.output)
        return;
    if (gpio->options.power_control)
        clock_schedule(gpio->device.env->clock, &gpio->outputs, clock_now(gpio->device.env->clock) + 1);
    else
        gpio->options.output(gpio->options.opaque, gpio->data & gpio->direction, gpio->direction);
}

static void on_outputs(void *opaque, uint64_t now)
{
    struct pl061 *gpio = opaque;
    gpio->options.output(gpio->options.opaque, gpio->data & gpio->direction, gpio->direction);
}

void pl061_set_input(struct device *device, unsigned line, bool level)
{
    struct pl061 *gpio = (struct pl061 *)device;
    if (line >= PL061_LINES)
        return;
    uint8_t bit = (uint8_t)(1u << line);
    gpio->inputs = level ? gpio->inputs | bit : gpio->inputs & ~bit;
    gpio->pressed &= ~bit; /* who drives the line now owns it */
    update(gpio);
}

void pl061_press(struct device *device, unsigned line)
{
    struct pl061 *gpio = (struct pl061 *)device;
    if (line >= PL061_LINES)
        return;
    pl061_set_input(device, line, true);
    gpio->pressed |= 1u << line;
    clock_schedule(device->env->clock, &gpio->release, clock_now(device->env->clock) + PRESS_NS);
}

static void on_release(void *opaque, uint64_t now)
{
    struct pl061 *gpio = opaque;
    gpio->inputs &= ~gpio->pressed;
    gpio->pressed = 0;
    update(gpio);
}

static uint8_t *plain_register(struct pl061 *gpio, uint64_t offset)
{
    switch (offset) {
    case DIR:
        return &gpio->direction;
    case IS:
        return &gpio->sense;
    case IBE:
        return &gpio->both_edges;
    case IEV:
        return &gpio->event;
    case IE:
        return &gpio->enable;
    case AFSEL:
        return &gpio->alternate;
    default:
        return NULL;
    }
}

static enum bus_result pl061_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                  uint64_t *value)
{
    struct pl061 *gpio = opaque;
    uint64_t reg = offset & ~(uint64_t)3;
    uint32_t word = 0;
    const uint8_t *plain = plain_register(gpio, reg);
    if (reg < DATA_END)
        word = pins(gpio) & (reg >> 2);
    else if (plain)
        word = *plain;
    else if (reg == RIS)
        word = raw_interrupts(gpio);
    else if (reg == MIS)
        word = raw_interrupts(gpio) & gpio->enable;
    else if (reg >= ID_FIRST)
        word = device_primecell_id(PERIPH_ID, reg);
    else if (!attrs.debug)
        device_bad_offset(&gpio->device, "read", offset, size);
    *value = device_lanes(word, offset, size);
    return BUS_OK;
}

static enum bus_result pl061_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                   uint64_t value)
{
    struct pl061 *gpio = opaque;
    if (attrs.debug)
        return BUS_DEVICE_ERROR;
    uint8_t *plain = plain_register(gpio, offset);
    if (offset < DATA_END && !(offset & 3)) {
        uint8_t mask = (uint8_t)(offset >> 2) & gpio->direction; /* only output lines are written */
        gpio->data = (gpio->data & ~mask) | ((uint8_t)value & mask);
    } else if (plain) {
        if (offset == AFSEL && (value & 0xff))
            log_message(gpio->device.env->log, LOG_UNIMPLEMENTED, "%s: AFSEL: no hardware drives the lines",
                        gpio->device.name);
        *plain = (uint8_t)value;
    } else if (offset == IC) {
        gpio->edges &= ~(uint8_t)value;
    } else {
        device_bad_offset(&gpio->device, "write", offset, size);
        return BUS_OK;
    }
    update(gpio);
    if (offset <= DIR)
        drive_outputs(gpio);
    return BUS_OK;
}

static void pl061_reset(struct device *device)
{
    struct pl061 *gpio = (struct pl061 *)device;
    gpio->levels = pins(gpio); /* becoming an input is not an edge */
    update(gpio);
    drive_outputs(gpio);
}

static void pl061_destroy(struct device *device)
{
    struct pl061 *gpio = (struct pl061 *)device;
    clock_unregister(device->env->clock, &gpio->release);
    clock_unregister(device->env->clock, &gpio->outputs);
    free(gpio);
}

static void describe_line(const struct pl061 *gpio, struct fdt_writer *writer, const char *name, uint32_t phandle,
                          uint32_t line)
{
    uint32_t cells[3] = {phandle, line, 0};
    fdtw_begin(writer, name);
    fdtw_string(writer, "compatible", name);
    fdtw_cells(writer, "gpios", cells, 3);
    if (!(gpio->device.pas_mask & PAS_BIT(PAS_NON_SECURE))) {
        fdtw_string(writer, "status", "disabled");
        fdtw_string(writer, "secure-status", "okay");
    }
    fdtw_end(writer);
}

static int pl061_describe(struct device *device, struct fdt_writer *writer)
{
    struct pl061 *gpio = (struct pl061 *)device;
    uint32_t phandle = fdtw_new_phandle(writer);
    fdtw_begin_at(writer, "pl061", device->base);
    fdtw_primecell(writer, "arm,pl061", "apb_pclk", sizeof("apb_pclk"));
    fdtw_device(writer, device);
    fdtw_empty(writer, "gpio-controller");
    fdtw_u32(writer, "#gpio-cells", 2);
    if (device->irq) {
        fdtw_empty(writer, "interrupt-controller");
        fdtw_u32(writer, "#interrupt-cells", 2);
    }
    fdtw_u32(writer, "phandle", phandle);
    fdtw_end(writer);
    if (gpio->options.power_control) {
        describe_line(gpio, writer, "gpio-poweroff", phandle, PL061_POWER_OFF_LINE);
        describe_line(gpio, writer, "gpio-restart", phandle, PL061_RESTART_LINE);
    }
    if (gpio->options.power_key) {
        uint32_t key[3] = {phandle, PL061_POWER_KEY_LINE, 0};
        fdtw_begin(writer, "gpio-keys");
        fdtw_string(writer, "compatible", "gpio-keys");
        fdtw_begin(writer, "poweroff");
        fdtw_cells(writer, "gpios", key, 3);
        fdtw_u32(writer, "linux,code", KEY_POWER);
        fdtw_string(writer, "label", "GPIO Key Poweroff");
        fdtw_end(writer);
        fdtw_end(writer);
    }
    return fdtw_error(writer);
}

static const struct device_ops pl061_ops = {
    .model = "pl061",
    .bus = {.read = pl061_read, .write = pl061_write},
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(*fields),
    .state_version = 1,
    .reset = pl061_reset,
    .destroy = pl061_destroy,
    .describe = pl061_describe,
};

struct device *pl061_create(const struct device_env *env, uint64_t base, unsigned pas_mask, struct irq_line *irq,
                            unsigned spi, const struct pl061_options *options)
{
    struct pl061 *gpio = calloc(1, sizeof(*gpio));
    if (!gpio)
        return NULL;
    device_init(&gpio->device, &pl061_ops, env, base, WINDOW_SIZE, pas_mask, irq, spi);
    gpio->options = *options;
    gpio->options.output = NULL; /* not called before the caller has the device */
    gpio->inputs = options->pull_ups;
    gpio->release = (struct clock_event){
        .name = "pl061 key release", .fire = on_release, .opaque = gpio, .priority = CLOCK_PRIORITY_DEVICE};
    gpio->outputs = (struct clock_event){
        .name = "pl061 outputs", .fire = on_outputs, .opaque = gpio, .priority = CLOCK_PRIORITY_DEVICE};
    if (clock_register(env->clock, &gpio->release) || clock_register(env->clock, &gpio->outputs)) {
        clock_unregister(env->clock, &gpio->release);
        free(gpio);
        return NULL;
    }
    device_reset(&gpio->device);
    gpio->options.output = options->output;
    return &gpio->device;
}
