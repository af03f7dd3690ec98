//! test: stage 1 faults of EL0 and EL1: the level, the kind, FAR and the syndrome of reads, writes and fetches
//! matrix: entry=el0,el1 access=load,store,fetch place=ram,level1,level2,level3,flag,size,user_none,read_only,no_execute,high
//! include: stage1.regime
//! start: ${access}
//! set: X0 = ${place}
//! set: PSTATE[9:6] = 0xf
//!
//! # Data accesses. DFSC: Translation 0x04, Access flag 0x08, Permission 0x0c, Address size 0x00, plus the level.
//! trap[access=load,place=ram]: none
//! trap[access=store,place=ram]: none
//! trap[access=load,place=level1]: sync ${entry}->el1 iss=0x05 far=${place} elr=${access} why="Translation fault"
//! trap[access=load,place=level2]: sync ${entry}->el1 iss=0x06 far=${place} elr=${access} why="Translation fault"
//! trap[access=load,place=level3]: sync ${entry}->el1 iss=0x07 far=${place} elr=${access} why="Translation fault"
//! trap[access=load,place=high]: sync ${entry}->el1 iss=0x04 far=${place} elr=${access} why="Translation fault"
//! trap[access=load,place=flag]: sync ${entry}->el1 iss=0x0b far=${place} elr=${access} why="Access flag fault"
//! trap[access=load,place=size]: sync ${entry}->el1 iss=0x03 far=${place} elr=${access} why="Address size fault"
//! trap[access=load,place=user_none,entry=el0]: sync el0->el1 iss=0x0f far=${place} elr=${access} why="Permission fault"
//! trap[access=load,place=user_none,entry=el1]: none
//! trap[access=load,place=read_only|no_execute]: none
//! trap[access=store,place=level1]: sync ${entry}->el1 iss=0x45 far=${place} elr=${access} why="Translation fault"
//! trap[access=store,place=level2]: sync ${entry}->el1 iss=0x46 far=${place} elr=${access} why="Translation fault"
//! trap[access=store,place=level3]: sync ${entry}->el1 iss=0x47 far=${place} elr=${access} why="Translation fault"
//! trap[access=store,place=high]: sync ${entry}->el1 iss=0x44 far=${place} elr=${access} why="Translation fault"
//! trap[access=store,place=flag]: sync ${entry}->el1 iss=0x4b far=${place} elr=${access} why="Access flag fault"
//! trap[access=store,place=size]: sync ${entry}->el1 iss=0x43 far=${place} elr=${access} why="Address size fault"
//! trap[access=store,place=read_only]: sync ${entry}->el1 iss=0x4f far=${place} elr=${access} why="Permission fault"
//! trap[access=store,place=user_none,entry=el0]: sync el0->el1 iss=0x4f far=${place} elr=${access} why="Permission fault"
//! trap[access=store,place=user_none,entry=el1]: none
//! trap[access=store,place=no_execute]: none
//!
//! # Fetches. Pages that EL0 may write are not executable at EL1.
//! trap[access=fetch,place=ram,entry=el0]: none
//! trap[access=fetch,place=ram,entry=el1]: sync el1->el1 iss=0x0f far=${place} elr=${place} why="Permission fault"
//! trap[access=fetch,place=level1]: sync ${entry}->el1 iss=0x05 far=${place} elr=${place} why="Translation fault"
//! trap[access=fetch,place=level2]: sync ${entry}->el1 iss=0x06 far=${place} elr=${place} why="Translation fault"
//! trap[access=fetch,place=level3]: sync ${entry}->el1 iss=0x07 far=${place} elr=${place} why="Translation fault"
//! trap[access=fetch,place=high]: sync ${entry}->el1 iss=0x04 far=${place} elr=${place} why="Translation fault"
//! trap[access=fetch,place=flag]: sync ${entry}->el1 iss=0x0b far=${place} elr=${place} why="Access flag fault"
//! trap[access=fetch,place=size]: sync ${entry}->el1 iss=0x03 far=${place} elr=${place} why="Address size fault"
//! # What EL0 may not read it may execute all the same.
//! trap[access=fetch,place=user_none]: none
//! trap[access=fetch,place=read_only]: none
//! trap[access=fetch,place=no_execute]: sync ${entry}->el1 iss=0x0f far=${place} elr=${place} why="Permission fault"
//!
//! # The class tells a lower EL from the same.
//! count[entry=el0,access=load|store]: ec=0x25 = 0
//! count[entry=el1,access=load|store]: ec=0x24 = 0
//! count[entry=el0,access=fetch]: ec=0x21 = 0
//! count[entry=el1,access=fetch]: ec=0x20 = 0
#include "test.h"
#include "tables.h"
    .globl _start
_start:
    b fail
load:
    ldr x1, [x0]
    b done
store:
    str x1, [x0]
    b done
fetch:
    br x0
    ending

    ending_vectors

/* The places of the matrix. The image is the first block; the pages below all mean `memory`. */
    .set level1, 0x80000000
    .set level2, 0x40200000
    .set ram, 0x40400000
    .set level3, 0x40401000
    .set flag, 0x40402000
    .set size, 0x40403000
    .set user_none, 0x40404000
    .set read_only, 0x40405000
    .set no_execute, 0x40406000
    .set high, 0x8000000000         /* above 39 bits: no table covers it */

    .data
    .balign 4096
memory:                             /* what a fetch from there executes: a way to done */
    movz x2, #:abs_g1:done
    movk x2, #:abs_g0_nc:done
    br x2
    .balign 4096
level1_table:
    .quad 0
    .quad level2_table + TABLE
    .balign 4096
level2_table:
    .quad 0x40000000 + BLOCK + AF + INNER + READ_ONLY_USER
    .quad 0
    .quad level3_table + TABLE
    .balign 4096
level3_table:
    .quad memory + PAGE + AF + INNER + READ_WRITE_USER
    .quad 0
    .quad memory + PAGE + INNER + READ_WRITE_USER
    .quad 0x7f0000000000 + PAGE + AF + INNER + READ_WRITE_USER
    .quad memory + PAGE + AF + INNER
    .quad memory + PAGE + AF + INNER + READ_ONLY_USER
    .quad memory + PAGE + AF + INNER + READ_WRITE_USER + UXN + PXN
    .balign 4096
