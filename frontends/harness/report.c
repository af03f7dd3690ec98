/* TAP and JUnit. */
#include "frontends/harness/harness.h"

#include <string.h>

static void put_xml(FILE *file, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        switch (c) {
        case '&': fputs("&amp;", file); break;
        case '<': fputs("&lt;", file); break;
        case '>': fputs("&gt;", file); break;
        case '"': fputs("&quot;", file); break;
        case '\n': fputs("&#10;", file); break;
        default:
            if (c >= ' ')
                fputc(c, file);
        }
    }
}

static void put_case(FILE *file, const struct test *test, const struct result *result)
{
    fputs("  <testcase classname=\"", file);
    put_xml(file, test->file->path);
    fputs("\" name=\"", file);
    size_t prefix = strlen(test->file->path);
    put_xml(file, test->name[prefix] ? test->name + prefix + 1 : test->name);
    fprintf(file, "\" time=\"%.6f\"", result->seconds);
    if (result->verdict == PASSED) {
        fputs("/>\n", file);
        return;
    }
    fputs(result->verdict == FAILED ? ">\n    <failure message=\"" : ">\n    <skipped message=\"", file);
    const char *text = buffer_text(&result->text), *end = strchr(text, '\n');
    char first[256];
    snprintf(first, sizeof(first), "%.*s", end ? (int)(end - text) : (int)strlen(text), text);
    put_xml(file, first);
    fputs("\">", file);
    put_xml(file, text);
    fputs(result->verdict == FAILED ? "</failure>\n  </testcase>\n" : "</skipped>\n  </testcase>\n", file);
}

bool report_junit(const char *path, const struct test *const *tests, const struct result *results, size_t count)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    size_t failed = 0, skipped = 0;
    double seconds = 0;
    for (size_t i = 0; i < count; i++) {
        failed += results[i].verdict == FAILED;
        skipped += results[i].verdict == SKIPPED;
        seconds += results[i].seconds;
    }
    fprintf(file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    fprintf(file, "<testsuite name=\"armsim\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" "
                  "time=\"%.6f\">\n",
            count, failed, skipped, seconds);
    for (size_t i = 0; i < count; i++)
        put_case(file, tests[i], &results[i]);
    fputs("</testsuite>\n", file);
    bool good = !ferror(file);
    return fclose(file) == 0 && good;
}

void report_tap(const struct test *test, const struct result *result, size_t number)
{
    printf("%sok %zu - %s%s", result->verdict == FAILED ? "not " : "", number, test->name,
           result->verdict == SKIPPED ? " # SKIP " : "\n");
    const char *text = buffer_text(&result->text);
    if (result->verdict == SKIPPED) {
        printf("%s\n", text);
        return;
    }
    while (*text) {
        size_t length = strcspn(text, "\n");
        printf("# %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}
