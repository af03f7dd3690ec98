/* Bytecode interpreter (switch in a loop, compiled to an indirect branch per op) counting primes. */
#include "program.h"
#ifndef ITERS
#define ITERS 12
#endif
enum { PUSH, LOAD, STORE, ADD, SUB, MUL, MOD, LT, JZ, JMP, HALT, INC, DUP, POP };
/* clang-format off: one line, one step of the program */
static const u8 code[] = {
    PUSH, 0, STORE, 0, PUSH, 2, STORE, 1,           /* count=0 n=2 */
    /* 8 */ LOAD, 1, LOAD, 4, LT, JZ, 57,           /* while n<limit */
    /* 15 */ PUSH, 2, STORE, 2,                     /* d=2 */
    /* 19 */ LOAD, 2, LOAD, 2, MUL, LOAD, 1, PUSH, 1, ADD, LT, JZ, 49, /* while d*d<n+1 */
    /* 32 */ LOAD, 1, LOAD, 2, MOD, JZ, 53,         /* if n%d==0 break */
    /* 39 */ INC, 2, PUSH, 7, DUP, SUB, POP, JMP, 19, 0,
    /* 49 */ INC, 0, JMP, 53,
    /* 53 */ INC, 1, JMP, 8,
    /* 57 */ HALT };
/* clang-format on */
static NOINLINE s64 run(s64 limit)
{
    s64 st[32], var[8], *sp = st;
    const u8 *pc = code;
    var[4] = limit;
    for (;;)
        switch (*pc++) {
        case PUSH:
            *sp++ = *pc++;
            break;
        case LOAD:
            *sp++ = var[*pc++];
            break;
        case STORE:
            var[*pc++] = *--sp;
            break;
        case ADD:
            sp--;
            sp[-1] += sp[0];
            break;
        case SUB:
            sp--;
            sp[-1] -= sp[0];
            break;
        case MUL:
            sp--;
            sp[-1] *= sp[0];
            break;
        case MOD:
            sp--;
            sp[-1] %= sp[0];
            break;
        case LT:
            sp--;
            sp[-1] = sp[-1] < sp[0];
            break;
        case JZ:
            pc = *--sp ? pc + 1 : code + *pc;
            break;
        case JMP:
            pc = code + *pc;
            break;
        case INC:
            var[*pc++]++;
            break;
        case DUP:
            sp[0] = sp[-1];
            sp++;
            break;
        case POP:
            sp--;
            break;
        case HALT:
            return var[0];
        }
}
void rom_main(void)
{
    u64 sum = 0;
    for (u32 it = 0; it < ITERS; it++)
        sum = sum * 31 + run(40000 + it);
    report("vm", ITERS, sum);
}
