/*
 * Coverage as one page that needs nothing else: for each kind of thing a table of groups, with what was never touched
 * as the list to work off.
 */
#include "frontends/harness/coverage.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>armsim coverage</title>\n<style>\n"
    ":root{--text:#1c2430;--soft:#5c6878;--line:#dfe4ea;--page:#fff;--card:#f6f8fa;--hit:#1f7a4d;--miss:#b3261e;"
    "--link:#35507a}\n"
    "@media(prefers-color-scheme:dark){:root{--text:#dfe5ec;--soft:#94a0b0;--line:#2c3542;--page:#12161c;"
    "--card:#1a2028;--hit:#4fb283;--miss:#f08a8a;--link:#9bbcf0}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:76rem;padding:1.5rem;color:var(--text);"
    "background:var(--page)}\n"
    "h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2.5rem 0 .6rem}p{margin:.3rem 0;"
    "color:var(--soft)}a{color:var(--link)}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:1rem;margin:1.2rem 0}\n"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;"
    "text-decoration:none;color:inherit}.card b{font-size:1.6rem;display:block}.card span{color:var(--soft)}\n"
    ".bar{height:6px;background:var(--line);border-radius:3px;overflow:hidden;margin-top:.4rem;min-width:5rem}"
    ".bar i{display:block;height:100%;background:var(--hit)}\n"
    "#find{position:sticky;top:0;background:var(--page);padding:.5rem 0;border-bottom:1px solid var(--line)}"
    "#find input{font:inherit;width:22rem;max-width:100%;padding:.3rem .6rem;color:inherit;background:var(--card);"
    "border:1px solid var(--line);border-radius:6px}\n"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;"
    "border-bottom:1px solid var(--line)}th{color:var(--soft);font-weight:normal}\n"
    "td:first-child{font:13px/1.6 ui-monospace,monospace;white-space:nowrap;width:1%}td:nth-child(2){width:7rem;"
    "white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "td.list{font:13px/1.7 ui-monospace,monospace;color:var(--miss)}td.list span{margin-right:1.1em;"
    "white-space:nowrap;display:inline-block}\n"
    "td.list small{color:var(--soft);font-size:12px}td.list.hit{color:var(--hit)}td.list.none{color:var(--soft)}\n"
    "summary{cursor:pointer;color:var(--link);margin:.7rem 0}.gone{display:none}\n"
    "</style>\n</head>\n<body>\n";

static const char page_script[] =
    "<script>\n"
    "document.querySelector('#find input').addEventListener('input', function () {\n"
    "  var words = this.value.toLowerCase().split(/\\s+/).filter(Boolean);\n"
    "  document.querySelectorAll('tr[data-row]').forEach(function (row) {\n"
    "    var name = row.cells[0].textContent.toLowerCase();\n"
    "    var whole = words.every(function (word) { return name.includes(word); }), any = whole;\n"
    "    row.querySelectorAll('td.list span').forEach(function (item) {\n"
    "      var text = name + ' ' + item.textContent.toLowerCase();\n"
    "      var fits = words.every(function (word) { return text.includes(word); });\n"
    "      item.classList.toggle('gone', !fits);\n"
    "      any = any || fits;\n"
    "    });\n"
    "    row.classList.toggle('gone', !any);\n"
    "  });\n"
    "  if (words.length) document.querySelectorAll('details').forEach(function (d) { d.open = true; });\n"
    "});\n"
    "</script>\n";

/* --- groups and families --- */

/* A row with the parts of its name that group it. */
struct item {
    const struct coverage_row *row;
    char group[64], stem[96]; /* "HCR_EL2", "EL1", "addsub_imm"; the name without its number */
    char shown[96];           /* the name without what the group says */
    unsigned number;          /* of a family's member; UINT32_MAX: it has none */
};

/* "PMEVCNTR", 30 and "_EL0" of "PMEVCNTR30_EL0". */
static void split_number(struct item *item, const char *name)
{
    const char *end = strstr(name, "_EL");
    end = end ? end : name + strlen(name);
    const char *digits = end;
    while (digits > name && isdigit((unsigned char)digits[-1]))
        digits--;
    item->number = digits < end && digits > name ? (unsigned)strtoul(digits, NULL, 10) : UINT32_MAX;
    if (item->number == UINT32_MAX)
        digits = end;
    snprintf(item->stem, sizeof(item->stem), "%.*s#%s", (int)(digits - name), name, end);
}

/* MNEMONIC_VARIANT_class, or MNEMONIC_class_VARIANT as those of SIMD: classes are lower-case. */
static void split_encoding(struct item *item, const char *name)
{
    const char *second = strchr(name, '_'), *third = second ? strchr(second + 1, '_') : NULL;
    if (!second)
        return;
    bool is_class = islower((unsigned char)second[1]) || !third;
    int mnemonic = (int)(second - name);
    if (!is_class) {
        snprintf(item->group, sizeof(item->group), "%s", third + 1);
        snprintf(item->shown, sizeof(item->shown), "%.*s", (int)(third - name), name);
    } else if (third) {
        snprintf(item->group, sizeof(item->group), "%.*s", (int)(third - second - 1), second + 1);
        snprintf(item->shown, sizeof(item->shown), "%.*s%s", mnemonic, name, third);
    } else {
        snprintf(item->group, sizeof(item->group), "%s", second + 1);
        snprintf(item->shown, sizeof(item->shown), "%.*s", mnemonic, name);
    }
}

static struct item item_of(const struct coverage_row *row, size_t kind)
{
    struct item item = {.row = row, .number = UINT32_MAX};
    const char *name = row->name, *part;
    snprintf(item.shown, sizeof(item.shown), "%s", name);
    switch (kind) {
    case ARMSIM_COVERAGE_TRAP: /* the register; controls without one together */
        part = strchr(name, '.');
        if (part) {
            snprintf(item.group, sizeof(item.group), "%.*s", (int)(part - name), name);
            snprintf(item.shown, sizeof(item.shown), "%s", part + 1);
        }
        break;
    case ARMSIM_COVERAGE_REGISTER:
        part = strstr(name, "_EL");
        snprintf(item.group, sizeof(item.group), "%s", part ? part + 1 : "");
        split_number(&item, name);
        return item;
    case ARMSIM_COVERAGE_ENCODING:
        split_encoding(&item, name);
        break;
    default:
        snprintf(item.group, sizeof(item.group), "%s", name);
        *item.shown = '\0';
    }
    snprintf(item.stem, sizeof(item.stem), "%s", name);
    return item;
}

static int by_group(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = strcmp(x->group, y->group);
    if (order == 0 && strcmp(x->stem, y->stem) == 0 && x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (order == 0 && x->number != UINT32_MAX && y->number != UINT32_MAX)
        order = strcmp(x->stem, y->stem);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* --- a table --- */

enum wanted { NEVER, TOUCHED, ABSENT };

static bool is_wanted(const struct coverage_row *row, enum wanted wanted)
{
    bool hit = coverage_touched(row);
    return wanted == TOUCHED ? hit : !hit && row->possible == (wanted == NEVER);
}

static void put_counts(FILE *file, const struct coverage_row *row, size_t kind)
{
    if (kind == ARMSIM_COVERAGE_REGISTER)
        fprintf(file, " <small>%" PRIu64 ", %" PRIu64 "</small>", row->count, row->writes);
    else
        fprintf(file, " <small>%" PRIu64 "</small>", row->count);
}

/* Items [0, count) are members of one family in a row of numbers: "PMEVCNTR1-30_EL0". */
static void put_family(FILE *file, const struct item *items, size_t count)
{
    const char *mark = strrchr(items->stem, '#');
    fprintf(file, "<span>%.*s%u-%u%s <small>%zu</small></span>\n", (int)(mark - items->stem), items->stem,
            items->number, items[count - 1].number, mark + 1, count);
}

static void put_item(FILE *file, const struct item *item, size_t kind, enum wanted wanted)
{
    char text[64];
    coverage_detail(item->row, kind, text, sizeof(text));
    fprintf(file, "<span>%s", item->shown);
    if (*text)
        fprintf(file, "%s<small>%s</small>", *item->shown ? " " : "", text);
    if (wanted == TOUCHED)
        put_counts(file, item->row, kind);
    fputs("</span>\n", file);
}

static void put_items(FILE *file, const struct item *items, size_t count, size_t kind, enum wanted wanted)
{
    enum { SHORTEST = 3 };
    for (size_t i = 0; i < count;) {
        size_t run = i;
        while (run < count && is_wanted(items[run].row, wanted) && items[i].number != UINT32_MAX &&
               items[run].number == items[i].number + (run - i) && strcmp(items[run].stem, items[i].stem) == 0)
            run++;
        if (wanted != TOUCHED && run - i >= SHORTEST) {
            put_family(file, items + i, run - i);
            i = run;
            continue;
        }
        if (is_wanted(items[i].row, wanted))
            put_item(file, &items[i], kind, wanted);
        i++;
    }
}

static void put_group(FILE *file, const struct item *items, size_t count, size_t kind, enum wanted wanted)
{
    static const char *const classes[] = {[NEVER] = "list", [TOUCHED] = "list hit", [ABSENT] = "list none"};
    size_t all = 0, hit = 0, some = 0;
    for (size_t i = 0; i < count; i++) {
        hit += coverage_touched(items[i].row);
        all += items[i].row->possible || coverage_touched(items[i].row);
        some += is_wanted(items[i].row, wanted);
    }
    if (!some)
        return;
    fprintf(file, "<tr data-row><td>%s</td><td>", *items->group ? items->group : "others");
    if (all)
        fprintf(file, "%zu / %zu<div class=\"bar\"><i style=\"width:%.0f%%\"></i></div>", hit, all,
                100.0 * (double)hit / (double)all);
    fprintf(file, "</td><td class=\"%s\">\n", classes[wanted]);
    put_items(file, items, count, kind, wanted);
    fputs("</td></tr>\n", file);
}

static void put_table(FILE *file, const struct item *items, size_t count, size_t kind, enum wanted wanted)
{
    static const char *const heads[] = {[NEVER] = "never touched", [TOUCHED] = "touched", [ABSENT] = "on no machine"};
    fprintf(file, "<table>\n<tr><th>group</th><th>touched</th><th>%s", heads[wanted]);
    if (wanted == TOUCHED)
        fprintf(file, ": %s", coverage_kinds[kind].count);
    fputs("</th></tr>\n", file);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && strcmp(items[end].group, items[i].group) == 0;)
            end++;
        put_group(file, items + i, end - i, kind, wanted);
    }
    fputs("</table>\n", file);
}

static void put_kind(FILE *file, const struct coverage_totals *totals, size_t kind)
{
    size_t count = totals->counts[kind], counts[3] = {0};
    struct item *items = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        items = grow(items, i, &capacity, sizeof(*items));
        items[i] = item_of(&totals->rows[kind][i], kind);
        for (int wanted = NEVER; wanted <= ABSENT; wanted++)
            counts[wanted] += is_wanted(items[i].row, (enum wanted)wanted);
    }
    if (count)
        qsort(items, count, sizeof(*items), by_group);
    fprintf(file, "<h2 id=\"%s\">%s</h2>\n", coverage_kinds[kind].key, coverage_kinds[kind].title);
    if (counts[NEVER])
        put_table(file, items, count, kind, NEVER);
    else
        fputs("<p>All were touched.</p>\n", file);
    fprintf(file, "<details><summary>%zu touched</summary>\n", counts[TOUCHED]);
    put_table(file, items, count, kind, TOUCHED);
    fputs("</details>\n", file);
    if (counts[ABSENT]) {
        fprintf(file, "<details><summary>%zu that none of the machines had</summary>\n", counts[ABSENT]);
        put_table(file, items, count, kind, ABSENT);
        fputs("</details>\n", file);
    }
    free(items);
}

void coverage_page(FILE *file, const struct coverage_totals *totals, size_t tests)
{
    fputs(page_head, file);
    fprintf(file, "<h1>What %zu tests touched, and what none did</h1>\n"
                  "<p>Of what at least one of their machines has. armsim %s</p>\n<div class=\"cards\">\n",
            tests, armsim_version());
    for (size_t kind = 0; kind < COVERAGE_KINDS; kind++) {
        size_t all, hit;
        coverage_summary(totals, kind, &all, &hit);
        double share = all ? 100.0 * (double)hit / (double)all : 0;
        fprintf(file,
                "<a class=\"card\" href=\"#%s\">%s<b>%zu / %zu</b><span>%.1f %%, %zu never touched</span>"
                "<div class=\"bar\"><i style=\"width:%.1f%%\"></i></div></a>\n",
                coverage_kinds[kind].key, coverage_kinds[kind].title, hit, all, share, all - hit, share);
    }
    fputs("</div>\n<div id=\"find\"><input type=\"search\" placeholder=\"filter: name or group\" aria-label=\"filter\">"
          "</div>\n",
          file);
    for (size_t kind = 0; kind < COVERAGE_KINDS; kind++)
        put_kind(file, totals, kind);
    fputs(page_script, file);
    fputs("</body>\n</html>\n", file);
}
