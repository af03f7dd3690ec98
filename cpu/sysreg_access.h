/* What sysreg.c and the handlers share. */
#ifndef ARMSIM_CPU_SYSREG_ACCESS_H
#define ARMSIM_CPU_SYSREG_ACCESS_H

#include "cpu/sysreg.h"

/* MRS, MSR (register), SYS, SYSL: op0 of 1 to 3. As a system_fn. */
bool sysreg_access(struct pe *pe, uint32_t insn);

/* Reading has a side effect: interrupt acknowledge, random numbers. */
bool sysreg_read_has_effect(const struct sysreg_row *row);
/* HCR_EL2.{E2H,TGE} redirects the name for EL0 too: the timers' _EL0 registers. */
bool sysreg_redirects_el0(const struct sysreg_row *row);

/* SCR_EL3 where EL3 is not implemented, beside NS: HCE, RW, ST, no TWI, TWE, TLOR, TERR; APK, API, EnSCXT, ATA. */
#define SCR_WITHOUT_EL3 (1ull << 8 | 1ull << 10 | 1ull << 11 | 1ull << 16 | 1ull << 17 | 1ull << 25 | 1ull << 26)

#endif
