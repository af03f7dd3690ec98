/* Running bare machines: exact limits, stop reasons, determinism over cuts, several PEs, threads. */
#include "api_machine.h"

#include <pthread.h>
#include <string.h>

START_TEST(a_limit_is_exact)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X0, INSN_B_BACK_2);
    for (uint64_t limit = 0; limit < 40; limit++) {
        uint64_t before = armsim_instructions(machine);
        struct armsim_stop stop = run(machine, limit);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_LIMIT);
        ck_assert_uint_eq(stop.executed, limit);
        ck_assert_uint_eq(stop.instructions, before + limit);
        ck_assert_uint_eq(armsim_time_ns(machine), before + limit);
        ck_assert_uint_eq(stop.pc, CODE_BASE + (before + limit) % 3 * 4);
    }
    struct armsim_stop stop = run(machine, 1000000);
    ck_assert_uint_eq(stop.executed, 1000000);
    uint64_t count;
    ck_assert_int_eq(armsim_pe_instructions(machine, 0, &count), 0);
    ck_assert_uint_eq(count, armsim_instructions(machine));
    armsim_destroy(machine);
}
END_TEST

START_TEST(cuts_are_invisible)
{
    static const uint64_t pieces[] = {1, 2, 3, 7, 100, 2047, 2048, 2049, 5000};
    struct armsim_options options = bare_options();
    options.smp = 3;
    options.quantum = 1000;
    const uint32_t code[] = {INSN_ADD_X0, INSN_NOP, INSN_SVC, INSN_ADD_X1, 0x17fffffc /* B .-16 */};
    const uint32_t vector[] = {INSN_ADD_X1, INSN_ERET};
    uint64_t expected = 0;
    for (size_t i = 0; i < COUNT(pieces) + 1; i++) {
        struct armsim_machine *machine = bare_with(&options, code, COUNT(code));
        put_code(machine, CODE_BASE + 0x1000 + 0x200, vector, COUNT(vector));
        for (uint32_t pe = 0; pe < 3; pe++)
            ck_assert_int_eq(
                armsim_poke(machine, pe, armsim_register_by_name(machine, "VBAR_EL1"), CODE_BASE + 0x1000), 0);
        uint64_t left = 50000;
        while (left) {
            uint64_t piece = i == COUNT(pieces) || pieces[i] > left ? left : pieces[i];
            struct armsim_stop stop = run(machine, piece);
            ck_assert_int_eq(stop.reason, ARMSIM_STOP_LIMIT);
            ck_assert_uint_eq(stop.executed, piece);
            left -= piece;
        }
        if (i == 0)
            expected = hash(machine);
        ck_assert_uint_eq(hash(machine), expected);
        armsim_destroy(machine);
    }
}
END_TEST

START_TEST(step_is_one_instruction)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X0, INSN_B_BACK_2);
    struct armsim_stop stop = {.size = sizeof(stop)};
    for (unsigned i = 1; i < 10; i++) {
        ck_assert_int_eq(armsim_step(machine, 0, 1, &stop), 0);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_LIMIT);
        ck_assert_uint_eq(get(machine, "PC"), CODE_BASE + i % 3 * 4);
    }
    ck_assert_uint_eq(get(machine, "X0"), 6);
    ck_assert_int_eq(armsim_step(machine, 1, 1, &stop), ARMSIM_ERROR_ARGUMENT);
    stop.size = 0;
    ck_assert_int_eq(armsim_step(machine, 0, 1, &stop), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_run(machine, 1, &stop), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_run(machine, 1, NULL), 0);
    ck_assert_int_eq(armsim_run(NULL, 1, NULL), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

START_TEST(a_step_takes_an_exception)
{
    struct armsim_machine *machine = BARE(INSN_SVC);
    put(machine, "VBAR_EL1", CODE_BASE + 0x1000);
    struct armsim_stop stop = {.size = sizeof(stop)};
    ck_assert_int_eq(armsim_step(machine, 0, 1, &stop), 0);
    ck_assert_uint_eq(stop.pc, CODE_BASE + 0x1200);
    ck_assert_uint_eq(get(machine, "ELR_EL1"), CODE_BASE + 4);
    ck_assert_uint_eq(get(machine, "ESR_EL1"), 0x56000000);
    ck_assert_uint_eq(armsim_trap_total(machine), 1);
    armsim_destroy(machine);
}
END_TEST

START_TEST(nothing_can_happen)
{
    struct armsim_machine *machine = BARE(INSN_WFI, INSN_ADD_X0, INSN_B_BACK_2);
    struct armsim_stop stop = run(machine, ARMSIM_NO_LIMIT);
    ck_assert_int_eq(stop.reason, ARMSIM_STOP_DEADLOCK);
    ck_assert_uint_eq(stop.executed, 1);
    ck_assert_int_eq(armsim_pe_state(machine, 0), ARMSIM_PE_WFI);
    ck_assert_int_eq(run(machine, ARMSIM_NO_LIMIT).reason, ARMSIM_STOP_DEADLOCK);
    ck_assert_int_eq(armsim_step(machine, 0, 1, &stop), 0);
    ck_assert_int_eq(stop.reason, ARMSIM_STOP_DEADLOCK);
    /* A pending interrupt wakes it, masked as it is. */
    ck_assert_int_eq(armsim_set_pin(machine, 0, ARMSIM_PIN_IRQ, true), 0);
    ck_assert_int_eq(run(machine, 30).reason, ARMSIM_STOP_LIMIT);
    ck_assert_uint_eq(get(machine, "X0"), 10);
    armsim_destroy(machine);
}
END_TEST

START_TEST(events_wake_wfe)
{
    struct armsim_options options = bare_options();
    options.smp = 2;
    const uint32_t code[] = {INSN_WFE, INSN_WFE, INSN_ADD_X0, INSN_B_BACK_1};
    struct armsim_machine *machine = bare_with(&options, code, COUNT(code));
    const uint32_t other[] = {INSN_SEV, INSN_WFI};
    put_code(machine, CODE_BASE + 0x100, other, COUNT(other));
    ck_assert_int_eq(armsim_set_pe_state(machine, 1, ARMSIM_PE_OFF), 0);
    ck_assert_int_eq(run(machine, 100).reason, ARMSIM_STOP_DEADLOCK);
    ck_assert_int_eq(armsim_pe_state(machine, 0), ARMSIM_PE_WFE);
    ck_assert_int_eq(armsim_poke(machine, 1, ARMSIM_REG_PC, CODE_BASE + 0x100), 0);
    ck_assert_int_eq(armsim_set_pe_state(machine, 1, ARMSIM_PE_RUNNING), 0);
    struct armsim_stop stop = run(machine, 100);
    ck_assert_int_eq(stop.reason, ARMSIM_STOP_DEADLOCK); /* the first WFE is over, the second waits */
    ck_assert_int_eq(armsim_poke(machine, 0, ARMSIM_REG_EVENT, 1), 0);
    ck_assert_int_eq(run(machine, 100).reason, ARMSIM_STOP_LIMIT);
    ck_assert_uint_gt(get(machine, "X0"), 0);
    armsim_destroy(machine);
}
END_TEST

START_TEST(interrupts_are_taken)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_B_BACK_1);
    put_code(machine, CODE_BASE + 0x1000 + 0x280, (const uint32_t[]){INSN_ADD_X1, INSN_B_BACK_1}, 2);
    put(machine, "VBAR_EL1", CODE_BASE + 0x1000);
    put(machine, "PSTATE", 0x345); /* EL1h, IRQ unmasked */
    run(machine, 10);
    ck_assert_int_eq(armsim_set_pin(machine, 0, ARMSIM_PIN_IRQ, true), 0);
    run(machine, 10);
    ck_assert_uint_gt(get(machine, "X1"), 0);
    struct armsim_trap trap;
    ck_assert_int_eq(armsim_traps(machine, 0, &trap, 1), 1);
    ck_assert_int_eq(trap.kind, ARMSIM_TRAP_IRQ);
    ck_assert_uint_eq(trap.vector_offset, 0x280);
    armsim_destroy(machine);
}
END_TEST

START_TEST(serror_has_its_syndrome)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_B_BACK_1);
    put_code(machine, CODE_BASE + 0x1000 + 0x380, (const uint32_t[]){INSN_B_SELF}, 1);
    put(machine, "VBAR_EL1", CODE_BASE + 0x1000);
    put(machine, "PSTATE", 0x2c5); /* EL1h, SError unmasked */
    ck_assert_int_eq(armsim_inject_serror(machine, 0, 0x1000123), 0);
    ck_assert_int_eq(armsim_inject_serror(machine, 0, 1u << 25), ARMSIM_ERROR_ARGUMENT);
    run(machine, 10);
    ck_assert_uint_eq(get(machine, "ESR_EL1"), 0xbe000000 | 0x1000123);
    armsim_destroy(machine);
}
END_TEST

START_TEST(breakpoints_stop_before)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_B_BACK_2);
    ck_assert_int_eq(armsim_breakpoint_add(machine, CODE_BASE + 4), 0);
    ck_assert_int_eq(armsim_breakpoint_add(machine, CODE_BASE + 4), 0);
    ck_assert_int_eq(armsim_breakpoint_add(machine, CODE_BASE + 2), ARMSIM_ERROR_ARGUMENT);
    for (unsigned i = 1; i < 5; i++) {
        struct armsim_stop stop = run(machine, ARMSIM_NO_LIMIT);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_BREAKPOINT);
        ck_assert_uint_eq(stop.pc, CODE_BASE + 4);
        ck_assert_uint_eq(get(machine, "X0"), i);
        ck_assert_uint_eq(get(machine, "X1"), i - 1);
    }
    ck_assert_int_eq(armsim_breakpoint_remove(machine, CODE_BASE + 4), 0);
    ck_assert_int_eq(armsim_breakpoint_remove(machine, CODE_BASE + 4), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(run(machine, 1000).reason, ARMSIM_STOP_LIMIT);
    for (uint64_t i = 0; i < 4096; i++)
        ck_assert_int_eq(armsim_breakpoint_add(machine, 0x1000000 - i * 4), 0);
    ck_assert_int_eq(armsim_breakpoint_add(machine, 0), ARMSIM_ERROR_FULL);
    armsim_destroy(machine);
}
END_TEST

START_TEST(trap_filters_stop_after)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_SVC, INSN_B_BACK_2);
    put_code(machine, CODE_BASE + 0x1000 + 0x200, (const uint32_t[]){INSN_ERET}, 1);
    put(machine, "VBAR_EL1", CODE_BASE + 0x1000);
    struct armsim_trap_filter filter = {.pe = ARMSIM_ANY, .kinds = 1 << ARMSIM_TRAP_SYNC, .from_els = 15,
                                        .to_els = 15, .classes = 1ull << 0x15};
    ck_assert_int_eq(armsim_stop_on_trap(machine, &filter), 0);
    for (unsigned i = 1; i < 5; i++) {
        struct armsim_stop stop = run(machine, ARMSIM_NO_LIMIT);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_TRAP);
        ck_assert_uint_eq(stop.pc, CODE_BASE + 0x1200);
        ck_assert_uint_eq(stop.trap.ec, 0x15);
        ck_assert_uint_eq(stop.trap.elr, CODE_BASE + 8);
        ck_assert_uint_eq(get(machine, "X0"), i);
    }
    filter.why = "something else";
    ck_assert_int_eq(armsim_stop_on_trap(machine, &filter), 0);
    ck_assert_int_eq(run(machine, 100).reason, ARMSIM_STOP_LIMIT);
    filter.kinds = 1 << ARMSIM_TRAP_RETURN;
    filter.why = NULL;
    ck_assert_int_eq(armsim_stop_on_trap(machine, &filter), 0);
    ck_assert_int_eq(run(machine, ARMSIM_NO_LIMIT).trap.kind, ARMSIM_TRAP_RETURN);
    ck_assert_int_eq(armsim_stop_on_trap(machine, NULL), 0);
    ck_assert_int_eq(run(machine, 100).reason, ARMSIM_STOP_LIMIT);
    armsim_destroy(machine);
}
END_TEST

static void *request_later(void *machine)
{
    armsim_request_stop(machine);
    return NULL;
}

START_TEST(requests_stop)
{
    struct armsim_machine *machine = BARE(INSN_B_SELF);
    armsim_request_stop(machine);
    ck_assert_int_eq(run(machine, ARMSIM_NO_LIMIT).reason, ARMSIM_STOP_REQUEST);
    ck_assert_int_eq(run(machine, 10).reason, ARMSIM_STOP_LIMIT);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, request_later, machine), 0);
    ck_assert_int_eq(run(machine, ARMSIM_NO_LIMIT).reason, ARMSIM_STOP_REQUEST);
    pthread_join(thread, NULL);
    armsim_request_stop(NULL);
    armsim_destroy(machine);
}
END_TEST

static enum armsim_hook_answer try_everything(void *opaque, struct armsim_machine *machine,
                                              struct armsim_hook_event *event)
{
    const struct armsim_trap *trap = &event->trap;
    unsigned *calls = opaque;
    struct armsim_stop stop = {.size = sizeof(stop)};
    uint64_t value;
    (*calls)++;
    ck_assert_int_eq(armsim_run(machine, 1, &stop), ARMSIM_ERROR_BUSY);
    ck_assert_int_eq(armsim_step(machine, 0, 1, &stop), ARMSIM_ERROR_BUSY);
    ck_assert_int_eq(armsim_reset(machine, ARMSIM_RESET_COLD), ARMSIM_ERROR_BUSY);
    ck_assert_int_eq(armsim_state_hash(machine, &value), ARMSIM_ERROR_BUSY);
    armsim_destroy(machine); /* ignored */
    ck_assert_uint_eq(armsim_instructions(machine), trap->instructions);
    ck_assert_uint_eq(armsim_time_ns(machine), trap->time_ns);
    ck_assert_int_eq(armsim_poke(machine, 0, 5, *calls), 0);
    ck_assert_int_eq(armsim_peek(machine, 0, ARMSIM_REG_PC, &value), 0);
    ck_assert_uint_eq(value, trap->pc);
    return ARMSIM_HOOK_CONTINUE;
}

START_TEST(callbacks_may_not_run)
{
    struct armsim_machine *machine = BARE(INSN_SVC, INSN_B_BACK_1);
    put_code(machine, CODE_BASE + 0x1000 + 0x200, (const uint32_t[]){INSN_ERET}, 1);
    put(machine, "VBAR_EL1", CODE_BASE + 0x1000);
    unsigned calls = 0;
    const struct armsim_hook_options traps = {
        .size = sizeof(traps), .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_EXCEPTION) | ARMSIM_HOOK_BIT(ARMSIM_HOOK_RETURN)};
    armsim_hook_id hook;
    ck_assert_int_eq(armsim_hook_add(machine, &traps, try_everything, &calls, &hook), 0);
    run(machine, 100);
    ck_assert_uint_gt(calls, 10);
    ck_assert_uint_eq(get(machine, "X5"), calls);
    ck_assert_int_eq(armsim_hook_remove(machine, hook), 0);
    ck_assert_int_eq(armsim_hook_remove(machine, hook), ARMSIM_ERROR_NOT_FOUND);
    armsim_destroy(machine);
}
END_TEST

START_TEST(resets_start_again)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_B_BACK_1);
    run(machine, 100);
    ck_assert_int_eq(armsim_reset(machine, ARMSIM_RESET_WARM), 0);
    ck_assert_uint_eq(get(machine, "X0"), 0);
    ck_assert_uint_eq(get(machine, "PC"), CODE_BASE);
    ck_assert_uint_eq(armsim_instructions(machine), 100);
    run(machine, 4);
    ck_assert_uint_eq(get(machine, "X0"), 2);
    ck_assert_int_eq(armsim_reset_pe(machine, 0), 0);
    ck_assert_uint_eq(get(machine, "X0"), 0);
    ck_assert_int_eq(armsim_reset_pe(machine, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_reset(machine, (enum armsim_reset_kind)7), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

struct thread_result {
    uint64_t hash;
};

static uint64_t busy_hash(void)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_STR_X0_X1, INSN_LDR_X0_X1, INSN_SVC, 0x17fffffc);
    put_code(machine, CODE_BASE + 0x1000 + 0x200, (const uint32_t[]){INSN_ERET}, 1);
    put(machine, "VBAR_EL1", CODE_BASE + 0x1000);
    put(machine, "X1", CODE_BASE + 0x8000);
    run(machine, 300000);
    uint64_t value = hash(machine);
    armsim_destroy(machine);
    return value;
}

static void *thread_main(void *opaque)
{
    ((struct thread_result *)opaque)->hash = busy_hash();
    return NULL;
}

START_TEST(machines_are_independent)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    struct thread_result results[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, thread_main, &results[i]), 0);
    uint64_t expected = busy_hash();
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_eq(results[i].hash, expected);
    }
}
END_TEST

START_TEST(the_hash_sees_everything)
{
    struct armsim_machine *machine = BARE(INSN_NOP);
    uint64_t before = hash(machine), value;
    put(machine, "X7", 1);
    ck_assert_uint_ne(hash(machine), before);
    put(machine, "X7", 0);
    ck_assert_uint_eq(hash(machine), before);
    put(machine, "TPIDR_EL0", 1);
    ck_assert_uint_ne(hash(machine), before);
    put(machine, "TPIDR_EL0", 0);
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    ck_assert_int_eq(armsim_write_memory(machine, &space, CODE_BASE + 0x1ffff, "x", 1, NULL), 0);
    ck_assert_uint_ne(hash(machine), before);
    ck_assert_int_eq(armsim_write_memory(machine, &space, CODE_BASE + 0x1ffff, "", 1, NULL), 0);
    ck_assert_uint_eq(hash(machine), before);
    const char *name;
    size_t sections = 0;
    while (armsim_state_section(machine, sections, &name, &value) == 0)
        sections++;
    ck_assert_uint_ge(sections, 3);
    ck_assert_int_eq(armsim_state_hash(machine, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_state_section(machine, 0, NULL, &value), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api: running");
    TCase *tests = tcase_create("run");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_limit_is_exact);
    tcase_add_test(tests, cuts_are_invisible);
    tcase_add_test(tests, step_is_one_instruction);
    tcase_add_test(tests, a_step_takes_an_exception);
    tcase_add_test(tests, nothing_can_happen);
    tcase_add_test(tests, events_wake_wfe);
    tcase_add_test(tests, interrupts_are_taken);
    tcase_add_test(tests, serror_has_its_syndrome);
    tcase_add_test(tests, breakpoints_stop_before);
    tcase_add_test(tests, trap_filters_stop_after);
    tcase_add_test(tests, requests_stop);
    tcase_add_test(tests, callbacks_may_not_run);
    tcase_add_test(tests, resets_start_again);
    tcase_add_test(tests, machines_are_independent);
    tcase_add_test(tests, the_hash_sees_everything);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
