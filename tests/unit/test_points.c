/* Break- and watchpoints of the API, and runs of one PE: where they stop, and that the guest can't tell. */
#include "tests/unit/api_machine.h"

enum {
    INSN_LDP_X2_X3_X1 = 0xa9400c22,   /* LDP X2, X3, [X1] */
    INSN_STR_X0_X1_POST = 0xf8008420, /* STR X0, [X1], #8 */
    INSN_LDRB_W2_X1_7 = 0x39401c22,   /* LDRB W2, [X1, #7] */
    INSN_LDADD_X0_X2_X1 = 0xf8200022, /* LDADD X0, X2, [X1] */
    INSN_DC_ZVA_X1 = 0xd50b7421,      /* DC ZVA, X1 */
    INSN_B_BACK_3 = 0x17fffffd,       /* B .-12 */
    INSN_B_BACK_4 = 0x17fffffc,       /* B .-16 */
};

#define DATA (CODE_BASE + 0x10000)

START_TEST(breakpoints_on_each_instruction)
{
    /* A fused sequence doesn't hide one, nor the page cache from before. */
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_ADD_X0, INSN_B_BACK_3);
    run(machine, 1000);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(armsim_breakpoint_add(machine, CODE_BASE + 4 * i), 0);
    for (unsigned i = 0; i < 100; i++) {
        struct armsim_stop stop = run(machine, ARMSIM_NO_LIMIT);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_BREAKPOINT);
        ck_assert_uint_eq(stop.pc, CODE_BASE + 4 * (i % 4));
        ck_assert_uint_eq(stop.instructions, 1000 + i);
    }
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(armsim_breakpoint_remove(machine, CODE_BASE + 4 * i), 0);
    ck_assert_int_eq(run(machine, 1000).reason, ARMSIM_STOP_LIMIT);
    armsim_destroy(machine);
}
END_TEST

START_TEST(breakpoints_know_the_whole_address)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_B_BACK_2);
    ck_assert_int_eq(armsim_breakpoint_add(machine, CODE_BASE + 0x1000), 0);
    ck_assert_int_eq(armsim_breakpoint_add(machine, CODE_BASE + 0x2004), 0);
    ck_assert_int_eq(run(machine, 100000).reason, ARMSIM_STOP_LIMIT);
    /* Two in one place of two pages: removing one leaves the other. */
    ck_assert_int_eq(armsim_breakpoint_add(machine, CODE_BASE), 0);
    ck_assert_int_eq(armsim_breakpoint_remove(machine, CODE_BASE + 0x1000), 0);
    ck_assert_int_eq(run(machine, 1000).reason, ARMSIM_STOP_BREAKPOINT);
    /* Moved there by the host, with as many instructions executed, it stops again. */
    ck_assert_int_eq(armsim_breakpoint_add(machine, CODE_BASE + 4), 0);
    put(machine, "PC", CODE_BASE + 4);
    struct armsim_stop stop = run(machine, 1000);
    ck_assert_int_eq(stop.reason, ARMSIM_STOP_BREAKPOINT);
    ck_assert_uint_eq(stop.pc, CODE_BASE + 4);
    ck_assert_uint_eq(stop.executed, 0);
    armsim_destroy(machine);
}
END_TEST

static struct armsim_stop expect_watch(struct armsim_machine *machine, uint64_t pc, uint64_t address, uint32_t kinds)
{
    struct armsim_stop stop = run(machine, 100000);
    ck_assert_int_eq(stop.reason, ARMSIM_STOP_WATCHPOINT);
    ck_assert_uint_eq(stop.pc, pc);
    ck_assert_uint_eq(stop.watch_address, address);
    ck_assert_uint_eq(stop.watch_kinds, kinds);
    return stop;
}

START_TEST(watchpoints_stop_before)
{
    struct armsim_machine *machine =
        BARE(INSN_LDP_X2_X3_X1, INSN_STR_X0_X1, INSN_ADD_X0, INSN_LDADD_X0_X2_X1, INSN_B_BACK_4);
    put(machine, "X1", DATA);
    run(machine, 500);
    ck_assert_int_eq(armsim_watchpoint_add(machine, DATA + 8, 8, ARMSIM_WATCH_ACCESS), 0);
    struct armsim_stop first = expect_watch(machine, CODE_BASE, DATA + 8, ARMSIM_WATCH_READ);
    ck_assert_uint_eq(first.watch_size, 8);
    ck_assert_uint_eq(first.watchpoint, DATA + 8);
    struct armsim_stop second = expect_watch(machine, CODE_BASE, DATA + 8, ARMSIM_WATCH_READ);
    ck_assert_uint_eq(second.executed, 5);
    ck_assert_int_eq(armsim_watchpoint_remove(machine, DATA + 8, 8, ARMSIM_WATCH_READ), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(armsim_watchpoint_remove(machine, DATA + 8, 8, ARMSIM_WATCH_ACCESS), 0);
    ck_assert_int_eq(armsim_watchpoint_add(machine, DATA + 7, 1, ARMSIM_WATCH_WRITE), 0);
    uint64_t before = 0, after = 0;
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    expect_watch(machine, CODE_BASE + 4, DATA, ARMSIM_WATCH_WRITE);
    armsim_read_memory(machine, &space, DATA, &before, 8, NULL);
    ck_assert_uint_ne(before, get(machine, "X0")); /* not written yet */
    expect_watch(machine, CODE_BASE + 12, DATA, ARMSIM_WATCH_ACCESS);
    armsim_read_memory(machine, &space, DATA, &after, 8, NULL);
    ck_assert_uint_eq(after + 1, get(machine, "X0"));
    armsim_step(machine, 0, 1, NULL);
    armsim_read_memory(machine, &space, DATA, &after, 8, NULL);
    ck_assert_uint_eq(after, 2 * get(machine, "X0") - 1);
    armsim_destroy(machine);
}
END_TEST

/* A gigabyte of Normal memory at its own address, tags ignored. */
static void mmu_on(struct armsim_machine *machine)
{
    const uint32_t block[] = {0x40000701, 0}; /* AF, Inner Shareable, attribute 0 */
    put_code(machine, CODE_BASE + 0x20000 + 8, block, 2);
    put(machine, "MAIR_EL1", 0xff);
    put(machine, "TTBR0_EL1", CODE_BASE + 0x20000);
    put(machine, "TCR_EL1", 25 | 1ull << 23 | 1ull << 37); /* T0SZ, EPD1, TBI0 */
    put(machine, "SCTLR_EL1", get(machine, "SCTLR_EL1") | 1);
}

START_TEST(watchpoints_in_every_part)
{
    struct armsim_machine *machine = BARE(INSN_STR_X0_X1_POST, INSN_LDRB_W2_X1_7, INSN_DC_ZVA_X1, INSN_B_BACK_3);
    mmu_on(machine);
    put(machine, "X1", DATA - 4);
    /* The second page of an access that crosses; the instruction goes on as if nothing had been. */
    ck_assert_int_eq(armsim_watchpoint_add(machine, DATA, 1, ARMSIM_WATCH_WRITE), 0);
    expect_watch(machine, CODE_BASE, DATA - 4, ARMSIM_WATCH_WRITE);
    ck_assert_uint_eq(get(machine, "X1"), DATA - 4); /* no writeback */
    armsim_step(machine, 0, 1, NULL);
    ck_assert_uint_eq(get(machine, "X1"), DATA + 4);
    ck_assert_int_eq(armsim_watchpoint_remove(machine, DATA, 1, ARMSIM_WATCH_WRITE), 0);
    ck_assert_int_eq(armsim_watchpoint_add(machine, DATA + 11, 1, ARMSIM_WATCH_READ), 0);
    expect_watch(machine, CODE_BASE + 4, DATA + 11, ARMSIM_WATCH_READ);
    ck_assert_int_eq(armsim_watchpoint_remove(machine, DATA + 11, 1, ARMSIM_WATCH_READ), 0);
    ck_assert_int_eq(armsim_watchpoint_add(machine, DATA + 63, 1, ARMSIM_WATCH_WRITE), 0);
    expect_watch(machine, CODE_BASE + 8, DATA, ARMSIM_WATCH_WRITE);
    /* A tag in the address is no way around. */
    put(machine, "PC", CODE_BASE);
    put(machine, "X1", 0xa5ull << 56 | (DATA + 60));
    expect_watch(machine, CODE_BASE, 0xa5ull << 56 | (DATA + 60), ARMSIM_WATCH_WRITE);
    armsim_destroy(machine);
}
END_TEST

START_TEST(watchpoint_arguments)
{
    struct armsim_machine *machine = BARE(INSN_B_SELF);
    ck_assert_int_eq(armsim_watchpoint_add(NULL, 0, 1, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_watchpoint_add(machine, 0, 0, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_watchpoint_add(machine, 0, 1, 0), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_watchpoint_add(machine, 0, 1, 4), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_watchpoint_remove(machine, 0, 1, 1), ARMSIM_ERROR_NOT_FOUND);
    for (unsigned i = 0; i < 256; i++)
        ck_assert_int_eq(armsim_watchpoint_add(machine, UINT64_MAX - i, 8, 1), 0);
    ck_assert_int_eq(armsim_watchpoint_add(machine, 0, 1, 1), ARMSIM_ERROR_FULL);
    ck_assert_int_eq(armsim_run_pe(machine, 1, 1, 1, NULL), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

/* Two PEs that count each other's turns through memory: every cut that moved the schedule would show. */
static struct armsim_machine *racing(void)
{
    struct armsim_options options = bare_options();
    options.smp = 2;
    options.quantum = 50;
    static const uint32_t words[] = {INSN_LDADD_X0_X2_X1, INSN_ADD_X0, INSN_LDP_X2_X3_X1, INSN_STR_X0_X1,
                                     INSN_B_BACK_4};
    struct armsim_machine *machine = bare_with(&options, words, COUNT(words));
    for (uint32_t pe = 0; pe < 2; pe++) {
        armsim_poke(machine, pe, ARMSIM_REG_X0, pe * 1000);
        armsim_poke(machine, pe, ARMSIM_REG_X0 + 1, DATA);
        armsim_set_pe_state(machine, pe, ARMSIM_PE_RUNNING);
    }
    return machine;
}

START_TEST(the_guest_cannot_tell)
{
    enum { TOTAL = 20000 };
    struct armsim_machine *plain = racing(), *cut = racing();
    run(plain, TOTAL);
    armsim_breakpoint_add(cut, CODE_BASE + 4);
    armsim_breakpoint_add(cut, CODE_BASE + 16);
    armsim_watchpoint_add(cut, DATA, 8, ARMSIM_WATCH_WRITE);
    unsigned points = 0;
    while (armsim_instructions(cut) < TOTAL) {
        struct armsim_stop stop = {.size = sizeof(stop)};
        uint64_t left = TOTAL - armsim_instructions(cut);
        if (points % 7 == 3)
            ck_assert_int_eq(armsim_run_pe(cut, points & 1, 1, left, &stop), 0);
        else
            ck_assert_int_eq(armsim_run(cut, left, &stop), 0);
        points++;
    }
    ck_assert_uint_gt(points, TOTAL / 5 * 3);
    ck_assert_uint_eq(armsim_instructions(cut), TOTAL);
    ck_assert_uint_eq(hash(cut), hash(plain));
    armsim_destroy(plain);
    armsim_destroy(cut);
}
END_TEST

START_TEST(one_pe_is_run)
{
    struct armsim_machine *machine = racing();
    struct armsim_stop stop = {.size = sizeof(stop)};
    uint64_t count = 0;
    ck_assert_int_eq(armsim_run_pe(machine, 1, 1, ARMSIM_NO_LIMIT, &stop), 0);
    ck_assert_int_eq(stop.reason, ARMSIM_STOP_LIMIT);
    ck_assert_uint_eq(stop.pe, 1);
    ck_assert_uint_eq(stop.pc, CODE_BASE + 4);
    armsim_pe_instructions(machine, 1, &count);
    ck_assert_uint_eq(count, 1);
    armsim_pe_instructions(machine, 0, &count);
    ck_assert_uint_ge(count, 50);
    ck_assert_int_eq(armsim_run_pe(machine, 0, 1, 10, &stop), 0); /* not its turn */
    ck_assert_uint_eq(stop.executed, 10);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("points");
    TCase *tests = tcase_create("points");
    tcase_add_test(tests, breakpoints_on_each_instruction);
    tcase_add_test(tests, breakpoints_know_the_whole_address);
    tcase_add_test(tests, watchpoints_stop_before);
    tcase_add_test(tests, watchpoints_in_every_part);
    tcase_add_test(tests, watchpoint_arguments);
    tcase_add_test(tests, the_guest_cannot_tell);
    tcase_add_test(tests, one_pe_is_run);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
