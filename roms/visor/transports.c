#include "roms/visor/transports.h"

bool transport_hvc(struct vcpu *vcpu)
{
    (void)vcpu;
    return false;
}

bool transport_wfe(struct vcpu *vcpu)
{
    (void)vcpu;
    return false;
}

void transport_brk(struct vcpu *vcpu)
{
    inject_same(vcpu);
}

bool transport_dcc(struct vcpu *vcpu)
{
    (void)vcpu;
    return false;
}
