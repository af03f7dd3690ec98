/*
 * The WFE channel: a hint instruction as a call. Where nobody listens it is a WFE and nothing more; an agent that traps
 * WFE looks at the registers.
 *
 *   request   X0 = WFE_REQUEST, X1 = ~X0, X2 = function, X3, X4 = arguments
 *   reply     X0 = WFE_REPLY, X1 = status, X2 = which levels answered (bit 2: EL2, bit 3: EL3),
 *             X3 = the EL2 agent's id or 0, X4 = the EL3 agent's id or 0
 *
 * WFE completes without a trap when the event register is set, and every exception return sets it: the caller repeats
 * WFE until X0 changes, three times at most (wfe_call()).
 *
 * An agent at EL2 first asks below itself: it issues the WFE of a discovery again with the same registers, so that an
 * agent at EL3 answers too. Both are made of this file.
 */
#ifndef WFE_AGENT_H
#define WFE_AGENT_H

#include "types.h"

#define WFE_REQUEST 0x61726d73696d2d57ull /* "armsim-W" */
#define WFE_REPLY 0x61726d73696d2d41ull   /* "armsim-A" */

enum wfe_function {
    WFE_DISCOVER,
    WFE_WATCHDOG_ARM,    /* X3 = ns without a ping, X4 = enum wfe_action */
    WFE_WATCHDOG_PING,
    WFE_WATCHDOG_DISARM,
    WFE_TRACE,           /* X3 = a code for the log */
    WFE_FUNCTIONS
};
enum wfe_action { WFE_ACTION_LOG, WFE_ACTION_RESET, WFE_ACTION_NMI, WFE_ACTIONS };
enum wfe_status { WFE_OK, WFE_UNKNOWN_FUNCTION, WFE_BAD_ARGUMENT, WFE_NOT_ARMED };

struct wfe_agent_ops {
    u64 (*now)(void *opaque);                  /* ns, monotonic */
    void (*timer)(void *opaque, u64 deadline); /* call wfe_agent_timer() then; 0: no more */
    void (*bark)(void *opaque, enum wfe_action action);
    void (*trace)(void *opaque, u64 code);
    void (*below)(void *opaque, u64 *x);       /* the same request to a lower agent; NULL: there can't be one */
};

struct wfe_agent {
    const struct wfe_agent_ops *ops;
    void *opaque;
    unsigned el; /* 2 or 3: where it lives */
    u64 id;
    u64 timeout, deadline; /* ns; deadline 0: not armed */
    enum wfe_action action;
};

/* Whether what was trapped (an ESR_ELx) is a WFE, not WFI, WFIT or WFET, and its registers are a request. */
bool wfe_is_request(u64 esr, const u64 *x);

/* Serves a request: X0 to X4 become the reply. False, and nothing changes: it isn't one. */
bool wfe_agent_serve(struct wfe_agent *agent, u64 esr, u64 *x);

/* The timer came, or time has passed otherwise: the watchdog barks if it is due, and is armed no longer. */
void wfe_agent_timer(struct wfe_agent *agent);

/* The caller's side, wfe_call.c: X0 to X4 in and out; true if somebody answered. The caller sees to it that an event comes
 * in the end, if nobody does (event stream, interrupt). */
bool wfe_call(u64 x[5]);

#endif
