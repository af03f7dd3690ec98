/* Checks of the test ROMs: a failed one is printed, and the ROM ends with status 1. */
#ifndef ROM_TEST_H
#define ROM_TEST_H

#include "rom.h"

extern unsigned checks_failed;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print("line %u: %s\n", __LINE__, #condition);                                                              \
            checks_failed++;                                                                                           \
        }                                                                                                              \
    } while (0)

/* What the ROM checks; called at EL1 with the MMU and the GIC on, interrupts masked. test.c has the way there. */
void test_main(void);

#endif
