/*
 * Arm PrimeCell Real Time Clock (PL031). Specification: Arm DDI 0224C.
 *
 *   0x000 DR    the counter, seconds            0x014 RIS   raw interrupt
 *   0x004 MR    match                           0x018 MIS   masked interrupt
 *   0x008 LR    load                            0x01c ICR   interrupt clear
 *   0x00c CR    enable (bit 0)                  0xfe0 PeriphID0-3
 *   0x010 IMSC  interrupt mask (bit 0)          0xff0 PCellID0-3
 *
 * Interrupt: one line, RTCINTR, when the counter reaches MR.
 *
 * The counter is `offset` + whole seconds of virtual time, so its edges are those of virtual time; it starts at the
 * epoch given and keeps counting over a reset, as with a battery (nRTCRST apart from PRESETn).
 *
 * Deviation: CR.0 reads as one from the start and can't be cleared: firmware is taken to have enabled the clock.
 */
#include "devices/pl031.h"

#include "devices/fdt_writer.h"

#include <stdlib.h>

enum { WINDOW_SIZE = 0x1000, PERIPH_ID = 0x00141031 /* r1 */ };
enum { DR = 0x00, MR = 0x04, LR = 0x08, CR = 0x0c, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c, ID_FIRST = 0xfe0 };

#define NS_PER_SECOND 1000000000ull

struct pl031 {
    struct device device;
    struct clock_event match_event;
    uint32_t offset; /* counter at virtual time 0 */
    uint32_t match, load;
    uint8_t imsc, ris;
};

static const struct state_field fields[] = {
    STATE_KEPT(struct pl031, offset),
    STATE_FIELD(struct pl031, match, 0),
    STATE_FIELD(struct pl031, load, 0),
    STATE_FIELD(struct pl031, imsc, 0),
    STATE_FIELD(struct pl031, ris, 0),
};

static uint64_t seconds(const struct pl031 *rtc)
{
    return clock_now(rtc->device.env->clock) / NS_PER_SECOND;
}

static uint32_t counter(const struct pl031 *rtc)
{
    return rtc->offset + (uint32_t)seconds(rtc);
}

static void update_irq(struct pl031 *rtc)
{
    irq_set(rtc->device.irq, rtc->ris & rtc->imsc);
}

/* Finds the next time at which counter and match are equal; at once if they are now. */
static void schedule_match(struct pl031 *rtc)
{
    uint32_t distance = rtc->match - counter(rtc);
    if (!distance) {
        rtc->ris = 1;
        update_irq(rtc);
        distance = UINT32_MAX; /* after a wrap of the counter: looked at again one second before */
    }
    clock_schedule(rtc->device.env->clock, &rtc->match_event, (seconds(rtc) + distance) * NS_PER_SECOND);
}

static void on_match(void *opaque, uint64_t now)
{
    struct pl031 *rtc = opaque;
    uint32_t distance = rtc->match - (rtc->offset + (uint32_t)(now / NS_PER_SECOND));
    if (!distance) {
        rtc->ris = 1;
        update_irq(rtc);
        distance = UINT32_MAX;
    }
    clock_schedule(rtc->device.env->clock, &rtc->match_event, (now / NS_PER_SECOND + distance) * NS_PER_SECOND);
}

static enum bus_result pl031_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                  uint64_t *value)
{
    struct pl031 *rtc = opaque;
    uint64_t reg = offset & ~(uint64_t)3;
    uint32_t word = 0;
    switch (reg) {
    case DR:
        word = counter(rtc);
        break;
    case MR:
        word = rtc->match;
        break;
    case LR:
        word = rtc->load;
        break;
    case CR:
        word = 1;
        break;
    case IMSC:
        word = rtc->imsc;
        break;
    case RIS:
        word = rtc->ris;
        break;
    case MIS:
        word = rtc->ris & rtc->imsc;
        break;
    default:
        if (reg >= ID_FIRST)
            word = device_primecell_id(PERIPH_ID, reg);
        else if (!attrs.debug)
            device_bad_offset(&rtc->device, "read", offset, size);
        break;
    }
    *value = device_lanes(word, offset, size);
    return BUS_OK;
}

static enum bus_result pl031_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                   uint64_t value)
{
    struct pl031 *rtc = opaque;
    if (attrs.debug)
        return BUS_DEVICE_ERROR;
    switch (offset) {
    case MR:
        rtc->match = (uint32_t)value;
        schedule_match(rtc);
        break;
    case LR:
        rtc->load = (uint32_t)value;
        rtc->offset = rtc->load - (uint32_t)seconds(rtc);
        schedule_match(rtc);
        break;
    case CR:
        if (!(value & 1))
            log_message(rtc->device.env->log, LOG_GUEST_ERROR, "%s: CR.0 can't be cleared once the RTC runs",
                        rtc->device.name);
        break;
    case IMSC:
        rtc->imsc = value & 1;
        update_irq(rtc);
        break;
    case ICR:
        rtc->ris &= ~(value & 1);
        update_irq(rtc);
        break;
    default:
        device_bad_offset(&rtc->device, "write", offset, size);
        break;
    }
    return BUS_OK;
}

static void pl031_reset(struct device *device)
{
    struct pl031 *rtc = (struct pl031 *)device;
    /* A match register that nobody wrote matches nothing. */
    clock_cancel(device->env->clock, &rtc->match_event);
    update_irq(rtc);
}

static void pl031_destroy(struct device *device)
{
    struct pl031 *rtc = (struct pl031 *)device;
    clock_unregister(device->env->clock, &rtc->match_event);
    free(rtc);
}

static int pl031_describe(struct device *device, struct fdt_writer *writer)
{
    fdtw_begin_at(writer, "pl031", device->base);
    fdtw_primecell(writer, "arm,pl031", "apb_pclk", sizeof("apb_pclk"));
    fdtw_device(writer, device);
    fdtw_end(writer);
    return fdtw_error(writer);
}

static const struct device_ops pl031_ops = {
    .model = "pl031",
    .bus = {.read = pl031_read, .write = pl031_write},
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(*fields),
    .state_version = 1,
    .reset = pl031_reset,
    .destroy = pl031_destroy,
    .describe = pl031_describe,
};

struct device *pl031_create(const struct device_env *env, uint64_t base, unsigned pas_mask, struct irq_line *irq,
                            unsigned spi, uint32_t epoch)
{
    struct pl031 *rtc = calloc(1, sizeof(*rtc));
    if (!rtc)
        return NULL;
    device_init(&rtc->device, &pl031_ops, env, base, WINDOW_SIZE, pas_mask, irq, spi);
    rtc->offset = epoch;
    rtc->match_event = (struct clock_event){
        .name = "pl031 match", .fire = on_match, .opaque = rtc, .priority = CLOCK_PRIORITY_DEVICE};
    if (clock_register(env->clock, &rtc->match_event)) {
        free(rtc);
        return NULL;
    }
    device_reset(&rtc->device);
    return &rtc->device;
}
