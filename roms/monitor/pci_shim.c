#include "pci_shim.h"

#include "../lib/board.h"

enum { FUNCTION_BYTES = PCI_EXTENDED_SPACE, WINDOW_SIZE = 0x100000 };
#define MOVED_WINDOW 0x10000000u
#define MOVED_WINDOW_SIZE 0x1000000u

static const struct pci_shim *shim_of(const struct mmio_device *device)
{
    return device->state;
}

static bool is_present(const struct pci_shim *shim, u64 offset)
{
    unsigned place = (unsigned)shim->table->device << 3 | shim->table->function;
    return *shim->present && offset / FUNCTION_BYTES == place;
}

void pci_shim_start(const struct mmio_device *device)
{
    const struct pci_shim *shim = shim_of(device);
    pcicfg_reset(shim->function, shim->table);
}

bool pci_shim_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value)
{
    const struct pci_shim *shim = shim_of(device);
    u32 word = ~0u;
    if (bytes > 4 || offset % bytes)
        return false;
    if (is_present(shim, offset))
        pcicfg_read(shim->function, offset % FUNCTION_BYTES, bytes, &word);
    *value = word;
    return true;
}

bool pci_shim_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value)
{
    const struct pci_shim *shim = shim_of(device);
    if (bytes > 4 || offset % bytes)
        return false;
    if (!is_present(shim, offset))
        return true;
    u16 before = pcicfg_command(shim->function);
    pcicfg_write(shim->function, offset % FUNCTION_BYTES, bytes, (u32)value);
    if (before & ~pcicfg_command(shim->function) & PCI_COMMAND_MASTER)
        shim->stop(shim->table->bar_base[shim->bar]);
    return true;
}

/* ---- a BAR that has moved */

u64 pci_shim_place(const struct mmio_device *device)
{
    const struct pci_shim *shim = shim_of(device);
    u64 bar = pcicfg_bar(shim->function, shim->bar);
    bool decodes = pcicfg_command(shim->function) & PCI_COMMAND_MEMORY;
    return *shim->present && decodes && bar != shim->table->bar_base[shim->bar] ? bar : NOWHERE;
}

/* The device takes words: everything else would abort there, too. */
bool pci_shim_forward_read(const struct mmio_device *device, u64 offset, unsigned bytes, u64 *value)
{
    const struct pci_shim *shim = shim_of(device);
    if (bytes != 4 || offset % 4)
        return false;
    *value = REG32(shim->table->bar_base[shim->bar], offset);
    return true;
}

bool pci_shim_forward_write(const struct mmio_device *device, u64 offset, unsigned bytes, u64 value)
{
    const struct pci_shim *shim = shim_of(device);
    if (bytes != 4 || offset % 4)
        return false;
    REG32(shim->table->bar_base[shim->bar], offset) = (u32)value;
    return true;
}

/* ---- the tree: a generic host bridge in the place of the device */

static bool set_addresses(const struct mmio_device *device, struct dt_edit *tree, int node)
{
    const struct pci_shim *shim = shim_of(device);
    const u32 native = (u32)shim->table->bar_base[shim->bar], size = (u32)shim->table->bar_size[shim->bar];
    const u32 reg[] = {0, (u32)device->base, 0, WINDOW_SIZE};
    const u32 bus_range[] = {0, 0};
    /* 32-bit memory: where the registers are, and where nothing is. The first that fits is taken. */
    const u32 ranges[] = {0x02000000, 0, native, 0, native, 0, size,
                          0x02000000, 0, MOVED_WINDOW, 0, MOVED_WINDOW, 0, MOVED_WINDOW_SIZE};
    return dt_set_cells(tree, node, "reg", reg, COUNT(reg)) &&
           dt_set_cells(tree, node, "bus-range", bus_range, COUNT(bus_range)) &&
           dt_set_cells(tree, node, "ranges", ranges, COUNT(ranges));
}

static bool set_interrupts(const struct pci_shim *shim, struct dt_edit *tree, int node)
{
    u32 parent = dt_cell(&tree->dt, dt_path(&tree->dt, "/"), "interrupt-parent", 0, 0);
    int controller = dt_compatible(&tree->dt, DT_NONE, gic_version() == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    u32 address_cells = dt_cell(&tree->dt, controller, "#address-cells", 0, 0);
    const u32 mask[] = {0xf800, 0, 0, 7}, one = 1;
    u32 map[12] = {(u32)shim->table->device << 11, 0, 0, shim->table->pin, parent};
    unsigned used = 5 + address_cells; /* the parent's unit address: zeroes */
    if (address_cells > 4)
        return false;
    map[used++] = 0; /* SPI, number, level-sensitive and high */
    map[used++] = shim->table->spi;
    map[used++] = 4;
    return dt_set_cells(tree, node, "#interrupt-cells", &one, 1) &&
           dt_set_cells(tree, node, "interrupt-map-mask", mask, COUNT(mask)) &&
           dt_set_cells(tree, node, "interrupt-map", map, used);
}

bool pci_shim_hide(const struct mmio_device *device, struct dt_edit *tree)
{
    int node = dt_path(&tree->dt, shim_of(device)->node);
    return node == DT_NONE || dt_remove_node(tree, node);
}

bool pci_shim_describe(const struct mmio_device *device, struct dt_edit *tree)
{
    const struct pci_shim *shim = shim_of(device);
    const u32 cells[] = {3, 2, 0};
    if (dt_path(&tree->dt, shim->node) == DT_NONE)
        return true; /* no device, no function */
    if (!pci_shim_hide(device, tree))
        return false;
    *shim->present = true;
    int node = dt_add_node(tree, 0, "pcie@3f000000");
    return node != DT_NONE && dt_set_string(tree, node, "compatible", "pci-host-ecam-generic") &&
           dt_set_string(tree, node, "device_type", "pci") && dt_set(tree, node, "dma-coherent", cells, 0) &&
           dt_set_cells(tree, node, "#address-cells", &cells[0], 1) &&
           dt_set_cells(tree, node, "#size-cells", &cells[1], 1) &&
           dt_set_cells(tree, node, "linux,pci-domain", &cells[2], 1) && set_addresses(device, tree, node) &&
           set_interrupts(shim, tree, node);
}
