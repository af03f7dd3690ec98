/* Trapped MSR, MRS and system instructions of AArch64 (exception class 0x18). */
#ifndef VISOR_SYSREGS_H
#define VISOR_SYSREGS_H

#include "roms/visor/vcpu.h"

/* Op0, Op1, CRn, CRm, Op2, as in MRS and MSR, with room between them. */
#define ENCODING(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

struct sysreg_access {
    unsigned encoding;
    bool read;
    u64 value; /* written; or the answer */
};

/* Answers an access. False: the register is UNDEFINED for the guest. */
typedef bool sysreg_fn(struct vcpu *vcpu, struct sysreg_access *access);

#define TRAPPED(op0, op1, CRn, CRm, op2, function) sysreg_fn function;
#include "roms/lib/transports.def"

void sysreg_trapped(struct vcpu *vcpu);

/* id_registers.c: what guests may know of the PE. False: such a register doesn't exist, and reads as zero. */
bool id_register_read(unsigned encoding, u64 *value);

/* debug_registers.c: breakpoints and watchpoints, on the PE; MDSCR_EL1 as the guest has written it. */
sysreg_fn debug_register;

/* caches.c: what they are, and their maintenance by address. */
sysreg_fn cache_identity, cache_maintenance;

#endif
