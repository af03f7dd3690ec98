/* Formatted text. The program has put_char(); console.c is one for the board's PL011. */
#ifndef ROM_PRINT_H
#define ROM_PRINT_H

#include <stdarg.h>

#include "types.h"

void put_char(char c);
/* %s %d %u %x %lx %c and %%; widths with leading zeros or spaces. */
void print(const char *format, ...);
void print_list(const char *format, va_list arguments);

#endif
