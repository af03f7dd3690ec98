/* The ways of a hypercall. Each is asked with the exit at hand, says whether it was a call, and does with the vCPU all that
 * is to do then. */
#ifndef VISOR_TRANSPORTS_H
#define VISOR_TRANSPORTS_H

#include "roms/visor/vcpu.h"

bool transport_hvc(struct vcpu *vcpu);
bool transport_wfe(struct vcpu *vcpu);
void transport_brk(struct vcpu *vcpu); /* what is no call goes to the guest's EL1 */
bool transport_dcc(struct vcpu *vcpu);

#endif
