/* A device of the board, shown as a PCI function: its configuration space is answered, its registers are its own. */
#ifndef MONITOR_PCI_SHIM_H
#define MONITOR_PCI_SHIM_H

#include "../lib/pcicfg.h"
#include "monitor.h"

struct pci_shim {
    const struct pcicfg_table *table;
    unsigned bar;               /* the one behind which the registers are */
    const char *node;           /* of the board's device tree: the device that disappears from there */
    void (*stop)(u64 registers); /* no DMA any more: Bus Master was cleared */
    struct pcicfg *function;
    bool *present;              /* the board has the device */
};
/* The window, which pci_service.c shows by calls. */
extern const struct mmio_device pci_ecam;

/* The window of bus 0: 32 devices of 8 functions, all ones but where the shim is. */
bool pci_shim_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value);
bool pci_shim_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value);
void pci_shim_start(const struct mmio_device *device);
bool pci_shim_describe(const struct mmio_device *device, struct dt_edit *tree);
bool pci_shim_hide(const struct mmio_device *device, struct dt_edit *tree);

/* DEN0115: X0 to X4. False: another call. */
bool pci_service_call(u64 x[5]);

/* The registers where the BAR has moved to; while it is where they are, there is no such place. */
u64 pci_shim_place(const struct mmio_device *device);
bool pci_shim_forward_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value);
bool pci_shim_forward_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value);

#endif
