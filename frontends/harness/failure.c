/*
 * What is shown of a failure: the instructions around the first divergence, a snapshot just before it, and the commands
 * that lead there. The test is run again for it: equal inputs give an equal run.
 */
#include "frontends/harness/harness.h"

#include "frontends/cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum { WINDOW_BEFORE = 8, WINDOW_AFTER = 4, MAX_STEPS_BACK = 4 };

static void show_window(const struct running *running, uint64_t at, struct buffer *text)
{
    struct disassembler *disassembler = disassembler_create();
    buffer_add(text, "  instructions:\n");
    for (size_t i = 0; i < running->window_count; i++) {
        const struct armsim_hook_event *event = &running->window[i];
        char place[160], words[160] = "(the fetch faults)";
        image_locate(running->scope.image, event->pc, place, sizeof(place));
        if (event->instruction.fetched && disassembler)
            disassemble(disassembler, event->pc, event->instruction.word, words, sizeof(words));
        buffer_add(text, "  %s %6" PRIu64 " el%u%c %016" PRIx64 " %-24s %s\n",
                   event->instructions == at ? "->" : "  ", event->instructions, event->el,
                   event->sp_selected ? 'h' : 't', event->pc, place, words);
    }
    disassembler_destroy(disassembler);
}

static void add_window(const struct test *test, const struct harness_options *options, uint64_t at,
                       struct buffer *text)
{
    struct running running;
    struct buffer error = {0};
    if (running_start(&running, test, options, &error)) {
        running_watch(&running, at > WINDOW_BEFORE ? at - WINDOW_BEFORE : 0, at + WINDOW_AFTER);
        if (at + WINDOW_AFTER < running.limit)
            running.limit = at + WINDOW_AFTER;
        if (running_run(&running, 0, &error))
            show_window(&running, at, text);
    }
    running_end(&running);
    buffer_free(&error);
}

/* --- where a run without a diverging record went wrong --- */

/* A test that loops at its end does so to its limit: what matters is when it came there. */
static uint64_t first_arrival(const struct test *test, const struct harness_options *options, const char *symbol,
                              uint64_t otherwise)
{
    struct running running;
    struct buffer error = {0};
    uint64_t at = otherwise;
    const struct symbol *place = image_symbol(&test->file->image, symbol);
    if (place && running_start(&running, test, options, &error)) {
        running.halt = place->value;
        running.halts = true;
        armsim_breakpoint_add(running.machine, running.halt);
        if (running_run(&running, 0, &error) && running.stop.reason == ARMSIM_STOP_BREAKPOINT)
            at = running.stop.instructions;
    }
    if (place)
        running_end(&running);
    buffer_free(&error);
    return at;
}

/* --- the snapshot --- */

/* Letters and digits of a test's name, without its folders, and a hash of all of it. */
static void add_file_name(const struct test *test, struct buffer *path)
{
    const char *slash = strrchr(test->file->path, '/');
    const char *from = test->name + (slash ? slash - test->file->path + 1 : 0);
    uint32_t hash = 2166136261u;
    for (const char *at = test->name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    for (unsigned i = 0; from[i] && i < 100; i++)
        buffer_add(path, "%c", strchr(" :/'\"\\$`*?<>|&;()[]{}!#~", from[i]) ? '_' : from[i]);
    buffer_add(path, "-%08" PRIx32 ".snapshot", hash);
}

/* Runs to just before the divergence. An interrupt isn't counted: it may be taken when the count is reached. */
static bool run_before(struct running *running, const struct test *test, const struct harness_options *options,
                       const struct divergence *divergence, struct buffer *error)
{
    for (unsigned back = 0; back < MAX_STEPS_BACK && back <= divergence->at; back++) {
        uint64_t count = divergence->at - back;
        bool started = running_start(running, test, options, error);
        if (started && running_run_to(running, count, error) && running->trap_count <= divergence->records)
            return true;
        running_end(running);
        if (!started)
            break;
    }
    return false;
}

/* False: the text says why. */
static bool save_snapshot(const struct test *test, const struct harness_options *options,
                          const struct divergence *divergence, const char *path, struct buffer *text)
{
    struct running running;
    struct buffer error = {0};
    bool good = false;
    if (mkdir(options->out, 0777) != 0 && errno != EEXIST) {
        buffer_add(text, "  no snapshot: %s: %s\n", options->out, strerror(errno));
    } else if (!run_before(&running, test, options, divergence, &error)) {
        buffer_add(text, "  no snapshot: its place isn't reached again %s\n", buffer_text(&error));
    } else {
        good = armsim_snapshot_save(running.machine, path) == 0;
        if (good)
            buffer_add(text, "  snapshot: %s, before instruction %" PRIu64 "\n", path,
                       armsim_instructions(running.machine));
        else
            buffer_add(text, "  no snapshot: %s\n", armsim_last_error(running.machine));
        running_end(&running);
    }
    buffer_free(&error);
    return good;
}

static void add_snapshot(const struct test *test, const struct harness_options *options,
                         const struct divergence *divergence, struct buffer *text)
{
    struct buffer path = {0};
    buffer_add(&path, "%s/", options->out);
    add_file_name(test, &path);
    bool saved = save_snapshot(test, options, divergence, path.data, text);
    failure_command(test, options, "in gdb:  ", true, saved ? path.data : NULL, text);
    buffer_free(&path);
}

void failure_command(const struct test *test, const struct harness_options *options, const char *title,
                     bool debugged, const char *snapshot, struct buffer *text)
{
    buffer_add(text, "  %s ", title);
    buffer_word(text, options->program);
    buffer_add(text, " check ");
    buffer_word(text, test->file->path);
    buffer_add(text, " --filter ");
    buffer_word(text, test->name);
    if (options->seed)
        buffer_add(text, " --seed %" PRIu64, options->seed);
    if (snapshot) {
        buffer_add(text, " --snapshot ");
        buffer_word(text, snapshot);
    }
    if (debugged)
        buffer_add(text, " --gdb gdb-multiarch");
    buffer_add(text, "\n");
}

void failure_show(const struct running *running, const struct divergence *divergence, struct buffer *text)
{
    const struct test *test = running->test;
    struct divergence at = *divergence;
    if (at.records == SIZE_MAX)
        at.at = first_arrival(test, running->options, running->ending, at.at);
    add_window(test, running->options, at.at, text);
    add_snapshot(test, running->options, &at, text);
}
