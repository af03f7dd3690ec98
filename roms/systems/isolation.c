/*
 * A guest of the visor that lies: it reaches for memory that isn't its own by every kind of access, puts its tables and
 * its disk's rings there, starts vCPUs there, and asks for what firmware and interrupt controller don't have. Each gets
 * the answer that the architecture or the specification has for it, and the guest goes on. Its RAM is 16 MiB.
 */
#include "../guest/disk.h"
#include "../lib/psci.h"
#include "../lib/syndrome.h"
#include "../lib/test.h"

#define RAM_END 0x41000000ul
#define NOWHERE 0x60000000ul
#define STEP 0x100000ul
#define GICD 0x08000000ul
#define REG(address) (*(volatile u32 *)(address))

static struct {
    u64 esr, far;
    unsigned count;
} taken;

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    (void)el;
    taken.esr = frame->esr;
    taken.far = frame->far;
    taken.count++;
    if (ESR_CLASS(frame->esr) == EC_FETCH_SAME)
        frame->elr = frame->x[30]; /* a call to nowhere returns */
    else if (ESR_CLASS(frame->esr) != EC_HVC) /* which has been executed: the control, where EL2 is the program's own */
        frame->elr += 4;
}

static bool aborted(unsigned ec, unsigned status, u64 far)
{
    bool good = taken.count == 1 && ESR_CLASS(taken.esr) == ec && ISS_FSC(taken.esr) == status && taken.far == far;
    if (!good)
        print("at %lx: %u exceptions, ESR %lx, FAR %lx\n", far, taken.count, taken.esr, taken.far);
    taken.count = 0;
    return good;
}

static bool undefined(void)
{
    bool good = taken.count == 1 && ESR_CLASS(taken.esr) == EC_UNKNOWN;
    taken.count = 0;
    return good;
}

/* ---- memory of others */

/* Every MiB of physical memory behind our own, and what else this board has. */
static void reach_for_memory(void)
{
    for (u64 at = RAM_END; at < 0x80000000; at += STEP) {
        u64 value = 0x5ec5e7;
        __asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(at) : "memory");
        CHECK(aborted(EC_DATA_SAME, FSC_EXTERNAL, at) && value == 0x5ec5e7);
        __asm__ volatile("str %0, [%1]" ::"r"(value), "r"(at) : "memory");
        CHECK(aborted(EC_DATA_SAME, FSC_EXTERNAL, at));
    }
    static const u64 devices[] = {0, 0x08020000, 0x08030000, 0x09010000, 0x09030000, 0x0a000000, 0x0c000000, 0x3f000000};
    for (unsigned i = 0; i < COUNT(devices); i++) {
        REG(devices[i]);
        CHECK(aborted(EC_DATA_SAME, FSC_EXTERNAL, devices[i]));
    }
}

/* Instructions of which the syndrome tells nothing. The first address is the one that fails. */
#define TRY(text, at)                                                                                                  \
    do {                                                                                                               \
        u64 base_ = (at), a_ = 0x1111, b_ = 0x2222;                                                                    \
        u64 before_ = base_;                                                                                           \
        __asm__ volatile(text : "+r"(base_), "+r"(a_), "+r"(b_)::"memory");                                            \
        CHECK(taken.count == 1 && ESR_CLASS(taken.esr) == EC_DATA_SAME && ISS_FSC(taken.esr) == FSC_EXTERNAL);         \
        CHECK(base_ == before_ && a_ == 0x1111 && b_ == 0x2222);                                                       \
        taken.count = 0;                                                                                               \
    } while (0)

static void reach_by_every_form(void)
{
    TRY("ldp %1, %2, [%0]", NOWHERE);
    TRY("stp %1, %2, [%0]", NOWHERE);
    TRY("ldr %1, [%0], #8", NOWHERE);
    TRY("ldr %1, [%0, #8]!", NOWHERE);
    TRY("str %1, [%0], #8", NOWHERE);
    TRY("ldxr %1, [%0]", NOWHERE);
    TRY("ldar %1, [%0]", NOWHERE);
    TRY("stlr %1, [%0]", NOWHERE);
    TRY("dc zva, %0", NOWHERE);
    /* Half of it is ours. */
    TRY("ldp %1, %2, [%0]", RAM_END - 8);
    TRY("stp %1, %2, [%0]", RAM_END - 8);
    TRY("ldr %1, [%0]", RAM_END - 4);
    /* The emulated distributor, and what lies behind its last register. */
    TRY("ldp %1, %2, [%0]", GICD + 0xfff8);
}

/* Registers that are emulated, by forms that have no syndrome: as by single accesses. */
static void emulated_by_every_form(void)
{
    u64 base = GICD + 0x400 + 64, a, b;
    u32 w, v;
    REG(base) = 0x20406080;
    REG(base + 4) = 0xa0b0c0d0;
    u32 first = REG(base), second = REG(base + 4);
    CHECK(first == 0x20406080 && second == 0xa0b0c0d0);
    __asm__ volatile("ldp %w0, %w1, [%2]" : "=&r"(w), "=&r"(v) : "r"(base) : "memory");
    CHECK(w == first && v == second);
    u64 moving = base;
    __asm__ volatile("ldr %w0, [%1], #4\n\tldr %w2, [%1], #4" : "=&r"(w), "+&r"(moving), "=&r"(v)::"memory");
    CHECK(w == first && v == second && moving == base + 8);
    __asm__ volatile("stp %w0, %w1, [%2]" ::"r"(0x18283848), "r"(0x58687888), "r"(base) : "memory");
    CHECK(REG(base) == 0x18283848 && REG(base + 4) == 0x58687888);
    moving = base - 4;
    __asm__ volatile("str %w1, [%0, #4]!" : "+r"(moving) : "r"(0x10203040) : "memory");
    CHECK(REG(base) == 0x10203040 && moving == base);
    a = 0, b = 0;
    __asm__ volatile(".arch_extension fp\n\tfmov d7, %2\n\tstr s7, [%3]\n\tldr s6, [%3]\n\tfmov %0, d6\n\tfmov %1, d7"
                     : "=&r"(a), "=&r"(b)
                     : "r"(0x5060708090ul), "r"(base)
                     : "memory");
    CHECK(a == 0x60708090 && b == 0x5060708090);
    CHECK(taken.count == 0);
}

/* ---- translation by tables that aren't ours */

static void use_tables(const void *root)
{
    WRITE(ttbr1_el1, root);
    __asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
}

/* The tables of the upper half begin elsewhere, or go on there. The level is the one that the walk had come to. */
static void tables_elsewhere(void)
{
    static u64 level1[512] __attribute__((aligned(4096))), level2[512] __attribute__((aligned(4096)));
    u64 tcr = READ(tcr_el1), va = 0xffffff8000000000;
    WRITE(tcr_el1, (tcr & ~(1ul << 23)) | 25ul << 16 | 2ul << 30);
    use_tables((void *)NOWHERE);
    REG(va);
    CHECK(aborted(EC_DATA_SAME, FSC_EXTERNAL_WALK(1), va));
    level1[0] = NOWHERE | 3;
    use_tables(level1);
    REG(va);
    CHECK(aborted(EC_DATA_SAME, FSC_EXTERNAL_WALK(2), va));
    level1[0] = (u64)level2 | 3;
    level2[1] = NOWHERE | 3;
    use_tables(level1);
    REG(va + 0x200000);
    CHECK(aborted(EC_DATA_SAME, FSC_EXTERNAL_WALK(3), va + 0x200000));
    level2[1] = NOWHERE | 0x701; /* a block that is mapped to what isn't ours */
    use_tables(level1);
    REG(va + 0x200000);
    CHECK(aborted(EC_DATA_SAME, FSC_EXTERNAL, va + 0x200000));
    WRITE(tcr_el1, tcr);
    ISB();
    ((void (*)(void))NOWHERE)();
    CHECK(aborted(EC_FETCH_SAME, FSC_EXTERNAL, NOWHERE));
}

/* ---- registers */

static void registers_of_others(void)
{
#define TRY_REGISTER(instruction)                                                                                      \
    do {                                                                                                               \
        u64 value_ = 0;                                                                                                \
        __asm__ volatile(instruction : "+r"(value_)::"memory");                                                        \
        CHECK(undefined() && value_ == 0);                                                                             \
    } while (0)
    TRY_REGISTER("mrs %0, hcr_el2");
    TRY_REGISTER("msr vttbr_el2, %0");
    TRY_REGISTER("mrs %0, s3_4_c12_c12_0"); /* ICH_LR0_EL2 */
    TRY_REGISTER("msr cntvoff_el2, %0");
    TRY_REGISTER("mrs %0, scr_el3");
    TRY_REGISTER("mrs %0, pmcr_el0"); /* there is no PMU for guests */
    TRY_REGISTER("tlbi alle1\n\tnop");
    TRY_REGISTER("msr s3_0_c0_c4_0, %0"); /* ID_AA64PFR0_EL1 */
    CHECK((READ(id_aa64pfr0_el1) >> 8 & 0xff) == 0); /* neither EL2 nor EL3 */
    CHECK(READ(s3_0_c0_c7_7) == 0);                  /* a register that doesn't exist yet */
}

/* ---- firmware */

static i64 firmware(enum smccc_conduit conduit, u64 function, u64 a, u64 b, u64 c)
{
    u64 x[5] = {function, a, b, c, 0x4444};
    smccc_call(conduit, x);
    CHECK(x[1] == a && x[2] == b && x[3] == c && x[4] == 0x4444);
    return (i64)x[0];
}

static void bad_calls(void)
{
    static const enum smccc_conduit conduits[] = {SMCCC_CONDUIT_SMC, SMCCC_CONDUIT_HVC};
    for (unsigned i = 0; i < COUNT(conduits); i++) {
        enum smccc_conduit by = conduits[i];
        CHECK(firmware(by, PSCI_VERSION, 0, 0, 0) == PSCI_VERSION_1_1);
        CHECK(firmware(by, PSCI_CPU_ON_64, 1, NOWHERE, 0) == PSCI_INVALID_ADDRESS);
        CHECK(firmware(by, PSCI_CPU_ON_64, 0, 0x40080000, 0) == PSCI_ALREADY_ON);
        CHECK(firmware(by, PSCI_CPU_ON_64, 77, 0x40080000, 0) == PSCI_INVALID_PARAMETERS);
        CHECK(firmware(by, PSCI_CPU_ON_64, 1ul << 32, 0x40080000, 0) == PSCI_INVALID_PARAMETERS);
        CHECK(firmware(by, PSCI_AFFINITY_INFO_64, 0, 0, 0) == PSCI_AFFINITY_ON);
        CHECK(firmware(by, PSCI_AFFINITY_INFO_64, 0, 1, 0) == PSCI_INVALID_PARAMETERS);
        CHECK(firmware(by, PSCI_FEATURES, PSCI_MIGRATE, 0, 0) == PSCI_NOT_SUPPORTED);
        CHECK(firmware(by, 0x12345678, 1, 2, 3) == SMCCC_NOT_SUPPORTED);
        CHECK(firmware(by, 0xc3000000, 1, 2, 3) == SMCCC_NOT_SUPPORTED);
        CHECK((int)firmware(by, SMCCC_ARCH_FEATURES, 0x80008000, 0, 0) == SMCCC_NOT_SUPPORTED); /* no such workaround */
    }
    register u64 x0 __asm__("x0") = PSCI_SYSTEM_OFF;
    __asm__ volatile("hvc #1" : "+r"(x0)::"memory"); /* not SYSTEM_OFF */
    CHECK((i64)x0 == SMCCC_NOT_SUPPORTED);
    CHECK(taken.count == 0);
}

/* ---- the disk */

static bool broken(void)
{
    return DISK_REG(DISK_STATUS) & DISK_NEEDS_RESET;
}

static unsigned used_index(void)
{
    return *(volatile u32 *)disk.used >> 16;
}

static bool no_status(void)
{
    return *(volatile u8 *)&disk.status == DISK_NO_STATUS;
}

static void bad_chains(void)
{
    static const struct {
        u64 data;
        u32 length;
        unsigned type;
    } lies[] = {{NOWHERE, 512, DISK_READ}, {NOWHERE, 512, DISK_WRITE}, {RAM_END - 256, 512, DISK_READ},
                {~0ul - 100, 512, DISK_WRITE}, {0x40000000, 0xffffffff, DISK_WRITE}, {GICD, 512, DISK_READ}};
    for (unsigned i = 0; i < COUNT(lies); i++) {
        disk_start_here();
        disk_chain(lies[i].type, 0, lies[i].data, lies[i].length);
        disk_notify();
        CHECK(broken() && no_status() && used_index() == 0);
    }
    disk_start_here();
    disk_chain(DISK_READ, 0, (u64)disk.data, 512);
    disk_describe(2, (u64)&disk.status, 1, 3, 1); /* without an end */
    disk_notify();
    CHECK(broken() && no_status());
    disk_start_here();
    disk_chain(DISK_READ, 0, (u64)disk.data, 512);
    disk_describe(1, (u64)disk.data, 512, 3, 4); /* on to a descriptor that there isn't */
    disk_notify();
    CHECK(broken() && no_status());
}

static void bad_rings(void)
{
    u64 descriptors = (u64)disk.descriptors, available = (u64)disk.available, used = (u64)disk.used;
    const u64 places[][3] = {{NOWHERE, available, used}, {descriptors, NOWHERE, used}, {descriptors, available, NOWHERE},
                             {RAM_END - 16, available, used}, {descriptors, ~0ul - 1, used}};
    for (unsigned i = 0; i < COUNT(places); i++) {
        disk_start(places[i][0], places[i][1], places[i][2], 4);
        disk_chain(DISK_READ, 0, (u64)disk.data, 512);
        disk_notify();
        CHECK(broken());
    }
    disk_start_here();
    disk.available[1] = 100; /* more than the queue has */
    disk_notify();
    CHECK(broken());
    disk_start(descriptors, available, used, 3); /* no power of 2: not ready */
    CHECK(DISK_REG(DISK_READY) == 0);
}

static void bad_disk(void)
{
    CHECK(DISK_REG(0) == 0x74726976 && DISK_REG(4) == 2 && DISK_REG(8) == 2);
    disk_start_here(); /* as it should be, first */
    CHECK(disk_transfer(DISK_READ, 0) == 0 && disk.data[0] == 'd' && used_index() == 1 && !broken());
    CHECK(disk_transfer(DISK_READ, 1ul << 60) == 1 && disk_transfer(DISK_READ, 15) == 0);
    CHECK(disk_transfer(DISK_READ, 16) == 1 && disk_transfer(7, 0) == 2 && !broken());
    bad_chains();
    bad_rings();
    CHECK(taken.count == 0);
    *(volatile u8 *)(DISK + DISK_STATUS); /* a size that it doesn't have */
    CHECK(aborted(EC_DATA_SAME, FSC_EXTERNAL, DISK + DISK_STATUS));
}

void test_main(void)
{
    set_handler(handle);
    reach_for_memory();
    reach_by_every_form();
    emulated_by_every_form();
    tables_elsewhere();
    registers_of_others();
    bad_calls();
    bad_disk();
    print(checks_failed ? "isolation: broken\n" : "isolation: holds\n");
}
