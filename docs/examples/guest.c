/*
 * The guest of the examples: at EL2 a monitor with four hypercalls, at EL1 a client that makes some of them and then has
 * the machine switched off. The monitor has a defect, which fuzz_hypercalls.c finds. Built with the cross compiler.
 */
#include <stdint.h>

enum { TABLE_SIZE = 8, CALL_VERSION = 0, CALL_UNLOCK = 1, CALL_SET = 2, CALL_SUM = 3 };
#define REFUSED UINT64_MAX

struct monitor {
    uint64_t table[TABLE_SIZE];
    unsigned unlocked;
};

/* At a known address, so that examples can watch it. */
__attribute__((section(".monitor"))) struct monitor monitor = {.table = {0}};

static uint64_t sum(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        sum += monitor.table[i];
    return sum;
}

/* Two digits, one after the other. */
static uint64_t unlock(uint64_t digit)
{
    if (monitor.unlocked == 0 && digit == 9)
        monitor.unlocked = 1;
    else if (monitor.unlocked == 1 && digit == 4)
        monitor.unlocked = 2;
    else
        monitor.unlocked = 0;
    return monitor.unlocked ? 0 : REFUSED;
}

static uint64_t set(int64_t index, uint64_t value)
{
    if (monitor.unlocked < 2)
        return REFUSED;
    if (index >= TABLE_SIZE) /* the defect: it may be negative */
        return REFUSED;
    monitor.table[index] = value;
    return 0;
}

/* Called by the vector with the client's X0 to X2; what it returns becomes the client's X0. */
__attribute__((used)) uint64_t hypercall(uint64_t call, uint64_t a, uint64_t b)
{
    switch (call) {
    case CALL_VERSION:
        return 1;
    case CALL_UNLOCK:
        return unlock(a);
    case CALL_SET:
        return set(a, b);
    case CALL_SUM:
        return sum();
    default:
        return REFUSED;
    }
}

__asm__(".section .text.start, \"ax\"\n"
        ".global _start\n"
        "_start:\n"
        "    adrp x0, stack_top\n"
        "    add  x0, x0, :lo12:stack_top\n"
        "    mov  sp, x0\n"
        "    adrp x0, vectors\n"
        "    add  x0, x0, :lo12:vectors\n"
        "    msr  VBAR_EL2, x0\n"
        "    mov  x0, #1 << 31\n" /* HCR_EL2.RW: EL1 is AArch64 */
        "    msr  HCR_EL2, x0\n"
        "    mov  x0, #0x3c5\n" /* EL1h, all masked */
        "    msr  SPSR_EL2, x0\n"
        "    adrp x0, client\n"
        "    add  x0, x0, :lo12:client\n"
        "    msr  ELR_EL2, x0\n"
        "    isb\n"
        "    eret\n"

        ".balign 2048\n"
        "vectors:\n"
        "    .fill 256, 4, 0xd4200000\n" /* nothing else is expected: BRK #0 */
        ".org vectors + 0x400\n"         /* synchronous, from EL1 */
        "    stp  x29, x30, [sp, #-16]!\n"
        "    bl   hypercall\n"
        "    ldp  x29, x30, [sp], #16\n"
        "    eret\n"
        ".org vectors + 0x800\n"

        ".macro call number, a=0, b=0\n"
        "    mov  x0, #\\number\n"
        "    mov  x1, #\\a\n"
        "    mov  x2, #\\b\n"
        "    hvc  #0\n"
        ".endm\n"
        "client:\n"
        "    call 0\n"
        "    call 1, 9\n"
        "    call 1, 4\n"
        "    call 2, 3, 39\n"
        "    call 2, 5, 3\n"
        "    call 3\n"
        "    mov  x19, x0\n"       /* 42 */
        "    movz x0, #0x8400, lsl #16\n"
        "    add  x0, x0, #8\n"    /* PSCI SYSTEM_OFF */
        "    smc  #0\n"
        "    b    .\n"

        ".bss\n"
        ".balign 16\n"
        "    .skip 4096\n"
        "stack_top:\n"
        ".previous\n");
