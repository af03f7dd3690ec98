/* Self-hosted debug, when its registers are trapped: the PE's own breakpoints and watchpoints work for the vCPU that runs;
 * MDSCR_EL1 is the guest's except for TDCC, which would take the DCC's traps away from EL2. */
#include "roms/visor/sysregs.h"

#define MDSCR_TDCC BIT(12)
#define OSLSR_UNLOCKED 8

/* Bxx(n, register): DBGBVR, DBGBCR, DBGWVR, DBGWCR are Op2 4 to 7. */
#define ONE(n, op2)                                                                                                    \
    case n << 3 | op2:                                                                                                 \
        if (access->read)                                                                                              \
            access->value = READ(S2_0_C0_C##n##_##op2);                                                                \
        else                                                                                                           \
            WRITE(S2_0_C0_C##n##_##op2, access->value);                                                                \
        return true;
#define SIXTEEN(op2)                                                                                                   \
    ONE(0, op2) ONE(1, op2) ONE(2, op2) ONE(3, op2) ONE(4, op2) ONE(5, op2) ONE(6, op2) ONE(7, op2) ONE(8, op2)        \
    ONE(9, op2) ONE(10, op2) ONE(11, op2) ONE(12, op2) ONE(13, op2) ONE(14, op2) ONE(15, op2)

static bool comparison_register(struct sysreg_access *access)
{
    unsigned n = access->encoding >> 3 & 15, op2 = access->encoding & 7;
    u64 dfr0 = READ(id_aa64dfr0_el1);
    if (n > (dfr0 >> (op2 < 6 ? 12 : 20) & 15))
        return false; /* more than the PE has */
    switch (n << 3 | op2) {
        SIXTEEN(4)
        SIXTEEN(5)
        SIXTEEN(6)
        SIXTEEN(7)
    default: return false;
    }
}

static bool mdscr(struct vcpu *vcpu, struct sysreg_access *access)
{
    if (access->read) {
        access->value = vcpu->mdscr;
        return true;
    }
    vcpu->mdscr = access->value;
    vcpu_set(vcpu, MDSCR_EL1, access->value & ~MDSCR_TDCC);
    return true;
}

bool debug_register(struct vcpu *vcpu, struct sysreg_access *access)
{
    unsigned crm = access->encoding >> 3 & 15, op2 = access->encoding & 7;
    unsigned group = access->encoding & ENCODING(3u, 7, 15, 0, 0);
    bool at_el0 = PSTATE_EL(vcpu->pstate) == 0;
    if (group == ENCODING(2u, 0, 0, 0, 0) && !at_el0) {
        if (op2 >= 4)
            return comparison_register(access);
        if (crm == 2 && op2 == 2)
            return mdscr(vcpu, access);
        access->value = 0; /* MDCCINT, OSDTRRX, OSDTRTX, OSECCR */
        return true;
    }
    if (group == ENCODING(2u, 0, 1, 0, 0) && !at_el0) {
        access->value = access->encoding == ENCODING(2u, 0, 1, 1, 4) ? OSLSR_UNLOCKED : 0;
        return true;
    }
    if (group == ENCODING(2u, 3, 0, 0, 0)) { /* MDCCSR_EL0, DBGDTR_EL0, DBGDTRRX_EL0 */
        if (at_el0 && vcpu->mdscr & MDSCR_TDCC)
            inject_same(vcpu);
        access->value = 0;
        return true;
    }
    /* DBGCLAIM, DBGAUTHSTATUS, MDRAR: nothing to claim, nothing enabled. */
    access->value = 0;
    return (access->encoding >> 11 & 7) == 0 && !at_el0;
}
