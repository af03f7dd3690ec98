/*
 * PCI Express as the board has it: a host bridge with an ECAM window and the functions on its bus 0.
 *
 * A function is configuration space, BARs and interrupts (pci_function.c); what it does is another device, which defines
 * the function, serves its BARs and raises its interrupts. The board makes the bridge, then a function for each device,
 * then the devices.
 */
#ifndef ARMSIM_DEVICES_PCI_PCI_H
#define ARMSIM_DEVICES_PCI_PCI_H

#include "devices/device.h"

enum { PCI_SLOTS = 32, PCI_PINS = 4, PCI_BARS = 6, PCI_CONFIG_BYTES = 256, PCI_MSIX_VECTORS_MAX = 16 };

struct pci_host;
struct pci_function;

/* Where the bridge sits. A window of no bytes is not there. */
struct pci_window {
    uint64_t base, size;
};
struct pci_host_place {
    struct pci_window ecam;           /* 1 MiB for each bus */
    struct pci_window io;             /* PCI I/O addresses from 0 on */
    struct pci_window memory, memory64; /* PCI addresses equal the PEs' */
    unsigned pas_mask;
    struct irq_line *lines[PCI_PINS]; /* INTA to INTD of slot 0; the pins of others rotate */
    unsigned first_spi;
    uint32_t interrupt_parent;        /* phandles for the device tree */
    uint32_t msi_parent;              /* 0: no messages */
};

struct device *pci_host_create(const struct device_env *env, const struct pci_host_place *place);

/* Fields of configuration space: `size` bytes from `offset`, what they hold at reset, which bits a driver can write, and
 * which of them it clears by writing ones. Bits that are neither are read-only. */
struct pci_field {
    uint16_t offset;
    uint8_t size; /* 1, 2 or 4 */
    uint32_t value, writable, clears;
};

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEMORY, PCI_BAR_MEMORY64 /* takes the next one too */ };

struct pci_bar {
    enum pci_bar_kind kind;
    uint32_t size;             /* a power of two: I/O from 4, memory from 16 bytes */
    const struct bus_ops *ops; /* offsets are relative to the BAR */
    void *opaque;
};

/* What a function is. Copied. */
struct pci_function_info {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* 0xccsspp */
    uint8_t revision;
    bool express;                     /* a PCI Express capability: a root complex integrated endpoint */
    uint8_t pin;                      /* 1: INTA; 0: none */
    bool msi;                         /* one message */
    uint8_t msix_vectors;             /* up to PCI_MSIX_VECTORS_MAX; 0: no MSI-X ... */
    uint8_t msix_bar;                 /* ... whose table is a memory BAR of its own, of 4 KiB */
    struct pci_bar bars[PCI_BARS];
    const struct pci_field *capabilities; /* device-specific ones, chained already, from PCI_CAPABILITIES on */
    size_t capability_fields;
    void *opaque;
    /* Bus mastering was switched on or off. Optional. */
    void (*mastering)(void *opaque, bool on);
    /* An access to configuration space that isn't plain storage. False: it is. Optional. */
    bool (*config_read)(void *opaque, unsigned offset, unsigned size, bool debug, uint32_t *value);
    void (*config_written)(void *opaque, unsigned offset, unsigned size);
};
enum { PCI_CAPABILITIES = 0xa0 };

/* A function 0 in a free slot (the next one after those taken) of the bridge; a device of its own, to be added to the
 * machine before the device that defines it. NULL: no memory, or no slot. */
struct device *pci_function_create(const struct device_env *env, struct device *host);
void pci_function_define(struct device *function, const struct pci_function_info *info);

/* The slot's address as in "00:01.0". */
unsigned pci_function_devfn(const struct device *function);
/* The function's INTx pin; without effect on what is sent while MSI or MSI-X is enabled. */
void pci_function_set_level(struct device *function, bool level);
bool pci_function_msi_enabled(const struct device *function);
bool pci_function_msix_enabled(const struct device *function);
/* Sends a message, or keeps it pending while it is masked. Vector 0 is the only one of MSI. */
void pci_function_message(struct device *function, unsigned vector);
/* Bus mastering is enabled: the function may read and write memory. */
bool pci_function_is_master(const struct device *function);
struct bus_attrs pci_function_dma(const struct device *function);
/* Configuration space as it is stored: no effects, none of the device's answers. */
uint32_t pci_function_stored(const struct device *function, unsigned offset, unsigned size);

#endif
