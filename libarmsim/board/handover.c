/*
 * What boot firmware would have done before it enters a Non-secure operating system, on machines that have none:
 * the requirements of the kernel's Documentation/arm64/booting.rst ("CPU mode", "Architected timers", "System
 * registers").
 */
#include "cpu/host.h"
#include "libarmsim/board/virt.h"

/* Keys of cpu/host.h. */
#define SYSREG(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define SYSREG_CNTFRQ_EL0 SYSREG(3, 3, 14, 0, 0)
#define SYSREG_SCR_EL3 SYSREG(3, 6, 1, 1, 0)
#define SYSREG_CPTR_EL3 SYSREG(3, 6, 1, 1, 2)
#define SYSREG_MDCR_EL3 SYSREG(3, 6, 1, 3, 1)
#define SYSREG_ICC_SRE_EL3 SYSREG(3, 6, 12, 12, 5)

/* SCR_EL3. Fields of features that the PE lacks are RES0 and stay 0. */
#define SCR_NS (UINT64_C(1) << 0)
#define SCR_SMD (UINT64_C(1) << 7)
#define SCR_HCE (UINT64_C(1) << 8)
#define SCR_RW (UINT64_C(1) << 10)
#define SCR_APK (UINT64_C(1) << 16)
#define SCR_API (UINT64_C(1) << 17)
#define SCR_ENSCXT (UINT64_C(1) << 25)
#define SCR_ATA (UINT64_C(1) << 26)
#define SCR_FGTEN (UINT64_C(1) << 27)
#define SCR_ECVEN (UINT64_C(1) << 28)
#define SCR_HXEN (UINT64_C(1) << 38)
/* CPTR_EL3: no traps, SVE and SME enabled. */
#define CPTR_EZ (UINT64_C(1) << 8)
#define CPTR_ESM (UINT64_C(1) << 12)
/* MDCR_EL3: the profiling and trace buffers belong to Non-secure state. */
#define MDCR_NSPB_NON_SECURE (UINT64_C(3) << 12)
#define MDCR_NSTB_NON_SECURE (UINT64_C(3) << 24)
/* ICC_SRE_EL3: Enable, DIB, DFB, SRE. */
#define ICC_SRE_ALL UINT64_C(0xf)

#define PSTATE_DAIF UINT64_C(0x3c0)
#define PSTATE_ELXH(el) ((uint64_t)(el) << 2 | 1)

static uint64_t scr_value(const struct armsim_machine *machine, const struct pe *pe)
{
    uint64_t scr = SCR_NS | SCR_RW | SCR_APK | SCR_API | SCR_ENSCXT | SCR_ATA | SCR_FGTEN | SCR_ECVEN | SCR_HXEN;
    if (pe->have_el2)
        scr |= SCR_HCE;
    if (machine->board_data->conduit != ARMSIM_CONDUIT_SMC)
        scr |= SCR_SMD; /* nobody is at EL3 to take an SMC */
    return scr;
}

void handover_pe(struct armsim_machine *machine, unsigned index, uint64_t entry)
{
    struct pe *pe = machine->pes[index];
    unsigned el = pe->have_el2 ? 2 : 1;
    host_write(pe, SYSREG_CNTFRQ_EL0, machine->options.counter_frequency);
    if (pe->have_el3) {
        host_write(pe, SYSREG_SCR_EL3, scr_value(machine, pe));
        host_write(pe, SYSREG_CPTR_EL3, CPTR_EZ | CPTR_ESM);
        host_write(pe, SYSREG_MDCR_EL3, MDCR_NSPB_NON_SECURE | MDCR_NSTB_NON_SECURE);
        if (machine->options.gic_version == 3)
            host_write(pe, SYSREG_ICC_SRE_EL3, ICC_SRE_ALL);
    }
    host_set_pstate(pe, PSTATE_DAIF | PSTATE_ELXH(el));
    for (unsigned n = 0; n < 31; n++)
        machine_set_x(machine, index, n, 0);
    machine_set_pc(machine, index, entry);
}

/* --- the interrupt controller: with two Security states, firmware gives every interrupt to Group 1 --- */

enum {
    GICD_CTLR = 0x000,
    GICD_TYPER = 0x004,
    GICD_IGROUPR = 0x080,
    GICC_PMR = 0x004,
    GICR_STRIDE = 0x20000,
    GICR_WAKER = 0x014,
    GICR_IGROUPR0 = 0x10080,
};
#define GICD_CTLR_ARE_S (1u << 4)
#define GICD_CTLR_ARE_NS (1u << 5)
#define GICD_TYPER_ITLINES(typer) ((unsigned)(typer) & 0x1f)

static struct bus_attrs secure_access(unsigned pe)
{
    return (struct bus_attrs){.pas = PAS_SECURE, .el = 3, .requester = (uint16_t)pe};
}

static void give_spis_away(struct armsim_machine *machine, uint64_t distributor)
{
    uint64_t typer = 0;
    bus_read(machine->bus, distributor + GICD_TYPER, 4, secure_access(0), &typer);
    for (unsigned n = 1; n <= GICD_TYPER_ITLINES(typer); n++)
        bus_write(machine->bus, distributor + GICD_IGROUPR + 4 * n, 4, secure_access(0), UINT32_MAX);
}

static void handover_gicv2(struct armsim_machine *machine, const struct board_gic *gic)
{
    for (unsigned pe = 0; pe < machine->pe_count; pe++) {
        bus_write(machine->bus, gic->distributor + GICD_IGROUPR, 4, secure_access(pe), UINT32_MAX);
        bus_write(machine->bus, gic->cpu_interface + GICC_PMR, 4, secure_access(pe), 0xff);
    }
    give_spis_away(machine, gic->distributor);
}

static void handover_gicv3(struct armsim_machine *machine, const struct board_gic *gic)
{
    bus_write(machine->bus, gic->distributor + GICD_CTLR, 4, secure_access(0), GICD_CTLR_ARE_S | GICD_CTLR_ARE_NS);
    give_spis_away(machine, gic->distributor);
    for (unsigned pe = 0; pe < machine->pe_count; pe++) {
        uint64_t redistributor = gic->redistributor + (uint64_t)pe * GICR_STRIDE;
        bus_write(machine->bus, redistributor + GICR_WAKER, 4, secure_access(pe), 0);
        bus_write(machine->bus, redistributor + GICR_IGROUPR0, 4, secure_access(pe), UINT32_MAX);
    }
}

void handover_gic(struct armsim_machine *machine)
{
    if (!machine->options.secure || (machine->options.gic_single_security && machine->options.gic_version == 2))
        return;
    if (machine->options.gic_version == 3)
        handover_gicv3(machine, machine->board->gic);
    else
        handover_gicv2(machine, machine->board->gic);
}
