/* virtio block: configuration, every request, every refusal. */
#include "virtio_fixture.h"

enum { SECTORS = 64, DISK = SECTORS * 512 };
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2 };
enum { HEADER = BUFFERS, DATA = BUFFERS + 0x1000, STATUS = BUFFERS + 0x800 };

#define F_SEG_MAX (1ull << 2)
#define F_RO (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH (1ull << 9)
#define F_CONFIG_WCE (1ull << 11)
#define F_DISCARD (1ull << 13)
#define F_WRITE_ZEROES (1ull << 14)
#define F_RANGES (F_DISCARD | F_WRITE_ZEROES)

static struct fixture f;
static struct device *device;
static struct guest_queue q;
static uint8_t disk[DISK];
static unsigned flushes, reads, writes, discards;
static int fail;

static int disk_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    ck_assert(offset <= DISK && size <= DISK - offset);
    reads++;
    memcpy(data, disk + offset, size);
    return fail;
}

static int disk_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    ck_assert(offset <= DISK && size <= DISK - offset);
    writes++;
    memcpy(disk + offset, data, size);
    return fail;
}

static int disk_flush(void *opaque)
{
    flushes++;
    return fail;
}

static int disk_discard(void *opaque, uint64_t offset, uint64_t size)
{
    ck_assert(offset <= DISK && size <= DISK - offset);
    discards++;
    return fail;
}

static void create(bool read_only)
{
    fixture_init(&f);
    for (unsigned i = 0; i < DISK; i++)
        disk[i] = (uint8_t)(i / 512 + i);
    flushes = reads = writes = discards = 0;
    fail = 0;
    struct virtio_place place = fixture_place(&f);
    struct virtio_blk_options options = {
        .backend = {.read = disk_read, .write = read_only ? NULL : disk_write, .flush = disk_flush,
                    .discard = disk_discard, .size = DISK + 100},
        .serial = "serial-of-more-than-20-characters"};
    device = virtio_blk_create(&f.env, &place, &options);
    fixture_attach(device);
}

static void start(uint64_t features)
{
    ck_assert(negotiate(&f, BASE_FEATURES | features));
    setup_queue(&f, &q, 0, RING_SIZE);
    driver_ok(&f);
}

static void setup(void)
{
    create(false);
}

static void teardown(void)
{
    fixture_free(&f, device);
}

static void put_header(uint32_t type, uint64_t sector)
{
    poke(&f, HEADER, 4, type);
    poke(&f, HEADER + 4, 4, 0);
    poke(&f, HEADER + 8, 8, sector);
    poke(&f, STATUS, 1, 0xee);
}

/* One request with a data part (size 0: none); returns the status byte. */
static unsigned request(uint32_t type, uint64_t sector, uint32_t size, bool to_device, uint32_t expected_used)
{
    put_header(type, sector);
    struct guest_part parts[3] = {{HEADER, 16, false}, {DATA, size, !to_device}, {STATUS, 1, true}};
    if (!size)
        parts[1] = parts[2];
    uint16_t head = offer(&f, &q, parts, size ? 3 : 2);
    kick(&f, 0);
    ck_assert_uint_eq(take_used(&f, &q, head), expected_used);
    return (unsigned)look(&f, STATUS, 1);
}

static void put_range(unsigned i, uint64_t sector, uint32_t count, uint32_t flags)
{
    poke(&f, DATA + 16 * i, 8, sector);
    poke(&f, DATA + 16 * i + 8, 4, count);
    poke(&f, DATA + 16 * i + 12, 4, flags);
}

START_TEST(test_config)
{
    ck_assert_uint_eq(rd(&f, V_DEVICE_ID), 2);
    ck_assert_uint_eq(offered_features(&f) & 0xffffff,
                      F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_CONFIG_WCE | F_DISCARD | F_WRITE_ZEROES);
    ck_assert_uint_eq(rd(&f, V_CONFIG), SECTORS); /* the odd 100 bytes don't count */
    ck_assert_uint_eq(rd(&f, V_CONFIG + 4), 0);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 8), 0);   /* size_max: none */
    ck_assert_uint_eq(rd(&f, V_CONFIG + 12), 254);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 20), 512);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 32, 1), 1);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 34, 2), 1);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 36), 65536);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 40), 16);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 44), 1);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 48), 65536);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 52), 16);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 56, 1), 0);
    ck_assert_uint_eq(f.guest_errors, 0);
    rd(&f, V_CONFIG + 60);
    wr(&f, V_CONFIG, 1);
    wr_size(&f, V_CONFIG + 32, 1, 0); /* CONFIG_WCE is not negotiated */
    ck_assert_uint_eq(f.guest_errors, 3);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 32, 1), 1);
}
END_TEST

START_TEST(test_read_write)
{
    start(F_FLUSH);
    ck_assert_uint_eq(request(T_IN, 3, 1024, false, 1025), OK);
    for (unsigned i = 0; i < 1024; i++)
        ck_assert_uint_eq(look(&f, DATA + i, 1), disk[3 * 512 + i]);
    for (unsigned i = 0; i < 1024; i++)
        poke(&f, DATA + i, 1, 0xa5 ^ i);
    ck_assert_uint_eq(request(T_OUT, 62, 1024, true, 1), OK);
    for (unsigned i = 0; i < 1024; i++)
        ck_assert_uint_eq(disk[62 * 512 + i], (uint8_t)(0xa5 ^ i));
    ck_assert_uint_eq(flushes, 0);
    ck_assert_uint_eq(request(T_FLUSH, 0, 0, false, 1), OK);
    ck_assert_uint_eq(flushes, 1);
    ck_assert_uint_eq(request(T_GET_ID, 0, 20, false, 21), OK);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_uint_eq(look(&f, DATA + i, 1), (uint8_t) "serial-of-more-than-"[i]);
    /* Any framing: the header in two, data in odd pieces, the status at the end of the last. */
    put_header(T_IN, 0);
    struct guest_part parts[] = {{HEADER, 7, false}, {HEADER + 7, 9, false}, {DATA, 100, true}, {DATA + 100, 413, true}};
    uint16_t head = offer(&f, &q, parts, 4);
    kick(&f, 0);
    ck_assert_uint_eq(take_used(&f, &q, head), 513);
    ck_assert_uint_eq(look(&f, DATA + 511, 1), disk[511]);
    ck_assert_uint_eq(look(&f, DATA + 512, 1), OK);
}
END_TEST

START_TEST(test_latency)
{
    start(F_FLUSH);
    put_header(T_FLUSH, 0);
    struct guest_part parts[2] = {{HEADER, 16, false}, {STATUS, 1, true}};
    for (unsigned i = 0; i < 5; i++)
        offer(&f, &q, parts, 2);
    wr(&f, V_QUEUE_NOTIFY, 0);
    advance(&f, 9999);
    ck_assert_uint_eq(flushes, 0);
    advance(&f, 1);
    ck_assert_uint_eq(flushes, 5);
    ck_assert_uint_eq(f.irq_edges, 1);
}
END_TEST

START_TEST(test_refusals)
{
    start(F_FLUSH | F_RANGES);
    unsigned errors = f.guest_errors;
    ck_assert_uint_eq(request(T_IN, SECTORS, 512, false, 1), IOERR);
    ck_assert_uint_eq(request(T_IN, SECTORS - 1, 1024, false, 1), IOERR);
    ck_assert_uint_eq(request(T_IN, UINT64_MAX, 512, false, 1), IOERR);
    ck_assert_uint_eq(request(T_IN, 1ull << 55, 512, false, 1), IOERR); /* sector * 512 would wrap */
    ck_assert_uint_eq(request(T_IN, 0, 500, false, 1), IOERR);
    ck_assert_uint_eq(request(T_OUT, SECTORS, 512, true, 1), IOERR);
    ck_assert_uint_eq(request(T_OUT, 0, 511, true, 1), IOERR);
    ck_assert_uint_eq(request(99, 0, 512, false, 1), UNSUPP);
    ck_assert_uint_eq(f.guest_errors, errors + 8);
    ck_assert_uint_eq(reads + writes, 0);
    ck_assert_uint_eq(request(T_IN, 0, 0, false, 1), OK); /* nothing, but not wrong */
    fail = -5;
    ck_assert_uint_eq(request(T_IN, 0, 512, false, 1), IOERR);
    ck_assert_uint_eq(request(T_OUT, 0, 512, true, 1), IOERR);
    ck_assert_uint_eq(request(T_FLUSH, 0, 0, false, 1), IOERR);
    put_range(0, 0, 1, 0);
    ck_assert_uint_eq(request(T_DISCARD, 0, 16, true, 1), IOERR);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 16, true, 1), IOERR);
    ck_assert_uint_eq(rd(&f, V_STATUS), 15);
}
END_TEST

START_TEST(test_broken_requests)
{
    static const struct guest_part no_header[1] = {{STATUS, 1, true}}, no_status[1] = {{HEADER, 16, false}},
                                   short_header[2] = {{HEADER, 15, false}, {STATUS, 1, true}};
    static const struct {
        const struct guest_part *parts;
        unsigned count;
    } rows[] = {{no_header, 1}, {no_status, 1}, {short_header, 2}};
    for (size_t i = 0; i < 3; i++) {
        start(0);
        offer(&f, &q, rows[i].parts, rows[i].count);
        kick(&f, 0);
        ck_assert_uint_eq(rd(&f, V_STATUS), 15 | VIRTIO_NEEDS_RESET);
    }
    start(0); /* data that is nowhere */
    put_header(T_IN, 0);
    struct guest_part parts[3] = {{HEADER, 16, false}, {0x1000, 512, true}, {STATUS, 1, true}};
    offer(&f, &q, parts, 3);
    kick(&f, 0);
    ck_assert_uint_eq(rd(&f, V_STATUS), 15 | VIRTIO_NEEDS_RESET);
}
END_TEST

START_TEST(test_ranges)
{
    start(F_FLUSH | F_RANGES);
    put_range(0, 1, 2, 0);
    put_range(1, 10, 1, 0);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 32, true, 1), OK);
    for (unsigned i = 0; i < 512; i++) {
        ck_assert_uint_eq(disk[512 + i] | disk[1024 + i] | disk[5120 + i], 0);
        ck_assert_uint_eq(disk[1536 + i], (uint8_t)(3 + 1536 + i));
    }
    put_range(0, 0, 1, 1); /* unmap: allowed here, and only zeroes */
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 16, true, 1), OK);
    ck_assert_uint_eq(disk[5], 0);
    ck_assert_uint_eq(request(T_DISCARD, 0, 16, true, 1), UNSUPP);
    put_range(0, 0, 1, 2);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 16, true, 1), UNSUPP);
    put_range(0, 60, 4, 0);
    ck_assert_uint_eq(request(T_DISCARD, 0, 16, true, 1), OK);
    ck_assert_uint_eq(discards, 1);
    put_range(0, 60, 5, 0);
    ck_assert_uint_eq(request(T_DISCARD, 0, 16, true, 1), IOERR);
    put_range(0, 0, 65537, 0);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 16, true, 1), IOERR);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 15, true, 1), IOERR);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 17 * 16, true, 1), IOERR);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 0, true, 1), IOERR);
    start(F_FLUSH); /* not negotiated */
    put_range(0, 0, 1, 0);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 16, true, 1), UNSUPP);
    ck_assert_uint_eq(request(T_DISCARD, 0, 16, true, 1), UNSUPP);
}
END_TEST

START_TEST(test_cache_mode)
{
    start(0); /* the driver can't flush: every write is */
    ck_assert_uint_eq(request(T_OUT, 0, 512, true, 1), OK);
    ck_assert_uint_eq(flushes, 1);
    start(F_FLUSH | F_CONFIG_WCE);
    ck_assert_uint_eq(request(T_OUT, 0, 512, true, 1), OK);
    ck_assert_uint_eq(flushes, 1);
    wr_size(&f, V_CONFIG + 32, 1, 0);
    ck_assert_uint_eq(flushes, 2);
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 32, 1), 0);
    ck_assert_uint_eq(request(T_OUT, 0, 512, true, 1), OK);
    ck_assert_uint_eq(flushes, 3);
    start(F_FLUSH | F_CONFIG_WCE); /* a reset is back to write-back */
    ck_assert_uint_eq(rd_size(&f, V_CONFIG + 32, 1), 1);
}
END_TEST

START_TEST(test_read_only)
{
    teardown();
    create(true);
    ck_assert_uint_eq(offered_features(&f) & (F_RO | F_DISCARD | F_WRITE_ZEROES), F_RO);
    ck_assert_uint_eq(rd(&f, V_CONFIG + 36), 0);
    start(F_FLUSH | F_RO);
    ck_assert_uint_eq(request(T_OUT, 0, 512, true, 1), IOERR);
    ck_assert_uint_eq(request(T_IN, 0, 512, false, 513), OK);
    ck_assert_uint_eq(request(T_WRITE_ZEROES, 0, 16, true, 1), UNSUPP);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("virtio-blk");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_config);
    tcase_add_test(tcase, test_read_write);
    tcase_add_test(tcase, test_latency);
    tcase_add_test(tcase, test_refusals);
    tcase_add_test(tcase, test_broken_requests);
    tcase_add_test(tcase, test_ranges);
    tcase_add_test(tcase, test_cache_mode);
    tcase_add_test(tcase, test_read_only);
    return run_case("virtio-blk", tcase);
}
