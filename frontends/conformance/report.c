#include "report.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct explanation {
    char *file, *pattern, *reason;
};

struct explanations {
    struct explanation *rows;
    size_t count;
};

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *out = malloc(size);
    return out ? memcpy(out, text, size) : NULL;
}

struct explanations *explanations_read(const char *path)
{
    struct explanations *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    FILE *file = fopen(path, "r");
    if (!file) {
        if (errno == ENOENT)
            return all;
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        explanations_free(all);
        return NULL;
    }
    char line[2048];
    for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
        line[strcspn(line, "\n")] = 0;
        if (!line[0] || line[0] == '#')
            continue;
        char *parts[3];
        struct explanation *rows = realloc(all->rows, (all->count + 1) * sizeof *rows);
        if (!rows || split(line, '\t', parts, 3) != 3) {
            fprintf(stderr, "%s:%u: expected FILE-PATTERN<tab>PATTERN<tab>REASON\n", path, number);
            if (rows)
                all->rows = rows;
            fclose(file);
            explanations_free(all);
            return NULL;
        }
        all->rows = rows;
        all->rows[all->count++] = (struct explanation){copy(parts[0]), copy(parts[1]), copy(parts[2])};
    }
    fclose(file);
    return all;
}

void explanations_free(struct explanations *explanations)
{
    if (!explanations)
        return;
    for (size_t i = 0; i < explanations->count; i++) {
        free(explanations->rows[i].file);
        free(explanations->rows[i].pattern);
        free(explanations->rows[i].reason);
    }
    free(explanations->rows);
    free(explanations);
}

static void count_reason(struct reason *reasons, const char *text)
{
    for (size_t i = 0; i < MAX_REASONS; i++) {
        if (!reasons[i].text)
            reasons[i].text = copy(text);
        if (reasons[i].text && !strcmp(reasons[i].text, text)) {
            reasons[i].count++;
            return;
        }
    }
}

void report_agree(struct report *report)
{
    report->agree++;
}

void report_undefined(struct report *report)
{
    report->undefined++;
}

void report_skip(struct report *report, const char *feature)
{
    report->skipped++;
    count_reason(report->skips, feature);
}

void report_differ(struct report *report, const char *line, const char *difference)
{
    for (size_t i = 0; i < report->explanations->count; i++) {
        const struct explanation *row = &report->explanations->rows[i];
        if (!fnmatch(row->file, report->file, 0) &&
            (!fnmatch(row->pattern, line, 0) || !fnmatch(row->pattern, difference, 0))) {
            report->explained++;
            count_reason(report->explains, row->reason);
            return;
        }
    }
    report->differ++;
    if (report->shown < report->show_max) {
        report->shown++;
        printf("%s: %s\n    %s\n", report->file, line, difference);
    }
}

static void print_reasons(const char *title, const struct reason *reasons)
{
    for (size_t i = 0; i < MAX_REASONS && reasons[i].text; i++)
        printf("    %s: %s (%lu)\n", title, reasons[i].text, reasons[i].count);
}

void report_print(const struct report *report)
{
    printf("%-32s %7lu agree, %5lu explained, %6lu skipped, %5lu differ", report->file, report->agree,
           report->explained, report->skipped, report->differ);
    if (report->undefined)
        printf(", %lu without an answer", report->undefined);
    printf("\n");
    if (!report->quiet) {
        print_reasons("skipped, not in this build", report->skips);
        print_reasons("explained", report->explains);
    }
    fflush(stdout);
}

void report_free(struct report *report)
{
    for (size_t i = 0; i < MAX_REASONS; i++) {
        free(report->skips[i].text);
        free(report->explains[i].text);
    }
}
