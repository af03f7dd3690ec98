/* The interpreter's flow: budgets, steps, self-modifying code, pages, flags, the two ways of every load and store. */
#include "cpu/cpu.h"
#include "cpu/impdef.h"
#include "run_suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { RAM = 0x40000000, RAM_SIZE = 0x100000, CODE = RAM, DATA = RAM + 0x80000, TABLES = RAM + 0xf0000 };

static struct bus *bus;
static struct clock *vclock;
static struct icache *icache;
static struct pe_env env;
static struct pe *pe;

static void no_event(void *machine) {}
static void no_tlbi(void *machine, struct pe *from, const struct tlbi *tlbi) {}
static void no_icache(void *machine, struct pe *from, bool all, uint64_t pa) {}
static bool no_conduit(void *machine, struct pe *p, bool smc, uint16_t imm) { return false; }
static bool no_semihosting(void *machine, struct pe *p) { return false; }

static struct pe *make_pe(unsigned index)
{
    struct pe_config config = {.index = index, .mpidr = 0x80000000u | index, .model = cpu_model_find("v8.2"),
                               .reset_address = CODE};
    ck_assert_ptr_nonnull(config.model);
    config.features = config.model->features;
    struct pe *made = pe_create(&config, &env);
    ck_assert_ptr_nonnull(made);
    pe_reset(made, true);
    return made;
}

static void store_word(uint64_t pa, uint32_t word)
{
    ck_assert_int_eq(bus_write(bus, pa, 4, (struct bus_attrs){.debug = true}, word), BUS_OK);
}

static void load_code(uint64_t pa, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store_word(pa + 4 * i, words[i]);
}
#define CODE_AT(pa, ...)                                                                                               \
    load_code(pa, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Level-1 blocks of 1 GiB, Normal write-back: the flat map that makes data accesses fast. */
static void mmu_on(struct pe *p)
{
    for (int i = 0; i < 4; i++)
        bus_write(bus, TABLES + 8 * i, 8, (struct bus_attrs){.debug = true}, (uint64_t)i << 30 | 0x701);
    SR(p, TTBR0_EL1) = TABLES;
    SR(p, TCR_EL1) = 32 | 1ull << 23; /* T0SZ, EPD1 */
    SR(p, MAIR_EL1) = 0xff;
    SR(p, SCTLR_EL1) |= 1;
    SR(p, CPACR_EL1) = 3u << 20;
    pe_update_context(p);
}

static void setup(void)
{
    bus = bus_create();
    vclock = clock_create();
    icache = icache_create(bus);
    ck_assert(bus && vclock && icache);
    ck_assert_int_eq(bus_add_ram(bus, "ram", RAM, RAM_SIZE, PAS_MASK_BOTH, NULL), 0);
    env = (struct pe_env){.bus = bus, .clock = vclock, .impdef = &impdef_defaults, .icache = icache, .send_event = no_event,
                          .broadcast_tlbi = no_tlbi, .broadcast_icache = no_icache, .conduit = no_conduit,
                          .semihosting = no_semihosting};
    pe = make_pe(0);
    mmu_on(pe);
}

static void teardown(void)
{
    pe_destroy(pe);
    icache_destroy(icache);
    clock_destroy(vclock);
    bus_destroy(bus);
}

/* x0 = 1000; do { x1 += x0; *x2 = x1; x3 ^= x1 } while (--x0); spin */
static void load_loop(void)
{
    CODE_AT(CODE, 0xd2807d00 /* mov x0, #1000 */, 0x8b000021 /* add x1, x1, x0 */, 0xf9000041 /* str x1, [x2] */,
            0xca010063 /* eor x3, x3, x1 */, 0xf1000400 /* subs x0, x0, #1 */, 0x54ffff81 /* b.ne 4 */,
            0x14000000 /* b . */);
    pe->x[2] = DATA;
}

START_TEST(budget_ends_at_a_sample_point)
{
    load_loop();
    ck_assert_int_eq(pe_run(pe, 100), PE_EXIT_BUDGET);
    ck_assert(pe_at_sample_point(pe));
    ck_assert_uint_ge(pe->instructions, 100);
    ck_assert_uint_le(pe->instructions, 105);
    ck_assert_uint_eq(pe->instructions % 5, 1); /* after the branch: 1 + 5n */
}
END_TEST

START_TEST(cut_runs_end_like_one_run)
{
    load_loop();
    while (pe->instructions < 4000)
        pe_run(pe, 4000 - pe->instructions);
    uint64_t whole = pe_hash(pe, 0), end = pe->instructions;
    for (unsigned seed = 1; seed <= 20; seed++) {
        teardown();
        setup();
        load_loop();
        srand(seed);
        while (pe->instructions < end) {
            uint64_t left = end - pe->instructions;
            if (rand() % 2 || left < 60)
                pe_step(pe);
            else
                pe_run(pe, (uint64_t)rand() % 50 + 1);
        }
        ck_assert_uint_eq(pe->instructions, end);
        ck_assert_uint_eq(pe_hash(pe, 0), whole);
    }
}
END_TEST

START_TEST(a_step_is_one_instruction)
{
    load_loop();
    static const uint64_t pcs[] = {4, 8, 12, 16, 20, 4};
    for (unsigned i = 0; i < 6; i++) {
        pe_step(pe);
        ck_assert_uint_eq(pe->pc, CODE + pcs[i]);
        ck_assert_uint_eq(pe->instructions, i + 1);
        ck_assert_int_eq(pe_at_sample_point(pe), i == 5);
    }
}
END_TEST

START_TEST(straight_line_crosses_pages)
{
    for (unsigned i = 0; i < 3000; i++)
        store_word(CODE + 4 * i, 0x91000400); /* add x0, x0, #1 */
    store_word(CODE + 4 * 3000, 0x14000000);
    pe_run(pe, 3005);
    ck_assert_uint_eq(pe->x[0], 3000);
}
END_TEST

START_TEST(branches_cross_pages_and_return)
{
    CODE_AT(CODE, 0x94000800 /* bl +0x2000 */, 0x91000421 /* add x1, x1, #1 */, 0x14000000);
    CODE_AT(CODE + 0x2000, 0x91000400 /* add x0, x0, #1 */, 0xd65f03c0 /* ret */);
    pe_run(pe, 6);
    ck_assert_uint_eq(pe->x[0], 1);
    ck_assert_uint_eq(pe->x[1], 1);
    ck_assert_uint_eq(pe->x[30], CODE + 4);
}
END_TEST

START_TEST(a_return_to_any_address_fetches_it)
{
    static const uint64_t targets[] = {~0ull, 0, 1, ~3ull};
    for (unsigned i = 0; i < 4; i++) {
        pe_reset(pe, true);
        mmu_on(pe);
        SR(pe, VBAR_EL1) = CODE + 0x1000;
        CODE_AT(CODE, 0xd65f03c0 /* ret */);
        store_word(CODE + 0x1200, 0x14000000);
        pe->x[30] = targets[i];
        pe_run(pe, 3);
        ck_assert_uint_eq(pe->pc, CODE + 0x1200);
        ck_assert_uint_eq(SR(pe, ELR_EL1), targets[i]);
        ck_assert_uint_eq(SR(pe, FAR_EL1), targets[i]);
    }
}
END_TEST

START_TEST(code_that_changes_itself_runs_anew)
{
    /* loop: w5 += 1 (patched to += 2 on the first pass); count in x6 */
    CODE_AT(CODE, 0x110004a5 /* add w5, w5, #1 */, 0xb9000047 /* str w7, [x2] */, 0x910004c6 /* add x6, x6, #1 */,
            0xf1000cdf /* cmp x6, #3 */, 0x54ffff81 /* b.ne CODE */, 0x14000000);
    pe->x[2] = CODE;
    pe->x[7] = 0x110008a5; /* add w5, w5, #2 */
    pe_run(pe, 17);
    ck_assert_uint_eq(pe->x[6], 3);
    ck_assert_uint_eq(pe->x[5], 1 + 2 + 2);
}
END_TEST

START_TEST(n_and_z_together)
{
    for (unsigned nzcv = 0; nzcv < 16; nzcv++) {
        pe_reset(pe, true);
        mmu_on(pe);
        pe->x[0] = (uint64_t)nzcv << 28;
        CODE_AT(CODE, 0xd51b4200 /* msr nzcv, x0 */, 0x9a9f17e1 /* cset x1, eq */, 0x9a9f57e2 /* cset x2, mi */,
                0x9a9f37e3 /* cset x3, cs */, 0x9a9f77e4 /* cset x4, vs */, 0xd53b4205 /* mrs x5, nzcv */,
                0xeb1f03ff /* cmp xzr, xzr */, 0x9a9f57e6 /* cset x6, mi */, 0x14000000);
        pe_run(pe, 9);
        ck_assert_uint_eq(pe->x[1], nzcv >> 2 & 1);
        ck_assert_uint_eq(pe->x[2], nzcv >> 3);
        ck_assert_uint_eq(pe->x[3], nzcv >> 1 & 1);
        ck_assert_uint_eq(pe->x[4], nzcv & 1);
        ck_assert_uint_eq(pe->x[5], (uint64_t)nzcv << 28);
        ck_assert_uint_eq(pe->x[6], 0);
    }
}
END_TEST

START_TEST(a_misaligned_sp_faults_when_used)
{
    SR(pe, SCTLR_EL1) |= 8; /* SA */
    SR(pe, VBAR_EL1) = CODE + 0x1000;
    pe_update_context(pe);
    pe->x[1] = DATA + 8;
    pe->x[2] = DATA; /* the first load takes the page into the fast TLB */
    CODE_AT(CODE, 0xf9400043 /* ldr x3, [x2] */, 0x9100003f /* mov sp, x1 */, 0xd503201f, 0xf94003e0 /* ldr x0, [sp] */);
    store_word(CODE + 0x1200, 0x14000000);
    pe_run(pe, 6);
    ck_assert_uint_eq(SR(pe, ESR_EL1) >> 26, 0x26);
    ck_assert_uint_eq(SR(pe, ELR_EL1), CODE + 12);
}
END_TEST

START_TEST(another_pes_store_clears_the_reservation)
{
    struct pe *other = make_pe(1);
    mmu_on(other);
    CODE_AT(CODE, 0xc85f7c41 /* ldxr x1, [x2] */, 0x14000001 /* b +4 */, 0xc8037c44 /* stxr w3, x4, [x2] */, 0x14000000);
    CODE_AT(CODE + 0x100, 0xf9000445 /* str x5, [x2, #8] */, 0x14000000);
    for (int interfere = 0; interfere < 2; interfere++) {
        pe_reset(pe, true);
        mmu_on(pe);
        pe->x[2] = other->x[2] = DATA;
        pe->x[3] = 7;
        other->x[5] = 5;
        other->pc = CODE + 0x100;
        pe_run(other, 1); /* the page is in the other's fast TLB */
        pe_run(pe, 2);
        if (interfere) {
            other->pc = CODE + 0x100;
            pe_run(other, 2);
        }
        pe_run(pe, 2);
        ck_assert_uint_eq(pe->x[3], interfere);
    }
    pe_destroy(other);
}
END_TEST

/* Every single, pair and literal access: through the fast handlers, and through its own function, with the same end. */
static void random_state(struct pe *p, unsigned seed)
{
    srand(seed);
    for (int i = 0; i < 31; i++)
        p->x[i] = (uint64_t)rand() << 32 ^ (uint64_t)rand();
    for (int i = 0; i < 32; i++) {
        p->v[i].d[0] = (uint64_t)rand() << 32 ^ (uint64_t)rand();
        p->v[i].d[1] = (uint64_t)rand() << 32 ^ (uint64_t)rand();
    }
    p->x[2] = DATA + 0x800; /* base */
    p->x[3] = 0x18;         /* offset register */
    p->x[REG_SP] = DATA + 0x400;
    for (uint64_t a = 0; a < 0x1000; a += 8)
        bus_write(bus, DATA + a, 8, (struct bus_attrs){.debug = true}, a * 0x9e3779b97f4a7c15u);
}

static uint64_t run_word(uint32_t word, bool strict, unsigned seed, uint64_t *memory)
{
    pe_reset(pe, true);
    mmu_on(pe);
    random_state(pe, seed);
    CODE_AT(CODE, word, 0x14000000);
    if (strict) {
        pe->strict = true;
        pe->data_context = CONTEXT_NONE;
    } else {
        struct mmu_access access = data_access(pe, true, 1);
        mem_write(pe, DATA + 0x7ff, 1, &access, ""); /* warm the fast TLB */
    }
    bus_write(bus, DATA + 0x7ff, 1, (struct bus_attrs){.debug = true}, 0);
    pe_run(pe, 2);
    *memory = 0;
    for (uint64_t a = 0, value; a < 0x1000; a += 8) {
        bus_read(bus, DATA + a, 8, (struct bus_attrs){.debug = true}, &value);
        *memory = *memory * 31 + value;
    }
    uint64_t sum = pe->pc;
    for (int i = 0; i < 32; i++)
        sum = ((sum * 31 + pe->x[i]) * 31 + pe->v[i].d[0]) * 31 + pe->v[i].d[1];
    return sum;
}

START_TEST(fast_and_slow_accesses_agree)
{
    static const uint32_t bases[] = {
        0x39000000, /* unsigned offset */ 0x38000000, /* unscaled, post, pre (by bits 11:10) */
        0x38206800, /* register offset LSL */ 0x3820c800, /* SXTW */ 0x38204800 /* UXTW */
    };
    unsigned compared = 0;
    for (unsigned b = 0; b < 5; b++) {
        for (unsigned size = 0; size < 4; size++) {
            for (unsigned v = 0; v < 2; v++) {
                for (unsigned opc = 0; opc < 4; opc++) {
                    for (unsigned variant = 0; variant < 4; variant++) {
                        uint32_t word = bases[b] | size << 30 | v << 26 | opc << 22 | 2 << 5 | 7;
                        if (b == 0)
                            word |= variant * 3 << 10;
                        else if (b == 1)
                            word |= (variant & 3) << 10 | 0x1f0 << 12; /* -16 */
                        else
                            word |= 3 << 16 | (variant & 1) << 12;
                        if (b == 1 && variant == 2)
                            continue; /* unprivileged: always its own function */
                        uint64_t fast_memory, slow_memory;
                        uint64_t fast = run_word(word, false, word, &fast_memory);
                        uint64_t slow = run_word(word, true, word, &slow_memory);
                        ck_assert_msg(fast == slow && fast_memory == slow_memory, "%08x", word);
                        compared++;
                    }
                }
            }
        }
    }
    for (unsigned opc = 0; opc < 3; opc++) {
        for (unsigned v = 0; v < 2; v++) {
            for (unsigned index = 0; index < 4; index++) {
                for (unsigned load = 0; load < 2; load++) {
                    uint32_t word = opc << 30 | 0x28000000 | v << 26 | index << 23 | load << 22 | 5 << 15 | 9 << 10 | 2 << 5 | 7;
                    uint64_t fast_memory, slow_memory;
                    uint64_t fast = run_word(word, false, word, &fast_memory);
                    uint64_t slow = run_word(word, true, word, &slow_memory);
                    ck_assert_msg(fast == slow && fast_memory == slow_memory, "%08x", word);
                    compared++;
                }
            }
        }
    }
    ck_assert_uint_gt(compared, 500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interp");
    TCase *tcase = tcase_create("flow");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, budget_ends_at_a_sample_point);
    tcase_add_test(tcase, cut_runs_end_like_one_run);
    tcase_add_test(tcase, a_step_is_one_instruction);
    tcase_add_test(tcase, straight_line_crosses_pages);
    tcase_add_test(tcase, branches_cross_pages_and_return);
    tcase_add_test(tcase, a_return_to_any_address_fetches_it);
    tcase_add_test(tcase, code_that_changes_itself_runs_anew);
    tcase_add_test(tcase, n_and_z_together);
    tcase_add_test(tcase, a_misaligned_sp_faults_when_used);
    tcase_add_test(tcase, another_pes_store_clears_the_reservation);
    tcase_add_test(tcase, fast_and_slow_accesses_agree);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
