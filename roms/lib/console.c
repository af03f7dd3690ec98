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
