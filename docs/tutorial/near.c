/* Near misses of a call by AIDR_EL1, with everything else as a call has it. None may change a register but its own
 * destination. What it prints is the same with the transport, without it, and without a hypervisor. */
#include "roms/guest/client.h"
#include "roms/lib/test.h"

probe_fn probe_aidr_x9, probe_revidr, probe_revidr_x9, probe_midr;

static unsigned undefined;

/* The only exception that may come: AIDR_EL1 at EL0, UNDEFINED. */
static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    undefined += el == 1 && vector == 8 && frame->esr >> 26 == 0;
    frame->elr += 4;
}

static const struct near_miss {
    const char *name;
    probe_fn *probe;
    u64 key;
    unsigned destination; /* 31: none */
} near_misses[] = {
    {"MRS XZR, AIDR_EL1 without the key", probe_aidr, 0, 31},
    {"MRS XZR, AIDR_EL1 with another key", probe_aidr, TRAPCALL_KEY ^ 0x80000000, 31},
    {"MRS X9, AIDR_EL1", probe_aidr_x9, TRAPCALL_KEY, 9},
    {"MRS XZR, REVIDR_EL1", probe_revidr, TRAPCALL_KEY, 31},
    {"MRS X9, REVIDR_EL1", probe_revidr_x9, TRAPCALL_KEY, 9},
    {"MRS XZR, MIDR_EL1", probe_midr, TRAPCALL_KEY, 31},
};

static struct probe registers(u64 key)
{
    struct probe probe = {.x = {0x41524d53, 7, 0, 0x4153}, .nzcv = 0x60000000}; /* VERSION */
    for (unsigned i = 4; i < 31; i++)
        probe.x[i] = 0x0101010101010101 * i;
    probe.x[7] = key << 32 | IO_IN_DX_4;
    return probe;
}

static void check(const struct near_miss *near)
{
    struct probe before = registers(near->key), after = before;
    near->probe(&after);
    for (unsigned i = 0; i < 31; i++)
        CHECK(i == near->destination || after.x[i] == before.x[i]);
    CHECK(after.nzcv == before.nzcv);
    print("%s", near->name);
    print(near->destination < 31 ? ": %lx\n" : "\n", after.x[near->destination % 31]);
}

static struct probe at_el0 EL0_DATA;

static u64 call_at_el0(void)
{
    probe_aidr(&at_el0);
    return 0;
}

void test_main(void)
{
    set_handler(handle);
    for (unsigned i = 0; i < sizeof(near_misses) / sizeof(*near_misses); i++)
        check(&near_misses[i]);
    struct probe before = at_el0 = registers(TRAPCALL_KEY);
    call_el0(call_at_el0);
    CHECK(undefined == 1);
    CHECK(memcmp(&at_el0, &before, sizeof(before)) == 0);
    print("MRS XZR, AIDR_EL1 at EL0: UNDEFINED\n");
}
