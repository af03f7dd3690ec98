#include "roms/visor/vgic.h"

#include "roms/lib/memory.h"
#include "roms/visor/host.h"

struct virq *vgic_irq(struct vcpu *vcpu, unsigned intid)
{
    return intid < 32 ? &vcpu->gic.private[intid] : &vcpu->vm->gic.spis[intid - 32];
}

bool vgic_pending(const struct virq *irq)
{
    return irq->latch || (!irq->edge && irq->line) || irq->sources;
}

static struct vcpu *owner_of(struct vm *vm, struct vcpu *vcpu, unsigned intid)
{
    if (intid < 32)
        return vcpu;
    unsigned owner = vm->gic.spis[intid - 32].owner;
    return vm->vcpus[owner < vm->vcpu_count ? owner : 0];
}

void vgic_changed(struct vm *vm, struct vcpu *vcpu, unsigned intid)
{
    struct vcpu *owner = owner_of(vm, vcpu, intid);
    owner->gic.live[intid / 32] |= 1u << intid % 32;
    /* It may run with a list register that says otherwise, or wait for this. */
    if (owner->state == VCPU_RUNNABLE || owner->state == VCPU_WAITING)
        sched_wake(owner);
}

void vgic_line(struct vcpu *vcpu, unsigned intid, bool high)
{
    struct virq *irq = vgic_irq(vcpu, intid);
    if (irq->line == high)
        return;
    irq->line = high;
    if (irq->edge && high)
        irq->latch = true;
    vgic_changed(vcpu->vm, vcpu, intid);
}

void vgic_pend(struct vcpu *vcpu, unsigned intid)
{
    vgic_irq(vcpu, intid)->latch = true;
    vgic_changed(vcpu->vm, vcpu, intid);
}

void vgic_sgi(struct vcpu *from, struct vcpu *to, unsigned intid, bool group1)
{
    struct virq *irq = &to->gic.private[intid];
    if (host.gic_version == 2)
        irq->sources |= (u8)(1 << from->index);
    else if (irq->group1 == group1)
        irq->latch = true;
    vgic_changed(to->vm, to, intid);
}

void vgic_write_sgir(struct vcpu *vcpu, u64 value, bool group1)
{
    struct vm *vm = vcpu->vm;
    unsigned intid = value >> 24 & 15;
    bool all_others = value >> 40 & 1;
    u64 cluster = (value >> 48 & 0xff) << 16 | (value >> 32 & 0xff) << 8 | (value >> 16 & 0xff);
    unsigned first = (value >> 44 & 15) * 16;
    lock(&vm->lock);
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        bool chosen = all_others ? i != vcpu->index
                                 : cluster == 0 && i >= first && i < first + 16 && value >> (i - first) & 1;
        if (chosen)
            vgic_sgi(vcpu, vm->vcpus[i], intid, group1);
    }
    unlock(&vm->lock);
}

/* ---- reset */

static void reset_irq(struct virq *irq, bool edge)
{
    u16 physical = irq->physical;
    bool line = irq->line;
    *irq = (struct virq){.edge = edge, .physical = physical, .line = line};
}

void vgic_cpu_reset(struct vcpu *vcpu)
{
    struct vgic_cpu *gic = &vcpu->gic;
    for (unsigned i = 0; i < 32; i++) {
        gic->private[i].line = false;
        reset_irq(&gic->private[i], i < 16);
        gic->private[i].enabled = i < 16 && host.gic_version == 2; /* SGIs of GICv2 always are */
    }
    gic->private[PPI_VIRTUAL_TIMER].physical = PPI_VIRTUAL_TIMER;
    gic->vmcr = 0;
    memset(gic->apr0, 0, sizeof(gic->apr0));
    memset(gic->apr1, 0, sizeof(gic->apr1));
    gic->asleep = true;
    gic->listed_count = 0;
    memset(gic->live, 0, sizeof(gic->live));
}

void vgic_reset(struct vm *vm)
{
    struct vgic *gic = &vm->gic;
    gic->enabled0 = gic->enabled1 = false;
    for (unsigned i = 0; i < VGIC_SPIS; i++) {
        bool edge = gic->spis[i].physical && gic->spis[i].edge;
        if (gic->spis[i].physical && (gic->spis[i].latch || gic->spis[i].active))
            gic_deactivate(gic->spis[i].physical);
        reset_irq(&gic->spis[i], edge);
        gic->router[i] = 0;
    }
}

/* ---- list registers */

static bool wanted(const struct vgic *gic, const struct virq *irq)
{
    bool group_on = irq->group1 ? gic->enabled1 : gic->enabled0;
    return irq->active || (vgic_pending(irq) && irq->enabled && group_on);
}

/* While it is active: a level isn't pending, a physical interrupt can't come again, and the next sender's SGI waits, since
 * a list register has room for one sender. What waits comes after the EOI, of which a maintenance interrupt tells. */
static struct list_register describe(const struct virq *irq, unsigned intid)
{
    bool waits = irq->active && (!irq->edge || irq->physical || irq->sources);
    struct list_register lr = {.intid = intid, .physical = irq->physical, .priority = irq->priority, .active = irq->active,
                               .pending = vgic_pending(irq) && !waits, .group1 = irq->group1};
    lr.source = irq->active || !irq->sources ? irq->active_source : (unsigned)__builtin_ctz(irq->sources);
    bool more_senders = irq->sources & (irq->sources - 1) || (irq->active && irq->sources);
    lr.notify = !irq->physical && (more_senders || (!irq->edge && irq->line));
    return lr;
}

/* The most urgent ones first, then by number. Active ones before pending ones: the guest's EOI has to find them. */
static unsigned rank(const struct virq *irq)
{
    return irq->active ? 0 : 1u + irq->priority;
}

static unsigned gather(struct vcpu *vcpu, u16 chosen[VGIC_LRS], unsigned room, bool *more)
{
    unsigned count = 0;
    *more = false;
    for (unsigned word = 0; word < COUNT(vcpu->gic.live); word++) {
        for (u32 live = vcpu->gic.live[word]; live; live &= live - 1) {
            unsigned intid = 32 * word + (unsigned)__builtin_ctz(live);
            const struct virq *irq = vgic_irq(vcpu, intid);
            bool ours = owner_of(vcpu->vm, vcpu, intid) == vcpu;
            if (!ours || !(vgic_pending(irq) || irq->active))
                vcpu->gic.live[word] &= ~(1u << intid % 32);
            if (!ours || !wanted(&vcpu->vm->gic, irq))
                continue;
            unsigned at = count;
            while (at > 0 && rank(vgic_irq(vcpu, chosen[at - 1])) > rank(irq))
                at--;
            *more = *more || count == room;
            if (at == room)
                continue;
            unsigned last = count < room ? count++ : room - 1;
            for (unsigned i = last; i > at; i--)
                chosen[i] = chosen[i - 1];
            chosen[at] = (u16)intid;
        }
    }
    return count;
}

/* What makes an interrupt pending moves to the list register, so that what happens meanwhile isn't taken for the same. */
static void list(struct vcpu *vcpu, unsigned n)
{
    struct vgic_cpu *gic = &vcpu->gic;
    struct virq *irq = vgic_irq(vcpu, gic->listed[n]);
    struct list_register lr = describe(irq, gic->listed[n]);
    gic->listed_source[n] = (u8)lr.source;
    gic->listed_sources[n] = lr.pending && irq->sources ? (u8)(1 << lr.source) : 0;
    gic->listed_latch[n] = lr.pending && !irq->sources && irq->latch;
    irq->sources &= (u8)~gic->listed_sources[n];
    irq->latch = irq->latch && !gic->listed_latch[n];
    lr_write(n, &lr);
}

void vgic_enter(struct vcpu *vcpu)
{
    struct vgic_cpu *gic = &vcpu->gic;
    bool more;
    gic->listed_count = gather(vcpu, gic->listed, lr_count(), &more);
    for (unsigned i = 0; i < gic->listed_count; i++)
        list(vcpu, i);
    lr_control(true, more);
}

/* What the guest has done to them: acknowledged ones aren't pending any more, ended ones aren't active. */
static void fold(struct vcpu *vcpu, unsigned n)
{
    struct vgic_cpu *gic = &vcpu->gic;
    struct virq *irq = vgic_irq(vcpu, gic->listed[n]);
    struct list_register now = lr_read(n);
    if (now.active && !irq->active)
        irq->active_source = gic->listed_source[n];
    irq->active = now.active;
    if (now.pending) {
        irq->sources |= gic->listed_sources[n];
        irq->latch = irq->latch || gic->listed_latch[n];
    }
    const struct list_register nothing = {0};
    lr_write(n, &nothing);
}

void vgic_exit(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < vcpu->gic.listed_count; i++)
        fold(vcpu, i);
    vcpu->gic.listed_count = 0;
    lr_control(true, false);
}

bool vgic_deliverable(struct vcpu *vcpu)
{
    u16 chosen[VGIC_LRS];
    bool more;
    lock(&vcpu->vm->lock);
    unsigned count = gather(vcpu, chosen, 1, &more);
    bool result = count && vgic_pending(vgic_irq(vcpu, chosen[0]));
    if (count) {
        u64 vmcr = vcpu->loaded ? vmcr_read() : vcpu->gic.vmcr;
        result = result && vgic_irq(vcpu, chosen[0])->priority < vmcr_mask(vmcr);
    }
    unlock(&vcpu->vm->lock);
    return result;
}
