/* List registers, the virtual CPU interface and maintenance interrupts: GICv3's ICH/ICV and GICv2's GICH/GICV. */
#include "gic_fixture.h"

#define HCR          GIC_ICH_HCR_EL2
#define VMCR         GIC_ICH_VMCR_EL2
#define LR(n)        ((enum gic_register)(GIC_ICH_LR0_EL2 + (n)))
#define LR_STATE(lr) ((lr) >> 62)

enum { PENDING = 1, ACTIVE = 2, BOTH = 3 };

static uint64_t make_lr(uint32_t vintid, uint8_t priority, unsigned group, unsigned state)
{
    return (uint64_t)state << 62 | (uint64_t)group << 60 | (uint64_t)priority << 48 | vintid;
}

static uint64_t hw(uint64_t lr, uint32_t pintid)
{
    return lr | 1ull << 61 | (uint64_t)pintid << 32;
}
static uint64_t with_eoi(uint64_t lr)
{
    return lr | 1ull << 41;
}

static void start_v3(void)
{
    fixture_start(
        (struct gic_config){.version = 3, .cpus = 2, .virtualization = true, .spis = 64, .awake_at_reset = true});
    msr(0, VMCR, el2_ns, 0xff000003);
    msr(0, HCR, el2_ns, 1);
}

static uint64_t guest_read(enum gic_register reg)
{
    return mrs(0, reg, el1_virtual);
}
static void guest_write(enum gic_register reg, uint64_t value)
{
    msr(0, reg, el1_virtual, value);
}
static unsigned lr_state(unsigned n)
{
    return (unsigned)LR_STATE(mrs(0, LR(n), el2_ns));
}

START_TEST(test_registers)
{
    start_v3();
    ck_assert_uint_eq(mrs(0, GIC_ICH_VTR_EL2, el2_ns), 4u << 29 | 4u << 26 | 7u << 19 | 3);
    ck_assert_uint_eq(mrs(0, VMCR, el2_ns), 0xf8000003u | 1 << 3 | 2 << 21 | 3 << 18);
    msr(0, VMCR, el2_ns, UINT64_MAX);
    ck_assert_uint_eq(mrs(0, VMCR, el2_ns), 0xf8000000u | 7 << 21 | 7 << 18 | 0x21b);
    msr(0, VMCR, el2_ns, 0);
    ck_assert_uint_eq(mrs(0, VMCR, el2_ns), 2 << 21 | 3 << 18 | 1 << 3);
    msr(0, HCR, el2_ns, UINT64_MAX);
    ck_assert_uint_eq(mrs(0, HCR, el2_ns), 0xf8005cff);
    ck_assert_uint_eq(gic_ich_hcr(gic_cpu_interface(fx.gic, 0)), 0xf8005cff);
    msr(0, HCR, el2_ns, 0);
    msr(0, LR(3), el2_ns, UINT64_MAX);
    ck_assert_uint_eq(mrs(0, LR(3), el2_ns), 0xf0f803ff0000ffff);
    uint64_t value;
    struct gic_cpu_interface *cpu = gic_cpu_interface(fx.gic, 0);
    ck_assert(!gic_icc_read(cpu, LR(4), el2_ns, &value));
    ck_assert(!gic_icc_write(cpu, LR(4), el2_ns, 0));
    ck_assert(!gic_icc_read(cpu, GIC_ICH_AP0R1_EL2, el2_ns, &value));
    ck_assert(!gic_icc_write(cpu, GIC_ICH_VTR_EL2, el2_ns, 0));
    ck_assert(!gic_icc_write(cpu, GIC_ICH_EISR_EL2, el2_ns, 0));
    msr(0, GIC_ICH_AP1R0_EL2, el2_ns, 0x10);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 4 << 3);
    ck_assert_uint_eq(guest_read(GIC_ICC_AP1R0_EL1), 0x10);
    guest_write(GIC_ICC_AP0R0_EL1, 0x4);
    ck_assert_uint_eq(mrs(0, GIC_ICH_AP0R0_EL2, el2_ns), 4);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 2 << 3);
    ck_assert_uint_eq(mrs(0, GIC_ICC_RPR_EL1, el1_ns), 0xff); /* the physical interface is another */
    fixture_stop();
}
END_TEST

/* ICC at EL1 becomes ICV by group, and never at EL2 or with TGE. */
START_TEST(test_redirection)
{
    start_v3();
    struct gic_view imo = {.el = 1, .hcr_imo = true}, fmo = {.el = 1, .hcr_fmo = true};
    struct gic_view tge = {.el = 1, .hcr_imo = true, .hcr_fmo = true, .hcr_tge = true};
    struct gic_view el2 = {.el = 2, .hcr_imo = true, .hcr_fmo = true};
    struct {
        enum gic_register reg;
        bool by_imo, by_fmo;
    } cases[] = {
        {GIC_ICC_PMR_EL1, true, true},      {GIC_ICC_CTLR_EL1, true, true},   {GIC_ICC_IGRPEN0_EL1, false, true},
        {GIC_ICC_IGRPEN1_EL1, true, false}, {GIC_ICC_BPR0_EL1, false, true},  {GIC_ICC_BPR1_EL1, true, false},
        {GIC_ICC_AP0R0_EL1, false, true},   {GIC_ICC_AP1R0_EL1, true, false},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum gic_register reg = cases[i].reg;
        bool bpr = reg == GIC_ICC_BPR0_EL1 || reg == GIC_ICC_BPR1_EL1, pmr = reg == GIC_ICC_PMR_EL1;
        uint64_t a = bpr ? 4 : pmr ? 0x20 : 0, b = bpr ? 5 : pmr ? 0x40 : reg == GIC_ICC_CTLR_EL1 ? 2 : 1;
        uint64_t mask = bpr ? 7 : pmr ? 0xff : 3;
        msr(0, reg, el1_ns, a);
        msr(0, reg, el1_virtual, b);
        ck_assert_uint_eq(mrs(0, reg, el1_ns) & mask, a);
        ck_assert_uint_eq(mrs(0, reg, el1_virtual) & mask, b);
        ck_assert_uint_eq(mrs(0, reg, imo) & mask, cases[i].by_imo ? b : a);
        ck_assert_uint_eq(mrs(0, reg, fmo) & mask, cases[i].by_fmo ? b : a);
        ck_assert_uint_eq(mrs(0, reg, tge) & mask, a);
        ck_assert_uint_eq(mrs(0, reg, el2) & mask, a);
    }
    fixture_stop();
}
END_TEST

START_TEST(test_flow)
{
    start_v3();
    msr(0, LR(1), el2_ns, make_lr(40, 0x80, 1, PENDING));
    ck_assert(pin(0, PIN_VIRQ) && !pin(0, PIN_VFIQ) && !pin(0, PIN_IRQ) && !pin(1, PIN_VIRQ));
    msr(0, LR(0), el2_ns, make_lr(41, 0x40, 0, PENDING));
    ck_assert(!pin(0, PIN_VIRQ) && pin(0, PIN_VFIQ)); /* the higher one is Group 0 */
    ck_assert_uint_eq(guest_read(GIC_ICC_HPPIR0_EL1), 41);
    ck_assert_uint_eq(guest_read(GIC_ICC_HPPIR1_EL1), 1023);
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 1023);
    uint64_t peeked;
    ck_assert(gic_icc_peek(gic_cpu_interface(fx.gic, 0), GIC_ICC_IAR0_EL1, el1_virtual, &peeked));
    ck_assert_uint_eq(peeked, 41);
    ck_assert_uint_eq(lr_state(0), PENDING);
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR0_EL1), 41);
    ck_assert_uint_eq(lr_state(0), ACTIVE);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 0x40);
    ck_assert(!pin(0, PIN_VIRQ) && !pin(0, PIN_VFIQ));
    ck_assert_uint_eq(mrs(0, GIC_ICH_AP0R0_EL2, el2_ns), 1 << 8);
    guest_write(GIC_ICC_EOIR0_EL1, 41);
    ck_assert_uint_eq(lr_state(0), 0);
    ck_assert(pin(0, PIN_VIRQ));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 40);
    guest_write(GIC_ICC_EOIR1_EL1, 40);
    ck_assert_uint_eq(mrs(0, GIC_ICH_ELRSR_EL2, el2_ns), 0xf);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 0xff);

    /* Masks and enables. */
    msr(0, LR(2), el2_ns, make_lr(42, 0x80, 1, PENDING));
    guest_write(GIC_ICC_PMR_EL1, 0x80);
    ck_assert(!pin(0, PIN_VIRQ));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 1023);
    ck_assert_uint_eq(guest_read(GIC_ICC_HPPIR1_EL1), 42);
    guest_write(GIC_ICC_PMR_EL1, 0x88);
    ck_assert(pin(0, PIN_VIRQ));
    guest_write(GIC_ICC_IGRPEN1_EL1, 0);
    ck_assert(!pin(0, PIN_VIRQ));
    ck_assert_uint_eq(guest_read(GIC_ICC_HPPIR1_EL1), 1023);
    guest_write(GIC_ICC_IGRPEN1_EL1, 1);
    msr(0, HCR, el2_ns, 0);
    ck_assert(!pin(0, PIN_VIRQ));
    msr(0, HCR, el2_ns, 1);
    ck_assert(pin(0, PIN_VIRQ));
    /* Pending and active isn't signalled; ending it leaves it pending. */
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 42);
    msr(0, LR(2), el2_ns, make_lr(42, 0x80, 1, BOTH));
    ck_assert(!pin(0, PIN_VIRQ));
    guest_write(GIC_ICC_EOIR1_EL1, 42);
    ck_assert_uint_eq(lr_state(2), PENDING);
    ck_assert(pin(0, PIN_VIRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_preemption)
{
    start_v3();
    guest_write(GIC_ICC_BPR1_EL1, 4); /* groups of 16 */
    msr(0, LR(0), el2_ns, make_lr(40, 0x98, 1, PENDING));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 40);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 0x90);
    msr(0, LR(1), el2_ns, make_lr(41, 0x90, 1, PENDING));
    ck_assert(!pin(0, PIN_VIRQ));
    msr(0, LR(1), el2_ns, make_lr(41, 0x88, 1, PENDING));
    ck_assert(pin(0, PIN_VIRQ));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 41);
    msr(0, LR(2), el2_ns, make_lr(43, 0x10, 0, PENDING));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR0_EL1), 43);
    guest_write(GIC_ICC_EOIR0_EL1, 43);
    guest_write(GIC_ICC_EOIR1_EL1, 41);
    guest_write(GIC_ICC_EOIR1_EL1, 40);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 0xff);
    /* CBPR: BPR0 for both, BPR1 reads as BPR0 + 1. */
    guest_write(GIC_ICC_BPR0_EL1, 5);
    guest_write(GIC_ICC_CTLR_EL1, 1);
    ck_assert_uint_eq(guest_read(GIC_ICC_BPR1_EL1), 6);
    guest_write(GIC_ICC_BPR1_EL1, 3);
    guest_write(GIC_ICC_CTLR_EL1, 0);
    ck_assert_uint_eq(guest_read(GIC_ICC_BPR1_EL1), 4);
    ck_assert_uint_eq(guest_read(GIC_ICC_CTLR_EL1), 4 << 8 | 1 << 15);
    fixture_stop();
}
END_TEST

START_TEST(test_eoimode)
{
    start_v3();
    guest_write(GIC_ICC_CTLR_EL1, 2);
    ck_assert_uint_eq(mrs(0, VMCR, el2_ns) >> 9 & 1, 1);
    msr(0, LR(0), el2_ns, make_lr(40, 0x80, 1, PENDING));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 40);
    guest_write(GIC_ICC_EOIR1_EL1, 40);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 0xff);
    ck_assert_uint_eq(lr_state(0), ACTIVE);
    guest_write(GIC_ICC_DIR_EL1, 40);
    ck_assert_uint_eq(lr_state(0), 0);
    guest_write(GIC_ICC_DIR_EL1, 40); /* in no list register */
    ck_assert_uint_eq(mrs(0, HCR, el2_ns) >> 27, 1);
    guest_write(GIC_ICC_CTLR_EL1, 0);
    guest_write(GIC_ICC_DIR_EL1, 40); /* EOImode 0: ignored */
    ck_assert_uint_eq(mrs(0, HCR, el2_ns) >> 27, 1);
    fixture_stop();
}
END_TEST

/* HW: the guest's deactivation deactivates the physical interrupt. */
START_TEST(test_hardware)
{
    start_v3();
    wrs(0, GICD, 2);
    wrs(0, GICD + 0x84, 1 << 8);
    wrs(0, GICD + 0x104, 1 << 8);
    msr(0, GIC_ICC_PMR_EL1, el2_ns, 0xff);
    msr(0, GIC_ICC_IGRPEN1_EL1, el2_ns, 1);
    msr(0, GIC_ICC_CTLR_EL1, el2_ns, 2);
    spi(40, true);
    ck_assert_uint_eq(mrs(0, GIC_ICC_IAR1_EL1, el2_ns), 40);
    msr(0, GIC_ICC_EOIR1_EL1, el2_ns, 40); /* drop */
    ck_assert(!pin(0, PIN_IRQ));
    msr(0, LR(0), el2_ns, hw(make_lr(27, 0x80, 1, PENDING), 40));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 27);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 1 << 8);
    guest_write(GIC_ICC_EOIR1_EL1, 27);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 0);
    ck_assert(pin(0, PIN_IRQ));                             /* the level brings it back */
    ck_assert_uint_eq(mrs(0, GIC_ICH_EISR_EL2, el2_ns), 0); /* HW: no EOI maintenance */
    ck_assert_uint_eq(mrs(0, GIC_ICH_ELRSR_EL2, el2_ns), 0xf);
    msr(0, LR(0), el2_ns, hw(make_lr(27, 0x80, 1, ACTIVE), 1020)); /* a pINTID that doesn't exist */
    msr(0, GIC_ICH_AP1R0_EL2, el2_ns, 1);
    guest_write(GIC_ICC_EOIR1_EL1, 27);
    ck_assert_uint_eq(lr_state(0), 0);
    fixture_stop();
}
END_TEST

START_TEST(test_lpi_and_special)
{
    start_v3();
    msr(0, LR(0), el2_ns, make_lr(8192, 0x80, 1, PENDING));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 8192);
    ck_assert_uint_eq(lr_state(0), 0); /* LPIs have no active state */
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 0x80);
    guest_write(GIC_ICC_EOIR1_EL1, 8192);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 0xff);
    ck_assert_uint_eq(mrs(0, HCR, el2_ns) >> 27, 0);
    msr(0, LR(0), el2_ns, make_lr(1022, 0x80, 1, PENDING));
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 1022);
    ck_assert_uint_eq(guest_read(GIC_ICC_RPR_EL1), 0xff);
    guest_write(GIC_ICC_EOIR1_EL1, 1022);
    fixture_stop();
}
END_TEST

static bool maintenance(void)
{
    return gic_ppi(fx.gic, 0, 9)->level;
}

START_TEST(test_maintenance)
{
    start_v3();
    /* EOI. */
    msr(0, LR(0), el2_ns, with_eoi(make_lr(40, 0x80, 1, PENDING)));
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 0);
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 40);
    ck_assert(!maintenance());
    guest_write(GIC_ICC_EOIR1_EL1, 40);
    ck_assert_uint_eq(mrs(0, GIC_ICH_EISR_EL2, el2_ns), 1);
    ck_assert_uint_eq(mrs(0, GIC_ICH_ELRSR_EL2, el2_ns), 0xe);
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 1);
    ck_assert(maintenance());
    msr(0, LR(0), el2_ns, 0);
    ck_assert(!maintenance());
    /* U: none or one list register in use. */
    for (unsigned n = 0; n < 3; n++)
        msr(0, LR(n), el2_ns, make_lr(40 + n, 0x80, 1, PENDING));
    msr(0, HCR, el2_ns, 1 | 2);
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 0);
    msr(0, LR(2), el2_ns, 0);
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 0);
    msr(0, LR(1), el2_ns, 0);
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 2);
    ck_assert(maintenance());
    msr(0, HCR, el2_ns, 2); /* not without En */
    ck_assert(!maintenance());
    /* LRENP: an end without a list register. */
    msr(0, HCR, el2_ns, 1 | 4);
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 0);
    msr(0, GIC_ICH_AP1R0_EL2, el2_ns, 1);
    guest_write(GIC_ICC_EOIR1_EL1, 77);
    ck_assert_uint_eq(mrs(0, HCR, el2_ns), 1u << 27 | 5);
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 4);
    guest_write(GIC_ICC_EOIR1_EL1, 77); /* no active priority: not counted */
    ck_assert_uint_eq(mrs(0, HCR, el2_ns) >> 27, 1);
    for (unsigned i = 2; i <= 33; i++) {
        msr(0, GIC_ICH_AP1R0_EL2, el2_ns, 1);
        guest_write(GIC_ICC_EOIR1_EL1, 77);
        ck_assert_uint_eq(mrs(0, HCR, el2_ns) >> 27, i % 32); /* wraps */
    }
    /* NP: nothing pending. */
    msr(0, HCR, el2_ns, 1 | 8);
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 0);
    ck_assert_uint_eq(guest_read(GIC_ICC_IAR1_EL1), 40);
    ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), 8);
    guest_write(GIC_ICC_EOIR1_EL1, 40);
    /* Group enables and disables. */
    msr(0, HCR, el2_ns, 0xf1);
    for (unsigned enables = 0; enables < 4; enables++) {
        guest_write(GIC_ICC_IGRPEN0_EL1, enables & 1);
        guest_write(GIC_ICC_IGRPEN1_EL1, enables >> 1);
        uint32_t expected = (enables & 1 ? 0x10 : 0x20) | (enables & 2 ? 0x40 : 0x80);
        ck_assert_uint_eq(mrs(0, GIC_ICH_MISR_EL2, el2_ns), expected);
    }
    ck_assert(maintenance());
    fixture_stop();
}
END_TEST

/* --- GICv2 --- */

static void start_v2(void)
{
    fixture_start((struct gic_config){.version = 2, .cpus = 2, .virtualization = true, .spis = 64});
    wrn(0, GICH + 0x00, 1);
    wrn(0, GICV + 0x04, 0xff);
}

static uint32_t lr_v2(uint32_t vintid, uint8_t priority, unsigned group, unsigned state)
{
    return vintid | (uint32_t)(priority >> 3) << 23 | state << 28 | group << 30;
}

START_TEST(test_v2_registers)
{
    start_v2();
    ck_assert_uint_eq(rdn(0, GICH + 0x04), 4u << 29 | 4u << 26 | 3);
    wrn(0, GICV + 0x00, 0xffffffff);
    ck_assert_uint_eq(rdn(0, GICV + 0x00), 0x21f);
    ck_assert_uint_eq(rdn(0, GICH + 0x08), 0xf8000000u | 2 << 21 | 3 << 18 | 0x21f);
    wrn(0, GICV + 0x08, 0);
    ck_assert_uint_eq(rdn(0, GICV + 0x08), 2);
    wrn(0, GICV + 0x00, 3);
    wrn(0, GICV + 0x1c, 6);
    ck_assert_uint_eq(rdn(0, GICH + 0x08) >> 18 & 7, 6);
    ck_assert_uint_eq(rdn(0, GICV + 0xfc), 0x0202143b);
    wrn(0, GICH + 0x100, 0xffffffff);
    ck_assert_uint_eq(rdn(0, GICH + 0x100), 0xff8fffff);
    ck_assert_uint_eq(rdn(1, GICH + 0x1100), 0xff8fffff); /* PE 0's, as PE 1 sees it */
    ck_assert_uint_eq(rdn(1, GICH + 0x1000 + 0x200 + 0x100), 0);
    wrn(1, GICH + 0x1100, 0);
    ck_assert_uint_eq(rdn(0, GICH + 0x100), 0);
    unsigned before = fx.logged;
    ck_assert_uint_eq(rdn(0, GICH + 0x110), 0);  /* LR4 */
    ck_assert_uint_eq(rdn(0, GICH + 0x1400), 0); /* no PE 2 */
    ck_assert_uint_eq(rdn(0, GICV + 0x30), 0);
    ck_assert_uint_eq(read_sized(0, false, GICV + 0x0c, 1), 0);
    ck_assert_uint_eq(fx.logged, before + 4);
    ck_assert_uint_eq(rdn(0, GICH + 0x30), 0xf);
    fixture_stop();
}
END_TEST

START_TEST(test_v2_flow)
{
    start_v2();
    wrn(0, GICV + 0x00, 1);
    /* An SGI from CPU 5, and an SPI. Group 0 as VIRQ with FIQEn 0. */
    wrn(0, GICH + 0x100, lr_v2(3, 0x80, 0, PENDING) | 5 << 10);
    wrn(0, GICH + 0x104, lr_v2(40, 0xa0, 0, PENDING));
    ck_assert(pin(0, PIN_VIRQ) && !pin(0, PIN_VFIQ));
    ck_assert_uint_eq(rdn(0, GICV + 0x18), 3 | 5 << 10);
    ck_assert_uint_eq(rdn(0, GICV + 0x0c), 3 | 5 << 10);
    ck_assert_uint_eq(rdn(0, GICV + 0x14), 0x80);
    ck_assert_uint_eq(rdn(0, GICH + 0xf0), 1 << 16);
    wrn(0, GICV + 0x10, 3 | 4 << 10); /* another source: not in a list register */
    ck_assert_uint_eq(rdn(0, GICH + 0x00) >> 27, 1);
    ck_assert_uint_eq(rdn(0, GICH + 0x100) >> 28 & 3, ACTIVE);
    wrn(0, GICV + 0xd0, 1 << 16);
    wrn(0, GICV + 0x10, 3 | 5 << 10);
    ck_assert_uint_eq(rdn(0, GICH + 0x100) >> 28 & 3, 0);
    ck_assert_uint_eq(rdn(0, GICV + 0x0c), 40);
    wrn(0, GICV + 0x10, 40);
    wrn(0, GICV + 0x00, 0xb); /* both groups, FIQEn */
    wrn(0, GICH + 0x100, lr_v2(41, 0x80, 0, PENDING));
    ck_assert(!pin(0, PIN_VIRQ) && pin(0, PIN_VFIQ));
    wrn(0, GICH + 0x100, lr_v2(41, 0x80, 1, PENDING));
    ck_assert(pin(0, PIN_VIRQ) && !pin(0, PIN_VFIQ));
    ck_assert_uint_eq(rdn(0, GICV + 0x0c), 1022); /* AckCtl 0 */
    ck_assert_uint_eq(rdn(0, GICV + 0x28), 41);
    ck_assert_uint_eq(rdn(0, GICV + 0x20), 41);
    wrn(0, GICV + 0x24, 41);
    wrn(0, GICV + 0x00, 0x207); /* AckCtl, EOImode */
    wrn(0, GICH + 0x100, lr_v2(42, 0x80, 1, PENDING) | 1 << 19);
    ck_assert_uint_eq(rdn(0, GICV + 0x0c), 42);
    wrn(0, GICV + 0x10, 42);
    ck_assert_uint_eq(rdn(0, GICH + 0x100) >> 28 & 3, ACTIVE);
    ck_assert(!maintenance());
    wrn(0, GICV + 0x1000, 42);
    ck_assert_uint_eq(rdn(0, GICH + 0x20), 1);
    ck_assert_uint_eq(rdn(0, GICH + 0x10), 1);
    ck_assert(maintenance());
    ck_assert_uint_eq(rdn(0, GICV + 0x0c), 1023);
    fixture_stop();
}
END_TEST

START_TEST(test_v2_hardware)
{
    start_v2();
    wrn(0, GICV + 0x00, 1);
    wrs(0, GICD + 0x304, 1 << 8);
    wrn(0, GICH + 0x100, lr_v2(27, 0x80, 0, PENDING) | 1u << 31 | 40 << 10);
    ck_assert_uint_eq(rdn(0, GICV + 0x0c), 27);
    wrn(0, GICV + 0x10, 27);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 0);
    fixture_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gic virtual interface");
    TCase *v3 = tcase_create("gicv3"), *v2 = tcase_create("gicv2");
    tcase_add_test(v3, test_registers);
    tcase_add_test(v3, test_redirection);
    tcase_add_test(v3, test_flow);
    tcase_add_test(v3, test_preemption);
    tcase_add_test(v3, test_eoimode);
    tcase_add_test(v3, test_hardware);
    tcase_add_test(v3, test_lpi_and_special);
    tcase_add_test(v3, test_maintenance);
    tcase_add_test(v2, test_v2_registers);
    tcase_add_test(v2, test_v2_flow);
    tcase_add_test(v2, test_v2_hardware);
    suite_add_tcase(suite, v3);
    suite_add_tcase(suite, v2);
    return run_suite(suite);
}
