/* What sysreg.c and the handlers share. */
#ifndef ARMSIM_CPU_SYSREG_ACCESS_H
#define ARMSIM_CPU_SYSREG_ACCESS_H

#include "cpu/sysreg.h"
#include "cpu/traps.h"

/* MRS, MSR (register), SYS, SYSL: op0 of 1 to 3. As a system_fn. */
bool sysreg_access(struct pe *pe, uint32_t insn);

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

/* Nothing but the EL, traps, redirection and EL2's absence matters to accesses, which are the storage's and have no
 * consequences. */
bool sysreg_is_plain(const struct feature_set *features, const struct sysreg_row *row, bool read);
/* Where a plain register's value is, as far as access is allowed now; NULL: it isn't. */
static inline uint64_t *sysreg_plain_storage(struct pe *pe, const struct sysreg_row *row, bool read)
{
    if (!((read ? row->read_els : row->write_els) >> pe->pstate.el & 1) ||
        ((row->conditions & SYSREG_EL2) && !pe->have_el2) || sysreg_trap(pe, row, read))
        return NULL;
    return &pe->sr[sysreg_redirect(pe, row)->storage];
}

/* SCR_EL3 where EL3 is not implemented, beside NS: HCE, RW, ST, no TWI, TWE, TLOR, TERR; APK, API, EnSCXT, ATA. */
#define SCR_WITHOUT_EL3 (1ull << 8 | 1ull << 10 | 1ull << 11 | 1ull << 16 | 1ull << 17 | 1ull << 25 | 1ull << 26)

#endif
