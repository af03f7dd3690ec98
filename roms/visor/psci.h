/* The firmware that a guest sees: SMCCC 1.1 and PSCI 1.1, by HVC or SMC #0. */
#ifndef VISOR_PSCI_H
#define VISOR_PSCI_H

#include "roms/visor/vcpu.h"

void psci_call(struct vcpu *vcpu);

#endif
