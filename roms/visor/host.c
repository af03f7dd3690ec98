#include "roms/visor/host.h"

struct host host;

struct pe *this_pe(void)
{
    return (struct pe *)READ(tpidr_el2);
}

static void find_pes(void)
{
    const struct dt *fdt = &host.fdt;
    int cpus = dt_path(fdt, "/cpus");
    u64 own = READ(mpidr_el1) & 0xff00ffffff, address;
    /* The PE that runs already is the first, wherever the tree has it. */
    host.pes[0].mpidr = own;
    host.pe_count = 1;
    for (int cpu = dt_first_child(fdt, cpus); cpu != DT_NONE; cpu = dt_next_sibling(fdt, cpu)) {
        if (!dt_has_string(fdt, cpu, "device_type", "cpu") || !dt_reg(fdt, cpu, 0, &address, NULL) || address == own ||
            host.pe_count == MAX_PES)
            continue;
        host.pes[host.pe_count].index = host.pe_count;
        host.pes[host.pe_count++].mpidr = address;
    }
}

static bool find_gic(void)
{
    const struct dt *fdt = &host.fdt;
    int node = dt_compatible(fdt, DT_NONE, "arm,gic-v3");
    if (node != DT_NONE) {
        host.gic_version = 3;
        return dt_reg(fdt, node, 0, &host.gicd, NULL) && dt_reg(fdt, node, 1, &host.gicr, &host.gicr_size);
    }
    static const char *const names[] = {"arm,cortex-a15-gic", "arm,gic-400"};
    for (unsigned i = 0; i < COUNT(names) && node == DT_NONE; i++)
        node = dt_compatible(fdt, DT_NONE, names[i]);
    host.gic_version = 2;
    return dt_reg(fdt, node, 0, &host.gicd, NULL) && dt_reg(fdt, node, 1, &host.gicc, NULL) &&
           dt_reg(fdt, node, 2, &host.gich, NULL) && dt_reg(fdt, node, 3, &host.gicv, NULL);
}

static void find_virtio(void)
{
    u64 base, size;
    for (int node = dt_compatible(&host.fdt, DT_NONE, "virtio,mmio"); node != DT_NONE;
         node = dt_compatible(&host.fdt, node, "virtio,mmio")) {
        if (!dt_reg(&host.fdt, node, 0, &base, &size))
            continue;
        u64 end = host.virtio + host.virtio_size;
        if (!host.virtio_size)
            host.virtio = end = base;
        if (base + size > end)
            end = base + size;
        if (base < host.virtio)
            host.virtio = base;
        host.virtio_size = end - host.virtio;
    }
}

bool host_read_tree(const void *blob)
{
    struct dt *fdt = &host.fdt;
    if (!dt_open(fdt, blob))
        return false;
    int uart = dt_compatible(fdt, DT_NONE, "arm,pl011"), chosen = dt_path(fdt, "/chosen");
    if (!dt_reg(fdt, uart, 0, &host.uart, NULL))
        return false;
    host.uart_spi = 32 + dt_cell(fdt, uart, "interrupts", 1, 1);
    host.initrd_start = dt_number(fdt, chosen, "linux,initrd-start", 0);
    host.initrd_end = dt_number(fdt, chosen, "linux,initrd-end", 0);
    host.psci_by_hvc = dt_has_string(fdt, dt_path(fdt, "/psci"), "method", "hvc");
    find_pes();
    find_virtio();
    return find_gic();
}
