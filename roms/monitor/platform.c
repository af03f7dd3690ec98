/* What the Secure side has for itself: a console, and the switch. */
#include "../lib/board.h"
#include "../lib/pl011.h"
#include "monitor.h"

enum { GPIO_DIR = 0x400, LINE_OFF = 1, LINE_RESET = 2 };

void put_char(char c)
{
    pl011_put(BOARD_SECURE_UART, c);
}

static void switch_line(u32 line)
{
    print_abort_counts();
    REG32(BOARD_SECURE_GPIO, GPIO_DIR) = line;
    REG32(BOARD_SECURE_GPIO, line << 2) = line; /* DATA, masked by the address */
    for (;;)
        __asm__ volatile("wfi");
}

void power_off_board(void)
{
    switch_line(LINE_OFF);
    for (;;)
        ;
}

void reset_board(void)
{
    switch_line(LINE_RESET);
    for (;;)
        ;
}

void panic(const char *what, const struct frame *frame)
{
    print("monitor: %s\n", what);
    if (frame)
        print("monitor: ESR %lx ELR %lx SPSR %lx FAR %lx\n", frame->esr, frame->elr, frame->spsr, frame->far);
    power_off_board();
}
