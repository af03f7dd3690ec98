/*
 * List registers and the virtual CPU interface, for GICv2 (GICH, GICV) and GICv3 (ICH, ICV) alike.
 * IHI 0069 chapter 6 ("Virtual interrupt handling and prioritization").
 */
#include "gic/internal.h"

static unsigned list_registers(const struct gic_cpu_interface *cpu)
{
    return cpu->gic->config.list_registers;
}

static uint8_t group_mask(const struct gic_virtual *v, unsigned group)
{
    if (group == 0 || v->vmcr & ICH_VMCR_VCBPR)
        return gic_group_priority_mask(vmcr_bpr0(v), GIC_SPLIT_BPR0);
    return gic_group_priority_mask(vmcr_bpr1(v), GIC_SPLIT_BPR1);
}

uint8_t gic_virtual_running(const struct gic_cpu_interface *cpu)
{
    unsigned bits = cpu->gic->virtual_preemption_bits;
    uint8_t highest0 = gic_active_highest(&cpu->virt.active[0], bits);
    uint8_t highest1 = gic_active_highest(&cpu->virt.active[1], bits);
    return highest0 < highest1 ? highest0 : highest1;
}

/* Among equal priorities the lowest list register wins. Only pending, not pending-and-active, interrupts count. */
struct gic_virtual_pending gic_virtual_pending(const struct gic_cpu_interface *cpu)
{
    const struct gic_virtual *v = &cpu->virt;
    struct gic_virtual_pending best = {-1, GIC_PRIORITY_IDLE, 0};
    if (!(v->hcr & ICH_HCR_EN))
        return best;
    for (unsigned n = 0; n < list_registers(cpu); n++) {
        uint64_t lr = v->lr[n];
        uint8_t group = lr & LR_GROUP1 ? 1 : 0;
        if ((lr & (LR_PENDING | LR_ACTIVE)) != LR_PENDING || !(v->vmcr >> group & 1))
            continue;
        if (best.lr < 0 || LR_PRIORITY(lr) < best.priority)
            best = (struct gic_virtual_pending){(int)n, LR_PRIORITY(lr), group};
    }
    return best;
}

bool gic_virtual_can_signal(const struct gic_cpu_interface *cpu, struct gic_virtual_pending pending)
{
    const struct gic_virtual *v = &cpu->virt;
    return pending.lr >= 0 &&
           gic_preempts(pending.priority, vmcr_pmr(v), gic_virtual_running(cpu), group_mask(v, pending.group));
}

/* --- maintenance --- */

uint32_t gic_virtual_eisr(const struct gic_cpu_interface *cpu)
{
    uint32_t value = 0;
    for (unsigned n = 0; n < list_registers(cpu); n++) {
        uint64_t lr = cpu->virt.lr[n];
        if (!(lr & (LR_PENDING | LR_ACTIVE | LR_HW)) && lr & LR_EOI)
            value |= 1u << n;
    }
    return value;
}

uint32_t gic_virtual_elrsr(const struct gic_cpu_interface *cpu)
{
    uint32_t value = 0;
    for (unsigned n = 0; n < list_registers(cpu); n++) {
        uint64_t lr = cpu->virt.lr[n];
        if (!(lr & (LR_PENDING | LR_ACTIVE)) && (lr & LR_HW || !(lr & LR_EOI)))
            value |= 1u << n;
    }
    return value;
}

uint32_t gic_virtual_misr(const struct gic_cpu_interface *cpu)
{
    const struct gic_virtual *v = &cpu->virt;
    unsigned valid = 0, pending = 0;
    for (unsigned n = 0; n < list_registers(cpu); n++) {
        valid += (v->lr[n] & (LR_PENDING | LR_ACTIVE)) != 0;
        pending += (v->lr[n] & (LR_PENDING | LR_ACTIVE)) == LR_PENDING;
    }
    uint64_t hcr = v->hcr;
    bool enabled0 = v->vmcr & ICH_VMCR_VENG0, enabled1 = v->vmcr & ICH_VMCR_VENG1;
    return (uint32_t)(gic_virtual_eisr(cpu) != 0) | (uint32_t)(hcr & ICH_HCR_UIE && valid <= 1) << 1 |
           (uint32_t)(hcr & ICH_HCR_LRENPIE && hcr >> ICH_HCR_EOICOUNT_SHIFT & 31) << 2 |
           (uint32_t)(hcr & ICH_HCR_NPIE && pending == 0) << 3 | (uint32_t)(hcr & ICH_HCR_VGRP0EIE && enabled0) << 4 |
           (uint32_t)(hcr & ICH_HCR_VGRP0DIE && !enabled0) << 5 | (uint32_t)(hcr & ICH_HCR_VGRP1EIE && enabled1) << 6 |
           (uint32_t)(hcr & ICH_HCR_VGRP1DIE && !enabled1) << 7;
}

uint32_t gic_virtual_vtr(const struct gic_cpu_interface *cpu)
{
    const struct gic *gic = cpu->gic;
    uint32_t vtr = (list_registers(cpu) - 1) | (gic->virtual_preemption_bits - 1) << 26 |
                   (gic->config.virtual_priority_bits - 1) << 29;
    if (gic->config.version == 3)
        vtr |= 1u << 19 /* TDS */ | 1u << 20 /* nV4 */ | 1u << 21 /* A3V */;
    return vtr;
}

void gic_virtual_update(struct gic_cpu_interface *cpu)
{
    const struct gic *gic = cpu->gic;
    if (!gic->config.virtualization)
        return;
    bool virq = false, vfiq = false, maintenance = false;
    if (cpu->virt.hcr & ICH_HCR_EN) {
        struct gic_virtual_pending pending = gic_virtual_pending(cpu);
        if (gic_virtual_can_signal(cpu, pending)) {
            vfiq = pending.group == 0 && cpu->virt.vmcr & ICH_VMCR_VFIQEN;
            virq = !vfiq;
        }
        maintenance = gic_virtual_misr(cpu) != 0;
    }
    irq_set(cpu->virq, virq);
    irq_set(cpu->vfiq, vfiq);
    irq_set(&cpu->ppi[gic->config.maintenance_intid - GIC_SGIS], maintenance);
}

/* --- writes --- */

void gic_virtual_reset(struct gic_cpu_interface *cpu)
{
    const struct gic *gic = cpu->gic;
    cpu->virt.vmcr = gic_bpr_minimum(gic->virtual_preemption_bits, GIC_SPLIT_BPR1) << 18 |
                     gic_bpr_minimum(gic->virtual_preemption_bits, GIC_SPLIT_BPR0) << 21;
    if (gic->config.version == 3)
        cpu->virt.vmcr |= ICH_VMCR_VFIQEN; /* RES1 where ICC_SRE_EL1.SRE is 1 */
}

void gic_virtual_write_hcr(struct gic_cpu_interface *cpu, uint64_t value)
{
    uint32_t mask = 0xff | 31u << ICH_HCR_EOICOUNT_SHIFT;
    if (cpu->gic->config.version == 3)
        mask |= ICH_HCR_TC | ICH_HCR_TALL0 | ICH_HCR_TALL1 | ICH_HCR_TDIR;
    cpu->virt.hcr = value & mask;
    gic_virtual_update(cpu);
}

void gic_virtual_write_vmcr(struct gic_cpu_interface *cpu, uint32_t value)
{
    const struct gic *gic = cpu->gic;
    unsigned bits = gic->virtual_preemption_bits;
    unsigned bpr1 = gic_bpr_clamp(value >> 18, bits, GIC_SPLIT_BPR1);
    unsigned bpr0 = gic_bpr_clamp(value >> 21, bits, GIC_SPLIT_BPR0);
    uint8_t pmr = (uint8_t)(value >> 24) & gic_priority_mask(gic->config.virtual_priority_bits);
    uint32_t kept = ICH_VMCR_VENG0 | ICH_VMCR_VENG1 | ICH_VMCR_VCBPR | ICH_VMCR_VEOIM;
    if (gic->config.version == 2)
        kept |= ICH_VMCR_VACKCTL | ICH_VMCR_VFIQEN;
    else
        value |= ICH_VMCR_VFIQEN, kept |= ICH_VMCR_VFIQEN;
    cpu->virt.vmcr = (value & kept) | bpr1 << 18 | bpr0 << 21 | (uint32_t)pmr << 24;
    gic_virtual_update(cpu);
}

void gic_virtual_write_pmr(struct gic_cpu_interface *cpu, uint8_t value)
{
    gic_virtual_write_vmcr(cpu, (cpu->virt.vmcr & 0x00ffffff) | (uint32_t)value << 24);
}

void gic_virtual_write_bpr(struct gic_cpu_interface *cpu, unsigned group, unsigned value)
{
    unsigned shift = group ? 18 : 21;
    gic_virtual_write_vmcr(cpu, (cpu->virt.vmcr & ~(7u << shift)) | (value & 7) << shift);
}

unsigned gic_virtual_read_bpr1(const struct gic_cpu_interface *cpu)
{
    const struct gic_virtual *v = &cpu->virt;
    return v->vmcr & ICH_VMCR_VCBPR ? gic_bpr_common_view(vmcr_bpr0(v)) : vmcr_bpr1(v);
}

void gic_virtual_write_lr(struct gic_cpu_interface *cpu, unsigned n, uint64_t value)
{
    uint64_t id_mask = cpu->gic->config.version == 3 ? 0xffff : 0x3ff;
    uint64_t priority = (uint64_t)gic_priority_mask(cpu->gic->config.virtual_priority_bits) << 48;
    uint64_t mask = LR_ACTIVE | LR_PENDING | LR_HW | LR_GROUP1 | priority | 0x3ffull << 32 | id_mask;
    cpu->virt.lr[n] = value & mask;
    gic_virtual_update(cpu);
}

/* --- the guest's side --- */

static bool is_lpi(uint32_t vintid)
{
    return vintid >= GIC_FIRST_LPI;
}

uint32_t gic_virtual_acknowledge(struct gic_cpu_interface *cpu, struct gic_virtual_pending pending)
{
    struct gic_virtual *v = &cpu->virt;
    uint64_t *lr = &v->lr[pending.lr];
    uint32_t vintid = LR_VINTID(*lr);
    bool special = vintid >= GIC_SPECIAL && vintid < 1024;
    if (!special)
        /* GICH_APR holds both groups. */
        gic_active_set(&v->active[cpu->gic->config.version == 2 ? 0 : pending.group], cpu->gic->virtual_preemption_bits,
                       pending.priority & group_mask(v, pending.group));
    *lr &= ~LR_PENDING;
    if (!special && !is_lpi(vintid))
        *lr |= LR_ACTIVE;
    if (cpu->gic->config.version == 2 && vintid < GIC_SGIS && !(*lr & LR_HW))
        vintid |= (LR_PINTID(*lr) & 7) << 10;
    gic_virtual_update(cpu);
    return vintid;
}

/* The list register that holds the interrupt as active, or -1. GICv2's SGIs are told apart by their source. */
static int find_active(const struct gic_cpu_interface *cpu, uint32_t vintid)
{
    bool v2 = cpu->gic->config.version == 2;
    uint32_t source = v2 ? vintid >> 10 & 7 : 0;
    if (v2)
        vintid &= 0x3ff;
    for (unsigned n = 0; n < list_registers(cpu); n++) {
        uint64_t lr = cpu->virt.lr[n];
        if (!(lr & LR_ACTIVE) || LR_VINTID(lr) != vintid)
            continue;
        if (v2 && vintid < GIC_SGIS && !(lr & LR_HW) && (LR_PINTID(lr) & 7) != source)
            continue;
        return (int)n;
    }
    return -1;
}

static void count_end(struct gic_virtual *v)
{
    uint64_t count = ((v->hcr >> ICH_HCR_EOICOUNT_SHIFT) + 1) & 31;
    v->hcr = (v->hcr & ~(31ull << ICH_HCR_EOICOUNT_SHIFT)) | count << ICH_HCR_EOICOUNT_SHIFT;
}

static void deactivate_lr(struct gic_cpu_interface *cpu, unsigned n)
{
    uint64_t *lr = &cpu->virt.lr[n];
    *lr &= ~LR_ACTIVE;
    if (*lr & LR_HW)
        gic_deactivate(cpu, LR_PINTID(*lr));
}

void gic_virtual_end(struct gic_cpu_interface *cpu, uint32_t vintid, unsigned group)
{
    struct gic_virtual *v = &cpu->virt;
    uint32_t id = cpu->gic->config.version == 2 ? vintid & 0x3ff : vintid;
    if (id >= GIC_SPECIAL && id < 1024)
        return;
    unsigned bits = cpu->gic->virtual_preemption_bits;
    uint8_t highest0 = gic_active_highest(&v->active[0], bits), highest1 = gic_active_highest(&v->active[1], bits);
    /* The higher of both drops, whichever register is written; with none active, EOIcount stays (a permitted choice). */
    if (!gic_active_drop(&v->active[highest1 < highest0])) {
        log_message(cpu->gic->env->log, LOG_GUEST_ERROR, "gic: PE %u: virtual end of INTID %u ignored: none is active",
                    cpu->index, id);
        return;
    }
    if (!(v->vmcr & ICH_VMCR_VEOIM) && !is_lpi(vintid)) {
        int n = find_active(cpu, vintid);
        if (n < 0)
            count_end(v);
        else if (cpu->gic->config.version == 2 || !(v->lr[n] & LR_GROUP1) == !group)
            deactivate_lr(cpu, (unsigned)n);
    }
    gic_virtual_update(cpu);
}

void gic_virtual_deactivate(struct gic_cpu_interface *cpu, uint32_t vintid)
{
    struct gic_virtual *v = &cpu->virt;
    uint32_t id = cpu->gic->config.version == 2 ? vintid & 0x3ff : vintid;
    if (!(v->vmcr & ICH_VMCR_VEOIM) || is_lpi(vintid) || (id >= GIC_SPECIAL && id < 1024)) {
        log_message(cpu->gic->env->log, LOG_GUEST_ERROR, "gic: PE %u: virtual DIR of INTID %u ignored", cpu->index, id);
        return;
    }
    int n = find_active(cpu, vintid);
    if (n < 0)
        count_end(v);
    else
        deactivate_lr(cpu, (unsigned)n);
    gic_virtual_update(cpu);
}
