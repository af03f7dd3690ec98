/* `armsim check PATH...`: finds the tests, runs them on several threads, reports. */
#include "frontends/harness/harness.h"

#include "frontends/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_TESTS_FAILED = 1 };

struct session_state {
    struct command *command;
    struct test_file *files;
    size_t file_count, file_capacity;
    const struct test **tests;
    size_t test_count, test_capacity;
    struct result *results;
    bool *finished;
    char directory[128];
    pthread_mutex_t lock;
    size_t next_file, next_test, printed;
    struct coverage_totals *coverage;
};

/* --- finding tests --- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);
    return length > size && strcmp(text + length - size, end) == 0;
}

static bool exists(const char *path)
{
    return access(path, R_OK) == 0;
}

static bool has_sidecar(const char *path)
{
    struct buffer name = {0};
    buffer_add(&name, "%s.expect", path);
    bool found = exists(name.data);
    if (!found && ends_with(path, ".elf")) {
        name.length -= strlen(".elf.expect");
        buffer_add(&name, ".expect");
        found = exists(name.data);
    }
    buffer_free(&name);
    return found;
}

static void add_file(struct session_state *state, const char *path)
{
    state->files = grow(state->files, state->file_count, &state->file_capacity, sizeof(*state->files));
    struct test_file *file = &state->files[state->file_count++];
    *file = (struct test_file){.assembly = ends_with(path, ".S") || ends_with(path, ".s")};
    file->path = arena_text(&file->arena, path, strlen(path));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Files of a folder that are tests, in the order of their names. */
static int add_folder(struct session_state *state, const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return complain(EXIT_INPUT, "%s: %s", path, strerror(errno));
    struct arena arena = {0};
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        names = grow(names, count, &capacity, sizeof(*names));
        names[count++] = arena_format(&arena, "%s/%s", path, entry->d_name);
    }
    closedir(folder);
    if (count)
        qsort(names, count, sizeof(*names), by_name);
    int status = 0;
    for (size_t i = 0; i < count && !status; i++) {
        struct stat info;
        if (stat(names[i], &info) == 0 && S_ISDIR(info.st_mode))
            status = add_folder(state, names[i]);
        else if (ends_with(names[i], ".S") || ends_with(names[i], ".s") ||
                 (!ends_with(names[i], ".expect") && has_sidecar(names[i])) ||
                 (state->command->source && ends_with(names[i], ".elf")))
            add_file(state, names[i]);
    }
    free(names);
    arena_free(&arena);
    return status;
}

static int find_files(struct session_state *state)
{
    const struct command *command = state->command;
    for (size_t i = 0; i < command->path_count; i++) {
        struct buffer path = {0};
        buffer_add(&path, "%s", command->paths[i]);
        while (path.length > 1 && path.data[path.length - 1] == '/')
            path.data[--path.length] = '\0';
        struct stat info;
        int status = 0;
        if (stat(path.data, &info) != 0)
            status = complain(EXIT_INPUT, "%s: %s", path.data, strerror(errno));
        else if (S_ISDIR(info.st_mode))
            status = add_folder(state, path.data);
        else
            add_file(state, path.data);
        buffer_free(&path);
        if (status)
            return status;
    }
    return 0;
}

static bool is_wanted(const struct command *command, const char *name)
{
    for (size_t i = 0; i < command->filter_count; i++)
        if (strcmp(command->filters[i], name) == 0 || glob_match(command->filters[i], name))
            return true;
    return command->filter_count == 0;
}

/* A filter that is a test's whole name means that one alone. */
static const char *exact_filter(const struct session_state *state)
{
    for (size_t f = 0; f < state->file_count; f++)
        for (size_t t = 0; t < state->files[f].test_count; t++)
            for (size_t i = 0; i < state->command->filter_count; i++)
                if (strcmp(state->command->filters[i], state->files[f].tests[t].name) == 0)
                    return state->command->filters[i];
    return NULL;
}

static void find_tests(struct session_state *state)
{
    const struct command *command = state->command;
    for (size_t f = 0; f < state->file_count; f++)
        spec_read(&state->files[f], command->source);
    const char *exact = command->filter_count == 1 ? exact_filter(state) : NULL;
    size_t number = 0;
    for (size_t f = 0; f < state->file_count; f++) {
        for (size_t t = 0; t < state->files[f].test_count; t++) {
            const struct test *test = &state->files[f].tests[t];
            if (exact ? strcmp(exact, test->name) != 0 : !is_wanted(command, test->name))
                continue;
            if (command->shards && number++ % command->shards != command->shard - 1)
                continue;
            state->tests = grow(state->tests, state->test_count, &state->test_capacity, sizeof(*state->tests));
            state->tests[state->test_count++] = test;
        }
    }
}

/* --- threads --- */

static bool is_used(const struct session_state *state, const struct test_file *file)
{
    for (size_t i = 0; i < state->test_count; i++)
        if (state->tests[i]->file == file)
            return !file->error;
    return false;
}

static void *build_files(void *opaque)
{
    struct session_state *state = opaque;
    for (;;) {
        pthread_mutex_lock(&state->lock);
        size_t number = state->next_file++;
        pthread_mutex_unlock(&state->lock);
        if (number >= state->file_count)
            return NULL;
        if (is_used(state, &state->files[number]))
            image_build(&state->files[number], state->directory, (unsigned)number);
    }
}

static void print_result(const struct command *command, const struct test *test, const struct result *result,
                         size_t number)
{
    static const char *const words[] = {[PASSED] = "ok  ", [FAILED] = "FAIL", [SKIPPED] = "skip"};
    if (command->tap) {
        report_tap(test, result, number);
    } else if (result->verdict == FAILED) {
        printf("FAIL %s\n%s\n", test->name, buffer_text(&result->text));
    } else if (command->harness.verbose) {
        printf("%s %s", words[result->verdict], test->name);
        if (result->verdict == SKIPPED)
            printf(": %s\n", buffer_text(&result->text));
        else
            printf(" (%" PRIu64 " instructions)\n", result->instructions);
    }
}

/* In the order of the list, as soon as they can be. */
static void print_finished(struct session_state *state)
{
    while (state->printed < state->test_count && state->finished[state->printed]) {
        size_t i = state->printed++;
        print_result(state->command, state->tests[i], &state->results[i], i + 1);
    }
}

static void *run_tests(void *opaque)
{
    struct session_state *state = opaque;
    struct coverage_totals *coverage = state->coverage ? coverage_totals_create() : NULL;
    for (;;) {
        pthread_mutex_lock(&state->lock);
        size_t number = state->next_test++;
        pthread_mutex_unlock(&state->lock);
        if (number >= state->test_count)
            break;
        test_run(state->tests[number], &state->command->harness, coverage, &state->results[number]);
        pthread_mutex_lock(&state->lock);
        state->finished[number] = true;
        print_finished(state);
        pthread_mutex_unlock(&state->lock);
    }
    if (coverage) {
        pthread_mutex_lock(&state->lock);
        coverage_totals_merge(state->coverage, coverage);
        pthread_mutex_unlock(&state->lock);
        coverage_totals_free(coverage);
    }
    return NULL;
}

static void on_threads(struct session_state *state, void *(*work)(void *))
{
    unsigned jobs = state->command->harness.jobs;
    pthread_t *threads = NULL;
    size_t capacity = 0, started = 0;
    while (started + 1 < jobs) {
        threads = grow(threads, started, &capacity, sizeof(*threads));
        if (pthread_create(&threads[started], NULL, work, state) != 0)
            break; /* fewer do it too */
        started++;
    }
    work(state);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}

/* --- all of it --- */

static bool make_directory(struct session_state *state)
{
    const char *parent = getenv("TMPDIR");
    snprintf(state->directory, sizeof(state->directory), "%s/armsim-check-XXXXXX", parent && *parent ? parent : "/tmp");
    return mkdtemp(state->directory) != NULL;
}

static void remove_directory(const struct session_state *state)
{
    static const char *const endings[] = {"ld", "log", "elf"};
    for (size_t i = 0; i < state->file_count; i++) {
        for (size_t e = 0; e < sizeof(endings) / sizeof(endings[0]); e++) {
            char path[192];
            snprintf(path, sizeof(path), "%s/%zu.%s", state->directory, i, endings[e]);
            unlink(path);
        }
    }
    rmdir(state->directory);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int finish(struct session_state *state, double start)
{
    const struct command *command = state->command;
    size_t counts[3] = {0};
    for (size_t i = 0; i < state->test_count; i++)
        counts[state->results[i].verdict]++;
    int status = counts[FAILED] ? EXIT_TESTS_FAILED : 0;
    const char *reason = NULL;
    for (size_t i = 0; i < state->test_count && !reason; i++)
        if (state->tests[i]->file->skip)
            reason = state->tests[i]->file->skip;
    if (!command->tap) {
        if (reason)
            printf("%s\n", reason);
        printf("%zu passed, %zu failed, %zu skipped in %.1f s\n", counts[PASSED], counts[FAILED], counts[SKIPPED],
               seconds_now() - start);
    }
    if (command->junit && !report_junit(command->junit, state->tests, state->results, state->test_count))
        status = complain(EXIT_INPUT, "%s: %s", command->junit, strerror(errno));
    if (state->coverage && !coverage_totals_write(state->coverage, command->coverage_directory, state->test_count))
        status = complain(EXIT_INPUT, "%s: %s", command->coverage_directory, strerror(errno));
    return status;
}

static int run_debugged(struct session_state *state)
{
    if (state->test_count != 1)
        return complain(EXIT_USAGE, "--gdb: expected one test, found %zu (--filter NAME)", state->test_count);
    if (!make_directory(state))
        return complain(EXIT_INPUT, "%s: %s", state->directory, strerror(errno));
    int status = debug_test(state->tests[0]->file, state->tests[0], &state->command->harness, state->directory);
    remove_directory(state);
    return status;
}

static int run_all(struct session_state *state)
{
    double start = seconds_now();
    state->results = calloc(state->test_count + 1, sizeof(*state->results));
    state->finished = calloc(state->test_count + 1, sizeof(*state->finished));
    if (!state->results || !state->finished)
        return complain(EXIT_DEFECT, "out of memory");
    if (!make_directory(state))
        return complain(EXIT_INPUT, "%s: %s", state->directory, strerror(errno));
    if (state->command->coverage_directory)
        state->coverage = coverage_totals_create();
    if (state->command->tap)
        printf("TAP version 13\n1..%zu\n", state->test_count);
    on_threads(state, build_files);
    on_threads(state, run_tests);
    remove_directory(state);
    return finish(state, start);
}

static void free_state(struct session_state *state)
{
    for (size_t i = 0; state->results && i < state->test_count; i++)
        buffer_free(&state->results[i].text);
    for (size_t i = 0; i < state->file_count; i++)
        spec_free(&state->files[i]);
    free(state->files);
    free(state->tests);
    free(state->results);
    free(state->finished);
    coverage_totals_free(state->coverage);
    pthread_mutex_destroy(&state->lock);
}

static int run_command(struct command *command)
{
    struct session_state state = {.command = command, .lock = PTHREAD_MUTEX_INITIALIZER};
    int status = find_files(&state);
    if (status == 0) {
        find_tests(&state);
        if (command->list)
            for (size_t i = 0; i < state.test_count; i++)
                printf("%s\n", state.tests[i]->name);
        else if (state.test_count == 0)
            status = complain(EXIT_USAGE, "check: no test is named so");
        else
            status = command->harness.gdb ? run_debugged(&state) : run_all(&state);
    }
    free_state(&state);
    return status;
}

/* Beside the report, if there is one. */
static void choose_out(struct command *command, struct arena *arena)
{
    const char *junit = command->junit, *slash = junit ? strrchr(junit, '/') : NULL;
    if (!command->harness.out)
        command->harness.out = slash && slash > junit ? arena_text(arena, junit, (size_t)(slash - junit))
                                                      : "armsim-failures";
}

int command_check(const char *program, int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct command command = {
        .harness = {.program = program,
                    .jobs = processors > 0 && processors < 256 ? (unsigned)processors : 1,
                    .repeat = 1},
    };
    struct arena arena = {0};
    int status = command_parse(&command, argc, argv);
    choose_out(&command, &arena);
    if (status == 0)
        status = run_command(&command);
    arena_free(&arena);
    free(command.paths);
    free(command.filters);
    return status < 0 ? 0 : status;
}
