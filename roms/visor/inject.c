#include "roms/lib/handler_pstate.h"
#include "roms/visor/vcpu.h"

static u64 vector_offset(u64 pstate)
{
    if (pstate & PSTATE_AARCH32)
        return 0x600;
    return PSTATE_EL(pstate) == 0 ? 0x400 : pstate & 1 ? 0x200 : 0;
}

void inject_sync(struct vcpu *vcpu, u64 esr, const u64 *far)
{
    u64 old = vcpu->pstate;
    vcpu_set(vcpu, ESR_EL1, esr);
    if (far)
        vcpu_set(vcpu, FAR_EL1, *far);
    vcpu_set(vcpu, ELR_EL1, vcpu->pc);
    vcpu_set(vcpu, SPSR_EL1, old);
    vcpu->pstate = handler_pstate(old, 1, vcpu_get(vcpu, SCTLR_EL1), true);
    vcpu->pc = vcpu_get(vcpu, VBAR_EL1) + vector_offset(old);
}

void inject_abort(struct vcpu *vcpu, bool fetch, u64 far, unsigned status, u64 iss)
{
    bool same = PSTATE_EL(vcpu->pstate) == 1 && !(vcpu->pstate & PSTATE_AARCH32);
    unsigned ec = (fetch ? EC_FETCH_LOWER : EC_DATA_LOWER) + same;
    u64 il = fetch || !(vcpu->esr & ESR_IL) ? vcpu->esr & ESR_IL : ESR_IL;
    inject_sync(vcpu, (u64)ec << 26 | (fetch ? ESR_IL : il) | iss | status, &far);
}

void inject_undefined(struct vcpu *vcpu)
{
    inject_sync(vcpu, ESR_VALUE(EC_UNKNOWN, 0), NULL);
}

void inject_same(struct vcpu *vcpu)
{
    u64 esr = vcpu->esr;
    unsigned ec = ESR_CLASS(esr);
    bool from_lower = ec == EC_BREAKPOINT_LOWER || ec == EC_STEP_LOWER || ec == EC_WATCHPOINT_LOWER;
    if (from_lower && PSTATE_EL(vcpu->pstate) == 1)
        esr += 1ull << 26;
    inject_sync(vcpu, esr, ec == EC_WATCHPOINT_LOWER ? &vcpu->far : NULL);
}
