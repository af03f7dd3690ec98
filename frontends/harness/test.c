/* Running a test and telling what became of it. */
#include "frontends/harness/harness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* --- running --- */

/* Which parts of the machine's state differ, and the first record that does. */
static void show_difference(struct running *first, struct running *second, struct buffer *text)
{
    const char *name, *other;
    uint64_t a, b;
    for (size_t i = 0; armsim_state_section(first->machine, i, &name, &a) == 0 &&
                       armsim_state_section(second->machine, i, &other, &b) == 0;
         i++)
        if (a != b)
            buffer_add(text, "  %s differs\n", name);
    for (size_t i = 0; i < first->trap_count || i < second->trap_count; i++) {
        const struct running *both[] = {first, second};
        struct buffer lines[2] = {{0}, {0}};
        for (int r = 0; r < 2; r++) {
            if (i < both[r]->trap_count) {
                pattern_format(first->scope.image, &both[r]->traps[i], &lines[r]);
                buffer_add(&lines[r], "   (instruction %" PRIu64 ")", both[r]->traps[i].instructions);
            }
        }
        bool same = strcmp(buffer_text(&lines[0]), buffer_text(&lines[1])) == 0;
        if (!same)
            buffer_add(text, "  trap %zu\n  - %s\n  + %s\n", i + 1, buffer_text(&lines[0]), buffer_text(&lines[1]));
        buffer_free(&lines[0]);
        buffer_free(&lines[1]);
        if (!same)
            return;
    }
}

/* Runs it once more, perhaps cut into pieces: the state at the end must be the same. */
static bool repeat(struct running *first, unsigned round, uint64_t expected, struct buffer *text)
{
    const struct harness_options *options = first->options;
    struct running running;
    struct buffer error = {0};
    uint64_t hash = 0;
    uint64_t cuts = round % 2 ? (options->seed + round) * UINT64_C(0x9e3779b97f4a7c15) | 1 : 0;
    bool good = running_start(&running, first->test, options, &error) && running_run(&running, cuts, &error) &&
                armsim_state_hash(running.machine, &hash) == 0;
    if (!good) {
        buffer_add(text, "repetition %u: %s\n", round, buffer_text(&error));
    } else if (hash != expected) {
        buffer_add(text, "repetition %u%s ends (%s) in state %016" PRIx64 ", not (%s) in %016" PRIx64 "\n", round,
                   cuts ? " (cut into pieces)" : "", running.ending, hash, first->ending, expected);
        show_difference(first, &running, text);
    }
    running_end(&running);
    buffer_free(&error);
    return good && hash == expected;
}

/* "FEAT_LSE": the PE must have it. */
static bool has_requirements(const struct running *running, struct buffer *why)
{
    const char *names = test_value(running->test, "requires");
    char word[64];
    while (names && *names) {
        size_t length = strcspn(names, " ,");
        snprintf(word, sizeof(word), "%.*s", (int)length, names);
        if (*word && armsim_has_feature(running->machine, 0, word) != 1) {
            buffer_add(why, "needs %s", word);
            return false;
        }
        names += length + (names[length] != '\0');
    }
    return true;
}

static bool run_once(struct running *running, const struct test *test, const struct harness_options *options,
                     struct coverage_totals *coverage, struct result *result)
{
    struct buffer error = {0};
    struct divergence divergence;
    uint64_t hash = 0;
    bool started = running_start(running, test, options, &error), good = started;
    if (started && !has_requirements(running, &result->text)) {
        result->verdict = SKIPPED;
        buffer_free(&error);
        return true;
    }
    if (started && coverage)
        armsim_coverage_enable(running->machine, true);
    good = good && running_run(running, 0, &error);
    if (!good)
        buffer_add(&result->text, "%s\n", buffer_text(&error));
    buffer_free(&error);
    if (good) {
        good = verify(running, &result->text, &divergence);
        if (!good)
            failure_show(running, &divergence, &result->text);
    }
    if (started && coverage)
        coverage_totals_add(coverage, running->machine);
    result->instructions = running->stop.instructions;
    if (good && options->repeat > 1) {
        armsim_state_hash(running->machine, &hash);
        for (unsigned round = 1; good && round < options->repeat; round++)
            good = repeat(running, round, hash, &result->text);
    }
    return good;
}

void test_run(const struct test *test, const struct harness_options *options, struct coverage_totals *coverage,
              struct result *result)
{
    const struct test_file *file = test->file;
    const char *skip = file->skip ? file->skip : test_value(test, "skip");
    double start = now();
    *result = (struct result){.verdict = PASSED};
    if (file->error || file->build_error) {
        result->verdict = FAILED;
        const char *problem = file->error ? file->error : file->build_error;
        buffer_add(&result->text, "%s\n", test == &file->tests[0] ? problem : "(as its first test)");
    } else if (skip) {
        result->verdict = SKIPPED;
        buffer_add(&result->text, "%s", skip);
    } else {
        struct running running;
        if (!run_once(&running, test, options, coverage, result)) {
            result->verdict = FAILED;
            failure_command(test, options, "again:   ", false, NULL, &result->text);
        }
        running_end(&running);
    }
    result->seconds = now() - start;
}
