/* Configuration space: which bits move, what an address register says of its size, which accesses there are. */
#include "roms/lib/pcicfg.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct pcicfg_table table = {
    .pin = 1,
    .bar_base = {[0] = 0x10000000, [1] = 0x8000000000, [5] = 0x090c0000},
    .bar_size = {[0] = 0x100, [1] = 0x40000000, [5] = 0x1000},
    .bar_kind = {[1] = PCI_BAR_64 | PCI_BAR_PREFETCHABLE},
    .space = {0x53, 0x41, 1, 0, [PCI_STATUS] = 0x10, 0xf9, [PCI_CLASS] = 1, 6, 1, [PCI_CAPABILITIES] = 0x40, [0x40] = 9, 0, 4,
              0x77},
    .writable = {[PCI_COMMAND] = 6, 4, [PCI_LINE] = 0xff},
    .clear_by_one = {[PCI_STATUS + 1] = 0xf9},
};

static struct pcicfg function;

static void setup(void)
{
    pcicfg_reset(&function, &table);
}

static u32 rd(unsigned offset, unsigned bytes)
{
    u32 value = 0;
    ck_assert(pcicfg_read(&function, offset, bytes, &value));
    return value;
}

static void wr(unsigned offset, unsigned bytes, u32 value)
{
    ck_assert(pcicfg_write(&function, offset, bytes, value));
}

START_TEST(test_fields)
{
    ck_assert_uint_eq(rd(0, 4), 0x00014153);
    wr(0, 4, 0xffffffff); /* read only */
    ck_assert_uint_eq(rd(0, 4), 0x00014153);
    ck_assert_uint_eq(rd(PCI_CLASS, 1) | rd(0x0a, 2) << 8, 0x010601);
    wr(PCI_COMMAND, 2, 0xffff);
    ck_assert_uint_eq(rd(PCI_COMMAND, 2), 0x0406);
    ck_assert_uint_eq(pcicfg_command(&function), 0x0406);
    ck_assert_uint_eq(rd(PCI_STATUS, 2), 0xf910);
    wr(PCI_COMMAND, 4, 0x01000000); /* the command is written too */
    ck_assert_uint_eq(rd(PCI_COMMAND, 4), 0xf8100000);
    wr(PCI_STATUS, 2, 0xffff);
    ck_assert_uint_eq(rd(PCI_STATUS, 2), 0x0010);
    wr(PCI_LINE, 4, 0xffffff2a);
    ck_assert_uint_eq(rd(PCI_LINE, 4), 0x0000012a);
    ck_assert_uint_eq(rd(rd(PCI_CAPABILITIES, 1), 4), 0x77040009);
}
END_TEST

START_TEST(test_bars)
{
    ck_assert_uint_eq(rd(PCI_BAR0, 4), 0x10000000);
    ck_assert_uint_eq(rd(PCI_BAR0 + 4, 4), 0x0000000c);
    ck_assert_uint_eq(rd(PCI_BAR0 + 8, 4), 0x80);
    ck_assert_uint_eq(rd(PCI_BAR0 + 12, 4), 0);
    ck_assert_uint_eq(rd(PCI_BAR0 + 20, 4), 0x090c0000);
    for (unsigned n = 0; n < PCI_BARS; n++)
        wr(PCI_BAR0 + 4 * n, 4, 0xffffffff);
    static const u32 masks[] = {0xffffff00, 0xc000000c, 0xffffffff, 0, 0, 0xfffff000};
    for (unsigned n = 0; n < PCI_BARS; n++)
        ck_assert_uint_eq(rd(PCI_BAR0 + 4 * n, 4), masks[n]);
    wr(PCI_BAR0 + 20, 4, 0x12345678);
    ck_assert_uint_eq(pcicfg_bar(&function, 5), 0x12345000);
    wr(PCI_BAR0 + 22, 2, 0xabcd); /* in parts */
    wr(PCI_BAR0 + 21, 1, 0x70);
    ck_assert_uint_eq(pcicfg_bar(&function, 5), 0xabcd7000);
    wr(PCI_BAR0 + 4, 4, 0x40000000);
    wr(PCI_BAR0 + 8, 4, 0x12);
    ck_assert_uint_eq(pcicfg_bar(&function, 1), 0x1240000000);
    setup();
    ck_assert_uint_eq(pcicfg_bar(&function, 5), 0x090c0000);
}
END_TEST

START_TEST(test_accesses)
{
    u32 value = 7;
    struct pcicfg before = function;
    static const struct {
        unsigned offset, bytes;
    } bad[] = {{1, 2}, {2, 4}, {0, 8}, {0, 3}, {0, 0}, {3, 4}, {4096, 4}, {0xfffffffc, 4}};
    for (unsigned i = 0; i < COUNT(bad); i++) {
        ck_assert(!pcicfg_read(&function, bad[i].offset, bad[i].bytes, &value));
        ck_assert(!pcicfg_write(&function, bad[i].offset, bad[i].bytes, ~0u));
    }
    ck_assert_uint_eq(value, 7);
    ck_assert(memcmp(&before, &function, sizeof(before)) == 0);
    ck_assert_uint_eq(rd(256, 4), 0);
    wr(4092, 4, ~0u);
    ck_assert(memcmp(&before, &function, sizeof(before)) == 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pcicfg");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_fields);
    tcase_add_test(tcase, test_bars);
    tcase_add_test(tcase, test_accesses);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
