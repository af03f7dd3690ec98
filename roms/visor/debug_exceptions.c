/*
 * Debug exceptions of a guest that has the hypercall by BRK: MDCR_EL2.TDE routes them all to EL2, which hands them on with
 * the same syndrome.
 *
 * At EL1 they come even where MDSCR_EL1.KDE or PSTATE.D forbid them. Breakpoints and watchpoints of EL1 are off while KDE
 * is 0 (debug_registers.c); an instruction that hits one while D is 1 is executed without them; and software step goes on
 * silently, with a step of its own for each instruction, until the guest could be stepped again.
 */
#include "roms/visor/debug.h"
#include "roms/visor/transports.h"

#define ERET 0xd69f03e0u

/* Whether debug exceptions could be taken to EL1 where the vCPU is. */
static bool can_be_debugged(const struct vcpu *vcpu)
{
    return PSTATE_EL(vcpu->pstate) == 0 || (vcpu->debug.mdscr & MDSCR_KDE && !(vcpu->pstate & PSTATE_D));
}

/* The next instruction is stepped, as the guest must not know. */
static void step_silently(struct vcpu *vcpu)
{
    u32 opcode;
    vcpu->debug.eret = vcpu_fetch(vcpu, &opcode) && opcode == ERET;
    vcpu->debug.eret_ss = vcpu->debug.eret && vcpu_get(vcpu, SPSR_EL1) & PSTATE_SS;
    vcpu->pstate |= PSTATE_SS;
}

/* An exception to EL1 came in place of the instruction: its SPSR_EL1.SS is of the silent step. */
static void forget_step(struct vcpu *vcpu)
{
    u64 offset = vcpu->pc - vcpu_get(vcpu, VBAR_EL1), spsr = vcpu_get(vcpu, SPSR_EL1);
    if (offset < 0x400 && offset % 0x80 == 0)
        vcpu_set(vcpu, SPSR_EL1, spsr & ~PSTATE_SS);
}

static void software_step(struct vcpu *vcpu)
{
    struct debug_context *debug = &vcpu->debug;
    bool after_eret = debug->eret, possible = can_be_debugged(vcpu);
    debug->eret = false;
    if (PSTATE_EL(vcpu->pstate) == 1)
        forget_step(vcpu);
    if (debug->over) {
        debug->over = false;
        debug_put_mdscr(vcpu);
        if (!(debug->mdscr & MDSCR_SS))
            return;
    }
    if (possible && after_eret && debug->eret_ss)
        vcpu->pstate |= PSTATE_SS; /* as the ERET would have had it: one instruction, and then the exception */
    else if (possible)
        inject_same(vcpu);
    else
        step_silently(vcpu);
}

void debug_exception(struct vcpu *vcpu)
{
    unsigned ec = ESR_CLASS(vcpu->esr);
    if (ec == EC_STEP_LOWER) {
        software_step(vcpu);
    } else if (ec == EC_BRK || can_be_debugged(vcpu)) {
        inject_same(vcpu);
    } else {
        vcpu->debug.over = true;
        debug_put_mdscr(vcpu);
        step_silently(vcpu);
    }
}
