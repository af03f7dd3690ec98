/* Lines of a vector file, compressed or not, and the words in them. */
#ifndef CONFORMANCE_TEXT_H
#define CONFORMANCE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_reader;

/* NULL: the file can't be opened. */
struct line_reader *lines_open(const char *path);
/* The next line without its end; NULL at the end of the file. Valid until the next call; may be changed. */
char *lines_next(struct line_reader *reader);
/* Whether reading ended because the file is damaged. */
bool lines_failed(const struct line_reader *reader);
void lines_close(struct line_reader *reader);

/* Cuts the text at each separator, at most `max` parts; returns how many there are. */
size_t split(char *text, char separator, char **parts, size_t max);

/* The next word of *text, which moves behind it; NULL: none. Words are separated by spaces. */
char *next_word(char **text);

/* NAME=HEX: cuts the word at '='. False: no '=', or what follows isn't hexadecimal. */
bool split_value(char *word, char **name, uint64_t *value);

/* All of the text as a hexadecimal number. */
bool parse_hex(const char *text, uint64_t *value);

/* Text of limited length that grows at its end. */
struct text {
    char data[4096];
    size_t length;
};
void text_clear(struct text *text);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
