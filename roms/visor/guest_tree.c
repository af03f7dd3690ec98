/* What a guest is told about its machine: the map of the board `virt`, with the devices it has. */
#include "roms/lib/memory.h"
#include "roms/visor/config.h"
#include "roms/visor/host.h"

enum { GIC_PHANDLE = 1, CLOCK_PHANDLE = 2 };
enum { SPI = 0, PPI = 1, EDGE_RISING = 1, LEVEL_HIGH = 4 };

static void write_cpus(struct dt_writer *tree, const struct vm *vm)
{
    dt_node(tree, "cpus");
    DT_CELLS(tree, "#address-cells", 1);
    DT_CELLS(tree, "#size-cells", 0);
    for (u32 i = 0; i < vm->vcpu_count; i++) {
        dt_node_at(tree, "cpu", i);
        dt_put_string(tree, "device_type", "cpu");
        dt_put_string(tree, "compatible", "arm,armv8");
        DT_CELLS(tree, "reg", i);
        dt_put_string(tree, "enable-method", "psci");
        dt_node_end(tree);
    }
    dt_node_end(tree);
    dt_node(tree, "psci");
    dt_put(tree, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
    dt_put_string(tree, "method", "hvc");
    dt_node_end(tree);
}

static void write_gic(struct dt_writer *tree, const struct vm *vm)
{
    dt_node_at(tree, "interrupt-controller", VGIC_GICD);
    dt_put_string(tree, "compatible", host.gic_version == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
    if (host.gic_version == 3)
        DT_CELLS(tree, "reg", 0, VGIC_GICD, 0, 0x10000, 0, VGIC_GICR, 0, vm->vcpu_count * VGIC_GICR_SIZE);
    else
        DT_CELLS(tree, "reg", 0, VGIC_GICD, 0, 0x10000, 0, VGIC_GICC, 0, 0x2000);
    DT_CELLS(tree, "#interrupt-cells", 3);
    DT_CELLS(tree, "#address-cells", 0);
    DT_EMPTY(tree, "interrupt-controller");
    DT_CELLS(tree, "phandle", GIC_PHANDLE);
    dt_node_end(tree);
}

static void write_timer(struct dt_writer *tree, const struct vm *vm)
{
    u32 flags = LEVEL_HIGH | (host.gic_version == 2 ? ((1u << vm->vcpu_count) - 1) << 8 : 0);
    dt_node(tree, "timer");
    dt_put_string(tree, "compatible", "arm,armv8-timer");
    DT_CELLS(tree, "interrupts", PPI, 13, flags, PPI, 14, flags, PPI, 11, flags, PPI, 10, flags);
    DT_EMPTY(tree, "always-on");
    dt_node_end(tree);
}

static void write_uart(struct dt_writer *tree)
{
    dt_node(tree, "apb-pclk");
    dt_put_string(tree, "compatible", "fixed-clock");
    DT_CELLS(tree, "#clock-cells", 0);
    DT_CELLS(tree, "clock-frequency", 24000000);
    DT_CELLS(tree, "phandle", CLOCK_PHANDLE);
    dt_node_end(tree);
    dt_node_at(tree, "pl011", 0x09000000);
    dt_put(tree, "compatible", "arm,pl011\0arm,primecell", 24);
    DT_CELLS(tree, "reg", 0, 0x09000000, 0, 0x1000);
    DT_CELLS(tree, "interrupts", SPI, 1, LEVEL_HIGH);
    DT_CELLS(tree, "clocks", CLOCK_PHANDLE, CLOCK_PHANDLE);
    dt_put(tree, "clock-names", "uartclk\0apb_pclk", 17);
    dt_node_end(tree);
}

static void write_virtio(struct dt_writer *tree, u64 base, u32 spi)
{
    dt_node_at(tree, "virtio_mmio", base);
    dt_put_string(tree, "compatible", "virtio,mmio");
    DT_CELLS(tree, "reg", (u32)(base >> 32), (u32)base, 0, VIRTIO_STRIDE);
    DT_CELLS(tree, "interrupts", SPI, spi, EDGE_RISING);
    DT_EMPTY(tree, "dma-coherent");
    dt_node_end(tree);
}

/* The machine's own slots, for the guest that they are passed to. */
static void write_passed_virtio(struct dt_writer *tree)
{
    u64 base;
    for (int node = dt_compatible(&host.fdt, DT_NONE, "virtio,mmio"); node != DT_NONE;
         node = dt_compatible(&host.fdt, node, "virtio,mmio")) {
        if (dt_reg(&host.fdt, node, 0, &base, NULL))
            write_virtio(tree, base, dt_cell(&host.fdt, node, "interrupts", 1, 0));
    }
}

static void write_chosen(struct dt_writer *tree, const struct vm *vm, u64 initrd_start, u64 initrd_end)
{
    const struct config *config = vm->config;
    char line[512] = "";
    u64 length = config->cmdline.size;
    dt_node(tree, "chosen");
    while (length && (config->cmdline.data[length - 1] == '\n' || config->cmdline.data[length - 1] == 0))
        length--;
    length = length < sizeof(line) - 1 ? length : sizeof(line) - 1;
    memcpy(line, config->cmdline.data, length);
    dt_put_string(tree, "bootargs", line);
    dt_put_string(tree, "stdout-path", "/pl011@9000000");
    if (initrd_end > initrd_start) {
        dt_put_u64(tree, "linux,initrd-start", initrd_start);
        dt_put_u64(tree, "linux,initrd-end", initrd_end);
    }
    dt_node_end(tree);
}

u32 guest_tree(const struct vm *vm, void *memory, u32 capacity, u64 initrd_start, u64 initrd_end)
{
    struct dt_writer writer, *tree = &writer;
    dt_write_begin(tree, memory, capacity);
    dt_node(tree, "");
    DT_CELLS(tree, "#address-cells", 2);
    DT_CELLS(tree, "#size-cells", 2);
    DT_CELLS(tree, "interrupt-parent", GIC_PHANDLE);
    dt_put_string(tree, "compatible", "linux,dummy-virt");
    dt_put_string(tree, "model", "armsim visor guest");
    write_chosen(tree, vm, initrd_start, initrd_end);
    dt_node_at(tree, "memory", vm->ram_ipa);
    dt_put_string(tree, "device_type", "memory");
    DT_CELLS(tree, "reg", (u32)(vm->ram_ipa >> 32), (u32)vm->ram_ipa, (u32)(vm->ram_size >> 32), (u32)vm->ram_size);
    dt_node_end(tree);
    write_cpus(tree, vm);
    write_gic(tree, vm);
    write_timer(tree, vm);
    write_uart(tree);
    if (vm->config->passed_virtio)
        write_passed_virtio(tree);
    for (unsigned i = 0; i < vm->disk_count; i++)
        write_virtio(tree, VIRTIO_DISK_BASE + i * VIRTIO_STRIDE, VIRTIO_DISK_INTID - 32 + i);
    dt_node_end(tree);
    return dt_write_end(tree);
}
