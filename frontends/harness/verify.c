/* What a test expects, against what came. */
#include "frontends/harness/harness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void at_line(const struct line *line, struct buffer *text)
{
    buffer_add(text, "%s:%u: %s: ", line->file, line->number, line->key);
}

/* --- trap sequences --- */

/* What a sequence is compared with: all records, or all but returns where the test doesn't speak of returns. */
struct sequence {
    const struct pattern *patterns;
    size_t pattern_count;
    const struct armsim_trap **traps;
    size_t trap_count;
};

/* Where the two part: the pattern and the record (each may be the end). False: they don't. */
static bool diverge(const struct sequence *sequence, size_t *pattern_at, size_t *trap_at)
{
    size_t trap = 0, pattern = 0;
    bool skipping = false;
    for (; pattern < sequence->pattern_count; pattern++) {
        const struct pattern *expected = &sequence->patterns[pattern];
        if (expected->any_number) {
            skipping = true;
            continue;
        }
        size_t found = trap;
        while (found < sequence->trap_count && !pattern_matches(expected, sequence->traps[found]) && skipping)
            found++;
        if (found == sequence->trap_count || !pattern_matches(expected, sequence->traps[found])) {
            *pattern_at = pattern;
            *trap_at = trap;
            return true;
        }
        trap = found + 1;
        skipping = false;
    }
    *pattern_at = pattern;
    *trap_at = trap;
    return !skipping && trap < sequence->trap_count;
}

/* The earliest counts. */
static void diverges_at(const struct running *running, const struct armsim_trap *trap, struct divergence *divergence)
{
    size_t records = (size_t)(trap - running->traps);
    if (records >= divergence->records)
        return;
    *divergence = (struct divergence){trap->instructions, records};
}

static void show_trap(const struct running *running, const char *mark, const struct armsim_trap *trap,
                      struct buffer *text)
{
    buffer_add(text, "  %s ", mark);
    pattern_format(running->scope.image, trap, text);
    buffer_add(text, "   (instruction %" PRIu64 ")\n", trap->instructions);
}

static void show_divergence(const struct running *running, const struct sequence *sequence, size_t pattern,
                            size_t trap, struct buffer *text)
{
    enum { CONTEXT = 3 };
    if (pattern < sequence->pattern_count) {
        at_line(sequence->patterns[pattern].line, text);
        buffer_add(text, "differs from trap %zu of %zu\n", trap + 1, sequence->trap_count);
    } else {
        buffer_add(text, "trap %zu of %zu was not expected\n", trap + 1, sequence->trap_count);
    }
    for (size_t i = trap > CONTEXT ? trap - CONTEXT : 0; i < trap; i++)
        show_trap(running, "  ", sequence->traps[i], text);
    if (pattern < sequence->pattern_count)
        buffer_add(text, "  - %s\n", sequence->patterns[pattern].line->value);
    else
        buffer_add(text, "  - (no more)\n");
    if (trap < sequence->trap_count) {
        show_trap(running, "+ ", sequence->traps[trap], text);
        if (pattern < sequence->pattern_count) {
            buffer_add(text, "      ");
            pattern_explain(&sequence->patterns[pattern], sequence->traps[trap], text);
            buffer_add(text, "\n");
        }
        for (size_t i = trap + 1; i < sequence->trap_count && i <= trap + CONTEXT; i++)
            show_trap(running, "  ", sequence->traps[i], text);
    } else {
        buffer_add(text, "  + (no more)\n");
    }
}

/* Compares the records with patterns. */
static bool compare(struct running *running, const struct pattern *patterns, size_t count, struct buffer *text,
                    struct divergence *divergence)
{
    bool returns = false;
    for (size_t i = 0; i < count; i++)
        returns |= patterns[i].kind == ARMSIM_TRAP_RETURN;
    struct sequence sequence = {.patterns = patterns, .pattern_count = count};
    sequence.traps = arena_alloc(&running->arena, (running->trap_count + 1) * sizeof(*sequence.traps));
    for (size_t i = 0; i < running->trap_count; i++)
        if (returns || running->traps[i].kind != ARMSIM_TRAP_RETURN)
            sequence.traps[sequence.trap_count++] = &running->traps[i];
    size_t pattern, trap;
    if (!diverge(&sequence, &pattern, &trap))
        return true;
    show_divergence(running, &sequence, pattern, trap, text);
    if (trap < sequence.trap_count)
        diverges_at(running, sequence.traps[trap], divergence);
    return false;
}

static bool check_traps(struct running *running, struct buffer *text, struct divergence *divergence)
{
    const struct test *test = running->test;
    struct pattern *patterns = arena_alloc(&running->arena, (test->line_count + 1) * sizeof(*patterns));
    size_t count = 0;
    bool any = false;
    for (size_t i = 0; i < test->line_count; i++) {
        const struct line *line = &test->lines[i];
        if (strcmp(line->key, "trap") != 0)
            continue;
        any = true;
        if (strcmp(line->value, "none") == 0)
            continue;
        if (!pattern_parse(&running->scope, &running->arena, line, line->value, &patterns[count++], text)) {
            buffer_add(text, " (%s:%u)\n", line->file, line->number);
            return false;
        }
    }
    return !any || compare(running, patterns, count, text, divergence);
}

/* --- golden logs --- */

static bool write_golden(const struct running *running, const char *path, struct buffer *text)
{
    FILE *file = fopen(path, "w");
    if (file) {
        const char *from = strrchr(running->test->file->path, '/');
        fprintf(file, "# Trap log of %s; armsim check --update writes it.\n",
                from ? from + 1 : running->test->file->path);
        for (size_t i = 0; i < running->trap_count; i++) {
            struct buffer line = {0};
            pattern_format(running->scope.image, &running->traps[i], &line);
            fprintf(file, "%s\n", buffer_text(&line));
            buffer_free(&line);
        }
        if (fclose(file) == 0)
            return true;
    }
    buffer_add(text, "golden: %s: %s\n", path, strerror(errno));
    return false;
}

static bool check_golden(struct running *running, struct buffer *text, struct divergence *divergence)
{
    const char *name = test_value(running->test, "golden"), *from = running->test->file->header;
    if (!name)
        return true;
    const char *slash = strrchr(from, '/');
    int folder = slash && *name != '/' ? (int)(slash - from + 1) : 0;
    const char *path = arena_format(&running->arena, "%.*s%s", folder, from, name);
    if (running->options->update)
        return write_golden(running, path, text);
    char *golden = read_file(path, NULL);
    if (!golden) {
        buffer_add(text, "golden: %s: %s (armsim check --update writes it)\n", path, strerror(errno));
        return false;
    }
    struct pattern *patterns = NULL;
    struct line *lines = NULL;
    size_t count = 0, capacity = 0, line_capacity = 0, total = 0;
    char *save = NULL;
    unsigned number = 0;
    for (char *line = strtok_r(golden, "\n", &save); line; line = strtok_r(NULL, "\n", &save), total++) {
        lines = grow(lines, total, &line_capacity, sizeof(*lines));
        lines[total] = (struct line){.key = "golden", .value = trim(line), .file = path, .number = ++number};
    }
    bool good = true;
    for (size_t i = 0; i < total && good; i++) {
        if (!*lines[i].value || *lines[i].value == '#')
            continue;
        patterns = grow(patterns, count, &capacity, sizeof(*patterns));
        good = pattern_parse(&running->scope, &running->arena, &lines[i], lines[i].value, &patterns[count++], text);
        if (!good)
            buffer_add(text, " (%s:%u)\n", path, lines[i].number);
    }
    good = good && compare(running, patterns, count, text, divergence);
    free(patterns);
    free(lines);
    free(golden);
    return good;
}

/* --- never, count, stat --- */

static bool check_never(struct running *running, const struct line *line, struct buffer *text,
                        struct divergence *divergence)
{
    struct pattern pattern;
    if (!pattern_parse(&running->scope, &running->arena, line, line->value, &pattern, text)) {
        buffer_add(text, " (%s:%u)\n", line->file, line->number);
        return false;
    }
    for (size_t i = 0; i < running->trap_count; i++) {
        if (!pattern_matches(&pattern, &running->traps[i]))
            continue;
        at_line(line, text);
        buffer_add(text, "%s\n", line->value);
        show_trap(running, "+ ", &running->traps[i], text);
        diverges_at(running, &running->traps[i], divergence);
        return false;
    }
    return true;
}

/* Splits "LEFT = N", "LEFT >= N" at the last operator. */
static bool split_relation(struct arena *arena, const char *text, char **left, char relation[3], const char **right)
{
    const char *equals = NULL;
    for (const char *at = text; (at = strpbrk(at, "=<>")) != NULL; at++)
        equals = at;
    if (!equals)
        return false;
    const char *begin = equals > text && strchr("<>=!", equals[-1]) ? equals - 1 : equals;
    snprintf(relation, 3, "%.*s", (int)(equals - begin + 1), begin);
    *left = trim(arena_text(arena, text, (size_t)(begin - text)));
    *right = equals + 1;
    return true;
}

static bool relation_holds(uint64_t found, const char *relation, uint64_t expected)
{
    if (strcmp(relation, "<") == 0)
        return found < expected;
    if (strcmp(relation, ">") == 0)
        return found > expected;
    if (strcmp(relation, "<=") == 0)
        return found <= expected;
    if (strcmp(relation, ">=") == 0)
        return found >= expected;
    if (strcmp(relation, "!=") == 0)
        return found != expected;
    return found == expected;
}

static bool stat_of(const struct running *running, const char *name, uint64_t *value)
{
    struct armsim_stats stats = {.size = sizeof(stats)};
    armsim_get_stats(running->machine, &stats);
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {{"instructions", stats.instructions},
               {"time_ns", stats.time_ns},
               {"idle_ns", stats.idle_ns},
               {"turns", stats.turns},
               {"events", stats.events},
               {"exceptions", stats.exceptions},
               {"returns", stats.returns},
               {"tlb_hits", stats.tlb_hits},
               {"tlb_misses", stats.tlb_misses},
               {"table_walks", stats.table_walks},
               {"descriptor_reads", stats.descriptor_reads},
               {"tlb_invalidations", stats.tlb_invalidations},
               {"pages_decoded", stats.pages_decoded},
               {"instructions_decoded", stats.instructions_decoded},
               {"records_invalidated", stats.records_invalidated}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].name, name) == 0) {
            *value = all[i].value;
            return true;
        }
    }
    return false;
}

static bool check_number(struct running *running, const struct line *line, struct buffer *text)
{
    char *left, relation[3];
    const char *right;
    uint64_t expected, found = 0;
    struct buffer error = {0};
    bool good = split_relation(&running->arena, line->value, &left, relation, &right);
    if (!good)
        buffer_add(&error, "expected WHAT = NUMBER");
    good = good && value_parse(&running->scope, right, &expected, &error);
    if (good && strcmp(line->key, "stat") == 0) {
        good = stat_of(running, left, &found);
        if (!good)
            buffer_add(&error, "no figure \"%s\"", left);
    } else if (good) {
        struct pattern pattern;
        good = pattern_parse(&running->scope, &running->arena, line, left, &pattern, &error);
        for (size_t i = 0; good && i < running->trap_count; i++)
            found += pattern_matches(&pattern, &running->traps[i]);
    }
    if (good && !relation_holds(found, relation, expected)) {
        good = false;
        buffer_add(&error, "expected %s, found %" PRIu64, line->value, found);
    }
    if (!good) {
        at_line(line, text);
        buffer_add(text, "%s\n", buffer_text(&error));
    }
    buffer_free(&error);
    return good;
}

/* --- registers and memory --- */

static bool check_place(struct running *running, const struct line *line, struct buffer *text)
{
    char *left, relation[3];
    const char *right;
    struct place place;
    uint64_t expected = 0, found = 0;
    struct buffer error = {0};
    bool good = split_relation(&running->arena, line->value, &left, relation, &right);
    if (!good)
        buffer_add(&error, "expected PLACE = VALUE");
    good = good && place_parse(&running->scope, left, &place, &error) &&
           place_read(&running->scope, &place, &found, &error) &&
           value_parse(&running->scope, right, &expected, &error);
    if (good && !relation_holds(place_field(&place, found), relation, expected)) {
        good = false;
        buffer_add(&error, "expected %s, found 0x%" PRIx64, line->value, place_field(&place, found));
        if (place.mask != UINT64_MAX && !place.memory)
            buffer_add(&error, " (of 0x%" PRIx64 ")", found);
    }
    if (!good) {
        at_line(line, text);
        buffer_add(text, "%s\n", buffer_text(&error));
    }
    buffer_free(&error);
    return good;
}

/* --- console and ending --- */

/* "text\n" with C's escapes and its quotes taken off; without quotes as it is. */
static void unquote(const char *value, struct buffer *out)
{
    size_t length = strlen(value);
    bool quoted = length >= 2 && value[0] == '"' && value[length - 1] == '"';
    const char *end = value + length - quoted;
    for (const char *at = value + quoted; at < end; at++) {
        char c = *at;
        if (c == '\\' && at + 1 < end) {
            at++;
            c = *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at == 't' ? '\t' : *at == '0' ? '\0' : *at;
        }
        buffer_bytes(out, &c, 1);
    }
}

static void quote(const struct buffer *bytes, struct buffer *out)
{
    buffer_add(out, "\"");
    for (size_t i = 0; i < bytes->length; i++) {
        unsigned char c = (unsigned char)bytes->data[i];
        if (c == '\n')
            buffer_add(out, "\\n");
        else if (c < ' ' || c >= 0x7f || c == '"' || c == '\\')
            buffer_add(out, "\\x%02x", c);
        else
            buffer_bytes(out, &c, 1);
    }
    buffer_add(out, "\"");
}

/* "..." at either end of the expected text stands for anything. */
static bool check_console(struct running *running, struct buffer *text)
{
    const char *expected = test_value(running->test, "console");
    if (!expected)
        return true;
    struct buffer wanted = {0}, whole = running->console;
    unquote(expected, &wanted);
    const char *want = buffer_text(&wanted);
    size_t length = wanted.length;
    bool before = length >= 3 && memcmp(want, "...", 3) == 0;
    want += before ? 3 : 0;
    length -= before ? 3 : 0;
    bool after = length >= 3 && memcmp(want + length - 3, "...", 3) == 0;
    length -= after ? 3 : 0;
    bool good = false;
    for (size_t at = 0; at + length <= whole.length && !good; at++) {
        if ((at && !before) || (at + length < whole.length && !after))
            continue;
        good = length == 0 || memcmp(buffer_text(&whole) + at, want, length) == 0;
    }
    if (!good) {
        buffer_add(text, "console: expected %s, found ", expected);
        quote(&whole, text);
        buffer_add(text, "\n");
    }
    buffer_free(&wanted);
    return good;
}

/* "done", "semihosting 3". Without `exit:` a test ends at `done`, or by powering off or exiting with status 0. */
static bool check_ending(struct running *running, struct buffer *text)
{
    const char *expected = test_value(running->test, "exit"), *found = running->ending;
    bool has_code = running->stop.reason == ARMSIM_STOP_POWER_OFF || running->stop.reason == ARMSIM_STOP_SEMIHOSTING;
    char with_code[64];
    snprintf(with_code, sizeof(with_code), "%s %u", found, running->stop.code);
    if (expected ? strcmp(expected, found) == 0 || (has_code && strcmp(expected, with_code) == 0)
                 : strcmp(found, "done") == 0 || (has_code && running->stop.code == 0))
        return true;
    char place[160];
    image_locate(running->scope.image, running->stop.pc, place, sizeof(place));
    buffer_add(text, "exit: expected %s, found %s at 0x%" PRIx64 "%s%s%s after %" PRIu64 " instructions\n",
               expected ? expected : "done", has_code ? with_code : found, running->stop.pc, *place ? " <" : "", place,
               *place ? ">" : "", running->stop.instructions);
    return false;
}

bool verify(struct running *running, struct buffer *text, struct divergence *divergence)
{
    const struct test *test = running->test;
    *divergence = (struct divergence){running->stop.instructions, SIZE_MAX};
    bool good = check_traps(running, text, divergence);
    good &= check_golden(running, text, divergence);
    for (size_t i = 0; i < test->line_count; i++) {
        const struct line *line = &test->lines[i];
        if (strcmp(line->key, "never") == 0)
            good &= check_never(running, line, text, divergence);
        else if (strcmp(line->key, "count") == 0 || strcmp(line->key, "stat") == 0)
            good &= check_number(running, line, text);
        else if (strcmp(line->key, "expect") == 0)
            good &= check_place(running, line, text);
    }
    good &= check_console(running, text);
    good &= check_ending(running, text);
    return good;
}
