/* Translation rules that the pseudocode's vectors don't reach, and accesses that a walk makes. */
#include "mmu_fixture.h"
#include "run_suite.h"

#include <stdlib.h>

static struct fixture f;

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

START_TEST(maps_pages_and_blocks)
{
    struct mmu_result result;
    map(&f, 0x1000, 0x41000000, 3, PAGE_RW | NG);
    map(&f, 0x200000, 0x41200000, 2, BLOCK_RW | NG);
    map(&f, 0x40000000, 0x80000000, 1, BLOCK_RW);
    map(&f, 0xffff000000003000, 0x41003000, 3, PAGE_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1234), 0x41000234);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x234567), 0x41234567);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x7fffffff), 0xbfffffff);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0xffff000000003008), 0x41003008);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x234567, &result), FAULT_NONE);
    ck_assert_uint_eq(result.page_size, BLOCK_2M);
    ck_assert(result.may_read && result.may_write && !result.may_execute == false);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x5000, &result), FAULT_TRANSLATION);
    ck_assert_int_eq(result.fault.level, 3);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000000000000, &result), FAULT_TRANSLATION);
    ck_assert_int_eq(result.fault.level, 0);
}
END_TEST

START_TEST(joins_contiguous_pages)
{
    struct mmu_result result;
    for (uint64_t i = 0; i < 16; i++)
        map(&f, 0x10000 + i * PAGE, 0x41010000 + i * PAGE, 3, PAGE_RW | CONTIGUOUS);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x13008, &result), FAULT_NONE);
    ck_assert_uint_eq(result.pa, 0x41013008);
    ck_assert_uint_eq(result.page_size, 0x10000);
    uint64_t walks = mmu_stats(f.mmu)->walks;
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1f008), 0x4101f008);
    ck_assert_uint_eq(mmu_stats(f.mmu)->walks, walks);
    mmu_reset(f.mmu);
    f.features.ignore_contiguous = true;
    ck_assert_int_eq(fault_of(&f, reading(1), 0x13008, &result), FAULT_NONE);
    ck_assert_uint_eq(result.page_size, PAGE);
}
END_TEST

START_TEST(ignores_the_top_byte_when_told)
{
    struct mmu_result result;
    map(&f, 0x1000, 0x41000000, 3, PAGE_RW);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x5a00000000001000, &result), FAULT_TRANSLATION);
    f.regime.tcr |= 1ull << 37;
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x5a00000000001000), 0x41000000);
    ck_assert_uint_eq(pa_of(&f, fetching(1), 0x5a00000000001000), 0x41000000);
    f.features.pauth = true;
    f.regime.tcr |= 1ull << 51; /* TBID0: not for fetches */
    ck_assert_int_eq(fault_of(&f, fetching(1), 0x5a00000000001000, &result), FAULT_TRANSLATION);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x5a00000000001000), 0x41000000);
}
END_TEST

START_TEST(translates_flat_when_off)
{
    struct mmu_result result;
    f.regime.sctlr = 0;
    ck_assert_int_eq(fault_of(&f, reading(1), 0x123456789, &result), FAULT_NONE);
    ck_assert_uint_eq(result.pa, 0x123456789);
    ck_assert(result.attrs.device && result.attrs.device_type == 3);
    ck_assert_int_eq(fault_of(&f, fetching(1), 0x123456788, &result), FAULT_NONE);
    ck_assert(!result.attrs.device && result.attrs.inner == 0);
    ck_assert_int_eq(fault_of(&f, reading(1), 1ull << 48, &result), FAULT_ADDRESS_SIZE);
    ck_assert_int_eq(result.fault.level, 0);
    struct mmu_access unaligned = reading(1);
    unaligned.size = 4;
    ck_assert_int_eq(fault_of(&f, unaligned, 0x1002, &result), FAULT_ALIGNMENT);
    f.regime.hcr = 1 << 12; /* DC: Normal memory */
    ck_assert_int_eq(fault_of(&f, unaligned, 0x1002, &result), FAULT_NONE);
    ck_assert(!result.attrs.device && result.attrs.inner == (3 << 2 | 3));
}
END_TEST

START_TEST(checks_alignment)
{
    struct mmu_result result;
    struct mmu_access access = writing(1);
    map(&f, 0x1000, 0x41000000, 3, PAGE_RW | ATTR(0));
    map(&f, 0x2000, 0x41001000, 3, PAGE_RW | ATTR(1));
    access.size = 8;
    ck_assert_int_eq(fault_of(&f, access, 0x1004, &result), FAULT_NONE);
    ck_assert_int_eq(fault_of(&f, access, 0x2004, &result), FAULT_ALIGNMENT);
    ck_assert(result.fault.write);
    ck_assert_int_eq(fault_of(&f, access, 0x2008, &result), FAULT_NONE);
    ck_assert_int_eq(fault_of(&f, access, 0x2004, &result), FAULT_ALIGNMENT); /* by the TLB entry */
    access.aligned_required = true;
    ck_assert_int_eq(fault_of(&f, access, 0x1004, &result), FAULT_ALIGNMENT);
    ck_assert_int_eq(fault_of(&f, access, 0x9004, &result), FAULT_ALIGNMENT); /* before any translation */
    struct mmu_access zva = {.type = ACCESS_DC_ZVA, .write = true, .el = 1};
    ck_assert_int_eq(fault_of(&f, zva, 0x2000, &result), FAULT_ALIGNMENT);
    ck_assert_int_eq(fault_of(&f, zva, 0x1000, &result), FAULT_NONE);
}
END_TEST

START_TEST(reports_aborts_of_walks)
{
    struct mmu_result result;
    f.regime.ttbr[0] = 0x10000000; /* nothing there */
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_SYNC_EXTERNAL_ON_WALK);
    ck_assert_int_eq(result.fault.level, 0);
    ck_assert_uint_eq(mmu_fault_status_code(&result.fault), 0x14);
    f.regime.ttbr[0] = TABLES;
    poke(&f, descriptor_at(&f, TABLES, &f.next_table, 0x1000, 2), 0x10000000 | VALID | TABLE_OR_PAGE);
    ck_assert_int_eq(fault_of(&f, writing(1), 0x1000, &result), FAULT_SYNC_EXTERNAL_ON_WALK);
    ck_assert_int_eq(result.fault.level, 3);
    ck_assert(!result.fault.second_stage && !result.fault.s2fs1walk && result.fault.write);
}
END_TEST

START_TEST(reports_aborts_of_stage2_walks)
{
    struct mmu_result result;
    enable_stage2(&f);
    map(&f, 0x1000, 0x41000000, 3, PAGE_RW);
    map(&f, 0x2000, 0x90000000, 3, PAGE_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), UINT64_MAX); /* 0x41000000 is outside the RAM's stage 2 */
    /* Stage 2 of the output. */
    poke(&f, descriptor_at(&f, S2_TABLES, &f.next_s2_table, 0x80000000, 1), 0x10000000 | VALID | TABLE_OR_PAGE);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x2000, &result), FAULT_SYNC_EXTERNAL_ON_WALK);
    ck_assert(result.fault.second_stage && !result.fault.s2fs1walk);
    ck_assert_int_eq(result.fault.level, 2);
    /* Stage 2 of the stage-1 table. */
    f.regime.ttbr[0] = 0x80001000;
    ck_assert_int_eq(fault_of(&f, reading(1), 0x2000, &result), FAULT_SYNC_EXTERNAL_ON_WALK);
    ck_assert(result.fault.second_stage && result.fault.s2fs1walk);
    ck_assert_uint_eq(result.fault.ipa, 0x80001000);
    f.regime.ttbr[0] = 0xc0000000;
    ck_assert_int_eq(fault_of(&f, reading(1), 0x2000, &result), FAULT_TRANSLATION);
    ck_assert(result.fault.second_stage && result.fault.s2fs1walk);
    ck_assert_uint_eq(at_par_fault(&result.fault), 0x800 | 0x300 | (0x05 << 1) | 1);
}
END_TEST

START_TEST(reads_big_endian_tables)
{
    f.big_endian = true;
    f.regime.sctlr |= 1 << 25;
    f.regime.tcr |= 1ull << 39; /* HA */
    uint64_t entry = map(&f, 0x1000, 0x41000000, 3, VALID | TABLE_OR_PAGE);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1008), 0x41000008);
    ck_assert_uint_eq(peek(&f, entry), 0x41000000 | PAGE_RW);
    f.regime.stage2_ee = true;
    enable_stage2(&f);
    map(&f, 0x2000, 0x40f00000, 3, PAGE_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x2008), 0x40f00008);
}
END_TEST

START_TEST(updates_access_flag_and_dirty_state)
{
    struct mmu_result result;
    uint64_t entry = map(&f, 0x1000, 0x41000000, 3, VALID | TABLE_OR_PAGE | DBM | AP_RO);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_ACCESS_FLAG);
    ck_assert_int_eq(result.fault.level, 3);
    f.regime.tcr |= 1ull << 39; /* HA */
    struct mmu_access debug = reading(1);
    debug.no_update = true;
    ck_assert_int_eq(fault_of(&f, debug, 0x1000, &result), FAULT_NONE);
    ck_assert_uint_eq(peek(&f, entry) & AF, 0);
    ck_assert_int_eq(fault_of(&f, writing(1), 0x1000, &result), FAULT_PERMISSION);
    ck_assert_uint_eq(peek(&f, entry) & AF, 0); /* a Permission fault leaves it, unless chosen otherwise */
    f.features.access_flag_update_on_fault = true;
    ck_assert_int_eq(fault_of(&f, writing(1), 0x1000, &result), FAULT_PERMISSION);
    ck_assert_uint_eq(peek(&f, entry) & (AF | AP_RO), AF | AP_RO);
    f.regime.tcr |= 1ull << 40; /* HD */
    struct mmu_access at = {.type = ACCESS_AT, .write = true, .el = 1};
    ck_assert_int_eq(fault_of(&f, at, 0x1000, &result), FAULT_NONE);
    ck_assert_uint_eq(peek(&f, entry) & AP_RO, AP_RO); /* AT doesn't write */
    ck_assert(!result.may_write);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_NONE);
    ck_assert(!result.may_write);
    ck_assert_int_eq(fault_of(&f, writing(1), 0x1000, &result), FAULT_NONE); /* with a TLB entry there */
    ck_assert_uint_eq(peek(&f, entry) & AP_RO, 0);
    ck_assert(result.may_write);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_NONE);
    ck_assert(result.may_write);
}
END_TEST

START_TEST(updates_stage2_descriptors)
{
    struct mmu_result result;
    enable_stage2(&f);
    f.regime.vtcr |= 1 << 21 | 1 << 22;
    uint64_t entry = map_s2(&f, 0x80000000, 0x40c00000, 3, VALID | TABLE_OR_PAGE | S2_NORMAL | S2_RO | DBM);
    map(&f, 0x1000, 0x80000000, 3, PAGE_RW);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1010, &result), FAULT_NONE);
    ck_assert_uint_eq(result.pa, 0x40c00010);
    ck_assert(!result.may_write);
    ck_assert_uint_eq(peek(&f, entry) & (AF | 1 << 7), AF);
    ck_assert_int_eq(fault_of(&f, writing(1), 0x1010, &result), FAULT_NONE);
    ck_assert_uint_eq(peek(&f, entry) & (1 << 7), 1 << 7);
    ck_assert(result.may_write);
    /* The stage-1 walk itself marks the table's page at stage 2: accessed, and dirty when it sets an Access flag. */
    uint64_t tables = map_s2(&f, 0x80200000, TABLES, 2, VALID | S2_NORMAL | S2_RO | DBM);
    f.regime.ttbr[0] = 0x80200000;
    f.regime.tcr |= 1ull << 39;
    struct tlbi all = {.op = TLBI_ALL, .regime = REGIME_EL10};
    mmu_tlbi(f.mmu, &all);
    poke(&f, f.next_table, 0); /* tables of 0x1000 still hold IPAs of the identity map */
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1010, &result), FAULT_NONE);
    ck_assert_uint_eq(peek(&f, tables) & (AF | 1 << 7), AF);
}
END_TEST

START_TEST(refuses_dirty_tables_that_stage2_protects)
{
    struct mmu_result result;
    enable_stage2(&f);
    f.regime.tcr |= 1ull << 39;
    map(&f, 0x1000, 0x40c00000, 3, VALID | TABLE_OR_PAGE); /* AF = 0: the walk must write its table */
    for (uint64_t ipa = TABLES; ipa < TABLES + BLOCK_2M; ipa += BLOCK_2M)
        map_s2(&f, ipa, ipa, 2, BLOCK_RW | S2_NORMAL | S2_RO);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_PERMISSION);
    ck_assert(result.fault.second_stage && result.fault.s2fs1walk);
}
END_TEST

START_TEST(separates_security_states)
{
    struct mmu_result result;
    f.regime.security = PAS_SECURE;
    map(&f, 0x1000, 0x41000000, 3, PAGE_RW);
    map(&f, 0x2000, 0x41000000, 3, PAGE_RW | NS);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_NONE);
    ck_assert_int_eq(result.pas, PAS_SECURE);
    ck_assert_int_eq(fault_of(&f, fetching(1), 0x2000, &result), FAULT_NONE);
    ck_assert_int_eq(result.pas, PAS_NON_SECURE);
    f.regime.scr = 1 << 9; /* SIF */
    ck_assert_int_eq(fault_of(&f, fetching(1), 0x2000, &result), FAULT_PERMISSION);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x2000, &result), FAULT_NONE);
    ck_assert_int_eq(fault_of(&f, fetching(1), 0x1000, &result), FAULT_NONE);
    /* NSTable: everything below is Non-secure, and not global. */
    uint64_t table = descriptor_at(&f, TABLES, &f.next_table, 0x200000, 2);
    map(&f, 0x200000, 0x41000000, 3, PAGE_RW);
    poke(&f, table, peek(&f, table) | 1ull << 63);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x200000, &result), FAULT_NONE);
    ck_assert_int_eq(result.pas, PAS_NON_SECURE);
    f.regime.asid[0] = f.regime.asid[1] = 2;
    uint64_t walks = mmu_stats(f.mmu)->walks;
    pa_of(&f, reading(1), 0x200000);
    ck_assert_uint_eq(mmu_stats(f.mmu)->walks, walks + 1);
}
END_TEST

START_TEST(translates_secure_stage2)
{
    struct mmu_result result;
    enable_stage2(&f);
    f.regime.security = PAS_SECURE;
    f.regime.vstcr = f.regime.vtcr;
    f.regime.vsttbr = f.regime.vttbr;
    map(&f, 0x1000, 0x40c00000, 3, PAGE_RW);
    map(&f, 0x2000, 0x40c00000, 3, PAGE_RW | NS);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_NONE);
    ck_assert_int_eq(result.pas, PAS_SECURE);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x2000, &result), FAULT_NONE);
    ck_assert_int_eq(result.pas, PAS_SECURE); /* NSA = NSW = SA = SW = 0 */
    struct tlbi all = {.op = TLBI_ALL, .regime = REGIME_EL10, .security = PAS_SECURE};
    mmu_tlbi(f.mmu, &all);
    f.regime.vtcr |= 1ull << 30; /* NSA */
    ck_assert_int_eq(fault_of(&f, reading(1), 0x2000, &result), FAULT_NONE);
    ck_assert_int_eq(result.pas, PAS_NON_SECURE);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_NONE);
    ck_assert_int_eq(result.pas, PAS_SECURE);
}
END_TEST

START_TEST(reaches_52_bit_addresses)
{
    struct mmu_result result;
    f.features.lpa = f.features.lva = true;
    f.features.pa_bits = 52;
    ck_assert_int_eq(bus_add_ram(f.bus, "high", 0xc000000000000, 0x100000, PAS_MASK_BOTH, NULL), 0);
    /* 64K granule, 52-bit VA: level 1 table of 1024 entries at 52-bit address. */
    f.regime.tcr = 12 | 1ull << 14 | 1ull << 23 | 6ull << 32;
    f.regime.ttbr[0] = 0xcull << 2 | 0; /* TTBR[5:2] = PA[51:48]; table at 0xc000000000000 */
    uint64_t va = 0x8000000000000, level1 = va >> 42 & 0x3ff;
    poke(&f, 0xc000000000000 + level1 * 8, 0x10000 | 0xcull << 12 | VALID | TABLE_OR_PAGE);
    poke(&f, 0xc000000010000, 0x20000000 | 0xcull << 12 | BLOCK_RW);
    ck_assert_int_eq(fault_of(&f, reading(1), va + 0x1234, &result), FAULT_NONE);
    ck_assert_uint_eq(result.pa, 0xc000020001234);
    ck_assert_uint_eq(at_par_success(&result) & 0xffffffffff000, 0xc000020001000);
    f.regime.tcr = (f.regime.tcr & ~(7ull << 32)) | 5ull << 32; /* IPS 48 bits: the table's base is 48-bit too */
    mmu_reset(f.mmu);
    ck_assert_int_ne(fault_of(&f, reading(1), va + 0x1234, &result), FAULT_NONE);
}
END_TEST

START_TEST(encodes_fault_status_codes)
{
    static const struct {
        enum fault_type type;
        int8_t level;
        unsigned code;
    } rows[] = {{FAULT_ADDRESS_SIZE, 0, 0x00},  {FAULT_TRANSLATION, 1, 0x05},
                {FAULT_ACCESS_FLAG, 2, 0x0a},   {FAULT_PERMISSION, 3, 0x0f},
                {FAULT_SYNC_EXTERNAL, 0, 0x10}, {FAULT_SYNC_EXTERNAL_ON_WALK, 2, 0x16},
                {FAULT_ALIGNMENT, 0, 0x21},     {FAULT_DEBUG, 0, 0x22},
                {FAULT_TLB_CONFLICT, 0, 0x30},  {FAULT_HW_UPDATE, 0, 0x31},
                {FAULT_EXCLUSIVE, 0, 0x35},     {FAULT_TRANSLATION, -1, 0x2b},
                {FAULT_ADDRESS_SIZE, -1, 0x29}, {FAULT_SYNC_EXTERNAL_ON_WALK, -1, 0x13},
                {FAULT_DOMAIN, 1, 0x3d},        {FAULT_DOMAIN, 2, 0x3e},
                {FAULT_TAG_CHECK, 0, 0x11},     {FAULT_SYNC_PARITY_ON_WALK, 1, 0x1d}};
    static const struct {
        enum fault_type type;
        int8_t level;
        unsigned code;
    } short_rows[] = {{FAULT_TRANSLATION, 1, 0x05},          {FAULT_TRANSLATION, 2, 0x07}, {FAULT_ACCESS_FLAG, 1, 0x03},
                      {FAULT_ACCESS_FLAG, 2, 0x06},          {FAULT_DOMAIN, 1, 0x09},      {FAULT_DOMAIN, 2, 0x0b},
                      {FAULT_PERMISSION, 1, 0x0d},           {FAULT_PERMISSION, 2, 0x0f},  {FAULT_ALIGNMENT, 0, 0x01},
                      {FAULT_SYNC_EXTERNAL_ON_WALK, 2, 0x0e}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault_record fault = {.type = rows[i].type, .level = rows[i].level};
        ck_assert_uint_eq(mmu_fault_status_code(&fault), rows[i].code);
    }
    for (size_t i = 0; i < sizeof short_rows / sizeof short_rows[0]; i++) {
        struct fault_record fault = {.type = short_rows[i].type, .level = short_rows[i].level};
        ck_assert_uint_eq(mmu_fault_status_code_short(&fault), short_rows[i].code);
    }
}
END_TEST

static void count_observed(void *opaque, int stage, int level, uint64_t descriptor_pa, enum pas pas,
                           uint64_t descriptor)
{
    unsigned *counts = opaque;
    counts[stage]++;
}

START_TEST(shows_walks_to_an_observer)
{
    unsigned counts[3] = {0};
    enable_stage2(&f);
    map(&f, 0x1000, 0x40c00000, 3, PAGE_RW);
    mmu_set_walk_observer(f.mmu, count_observed, counts);
    pa_of(&f, reading(1), 0x1000);
    ck_assert_uint_eq(counts[1], 4);
    ck_assert_uint_eq(counts[2], 6); /* two 2 MB blocks at stage 2: the tables', the output's */
    struct mmu_access first = {.type = ACCESS_AT, .read = true, .el = 1, .first_stage_only = true};
    struct mmu_result result;
    ck_assert_int_eq(fault_of(&f, first, 0x1008, &result), FAULT_NONE);
    ck_assert_uint_eq(result.pa, 0x40c00008);
    ck_assert_uint_eq(counts[1], 8); /* stage 1 alone doesn't use entries made of both stages */
    ck_assert_uint_eq(counts[2], 6);
}
END_TEST

START_TEST(fits_supersections_in_the_short_par)
{
    struct mmu_result result = {.pa = 0x12f3000000,
                                .pas = PAS_NON_SECURE,
                                .attrs = {.inner = 3 << 2 | 3, .outer = 3 << 2 | 3, .shareability = 1}};
    ck_assert_uint_eq(at_par_short_success(&result, true),
                      0xf3120000 | 1 << 10 | 1 << 9 | 1 << 7 | 5 << 4 | 1 << 2 | 2);
    ck_assert_uint_eq(at_par_short_success(&result, false), 0xf3000000 | 1 << 10 | 1 << 9 | 1 << 7 | 5 << 4 | 1 << 2);
    struct fault_record fault = {.type = FAULT_DOMAIN, .level = 2};
    ck_assert_uint_eq(at_par_short_fault(&fault), 0x0b << 1 | 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mmu");
    TCase *tcase = tcase_create("translation");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, maps_pages_and_blocks);
    tcase_add_test(tcase, joins_contiguous_pages);
    tcase_add_test(tcase, ignores_the_top_byte_when_told);
    tcase_add_test(tcase, translates_flat_when_off);
    tcase_add_test(tcase, checks_alignment);
    tcase_add_test(tcase, reports_aborts_of_walks);
    tcase_add_test(tcase, reports_aborts_of_stage2_walks);
    tcase_add_test(tcase, reads_big_endian_tables);
    tcase_add_test(tcase, updates_access_flag_and_dirty_state);
    tcase_add_test(tcase, updates_stage2_descriptors);
    tcase_add_test(tcase, refuses_dirty_tables_that_stage2_protects);
    tcase_add_test(tcase, separates_security_states);
    tcase_add_test(tcase, translates_secure_stage2);
    tcase_add_test(tcase, reaches_52_bit_addresses);
    tcase_add_test(tcase, encodes_fault_status_codes);
    tcase_add_test(tcase, shows_walks_to_an_observer);
    tcase_add_test(tcase, fits_supersections_in_the_short_par);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
