/*
 * Macros for trap tests. Every test begins at _start at the EL that `entry:` says, and ends at `done`.
 */
#ifndef ARMSIM_TESTS_TRAPS_TEST_H
#define ARMSIM_TESTS_TRAPS_TEST_H

/* The end: every test loops here. `fail` is where nothing should come. */
.macro ending
    .balign 4
done:
    b done
fail:
    b fail
.endm

/* The table `vectors`: every exception ends the test. */
.macro ending_vectors
    .balign 0x800
vectors:
    .rept 16
    b done
    .balign 0x80
    .endr
.endm

/*
 * A vector table. For synchronous exceptions the handler returns behind the instruction, so that a test goes on after
 * a trap; SVC, HVC and SMC return there anyway. An interrupt ends it.
 */
.macro skip_entry level
    .balign 0x80
    mrs x28, esr_el\level
    lsr x28, x28, #26
    mrs x29, elr_el\level
    sub x28, x28, #0x15     /* SVC, HVC, and SMC at EL3: at EL2 it is a trap */
    .if \level == 3
    cmp x28, #3
    .else
    cmp x28, #2
    .endif
    b.lo 1f
    add x29, x29, #4
    msr elr_el\level, x29
1:  eret
.endm

.macro interrupt_entry level
    .balign 0x80
    b interrupt_el\level
.endm

.macro skip_vectors level
    .balign 0x800
vectors_el\level:
    .rept 4
    skip_entry \level
    interrupt_entry \level
    interrupt_entry \level
    interrupt_entry \level
    .endr
    .balign 0x80
interrupt_el\level:
    b done
.endm

/* All three tables. */
.macro all_skip_vectors
    skip_vectors 1
    skip_vectors 2
    skip_vectors 3
.endm

#endif
