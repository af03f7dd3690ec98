/* LPIs and the ITS: tables and command queue in memory, as a driver programs them. */
#include "gic/its.h"
#include "gic_fixture.h"

#define GITS 0x08080000u
#define RAM  0x40000000u

enum { CPUS = 2, LPI = 8192 };

/* Where the driver puts things. */
enum {
    QUEUE = RAM,
    DEVICES = RAM + 0x10000,
    COLLECTIONS = RAM + 0x20000,
    ITT = RAM + 0x30000,
    PROPERTIES = RAM + 0x40000,
    PENDING = RAM + 0x60000, /* 64 KiB for each PE */
    LEVEL2 = RAM + 0x90000,
};

static uint64_t next_command;

static void put(uint64_t address, uint64_t value)
{
    write_sized(0, false, address, 8, value);
}
static uint64_t gits(uint64_t offset)
{
    return read_sized(0, false, GITS + offset, 8);
}
static void set_gits(uint64_t offset, uint64_t value)
{
    write_sized(0, false, GITS + offset, 8, value);
}

static void queue(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
    const uint64_t words[4] = {w0, w1, w2, w3};
    for (unsigned i = 0; i < 4; i++)
        put(QUEUE + next_command + 8 * i, words[i]);
    next_command = (next_command + 32) % 0x1000;
}

static void run(void)
{
    set_gits(0x88, next_command);
    ck_assert_uint_eq(gits(0x90), next_command);
}

static void mapd(uint64_t device, unsigned bits, bool valid)
{
    queue(0x08 | device << 32, bits - 1, (uint64_t)valid << 63 | ITT, 0);
}
static void mapc(uint64_t icid, uint64_t pe, bool valid)
{
    queue(0x09, 0, (uint64_t)valid << 63 | pe << 16 | icid, 0);
}
static void mapti(uint64_t device, uint64_t event, uint64_t intid, uint64_t icid)
{
    queue(0x0a | device << 32, intid << 32 | event, icid, 0);
}
static void on_event(unsigned command, uint64_t device, uint64_t event, uint64_t icid)
{
    queue(command | device << 32, event, icid, 0);
}

static void set_property(unsigned intid, uint8_t priority, bool enable)
{
    write_sized(0, false, PROPERTIES + intid - LPI, 1, priority | enable);
}

static void start(void)
{
    fixture_start((struct gic_config){.version = 3, .cpus = CPUS, .its = true, .spis = 32, .awake_at_reset = true});
    ck_assert_int_eq(bus_add_ram(fx.env.bus, "ram", RAM, 0x100000, PAS_MASK_BOTH, NULL), 0);
    next_command = 0;
    wrn(0, GICD, 2);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        write_sized(0, false, GICR_RD(cpu) + 0x70, 8, PROPERTIES | 15);
        write_sized(0, false, GICR_RD(cpu) + 0x78, 8, (uint64_t)(PENDING + 0x10000 * cpu));
        msr(cpu, GIC_ICC_PMR_EL1, el1_ns, 0xff);
        msr(cpu, GIC_ICC_IGRPEN1_EL1, el1_ns, 1);
    }
    set_gits(0x100, 1ull << 63 | DEVICES | 0xf);
    set_gits(0x108, 1ull << 63 | COLLECTIONS);
    set_gits(0x80, 1ull << 63 | QUEUE);
    wrn(0, GITS, 1);
}

static void enable_lpis(void)
{
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        wrn(0, GICR_RD(cpu), 1);
}

static uint64_t iar(unsigned cpu)
{
    return mrs(cpu, GIC_ICC_IAR1_EL1, el1_ns);
}

START_TEST(test_registers)
{
    start();
    ck_assert_uint_eq(rdn(0, GICD + 4) >> 17 & 1, 1);
    ck_assert_uint_eq(rdn(0, GICD + 4) >> 19 & 31, 15);
    ck_assert_uint_eq(rdn(0, GICR_RD(0) + 8) & 1, 1);
    ck_assert_uint_eq(gits(0x8), 1 | 7 << 4 | 15 << 8 | 15 << 13 | 15ull << 32 | 1ull << 36);
    ck_assert_uint_eq(rdn(0, GITS + 0xc), 0x1f);
    ck_assert_uint_eq(rdn(0, GITS), 0x80000001);
    ck_assert_uint_eq(rdn(0, GITS + 0xffe8), 0x3b);
    ck_assert_uint_eq(gits(0x100) >> 56 & 7, 1);
    ck_assert_uint_eq(gits(0x108) >> 56 & 7, 4);
    ck_assert_uint_eq(gits(0x108) >> 48 & 31, 7);
    ck_assert_uint_eq(gits(0x110), 0);
    set_gits(0x80, 0); /* locked while enabled */
    ck_assert_uint_eq(gits(0x80), 1ull << 63 | QUEUE);
    wrn(0, GITS, 0);
    wrn(0, GITS + 0x80, 0x12345000);
    ck_assert_uint_eq(gits(0x80), 1ull << 63 | 0x12345000);
    enable_lpis();
    unsigned before = fx.logged;
    write_sized(0, false, GICR_RD(0) + 0x70, 8, 0);
    ck_assert_uint_eq(fx.logged, before + 1);
    ck_assert_uint_eq(read_sized(0, false, GICR_RD(0) + 0x70, 8), PROPERTIES | 15);
    ck_assert_uint_eq(rdn(0, GITS + 0x20), 0);
    ck_assert_uint_eq(fx.logged, before + 2);
    fixture_stop();
}
END_TEST

/* A driver may take the tables' page size as the reset leaves it. */
START_TEST(test_reset)
{
    start();
    gic_reset(fx.gic);
    ck_assert_uint_eq(gits(0x100), 1ull << 56 | 7ull << 48 | 2 << 8);
    ck_assert_uint_eq(gits(0x108), 4ull << 56 | 7ull << 48 | 2 << 8);
    fixture_stop();
}
END_TEST

START_TEST(test_delivery)
{
    start();
    set_property(LPI + 1, 0xa0, true);
    set_property(LPI + 2, 0x40, true);
    set_property(LPI + 3, 0x40, false);
    enable_lpis();
    mapd(7, 5, true);
    mapc(0, 0, true);
    mapc(1, 1, true);
    for (unsigned event = 0; event < 4; event++)
        mapti(7, event, LPI + event, event == 3 ? 1 : 0);
    queue(0x05, 0, 0, 0); /* SYNC */
    run();
    ck_assert_uint_eq(fx.logged, 0);
    gic_its_message(fx.gic, 7, 1);
    ck_assert(pin(0, PIN_IRQ) && !pin(1, PIN_IRQ));
    gic_its_message(fx.gic, 7, 2);
    ck_assert_uint_eq(iar(0), LPI + 2); /* the higher priority */
    ck_assert_uint_eq(mrs(0, GIC_ICC_RPR_EL1, el1_ns), 0x40);
    msr(0, GIC_ICC_EOIR1_EL1, el1_ns, LPI + 2);
    ck_assert_uint_eq(iar(0), LPI + 1);
    msr(0, GIC_ICC_EOIR1_EL1, el1_ns, LPI + 1);
    ck_assert(!pin(0, PIN_IRQ));

    gic_its_message(fx.gic, 7, 3); /* disabled: pends only */
    ck_assert(!pin(1, PIN_IRQ));
    set_property(LPI + 3, 0x40, true);
    ck_assert(!pin(1, PIN_IRQ)); /* cached until INV */
    on_event(0x0c, 7, 3, 0);
    run();
    ck_assert(pin(1, PIN_IRQ));
    on_event(0x01, 7, 3, 0); /* MOVI to collection 0: its pending state goes along */
    run();
    ck_assert(pin(0, PIN_IRQ) && !pin(1, PIN_IRQ));
    queue(0x0e, 0, 0ull << 16, 1ull << 16); /* MOVALL PE 0 to PE 1 */
    run();
    ck_assert(!pin(0, PIN_IRQ) && pin(1, PIN_IRQ));
    queue(0x0e, 0, 1ull << 16, 0ull << 16);
    on_event(0x04, 7, 3, 0); /* CLEAR */
    run();
    ck_assert(!pin(0, PIN_IRQ) && !pin(1, PIN_IRQ));
    on_event(0x03, 7, 3, 0); /* INT */
    run();
    ck_assert(pin(0, PIN_IRQ));
    set_property(LPI + 3, 0x40, false);
    queue(0x0d, 0, 0, 0); /* INVALL */
    run();
    ck_assert(!pin(0, PIN_IRQ));
    on_event(0x0f, 7, 3, 0); /* DISCARD */
    run();
    ck_assert_uint_eq(fx.logged, 0);
    gic_its_message(fx.gic, 7, 3);
    ck_assert_uint_eq(fx.logged, 1);
    fixture_stop();
}
END_TEST

/* A device's own write: the requester is the DeviceID. */
START_TEST(test_translater)
{
    start();
    set_property(LPI, 0x80, true);
    enable_lpis();
    mapd(3, 1, true);
    mapc(0, 0, true);
    queue(0x0b | 3ull << 32, LPI, 0, 0); /* MAPI: EventID and INTID are one; out of the ITT's range */
    mapti(3, 1, LPI, 0);
    run();
    ck_assert_uint_eq(fx.logged, 1);
    struct bus_attrs dma = {.pas = PAS_NON_SECURE, .requester = BUS_REQUESTER_DMA | 3};
    ck_assert_int_eq(bus_write(fx.env.bus, GITS + 0x10040, 4, dma, 1), BUS_OK);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(iar(0), LPI);
    fixture_stop();
}
END_TEST

START_TEST(test_two_level_table)
{
    start();
    wrn(0, GITS, 0);
    set_gits(0x100, 1ull << 63 | 1ull << 62 | DEVICES);
    wrn(0, GITS, 1);
    set_property(LPI, 0x80, true);
    enable_lpis();
    mapc(0, 0, true);
    mapd(1000, 1, true); /* its level 2 page isn't there */
    run();
    ck_assert_uint_eq(fx.logged, 1);
    put(DEVICES + 8 * (1000 / 512), 1ull << 63 | LEVEL2);
    mapd(1000, 1, true);
    mapti(1000, 0, LPI, 0);
    run();
    gic_its_message(fx.gic, 1000, 0);
    ck_assert(pin(0, PIN_IRQ));
    ck_assert_uint_eq(fx.logged, 1);
    fixture_stop();
}
END_TEST

START_TEST(test_pending_table)
{
    start();
    set_property(LPI + 77, 0x80, true);
    write_sized(0, false, PENDING + (LPI + 77) / 8, 1, 1 << (LPI + 77) % 8);
    enable_lpis();
    ck_assert(pin(0, PIN_IRQ) && !pin(1, PIN_IRQ));
    write_sized(0, false, PENDING + (LPI + 77) / 8, 1, 0);
    wrn(0, GICR_RD(0), 0); /* disabling writes the state back */
    ck_assert(!pin(0, PIN_IRQ));
    ck_assert_uint_eq(read_sized(0, false, PENDING + (LPI + 77) / 8, 1), 1 << (LPI + 77) % 8);
    write_sized(0, false, GICR_RD(0) + 0x78, 8, 1ull << 62 | PENDING); /* PTZ */
    ck_assert_uint_eq(read_sized(0, false, GICR_RD(0) + 0x78, 8), PENDING);
    wrn(0, GICR_RD(0), 1);
    ck_assert(!pin(0, PIN_IRQ));
    fixture_stop();
}
END_TEST

START_TEST(test_bad_input)
{
    start();
    enable_lpis();
    const uint64_t bad[][4] = {
        {0x00, 0, 0, 0},
        {0xff, 0, 0, 0},
        {0x03 | 5ull << 32, 0, 0, 0},                   /* INT of an unmapped device */
        {0x08 | 0xffffffffull << 32, 0, 1ull << 63, 0}, /* MAPD beyond the table */
        {0x08, 31, 1ull << 63, 0},                      /* too many EventID bits */
        {0x09, 0, 1ull << 63 | 99ull << 16, 0},         /* MAPC to no PE */
        {0x09, 0, 1ull << 63 | 0xffff, 0},              /* MAPC beyond the table */
        {0x0a, 5ull << 32, 0, 0},                       /* not an LPI */
        {0x0e, 0, 99ull << 16, 0},
        {0x05, 0, 99ull << 16, 0},
        {0x0d, 0, 9, 0},
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unsigned before = fx.logged;
        queue(bad[i][0], bad[i][1], bad[i][2], bad[i][3]);
        run();
        ck_assert_uint_eq(fx.logged, before + 1);
    }
    set_gits(0x88, 0xfffe0); /* outside of the queue */
    ck_assert_uint_eq(gits(0x90), next_command);
    /* The queue, or a table, in the ITS's own registers: nothing recurses. */
    wrn(0, GITS, 0);
    set_gits(0x100, 1ull << 63 | GITS);
    set_gits(0x88, 0);
    set_gits(0x80, 1ull << 63 | QUEUE);
    next_command = 0;
    wrn(0, GITS, 1);
    mapd(0x11, 1, true);
    run();
    wrn(0, GITS, 0);
    set_gits(0x80, 1ull << 63 | GITS);
    wrn(0, GITS, 1);
    set_gits(0x88, 0x100);
    fixture_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gic its");
    TCase *tests = tcase_create("its");
    tcase_add_test(tests, test_registers);
    tcase_add_test(tests, test_reset);
    tcase_add_test(tests, test_delivery);
    tcase_add_test(tests, test_translater);
    tcase_add_test(tests, test_two_level_table);
    tcase_add_test(tests, test_pending_table);
    tcase_add_test(tests, test_bad_input);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
