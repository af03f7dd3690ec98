/* Guests have the virtual timer of the PE itself, and an emulated physical one. The visor's own is the EL2 physical timer. */
#include "roms/visor/host.h"
#include "roms/visor/transports.h"

enum { PPI_PHYSICAL_TIMER = 30 };
#define ENABLE 1
#define IMASK 2

u64 counter(void)
{
    ISB();
    return READ(cntpct_el0);
}

static bool live(u64 control)
{
    return (control & (ENABLE | IMASK)) == ENABLE;
}

void timer_load(struct vcpu *vcpu)
{
    /* What the guest has acknowledged but not ended is active in the machine too, or it would come again. */
    gic_set_active(PPI_VIRTUAL_TIMER, vcpu->gic.private[PPI_VIRTUAL_TIMER].active);
}

void timer_unload(struct vcpu *vcpu)
{
    register_write(CNTV_CTL_EL0, 0);
    ISB();
    gic_set_active(PPI_VIRTUAL_TIMER, false);
    /* Pending by its level; that will tell again. */
    vcpu->gic.private[PPI_VIRTUAL_TIMER].latch = false;
}

u64 timer_deadline(struct vcpu *vcpu)
{
    u64 deadline = ~0ull;
    if (!vcpu->loaded && live(vcpu->registers[CNTV_CTL_EL0]))
        deadline = vcpu->registers[CNTV_CVAL_EL0] + vcpu->registers[CNTVOFF_EL2];
    if (live(vcpu->physical_ctl) && !vcpu->physical_line && vcpu->physical_cval < deadline)
        deadline = vcpu->physical_cval;
    u64 watchdog = transports_deadline(vcpu);
    return watchdog < deadline ? watchdog : deadline;
}

void timer_update(struct vcpu *vcpu)
{
    bool line = live(vcpu->physical_ctl) && counter() >= vcpu->physical_cval;
    if (line == vcpu->physical_line)
        return;
    vcpu->physical_line = line;
    lock(&vcpu->vm->lock);
    vgic_line(vcpu, PPI_PHYSICAL_TIMER, line);
    unlock(&vcpu->vm->lock);
}

void timer_arm(u64 deadline)
{
    if (deadline == ~0ull) {
        WRITE(cnthp_ctl_el2, 0);
    } else {
        WRITE(cnthp_cval_el2, deadline);
        WRITE(cnthp_ctl_el2, ENABLE);
    }
    ISB();
}
