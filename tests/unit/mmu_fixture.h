/* A little machine for the MMU's tests: some RAM, a page-table builder, and a regime to change. */
#ifndef ARMSIM_TESTS_MMU_FIXTURE_H
#define ARMSIM_TESTS_MMU_FIXTURE_H

#include "mmu/mmu.h"

#include <check.h>
#include <string.h>

#define RAM_BASE  0x40000000ull
#define RAM_SIZE  0x1000000ull
#define TABLES    RAM_BASE /* where tables are allocated from */
#define S2_TABLES (RAM_BASE + 0x800000)

enum { PAGE = 0x1000, BLOCK_2M = 0x200000 };

/* Descriptor bits. */
#define VALID         1ull
#define TABLE_OR_PAGE 2ull
#define AF            (1ull << 10)
#define NG            (1ull << 11)
#define DBM           (1ull << 51)
#define AP_EL0        (1ull << 6)
#define AP_RO         (1ull << 7)
#define NS            (1ull << 5)
#define PXN           (1ull << 53)
#define UXN           (1ull << 54)
#define CONTIGUOUS    (1ull << 52)
#define ATTR(n)       ((uint64_t)(n) << 2)
#define S2_NORMAL     (0xfull << 2)
#define S2_RW         (3ull << 6)
#define S2_RO         (1ull << 6)
#define PAGE_RW       (VALID | TABLE_OR_PAGE | AF)
#define BLOCK_RW      (VALID | AF)

/* MAIR: 0 Normal write-back, 1 Device-nGnRE, 2 Normal non-cacheable. */
#define MAIR 0x4404ffull

struct fixture {
    struct bus *bus;
    struct mmu *mmu;
    struct mmu_features features;
    struct mmu_regime regime;
    uint64_t next_table, next_s2_table;
    bool big_endian;
};

static inline const struct bus_attrs *loader(void)
{
    static const struct bus_attrs attrs = {.pas = PAS_NON_SECURE, .debug = true};
    return &attrs;
}

static inline uint64_t peek(const struct fixture *f, uint64_t pa)
{
    uint64_t value = 0;
    ck_assert_int_eq(bus_read(f->bus, pa, 8, *loader(), &value), BUS_OK);
    return f->big_endian ? __builtin_bswap64(value) : value;
}

static inline void poke(const struct fixture *f, uint64_t pa, uint64_t value)
{
    ck_assert_int_eq(bus_write(f->bus, pa, 8, *loader(), f->big_endian ? __builtin_bswap64(value) : value), BUS_OK);
}

/* The address of the descriptor for `address` at `level` of tables rooted at `root`, 4K granule, from level 0. */
static inline uint64_t descriptor_at(struct fixture *f, uint64_t root, uint64_t *next, uint64_t address, int level)
{
    uint64_t table = root;
    for (int at = 0;; at++) {
        uint64_t entry = table + (address >> (39 - 9 * at) & 0x1ff) * 8;
        if (at == level)
            return entry;
        if (!(peek(f, entry) & VALID)) {
            poke(f, entry, *next | VALID | TABLE_OR_PAGE);
            *next += PAGE;
        }
        table = peek(f, entry) & 0xfffffffff000;
    }
}

/* Stage 1: maps one page or block. Upper-half addresses use TTBR1's tables. Returns the descriptor's address. */
static inline uint64_t map(struct fixture *f, uint64_t va, uint64_t output, int level, uint64_t bits)
{
    uint64_t root = f->regime.ttbr[va >> 55 & 1] & 0xfffffffff000;
    uint64_t entry = descriptor_at(f, root, &f->next_table, va, level);
    poke(f, entry, output | bits);
    return entry;
}

static inline uint64_t map_s2(struct fixture *f, uint64_t ipa, uint64_t pa, int level, uint64_t bits)
{
    uint64_t entry = descriptor_at(f, S2_TABLES, &f->next_s2_table, ipa, level);
    poke(f, entry, pa | bits);
    return entry;
}

/* EL1&0, Non-secure, stage 1 on with 4K granules and 48-bit ranges. */
static inline void fixture_setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->bus = bus_create();
    ck_assert_ptr_nonnull(f->bus);
    ck_assert_int_eq(bus_add_ram(f->bus, "ram", RAM_BASE, RAM_SIZE, PAS_MASK_BOTH, NULL), 0);
    f->mmu = mmu_create(f->bus, 0, 0);
    ck_assert_ptr_nonnull(f->mmu);
    f->features = (struct mmu_features){.pa_bits = 48,
                                        .granule4 = true,
                                        .granule16 = true,
                                        .granule64 = true,
                                        .hafdbs_af = true,
                                        .hafdbs_dirty = true,
                                        .hpd = true,
                                        .pan = true,
                                        .pan2 = true,
                                        .vhe = true,
                                        .xnx = true,
                                        .ttst = true,
                                        .sec_el2 = true,
                                        .asid16 = true,
                                        .vmid16 = true,
                                        .bti = true,
                                        .nv = true,
                                        .s2fwb = true,
                                        .e0pd = true};
    f->next_table = TABLES + 2 * PAGE;
    f->next_s2_table = S2_TABLES + PAGE;
    f->regime = (struct mmu_regime){
        .id = REGIME_EL10, .security = PAS_NON_SECURE, .features = &f->features, .mair = MAIR, .asid = {1, 1}};
    f->regime.sctlr = 1 | 1 << 2 | 1 << 12;
    f->regime.tcr = 16 | 16 << 16 | 2ull << 30 | 5ull << 32;
    f->regime.ttbr[0] = TABLES;
    f->regime.ttbr[1] = TABLES + PAGE;
}

/* Stage 2 from level 0, 48-bit, with an identity map of the RAM at level 2 (writable, executable, write-back). */
static inline void enable_stage2(struct fixture *f)
{
    f->features.pa_bits = 48;
    f->regime.hcr = 1;
    f->regime.stage2 = true;
    f->regime.vmid = 1;
    f->regime.vttbr = S2_TABLES;
    f->regime.vtcr = 16 | 2 << 6 | 5 << 16;
    for (uint64_t ipa = RAM_BASE; ipa < RAM_BASE + RAM_SIZE; ipa += BLOCK_2M)
        map_s2(f, ipa, ipa, 2, BLOCK_RW | S2_NORMAL | S2_RW);
}

static inline void fixture_teardown(struct fixture *f)
{
    mmu_destroy(f->mmu);
    bus_destroy(f->bus);
}

static inline struct mmu_access reading(unsigned el)
{
    return (struct mmu_access){.type = ACCESS_READ, .read = true, .el = (uint8_t)el};
}

static inline struct mmu_access writing(unsigned el)
{
    return (struct mmu_access){.type = ACCESS_WRITE, .write = true, .el = (uint8_t)el};
}

static inline struct mmu_access fetching(unsigned el)
{
    return (struct mmu_access){.type = ACCESS_FETCH, .el = (uint8_t)el};
}

static inline enum fault_type fault_of(struct fixture *f, struct mmu_access access, uint64_t va,
                                       struct mmu_result *result)
{
    return mmu_translate(f->mmu, &f->regime, &access, va, result) ? FAULT_NONE : result->fault.type;
}

/* The output address, or all ones for a fault. */
static inline uint64_t pa_of(struct fixture *f, struct mmu_access access, uint64_t va)
{
    struct mmu_result result;
    return mmu_translate(f->mmu, &f->regime, &access, va, &result) ? result.pa : UINT64_MAX;
}

#endif
