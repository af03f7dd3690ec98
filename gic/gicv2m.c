/*
 * The GICv2m MSI frame. Specification: Arm Server Base System Architecture 2.3 (ARM-DEN-0029), appendix E.
 *
 *   0x008 MSI_TYPER     first SPI's INTID in [25:16], how many in [9:0]
 *   0x040 MSI_SETSPI_NS a write of an INTID of the frame makes the SPI pending
 *   0xfcc MSI_IIDR
 *
 * An SPI gets a pulse, so it must be edge-triggered (GICD_ICFGR), as its driver makes it. Other registers are reserved:
 * they read as zero and ignore writes. There is no Secure frame.
 */
#include "gic/internal.h"

enum { MSI_TYPER = 0x008, MSI_SETSPI_NS = 0x040, MSI_IIDR = 0xfcc };

static enum bus_result frame_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    const struct gic *gic = opaque;
    *value = 0;
    if (offset == MSI_TYPER)
        *value = (GIC_PRIVATE + gic->config.msi_first_spi) << 16 | gic->config.msi_spis;
    else if (offset == MSI_IIDR)
        *value = GIC_IMPLEMENTER;
    else if (!attrs.debug)
        gic_bad_access(gic, "gicv2m", false, offset, size);
    return BUS_OK;
}

static enum bus_result frame_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct gic *gic = opaque;
    uint64_t spi = value - GIC_PRIVATE - gic->config.msi_first_spi;
    if (attrs.debug)
        return BUS_DEVICE_ERROR;
    if (offset == MSI_SETSPI_NS && spi < gic->config.msi_spis)
        irq_pulse(gic_spi(gic, gic->config.msi_first_spi + (unsigned)spi));
    else
        gic_bad_access(gic, "gicv2m", true, offset, size);
    return BUS_OK;
}

static const struct bus_ops frame_ops = {frame_read, frame_write, 4};

int gicv2m_create(struct gic *gic)
{
    return bus_add_mmio(gic->env->bus, "gicv2m", gic->config.msi_base, 0x1000, PAS_MASK_BOTH, &frame_ops, gic, NULL);
}
