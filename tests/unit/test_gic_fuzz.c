/*
 * Random register accesses, inputs and PE states. Two oracles: the pins as computed from the registers alone, one
 * interrupt at a time; and that recomputing all derived state changes neither pins nor state.
 */
#include "gic_fixture.h"
#include "libarmsim/fabric/random.h"

#include <stdio.h>

enum { CPUS = 3, SPIS = 64, INTIDS = 32 + SPIS };
enum group { G0, G1S, G1NS, NO_GROUP };

static struct gic_config config;
static struct {
    uint8_t el;
    bool secure;
} state[CPUS];

static uint64_t distributor(unsigned cpu, unsigned intid)
{
    return config.version == 3 && intid < 32 ? GICR_SGI(cpu) : GICD;
}

static bool bit_of(unsigned cpu, unsigned intid, unsigned reg)
{
    return rds(cpu, distributor(cpu, intid) + reg + intid / 32 * 4) >> intid % 32 & 1;
}

static bool two_states(void)
{
    return config.security && !(config.version == 3 && rds(0, GICD) & 0x40);
}

static enum group group_of(unsigned cpu, unsigned intid)
{
    if (bit_of(cpu, intid, 0x80))
        return G1NS;
    return config.version == 3 && two_states() && bit_of(cpu, intid, 0xd00) ? G1S : G0;
}

static bool targets(unsigned cpu, unsigned intid)
{
    if (intid < 32)
        return true;
    if (config.version == 3)
        return read_sized(0, true, GICD + 0x6000 + 8 * intid, 8) == cpu;
    return read_sized(cpu, true, GICD + 0x800 + intid, 1) >> cpu & 1;
}

static struct gic_view highest_view(bool secure)
{
    return (struct gic_view){.el = config.security ? 3 : 1, .secure = secure};
}

static bool group_enabled(unsigned cpu, enum group group)
{
    uint32_t ctlr = rds(0, GICD);
    static const uint32_t bits[3] = {1, 4, 2};
    if (!(ctlr & bits[group]))
        return false;
    if (config.version == 2)
        return true;
    if (rds(0, GICR_RD(cpu) + 0x14))
        return false;
    if (group == G0)
        return mrs(cpu, GIC_ICC_IGRPEN0_EL1, highest_view(false));
    return mrs(cpu, GIC_ICC_IGRPEN1_EL1, highest_view(group == G1S));
}

static uint8_t group_mask(unsigned cpu, enum group group)
{
    uint64_t bpr0, bpr1;
    bool common;
    if (config.version == 2) {
        bpr0 = rds(cpu, GICC + 0x08);
        bpr1 = rds(cpu, GICC + 0x1c);
        common = rds(cpu, GICC) & 0x10;
    } else {
        struct gic_view view = highest_view(group == G1S);
        bpr0 = mrs(cpu, GIC_ICC_BPR0_EL1, view);
        common = mrs(cpu, GIC_ICC_CTLR_EL1, view) & 1;
        bpr1 = mrs(cpu, GIC_ICC_BPR1_EL1, view);
    }
    bool by_bpr1 = group != G0 && !common;
    unsigned low_bits = by_bpr1 ? (unsigned)bpr1 + (group == G1S) : (unsigned)bpr0 + 1;
    return (uint8_t)(0xff << low_bits);
}

/* The pins of a PE: bit 0 IRQ, bit 1 FIQ. */
static unsigned expected_pins(unsigned cpu)
{
    unsigned best = 0x100;
    enum group group = NO_GROUP;
    for (unsigned intid = 0; intid < INTIDS; intid++) {
        if (!bit_of(cpu, intid, 0x200) || !bit_of(cpu, intid, 0x100) || bit_of(cpu, intid, 0x300) ||
            !targets(cpu, intid))
            continue;
        unsigned priority = (unsigned)read_sized(cpu, true, distributor(cpu, intid) + 0x400 + intid, 1);
        if (priority < best && group_enabled(cpu, group_of(cpu, intid))) {
            best = priority;
            group = group_of(cpu, intid);
        }
    }
    if (group == NO_GROUP)
        return 0;
    uint64_t pmr, running;
    if (config.version == 2) {
        pmr = rds(cpu, GICC + 4);
        running = rds(cpu, GICC + 0x14);
    } else {
        pmr = mrs(cpu, GIC_ICC_PMR_EL1, highest_view(true));
        running = mrs(cpu, GIC_ICC_RPR_EL1, highest_view(true));
    }
    if (best >= pmr || (running != 0xff && (best & group_mask(cpu, group)) >= running))
        return 0;
    if (config.version == 2) {
        uint32_t ctlr = rds(cpu, GICC);
        if (!(ctlr >> (group == G1NS) & 1))
            return 0;
        return group == G0 && ctlr & 8 ? 2 : 1;
    }
    if (group == G0 || (two_states() && (state[cpu].el == 3 || (group == G1S) != state[cpu].secure)))
        return 2;
    return 1;
}

static unsigned pins(unsigned cpu)
{
    return pin(cpu, PIN_IRQ) | pin(cpu, PIN_FIQ) << 1;
}

static unsigned all_pins(void)
{
    unsigned all = 0;
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        for (unsigned p = 0; p < PIN_COUNT; p++)
            all = all << 1 | pin(cpu, p);
    return all;
}

static uint64_t hash(void)
{
    uint64_t value = 0;
    for (size_t i = 0; i < gic_section_count(fx.gic); i++) {
        struct state_section section = gic_section(fx.gic, i);
        value = state_hash_section(value, &section);
    }
    return value;
}

/* --- operations --- */

static uint64_t seed;
static uint64_t draw(uint64_t below)
{
    return splitmix64(&seed) % below;
}

/* Offsets that matter, more often than chance would have it. */
static uint64_t random_address(void)
{
    static const uint16_t distributor_offsets[] = {0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400,
                                                   0x410, 0x420, 0x800, 0x820, 0xc00, 0xd00, 0xe00, 0xf00, 0xf10};
    static const uint16_t cpu_offsets[] = {0x00, 0x04, 0x08, 0x0c, 0x10, 0x18, 0x1c, 0x20, 0x24, 0x28, 0xd0, 0xe0};
    unsigned count = sizeof(distributor_offsets) / sizeof(distributor_offsets[0]);
    uint64_t offset = distributor_offsets[draw(count)] + draw(4) * 4;
    uint64_t frame = draw(5);
    if (draw(20) == 0)
        offset = draw(0x1000);
    if (config.version == 3) {
        if (frame == 0)
            return GICD + 0x6000 + draw(8 * INTIDS);
        if (frame == 1)
            return GICR_RD(draw(CPUS)) + (draw(2) ? 0x14 : draw(0x100));
        return frame == 2 ? GICR_SGI(draw(CPUS)) + offset : GICD + offset;
    }
    if (frame == 0)
        return (draw(2) ? GICH : GICV) + draw(0x140);
    if (frame <= 2)
        return GICC + (draw(30) ? cpu_offsets[draw(sizeof(cpu_offsets) / 2)] : draw(2) ? 0x1000 : draw(0x100));
    return GICD + offset;
}

static uint64_t random_value(void)
{
    switch (draw(5)) {
    case 0:
        return splitmix64(&seed);
    case 1:
        return 1ull << draw(64);
    case 2:
        return draw(INTIDS + 4);
    case 3:
        return ~(1ull << draw(64));
    default:
        return draw(2) ? UINT64_MAX : draw(256) * 0x01010101;
    }
}

static void access_memory(void)
{
    static const unsigned sizes[] = {4, 4, 4, 4, 1, 2, 8};
    unsigned size = sizes[draw(7)];
    uint64_t address = random_address() & ~(uint64_t)(size - 1), value = random_value();
    struct bus_attrs attrs = from((unsigned)draw(CPUS), draw(2));
    if (draw(2))
        bus_write(fx.env.bus, address, size, attrs, value);
    else
        bus_read(fx.env.bus, address, size, attrs, &value);
}

static void access_register(void)
{
    struct gic_view view = {.el = (uint8_t)(1 + draw(3)),
                            .secure = draw(2),
                            .scr_fiq = draw(2),
                            .scr_irq = draw(2),
                            .hcr_imo = draw(4) == 0,
                            .hcr_fmo = draw(4) == 0,
                            .hcr_tge = draw(4) == 0};
    enum gic_register reg = draw(3) ? draw(GIC_ICH_LR0_EL2 + 6) : draw(GIC_REGISTER_COUNT + 2);
    uint64_t value = random_value();
    /* Mostly awake and unmasked, or nothing is tested. */
    if (reg == GIC_ICC_PMR_EL1 && draw(2))
        value = 0xff;
    struct gic_cpu_interface *cpu = gic_cpu_interface(fx.gic, (unsigned)draw(CPUS));
    if (draw(2))
        gic_icc_write(cpu, reg, view, value);
    else
        gic_icc_read(cpu, reg, view, &value);
}

static void change_input(void)
{
    unsigned n = (unsigned)draw(INTIDS);
    if (n >= 32)
        spi(n, draw(2));
    else if (n >= 16 && n != 25)
        ppi((unsigned)draw(CPUS), n, draw(2));
}

static void change_state(void)
{
    unsigned cpu = (unsigned)draw(CPUS);
    state[cpu].el = (uint8_t)draw(4);
    state[cpu].secure = draw(2);
    gic_set_pe_state(gic_cpu_interface(fx.gic, cpu), state[cpu].el == 3, state[cpu].secure);
}

static void shuffle(uint64_t frame, unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        wrs(0, frame + 0x80 + 4 * i, (uint32_t)splitmix64(&seed));
        wrs(0, frame + 0x100 + 4 * i, (uint32_t)splitmix64(&seed));
        wrs(0, frame + 0x380 + 4 * i, UINT32_MAX);
        for (unsigned n = 0; n < 8; n++)
            wrs(0, frame + 0x400 + 32 * i + 4 * n, (uint32_t)splitmix64(&seed));
    }
}

/* From time to time everything is opened, so that long runs don't end in a corner where nothing happens. */
static void open_up(void)
{
    wrs(0, GICD, config.version == 3 ? 0x37 : 3);
    shuffle(GICD, 1 + SPIS / 32);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        if (config.version == 3)
            shuffle(GICR_SGI(cpu), 1);
        if (config.version == 2) {
            wrs(cpu, GICC + 4, 0xff);
            wrs(cpu, GICC, 3 | (uint32_t)draw(2) << 3);
            for (unsigned i = 0; i < 4; i++)
                wrs(cpu, GICC + (i & 1 ? 0xd0 : 0xe0) + 4 * (i / 2), 0);
            continue;
        }
        wrs(0, GICR_RD(cpu) + 0x14, 0);
        msr(cpu, GIC_ICC_PMR_EL1, highest_view(true), 0xff);
        msr(cpu, GIC_ICC_IGRPEN0_EL1, highest_view(true), 1);
        for (unsigned secure = 0; secure < 2; secure++) {
            msr(cpu, GIC_ICC_IGRPEN1_EL1, highest_view(secure), 1);
            for (unsigned n = 0; n < 8; n++) /* those that don't exist are refused */
                gic_icc_write(gic_cpu_interface(fx.gic, cpu), GIC_ICC_AP0R0_EL1 + n, highest_view(secure), 0);
        }
    }
}

static void fuzz(unsigned rounds)
{
    unsigned seen[4] = {0};
    fixture_start(config);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        state[cpu].el = 1;
        state[cpu].secure = false;
        gic_set_pe_state(gic_cpu_interface(fx.gic, cpu), false, false);
    }
    for (unsigned round = 0; round < rounds; round++) {
        if (round % 64 == 0)
            open_up();
        for (unsigned i = 0; i < 6; i++) {
            uint64_t what = draw(8);
            if (what == 0)
                change_input();
            else if (what == 1)
                change_state();
            else if (what < 5 && config.version == 3)
                access_register();
            else
                access_memory();
        }
        for (unsigned cpu = 0; cpu < CPUS; cpu++) {
            seen[pins(cpu)]++;
            ck_assert_msg(pins(cpu) == expected_pins(cpu), "round %u: PE %u has pins %u, %u expected", round, cpu,
                          pins(cpu), expected_pins(cpu));
        }
        unsigned before = all_pins();
        uint64_t hash_before = hash();
        gic_loaded(fx.gic);
        ck_assert_uint_eq(all_pins(), before);
        ck_assert_uint_eq(hash(), hash_before);
    }
    /* The test means something only if interrupts did come. */
    ck_assert_uint_gt(seen[0], rounds / 20);
    ck_assert_uint_gt(seen[1], rounds / 20);
    ck_assert_uint_gt(seen[2], rounds / 50);
    fixture_stop();
}

START_TEST(test_fuzz)
{
    config = (struct gic_config){.version = _i & 1 ? 3 : 2,
                                 .cpus = CPUS,
                                 .security = _i >> 1 & 1,
                                 .virtualization = true,
                                 .spis = SPIS,
                                 .awake_at_reset = true,
                                 .priority_bits = _i & 4 ? 8 : 5};
    seed = 0x1000u + (unsigned)_i;
    fuzz(800);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gic fuzz");
    TCase *tests = tcase_create("fuzz");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_fuzz, 0, 8);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
