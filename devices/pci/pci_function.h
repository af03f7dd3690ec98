/* A function as the bridge sees it. Private to devices/pci/. */
#ifndef ARMSIM_DEVICES_PCI_PCI_FUNCTION_H
#define ARMSIM_DEVICES_PCI_PCI_FUNCTION_H

#include "devices/pci/pci.h"
#include "libarmsim/fabric/little_endian.h"

/* Configuration space: the header's registers (PCI Local Bus 3.0, section 6.1) and the capabilities' places. */
enum {
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_BAR0 = 0x10,
    PCI_CAPABILITY_POINTER = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
    PCI_EXPRESS_CAPABILITY = 0x40,
    PCI_MSI_CAPABILITY = 0x7c,
    PCI_MSIX_CAPABILITY = 0x94,
};
enum { COMMAND_IO = 1 << 0, COMMAND_MEMORY = 1 << 1, COMMAND_MASTER = 1 << 2, COMMAND_NO_INTX = 1 << 10 };
enum { STATUS_INTERRUPT = 1 << 3, STATUS_CAPABILITIES = 1 << 4 };

struct pci_function {
    struct device device;
    struct device *host;
    unsigned devfn;
    struct pci_function_info info;
    uint8_t initial[PCI_CONFIG_BYTES], writable[PCI_CONFIG_BYTES], clears[PCI_CONFIG_BYTES];

    uint8_t config[PCI_CONFIG_BYTES];
    uint32_t msix_table[PCI_MSIX_VECTORS_MAX * 4];
    uint32_t msix_pending;
    bool level; /* of the pin, as the device drives it */
};

/* pci_config.c: fills the three tables of a function from its description. */
void pci_config_define(struct pci_function *function);

uint32_t pci_config_read(struct pci_function *function, unsigned offset, unsigned size, bool debug);
void pci_config_write(struct pci_function *function, unsigned offset, unsigned size, uint32_t value);
static inline uint32_t pci_config_get(const struct pci_function *function, unsigned offset, unsigned size)
{
    return (uint32_t)load_le(function->config + offset, size);
}

/* The BAR that claims an address of a kind of space, or NULL; *offset is relative to it. */
const struct pci_bar *pci_function_decode(const struct pci_function *function, bool io, uint64_t address,
                                          uint64_t *offset);
/* The level that the pin shows the bridge. */
bool pci_function_pin(const struct pci_function *function);
/* Some function's pin may have changed. */
void pci_host_update_lines(struct device *host);
/* Puts a function in the next free slot; its number, or -1. */
int pci_host_plug(struct device *host, struct pci_function *function);
void pci_host_unplug(struct device *host, struct pci_function *function);

#endif
