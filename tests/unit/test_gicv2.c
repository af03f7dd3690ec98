/* GICv2: distributor, CPU interface, and interrupts through both. IHI 0048B. */
#include "gic_fixture.h"

enum { CPUS = 4 };

static void start(bool security)
{
    fixture_start((struct gic_config){.version = 2, .cpus = CPUS, .security = security, .spis = 96});
}

/* Everything on: all groups in the distributor and the interfaces, no mask. */
static void open_all(bool security)
{
    wrs(0, GICD + 0x000, 3);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        wrs(cpu, GICC + 0x04, 0xff);
        wrs(cpu, GICC + 0x00, 0x3);
    }
}

static void setup_spi(unsigned intid, uint8_t priority, uint8_t targets, bool group1, bool edge)
{
    wrb(0, GICD + 0x400 + intid, priority);
    wrb(0, GICD + 0x800 + intid, targets);
    uint32_t bit = 1u << intid % 32, group = rds(0, GICD + 0x80 + intid / 32 * 4);
    wrs(0, GICD + 0x80 + intid / 32 * 4, group1 ? group | bit : group & ~bit);
    uint32_t config = rds(0, GICD + 0xc00 + intid / 16 * 4), field = 2u << 2 * (intid % 16);
    wrs(0, GICD + 0xc00 + intid / 16 * 4, edge ? config | field : config & ~field);
    wrs(0, GICD + 0x100 + intid / 32 * 4, bit);
}

static uint32_t iar(unsigned cpu)
{
    return rds(cpu, GICC + 0x0c);
}
static void eoi(unsigned cpu, uint32_t value)
{
    wrs(cpu, GICC + 0x10, value);
}

START_TEST(test_identification)
{
    start(true);
    ck_assert_uint_eq(rds(0, GICD + 0x004), 3 | (CPUS - 1) << 5 | 1 << 10);
    ck_assert_uint_eq(rdn(0, GICD + 0x004), 3 | (CPUS - 1) << 5 | 1 << 10);
    ck_assert_uint_eq(rds(0, GICD + 0x008), 0x0200043b);
    ck_assert_uint_eq(rds(0, GICD + 0xfe8), 0x2b);
    static const uint8_t component[4] = {0x0d, 0xf0, 0x05, 0xb1};
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(rds(0, GICD + 0xff0 + 4 * i), component[i]);
    ck_assert_uint_eq(rds(0, GICC + 0xfc), 0x0202143b);
    ck_assert_uint_eq(rds(0, GICD + 0xc00), 0xaaaaaaaa);
    ck_assert_uint_eq(rds(2, GICD + 0x800), 0x04040404); /* targets of banked interrupts: the reader */
    ck_assert_uint_eq(rds(0, GICD + 0x100), 0xffff);     /* SGIs are always enabled */
    wrs(0, GICD + 0x180, 0xffffffff);
    ck_assert_uint_eq(rds(0, GICD + 0x100), 0xffff);
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
        {GICD + 0x00c, 4}, {GICD + 0x000, 1}, {GICD + 0x100, 2}, {GICD + 0xf40, 4},  {GICD + 0xd80, 4},
        {GICC + 0x2c, 4},  {GICC + 0x00, 1},  {GICC + 0x0c, 2},  {GICC + 0x1004, 4}, {GICD + 0x800, 2},
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unsigned before = fx.logged;
        ck_assert_uint_eq(read_sized(0, true, bad[i].address, bad[i].size), 0);
        ck_assert_uint_eq(fx.logged, before + 1);
        write_sized(0, true, bad[i].address, bad[i].size, 0xff);
        ck_assert_uint_eq(fx.logged, before + 2);
    }
    uint64_t value;
    ck_assert_int_eq(bus_read(fx.env.bus, GICC, 4, from(CPUS, true), &value), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_write(fx.env.bus, GICD, 4, from(BUS_REQUESTER_DMA, true), 0), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_read(fx.env.bus, GICD, 8, from(0, true), &value), BUS_DEVICE_ERROR);
    /* Beyond the implemented interrupts: RAZ/WI. */
    wrs(0, GICD + 0x100 + 4 * 4, 0xffffffff);
    ck_assert_uint_eq(rds(0, GICD + 0x100 + 4 * 4), 0);
    wrs(0, GICD + 0x400 + 128, 0xffffffff);
    ck_assert_uint_eq(rds(0, GICD + 0x400 + 128), 0);
    fixture_stop();
}
END_TEST

START_TEST(test_non_secure_view)
{
    start(true);
    wrs(0, GICD + 0x80 + 4, 0x0000ffff); /* SPIs 32 to 47 are Group 1 */
    ck_assert_uint_eq(rdn(0, GICD + 0x80 + 4), 0);
    wrn(0, GICD + 0x80 + 4, 0xffffffff);
    ck_assert_uint_eq(rds(0, GICD + 0x80 + 4), 0x0000ffff);

    static const unsigned set_clear[3][2] = {{0x100, 0x180}, {0x200, 0x280}, {0x300, 0x380}};
    for (unsigned i = 0; i < 3; i++) {
        wrn(0, GICD + set_clear[i][0] + 4, 0xffffffff);
        ck_assert_uint_eq(rds(0, GICD + set_clear[i][0] + 4), 0x0000ffff);
        wrs(0, GICD + set_clear[i][0] + 4, 0xffffffff);
        ck_assert_uint_eq(rdn(0, GICD + set_clear[i][1] + 4), 0x0000ffff);
        wrn(0, GICD + set_clear[i][1] + 4, 0xffffffff);
        ck_assert_uint_eq(rds(0, GICD + set_clear[i][1] + 4), 0xffff0000);
        wrs(0, GICD + set_clear[i][1] + 4, 0xffffffff);
        ck_assert_uint_eq(rds(0, GICD + set_clear[i][1] + 4), 0);
    }

    wrs(0, GICD + 0x400 + 44, 0xff804020);
    ck_assert_uint_eq(rds(0, GICD + 0x400 + 44), 0xf8804020);
    ck_assert_uint_eq(rdn(0, GICD + 0x400 + 44), 0xf0008040);
    wrn(0, GICD + 0x400 + 44, 0x10ff00f0);
    ck_assert_uint_eq(rds(0, GICD + 0x400 + 44), 0x88f880f8);
    wrn(0, GICD + 0x400 + 48, 0x10ff00f0); /* Group 0: RAZ/WI */
    ck_assert_uint_eq(rds(0, GICD + 0x400 + 48), 0);

    wrn(0, GICD + 0x800 + 32, 0x01020408);
    wrn(0, GICD + 0x800 + 48, 0x01020408);
    ck_assert_uint_eq(rds(0, GICD + 0x800 + 32), 0x01020408);
    ck_assert_uint_eq(rds(0, GICD + 0x800 + 48), 0);
    wrn(0, GICD + 0xc00 + 8, 0xffffffff);
    wrn(0, GICD + 0xc00 + 12, 0xffffffff);
    ck_assert_uint_eq(rds(0, GICD + 0xc00 + 8), 0xaaaaaaaa);
    ck_assert_uint_eq(rds(0, GICD + 0xc00 + 12), 0);

    /* NSACR opens Secure interrupts step by step. */
    wrs(0, GICD + 0xe00 + 12, 0x39); /* 48: 1, 49: 2, 50: 3 */
    ck_assert_uint_eq(rdn(0, GICD + 0xe00 + 12), 0);
    wrn(0, GICD + 0x200 + 4, 0x000f0000);
    ck_assert_uint_eq(rds(0, GICD + 0x200 + 4), 0x00070000);
    wrn(0, GICD + 0x280 + 4, 0x000f0000);
    ck_assert_uint_eq(rds(0, GICD + 0x200 + 4), 0x00010000);
    wrn(0, GICD + 0x800 + 48, 0x0f0f0f0f);
    ck_assert_uint_eq(rds(0, GICD + 0x800 + 48), 0x000f0000);

    /* GICD_CTLR and GICC registers. */
    wrn(0, GICD, 1);
    ck_assert_uint_eq(rds(0, GICD), 2);
    wrs(0, GICD, 3);
    ck_assert_uint_eq(rdn(0, GICD), 1);
    wrs(0, GICC, 0x7ff);
    ck_assert_uint_eq(rds(0, GICC), 0x7ff);
    ck_assert_uint_eq(rdn(0, GICC), 0x261);
    wrn(0, GICC, 0);
    ck_assert_uint_eq(rds(0, GICC), 0x7ff & ~(2u | 0x180 | 0x400));
    for (uint64_t secure_only = 0x1c; secure_only <= 0x28; secure_only += 4)
        ck_assert_uint_eq(rdn(0, GICC + secure_only), 0);

    wrs(0, GICC + 4, 0x40);
    wrn(0, GICC + 4, 0xf0); /* the mask is in the Secure half: no effect */
    ck_assert_uint_eq(rds(0, GICC + 4), 0x40);
    ck_assert_uint_eq(rdn(0, GICC + 4), 0);
    wrs(0, GICC + 4, 0xff);
    ck_assert_uint_eq(rds(0, GICC + 4), 0xf8);
    wrn(0, GICC + 4, 0x80);
    ck_assert_uint_eq(rds(0, GICC + 4), 0xc0);
    ck_assert_uint_eq(rdn(0, GICC + 4), 0x80);

    wrs(0, GICC + 8, 0);
    ck_assert_uint_eq(rds(0, GICC + 8), 2);
    wrs(0, GICC, 0);
    wrn(0, GICC + 8, 0);
    ck_assert_uint_eq(rdn(0, GICC + 8), 3);
    ck_assert_uint_eq(rds(0, GICC + 0x1c), 3);
    wrs(0, GICC + 0x1c, 6);
    ck_assert_uint_eq(rdn(0, GICC + 8), 6);
    wrs(0, GICC, 0x10); /* CBPR */
    wrs(0, GICC + 8, 7);
    ck_assert_uint_eq(rdn(0, GICC + 8), 7);
    wrs(0, GICC + 8, 4);
    ck_assert_uint_eq(rdn(0, GICC + 8), 5);
    wrn(0, GICC + 8, 3);
    ck_assert_uint_eq(rds(0, GICC + 0x1c), 6);
    fixture_stop();
}
END_TEST

START_TEST(test_spi_level_and_edge)
{
    start(false);
    open_all(false);
    setup_spi(40, 0xa0, 0x1, false, false);
    setup_spi(41, 0xa0, 0x1, false, true);
    spi(40, true);
    ck_assert(pin(0, PIN_IRQ) && !pin(1, PIN_IRQ) && !pin(0, PIN_FIQ));
    ck_assert_uint_eq(rds(0, GICD + 0xd08 - 4), 1 << 8); /* SPISR0 */
    ck_assert_uint_eq(rds(0, GICC + 0x18), 40);
    ck_assert_uint_eq(iar(0), 40);
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0xa0);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 1 << 8);
    ck_assert_uint_eq(rds(0, GICD + 0x204), 1 << 8); /* still asserted: active and pending */
    ck_assert_uint_eq(iar(0), 1023);
    eoi(0, 40);
    ck_assert(pin(0, PIN_IRQ)); /* the level is still there */
    ck_assert_uint_eq(iar(0), 40);
    spi(40, false);
    eoi(0, 40);
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0xff);

    spi(41, true);
    spi(41, false);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(iar(0), 41);
    spi(41, true); /* an edge while active pends again */
    eoi(0, 41);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(iar(0), 41);
    eoi(0, 41);
    ck_assert(!pin(0, PIN_IRQ)); /* still high, but no new edge */

    /* A write to ISPENDR latches a level-sensitive interrupt until it is taken or cleared. */
    wrs(0, GICD + 0x204, 1 << 8);
    ck_assert(pin(0, PIN_IRQ));
    wrs(0, GICD + 0x284, 1 << 8);
    ck_assert(!pin(0, PIN_IRQ));
    wrs(0, GICD + 0x204, 1 << 8);
    ck_assert_uint_eq(iar(0), 40);
    eoi(0, 40);
    ck_assert(!pin(0, PIN_IRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_targets)
{
    start(false);
    open_all(false);
    setup_spi(50, 0x10, 0x0, false, false);
    spi(50, true);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        ck_assert(!pin(cpu, PIN_IRQ));
    wrb(0, GICD + 0x800 + 50, 0x0a);
    ck_assert(!pin(0, PIN_IRQ) && pin(1, PIN_IRQ) && !pin(2, PIN_IRQ) && pin(3, PIN_IRQ));
    ck_assert_uint_eq(iar(3), 50);
    ck_assert(!pin(1, PIN_IRQ) && !pin(3, PIN_IRQ));
    ck_assert_uint_eq(iar(1), 1023);
    eoi(3, 50);
    ck_assert(pin(1, PIN_IRQ) && pin(3, PIN_IRQ));
    wrb(0, GICD + 0x800 + 50, 0xf1);
    ck_assert_uint_eq(read_sized(0, true, GICD + 0x800 + 50, 1), 0x01);
    ck_assert(pin(0, PIN_IRQ) && !pin(1, PIN_IRQ) && !pin(3, PIN_IRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_uniprocessor)
{
    fixture_start((struct gic_config){.version = 2, .cpus = 1, .spis = 32});
    wrs(0, GICD, 1);
    wrs(0, GICC + 4, 0xff);
    wrs(0, GICC, 1);
    ck_assert_uint_eq(rds(0, GICD + 0x800), 0);
    wrs(0, GICD + 0x820, 0);
    wrs(0, GICD + 0x104, 1);
    spi(32, true);
    ck_assert(pin(0, PIN_IRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_sgi_sources)
{
    start(false);
    open_all(false);
    wrs(1, GICD + 0xf00, 0x00040005); /* from 1 to {2}, SGI 5 */
    wrs(3, GICD + 0xf00, 0x00040005);
    wrs(2, GICD + 0xf00, 0x02000005); /* filter 2: itself */
    ck_assert(pin(2, PIN_IRQ) && !pin(0, PIN_IRQ));
    ck_assert_uint_eq(rds(2, GICD + 0xf20 + 4), 0x00000e00);
    ck_assert_uint_eq(rds(0, GICD + 0xf20 + 4), 0);
    ck_assert_uint_eq(rds(2, GICD + 0x200), 1 << 5);
    wrs(2, GICD + 0x280, 1 << 5); /* ICPENDR doesn't clear SGIs */
    ck_assert_uint_eq(rds(2, GICC + 0x18), 5 | 1 << 10);
    for (unsigned source = 1; source <= 3; source++) {
        uint32_t id = iar(2);
        ck_assert_uint_eq(id, 5 | source << 10);
        ck_assert(!pin(2, PIN_IRQ)); /* one active state for the INTID */
        eoi(2, id);
        ck_assert(pin(2, PIN_IRQ) == (source != 3));
    }
    wrs(0, GICD + 0xf00, 0x01000003); /* filter 1: all others */
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        ck_assert(pin(cpu, PIN_IRQ) == (cpu != 0));
    wrb(1, GICD + 0xf10 + 3, 0xff); /* CPENDSGIR */
    ck_assert(!pin(1, PIN_IRQ) && pin(2, PIN_IRQ));
    write_sized(1, true, GICD + 0xf20 + 3, 1, 0x85); /* SPENDSGIR; source 7 doesn't exist */
    ck_assert_uint_eq(read_sized(1, true, GICD + 0xf10 + 3, 1), 0x05);
    ck_assert_uint_eq(iar(1), 3 | 0 << 10);
    unsigned before = fx.logged;
    wrs(0, GICD + 0xf00, 0x03000003);
    ck_assert_uint_eq(fx.logged, before + 1);
    fixture_stop();
}
END_TEST

START_TEST(test_sgi_security)
{
    start(true);
    open_all(true);
    wrs(1, GICD + 0x80, 0x00f0); /* on PE 1, SGIs 4 to 7 are Group 1 */
    struct {
        bool secure, nsatt, group1, forwarded;
    } cases[] = {
        {true, false, false, true}, {true, false, true, false}, {true, true, false, false},   {true, true, true, true},
        {false, false, true, true}, {false, true, true, true},  {false, false, false, false},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned sgi = cases[i].group1 ? 4 : 0;
        write_sized(0, cases[i].secure, GICD + 0xf00, 4, 0x00020000 | (uint32_t)cases[i].nsatt << 15 | sgi);
        ck_assert_uint_eq(rds(1, GICD + 0x200) >> sgi & 1, cases[i].forwarded);
        wrs(1, GICD + 0xf10, 0xffffffff);
        wrs(1, GICD + 0xf14, 0xffffffff);
    }
    wrs(1, GICD + 0xe00, 1); /* NSACR lets Non-secure send SGI 0 */
    wrn(0, GICD + 0xf00, 0x00020000);
    ck_assert_uint_eq(rds(1, GICD + 0x200), 1);
    fixture_stop();
}
END_TEST

START_TEST(test_ppi_banked)
{
    start(false);
    open_all(false);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        wrs(cpu, GICD + 0x100, 1u << 27);
    wrb(2, GICD + 0x400 + 27, 0x80);
    ppi(2, 27, true);
    ck_assert(pin(2, PIN_IRQ) && !pin(1, PIN_IRQ));
    ck_assert_uint_eq(rds(2, GICD + 0xd00), 1u << 11); /* PPISR */
    ck_assert_uint_eq(rds(1, GICD + 0xd00), 0);
    ck_assert_uint_eq(rds(1, GICD + 0x200), 0);
    ck_assert_uint_eq(read_sized(1, true, GICD + 0x400 + 27, 1), 0);
    ck_assert_uint_eq(iar(2), 27);
    ppi(2, 27, false);
    eoi(2, 27);
    fixture_stop();
}
END_TEST

START_TEST(test_priorities_and_preemption)
{
    start(false);
    open_all(false);
    setup_spi(40, 0x80, 1, false, true);
    setup_spi(41, 0x40, 1, false, true);
    setup_spi(42, 0x48, 1, false, true);
    setup_spi(43, 0x40, 1, false, true);
    wrs(0, GICD + 0x204, 0xf << 8);
    ck_assert_uint_eq(rds(0, GICC + 0x18), 41); /* the lowest INTID of the highest priority */
    wrs(0, GICD + 0x284, 0xe << 8);
    ck_assert_uint_eq(iar(0), 40);
    wrs(0, GICD + 0x204, 1 << 10); /* 0x48 preempts 0x80 */
    ck_assert(pin(0, PIN_IRQ));
    wrs(0, GICC + 8, 3);
    ck_assert_uint_eq(iar(0), 42);
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0x40); /* its group priority with four bits */
    wrs(0, GICD + 0x204, 1 << 9);                 /* 0x40 doesn't preempt 0x48 with four group bits ... */
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(iar(0), 1023);
    ck_assert_uint_eq(rds(0, GICC + 0x18), 41);
    eoi(0, 42);
    wrs(0, GICC + 8, 2); /* ... but does with five */
    wrs(0, GICD + 0x284, 1 << 9);
    wrs(0, GICD + 0x204, 1 << 10);
    ck_assert_uint_eq(iar(0), 42);
    wrs(0, GICD + 0x204, 1 << 9);
    ck_assert_uint_eq(iar(0), 41);
    ck_assert_uint_eq(rds(0, GICC + 0xd0), 1u << 8 | 1u << 9 | 1u << 16); /* APR0 */
    eoi(0, 41);
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0x48);
    eoi(0, 42);
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0x80);
    eoi(0, 40);
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0xff);
    unsigned before = fx.logged;
    eoi(0, 40); /* nothing is active */
    ck_assert_uint_eq(fx.logged, before + 1);
    eoi(0, 1023); /* an end of a spurious interrupt is harmless */
    ck_assert_uint_eq(fx.logged, before + 1);

    /* The mask: strictly higher passes. */
    wrs(0, GICD + 0x204, 1 << 8);
    wrs(0, GICC + 4, 0x80);
    ck_assert(!pin(0, PIN_IRQ));
    wrs(0, GICC + 4, 0x88);
    ck_assert(pin(0, PIN_IRQ));
    wrs(0, GICC, 0); /* the interface off */
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(iar(0), 1023);
    wrs(0, GICC, 1);
    wrs(0, GICD, 0); /* the distributor off */
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(rds(0, GICC + 0x18), 1023);
    fixture_stop();
}
END_TEST

START_TEST(test_eoimode)
{
    start(false);
    open_all(false);
    setup_spi(40, 0x80, 1, false, false);
    setup_spi(41, 0xa0, 1, false, true);
    wrs(0, GICC, 3 | 1 << 9);
    spi(40, true);
    ck_assert_uint_eq(iar(0), 40);
    eoi(0, 40); /* priority drop only */
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0xff);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 1 << 8);
    ck_assert(!pin(0, PIN_IRQ)); /* active and pending isn't forwarded */
    wrs(0, GICD + 0x204, 1 << 9);
    ck_assert_uint_eq(iar(0), 41); /* a lower one may come */
    eoi(0, 41);
    wrs(0, GICC + 0x1000, 40);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(rds(0, GICD + 0x304), 1 << 9);
    wrs(0, GICC + 0x1000, 41);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 0);
    wrs(0, GICC, 3);
    unsigned before = fx.logged;
    wrs(0, GICC + 0x1000, 41); /* DIR with EOImode 0 */
    ck_assert_uint_eq(fx.logged, before + 1);
    fixture_stop();
}
END_TEST

START_TEST(test_groups_and_fiq)
{
    start(true);
    open_all(true);
    wrs(0, GICC, 3 | 8); /* FIQEn */
    setup_spi(40, 0x20, 1, false, true);
    setup_spi(41, 0xa0, 1, true, true);
    wrs(0, GICD + 0x204, 1 << 9);
    ck_assert(pin(0, PIN_IRQ) && !pin(0, PIN_FIQ));
    ck_assert_uint_eq(rds(0, GICC + 0x18), 1022);
    ck_assert_uint_eq(iar(0), 1022); /* Secure, AckCtl 0 */
    ck_assert_uint_eq(rds(0, GICC + 0x28), 41);
    ck_assert_uint_eq(rdn(0, GICC + 0x18), 41);
    wrs(0, GICD + 0x204, 1 << 8);
    ck_assert(!pin(0, PIN_IRQ) && pin(0, PIN_FIQ));
    ck_assert_uint_eq(rdn(0, GICC + 0x0c), 1023); /* Non-secure never sees Group 0 */
    ck_assert_uint_eq(rdn(0, GICC + 0x18), 1023);
    ck_assert_uint_eq(rds(0, GICC + 0x20), 1023); /* AIAR: Group 1 only */
    ck_assert_uint_eq(iar(0), 40);
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0x20);
    ck_assert_uint_eq(rdn(0, GICC + 0x14), 0);
    ck_assert(!pin(0, PIN_IRQ));
    wrn(0, GICC + 0x10, 40); /* a Non-secure end doesn't touch Group 0 */
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0x20);
    eoi(0, 40);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(rdn(0, GICC + 0x0c), 41);
    ck_assert_uint_eq(rdn(0, GICC + 0x14), 0x40);
    ck_assert_uint_eq(rds(0, GICC + 0xe0), 1u << 20); /* NSAPR0 */
    ck_assert_uint_eq(rdn(0, GICC + 0xd0), 1u << 4);  /* the Non-secure APR0: the lower half */
    ck_assert_uint_eq(rdn(0, GICC + 0xe0), 0);
    wrn(0, GICC + 0x10, 41);
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0xff);

    wrs(0, GICD + 0x204, 1 << 9);
    ck_assert_uint_eq(rds(0, GICC + 0x20), 41); /* AIAR acknowledges */
    eoi(0, 41);                                 /* EOIR is for Group 0 */
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0xa0);
    wrs(0, GICC + 0x24, 41);
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0xff);

    wrs(0, GICC, 3 | 8 | 4); /* AckCtl */
    wrs(0, GICD + 0x204, 1 << 9);
    ck_assert_uint_eq(iar(0), 41);
    eoi(0, 41);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 0);

    /* EOImodeNS and EOImodeS are separate; Non-secure can't deactivate Group 0. */
    wrs(0, GICC, 3 | 8 | 1 << 10);
    wrs(0, GICD + 0x204, 3 << 8);
    ck_assert_uint_eq(iar(0), 40);
    eoi(0, 40);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 0);
    ck_assert_uint_eq(rdn(0, GICC + 0x0c), 41);
    wrn(0, GICC + 0x10, 41);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 1 << 9);
    wrs(0, GICD + 0x304, 1 << 8);
    wrn(0, GICC + 0x1000, 40);
    wrn(0, GICC + 0x1000, 41);
    ck_assert_uint_eq(rds(0, GICD + 0x304), 1 << 8);
    fixture_stop();
}
END_TEST

START_TEST(test_group1_preemption_with_abpr)
{
    start(true);
    open_all(true);
    setup_spi(40, 0xa0, 1, true, true);
    setup_spi(41, 0xb0, 1, true, true);
    wrs(0, GICC + 0x1c, 5); /* Group 1: bits [7:5] */
    wrs(0, GICD + 0x204, 1 << 9);
    ck_assert_uint_eq(rdn(0, GICC + 0x0c), 41);
    wrs(0, GICD + 0x204, 1 << 8);
    ck_assert(!pin(0, PIN_IRQ)); /* same group priority 0xa0 */
    wrs(0, GICC + 0x1c, 4);
    ck_assert(!pin(0, PIN_IRQ)); /* the running priority was recorded as 0xa0 */
    wrn(0, GICC + 0x10, 41);
    ck_assert(pin(0, PIN_IRQ));
    fixture_stop();
}
END_TEST

/* A host's look changes nothing. */
START_TEST(test_debug_read)
{
    start(false);
    open_all(false);
    setup_spi(40, 0x80, 1, false, true);
    wrs(0, GICD + 0x204, 1 << 8);
    struct bus_attrs attrs = from(0, true);
    attrs.debug = true;
    uint64_t value;
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(bus_read(fx.env.bus, GICC + 0x0c, 4, attrs, &value), BUS_OK);
        ck_assert_uint_eq(value, 40);
    }
    ck_assert(pin(0, PIN_IRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_reset)
{
    start(true);
    uint64_t fresh = 0, used = 0;
    for (size_t i = 0; i < gic_section_count(fx.gic); i++) {
        struct state_section section = gic_section(fx.gic, i);
        fresh = state_hash_section(fresh, &section);
    }
    open_all(true);
    setup_spi(40, 0x20, 1, false, true);
    wrs(0, GICD + 0x204, 1 << 8);
    ck_assert_uint_eq(iar(0), 40);
    wrs(0, GICD + 0x204, 1 << 8);
    gic_reset(fx.gic);
    ck_assert(!pin(0, PIN_IRQ));
    for (size_t i = 0; i < gic_section_count(fx.gic); i++) {
        struct state_section section = gic_section(fx.gic, i);
        used = state_hash_section(used, &section);
    }
    ck_assert_uint_eq(fresh, used);
    ck_assert_uint_eq(rds(0, GICC + 0x14), 0xff);
    fixture_stop();
}
END_TEST

/* The GICv2m frame: an INTID written to it is a pulse on that SPI; everything else is a guest error. */
START_TEST(test_message_frame)
{
    const uint64_t frame = 0x08020000;
    fixture_start((struct gic_config){.version = 2, .cpus = 1, .msi_base = frame, .msi_first_spi = 48, .msi_spis = 64});
    ck_assert_uint_eq(rdn(0, frame + 0x008), 80 << 16 | 64);
    ck_assert_uint_eq(rdn(0, frame + 0xfcc), 0x43b);
    ck_assert_uint_eq(rdn(0, frame + 0x040), 0);
    ck_assert_uint_eq(fx.logged, 1);
    wrn(0, GICD + 0xc00 + 4 * (80 / 16), 2); /* INTID 80 is edge-triggered; 81 isn't */
    wrn(0, frame + 0x040, 80);
    ck_assert_uint_eq(rdn(0, GICD + 0x200 + 4 * (80 / 32)), 1u << (80 % 32));
    wrn(0, frame + 0x040, 81);
    ck_assert_uint_eq(rdn(0, GICD + 0x200 + 4 * (80 / 32)), 1u << (80 % 32));
    wrn(0, GICD + 0xc00 + 4 * (143 / 16), 0x80000000);
    wrn(0, frame + 0x040, 143);
    ck_assert_uint_eq(rdn(0, GICD + 0x200 + 4 * (143 / 32)), 1u << (143 % 32));
    ck_assert_uint_eq(fx.logged, 1);
    const uint32_t none[] = {0, 79, 144, UINT32_MAX};
    for (unsigned i = 0; i < 4; i++)
        wrn(0, frame + 0x040, none[i]);
    wrn(0, frame + 0x008, 0);
    ck_assert_uint_eq(fx.logged, 6);
    struct bus_attrs debug = from(0, false);
    debug.debug = true;
    uint64_t value;
    ck_assert_int_eq(bus_write(fx.env.bus, frame + 0x040, 4, debug, 82), BUS_DEVICE_ERROR);
    ck_assert_int_eq(bus_read(fx.env.bus, frame + 0x040, 4, debug, &value), BUS_OK);
    ck_assert_int_eq(bus_read(fx.env.bus, frame + 0x008, 2, debug, &value), BUS_DEVICE_ERROR);
    ck_assert_uint_eq(fx.logged, 6);
    fixture_stop();
}
END_TEST

START_TEST(test_bad_configurations)
{
    struct device_env env = {.bus = bus_create(), .clock = clock_create()};
    const struct gic_config bad[] = {
        {.version = 1, .cpus = 1},
        {.version = 2, .cpus = 0},
        {.version = 2, .cpus = 9},
        {.version = 2, .cpus = 1, .spis = 33},
        {.version = 2, .cpus = 1, .spis = 1024},
        {.version = 2, .cpus = 1, .priority_bits = 9},
        {.version = 2, .cpus = 1, .security = true, .priority_bits = 4},
        {.version = 2, .cpus = 1, .virtual_priority_bits = 6},
        {.version = 2, .cpus = 1, .list_registers = 17},
        {.version = 2, .cpus = 1, .its = true},
        {.version = 3, .cpus = 1, .maintenance_intid = 40},
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int error = 0;
        ck_assert_ptr_null(gic_create(&bad[i], &env, &error));
        ck_assert_int_lt(error, 0);
    }
    bus_destroy(env.bus);
    clock_destroy(env.clock);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gicv2");
    TCase *tests = tcase_create("gicv2");
    tcase_add_test(tests, test_identification);
    tcase_add_test(tests, test_malformed);
    tcase_add_test(tests, test_non_secure_view);
    tcase_add_test(tests, test_spi_level_and_edge);
    tcase_add_test(tests, test_targets);
    tcase_add_test(tests, test_uniprocessor);
    tcase_add_test(tests, test_sgi_sources);
    tcase_add_test(tests, test_sgi_security);
    tcase_add_test(tests, test_ppi_banked);
    tcase_add_test(tests, test_priorities_and_preemption);
    tcase_add_test(tests, test_eoimode);
    tcase_add_test(tests, test_groups_and_fiq);
    tcase_add_test(tests, test_group1_preemption_with_abpr);
    tcase_add_test(tests, test_debug_read);
    tcase_add_test(tests, test_reset);
    tcase_add_test(tests, test_bad_configurations);
    tcase_add_test(tests, test_message_frame);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
