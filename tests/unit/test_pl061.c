/* PL061: registers, masked data access, edges and levels, the power key. */
#include "devices/pl061.h"

#include "device_fixture.h"

enum { ALL = 0x3fc, DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418,
       IC = 0x41c, AFSEL = 0x420 };

static struct fixture f;
static struct device *gpio;
static uint8_t out_levels, out_direction;

static void on_output(void *opaque, uint8_t levels, uint8_t direction)
{
    out_levels = levels;
    out_direction = direction;
}

static void create(uint8_t pull_ups)
{
    fixture_init(&f);
    struct pl061_options options = {.power_key = true, .pull_ups = pull_ups, .output = on_output};
    gpio = pl061_create(&f.env, FIXTURE_DEVICE, PAS_MASK_BOTH, &f.irq, 7, &options);
    fixture_attach(gpio);
}

static void setup(void)
{
    create(0);
}

static void teardown(void)
{
    fixture_free(&f, gpio);
}

START_TEST(test_registers)
{
    static const struct register_row rows[] = {
        {DIR, 0, 0xff, 0}, {IS, 0, 0xff, 0},  {IBE, 0, 0xff, 0}, {IEV, 0, 0xff, 0}, {IE, 0, 0xff, 0},
        {RIS, 0, 0, 0},    {MIS, 0, 0, 0},    {AFSEL, 0, 0xff, 0}, {ALL, 0, 0, 0},
    };
    check_registers(&f, rows, sizeof(rows) / sizeof(*rows));
    check_primecell_id(&f, 0x00041061);
    ck_assert_uint_eq(f.unimplemented, 1); /* AFSEL */
    unsigned errors = f.guest_errors;
    ck_assert_uint_eq(rd(&f, 0x424), 0);
    wr(&f, 0x424, 1);
    ck_assert_uint_eq(rd(&f, IC), 0);
    ck_assert_uint_eq(f.guest_errors, errors + 3);
}
END_TEST

START_TEST(test_masked_data)
{
    wr(&f, DIR, 0x0f);
    wr(&f, ALL, 0xff);
    ck_assert_uint_eq(rd(&f, ALL), 0x0f); /* inputs don't take it */
    ck_assert_uint_eq(out_levels, 0x0f);
    ck_assert_uint_eq(out_direction, 0x0f);
    wr(&f, 0x05 << 2, 0);
    ck_assert_uint_eq(rd(&f, ALL), 0x0a);
    ck_assert_uint_eq(rd(&f, 0x02 << 2), 0x02);
    pl061_set_input(gpio, 7, true);
    pl061_set_input(gpio, 1, false); /* an output is ours */
    pl061_set_input(gpio, 8, true);  /* there is no such line */
    ck_assert_uint_eq(rd(&f, ALL), 0x8a);
    ck_assert_uint_eq(rd(&f, 0), 0);
    device_reset(gpio);
    ck_assert_uint_eq(rd(&f, ALL), 0x80); /* outside levels stay */
    teardown();
    create(0x30);
    ck_assert_uint_eq(rd(&f, ALL), 0x30);
}
END_TEST

START_TEST(test_edges)
{
    wr(&f, IE, 0x0f);
    wr(&f, IEV, 0x01); /* line 0 rising, 1 falling, 2 both */
    wr(&f, IBE, 0x04);
    for (unsigned line = 0; line < 3; line++)
        pl061_set_input(gpio, line, true);
    ck_assert_uint_eq(rd(&f, RIS), 0x05);
    ck_assert(f.irq.level);
    wr(&f, IC, 0xff);
    ck_assert(!f.irq.level);
    for (unsigned line = 0; line < 3; line++)
        pl061_set_input(gpio, line, false);
    ck_assert_uint_eq(rd(&f, RIS), 0x06);
    wr(&f, IE, 0x02);
    ck_assert_uint_eq(rd(&f, MIS), 0x02);
    wr(&f, IC, 0x02);
    ck_assert(!f.irq.level);
    ck_assert_uint_eq(rd(&f, RIS), 0x04);
    wr(&f, IC, 0x04);
    wr(&f, DIR, 0x01); /* an output makes no interrupt */
    wr(&f, IE, 0xff);
    wr(&f, ALL, 0x01);
    ck_assert_uint_eq(rd(&f, RIS), 0);
}
END_TEST

START_TEST(test_levels)
{
    wr(&f, IS, 0x03);
    wr(&f, IEV, 0x01); /* line 0 high, line 1 low */
    wr(&f, IE, 0x03);
    ck_assert_uint_eq(rd(&f, RIS), 0x02);
    pl061_set_input(gpio, 1, true);
    ck_assert(!f.irq.level);
    pl061_set_input(gpio, 0, true);
    ck_assert(f.irq.level);
    wr(&f, IC, 0xff); /* a level is not cleared */
    ck_assert(f.irq.level);
    pl061_set_input(gpio, 0, false);
    ck_assert(!f.irq.level);
}
END_TEST

START_TEST(test_power_key)
{
    wr(&f, IBE, 1 << PL061_POWER_KEY_LINE);
    wr(&f, IE, 1 << PL061_POWER_KEY_LINE);
    pl061_press(gpio, PL061_POWER_KEY_LINE);
    ck_assert(f.irq.level);
    ck_assert_uint_eq(rd(&f, ALL), 8);
    wr(&f, IC, 8);
    advance(&f, 99999999);
    ck_assert_uint_eq(rd(&f, ALL), 8);
    advance(&f, 1);
    ck_assert_uint_eq(rd(&f, ALL), 0);
    ck_assert(f.irq.level);
    pl061_press(gpio, 99);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("pl061");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_registers);
    tcase_add_test(tcase, test_masked_data);
    tcase_add_test(tcase, test_edges);
    tcase_add_test(tcase, test_levels);
    tcase_add_test(tcase, test_power_key);
    return run_case("pl061", tcase);
}
