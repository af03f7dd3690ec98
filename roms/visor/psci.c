#include "roms/visor/psci.h"

#include "roms/lib/psci.h"
#include "roms/visor/host.h"

typedef i64 call_fn(struct vcpu *vcpu, u64 a, u64 b, u64 c);

static i64 smccc_version(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)vcpu, (void)a, (void)b, (void)c;
    return SMCCC_VERSION_1_1;
}

static i64 psci_version(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)vcpu, (void)a, (void)b, (void)c;
    return PSCI_VERSION_1_1;
}

/* SMCCC_ARCH_FEATURES: the architecture calls that exist are the version and this. */
static i64 arch_features(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)vcpu, (void)b, (void)c;
    return (u32)a == SMCCC_VERSION || (u32)a == SMCCC_ARCH_FEATURES ? SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED;
}

static struct vcpu *find(struct vm *vm, u64 mpidr)
{
    return mpidr < vm->vcpu_count ? vm->vcpus[mpidr] : NULL;
}

static i64 cpu_on(struct vcpu *vcpu, u64 mpidr, u64 entry, u64 context)
{
    struct vm *vm = vcpu->vm;
    struct vcpu *target = find(vm, mpidr);
    if (!target)
        return PSCI_INVALID_PARAMETERS;
    if (!vm_ram(vm, entry, 4))
        return PSCI_INVALID_ADDRESS;
    lock(&vm->lock);
    bool off = target->state == VCPU_OFF && !target->loaded;
    if (off)
        vcpu_reset(target, entry, context);
    unlock(&vm->lock);
    if (!off)
        return PSCI_ALREADY_ON;
    target->state = VCPU_RUNNABLE;
    sched_wake(target);
    return PSCI_SUCCESS;
}

static i64 cpu_off(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    sched_off(vcpu);
    return PSCI_SUCCESS;
}

static i64 cpu_suspend(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    sched_wait(vcpu); /* a standby state, whatever was asked for: allowed */
    return PSCI_SUCCESS;
}

static i64 affinity_info(struct vcpu *vcpu, u64 mpidr, u64 level, u64 c)
{
    (void)c;
    struct vcpu *target = find(vcpu->vm, mpidr);
    if (!target || level)
        return PSCI_INVALID_PARAMETERS;
    return target->state == VCPU_OFF ? PSCI_AFFINITY_OFF : PSCI_AFFINITY_ON;
}

static i64 migrate_type(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)vcpu, (void)a, (void)b, (void)c;
    return PSCI_NO_MIGRATION;
}

static i64 system_off(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    vm_power_off(vcpu->vm);
    return PSCI_SUCCESS;
}

static i64 reset(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    vm_reset(vcpu->vm);
    return PSCI_SUCCESS;
}

static i64 psci_features(struct vcpu *vcpu, u64 function, u64 b, u64 c);

static const struct call {
    u32 function;
    bool has_64; /* a form with 64-bit arguments, too */
    bool leaves; /* no result goes back: the caller doesn't go on */
    call_fn *run;
} calls[] = {
    {SMCCC_VERSION, false, false, smccc_version},
    {SMCCC_ARCH_FEATURES, false, false, arch_features},
    {PSCI_VERSION, false, false, psci_version},
    {PSCI_CPU_SUSPEND, true, false, cpu_suspend},
    {PSCI_CPU_OFF, false, true, cpu_off},
    {PSCI_CPU_ON, true, false, cpu_on},
    {PSCI_AFFINITY_INFO, true, false, affinity_info},
    {PSCI_MIGRATE_INFO_TYPE, false, false, migrate_type},
    {PSCI_SYSTEM_OFF, false, true, system_off},
    {PSCI_SYSTEM_RESET, false, true, reset},
    {PSCI_FEATURES, false, false, psci_features},
    {PSCI_SYSTEM_RESET2, true, true, reset}, /* every kind is this one */
};

static const struct call *find_call(u64 function)
{
    for (unsigned i = 0; i < COUNT(calls); i++) {
        if ((u32)function == calls[i].function || (calls[i].has_64 && (u32)function == (calls[i].function | SMCCC_64)))
            return &calls[i];
    }
    return NULL;
}

static i64 psci_features(struct vcpu *vcpu, u64 function, u64 b, u64 c)
{
    (void)vcpu, (void)b, (void)c;
    return find_call(function) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

void psci_call(struct vcpu *vcpu)
{
    u64 function = vcpu->x[0];
    const struct call *call = find_call(function);
    u64 mask = function & SMCCC_64 ? ~0ull : 0xffffffff;
    if (!call) {
        vcpu->x[0] = (u64)PSCI_NOT_SUPPORTED;
        return;
    }
    i64 result = call->run(vcpu, vcpu->x[1] & mask, vcpu->x[2] & mask, vcpu->x[3] & mask);
    if (!call->leaves)
        vcpu->x[0] = (u64)result;
}
