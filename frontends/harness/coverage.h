/* What the files about coverage share. */
#ifndef ARMSIM_FRONTENDS_HARNESS_COVERAGE_H
#define ARMSIM_FRONTENDS_HARNESS_COVERAGE_H

#include "frontends/harness/harness.h"

enum { COVERAGE_KINDS = 4 }; /* enum armsim_coverage_kind */

extern const struct coverage_kind {
    const char *key, *title, *count;
} coverage_kinds[COVERAGE_KINDS];

/* One thing that can be touched, over all tests. */
struct coverage_row {
    const char *name;
    bool possible; /* on one of the machines */
    uint8_t from_els, to_el;
    uint16_t offset;
    uint64_t count, writes;
};

struct coverage_totals {
    struct coverage_row *rows[COVERAGE_KINDS];
    size_t counts[COVERAGE_KINDS], capacities[COVERAGE_KINDS];
};

static inline bool coverage_touched(const struct coverage_row *row)
{
    return row->count || row->writes;
}

void coverage_summary(const struct coverage_totals *totals, size_t kind, size_t *all, size_t *hit);
/* "EL0,EL1 to EL2" of a control, "+0x200" of a vector. */
void coverage_detail(const struct coverage_row *row, size_t kind, char *text, size_t size);

/* --- coverage_page.c --- */
void coverage_page(FILE *file, const struct coverage_totals *totals, size_t tests);

#endif
