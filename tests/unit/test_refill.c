/* mmu_refill() against mmu_translate(): the same answers, and the same contents of the TLB afterwards. */
#include "mmu_fixture.h"
#include "run_suite.h"

#include <stdlib.h>

enum { STEPS = 60000, RANGES = 4, PAGES = 24 };

static struct fixture f;
static struct mmu *other; /* never takes the quick way: it is observed */
static uint64_t tables[2][RANGES];
static uint64_t state;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void look_on(void *opaque, int stage, int level, uint64_t descriptor_pa, enum pas pas, uint64_t descriptor)
{
}

static void setup(void)
{
    fixture_setup(&f);
    other = mmu_create(f.bus, 0, 0);
    ck_assert_ptr_nonnull(other);
    mmu_set_walk_observer(other, look_on, NULL);
    f.features.ignore_contiguous = true;
    state = 0x5eed;
}

static void teardown(void)
{
    mmu_destroy(other);
    fixture_teardown(&f);
}

/* One of a few pages of a few ranges of 2 MiB, in both halves. */
static uint64_t random_va(void)
{
    uint64_t r = next_random();
    uint64_t va = (r % RANGES) << 21 | (r >> 8) % PAGES << 12 | (r >> 20 & 0xff8);
    return r >> 40 & 1 ? va | 0xffff000000000000 : va;
}

static void change_leaf(uint64_t va)
{
    uint64_t r = next_random(), output = RAM_BASE + 0x400000 + (r % PAGES << 12);
    uint64_t bits = PAGE_RW | (r >> 8 & (AP_EL0 | AP_RO)) | (r >> 20 & 1 ? NG : 0) | (r >> 24 & 3 ? PXN : 0);
    unsigned kind = r >> 40 & 15;
    if (kind == 0)
        bits &= ~VALID;
    else if (kind == 1)
        bits &= ~AF;
    else if (kind == 2)
        bits |= ATTR(1);
    else if (kind == 3)
        bits |= DBM;
    else if (kind == 4)
        bits |= CONTIGUOUS;
    else if (kind == 5)
        output = 0x10000000; /* nothing is there */
    poke(&f, tables[va >> 55 & 1][va >> 21 & (RANGES - 1)] + (va >> 12 & 511) * 8, output | bits);
}

/* The table of a range: its own again, another's, none, a block, or with attributes. */
static void change_table(uint64_t va)
{
    const uint64_t *half = tables[va >> 55 & 1], table = half[va >> 21 & (RANGES - 1)] | VALID | TABLE_OR_PAGE;
    const uint64_t choices[] = {table, table, half[next_random() % RANGES] | VALID | TABLE_OR_PAGE, 0,
                                RAM_BASE | BLOCK_RW | AP_EL0, table | 1ull << 62}; /* APTable: read-only */
    map(&f, va & ~0x1fffffull, choices[next_random() % (sizeof(choices) / sizeof(choices[0]))], 2, 0);
}

static void invalidate(void)
{
    static const enum tlbi_op operations[] = {TLBI_VA, TLBI_VA, TLBI_VA, TLBI_VA_ALL_ASID, TLBI_ASID, TLBI_VMALL, TLBI_ALL};
    uint64_t r = next_random();
    struct tlbi tlbi = {.op = operations[r % 7], .regime = REGIME_EL10, .security = PAS_NON_SECURE,
                        .asid = (uint16_t)(r >> 8 & 3), .address = random_va()};
    mmu_tlbi(f.mmu, &tlbi);
    mmu_tlbi(other, &tlbi);
}

static void change_regime(void)
{
    uint64_t r = next_random();
    f.regime.asid[0] = f.regime.asid[1] = r & 3;
    f.regime.sctlr ^= r >> 8 & 1 << 19;      /* WXN */
    f.regime.tcr ^= r >> 12 & (1 << 7 | 1 << 23); /* EPD0, EPD1 */
    if (r >> 44 & 7)
        f.regime.tcr &= ~(1ull << 7 | 1ull << 23);
    f.regime.version = mmu_new_version(f.mmu);
}

static void access_both(uint64_t va, unsigned *counts)
{
    uint64_t r = next_random();
    struct mmu_access access = r & 1 ? writing(r >> 1 & 1) : reading(r >> 1 & 1);
    access.pan = r >> 2 & 1;
    const struct mmu_load_store load_store = {.el = access.el, .pan = access.pan, .write = access.write};
    struct fast_tlb_entry entry = {.read_tag = ~0ull, .write_tag = ~0ull};
    struct mmu_result result, full;
    bool ok = mmu_translate(other, &f.regime, &access, va, &full);
    unsigned refilled = mmu_refill(f.mmu, &f.regime, load_store, va, 0x10, &entry);
    counts[refilled < MMU_UNMAPPED ? refilled : MMU_UNMAPPED]++;
    if (refilled == MMU_REFILLED) {
        ck_assert(ok && !full.attrs.device);
        uint64_t offset;
        const struct bus_region *region = bus_find(f.bus, full.pas, full.pa, &offset);
        ck_assert_ptr_nonnull(region);
        ck_assert_uint_eq((uint64_t)entry.addend + va, (uint64_t)(uintptr_t)bus_host(region, offset));
        uint64_t tag = (va & ~0xfffull) | 0x10;
        ck_assert_uint_eq(access.write ? entry.write_tag : entry.read_tag, tag);
        ck_assert(full.may_read ? entry.read_tag == tag : entry.read_tag == ~0ull);
        ck_assert(full.may_write || entry.write_tag == ~0ull);
    } else if (refilled >= MMU_UNMAPPED) {
        ck_assert(!ok);
        ck_assert_int_eq(full.fault.type, FAULT_TRANSLATION);
        ck_assert_int_eq(full.fault.level, (int)(refilled - MMU_UNMAPPED));
        ck_assert(!full.fault.second_stage && !full.fault.s2fs1walk);
    } else {
        bool again = mmu_translate(f.mmu, &f.regime, &access, va, &result);
        ck_assert_int_eq(again, ok);
        if (ok)
            ck_assert_uint_eq(result.pa, full.pa);
        else
            ck_assert_int_eq(result.fault.type, full.fault.type);
    }
    ck_assert_uint_eq(mmu_hash(f.mmu, 1), mmu_hash(other, 1));
}

START_TEST(refills_are_translations)
{
    unsigned counts[3] = {0};
    for (unsigned i = 0; i < 2 * RANGES; i++) {
        uint64_t va = (uint64_t)(i % RANGES) << 21 | (i / RANGES ? 0xffff000000000000 : 0);
        tables[i / RANGES][i % RANGES] = map(&f, va, 0, 3, 0) & ~0xfffull;
        for (unsigned page = 0; page < PAGES; page++)
            change_leaf(va | page << 12);
    }
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t r = next_random();
        if (r % 8 == 0)
            change_leaf(random_va());
        else if (r % 64 == 1)
            change_table(random_va());
        else if (r % 32 == 2)
            invalidate();
        else if (r % 64 == 3)
            change_regime();
        access_both(random_va(), counts);
    }
    ck_assert_uint_gt(counts[MMU_REFILLED], STEPS / 20);
    ck_assert_uint_gt(counts[MMU_UNUSUAL], STEPS / 50);
    ck_assert_uint_gt(counts[MMU_UNMAPPED], STEPS / 50);
}
END_TEST

/* A regime of one range has nothing to say of the upper half. */
START_TEST(upper_half_of_one_range)
{
    static const enum regime_id one_range[] = {REGIME_EL2, REGIME_EL3};
    const struct mmu_load_store load = {.el = 2};
    struct fast_tlb_entry entry = {.read_tag = ~0ull, .write_tag = ~0ull};
    for (unsigned i = 0; i < 2; i++) {
        f.regime.id = one_range[i];
        f.regime.version = mmu_new_version(f.mmu);
        for (unsigned again = 0; again < 2; again++)
            ck_assert_uint_eq(mmu_refill(f.mmu, &f.regime, load, 0xffff000000001000, 0x10, &entry), MMU_UNUSUAL);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("refill");
    TCase *tcase = tcase_create("refill");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, refills_are_translations);
    tcase_add_test(tcase, upper_half_of_one_range);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
