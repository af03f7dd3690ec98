/*
 * The hypercalls of a guest. The dispatcher sees a call (roms/lib/trapcall.h) and the guest's memory through the
 * caller's own translation; it doesn't know which instruction the call came by.
 *
 * A call names a port. A guest may use the ports of the personas it was given:
 *
 *   native       0x4153  commands, in W2[15:0], magic 0x41524D53 in W0
 *                0x4154  the messages' data, string forms
 *   public       0x5658, 0x5659, magic 0x564D5868: the guest ABI that open-vm-tools uses; off by default
 *
 * Commands are IN, 4 bytes, by either form of the port. A call that isn't valid (description, port, magic, command,
 * caller's EL) answers X0 = 0xffffffff and changes nothing else.
 *
 * Native commands, answers in X0 (0 unless said otherwise) and:
 *
 *   0 VERSION   X0 = 1, X1 = magic, X2 = 1
 *   1 FEATURES  X1 = transports that this guest may use (bit n: enum trapcall_transport), X2 = personas, X3 = commands
 *   2 TIME      X1 = ns, X2 = system counter as the guest sees it, X3 = its frequency in Hz
 *   3 PUTC      W1[7:0] to the console; EL1 only
 *   4 messages  by W2[31:16]; W3[31:16] = channel, X4, X5 = what OPEN answered
 *       0 OPEN   W1 = 0x49435052: X1 = channel, X4, X5 = its keys
 *       1 SEND   W1 = bytes of the message that comes (up to 65536); its data by port 0x4154, OUT
 *       2 RECV   X1 = bytes of the answer; its data by port 0x4154, IN
 *       3 CLOSE
 *       4 PUT, 5 GET   four bytes of data in W1, in place of port 0x4154
 *   5 VM_INFO   X1 = number of the VM, X2 = its vCPUs, X3 = this vCPU, X4 = bytes of memory; EL1 only
 *
 * Port 0x4154 has W1 = 0, W3[31:16] = channel, the keys in X6, X5 (OUT) or X4, X6 (IN), in the order of OPEN's X4, X5; it
 * answers X1 = 0x10000 when X2 elements were transferred. Until then X0 and X1 stay: the instruction may be executed again
 * where it was interrupted.
 */
#ifndef HYPERCALL_H
#define HYPERCALL_H

#include "roms/lib/trapcall.h"
#include "roms/visor/rpc.h"

enum { PERSONA_NATIVE = 1, PERSONA_PUBLIC = 2 }; /* bits */

enum hypercall_result {
    HYPERCALL_FOREIGN, /* not for us: treat the trap as if there were no hypercalls */
    HYPERCALL_DONE,    /* answered; the instruction is over */
    HYPERCALL_AGAIN,   /* part of it is done and in the registers: execute the instruction again, interrupts first */
    HYPERCALL_FAULT,   /* part of it is done and in the registers: the guest gets a data abort at this instruction */
};

struct hypercall_fault {
    u64 address;
    u32 status; /* DFSC */
    bool write;
};

struct hypercall_host {
    /*
     * Reads or writes 1 to HYPERCALL_PIECE bytes of memory that don't cross a 4 KiB page, at the virtual address and with
     * the rights of the caller at EL `el`. False: nothing was done, `fault` says why.
     */
    bool (*read)(void *opaque, unsigned el, u64 va, void *data, size_t size, struct hypercall_fault *fault);
    bool (*write)(void *opaque, unsigned el, u64 va, const void *data, size_t size, struct hypercall_fault *fault);
    /* Whether a write would succeed. */
    bool (*writable)(void *opaque, unsigned el, u64 va, struct hypercall_fault *fault);
    void (*time)(void *opaque, u64 *ns, u64 *counter, u64 *frequency);
    void (*put_char)(void *opaque, char c);
};

enum { HYPERCALL_PIECE = 256, HYPERCALL_TURN = 16384 /* bytes of a string form before HYPERCALL_AGAIN */ };

struct hypercall_guest {
    const struct hypercall_host *host;
    void *opaque; /* the host's */
    u32 transports; /* bit n: enum trapcall_transport */
    u32 personas;
    u32 number, vcpus, vcpu;
    u64 memory;
    struct rpc *rpc; /* NULL: no messages */
};

/* Serves a call: answers in call->x[0..6]. */
enum hypercall_result hypercall(struct hypercall_guest *guest, struct trapcall *call, struct hypercall_fault *fault);

#endif
