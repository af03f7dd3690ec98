/*
 * Bad arguments: every function of the API with no machine, with one whose creation failed, and with values out of their
 * ranges. Each says so by a named error, and nothing changes. Which functions there are is read from the headers.
 */
#include "hook_machine.h"

#include <stdio.h>

/* --- no machine --- */

static uint64_t number;
static uint8_t bytes[64];
static const char *text;
static size_t size;
static struct armsim_machine *child;
static const struct armsim_space virtual = {.is_virtual = true, .current = true};
static const struct armsim_space physical = {.pas = ARMSIM_PAS_NON_SECURE};

static int some_write(void *opaque, const void *data, size_t count) { return 0; }
static int some_read(void *opaque, void *data, size_t count, size_t *got) { return -5; }
static void some_text(void *opaque, const char *data, size_t count) {}
static void some_difference(void *opaque, const struct armsim_difference *difference) {}
static int device_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t count,
                       const struct armsim_requester *requester, uint64_t *value)
{
    return -1;
}
static int device_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t count,
                        const struct armsim_requester *requester, uint64_t value)
{
    return -1;
}

static struct armsim_stop stop = {.size = sizeof(stop)};
static struct armsim_stats stats = {.size = sizeof(stats)};
static struct armsim_translation translation = {.size = sizeof(translation)};
static struct armsim_coverage coverage = {.size = sizeof(coverage)};
static struct armsim_register_info info;
static struct armsim_input input;
static struct armsim_trap trap = {.why = "x"};
static struct armsim_trap_count trap_count;
static struct armsim_page page;
static struct armsim_serial serial;
static struct armsim_nic nic;
static struct armsim_semihosting semihosting;
static struct armsim_exception exception;
static const struct armsim_trap_filter filter = {.pe = ARMSIM_ANY};
static const struct armsim_hook_options hook_options = {.size = sizeof(hook_options), .kinds = 1};
static const struct armsim_device_config device = {
    .ops = {.size = sizeof(device.ops), .model = "x", .read = device_read, .write = device_write},
    .base = 0x1000, .size = 0x1000, .spi = ARMSIM_NO_IRQ};

/* Calls that would be right with a machine: m. */
#define WITH_MACHINE(X)                                                                                                \
    X(armsim_add_device, (m, &device, NULL))                                                                           \
    X(armsim_advance_idle, (m, 1))                                                                                     \
    X(armsim_breakpoint_add, (m, 0))                                                                                   \
    X(armsim_breakpoint_remove, (m, 0))                                                                                \
    X(armsim_connect_net, (m, 0, &nic))                                                                                \
    X(armsim_connect_semihosting, (m, &semihosting))                                                                   \
    X(armsim_connect_serial, (m, 0, &serial))                                                                          \
    X(armsim_coverage_at, (m, ARMSIM_COVERAGE_TRAP, 0, &coverage))                                                     \
    X(armsim_coverage_enable, (m, true))                                                                               \
    X(armsim_device_tree, (m, (const void **)&text, &size))                                                            \
    X(armsim_dirty_pages, (m, &page, 1, false))                                                                        \
    X(armsim_fork, (m, &child))                                                                                        \
    X(armsim_get_stats, (m, &stats))                                                                                   \
    X(armsim_go_to, (m, 0))                                                                                            \
    X(armsim_has_feature, (m, 0, "lse"))                                                                               \
    X(armsim_history, (m, &number, &number))                                                                           \
    X(armsim_hook_add, (m, &hook_options, hear, NULL, NULL))                                                           \
    X(armsim_hook_remove, (m, 1))                                                                                      \
    X(armsim_inject_serror, (m, 0, 0))                                                                                 \
    X(armsim_input_at, (m, 0, &input))                                                                                 \
    X(armsim_map_ram, (m, 0x1000, 0x1000, 1))                                                                          \
    X(armsim_net_close, (m, 0))                                                                                        \
    X(armsim_net_input, (m, 0, bytes, sizeof(bytes)))                                                                  \
    X(armsim_pe_instructions, (m, 0, &number))                                                                         \
    X(armsim_pe_state, (m, 0))                                                                                         \
    X(armsim_peek, (m, 0, ARMSIM_REG_X0, &number))                                                                     \
    X(armsim_poke, (m, 0, ARMSIM_REG_X0, 0))                                                                           \
    X(armsim_power_key, (m))                                                                                           \
    X(armsim_raise, (m, 0, &exception))                                                                                \
    X(armsim_read_memory, (m, &physical, 0, bytes, 1, NULL))                                                           \
    X(armsim_read_register, (m, 0, ARMSIM_REG_X0, &number))                                                            \
    X(armsim_read_vector, (m, 0, 0, (uint64_t *)bytes))                                                                \
    X(armsim_record_input, (m, true))                                                                                  \
    X(armsim_register_at, (m, 0, &info))                                                                               \
    X(armsim_reset, (m, ARMSIM_RESET_WARM))                                                                            \
    X(armsim_reset_pe, (m, 0))                                                                                         \
    X(armsim_run, (m, 1, &stop))                                                                                       \
    X(armsim_run_pe, (m, 0, 1, 1, &stop))                                                                              \
    X(armsim_serial_close, (m, 0))                                                                                     \
    X(armsim_serial_input, (m, 0, bytes, 1))                                                                           \
    X(armsim_set_history, (m, 1000, 0))                                                                                \
    X(armsim_set_idle_stop, (m, true))                                                                                 \
    X(armsim_set_log, (m, 0, NULL, NULL))                                                                              \
    X(armsim_set_pe_state, (m, 0, ARMSIM_PE_RUNNING))                                                                  \
    X(armsim_set_pin, (m, 0, ARMSIM_PIN_IRQ, true))                                                                    \
    X(armsim_set_ppi, (m, 0, 16, true))                                                                                \
    X(armsim_set_spi, (m, 0, true))                                                                                    \
    X(armsim_snapshot_load, (m, "/nonexistent"))                                                                       \
    X(armsim_snapshot_load_from, (m, some_read, NULL))                                                                 \
    X(armsim_snapshot_save, (m, "/nonexistent/x"))                                                                     \
    X(armsim_snapshot_save_to, (m, some_write, NULL))                                                                  \
    X(armsim_state_diff, (m, m, some_difference, NULL))                                                                \
    X(armsim_state_hash, (m, &number))                                                                                 \
    X(armsim_state_section, (m, 0, &text, &number))                                                                    \
    X(armsim_step, (m, 0, 1, &stop))                                                                                   \
    X(armsim_stop_on_trap, (m, &filter))                                                                               \
    X(armsim_trace_start, (m, ARMSIM_TRACE_TEXT, false, some_text, NULL))                                              \
    X(armsim_trace_stop, (m))                                                                                          \
    X(armsim_translate, (m, &virtual, 0, ARMSIM_READ, &translation))                                                   \
    X(armsim_trap_counts, (m, &trap_count, 1))                                                                         \
    X(armsim_traps, (m, 0, &trap, 1))                                                                                  \
    X(armsim_watchpoint_add, (m, 0, 1, ARMSIM_WATCH_READ))                                                             \
    X(armsim_watchpoint_remove, (m, 0, 1, ARMSIM_WATCH_READ))                                                          \
    X(armsim_write_memory, (m, &physical, 0, bytes, 1, NULL))                                                          \
    X(armsim_write_register, (m, 0, ARMSIM_REG_X0, 0))                                                                 \
    X(armsim_write_vector, (m, 0, 0, (const uint64_t *)bytes))

/* Those that don't return errors, with what they return then. */
#define WITHOUT_ERRORS(X)                                                                                              \
    X(armsim_current_pe, (m), 0)                                                                                       \
    X(armsim_impdef_value, (m, "WFE_TRAP"), NULL)                                                                      \
    X(armsim_instructions, (m), 0)                                                                                     \
    X(armsim_pe_count, (m), 0)                                                                                         \
    X(armsim_register_by_name, (m, "X0"), ARMSIM_REG_NONE)                                                             \
    X(armsim_time_ns, (m), 0)                                                                                          \
    X(armsim_trap_total, (m), 0)

/* Those without a machine, tested where they stand below, or in test_api_create.c. */
#define WITHOUT_MACHINE(X)                                                                                             \
    X(armsim_board_at)                                                                                                 \
    X(armsim_cpu_model_at)                                                                                             \
    X(armsim_create)                                                                                                   \
    X(armsim_describe_instruction)                                                                                     \
    X(armsim_destroy)                                                                                                  \
    X(armsim_device_cancel)                                                                                            \
    X(armsim_device_log)                                                                                               \
    X(armsim_device_read_memory)                                                                                       \
    X(armsim_device_schedule)                                                                                          \
    X(armsim_device_set_irq)                                                                                           \
    X(armsim_device_set_pin)                                                                                           \
    X(armsim_device_time)                                                                                              \
    X(armsim_device_write_memory)                                                                                      \
    X(armsim_exception_class_name)                                                                                     \
    X(armsim_feature_at)                                                                                               \
    X(armsim_format_trap)                                                                                              \
    X(armsim_hook_kind_name)                                                                                           \
    X(armsim_impdef_at)                                                                                                \
    X(armsim_last_error)                                                                                               \
    X(armsim_options_init)                                                                                             \
    X(armsim_request_stop)                                                                                             \
    X(armsim_stop_name)                                                                                                \
    X(armsim_strerror)                                                                                                 \
    X(armsim_trap_kind_name)                                                                                           \
    X(armsim_version)

static void call_all(struct armsim_machine *m)
{
#define CALL(function, arguments)                                                                                      \
    ck_assert_msg(function arguments == ARMSIM_ERROR_ARGUMENT, #function ": %d", (int)function arguments);
    WITH_MACHINE(CALL)
#undef CALL
#define CALL(function, arguments, nothing) ck_assert_msg(function arguments == nothing, #function);
    WITHOUT_ERRORS(CALL)
#undef CALL
    armsim_request_stop(m);
}

START_TEST(no_machine)
{
    call_all(NULL);
    armsim_destroy(NULL);
}
END_TEST

START_TEST(a_machine_that_was_not_created)
{
    struct armsim_options options = bare_options();
    struct armsim_machine *machine = NULL;
    options.cpu = "no such model";
    ck_assert_int_eq(armsim_create(&options, &machine), ARMSIM_ERROR_OPTION);
    ck_assert_ptr_nonnull(machine);
    char why[256];
    snprintf(why, sizeof(why), "%s", armsim_last_error(machine));
    call_all(machine);
    ck_assert_str_eq(armsim_last_error(machine), why);
    armsim_destroy(machine);
}
END_TEST

START_TEST(every_function_is_called)
{
    static const char *const called[] = {
#define NAME(function, ...) #function,
        WITH_MACHINE(NAME) WITHOUT_ERRORS(NAME) WITHOUT_MACHINE(NAME)
#undef NAME
    };
    static const char *const headers[] = {"armsim.h", "hook.h", "device.h", "trap.h"};
    unsigned found = 0;
    for (size_t i = 0; i < COUNT(headers); i++) {
        char path[4096], line[1024], word[128];
        snprintf(path, sizeof(path), "%s/%s", HEADERS, headers[i]);
        FILE *file = fopen(path, "r");
        ck_assert_msg(file != NULL, "%s", path);
        while (fgets(line, sizeof(line), file)) {
            const char *at = strncmp(line, "ARMSIM_API ", 11) == 0 ? strstr(line + 11, "armsim_") : NULL;
            while (at && at[strcspn(at, " *(,;")] != '(') /* the result's type comes first */
                at = strstr(at + 1, "armsim_");
            if (!at)
                continue;
            snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, "("), at);
            bool is_called = false;
            for (size_t k = 0; k < COUNT(called); k++)
                is_called |= strcmp(called[k], word) == 0;
            ck_assert_msg(is_called, "%s is called by no row", word);
            found++;
        }
        fclose(file);
    }
    ck_assert_uint_eq(found, COUNT(called));
}
END_TEST

/* --- out of range --- */

static const struct armsim_space no_such_pe = {.is_virtual = true, .pe = 9, .current = true};
static const struct armsim_space no_such_el = {.is_virtual = true, .el = 7};
static const struct armsim_space no_such_state = {.is_virtual = true, .el = 1, .pas = ARMSIM_PAS_ROOT};
static const struct armsim_space no_such_pas = {.pas = (enum armsim_pas)9};
static struct armsim_stop no_stop = {.size = 4};
static struct armsim_stats no_stats = {.size = 1};
static struct armsim_translation no_translation = {.size = 8};
static struct armsim_coverage no_coverage = {.size = 0};
static struct armsim_hook_options no_kinds = {.size = sizeof(no_kinds)};
static struct armsim_hook_options unknown_kind = {.size = sizeof(unknown_kind), .kinds = 1u << 31};
static struct armsim_hook_options wrapping = {.size = sizeof(wrapping), .kinds = 1, .pc = -1ull, .pc_size = 2};
static struct armsim_hook_options wrapping_address = {
    .size = sizeof(wrapping_address), .kinds = 8, .address = -8ull, .address_size = 9};
static struct armsim_hook_options sizeless = {.kinds = 1};
static struct armsim_exception to_el3 = {.el = 3};
static struct armsim_exception to_el9 = {.el = 9};
static struct armsim_exception long_esr = {.esr = 1ull << 40};

#define ARGUMENT ARMSIM_ERROR_ARGUMENT
#define NOT_FOUND ARMSIM_ERROR_NOT_FOUND
#define UNSUPPORTED ARMSIM_ERROR_UNSUPPORTED
#define OUT_OF_RANGE(X)                                                                                                \
    X(ARGUMENT, armsim_run(m, 1, &no_stop))                                                                            \
    X(ARGUMENT, armsim_run_pe(m, 1, 1, 1, NULL))                                                                       \
    X(ARGUMENT, armsim_run_pe(m, 0, 1, 1, &no_stop))                                                                   \
    X(ARGUMENT, armsim_step(m, 1, 1, NULL))                                                                            \
    X(ARGUMENT, armsim_step(m, UINT32_MAX, 1, NULL))                                                                   \
    X(ARGUMENT, armsim_reset(m, (enum armsim_reset_kind)2))                                                            \
    X(ARGUMENT, armsim_reset_pe(m, 1))                                                                                 \
    X(ARGUMENT, armsim_pe_state(m, 1))                                                                                 \
    X(ARGUMENT, armsim_set_pe_state(m, 1, ARMSIM_PE_OFF))                                                              \
    X(ARGUMENT, armsim_set_pe_state(m, 0, (enum armsim_pe_state)4))                                                    \
    X(ARGUMENT, armsim_breakpoint_add(m, 2))                                                                           \
    X(NOT_FOUND, armsim_breakpoint_remove(m, 4))                                                                       \
    X(ARGUMENT, armsim_watchpoint_add(m, 0, 0, 1))                                                                     \
    X(ARGUMENT, armsim_watchpoint_add(m, 0, 1, 4))                                                                     \
    X(NOT_FOUND, armsim_watchpoint_remove(m, 0, 1, 1))                                                                 \
    X(NOT_FOUND, armsim_register_at(m, 100000, &info))                                                                 \
    X(ARGUMENT, armsim_register_at(m, 0, NULL))                                                                        \
    X(ARGUMENT, armsim_peek(m, 1, ARMSIM_REG_X0, &number))                                                             \
    X(ARGUMENT, armsim_peek(m, 0, ARMSIM_REG_X0, NULL))                                                                \
    X(NOT_FOUND, armsim_peek(m, 0, 50, &number))                                                                       \
    X(NOT_FOUND, armsim_peek(m, 0, ARMSIM_SYSREG(3, 3, 15, 2, 0), &number))                                            \
    X(NOT_FOUND, armsim_peek(m, 0, ARMSIM_REG_NONE, &number))                                                          \
    X(ARGUMENT, armsim_poke(m, 1, ARMSIM_REG_X0, 0))                                                                   \
    X(NOT_FOUND, armsim_poke(m, 0, 50, 0))                                                                             \
    X(UNSUPPORTED, armsim_poke(m, 0, ARMSIM_REG_CURRENT_EL, 2))                                                        \
    X(UNSUPPORTED, armsim_poke(m, 0, ARMSIM_REG_PSTATE, 0x3cd))                                                        \
    X(UNSUPPORTED, armsim_poke(m, 0, ARMSIM_REG_PSTATE, 0x1d3))                                                        \
    X(ARGUMENT, armsim_read_register(m, 1, ARMSIM_REG_X0, &number))                                                    \
    X(ARGUMENT, armsim_read_register(m, 0, ARMSIM_REG_X0, NULL))                                                       \
    X(NOT_FOUND, armsim_read_register(m, 0, 50, &number))                                                              \
    X(ARGUMENT, armsim_write_register(m, 1, ARMSIM_REG_X0, 0))                                                         \
    X(NOT_FOUND, armsim_write_register(m, 0, 50, 0))                                                                   \
    X(ARGUMENT, armsim_read_vector(m, 0, 32, (uint64_t *)bytes))                                                       \
    X(ARGUMENT, armsim_read_vector(m, 0, 0, NULL))                                                                     \
    X(ARGUMENT, armsim_write_vector(m, 1, 0, (const uint64_t *)bytes))                                                 \
    X(ARGUMENT, armsim_write_vector(m, 0, 0, NULL))                                                                    \
    X(ARGUMENT, armsim_read_memory(m, NULL, 0, bytes, 1, NULL))                                                        \
    X(ARGUMENT, armsim_read_memory(m, &physical, 0, NULL, 1, NULL))                                                    \
    X(ARGUMENT, armsim_read_memory(m, &physical, UINT64_MAX, bytes, 2, NULL))                                          \
    X(ARGUMENT, armsim_read_memory(m, &no_such_pe, 0, bytes, 1, NULL))                                                 \
    X(ARGUMENT, armsim_read_memory(m, &no_such_el, 0, bytes, 1, NULL))                                                 \
    X(ARGUMENT, armsim_read_memory(m, &no_such_state, 0, bytes, 1, NULL))                                              \
    X(ARGUMENT, armsim_read_memory(m, &no_such_pas, 0, bytes, 1, NULL))                                                \
    X(ARMSIM_ERROR_FAULT, armsim_read_memory(m, &physical, 0, bytes, 1, NULL))                                         \
    X(ARGUMENT, armsim_write_memory(m, NULL, 0, bytes, 1, NULL))                                                       \
    X(ARMSIM_ERROR_FAULT, armsim_write_memory(m, &physical, CODE_BASE + RAM_BYTES, bytes, 1, NULL))                    \
    X(ARGUMENT, armsim_translate(m, &physical, 0, ARMSIM_READ, &translation))                                          \
    X(ARGUMENT, armsim_translate(m, &virtual, 0, (enum armsim_access)3, &translation))                                 \
    X(ARGUMENT, armsim_translate(m, &virtual, 0, ARMSIM_READ, &no_translation))                                        \
    X(ARGUMENT, armsim_translate(m, &virtual, 0, ARMSIM_READ, NULL))                                                   \
    X(ARGUMENT, armsim_map_ram(m, 0x1001, 0x1000, 1))                                                                  \
    X(ARGUMENT, armsim_map_ram(m, 0x1000, 0, 1))                                                                       \
    X(ARGUMENT, armsim_map_ram(m, 0x1000, 0x1000, 0))                                                                  \
    X(ARMSIM_ERROR_OVERLAP, armsim_map_ram(m, CODE_BASE, 0x1000, 1))                                                   \
    X(ARGUMENT, armsim_dirty_pages(m, NULL, 1, false))                                                                 \
    X(ARGUMENT, armsim_add_device(m, NULL, NULL))                                                                      \
    X(ARGUMENT, armsim_serial_input(m, 3, bytes, 1))                                                                   \
    X(UNSUPPORTED, armsim_serial_input(m, 0, bytes, 1))                                                                \
    X(ARGUMENT, armsim_serial_close(m, 3))                                                                             \
    X(ARGUMENT, armsim_net_input(m, 4, bytes, sizeof(bytes)))                                                          \
    X(ARGUMENT, armsim_net_input(m, 0, bytes, 13))                                                                     \
    X(UNSUPPORTED, armsim_net_input(m, 0, bytes, 14))                                                                  \
    X(ARGUMENT, armsim_net_close(m, 4))                                                                                \
    X(UNSUPPORTED, armsim_power_key(m))                                                                                \
    X(ARGUMENT, armsim_set_pin(m, 1, ARMSIM_PIN_IRQ, true))                                                            \
    X(ARGUMENT, armsim_set_pin(m, 0, (enum armsim_pin)5, true))                                                        \
    X(ARGUMENT, armsim_inject_serror(m, 1, 0))                                                                         \
    X(ARGUMENT, armsim_inject_serror(m, 0, 1u << 25))                                                                  \
    X(UNSUPPORTED, armsim_set_spi(m, 0, true))                                                                         \
    X(ARGUMENT, armsim_set_ppi(m, 0, 15, true))                                                                        \
    X(UNSUPPORTED, armsim_set_ppi(m, 0, 16, true))                                                                     \
    X(ARGUMENT, armsim_raise(m, 1, &exception))                                                                        \
    X(ARGUMENT, armsim_raise(m, 0, NULL))                                                                              \
    X(ARGUMENT, armsim_raise(m, 0, &long_esr))                                                                         \
    X(UNSUPPORTED, armsim_raise(m, 0, &to_el3))                                                                        \
    X(UNSUPPORTED, armsim_raise(m, 0, &to_el9))                                                                        \
    X(NOT_FOUND, armsim_input_at(m, 0, &input))                                                                        \
    X(ARGUMENT, armsim_input_at(m, 0, NULL))                                                                           \
    X(ARGUMENT, armsim_traps(m, 0, NULL, 1))                                                                           \
    X(ARGUMENT, armsim_trap_counts(m, NULL, 1))                                                                        \
    X(ARGUMENT, armsim_hook_add(m, NULL, hear, NULL, NULL))                                                            \
    X(ARGUMENT, armsim_hook_add(m, &hook_options, NULL, NULL, NULL))                                                   \
    X(ARGUMENT, armsim_hook_add(m, &no_kinds, hear, NULL, NULL))                                                       \
    X(ARGUMENT, armsim_hook_add(m, &unknown_kind, hear, NULL, NULL))                                                   \
    X(ARGUMENT, armsim_hook_add(m, &wrapping, hear, NULL, NULL))                                                       \
    X(ARGUMENT, armsim_hook_add(m, &wrapping_address, hear, NULL, NULL))                                               \
    X(ARGUMENT, armsim_hook_add(m, &sizeless, hear, NULL, NULL))                                                       \
    X(ARGUMENT, armsim_hook_remove(m, 0))                                                                              \
    X(NOT_FOUND, armsim_hook_remove(m, 1))                                                                             \
    X(ARGUMENT, armsim_trace_start(m, (enum armsim_trace_format)3, false, some_text, NULL))                            \
    X(ARGUMENT, armsim_trace_start(m, ARMSIM_TRACE_TEXT, false, NULL, NULL))                                           \
    X(ARGUMENT, armsim_set_log(m, 1u << 31, NULL, NULL))                                                               \
    X(ARGUMENT, armsim_get_stats(m, NULL))                                                                             \
    X(ARGUMENT, armsim_get_stats(m, &no_stats))                                                                        \
    X(ARGUMENT, armsim_pe_instructions(m, 1, &number))                                                                 \
    X(ARGUMENT, armsim_pe_instructions(m, 0, NULL))                                                                    \
    X(ARGUMENT, armsim_state_hash(m, NULL))                                                                            \
    X(ARGUMENT, armsim_state_section(m, 0, NULL, &number))                                                             \
    X(NOT_FOUND, armsim_state_section(m, 1000, &text, &number))                                                        \
    X(ARGUMENT, armsim_state_diff(m, NULL, some_difference, NULL))                                                     \
    X(ARGUMENT, armsim_snapshot_save(m, NULL))                                                                         \
    X(ARMSIM_ERROR_IO, armsim_snapshot_save(m, "/nonexistent/x"))                                                      \
    X(ARGUMENT, armsim_snapshot_load(m, NULL))                                                                         \
    X(ARMSIM_ERROR_IO, armsim_snapshot_load(m, "/nonexistent"))                                                        \
    X(ARGUMENT, armsim_snapshot_save_to(m, NULL, NULL))                                                                \
    X(ARGUMENT, armsim_snapshot_load_from(m, NULL, NULL))                                                              \
    X(ARMSIM_ERROR_IO, armsim_snapshot_load_from(m, some_read, NULL))                                                  \
    X(ARGUMENT, armsim_fork(m, NULL))                                                                                  \
    X(ARGUMENT, armsim_connect_serial(m, 3, &serial))                                                                  \
    X(ARGUMENT, armsim_connect_net(m, 4, &nic))                                                                        \
    X(UNSUPPORTED, armsim_go_to(m, 0))                                                                                 \
    X(UNSUPPORTED, armsim_history(m, &number, &number))                                                                \
    X(ARGUMENT, armsim_coverage_at(m, (enum armsim_coverage_kind)4, 0, &coverage))                                     \
    X(ARGUMENT, armsim_coverage_at(m, ARMSIM_COVERAGE_TRAP, 0, &no_coverage))                                          \
    X(NOT_FOUND, armsim_coverage_at(m, ARMSIM_COVERAGE_TRAP, 100000, &coverage))                                       \
    X(NOT_FOUND, armsim_has_feature(m, 0, "no such feature"))                                                          \
    X(ARGUMENT, armsim_has_feature(m, 1, "lse"))                                                                       \
    X(ARGUMENT, armsim_has_feature(m, 0, NULL))                                                                        \
    X(ARGUMENT, armsim_device_tree(m, NULL, &size))                                                                    \
    X(UNSUPPORTED, armsim_device_tree(m, (const void **)&text, &size))

START_TEST(values_out_of_range)
{
    struct armsim_machine *m = BARE(INSN_ADD_X0, INSN_B_BACK_1);
    uint64_t before = hash(m);
#define CALL(error, call)                                                                                              \
    {                                                                                                                  \
        int64_t result = call;                                                                                         \
        ck_assert_msg(result == (error), #call ": %s", armsim_strerror((int)result));                                  \
        ck_assert_str_ne(armsim_strerror((int)result), "unknown error");                                               \
    }
    OUT_OF_RANGE(CALL)
#undef CALL
    ck_assert_uint_eq(hash(m), before);
    run(m, 100);
    ck_assert_uint_eq(get(m, "X0"), 50);
    armsim_destroy(m);
}
END_TEST

START_TEST(nothing_in_place_of_a_device)
{
    armsim_device_set_irq(NULL, true);
    armsim_device_log(NULL, ARMSIM_LOG_DEVICE, "x");
    ck_assert_uint_eq(armsim_device_time(NULL), 0);
    ck_assert_int_eq(armsim_device_schedule(NULL, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_device_cancel(NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_device_set_pin(NULL, 0, ARMSIM_PIN_IRQ, true), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_device_read_memory(NULL, ARMSIM_PAS_NON_SECURE, 0, bytes, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_device_write_memory(NULL, ARMSIM_PAS_NON_SECURE, 0, bytes, 1), ARMSIM_ERROR_ARGUMENT);
}
END_TEST

START_TEST(functions_without_a_machine)
{
    char buffer[8];
    ck_assert_int_eq(armsim_options_init(NULL, 100), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_create(NULL, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_impdef_at(0, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_describe_instruction(0, NULL, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_format_trap(NULL, ARMSIM_TRACE_TEXT, buffer, sizeof(buffer)), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_format_trap(&trap, (enum armsim_trace_format)9, buffer, 8), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_format_trap(&trap, ARMSIM_TRACE_TEXT, NULL, 8), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_gt(armsim_format_trap(&trap, ARMSIM_TRACE_TEXT, buffer, sizeof(buffer)), 8);
    ck_assert_ptr_null(armsim_board_at(100000));
    ck_assert_ptr_null(armsim_cpu_model_at(100000));
    ck_assert_ptr_null(armsim_feature_at(100000));
    ck_assert_str_eq(armsim_hook_kind_name((enum armsim_hook_kind)99), "unknown");
    ck_assert_str_eq(armsim_hook_kind_name((enum armsim_hook_kind)-1), "unknown");
    ck_assert_str_ne(armsim_exception_class_name(63), "");
    ck_assert_str_ne(armsim_trap_kind_name((enum armsim_trap_kind)99), "");
    ck_assert_str_eq(armsim_last_error(NULL), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api: arguments");
    TCase *tests = tcase_create("arguments");
    tcase_add_test(tests, no_machine);
    tcase_add_test(tests, a_machine_that_was_not_created);
    tcase_add_test(tests, every_function_is_called);
    tcase_add_test(tests, values_out_of_range);
    tcase_add_test(tests, nothing_in_place_of_a_device);
    tcase_add_test(tests, functions_without_a_machine);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
