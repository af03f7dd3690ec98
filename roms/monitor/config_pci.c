/* S02: the board's AHCI controller as a PCI function, on a board without PCI. */
#include "../lib/board.h"
#include "../lib/pci_service.h"
#include "pci_shim.h"

#ifndef DESCRIBE
#define DESCRIBE pci_shim_describe
#define CALLS .call = pci_service_call, .call_count = PCI_SERVICE_CALLS
#endif
#define ECAM 0x3f000000ul
#define AHCI 0x090c0000ul
enum { AHCI_BYTES = 0x1000, SPI_AHCI = 10, ABAR = 5 };
enum { PORTS_IMPLEMENTED = 0x0c, PORT = 0x100, PORT_BYTES = 0x80, PORT_CMD = 0x18, CMD_ST = 1, CMD_FRE = 1 << 4 };

static void stop_ahci(u64 registers)
{
    u32 ports = REG32(registers, PORTS_IMPLEMENTED);
    for (unsigned n = 0; n < 32; n++)
        if (ports >> n & 1)
            REG32(registers, PORT + n * PORT_BYTES + PORT_CMD) &= ~(u32)(CMD_ST | CMD_FRE);
}

/* Numbers that nobody else has; the class is what drivers look for: SATA, AHCI 1.0. */
static const struct pcicfg_table table = {
    .device = 1,
    .pin = 1,
    .spi = SPI_AHCI,
    .bar_base = {[ABAR] = AHCI},
    .bar_size = {[ABAR] = AHCI_BYTES},
    .space = {[PCI_VENDOR] = 0x53, 0x41, [PCI_DEVICE] = 0x02, 0x00, [PCI_CLASS] = 0x01, 0x06, 0x01,
              [PCI_SUBSYSTEM_VENDOR] = 0x53, 0x41, [PCI_SUBSYSTEM] = 0x02, 0x00},
    .writable = {[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, PCI_COMMAND_NO_INTX >> 8, [PCI_LINE] = 0xff},
    .clear_by_one = {[PCI_STATUS + 1] = 0xf9},
};

static struct pcicfg function;
static bool present;
static struct pci_shim shim = {
    .table = &table, .bar = ABAR, .node = "/sata@90c0000", .stop = stop_ahci, .function = &function, .present = &present};

const struct mmio_device pci_ecam = {.name = "ecam",
                                     .base = ECAM,
                                     .size = 0x100000,
                                     .read = pci_shim_read,
                                     .write = pci_shim_write,
                                     .start = pci_shim_start,
                                     .describe = DESCRIBE,
                                     .state = &shim};
static const struct mmio_device moved = {.name = "moved registers",
                                         .place = pci_shim_place,
                                         .size = AHCI_BYTES,
                                         .read = pci_shim_forward_read,
                                         .write = pci_shim_forward_write,
                                         .state = &shim};
static const struct mmio_device *const devices[] = {&pci_ecam, &moved};

const struct monitor_config config = {.name = "pci", .devices = devices, .device_count = COUNT(devices), CALLS};
