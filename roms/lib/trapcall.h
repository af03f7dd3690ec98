/*
 * A call from a guest by an instruction that traps. Every transport fills the same structure; what serves the call
 * (roms/visor/hypercall.c) doesn't know how it came, and its results don't depend on it.
 *
 * X0 to X6 carry what an x86 driver has in RAX, RBX, RCX, RDX, RSI, RDI and RBP, W7 describes the I/O instruction that
 * the driver would have executed:
 *
 *   W7 bits   1:0   bytes of an element: 0, 1, 2 for 1, 2, 4; 3 is invalid
 *               2   direction: 1 IN (the caller reads), 0 OUT
 *             4:3   0 the port is in bits 12:5; 1 it is in W3[15:0]; 2 string form; 3 string form, repeated X2 times
 *                   (string forms: port in W3[15:0]; memory at X5 for IN, at X4 for OUT)
 *               5   string forms: addresses go down (x86's direction flag)
 *                   every other bit is zero
 */
#ifndef TRAPCALL_H
#define TRAPCALL_H

#include "types.h"

enum trapcall_transport {
#define TRANSPORT(NAME, ...) TRANSPORT_##NAME,
#include "transports.def"
    TRANSPORTS
};

#define TRAPCALL_KEY 0x86u /* the immediate, and X7[63:32] */

struct trapcall {
    u64 x[8];
    enum trapcall_transport transport;
    unsigned el; /* of the caller */
};

struct io {
    unsigned size; /* bytes of an element */
    bool in, string, repeat, down;
    u16 port;
};

/* Whether W7 is a valid description; `dx` is W3. */
bool trapcall_io(u32 w7, u32 dx, struct io *io);

/*
 * Whether a trap is one of the transports: its syndrome and registers as the hypervisor finds them, `el` of the caller
 * (AArch64). Fills the call. Whether the guest may use the transport, and whether the call means something, is decided
 * by who serves it.
 */
bool trapcall_decode(u64 esr, unsigned el, const u64 *x, struct trapcall *call);

/* Whether the preferred return address of the transport's exception is behind the instruction already. */
bool trapcall_is_behind(enum trapcall_transport transport);

#endif
