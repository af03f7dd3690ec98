/*
 * vCPUs of a PE run in turn, each for a slice or until it waits. One that waits is looked at when a turn ends or the PE is
 * idle: its timers' deadlines, and what others have pended for it, decide. Nobody's turn is cut short for it, or a vCPU
 * with many waiting neighbours would never get on.
 */
#include "roms/visor/host.h"
#include "roms/visor/transports.h"

enum { SLICES_PER_SECOND = 1000 };

void sched_wake(struct vcpu *vcpu)
{
    vcpu->nudged = true;
    if (vcpu->pe != this_pe())
        gic_kick(vcpu->pe);
}

void sched_yield(struct vcpu *vcpu)
{
    vcpu->pe->resched = true;
}

/* Another PE may stop it at the same time; that stays. */
static void change_state(struct vcpu *vcpu, enum vcpu_state from, enum vcpu_state to)
{
    lock(&vcpu->vm->lock);
    if (vcpu->state == from)
        vcpu->state = to;
    unlock(&vcpu->vm->lock);
}

void sched_wait(struct vcpu *vcpu)
{
    vuart_idle(vcpu->vm);
    change_state(vcpu, VCPU_RUNNABLE, VCPU_WAITING);
}

void sched_off(struct vcpu *vcpu)
{
    vcpu_unload(vcpu);
    change_state(vcpu, VCPU_RUNNABLE, VCPU_OFF);
}

/* The end of a VM comes when the last of its vCPUs has left its PE. */
static void retire(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    vcpu_unload(vcpu);
    lock(&vm->lock);
    bool last = vcpu->state == VCPU_STOPPED;
    vcpu->state = VCPU_OFF;
    for (unsigned i = 0; i < vm->vcpu_count; i++)
        last = last && vm->vcpus[i]->state == VCPU_OFF;
    unlock(&vm->lock);
    if (last)
        vm_ended(vm);
}

static bool can_run(struct vcpu *vcpu)
{
    if (vcpu->state == VCPU_STOPPED)
        retire(vcpu);
    if (vcpu->state == VCPU_WAITING) {
        vcpu->nudged = false;
        timer_update(vcpu);
        transports_tick(vcpu);
        if (timer_deadline(vcpu) <= counter() || vgic_deliverable(vcpu))
            change_state(vcpu, VCPU_WAITING, VCPU_RUNNABLE);
    }
    return vcpu->state == VCPU_RUNNABLE;
}

static struct vcpu *pick(struct pe *pe)
{
    for (unsigned i = 0; i < pe->vcpu_count; i++) {
        struct vcpu *vcpu = pe->vcpus[(pe->next + i) % pe->vcpu_count];
        if (can_run(vcpu)) {
            pe->next = (pe->next + i + 1) % pe->vcpu_count;
            return vcpu;
        }
    }
    return NULL;
}

static void idle(struct pe *pe)
{
    u64 first = ~0ull;
    for (unsigned i = 0; i < pe->vcpu_count; i++) {
        u64 deadline = pe->vcpus[i]->state == VCPU_WAITING ? timer_deadline(pe->vcpus[i]) : ~0ull;
        first = deadline < first ? deadline : first;
    }
    timer_arm(first);
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
    poll_interrupts();
}

/* The next moment at which the visor has something to do for a vCPU of this PE. */
static u64 next_event(struct pe *pe)
{
    u64 first = timer_deadline(pe->current);
    for (unsigned i = 0; i < pe->vcpu_count; i++) {
        struct vcpu *vcpu = pe->vcpus[i];
        if (vcpu == pe->current || vcpu->state == VCPU_OFF)
            continue;
        u64 deadline = vcpu->state == VCPU_WAITING && !vcpu->nudged ? timer_deadline(vcpu) : pe->slice_end;
        deadline = deadline < pe->slice_end ? pe->slice_end : deadline;
        first = deadline < first ? deadline : first;
    }
    return first;
}

static void run(struct pe *pe, struct vcpu *vcpu)
{
    pe->slice_end = counter() + READ(cntfrq_el0) / SLICES_PER_SECOND;
    vcpu_load(vcpu);
    pe->resched = false;
    while (vcpu->state == VCPU_RUNNABLE && !pe->resched) {
        timer_update(vcpu);
        timer_arm(next_event(pe));
        lock(&vcpu->vm->lock);
        vgic_enter(vcpu);
        unlock(&vcpu->vm->lock);
        unsigned kind = guest_enter(vcpu);
        lock(&vcpu->vm->lock);
        vgic_exit(vcpu);
        unlock(&vcpu->vm->lock);
        handle_exit(vcpu, kind);
        transports_tick(vcpu);
    }
}

void sched_run(struct pe *pe)
{
    for (;;) {
        struct vcpu *vcpu = pick(pe);
        if (vcpu)
            run(pe, vcpu);
        else
            idle(pe);
    }
}
