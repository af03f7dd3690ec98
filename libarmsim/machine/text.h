/* Building a line of text quickly, in a bounded buffer: what trace writers spend their time on. */
#ifndef ARMSIM_MACHINE_TEXT_H
#define ARMSIM_MACHINE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* `length` counts what would have been written, like snprintf; the buffer is always NUL-terminated if size > 0. */
struct text {
    char *data;
    size_t size, length;
};

struct text text_begin(char *data, size_t size);
void text_char(struct text *text, char c);
void text_string(struct text *text, const char *string);
void text_decimal(struct text *text, uint64_t value);
/* At least `digits` hexadecimal digits, without 0x. */
void text_hex(struct text *text, uint64_t value, unsigned digits);
/* A JSON string with its quotes. */
void text_json(struct text *text, const char *string);

#endif
