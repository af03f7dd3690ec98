/*
 * System registers: the rows of sysregs.def, their lookup, and access to them.
 *
 * There are three ways to a register's value. MRS/MSR as the guest does it, with all checks (exec_system). By name, as
 * if the guest had been allowed to, with the side effects (sysreg_read, sysreg_write). And the bare state, without
 * side effects, for debuggers, snapshots and tests (sysreg_peek, sysreg_poke).
 */
#ifndef ARMSIM_CPU_SYSREG_H
#define ARMSIM_CPU_SYSREG_H

#include "cpu/pe.h"

#include <stddef.h>

struct sysreg_row;

enum sysreg_result {
    SYSREG_DONE,
    SYSREG_UNDEFINED, /* this configuration doesn't have the register */
    SYSREG_EXCEPTION, /* the access has taken an exception: pe->pc is at the vector */
};

typedef enum sysreg_result sysreg_read_fn(struct pe *pe, const struct sysreg_row *row, uint64_t *value);
typedef enum sysreg_result sysreg_write_fn(struct pe *pe, const struct sysreg_row *row, uint64_t value);

/* Bits that a feature makes writable. */
struct sysreg_more {
    uint16_t feature;
    uint64_t bits;
};

/* Clauses of sysregs.def that restrict access beside the EL columns. */
enum sysreg_condition {
    SYSREG_VHE = 1u << 0,        /* _EL12, _EL02: at EL2 and EL3, with EL2 enabled and HCR_EL2.E2H set */
    SYSREG_EL2 = 1u << 1,        /* a register of EL2: RES0 from EL3 when there is no EL2 */
    SYSREG_NEEDS_EL2 = 1u << 2,  /* UNDEFINED unless EL2 is enabled */
    SYSREG_SECURE_EL1 = 1u << 3, /* from EL1: Secure state without EL2 only */
    SYSREG_SECURE_EL2 = 1u << 4, /* from EL2: Secure state only */
    SYSREG_SP_EL0 = 1u << 5,     /* UNDEFINED while SP_EL0 is the current SP */
    SYSREG_HIGHEST = 1u << 6,    /* exists at the highest implemented EL only, which is the row's own */
    SYSREG_HIGHEST_WRITES = 1u << 7, /* writable at the highest implemented EL */
    SYSREG_LOR = 1u << 8,        /* Non-secure physical memory only */
    SYSREG_BREAKPOINTS = 1u << 9, /* exists when its number is below ID_AA64DFR0_EL1.BRPs + 1 */
    SYSREG_WATCHPOINTS = 1u << 10,
    SYSREG_NON_SECURE_EL3 = 1u << 11, /* from EL3: with SCR_EL3.NS or EEL2 set only */
};

enum sysreg_then {
    SYSREG_THEN_CONTEXT = 1u << 0,
    SYSREG_THEN_INTERRUPTS = 1u << 1,
    SYSREG_THEN_RULINGS = 1u << 2, /* a trap control, or what tells where the PE is: sysreg_forget_rulings() */
};

#define SYSREG_NO_ROW 0xffffu

/* Argument of the TLBI handler. */
enum { TLBI_BROADCAST = 1u << 8, TLBI_LAST_LEVEL = 1u << 9 };
#define TLBI_ARGUMENT(op, el, flags) ((unsigned)(op) | (unsigned)(el) << 4 | (unsigned)(flags))

struct sysreg_row {
    const char *name;
    uint16_t key;      /* SYSREG_KEY of the encoding */
    uint16_t identity; /* of the register that an alias (TTBR0_EL12, ...) means */
    uint16_t storage;  /* enum sysreg_index; SR_COUNT: none */
    uint16_t feature;  /* enum feature; FEATURE_COUNT: always there */
    uint16_t e2h;      /* row that the name means at EL2 with HCR_EL2.E2H set; SYSREG_NO_ROW: itself */
    uint16_t conditions;
    uint8_t read_els, write_els; /* bit n: not UNDEFINED from ELn */
    uint8_t then;
    uint8_t tags;      /* only on models with one of these groups of implementation registers; 0: on all */
    uint8_t number;    /* n of a family */
    uint8_t read_trap_count, write_trap_count, more_count;
    bool keep;         /* survives a warm reset */
    unsigned argument;
    const uint16_t *read_traps, *write_traps; /* rows of traps.def, in priority order */
    uint64_t read_trap_states, write_trap_states; /* in which any of them counts: traps.h */
    uint64_t writable, ones, reset;
    const struct sysreg_more *more;
    sysreg_read_fn *read;
    sysreg_write_fn *write;
};

extern const struct sysreg_row sysreg_rows[];
extern const size_t sysreg_row_count;

#define SYSREG_KEY(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* The row of an encoding, NULL when none has it. Bits 20:5 of MSR, MRS, SYS and SYSL are the key. */
const struct sysreg_row *sysreg_lookup(unsigned key);
/* By name ("SCTLR_EL1", any case), or "S3_0_C1_C0_0"; NULL when unknown. */
const struct sysreg_row *sysreg_find(const char *name);

/* Whether this PE has the register at all (features, model, implemented ELs). */
bool sysreg_exists(const struct pe *pe, const struct sysreg_row *row);
/* The bits of `row` that a write changes on this PE, and the ones that then read as one. */
uint64_t sysreg_writable(const struct pe *pe, const struct sysreg_row *row);
/* Stores `value` with the RES0, RES1 and read-only bits of the row kept as they must be. */
void sysreg_store(struct pe *pe, const struct sysreg_row *row, uint64_t value);

/* As a permitted access by the guest: with side effects, without checks and redirection. */
enum sysreg_result sysreg_read(struct pe *pe, const struct sysreg_row *row, uint64_t *value);
enum sysreg_result sysreg_write(struct pe *pe, const struct sysreg_row *row, uint64_t value);

/* The state behind the register, without side effects. False: it has none of its own (write-only, instructions). */
bool sysreg_peek(struct pe *pe, const struct sysreg_row *row, uint64_t *value);
bool sysreg_poke(struct pe *pe, const struct sysreg_row *row, uint64_t value);

/* The control registers have changed by another way than the functions above: what was found by them is out of date. */
void sysreg_forget_rulings(struct pe *pe);

/* Fills the identification registers from the model and pe->features, and pe->mmu_features. Once, at creation. */
void pe_identify(struct pe *pe);
/* Reset values of all registers; a warm reset keeps those that only a cold one touches. */
void sysreg_reset(struct pe *pe, bool cold);
/* The registers that are kept by the generic timer and the GIC: those are the PE's, and are reset with it. */
void sysreg_reset_devices(struct pe *pe);

#endif
