/* A process that asks: the WFE channel, a hypercall by DCC, one by BRK. Signals are the answer of a kernel that nobody helps. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#define REQUEST 0x61726d73696d2d57ull

static sigjmp_buf back;

static void signalled(int number)
{
    siglongjmp(back, number);
}

#define ASK(instruction)                                                                                               \
    ({                                                                                                                 \
        register uint64_t x0 __asm__("x0") = a;                                                                        \
        register uint64_t x1 __asm__("x1") = b;                                                                        \
        register uint64_t x2 __asm__("x2") = 0;                                                                        \
        register uint64_t x3 __asm__("x3") = 0x4153;                                                                   \
        register uint64_t x7 __asm__("x7") = 0x86ull << 32 | 0xe;                                                      \
        __asm__ volatile(instruction : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : "r"(x7) : "x4", "x5", "x6", "memory"); \
        a = x0;                                                                                                        \
        b = x1;                                                                                                        \
        c = x2;                                                                                                        \
    })

static const char *const names[] = {"WFE", "DCC", "BRK"};

static void ask(int kind)
{
    uint64_t a = kind ? 0x41524d53 : REQUEST, b = kind ? 0 : ~REQUEST, c = 0;
    if (kind == 0)
        for (int n = 0; n < 3 && a == REQUEST; n++) /* the kernel's event stream ends it where nobody answers */
            ASK("wfe");
    if (kind == 1)
        ASK("mrs xzr, mdccsr_el0");
    if (kind == 2)
        ASK("brk #0x86");
    printf("client: %s: %llx %llx %llx\n", names[kind], (unsigned long long)a, (unsigned long long)b, (unsigned long long)c);
}

int main(void)
{
    signal(SIGILL, signalled);
    signal(SIGTRAP, signalled);
    for (volatile int kind = 0; kind < 3; kind++) {
        int number = sigsetjmp(back, 1);
        if (number == 0)
            ask(kind);
        else
            printf("client: %s: signal %d\n", names[kind], number);
    }
    return 0;
}
