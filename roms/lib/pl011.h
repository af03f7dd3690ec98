/* Arm PL011: as much of it as printing and typing need. */
#ifndef ROM_PL011_H
#define ROM_PL011_H

#include "board.h"
#include "types.h"

enum { PL011_DR = 0x00, PL011_FR = 0x18, PL011_LCR_H = 0x2c, PL011_CR = 0x30, PL011_IMSC = 0x38, PL011_ICR = 0x44 };
enum { PL011_FR_TXFF = 0x20, PL011_FR_RXFE = 0x10, PL011_RX_INTERRUPTS = 0x50 };

static inline void pl011_put(u64 base, char c)
{
    while (REG32(base, PL011_FR) & PL011_FR_TXFF)
        ;
    REG32(base, PL011_DR) = (u8)c;
}

/* The next character, or -1. */
static inline int pl011_get(u64 base)
{
    return REG32(base, PL011_FR) & PL011_FR_RXFE ? -1 : (int)(REG32(base, PL011_DR) & 0xff);
}

/* 8N1 with FIFOs, on, at the rate that is set; an interrupt for what is received, if asked for. */
static inline void pl011_open(u64 base, bool interrupt)
{
    REG32(base, PL011_CR) = 0;
    REG32(base, PL011_LCR_H) = 0x70;
    REG32(base, PL011_ICR) = 0x7ff;
    REG32(base, PL011_IMSC) = interrupt ? PL011_RX_INTERRUPTS : 0;
    REG32(base, PL011_CR) = 0x301;
}

#endif
