/* PCI Express on the board `virt`. */
#include "devices/fdt_writer.h"
#include "devices/pci/pci.h"
#include "gic/gic.h"
#include "libarmsim/board/virt.h"

enum { HIGH_WINDOW_PA_BITS = 40, HOST_VENDOR = 0x1b36, HOST_DEVICE = 0x0008, SUBSYSTEM_VENDOR = 0x1af4, SUBSYSTEM = 0x1100 };

static struct pci_host_place host_place(struct armsim_machine *machine)
{
    struct pci_host_place place = {
        .ecam = {VIRT_PCI_ECAM_BASE, VIRT_PCI_ECAM_SIZE},
        .io = {VIRT_PCI_IO_BASE, VIRT_PCI_IO_SIZE},
        .memory = {VIRT_PCI_MEMORY_BASE, VIRT_PCI_MEMORY_SIZE},
        .pas_mask = PAS_MASK_BOTH,
        .first_spi = VIRT_SPI_PCI,
        .interrupt_parent = gic_phandle(machine->gic),
        .msi_parent = machine->options.gic_version == 3 ? FDT_PHANDLE_GIC_ITS : FDT_PHANDLE_GIC_V2M,
    };
    if (machine->pes[0]->mmu_features.pa_bits >= HIGH_WINDOW_PA_BITS) {
        place.ecam = (struct pci_window){VIRT_PCI_HIGH_ECAM_BASE, VIRT_PCI_HIGH_ECAM_SIZE};
        place.memory64 = (struct pci_window){VIRT_PCI_HIGH_MEMORY_BASE, VIRT_PCI_HIGH_MEMORY_SIZE};
    }
    for (unsigned i = 0; i < PCI_PINS; i++)
        place.lines[i] = machine_spi(machine, VIRT_SPI_PCI + i);
    return place;
}

struct device *virt_add_function(struct armsim_machine *machine, const char *what)
{
    struct device *host = machine->board_data->pci;
    if (!host) {
        machine_fail(machine, ARMSIM_ERROR_OPTION, "%s: on PCI, which the machine doesn't have (pci)", what);
        return NULL;
    }
    struct device *function = pci_function_create(&machine->device_env, host);
    if (!function) {
        machine_fail(machine, ARMSIM_ERROR_OPTION, "%s: the PCI bus has no slot left (up to %d)", what, PCI_SLOTS - 1);
        return NULL;
    }
    return machine_add_device(machine, function) < 0 ? NULL : function;
}

int virt_add_pci(struct armsim_machine *machine)
{
    /* The bridge's own function, as QEMU's: an identity, and nothing to drive. */
    static const struct pci_function_info bridge = {.vendor = HOST_VENDOR,
                                                    .device = HOST_DEVICE,
                                                    .subsystem_vendor = SUBSYSTEM_VENDOR,
                                                    .subsystem = SUBSYSTEM,
                                                    .class_code = 0x060000};
    if (!machine->options.pci)
        return 0;
    const struct pci_host_place place = host_place(machine);
    struct device *host = pci_host_create(&machine->device_env, &place);
    int error = machine_add_device(machine, host);
    if (error < 0)
        return error;
    machine->board_data->pci = host;
    struct device *function = virt_add_function(machine, "host bridge");
    if (!function)
        return ARMSIM_ERROR_MEMORY;
    pci_function_define(function, &bridge);
    return 0;
}
