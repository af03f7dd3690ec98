/* What became of the lines of a vector file. */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>

enum { MAX_REASONS = 64 };

struct reason {
    char *text;
    unsigned long count;
};

struct report {
    const char *file; /* the name of the vector file, without its folder */
    const struct explanations *explanations;
    unsigned shown, show_max; /* differences printed, and how many may be */
    bool quiet;
    unsigned long agree, explained, skipped, differ, undefined;
    struct reason skips[MAX_REASONS], explains[MAX_REASONS];
};

/* The rows of explained.txt: file pattern, tab, pattern of the line or of the difference, tab, reason. */
struct explanations;

/* NULL, with a message on standard error: can't be read. A file that isn't there is an empty one. */
struct explanations *explanations_read(const char *path);
void explanations_free(struct explanations *explanations);

void report_agree(struct report *report);
/* The model itself has no answer (an assertion, an IMPLEMENTATION DEFINED choice): nothing to compare with. */
void report_undefined(struct report *report);
/* Not run because the build lacks a feature. */
void report_skip(struct report *report, const char *feature);
/* `line` as in the file; `difference` what was found against what was expected. */
void report_differ(struct report *report, const char *line, const char *difference);

void report_print(const struct report *report);
void report_free(struct report *report);

#endif
