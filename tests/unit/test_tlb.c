/*
 * The TLB: entries stay until a TLBI or capacity removes them, every TLBI form removes what it names and nothing
 * else, and permissions are checked anew at each access. With a bounded fuzz of registers, tables and invalidations.
 */
#include "mmu_fixture.h"
#include "libarmsim/fabric/random.h"
#include "run_suite.h"

#include <stdlib.h>

static struct fixture f;

enum { OLD = 0x41000000, NEW = 0x42000000 };

static void setup(void)
{
    fixture_setup(&f);
}

static void teardown(void)
{
    fixture_teardown(&f);
}

static void tlbi(enum tlbi_op op, uint64_t address)
{
    struct tlbi operation = {.op = op,
                             .regime = f.regime.id,
                             .security = f.regime.security,
                             .address = address,
                             .asid = f.regime.asid[0],
                             .vmid = f.regime.vmid};
    mmu_tlbi(f.mmu, &operation);
}

/* Maps va to OLD, brings it into the TLB, and maps it to NEW behind the TLB's back. */
static void make_stale(uint64_t va, int level, uint64_t bits)
{
    map(&f, va, OLD, level, bits);
    ck_assert_uint_eq(pa_of(&f, reading(1), va), OLD);
    map(&f, va, NEW, level, bits);
}

#define STALE(va) ck_assert_uint_eq(pa_of(&f, reading(1), (va)), OLD)
#define FRESH(va) ck_assert_uint_eq(pa_of(&f, reading(1), (va)), NEW)

START_TEST(entries_go_stale)
{
    make_stale(0x1000, 3, PAGE_RW | NG);
    make_stale(0x2000, 3, PAGE_RW | NG);
    STALE(0x1000);
    tlbi(TLBI_VA, 0x1000);
    FRESH(0x1000);
    STALE(0x2000);
    map(&f, 0x2000, 0, 3, 0); /* unmapped, but still translated */
    STALE(0x2000);
    tlbi(TLBI_VMALL, 0);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x2000), UINT64_MAX);
}
END_TEST

START_TEST(faults_are_not_kept)
{
    struct mmu_result result;
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_TRANSLATION);
    map(&f, 0x1000, OLD, 3, VALID | TABLE_OR_PAGE); /* AF = 0 */
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_ACCESS_FLAG);
    map(&f, 0x1000, OLD, 3, PAGE_RW | AP_RO);
    ck_assert_int_eq(fault_of(&f, writing(1), 0x1000, &result), FAULT_PERMISSION);
    map(&f, 0x1000, OLD, 3, PAGE_RW);
    ck_assert_int_eq(fault_of(&f, writing(1), 0x1000, &result), FAULT_NONE);
}
END_TEST

START_TEST(global_entries_serve_all_asids)
{
    make_stale(0x1000, 3, PAGE_RW);
    make_stale(0x2000, 3, PAGE_RW | NG);
    f.regime.asid[0] = f.regime.asid[1] = 2;
    STALE(0x1000);
    FRESH(0x2000);
    f.regime.asid[0] = f.regime.asid[1] = 1;
    STALE(0x2000);
}
END_TEST

START_TEST(tlbi_asid_keeps_global_entries_and_others)
{
    make_stale(0x1000, 3, PAGE_RW);
    make_stale(0x2000, 3, PAGE_RW | NG);
    f.regime.asid[0] = f.regime.asid[1] = 2;
    map(&f, 0x2000, OLD, 3, PAGE_RW | NG);
    STALE(0x2000);
    map(&f, 0x2000, NEW, 3, PAGE_RW | NG);
    f.regime.asid[0] = f.regime.asid[1] = 1;
    tlbi(TLBI_ASID, 0);
    STALE(0x1000);
    FRESH(0x2000);
    f.regime.asid[0] = f.regime.asid[1] = 2;
    STALE(0x2000);
}
END_TEST

START_TEST(tlbi_va_matches_asid_or_global)
{
    make_stale(0x1000, 3, PAGE_RW);
    make_stale(0x2000, 3, PAGE_RW | NG);
    struct tlbi other = {.op = TLBI_VA, .regime = REGIME_EL10, .asid = 7, .address = 0x2000};
    mmu_tlbi(f.mmu, &other);
    STALE(0x2000);
    other.address = 0x1000;
    mmu_tlbi(f.mmu, &other); /* a global entry goes whatever the ASID */
    FRESH(0x1000);
    other = (struct tlbi){.op = TLBI_VA_ALL_ASID, .regime = REGIME_EL10, .asid = 7, .address = 0x2000};
    mmu_tlbi(f.mmu, &other);
    FRESH(0x2000);
}
END_TEST

START_TEST(tlbi_va_names_any_address_of_a_block)
{
    map(&f, 0x40000000, 0x40000000, 1, BLOCK_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x40000000), 0x40000000);
    make_stale(0x200000, 2, BLOCK_RW | NG);
    make_stale(0xffff000000200000, 2, BLOCK_RW);
    tlbi(TLBI_VA, 0x7ffff000);
    map(&f, 0x40000000, 0x80000000, 1, BLOCK_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x40000000), 0x80000000);
    STALE(0x200000);
    tlbi(TLBI_VA, 0x3ff000);
    FRESH(0x200000);
    STALE(0xffff000000200000);
    tlbi(TLBI_VA, 0xffff0000003ff000);
    FRESH(0xffff000000200000);
}
END_TEST

START_TEST(tlbi_range_removes_what_it_covers)
{
    for (uint64_t i = 0; i < 256; i++)
        make_stale(0x100000 + i * PAGE, 3, PAGE_RW | (i & 1 ? NG : 0));
    struct tlbi range = {.op = TLBI_VA, .regime = REGIME_EL10, .asid = 1, .address = 0x110000, .range = 0x10000};
    mmu_tlbi(f.mmu, &range);
    STALE(0x10f000);
    FRESH(0x110000);
    FRESH(0x11f000);
    STALE(0x120000);
    range.range = 0x80000; /* long: by a scan */
    mmu_tlbi(f.mmu, &range);
    FRESH(0x18f000);
    STALE(0x190000);
    STALE(0x10f000);
}
END_TEST

START_TEST(regimes_and_security_states_are_apart)
{
    make_stale(0x1000, 3, PAGE_RW);
    struct mmu_regime el1 = f.regime;
    f.regime.id = REGIME_EL3;
    f.regime.security = PAS_SECURE;
    f.regime.tcr = 16 | 5 << 16;
    ck_assert_uint_eq(pa_of(&f, reading(3), 0x1000), NEW);
    map(&f, 0x1000, OLD, 3, PAGE_RW);
    tlbi(TLBI_VA, 0x1000);
    ck_assert_uint_eq(pa_of(&f, reading(3), 0x1000), OLD);
    map(&f, 0x1000, NEW, 3, PAGE_RW);
    struct mmu_regime el3 = f.regime;
    f.regime = el1;
    STALE(0x1000);
    f.regime.security = PAS_SECURE;
    FRESH(0x1000);
    f.regime.security = PAS_NON_SECURE;
    tlbi(TLBI_ALL, 0);
    FRESH(0x1000);
    f.regime = el3;
    ck_assert_uint_eq(pa_of(&f, reading(3), 0x1000), OLD);
    tlbi(TLBI_ALL, 0);
    ck_assert_uint_eq(pa_of(&f, reading(3), 0x1000), NEW);
}
END_TEST

START_TEST(el2_regimes_are_apart)
{
    f.regime.id = REGIME_EL20;
    make_stale(0x1000, 3, PAGE_RW | NG);
    f.regime.id = REGIME_EL2;
    f.regime.tcr = 16 | 5 << 16;
    ck_assert_uint_eq(pa_of(&f, reading(2), 0x1000), NEW);
    struct tlbi all = {.op = TLBI_ALL, .regime = REGIME_EL20};
    mmu_tlbi(f.mmu, &all);
    map(&f, 0x1000, OLD, 3, PAGE_RW);
    ck_assert_uint_eq(pa_of(&f, reading(2), 0x1000), NEW);
    all.regime = REGIME_EL2;
    mmu_tlbi(f.mmu, &all);
    ck_assert_uint_eq(pa_of(&f, reading(2), 0x1000), OLD);
}
END_TEST

START_TEST(vmids_are_apart)
{
    enable_stage2(&f);
    map(&f, 0x1000, 0x40c00000, 3, PAGE_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40c00000);
    map(&f, 0x1000, 0x40d00000, 3, PAGE_RW);
    f.regime.vmid = 2;
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40d00000);
    map(&f, 0x1000, 0x40e00000, 3, PAGE_RW);
    tlbi(TLBI_VMALL, 0); /* of VMID 2 */
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40e00000);
    f.regime.vmid = 1;
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40c00000);
    tlbi(TLBI_VMALLS12, 0);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40e00000);
}
END_TEST

START_TEST(stage2_goes_stale_on_its_own)
{
    enable_stage2(&f);
    map(&f, 0x1000, 0x80000000, 3, PAGE_RW);
    map(&f, 0x2000, 0x80000000, 3, PAGE_RW);
    map_s2(&f, 0x80000000, 0x40c00000, 3, PAGE_RW | S2_NORMAL | S2_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40c00000);
    map_s2(&f, 0x80000000, 0x40d00000, 3, PAGE_RW | S2_NORMAL | S2_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x2000), 0x40c00000); /* another VA, the same IPA */
    tlbi(TLBI_IPAS2, 0x80000000);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40c00000); /* made of both stages: it stays */
    tlbi(TLBI_VMALL, 0);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40d00000);
    map_s2(&f, 0x80000000, 0x40e00000, 3, PAGE_RW | S2_NORMAL | S2_RW);
    tlbi(TLBI_VMALL, 0); /* stage 1 only */
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40d00000);
    tlbi(TLBI_VMALLS12, 0);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40e00000);
    map_s2(&f, 0x80000000, 0x40c00000, 3, PAGE_RW | S2_NORMAL | S2_RW);
    struct tlbi range = {.op = TLBI_IPAS2, .regime = REGIME_EL10, .vmid = 1, .address = 0x7fff0000, .range = 0x20000};
    mmu_tlbi(f.mmu, &range);
    tlbi(TLBI_VMALL, 0);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), 0x40c00000);
}
END_TEST

START_TEST(parts_of_a_block_go_with_it)
{
    enable_stage2(&f);
    map(&f, 0x400000, 0x80000000, 2, BLOCK_RW); /* a block at stage 1, pages at stage 2 */
    for (uint64_t i = 0; i < 512; i++)
        map_s2(&f, 0x80000000 + i * PAGE, 0x40c00000, 3, PAGE_RW | S2_NORMAL | S2_RW);
    for (uint64_t i = 0; i < 512; i++)
        ck_assert_uint_eq(pa_of(&f, reading(1), 0x400000 + i * PAGE), 0x40c00000);
    map(&f, 0x400000, 0x40e00000, 2, BLOCK_RW);
    tlbi(TLBI_VA, 0x5ff000);
    for (uint64_t i = 0; i < 512; i++)
        ck_assert_uint_eq(pa_of(&f, reading(1), 0x400000 + i * PAGE), 0x40e00000 + i * PAGE);
}
END_TEST

START_TEST(blocks_break_before_make)
{
    make_stale(0x200000, 2, BLOCK_RW);
    /* A table where the block was: the block's entry goes on answering. */
    uint64_t entry = descriptor_at(&f, TABLES, &f.next_table, 0x200000, 2);
    poke(&f, entry, 0);
    for (uint64_t i = 0; i < 4; i++)
        map(&f, 0x200000 + i * PAGE, NEW, 3, PAGE_RW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x201000), OLD + PAGE);
    tlbi(TLBI_VA, 0x201000);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x201000), NEW);
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x203000), NEW);
}
END_TEST

START_TEST(capacity_removes_the_oldest)
{
    enum { PAGES = 8192 };
    for (uint64_t i = 0; i < PAGES; i++)
        make_stale(0x1000000 + i * PAGE, 3, PAGE_RW | NG);
    unsigned stale = 0;
    for (uint64_t i = 0; i < PAGES; i++)
        stale += pa_of(&f, reading(1), 0x1000000 + (PAGES - 1 - i) * PAGE) == OLD;
    ck_assert_uint_gt(stale, 1024);
    ck_assert_uint_le(stale, 2048);
    /* More ASIDs than contexts: old ones are forgotten, none is confused with another. */
    for (uint64_t i = 0; i < 1000; i++) {
        f.regime.asid[0] = f.regime.asid[1] = (uint16_t)i;
        map(&f, 0x1000, RAM_BASE + i * PAGE, 3, PAGE_RW | NG);
        ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), RAM_BASE + i * PAGE);
    }
    f.regime.asid[0] = f.regime.asid[1] = 997;
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), RAM_BASE + 997 * PAGE);
    f.regime.asid[0] = f.regime.asid[1] = 3;
    ck_assert_uint_eq(pa_of(&f, reading(1), 0x1000), RAM_BASE + 999 * PAGE);
}
END_TEST

START_TEST(permissions_are_checked_at_each_access)
{
    struct mmu_result result;
    struct mmu_access panned = reading(1);
    panned.pan = true;
    map(&f, 0x1000, OLD, 3, PAGE_RW | AP_EL0);
    map(&f, 0x2000, OLD, 3, PAGE_RW);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x1000, &result), FAULT_NONE);
    ck_assert_int_eq(fault_of(&f, reading(1), 0x2000, &result), FAULT_NONE);
    uint64_t walks = mmu_stats(f.mmu)->walks;
    ck_assert_int_eq(fault_of(&f, panned, 0x1000, &result), FAULT_PERMISSION);
    ck_assert_int_eq(fault_of(&f, reading(0), 0x1000, &result), FAULT_NONE);
    ck_assert_int_eq(fault_of(&f, reading(0), 0x2000, &result), FAULT_PERMISSION);
    ck_assert_int_eq(result.fault.level, 3);
    ck_assert_int_eq(fault_of(&f, fetching(1), 0x1000, &result), FAULT_PERMISSION); /* EL0 can write it */
    ck_assert_int_eq(fault_of(&f, fetching(0), 0x1000, &result), FAULT_NONE);
    ck_assert_int_eq(fault_of(&f, fetching(1), 0x2000, &result), FAULT_NONE);
    f.regime.sctlr |= 1 << 19; /* WXN */
    ck_assert_int_eq(fault_of(&f, fetching(1), 0x2000, &result), FAULT_PERMISSION);
    f.regime.sctlr &= ~4ull; /* C */
    ck_assert_int_eq(fault_of(&f, reading(1), 0x2000, &result), FAULT_NONE);
    ck_assert_uint_eq(result.attrs.inner, 0);
    ck_assert_uint_eq(mmu_stats(f.mmu)->walks, walks);
    f.features.e0pd = true;
    f.regime.tcr |= 1ull << 55;
    ck_assert_int_eq(fault_of(&f, reading(0), 0x1000, &result), FAULT_TRANSLATION);
    ck_assert_int_eq(result.fault.level, 0);
}
END_TEST

START_TEST(contents_are_hashed)
{
    uint64_t empty = mmu_hash(f.mmu, 1);
    map(&f, 0x1000, OLD, 3, PAGE_RW);
    pa_of(&f, reading(1), 0x1000);
    uint64_t one = mmu_hash(f.mmu, 1);
    ck_assert_uint_ne(empty, one);
    pa_of(&f, reading(1), 0x1008);
    ck_assert_uint_eq(mmu_hash(f.mmu, 1), one);
    tlbi(TLBI_VA, 0x1000);
    ck_assert_uint_eq(mmu_hash(f.mmu, 1), empty);
}
END_TEST

/* --- fuzz --- */

struct random {
    uint64_t state;
};

static uint64_t next_random(struct random *random)
{
    return splitmix64(&random->state);
}

/* Mostly zeros and likely bits, so that some walks get somewhere. */
static uint64_t random_descriptor(struct random *random)
{
    uint64_t value = RAM_BASE | (next_random(random) & 0xfff000) | (next_random(random) & 0xfff) | VALID;
    if (next_random(random) & 3)
        value |= TABLE_OR_PAGE;
    if (next_random(random) & 3)
        value |= AF;
    if (!(next_random(random) & 3))
        value ^= next_random(random) << 48;
    if (!(next_random(random) & 15))
        value = next_random(random);
    return value;
}

static void fill_tables(struct random *random)
{
    for (uint64_t pa = RAM_BASE; pa < RAM_BASE + 0x100000; pa += 8)
        poke(&f, pa, random_descriptor(random) & ~0xf00000ull);
}

static void random_regime(struct random *random)
{
    uint64_t r = next_random(random);
    f.features.ttst = r & 1;
    f.features.lpa = f.features.lva = (r >> 1 & 7) == 0;
    f.features.lpa2 = f.features.lpa && (r & 16);
    f.features.pa_bits = f.features.lpa ? 52 : (uint8_t[]){32, 36, 40, 48}[r >> 5 & 3];
    f.features.fault_contiguous = r >> 7 & 1;
    f.features.fault_small_txsz = r >> 8 & 1;
    f.features.ignore_contiguous = (r >> 8 & 3) != 0; /* contiguous descriptors at random contradict each other */
    f.features.granule16 = r >> 10 & 1;
    f.regime = (struct mmu_regime){.features = &f.features};
    f.regime.id = (enum regime_id)(r >> 11 & 3);
    f.regime.security = r >> 13 & 1 ? PAS_SECURE : PAS_NON_SECURE;
    f.regime.aarch32 = f.regime.id != REGIME_EL20 && (r >> 14 & 3) == 0;
    f.regime.stage2 = f.regime.id == REGIME_EL10 && (r >> 16 & 1);
    f.regime.sctlr = next_random(random) | 1;
    f.features.hafdbs_af = (r >> 24 & 7) == 0;
    f.features.hafdbs_dirty = f.features.hafdbs_af && (r >> 27 & 1);
    f.regime.tcr = next_random(random) & ~(1ull << 7 | 1ull << 23 | 0x3f003f);
    f.regime.tcr |= (16 + next_random(random) % 34) | (16 + next_random(random) % 34) << 16;
    if (!(r >> 17 & 7))
        f.regime.tcr = next_random(random);
    f.regime.ttbr[0] = RAM_BASE | (next_random(random) & 0xff000);
    f.regime.ttbr[1] = RAM_BASE | (next_random(random) & 0xff000);
    f.regime.mair = next_random(random);
    f.regime.hcr = f.regime.stage2 ? (next_random(random) & ~(1ull << 27)) | 1 : 0;
    f.regime.vtcr = (next_random(random) & ~0x3full) | (16 + next_random(random) % 32);
    f.regime.vstcr = f.regime.vtcr ^ (next_random(random) & 0x60000000);
    f.regime.vttbr = RAM_BASE | (next_random(random) & 0xff000);
    f.regime.vsttbr = RAM_BASE | (next_random(random) & 0xff000);
    f.regime.scr = next_random(random);
    f.regime.dacr = (uint32_t)next_random(random);
    f.regime.stage2_aarch32 = f.regime.aarch32 && f.regime.id == REGIME_EL10 && (r >> 20 & 3) == 0;
}

static struct mmu_access random_access(struct random *random)
{
    uint64_t r = next_random(random);
    struct mmu_access access = {.type = (enum access_type)(r % (ACCESS_DC_ZVA + 1))};
    access.write = access.type == ACCESS_WRITE || access.type == ACCESS_DC_ZVA || (r & 0x100);
    access.read = access.type == ACCESS_READ || (r & 0x200);
    if (access.type == ACCESS_FETCH)
        access.read = access.write = false;
    access.el = f.regime.id == REGIME_EL3    ? 3
                : f.regime.id == REGIME_EL10 ? r >> 10 & 1
                : f.regime.id == REGIME_EL20 ? (r >> 10 & 1) * 2
                                             : 2;
    access.pan = r >> 11 & 1;
    access.at_pan = r >> 12 & 1;
    access.size = (uint8_t)(1u << (r >> 13 & 3));
    access.first_stage_only = access.type == ACCESS_AT && (r >> 15 & 1);
    access.no_update = (r >> 16 & 15) == 0;
    return access;
}

static uint64_t random_va(struct random *random)
{
    static const uint64_t masks[8] = {0xfff,        0xffff,         0x1fffff,   0x3fffffff,
                                      0x7fffffffff, 0xffffffffffff, 0xffffffff, UINT64_MAX};
    uint64_t va = next_random(random) & masks[next_random(random) & 7];
    return next_random(random) & 1 ? va : va | 0xffff000000000000;
}

static void random_tlbi(struct random *random)
{
    uint64_t r = next_random(random);
    struct tlbi operation = {.op = (enum tlbi_op)(r % (TLBI_IPAS2 + 1)),
                             .regime = f.regime.id,
                             .security = f.regime.security,
                             .address = random_va(random)};
    if (r & 0x100)
        operation.range = (r >> 16 & 0xfff) << 12;
    mmu_tlbi(f.mmu, &operation);
}

static void same_result(const struct mmu_result *a, bool a_ok, const struct mmu_result *b, bool b_ok)
{
    ck_assert_int_eq(a_ok, b_ok);
    if (a_ok) {
        ck_assert_uint_eq(a->pa, b->pa);
        ck_assert_int_eq(a->pas, b->pas);
        ck_assert_int_eq(a->attrs.device, b->attrs.device);
        ck_assert_uint_eq(a->attrs.inner, b->attrs.inner);
        ck_assert_uint_eq(a->attrs.shareability, b->attrs.shareability);
        ck_assert_int_eq(a->may_read, b->may_read);
        ck_assert_int_eq(a->may_execute, b->may_execute);
    } else {
        ck_assert_int_eq(a->fault.type, b->fault.type);
        ck_assert_int_eq(a->fault.level, b->fault.level);
        ck_assert_int_eq(a->fault.second_stage, b->fault.second_stage);
        ck_assert_int_eq(a->fault.s2fs1walk, b->fault.s2fs1walk);
        ck_assert_int_eq(a->fault.write, b->fault.write);
        ck_assert_uint_eq(a->fault.ipa, b->fault.ipa);
    }
}

/* One access; where nothing rewrites or contradicts descriptors, a fresh walk must say the same. */
static void random_translation(struct random *random, struct mmu *walker, uint64_t va, unsigned *translated,
                               unsigned *compared)
{
    struct mmu_access access = random_access(random);
    struct mmu_result result, walked;
    uint64_t hits = mmu_stats(f.mmu)->tlb_hits;
    bool ok = mmu_translate(f.mmu, &f.regime, &access, va, &result);
    *translated += ok;
    bool short_format = f.regime.aarch32 && !(f.regime.tcr >> 31 & 1); /* large pages repeat their descriptors */
    if (f.features.hafdbs_af || !f.features.ignore_contiguous || short_format)
        return;
    mmu_reset(walker);
    bool walked_ok = mmu_translate(walker, &f.regime, &access, va, &walked);
    same_result(&result, ok, &walked, walked_ok);
    *compared += mmu_stats(f.mmu)->tlb_hits != hits || ok;
}

static void look_on(void *opaque, int stage, int level, uint64_t descriptor_pa, enum pas pas, uint64_t descriptor)
{
}

/* Registers, tables and accesses at random: nothing crashes, everything ends, and a TLB hit and the quick way through
 * ordinary tables (which nobody may observe) say what the full walk says. */
START_TEST(fuzz)
{
    enum { ROUNDS = 400, ACCESSES = 300 };
    struct random random = {0x5eed};
    unsigned translated = 0, compared = 0;
    struct mmu *walker = mmu_create(f.bus, 1, 64);
    ck_assert_ptr_nonnull(walker);
    mmu_set_walk_observer(walker, look_on, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t va = 0;
        if (round % 40 == 0)
            fill_tables(&random);
        random_regime(&random);
        mmu_reset(f.mmu);
        for (int i = 0; i < ACCESSES; i++) {
            va = next_random(&random) & 3 ? va ^ (next_random(&random) & 0x1fff) : random_va(&random);
            random_translation(&random, walker, va, &translated, &compared);
            if (i % 50 == 49)
                random_tlbi(&random);
        }
    }
    mmu_destroy(walker);
    ck_assert_uint_gt(translated, 5000);
    ck_assert_uint_gt(compared, 2000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tlb");
    TCase *tcase = tcase_create("entries");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, entries_go_stale);
    tcase_add_test(tcase, faults_are_not_kept);
    tcase_add_test(tcase, global_entries_serve_all_asids);
    tcase_add_test(tcase, tlbi_asid_keeps_global_entries_and_others);
    tcase_add_test(tcase, tlbi_va_matches_asid_or_global);
    tcase_add_test(tcase, tlbi_va_names_any_address_of_a_block);
    tcase_add_test(tcase, tlbi_range_removes_what_it_covers);
    tcase_add_test(tcase, regimes_and_security_states_are_apart);
    tcase_add_test(tcase, el2_regimes_are_apart);
    tcase_add_test(tcase, vmids_are_apart);
    tcase_add_test(tcase, stage2_goes_stale_on_its_own);
    tcase_add_test(tcase, parts_of_a_block_go_with_it);
    tcase_add_test(tcase, blocks_break_before_make);
    tcase_add_test(tcase, capacity_removes_the_oldest);
    tcase_add_test(tcase, permissions_are_checked_at_each_access);
    tcase_add_test(tcase, contents_are_hashed);
    tcase_add_test(tcase, fuzz);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
