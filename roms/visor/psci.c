#include "roms/visor/psci.h"

#include "roms/visor/host.h"

enum {
    SUCCESS = 0, NOT_SUPPORTED = -1, INVALID_PARAMETERS = -2, DENIED = -3, ALREADY_ON = -4, INVALID_ADDRESS = -9,
};
enum { AFFINITY_ON = 0, AFFINITY_OFF = 1 };

typedef i64 call_fn(struct vcpu *vcpu, u64 a, u64 b, u64 c);

static i64 smccc_version(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)vcpu, (void)a, (void)b, (void)c;
    return 0x10001;
}

static i64 psci_version(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)vcpu, (void)a, (void)b, (void)c;
    return 0x10001;
}

/* SMCCC_ARCH_FEATURES: the architecture calls that exist are the version and this. */
static i64 arch_features(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)vcpu, (void)b, (void)c;
    return (u32)a == 0x80000000 || (u32)a == 0x80000001 ? SUCCESS : NOT_SUPPORTED;
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
        return INVALID_PARAMETERS;
    if (!vm_ram(vm, entry, 4))
        return INVALID_ADDRESS;
    lock(&vm->lock);
    bool off = target->state == VCPU_OFF && !target->loaded;
    if (off)
        vcpu_reset(target, entry, context);
    unlock(&vm->lock);
    if (!off)
        return ALREADY_ON;
    target->state = VCPU_RUNNABLE;
    sched_wake(target);
    return SUCCESS;
}

static i64 cpu_off(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    sched_off(vcpu);
    return SUCCESS;
}

static i64 cpu_suspend(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    sched_wait(vcpu); /* a standby state, whatever was asked for: allowed */
    return SUCCESS;
}

static i64 affinity_info(struct vcpu *vcpu, u64 mpidr, u64 level, u64 c)
{
    (void)c;
    struct vcpu *target = find(vcpu->vm, mpidr);
    if (!target || level)
        return INVALID_PARAMETERS;
    return target->state == VCPU_OFF ? AFFINITY_OFF : AFFINITY_ON;
}

static i64 migrate_type(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)vcpu, (void)a, (void)b, (void)c;
    return 2; /* no Trusted OS to migrate */
}

static i64 system_off(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    vm_power_off(vcpu->vm);
    return SUCCESS;
}

static i64 reset(struct vcpu *vcpu, u64 a, u64 b, u64 c)
{
    (void)a, (void)b, (void)c;
    vm_reset(vcpu->vm);
    return SUCCESS;
}

static i64 psci_features(struct vcpu *vcpu, u64 function, u64 b, u64 c);

/* 64: the function also exists with 64-bit arguments, as 0xc40000xx. */
static const struct call {
    u32 function;
    bool both;
    bool leaves; /* no result goes back: the caller doesn't go on */
    call_fn *run;
} calls[] = {
    {0x80000000, false, false, smccc_version},
    {0x80000001, false, false, arch_features},
    {0x84000000, false, false, psci_version},
    {0x84000001, true, false, cpu_suspend},
    {0x84000002, false, true, cpu_off},
    {0x84000003, true, false, cpu_on},
    {0x84000004, true, false, affinity_info},
    {0x84000006, false, false, migrate_type},
    {0x84000008, false, true, system_off},
    {0x84000009, false, true, reset},
    {0x8400000a, false, false, psci_features},
    {0x84000012, true, true, reset}, /* SYSTEM_RESET2: every kind is this one */
};

static const struct call *find_call(u64 function)
{
    for (unsigned i = 0; i < COUNT(calls); i++) {
        if ((u32)function == calls[i].function || (calls[i].both && (u32)function == (calls[i].function | 0x40000000)))
            return &calls[i];
    }
    return NULL;
}

static i64 psci_features(struct vcpu *vcpu, u64 function, u64 b, u64 c)
{
    (void)vcpu, (void)b, (void)c;
    return find_call(function) ? SUCCESS : NOT_SUPPORTED;
}

void psci_call(struct vcpu *vcpu)
{
    u64 function = vcpu->x[0];
    const struct call *call = find_call(function);
    u64 mask = function >> 30 & 1 ? ~0ull : 0xffffffff;
    if (!call) {
        vcpu->x[0] = (u64)NOT_SUPPORTED;
        return;
    }
    i64 result = call->run(vcpu, vcpu->x[1] & mask, vcpu->x[2] & mask, vcpu->x[3] & mask);
    if (!call->leaves)
        vcpu->x[0] = (u64)result;
}
