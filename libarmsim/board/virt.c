/*
 * The board `virt`: QEMU's memory map and device tree shape, so that stock software runs unmodified.
 *
 *     0x00000000  flash, two banks of 64 MiB (the first belongs to the Secure side with secure=on)
 *     0x08000000  GIC (GICv2: MSI frame at 0x08020000, SPI 48 to 111; GICv3: ITS at 0x08080000)
 *     0x09000000  PL011 (SPI 1), 0x09010000 PL031 (SPI 2), 0x09020000 fw_cfg, 0x09030000 PL061 (SPI 7),
 *     0x09040000  Secure PL011 (SPI 8), 0x090b0000 Secure PL061 that switches the power (with secure=on)
 *     0x090c0000  AHCI (SPI 10), when there is one
 *     0x0a000000  virtio-mmio, 32 transports of 0x200 bytes (SPI 16 to 47)
 *     0x0e000000  Secure RAM, 16 MiB (with secure=on)
 *     0x10000000  PCIe: memory; 0x3eff0000 I/O; 0x40_10000000 configuration (SPI 3 to 6), 0x80_00000000 more memory, or,
 *                 for PEs with less than 40 bits of physical address, configuration at 0x3f000000 and no more memory
 *     0x40000000  RAM
 *
 * Not there: the SMMU.
 */
#include "libarmsim/board/virt.h"

#include "devices/fw_cfg.h"
#include "devices/virtio/virtio.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct board_gic virt_gic = {
    .distributor = 0x08000000,
    .cpu_interface = 0x08010000,
    .hypervisor = 0x08030000,
    .virtual_cpu = 0x08040000,
    .its = 0x08080000,
    .msi_frame = 0x08020000,
    .msi_first_spi = 48,
    .msi_spis = 64,
    .redistributor = 0x080a0000,
    .redistributor_pes = 123,
    .spis = 256,
    .ppi_secure_physical_timer = 29,
    .ppi_physical_timer = 30,
    .ppi_virtual_timer = 27,
    .ppi_hypervisor_timer = 26,
    .ppi_hypervisor_virtual_timer = 28,
    .ppi_pmu = 23,
    .ppi_maintenance = 25,
};

static int map_ram(struct armsim_machine *machine, const char *name, uint64_t base, uint64_t size, unsigned pas_mask)
{
    const struct bus_region *other;
    int result = bus_add_ram(machine->bus, name, base, size, pas_mask, &other);
    return machine_map_result(machine, name, base, size, result, other);
}

static int virt_map(struct armsim_machine *machine)
{
    uint64_t ram_size = machine->options.ram_size;
    if (ram_size > VIRT_RAM_MAX)
        return machine_fail(machine, ARMSIM_ERROR_OPTION,
                            "ram_size: %" PRIu64 " bytes given, at most %" PRIu64 " expected on the board virt",
                            ram_size, (uint64_t)VIRT_RAM_MAX);
    machine->board_data = calloc(1, sizeof(*machine->board_data));
    if (!machine->board_data)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    int error = map_ram(machine, "ram", VIRT_RAM_BASE, ram_size, PAS_MASK_BOTH);
    if (error == 0 && machine->options.secure)
        error = map_ram(machine, "secure-ram", VIRT_SECURE_RAM_BASE, VIRT_SECURE_RAM_SIZE, PAS_BIT(PAS_SECURE));
    return error;
}

/*
 * Can input from the host, of whatever is open, wake a PE? Only when a driver listens: its UART's receive interrupts
 * are unmasked, or its virtio device is in use.
 */
static bool virt_listens(struct armsim_machine *machine)
{
    const struct board_data *virt = machine->board_data;
    for (unsigned port = 0; port < ARMSIM_SERIAL_PORTS; port++)
        if (machine->serial[port].open && virt_serial_listens(virt, port))
            return true;
    for (unsigned nic = 0; nic < MACHINE_MAX_NICS; nic++)
        if (machine->nic[nic].open && virt->nics[nic] && virtio_in_use(virt->nics[nic]))
            return true;
    return false;
}

static void virt_destroy(struct armsim_machine *machine)
{
    struct board_data *virt = machine->board_data;
    if (!virt)
        return;
    free(virt->fingerprints);
    free(virt);
    machine->board_data = NULL;
}

/* What virt_load() would have left: nothing is read again. */
static int virt_clone(struct armsim_machine *machine, const struct armsim_machine *from)
{
    struct board_data *virt = machine->board_data;
    const struct board_data *other = from->board_data;
    void *dtb = malloc(from->dtb_size ? from->dtb_size : 1);
    size_t count = other->fingerprint_count;
    virt->fingerprints = malloc((count ? count : 1) * sizeof(*virt->fingerprints));
    if (!dtb || !virt->fingerprints || fw_cfg_share_items(virt->fw_cfg, other->fw_cfg) < 0) {
        free(dtb);
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    }
    if (count)
        memcpy(virt->fingerprints, other->fingerprints, count * sizeof(*virt->fingerprints));
    virt->fingerprint_count = count;
    if (from->dtb_size)
        memcpy(dtb, from->dtb, from->dtb_size);
    machine_set_dtb(machine, dtb, from->dtb_size);
    virt->conduit = other->conduit;
    virt->loaded = other->loaded;
    return 0;
}

const struct board board_virt = {
    .name = "virt",
    .gic = &virt_gic,
    .needs_ram = true,
    .map = virt_map,
    .populate = virt_populate,
    .load = virt_load,
    .start = virt_start,
    .clone = virt_clone,
    .listens = virt_listens,
    .destroy = virt_destroy,
};
