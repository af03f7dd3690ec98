#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct line_reader {
    gzFile file;
    char *line;
    size_t capacity;
    bool failed;
};

struct line_reader *lines_open(const char *path)
{
    struct line_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->file = gzopen(path, "rb");
    reader->capacity = 4096;
    reader->line = malloc(reader->capacity);
    if (!reader->file || !reader->line) {
        lines_close(reader);
        return NULL;
    }
    gzbuffer(reader->file, 1 << 18);
    return reader;
}

char *lines_next(struct line_reader *reader)
{
    size_t length = 0;
    for (;;) {
        if (!gzgets(reader->file, reader->line + length, (int)(reader->capacity - length))) {
            int error = Z_OK;
            gzerror(reader->file, &error);
            reader->failed = error != Z_OK && error != Z_STREAM_END;
            return NULL;
        }
        length += strlen(reader->line + length);
        if (length && reader->line[length - 1] == '\n') {
            reader->line[length - 1] = 0;
            return reader->line;
        }
        if (gzeof(reader->file))
            return reader->line;
        char *longer = realloc(reader->line, reader->capacity * 2);
        if (!longer) {
            reader->failed = true;
            return NULL;
        }
        reader->line = longer;
        reader->capacity *= 2;
    }
}

bool lines_failed(const struct line_reader *reader)
{
    return reader->failed;
}

void lines_close(struct line_reader *reader)
{
    if (!reader)
        return;
    if (reader->file)
        gzclose(reader->file);
    free(reader->line);
    free(reader);
}

size_t split(char *text, char separator, char **parts, size_t max)
{
    size_t count = 0;
    while (count < max) {
        parts[count++] = text;
        char *end = strchr(text, separator);
        if (!end)
            break;
        if (count < max)
            *end = 0;
        text = end + 1;
    }
    return count;
}

char *next_word(char **text)
{
    char *word = *text + strspn(*text, " ");
    if (!*word)
        return NULL;
    char *end = word + strcspn(word, " ");
    *text = *end ? end + 1 : end;
    *end = 0;
    return word;
}

bool parse_hex(const char *text, uint64_t *value)
{
    char *end = NULL;
    *value = strtoull(text, &end, 16);
    return end != text && !*end;
}

bool split_value(char *word, char **name, uint64_t *value)
{
    char *equals = strchr(word, '=');
    if (!equals || !parse_hex(equals + 1, value))
        return false;
    *equals = 0;
    *name = word;
    return true;
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->data[0] = 0;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->data + text->length, sizeof text->data - text->length, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->length += (size_t)length;
    if (text->length >= sizeof text->data)
        text->length = sizeof text->data - 1;
}
