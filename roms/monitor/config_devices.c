/* S01: a console and a clock that there are not, and registers to try accesses on. */
#include "../lib/board.h"
#include "simulated.h"

#define BASE 0x0b000000ul
#ifndef DEAF
#define DEAF false
#endif
enum { SPI_UART = 100, SPI_RTC = 101 };

static struct simulated_uart uart_state;
static struct simulated_rtc rtc_state;

static const struct mmio_device uart = {.name = "pl011",
                                        .base = BASE,
                                        .size = 0x1000,
                                        .intid = INTID_SPI(SPI_UART),
                                        .read = simulated_uart_read,
                                        .write = simulated_uart_write,
                                        .start = simulated_uart_start,
                                        .tick = simulated_uart_tick,
                                        .interrupt = simulated_uart_interrupt,
                                        .describe = simulated_uart_describe,
                                        .state = &uart_state};
static const struct mmio_device rtc = {.name = "pl031",
                                       .base = BASE + 0x1000,
                                       .size = 0x1000,
                                       .intid = INTID_SPI(SPI_RTC),
                                       .read = simulated_rtc_read,
                                       .write = simulated_rtc_write,
                                       .start = simulated_rtc_start,
                                       .tick = simulated_rtc_tick,
                                       .describe = simulated_rtc_describe,
                                       .state = &rtc_state};
static const struct mmio_device registers = {.name = "registers",
                                             .base = BASE + 0x2000,
                                             .size = 0x1000,
                                             .read = simulated_registers_read,
                                             .write = simulated_registers_write};
static const struct mmio_device *const devices[] = {&uart, &rtc, &registers};

const struct monitor_config config = {.name = "devices", .devices = devices, .device_count = COUNT(devices), .deaf = DEAF};
