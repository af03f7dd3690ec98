/*
 * Every row of traps.def, both ways: each register and system instruction that names a control is accessed from every
 * EL and state in which the control counts, once with the control (and all others) permissive, once with it set.
 */
#include "pe_fixture.h"

#include "cpu/syndrome.h"
#include "cpu/sysreg_access.h"
#include "cpu/traps.h"
#include "run_suite.h"

#include <stdio.h>
#include <stdlib.h>

static struct pe_fixture fixture;
static struct pe *pe;
static uint64_t template[SR_COUNT];
static bool row_tested[TRAP_ROW_COUNT];

struct state {
    unsigned el;
    bool ns, el2, e2h, tge;
};

static struct state state_of(unsigned index)
{
    return (struct state){index >> 4, index >> 3 & 1, index >> 2 & 1, index >> 1 & 1, index & 1};
}

/* States that this PE can be in: EL2 is enabled in Non-secure state, and there alone; TGE excludes EL1. */
static bool reachable(struct state s)
{
    if (s.el2 != s.ns || (!s.el2 && (s.e2h || s.tge)))
        return false;
    return s.el == 3 || (!(s.el == 2 && !s.ns) && !(s.el == 1 && s.tge));
}

static void set_field(const struct trap_test *test, bool fires)
{
    bool equal = fires != test->differs;
    uint64_t value = equal ? test->value : ~test->value & test->mask;
    pe->sr[test->sysreg] = (pe->sr[test->sysreg] & ~test->mask) | value;
}

static void permit_all(void)
{
    for (unsigned i = 0; i < TRAP_ROW_COUNT; i++) {
        if (trap_rows[i].test_count) /* one condition that fails is enough */
            set_field(&trap_rows[i].tests[0], false);
    }
}

static void enter(struct state s)
{
    uint64_t hcr = SR(pe, HCR_EL2) & ~(HCR_EL2_E2H | HCR_EL2_TGE);
    SR(pe, HCR_EL2) = hcr | (s.e2h ? HCR_EL2_E2H : 0) | (s.tge ? HCR_EL2_TGE : 0);
    SR(pe, SCR_EL3) = (SR(pe, SCR_EL3) & ~SCR_EL3_NS) | (s.ns ? SCR_EL3_NS : 0);
    fixture_enter(&fixture, s.el);
    ck_assert_uint_eq(trap_state(pe), s.el << 4 | (unsigned)s.ns << 3 | (unsigned)s.el2 << 2 | (unsigned)s.e2h << 1 | s.tge);
}

/* Aborts of maintenance instructions' addresses are not traps. */
static bool trapped(void)
{
    unsigned class = (unsigned)(fixture.last.esr >> 26);
    return fixture.traps && class != EC_DATA_ABORT && class != EC_DATA_ABORT_SAME_EL;
}

static void restore(void)
{
    memcpy(pe->sr, template, sizeof template);
    pe->x[5] = FIXTURE_RAM;
}

static const struct trap_row *first_firing(const uint16_t *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (trap_row_fires(pe, &trap_rows[rows[i]], trap_state(pe)))
            return &trap_rows[rows[i]];
    }
    return NULL;
}

static void check_one(const struct sysreg_row *row, bool read, const uint16_t *rows, unsigned count, unsigned which,
                      struct state state)
{
    const struct trap_row *trap = &trap_rows[rows[which]];
    uint32_t word = system_word(row->key, read);
    bool always = trap->test_count == 0;
    restore();
    permit_all();
    enter(state);
    if (!always && !first_firing(rows, count)) {
        exec_system(pe, word);
        ck_assert_msg(!trapped(), "%s %s at EL%u: %s though all controls permit", read ? "MRS" : "MSR", row->name,
                      state.el, fixture.last.why);
    }
    restore();
    permit_all();
    for (unsigned i = 0; i < trap->test_count; i++)
        set_field(&trap->tests[i], true);
    enter(state);
    const struct trap_row *expected = first_firing(rows, count);
    ck_assert_ptr_nonnull(expected);
    unsigned target = expected->target == 1 && state.tge ? 2 : expected->target;
    uint32_t esr = expected->class == TRAP_FP ? syndrome_fp() : syndrome_sysreg(row->key, word & 31, read);
    exec_system(pe, word);
    ck_assert_msg(fixture.traps == 1, "%s of %s at EL%u: no trap by %s", read ? "read" : "write", row->name, state.el,
                  trap->name);
    ck_assert_str_eq(fixture.last.why, expected->name);
    ck_assert_uint_eq(fixture.last.to_el, target);
    ck_assert_uint_eq(fixture.last.esr, esr);
    ck_assert_uint_eq(fixture.last.elr, FIXTURE_RAM);
    ck_assert_uint_eq(pe->pstate.el, target);
    if (expected == trap)
        row_tested[rows[which]] = true;
}

static bool allowed(const struct sysreg_row *row, bool read, struct state s)
{
    if (!((read ? row->read_els : row->write_els) >> s.el & 1))
        return false;
    if ((row->conditions & SYSREG_VHE) && !s.e2h)
        return false;
    if ((row->conditions & SYSREG_NEEDS_EL2) && !s.el2)
        return false;
    if ((row->conditions & SYSREG_SECURE_EL1) && s.el == 1 && s.ns)
        return false;
    if ((row->conditions & SYSREG_HIGHEST) && s.el != 3)
        return false;
    if ((row->conditions & SYSREG_HIGHEST_WRITES) && !read && s.el != 3)
        return false;
    if ((row->conditions & SYSREG_NON_SECURE_EL3) && s.el == 3 && !s.ns)
        return false;
    return !((row->conditions & SYSREG_LOR) && !s.ns);
}

static void check_direction(const struct sysreg_row *row, bool read)
{
    const uint16_t *rows = read ? row->read_traps : row->write_traps;
    unsigned count = read ? row->read_trap_count : row->write_trap_count;
    for (unsigned i = 0; i < count; i++) {
        for (unsigned index = 0; index < 64; index++) {
            struct state state = state_of(index);
            if ((trap_rows[rows[i]].states >> index & 1) && reachable(state) && allowed(row, read, state))
                check_one(row, read, rows, count, i, state);
        }
    }
}

static void check_registers(void)
{
    for (size_t i = 0; i < sysreg_row_count; i++) {
        const struct sysreg_row *row = &sysreg_rows[i];
        if (!sysreg_exists(pe, row))
            continue;
        check_direction(row, true);
        check_direction(row, false);
    }
}

START_TEST(every_register_traps_as_its_rows_say)
{
    check_registers();
}
END_TEST

/* One instruction under each control of its list. */
static void check_list(enum trap_list list, uint32_t word, system_fn *execute, uint32_t esr)
{
    const struct trap_list_rows *rows = &trap_lists[list];
    for (size_t i = 0; i < rows->count; i++) {
        const struct trap_row *trap = &trap_rows[rows->rows[i]];
        for (unsigned index = 0; index < 64; index++) {
            struct state state = state_of(index);
            if (!(trap->states >> index & 1) || !reachable(state) || (list == TRAPS_hvc && !state.el2 && state.el < 3))
                continue;
            restore();
            permit_all();
            for (unsigned j = 0; j < trap->test_count; j++)
                set_field(&trap->tests[j], true);
            enter(state);
            const struct trap_row *expected = trap_find_list(pe, list);
            execute(pe, word);
            ck_assert_msg(fixture.traps == 1, "%08x at EL%u: no trap by %s", word, state.el, trap->name);
            ck_assert_str_eq(fixture.last.why, expected->name);
            unsigned target = expected->target == 1 && state.tge ? 2 : expected->target;
            if (expected->target == TRAP_UNDEFINED)
                target = state.el > 1 ? state.el : state.tge ? 2 : 1;
            ck_assert_uint_eq(fixture.last.to_el, target);
            ck_assert_uint_eq(fixture.last.esr, expected->target == TRAP_UNDEFINED ? syndrome_unknown() : esr);
            row_tested[rows->rows[i]] = true;
        }
    }
}

static void check_instructions(void)
{
    enum { WFE = 0xd503205f, WFI = 0xd503207f, SMC = 0xd4000003, HVC = 0xd4000002, DAIFSET = 0xd50342df };
    check_list(TRAPS_wfe, WFE, exec_system, syndrome_wfx(1));
    check_list(TRAPS_wfi, WFI, exec_system, syndrome_wfx(0));
    check_list(TRAPS_smc, SMC, exec_smc, syndrome_smc(0));
    check_list(TRAPS_hvc, HVC, exec_hvc, syndrome_hvc(0));
    check_list(TRAPS_daif, DAIFSET, exec_system, syndrome_sysreg(DAIFSET >> 5 & 0xffff, 31, false));
}

START_TEST(instructions_trap_as_their_rows_say)
{
    check_instructions();
}
END_TEST

/* fp_access_check(): EL1's trap that TGE sends to EL2 is reported there without a syndrome. */
static void check_fp(void)
{
    const struct trap_list_rows *rows = &trap_lists[TRAPS_fp];
    for (size_t i = 0; i < rows->count; i++) {
        const struct trap_row *trap = &trap_rows[rows->rows[i]];
        for (unsigned index = 0; index < 64; index++) {
            struct state state = state_of(index);
            if (!(trap->states >> index & 1) || !reachable(state))
                continue;
            restore();
            permit_all();
            for (unsigned j = 0; j < trap->test_count; j++)
                set_field(&trap->tests[j], true);
            enter(state);
            ck_assert(!pe->fp_enabled);
            const struct trap_row *expected = trap_find_list(pe, TRAPS_fp);
            bool rerouted = expected->target == 1 && state.tge;
            ck_assert(!fp_access_check(pe));
            ck_assert_str_eq(fixture.last.why, expected->name);
            ck_assert_uint_eq(fixture.last.to_el, rerouted ? 2 : expected->target);
            ck_assert_uint_eq(fixture.last.esr, rerouted ? syndrome_unknown() : syndrome_fp());
            row_tested[rows->rows[i]] = true;
        }
    }
}

START_TEST(floating_point_traps_as_its_rows_say)
{
    check_fp();
}
END_TEST

START_TEST(no_instruction_traps_when_permitted)
{
    static const uint32_t words[] = {0xd503205f, 0xd503207f, 0xd503201f, 0xd50342df, 0xd5033fdf};
    for (unsigned index = 0; index < 64; index++) {
        struct state state = state_of(index);
        if (!reachable(state) || (state.el == 0 && state.e2h && state.tge))
            continue;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            restore();
            permit_all();
            enter(state);
            exec_system(pe, words[i]);
            ck_assert_msg(fixture.traps == 0, "%08x at EL%u: %s", words[i], state.el, fixture.last.why);
        }
        ck_assert(pe->fp_enabled);
        ck_assert(fp_access_check(pe));
    }
}
END_TEST

/* Rows that no register or instruction of this build can reach. */
static bool unreachable(const struct trap_row *row)
{
    static const char *const names[] = {
        "HCR_EL2.TID4", "HCR_EL2.NV", "HCR_EL2.NV1", "HCR_EL2.APK", "SCR_EL3.APK", "HCR_EL2.API", "SCR_EL3.API",
        "SCTLR_EL1.TSCXT", "SCTLR_EL2.TSCXT", "HCR_EL2.EnSCXT", "SCR_EL3.EnSCXT", "HCR_EL2.TOCU", "HCR_EL2.TICAB",
        "HCR_EL2.TTLBIS", "HCR_EL2.TTLBOS", "HCR_EL2.AT", "SCTLR_EL1.EnRCTX", "SCTLR_EL2.EnRCTX", "MDCR_EL2.TTRF",
        "MDCR_EL3.TTRF", "HCR_EL2.HCD", "HCR_EL2.TIDCP"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(row->name, names[i]))
            return true;
    }
    return false;
}

START_TEST(all_rows_were_tested)
{
    check_registers();
    check_instructions();
    check_fp();
    for (unsigned i = 0; i < TRAP_ROW_COUNT; i++)
        ck_assert_msg(row_tested[i] || unreachable(&trap_rows[i]), "no test reaches %s", trap_rows[i].name);
}
END_TEST

/* The row that a control register is written by. */
static const struct sysreg_row *row_of_storage(uint16_t storage)
{
    if (storage == SR_ICC_SRE_EL1_S) /* the other instance of one register */
        storage = SR_ICC_SRE_EL1;
    for (size_t i = 0; i < sysreg_row_count; i++)
        if (sysreg_rows[i].storage == storage && sysreg_rows[i].key == sysreg_rows[i].identity)
            return &sysreg_rows[i];
    ck_abort_msg("storage %u is no row's", storage);
    return NULL;
}

/* What was found out about accesses counts no longer once a control that decides them is written, by the guest or host. */
START_TEST(controls_are_looked_at_again)
{
    for (unsigned i = 0; i < TRAP_ROW_COUNT; i++) {
        for (unsigned k = 0; k < trap_rows[i].test_count; k++) {
            const struct sysreg_row *row = row_of_storage(trap_rows[i].tests[k].sysreg);
            uint32_t generation = pe->ruling_generation;
            ck_assert_int_eq(sysreg_write(pe, row, 0), SYSREG_DONE);
            ck_assert_msg(pe->ruling_generation != generation, "%s written", row->name);
            generation = pe->ruling_generation;
            ck_assert(sysreg_poke(pe, row, 0));
            ck_assert_msg(pe->ruling_generation != generation, "%s poked", row->name);
        }
    }
}
END_TEST

/* The generations come round without an old ruling being taken for a new one. */
START_TEST(rulings_are_never_old)
{
    const struct sysreg_row *row = sysreg_lookup(SYSREG_KEY(3, 0, 0, 4, 0)); /* ID_AA64PFR0_EL1 */
    unsigned index = (unsigned)(row - sysreg_rows);
    fixture_enter(&fixture, 1);
    for (unsigned i = 0; i < 3 << 16; i++) {
        if (i % 0xffff == 0)
            ck_assert_uint_lt(sysreg_rule(pe, index, true), RULING_TRAPPED);
        sysreg_forget_rulings(pe);
        ck_assert_uint_ge(sysreg_known_ruling(pe, index, true), RULING_LIMIT);
    }
}
END_TEST

static void setup(void)
{
    fixture_create(&fixture, "v8.2", true, true);
    pe = fixture.pe;
    memcpy(template, pe->sr, sizeof template);
}

static void teardown(void) { fixture_destroy(&fixture); }

int main(void)
{
    Suite *suite = suite_create("traps");
    TCase *tests = tcase_create("traps");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_register_traps_as_its_rows_say);
    tcase_add_test(tests, instructions_trap_as_their_rows_say);
    tcase_add_test(tests, floating_point_traps_as_its_rows_say);
    tcase_add_test(tests, no_instruction_traps_when_permitted);
    tcase_add_test(tests, all_rows_were_tested);
    tcase_add_test(tests, controls_are_looked_at_again);
    tcase_add_test(tests, rulings_are_never_old);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
