#include "roms/lib/print.h"
#include "roms/visor/host.h"

#define UART(offset) (*(volatile u32 *)(host.uart + (offset)))
enum { DR = 0, FR = 0x18, IMSC = 0x38, ICR = 0x44 };
enum { RXFE = 0x10, TXFF = 0x20, RX_INTERRUPTS = 0x50 };
enum { SWITCH = 0x1e /* Ctrl-^ */, LINE = 160 };

/* Output of a guest since its last line. With one guest alone, characters go out as they come. */
struct line {
    struct vm *vm;
    char text[LINE];
    unsigned length;
};
static struct line lines[MAX_GUESTS];
static unsigned guest_count, focus;
static bool in_line; /* the last thing written is an unfinished line */
static unsigned line_of;
static volatile u32 console_lock;

void put_char(char c)
{
    while (UART(FR) & TXFF)
        ;
    UART(DR) = (u8)c;
    in_line = c != '\n';
}

void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    lock(&console_lock);
    print(in_line ? "\nvisor: " : "visor: ");
    print_list(format, arguments);
    print("\n");
    unlock(&console_lock);
    va_end(arguments);
}

void console_start(void)
{
    UART(IMSC) = RX_INTERRUPTS;
    gic_enable_spi(host.uart_spi, &host.pes[0], false);
}

void console_add(struct vm *vm)
{
    lines[guest_count++].vm = vm;
}

static struct line *line_for(const struct vm *vm)
{
    for (unsigned i = 0; i < guest_count; i++) {
        if (lines[i].vm == vm)
            return &lines[i];
    }
    return NULL;
}

static void show(struct line *line)
{
    unsigned index = (unsigned)(line - lines);
    if (line->length == 0)
        return;
    if (in_line && line_of != index)
        print("\n");
    if (!in_line)
        print("%s| ", line->vm->name);
    for (unsigned i = 0; i < line->length; i++)
        put_char(line->text[i]);
    line_of = index;
    line->length = 0;
}

void console_write(struct vm *vm, char c)
{
    struct line *line = line_for(vm);
    lock(&console_lock);
    if (guest_count == 1) {
        put_char(c);
    } else if (line) {
        line->text[line->length++] = c;
        if (c == '\n' || line->length == LINE)
            show(line);
    }
    unlock(&console_lock);
}

void console_flush(struct vm *vm)
{
    struct line *line = line_for(vm);
    lock(&console_lock);
    if (line && line->length)
        show(line);
    unlock(&console_lock);
}

void console_interrupt(void)
{
    UART(ICR) = RX_INTERRUPTS;
    while (!(UART(FR) & RXFE)) {
        char c = (char)UART(DR);
        if (c == SWITCH && guest_count > 1) {
            focus = (focus + 1) % guest_count;
            say("input goes to %s", lines[focus].vm->name);
        } else if (guest_count) {
            vuart_receive(lines[focus].vm, c);
        }
    }
}
