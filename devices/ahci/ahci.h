/* The AHCI host bus adapter with its disks: one device, with a window and a line of its own or as a PCI function. */
#ifndef ARMSIM_DEVICES_AHCI_AHCI_H
#define ARMSIM_DEVICES_AHCI_AHCI_H

#include "devices/block_backend.h"
#include "devices/device.h"

enum { AHCI_PORTS = 6, AHCI_SIZE = 0x1000 };

struct ahci_place {
    struct device *function; /* the PCI function; NULL: the rest counts */
    uint64_t base;
    unsigned pas_mask;
    struct irq_line *irq;
    unsigned spi;
};

struct ahci_disk {
    struct block_backend backend; /* size 0: nothing is connected */
    const char *serial;           /* up to 20 characters; NULL: made from the port's number */
};

struct ahci_options {
    struct ahci_disk disks[AHCI_PORTS];
};

/* NULL: out of memory. */
struct device *ahci_create(const struct device_env *env, const struct ahci_place *place,
                           const struct ahci_options *options);

#endif
