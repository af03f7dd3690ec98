/* AHCI: registers, the command list, the scatter list, ATA commands, queuing, errors, resets, the PCI function. */
#include "devices/ahci/ahci.h"

#include "pci_fixture.h"

enum { G_CAP = 0x00, G_GHC = 0x04, G_IS = 0x08, G_PI = 0x0c, G_VS = 0x10 };
enum { P = 0x100, P_CLB = 0x00, P_CLBU = 0x04, P_FB = 0x08, P_FBU = 0x0c, P_IS = 0x10, P_IE = 0x14, P_CMD = 0x18,
       P_TFD = 0x20, P_SIG = 0x24, P_SSTS = 0x28, P_SCTL = 0x2c, P_SERR = 0x30, P_SACT = 0x34, P_CI = 0x38 };
enum { DHRS = 1, PSS = 2, SDBS = 8, DPS = 32, PCS = 64 };
#define PRCS (1u << 22)
#define OFS (1u << 24)
#define IFS (1u << 27)
#define HBFS (1u << 29)
#define TFES (1u << 30)
enum { LIST = FIXTURE_RAM, FIS = FIXTURE_RAM + 0x1000, TABLES = FIXTURE_RAM + 0x2000, DATA = FIXTURE_RAM + 0x10000 };
enum { DISK_BYTES = 1 << 20, LATENCY = 10000 };
#define NOWHERE 0x1000ull

static uint8_t disk[DISK_BYTES];
static bool disk_fails;
static unsigned flushes;

static int disk_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    must(offset <= DISK_BYTES && size <= DISK_BYTES - offset);
    memcpy(data, disk + offset, size);
    return disk_fails ? -1 : 0;
}

static int disk_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    must(offset <= DISK_BYTES && size <= DISK_BYTES - offset);
    if (disk_fails)
        return -1;
    memcpy(disk + offset, data, size);
    return 0;
}

static int disk_flush(void *opaque)
{
    flushes++;
    return 0;
}

static struct device *hba;
static struct fixture fixture;

static struct ahci_options options_with_disks(void)
{
    const struct block_backend backend = {.read = disk_read, .write = disk_write, .flush = disk_flush,
                                          .size = DISK_BYTES};
    struct ahci_options options = {.disks = {{backend, "serial"}, {.backend = backend}}};
    options.disks[1].backend.read_only = true;
    disk_fails = false;
    flushes = 0;
    for (size_t i = 0; i < DISK_BYTES; i++)
        disk[i] = (uint8_t)(i / 512 * 7 + i);
    return options;
}

static void setup(void)
{
    struct ahci_options options = options_with_disks();
    fixture_init(&fixture);
    struct ahci_place place = {.base = FIXTURE_DEVICE, .pas_mask = PAS_MASK_BOTH, .irq = &fixture.irq, .spi = 10};
    hba = ahci_create(&fixture.env, &place, &options);
    fixture_attach(hba);
}

static void teardown(void)
{
    fixture_free(&fixture, hba);
}

#define f (&fixture)

static void put_memory(uint64_t address, unsigned size, uint64_t value)
{
    must(bus_write(f->bus, address, size, fixture_cpu, value) == BUS_OK);
}

static uint64_t memory(uint64_t address, unsigned size)
{
    uint64_t value;
    must(bus_read(f->bus, address, size, fixture_cpu, &value) == BUS_OK);
    return value;
}

static void start(unsigned port)
{
    unsigned at = P + 0x80 * port;
    wr(f, at + P_CLB, LIST);
    wr(f, at + P_FB, FIS);
    wr(f, at + P_IE, UINT32_MAX);
    wr(f, at + P_CMD, 0x10);
    advance(f, LATENCY);
    wr(f, at + P_SERR, UINT32_MAX);
    wr(f, at + P_IS, UINT32_MAX);
    wr(f, at + P_CMD, 0x11);
    wr(f, G_IS, UINT32_MAX);
    wr(f, G_GHC, 2);
}

struct request {
    uint8_t command;
    uint16_t features, count;
    uint64_t lba;
    bool write;
    unsigned parts; /* of the scatter list, each `part` bytes from DATA on */
    uint32_t part;
    bool tell;
};

static void prepare(unsigned slot, const struct request *r)
{
    uint64_t header = LIST + 32 * slot, table = TABLES + 0x400 * slot;
    put_memory(header, 4, 5 | (uint32_t)r->write << 6 | r->parts << 16);
    put_memory(header + 4, 4, UINT32_MAX);
    put_memory(header + 8, 8, table);
    put_memory(table, 4, 0x8027 | r->command << 16 | (uint32_t)(r->features & 0xff) << 24);
    put_memory(table + 4, 4, (r->lba & 0xffffff) | 0x40u << 24);
    put_memory(table + 8, 4, (r->lba >> 24 & 0xffffff) | (uint32_t)(r->features >> 8) << 24);
    put_memory(table + 12, 4, r->count);
    put_memory(table + 16, 4, 0);
    for (unsigned i = 0; i < r->parts; i++) {
        put_memory(table + 0x80 + 16 * i, 8, DATA + (uint64_t)i * r->part);
        put_memory(table + 0x8c + 16 * i, 4, (r->part - 1) | (uint32_t)r->tell << 31);
    }
}

static void issue(unsigned slot, const struct request *r)
{
    prepare(slot, r);
    wr(f, P + P_CI, 1u << slot);
    advance(f, LATENCY);
}

static void check_data(uint64_t at, uint64_t offset, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t expected;
        memcpy(&expected, disk + offset + i, 8);
        must(memory(at + i, 8) == expected);
    }
}

START_TEST(registers)
{
    static const struct register_row rows[] = {
        {G_CAP, 0xc1341f05, 0xc1341f05, 0xc1341f05}, {G_PI, 0x3f, 0x3f, 0x3f}, {G_VS, 0x10301, 0x10301, 0x10301},
        {G_IS, 0, 0, 0}, {0x14, 0, 0, 0}, {0x18, 0, 0, 0}, {0x1c, 0, 0, 0}, {0x20, 0, 0, 0}, {0x28, 0, 0, 0},
        /* A port with nothing behind it. */
        {P + 0x180 + P_CLB, 0, 0xfffffc00, 0}, {P + 0x180 + P_CLBU, 0, UINT32_MAX, 0},
        {P + 0x180 + P_FB, 0, 0xffffff00, 0}, {P + 0x180 + P_FBU, 0, UINT32_MAX, 0}, {P + 0x180 + P_IS, 0, 0, 0},
        {P + 0x180 + P_IE, 0, 0x7dc0007f, 0}, {P + 0x180 + P_CMD, 6, 0x300c017 | 0x4000, 6},
        {P + 0x180 + P_SCTL, 0, 0xfff, 0}, {P + 0x180 + P_SERR, 0, 0, 0}, {P + 0x180 + 0x3c, 0, 0, 0},
        {P + 0x180 + 0x40, 0, 0, 0}, {P + 0x180 + 0x44, 0, 0, 0},
    };
    check_registers(f, rows, sizeof(rows) / sizeof(rows[0]));
    ck_assert_uint_eq(rd(f, G_GHC), 0x80000000);
    wr(f, G_GHC, 2);
    ck_assert_uint_eq(rd(f, G_GHC), 0x80000002);
    ck_assert_uint_eq(rd(f, P + 0x180 + P_TFD), 0x7f);
    ck_assert_uint_eq(rd(f, P + 0x180 + P_SIG), UINT32_MAX);
    ck_assert_uint_eq(rd(f, P + 0x180 + P_SSTS), 0);
    /* One with a disk. */
    ck_assert_uint_eq(rd(f, P + P_SSTS), 0x133);
    ck_assert_uint_eq(rd(f, P + P_SERR), 0x04010000);
    ck_assert_uint_eq(rd(f, P + P_IS), PCS | PRCS);
    unsigned errors = f->guest_errors;
    rd(f, 0x80);
    rd(f, P + 0x1c);
    wr(f, P + P_TFD, 1);
    wr(f, P + P_SIG, 1);
    wr(f, 0x400, 1);
    ck_assert_uint_eq(f->guest_errors, errors + 5);
    uint64_t value;
    ck_assert_int_eq(bus_read(f->bus, FIXTURE_DEVICE, 2, fixture_cpu, &value), BUS_DEVICE_ERROR);
    ck_assert_uint_eq(peek(f, hba, P + P_TFD), 0x80);
}
END_TEST

START_TEST(signature)
{
    /* The disk speaks when FISes are received, not before. */
    wr(f, P + P_FB, FIS);
    advance(f, 10 * LATENCY);
    ck_assert_uint_eq(rd(f, P + P_TFD), 0x80);
    wr(f, P + P_CMD, 0x10);
    ck_assert_uint_eq(rd(f, P + P_CMD), 0x4016);
    advance(f, LATENCY);
    ck_assert_uint_eq(rd(f, P + P_TFD), 0x0150);
    ck_assert_uint_eq(rd(f, P + P_SIG), 0x101);
    ck_assert_uint_eq(memory(FIS + 0x40, 1), 0x34);
    ck_assert_uint_eq(memory(FIS + 0x42, 2), 0x150);
    /* COMRESET: gone while it lasts, then the same again; SPD limits the speed. */
    wr(f, P + P_SERR, UINT32_MAX);
    wr(f, P + P_SCTL, 0x11);
    ck_assert_uint_eq(rd(f, P + P_SSTS), 0);
    ck_assert_uint_eq(rd(f, P + P_TFD), 0x7f);
    wr(f, P + P_SCTL, 0x10);
    ck_assert_uint_eq(rd(f, P + P_SSTS), 0x113);
    ck_assert_uint_eq(rd(f, P + P_SERR), 0x04010000);
    advance(f, LATENCY);
    ck_assert_uint_eq(rd(f, P + P_SIG), 0x101);
    wr(f, P + P_SCTL, 4);
    ck_assert_uint_eq(rd(f, P + P_SSTS), 4);
    wr(f, P + P_SCTL, 0);
    ck_assert_uint_eq(rd(f, P + P_SSTS), 0x133);
    /* Without a disk nothing comes. */
    wr(f, P + 0x180 + P_SCTL, 1);
    wr(f, P + 0x180 + P_SCTL, 0);
    ck_assert_uint_eq(rd(f, P + 0x180 + P_SSTS), 0);
}
END_TEST

START_TEST(identify)
{
    start(0);
    issue(3, &(struct request){.command = 0xec, .parts = 1, .part = 512});
    ck_assert_uint_eq(rd(f, P + P_CI), 0);
    ck_assert_uint_eq(rd(f, P + P_IS), PSS);
    ck_assert_uint_eq(rd(f, P + P_CMD) >> 8 & 31, 3);
    ck_assert_uint_eq(rd(f, P + P_TFD), 0x50);
    ck_assert_uint_eq(memory(LIST + 3 * 32 + 4, 4), 512);
    ck_assert_uint_eq(memory(FIS + 0x20, 1), 0x5f);
    ck_assert_uint_eq(memory(DATA + 2 * 60, 4), DISK_BYTES / 512);
    ck_assert_uint_eq(memory(DATA + 2 * 100, 8), DISK_BYTES / 512);
    ck_assert_uint_eq(memory(DATA + 2 * 75, 2), 31);
    ck_assert_uint_eq(memory(DATA + 20, 2), 's' << 8 | 'e');
    uint8_t sum = 0;
    for (unsigned i = 0; i < 512; i++)
        sum = (uint8_t)(sum + memory(DATA + i, 1));
    ck_assert_uint_eq(sum, 0);
    ck_assert(f->irq.level);
    wr(f, P + P_IS, PSS);
    ck_assert(f->irq.level); /* IS remembers */
    wr(f, G_IS, 1);
    ck_assert(!f->irq.level);
    wr(f, G_GHC, 0);
    issue(0, &(struct request){.command = 0xec, .parts = 1, .part = 512});
    ck_assert(!f->irq.level);
    wr(f, G_IS, 1); /* sets itself again while the port's cause is there */
    ck_assert_uint_eq(rd(f, G_IS), 1);
}
END_TEST

/* Every way to read and write: 28 and 48 bits, DMA and PIO, MULTIPLE. */
START_TEST(transfers)
{
    static const struct {
        uint8_t read, write;
        bool pio;
    } ways[] = {{0xc8, 0xca, false}, {0x25, 0x35, false}, {0x25, 0x3d, false}, {0x20, 0x30, true}, {0x24, 0x34, true},
                {0xc4, 0xc5, true},  {0x29, 0x39, true},  {0x29, 0xce, true}};
    start(0);
    issue(0, &(struct request){.command = 0xc6, .count = 8});
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        wr(f, P + P_IS, UINT32_MAX);
        issue(1, &(struct request){.command = ways[i].read, .lba = 100, .count = 9, .parts = 3, .part = 1536});
        ck_assert_uint_eq(rd(f, P + P_IS), ways[i].pio ? PSS : DHRS);
        ck_assert_uint_eq(memory(LIST + 36, 4), 9 * 512);
        check_data(DATA, 51200, 9 * 512);
        put_memory(DATA + 8, 8, 0x1111111111111111 * (i + 1));
        wr(f, P + P_IS, UINT32_MAX);
        issue(1, &(struct request){.command = ways[i].write, .lba = 200, .count = 9, .write = true, .parts = 1,
                                   .part = 9 * 512});
        ck_assert_uint_eq(rd(f, P + P_IS), ways[i].pio ? PSS | DHRS : DHRS);
        check_data(DATA, 102400, 9 * 512);
    }
    ck_assert_uint_eq(flushes, 2); /* those with FUA */
    issue(0, &(struct request){.command = 0xea});
    ck_assert_uint_eq(flushes, 3);
    issue(0, &(struct request){.command = 0xef, .features = 0x82}); /* write cache off: a flush, and one for each write */
    issue(0, &(struct request){.command = 0xca, .lba = 1, .count = 1, .write = true, .parts = 1, .part = 512});
    ck_assert_uint_eq(flushes, 5);
    /* The most that a command can ask for comes in several goes. */
    issue(0, &(struct request){.command = 0x25, .lba = 0, .count = 1600, .parts = 1, .part = 1600 * 512});
    check_data(DATA, 0, 1600 * 512);
}
END_TEST

START_TEST(queued)
{
    start(0);
    for (unsigned tag = 0; tag < 4; tag++)
        prepare(tag + 5, &(struct request){.command = 0x60, .lba = 10 + tag, .features = 1, .count = (uint16_t)(tag << 3),
                                           .parts = 1, .part = 512});
    for (unsigned tag = 0; tag < 4; tag++) /* each with its own place */
        put_memory(TABLES + 0x400 * (tag + 5) + 0x80, 8, DATA + 512 * tag);
    wr(f, P + P_SACT, 0x0f);
    wr(f, P + P_CI, 0x1e0);
    ck_assert_uint_eq(rd(f, P + P_SACT), 0x0f);
    ck_assert_uint_eq(rd(f, P + P_CI), 0x1e0);
    advance(f, LATENCY - 1);
    ck_assert_uint_eq(rd(f, P + P_CI), 0x1e0);
    advance(f, 1);
    ck_assert_uint_eq(rd(f, P + P_SACT), 0);
    ck_assert_uint_eq(rd(f, P + P_CI), 0);
    ck_assert_uint_eq(rd(f, P + P_IS), SDBS);
    ck_assert_uint_eq(memory(FIS + 0x58, 4), 0x005040a1);
    ck_assert_uint_eq(memory(FIS + 0x5c, 4), 0x0f);
    ck_assert_uint_eq(memory(FIS, 1), 0x41);
    check_data(DATA, 5120, 2048);
    /* One fails: its bit stays, the port halts, the log says why, and until it is read others are aborted. */
    wr(f, P + P_IS, UINT32_MAX);
    wr(f, P + P_SACT, 1u << 7);
    issue(7, &(struct request){.command = 0x61, .lba = 1u << 20, .features = 1, .count = 7 << 3, .parts = 1, .part = 512});
    ck_assert_uint_eq(rd(f, P + P_SACT), 1u << 7);
    ck_assert_uint_eq(rd(f, P + P_IS), SDBS | TFES);
    ck_assert_uint_eq(rd(f, P + P_TFD) & 0xff01, 0x1001);
    issue(8, &(struct request){.command = 0xec, .parts = 1, .part = 512});
    ck_assert_uint_eq(rd(f, P + P_CI), 1u << 8); /* halted */
    wr(f, P + P_CMD, 0x10);
    ck_assert_uint_eq(rd(f, P + P_CI) | rd(f, P + P_SACT), 0);
    wr(f, P + P_CMD, 0x11);
    wr(f, P + P_IS, UINT32_MAX);
    wr(f, P + P_SACT, 1);
    issue(0, &(struct request){.command = 0x60, .features = 1, .parts = 1, .part = 512});
    ck_assert_uint_eq(rd(f, P + P_TFD) & 0xff01, 0x0401);
    wr(f, P + P_CMD, 0x10);
    wr(f, P + P_CMD, 0x11);
    issue(0, &(struct request){.command = 0x2f, .lba = 0x10, .count = 1, .parts = 1, .part = 512});
    ck_assert_uint_eq(memory(DATA, 1), 7);
    ck_assert_uint_eq(memory(DATA + 3, 1), 0x10);
    ck_assert_uint_eq(memory(DATA + 4, 4), 0x40100000);
    ck_assert_uint_eq(memory(DATA + 8, 4), 0);
    wr(f, P + P_IS, UINT32_MAX);
    wr(f, P + P_SACT, 1);
    issue(0, &(struct request){.command = 0x60, .features = 1, .parts = 1, .part = 512});
    ck_assert_uint_eq(rd(f, P + P_IS), SDBS);
}
END_TEST

/* What ends a command badly: the interrupt, the task file; nothing more happens until the port is restarted. */
START_TEST(errors)
{
    static const struct {
        struct request request;
        bool fails; /* the backend */
        uint32_t interrupts, task_file;
    } cases[] = {
        {{.command = 0x00}, false, DHRS | TFES, 0x0451},                                        /* unknown */
        {{.command = 0xa1}, false, DHRS | TFES, 0x0451},                                        /* no ATAPI device */
        {{.command = 0xb0, .features = 0xd0}, false, DHRS | TFES, 0x0451},                      /* no SMART */
        {{.command = 0xef, .features = 0x99}, false, DHRS | TFES, 0x0451},
        {{.command = 0xef, .features = 0x03, .count = 0x47}, false, DHRS | TFES, 0x0451},
        {{.command = 0xc6, .count = 3}, false, DHRS | TFES, 0x0451},
        {{.command = 0xc4, .count = 1, .parts = 1, .part = 512}, false, DHRS | TFES, 0x0451},   /* MULTIPLE not set */
        {{.command = 0x2f, .lba = 0x30, .count = 1, .parts = 1, .part = 512}, false, DHRS | TFES, 0x0451},
        {{.command = 0x25, .lba = 2047, .count = 2, .parts = 1, .part = 1024}, false, DHRS | TFES, 0x1051},
        {{.command = 0x42, .lba = 2048, .count = 1}, false, DHRS | TFES, 0x1051},
        {{.command = 0x25, .count = 1, .parts = 1, .part = 512}, true, DHRS | TFES, 0x4051},
        {{.command = 0x35, .count = 1, .write = true, .parts = 1, .part = 512}, true, DHRS | TFES, 0x0471},
        {{.command = 0x25, .count = 2, .parts = 1, .part = 512}, false, OFS | IFS, 0x0150},     /* too little room */
        {{.command = 0x35, .count = 1, .write = true}, false, OFS | IFS, 0x0150},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(0);
        disk_fails = cases[i].fails;
        issue(4, &cases[i].request);
        disk_fails = false;
        ck_assert_msg(rd(f, P + P_IS) == cases[i].interrupts, "%zu: PxIS %#x", i, rd(f, P + P_IS));
        ck_assert_msg(rd(f, P + P_TFD) == cases[i].task_file, "%zu: PxTFD %#x", i, rd(f, P + P_TFD));
        ck_assert_uint_eq(rd(f, P + P_CI), 1u << 4);
        wr(f, P + P_CI, 1);
        advance(f, 10 * LATENCY);
        ck_assert_uint_eq(rd(f, P + P_CI), 1u << 4 | 1);
        wr(f, P + P_CMD, 0x10);
        ck_assert_uint_eq(rd(f, P + P_CI), 0);
        wr(f, P + P_SCTL, 1); /* for the task file */
        wr(f, P + P_SCTL, 0);
        wr(f, P + P_CMD, 0);
    }
}
END_TEST

/* Addresses where no memory is, of everything that the adapter reads or writes; and a FIS that is none. */
START_TEST(bus_faults)
{
    const struct request read = {.command = 0x25, .count = 1, .parts = 1, .part = 512};
    for (unsigned what = 0; what < 5; what++) {
        start(0);
        prepare(0, &read);
        if (what == 0)
            wr(f, P + P_CLB, NOWHERE & ~0x3ffull);
        else if (what == 1)
            put_memory(LIST + 8, 8, NOWHERE);
        else if (what == 2)
            put_memory(TABLES + 0x80, 8, NOWHERE);
        else if (what == 3)
            wr(f, P + P_FB, NOWHERE);
        else
            put_memory(TABLES, 1, 0x34);
        unsigned errors = f->guest_errors;
        wr(f, P + P_CI, 1);
        advance(f, LATENCY);
        ck_assert_msg(rd(f, P + P_IS) == (what == 4 ? IFS : HBFS), "%u: PxIS %#x", what, rd(f, P + P_IS));
        ck_assert_uint_eq(f->guest_errors, errors + 1);
        wr(f, P + P_CMD, 0);
        wr(f, P + P_SERR, UINT32_MAX);
    }
}
END_TEST

START_TEST(software_reset)
{
    start(0);
    prepare(0, &(struct request){0});
    put_memory(TABLES, 4, 0x0027);
    put_memory(TABLES + 12, 4, 4u << 24);
    wr(f, P + P_CI, 1);
    advance(f, LATENCY);
    ck_assert_uint_eq(rd(f, P + P_CI), 0);
    put_memory(FIS + 0x40, 4, 0);
    put_memory(TABLES + 12, 4, 0);
    wr(f, P + P_CI, 1);
    advance(f, LATENCY);
    ck_assert_uint_eq(rd(f, P + P_TFD), 0x150);
    ck_assert_uint_eq(memory(FIS + 0x40, 1), 0x34);
    /* A sleeping disk hears nothing else. */
    issue(1, &(struct request){.command = 0xe6});
    issue(1, &(struct request){.command = 0xec, .parts = 1, .part = 512});
    ck_assert_uint_eq(rd(f, P + P_TFD), 0x451);
    wr(f, P + P_CMD, 0x10);
    wr(f, P + P_CMD, 0x11);
    for (unsigned i = 0; i < 2; i++) {
        prepare(0, &(struct request){0});
        put_memory(TABLES, 4, 0x0027);
        put_memory(TABLES + 12, 4, i ? 0 : 4u << 24);
        wr(f, P + P_CI, 1);
        advance(f, LATENCY);
    }
    issue(1, &(struct request){.command = 0xec, .parts = 1, .part = 512});
    ck_assert_uint_eq(rd(f, P + P_TFD), 0x50);
    /* CHECK POWER MODE answers in the count register. */
    issue(1, &(struct request){.command = 0xe0});
    issue(1, &(struct request){.command = 0xe5});
    ck_assert_uint_eq(memory(FIS + 0x4c, 1), 0);
    issue(1, &(struct request){.command = 0xe1});
    issue(1, &(struct request){.command = 0xe5});
    ck_assert_uint_eq(memory(FIS + 0x4c, 1), 0xff);
}
END_TEST

START_TEST(adapter_reset)
{
    start(0);
    wr(f, P + P_SACT, 3);
    wr(f, P + P_CI, 3);
    wr(f, G_GHC, 3);
    ck_assert_uint_eq(rd(f, G_GHC), 0x80000000);
    ck_assert_uint_eq(rd(f, P + P_CI) | rd(f, P + P_SACT) | rd(f, P + P_IE), 0);
    ck_assert_uint_eq(rd(f, P + P_CLB), LIST);
    ck_assert_uint_eq(rd(f, P + P_FB), FIS);
    ck_assert_uint_eq(rd(f, P + P_CMD), 6);
    ck_assert_uint_eq(rd(f, P + P_SSTS), 0x133);
    /* A read-only disk: reads, and aborts writes. */
    start(1);
    prepare(0, &(struct request){.command = 0xca, .count = 1, .write = true, .parts = 1, .part = 512});
    wr(f, P + 0x80 + P_CI, 1);
    advance(f, LATENCY);
    ck_assert_uint_eq(rd(f, P + 0x80 + P_TFD), 0x451);
    /* Commands without ST are a guest error, and so is nothing else of this. */
    unsigned errors = f->guest_errors;
    wr(f, P + P_CI, 1);
    wr(f, P + P_SACT, 1);
    ck_assert_uint_eq(rd(f, P + P_CI) | rd(f, P + P_SACT), 0);
    ck_assert_uint_eq(f->guest_errors, errors + 1);
}
END_TEST

START_TEST(descriptor_interrupt)
{
    start(0);
    issue(0, &(struct request){.command = 0x25, .count = 2, .parts = 2, .part = 512, .tell = true});
    ck_assert_uint_eq(rd(f, P + P_IS), DHRS | DPS);
    /* A byte count's lowest bit is taken as one. */
    prepare(0, &(struct request){.command = 0x25, .count = 1, .parts = 1, .part = 512});
    put_memory(TABLES + 0x8c, 4, 510);
    wr(f, P + P_CI, 1);
    advance(f, LATENCY);
    ck_assert_uint_eq(memory(LIST + 4, 4), 512);
}
END_TEST

/* The state between the issue and the end of a command can be saved and gone on with. */
START_TEST(state)
{
    start(0);
    prepare(2, &(struct request){.command = 0x60, .lba = 3, .features = 1, .count = 2 << 3, .parts = 1, .part = 512});
    wr(f, P + P_SACT, 4);
    wr(f, P + P_CI, 4);
    struct state_section section = device_section(hba);
    struct state_writer writer = {0};
    state_save_section(&writer, &section);
    uint64_t before = state_hash_section(0, &section);
    advance(f, LATENCY);
    uint64_t after = state_hash_section(0, &section);
    ck_assert_uint_ne(before, after);
    const char *why;
    struct state_reader reader = {.data = writer.data, .size = writer.size};
    ck_assert(state_load_section(&reader, &section, &why));
    ck_assert_uint_eq(state_hash_section(0, &section), before);
    put_memory(DATA, 8, 0);
    wr(f, P + P_CI, 0); /* the clock's queue is another section: here this schedules it again */
    advance(f, LATENCY);
    ck_assert_uint_eq(state_hash_section(0, &section), after);
    check_data(DATA, 1536, 512);
    state_writer_free(&writer);
}
END_TEST

#undef f

START_TEST(pci_function)
{
    struct pci_fixture p;
    struct ahci_options options = options_with_disks();
    pci_fixture_init(&p);
    struct ahci_place place = {.function = pci_function_create(&p.f.env, p.host)};
    struct device *ahci = ahci_create(&p.f.env, &place, &options);
    fixture_attach(ahci);
    ck_assert_uint_eq(cfg(&p, 0, 8, 4) >> 8, 0x010601);
    set_cfg(&p, 0, 0x24, 4, UINT32_MAX);
    ck_assert_uint_eq(cfg(&p, 0, 0x24, 4), 0xfffff000);
    set_cfg(&p, 0, 0x24, 4, MEMORY_WINDOW);
    set_cfg(&p, 0, 4, 2, 2);
    const uint64_t port = MEMORY_WINDOW + P;
    ck_assert_uint_eq(bus_get(&p, port + P_SSTS, 4), 0x133);
    bus_put(&p, port + P_FB, 4, FIS);
    bus_put(&p, port + P_IE, 4, UINT32_MAX);
    bus_put(&p, port + P_CMD, 4, 0x10);
    bus_put(&p, MEMORY_WINDOW + G_GHC, 4, 2);
    ck_assert(p.level[0]); /* the link came up */
    /* Nothing is written before bus mastering. */
    advance(&p.f, 100 * LATENCY);
    ck_assert_uint_eq(bus_get(&p, port + P_TFD, 4), 0x80);
    set_cfg(&p, 0, 4, 2, 6);
    advance(&p.f, LATENCY);
    ck_assert_uint_eq(bus_get(&p, port + P_TFD, 4), 0x150);
    /* With MSI: a message for a new bit, and for bits that a write leaves. */
    set_cfg(&p, 0, 0x80, 4, DATA);
    set_cfg(&p, 0, 0x88, 2, 0x55);
    set_cfg(&p, 0, 0x7e, 2, 1);
    ck_assert(!p.level[0]);
    bus_put(&p, MEMORY_WINDOW + G_IS, 4, 1);
    ck_assert_uint_eq(bus_get(&p, DATA, 4), 0x55);
    bus_put(&p, DATA, 4, 0);
    bus_put(&p, port + P_SERR, 4, UINT32_MAX);
    bus_put(&p, MEMORY_WINDOW + G_IS, 4, 1);
    ck_assert_uint_eq(bus_get(&p, DATA, 4), 0);
    bus_put(&p, port + P_SCTL, 4, 1);
    bus_put(&p, port + P_SCTL, 4, 0);
    ck_assert_uint_eq(bus_get(&p, DATA, 4), 0x55);
    device_destroy(ahci);
    device_destroy(place.function);
    pci_fixture_free(&p);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("ahci");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, registers);
    tcase_add_test(tcase, signature);
    tcase_add_test(tcase, identify);
    tcase_add_test(tcase, transfers);
    tcase_add_test(tcase, queued);
    tcase_add_test(tcase, errors);
    tcase_add_test(tcase, bus_faults);
    tcase_add_test(tcase, software_reset);
    tcase_add_test(tcase, adapter_reset);
    tcase_add_test(tcase, descriptor_interrupt);
    tcase_add_test(tcase, state);
    tcase_add_test(tcase, pci_function);
    return run_case("ahci", tcase);
}
