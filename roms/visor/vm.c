#include "roms/visor/host.h"

bool vm_add_region(struct vm *vm, u64 base, u64 size, region_fn *access, void *device)
{
    if (vm->region_count == MAX_REGIONS)
        return false;
    vm->regions[vm->region_count++] = (struct region){base, size, access, device};
    return true;
}

/* Off for all vCPUs: those that run elsewhere find it after their next exit. */
static void stop(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        vm->vcpus[i]->state = VCPU_STOPPED;
        sched_wake(vm->vcpus[i]);
    }
}

void vm_power_off(struct vm *vm)
{
    vm->reset_wanted = false;
    stop(vm);
}

void vm_reset(struct vm *vm)
{
    vm->reset_wanted = true;
    stop(vm);
}
