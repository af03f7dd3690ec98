/* The n-th allocation fails, for every n: the call returns an error, changes nothing and loses nothing. */
#include "api_machine.h"
#include "saved_bytes.h"

#include <armsim/hook.h>

#include <stdbool.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_ALLOCATOR 0
#endif
#endif
#ifndef OWN_ALLOCATOR
#define OWN_ALLOCATOR 1
#endif

#if OWN_ALLOCATOR

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *old);

#define EXPORT __attribute__((visibility("default"))) /* in place of the C library's, for the shared library too */

static long left = -1; /* allocations that succeed; negative: all */
static long live;      /* blocks that aren't freed */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

EXPORT void *malloc(size_t size)
{
    void *block = fails() ? NULL : __libc_malloc(size);
    live += block != NULL;
    return block;
}

EXPORT void *calloc(size_t count, size_t size)
{
    void *block = fails() ? NULL : __libc_calloc(count, size);
    live += block != NULL;
    return block;
}

EXPORT void *realloc(void *old, size_t size)
{
    void *block = fails() ? NULL : __libc_realloc(old, size);
    live += block && !old;
    return block;
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
    void *block = fails() ? NULL : __libc_memalign(align, size);
    live += block != NULL;
    return block;
}

EXPORT void free(void *old)
{
    live -= old != NULL;
    __libc_free(old);
}

static struct bytes file; /* grows when the first one is saved, and never again */

static int save(struct armsim_machine *machine)
{
    file.size = 0;
    return armsim_snapshot_save_to(machine, put_bytes, &file);
}

static int load(struct armsim_machine *machine)
{
    file.at = 0;
    return armsim_snapshot_load_from(machine, get_bytes, &file);
}

static int fork_it(struct armsim_machine *machine)
{
    struct armsim_machine *child;
    int error = armsim_fork(machine, &child);
    if (error == 0)
        armsim_destroy(child);
    else
        ck_assert_ptr_null(child);
    return error;
}

static int keep_history(struct armsim_machine *machine)
{
    int error = armsim_set_history(machine, 500, 0);
    return error ? error : armsim_set_history(machine, 0, 0);
}


static enum armsim_hook_answer observe(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    return ARMSIM_HOOK_CONTINUE;
}

static int observe_all(struct armsim_machine *machine)
{
    struct armsim_hook_options options = {
        .size = sizeof(options), .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_KINDS) - 1, .name = "*", .els = 1 << 3};
    armsim_hook_id id;
    int error = armsim_hook_add(machine, &options, observe, NULL, &id);
    return error ? error : armsim_hook_remove(machine, id);
}

static int set_points(struct armsim_machine *machine)
{
    int error = armsim_breakpoint_add(machine, 0x1234);
    if (error == 0) {
        error = armsim_watchpoint_add(machine, 0x5000, 8, ARMSIM_WATCH_WRITE);
        if (error == 0)
            armsim_watchpoint_remove(machine, 0x5000, 8, ARMSIM_WATCH_WRITE);
        armsim_breakpoint_remove(machine, 0x1234);
    }
    return error;
}

static int record_coverage(struct armsim_machine *machine)
{
    int error = armsim_coverage_enable(machine, true);
    return error ? error : armsim_coverage_enable(machine, false);
}

static void ignore(void *opaque, const char *data, size_t size) {}

static int trace(struct armsim_machine *machine)
{
    int error = armsim_trace_start(machine, ARMSIM_TRACE_JSON, false, ignore, NULL);
    return error ? error : armsim_trace_stop(machine);
}

/* Another machine, on a board of its own. */
static int make_one(struct armsim_machine *machine)
{
    static const uint32_t code[] = {INSN_B_SELF};
    static const struct armsim_memory memories[] = {{.size = 4096, .rom = true, .image = {.data = code, .size = 4}},
                                                    {.base = CODE_BASE, .size = 1 << 20}};
    static const struct armsim_board_table table = {.size = sizeof(table), .name = "small", .memories = memories,
                                                    .memory_count = 2, .gic_distributor = 0x8000000,
                                                    .gic_cpu_interface = 0x8010000};
    struct armsim_options options;
    struct armsim_machine *made = NULL;
    armsim_options_init(&options, sizeof(options));
    options.table = &table;
    int error = armsim_create(&options, &made);
    armsim_destroy(made);
    return error;
}

static const struct {
    int (*call)(struct armsim_machine *machine);
    long allocations; /* at least */
    bool twice;       /* only the second time leaves as many blocks as there were */
} calls[] = {{save, 4, false},       {load, 4, true},        {fork_it, 4, true},         {keep_history, 4, true},
             {observe_all, 1, true}, {set_points, 0, true}, {record_coverage, 1, true}, {trace, 1, true},
             {make_one, 20, false}};

static struct armsim_options some_options(void)
{
    static const struct armsim_nic nic = {.input = true};
    struct armsim_options options;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    options.ram_size = 2 * ARMSIM_MIB;
    options.smp = 2;
    options.gic_version = 3;
    options.nics = &nic;
    options.nic_count = 1;
    return options;
}

START_TEST(creation_fails_cleanly)
{
    struct armsim_options options = some_options();
    struct armsim_machine *machine;
    ck_assert_int_eq(armsim_create(&options, &machine), 0); /* what is made once in a process */
    armsim_destroy(machine);
    long n = 0, blocks = live;
    for (;; n++) {
        left = n;
        int error = armsim_create(&options, &machine);
        bool reached = left < 0;
        left = -1;
        armsim_destroy(machine);
        ck_assert_msg(live == blocks, "allocation %ld: %ld blocks lost", n, live - blocks);
        if (!reached) {
            ck_assert_int_eq(error, 0);
            break;
        }
        ck_assert_msg(error == ARMSIM_ERROR_MEMORY, "allocation %ld: %d", n, error);
    }
    ck_assert_int_gt(n, 20);
}
END_TEST

/* Decoding needs memory while the guest runs: without it the machine stops and can be looked at. */
START_TEST(running_fails_cleanly)
{
    struct armsim_options options = some_options();
    long n = 0, blocks = live;
    for (;; n++) {
        struct armsim_machine *machine = create(&options);
        struct armsim_stop stop = {.size = sizeof(stop)};
        uint64_t pc;
        left = n;
        int error = armsim_run(machine, 2000, &stop);
        bool reached = left < 0;
        left = -1;
        ck_assert_int_eq(error, error ? ARMSIM_ERROR_MEMORY : 0);
        ck_assert_int_eq(stop.reason, error ? ARMSIM_STOP_ERROR : ARMSIM_STOP_LIMIT);
        ck_assert_int_eq(armsim_peek(machine, 0, ARMSIM_REG_PC, &pc), 0);
        armsim_destroy(machine);
        ck_assert_msg(live == blocks, "allocation %ld: %ld blocks lost", n, live - blocks);
        if (!reached)
            break;
    }
    ck_assert_int_gt(n, 0);
}
END_TEST

START_TEST(a_failure_changes_nothing)
{
    struct armsim_options options = some_options();
    struct armsim_machine *machine = create(&options);
    run(machine, 3000);
    ck_assert_int_eq(save(machine), 0);
    uint64_t before = hash(machine);
    if (calls[_i].twice)
        ck_assert_int_eq(calls[_i].call(machine), 0);
    long n = 0, blocks = live;
    for (;; n++) {
        left = n;
        int error = calls[_i].call(machine);
        bool reached = left < 0;
        left = -1;
        if (!reached && error == 0)
            break;
        ck_assert_msg(error == 0 || error == ARMSIM_ERROR_MEMORY || error == ARMSIM_ERROR_INPUT, "%s",
                      armsim_last_error(machine));
        ck_assert_uint_eq(hash(machine), before);
        ck_assert_msg(live <= blocks, "allocation %ld: %ld blocks lost", n, live - blocks);
    }
    ck_assert_int_ge(n, calls[_i].allocations);
    run(machine, 1000);
    armsim_destroy(machine);
}
END_TEST

#endif

int main(void)
{
    Suite *suite = suite_create("allocations");
    TCase *tests = tcase_create("allocations");
    tcase_set_timeout(tests, 120);
#if OWN_ALLOCATOR
    tcase_add_test(tests, creation_fails_cleanly);
    tcase_add_test(tests, running_fails_cleanly);
    tcase_add_loop_test(tests, a_failure_changes_nothing, 0, COUNT(calls));
#endif
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
