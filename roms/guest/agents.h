/*
 * What may sit above a client, for clients that bring it along: at EL2 and EL3 of the ROM itself, an agent of the WFE
 * channel, somebody who traps WFE for other reasons, or nobody.
 */
#ifndef GUEST_AGENTS_H
#define GUEST_AGENTS_H

#include "client.h"

enum agent_kind { AGENT_NONE, AGENT_OURS, AGENT_STRANGER, AGENT_KINDS };

/* Called at EL1; the EL must be the ROM's (has_el()). */
void agents_set(unsigned el, enum agent_kind kind);
#define AGENT_ID(el) (0x41474e5400000000ul | (el))

/* For set_handler(): WFEs that come to EL2 and EL3. False: something else. */
bool agents_handle(struct frame *frame, unsigned el);
extern unsigned agent_traps[4]; /* WFEs that came, by EL */
extern u64 agent_traced[4];     /* the last code of WFE_TRACE */

#endif
