/*
 * Arm PL031 (DDI 0224): DR 0x00, MR 0x04, LR 0x08, CR 0x0c, IMSC 0x10, RIS 0x14, MIS 0x18, ICR 0x1c, identification from
 * 0xfe0. Always on. A match register that was never written matches nothing.
 */
#include "../lib/board.h"
#include "simulated.h"

enum { DR = 0x00, MR = 0x04, LR = 0x08, CR = 0x0c, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c, ID = 0xfe0 };

static u64 frequency(void)
{
    return READ(cntfrq_el0);
}

static struct simulated_rtc *rtc_of(const struct mmio_device *device)
{
    return device->state;
}

static u32 seconds(const struct simulated_rtc *rtc)
{
    ISB();
    return rtc->loaded + (u32)((READ(cntpct_el0) - rtc->start) / frequency());
}

static void update(const struct mmio_device *device)
{
    struct simulated_rtc *rtc = rtc_of(device);
    u32 now = seconds(rtc);
    if (rtc->matching && now == rtc->match) {
        rtc->raw = 1;
        rtc->matching = false;
    }
    if (rtc->matching) /* the counter's edge on which it will be equal; it wraps */
        tick_at(rtc->start + ((u64)(u32)(rtc->match - rtc->loaded)) * frequency());
    drive_interrupt(device, rtc->raw & rtc->mask);
}

void simulated_rtc_start(const struct mmio_device *device)
{
    *rtc_of(device) = (struct simulated_rtc){.start = READ(cntpct_el0), .loaded = REG32(BOARD_RTC, DR)};
}

void simulated_rtc_tick(const struct mmio_device *device, u64 now)
{
    (void)now;
    update(device);
}

bool simulated_rtc_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value)
{
    const struct simulated_rtc *rtc = rtc_of(device);
    u32 word = 0;
    switch (offset & ~3ul) {
    case DR:
        word = seconds(rtc);
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
        word = rtc->mask;
        break;
    case RIS:
        word = rtc->raw;
        break;
    case MIS:
        word = rtc->raw & rtc->mask;
        break;
    default:
        word = offset >= ID ? primecell_id(0x00141031, offset) : 0;
    }
    return lanes_read(offset, bytes, word, value);
}

bool simulated_rtc_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value)
{
    struct simulated_rtc *rtc = rtc_of(device);
    if (!is_word_access(offset, bytes))
        return false;
    switch (offset) {
    case MR:
        rtc->match = (u32)value;
        rtc->matching = true;
        break;
    case LR:
        rtc->load = rtc->loaded = (u32)value;
        rtc->start = READ(cntpct_el0);
        break;
    case IMSC:
        rtc->mask = value & 1;
        break;
    case ICR:
        rtc->raw &= ~(u32)value;
        break;
    default:
        break;
    }
    update(device);
    return true;
}

bool simulated_rtc_describe(const struct mmio_device *device, struct dt_edit *tree)
{
    return replace_node(device, tree, "/pl031", "rtc@b001000");
}
