/* The syntax of option values. */
#include "frontends/cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *keep_text(struct cli_options *options, const char *text, size_t length)
{
    struct keeper *keeper = malloc(sizeof(*keeper) + length + 1);
    if (!keeper)
        return NULL;
    memcpy(keeper->data, text, length);
    keeper->data[length] = '\0';
    keeper->next = options->keepers;
    options->keepers = keeper;
    return keeper->data;
}

/* The next item of a comma-separated list, with its doubled commas made single; *text moves on. NULL: no memory. */
static char *next_item(struct cli_options *options, const char **text)
{
    const char *from = *text;
    char *item = (char *)keep_text(options, from, strlen(from));
    if (!item)
        return NULL;
    char *to = item;
    for (; *from; from++) {
        if (*from == ',') {
            if (from[1] != ',')
                break;
            from++;
        }
        *to++ = *from;
    }
    *to = '\0';
    *text = *from ? from + 1 : NULL;
    return item;
}

int split_pairs(struct cli_options *options, const char *text, struct pair *pairs, int max)
{
    int count = 0;
    while (text) {
        if (count == max)
            return -1;
        char *item = next_item(options, &text);
        if (!item)
            return -1;
        char *equals = strchr(item, '=');
        if (equals)
            *equals = '\0';
        pairs[count++] = (struct pair){.key = item, .value = equals ? equals + 1 : NULL};
    }
    return count;
}

/* The digits at the start of `text`; the rest, or NULL: no number that fits. */
static const char *parse_digits(const char *text, uint64_t *value)
{
    int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    const char *digits = base == 16 ? text + 2 : text;
    if (base == 16 ? !isxdigit((unsigned char)*digits) : !isdigit((unsigned char)*digits))
        return NULL;
    char *end;
    errno = 0;
    *value = strtoull(digits, &end, base);
    return errno ? NULL : end;
}

bool parse_number(const char *text, uint64_t *value)
{
    const char *end = parse_digits(text, value);
    return end && *end == '\0';
}

/* A number with one of the letters k, m, g, t as a power of `step`. */
static bool parse_scaled(const char *text, uint64_t step, uint64_t unit, uint64_t *value)
{
    static const char letters[] = "kmgt";
    const char *end = parse_digits(text, value);
    if (!end)
        return false;
    uint64_t factor = unit;
    if (*end) {
        const char *letter = strchr(letters, tolower((unsigned char)*end));
        if (!letter || end[1])
            return false;
        factor = 1;
        for (const char *at = letters; at <= letter; at++)
            factor *= step;
    }
    return !__builtin_mul_overflow(*value, factor, value);
}

bool parse_count(const char *text, uint64_t *value)
{
    return parse_scaled(text, 1000, 1, value);
}

bool parse_size(const char *text, uint64_t unit, uint64_t *bytes)
{
    return parse_scaled(text, 1024, unit, bytes);
}

bool parse_switch(const char *text, bool *on)
{
    *on = strcmp(text, "on") == 0;
    return *on || strcmp(text, "off") == 0;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool parse_date(const char *text, int64_t *seconds)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, hour = 0, minute = 0, second = 0, used = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3)
        return false;
    if (text[used]) {
        int rest = 0;
        if (sscanf(text + used, "T%2d:%2d:%2d%n", &hour, &minute, &second, &rest) != 3 || text[used + rest])
            return false;
    }
    if (year < 1970 || month < 1 || month > 12 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59)
        return false;
    int last_day = month_days[month - 1] + (month == 2 && is_leap(year));
    if (day < 1 || day > last_day)
        return false;
    int64_t days = day - 1;
    for (int y = 1970; y < year; y++)
        days += 365 + is_leap(y);
    for (int m = 1; m < month; m++)
        days += month_days[m - 1] + (m == 2 && is_leap(year));
    *seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}
