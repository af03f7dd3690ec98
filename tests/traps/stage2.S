//! test: stage 2 faults: to EL2, with the IPA in HPFAR_EL2 and what a hypervisor needs to emulate the access
//! matrix: entry=el0,el1 access=load,store,byte,fetch place=ram,level1,level2,level3,flag,read_only,write_only,no_execute
//! start: ${access}
//! set: X0 = ${place}
//! set: VTTBR_EL2 = level1_table
//! set: VTCR_EL2 = 25 | 1<<6 | 1<<8 | 1<<10 | 3<<12 | 2<<16
//! set: HCR_EL2[0] = 1
//!
//! trap[place=ram]: none
//! # LDR X1: ISV, 8 bytes, register 1, 64 bits.
//! trap[access=load,place=level1]: sync ${entry}->el2 ec=0x24 iss=0x1c18005 far=${place} hpfar=${place}_hpfar elr=${access} why="stage 2 fault"
//! trap[access=load,place=level2]: sync ${entry}->el2 ec=0x24 iss=0x1c18006 far=${place} hpfar=${place}_hpfar elr=${access} why="stage 2 fault"
//! trap[access=load,place=level3]: sync ${entry}->el2 ec=0x24 iss=0x1c18007 far=${place} hpfar=${place}_hpfar elr=${access} why="stage 2 fault"
//! trap[access=load,place=flag]: sync ${entry}->el2 ec=0x24 iss=0x1c1800b far=${place} hpfar=${place}_hpfar elr=${access} why="stage 2 fault"
//! trap[access=load,place=write_only]: sync ${entry}->el2 ec=0x24 iss=0x1c1800f far=${place} elr=${access} why="stage 2 fault"
//! trap[access=load,place=read_only|no_execute]: none
//! # STR X1, and WnR.
//! trap[access=store,place=level1]: sync ${entry}->el2 ec=0x24 iss=0x1c18045 far=${place} hpfar=${place}_hpfar
//! trap[access=store,place=level2]: sync ${entry}->el2 ec=0x24 iss=0x1c18046 far=${place} hpfar=${place}_hpfar
//! trap[access=store,place=level3]: sync ${entry}->el2 ec=0x24 iss=0x1c18047 far=${place} hpfar=${place}_hpfar
//! trap[access=store,place=flag]: sync ${entry}->el2 ec=0x24 iss=0x1c1804b far=${place} hpfar=${place}_hpfar
//! trap[access=store,place=read_only]: sync ${entry}->el2 ec=0x24 iss=0x1c1804f far=${place}
//! trap[access=store,place=write_only|no_execute]: none
//! # LDRSB W3: 1 byte, sign-extended, register 3, 32 bits.
//! trap[access=byte,place=level1]: sync ${entry}->el2 ec=0x24 iss=0x1230005 far=${place}+3 hpfar=${place}_hpfar
//! trap[access=byte,place=level2]: sync ${entry}->el2 ec=0x24 iss=0x1230006 far=${place}+3 hpfar=${place}_hpfar
//! trap[access=byte,place=level3]: sync ${entry}->el2 ec=0x24 iss=0x1230007 far=${place}+3 hpfar=${place}_hpfar
//! trap[access=byte,place=flag]: sync ${entry}->el2 ec=0x24 iss=0x123000b far=${place}+3 hpfar=${place}_hpfar
//! trap[access=byte,place=write_only]: sync ${entry}->el2 ec=0x24 iss=0x123000f far=${place}+3
//! trap[access=byte,place=read_only|no_execute]: none
//! trap[access=fetch,place=level1]: sync ${entry}->el2 ec=0x20 iss=0x05 far=${place} hpfar=${place}_hpfar elr=${place}
//! trap[access=fetch,place=level2]: sync ${entry}->el2 ec=0x20 iss=0x06 far=${place} hpfar=${place}_hpfar elr=${place}
//! trap[access=fetch,place=level3]: sync ${entry}->el2 ec=0x20 iss=0x07 far=${place} hpfar=${place}_hpfar elr=${place}
//! trap[access=fetch,place=flag]: sync ${entry}->el2 ec=0x20 iss=0x0b far=${place} hpfar=${place}_hpfar elr=${place}
//! trap[access=fetch,place=no_execute]: sync ${entry}->el2 ec=0x20 iss=0x0f far=${place} elr=${place}
//! trap[access=fetch,place=read_only|write_only]: none
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
byte:
    ldrsb w3, [x0, #3]
    b done
fetch:
    br x0
    ending

    ending_vectors

    .set level1, 0x80000000
    .set level2, 0x40200000
    .set ram, 0x40400000
    .set level3, 0x40401000
    .set flag, 0x40402000
    .set read_only, 0x40403000
    .set write_only, 0x40404000
    .set no_execute, 0x40405000
    .set level1_hpfar, level1 >> 8
    .set level2_hpfar, level2 >> 8
    .set level3_hpfar, level3 >> 8
    .set flag_hpfar, flag >> 8

    .data
    .balign 4096
memory:
    movz x2, #:abs_g1:done
    movk x2, #:abs_g0_nc:done
    br x2
    .balign 4096
level1_table:
    .quad 0
    .quad level2_table + TABLE
    .balign 4096
level2_table:
    .quad 0x40000000 + BLOCK + AF + INNER + S2_NORMAL + S2_READ + S2_WRITE
    .quad 0
    .quad level3_table + TABLE
    .balign 4096
level3_table:
    .quad memory + PAGE + AF + INNER + S2_NORMAL + S2_READ + S2_WRITE
    .quad 0
    .quad memory + PAGE + INNER + S2_NORMAL + S2_READ + S2_WRITE
    .quad memory + PAGE + AF + INNER + S2_NORMAL + S2_READ
    .quad memory + PAGE + AF + INNER + S2_NORMAL + S2_WRITE
    .quad memory + PAGE + AF + INNER + S2_NORMAL + S2_READ + S2_WRITE + S2_XN
    .balign 4096
