/*
 * S02: the configuration space that the monitor shows, by aborts and by SMC. One function, and all ones where there is
 * none; what can't be written isn't; a BAR says its size, and where it moves the registers follow; without Bus Master
 * there is no DMA; outside of the window the monitor knows nothing.
 */
#include "../lib/pci_service.h"
#include "../lib/pcicfg.h"
#include "../lib/psci.h"
#include "../lib/syndrome.h"
#include "../lib/test.h"

#define ECAM 0x3f000000ul
#define ECAM_SIZE 0x100000ul
#define AHCI 0x090c0000u
#define MOVED 0x10400000u
enum { PAGE = 4096, PLACE = 1 << 3, FUNCTIONS = 256, ABAR = PCI_BAR0 + 4 * 5, AHCI_BYTES = 0x1000 };
enum { AHCI_VERSION = 0x10, AHCI_VERSION_1_3_1 = 0x10301, PORT_CMD = 0x118, CMD_FRE = 1 << 4, CMD_ST = 1, READS = 100 };

unsigned checks_failed;
static u8 page[PAGE] __attribute__((aligned(PAGE)));
static struct {
    unsigned count;
    u64 esr, far;
} fault;

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    (void)el;
    fault.count++;
    fault.esr = frame->esr;
    fault.far = frame->far;
    frame->elr += 4;
}

static void check_fault(u64 address, u32 iss)
{
    CHECK(fault.count == 1 && fault.esr == ESR_VALUE(EC_DATA_SAME, FSC_EXTERNAL | iss) && fault.far == address);
    fault.count = 0;
}

/* ---- by aborts */

static u64 at(u64 physical)
{
    mmu_map_device((u64)page, physical & ~0xffful);
    return (u64)page + (physical & 0xfff);
}

static u32 load(u64 address, unsigned bytes)
{
    u64 value = 0x5ec5e7;
    if (bytes == 1)
        __asm__ volatile("ldrb %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
    else if (bytes == 2)
        __asm__ volatile("ldrh %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
    else
        __asm__ volatile("ldr %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
    return (u32)value;
}

static void store(u64 address, unsigned bytes, u32 value)
{
    if (bytes == 1)
        __asm__ volatile("strb %w0, [%1]" ::"r"(value), "r"(address) : "memory");
    else if (bytes == 2)
        __asm__ volatile("strh %w0, [%1]" ::"r"(value), "r"(address) : "memory");
    else
        __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static u64 space(unsigned place, unsigned offset)
{
    return at(ECAM + (u64)place * PAGE + offset);
}

static u32 get(unsigned offset, unsigned bytes)
{
    return load(space(PLACE, offset), bytes);
}

static void put(unsigned offset, unsigned bytes, u32 value)
{
    store(space(PLACE, offset), bytes, value);
}

/* ---- by SMC */

static int service(u32 function, u64 x1, u64 x2, u64 x3, u64 x4, u32 *value)
{
    u64 x[5] = {function, x1, x2, x3, x4};
    smccc_call(SMCCC_CONDUIT_SMC, x);
    if (value)
        *value = (u32)x[1];
    return (int)x[0];
}

static u32 get_by_call(unsigned place, unsigned offset, unsigned bytes)
{
    u32 value = 0;
    CHECK(service(PCI_SERVICE_READ, place, offset, bytes, 0, &value) == PCI_SERVICE_SUCCESS);
    return value;
}

static u32 ones(unsigned bytes)
{
    return bytes == 4 ? ~0u : (1u << 8 * bytes) - 1;
}

/* ---- what there is */

static void functions(void)
{
    unsigned present = 0;
    for (unsigned place = 0; place < FUNCTIONS; place++)
        for (unsigned bytes = 1; bytes <= 4; bytes *= 2) {
            u32 value = load(space(place, 0), bytes),
                expected = place == PLACE ? 0x00024153 & ones(bytes) : ones(bytes);
            CHECK(value == expected && get_by_call(place, 0, bytes) == expected);
            present += value != ones(bytes);
        }
    CHECK(present == 3 && fault.count == 0);
    CHECK(get(PCI_CLASS, 1) == 1 && get(PCI_CLASS + 1, 2) == 0x0106 && get(PCI_HEADER_TYPE, 1) == 0);
    for (unsigned bytes = 1; bytes <= 4; bytes *= 2)
        for (unsigned offset = 0; offset < PCI_EXTENDED_SPACE; offset += bytes)
            if (get(offset, bytes) != get_by_call(PLACE, offset, bytes))
                print("offset %x, %u bytes\n", offset, bytes), checks_failed++;
    CHECK(fault.count == 0);
}

/* What a driver may change: Memory Space, Bus Master and INTx Disable; the BAR's address; the line. */
static u32 writable(unsigned offset)
{
    switch (offset) {
    case PCI_COMMAND:
        return PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX;
    case ABAR:
        return ~(u32)(AHCI_BYTES - 1);
    case PCI_LINE:
        return 0xff;
    default:
        return 0;
    }
}

static void write_all(unsigned bytes, bool by_call)
{
    for (unsigned offset = 0; offset < PCI_SPACE; offset += bytes) {
        unsigned word = offset & ~3u, lane = offset & 3;
        u32 before = get(word, 4), mask = ones(bytes) << 8 * lane & writable(word);
        for (unsigned i = 0; i < 2; i++) {
            u32 value = i ? 0 : ones(bytes);
            if (by_call)
                CHECK(service(PCI_SERVICE_WRITE, PLACE, offset, bytes, value, NULL) == PCI_SERVICE_SUCCESS);
            else
                put(offset, bytes, value);
            CHECK(get(word, 4) == ((before & ~mask) | (i ? 0 : mask)));
        }
        put(word, 4, before);
        CHECK(get(word, 4) == before);
    }
    CHECK(fault.count == 0);
}

/* Other functions take no writes, and none of theirs comes here. */
static void aliases(void)
{
    static const unsigned others[] = {0, PLACE - 1, PLACE + 1, PLACE | 7, PLACE << 1, PLACE << 2, FUNCTIONS - 1};
    u32 before = get(ABAR, 4);
    for (unsigned i = 0; i < COUNT(others); i++) {
        store(space(others[i], ABAR), 4, 0x12345678);
        CHECK(load(space(others[i], ABAR), 4) == ~0u && get(ABAR, 4) == before);
        CHECK(service(PCI_SERVICE_WRITE, others[i], ABAR, 4, 0x12345678, NULL) == PCI_SERVICE_SUCCESS);
        CHECK(get(ABAR, 4) == before);
    }
    CHECK(fault.count == 0);
}

/* ---- what the window doesn't hold, and accesses that configuration space doesn't have */

static void outside(void)
{
    static const u64 beyond[] = {ECAM - PAGE, ECAM + ECAM_SIZE, ECAM + ECAM_SIZE + PLACE * PAGE,
                                 ECAM + 16 * ECAM_SIZE - PAGE};
    for (unsigned i = 0; i < COUNT(beyond); i++) {
        u64 address = at(beyond[i]);
        CHECK(load(address, 4) == 0x5ec5e7);
        check_fault(address, 0);
        store(address, 4, 0);
        check_fault(address, ISS_WNR);
    }
    u64 address = space(PLACE, ABAR & ~7u), value = 1;
    __asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(address) : "memory");
    CHECK(value == 1);
    check_fault(address, 0);
}

static void bad_calls(void)
{
    static const struct {
        u64 place, offset, bytes;
    } bad[] = {{PLACE, 0, 0},           {PLACE, 0, 3},   {PLACE, 0, 8},    {PLACE, 1, 2}, {PLACE, 2, 4},
               {PLACE, 4096, 4},        {256, 0, 4},     {1u << 16, 0, 4}, {~0u, 0, 4},   {PLACE, ~0u, 1},
               {PLACE, 0, 0x80000000u}, {PLACE, 4095, 2}};
    u32 before = get(ABAR, 4), value;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        value = 0;
        CHECK(service(PCI_SERVICE_READ, bad[i].place, bad[i].offset, bad[i].bytes, 0, &value) ==
              PCI_SERVICE_INVALID_PARAMETER);
        CHECK(value == (u32)bad[i].place); /* X1 is as it was */
        CHECK(service(PCI_SERVICE_WRITE, bad[i].place, bad[i].offset, bad[i].bytes, ~0u, NULL) ==
              PCI_SERVICE_INVALID_PARAMETER);
    }
    CHECK(get(ABAR, 4) == before);
    CHECK(service(PCI_SERVICE_VERSION, 0, 0, 0, 0, NULL) == PCI_SERVICE_VERSION_1_0);
    for (u32 function = PCI_SERVICE_VERSION; function <= PCI_SERVICE_SEGMENT; function++)
        CHECK(service(PCI_SERVICE_FEATURES, function, 0, 0, 0, NULL) == PCI_SERVICE_SUCCESS);
    CHECK(service(PCI_SERVICE_FEATURES, PCI_SERVICE_SEGMENT + 1, 0, 0, 0, NULL) == PCI_SERVICE_NOT_SUPPORTED);
    CHECK(service(PCI_SERVICE_SEGMENT, 0, 0, 0, 0, &value) == PCI_SERVICE_SUCCESS && value == 0);
    CHECK(service(PCI_SERVICE_SEGMENT, 1, 0, 0, 0, NULL) == PCI_SERVICE_NOT_IMPLEMENTED);
    CHECK(service(PCI_SERVICE_SEGMENT + 1, 0, 0, 0, 0, NULL) == SMCCC_NOT_SUPPORTED);
}

/* ---- the BAR */

static void moved(void)
{
    CHECK(get(ABAR, 4) == AHCI);
    put(ABAR, 4, ~0u);
    CHECK(get(ABAR, 4) == ~(u32)(AHCI_BYTES - 1)); /* its size */
    put(ABAR, 4, AHCI);
    put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    CHECK(load(at(AHCI + AHCI_VERSION), 4) == AHCI_VERSION_1_3_1);
    u64 there = at(MOVED + AHCI_VERSION);
    load(there, 4);
    check_fault(there, 0);
    put(ABAR, 4, MOVED);
    there = at(MOVED + AHCI_VERSION);
    CHECK(load(there, 4) == AHCI_VERSION_1_3_1 && fault.count == 0);
    load(there, 1); /* the controller has words */
    check_fault(there, 0);
    put(PCI_COMMAND, 2, 0);
    there = at(MOVED + AHCI_VERSION);
    load(there, 4);
    check_fault(there, 0);
    put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    put(ABAR, 4, AHCI);
    there = at(MOVED + AHCI_VERSION);
    load(there, 4);
    check_fault(there, 0);
}

/* Bus Master off: the ports stop. */
static void bus_master(void)
{
    put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    u64 port = at(AHCI + PORT_CMD);
    store(port, 4, load(port, 4) | CMD_FRE | CMD_ST);
    CHECK((load(port, 4) & (CMD_FRE | CMD_ST)) == (CMD_FRE | CMD_ST));
    put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
    port = at(AHCI + PORT_CMD);
    CHECK((load(port, 4) & (CMD_FRE | CMD_ST)) == (CMD_FRE | CMD_ST));
    put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    port = at(AHCI + PORT_CMD);
    CHECK((load(port, 4) & (CMD_FRE | CMD_ST)) == 0);
    put(PCI_COMMAND, 2, 0);
}

/* ---- what it costs */

static u64 now(void)
{
    ISB();
    return READ(cntpct_el0) * 1000000000 / READ(cntfrq_el0);
}

static void costs(void)
{
    u64 address = space(PLACE, 0), start = now();
    for (unsigned i = 0; i < READS; i++)
        load(address, 4);
    u64 trapped = now() - start;
    start = now();
    for (unsigned i = 0; i < READS; i++)
        service(PCI_SERVICE_READ, PLACE, 0, 4, 0, NULL);
    print("%u reads: %lu ns by aborts, %lu ns by SMC\n", READS, trapped, now() - start);
}

static void at_el1(void)
{
    install_vectors();
    open_el1();
    mmu_on();
    functions();
    for (unsigned bytes = 1; bytes <= 4; bytes *= 2) {
        write_all(bytes, false);
        write_all(bytes, true);
    }
    aliases();
    outside();
    bad_calls();
    moved();
    bus_master();
    functions();
    costs();
    print(checks_failed ? "FAILED\n" : "all as it should be\n");
    power_off(checks_failed != 0);
}

void rom_main(void)
{
    set_handler(handle);
    go_on_at_el1(at_el1);
}
