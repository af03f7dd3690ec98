/* A vCPU's self-hosted debug: debug_registers.c, debug_exceptions.c. */
#ifndef VISOR_DEBUG_H
#define VISOR_DEBUG_H

#include "roms/visor/vcpu.h"

#define MDSCR_SS BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)
#define MDSCR_WRITABLE (MDSCR_SS | BIT(6) | MDSCR_TDCC | MDSCR_KDE | BIT(14) | MDSCR_MDE | 0x6ce80000ull)

/* The breakpoints, watchpoints and MDSCR_EL1 of a vCPU that comes to the PE or leaves it. */
void debug_load(struct vcpu *vcpu);
void debug_unload(struct vcpu *vcpu);

/* MDSCR_EL1 of the PE, from what the guest has written and what goes on. */
void debug_put_mdscr(struct vcpu *vcpu);

#endif
