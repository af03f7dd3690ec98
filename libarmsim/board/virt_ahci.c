/* AHCI controllers on the board `virt`: one on PCI, one with registers at a fixed address. */
#include "devices/ahci/ahci.h"
#include "libarmsim/board/virt.h"

_Static_assert((int)AHCI_PORTS == (int)ARMSIM_AHCI_PORTS, "the interface has the model's ports");

/* The drive's port, or the first free one. -1 after machine_fail(). */
static int find_port(struct armsim_machine *machine, const struct ahci_options *ahci, const struct armsim_drive *drive)
{
    unsigned port = drive->port ? drive->port - 1 : 0;
    while (!drive->port && port < AHCI_PORTS && ahci->disks[port].backend.size)
        port++;
    if (port < AHCI_PORTS && !ahci->disks[port].backend.size)
        return (int)port;
    machine_fail(machine, ARMSIM_ERROR_OPTION, "drive: AHCI port %u is taken or doesn't exist (0 to %d)", port,
                 AHCI_PORTS - 1);
    return -1;
}

/* Connects the drives of one controller; how many there are, or an armsim error. */
static int connect_drives(struct armsim_machine *machine, enum armsim_attachment attachment, struct ahci_options *ahci)
{
    const struct armsim_options *options = &machine->options;
    int count = 0;
    for (size_t i = 0; i < options->drive_count; i++) {
        const struct armsim_drive *drive = &options->drives[i];
        if (drive->attachment != attachment)
            continue;
        int result = virt_open_drive(machine, i), port;
        if (result < 0)
            return result;
        if ((port = find_port(machine, ahci, drive)) < 0)
            return ARMSIM_ERROR_OPTION;
        ahci->disks[port] = (struct ahci_disk){.backend = drive_backend(&machine->drives[i]), .serial = drive->serial};
        count++;
    }
    return count;
}

static int add_on_pci(struct armsim_machine *machine)
{
    struct ahci_options options = {0};
    int count = connect_drives(machine, ARMSIM_AHCI_PCI, &options);
    if (count < 0 || (!count && !machine->options.ahci_pci))
        return count;
    struct ahci_place place = {.function = virt_add_function(machine, "ahci")};
    if (!place.function)
        return ARMSIM_ERROR_OPTION;
    return machine_add_device(machine, ahci_create(&machine->device_env, &place, &options));
}

static int add_on_platform(struct armsim_machine *machine)
{
    struct ahci_options options = {0};
    int count = connect_drives(machine, ARMSIM_AHCI_PLATFORM, &options);
    if (count < 0 || (!count && !machine->options.ahci_platform))
        return count;
    const struct ahci_place place = {.base = VIRT_AHCI_BASE,
                                     .pas_mask = PAS_MASK_BOTH,
                                     .irq = machine_spi(machine, VIRT_SPI_AHCI),
                                     .spi = VIRT_SPI_AHCI};
    return machine_add_device(machine, ahci_create(&machine->device_env, &place, &options));
}

int virt_add_ahci(struct armsim_machine *machine)
{
    int error = add_on_pci(machine);
    return error < 0 ? error : add_on_platform(machine);
}
