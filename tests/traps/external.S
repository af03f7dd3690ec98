//! test: external aborts of a device that fails, and their routing
//! device: port base=0x50000000
//! inject: on=access error port on
//! set: X0 = 0x50000000
//! matrix: entry=el0,el1,el2,el3 ea=0,1 tea=0,1
//! set: SCR_EL3[3] = ${ea}
//! set: HCR_EL2[37] = ${tea}
//! trap[ea=1,entry=el0|el1|el2]: sync ${entry}->el3 ec=0x24 iss=0x10 far=0x50000000 elr=access why=SCR_EL3.EA
//! trap[ea=0,tea=1,entry=el0|el1]: sync ${entry}->el2 ec=0x24 iss=0x10 far=0x50000000 elr=access why=HCR_EL2.TEA
//! trap[ea=0,tea=0,entry=el0]: sync el0->el1 ec=0x24 iss=0x10 far=0x50000000 elr=access why="external abort"
//! trap[ea=0,tea=0,entry=el1]: sync el1->el1 ec=0x25 iss=0x10 far=0x50000000 elr=access why="external abort"
//! trap[ea=0,entry=el2]: sync el2->el2 ec=0x25 iss=0x10 far=0x50000000 elr=access why="external abort"
//! trap[entry=el3]: sync el3->el3 ec=0x25 iss=0x10 far=0x50000000 elr=access why="external abort"
//! # Before it fails it answers.
//! expect: X1 = 0x1234
#include "test.h"
    .globl _start
_start:
    mov w1, #0x1234
    str w1, [x0]
    ldr w1, [x0]
access:
    ldr w2, [x0]
    b done
    ending

    ending_vectors
