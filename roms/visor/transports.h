/* The ways of a hypercall (roms/lib/transports.def), and the WFE channel. Each is asked with the exit at hand, says whether
 * it was a call, and does with the vCPU all that is to do then. */
#ifndef VISOR_TRANSPORTS_H
#define VISOR_TRANSPORTS_H

#include "roms/visor/vcpu.h"

bool transport_call(struct vcpu *vcpu);
bool transport_channel(struct vcpu *vcpu); /* of a trapped WFE */

/* With the vCPU's reset: no watchdog, no open channels. */
void transports_reset(struct vcpu *vcpu);
/* The watchdog: when it is due (counter value; ~0: it isn't), and the look at it. */
u64 transports_deadline(const struct vcpu *vcpu);
void transports_tick(struct vcpu *vcpu);

/* debug_exceptions.c: a debug exception that came to EL2, or a BRK that was no call: handed to EL1, or gone over. */
void debug_exception(struct vcpu *vcpu);

#endif
