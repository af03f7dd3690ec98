/*
 * Firmware calls answered by the machine itself when no guest firmware runs at EL3: the SMC Calling Convention 1.2
 * (DEN0028), PSCI 1.1 (DEN0022) and the True Random Number Generator interface 1.0 (DEN0098).
 *
 * This file knows no PE: it works on the call's registers and on functions of the machine.
 */
#ifndef ARMSIM_FIRMWARE_SMCCC_H
#define ARMSIM_FIRMWARE_SMCCC_H

#include <stdbool.h>
#include <stdint.h>

/* What firmware needs from the machine. PEs are known by their index. */
struct firmware_ops {
    unsigned (*pe_count)(void *opaque);
    uint64_t (*affinity)(void *opaque, unsigned pe); /* MPIDR_EL1's affinity fields, all else 0 */
    bool (*is_on)(void *opaque, unsigned pe);
    /* Could a PE start there: 4-byte aligned memory of the Non-secure space? */
    bool (*valid_entry)(void *opaque, uint64_t address);
    /* Resets the PE and starts it at the highest Non-secure EL, MMU off, X0 = context. */
    void (*start)(void *opaque, unsigned pe, uint64_t entry, uint64_t context);
    void (*stop)(void *opaque, unsigned pe);
    void (*standby)(void *opaque, unsigned pe); /* as WFI */
    void (*system_off)(void *opaque);
    void (*system_reset)(void *opaque, bool warm);
    uint64_t (*random)(void *opaque); /* 64 fresh bits of the machine's seeded generator */
};

struct firmware {
    const struct firmware_ops *ops;
    void *opaque;
};

struct smccc_call {
    unsigned pe;      /* the caller */
    uint16_t imm;     /* of the HVC or SMC; the convention defines 0 only */
    uint64_t x[4];    /* in: X0 to X3; out: the results */
    bool no_return;   /* out: the caller doesn't go on after this call (CPU_OFF, SYSTEM_OFF, SYSTEM_RESET) */
};

#define SMCCC_NOT_SUPPORTED (-(int64_t)1)

/* Answers the call. What isn't known is SMCCC_NOT_SUPPORTED in X0, as the convention says. */
void smccc_dispatch(const struct firmware *firmware, struct smccc_call *call);

/* psci.c: true when the call belongs to PSCI's function numbers; the results are in call->x. */
bool psci_dispatch(const struct firmware *firmware, struct smccc_call *call);

/* trng.c: the same for the TRNG interface's. */
bool trng_dispatch(const struct firmware *firmware, struct smccc_call *call);

/* Puts one result in X0 and zeros in X1 to X3. */
static inline void smccc_return(struct smccc_call *call, int64_t value)
{
    call->x[0] = (uint64_t)value;
    call->x[1] = call->x[2] = call->x[3] = 0;
}

/* A function number has bit 30 set when its arguments are 64 bits wide; otherwise only the W registers count. */
#define SMCCC_64 0x40000000u

static inline uint64_t smccc_argument(const struct smccc_call *call, unsigned n)
{
    return call->x[0] & SMCCC_64 ? call->x[n] : (uint32_t)call->x[n];
}

#endif
