//! test: a bit of an instruction flips while it runs: `add` becomes what traps
//! entry: el0
//! device: console base=0x09000000 console
//! # ADD X0, X0, #1 (0x91000400) without its bit 31, 28 and 24 is no instruction.
//! inject: at=1000 set word@loop = 0
//! inject: at=1003 flip word@flag bit=3
//! trap: sync el0->el1 ec=0 why="unallocated encoding" elr=loop
//! expect: word@flag = 8
//! expect: X0 > 100
//! console: "trapped\n"
//! stat: exceptions = 1
#include "test.h"
    .globl _start
_start:
    mov x0, #0
loop:
    add x0, x0, #1
    b loop
    ending

    .balign 0x800
vectors_el1:
    .skip 0x400
    adr x1, text
    mov x2, #0x09000000
1:  ldrb w3, [x1], #1
    cbz w3, done
    strb w3, [x2]
    b 1b
text:
    .asciz "trapped\n"

    .data
flag:
    .word 0
