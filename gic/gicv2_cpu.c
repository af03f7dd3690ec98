/*
 * GICv2 CPU interface (GICC): IHI 0048B section 4.4.
 *
 * 0x00 CTLR, 0x04 PMR, 0x08 BPR, 0x0c IAR, 0x10 EOIR, 0x14 RPR, 0x18 HPPIR, 0x1c ABPR, 0x20 AIAR, 0x24 AEOIR,
 * 0x28 AHPPIR, 0xd0 APR, 0xe0 NSAPR, 0xfc IIDR, 0x1000 DIR. The requester's index selects the interface.
 *
 * An end of interrupt that doesn't match the highest active priority is UNPREDICTABLE: it is ignored and logged.
 */
#include "gic/internal.h"

struct access {
    struct gic_cpu_interface *cpu;
    bool non_secure; /* a Non-secure access while there are two Security states */
    bool debug;
};

static uint32_t control_mask(const struct gic *gic)
{
    uint32_t mask = GICC_CTLR_GRP0 | GICC_CTLR_GRP1 | GICC_CTLR_ACKCTL | GICC_CTLR_FIQEN | GICC_CTLR_CBPR |
                    GICC_CTLR_BYPASS | GICC_CTLR_EOIMODE;
    return gic->two_states ? mask | GICC_CTLR_EOIMODE_NS : mask;
}

/* The Non-secure copy is a view: EnableGrp1 in bit 0, the Group 1 bypass bits in [6:5], EOImodeNS in bit 9. */
static uint32_t read_control(const struct access *a)
{
    uint32_t ctlr = a->cpu->ctlr[0];
    if (!a->non_secure)
        return ctlr;
    return (ctlr >> 1 & 1) | (ctlr >> 7 & 3) << 5 | (ctlr >> 10 & 1) << 9;
}

static void write_control(const struct access *a, uint32_t value)
{
    if (a->non_secure) {
        uint32_t theirs = GICC_CTLR_GRP1 | 3u << 7 | GICC_CTLR_EOIMODE_NS;
        value = (a->cpu->ctlr[0] & ~theirs) | (value & 1) << 1 | (value >> 5 & 3) << 7 | (value >> 9 & 1) << 10;
    }
    a->cpu->ctlr[0] = value & control_mask(a->cpu->gic);
    gic_cpu_masks_changed(a->cpu);
    gic_cpu_signal(a->cpu);
}

static bool end_mode(const struct access *a)
{
    return a->cpu->ctlr[0] & (a->non_secure ? GICC_CTLR_EOIMODE_NS : GICC_CTLR_EOIMODE);
}

/* --- masks --- */

static uint32_t read_mask(const struct access *a, uint8_t priority)
{
    return a->non_secure ? gic_mask_read_non_secure(priority) : priority;
}

static void write_mask(const struct access *a, uint32_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    uint8_t pmr = a->non_secure ? gic_mask_write_non_secure(cpu->pmr, (uint8_t)value) : (uint8_t)value;
    cpu->pmr = pmr & cpu->gic->priority_mask;
    gic_cpu_signal(cpu);
}

static uint32_t read_binary_point(const struct access *a)
{
    const struct gic_cpu_interface *cpu = a->cpu;
    if (!a->non_secure)
        return cpu->bpr0;
    return cpu->ctlr[0] & GICC_CTLR_CBPR ? gic_bpr_common_view(cpu->bpr0) : cpu->bpr1[0];
}

static void write_binary_point(const struct access *a, bool alias, uint32_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    unsigned bits = cpu->gic->preemption_bits;
    if (!a->non_secure && !alias)
        cpu->bpr0 = (uint8_t)gic_bpr_clamp(value, bits, GIC_SPLIT_BPR0);
    else if (alias || !(cpu->ctlr[0] & GICC_CTLR_CBPR))
        cpu->bpr1[0] = (uint8_t)gic_bpr_clamp(value, bits, GIC_SPLIT_BPR1);
    gic_cpu_masks_changed(cpu);
    gic_cpu_signal(cpu);
}

/* --- acknowledge and end --- */

/* What IAR and HPPIR (or with `alias` AIAR and AHPPIR) answer for the pending interrupt; it may be special. */
static uint32_t visible_pending(const struct access *a, bool alias)
{
    const struct gic_pending *best = &a->cpu->best;
    if (best->intid == GIC_NONE)
        return GIC_NONE;
    if (best->group == GIC_GROUP0)
        return a->non_secure || alias ? GIC_NONE : best->intid;
    if (!a->non_secure && !alias && !(a->cpu->ctlr[0] & GICC_CTLR_ACKCTL))
        return GIC_GROUP1_PENDING;
    return best->intid;
}

static uint32_t with_source(const struct gic_cpu_interface *cpu, uint32_t intid)
{
    if (intid < GIC_SGIS && cpu->sgi_sources[intid])
        return intid | (uint32_t)__builtin_ctz(cpu->sgi_sources[intid]) << 10;
    return intid;
}

static uint32_t read_acknowledge(const struct access *a, bool alias)
{
    struct gic_cpu_interface *cpu = a->cpu;
    uint32_t enable = cpu->best.group == GIC_GROUP0 ? GICC_CTLR_GRP0 : GICC_CTLR_GRP1;
    if (!gic_cpu_can_signal(cpu) || !(cpu->ctlr[0] & enable))
        return GIC_NONE;
    uint32_t intid = visible_pending(a, alias);
    if (intid >= GIC_SPECIAL)
        return intid;
    return a->debug ? with_source(cpu, intid) : gic_acknowledge(cpu);
}

static void log_end(const struct access *a, const char *name, uint32_t intid, const char *what)
{
    log_message(a->cpu->gic->env->log, LOG_GUEST_ERROR, "gicc: PE %u: %s of INTID %u ignored: %s", a->cpu->index, name,
                intid, what);
}

static void write_end(const struct access *a, bool alias, uint32_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    uint32_t intid = value & 0x3ff;
    if (intid >= GIC_SPECIAL)
        return;
    bool any = !a->non_secure && !alias && cpu->ctlr[0] & GICC_CTLR_ACKCTL;
    enum gic_group group = a->non_secure || alias ? GIC_GROUP1_NON_SECURE : GIC_GROUP0;
    if (!gic_priority_drop(cpu, group) && !(any && gic_priority_drop(cpu, GIC_GROUP1_NON_SECURE))) {
        log_end(a, alias ? "AEOIR" : "EOIR", intid, "no interrupt of its group has the highest active priority");
        return;
    }
    if (!end_mode(a)) {
        unsigned n;
        struct gic_bank *bank = gic_find(cpu, intid, &n);
        if (bank && (any || gic_bank_group(cpu->gic, bank, n) == group))
            gic_deactivate(cpu, intid);
        else
            log_end(a, alias ? "AEOIR" : "EOIR", intid, "not an interrupt of this group (the priority has dropped)");
    }
    gic_cpu_signal(cpu);
}

static void write_deactivate(const struct access *a, uint32_t value)
{
    struct gic_cpu_interface *cpu = a->cpu;
    uint32_t intid = value & 0x3ff;
    unsigned n;
    struct gic_bank *bank = gic_find(cpu, intid, &n);
    if (!end_mode(a)) {
        log_end(a, "DIR", intid, "EOImode is 0");
        return;
    }
    if (bank && gic_bank_accessible(cpu->gic, bank, n, !a->non_secure, 4))
        gic_deactivate(cpu, intid);
}

/* --- active priorities: a Non-secure access to APR sees the lower half of the priorities, of Group 1 --- */

static uint32_t *active_register(const struct access *a, uint64_t offset, unsigned *shift)
{
    struct gic_cpu_interface *cpu = a->cpu;
    unsigned n = (unsigned)(offset >> 2 & 3), count = gic_active_registers(cpu->gic->preemption_bits);
    bool nsapr = offset >= 0xe0;
    *shift = 0;
    if (a->non_secure) {
        if (nsapr)
            return NULL;
        if (count == 1)
            *shift = cpu->gic->preemption_bits == 5 ? 16 : 1u << (cpu->gic->preemption_bits - 1);
        unsigned index = count / 2 + n;
        return n < (count + 1) / 2 ? &cpu->active[GIC_GROUP1_NON_SECURE].apr[index] : NULL;
    }
    return n < count ? &cpu->active[nsapr ? GIC_GROUP1_NON_SECURE : GIC_GROUP0].apr[n] : NULL;
}

static uint32_t read_active(const struct access *a, uint64_t offset)
{
    unsigned shift;
    const uint32_t *apr = active_register(a, offset, &shift);
    return apr ? *apr >> shift : 0;
}

static void write_active(const struct access *a, uint64_t offset, uint32_t value)
{
    unsigned shift;
    uint32_t *apr = active_register(a, offset, &shift);
    unsigned bits = a->cpu->gic->preemption_bits;
    if (!apr)
        return;
    if (shift)
        value = (*apr & ((1u << shift) - 1)) | value << shift;
    *apr = bits < 5 ? value & ((1u << (1u << bits)) - 1) : value;
    gic_running_changed(a->cpu);
    gic_cpu_signal(a->cpu);
}

/* --- the frame --- */

static bool find_access(struct gic *gic, struct bus_attrs attrs, struct access *a)
{
    if (attrs.requester >= gic->config.cpus)
        return false;
    *a = (struct access){&gic->cpus[attrs.requester], !gic_access_secure(gic, attrs), attrs.debug};
    return true;
}

static bool read_register(const struct access *a, uint64_t offset, uint64_t *value)
{
    const struct gic_cpu_interface *cpu = a->cpu;
    switch (offset) {
    case 0x00:
        *value = read_control(a);
        return true;
    case 0x04:
        *value = read_mask(a, cpu->pmr);
        return true;
    case 0x08:
        *value = read_binary_point(a);
        return true;
    case 0x0c:
        *value = read_acknowledge(a, false);
        return true;
    case 0x14:
        *value = read_mask(a, cpu->running);
        return true;
    case 0x18:
        *value = with_source(cpu, visible_pending(a, false));
        return true;
    case 0x1c:
        *value = a->non_secure ? 0 : cpu->bpr1[0];
        return true;
    case 0x20:
        *value = a->non_secure ? 0 : read_acknowledge(a, true);
        return true;
    case 0x28:
        *value = a->non_secure ? 0 : with_source(cpu, visible_pending(a, true));
        return true;
    case 0xd0 ... 0xec:
        *value = read_active(a, offset);
        return true;
    case 0xfc:
        *value = GICV2_INTERFACE_ID;
        return true;
    case 0x10:
    case 0x24:
    case 0x1000:
        return true; /* write-only: RAZ */
    default:
        return false;
    }
}

static bool write_register(const struct access *a, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case 0x00:
        write_control(a, value);
        return true;
    case 0x04:
        write_mask(a, value);
        return true;
    case 0x08:
        write_binary_point(a, false, value);
        return true;
    case 0x10:
        write_end(a, false, value);
        return true;
    case 0x1c:
        if (!a->non_secure)
            write_binary_point(a, true, value);
        return true;
    case 0x24:
        if (!a->non_secure)
            write_end(a, true, value);
        return true;
    case 0xd0 ... 0xec:
        write_active(a, offset, value);
        return true;
    case 0x1000:
        write_deactivate(a, value);
        return true;
    default:
        return false;
    }
}

static enum bus_result cpu_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t *value)
{
    struct access a;
    *value = 0;
    if (!find_access(opaque, attrs, &a))
        return BUS_DEVICE_ERROR;
    if (size != 4 || !read_register(&a, offset, value))
        gic_bad_access(opaque, "gicc", false, offset, size);
    return BUS_OK;
}

static enum bus_result cpu_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs, uint64_t value)
{
    struct access a;
    if (!find_access(opaque, attrs, &a))
        return BUS_DEVICE_ERROR;
    if (size != 4 || !write_register(&a, offset, (uint32_t)value))
        gic_bad_access(opaque, "gicc", true, offset, size);
    return BUS_OK;
}

const struct bus_ops gicv2_cpu_ops = {cpu_read, cpu_write, 1 | 2 | 4};
