/*
 * Sixteen machines in sixteen threads: made, hooked, run, forked, saved and loaded at the same time. What they compute is
 * what one alone computes. The suite runs this under ThreadSanitizer, too.
 */
#include "hook_machine.h"
#include "saved_bytes.h"

#include <pthread.h>

enum { THREADS = 16 };

static struct armsim_machine *make(void)
{
    struct armsim_options options = bare_options();
    options.smp = 2;
    options.quantum = 100;
    const uint32_t code[] = {INSN_LDP_X2_X3_X1, INSN_STR_X0_X1, INSN_LDADD_X0_X2_X1, INSN_MRS_X0_SCTLR,
                             INSN_TLBI_VAE1IS_X1, INSN_ADD_X0, INSN_SVC, 0x17fffff9 /* B .-28 */};
    struct armsim_machine *machine = bare_with(&options, code, COUNT(code));
    mmu_on(machine);
    returning_vectors(machine);
    for (uint32_t pe = 0; pe < 2; pe++) {
        static const char *const names[] = {"MAIR_EL1", "TTBR0_EL1", "TCR_EL1", "SCTLR_EL1", "VBAR_EL1"};
        for (size_t i = 0; i < COUNT(names); i++)
            armsim_poke(machine, pe, armsim_register_by_name(machine, names[i]), get(machine, names[i]));
        armsim_poke(machine, pe, ARMSIM_REG_X0 + 1, DATA);
    }
    return machine;
}

static enum armsim_hook_answer count(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    ++*(uint64_t *)opaque;
    return ARMSIM_HOOK_CONTINUE;
}

/* Everything that one machine can do, and a hash of what came of it. */
static uint64_t life(void)
{
    struct armsim_machine *machine = make(), *child = NULL;
    struct bytes bytes = {0};
    uint64_t events = 0;
    armsim_hook_id id = add(machine, &(struct armsim_hook_options){.kinds = BIT(READ) | BIT(WRITE) | BIT(EXCEPTION) |
                                                                            BIT(MRS) | BIT(TLB_FILL)},
                            count, &events);
    run(machine, 2000);
    ck_assert_uint_gt(events, 1000);
    armsim_hook_remove(machine, id);
    run(machine, 20000);
    ck_assert_int_eq(armsim_snapshot_save_to(machine, put_bytes, &bytes), 0);
    ck_assert_int_eq(armsim_fork(machine, &child), 0);
    run(child, 5000);
    ck_assert_int_eq(armsim_snapshot_load_from(child, get_bytes, &bytes), 0);
    run(machine, 10000);
    run(child, 10000);
    uint64_t value = hash(machine);
    ck_assert_uint_eq(hash(child), value);
    armsim_destroy(machine);
    run(child, 1000);
    value ^= hash(child);
    armsim_destroy(child);
    free(bytes.data);
    return value;
}

struct thread {
    pthread_t thread;
    struct armsim_machine *machine; /* a fork of one that all share memory with */
    uint64_t life, fork;
};

static uint64_t live_on(struct armsim_machine *machine)
{
    run(machine, 20000);
    uint64_t value = hash(machine);
    armsim_destroy(machine);
    return value;
}

static void *live(void *opaque)
{
    struct thread *thread = opaque;
    thread->fork = live_on(thread->machine);
    thread->life = life();
    return NULL;
}

START_TEST(sixteen_machines)
{
    struct thread threads[THREADS];
    struct armsim_machine *parent = make();
    run(parent, 5000);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(armsim_fork(parent, &threads[i].machine), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i].thread, NULL, live, &threads[i]), 0);
    uint64_t fork = live_on(parent), alone = life();
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
        ck_assert_uint_eq(threads[i].life, alone);
        ck_assert_uint_eq(threads[i].fork, fork);
    }
}
END_TEST

/* Stops asked for from another thread. */
static void *stop_it(void *opaque)
{
    for (int i = 0; i < 1000; i++)
        armsim_request_stop(opaque);
    return NULL;
}

START_TEST(stops_from_other_threads)
{
    struct armsim_machine *machine = BARE(INSN_B_SELF);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_it, machine), 0);
    ck_assert_int_eq(run(machine, ARMSIM_NO_LIMIT).reason, ARMSIM_STOP_REQUEST);
    pthread_join(thread, NULL);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *tests = tcase_create("threads");
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, sixteen_machines);
    tcase_add_test(tests, stops_from_other_threads);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
