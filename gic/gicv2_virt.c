/*
 * GICv2 virtual interface control (GICH) and virtual CPU interface (GICV): IHI 0048B chapter 5.
 *
 * GICH: 0x00 HCR, 0x04 VTR, 0x08 VMCR, 0x10 MISR, 0x20 EISR0, 0x24 EISR1, 0x30 ELRSR0, 0x34 ELRSR1, 0xf0 APR,
 * 0x100 LR0... The requester's index selects the copy; as in GIC-400, 0x1000 + 0x200 * n shows PE n's to all.
 * GICV: as GICC, without a Security state: 0x00 CTLR to 0x28 AHPPIR, 0xd0 APR, 0xfc IIDR, 0x1000 DIR.
 */
#include "gic/internal.h"

static struct gic_cpu_interface *requester(struct gic *gic, struct bus_attrs attrs)
{
    return attrs.requester < gic->config.cpus ? &gic->cpus[attrs.requester] : NULL;
}

/* --- GICH_LR<n> is ICH_LR<n>_EL2 with narrower fields --- */

static uint32_t lr_to_v2(uint64_t lr)
{
    return (uint32_t)((lr & 0x3ff) | (lr >> 32 & 0x3ff) << 10 | (lr >> 51 & 31) << 23 | (lr >> 62) << 28 |
                      (lr >> 60 & 1) << 30 | (lr >> 61 & 1) << 31);
}

static uint64_t lr_from_v2(uint64_t value)
{
    return (value & 0x3ff) | (value >> 10 & 0x3ff) << 32 | (value >> 23 & 31) << 51 | (value >> 28 & 3) << 62 |
           (value >> 30 & 1) << 60 | (value >> 31 & 1) << 61;
}

/* --- GICH --- */

static struct gic_cpu_interface *select_interface(struct gic *gic, struct bus_attrs attrs, uint64_t *offset)
{
    if (*offset < 0x1000)
        return requester(gic, attrs);
    unsigned index = (unsigned)(*offset - 0x1000) / 0x200;
    *offset &= 0x1ff;
    return index < gic->config.cpus ? &gic->cpus[index] : NULL;
}

static bool is_list_register(const struct gic *gic, uint64_t offset)
{
    return offset >= 0x100 && offset < 0x100 + 4 * gic->config.list_registers;
}

static bool read_hypervisor(const struct gic_cpu_interface *cpu, uint64_t offset, uint64_t *value)
{
    if (is_list_register(cpu->gic, offset)) {
        *value = lr_to_v2(cpu->virt.lr[(offset - 0x100) / 4]);
        return true;
    }
    switch (offset) {
    case 0x00:
        *value = cpu->virt.hcr;
        return true;
    case 0x04:
        *value = gic_virtual_vtr(cpu);
        return true;
    case 0x08:
        *value = cpu->virt.vmcr;
        return true;
    case 0x10:
        *value = gic_virtual_misr(cpu);
        return true;
    case 0x20:
        *value = gic_virtual_eisr(cpu);
        return true;
    case 0x30:
        *value = gic_virtual_elrsr(cpu);
        return true;
    case 0xf0:
        *value = cpu->virt.active[0].apr[0];
        return true;
    case 0x24:
    case 0x34:
        return true; /* list registers 32 to 63 */
    default:
        return false;
    }
}

static bool write_hypervisor(struct gic_cpu_interface *cpu, uint64_t offset, uint32_t value)
{
    if (is_list_register(cpu->gic, offset)) {
        gic_virtual_write_lr(cpu, (unsigned)(offset - 0x100) / 4, lr_from_v2(value));
        return true;
    }
    switch (offset) {
    case 0x00:
        gic_virtual_write_hcr(cpu, value);
        return true;
    case 0x08:
        gic_virtual_write_vmcr(cpu, value);
        return true;
    case 0xf0:
        cpu->virt.active[0].apr[0] = value;
        gic_virtual_update(cpu);
        return true;
    default:
        return false;
    }
}

static enum bus_result hypervisor_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                       uint64_t *value)
{
    uint64_t at = offset;
    struct gic_cpu_interface *cpu = select_interface(opaque, attrs, &at);
    *value = 0;
    if (!cpu || size != 4 || !read_hypervisor(cpu, at, value))
        gic_bad_access(opaque, "gich", false, offset, size);
    return BUS_OK;
}

static enum bus_result hypervisor_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                        uint64_t value)
{
    uint64_t at = offset;
    struct gic_cpu_interface *cpu = select_interface(opaque, attrs, &at);
    if (!cpu || size != 4 || !write_hypervisor(cpu, at, (uint32_t)value))
        gic_bad_access(opaque, "gich", true, offset, size);
    return BUS_OK;
}

/* --- GICV --- */

enum {
    CONTROL_MASK =
        ICH_VMCR_VENG0 | ICH_VMCR_VENG1 | ICH_VMCR_VACKCTL | ICH_VMCR_VFIQEN | ICH_VMCR_VCBPR | ICH_VMCR_VEOIM
};

static uint32_t visible_pending(const struct gic_cpu_interface *cpu, struct gic_virtual_pending pending, bool alias)
{
    if (pending.lr < 0)
        return GIC_NONE;
    if (pending.group == 0 && alias)
        return GIC_NONE;
    if (pending.group == 1 && !alias && !(cpu->virt.vmcr & ICH_VMCR_VACKCTL))
        return GIC_GROUP1_PENDING;
    uint64_t lr = cpu->virt.lr[pending.lr];
    uint32_t vintid = LR_VINTID(lr);
    return vintid < GIC_SGIS && !(lr & LR_HW) ? vintid | (LR_PINTID(lr) & 7) << 10 : vintid;
}

static uint32_t read_acknowledge(struct gic_cpu_interface *cpu, bool alias, bool debug)
{
    struct gic_virtual_pending pending = gic_virtual_pending(cpu);
    if (!gic_virtual_can_signal(cpu, pending))
        return GIC_NONE;
    uint32_t intid = visible_pending(cpu, pending, alias);
    if (debug || intid == GIC_NONE || intid == GIC_GROUP1_PENDING)
        return intid;
    return gic_virtual_acknowledge(cpu, pending);
}

static bool read_virtual(struct gic_cpu_interface *cpu, uint64_t offset, bool debug, uint64_t *value)
{
    const struct gic_virtual *v = &cpu->virt;
    switch (offset) {
    case 0x00:
        *value = v->vmcr & CONTROL_MASK;
        return true;
    case 0x04:
        *value = vmcr_pmr(v);
        return true;
    case 0x08:
        *value = vmcr_bpr0(v);
        return true;
    case 0x0c:
        *value = read_acknowledge(cpu, false, debug);
        return true;
    case 0x14:
        *value = gic_virtual_running(cpu);
        return true;
    case 0x18:
        *value = visible_pending(cpu, gic_virtual_pending(cpu), false);
        return true;
    case 0x1c:
        *value = gic_virtual_read_bpr1(cpu);
        return true;
    case 0x20:
        *value = read_acknowledge(cpu, true, debug);
        return true;
    case 0x28:
        *value = visible_pending(cpu, gic_virtual_pending(cpu), true);
        return true;
    case 0xd0:
        *value = v->active[0].apr[0];
        return true;
    case 0xfc:
        *value = GICV2_INTERFACE_ID;
        return true;
    case 0x10:
    case 0x24:
    case 0xd4 ... 0xec:
    case 0x1000:
        return true;
    default:
        return false;
    }
}

static bool write_virtual(struct gic_cpu_interface *cpu, uint64_t offset, uint32_t value)
{
    struct gic_virtual *v = &cpu->virt;
    switch (offset) {
    case 0x00:
        gic_virtual_write_vmcr(cpu, (v->vmcr & ~(uint32_t)CONTROL_MASK) | (value & CONTROL_MASK));
        return true;
    case 0x04:
        gic_virtual_write_pmr(cpu, (uint8_t)value);
        return true;
    case 0x08:
        gic_virtual_write_bpr(cpu, 0, value);
        return true;
    case 0x10:
        gic_virtual_end(cpu, value & 0x1fff, 0);
        return true;
    case 0x1c:
        if (!(v->vmcr & ICH_VMCR_VCBPR))
            gic_virtual_write_bpr(cpu, 1, value);
        return true;
    case 0x24:
        gic_virtual_end(cpu, value & 0x1fff, 1);
        return true;
    case 0xd0:
        v->active[0].apr[0] = value;
        gic_virtual_update(cpu);
        return true;
    case 0xd4 ... 0xec:
        return true;
    case 0x1000:
        gic_virtual_deactivate(cpu, value & 0x1fff);
        return true;
    default:
        return false;
    }
}

static enum bus_result virtual_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                    uint64_t *value)
{
    struct gic_cpu_interface *cpu = requester(opaque, attrs);
    *value = 0;
    if (!cpu)
        return BUS_DEVICE_ERROR;
    if (size != 4 || !read_virtual(cpu, offset, attrs.debug, value))
        gic_bad_access(opaque, "gicv", false, offset, size);
    return BUS_OK;
}

static enum bus_result virtual_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                     uint64_t value)
{
    struct gic_cpu_interface *cpu = requester(opaque, attrs);
    if (!cpu)
        return BUS_DEVICE_ERROR;
    if (size != 4 || !write_virtual(cpu, offset, (uint32_t)value))
        gic_bad_access(opaque, "gicv", true, offset, size);
    return BUS_OK;
}

const struct bus_ops gicv2_hypervisor_ops = {hypervisor_read, hypervisor_write, 1 | 2 | 4};
const struct bus_ops gicv2_virtual_cpu_ops = {virtual_read, virtual_write, 1 | 2 | 4};
