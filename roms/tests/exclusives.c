/* The local exclusive monitor, and the event register. */
#include "../lib/test.h"

static volatile u64 word __attribute__((aligned(64)));

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)frame;
    (void)vector;
    (void)el; /* an SVC: only the way here and back matters */
}

static u64 load_exclusive(void)
{
    u64 value;
    __asm__ volatile("ldxr %0, [%1]" : "=r"(value) : "r"(&word) : "memory");
    return value;
}

static unsigned store_exclusive(u64 value)
{
    unsigned status;
    __asm__ volatile("stxr %w0, %1, [%2]" : "=&r"(status) : "r"(value), "r"(&word) : "memory");
    return status;
}

void test_main(void)
{
    set_handler(handle);
    word = 1;
    CHECK(load_exclusive() == 1);
    CHECK(store_exclusive(2) == 0 && word == 2);
    CHECK(store_exclusive(3) == 1 && word == 2); /* the first one used the reservation up */

    load_exclusive();
    __asm__ volatile("clrex" ::: "memory");
    CHECK(store_exclusive(4) == 1 && word == 2);

    load_exclusive();
    __asm__ volatile("svc #0" ::: "memory"); /* the exception return clears it */
    CHECK(store_exclusive(5) == 1 && word == 2);

    /* The event register: set by SEVL, used up by WFE. A WFE that waited for ever would end the run. */
    __asm__ volatile("sevl\n\twfe" ::: "memory");
    __asm__ volatile("sev\n\twfe" ::: "memory");
    __asm__ volatile("svc #0\n\twfe" ::: "memory"); /* an exception return sets it too */

    /* Pairs: both halves or none. */
    static volatile u64 pair[2] __attribute__((aligned(16)));
    u64 low, high;
    unsigned status;
    pair[0] = 7;
    pair[1] = 8;
    __asm__ volatile("ldxp %0, %1, [%2]" : "=&r"(low), "=&r"(high) : "r"(pair) : "memory");
    __asm__ volatile("stxp %w0, %1, %2, [%3]" : "=&r"(status) : "r"(high), "r"(low), "r"(pair) : "memory");
    CHECK(status == 0 && pair[0] == 8 && pair[1] == 7);
}
