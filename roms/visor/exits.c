/* What a guest's exceptions to EL2 come to: one table, by exception class. */
#include "roms/visor/host.h"
#include "roms/visor/mmio.h"
#include "roms/visor/psci.h"
#include "roms/visor/sysregs.h"
#include "roms/visor/transports.h"

typedef void exit_fn(struct vcpu *vcpu);

enum { KIND_SYNC, KIND_IRQ, KIND_FIQ, KIND_SERROR };

static void undefined(struct vcpu *vcpu)
{
    inject_undefined(vcpu);
}

static void wfx(struct vcpu *vcpu)
{
    enum { TI_WFI, TI_WFE, TI_WFIT, TI_WFET };
    unsigned ti = vcpu->esr & 3;
    if (ti == TI_WFE && transport_channel(vcpu))
        return;
    vcpu_skip(vcpu);
    if (ti == TI_WFI)
        sched_wait(vcpu);
    else
        sched_yield(vcpu); /* each of them may be complete at any time; its time limit is looked at by the guest */
}

static void hvc(struct vcpu *vcpu)
{
    if ((vcpu->esr & 0xffff) == 0)
        psci_call(vcpu);
    else
        vcpu->x[0] = ~0ull; /* NOT_SUPPORTED */
}

/* SMC is for us: there is no firmware for guests. Unlike HVC's, its address is that of the instruction. */
static void smc(struct vcpu *vcpu)
{
    vcpu_skip(vcpu);
    if ((vcpu->esr & 0xffff) == 0)
        psci_call(vcpu);
    else
        vcpu->x[0] = ~0ull;
}

static exit_fn *const handlers[64] = {
    [EC_UNKNOWN] = undefined,
    [EC_WFX] = wfx,
    [0x03] = undefined,           /* MCR, MRC (coproc 15), of AArch32 EL0 */
    [0x04] = undefined,           /* MCRR, MRRC (coproc 15) */
    [0x05] = undefined,           /* MCR, MRC (coproc 14) */
    [0x06] = undefined,           /* LDC, STC */
    [0x07] = undefined,           /* SIMD&FP */
    [0x08] = undefined,           /* VMRS */
    [0x09] = undefined,           /* pointer authentication: hidden, as what follows */
    [0x0a] = undefined,           /* LD64B, ST64B */
    [0x0c] = undefined,           /* MRRC (coproc 14) */
    [EC_HVC] = hvc,
    [EC_SMC] = smc,
    [EC_SYSREG] = sysreg_trapped,
    [0x19] = undefined,           /* SVE */
    [0x1d] = undefined,           /* SME */
    [EC_FETCH_LOWER] = fetch_abort,
    [EC_DATA_LOWER] = data_abort,
    [EC_BREAKPOINT_LOWER] = debug_exception,
    [EC_STEP_LOWER] = debug_exception,
    [EC_WATCHPOINT_LOWER] = debug_exception,
    [EC_BKPT] = inject_same,
    [0x3a] = inject_same,         /* vector catch */
    [EC_BRK] = debug_exception,
};

/* The physical interrupts that are pending now; guests' are handed on. */
static void interrupts(struct pe *pe)
{
    for (;;) {
        unsigned iar = gic_acknowledge(), intid = host.gic_version == 2 ? iar & 1023 : iar;
        if (intid >= NO_INTERRUPT)
            return;
        gic_drop(iar);
        if (!host_interrupt(pe, intid))
            gic_deactivate(iar);
    }
}

void poll_interrupts(void)
{
    interrupts(this_pe());
}

static void unexpected(struct vcpu *vcpu)
{
    say("guest %s, vCPU %u: unexpected exception, ESR %lx, at %lx", vcpu->vm->name, vcpu->index, vcpu->esr, vcpu->pc);
    vm_power_off(vcpu->vm);
}

void handle_exit(struct vcpu *vcpu, unsigned kind)
{
    if (kind == KIND_IRQ || kind == KIND_FIQ) {
        interrupts(this_pe());
    } else if (kind == KIND_SERROR) {
        WRITE(hcr_el2, READ(hcr_el2) | HCR_VSE); /* what the guest has done, comes back to it */
    } else {
        exit_fn *handler = handlers[ESR_CLASS(vcpu->esr)];
        vcpu->exits[ESR_CLASS(vcpu->esr)]++;
        if (!transport_call(vcpu))
            (handler ? handler : unexpected)(vcpu);
    }
}
