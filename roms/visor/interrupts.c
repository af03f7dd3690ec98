#include "roms/visor/host.h"

/* Whose a physical SPI is. */
static struct vm *owners[VGIC_IDS];

void pass_interrupt(struct vm *vm, unsigned intid)
{
    owners[intid] = vm;
    vm->gic.spis[intid - 32].physical = (u16)intid;
    gic_enable_spi(intid, vm->vcpus[0]->pe, false);
}

static bool pend(struct vcpu *vcpu, unsigned intid)
{
    lock(&vcpu->vm->lock);
    vgic_pend(vcpu, intid);
    unlock(&vcpu->vm->lock);
    return true;
}

bool host_interrupt(struct pe *pe, unsigned intid)
{
    if (intid == PPI_VIRTUAL_TIMER)
        return pe->current && pend(pe->current, intid);
    if (intid == PPI_HYP_TIMER) {
        timer_arm(~0ull);
        pe->resched = pe->resched || counter() >= pe->slice_end;
    }
    if (intid == host.uart_spi && !owners[intid]) {
        console_interrupt();
        return false;
    }
    struct vm *owner = intid >= 32 && intid < VGIC_IDS ? owners[intid] : NULL;
    return owner && pend(owner->vcpus[0], intid);
}
