/* What sysreg.c and the handlers share. */
#ifndef ARMSIM_CPU_SYSREG_ACCESS_H
#define ARMSIM_CPU_SYSREG_ACCESS_H

#include "cpu/sysreg.h"
#include "cpu/traps.h"

/* MRS, MSR (register), SYS, SYSL: op0 of 1 to 3. As a system_fn. */
bool sysreg_access(struct pe *pe, uint32_t insn);
/* The same, of a row of sysregs.def: Xt, 31 for the zero register. */
bool sysreg_access_row(struct pe *pe, unsigned row, unsigned rt, bool read);

/* Takes the trap that the ruling on an access to a row is. Always false. */
bool sysreg_take_trap(struct pe *pe, unsigned row, unsigned ruling, unsigned rt, bool read);

/* An allowed write to a register whose row's function does all that there is to do. */
bool sysreg_call_row(struct pe *pe, unsigned row, unsigned rt);

/*
 * What AArch64.CheckSystemAccess() and redirection make of an access. It depends on the EL and on control registers, which
 * change seldom, so each ruling is kept until one of them is written: the generator of sysregs.def knows from traps.def
 * which those are (SYSREG_THEN_RULINGS).
 */
enum {
    RULING_STORAGE = 0,       /* + index: allowed, and all there is to it is pe->sr[index] */
    RULING_ROW = 0x4000,      /* + row: allowed, of this register */
    RULING_TRAPPED = 0x8000,  /* + row of traps.def */
    RULING_REFUSED = 0xc000,  /* UNDEFINED, or trapped by HCR_EL2.NV as a register of EL2 */
    RULING_ABSENT,            /* a register of EL2, from EL3, where there is no EL2 */
};

/* Finds the ruling for the present EL, and keeps it. */
unsigned sysreg_rule(struct pe *pe, unsigned row, bool read);
/* The ruling that is known, or a number from RULING_LIMIT on: it isn't. */
static inline uint32_t sysreg_known_ruling(const struct pe *pe, unsigned row, bool read)
{
    return pe->rulings[row][read][pe->pstate.el] ^ pe->ruling_generation;
}

/* Reading has a side effect: interrupt acknowledge, random numbers. */
bool sysreg_read_has_effect(const struct sysreg_row *row);
/* HCR_EL2.{E2H,TGE} redirects the name for EL0 too: the timers' _EL0 registers. */
static inline bool sysreg_redirects_el0(const struct sysreg_row *row) { return row->key >> 11 == (3 << 3 | 3); }

/* The register that the name means here. */
static inline const struct sysreg_row *sysreg_redirect(const struct pe *pe, const struct sysreg_row *row)
{
    if (row->e2h != SYSREG_NO_ROW && in_host(pe) && (pe->pstate.el == 2 || sysreg_redirects_el0(row)))
        return &sysreg_rows[row->e2h];
    return row;
}

/* The control that traps the access now; NULL: none. */
static inline const struct trap_row *sysreg_trap(const struct pe *pe, const struct sysreg_row *row, bool read)
{
    return read ? trap_find(pe, row->read_traps, row->read_trap_count, row->read_trap_states)
                : trap_find(pe, row->write_traps, row->write_trap_count, row->write_trap_states);
}

/* An allowed access is the storage's, whatever control registers say, and has no consequences: RULING_STORAGE. */
bool sysreg_is_plain(const struct feature_set *features, const struct sysreg_row *row, bool read);
/* The ELs, bit n for ELn, where that is so for the row's own storage whatever control registers say. 0: not at the lowest
 * of those that may access it, which is the one that does. */
unsigned sysreg_storage_els(const struct feature_set *features, const struct sysreg_row *row, bool read);
/* SCR_EL3 where EL3 is not implemented, beside NS: HCE, RW, ST, no TWI, TWE, TLOR, TERR; APK, API, EnSCXT, ATA. */
#define SCR_WITHOUT_EL3 (1ull << 8 | 1ull << 10 | 1ull << 11 | 1ull << 16 | 1ull << 17 | 1ull << 25 | 1ull << 26)

#endif
