/*
 * The PCI Express host bridge. Specification: PCI Express Base 3.0, section 7.2.2 (ECAM); device tree binding
 * pci/host-generic-pci.yaml ("pci-host-ecam-generic").
 *
 * Windows: ECAM (configuration space: address bits 27 to 20 bus, 19 to 15 device, 14 to 12 function, 11 to 0 register),
 * I/O, memory below 4 GiB, memory above. Bus 0 has the bridge itself, which has no registers, and a function 0 in each
 * slot that is taken; everything else is absent: reads are all ones, writes are lost. So are accesses in a window that
 * no BAR claims, and ones of a size that the function doesn't take; they are logged as guest errors.
 *
 * A function appears in a window where its BARs lie, while its command register enables them. Where BARs overlap, the
 * lowest slot's lowest BAR answers. Pins of slot s: INTA is line s % 4, and so on round. PEs only: a function's write to
 * a window (peer-to-peer) is refused.
 */
#include "devices/fdt_writer.h"
#include "devices/pci/pci_function.h"

#include <inttypes.h>
#include <stdlib.h>

struct pci_host;

/* A window on the bus; what the bus's functions get. */
struct claimed {
    struct pci_host *host;
    struct pci_window window;
    bool io;
};

struct pci_host {
    struct device device;
    struct pci_host_place place;
    struct claimed claimed[3];
    struct pci_function *slot[PCI_SLOTS];
    unsigned slots;
};

enum { BUS_SHIFT = 20, SLOT_SHIFT = 15, FUNCTION_SHIFT = 12, REGISTER_MASK = 0xfff };

static bool is_dma(struct bus_attrs attrs)
{
    return (attrs.requester & BUS_REQUESTER_DMA) && !attrs.debug;
}

/* --- configuration space --- */

static struct pci_function *function_at(const struct pci_host *host, uint64_t offset)
{
    unsigned slot = offset >> SLOT_SHIFT & (PCI_SLOTS - 1), number = offset >> FUNCTION_SHIFT & 7;
    return offset >> BUS_SHIFT || number || slot >= host->slots ? NULL : host->slot[slot];
}

static enum bus_result config_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                   uint64_t *value)
{
    struct pci_function *function = function_at(opaque, offset);
    if (is_dma(attrs))
        return BUS_DEVICE_ERROR;
    *value = function ? pci_config_read(function, offset & REGISTER_MASK, size, attrs.debug) : bus_ones(size);
    return BUS_OK;
}

static enum bus_result config_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                    uint64_t value)
{
    struct pci_function *function = function_at(opaque, offset);
    if (attrs.debug || is_dma(attrs))
        return BUS_DEVICE_ERROR;
    if (function)
        pci_config_write(function, offset & REGISTER_MASK, size, (uint32_t)value);
    return BUS_OK;
}

/* --- the windows --- */

static const struct pci_bar *decode(const struct claimed *claimed, uint64_t offset, uint64_t *inside)
{
    const struct pci_host *host = claimed->host;
    uint64_t address = claimed->io ? offset : claimed->window.base + offset;
    for (unsigned i = 0; i < host->slots; i++) {
        const struct pci_bar *bar = host->slot[i] ? pci_function_decode(host->slot[i], claimed->io, address, inside) : NULL;
        if (bar)
            return bar;
    }
    return NULL;
}

static bool takes(const struct pci_bar *bar, unsigned size)
{
    return (bar->ops->sizes ? bar->ops->sizes : 1 | 2 | 4) & size;
}

static void unclaimed(const struct claimed *claimed, const char *what, uint64_t offset, unsigned size,
                      struct bus_attrs attrs)
{
    if (!attrs.debug)
        log_message(claimed->host->device.env->log, LOG_GUEST_ERROR,
                    "%s: %s of %u bytes at %#" PRIx64 ", which no BAR takes", claimed->host->device.name, what, size,
                    claimed->window.base + offset);
}

static enum bus_result window_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                   uint64_t *value)
{
    const struct claimed *claimed = opaque;
    uint64_t inside, high;
    const struct pci_bar *bar = decode(claimed, offset, &inside);
    if (is_dma(attrs))
        return BUS_DEVICE_ERROR;
    if (bar && size == 8 && !takes(bar, 8) && takes(bar, 4)) { /* two doublewords of one packet */
        if (bar->ops->read(bar->opaque, inside, 4, attrs, value) == BUS_OK &&
            bar->ops->read(bar->opaque, inside + 4, 4, attrs, &high) == BUS_OK) {
            *value |= high << 32;
            return BUS_OK;
        }
    } else if (bar && takes(bar, size) && bar->ops->read(bar->opaque, inside, size, attrs, value) == BUS_OK) {
        return BUS_OK;
    }
    unclaimed(claimed, "read", offset, size, attrs);
    *value = bus_ones(size);
    return BUS_OK;
}

static enum bus_result window_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                    uint64_t value)
{
    const struct claimed *claimed = opaque;
    uint64_t inside;
    const struct pci_bar *bar = decode(claimed, offset, &inside);
    if (attrs.debug || is_dma(attrs))
        return BUS_DEVICE_ERROR;
    if (bar && size == 8 && !takes(bar, 8) && takes(bar, 4)) {
        if (bar->ops->write(bar->opaque, inside, 4, attrs, value & UINT32_MAX) == BUS_OK &&
            bar->ops->write(bar->opaque, inside + 4, 4, attrs, value >> 32) == BUS_OK)
            return BUS_OK;
    } else if (bar && takes(bar, size) && bar->ops->write(bar->opaque, inside, size, attrs, value) == BUS_OK) {
        return BUS_OK;
    }
    unclaimed(claimed, "write", offset, size, attrs);
    return BUS_OK;
}

static const struct bus_ops window_ops = {window_read, window_write, 1 | 2 | 4 | 8};

/* --- functions and their pins --- */

int pci_host_plug(struct device *device, struct pci_function *function)
{
    struct pci_host *host = (struct pci_host *)device;
    if (host->slots == PCI_SLOTS)
        return -1;
    host->slot[host->slots] = function;
    return (int)host->slots++;
}

void pci_host_unplug(struct device *device, struct pci_function *function)
{
    struct pci_host *host = (struct pci_host *)device;
    for (unsigned i = 0; i < host->slots; i++)
        if (host->slot[i] == function)
            host->slot[i] = NULL;
}

void pci_host_update_lines(struct device *device)
{
    struct pci_host *host = (struct pci_host *)device;
    bool level[PCI_PINS] = {false};
    for (unsigned i = 0; i < host->slots; i++)
        if (host->slot[i] && pci_function_pin(host->slot[i]))
            level[(i + host->slot[i]->info.pin - 1) % PCI_PINS] = true;
    for (unsigned i = 0; i < PCI_PINS; i++)
        irq_set(host->place.lines[i], level[i]);
}

/* --- the device tree --- */

static void add_cells(uint32_t *cells, size_t *count, const uint32_t *more, size_t size)
{
    for (size_t i = 0; i < size; i++)
        cells[(*count)++] = more[i];
}

/* A range: PCI address (whose first cell says the kind of space), the PEs' address, size. */
static void add_range(uint32_t *cells, size_t *count, uint32_t space, uint64_t pci, const struct pci_window *window)
{
    if (!window->size)
        return;
    const uint32_t range[7] = {space, (uint32_t)(pci >> 32), (uint32_t)pci, (uint32_t)(window->base >> 32),
                               (uint32_t)window->base, (uint32_t)(window->size >> 32), (uint32_t)window->size};
    add_cells(cells, count, range, 7);
}

static void describe_ranges(const struct pci_host_place *place, struct fdt_writer *writer)
{
    enum { SPACE_IO = 0x01000000, SPACE_MEMORY = 0x02000000, SPACE_MEMORY64 = 0x03000000 };
    uint32_t cells[3 * 7];
    size_t count = 0;
    add_range(cells, &count, SPACE_IO, 0, &place->io);
    add_range(cells, &count, SPACE_MEMORY, place->memory.base, &place->memory);
    add_range(cells, &count, SPACE_MEMORY64, place->memory64.base, &place->memory64);
    fdtw_cells(writer, "ranges", cells, count);
}

/* Slots that differ by a multiple of 4 have the same lines: the mask has two bits of the slot. */
static void describe_pins(const struct pci_host_place *place, struct fdt_writer *writer)
{
    static const uint32_t mask[4] = {0x1800, 0, 0, 7};
    uint32_t cells[PCI_PINS * PCI_PINS * 10];
    size_t count = 0;
    for (uint32_t slot = 0; slot < PCI_PINS; slot++)
        for (uint32_t pin = 0; pin < PCI_PINS; pin++) {
            const uint32_t entry[10] = {slot << 11, 0, 0, pin + 1, place->interrupt_parent, 0, 0, FDT_SPI,
                                        place->first_spi + (slot + pin) % PCI_PINS, FDT_LEVEL_HIGH};
            add_cells(cells, &count, entry, 10);
        }
    fdtw_cells(writer, "interrupt-map", cells, count);
    fdtw_cells(writer, "interrupt-map-mask", mask, 4);
}

static int describe(struct device *device, struct fdt_writer *writer)
{
    const struct pci_host_place *place = &((struct pci_host *)device)->place;
    const uint64_t reg[1][2] = {{place->ecam.base, place->ecam.size}};
    const uint32_t buses[2] = {0, (uint32_t)(place->ecam.size >> BUS_SHIFT) - 1};
    fdtw_begin_at(writer, "pcie", place->memory.base);
    fdtw_string(writer, "compatible", "pci-host-ecam-generic");
    fdtw_string(writer, "device_type", "pci");
    fdtw_u32(writer, "#address-cells", 3);
    fdtw_u32(writer, "#size-cells", 2);
    fdtw_u32(writer, "#interrupt-cells", 1);
    fdtw_u32(writer, "linux,pci-domain", 0);
    fdtw_cells(writer, "bus-range", buses, 2);
    fdtw_reg(writer, reg, 1);
    fdtw_empty(writer, "dma-coherent");
    describe_ranges(place, writer);
    describe_pins(place, writer);
    if (place->msi_parent) {
        const uint32_t map[4] = {0, place->msi_parent, 0, 0x10000};
        fdtw_cells(writer, "msi-map", map, 4);
    }
    fdtw_end(writer);
    return fdtw_error(writer);
}

/* --- life --- */

static int attach(struct device *device, const struct bus_region **other)
{
    struct pci_host *host = (struct pci_host *)device;
    static const char *const names[] = {"pci-io", "pci-memory", "pci-memory64"};
    int error = bus_add_mmio(device->env->bus, device->name, device->base, device->size, device->pas_mask,
                             &device->ops->bus, host, other);
    for (unsigned i = 0; i < 3 && !error; i++)
        if (host->claimed[i].window.size)
            error = bus_add_mmio(device->env->bus, names[i], host->claimed[i].window.base, host->claimed[i].window.size,
                                 device->pas_mask, &window_ops, &host->claimed[i], other);
    return error;
}

static void destroy(struct device *device)
{
    free(device);
}

static const struct device_ops host_ops = {
    .model = "pci-host",
    .bus = {.read = config_read, .write = config_write, .sizes = 1 | 2 | 4},
    .state_version = 1,
    .attach = attach,
    .destroy = destroy,
    .describe = describe,
};

struct device *pci_host_create(const struct device_env *env, const struct pci_host_place *place)
{
    struct pci_host *host = calloc(1, sizeof(*host));
    if (!host)
        return NULL;
    device_init(&host->device, &host_ops, env, place->ecam.base, place->ecam.size, place->pas_mask, NULL, 0);
    host->place = *place;
    host->claimed[0] = (struct claimed){host, place->io, true};
    host->claimed[1] = (struct claimed){host, place->memory, false};
    host->claimed[2] = (struct claimed){host, place->memory64, false};
    return &host->device;
}
