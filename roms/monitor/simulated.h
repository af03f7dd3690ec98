/* Devices that are made of nothing but the monitor. */
#ifndef MONITOR_SIMULATED_H
#define MONITOR_SIMULATED_H

#include "monitor.h"

/* ---- simulated_uart.c: Arm PL011, whose line is the board's UART */
enum { UART_FIFO = 32 };
struct simulated_uart {
    u32 ilpr, ibrd, fbrd, lcr, control, ifls, mask, raw, dma, errors;
    u8 fifo[UART_FIFO];
    unsigned first, count;
    u64 timeout; /* time of the counter at which what waits is old; 0: nothing waits */
};
bool simulated_uart_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value);
bool simulated_uart_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value);
void simulated_uart_start(const struct mmio_device *device);
void simulated_uart_tick(const struct mmio_device *device, u64 now);
void simulated_uart_interrupt(const struct mmio_device *device, unsigned intid);
bool simulated_uart_describe(const struct mmio_device *device, struct dt_edit *tree);

/* ---- simulated_rtc.c: Arm PL031, set by the board's clock, run by the system counter */
struct simulated_rtc {
    u64 start;    /* time of the counter at which it was `loaded` */
    u32 loaded, load, match, mask, raw;
    bool matching; /* a match register was written, and its time has not come */
};
bool simulated_rtc_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value);
bool simulated_rtc_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value);
void simulated_rtc_start(const struct mmio_device *device);
void simulated_rtc_tick(const struct mmio_device *device, u64 now);
bool simulated_rtc_describe(const struct mmio_device *device, struct dt_edit *tree);

/* ---- simulated_registers.c: a page that keeps what is written */
bool simulated_registers_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value);
bool simulated_registers_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value);

/* ---- simulated.c */
/* A 32-bit register seen through an access of 1, 2 or 4 bytes; false: the device takes no such access. */
bool lanes_read(u64 offset, unsigned bytes, u32 word, u64 *value);
bool is_word_access(u64 offset, unsigned bytes);
u32 primecell_id(u32 peripheral, u64 offset);
/* Level-sensitive: pending while the device asks, however often its interrupt is taken. */
void drive_interrupt(const struct mmio_device *device, bool level);
/* The board's own device of this kind makes room for ours: a node of the same contents at our address, with our SPI. */
bool replace_node(const struct mmio_device *device, struct dt_edit *tree, const char *path, const char *name);

#endif
