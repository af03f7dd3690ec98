/*
 * GICD and GICR as a guest sees them. One security state (GICD_CTLR.DS, GICv3), affinity routing always on (GICv3), all in
 * group 0 (GICv2), no LPIs, 32 priorities. Pending and active bits of interrupts that are in list registers of a vCPU that
 * runs elsewhere at the moment read as 0.
 */
#include "roms/visor/host.h"

enum { IIDR = 0x43b, PRIORITY_MASK = 0xf8 };

/* ---- fields that every interrupt has: where, how many bits, and what they are */

struct target {
    struct vcpu *vcpu; /* of the banked ones */
    unsigned intid;
    struct virq *irq;
};

static u32 get_group(const struct target *t)
{
    return host.gic_version == 3 && t->irq->group1;
}

static void set_group(const struct target *t, u32 value)
{
    if (host.gic_version == 3)
        t->irq->group1 = value;
}

static u32 get_enabled(const struct target *t)
{
    return t->irq->enabled;
}

/* A passed interrupt is on in the machine while it is on in the guest. */
static void enable(const struct target *t, u32 value)
{
    t->irq->enabled = t->irq->enabled || value;
}

static void disable(const struct target *t, u32 value)
{
    bool sgi_of_v2 = host.gic_version == 2 && t->intid < 16;
    t->irq->enabled = t->irq->enabled && (!value || sgi_of_v2);
}

static u32 get_pending(const struct target *t)
{
    return vgic_pending(t->irq);
}

static void pend(const struct target *t, u32 value)
{
    if (value && !(host.gic_version == 2 && t->intid < 16))
        t->irq->latch = true;
}

static void unpend(const struct target *t, u32 value)
{
    if (!value || (host.gic_version == 2 && t->intid < 16))
        return;
    if (t->irq->physical && t->irq->latch)
        gic_set_active(t->irq->physical, false);
    t->irq->latch = false;
}

static u32 get_active(const struct target *t)
{
    return t->irq->active;
}

static void activate(const struct target *t, u32 value)
{
    t->irq->active = t->irq->active || value;
}

static void deactivate(const struct target *t, u32 value)
{
    if (value && t->irq->active && t->irq->physical)
        gic_set_active(t->irq->physical, false);
    t->irq->active = t->irq->active && !value;
}

static u32 get_priority(const struct target *t)
{
    return t->irq->priority;
}

static void set_priority(const struct target *t, u32 value)
{
    t->irq->priority = value & PRIORITY_MASK;
}

static u32 get_targets(const struct target *t)
{
    if (host.gic_version == 3)
        return 0;
    return t->intid < 32 ? 1u << t->vcpu->index : t->irq->targets;
}

/* The first one named gets it. */
static void set_targets(const struct target *t, u32 value)
{
    if (host.gic_version == 3 || t->intid < 32)
        return;
    t->irq->targets = value & (u8)((1u << t->vcpu->vm->vcpu_count) - 1);
    t->irq->owner = t->irq->targets ? (u8)__builtin_ctz(t->irq->targets) : 0;
}

static u32 get_config(const struct target *t)
{
    return t->irq->edge ? 2 : 0;
}

static void set_config(const struct target *t, u32 value)
{
    if (t->intid >= 32)
        t->irq->edge = value >> 1 & 1;
}

static u32 get_sources(const struct target *t)
{
    return t->irq->sources;
}

static void add_sources(const struct target *t, u32 value)
{
    t->irq->sources |= (u8)value;
}

static void remove_sources(const struct target *t, u32 value)
{
    t->irq->sources &= (u8)~value;
}

static const struct field {
    u16 offset, end;
    u8 bits;
    u32 (*get)(const struct target *);
    void (*set)(const struct target *, u32 value);
} fields[] = {
    {0x080, 0x100, 1, get_group, set_group},       /* IGROUPR */
    {0x100, 0x180, 1, get_enabled, enable},        /* ISENABLER */
    {0x180, 0x200, 1, get_enabled, disable},       /* ICENABLER */
    {0x200, 0x280, 1, get_pending, pend},          /* ISPENDR */
    {0x280, 0x300, 1, get_pending, unpend},        /* ICPENDR */
    {0x300, 0x380, 1, get_active, activate},       /* ISACTIVER */
    {0x380, 0x400, 1, get_active, deactivate},     /* ICACTIVER */
    {0x400, 0x800, 8, get_priority, set_priority}, /* IPRIORITYR */
    {0x800, 0xc00, 8, get_targets, set_targets},   /* ITARGETSR */
    {0xc00, 0xd00, 2, get_config, set_config},     /* ICFGR */
};

static const struct field sgi_sources[] = {
    {0xf10, 0xf20, 8, get_sources, remove_sources}, /* CPENDSGIR */
    {0xf20, 0xf30, 8, get_sources, add_sources},    /* SPENDSGIR */
};

/* The interrupts [first, end) exist in this frame. False: no field is there. */
static bool access_field(const struct field *field, struct vcpu *vcpu, unsigned first, unsigned end, u64 offset,
                         unsigned size, bool write, u64 *value)
{
    if (offset < field->offset || offset >= field->end)
        return false;
    unsigned intid = (unsigned)(offset - field->offset) * 8 / field->bits, count = size * 8 / field->bits;
    u32 mask = (1u << field->bits) - 1;
    u64 result = 0;
    for (unsigned i = 0; i < count; i++) {
        if (intid + i < first || intid + i >= end)
            continue;
        struct target target = {vcpu, intid + i, vgic_irq(vcpu, intid + i)};
        if (write) {
            field->set(&target, (u32)(*value >> i * field->bits) & mask);
            vgic_changed(vcpu->vm, vcpu, intid + i);
        } else {
            result |= (u64)field->get(&target) << i * field->bits;
        }
    }
    if (!write)
        *value = result;
    return true;
}

static bool access_fields(struct vcpu *vcpu, unsigned first, unsigned end, u64 offset, unsigned size, bool write,
                          u64 *value)
{
    for (unsigned i = 0; i < COUNT(fields); i++) {
        if (access_field(&fields[i], vcpu, first, end, offset, size, write, value))
            return true;
    }
    return false;
}

/* ---- the distributor */

static void look_again(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++)
        sched_wake(vm->vcpus[i]);
}

static u32 distributor_control(const struct vgic *gic)
{
    u32 value = (u32)gic->enabled0 | (u32)gic->enabled1 << 1;
    return host.gic_version == 3 ? value | 1 << 4 | 1 << 6 : value; /* ARE, DS */
}

static u32 distributor_type(const struct vm *vm)
{
    u32 value = VGIC_IDS / 32 - 1;
    /* CPUNumber; or IDbits 10, No1N. */
    return host.gic_version == 2 ? value | (vm->vcpu_count - 1) << 5 : value | 9 << 19 | 1 << 25;
}

static void send_sgi_v2(struct vcpu *vcpu, u32 value)
{
    struct vm *vm = vcpu->vm;
    unsigned filter = value >> 24 & 3, targets = value >> 16 & 0xff;
    if (filter == 1)
        targets = 0xff & ~(1u << vcpu->index);
    else if (filter == 2)
        targets = 1u << vcpu->index;
    for (unsigned i = 0; i < vm->vcpu_count && filter < 3; i++) {
        if (targets >> i & 1)
            vgic_sgi(vcpu, vm->vcpus[i], value & 15, false);
    }
}

static void write_control(struct vm *vm, u32 value)
{
    vm->gic.enabled0 = value & 1;
    vm->gic.enabled1 = host.gic_version == 3 && value >> 1 & 1;
    look_again(vm);
}

static bool access_router(struct vcpu *vcpu, u64 offset, unsigned size, bool write, u64 *value)
{
    unsigned intid = (unsigned)(offset - 0x6000) / 8, shift = offset & 4 ? 32 : 0;
    if (intid < 32 || intid >= VGIC_IDS)
        return false;
    u64 *router = &vcpu->vm->gic.router[intid - 32];
    if (!write) {
        *value = *router >> shift;
        return true;
    }
    u64 mask = size == 8 ? ~0ull : 0xffffffffull << shift;
    *router = (*router & ~mask) | (*value << shift & mask);
    *router &= 0xff80ffffff;
    /* 1 of N: the first. An affinity without a vCPU: the interrupt waits there, which is nowhere; so the first too. */
    u64 affinity = *router & 0xff00ffffff;
    vcpu->vm->gic.spis[intid - 32].owner = *router >> 31 & 1 || affinity >= vcpu->vm->vcpu_count ? 0 : (u8)affinity;
    vgic_changed(vcpu->vm, vcpu, intid);
    return true;
}

static bool distributor(struct vcpu *vcpu, void *device, u64 offset, unsigned size, bool write, u64 *value)
{
    struct vm *vm = vcpu->vm;
    bool v3 = host.gic_version == 3;
    (void)device;
    if (access_fields(vcpu, v3 ? 32 : 0, VGIC_IDS, offset, size, write, value))
        return true;
    if (v3 && offset >= 0x6000 && offset < 0x8000)
        return access_router(vcpu, offset, size, write, value);
    for (unsigned i = 0; !v3 && i < COUNT(sgi_sources); i++) {
        if (access_field(&sgi_sources[i], vcpu, 0, 16, offset, size, write, value))
            return true;
    }
    if (write) {
        if (offset == 0)
            write_control(vm, (u32)*value);
        else if (offset == 0xf00 && !v3)
            send_sgi_v2(vcpu, (u32)*value);
        return true;
    }
    *value = offset == 0                  ? distributor_control(&vm->gic)
             : offset == 4                ? distributor_type(vm)
             : offset == 8                ? IIDR
             : offset == 0xffe8 && v3     ? 0x3b /* PIDR2.ArchRev */
             : offset == 0xfe8 && !v3     ? 0x2b
                                          : 0;
    return true;
}

/* ---- redistributors: 64 KiB of control, 64 KiB of SGIs and PPIs, for each vCPU */

static bool redistributor(struct vcpu *vcpu, void *device, u64 offset, unsigned size, bool write, u64 *value)
{
    struct vm *vm = vcpu->vm;
    unsigned index = (unsigned)(offset / VGIC_GICR_SIZE);
    struct vcpu *owner = vm->vcpus[index];
    (void)device;
    offset %= VGIC_GICR_SIZE;
    if (offset >= 0x10000) {
        if (access_fields(owner, 0, 32, offset - 0x10000, size, write, value))
            return true;
        *value = write ? *value : 0;
        return true;
    }
    if (write) {
        if (offset == 0x14)
            owner->gic.asleep = *value >> 1 & 1;
        return true;
    }
    /* TYPER: affinity, processor number, Last. */
    u64 typer = (u64)index << 32 | (u64)index << 8 | (u64)(index + 1 == vm->vcpu_count) << 4;
    *value = offset == 4        ? IIDR
             : offset == 8      ? typer
             : offset == 0xc    ? typer >> 32
             : offset == 0x14   ? (owner->gic.asleep ? 6 : 0)
             : offset == 0xffe8 ? 0x3b
                                : 0;
    return true;
}

void vgic_add_regions(struct vm *vm)
{
    vm_add_region(vm, VGIC_GICD, 0x10000, distributor, NULL);
    if (host.gic_version == 3)
        vm_add_region(vm, VGIC_GICR, vm->vcpu_count * VGIC_GICR_SIZE, redistributor, NULL);
    else
        pgtab_map(&vm->stage2, VGIC_GICC, host.gicv, 0x2000, PGTAB_READ | PGTAB_WRITE | PGTAB_DEVICE);
}
