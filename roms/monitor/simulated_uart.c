/*
 * Arm PL011 r1p5 (DDI 0183). What is written goes to the board's UART at once; what comes there is a Group 0 interrupt,
 * fills the FIFO, and becomes an interrupt of the device. The receive timeout of 32 bit periods is the Secure timer's.
 * Not there: IrDA, DMA, the modem lines (their inputs are asserted), errors, loopback.
 */
#include "../lib/board.h"
#include "../lib/gic_secure.h"
#include "../lib/pl011.h"
#include "simulated.h"

enum { DR = 0x00, RSR = 0x04, FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34,
       IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48, ID = 0xfe0 };
enum { CR_ENABLE = 1 << 0, CR_TX = 1 << 8, CR_RX = 1 << 9, LCR_FIFO = 1 << 4 };
enum { INT_RX = 1 << 4, INT_TX = 1 << 5, INT_RT = 1 << 6, INT_ALL = 0x7ff };
enum { FR_CTS = 1, FR_DSR = 2, FR_DCD = 4, FR_RXFE = 0x10, FR_RXFF = 0x40, FR_TXFE = 0x80 };
enum { UART_CLOCK = 24000000, TIMEOUT_BITS = 32 };

static struct simulated_uart *uart_of(const struct mmio_device *device)
{
    return device->state;
}

static unsigned depth(const struct simulated_uart *uart)
{
    return uart->lcr & LCR_FIFO ? UART_FIFO : 1;
}

static unsigned trigger(const struct simulated_uart *uart)
{
    static const u8 eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};
    return uart->lcr & LCR_FIFO ? UART_FIFO * eighths[uart->ifls >> 3 & 7] / 8 : 1;
}

/* 32 bit periods, of the counter. */
static u64 timeout_ticks(const struct simulated_uart *uart)
{
    u64 divisor = (u64)uart->ibrd << 6 | uart->fbrd; /* in 64ths of 16 clocks */
    return (TIMEOUT_BITS * divisor * 16 * READ(cntfrq_el0) / 64 + UART_CLOCK - 1) / UART_CLOCK + 1;
}

static void update(const struct mmio_device *device)
{
    struct simulated_uart *uart = uart_of(device);
    if (uart->count >= trigger(uart))
        uart->raw |= INT_RX;
    drive_interrupt(device, uart->raw & uart->mask);
}

static void restart_timeout(struct simulated_uart *uart)
{
    uart->timeout = 0;
    if (uart->count == 0)
        return;
    uart->timeout = READ(cntpct_el0) + timeout_ticks(uart);
    tick_at(uart->timeout);
}

/* From the line, as long as there is room: the rest waits in the board's UART. */
static void receive(const struct mmio_device *device)
{
    struct simulated_uart *uart = uart_of(device);
    unsigned before = uart->count;
    for (int c; uart->count < depth(uart) && (c = pl011_get(BOARD_UART)) >= 0;) {
        if ((uart->control & (CR_ENABLE | CR_RX)) != (CR_ENABLE | CR_RX))
            continue;
        uart->fifo[(uart->first + uart->count++) % UART_FIFO] = (u8)c;
    }
    bool full = uart->count >= depth(uart);
    REG32(BOARD_UART, PL011_IMSC) = full ? 0 : PL011_RX_INTERRUPTS;
    if (uart->count > before)
        restart_timeout(uart);
    update(device);
}

void simulated_uart_start(const struct mmio_device *device)
{
    *uart_of(device) = (struct simulated_uart){.control = CR_TX | CR_RX, .ifls = 0x12};
    pl011_open(BOARD_UART, true);
    gic_secure_spi(INTID_SPI(BOARD_SPI_UART));
}

void simulated_uart_interrupt(const struct mmio_device *device, unsigned intid)
{
    if (intid == INTID_SPI(BOARD_SPI_UART))
        receive(device);
}

void simulated_uart_tick(const struct mmio_device *device, u64 now)
{
    struct simulated_uart *uart = uart_of(device);
    if (uart->timeout && now < uart->timeout) {
        tick_at(uart->timeout);
    } else if (uart->timeout) {
        uart->timeout = 0;
        uart->raw |= INT_RT;
        update(device);
    }
}

static u32 read_data(const struct mmio_device *device)
{
    struct simulated_uart *uart = uart_of(device);
    if (uart->count == 0)
        return 0;
    u8 c = uart->fifo[uart->first];
    uart->first = (uart->first + 1) % UART_FIFO;
    uart->count--;
    if (uart->count < trigger(uart))
        uart->raw &= ~(u32)INT_RX;
    if (uart->count == 0)
        uart->raw &= ~(u32)INT_RT;
    restart_timeout(uart);
    receive(device); /* what waited for room */
    return c;
}

static u32 flags(const struct simulated_uart *uart)
{
    return FR_CTS | FR_DSR | FR_DCD | FR_TXFE | (uart->count == 0 ? FR_RXFE : 0) |
           (uart->count >= depth(uart) ? FR_RXFF : 0);
}

static u32 *plain(struct simulated_uart *uart, u64 offset)
{
    switch (offset) {
    case ILPR:
        return &uart->ilpr;
    case IBRD:
        return &uart->ibrd;
    case FBRD:
        return &uart->fbrd;
    case LCR_H:
        return &uart->lcr;
    case CR:
        return &uart->control;
    case IFLS:
        return &uart->ifls;
    case IMSC:
        return &uart->mask;
    case DMACR:
        return &uart->dma;
    default:
        return NULL;
    }
}

bool simulated_uart_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value)
{
    struct simulated_uart *uart = uart_of(device);
    u64 reg = offset & ~3ul;
    const u32 *kept = plain(uart, reg);
    u32 word = 0;
    if (!is_word_access(offset, bytes))
        return false;
    if (kept)
        word = *kept;
    else if (reg == DR)
        word = offset & 3 ? 0 : read_data(device);
    else if (reg == FR)
        word = flags(uart);
    else if (reg == RIS)
        word = uart->raw;
    else if (reg == MIS)
        word = uart->raw & uart->mask;
    else if (reg >= ID)
        word = primecell_id(0x00341011, offset);
    return lanes_read(offset, bytes, word, value);
}

static void transmit(const struct mmio_device *device, u8 c)
{
    struct simulated_uart *uart = uart_of(device);
    if ((uart->control & (CR_ENABLE | CR_TX)) != (CR_ENABLE | CR_TX))
        return;
    pl011_put(BOARD_UART, (char)c);
    uart->raw |= INT_TX;
}

bool simulated_uart_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value)
{
    static const struct {
        u16 offset, bits;
    } widths[] = {{ILPR, 0xff}, {IBRD, 0xffff}, {FBRD, 0x3f}, {LCR_H, 0xff}, {CR, 0xff87}, {IFLS, 0x3f}, {IMSC, 0x7ff},
                  {DMACR, 7}};
    struct simulated_uart *uart = uart_of(device);
    u32 *kept = plain(uart, offset), lcr = uart->lcr;
    if (!is_word_access(offset, bytes))
        return false;
    for (unsigned i = 0; i < COUNT(widths) && kept; i++)
        if (widths[i].offset == offset)
            *kept = (u32)value & widths[i].bits;
    if (offset == DR)
        transmit(device, (u8)value);
    else if (offset == ICR)
        uart->raw &= ~(u32)value;
    if ((lcr ^ uart->lcr) & LCR_FIFO) /* switching the FIFOs empties them */
        uart->count = 0;
    if (offset == CR || offset == LCR_H)
        receive(device);
    update(device);
    return true;
}

bool simulated_uart_describe(const struct mmio_device *device, struct dt_edit *tree)
{
    return replace_node(device, tree, "/pl011@9000000", "serial@b000000") &&
           dt_set_string(tree, dt_path(&tree->dt, "/chosen"), "stdout-path", "/serial@b000000");
}
