/*
 * The configuration space of a PCI function, answered by software (PCI Local Bus 3.0, chapter 6; PCI Express Base 3.0,
 * 7.5). Which bits are what is the function's table; header type 0.
 */
#ifndef ROM_PCICFG_H
#define ROM_PCICFG_H

#include "types.h"

enum {
    PCI_VENDOR = 0x00, PCI_DEVICE = 0x02, PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_REVISION = 0x08, PCI_CLASS = 0x09,
    PCI_HEADER_TYPE = 0x0e, PCI_BAR0 = 0x10, PCI_SUBSYSTEM_VENDOR = 0x2c, PCI_SUBSYSTEM = 0x2e, PCI_CAPABILITIES = 0x34,
    PCI_LINE = 0x3c, PCI_PIN = 0x3d,
};
enum { PCI_COMMAND_MEMORY = 1 << 1, PCI_COMMAND_MASTER = 1 << 2, PCI_COMMAND_NO_INTX = 1 << 10 };
enum { PCI_BARS = 6, PCI_SPACE = 256, PCI_EXTENDED_SPACE = 4096 };

/* The low bits of a memory BAR. A 64-bit one takes two places: the second has size 0. */
enum { PCI_BAR_64 = 4, PCI_BAR_PREFETCHABLE = 8 };

struct pcicfg_table {
    u16 segment;
    u8 bus, device, function;
    u8 pin;  /* 1: INTA to 4: INTD, 0: none */
    u32 spi; /* that it leads to */
    u64 bar_base[PCI_BARS]; /* after reset */
    u64 bar_size[PCI_BARS]; /* a power of two from 16 on, or 0 */
    u8 bar_kind[PCI_BARS];  /* PCI_BAR_64, PCI_BAR_PREFETCHABLE */
    u8 space[PCI_SPACE];    /* after reset; BARs and pin come from above */
    u8 writable[PCI_SPACE];
    u8 clear_by_one[PCI_SPACE];
};

struct pcicfg {
    const struct pcicfg_table *table;
    u8 space[PCI_SPACE];
    u8 writable[PCI_SPACE];
};

void pcicfg_reset(struct pcicfg *function, const struct pcicfg_table *table);

/* 1, 2 or 4 bytes, aligned. Behind the first 256 there is nothing: zeroes. False: no such access. */
bool pcicfg_read(const struct pcicfg *function, unsigned offset, unsigned bytes, u32 *value);
bool pcicfg_write(struct pcicfg *function, unsigned offset, unsigned bytes, u32 value);

u16 pcicfg_command(const struct pcicfg *function);
/* Where a BAR is, whether or not the function decodes memory. */
u64 pcicfg_bar(const struct pcicfg *function, unsigned n);

#endif
