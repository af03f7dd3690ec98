/* The physical interrupt controller, from EL2. EOImode is 1: a priority drop is the visor's, deactivation is the guest's
 * for interrupts that have become virtual ones. */
#include "roms/visor/host.h"

#define REG(base, offset) (*(volatile u32 *)((base) + (offset)))
#define REG8(base, offset) (*(volatile u8 *)((base) + (offset)))
#define REG64(base, offset) (*(volatile u64 *)((base) + (offset)))

enum {
    CTLR = 0, TYPER = 4, IGROUPR = 0x80, ISENABLER = 0x100, ISACTIVER = 0x300, ICACTIVER = 0x380, IPRIORITYR = 0x400,
    ITARGETSR = 0x800, ICFGR = 0xc00, SGIR = 0xf00, IROUTER = 0x6000,
    GICC_CTLR = 0, GICC_PMR = 4, GICC_IAR = 0xc, GICC_EOIR = 0x10, GICC_DIR = 0x1000,
    GICR_TYPER = 8, GICR_WAKER = 0x14, GICR_SGI = 0x10000,
};
enum { PRIORITY = 0xa0 };

/* This PE's frame of a range of redistributors, found by affinity. */
static u64 redistributor(u64 mpidr)
{
    u64 affinity = (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff);
    for (u64 frame = host.gicr; frame < host.gicr + host.gicr_size;) {
        u64 typer = REG64(frame, GICR_TYPER);
        if (typer >> 32 == affinity)
            return frame;
        if (typer & BIT(4))
            break;
        frame += typer & BIT(1) ? 0x40000 : 0x20000;
    }
    return 0;
}

static u64 private_registers(void)
{
    return host.gic_version == 3 ? redistributor(this_pe()->mpidr) + GICR_SGI : host.gicd;
}

void gic_start(void)
{
    if (host.gic_version == 3)
        REG(host.gicd, CTLR) = 0x12; /* ARE, EnableGrp1 (as Non-secure state sees them, or a single state has them) */
    else
        REG(host.gicd, CTLR) = 1;
}

static void enable_private(unsigned intid)
{
    u64 base = private_registers();
    REG8(base, IPRIORITYR + intid) = PRIORITY;
    REG(base, ISENABLER) = 1u << intid;
}

void gic_start_pe(void)
{
    if (host.gic_version == 3) {
        u64 frame = redistributor(this_pe()->mpidr);
        REG(frame, GICR_WAKER) &= ~2u;
        while (REG(frame, GICR_WAKER) & 4)
            ;
        REG(frame + GICR_SGI, IGROUPR) = ~0u;
        WRITE(ICC_SRE_EL2, 0xf);
        ISB();
        WRITE(ICC_PMR_EL1, 0xf0);
        WRITE(ICC_BPR1_EL1, 0);
        WRITE(ICC_CTLR_EL1, 2);
        WRITE(ICC_IGRPEN1_EL1, 1);
        ISB();
    } else {
        this_pe()->gic_target = REG8(host.gicd, ITARGETSR); /* the banked ones tell whose they are */
        REG(host.gicc, GICC_PMR) = 0xf0;
        REG(host.gicc, GICC_CTLR) = 1 | 1 << 9;
    }
    enable_private(SGI_KICK);
    enable_private(PPI_MAINTENANCE);
    enable_private(PPI_HYP_TIMER);
    enable_private(PPI_VIRTUAL_TIMER);
}

/* GICv2: the whole register, with the sender of an SGI. */
unsigned gic_acknowledge(void)
{
    unsigned iar = host.gic_version == 3 ? (unsigned)READ(ICC_IAR1_EL1) : REG(host.gicc, GICC_IAR);
    DSB();
    return iar;
}

void gic_drop(unsigned iar)
{
    if (host.gic_version == 3) {
        WRITE(ICC_EOIR1_EL1, iar);
        ISB();
    } else {
        REG(host.gicc, GICC_EOIR) = iar;
    }
}

void gic_deactivate(unsigned iar)
{
    if (host.gic_version == 3) {
        WRITE(ICC_DIR_EL1, iar);
        ISB();
    } else {
        REG(host.gicc, GICC_DIR) = iar;
    }
}

void gic_enable_spi(unsigned intid, const struct pe *pe, bool edge)
{
    unsigned bit = intid % 32, config = intid / 16 * 4, shift = intid % 16 * 2;
    u64 word = intid / 32 * 4;
    if (host.gic_version == 3) {
        REG(host.gicd, IGROUPR + word) |= 1u << bit;
        REG64(host.gicd, IROUTER + 8 * intid) = pe->mpidr & 0xff00ffffff;
    } else {
        REG8(host.gicd, ITARGETSR + intid) = pe->gic_target;
    }
    REG(host.gicd, ICFGR + config) = (REG(host.gicd, ICFGR + config) & ~(3u << shift)) | (edge ? 2u : 0) << shift;
    REG8(host.gicd, IPRIORITYR + intid) = PRIORITY;
    REG(host.gicd, ISENABLER + word) = 1u << bit;
    DSB();
}

void gic_kick(const struct pe *pe)
{
    DSB();
    if (host.gic_version == 3) {
        u64 m = pe->mpidr;
        u64 target = (m >> 32 & 0xff) << 48 | (m >> 16 & 0xff) << 32 | (m >> 8 & 0xff) << 16 | (m >> 4 & 15) << 44;
        WRITE(ICC_SGI1R_EL1, (u64)SGI_KICK << 24 | target | 1ul << (m & 15));
        ISB();
    } else {
        REG(host.gicd, SGIR) = (u32)pe->gic_target << 16 | SGI_KICK;
    }
}

void gic_set_active(unsigned intid, bool active)
{
    u64 base = intid < 32 ? private_registers() : host.gicd + intid / 32 * 4;
    REG(base, active ? ISACTIVER : ICACTIVER) = 1u << intid % 32;
    DSB();
}
