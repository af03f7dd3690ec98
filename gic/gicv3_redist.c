/*
 * GICv3 redistributors (GICR): IHI 0069 section 12.11. One or two regions, 128 KiB for each PE: the RD frame, then
 * the SGI frame.
 *
 * RD: 0x0000 CTLR, 0x0004 IIDR, 0x0008 TYPER, 0x0010 STATUSR, 0x0014 WAKER, 0x0070 PROPBASER, 0x0078 PENDBASER,
 * 0xffd0 identification. SGI: 0x0080 IGROUPR0 to 0x0380 ICACTIVER0, 0x0400 IPRIORITYR, 0x0c00 ICFGR0, 0x0c04 ICFGR1,
 * 0x0d00 IGRPMODR0, 0x0e00 NSACR.
 *
 * LPIs exist where the configuration has an ITS; they can't be set through a redistributor (TYPER.DirectLPI is 0).
 */
#include "gic/internal.h"

enum {
    FRAME_SIZE = 0x10000,
    CTLR_ENABLE_LPIS = 1u << 0,
    WAKER_PROCESSOR_SLEEP = 1u << 1,
    WAKER_CHILDREN_ASLEEP = 1u << 2,
};

#define PROPBASER_MASK 0x070fffffffffff9full
#define PENDBASER_MASK 0x070fffffffff0f80ull
#define PENDBASER_PTZ  (1ull << 62)

/* TYPER.Last is of the region. */
static bool is_last(const struct gic_cpu_interface *cpu)
{
    const struct gic *gic = cpu->gic;
    return cpu->index == gic->config.cpus - 1 || cpu->index == gic->redistributors[0].count - 1;
}

static uint64_t read_type(const struct gic_cpu_interface *cpu)
{
    return cpu->affinity << 32 | (uint64_t)cpu->index << 8 | (uint64_t)is_last(cpu) << 4 | cpu->gic->config.its;
}

static void write_waker(struct gic_cpu_interface *cpu, bool secure, uint32_t value)
{
    if (!secure)
        return;
    cpu->waker = value & WAKER_PROCESSOR_SLEEP ? 1 : 0;
    gic_groups_changed(cpu->gic);
    gic_cpu_update(cpu);
}

/* With no LPI in flight between redistributor and PE, ChildrenAsleep follows ProcessorSleep at once. */
static uint32_t read_waker(const struct gic_cpu_interface *cpu, bool secure)
{
    return secure && cpu->waker ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
}

static void write_control(struct gic_cpu_interface *cpu, uint32_t value)
{
    if (!cpu->lpis)
        return;
    bool enable = value & CTLR_ENABLE_LPIS;
    if (enable == (cpu->gicr_ctlr & CTLR_ENABLE_LPIS))
        return;
    cpu->gicr_ctlr = enable;
    gic_lpi_enable(cpu);
    gic_cpu_update(cpu);
}

/* PROPBASER and PENDBASER, by halves or whole. Changing them while LPIs are enabled is UNPREDICTABLE: ignored. */
static bool access_base(struct gic_cpu_interface *cpu, uint64_t offset, unsigned size, bool write, uint64_t *value)
{
    if (offset < 0x70 || offset >= 0x80 || size < 4)
        return false;
    if (!cpu->lpis) {
        *value = 0;
        return true;
    }
    bool pending = offset >= 0x78;
    uint64_t *reg = pending ? &cpu->pendbaser : &cpu->propbaser;
    if (!write) {
        *value = gic_part(*reg & ~PENDBASER_PTZ, offset, size);
    } else if (cpu->gicr_ctlr & CTLR_ENABLE_LPIS) {
        log_message(cpu->gic->env->log, LOG_GUEST_ERROR, "gicr: %s of PE %u written while LPIs are enabled: ignored",
                    pending ? "PENDBASER" : "PROPBASER", cpu->index);
    } else {
        uint64_t writable = pending ? PENDBASER_MASK | PENDBASER_PTZ : PROPBASER_MASK;
        *reg = gic_with_part(*reg, offset, size, *value) & writable;
    }
    return true;
}

static bool read_rd(struct gic_cpu_interface *cpu, uint64_t offset, unsigned size, bool secure, uint64_t *value)
{
    if (access_base(cpu, offset, size, false, value))
        return true;
    if (offset == 0x0008 && size == 8) {
        *value = read_type(cpu);
        return true;
    }
    if (size != 4)
        return false;
    if (offset >= 0xffd0) {
        *value = gic_id_register(cpu->gic, offset, 0x93);
        return true;
    }
    switch (offset) {
    case 0x0000:
        *value = cpu->gicr_ctlr;
        return true;
    case 0x0004:
        *value = GIC_IMPLEMENTER;
        return true;
    case 0x0008:
        *value = (uint32_t)read_type(cpu);
        return true;
    case 0x000c:
        *value = read_type(cpu) >> 32;
        return true;
    case 0x0014:
        *value = read_waker(cpu, secure);
        return true;
    case 0x0010:
        return true; /* STATUSR: not implemented, RES0 */
    default:
        return false;
    }
}

static bool write_rd(struct gic_cpu_interface *cpu, uint64_t offset, unsigned size, bool secure, uint64_t value)
{
    if (access_base(cpu, offset, size, true, &value))
        return true;
    if (size != 4)
        return false;
    switch (offset) {
    case 0x0000:
        write_control(cpu, (uint32_t)value);
        return true;
    case 0x0010:
        return true;
    case 0x0014:
        write_waker(cpu, secure, (uint32_t)value);
        return true;
    default:
        return false;
    }
}

static enum bus_result redistributor_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                          uint64_t *value)
{
    const struct gic_redistributor_region *region = opaque;
    struct gic *gic = region->gic;
    struct gic_cpu_interface *cpu = &gic->cpus[region->first + offset / (2 * FRAME_SIZE)];
    uint64_t at = offset % FRAME_SIZE;
    bool secure = gic_access_secure(gic, attrs);
    *value = 0;
    bool found = offset & FRAME_SIZE ? gic_private_registers_read(cpu, at, size, secure, value)
                                     : read_rd(cpu, at, size, secure, value);
    if (!found)
        gic_bad_access(gic, "gicr", false, offset, size);
    return BUS_OK;
}

static enum bus_result redistributor_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                           uint64_t value)
{
    const struct gic_redistributor_region *region = opaque;
    struct gic *gic = region->gic;
    struct gic_cpu_interface *cpu = &gic->cpus[region->first + offset / (2 * FRAME_SIZE)];
    uint64_t at = offset % FRAME_SIZE;
    bool secure = gic_access_secure(gic, attrs);
    bool found = offset & FRAME_SIZE ? gic_private_registers_write(cpu, at, size, secure, value)
                                     : write_rd(cpu, at, size, secure, value);
    if (!found)
        gic_bad_access(gic, "gicr", true, offset, size);
    return BUS_OK;
}

const struct bus_ops gicv3_redistributor_ops = {redistributor_read, redistributor_write, 1 | 2 | 4 | 8};
