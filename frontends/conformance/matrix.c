/*
 * The system-register access matrix: `B context P|Z outcome items...` and `D context REGISTER.BIT outcome items...`.
 * With one bit inverted, an item that no D line lists has its outcome of baseline P.
 */
#include "formats.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outcome {
    char *item, *want;
};

/* All items of one context under one baseline, or those that one bit changes. */
struct group {
    char *context, *variant; /* "P", "Z" or REGISTER.BIT */
    struct outcome *outcomes;
    size_t count, capacity;
};

struct matrix {
    struct group *groups;
    size_t count;
    bool failed;
};

static struct group *find_group(const struct matrix *matrix, const char *context, const char *variant)
{
    for (size_t i = matrix->count; i-- > 0;)
        if (!strcmp(matrix->groups[i].context, context) && !strcmp(matrix->groups[i].variant, variant))
            return &matrix->groups[i];
    return NULL;
}

static struct group *get_group(struct matrix *matrix, const char *context, const char *variant)
{
    struct group *group = find_group(matrix, context, variant);
    if (group)
        return group;
    struct group *groups = realloc(matrix->groups, (matrix->count + 1) * sizeof *groups);
    if (!groups)
        return NULL;
    matrix->groups = groups;
    group = &groups[matrix->count];
    *group = (struct group){.context = strdup(context), .variant = strdup(variant)};
    if (!group->context || !group->variant) {
        free(group->context);
        free(group->variant);
        return NULL;
    }
    matrix->count++;
    return group;
}

static bool add_outcome(struct group *group, const char *item, const char *want)
{
    if (group->count == group->capacity) {
        size_t capacity = group->capacity ? group->capacity * 2 : 64;
        struct outcome *outcomes = realloc(group->outcomes, capacity * sizeof *outcomes);
        if (!outcomes)
            return false;
        group->outcomes = outcomes;
        group->capacity = capacity;
    }
    struct outcome *outcome = &group->outcomes[group->count];
    *outcome = (struct outcome){strdup(item), strdup(want)};
    if (!outcome->item || !outcome->want) {
        free(outcome->item);
        free(outcome->want);
        return false;
    }
    group->count++;
    return true;
}

static void read_matrix(const struct vector_file *file, struct matrix *matrix)
{
    char *line;
    while ((line = lines_next(file->lines))) {
        char *kind = next_word(&line), *context = next_word(&line), *variant = next_word(&line);
        char *want = next_word(&line), *item;
        if (!want || (strcmp(kind, "B") && strcmp(kind, "D"))) {
            matrix->failed = true;
            return;
        }
        struct group *group = get_group(matrix, context, variant);
        matrix->failed |= !group;
        while (group && (item = next_word(&line)))
            if (!add_outcome(group, item, want))
                matrix->failed = true;
    }
}

static void free_matrix(struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->count; i++) {
        for (size_t j = 0; j < matrix->groups[i].count; j++) {
            free(matrix->groups[i].outcomes[j].item);
            free(matrix->groups[i].outcomes[j].want);
        }
        free(matrix->groups[i].outcomes);
        free(matrix->groups[i].context);
        free(matrix->groups[i].variant);
    }
    free(matrix->groups);
}

static const char *outcome_of(const struct group *group, const char *item)
{
    for (size_t i = 0; i < group->count; i++)
        if (!strcmp(group->outcomes[i].item, item))
            return group->outcomes[i].want;
    return NULL;
}

/* What the step did, as the vectors write it. */
static void observe(const struct subject *subject, const char *item, char *out, size_t size)
{
    const struct armsim_trap *entry = &subject->entry;
    uint64_t canonical;
    int length;
    if (!subject->entries) {
        snprintf(out, size, "ok");
        return;
    }
    if (entry->kind != ARMSIM_TRAP_SYNC)
        length = snprintf(out, size, "%s:%u", armsim_trap_kind_name(entry->kind), entry->to_el);
    else if (entry->ec == 0)
        length = snprintf(out, size, "U%u", entry->to_el);
    else if (item_syndrome(item, &canonical) && entry->esr == canonical)
        length = snprintf(out, size, "T%u", entry->to_el);
    else
        length = snprintf(out, size, "T%u:%08llx", entry->to_el, (unsigned long long)entry->esr);
    if (entry->vector_offset != 0 && entry->vector_offset != 0x200 && entry->vector_offset != 0x400)
        snprintf(out + length, size - (size_t)length, "!v%x", entry->vector_offset);
}

/*
 * Data aborts stand for "no trap": they come of X5 and X2 being 0, and whether and at what level they come depends on
 * what lies there. Vector offsets that are the next instruction's address stand for "executed".
 */
static bool same_outcome(const char *want, const char *got)
{
    static const char *const executed[] = {"!v80004", "!v70004", "!v60004", "!v50004"};
    if (!strcmp(want, got))
        return true;
    for (size_t i = 0; i < 4; i++)
        if (strstr(want, executed[i]))
            return !strcmp(got, "ok");
    const char *want_esr = strchr(want, ':'), *got_esr = strchr(got, ':');
    if (!want_esr || want[0] != 'T')
        return false;
    uint64_t esr = strtoull(want_esr + 1, NULL, 16), got_value = got_esr ? strtoull(got_esr + 1, NULL, 16) : 0;
    unsigned class = (unsigned)(esr >> 26);
    if (esr == got_value && got_esr)
        return !strncmp(want, got, (size_t)(want_esr - want));
    if (class != 0x24 && class != 0x25)
        return false;
    return !strcmp(got, "ok") || (got_value >> 26) == class;
}

static void run_item(struct subject *subject, const struct group *group, const char *item, const char *want,
                     struct report *report)
{
    uint32_t word;
    if (want[0] == 'E') {
        report_undefined(report);
        return;
    }
    bool inverted = strchr(group->variant, '.') != NULL;
    char line[256], got[64];
    snprintf(line, sizeof line, "%c %s %s %s %s", inverted ? 'D' : 'B', group->context, group->variant, want, item);
    if (!item_word(item, &word)) {
        report_differ(report, line, "not understood");
        return;
    }
    context_set(subject, group->context, inverted ? 'P' : group->variant[0], word);
    if (inverted && !context_invert(subject, group->variant)) {
        report_skip(report, group->variant);
        return;
    }
    subject_clear(subject);
    subject_step(subject);
    observe(subject, item, got, sizeof got);
    const char *missing = got[0] == 'U' ? item_missing_feature(subject, item) : NULL;
    if (same_outcome(want, got))
        report_agree(report);
    else if (missing)
        report_skip(report, missing);
    else
        report_differ(report, line, got);
}

static void run_group(struct subject *subject, const struct matrix *matrix, const struct group *group,
                      struct report *report)
{
    const char *missing = NULL;
    const struct group *base = strchr(group->variant, '.') ? find_group(matrix, group->context, "P") : group;
    bool possible = context_possible(subject, group->context, &missing);
    for (size_t i = 0; base && i < base->count; i++) {
        const char *item = base->outcomes[i].item, *want = base->outcomes[i].want;
        const char *changed = base != group ? outcome_of(group, item) : NULL;
        if (possible)
            run_item(subject, group, item, changed ? changed : want, report);
        else
            report_skip(report, missing);
    }
    /* A file may hold a part of the matrix only: what changes, without the baseline. */
    for (size_t i = 0; i < group->count && base != group; i++) {
        if (base && outcome_of(base, group->outcomes[i].item))
            continue;
        if (possible)
            run_item(subject, group, group->outcomes[i].item, group->outcomes[i].want, report);
        else
            report_skip(report, missing);
    }
}

void run_access_matrix(const struct vector_file *file, struct report *report)
{
    struct matrix matrix = {0};
    struct subject subject;
    struct text why;
    struct subject_kind kind = {
        .cpu = file->cpu, .board = "virt", .el2 = file->els >> 2 & 1, .el3 = file->els >> 3 & 1};
    read_matrix(file, &matrix);
    if (matrix.failed || lines_failed(file->lines)) {
        report_differ(report, "(file)", "not understood");
    } else if (!subject_open(&subject, &kind, NULL, &why)) {
        report_differ(report, "(machine)", why.data);
    } else {
        context_tables(&subject);
        for (size_t i = 0; i < matrix.count; i++)
            run_group(&subject, &matrix, &matrix.groups[i], report);
        subject_close(&subject);
    }
    free_matrix(&matrix);
}
