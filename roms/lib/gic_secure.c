#include "gic_secure.h"

#include "board.h"
#include "rom.h"

enum { CTLR = 0, TYPER = 4, IGROUPR = 0x80, ISENABLER = 0x100, ISPENDR = 0x200, ICPENDR = 0x280, IPRIORITYR = 0x400,
       ITARGETSR = 0x800, IROUTER = 0x6000 };
enum { GICC_CTLR = 0, GICC_PMR = 4, GICC_IAR = 0xc, GICC_EOIR = 0x10 };
enum { GICR_TYPER = 8, GICR_WAKER = 0x14, GICR_SGI = 0x10000, GICR_STRIDE = 0x20000 };
enum { ENABLE_GROUP0 = 1, ARE_BOTH = 0x30, FIQ_ENABLE = 8, PROCESSOR_SLEEP = 2, CHILDREN_ASLEEP = 4 };
enum { PRIORITY = 0x10, ALL_PRIORITIES = 0xff };

static bool is_v3(void)
{
    return gic_version() == 3;
}

/* This PE's redistributor, by its affinity. */
static u64 redistributor(void)
{
    u64 mpidr = READ(mpidr_el1), affinity = (mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24;
    u64 frame = BOARD_GICR;
    while (REG64(frame, GICR_TYPER) >> 32 != affinity && !(REG64(frame, GICR_TYPER) & 1 << 4))
        frame += GICR_STRIDE;
    return frame;
}

static u64 private_registers(void)
{
    return is_v3() ? redistributor() + GICR_SGI : BOARD_GICD;
}

void gic_secure_distributor(void)
{
    REG32(BOARD_GICD, CTLR) = is_v3() ? ARE_BOTH : 0;
    unsigned words = (REG32(BOARD_GICD, TYPER) & 31) + 1;
    for (unsigned n = 1; n < words; n++)
        REG32(BOARD_GICD, IGROUPR + 4 * n) = ~0u;
}

void gic_secure_enable(void)
{
    REG32(BOARD_GICD, CTLR) = (is_v3() ? ARE_BOTH : 0) | ENABLE_GROUP0;
    DSB();
}

void gic_secure_pe(void)
{
    if (is_v3()) {
        WRITE(S3_6_C12_C12_5, 0xf); /* ICC_SRE_EL3 */
        ISB();
        u64 frame = redistributor();
        REG32(frame, GICR_WAKER) &= ~(u32)PROCESSOR_SLEEP;
        while (REG32(frame, GICR_WAKER) & CHILDREN_ASLEEP)
            ;
        WRITE(S3_0_C4_C6_0, ALL_PRIORITIES); /* ICC_PMR_EL1 */
        WRITE(S3_0_C12_C12_6, 1);            /* ICC_IGRPEN0_EL1 */
        ISB();
    } else {
        REG32(BOARD_GICC, GICC_PMR) = ALL_PRIORITIES;
        REG32(BOARD_GICC, GICC_CTLR) = FIQ_ENABLE | ENABLE_GROUP0;
    }
    REG32(private_registers(), IGROUPR) = ~0u;
}

void gic_secure_pe_off(void)
{
    if (is_v3()) { /* Group 1 only: what EL3 keeps still arrives */
        WRITE(S3_0_C12_C12_7, 0);
        ISB();
    } else {
        REG32(BOARD_GICC, GICC_CTLR) = FIQ_ENABLE | ENABLE_GROUP0;
    }
}

void gic_secure_ppi(unsigned intid)
{
    u64 registers = private_registers();
    REG32(registers, IGROUPR) &= ~(1u << intid);
    REG8(registers, IPRIORITYR + intid) = PRIORITY;
    REG32(registers, ISENABLER) = 1u << intid;
}

void gic_secure_spi(unsigned intid)
{
    REG32(BOARD_GICD, IGROUPR + intid / 32 * 4) &= ~(1u << intid % 32);
    REG8(BOARD_GICD, IPRIORITYR + intid) = PRIORITY;
    if (is_v3())
        REG64(BOARD_GICD, IROUTER + 8 * intid) = 0;
    else
        REG8(BOARD_GICD, ITARGETSR + intid) = 1;
    REG32(BOARD_GICD, ISENABLER + intid / 32 * 4) = 1u << intid % 32;
}

unsigned gic_secure_acknowledge(void)
{
    unsigned intid = is_v3() ? (unsigned)READ(S3_0_C12_C8_0) : REG32(BOARD_GICC, GICC_IAR) & 0x3ff;
    DSB();
    return intid;
}

void gic_secure_end(unsigned intid)
{
    if (is_v3()) {
        WRITE(S3_0_C12_C8_1, intid);
        ISB();
    } else {
        REG32(BOARD_GICC, GICC_EOIR) = intid;
    }
}

void gic_set_pending(unsigned intid, bool pending)
{
    REG32(BOARD_GICD, (pending ? ISPENDR : ICPENDR) + intid / 32 * 4) = 1u << intid % 32;
}
