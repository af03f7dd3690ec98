/* The control of S06: linked with the visor (--wrap), it makes one that keeps the debug exceptions of its guests to itself. */
#include "roms/visor/host.h"
#include "roms/visor/transports.h"

void __wrap_debug_exception(struct vcpu *vcpu);
void __wrap_debug_exception(struct vcpu *vcpu)
{
    if (ESR_CLASS(vcpu->esr) == EC_BRK)
        vcpu_skip(vcpu);
    else
        vm_power_off(vcpu->vm); /* going on would come here again */
}
