#include "print.h"

static void put_digits(u64 value, unsigned base, unsigned width, char pad)
{
    char digits[24];
    unsigned n = 0;
    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    for (unsigned i = n; i < width; i++)
        put_char(pad);
    while (n)
        put_char(digits[--n]);
}

void print_list(const char *format, va_list arguments)
{
    for (; *format; format++) {
        if (*format != '%') {
            if (*format == '\n')
                put_char('\r');
            put_char(*format);
            continue;
        }
        char pad = ' ';
        unsigned width = 0;
        bool wide = false;
        if (*++format == '0')
            pad = *format++;
        while (*format >= '0' && *format <= '9')
            width = width * 10 + (unsigned)(*format++ - '0');
        if (*format == 'l') {
            wide = true;
            format++;
        }
        switch (*format) {
        case 's': {
            unsigned length = 0;
            for (const char *s = va_arg(arguments, const char *); *s; s++, length++)
                put_char(*s);
            for (; length < width; length++)
                put_char(' ');
            break;
        }
        case 'c':
            put_char((char)va_arg(arguments, int));
            break;
        case 'd':
        case 'u':
            put_digits(wide ? va_arg(arguments, u64) : va_arg(arguments, u32), 10, width, pad);
            break;
        case 'x':
            put_digits(wide ? va_arg(arguments, u64) : va_arg(arguments, u32), 16, width, pad);
            break;
        default:
            put_char(*format);
        }
    }
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
}
