/*
 * Arm PrimeCell UART (PL011), revision r1p5. Specification: Arm DDI 0183G.
 *
 *   0x000 DR      data and error bits          0x03c RIS    raw interrupts
 *   0x004 RSR/ECR receive status, error clear  0x040 MIS    masked interrupts
 *   0x018 FR      flags                        0x044 ICR    interrupt clear
 *   0x020 ILPR    IrDA counter                 0x048 DMACR  DMA control
 *   0x024 IBRD    baud rate, integer           0xfe0 PeriphID0-3
 *   0x028 FBRD    baud rate, fraction          0xff0 PCellID0-3
 *   0x02c LCR_H   line control
 *   0x030 CR      control
 *   0x034 IFLS    FIFO trigger levels
 *   0x038 IMSC    interrupt mask
 *
 * Interrupts: one line, UARTINTR (the OR of all masked interrupts).
 *
 * Deviations:
 * - A character takes no virtual time on the line: what is written leaves the transmit FIFO at once, so BUSY is never
 *   seen set, and the FIFO fills only while the transmitter is disabled. The receive timeout does take its 32 bit
 *   periods at the programmed baud rate.
 * - The modem inputs are wired as to a ready partner: nCTS, nDCD and nDSR asserted, nRI deasserted. In loopback they
 *   follow the modem outputs as the TRM says.
 * - DMACR is stored; no DMA controller is connected. The IrDA encoder (CR.SIREN) is not modelled (logged).
 * - The integration test registers (0x080 to 0x08c) do not exist.
 * - The reset state is optionally that which boot firmware leaves (pl011_options.initialised).
 */
#include "devices/pl011.h"

#include "devices/fdt_writer.h"

#include <stdlib.h>

enum { FIFO_DEPTH = 32, WINDOW_SIZE = 0x1000, UART_CLOCK_HZ = 24000000, PERIPH_ID = 0x00341011 };
enum { FIFO_DEPTH_R1P4 = 16, PERIPH_ID_R1P4 = 0x00241011 };

enum {
    DR = 0x000,
    RSR = 0x004,
    FR = 0x018,
    ILPR = 0x020,
    IBRD = 0x024,
    FBRD = 0x028,
    LCR_H = 0x02c,
    CR = 0x030,
    IFLS = 0x034,
    IMSC = 0x038,
    RIS = 0x03c,
    MIS = 0x040,
    ICR = 0x044,
    DMACR = 0x048,
    ID_FIRST = 0xfe0,
};

enum { DR_FE = 1 << 8, DR_PE = 1 << 9, DR_BE = 1 << 10, DR_OE = 1 << 11, DR_ERRORS = 0xf00 };
enum { FR_CTS = 1, FR_DSR = 2, FR_DCD = 4, FR_BUSY = 8, FR_RXFE = 0x10, FR_TXFF = 0x20, FR_RXFF = 0x40, FR_TXFE = 0x80,
       FR_RI = 0x100 };
enum { LCR_BRK = 1 << 0, LCR_FEN = 1 << 4, LCR_WLEN_SHIFT = 5 };
enum { CR_UARTEN = 1 << 0, CR_SIREN = 1 << 1, CR_LBE = 1 << 7, CR_TXE = 1 << 8, CR_RXE = 1 << 9, CR_DTR = 1 << 10,
       CR_RTS = 1 << 11, CR_OUT1 = 1 << 12, CR_OUT2 = 1 << 13, CR_CTSEN = 1 << 15 };
enum { INT_RI = 1 << 0, INT_CTS = 1 << 1, INT_DCD = 1 << 2, INT_DSR = 1 << 3, INT_RX = 1 << 4, INT_TX = 1 << 5,
       INT_RT = 1 << 6, INT_FE = 1 << 7, INT_PE = 1 << 8, INT_BE = 1 << 9, INT_OE = 1 << 10, INT_ALL = 0x7ff };

enum { IMPLEMENTED_CR = 0xff87, RESET_CR = CR_TXE | CR_RXE, RESET_IFLS = 0x12 };

struct fifo {
    uint16_t data[FIFO_DEPTH];
    uint8_t head, count;
};

struct pl011 {
    struct device device;
    struct char_backend backend;
    bool initialised;
    unsigned fifo_depth;
    uint32_t periph_id;
    struct clock_event receive_timeout;

    struct fifo rx, tx;
    uint8_t rsr;
    uint8_t ilpr, fbrd, lcr_h, ifls, dmacr;
    uint16_t ibrd, cr, imsc, ris;
    bool overrun; /* the next character that finds room carries DR.OE */
};

static const struct state_field fields[] = {
    STATE_ARRAY(struct pl011, rx.data, 0),
    STATE_FIELD_MAX(struct pl011, rx.head, 0, FIFO_DEPTH - 1),
    STATE_FIELD_MAX(struct pl011, rx.count, 0, FIFO_DEPTH),
    STATE_ARRAY(struct pl011, tx.data, 0),
    STATE_FIELD_MAX(struct pl011, tx.head, 0, FIFO_DEPTH - 1),
    STATE_FIELD_MAX(struct pl011, tx.count, 0, FIFO_DEPTH),
    STATE_FIELD(struct pl011, rsr, 0),
    STATE_FIELD(struct pl011, ilpr, 0),
    STATE_FIELD(struct pl011, ibrd, 0),
    STATE_FIELD(struct pl011, fbrd, 0),
    STATE_FIELD(struct pl011, lcr_h, 0),
    STATE_FIELD(struct pl011, cr, RESET_CR),
    STATE_FIELD(struct pl011, ifls, RESET_IFLS),
    STATE_FIELD(struct pl011, imsc, 0),
    STATE_FIELD(struct pl011, ris, 0),
    STATE_FIELD(struct pl011, dmacr, 0),
    STATE_FIELD(struct pl011, overrun, 0),
};

static void fifo_push(struct fifo *fifo, uint16_t value)
{
    fifo->data[(fifo->head + fifo->count++) % FIFO_DEPTH] = value;
}

static uint16_t fifo_pop(struct fifo *fifo)
{
    uint16_t value = fifo->data[fifo->head];
    fifo->head = (fifo->head + 1) % FIFO_DEPTH;
    fifo->count--;
    return value;
}

static unsigned depth(const struct pl011 *uart)
{
    return uart->lcr_h & LCR_FEN ? uart->fifo_depth : 1;
}

/* Characters at which a FIFO's interrupt changes, from a 3-bit field of IFLS. */
static unsigned trigger_level(const struct pl011 *uart, unsigned shift)
{
    static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7}; /* 5 to 7 are reserved */
    return uart->fifo_depth * eighths[(uart->ifls >> shift) & 7] / 8;
}

static void update_irq(struct pl011 *uart)
{
    irq_set(uart->device.irq, uart->ris & uart->imsc);
}

static bool receiver_on(const struct pl011 *uart)
{
    return (uart->cr & (CR_UARTEN | CR_RXE)) == (CR_UARTEN | CR_RXE);
}

/* The modem status flags of FR: loopback feeds them from the outputs. */
static unsigned modem_flags(const struct pl011 *uart)
{
    if (!(uart->cr & CR_LBE))
        return FR_CTS | FR_DSR | FR_DCD;
    return (uart->cr & CR_RTS ? FR_CTS : 0) | (uart->cr & CR_DTR ? FR_DSR : 0) | (uart->cr & CR_OUT1 ? FR_DCD : 0) |
           (uart->cr & CR_OUT2 ? FR_RI : 0);
}

static bool transmitter_on(const struct pl011 *uart)
{
    bool enabled = (uart->cr & (CR_UARTEN | CR_TXE)) == (CR_UARTEN | CR_TXE);
    return enabled && (!(uart->cr & CR_CTSEN) || (modem_flags(uart) & FR_CTS));
}

/* 32 bit periods at the programmed rate; an unprogrammed divisor counts as the fastest. */
static uint64_t timeout_ns(const struct pl011 *uart)
{
    uint64_t divisor64 = (uint64_t)uart->ibrd * 64 + uart->fbrd; /* of UARTCLK / 16, in 64ths */
    if (divisor64 < 64)
        divisor64 = 64;
    return 32 * 16 * divisor64 * 1000000000 / 64 / UART_CLOCK_HZ;
}

static void restart_timeout(struct pl011 *uart)
{
    if (uart->rx.count && (uart->lcr_h & LCR_FEN))
        clock_schedule(uart->device.env->clock, &uart->receive_timeout,
                       clock_now(uart->device.env->clock) + timeout_ns(uart));
    else
        clock_cancel(uart->device.env->clock, &uart->receive_timeout);
}

static void on_receive_timeout(void *opaque, uint64_t now)
{
    struct pl011 *uart = opaque;
    uart->ris |= INT_RT;
    update_irq(uart);
}

/* One character (with error bits) reaches the receiver. */
static void receive_character(struct pl011 *uart, uint16_t character)
{
    if (uart->rx.count >= depth(uart)) {
        /* The FIFO stays as it is and the character in the shift register is lost. */
        uart->overrun = true;
        uart->rsr |= DR_OE >> 8;
        uart->ris |= INT_OE;
        update_irq(uart);
        return;
    }
    fifo_push(&uart->rx, character | (uart->overrun ? DR_OE : 0));
    uart->overrun = false;
    if (character & DR_FE)
        uart->ris |= INT_FE;
    if (character & DR_PE)
        uart->ris |= INT_PE;
    if (character & DR_BE)
        uart->ris |= INT_BE;
    if (!(uart->lcr_h & LCR_FEN) || uart->rx.count >= trigger_level(uart, 3))
        uart->ris |= INT_RX;
    restart_timeout(uart);
    update_irq(uart);
}

size_t pl011_can_receive(struct device *device)
{
    struct pl011 *uart = (struct pl011 *)device;
    size_t room = depth(uart) > uart->rx.count ? depth(uart) - uart->rx.count : 0;
    if (!receiver_on(uart) || (uart->cr & CR_LBE)) /* in loopback the receive pin is not connected */
        room = 0;
    return room;
}

static uint8_t word_mask(const struct pl011 *uart)
{
    return (uint8_t)(0xff >> (3 - ((uart->lcr_h >> LCR_WLEN_SHIFT) & 3)));
}

size_t pl011_receive(struct device *device, const uint8_t *bytes, size_t size)
{
    struct pl011 *uart = (struct pl011 *)device;
    size_t room = pl011_can_receive(device), taken = size < room ? size : room;
    for (size_t i = 0; i < taken; i++)
        receive_character(uart, bytes[i] & word_mask(uart));
    return taken;
}

bool pl011_receive_break(struct device *device)
{
    struct pl011 *uart = (struct pl011 *)device;
    if (!pl011_can_receive(device))
        return false;
    receive_character(uart, DR_BE | DR_FE);
    return true;
}

/* Input that was refused would now find room. The backend may give some before this returns. */
static void tell_room(struct pl011 *uart)
{
    if (uart->backend.ready && pl011_can_receive(&uart->device))
        uart->backend.ready(uart->backend.opaque);
}

/* Sends what the transmit FIFO holds, if the transmitter may. */
static void transmit(struct pl011 *uart)
{
    if (!uart->tx.count || !transmitter_on(uart))
        return;
    while (uart->tx.count) {
        uint8_t character = fifo_pop(&uart->tx) & word_mask(uart);
        if (uart->cr & CR_LBE) {
            if (receiver_on(uart))
                receive_character(uart, character);
        } else if (uart->backend.write) {
            uart->backend.write(uart->backend.opaque, &character, 1);
        }
    }
    uart->ris |= INT_TX; /* the level has come down to the trigger, or to nothing */
    update_irq(uart);
}

static void write_data(struct pl011 *uart, uint8_t character)
{
    if (uart->tx.count >= depth(uart)) {
        log_message(uart->device.env->log, LOG_GUEST_ERROR,
                    "%s: DR written with the transmit FIFO full: character lost%s", uart->device.name,
                    transmitter_on(uart) ? "" : " (the transmitter is disabled)");
        return;
    }
    fifo_push(&uart->tx, character);
    if (!(uart->lcr_h & LCR_FEN) || uart->tx.count > trigger_level(uart, 0))
        uart->ris &= ~INT_TX;
    transmit(uart);
    update_irq(uart);
}

static uint32_t read_data(struct pl011 *uart)
{
    if (!uart->rx.count)
        return uart->rx.data[(uart->rx.head + FIFO_DEPTH - 1) % FIFO_DEPTH]; /* the last one read stays visible */
    uint16_t character = fifo_pop(&uart->rx);
    /* RSR's other bits belong to the character just read; its overrun bit stays until ECR clears it. */
    uart->rsr = (uart->rsr & (DR_OE >> 8)) | ((character & (DR_FE | DR_PE | DR_BE)) >> 8);
    if (!(uart->lcr_h & LCR_FEN) || uart->rx.count < trigger_level(uart, 3))
        uart->ris &= ~INT_RX;
    if (!uart->rx.count)
        uart->ris &= ~INT_RT;
    restart_timeout(uart);
    update_irq(uart);
    tell_room(uart);
    return character;
}

static uint32_t flags(const struct pl011 *uart)
{
    uint32_t value = modem_flags(uart);
    if (!uart->rx.count)
        value |= FR_RXFE;
    if (uart->rx.count >= depth(uart))
        value |= FR_RXFF;
    if (uart->tx.count >= depth(uart))
        value |= FR_TXFF;
    if (!uart->tx.count)
        value |= FR_TXFE;
    else
        value |= FR_BUSY; /* whether or not the UART is enabled */
    return value;
}

static void write_lcr_h(struct pl011 *uart, uint32_t value)
{
    bool fifo_mode_changes = (uart->lcr_h ^ value) & LCR_FEN;
    if ((value & LCR_BRK) && !(uart->lcr_h & LCR_BRK) && (uart->cr & CR_LBE) && receiver_on(uart))
        receive_character(uart, DR_BE | DR_FE); /* the break loops back too */
    uart->lcr_h = (uint8_t)value;
    if (!fifo_mode_changes)
        return;
    /* Both FIFOs are flushed: they become, or stop being, one-character holding registers. */
    uart->rx.head = uart->rx.count = uart->tx.head = uart->tx.count = 0;
    uart->ris &= ~(INT_RX | INT_RT);
    restart_timeout(uart);
    update_irq(uart);
    tell_room(uart);
}

/* In loopback a change of the outputs is a change of the modem inputs, which raises their interrupts. */
static void write_cr(struct pl011 *uart, uint32_t value)
{
    static const uint16_t interrupt_of[][2] = {{FR_CTS, INT_CTS}, {FR_DSR, INT_DSR}, {FR_DCD, INT_DCD}, {FR_RI, INT_RI}};
    unsigned before = modem_flags(uart);
    if ((value & CR_SIREN) && !(uart->cr & CR_SIREN))
        log_message(uart->device.env->log, LOG_UNIMPLEMENTED, "%s: CR.SIREN: the IrDA encoder is not modelled",
                    uart->device.name);
    uart->cr = value & IMPLEMENTED_CR;
    unsigned changed = before ^ modem_flags(uart);
    for (size_t i = 0; i < sizeof(interrupt_of) / sizeof(*interrupt_of); i++)
        if (changed & interrupt_of[i][0])
            uart->ris |= interrupt_of[i][1];
    update_irq(uart);
    transmit(uart);
    tell_room(uart);
}

static uint32_t peek(const struct pl011 *uart, uint64_t offset)
{
    switch (offset) {
    case DR:
        return uart->rx.data[uart->rx.count ? uart->rx.head : (uart->rx.head + FIFO_DEPTH - 1) % FIFO_DEPTH];
    case RSR:
        return uart->rsr;
    case FR:
        return flags(uart);
    case ILPR:
        return uart->ilpr;
    case IBRD:
        return uart->ibrd;
    case FBRD:
        return uart->fbrd;
    case LCR_H:
        return uart->lcr_h;
    case CR:
        return uart->cr;
    case IFLS:
        return uart->ifls;
    case IMSC:
        return uart->imsc;
    case RIS:
        return uart->ris;
    case MIS:
        return uart->ris & uart->imsc;
    case DMACR:
        return uart->dmacr;
    default:
        return offset >= ID_FIRST ? device_primecell_id(uart->periph_id, offset) : 0;
    }
}

static bool readable(uint64_t offset)
{
    return offset >= ID_FIRST || offset <= RSR || offset == FR || (offset >= ILPR && offset <= DMACR && offset != ICR);
}

static enum bus_result pl011_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                  uint64_t *value)
{
    struct pl011 *uart = opaque;
    uint64_t reg = offset & ~(uint64_t)3;
    if (!readable(reg) && !attrs.debug)
        device_bad_offset(&uart->device, "read", offset, size);
    uint32_t word = reg == DR && offset == reg && !attrs.debug ? read_data(uart) : peek(uart, reg);
    *value = device_lanes(word, offset, size);
    return BUS_OK;
}

static enum bus_result pl011_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                   uint64_t value)
{
    struct pl011 *uart = opaque;
    if (attrs.debug)
        return BUS_DEVICE_ERROR;
    switch (offset) {
    case DR:
        write_data(uart, (uint8_t)value);
        break;
    case RSR:
        uart->rsr = 0; /* ECR: any value */
        break;
    case ILPR:
        uart->ilpr = (uint8_t)value;
        break;
    case IBRD:
        uart->ibrd = (uint16_t)value;
        break;
    case FBRD:
        uart->fbrd = value & 0x3f;
        break;
    case LCR_H:
        write_lcr_h(uart, (uint32_t)value & 0xff);
        break;
    case CR:
        write_cr(uart, (uint32_t)value);
        break;
    case IFLS:
        uart->ifls = value & 0x3f;
        break;
    case IMSC:
        uart->imsc = value & INT_ALL;
        update_irq(uart);
        break;
    case ICR:
        uart->ris &= ~(value & INT_ALL);
        update_irq(uart);
        break;
    case DMACR:
        uart->dmacr = value & 7;
        if (value & 3)
            log_message(uart->device.env->log, LOG_UNIMPLEMENTED, "%s: DMACR enables DMA, but no controller is there",
                        uart->device.name);
        break;
    default:
        device_bad_offset(&uart->device, "write", offset, size);
        break;
    }
    return BUS_OK;
}

static void pl011_reset(struct device *device)
{
    struct pl011 *uart = (struct pl011 *)device;
    if (uart->initialised) {
        uart->ibrd = 13; /* 24 MHz / 16 / 13 1/64 = 115200 */
        uart->fbrd = 1;
        uart->lcr_h = 3 << LCR_WLEN_SHIFT | LCR_FEN;
        uart->cr = RESET_CR | CR_UARTEN;
    }
    clock_cancel(device->env->clock, &uart->receive_timeout);
    update_irq(uart);
    tell_room(uart);
}

static void pl011_destroy(struct device *device)
{
    struct pl011 *uart = (struct pl011 *)device;
    clock_unregister(device->env->clock, &uart->receive_timeout);
    free(uart);
}

static int pl011_describe(struct device *device, struct fdt_writer *writer)
{
    fdtw_begin_at(writer, "pl011", device->base);
    fdtw_primecell(writer, "arm,pl011", "uartclk\0apb_pclk", sizeof("uartclk\0apb_pclk"));
    fdtw_device(writer, device);
    fdtw_end(writer);
    return fdtw_error(writer);
}

static const struct device_ops pl011_ops = {
    .model = "pl011",
    .bus = {.read = pl011_read, .write = pl011_write},
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(*fields),
    .state_version = 1,
    .reset = pl011_reset,
    .destroy = pl011_destroy,
    .describe = pl011_describe,
};

struct device *pl011_create(const struct device_env *env, uint64_t base, unsigned pas_mask, struct irq_line *irq,
                            unsigned spi, const struct pl011_options *options)
{
    struct pl011 *uart = calloc(1, sizeof(*uart));
    if (!uart)
        return NULL;
    device_init(&uart->device, &pl011_ops, env, base, WINDOW_SIZE, pas_mask, irq, spi);
    uart->initialised = options->initialised;
    uart->fifo_depth = options->fifo_depth == FIFO_DEPTH_R1P4 ? FIFO_DEPTH_R1P4 : FIFO_DEPTH;
    uart->periph_id = options->fifo_depth == FIFO_DEPTH_R1P4 ? PERIPH_ID_R1P4 : PERIPH_ID;
    uart->receive_timeout = (struct clock_event){.name = "pl011 receive timeout",
                                                 .fire = on_receive_timeout,
                                                 .opaque = uart,
                                                 .priority = CLOCK_PRIORITY_DEVICE};
    if (clock_register(env->clock, &uart->receive_timeout)) {
        free(uart);
        return NULL;
    }
    device_reset(&uart->device);
    uart->backend = options->backend; /* not called before the caller has the device */
    return &uart->device;
}
