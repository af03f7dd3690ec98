/*
 * Self-hosted debug of a guest whose debug registers trap (MDCR_EL2.TDA, and TDE for the hypercall by BRK).
 *
 * The guest has its own MDSCR_EL1, of which the PE's has all but TDCC, so that reads of MDCCSR_EL0 at EL0 come to EL2 as
 * those at EL1 do; a read that is no hypercall ends as it would have with the guest's TDCC. Breakpoint and watchpoint
 * registers are kept here, and on the PE while the vCPU is.
 */
#include "roms/visor/sysregs.h"

#include "roms/visor/debug.h"

enum { BVR, BCR, WVR, WCR }; /* Op2 4 to 7 */
#define CONTROL_PMC(value) ((value) >> 1 & 3) /* BCR, WCR: 1 EL1, 2 EL0, 3 both */

#define POINTS(P) P(0) P(1) P(2) P(3) P(4) P(5) P(6) P(7) P(8) P(9) P(10) P(11) P(12) P(13) P(14) P(15)

static void write_point(unsigned kind, unsigned n, u64 value)
{
    switch (kind << 4 | n) {
#define CASES(i)                                                                                                       \
    case BVR << 4 | i: WRITE(S2_0_C0_C##i##_4, value); break;                                                          \
    case BCR << 4 | i: WRITE(S2_0_C0_C##i##_5, value); break;                                                          \
    case WVR << 4 | i: WRITE(S2_0_C0_C##i##_6, value); break;                                                          \
    case WCR << 4 | i: WRITE(S2_0_C0_C##i##_7, value); break;
        POINTS(CASES)
#undef CASES
    default: break;
    }
}

static u64 read_point(unsigned kind, unsigned n)
{
    switch (kind << 4 | n) {
#define CASES(i)                                                                                                       \
    case BVR << 4 | i: return READ(S2_0_C0_C##i##_4);                                                                  \
    case BCR << 4 | i: return READ(S2_0_C0_C##i##_5);                                                                  \
    case WVR << 4 | i: return READ(S2_0_C0_C##i##_6);                                                                  \
    case WCR << 4 | i: return READ(S2_0_C0_C##i##_7);
        POINTS(CASES)
#undef CASES
    default: return 0;
    }
}

static unsigned point_count(unsigned kind)
{
    return (unsigned)(READ(id_aa64dfr0_el1) >> (kind < WVR ? 12 : 20) & 15) + 1;
}

/* What of a control register the PE may have: without KDE nothing matches at EL1, which the PE knows by itself only where
 * debug exceptions go to EL1. */
static void put_point(const struct vcpu *vcpu, unsigned kind, unsigned n)
{
    u64 value = vcpu->debug.points[kind][n];
    bool mask = (kind == BCR || kind == WCR) && vm_has(vcpu->vm, FEATURE_BRK) && !(vcpu->debug.mdscr & MDSCR_KDE);
    if (mask && CONTROL_PMC(value) == 1)
        value &= ~1ull; /* off */
    else if (mask && CONTROL_PMC(value) == 3)
        value &= ~2ull; /* EL0 alone */
    write_point(kind, n, value);
}

void debug_put_mdscr(struct vcpu *vcpu)
{
    u64 value = vcpu->debug.mdscr & ~MDSCR_TDCC;
    if (vcpu->debug.over)
        value = (value & ~MDSCR_MDE) | MDSCR_SS;
    vcpu_set(vcpu, MDSCR_EL1, value);
}

static bool keeps_debug(const struct vcpu *vcpu)
{
    return vm_has(vcpu->vm, FEATURE_DEBUG) || vm_has(vcpu->vm, FEATURE_DCC) || vm_has(vcpu->vm, FEATURE_BRK);
}

void debug_load(struct vcpu *vcpu)
{
    if (!keeps_debug(vcpu))
        return;
    for (unsigned kind = BVR; kind <= WCR; kind++)
        for (unsigned n = 0; n < point_count(kind); n++)
            put_point(vcpu, kind, n);
    debug_put_mdscr(vcpu);
    WRITE(oslar_el1, vcpu->debug.unlocked ? 0 : 1);
}

void debug_unload(struct vcpu *vcpu)
{
    for (unsigned kind = BCR; kind <= WCR && keeps_debug(vcpu); kind += 2)
        for (unsigned n = 0; n < point_count(kind); n++)
            write_point(kind, n, 0); /* guests without debug registers have none of this */
}

/* ---- accesses */

static bool comparison(struct vcpu *vcpu, struct sysreg_access *access)
{
    unsigned n = access->encoding >> 3 & 15, kind = (access->encoding & 7) - 4;
    if (n >= point_count(kind))
        return false; /* more than the PE has */
    if (access->read) {
        access->value = vcpu->debug.points[kind][n];
        return true;
    }
    write_point(kind, n, access->value); /* the PE knows which bits there are */
    vcpu->debug.points[kind][n] = read_point(kind, n);
    put_point(vcpu, kind, n);
    return true;
}

static bool mdscr(struct vcpu *vcpu, struct sysreg_access *access)
{
    u64 changed = vcpu->debug.mdscr ^ access->value;
    if (access->read) {
        access->value = vcpu->debug.mdscr;
        return true;
    }
    vcpu->debug.mdscr = access->value & MDSCR_WRITABLE;
    debug_put_mdscr(vcpu);
    if (changed & MDSCR_KDE)
        for (unsigned kind = BCR; kind <= WCR; kind += 2)
            for (unsigned n = 0; n < point_count(kind); n++)
                put_point(vcpu, kind, n);
    return true;
}

/* MDCCINT_EL1: kept; nobody is at the other end of the channel. */
static bool mdccint(struct vcpu *vcpu, struct sysreg_access *access)
{
    if (access->read)
        access->value = vcpu->debug.mdccint;
    else
        vcpu->debug.mdccint = access->value & (BIT(30) | BIT(29));
    return true;
}

static bool zero(struct vcpu *vcpu, struct sysreg_access *access)
{
    (void)vcpu;
    access->value = 0;
    return true;
}

static bool zero_read_only(struct vcpu *vcpu, struct sysreg_access *access)
{
    return access->read && zero(vcpu, access);
}

static bool os_lock(struct vcpu *vcpu, struct sysreg_access *access)
{
    if (access->read)
        return false; /* OSLAR_EL1 is write-only */
    vcpu->debug.unlocked = !(access->value & 1);
    WRITE(oslar_el1, access->value & 1);
    return true;
}

static bool os_lock_status(struct vcpu *vcpu, struct sysreg_access *access)
{
    access->value = 8 | (vcpu->debug.unlocked ? 0 : 2); /* OSLM: implemented */
    return access->read;
}

/* Claim tags: bits that agents in the guest agree on. */
static bool claim_set(struct vcpu *vcpu, struct sysreg_access *access)
{
    if (!access->read)
        vcpu->debug.claimed |= (u8)access->value;
    access->value = 0xff; /* which tags there are */
    return true;
}

static bool claim_clear(struct vcpu *vcpu, struct sysreg_access *access)
{
    if (!access->read)
        vcpu->debug.claimed &= (u8)~access->value;
    access->value = vcpu->debug.claimed;
    return true;
}

/* The channel to a debugger: EL0 may look at it where MDSCR_EL1.TDCC lets it. */
static bool channel(struct vcpu *vcpu, struct sysreg_access *access)
{
    if (PSTATE_EL(vcpu->pstate) == 0 && vcpu->debug.mdscr & MDSCR_TDCC) {
        inject_same(vcpu);
        return true;
    }
    return zero(vcpu, access);
}

static bool channel_status(struct vcpu *vcpu, struct sysreg_access *access)
{
    return access->read && channel(vcpu, access); /* RXfull, TXfull 0 */
}

static const struct {
    unsigned encoding;
    bool (*access)(struct vcpu *vcpu, struct sysreg_access *access);
} rows[] = {
    {ENCODING(2u, 3, 0, 1, 0), channel_status},  /* MDCCSR_EL0 */
    {ENCODING(2u, 3, 0, 4, 0), channel},         /* DBGDTR_EL0 */
    {ENCODING(2u, 3, 0, 5, 0), channel},         /* DBGDTRRX_EL0, DBGDTRTX_EL0 */
    {ENCODING(2u, 0, 0, 0, 2), zero},            /* OSDTRRX_EL1 */
    {ENCODING(2u, 0, 0, 2, 0), mdccint},
    {ENCODING(2u, 0, 0, 2, 2), mdscr},
    {ENCODING(2u, 0, 0, 3, 2), zero},            /* OSDTRTX_EL1 */
    {ENCODING(2u, 0, 0, 6, 2), zero},            /* OSECCR_EL1 */
    {ENCODING(2u, 0, 1, 0, 0), zero_read_only},  /* MDRAR_EL1: no ROM table */
    {ENCODING(2u, 0, 1, 0, 4), os_lock},
    {ENCODING(2u, 0, 1, 1, 4), os_lock_status},
    {ENCODING(2u, 0, 1, 3, 4), zero},            /* OSDLR_EL1: the double lock isn't there */
    {ENCODING(2u, 0, 1, 4, 4), zero},            /* DBGPRCR_EL1 */
    {ENCODING(2u, 0, 7, 8, 6), claim_set},
    {ENCODING(2u, 0, 7, 9, 6), claim_clear},
    {ENCODING(2u, 0, 7, 14, 6), zero_read_only}, /* DBGAUTHSTATUS_EL1: no external debug */
};

bool debug_register(struct vcpu *vcpu, struct sysreg_access *access)
{
    if ((access->encoding & ~ENCODING(0u, 0, 0, 15, 3)) == ENCODING(2u, 0, 0, 0, 4))
        return comparison(vcpu, access);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].encoding == access->encoding)
            return rows[i].access(vcpu, access);
    return false;
}
