/* Text and memory for the harness. */
#include "frontends/harness/harness.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The harness is a command: without memory it ends, and says so. */
void check_memory(bool enough)
{
    if (!enough) {
        fputs("armsim: out of memory\n", stderr);
        exit(1);
    }
}

static void *check(void *memory)
{
    check_memory(memory != NULL);
    return memory;
}

void *grow(void *array, size_t count, size_t *capacity, size_t element)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? 2 * *capacity : 16;
    return check(realloc(array, *capacity * element));
}

static void reserve(struct buffer *buffer, size_t more)
{
    if (buffer->length + more + 1 <= buffer->capacity)
        return;
    buffer->capacity = 2 * (buffer->length + more + 1);
    buffer->data = check(realloc(buffer->data, buffer->capacity));
}

void buffer_bytes(struct buffer *buffer, const void *data, size_t size)
{
    reserve(buffer, size);
    memcpy(buffer->data + buffer->length, data, size);
    buffer->length += size;
    buffer->data[buffer->length] = '\0';
}

void buffer_add(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length >= 0) {
        reserve(buffer, (size_t)length);
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

void buffer_word(struct buffer *buffer, const char *word)
{
    bool plain = *word != '\0';
    for (const char *at = word; *at; at++)
        plain &= isalnum((unsigned char)*at) || strchr("%+,-./:=@_", *at);
    if (plain) {
        buffer_add(buffer, "%s", word);
        return;
    }
    buffer_add(buffer, "'");
    for (const char *at = word; *at; at++)
        buffer_add(buffer, *at == '\'' ? "'\\%c'" : "%c", *at);
    buffer_add(buffer, "'");
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->length ? buffer->data : "";
}

struct arena_block {
    struct arena_block *next;
    _Alignas(16) unsigned char data[];
};

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = check(calloc(1, sizeof(*block) + size));
    block->next = arena->blocks;
    arena->blocks = block;
    return block->data;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)(length < 0 ? 0 : length) + 1);
    vsnprintf(text, (size_t)(length < 0 ? 0 : length) + 1, format, again);
    va_end(again);
    return text;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}

char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

static bool glob_here(const char *pattern, const char *text)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            for (const char *rest = text;; rest++) {
                if (glob_here(pattern + 1, rest))
                    return true;
                if (!*rest)
                    return false;
            }
        }
        if (!*text || (*pattern != '?' && *pattern != *text))
            return false;
    }
    return true; /* what follows may be anything */
}

bool glob_match(const char *pattern, const char *text)
{
    for (;; text++) {
        if (glob_here(pattern, text))
            return true;
        if (!*text)
            return false;
    }
}

char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    struct buffer buffer = {0};
    char chunk[16384];
    size_t got;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buffer_bytes(&buffer, chunk, got);
    int error = ferror(file) ? EIO : 0;
    fclose(file);
    if (error) {
        buffer_free(&buffer);
        errno = error;
        return NULL;
    }
    buffer_bytes(&buffer, "", 0);
    if (size)
        *size = buffer.length;
    return buffer.data;
}
