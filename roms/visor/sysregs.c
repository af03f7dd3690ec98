#include "roms/visor/sysregs.h"

#include "roms/visor/host.h"

static bool id_register(struct vcpu *vcpu, struct sysreg_access *access)
{
    (void)vcpu;
    if (!access->read)
        return false;
    if (!id_register_read(access->encoding, &access->value))
        access->value = 0;
    return true;
}

/* ACTLR_EL1: as it is, and not to be changed. */
static bool actlr(struct vcpu *vcpu, struct sysreg_access *access)
{
    access->value = vcpu_get(vcpu, ACTLR_EL1);
    return true;
}

/* DC ISW, CSW, CISW: another vCPU's lines, or another PE's, are out of reach by set and way. What a guest can mean by
 * them, before it has caches on or when it goes down, its stage-1 attributes already have: memory is coherent. */
static bool set_way(struct vcpu *vcpu, struct sysreg_access *access)
{
    (void)vcpu;
    return !access->read;
}

static bool send_sgi(struct vcpu *vcpu, struct sysreg_access *access)
{
    if (access->read || host.gic_version != 3)
        return false;
    /* Group 1 by ICC_SGI1R_EL1; ICC_SGI0R_EL1 and ICC_ASGI1R_EL1 are for group 0 and for the other security state. */
    unsigned op2 = access->encoding & 7;
    if (op2 != 6)
        vgic_write_sgir(vcpu, access->value, op2 == 5);
    return true;
}

static bool physical_timer(struct vcpu *vcpu, struct sysreg_access *access)
{
    enum { TVAL, CTL, CVAL };
    unsigned which = access->encoding & 7;
    bool at_el0 = PSTATE_EL(vcpu->pstate) == 0;
    if (at_el0 && !(vcpu_get(vcpu, CNTKCTL_EL1) & BIT(9))) {
        inject_same(vcpu); /* CNTKCTL_EL1.EL0PTEN comes first */
        return true;
    }
    u64 now = counter();
    switch (which) {
    case TVAL:
        if (!access->read)
            vcpu->physical_cval = now + (u64)(i64)(int)access->value;
        access->value = (u32)(vcpu->physical_cval - now);
        break;
    case CTL:
        if (!access->read)
            vcpu->physical_ctl = access->value & 3;
        access->value = vcpu->physical_ctl | ((vcpu->physical_ctl & 1) && now >= vcpu->physical_cval ? 4 : 0);
        break;
    default:
        if (!access->read)
            vcpu->physical_cval = access->value;
        access->value = vcpu->physical_cval;
    }
    if (!access->read)
        timer_update(vcpu);
    return true;
}

/* In this order; the first that fits. A mask of 0 bits in the encoding that don't matter. */
static const struct row {
    unsigned encoding, dont_care;
    sysreg_fn *access;
} rows[] = {
#define TRAPPED(op0, op1, CRn, CRm, op2, function) {ENCODING(op0##u, op1, CRn, CRm, op2), 0, function},
#include "roms/lib/transports.def"
    {ENCODING(3u, 0, 0, 0, 0), ENCODING(0u, 0, 0, 7, 7), id_register},    /* ID_*: CRm 0 to 7 */
    {ENCODING(3u, 0, 1, 0, 1), 0, actlr},
    {ENCODING(1u, 0, 7, 6, 2), 0, set_way},
    {ENCODING(1u, 0, 7, 10, 2), 0, set_way},
    {ENCODING(1u, 0, 7, 14, 2), 0, set_way},
    {ENCODING(3u, 3, 0, 0, 1), 0, cache_identity},    /* CTR_EL0 */
    {ENCODING(3u, 1, 0, 0, 0), 1, cache_identity},    /* CCSIDR_EL1, CLIDR_EL1 */
    {ENCODING(3u, 2, 0, 0, 0), 0, cache_identity},    /* CSSELR_EL1 */
    {ENCODING(1u, 0, 7, 1, 0), 0, cache_maintenance}, /* IC IALLUIS, IALLU, IVAU */
    {ENCODING(1u, 0, 7, 5, 0), 0, cache_maintenance},
    {ENCODING(1u, 3, 7, 5, 1), 0, cache_maintenance},
    {ENCODING(1u, 0, 7, 6, 1), 0, cache_maintenance}, /* DC IVAC, CVAC, CVAU, CVAP, CVADP, CIVAC */
    {ENCODING(1u, 3, 7, 10, 1), 0, cache_maintenance},
    {ENCODING(1u, 3, 7, 11, 1), 0, cache_maintenance},
    {ENCODING(1u, 3, 7, 12, 1), 0, cache_maintenance},
    {ENCODING(1u, 3, 7, 13, 1), 0, cache_maintenance},
    {ENCODING(1u, 3, 7, 14, 1), 0, cache_maintenance},
    {ENCODING(3u, 0, 12, 11, 5), 0, send_sgi},
    {ENCODING(3u, 0, 12, 11, 6), 0, send_sgi},
    {ENCODING(3u, 0, 12, 11, 7), 0, send_sgi},
    {ENCODING(3u, 3, 14, 2, 0), 0, physical_timer},
    {ENCODING(3u, 3, 14, 2, 1), 0, physical_timer},
    {ENCODING(3u, 3, 14, 2, 2), 0, physical_timer},
    {ENCODING(2u, 0, 0, 0, 0), ENCODING(0u, 7, 15, 15, 7), debug_register},
};

static unsigned encoding_of(u64 iss)
{
    return (unsigned)ENCODING(iss >> 20 & 3, iss >> 14 & 7, iss >> 10 & 15, iss >> 1 & 15, iss >> 17 & 7);
}

void sysreg_trapped(struct vcpu *vcpu)
{
    u64 iss = ESR_ISS(vcpu->esr), pc = vcpu->pc;
    unsigned rt = iss >> 5 & 31;
    struct sysreg_access access = {encoding_of(iss), iss & 1, vcpu_x(vcpu, rt)};
    for (unsigned i = 0; i < COUNT(rows); i++) {
        if ((access.encoding & ~rows[i].dont_care) != rows[i].encoding)
            continue;
        if (!rows[i].access(vcpu, &access))
            break;
        /* A handler that has sent the vCPU elsewhere has done all. */
        if (vcpu->pc == pc) {
            if (access.read)
                vcpu_set_x(vcpu, rt, access.value);
            vcpu_skip(vcpu);
        }
        return;
    }
    inject_undefined(vcpu);
}
