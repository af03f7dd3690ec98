#include "rom.h"

#define UART ((volatile u32 *)0x09000000ul)
#define UART_FR (0x18 / 4)
#define TXFF 0x20


void put_char(char c)
{
    while (UART[UART_FR] & TXFF)
        ;
    UART[0] = (u8)c;
}

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

void print(const char *format, ...)
{
    __builtin_va_list arguments;
    __builtin_va_start(arguments, format);
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
            for (const char *s = __builtin_va_arg(arguments, const char *); *s; s++, length++)
                put_char(*s);
            for (; length < width; length++)
                put_char(' ');
            break;
        }
        case 'c':
            put_char((char)__builtin_va_arg(arguments, int));
            break;
        case 'd':
        case 'u':
            put_digits(wide ? __builtin_va_arg(arguments, u64) : __builtin_va_arg(arguments, u32), 10, width, pad);
            break;
        case 'x':
            put_digits(wide ? __builtin_va_arg(arguments, u64) : __builtin_va_arg(arguments, u32), 16, width, pad);
            break;
        default:
            put_char(*format);
        }
    }
    __builtin_va_end(arguments);
}
