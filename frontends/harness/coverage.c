/* What all tests together touched: as JSON and as one page. */
#include "frontends/harness/harness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KINDS = 4 };

static const struct {
    const char *key, *title, *count;
} kinds[KINDS] = {
    {"traps", "Trap controls", "exceptions"},
    {"registers", "System registers and instructions", "reads, writes"},
    {"encodings", "A64 encodings", "times decoded"},
    {"vectors", "Exception vectors", "entries"},
};

struct row {
    const char *name;
    bool possible;
    uint8_t from_els, to_el;
    uint16_t offset;
    uint64_t count, writes;
};

struct coverage_totals {
    struct row *rows[KINDS];
    size_t counts[KINDS], capacities[KINDS];
};

struct coverage_totals *coverage_totals_create(void)
{
    return calloc(1, sizeof(struct coverage_totals));
}

void coverage_totals_free(struct coverage_totals *totals)
{
    if (!totals)
        return;
    for (size_t kind = 0; kind < KINDS; kind++)
        free(totals->rows[kind]);
    free(totals);
}

static void add(struct coverage_totals *totals, size_t kind, size_t index, const struct row *row)
{
    if (index == totals->counts[kind]) {
        totals->rows[kind] = grow(totals->rows[kind], index, &totals->capacities[kind], sizeof(*row));
        totals->rows[kind][index] = *row;
        totals->counts[kind]++;
        return;
    }
    struct row *sum = &totals->rows[kind][index];
    sum->possible |= row->possible;
    sum->count += row->count;
    sum->writes += row->writes;
}

void coverage_totals_add(struct coverage_totals *totals, struct armsim_machine *machine)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct armsim_coverage item = {.size = sizeof(item)};
        for (size_t i = 0; armsim_coverage_at(machine, (enum armsim_coverage_kind)kind, i, &item) == 0; i++) {
            struct row row = {item.name,   item.possible, item.from_els, item.to_el,
                              item.offset, item.count,    item.writes};
            add(totals, kind, i, &row);
        }
    }
}

void coverage_totals_merge(struct coverage_totals *totals, const struct coverage_totals *other)
{
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < other->counts[kind]; i++)
            add(totals, kind, i, &other->rows[kind][i]);
}

static bool touched(const struct row *row)
{
    return row->count || row->writes;
}

/* Of the rows that some machine had. */
static void summary(const struct coverage_totals *totals, size_t kind, size_t *all, size_t *hit)
{
    *all = *hit = 0;
    for (size_t i = 0; i < totals->counts[kind]; i++) {
        *all += totals->rows[kind][i].possible || touched(&totals->rows[kind][i]);
        *hit += touched(&totals->rows[kind][i]);
    }
}

/* "EL0,EL1 to EL2" of a control, "+0x200" of a vector. */
static void detail(const struct row *row, size_t kind, char *text, size_t size)
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
    for (size_t kind = 0; kind < KINDS; kind++) {
        size_t all, hit;
        summary(totals, kind, &all, &hit);
        fprintf(file, ",\n  \"%s\": {\n    \"possible\": %zu,\n    \"touched\": %zu,\n    \"rows\": [",
                kinds[kind].key, all, hit);
        for (size_t i = 0; i < totals->counts[kind]; i++) {
            const struct row *row = &totals->rows[kind][i];
            char text[64];
            detail(row, kind, text, sizeof(text));
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

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>armsim coverage</title>\n<style>\n"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;"
    "color:#1c2430;background:#fff}\n"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.5rem}\n"
    ".cards{display:flex;gap:1rem;flex-wrap:wrap}.card{border:1px solid #d5dbe3;border-radius:6px;padding:.8rem 1rem;"
    "flex:1 1 13rem}.card b{font-size:1.5rem;display:block}\n"
    ".bar{height:6px;background:#e6eaf0;border-radius:3px;overflow:hidden;margin-top:.4rem}"
    ".bar i{display:block;height:100%;"
    "background:#1f7a4d}\n"
    ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:2px 1rem;font:13px/1.7 "
    "ui-monospace,monospace}\n"
    ".grid div{display:flex;justify-content:space-between;gap:.5rem;border-bottom:1px solid #eef1f5}\n"
    ".grid span{color:#5c6878;white-space:nowrap}.never{color:#a32020}.absent{color:#98a2b0}\n"
    "summary{cursor:pointer;color:#35507a;margin:.6rem 0}\n"
    "@media(prefers-color-scheme:dark){body{background:#12161c;color:#dfe5ec}.card{border-color:#2c3542}"
    ".bar{background:#2c3542}"
    ".bar i{background:#4fb283}.grid div{border-color:#1f2630}.grid span{color:#94a0b0}.never{color:#f08a8a}"
    ".absent{color:#67717f}summary{color:#9bbcf0}}\n"
    "</style>\n</head>\n<body>\n";

static void put_rows(FILE *file, const struct coverage_totals *totals, size_t kind, bool (*wanted)(const struct row *),
                     const char *class)
{
    fputs("<div class=\"grid\">\n", file);
    for (size_t i = 0; i < totals->counts[kind]; i++) {
        const struct row *row = &totals->rows[kind][i];
        if (!wanted(row))
            continue;
        char text[64];
        detail(row, kind, text, sizeof(text));
        fprintf(file, "<div class=\"%s\">%s<span>%s", class, row->name, text);
        if (touched(row) && kind == ARMSIM_COVERAGE_REGISTER)
            fprintf(file, "%" PRIu64 ", %" PRIu64, row->count, row->writes);
        else if (touched(row))
            fprintf(file, "%s%" PRIu64, *text ? " &middot; " : "", row->count);
        fputs("</span></div>\n", file);
    }
    fputs("</div>\n", file);
}

static bool is_never(const struct row *row)
{
    return row->possible && !touched(row);
}

static bool is_absent(const struct row *row)
{
    return !row->possible && !touched(row);
}

static size_t count_rows(const struct coverage_totals *totals, size_t kind, bool (*wanted)(const struct row *))
{
    size_t count = 0;
    for (size_t i = 0; i < totals->counts[kind]; i++)
        count += wanted(&totals->rows[kind][i]);
    return count;
}

static void put_kind(FILE *file, const struct coverage_totals *totals, size_t kind)
{
    size_t never = count_rows(totals, kind, is_never), hit = count_rows(totals, kind, touched);
    size_t absent = count_rows(totals, kind, is_absent);
    fprintf(file, "<h2 id=\"%s\">%s</h2>\n", kinds[kind].key, kinds[kind].title);
    if (never) {
        fprintf(file, "<details open><summary>Never touched: %zu</summary>\n", never);
        put_rows(file, totals, kind, is_never, "never");
        fputs("</details>\n", file);
    }
    fprintf(file, "<details><summary>Touched: %zu (%s)</summary>\n", hit, kinds[kind].count);
    put_rows(file, totals, kind, touched, "hit");
    fputs("</details>\n", file);
    if (!absent)
        return;
    fprintf(file, "<details><summary>On none of the machines: %zu</summary>\n", absent);
    put_rows(file, totals, kind, is_absent, "absent");
    fputs("</details>\n", file);
}

static void put_page(FILE *file, const struct coverage_totals *totals, size_t tests)
{
    fputs(page_head, file);
    fprintf(file, "<h1>What %zu tests touched</h1>\n<div class=\"cards\">\n", tests);
    for (size_t kind = 0; kind < KINDS; kind++) {
        size_t all, hit;
        summary(totals, kind, &all, &hit);
        double share = all ? 100.0 * (double)hit / (double)all : 0;
        fprintf(file,
                "<div class=\"card\"><a href=\"#%s\">%s</a><b>%zu / %zu</b>%.1f %%<div class=\"bar\"><i "
                "style=\"width:%.1f%%\"></i></div></div>\n",
                kinds[kind].key, kinds[kind].title, hit, all, share, share);
    }
    fputs("</div>\n", file);
    for (size_t kind = 0; kind < KINDS; kind++)
        put_kind(file, totals, kind);
    fprintf(file, "<p class=\"absent\">armsim %s</p>\n</body>\n</html>\n", armsim_version());
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
           write_file(directory, "index.html", totals, tests, put_page);
}
