/* mmu_features.tlb_check: what is told of entries that aren't what the tables say, in one stage and in two. */
#include "mmu_fixture.h"

#include <stdlib.h>

#define VA 0x12345000ull
#define OUTPUT (RAM_BASE + 0x400000)
#define OTHER (RAM_BASE + 0x500000)
#define NOTHING 99

static struct fixture f;
static unsigned told, kind;
static uint64_t told_va, descriptor;

static void hear(void *opaque, enum mmu_stale stale, uint64_t va)
{
    told++;
    kind = stale;
    told_va = va;
}

static void setup(void)
{
    fixture_setup(&f);
    const struct mmu_keeper keeper = {.stale = hear};
    mmu_set_keeper(f.mmu, &keeper);
    descriptor = map(&f, VA, OUTPUT, 3, PAGE_RW);
    told = 0;
    kind = NOTHING;
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static bool use(struct mmu_result *result)
{
    const struct mmu_access access = {.type = ACCESS_READ, .read = true, .el = 1, .size = 8};
    return mmu_translate(f.mmu, &f.regime, &access, VA, result);
}

/* The entry is made, the descriptor changes, the entry is used twice. */
static void change(uint64_t at, uint64_t value, unsigned expected)
{
    struct mmu_result result;
    ck_assert(use(&result));
    ck_assert(use(&result));
    ck_assert_uint_eq(told, 0);
    ck_assert(!result.may_read && !result.may_write && !result.may_execute); /* nothing is kept elsewhere */
    poke(&f, at, value);
    for (unsigned i = 0; i < 2; i++) {
        bool faults = expected == MMU_STALE_CONFLICT && f.features.tlb_check == MMU_CHECK_FAULT;
        ck_assert_int_eq(use(&result), !faults);
        if (faults)
            ck_assert_int_eq(result.fault.type, FAULT_TLB_CONFLICT);
        else
            ck_assert_uint_eq(result.pa, OUTPUT); /* what it was */
    }
    ck_assert_uint_eq(told, expected != NOTHING); /* once */
    ck_assert_uint_eq(kind, expected);
    ck_assert(expected == NOTHING || told_va == VA);
}

static const struct {
    uint64_t value;
    unsigned expected;
} cases[] = {
    {OUTPUT | PAGE_RW, NOTHING},
    {OUTPUT | PAGE_RW | 1ull << 55, NOTHING}, /* a bit that software may use */
    {OTHER | PAGE_RW, MMU_STALE_CONFLICT},
    {OUTPUT | PAGE_RW | NG, MMU_STALE_CONFLICT},
    {OUTPUT | PAGE_RW | ATTR(2), MMU_STALE_CONFLICT},
    {OUTPUT | PAGE_RW | CONTIGUOUS, MMU_STALE_CONFLICT},
    {OUTPUT | PAGE_RW | AP_RO, MMU_STALE_PERMISSIONS},
    {OUTPUT | PAGE_RW | PXN, MMU_STALE_PERMISSIONS},
    {(OUTPUT | PAGE_RW) & ~AF, MMU_STALE_PERMISSIONS},
    {0, MMU_STALE_UNMAPPED},
};

START_TEST(changed_descriptors_are_told)
{
    f.features.tlb_check = _i & 1 ? MMU_CHECK_FAULT : MMU_CHECK_WARN;
    change(descriptor, cases[_i / 2].value, cases[_i / 2].expected);
}
END_TEST

START_TEST(maintenance_ends_it)
{
    struct mmu_result result;
    const struct tlbi tlbi = {.op = TLBI_VMALL, .regime = REGIME_EL10, .security = PAS_NON_SECURE};
    f.features.tlb_check = MMU_CHECK_FAULT;
    ck_assert(use(&result));
    poke(&f, descriptor, OTHER | PAGE_RW);
    ck_assert(!use(&result));
    mmu_tlbi(f.mmu, &tlbi);
    ck_assert(use(&result));
    ck_assert_uint_eq(result.pa, OTHER);
    ck_assert(use(&result));
    ck_assert_uint_eq(told, 1);
}
END_TEST

START_TEST(without_the_check_nothing_is_told)
{
    struct mmu_result result;
    ck_assert(use(&result));
    poke(&f, descriptor, OTHER | PAGE_RW);
    ck_assert(use(&result));
    ck_assert_uint_eq(result.pa, OUTPUT);
    ck_assert_uint_eq(told, 0);
}
END_TEST

START_TEST(stage_2_is_looked_at_too)
{
    enable_stage2(&f);
    f.features.tlb_check = MMU_CHECK_WARN;
    change(descriptor_at(&f, S2_TABLES, &f.next_s2_table, OUTPUT, 2),
           (OUTPUT & ~0x1fffffull) | VALID | AF | S2_NORMAL | S2_RO, MMU_STALE_PERMISSIONS);
}
END_TEST

START_TEST(stage_2_unmapped)
{
    enable_stage2(&f);
    f.features.tlb_check = MMU_CHECK_FAULT;
    change(descriptor_at(&f, S2_TABLES, &f.next_s2_table, OUTPUT, 2), 0, MMU_STALE_UNMAPPED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tlb_check");
    TCase *tcase = tcase_create("tlb_check");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, changed_descriptors_are_told, 0, 2 * (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(tcase, maintenance_ends_it);
    tcase_add_test(tcase, without_the_check_nothing_is_told);
    tcase_add_test(tcase, stage_2_is_looked_at_too);
    tcase_add_test(tcase, stage_2_unmapped);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
