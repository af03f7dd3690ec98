/* The firmware under the visor: other PEs, power. */
#include "roms/lib/psci.h"
#include "roms/visor/host.h"

extern u8 secondary[];

static i64 firmware(u64 function, u64 a, u64 b, u64 c)
{
    return psci(host.psci_by_hvc ? SMCCC_CONDUIT_HVC : SMCCC_CONDUIT_SMC, function, a, b, c);
}

void pes_start(void)
{
    for (unsigned i = 1; i < host.pe_count; i++) {
        struct pe *pe = &host.pes[i];
        i64 error = firmware(PSCI_CPU_ON_64, pe->mpidr, (u64)secondary, i);
        if (error < 0) {
            say("PE %u doesn't start: %d", i, (int)error);
            continue;
        }
        while (!pe->online)
            ;
    }
}

void power_off(void)
{
    firmware(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;)
        __asm__ volatile("wfi");
}
