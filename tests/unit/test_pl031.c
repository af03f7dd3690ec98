/* PL031: registers, the counter over virtual time, the match interrupt. */
#include "devices/pl031.h"

#include "device_fixture.h"

enum { DR = 0, MR = 4, LR = 8, CR = 0xc, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c };

#define SECOND 1000000000ull
#define EPOCH 1700000000u

static struct fixture f;
static struct device *rtc;

static void setup(void)
{
    fixture_init(&f);
    rtc = pl031_create(&f.env, FIXTURE_DEVICE, PAS_MASK_BOTH, &f.irq, 2, EPOCH);
    fixture_attach(rtc);
}

static void teardown(void)
{
    fixture_free(&f, rtc);
}

START_TEST(test_registers)
{
    static const struct register_row rows[] = {
        {CR, 1, 1, 1}, {IMSC, 0, 1, 0}, {RIS, 0, 0, 0}, {MIS, 0, 0, 0}, {MR, 0, UINT32_MAX, 0}};
    ck_assert_uint_eq(rd(&f, DR), EPOCH);
    ck_assert_uint_eq(rd(&f, LR), 0);
    check_registers(&f, rows, sizeof(rows) / sizeof(*rows));
    check_primecell_id(&f, 0x00141031);
    unsigned errors = f.guest_errors;
    wr(&f, DR, 5);
    ck_assert_uint_eq(rd(&f, ICR), 0);
    ck_assert_uint_eq(rd(&f, 0x20), 0);
    ck_assert_uint_eq(f.guest_errors, errors + 3);
}
END_TEST

START_TEST(test_counter)
{
    advance(&f, SECOND - 1);
    ck_assert_uint_eq(rd(&f, DR), EPOCH);
    advance(&f, 1);
    ck_assert_uint_eq(peek(&f, rtc, DR), EPOCH + 1);
    wr(&f, LR, 1000);
    ck_assert_uint_eq(rd(&f, DR), 1000);
    ck_assert_uint_eq(rd(&f, LR), 1000);
    advance(&f, 5 * SECOND);
    ck_assert_uint_eq(rd(&f, DR), 1005);
    device_reset(rtc); /* the battery keeps it */
    ck_assert_uint_eq(rd(&f, DR), 1005);
    ck_assert_uint_eq(rd(&f, LR), 0);
    wr(&f, LR, UINT32_MAX);
    advance(&f, 2 * SECOND);
    ck_assert_uint_eq(rd(&f, DR), 1);
}
END_TEST

START_TEST(test_match)
{
    wr(&f, IMSC, 1);
    wr(&f, MR, EPOCH + 3);
    advance(&f, 3 * SECOND - 1);
    ck_assert(!f.irq.level);
    advance(&f, 1);
    ck_assert(f.irq.level);
    ck_assert_uint_eq(rd(&f, RIS), 1);
    ck_assert_uint_eq(rd(&f, MIS), 1);
    wr(&f, IMSC, 0);
    ck_assert(!f.irq.level);
    ck_assert_uint_eq(rd(&f, RIS), 1);
    ck_assert_uint_eq(rd(&f, MIS), 0);
    wr(&f, ICR, 1);
    wr(&f, IMSC, 1);
    ck_assert(!f.irq.level);
    /* At once, when equal already; by loading the counter too. */
    wr(&f, MR, rd(&f, DR));
    ck_assert(f.irq.level);
    wr(&f, MR, 77);
    wr(&f, ICR, 1);
    wr(&f, LR, 76);
    advance(&f, SECOND);
    ck_assert(f.irq.level);
    wr(&f, ICR, 1);
    /* Once every 2^32 seconds. */
    advance(&f, 0xffffffffull * SECOND);
    ck_assert(!f.irq.level);
    advance(&f, SECOND);
    ck_assert(f.irq.level);
    device_reset(rtc);
    ck_assert(!f.irq.level);
    ck_assert_uint_eq(clock_next_deadline(f.clock), CLOCK_NEVER);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("pl031");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_registers);
    tcase_add_test(tcase, test_counter);
    tcase_add_test(tcase, test_match);
    return run_case("pl031", tcase);
}
