/*
 * The caller's side of what agents offer: hypercalls by every transport, discovery, detection of traps. For EL0 and EL1;
 * everything that EL0 writes lies in EL0_DATA.
 */
#ifndef GUEST_CLIENT_H
#define GUEST_CLIENT_H

#include "../lib/rom.h"
#include "../lib/trapcall.h"
#include "../lib/wfe_agent.h"

/* ---- probe.S: one instruction, with every general register and the flags before and after */
struct probe {
    u64 x[31], nzcv;
};
typedef void probe_fn(struct probe *probe);
probe_fn probe_dcc_x9, probe_brk_other, probe_brk_kernel, probe_wfi;
extern const u32 probe_dcc_x9_at[], probe_brk_other_at[], probe_brk_kernel_at[];
#define TRANSPORT(NAME, word, ...)                                                                                     \
    probe_fn probe_##word;                                                                                             \
    extern const u32 probe_##word##_at[];
#include "../lib/transports.def"

/* ---- call.c */
#define IO_IN_DX_4 0xeu   /* W7: IN EAX, DX */
#define IO_REP_IN_1 0x1cu /* REP INSB */
#define IO_REP_OUT_1 0x18u
#define IO_DOWN 0x20u

struct client_transport {
    const char *name;
    probe_fn *probe;
    const u32 *at; /* its instruction */
    bool kernel;   /* EL1 alone has it */
};
extern const struct client_transport client_transports[TRANSPORTS];

/* X0 to X6 in and out, W7 as described in trapcall.h. By WFE it repeats until X0 changes, three times at most. False: a
 * register changed that is none of the answer's (X7 to X30, the flags). */
bool client_call(enum trapcall_transport transport, u64 x[7], u32 w7);
/* The same from EL1, or from EL0 by call_el0(). */
bool client_call_from(unsigned el, enum trapcall_transport transport, u64 x[7], u32 w7);

/* ---- discover.c */
struct discovery {
    bool found;
    u64 levels;   /* bit 2: EL2, bit 3: EL3 */
    u64 ids[4];   /* by EL */
    u64 elapsed;  /* ns */
};
/* At EL1, with any of its interrupts masked: takes `interval` ns at most. At EL0 (kernel = false) somebody above keeps
 * the event stream running, with a period of a third of the interval or less. */
void discover(struct discovery *discovery, u64 interval, bool kernel);

#endif
