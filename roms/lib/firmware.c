/* Calls of the firmware (DEN0022), and other PEs by them. */
#include "psci.h"
#include "rom.h"

u8 secondary_stacks[MAX_SECONDARIES + 1][4096] __attribute__((aligned(16)));
static void (*secondary_function)(unsigned number);
void secondary_entry(void);
void secondary_begin(u64 number);

/* With EL3, SMC reaches whoever is there, and so it does from EL2. */
i64 firmware_call(u64 function, u64 a, u64 b, u64 c)
{
    bool by_smc = start_el == 2 || READ(id_aa64pfr0_el1) >> 12 & 15;
    return psci(by_smc ? SMCCC_CONDUIT_SMC : SMCCC_CONDUIT_HVC, function, a, b, c);
}

__asm__(".global secondary_entry\n"
        "secondary_entry:\n" /* x0: the number of the PE; EL1 or EL2, MMU off */
        "    mov x19, x0\n"
        "    mrs x1, CurrentEL\n"
        "    cmp x1, #8\n"
        "    b.ne 1f\n"
        "    mov x1, #(1 << 31)\n"
        "    msr hcr_el2, x1\n"
        "    mov x1, #0x3c5\n"
        "    msr spsr_el2, x1\n"
        "    adr x1, 1f\n"
        "    msr elr_el2, x1\n"
        "    eret\n"
        "1:  ldr x1, =secondary_stacks\n"
        "    add x2, x19, #1\n"
        "    add x1, x1, x2, lsl #12\n"
        "    mov sp, x1\n"
        "    bl install_vectors\n"
        "    mov x0, x19\n"
        "    b secondary_begin\n"
        "    .ltorg\n");

void secondary_begin(u64 number)
{
    mmu_join();
    secondary_function((unsigned)number);
    for (;;)
        __asm__ volatile("wfi");
}

i64 start_secondary(unsigned number, void (*function)(unsigned number))
{
    secondary_function = function;
    DSB();
    return firmware_call(PSCI_CPU_ON_64, number, (u64)secondary_entry, number);
}
