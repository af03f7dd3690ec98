/* CFI flash: reading as memory, the query, programming, buffers, erasing, locking, errors; on a ROM device region. */
#include "devices/flash_cfi.h"

#include "device_fixture.h"

enum { SIZE = 1 << 20, BLOCK = 256 << 10, BASE = 0 };

static struct fixture f;
static struct device *flash;
static unsigned remaps, writes_seen;

static void on_remap(void *opaque, struct bus_region *region)
{
    remaps++;
}

static void on_write(void *opaque, struct bus_region *region, uint64_t offset, uint64_t size, uint16_t requester)
{
    writes_seen++;
}

static void setup(void)
{
    fixture_init(&f);
    remaps = writes_seen = 0;
    bus_set_remap_watch(f.bus, on_remap, NULL);
    bus_set_watch(f.bus, on_write, NULL);
    flash = flash_cfi_create(&f.env, BASE, SIZE, PAS_MASK_BOTH);
    fixture_attach(flash);
}

static void teardown(void)
{
    fixture_free(&f, flash);
}

static uint32_t get(uint64_t address)
{
    uint64_t value;
    must(bus_read(f.bus, address, 4, fixture_cpu, &value) == BUS_OK);
    return (uint32_t)value;
}

static void put(uint64_t address, uint32_t value)
{
    must(bus_write(f.bus, address, 4, fixture_cpu, value) == BUS_OK);
}

/* To both chips. */
static void command(uint64_t address, uint16_t data)
{
    put(address, data | (uint32_t)data << 16);
}

static void erase(uint64_t address)
{
    command(address, 0x20);
    command(address, 0xd0);
}

START_TEST(test_reads_as_memory)
{
    ck_assert_int_eq(bus_write_block(f.bus, 0x100, "hello", 6, fixture_debug), BUS_OK);
    ck_assert_uint_eq(get(0x100), 0x6c6c6568);
    struct bus_region *region = bus_find(f.bus, PAS_NON_SECURE, 0x100, NULL);
    ck_assert_int_eq(region->kind, BUS_ROM);
    command(0, 0x70);
    ck_assert_int_eq(region->kind, BUS_MMIO);
    ck_assert_uint_eq(remaps, 1);
    ck_assert_uint_eq(get(0x100), 0x00800080);
    uint64_t value;
    ck_assert_int_eq(bus_read(f.bus, 0x100, 8, fixture_cpu, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x0080008000800080);
    ck_assert_int_eq(bus_read(f.bus, 0x102, 1, fixture_cpu, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x80);
    /* A debugger and a loader see and change the array even so. */
    ck_assert_int_eq(bus_read(f.bus, 0x100, 4, fixture_debug, &value), BUS_OK);
    ck_assert_uint_eq(value, 0x6c6c6568);
    ck_assert_int_eq(bus_write(f.bus, 0x100, 4, fixture_debug, 0x12345678), BUS_OK);
    uint8_t bytes[4];
    ck_assert_int_eq(bus_read_block(f.bus, 0x100, bytes, 4, fixture_debug), BUS_OK);
    ck_assert_uint_eq(bytes[0], 0x78);
    ck_assert_int_eq(bus_write_block(f.bus, 0x104, bytes, 4, fixture_debug), BUS_OK);
    ck_assert_int_eq(bus_read_block(f.bus, 0x100, bytes, 4, fixture_cpu), BUS_DEVICE_ERROR);
    command(0, 0xff);
    ck_assert_uint_eq(remaps, 2);
    ck_assert_uint_eq(get(0x100), 0x12345678);
    ck_assert_uint_eq(get(0x104), 0x12345678);
    ck_assert_int_eq(bus_write(f.bus, 0x101, 2, fixture_cpu, 0), BUS_DEVICE_ERROR);
}
END_TEST

START_TEST(test_query_and_id)
{
    command(0x55 * 4, 0x98);
    ck_assert_uint_eq(get(0x10 * 4), 'Q' | 'Q' << 16);
    ck_assert_uint_eq(get(0x11 * 4) & 0xff, 'R');
    ck_assert_uint_eq(get(0x12 * 4) & 0xff, 'Y');
    ck_assert_uint_eq(get(0x13 * 4) & 0xff, 1);
    ck_assert_uint_eq(get(0x15 * 4) & 0xff, 0x31);
    ck_assert_uint_eq(get(0x27 * 4) & 0xff, 19); /* 512 KiB a chip */
    ck_assert_uint_eq(get(0x2a * 4) & 0xff, 10);
    ck_assert_uint_eq(get(0x2c * 4) & 0xff, 1);
    ck_assert_uint_eq(get(0x2d * 4) & 0xff, 3);  /* 4 blocks */
    ck_assert_uint_eq(get(0x2e * 4) & 0xff, 0);
    ck_assert_uint_eq(get(0x2f * 4) & 0xff, 0);
    ck_assert_uint_eq(get(0x30 * 4) & 0xff, 2);  /* of 128 KiB a chip */
    ck_assert_uint_eq(get(0x31 * 4) & 0xff, 'P');
    ck_assert_uint_eq(get(0x3f * 4), 0);
    ck_assert_uint_eq(get(0x40 * 4), 0);
    ck_assert_uint_eq(get(0), 0);
    command(0, 0x90);
    ck_assert_uint_eq(get(0), 0x00890089);
    ck_assert_uint_eq(get(4), 0x00180018);
    ck_assert_uint_eq(get(8), 0);
    ck_assert_uint_eq(get(12), 0);
    device_reset(flash);
    ck_assert_int_eq(bus_find(f.bus, PAS_NON_SECURE, 0, NULL)->kind, BUS_ROM);
}
END_TEST

START_TEST(test_program_and_erase)
{
    erase(BLOCK + 0x1234);
    ck_assert_uint_eq(get(0), 0x00800080);
    command(0, 0xff);
    ck_assert_uint_eq(get(BLOCK), 0xffffffff);
    ck_assert_uint_eq(get(2 * BLOCK - 4), 0xffffffff);
    ck_assert_uint_eq(get(2 * BLOCK), 0);
    ck_assert_uint_eq(get(BLOCK - 4), 0);
    command(BLOCK, 0x40);
    put(BLOCK, 0x1234ff0f);
    command(BLOCK, 0x10);
    put(BLOCK, 0xf0f0fff0); /* only clears */
    command(0, 0xff);
    ck_assert_uint_eq(get(BLOCK), 0x1030ff00);

    /* One chip alone: the other keeps showing its array, through the device. */
    ck_assert_int_eq(bus_write(f.bus, BLOCK + 6, 2, fixture_cpu, 0x40), BUS_OK);
    ck_assert_int_eq(bus_write(f.bus, BLOCK + 6, 2, fixture_cpu, 0xabcd), BUS_OK);
    ck_assert_uint_eq(get(BLOCK + 4), 0x0080ffff);
    ck_assert_int_eq(bus_write(f.bus, BLOCK + 6, 1, fixture_cpu, 0xff), BUS_OK);
    ck_assert_uint_eq(get(BLOCK + 4), 0xabcdffff);
    ck_assert_int_eq(bus_find(f.bus, PAS_NON_SECURE, 0, NULL)->kind, BUS_ROM);
    ck_assert_int_eq(bus_write(f.bus, BLOCK + 5, 1, fixture_cpu, 0xff), BUS_OK);
    ck_assert_uint_eq(f.guest_errors, 1);

    /* Decoded code in the page hears of it. */
    bus_find(f.bus, PAS_NON_SECURE, BLOCK, NULL)->page_flags[BLOCK >> 12] |= BUS_PAGE_CODE;
    command(BLOCK, 0x40);
    put(BLOCK, 0);
    ck_assert_uint_eq(writes_seen, 2); /* one by each chip */
}
END_TEST

START_TEST(test_buffer)
{
    erase(0);
    command(0x1000, 0xe8);
    ck_assert_uint_eq(get(0x1000), 0x00800080);
    command(0x1000, 511);
    for (uint32_t i = 0; i < 512; i++)
        put(0x0f00 + 4 * i, i << 16 | (i ^ 0x55)); /* over a page boundary */
    command(0x1000, 0xd0);
    ck_assert_uint_eq(get(0), 0x00800080);
    command(0, 0xff);
    for (uint32_t i = 0; i < 512; i++)
        ck_assert_uint_eq(get(0x0f00 + 4 * i), i << 16 | (i ^ 0x55));
    ck_assert_uint_eq(get(0x0efc), 0xffffffff);
    ck_assert_uint_eq(get(0x1700), 0xffffffff);
    ck_assert_uint_eq(f.guest_errors, 0);

    static const struct {
        uint32_t count, address[2];
        uint16_t confirm;
    } bad[] = {{512, {0, 0}, 0xd0}, {1, {0x20000, 0x40000}, 0xd0}, {1, {0x20000, 0x20010}, 0xd0},
               {1, {0x20000, 0x20004}, 0xff}, {1, {BLOCK - 4, BLOCK}, 0xd0}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        command(0, 0x50);
        command(bad[i].address[0], 0xe8);
        command(bad[i].address[0], (uint16_t)bad[i].count);
        if (bad[i].count < 512) {
            put(bad[i].address[0], 0);
            put(bad[i].address[1], 0);
            command(bad[i].address[0], bad[i].confirm);
        }
        ck_assert_uint_eq(get(0), 0x00b000b0);
    }
    command(0, 0x50);
    ck_assert_uint_eq(get(0), 0x00800080);
    command(0, 0xff);
    ck_assert_uint_eq(get(0x20000), 0xffffffff);
}
END_TEST

START_TEST(test_lock)
{
    erase(0);
    command(BLOCK, 0x60);
    command(BLOCK, 0x01);
    command(0, 0x90);
    ck_assert_uint_eq(get(8), 0);
    ck_assert_uint_eq(get(BLOCK + 8), 0x00010001);
    command(BLOCK, 0x40);
    put(BLOCK, 0);
    ck_assert_uint_eq(get(0), 0x00920092);
    command(0, 0x50);
    erase(BLOCK);
    ck_assert_uint_eq(get(0), 0x00a200a2);
    command(0, 0x50);
    command(BLOCK, 0x60);
    command(BLOCK, 0xd0);
    erase(BLOCK);
    ck_assert_uint_eq(get(0), 0x00800080);
    command(0, 0x60);
    command(0, 0x42);
    ck_assert_uint_eq(get(0), 0x00b000b0);
    command(0, 0x50);
    command(0, 0x20);
    command(0, 0xff);
    ck_assert_uint_eq(get(0), 0x00b000b0);
    unsigned before = f.unimplemented;
    command(0, 0x77);
    ck_assert_uint_eq(f.unimplemented, before + 2); /* each chip */
    command(0, 0);
    ck_assert_uint_eq(f.unimplemented, before + 2);
    command(0, 0x60);
    command(0, 0x2f);
    device_reset(flash);
    command(0, 0x90);
    ck_assert_uint_eq(get(8), 0);
}
END_TEST

START_TEST(test_sizes)
{
    ck_assert_ptr_null(flash_cfi_create(&f.env, 0, 1 << 18, PAS_MASK_BOTH));
    ck_assert_ptr_null(flash_cfi_create(&f.env, 0, 3 << 20, PAS_MASK_BOTH));
    ck_assert_ptr_null(flash_cfi_create(&f.env, 0, 1 << 28, PAS_MASK_BOTH));
    struct device *overlapping = flash_cfi_create(&f.env, SIZE / 2, SIZE, PAS_MASK_BOTH);
    ck_assert_int_lt(device_attach(overlapping, NULL), 0);
    device_reset(overlapping);
    device_destroy(overlapping);
}
END_TEST

START_TEST(test_random_accesses)
{
    uint32_t random = 3;
    uint64_t value;
    for (unsigned i = 0; i < 200000; i++) {
        static const uint8_t commands[] = {0xff, 0x70, 0x50, 0x90, 0x98, 0x40, 0x10, 0xe8, 0x20, 0x60, 0xd0, 0x01, 0x03};
        random = random * 1664525 + 1013904223;
        unsigned size = 1u << (random >> 30), pick = random >> 8;
        uint64_t address = ((uint64_t)random * 2654435761u >> 7) % SIZE & ~(uint64_t)(size - 1);
        uint32_t data = pick % 4 ? commands[pick % sizeof(commands)] * 0x10001u : pick;
        if (commands[pick % sizeof(commands)] == 0xd0 && pick % 64)
            continue; /* erasing takes the host a while */
        if (random & 1 << 20)
            bus_read(f.bus, address, size, random & 1 << 21 ? fixture_cpu : fixture_debug, &value);
        else
            bus_write(f.bus, address, size, fixture_cpu, data | (uint64_t)data << 32);
    }
    device_reset(flash);
    ck_assert_int_eq(bus_find(f.bus, PAS_NON_SECURE, 0, NULL)->kind, BUS_ROM);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("flash-cfi");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_reads_as_memory);
    tcase_add_test(tcase, test_query_and_id);
    tcase_add_test(tcase, test_program_and_erase);
    tcase_add_test(tcase, test_buffer);
    tcase_add_test(tcase, test_lock);
    tcase_add_test(tcase, test_sizes);
    tcase_add_test(tcase, test_random_accesses);
    return run_case("flash-cfi", tcase);
}
