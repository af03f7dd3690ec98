/* The GIC's Secure side, GICv2 or GICv3: everything is given to Non-secure Group 1 but what EL3 keeps in Group 0. */
#ifndef ROM_GIC_SECURE_H
#define ROM_GIC_SECURE_H

#include "types.h"

/* Once, by one PE. Group 0 and 1 stay off until gic_secure_enable(). */
void gic_secure_distributor(void);
void gic_secure_enable(void);
/* Each PE. */
void gic_secure_pe(void);
void gic_secure_pe_off(void);

/* Keeps an interrupt: Group 0, the highest priority, enabled. An SPI goes to PE 0. */
void gic_secure_ppi(unsigned intid);
void gic_secure_spi(unsigned intid);

/* Group 0 only; 1020 and above: none. */
unsigned gic_secure_acknowledge(void);
void gic_secure_end(unsigned intid);

/* A Non-secure SPI pends, or no longer does. */
void gic_set_pending(unsigned intid, bool pending);

#endif
