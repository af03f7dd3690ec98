/* GICv3: distributor, redistributors, CPU interface registers, and interrupts through them. IHI 0069. */
#include "gic_fixture.h"

#define IAR0  GIC_ICC_IAR0_EL1
#define IAR1  GIC_ICC_IAR1_EL1
#define EOIR0 GIC_ICC_EOIR0_EL1
#define EOIR1 GIC_ICC_EOIR1_EL1
#define PMR   GIC_ICC_PMR_EL1
#define RPR   GIC_ICC_RPR_EL1

enum { CPUS = 4 };

static void start(bool security)
{
    fixture_start((struct gic_config){
        .version = 3, .cpus = CPUS, .security = security, .spis = 96, .awake_at_reset = true, .priority_bits = 8});
}

static void open_cpu(unsigned cpu, bool security)
{
    struct gic_view view = security ? el3_s : el1_ns;
    msr(cpu, PMR, view, 0xff);
    msr(cpu, GIC_ICC_IGRPEN0_EL1, view, 1);
    if (security)
        msr(cpu, GIC_ICC_IGRPEN1_EL3, view, 3);
    else
        msr(cpu, GIC_ICC_IGRPEN1_EL1, view, 1);
}

/* Everything on; with security, the PEs are in EL1, Non-secure. */
static void open_all(bool security)
{
    wrs(0, GICD, security ? 0x37 : 0x3);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        open_cpu(cpu, security);
        gic_set_pe_state(gic_cpu_interface(fx.gic, cpu), false, false);
    }
}

enum group { G0, G1S, G1NS };

static void set_group(uint64_t frame, unsigned intid, enum group group)
{
    uint64_t igroupr = frame + 0x80 + intid / 32 * 4, igrpmodr = frame + 0xd00 + intid / 32 * 4;
    uint32_t bit = 1u << intid % 32;
    wrs(0, igroupr, group == G1NS ? rds(0, igroupr) | bit : rds(0, igroupr) & ~bit);
    wrs(0, igrpmodr, group == G1S ? rds(0, igrpmodr) | bit : rds(0, igrpmodr) & ~bit);
}

static void setup_spi(unsigned intid, uint8_t priority, enum group group, bool edge)
{
    wrb(0, GICD + 0x400 + intid, priority);
    set_group(GICD, intid, group);
    uint32_t config = rds(0, GICD + 0xc00 + intid / 16 * 4), field = 2u << 2 * (intid % 16);
    wrs(0, GICD + 0xc00 + intid / 16 * 4, edge ? config | field : config & ~field);
    wrs(0, GICD + 0x100 + intid / 32 * 4, 1u << intid % 32);
}

static void setup_private(unsigned cpu, unsigned intid, uint8_t priority, enum group group)
{
    wrb(0, GICR_SGI(cpu) + 0x400 + intid, priority);
    set_group(GICR_SGI(cpu), intid, group);
    wrs(0, GICR_SGI(cpu) + 0x100, 1u << intid);
}

static void pend(unsigned intid)
{
    wrs(0, GICD + 0x200 + intid / 32 * 4, 1u << intid % 32);
}
static bool active(unsigned intid)
{
    return rds(0, GICD + 0x300 + intid / 32 * 4) >> intid % 32 & 1;
}

START_TEST(test_identification)
{
    start(true);
    ck_assert_uint_eq(rds(0, GICD + 0x4), 3 | 1 << 10 | 1 << 16 | 9 << 19 | 1 << 24 | 1 << 25);
    ck_assert_uint_eq(rds(0, GICD + 0xffe8), 0x3b);
    ck_assert_uint_eq(rds(0, GICR_RD(0) + 0xffe8), 0x3b);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        uint64_t expected = (uint64_t)cpu << 32 | cpu << 8 | (cpu == CPUS - 1) << 4;
        ck_assert_uint_eq(read_sized(0, false, GICR_RD(cpu) + 8, 8), expected);
        ck_assert_uint_eq(rdn(0, GICR_RD(cpu) + 8), (uint32_t)expected);
        ck_assert_uint_eq(rdn(0, GICR_RD(cpu) + 12), cpu);
    }
    ck_assert_uint_eq(rds(0, GICD), 0x30);
    ck_assert_uint_eq(rdn(0, GICD), 0x10);
    wrs(0, GICD, 0xffffffff); /* sets DS too: one Security state from here on */
    ck_assert_uint_eq(rds(0, GICD), 0xd3);
    ck_assert_uint_eq(rdn(0, GICD), 0xd3);
    wrs(0, GICD, 0);
    ck_assert_uint_eq(rds(0, GICD), 0x50);
    ck_assert_uint_eq(rds(0, GICD + 0x4) >> 10 & 1, 0);
    fixture_stop();
    start(false);
    ck_assert_uint_eq(rds(0, GICD), 0x50);
    fixture_stop();
}
END_TEST

START_TEST(test_malformed)
{
    start(false);
    static const struct {
        uint64_t address;
        unsigned size;
    } bad[] = {
        {GICD + 0x14, 4},      {GICD + 0x0, 2},          {GICD + 0x100, 1},         {GICD + 0x800, 4},
        {GICD + 0xf00, 4},     {GICD + 0x6100, 2},       {GICR_RD(0) + 0x18, 4},    {GICR_RD(0) + 0x0, 8},
        {GICR_RD(1) + 0x8, 2}, {GICR_SGI(0) + 0x84, 4},  {GICR_SGI(0) + 0x100, 1},  {GICR_SGI(3) + 0x400, 8},
        {GICD + 0x400, 8},     {GICR_SGI(0) + 0xe04, 4}, {GICR_SGI(0) + 0x8000, 4},
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unsigned before = fx.logged;
        ck_assert_uint_eq(read_sized(0, true, bad[i].address, bad[i].size), 0);
        ck_assert_uint_eq(fx.logged, before + 1);
        write_sized(0, true, bad[i].address, bad[i].size, 0xff);
        ck_assert_uint_eq(fx.logged, before + 2);
    }
    /* SGIs and PPIs have no fields in the distributor: RES0. */
    wrs(0, GICD + 0x100, 0xffffffff);
    ck_assert_uint_eq(rds(0, GICD + 0x100), 0);
    ck_assert_uint_eq(rds(0, GICR_SGI(0) + 0x100), 0);
    write_sized(0, true, GICD + 0x6000, 8, 0xffffffff);
    ck_assert_uint_eq(read_sized(0, true, GICD + 0x6000, 8), 0);
    uint64_t value;
    ck_assert_int_eq(bus_read(fx.env.bus, GICR_RD(CPUS), 4, from(0, true), &value), BUS_DECODE_ERROR);
    fixture_stop();
}
END_TEST

START_TEST(test_routes)
{
    start(true);
    open_all(true);
    setup_spi(40, 0xa0, G1NS, true);
    write_sized(0, false, GICD + 0x6000 + 8 * 40, 8, 0xffffffffffffffff);
    ck_assert_uint_eq(read_sized(0, false, GICD + 0x6000 + 8 * 40, 8), 0xff00ffffff);
    wrn(0, GICD + 0x6000 + 8 * 40, 2);
    ck_assert_uint_eq(read_sized(0, false, GICD + 0x6000 + 8 * 40, 8), 0xff00000002);
    wrn(0, GICD + 0x6004 + 8 * 40, 0);
    ck_assert_uint_eq(rdn(0, GICD + 0x6004 + 8 * 40), 0);
    ck_assert_uint_eq(rdn(0, GICD + 0x6000 + 8 * 40), 2);
    pend(40);
    ck_assert(pin(2, PIN_IRQ) && !pin(0, PIN_IRQ));
    write_sized(0, false, GICD + 0x6000 + 8 * 40, 8, 3);
    ck_assert(!pin(2, PIN_IRQ) && pin(3, PIN_IRQ));
    write_sized(0, false, GICD + 0x6000 + 8 * 40, 8, 0x100); /* no such PE */
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        ck_assert(!pin(cpu, PIN_IRQ));
    setup_spi(41, 0xa0, G0, true);
    write_sized(0, false, GICD + 0x6000 + 8 * 41, 8, 3); /* Secure: RAZ/WI */
    ck_assert_uint_eq(read_sized(0, true, GICD + 0x6000 + 8 * 41, 8), 0);
    wrs(0, GICD + 0xe00 + 8, 3u << 18);
    write_sized(0, false, GICD + 0x6000 + 8 * 41, 8, 3);
    ck_assert_uint_eq(read_sized(0, true, GICD + 0x6000 + 8 * 41, 8), 3);
    fixture_stop();
}
END_TEST

START_TEST(test_redistributor_registers)
{
    start(true);
    const uint64_t sgi = GICR_SGI(1);
    wrs(0, sgi + 0x80, 0xffff0000);
    ck_assert_uint_eq(rdn(0, sgi + 0x80), 0);
    wrn(0, sgi + 0x100, 0xffffffff);
    ck_assert_uint_eq(rds(0, sgi + 0x100), 0xffff0000);
    wrs(0, sgi + 0x100, 0x1);
    ck_assert_uint_eq(rdn(0, sgi + 0x180), 0xffff0000);
    wrs(0, sgi + 0x200, 0x00010001); /* SGIs may be set pending here */
    ck_assert_uint_eq(rds(0, sgi + 0x200), 0x00010001);
    ck_assert_uint_eq(rdn(0, sgi + 0x280), 0x00010000);
    wrs(0, sgi + 0x280, 0xffffffff);
    ck_assert_uint_eq(rds(0, sgi + 0x200), 0);
    wrs(0, sgi + 0x400, 0x11223344);
    wrn(0, sgi + 0x410, 0x11223344);
    ck_assert_uint_eq(rdn(0, sgi + 0x400), 0);
    ck_assert_uint_eq(rdn(0, sgi + 0x410), 0x10223244);
    ck_assert_uint_eq(rds(0, sgi + 0x410), 0x889199a2);
    ck_assert_uint_eq(rds(0, sgi + 0xc00), 0xaaaaaaaa);
    wrs(0, sgi + 0xc00, 0);
    ck_assert_uint_eq(rds(0, sgi + 0xc00), 0xaaaaaaaa);
    wrs(0, sgi + 0xc04, 0xffffffff);
    ck_assert_uint_eq(rds(0, sgi + 0xc04), 0xaaaaaaaa);
    wrs(0, sgi + 0xd00, 0xff);
    ck_assert_uint_eq(rds(0, sgi + 0xd00), 0xff);
    ck_assert_uint_eq(rdn(0, sgi + 0xd00), 0);
    wrs(0, sgi + 0xe00, 0x12345678);
    ck_assert_uint_eq(rds(0, sgi + 0xe00), 0x12345678);
    ck_assert_uint_eq(rdn(0, sgi + 0xe00), 0);
    ck_assert_uint_eq(rds(0, GICR_SGI(0) + 0x80), 0); /* each PE has its own */
    /* No LPIs without an ITS. */
    write_sized(0, false, GICR_RD(0) + 0x70, 8, UINT64_MAX);
    ck_assert_uint_eq(read_sized(0, false, GICR_RD(0) + 0x70, 8), 0);
    wrn(0, GICR_RD(0), 1);
    ck_assert_uint_eq(rdn(0, GICR_RD(0)), 0);
    fixture_stop();
}
END_TEST

START_TEST(test_waker)
{
    fixture_start((struct gic_config){.version = 3, .cpus = CPUS, .security = true, .spis = 32});
    open_all(true);
    setup_private(1, 27, 0x80, G1NS);
    ck_assert_uint_eq(rds(0, GICR_RD(1) + 0x14), 6);
    ck_assert_uint_eq(rdn(0, GICR_RD(1) + 0x14), 0);
    ppi(1, 27, true);
    ck_assert(!pin(1, PIN_IRQ)); /* asleep */
    wrn(0, GICR_RD(1) + 0x14, 0);
    ck_assert_uint_eq(rds(0, GICR_RD(1) + 0x14), 6);
    wrs(0, GICR_RD(1) + 0x14, 0);
    ck_assert_uint_eq(rds(0, GICR_RD(1) + 0x14), 0);
    ck_assert(pin(1, PIN_IRQ));
    wrs(0, GICR_RD(1) + 0x14, 2);
    ck_assert(!pin(1, PIN_IRQ));
    fixture_stop();
}
END_TEST

/* Which pin, for each group and each state of the PE. */
START_TEST(test_routing_to_pins)
{
    start(true);
    open_all(true);
    struct gic_cpu_interface *cpu = gic_cpu_interface(fx.gic, 0);
    static const struct {
        uint8_t el;
        bool secure;
        bool fiq[3];
    } cases[] = {
        {0, false, {true, true, false}}, {1, false, {true, true, false}}, {2, false, {true, true, false}},
        {0, true, {true, false, true}},  {1, true, {true, false, true}},  {2, true, {true, false, true}},
        {3, false, {true, true, true}},  {3, true, {true, true, true}},
    };
    for (enum group group = G0; group <= G1NS; group++) {
        setup_spi(40, 0xa0, group, false);
        spi(40, true);
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            gic_set_pe_state(cpu, cases[i].el == 3, cases[i].secure);
            ck_assert(pin(0, PIN_FIQ) == cases[i].fiq[group]);
            ck_assert(pin(0, PIN_IRQ) == !cases[i].fiq[group]);
        }
        spi(40, false);
        ck_assert(!pin(0, PIN_FIQ) && !pin(0, PIN_IRQ));
    }
    /* With one Security state: Group 0 FIQ, Group 1 IRQ everywhere. */
    wrs(0, GICD, 0x77);
    wrs(0, GICD, 0x77);
    for (unsigned group1 = 0; group1 < 2; group1++) {
        setup_spi(40, 0xa0, group1 ? G1NS : G0, false);
        spi(40, true);
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            gic_set_pe_state(cpu, cases[i].el == 3, cases[i].secure);
            ck_assert(pin(0, PIN_FIQ) == !group1 && pin(0, PIN_IRQ) == group1);
        }
        spi(40, false);
    }
    fixture_stop();
}
END_TEST

START_TEST(test_single_state_flow)
{
    start(false);
    open_all(false);
    setup_spi(40, 0xa0, G1NS, false);
    spi(40, true);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(mrs(0, GIC_ICC_HPPIR1_EL1, el1_ns), 40);
    ck_assert_uint_eq(mrs(0, GIC_ICC_HPPIR0_EL1, el1_ns), 1023);
    ck_assert_uint_eq(mrs(0, IAR0, el1_ns), 1023);
    uint64_t peeked;
    ck_assert(gic_icc_peek(gic_cpu_interface(fx.gic, 0), IAR1, el1_ns, &peeked));
    ck_assert_uint_eq(peeked, 40);
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 40);
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 1023);
    ck_assert_uint_eq(mrs(0, RPR, el1_ns), 0xa0);
    ck_assert(active(40) && !pin(0, PIN_IRQ));
    msr(0, EOIR0, el1_ns, 40); /* the wrong group: ignored */
    ck_assert_uint_eq(mrs(0, RPR, el1_ns), 0xa0);
    msr(0, EOIR1, el1_ns, 40);
    ck_assert(!active(40) && pin(0, PIN_IRQ));
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 40);
    spi(40, false);
    msr(0, EOIR1, el1_ns, 40);
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(mrs(0, RPR, el1_ns), 0xff);
    setup_spi(41, 0x10, G0, true);
    pend(41);
    ck_assert(pin(0, PIN_FIQ));
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 1023);
    ck_assert_uint_eq(mrs(0, IAR0, el1_ns), 41);
    msr(0, EOIR0, el1_ns, 41);
    /* Messages. */
    write_sized(0, false, GICD + 0x40, 2, 41);
    ck_assert(pin(0, PIN_FIQ));
    wrn(0, GICD + 0x48, 41);
    ck_assert(!pin(0, PIN_FIQ));
    wrn(0, GICD + 0x40, 40); /* level-sensitive: stays until cleared */
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 40);
    msr(0, EOIR1, el1_ns, 40);
    ck_assert(pin(0, PIN_IRQ));
    wrn(0, GICD + 0x48, 40);
    ck_assert(!pin(0, PIN_IRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_three_groups_at_el3)
{
    start(true);
    open_all(true);
    setup_spi(40, 0x10, G0, true);
    setup_spi(41, 0x20, G1S, true);
    setup_spi(42, 0xa0, G1NS, true);
    pend(42);
    ck_assert_uint_eq(mrs(0, GIC_ICC_HPPIR0_EL1, el3_s), 1021);
    ck_assert_uint_eq(mrs(0, IAR0, el3_s), 1021);
    ck_assert_uint_eq(mrs(0, IAR0, el1_s), 1023);
    ck_assert_uint_eq(mrs(0, IAR1, el1_s), 1023);
    ck_assert_uint_eq(mrs(0, IAR1, el3_s), 1023);
    ck_assert_uint_eq(mrs(0, GIC_ICC_HPPIR1_EL1, el3_ns), 42);
    pend(41);
    ck_assert_uint_eq(mrs(0, GIC_ICC_HPPIR0_EL1, el3_ns), 1020);
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 1023);
    ck_assert_uint_eq(mrs(0, IAR1, el2_ns), 1023);
    pend(40);
    ck_assert_uint_eq(mrs(0, IAR1, el1_s), 1023);
    ck_assert_uint_eq(mrs(0, IAR0, el3_ns), 40);
    msr(0, EOIR0, el3_ns, 40);
    ck_assert_uint_eq(mrs(0, IAR1, el1_s), 41);
    msr(0, EOIR1, el1_ns, 41); /* Non-secure can't end it */
    ck_assert_uint_eq(mrs(0, RPR, el1_s), 0x20);
    ck_assert_uint_eq(mrs(0, RPR, el1_ns_fiq), 0);
    msr(0, EOIR1, el3_s, 41);
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 42);
    ck_assert_uint_eq(mrs(0, RPR, el1_ns_fiq), 0x40);
    ck_assert_uint_eq(mrs(0, RPR, el1_ns), 0xa0);
    msr(0, EOIR1, el3_ns, 42);
    ck_assert_uint_eq(mrs(0, RPR, el3_s), 0xff);
    ck_assert(!active(40) && !active(41) && !active(42));
    fixture_stop();
}
END_TEST

START_TEST(test_masks_and_views)
{
    start(true);
    open_all(true);
    msr(0, PMR, el3_s, 0x50);
    ck_assert_uint_eq(mrs(0, PMR, el1_ns_fiq), 0);
    ck_assert_uint_eq(mrs(0, PMR, el1_ns), 0x50); /* SCR_EL3.FIQ 0: no shift */
    msr(0, PMR, el1_ns_fiq, 0xf0);
    ck_assert_uint_eq(mrs(0, PMR, el3_s), 0x50);
    msr(0, PMR, el3_s, 0xf0);
    msr(0, PMR, el1_ns_fiq, 0x40);
    ck_assert_uint_eq(mrs(0, PMR, el3_s), 0xa0);
    ck_assert_uint_eq(mrs(0, PMR, el1_ns_fiq), 0x40);
    setup_spi(42, 0xa0, G1NS, false);
    spi(42, true);
    ck_assert(!pin(0, PIN_IRQ)); /* equal priority is masked */
    msr(0, PMR, el1_ns_fiq, 0x42);
    ck_assert(pin(0, PIN_IRQ));
    fixture_stop();

    /* Five bits of priority. */
    fixture_start((struct gic_config){.version = 3, .cpus = 1, .spis = 32, .awake_at_reset = true});
    msr(0, PMR, el1_ns, 0xff);
    ck_assert_uint_eq(mrs(0, PMR, el1_ns), 0xf8);
    wrs(0, GICD + 0x420, 0xffffffff);
    ck_assert_uint_eq(rds(0, GICD + 0x420), 0xf8f8f8f8);
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL1, el1_ns) >> 8 & 7, 4);
    uint64_t value;
    ck_assert(!gic_icc_read(gic_cpu_interface(fx.gic, 0), GIC_ICC_AP0R1_EL1, el1_ns, &value));
    ck_assert(!gic_icc_write(gic_cpu_interface(fx.gic, 0), GIC_ICC_AP1R3_EL1, el1_ns, 0));
    ck_assert(!gic_icc_read(gic_cpu_interface(fx.gic, 0), GIC_ICC_CTLR_EL3, el3_s, &value)); /* no EL3 */
    ck_assert(!gic_icc_read(gic_cpu_interface(fx.gic, 0), GIC_ICH_HCR_EL2, el2_ns, &value)); /* no EL2 */
    ck_assert(!gic_icc_read(gic_cpu_interface(fx.gic, 0), GIC_ICC_EOIR1_EL1, el1_ns, &value));
    ck_assert(!gic_icc_write(gic_cpu_interface(fx.gic, 0), GIC_ICC_IAR1_EL1, el1_ns, 0));
    fixture_stop();
}
END_TEST

START_TEST(test_control_and_binary_points)
{
    start(true);
    const uint64_t constants = 7 << 8 | 1 << 15;
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL1, el1_ns), constants);
    msr(0, GIC_ICC_CTLR_EL1, el1_ns, UINT64_MAX); /* CBPR and PMHE are EL3's */
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL1, el1_ns), constants | 2);
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL1, el1_s), constants);
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL3, el3_s), constants | 1 << 4);
    msr(0, GIC_ICC_CTLR_EL3, el3_s, 0x4f);
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL3, el3_s), constants | 0x4f);
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL1, el1_s), constants | 0x43);
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL1, el1_ns), constants | 0x41);

    /* CBPR on both sides. */
    msr(0, GIC_ICC_BPR0_EL1, el3_s, 3);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el1_s), 3);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el1_ns), 4);
    msr(0, GIC_ICC_BPR1_EL1, el1_ns, 7);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR0_EL1, el3_s), 3);
    msr(0, GIC_ICC_BPR1_EL1, el1_s, 5);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR0_EL1, el3_s), 5);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el3_s), 0); /* EL3 reaches the register itself */
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el3_ns), 1);
    msr(0, GIC_ICC_CTLR_EL3, el3_s, 0);
    msr(0, GIC_ICC_BPR1_EL1, el1_ns, 0);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el1_ns), 1);
    msr(0, GIC_ICC_BPR1_EL1, el1_s, 6);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el1_s), 6);

    msr(0, GIC_ICC_IGRPEN1_EL3, el3_s, 3);
    ck_assert_uint_eq(mrs(0, GIC_ICC_IGRPEN1_EL1, el1_s), 1);
    msr(0, GIC_ICC_IGRPEN1_EL1, el1_s, 0);
    ck_assert_uint_eq(mrs(0, GIC_ICC_IGRPEN1_EL3, el3_s), 1);
    msr(0, GIC_ICC_IGRPEN0_EL1, el3_s, 0xff);
    ck_assert_uint_eq(mrs(0, GIC_ICC_IGRPEN0_EL1, el3_s), 1);

    ck_assert_uint_eq(mrs(0, GIC_ICC_SRE_EL1, el1_ns), 7);
    msr(0, GIC_ICC_SRE_EL1, el1_ns, 0);
    ck_assert_uint_eq(mrs(0, GIC_ICC_SRE_EL1, el1_ns), 7);
    msr(0, GIC_ICC_SRE_EL2, el2_ns, 0);
    ck_assert_uint_eq(mrs(0, GIC_ICC_SRE_EL2, el2_ns), 7);
    ck_assert_uint_eq(mrs(0, GIC_ICC_SRE_EL3, el3_s), 15);
    fixture_stop();

    start(false);
    msr(0, GIC_ICC_CTLR_EL1, el1_ns, 0x43);
    ck_assert_uint_eq(mrs(0, GIC_ICC_CTLR_EL1, el1_ns), constants | 0x43);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el1_ns), 1); /* common: BPR0 + 1 */
    msr(0, GIC_ICC_BPR0_EL1, el1_ns, 7);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el1_ns), 7);
    fixture_stop();
}
END_TEST

/* Preemption depends on BPR1 exactly as the group priority mask says, for all values. */
START_TEST(test_preemption_by_binary_point)
{
    start(false);
    open_all(false);
    setup_spi(40, 0x80, G1NS, true);
    setup_spi(41, 0x00, G1NS, true);
    for (unsigned bpr = 1; bpr < 8; bpr++) {
        msr(0, GIC_ICC_BPR1_EL1, el1_ns, bpr);
        uint8_t mask = (uint8_t)(0xff << bpr);
        for (unsigned priority = 0; priority < 256; priority += 9) {
            pend(40);
            ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 40);
            ck_assert_uint_eq(mrs(0, RPR, el1_ns), 0x80 & mask);
            wrb(0, GICD + 0x400 + 41, (uint8_t)priority);
            pend(41);
            bool preempts = (priority & mask) < (0x80 & mask);
            ck_assert(pin(0, PIN_IRQ) == preempts);
            if (preempts) {
                ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 41);
                msr(0, EOIR1, el1_ns, 41);
            }
            msr(0, EOIR1, el1_ns, 40);
            if (!preempts && priority != 0xff) {
                ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 41);
                msr(0, EOIR1, el1_ns, 41);
            }
            wrs(0, GICD + 0x284, 1 << 9);
            ck_assert_uint_eq(mrs(0, RPR, el1_ns), 0xff);
        }
    }
    fixture_stop();
}
END_TEST

/* Masking by PMR as Linux's pseudo-NMI does: a higher-priority interrupt is taken inside the masked section. */
START_TEST(test_pseudo_nmi)
{
    start(false);
    open_all(false);
    enum { UNMASKED = 0xf0, MASKED = 0x60, NORMAL = 0xa0, NMI = 0x20 };
    setup_private(0, 27, NORMAL, G1NS);
    setup_private(0, 8, NMI, G1NS);
    msr(0, PMR, el1_ns, UNMASKED);
    msr(0, PMR, el1_ns, MASKED);
    ppi(0, 27, true);
    ck_assert(!pin(0, PIN_IRQ));
    msr(1, GIC_ICC_SGI1R_EL1, el1_ns, 8ull << 24 | 1);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 8);
    ck_assert_uint_eq(mrs(0, RPR, el1_ns), NMI);
    msr(0, EOIR1, el1_ns, 8);
    ck_assert(!pin(0, PIN_IRQ));
    msr(0, PMR, el1_ns, UNMASKED);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 27);
    /* Inside the handler too: the NMI preempts. */
    msr(1, GIC_ICC_SGI1R_EL1, el1_ns, 8ull << 24 | 1);
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 8);
    ck_assert_uint_eq(mrs(0, GIC_ICC_AP1R0_EL1, el1_ns), 1u << (NMI >> 1));
    ck_assert_uint_eq(mrs(0, GIC_ICC_AP1R2_EL1, el1_ns), 1u << ((NORMAL >> 1) - 64));
    msr(0, EOIR1, el1_ns, 8);
    msr(0, EOIR1, el1_ns, 27);
    fixture_stop();
}
END_TEST

START_TEST(test_eoimode_and_dir)
{
    start(true);
    open_all(true);
    setup_spi(40, 0x10, G0, false);
    setup_spi(41, 0x20, G1S, false);
    setup_spi(42, 0xa0, G1NS, false);
    msr(0, GIC_ICC_CTLR_EL3, el3_s, 4 | 8 | 16); /* EOImode 1 for EL3, Secure EL1, Non-secure */
    for (unsigned intid = 40; intid <= 42; intid++)
        spi(intid, true);
    ck_assert_uint_eq(mrs(0, IAR0, el3_s), 40);
    msr(0, EOIR0, el3_s, 40);
    ck_assert_uint_eq(mrs(0, IAR1, el1_s), 41);
    msr(0, EOIR1, el1_s, 41);
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 42);
    msr(0, EOIR1, el1_ns, 42);
    ck_assert_uint_eq(mrs(0, RPR, el3_s), 0xff);
    ck_assert(active(40) && active(41) && active(42));
    ck_assert(!pin(0, PIN_IRQ) && !pin(0, PIN_FIQ));

    msr(0, GIC_ICC_DIR_EL1, el1_ns, 40);
    msr(0, GIC_ICC_DIR_EL1, el1_ns, 41);
    msr(0, GIC_ICC_DIR_EL1, el1_s, 42);
    struct gic_view irq_to_el3 = {.el = 1, .scr_irq = true}, fiq_to_el3 = {.el = 1, .secure = true, .scr_fiq = true};
    msr(0, GIC_ICC_DIR_EL1, irq_to_el3, 42);
    msr(0, GIC_ICC_DIR_EL1, fiq_to_el3, 40);
    ck_assert(active(40) && active(41) && active(42));
    msr(0, GIC_ICC_DIR_EL1, el1_ns, 42);
    ck_assert(!active(42));
    ck_assert(pin(0, PIN_IRQ)); /* the level is still there */
    msr(0, GIC_ICC_DIR_EL1, el1_s, 41);
    msr(0, GIC_ICC_DIR_EL1, el1_s, 40);
    ck_assert(!active(40) && !active(41));
    msr(0, GIC_ICC_CTLR_EL3, el3_s, 0);
    unsigned before = fx.logged;
    msr(0, GIC_ICC_DIR_EL1, el3_s, 40);
    ck_assert_uint_eq(fx.logged, before + 1);
    fixture_stop();
}
END_TEST

/* SGIs: the target's group, the register, the sender's state and NSACR. */
START_TEST(test_sgi_forwarding)
{
    start(true);
    static const enum gic_register registers[3] = {GIC_ICC_SGI0R_EL1, GIC_ICC_SGI1R_EL1, GIC_ICC_ASGI1R_EL1};
    /* [secure][register][group]: the least NSACR that forwards; 0 always, 9 never. */
    static const uint8_t least[2][3][3] = {
        {{1, 9, 9}, {9, 9, 0}, {1, 2, 9}},
        {{0, 9, 9}, {0, 0, 9}, {9, 9, 0}},
    };
    for (unsigned secure = 0; secure < 2; secure++)
        for (unsigned r = 0; r < 3; r++)
            for (enum group group = G0; group <= G1NS; group++)
                for (unsigned nsacr = 0; nsacr < 4; nsacr++) {
                    set_group(GICR_SGI(2), 9, group);
                    wrs(0, GICR_SGI(2) + 0xe00, nsacr << 18);
                    msr(0, registers[r], secure ? el1_s : el1_ns, 9ull << 24 | 1 << 2);
                    ck_assert_uint_eq(rds(0, GICR_SGI(2) + 0x200) >> 9 & 1, nsacr >= least[secure][r][group]);
                    wrs(0, GICR_SGI(2) + 0x280, 1 << 9);
                }
    fixture_stop();
}
END_TEST

START_TEST(test_sgi_targets)
{
    static const uint64_t affinity[6] = {0x0, 0x1, 0x100, 0x1f, 0x0200010203ull, 0x10101};
    fixture_start(
        (struct gic_config){.version = 3, .cpus = 6, .affinity = affinity, .spis = 32, .awake_at_reset = true});
    struct {
        uint64_t value;
        unsigned targets;
    } cases[] = {
        {0x0001, 1 << 0},
        {0x0003, 1 << 0 | 1 << 1},
        {0x8000, 0},
        {0x8000 | 1ull << 44, 1 << 3}, /* RS 1: Aff0 16 to 31 */
        {0x0001 | 1ull << 16, 1 << 2},
        {0x0008 | 2ull << 16 | 1ull << 32 | 2ull << 48, 1 << 4},
        {0x0002 | 1ull << 16 | 1ull << 32, 1 << 5},
        {1ull << 40, 0x3f & ~1},
        {1ull << 40 | 0xffff, 0x3f & ~1},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        msr(0, GIC_ICC_SGI0R_EL1, el1_ns, cases[i].value | 3ull << 24);
        for (unsigned cpu = 0; cpu < 6; cpu++) {
            ck_assert_uint_eq(rds(0, GICR_SGI(cpu) + 0x200) >> 3 & 1, cases[i].targets >> cpu & 1);
            wrs(0, GICR_SGI(cpu) + 0x280, 1 << 3);
        }
    }
    ck_assert_uint_eq(rds(0, GICD + 4) >> 26 & 1, 1); /* RSS */
    ck_assert_uint_eq(read_sized(0, false, GICR_RD(4) + 8, 8) >> 32, 0x02010203);
    fixture_stop();
    static const uint64_t same[2] = {1, 1};
    struct device_env env = {.bus = bus_create(), .clock = clock_create()};
    int error;
    ck_assert_ptr_null(gic_create(&(struct gic_config){.version = 3, .cpus = 2, .affinity = same}, &env, &error));
    bus_destroy(env.bus);
    clock_destroy(env.clock);
}
END_TEST

START_TEST(test_group_enables)
{
    start(true);
    open_all(true);
    setup_spi(42, 0xa0, G1NS, false);
    spi(42, true);
    ck_assert(pin(0, PIN_IRQ));
    msr(0, GIC_ICC_IGRPEN1_EL1, el1_ns, 0);
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(mrs(0, GIC_ICC_HPPIR1_EL1, el1_ns), 1023);
    msr(0, GIC_ICC_IGRPEN1_EL1, el1_ns, 1);
    wrn(0, GICD, 0x10);
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(rds(0, GICD), 0x35);
    wrn(0, GICD, 0x12);
    ck_assert(pin(0, PIN_IRQ));
    wrn(0, GICD + 0x184, 1 << 10);
    ck_assert(!pin(0, PIN_IRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_pe_reset)
{
    start(false);
    open_all(false);
    setup_spi(40, 0xa0, G1NS, false);
    spi(40, true);
    ck_assert_uint_eq(mrs(0, IAR1, el1_ns), 40);
    gic_pe_reset(gic_cpu_interface(fx.gic, 0));
    ck_assert_uint_eq(mrs(0, RPR, el1_ns), 0xff);
    ck_assert_uint_eq(mrs(0, PMR, el1_ns), 0);
    ck_assert_uint_eq(mrs(0, GIC_ICC_BPR1_EL1, el1_ns), 1);
    ck_assert_uint_eq(mrs(0, GIC_ICC_IGRPEN1_EL1, el1_ns), 0);
    ck_assert(active(40)); /* the distributor's state stays */
    ck_assert_uint_eq(mrs(1, PMR, el1_ns), 0xff);
    open_cpu(0, false);
    wrs(0, GICD + 0x384, 1 << 8);
    ck_assert(pin(0, PIN_IRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_two_regions)
{
    fixture_start((struct gic_config){.version = 3,
                                      .cpus = 5,
                                      .spis = 32,
                                      .awake_at_reset = true,
                                      .redistributor_count = 3,
                                      .redistributor_high_base = 0x4000000000});
    for (unsigned cpu = 0; cpu < 5; cpu++) {
        uint64_t base = cpu < 3 ? GICR_RD(cpu) : 0x4000000000 + 0x20000ull * (cpu - 3);
        uint64_t type = read_sized(0, false, base + 8, 8);
        ck_assert_uint_eq(type >> 32, cpu);
        ck_assert_uint_eq(type >> 4 & 1, cpu == 2 || cpu == 4);
    }
    fixture_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gicv3");
    TCase *tests = tcase_create("gicv3");
    tcase_add_test(tests, test_identification);
    tcase_add_test(tests, test_malformed);
    tcase_add_test(tests, test_routes);
    tcase_add_test(tests, test_redistributor_registers);
    tcase_add_test(tests, test_waker);
    tcase_add_test(tests, test_routing_to_pins);
    tcase_add_test(tests, test_single_state_flow);
    tcase_add_test(tests, test_three_groups_at_el3);
    tcase_add_test(tests, test_masks_and_views);
    tcase_add_test(tests, test_control_and_binary_points);
    tcase_add_test(tests, test_preemption_by_binary_point);
    tcase_add_test(tests, test_pseudo_nmi);
    tcase_add_test(tests, test_eoimode_and_dir);
    tcase_add_test(tests, test_sgi_forwarding);
    tcase_add_test(tests, test_sgi_targets);
    tcase_add_test(tests, test_group_enables);
    tcase_add_test(tests, test_pe_reset);
    tcase_add_test(tests, test_two_regions);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
