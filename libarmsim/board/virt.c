/*
 * The board `virt`: QEMU's memory map and device tree shape, so that stock software runs unmodified.
 *
 *     0x00000000  flash, two banks of 64 MiB (read-only memory; the first belongs to the Secure side with secure=on)
 *     0x08000000  GIC
 *     0x09000000  PL011 (SPI 1), 0x09010000 PL031 (SPI 2), 0x09020000 fw_cfg, 0x09030000 PL061 (SPI 7),
 *     0x09040000  Secure PL011 (SPI 8, with secure=on)
 *     0x0a000000  virtio-mmio, 32 transports of 0x200 bytes (SPI 16 to 47)
 *     0x0e000000  Secure RAM, 16 MiB (with secure=on)
 *     0x40000000  RAM
 *
 * Not there: PCIe, the second (Secure) PL061, the SMMU.
 */
#include "libarmsim/board/virt.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct board_gic virt_gic = {
    .distributor = 0x08000000,
    .cpu_interface = 0x08010000,
    .hypervisor = 0x08030000,
    .virtual_cpu = 0x08040000,
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

/* Memory beside the RAM. */
static const struct virt_memory {
    const char *name;
    uint64_t base, size;
    bool rom;
    bool secure_machine_only; /* there with secure=on only */
    bool secure_side_only;    /* with secure=on, hidden from the Non-secure side */
} virt_memories[] = {
    {"flash0", VIRT_FLASH_BASE, VIRT_FLASH_BANK, true, false, true},
    {"flash1", VIRT_FLASH_BASE + VIRT_FLASH_BANK, VIRT_FLASH_BANK, true, false, false},
    {"secure-ram", VIRT_SECURE_RAM_BASE, VIRT_SECURE_RAM_SIZE, false, true, true},
};

static int map_memory(struct armsim_machine *machine, const struct virt_memory *memory)
{
    bool secure = machine->options.secure;
    if (memory->secure_machine_only && !secure)
        return 0;
    unsigned pas_mask = secure && memory->secure_side_only ? PAS_BIT(PAS_SECURE) : PAS_MASK_BOTH;
    const struct bus_region *other;
    int result = (memory->rom ? bus_add_rom : bus_add_ram)(machine->bus, memory->name, memory->base, memory->size,
                                                           pas_mask, &other);
    return machine_map_result(machine, memory->name, memory->base, memory->size, result, other);
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
    for (size_t i = 0; i < sizeof(virt_memories) / sizeof(virt_memories[0]); i++) {
        int error = map_memory(machine, &virt_memories[i]);
        if (error < 0)
            return error;
    }
    const struct bus_region *other;
    int result = bus_add_ram(machine->bus, "ram", VIRT_RAM_BASE, ram_size, PAS_MASK_BOTH, &other);
    return machine_map_result(machine, "ram", VIRT_RAM_BASE, ram_size, result, other);
}

static void virt_destroy(struct armsim_machine *machine)
{
    struct board_data *virt = machine->board_data;
    if (!virt)
        return;
    for (unsigned i = 0; i < virt->drive_count; i++)
        raw_drive_close(&virt->drives[i]);
    free(virt->fingerprints);
    free(virt);
    machine->board_data = NULL;
}

const struct board board_virt = {
    .name = "virt",
    .gic = &virt_gic,
    .needs_ram = true,
    .map = virt_map,
    .populate = virt_populate,
    .load = virt_load,
    .destroy = virt_destroy,
};
