/* Coverage: what is counted, and that counting changes nothing. */
#include "api_machine.h"

#include <string.h>

static struct armsim_coverage find(struct armsim_machine *machine, enum armsim_coverage_kind kind, const char *name,
                                   uint16_t offset)
{
    struct armsim_coverage item = {.size = sizeof(item)};
    for (size_t i = 0; armsim_coverage_at(machine, kind, i, &item) == 0; i++)
        if (strcmp(item.name, name) == 0 && item.offset == offset)
            return item;
    ck_abort_msg("nothing is called %s", name);
}

enum { MRS_X0_TPIDR_EL1 = 0xd538d080, MSR_TPIDR_EL1_X0 = 0xd518d080, MRS_X0_TTBR0_EL1 = 0xd5382000 };

static struct armsim_machine *program(void)
{
    struct armsim_machine *machine =
        BARE(MRS_X0_TPIDR_EL1, MSR_TPIDR_EL1_X0, MRS_X0_TTBR0_EL1, INSN_ADD_X0, INSN_SVC, INSN_B_SELF);
    put(machine, "SP", CODE_BASE + RAM_BYTES);
    return machine;
}

START_TEST(counts)
{
    struct armsim_machine *machine = program();
    ck_assert_int_eq(run(machine, 3).reason, ARMSIM_STOP_LIMIT); /* decoded before, and counted all the same */
    put(machine, "PC", CODE_BASE);
    ck_assert_int_eq(armsim_coverage_enable(machine, true), 0);
    run(machine, 6);
    struct armsim_coverage tpidr = find(machine, ARMSIM_COVERAGE_REGISTER, "TPIDR_EL1", 0);
    ck_assert(tpidr.possible);
    ck_assert_uint_eq(tpidr.count, 1);
    ck_assert_uint_eq(tpidr.writes, 1);
    ck_assert_uint_eq(find(machine, ARMSIM_COVERAGE_REGISTER, "TTBR0_EL1", 0).count, 1);
    ck_assert_uint_eq(find(machine, ARMSIM_COVERAGE_REGISTER, "TTBR0_EL1", 0).writes, 0);
    ck_assert_uint_eq(find(machine, ARMSIM_COVERAGE_ENCODING, "ADD_64_addsub_imm", 0).count, 1);
    ck_assert_uint_eq(find(machine, ARMSIM_COVERAGE_ENCODING, "ADD_32_addsub_imm", 0).count, 0);
    ck_assert_uint_ge(find(machine, ARMSIM_COVERAGE_VECTOR, "VBAR_EL1", 0x200).count, 1);
    ck_assert(!find(machine, ARMSIM_COVERAGE_VECTOR, "VBAR_EL2", 0x200).possible);
    ck_assert(!find(machine, ARMSIM_COVERAGE_TRAP, "HCR_EL2.TVM", 0).possible);
    ck_assert_int_eq(armsim_coverage_enable(machine, true), 0); /* from zero */
    ck_assert_uint_eq(find(machine, ARMSIM_COVERAGE_REGISTER, "TPIDR_EL1", 0).count, 0);
    armsim_destroy(machine);
}
END_TEST

START_TEST(changes_nothing)
{
    uint64_t hashes[2];
    for (int on = 0; on < 2; on++) {
        struct armsim_machine *machine = program();
        ck_assert_int_eq(armsim_coverage_enable(machine, on), 0);
        run(machine, 1000);
        hashes[on] = hash(machine);
        ck_assert_int_eq(armsim_coverage_enable(machine, false), 0);
        run(machine, 1000);
        armsim_destroy(machine);
    }
    ck_assert_uint_eq(hashes[0], hashes[1]);
}
END_TEST

START_TEST(bad_arguments)
{
    struct armsim_machine *machine = program();
    struct armsim_coverage item = {.size = sizeof(item)};
    ck_assert_int_eq(armsim_coverage_enable(NULL, true), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_coverage_at(NULL, ARMSIM_COVERAGE_TRAP, 0, &item), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_coverage_at(machine, (enum armsim_coverage_kind)4, 0, &item), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_coverage_at(machine, ARMSIM_COVERAGE_TRAP, 0, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_coverage_at(machine, ARMSIM_COVERAGE_TRAP, SIZE_MAX, &item), ARMSIM_ERROR_NOT_FOUND);
    item.size = 1;
    ck_assert_int_eq(armsim_coverage_at(machine, ARMSIM_COVERAGE_TRAP, 0, &item), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api_coverage");
    TCase *tests = tcase_create("coverage");
    tcase_add_test(tests, counts);
    tcase_add_test(tests, changes_nothing);
    tcase_add_test(tests, bad_arguments);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
