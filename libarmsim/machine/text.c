/* Bounded text building. */
#include "libarmsim/machine/text.h"

struct text text_begin(char *data, size_t size)
{
    if (size)
        data[0] = '\0';
    return (struct text){.data = data, .size = size};
}

void text_char(struct text *text, char c)
{
    if (text->length + 1 < text->size) {
        text->data[text->length] = c;
        text->data[text->length + 1] = '\0';
    }
    text->length++;
}

void text_string(struct text *text, const char *string)
{
    while (*string)
        text_char(text, *string++);
}

void text_decimal(struct text *text, uint64_t value)
{
    char digits[20];
    unsigned count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count)
        text_char(text, digits[--count]);
}

void text_hex(struct text *text, uint64_t value, unsigned digits)
{
    unsigned needed = value ? (67 - (unsigned)__builtin_clzll(value)) / 4 : 1;
    for (unsigned n = needed > digits ? needed : digits; n > 0; n--)
        text_char(text, n > 16 ? '0' : "0123456789abcdef"[value >> (4 * (n - 1)) & 15]);
}

void text_json(struct text *text, const char *string)
{
    text_char(text, '"');
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\') {
            text_char(text, '\\');
            text_char(text, (char)c);
        } else if (c < 0x20) {
            text_string(text, "\\u");
            text_hex(text, c, 4);
        } else {
            text_char(text, (char)c);
        }
    }
    text_char(text, '"');
}
