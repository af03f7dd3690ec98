/*
 * Four PEs, where PSCI starts the others (no EL3 of the ROM's own): exclusives between them count exactly, a store by
 * another PE takes a reservation away even if it stores the same value, and events reach a waiting PE.
 */
#include "../lib/psci.h"
#include "../lib/test.h"

enum { PES = 4, TURNS = 20000 };

static volatile u64 counter __attribute__((aligned(64)));
static volatile u64 flag __attribute__((aligned(64)));
static volatile unsigned online, done, go, rewrite;

static void add_exclusive(volatile u64 *to, u64 n)
{
    u64 value;
    unsigned status;
    __asm__ volatile("1: ldxr %0, [%2]\n\tadd %0, %0, %3\n\tstxr %w1, %0, [%2]\n\tcbnz %w1, 1b"
                     : "=&r"(value), "=&r"(status)
                     : "r"(to), "r"(n)
                     : "memory");
}

static void count_up(void)
{
    for (unsigned i = 0; i < TURNS; i++)
        add_exclusive(&counter, 1);
}

static void secondary_main(unsigned number)
{
    __atomic_fetch_add(&online, 1, __ATOMIC_SEQ_CST);
    while (!go)
        __asm__ volatile("wfe" ::: "memory");
    count_up();
    if (number == 1) {
        while (!rewrite)
            ;
        flag = 5; /* what it holds already */
        DSB();
        rewrite = 0;
        DSB();
    }
    __atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
    __asm__ volatile("sev");
}

void test_main(void)
{
    if (start_el == 3)
        return; /* the ROM is the firmware, and has no way to power PEs on */
    CHECK(firmware_call(PSCI_VERSION, 0, 0, 0) >= 0x10000);
    for (unsigned pe = 1; pe < PES; pe++)
        CHECK(start_secondary(pe, secondary_main) == PSCI_SUCCESS);
    CHECK(start_secondary(1, secondary_main) < 0);   /* already on, or about to be */
    CHECK(start_secondary(77, secondary_main) == PSCI_INVALID_PARAMETERS);
    while (online < PES - 1)
        ;
    CHECK(firmware_call(PSCI_AFFINITY_INFO_64, 2, 0, 0) == PSCI_AFFINITY_ON);
    go = 1;
    DSB();
    __asm__ volatile("sev");
    count_up();

    /* The other PE writes the same value between the load and the store. */
    u64 value;
    unsigned status;
    flag = 5;
    DSB();
    __asm__ volatile("ldxr %0, [%1]" : "=r"(value) : "r"(&flag) : "memory");
    rewrite = 1;
    DSB();
    while (rewrite)
        ;
    __asm__ volatile("stxr %w0, %1, [%2]" : "=&r"(status) : "r"(value + 1), "r"(&flag) : "memory");
    CHECK(value == 5 && status == 1 && flag == 5);

    while (done < PES - 1)
        __asm__ volatile("wfe" ::: "memory");
    CHECK(counter == (u64)PES * TURNS);
}
