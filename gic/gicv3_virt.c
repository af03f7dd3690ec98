/*
 * GICv3 virtual interface: ICH_* for the hypervisor and ICV_* for the guest. IHI 0069 sections 12.4 and 12.5. Both are
 * views of struct gic_virtual.
 */
#include "gic/internal.h"

static unsigned active_registers(const struct gic_cpu_interface *cpu)
{
    return gic_active_registers(cpu->gic->virtual_preemption_bits);
}

/* AP0R0..3 then AP1R0..3. */
static uint32_t *active_register(struct gic_cpu_interface *cpu, unsigned index)
{
    return index % 4 < active_registers(cpu) ? &cpu->virt.active[index / 4].apr[index % 4] : NULL;
}

static bool read_active(struct gic_cpu_interface *cpu, unsigned index, uint64_t *value)
{
    const uint32_t *apr = active_register(cpu, index);
    *value = apr ? *apr : 0;
    return apr;
}

static bool write_active(struct gic_cpu_interface *cpu, unsigned index, uint64_t value)
{
    uint32_t *apr = active_register(cpu, index);
    if (!apr)
        return false;
    *apr = (uint32_t)value;
    gic_virtual_update(cpu);
    return true;
}

/* --- ICH --- */

bool gicv3_ich_read(struct gic_cpu_interface *cpu, enum gic_register reg, uint64_t *value)
{
    switch (reg) {
    case GIC_ICH_AP0R0_EL2 ... GIC_ICH_AP1R3_EL2:
        return read_active(cpu, reg - GIC_ICH_AP0R0_EL2, value);
    case GIC_ICH_HCR_EL2:
        *value = cpu->virt.hcr;
        return true;
    case GIC_ICH_VTR_EL2:
        *value = gic_virtual_vtr(cpu);
        return true;
    case GIC_ICH_MISR_EL2:
        *value = gic_virtual_misr(cpu);
        return true;
    case GIC_ICH_EISR_EL2:
        *value = gic_virtual_eisr(cpu);
        return true;
    case GIC_ICH_ELRSR_EL2:
        *value = gic_virtual_elrsr(cpu);
        return true;
    case GIC_ICH_VMCR_EL2:
        *value = cpu->virt.vmcr;
        return true;
    case GIC_ICH_LR0_EL2 ... GIC_ICH_LR15_EL2:
        if (reg - GIC_ICH_LR0_EL2 >= cpu->gic->config.list_registers)
            return false;
        *value = cpu->virt.lr[reg - GIC_ICH_LR0_EL2];
        return true;
    default:
        return false;
    }
}

bool gicv3_ich_write(struct gic_cpu_interface *cpu, enum gic_register reg, uint64_t value)
{
    switch (reg) {
    case GIC_ICH_AP0R0_EL2 ... GIC_ICH_AP1R3_EL2:
        return write_active(cpu, reg - GIC_ICH_AP0R0_EL2, value);
    case GIC_ICH_HCR_EL2:
        gic_virtual_write_hcr(cpu, value);
        return true;
    case GIC_ICH_VMCR_EL2:
        gic_virtual_write_vmcr(cpu, (uint32_t)value);
        return true;
    case GIC_ICH_LR0_EL2 ... GIC_ICH_LR15_EL2:
        if (reg - GIC_ICH_LR0_EL2 >= cpu->gic->config.list_registers)
            return false;
        gic_virtual_write_lr(cpu, reg - GIC_ICH_LR0_EL2, value);
        return true;
    default:
        return false; /* VTR, MISR, EISR, ELRSR are read-only */
    }
}

/* --- ICV --- */

static uint32_t visible_pending(const struct gic_cpu_interface *cpu, struct gic_virtual_pending pending, unsigned group)
{
    return pending.lr >= 0 && pending.group == group ? LR_VINTID(cpu->virt.lr[pending.lr]) : (uint32_t)GIC_NONE;
}

static uint64_t read_iar(struct gic_cpu_interface *cpu, unsigned group, bool peek)
{
    struct gic_virtual_pending pending = gic_virtual_pending(cpu);
    if (!gic_virtual_can_signal(cpu, pending) || pending.group != group)
        return GIC_NONE;
    return peek ? visible_pending(cpu, pending, group) : gic_virtual_acknowledge(cpu, pending);
}

static uint64_t read_control(const struct gic_cpu_interface *cpu)
{
    const struct gic_virtual *v = &cpu->virt;
    return (uint64_t)(v->vmcr & ICH_VMCR_VCBPR ? ICC_CTLR_CBPR : 0) |
           (uint64_t)(v->vmcr & ICH_VMCR_VEOIM ? ICC_CTLR_EOIMODE : 0) |
           (cpu->gic->config.virtual_priority_bits - 1) << 8 | 1u << 15 /* A3V */ |
           (uint32_t)cpu->gic->range_selector << 18;
}

static void write_control(struct gic_cpu_interface *cpu, uint64_t value)
{
    uint32_t vmcr = cpu->virt.vmcr & ~(uint32_t)(ICH_VMCR_VCBPR | ICH_VMCR_VEOIM);
    if (value & ICC_CTLR_CBPR)
        vmcr |= ICH_VMCR_VCBPR;
    if (value & ICC_CTLR_EOIMODE)
        vmcr |= ICH_VMCR_VEOIM;
    gic_virtual_write_vmcr(cpu, vmcr);
}

static void write_enable(struct gic_cpu_interface *cpu, uint32_t bit, uint64_t value)
{
    gic_virtual_write_vmcr(cpu, value & 1 ? cpu->virt.vmcr | bit : cpu->virt.vmcr & ~bit);
}

bool gicv3_icv_read(struct gic_cpu_interface *cpu, enum gic_register reg, bool peek, uint64_t *value)
{
    const struct gic_virtual *v = &cpu->virt;
    switch (reg) {
    case GIC_ICC_PMR_EL1:
        *value = vmcr_pmr(v);
        return true;
    case GIC_ICC_IAR0_EL1:
        *value = read_iar(cpu, 0, peek);
        return true;
    case GIC_ICC_IAR1_EL1:
        *value = read_iar(cpu, 1, peek);
        return true;
    case GIC_ICC_HPPIR0_EL1:
        *value = visible_pending(cpu, gic_virtual_pending(cpu), 0);
        return true;
    case GIC_ICC_HPPIR1_EL1:
        *value = visible_pending(cpu, gic_virtual_pending(cpu), 1);
        return true;
    case GIC_ICC_BPR0_EL1:
        *value = vmcr_bpr0(v);
        return true;
    case GIC_ICC_BPR1_EL1:
        *value = gic_virtual_read_bpr1(cpu);
        return true;
    case GIC_ICC_AP0R0_EL1 ... GIC_ICC_AP1R3_EL1:
        return read_active(cpu, reg - GIC_ICC_AP0R0_EL1, value);
    case GIC_ICC_RPR_EL1:
        *value = gic_virtual_running(cpu);
        return true;
    case GIC_ICC_CTLR_EL1:
        *value = read_control(cpu);
        return true;
    case GIC_ICC_IGRPEN0_EL1:
        *value = v->vmcr & ICH_VMCR_VENG0;
        return true;
    case GIC_ICC_IGRPEN1_EL1:
        *value = v->vmcr >> 1 & 1;
        return true;
    default:
        return false;
    }
}

bool gicv3_icv_write(struct gic_cpu_interface *cpu, enum gic_register reg, uint64_t value)
{
    switch (reg) {
    case GIC_ICC_PMR_EL1:
        gic_virtual_write_pmr(cpu, (uint8_t)value);
        return true;
    case GIC_ICC_EOIR0_EL1:
        gic_virtual_end(cpu, (uint32_t)value & 0xffffff, 0);
        return true;
    case GIC_ICC_EOIR1_EL1:
        gic_virtual_end(cpu, (uint32_t)value & 0xffffff, 1);
        return true;
    case GIC_ICC_DIR_EL1:
        gic_virtual_deactivate(cpu, (uint32_t)value & 0xffffff);
        return true;
    case GIC_ICC_BPR0_EL1:
        gic_virtual_write_bpr(cpu, 0, value & 7);
        return true;
    case GIC_ICC_BPR1_EL1:
        if (!(cpu->virt.vmcr & ICH_VMCR_VCBPR))
            gic_virtual_write_bpr(cpu, 1, value & 7);
        return true;
    case GIC_ICC_AP0R0_EL1 ... GIC_ICC_AP1R3_EL1:
        return write_active(cpu, reg - GIC_ICC_AP0R0_EL1, value);
    case GIC_ICC_CTLR_EL1:
        write_control(cpu, value);
        return true;
    case GIC_ICC_IGRPEN0_EL1:
        write_enable(cpu, ICH_VMCR_VENG0, value);
        return true;
    case GIC_ICC_IGRPEN1_EL1:
        write_enable(cpu, ICH_VMCR_VENG1, value);
        return true;
    default:
        return false;
    }
}
