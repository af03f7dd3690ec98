/* What all tests together touched, and as JSON. */
#include "frontends/harness/coverage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const struct coverage_kind coverage_kinds[COVERAGE_KINDS] = {
    {"traps", "Trap controls", "exceptions"},
    {"registers", "System registers and instructions", "reads, writes"},
    {"encodings", "A64 encodings", "times decoded"},
    {"vectors", "Exception vectors", "entries"},
};

struct coverage_totals *coverage_totals_create(void)
{
    return calloc(1, sizeof(struct coverage_totals));
}

void coverage_totals_free(struct coverage_totals *totals)
{
    if (!totals)
        return;
    for (size_t kind = 0; kind < COVERAGE_KINDS; kind++)
        free(totals->rows[kind]);
    free(totals);
}

static void add(struct coverage_totals *totals, size_t kind, size_t index, const struct coverage_row *row)
{
    if (index == totals->counts[kind]) {
        totals->rows[kind] = grow(totals->rows[kind], index, &totals->capacities[kind], sizeof(*row));
        totals->rows[kind][index] = *row;
        totals->counts[kind]++;
        return;
    }
    struct coverage_row *sum = &totals->rows[kind][index];
    sum->possible |= row->possible;
    sum->count += row->count;
    sum->writes += row->writes;
}

void coverage_totals_add(struct coverage_totals *totals, struct armsim_machine *machine)
{
    for (size_t kind = 0; kind < COVERAGE_KINDS; kind++) {
        struct armsim_coverage item = {.size = sizeof(item)};
        for (size_t i = 0; armsim_coverage_at(machine, (enum armsim_coverage_kind)kind, i, &item) == 0; i++) {
            struct coverage_row row = {item.name,   item.possible, item.from_els, item.to_el,
                              item.offset, item.count,    item.writes};
            add(totals, kind, i, &row);
        }
    }
}

void coverage_totals_merge(struct coverage_totals *totals, const struct coverage_totals *other)
{
    for (size_t kind = 0; kind < COVERAGE_KINDS; kind++)
        for (size_t i = 0; i < other->counts[kind]; i++)
            add(totals, kind, i, &other->rows[kind][i]);
}

/* Of the rows that some machine had. */
void coverage_summary(const struct coverage_totals *totals, size_t kind, size_t *all, size_t *hit)
{
    *all = *hit = 0;
    for (size_t i = 0; i < totals->counts[kind]; i++) {
        *all += totals->rows[kind][i].possible || coverage_touched(&totals->rows[kind][i]);
        *hit += coverage_touched(&totals->rows[kind][i]);
    }
}

/* "EL0,EL1 to EL2" of a control, "+0x200" of a vector. */
void coverage_detail(const struct coverage_row *row, size_t kind, char *text, size_t size)
{
    *text = '\0';
    if (kind == ARMSIM_COVERAGE_VECTOR)
        snprintf(text, size, "+0x%03x", row->offset);
    if (kind != ARMSIM_COVERAGE_TRAP)
        return;
    for (unsigned el = 0; el < 4; el++)
        if (row->from_els >> el & 1)
            snprintf(text + strlen(text), size - strlen(text), "%sEL%u", *text ? "," : "", el);
    if (row->to_el)
        snprintf(text + strlen(text), size - strlen(text), " to EL%u", row->to_el);
    else
        snprintf(text + strlen(text), size - strlen(text), ", UNDEFINED");
}

static void put_json(FILE *file, const struct coverage_totals *totals, size_t tests)
{
    fprintf(file, "{\n  \"version\": \"%s\",\n  \"tests\": %zu", armsim_version(), tests);
    for (size_t kind = 0; kind < COVERAGE_KINDS; kind++) {
        size_t all, hit;
        coverage_summary(totals, kind, &all, &hit);
        fprintf(file, ",\n  \"%s\": {\n    \"possible\": %zu,\n    \"touched\": %zu,\n    \"rows\": [",
                coverage_kinds[kind].key, all, hit);
        for (size_t i = 0; i < totals->counts[kind]; i++) {
            const struct coverage_row *row = &totals->rows[kind][i];
            char text[64];
            coverage_detail(row, kind, text, sizeof(text));
            fprintf(file, "%s\n      {\"name\": \"%s\"", i ? "," : "", row->name);
            if (*text)
                fprintf(file, ", \"detail\": \"%s\"", text);
            fprintf(file, ", \"possible\": %s, \"%s\": %" PRIu64, row->possible ? "true" : "false",
                    kind == ARMSIM_COVERAGE_REGISTER ? "reads" : "count", row->count);
            if (kind == ARMSIM_COVERAGE_REGISTER)
                fprintf(file, ", \"writes\": %" PRIu64, row->writes);
            fputs("}", file);
        }
        fputs("\n    ]\n  }", file);
    }
    fputs("\n}\n", file);
}

static bool write_file(const char *directory, const char *name, const struct coverage_totals *totals, size_t tests,
                       void (*put)(FILE *, const struct coverage_totals *, size_t))
{
    struct buffer path = {0};
    buffer_add(&path, "%s/%s", directory, name);
    FILE *file = fopen(path.data, "w");
    buffer_free(&path);
    if (!file)
        return false;
    put(file, totals, tests);
    bool good = !ferror(file);
    return fclose(file) == 0 && good;
}

bool coverage_totals_write(const struct coverage_totals *totals, const char *directory, size_t tests)
{
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return false;
    return write_file(directory, "coverage.json", totals, tests, put_json) &&
           write_file(directory, "index.html", totals, tests, coverage_page);
}
