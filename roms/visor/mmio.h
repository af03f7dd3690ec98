/* Aborts of stage 2: emulated registers, and what a guest has no business with. */
#ifndef VISOR_MMIO_H
#define VISOR_MMIO_H

#include "roms/visor/vcpu.h"

void data_abort(struct vcpu *vcpu);
void fetch_abort(struct vcpu *vcpu);

#endif
