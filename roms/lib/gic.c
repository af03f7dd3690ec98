#include "rom.h"

#define GICD 0x08000000ul
#define GICC 0x08010000ul
#define GICR 0x080a0000ul
#define REG(base, offset) (*(volatile u32 *)((base) + (offset)))
#define REG8(base, offset) (*(volatile u8 *)((base) + (offset)))

/* Offsets of the distributor; SGIs and PPIs are in the redistributor's second frame with GICv3. */
enum { CTLR = 0, IGROUPR = 0x80, ISENABLER = 0x100, IPRIORITYR = 0x400, SGIR = 0xf00 };

static u64 private_base(void)
{
    return gic_version() == 3 ? GICR + 0x10000 : GICD;
}

static void redistributor_wake(void)
{
    REG(GICR, 0x14) &= ~2u; /* GICR_WAKER.ProcessorSleep */
    while (REG(GICR, 0x14) & 4)
        ;
}

/* Secure state's part: everything belongs to Non-secure group 1, and the priority mask, which Non-secure state can't
 * move out of the Secure half, is opened. Two security states stay two. */
void gic_init_el3(void)
{
    REG(private_base(), IGROUPR) = ~0u;
    if (gic_version() == 3) {
        REG(GICD, CTLR) = 0x32; /* ARE_S, ARE_NS, EnableGrp1NS */
        redistributor_wake();
        gic_set_priority_mask(0xff);
        return;
    }
    REG(GICD, CTLR) = 3;
    REG(GICC, 4) = 0xff;
    REG(GICC, CTLR) = 3;
}

void gic_init_el1(void)
{
    if (gic_version() == 3) {
        REG(GICD, CTLR) = start_el == 3 ? 0x12 : 0x12 | 0x40; /* ARE, EnableGrp1 */
        redistributor_wake();
        REG(private_base(), IGROUPR) = ~0u;
        WRITE(S3_0_C12_C12_3, 0);    /* ICC_BPR1_EL1 */
        WRITE(S3_0_C12_C12_7, 1);    /* ICC_IGRPEN1_EL1 */
        ISB();
    } else {
        REG(GICD, CTLR) = 1;
        REG(GICC, CTLR) = 1;
    }
    gic_set_priority_mask(0xf0);
}

void gic_enable(unsigned intid, unsigned priority)
{
    REG8(private_base(), IPRIORITYR + intid) = (u8)priority;
    REG(private_base(), ISENABLER) = 1u << intid;
    DSB();
}

void gic_set_priority_mask(unsigned priority)
{
    if (gic_version() == 3) {
        WRITE(S3_0_C4_C6_0, priority);
        ISB();
    } else {
        REG(GICC, 4) = priority;
    }
    DSB();
}

unsigned gic_priority_mask(void)
{
    return gic_version() == 3 ? (unsigned)READ(S3_0_C4_C6_0) : REG(GICC, 4);
}

void gic_send_self(unsigned sgi)
{
    if (gic_version() == 3) {
        u64 mpidr = READ(mpidr_el1);
        u64 target = (mpidr >> 16 & 0xff) << 32 | (mpidr >> 8 & 0xff) << 16 | (mpidr >> 4 & 15) << 44;
        WRITE(S3_0_C12_C11_5, (u64)sgi << 24 | target | 1ul << (mpidr & 15)); /* ICC_SGI1R_EL1 */
    } else {
        REG(GICD, SGIR) = 2u << 24 | sgi;
    }
    DSB();
    ISB();
}

unsigned gic_acknowledge(void)
{
    unsigned intid = gic_version() == 3 ? (unsigned)READ(S3_0_C12_C12_0) : REG(GICC, 0xc);
    DSB();
    return intid;
}

void gic_end(unsigned intid)
{
    if (gic_version() == 3) {
        WRITE(S3_0_C12_C12_1, intid);
        ISB();
    } else {
        REG(GICC, 0x10) = intid;
    }
}
