/* Creating machines: defaults, every option out of range, lists, errors with text. */
#include "api_machine.h"

#include <stdio.h>
#include <string.h>

START_TEST(version_is_the_headers)
{
    char text[32];
    snprintf(text, sizeof(text), "%d.%d.%d", ARMSIM_VERSION_MAJOR, ARMSIM_VERSION_MINOR, ARMSIM_VERSION_PATCH);
    ck_assert_str_eq(armsim_version(), text);
}
END_TEST

START_TEST(every_error_has_a_name)
{
    for (int error = 0; error >= ARMSIM_ERROR_INTERNAL; error--)
        ck_assert_str_ne(armsim_strerror(error), "unknown error");
    ck_assert_str_eq(armsim_strerror(1), "unknown error");
    ck_assert_str_eq(armsim_strerror(ARMSIM_ERROR_INTERNAL - 1), "unknown error");
    ck_assert_str_eq(armsim_strerror(INT32_MIN), "unknown error");
    for (int reason = 0; reason <= ARMSIM_STOP_HOOK; reason++)
        ck_assert_str_ne(armsim_stop_name((enum armsim_stop_reason)reason), "unknown");
    ck_assert_str_eq(armsim_stop_name((enum armsim_stop_reason)99), "unknown");
}
END_TEST

START_TEST(options_need_a_possible_size)
{
    struct armsim_options options;
    ck_assert_int_eq(armsim_options_init(NULL, sizeof(options)), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_options_init(&options, 8), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    ck_assert_uint_eq(options.size, sizeof(options));
    struct armsim_machine *machine;
    options.size = 4;
    ck_assert_int_eq(armsim_create(&options, &machine), ARMSIM_ERROR_ARGUMENT);
    ck_assert_str_ne(armsim_last_error(machine), "");
    armsim_destroy(machine);
    ck_assert_int_eq(armsim_create(NULL, &machine), ARMSIM_ERROR_ARGUMENT);
    ck_assert_ptr_null(machine);
    ck_assert_int_eq(armsim_create(&options, NULL), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(NULL);
    ck_assert_str_eq(armsim_last_error(NULL), "");
}
END_TEST

/* Changes one option to something impossible; the error's text must name it. */
static void refuse(const char *name, void (*change)(struct armsim_options *options))
{
    struct armsim_options options = bare_options();
    change(&options);
    struct armsim_machine *machine = NULL;
    int error = armsim_create(&options, &machine);
    ck_assert_msg(error == ARMSIM_ERROR_OPTION, "%s: %d %s", name, error, armsim_last_error(machine));
    ck_assert_msg(strstr(armsim_last_error(machine), name), "%s: %s", name, armsim_last_error(machine));
    ck_assert_ptr_null(strchr(armsim_last_error(machine), '\n'));
    /* Nothing but last_error and destroy works on it. */
    struct armsim_stop stop = {.size = sizeof(stop)};
    ck_assert_int_eq(armsim_run(machine, 1, &stop), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}

#define CHANGE(name, statement)                                                                                        \
    static void change_##name(struct armsim_options *options)                                                          \
    {                                                                                                                  \
        statement;                                                                                                     \
    }

CHANGE(board, options->board = "raspberry")
CHANGE(board_null, options->board = NULL)
CHANGE(cpu, options->cpu = "cortex-m0")
CHANGE(cpu_null, options->cpu = NULL)
CHANGE(cpu_empty, options->cpu = "")
CHANGE(feature, options->cpu = "cortex-a76,flux=on")
CHANGE(feature_value, options->cpu = "cortex-a76,lse=maybe")
CHANGE(feature_syntax, options->cpu = "cortex-a76,lse")
CHANGE(feature_end, options->cpu = "cortex-a76,")
CHANGE(smp_0, options->smp = 0)
CHANGE(smp_65, options->smp = 65)
CHANGE(smp_v2, options->board = "virt"; options->smp = 9)
CHANGE(gic, options->gic_version = 4)
CHANGE(ram_size, options->ram_size = 4097)
CHANGE(ram_none, options->board = "virt"; options->ram_size = 0)
CHANGE(reset, options->reset_address = 2)
CHANGE(frequency, options->frequency = 0)
CHANGE(counter, options->counter_frequency = 5)
CHANGE(quantum, options->quantum = 0)
CHANGE(conduit, options->conduit = (enum armsim_conduit)9)
CHANGE(ring, options->trap_ring = UINT32_MAX)
CHANGE(mask, options->log_mask = 0x8000)
CHANGE(secure, options->secure = options->secure_only = true)
CHANGE(initrd, options->initrd.data = "x"; options->initrd.size = 1)

START_TEST(impossible_options_are_named)
{
    refuse("board", change_board);
    refuse("board", change_board_null);
    refuse("cortex-m0", change_cpu);
    refuse("cpu", change_cpu_null);
    refuse("cpu", change_cpu_empty);
    refuse("flux", change_feature);
    refuse("maybe", change_feature_value);
    refuse("lse", change_feature_syntax);
    refuse("cpu", change_feature_end);
    refuse("smp", change_smp_0);
    refuse("smp", change_smp_65);
    refuse("smp", change_smp_v2);
    refuse("gic_version", change_gic);
    refuse("ram_size", change_ram_size);
    refuse("ram_size", change_ram_none);
    refuse("reset_address", change_reset);
    refuse("frequency", change_frequency);
    refuse("counter_frequency", change_counter);
    refuse("quantum", change_quantum);
    refuse("conduit", change_conduit);
    refuse("trap_ring", change_ring);
    refuse("log_mask", change_mask);
    refuse("secure_only", change_secure);
    refuse("initrd", change_initrd);
}
END_TEST

START_TEST(what_is_not_built_is_named)
{
    struct armsim_options options = bare_options();
    struct armsim_machine *machine;
    options.split_icache = true;
    ck_assert_int_eq(armsim_create(&options, &machine), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert(strstr(armsim_last_error(machine), "split_icache"));
    armsim_destroy(machine);
}
END_TEST

START_TEST(lists_end)
{
    size_t count;
    for (count = 0; armsim_board_at(count); count++)
        ;
    ck_assert_uint_eq(count, 2);
    for (count = 0; armsim_cpu_model_at(count); count++)
        ck_assert_str_ne(armsim_cpu_model_at(count), "");
    ck_assert_uint_ge(count, 5);
    for (count = 0; armsim_feature_at(count); count++)
        ck_assert_str_ne(armsim_feature_at(count), "");
    ck_assert_uint_ge(count, 20);
    struct armsim_impdef_info info;
    for (count = 0; armsim_impdef_at(count, &info) == 0; count++) {
        ck_assert_uint_ge(info.value_count, 1);
        ck_assert_str_ne(info.description, "");
    }
    ck_assert_uint_ge(count, 5);
    ck_assert_int_eq(armsim_impdef_at(count, &info), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(armsim_impdef_at(0, NULL), ARMSIM_ERROR_ARGUMENT);
}
END_TEST

START_TEST(every_model_can_be_made)
{
    for (size_t i = 0; armsim_cpu_model_at(i); i++) {
        struct armsim_options options = bare_options();
        options.cpu = armsim_cpu_model_at(i);
        struct armsim_machine *machine = create(&options);
        ck_assert_uint_eq(armsim_pe_count(machine), 1);
        armsim_destroy(machine);
    }
    ck_assert_uint_eq(armsim_pe_count(NULL), 0);
}
END_TEST

START_TEST(features_are_switched)
{
    struct armsim_options options = bare_options();
    struct armsim_machine *machine = create(&options);
    ck_assert_int_eq(armsim_has_feature(machine, 0, "lse"), 1);
    ck_assert_int_eq(armsim_has_feature(machine, 0, "FEAT_LSE"), 1);
    ck_assert_int_eq(armsim_has_feature(machine, 0, "nothing"), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(armsim_has_feature(machine, 1, "lse"), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_has_feature(machine, 0, NULL), ARMSIM_ERROR_ARGUMENT);
    uint64_t with = get(machine, "ID_AA64ISAR0_EL1");
    armsim_destroy(machine);
    options.cpu = "a76,lse=off"; /* for short */
    machine = create(&options);
    ck_assert_int_eq(armsim_has_feature(machine, 0, "lse"), 0);
    ck_assert_uint_eq(get(machine, "ID_AA64ISAR0_EL1"), with & ~(15ull << 20));
    armsim_destroy(machine);
    options.cpu = "cortex-a76,fp=off";
    machine = create(&options);
    ck_assert_int_eq(armsim_has_feature(machine, 0, "advsimd"), 0);
    ck_assert_uint_eq(get(machine, "ID_AA64PFR0_EL1") >> 16 & 0xff, 0xff);
    armsim_destroy(machine);
}
END_TEST

START_TEST(impdefs_are_chosen)
{
    struct armsim_impdef_info info;
    size_t index = 0;
    while (armsim_impdef_at(index, &info) == 0 && info.value_count < 2)
        index++;
    const char *other = strcmp(info.values[0], info.default_value) ? info.values[0] : info.values[1];
    struct armsim_impdef choice = {info.name, other};
    struct armsim_options options = bare_options();
    options.impdefs = &choice;
    options.impdef_count = 1;
    struct armsim_machine *machine = create(&options);
    ck_assert_str_eq(armsim_impdef_value(machine, info.name), other);
    ck_assert_ptr_null(armsim_impdef_value(machine, "NO_SUCH_CHOICE"));
    ck_assert_ptr_null(armsim_impdef_value(NULL, info.name));
    armsim_destroy(machine);
    choice.value = "purple";
    ck_assert_int_eq(armsim_create(&options, &machine), ARMSIM_ERROR_OPTION);
    ck_assert_msg(strstr(armsim_last_error(machine), other), "%s", armsim_last_error(machine));
    armsim_destroy(machine);
    choice.name = "NO_SUCH_CHOICE";
    ck_assert_int_eq(armsim_create(&options, &machine), ARMSIM_ERROR_OPTION);
    ck_assert_ptr_nonnull(strstr(armsim_last_error(machine), "NO_SUCH_CHOICE"));
    armsim_destroy(machine);
    options.impdefs = NULL;
    ck_assert_int_eq(armsim_create(&options, &machine), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

START_TEST(exception_levels_are_chosen)
{
    static const struct {
        bool secure, virtualization, secure_only;
        uint64_t el, is_secure;
    } cases[] = {{false, false, false, 1, 0}, {false, true, false, 2, 0}, {true, true, false, 3, 1},
                 {true, false, false, 3, 1},  {false, false, true, 1, 1}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct armsim_options options = bare_options();
        options.secure = cases[i].secure;
        options.virtualization = cases[i].virtualization;
        options.secure_only = cases[i].secure_only;
        struct armsim_machine *machine = create(&options);
        ck_assert_uint_eq(get(machine, "EL"), cases[i].el);
        ck_assert_uint_eq(get(machine, "SECURE"), cases[i].is_secure);
        ck_assert_uint_eq(get(machine, "PC"), CODE_BASE);
        ck_assert_uint_eq(get(machine, "PSTATE"), 0x3c0 | cases[i].el << 2 | 1);
        armsim_destroy(machine);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api: creation");
    TCase *tests = tcase_create("create");
    tcase_add_test(tests, version_is_the_headers);
    tcase_add_test(tests, every_error_has_a_name);
    tcase_add_test(tests, options_need_a_possible_size);
    tcase_add_test(tests, impossible_options_are_named);
    tcase_add_test(tests, what_is_not_built_is_named);
    tcase_add_test(tests, lists_end);
    tcase_add_test(tests, every_model_can_be_made);
    tcase_add_test(tests, features_are_switched);
    tcase_add_test(tests, impdefs_are_chosen);
    tcase_add_test(tests, exception_levels_are_chosen);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
