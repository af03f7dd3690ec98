/* The hypervisor interface of the CPU interface: GICH of GICv2 in memory, ICH_* of GICv3 in system registers. */
#include "roms/visor/host.h"

#define GICH(offset) (*(volatile u32 *)(host.gich + (offset)))
enum { GICH_HCR = 0, GICH_VTR = 4, GICH_VMCR = 8, GICH_APR = 0xf0, GICH_LR = 0x100 };
enum { HCR_EN = 1, HCR_UIE = 2 };

#define ICH_LR(R)                                                                                                      \
    R(0, S3_4_C12_C12_0) R(1, S3_4_C12_C12_1) R(2, S3_4_C12_C12_2) R(3, S3_4_C12_C12_3) R(4, S3_4_C12_C12_4)           \
    R(5, S3_4_C12_C12_5) R(6, S3_4_C12_C12_6) R(7, S3_4_C12_C12_7) R(8, S3_4_C12_C13_0) R(9, S3_4_C12_C13_1)           \
    R(10, S3_4_C12_C13_2) R(11, S3_4_C12_C13_3) R(12, S3_4_C12_C13_4) R(13, S3_4_C12_C13_5) R(14, S3_4_C12_C13_6)      \
    R(15, S3_4_C12_C13_7)

static u64 ich_read(unsigned n)
{
#define CASE(i, name)                                                                                                  \
    case i: return READ(name);
    switch (n) {
        ICH_LR(CASE)
    default: return 0;
    }
#undef CASE
}

static void ich_write(unsigned n, u64 value)
{
#define CASE(i, name)                                                                                                  \
    case i: WRITE(name, value); break;
    switch (n) {
        ICH_LR(CASE)
    default: break;
    }
#undef CASE
}

unsigned lr_count(void)
{
    u64 vtr = host.gic_version == 3 ? READ(ICH_VTR_EL2) : GICH(GICH_VTR);
    unsigned count = (unsigned)(vtr & 31) + 1;
    return count < VGIC_LRS ? count : VGIC_LRS;
}

static u64 encode_v3(const struct list_register *lr)
{
    u64 value = (u64)lr->active << 63 | (u64)lr->pending << 62 | (u64)lr->group1 << 60 | (u64)lr->priority << 48 | lr->intid;
    if (lr->physical)
        return value | BIT(61) | (u64)lr->physical << 32;
    return value | (u64)lr->notify << 41;
}

static u32 encode_v2(const struct list_register *lr)
{
    u32 value = (u32)lr->group1 << 30 | (u32)lr->active << 29 | (u32)lr->pending << 28 | lr->priority >> 3 << 23 | lr->intid;
    if (lr->physical)
        return value | 1u << 31 | lr->physical << 10;
    return value | (u32)lr->notify << 19 | lr->source << 10;
}

void lr_write(unsigned n, const struct list_register *lr)
{
    bool empty = !lr->pending && !lr->active;
    if (host.gic_version == 3)
        ich_write(n, empty ? 0 : encode_v3(lr));
    else
        GICH(GICH_LR + 4 * n) = empty ? 0 : encode_v2(lr);
}

struct list_register lr_read(unsigned n)
{
    if (host.gic_version == 3) {
        u64 value = ich_read(n);
        return (struct list_register){.intid = (u32)value, .pending = value >> 62 & 1, .active = value >> 63};
    }
    u32 value = GICH(GICH_LR + 4 * n);
    return (struct list_register){.intid = value & 1023, .pending = value >> 28 & 1, .active = value >> 29 & 1};
}

void lr_control(bool on, bool underflow)
{
    u32 value = (on ? HCR_EN : 0) | (underflow ? HCR_UIE : 0);
    if (host.gic_version == 3)
        WRITE(ICH_HCR_EL2, value);
    else
        GICH(GICH_HCR) = value;
    ISB();
}

u64 vmcr_read(void)
{
    return host.gic_version == 3 ? READ(ICH_VMCR_EL2) : GICH(GICH_VMCR);
}

unsigned vmcr_mask(u64 vmcr)
{
    return host.gic_version == 3 ? vmcr >> 24 & 0xff : (vmcr >> 27 & 31) << 3;
}

/* One word of active priorities is enough for the 5 bits of priority that virtual interfaces have to have; those with more
 * have more words. */
static unsigned priority_bits(void)
{
    return (unsigned)(READ(ICH_VTR_EL2) >> 26 & 7) + 1;
}

void vgic_load(struct vcpu *vcpu)
{
    struct vgic_cpu *gic = &vcpu->gic;
    if (host.gic_version == 2) {
        GICH(GICH_VMCR) = (u32)gic->vmcr;
        GICH(GICH_APR) = (u32)gic->apr0[0];
        return;
    }
    WRITE(ICC_SRE_EL1, 7);
    ISB();
    WRITE(ICH_VMCR_EL2, gic->vmcr);
    WRITE(ICH_AP0R0_EL2, gic->apr0[0]);
    WRITE(ICH_AP1R0_EL2, gic->apr1[0]);
    if (priority_bits() >= 6) {
        WRITE(S3_4_C12_C8_1, gic->apr0[1]);
        WRITE(S3_4_C12_C9_1, gic->apr1[1]);
    }
    if (priority_bits() == 7) {
        WRITE(S3_4_C12_C8_2, gic->apr0[2]);
        WRITE(S3_4_C12_C8_3, gic->apr0[3]);
        WRITE(S3_4_C12_C9_2, gic->apr1[2]);
        WRITE(S3_4_C12_C9_3, gic->apr1[3]);
    }
}

void vgic_unload(struct vcpu *vcpu)
{
    struct vgic_cpu *gic = &vcpu->gic;
    gic->vmcr = vmcr_read();
    if (host.gic_version == 2) {
        gic->apr0[0] = GICH(GICH_APR);
        lr_control(false, false);
        return;
    }
    gic->apr0[0] = READ(ICH_AP0R0_EL2);
    gic->apr1[0] = READ(ICH_AP1R0_EL2);
    if (priority_bits() >= 6) {
        gic->apr0[1] = READ(S3_4_C12_C8_1);
        gic->apr1[1] = READ(S3_4_C12_C9_1);
    }
    if (priority_bits() == 7) {
        gic->apr0[2] = READ(S3_4_C12_C8_2);
        gic->apr0[3] = READ(S3_4_C12_C8_3);
        gic->apr1[2] = READ(S3_4_C12_C9_2);
        gic->apr1[3] = READ(S3_4_C12_C9_3);
    }
    lr_control(false, false);
}
