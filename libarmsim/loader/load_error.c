#include "libarmsim/loader/load_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A file's name may hold anything but NUL and '/'; the report is one line all the same. */
static void keep_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

int load_fail(struct load_error *error, int code, const char *file, const char *field, const char *format, ...)
{
    if (!error)
        return code;
    /* Names are cut rather than the explanation. */
    int used = snprintf(error->text, sizeof(error->text), "%.300s: %.100s: ", file, field);
    va_list args;
    va_start(args, format);
    vsnprintf(error->text + used, sizeof(error->text) - (size_t)used, format, args);
    va_end(args);
    keep_one_line(error->text);
    return code;
}

int load_fail_errno(struct load_error *error, int code, const char *file, const char *what)
{
    char text[128];
    if (strerror_r(-code, text, sizeof(text)) != 0)
        snprintf(text, sizeof(text), "error %d", -code);
    return load_fail(error, code, file, what, "%s", text);
}
