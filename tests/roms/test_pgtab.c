/* roms/lib/pgtab.c on the host: what is mapped, and which invalidations a change asks for. */
#include "roms/lib/pgtab.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define GIB (1ull << 30)
#define MIB (1ull << 20)
#define PAGE 4096ull

struct fixture {
    struct pgtab table;
    unsigned pages, page_limit, invalidations, published;
    uint64_t invalidated[1024];
    void *allocated[64];
};
static struct fixture f;

static void *allocate(void *context)
{
    struct fixture *fixture = context;
    if (fixture->pages >= fixture->page_limit)
        return NULL;
    void *page = aligned_alloc(4096, 4096);
    ck_assert_ptr_nonnull(page);
    memset(page, 0, 4096);
    fixture->allocated[fixture->pages++] = page;
    return page;
}

static void invalidate(void *context, uint64_t input)
{
    struct fixture *fixture = context;
    /* Break before make: at this moment the address leads nowhere. */
    ck_assert(!pgtab_walk(&fixture->table, input).valid);
    if (fixture->invalidations < 1024)
        fixture->invalidated[fixture->invalidations] = input;
    fixture->invalidations++;
}

static void publish(void *context)
{
    ((struct fixture *)context)->published++;
}

static void begin(enum pgtab_kind kind, unsigned bits)
{
    f = (struct fixture){.page_limit = 64};
    f.table = (struct pgtab){.allocate = allocate, .invalidate = invalidate, .publish = publish, .context = &f};
    ck_assert_int_eq(pgtab_init(&f.table, kind, bits), 0);
}

static void end(void)
{
    for (unsigned i = 0; i < f.pages; i++)
        free(f.allocated[i]);
}

static void check_leaf(uint64_t input, uint64_t output, unsigned level, unsigned flags)
{
    struct pgtab_leaf leaf = pgtab_walk(&f.table, input);
    ck_assert(leaf.valid);
    ck_assert_uint_eq(leaf.output, output);
    ck_assert_uint_eq(leaf.level, level);
    ck_assert_uint_eq(leaf.flags, flags);
}

START_TEST(largest_blocks)
{
    begin(PGTAB_STAGE2, 39);
    unsigned rwx = PGTAB_READ | PGTAB_WRITE | PGTAB_EXECUTE;
    ck_assert_int_eq(pgtab_map(&f.table, GIB - PAGE, 3 * GIB - PAGE, GIB + 2 * MIB + 2 * PAGE, rwx), 0);
    check_leaf(GIB - PAGE + 5, 3 * GIB - PAGE + 5, 3, rwx);
    check_leaf(GIB + 12345, 3 * GIB + 12345, 1, rwx);
    check_leaf(2 * GIB + 1, 4 * GIB + 1, 2, rwx);
    check_leaf(2 * GIB + 2 * MIB, 4 * GIB + 2 * MIB, 3, rwx);
    ck_assert(!pgtab_walk(&f.table, 2 * GIB + 2 * MIB + PAGE).valid);
    ck_assert(!pgtab_walk(&f.table, GIB - PAGE - 1).valid);
    ck_assert(!pgtab_walk(&f.table, 1ull << 39).valid);
    ck_assert_uint_eq(f.invalidations, 0);
    ck_assert_uint_gt(f.published, 0);
    /* Output addresses that aren't as aligned as the input's take smaller pages. */
    ck_assert_int_eq(pgtab_map(&f.table, 8 * GIB, 16 * GIB + 4 * PAGE, 2 * MIB, rwx), 0);
    check_leaf(8 * GIB, 16 * GIB + 4 * PAGE, 3, rwx);
    end();
}
END_TEST

START_TEST(split_and_unmap)
{
    begin(PGTAB_EL2, 40);
    unsigned rw = PGTAB_READ | PGTAB_WRITE;
    ck_assert_int_eq(pgtab_map(&f.table, 0, 0, 4 * GIB, rw), 0);
    check_leaf(3 * GIB + 7, 3 * GIB + 7, 1, rw);
    ck_assert_int_eq(pgtab_unmap(&f.table, 2 * GIB + 6 * PAGE, PAGE), 0);
    ck_assert(!pgtab_walk(&f.table, 2 * GIB + 6 * PAGE).valid);
    check_leaf(2 * GIB + 5 * PAGE, 2 * GIB + 5 * PAGE, 3, rw);
    check_leaf(2 * GIB + 7 * PAGE, 2 * GIB + 7 * PAGE, 3, rw);
    check_leaf(2 * GIB + 2 * MIB, 2 * GIB + 2 * MIB, 2, rw);
    ck_assert_uint_eq(f.invalidations, 3); /* the 1 GiB block, the 2 MiB block, the page */
    /* Removing what lies below a table invalidates each page of it, then the table's entry. */
    f.invalidations = 0;
    ck_assert_int_eq(pgtab_unmap(&f.table, 2 * GIB, GIB), 0);
    ck_assert_uint_eq(f.invalidations, 511 + 511 + 2);
    ck_assert(!pgtab_walk(&f.table, 2 * GIB + 7 * PAGE).valid);
    ck_assert(!pgtab_walk(&f.table, 3 * GIB - 1).valid);
    check_leaf(3 * GIB, 3 * GIB, 1, rw);
    check_leaf(GIB, GIB, 1, rw);
    end();
}
END_TEST

START_TEST(replace_breaks_before_make)
{
    begin(PGTAB_STAGE2, 39);
    ck_assert_int_eq(pgtab_map(&f.table, 0x1000, 0x5000, PAGE, PGTAB_READ), 0);
    ck_assert_int_eq(pgtab_map(&f.table, 0x1000, 0x5000, PAGE, PGTAB_READ), 0);
    ck_assert_uint_eq(f.invalidations, 0); /* nothing changed */
    ck_assert_int_eq(pgtab_map(&f.table, 0x1000, 0x6000, PAGE, PGTAB_READ), 0);
    ck_assert_uint_eq(f.invalidations, 1);
    ck_assert_uint_eq(f.invalidated[0], 0x1000);
    check_leaf(0x1004, 0x6004, 3, PGTAB_READ);
    end();
}
END_TEST

START_TEST(protect)
{
    begin(PGTAB_STAGE2, 39);
    unsigned rw = PGTAB_READ | PGTAB_WRITE;
    ck_assert_int_eq(pgtab_map(&f.table, 0, 4 * MIB, 4 * MIB, rw), 0);
    ck_assert_int_eq(pgtab_protect(&f.table, 2 * MIB - PAGE, 4 * MIB, PGTAB_READ), 0);
    check_leaf(0, 4 * MIB, 3, rw);
    check_leaf(2 * MIB - 1, 6 * MIB - 1, 3, PGTAB_READ);
    check_leaf(2 * MIB, 6 * MIB, 2, PGTAB_READ);
    ck_assert(!pgtab_walk(&f.table, 4 * MIB).valid); /* was not mapped, isn't now */
    /* What the stage-2 descriptor holds: AF, inner shareable, MemAttr 0b1111, S2AP, XN. */
    uint64_t descriptor = pgtab_walk(&f.table, 0).descriptor;
    ck_assert_uint_eq(descriptor, 1ull << 54 | 4 * MIB | 0x400 | 0x300 | 0xc0 | 0x3c | 3);
    end();
}
END_TEST

START_TEST(attributes)
{
    static const struct {
        enum pgtab_kind kind;
        unsigned flags;
        uint64_t bits; /* of a page at 0 */
    } rows[] = {
        {PGTAB_EL1, PGTAB_READ | PGTAB_WRITE, 3ull << 53 | 0x707},
        {PGTAB_EL1, PGTAB_READ | PGTAB_EXECUTE, 1ull << 54 | 0x787},
        {PGTAB_EL1, PGTAB_READ | PGTAB_EXECUTE | PGTAB_USER, 1ull << 53 | 0x7c7},
        {PGTAB_EL1, PGTAB_READ | PGTAB_WRITE | PGTAB_USER | PGTAB_LOCAL, 3ull << 53 | 0xf47},
        {PGTAB_EL1, PGTAB_READ | PGTAB_WRITE | PGTAB_DEVICE, 3ull << 53 | 0x403},
        {PGTAB_EL2, PGTAB_READ | PGTAB_WRITE, 1ull << 54 | 0x747},
        {PGTAB_EL2, PGTAB_READ | PGTAB_EXECUTE, 0x7c7},
        {PGTAB_STAGE2, PGTAB_READ | PGTAB_WRITE | PGTAB_EXECUTE, 0x7ff},
        {PGTAB_STAGE2, PGTAB_READ | PGTAB_WRITE | PGTAB_DEVICE, 1ull << 54 | 0x4c7},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        begin(rows[i].kind, 39);
        ck_assert_int_eq(pgtab_map(&f.table, 0, 0, PAGE, rows[i].flags), 0);
        ck_assert_msg(pgtab_walk(&f.table, 0).descriptor == rows[i].bits, "row %u: %lx", i,
                      (unsigned long)pgtab_walk(&f.table, 0).descriptor);
        check_leaf(0, 0, 3, rows[i].flags);
        end();
    }
}
END_TEST

START_TEST(refusals)
{
    begin(PGTAB_STAGE2, 39);
    ck_assert_int_eq(pgtab_map(&f.table, 0x800, 0, PAGE, PGTAB_READ), -1);
    ck_assert_int_eq(pgtab_map(&f.table, 0, 0x800, PAGE, PGTAB_READ), -1);
    ck_assert_int_eq(pgtab_map(&f.table, 0, 0, 0x800, PGTAB_READ), -1);
    ck_assert_int_eq(pgtab_map(&f.table, 1ull << 39, 0, PAGE, PGTAB_READ), -1);
    ck_assert_int_eq(pgtab_map(&f.table, (1ull << 39) - PAGE, 0, 2 * PAGE, PGTAB_READ), -1);
    ck_assert_int_eq(pgtab_map(&f.table, 0, 1ull << 48, PAGE, PGTAB_READ), -1);
    f.page_limit = f.pages + 1;
    ck_assert_int_eq(pgtab_map(&f.table, 0, 0, PAGE, PGTAB_READ), -1); /* needs two tables */
    f.page_limit = 64;
    ck_assert_int_eq(pgtab_init(&f.table, PGTAB_STAGE2, 24), -1);
    ck_assert_int_eq(pgtab_init(&f.table, PGTAB_STAGE2, 49), -1);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pgtab");
    TCase *tests = tcase_create("pgtab");
    tcase_add_test(tests, largest_blocks);
    tcase_add_test(tests, split_and_unmap);
    tcase_add_test(tests, replace_breaks_before_make);
    tcase_add_test(tests, protect);
    tcase_add_test(tests, attributes);
    tcase_add_test(tests, refusals);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
