/* The device tree node: bindings interrupt-controller/arm,gic.yaml and arm,gic-v3.yaml, as QEMU's virt writes them. */
#include "devices/fdt_writer.h"
#include "gic/internal.h"

static void describe_maintenance(const struct gic *gic, struct fdt_writer *writer)
{
    struct fdt_interrupt interrupt = {FDT_PPI, gic->config.maintenance_intid - GIC_SGIS, FDT_LEVEL_HIGH};
    if (gic->config.version == 2)
        interrupt.flags |= ((1u << gic->config.cpus) - 1) << 8;
    fdtw_interrupts(writer, &interrupt, 1);
}

static void describe_v2(const struct gic *gic, struct fdt_writer *writer)
{
    const struct gic_config *config = &gic->config;
    const uint64_t frames[4][2] = {
        {config->distributor_base, 0x10000},
        {config->cpu_base, 0x10000},
        {config->hypervisor_base, 0x10000},
        {config->virtual_cpu_base, 0x10000},
    };
    fdtw_string(writer, "compatible", "arm,cortex-a15-gic");
    fdtw_reg(writer, frames, config->virtualization ? 4 : 2);
}

static void describe_msi_frame(const struct gic *gic, struct fdt_writer *writer)
{
    const uint64_t frame[1][2] = {{gic->config.msi_base, 0x1000}};
    fdtw_begin_at(writer, "v2m", gic->config.msi_base);
    fdtw_string(writer, "compatible", "arm,gic-v2m-frame");
    fdtw_empty(writer, "msi-controller");
    fdtw_reg(writer, frame, 1);
    fdtw_u32(writer, "phandle", FDT_PHANDLE_GIC_V2M);
    fdtw_end(writer);
}

static void describe_its(const struct gic *gic, struct fdt_writer *writer)
{
    const uint64_t frame[1][2] = {{gic->config.its_base, 0x20000}};
    fdtw_begin_at(writer, "its", gic->config.its_base);
    fdtw_string(writer, "compatible", "arm,gic-v3-its");
    fdtw_empty(writer, "msi-controller");
    fdtw_u32(writer, "#msi-cells", 1);
    fdtw_reg(writer, frame, 1);
    fdtw_u32(writer, "phandle", FDT_PHANDLE_GIC_ITS);
    fdtw_end(writer);
}

static void describe_v3(const struct gic *gic, struct fdt_writer *writer)
{
    const struct gic_config *config = &gic->config;
    const struct gic_redistributor_region *regions = gic->redistributors;
    const uint64_t frames[3][2] = {
        {config->distributor_base, 0x10000},
        {config->redistributor_base, 0x20000ull * regions[0].count},
        {config->redistributor_high_base, 0x20000ull * regions[1].count},
    };
    unsigned count = regions[1].count ? 2 : 1;
    fdtw_string(writer, "compatible", "arm,gic-v3");
    fdtw_u32(writer, "#redistributor-regions", count);
    fdtw_reg(writer, frames, 1 + count);
}

int gic_describe(struct gic *gic, struct fdt_writer *writer)
{
    fdtw_begin_at(writer, "intc", gic->config.distributor_base);
    fdtw_u32(writer, "phandle", gic->config.phandle);
    fdtw_empty(writer, "interrupt-controller");
    fdtw_u32(writer, "#interrupt-cells", 3);
    fdtw_u32(writer, "#address-cells", 2);
    fdtw_u32(writer, "#size-cells", 2);
    fdtw_empty(writer, "ranges");
    if (gic->config.version == 2)
        describe_v2(gic, writer);
    else
        describe_v3(gic, writer);
    if (gic->config.virtualization)
        describe_maintenance(gic, writer);
    if (gic->config.its)
        describe_its(gic, writer);
    if (gic->config.msi_spis)
        describe_msi_frame(gic, writer);
    fdtw_end(writer);
    return fdtw_error(writer);
}
