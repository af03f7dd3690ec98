/* The firmware under the visor: other PEs, power. */
#include "roms/visor/host.h"

enum { PSCI_CPU_ON = 0xc4000003, PSCI_SYSTEM_OFF = 0x84000008 };

extern u8 secondary[];

static u64 firmware(u64 function, u64 a, u64 b, u64 c)
{
    register u64 x0 __asm__("x0") = function;
    register u64 x1 __asm__("x1") = a;
    register u64 x2 __asm__("x2") = b;
    register u64 x3 __asm__("x3") = c;
    /* SMCCC 1.0 may change X4 to X17. */
#define CLOBBERS "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"
    if (host.psci_by_hvc)
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::CLOBBERS);
    else
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::CLOBBERS);
    return x0;
}

void pes_start(void)
{
    for (unsigned i = 1; i < host.pe_count; i++) {
        struct pe *pe = &host.pes[i];
        i64 error = (i64)firmware(PSCI_CPU_ON, pe->mpidr, (u64)secondary, i);
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
