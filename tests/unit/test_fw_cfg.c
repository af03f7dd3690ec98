/* fw_cfg: items, the directory, the data register's byte order, DMA. */
#include "devices/fw_cfg.h"

#include "device_fixture.h"

#include <errno.h>

enum { DATA = 0, SELECTOR = 8, DMA_HIGH = 0x10, DMA_LOW = 0x14 };
enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 0x10 };
enum { COMMAND = FIXTURE_RAM + 0x100, BUFFER = FIXTURE_RAM + 0x1000 };

static struct fixture f;
static struct device *cfg;

static void setup(void)
{
    fixture_init(&f);
    cfg = fw_cfg_create(&f.env, FIXTURE_DEVICE, PAS_MASK_BOTH);
    fixture_attach(cfg);
}

static void teardown(void)
{
    fixture_free(&f, cfg);
}

static void select_key(uint16_t key)
{
    wr_size(&f, SELECTOR, 2, __builtin_bswap16(key));
}

static void put_be32(uint64_t address, uint32_t value)
{
    bus_write(f.bus, address, 4, fixture_cpu, __builtin_bswap32(value));
}

static uint32_t get_be32(uint64_t address)
{
    uint64_t value;
    bus_read(f.bus, address, 4, fixture_cpu, &value);
    return __builtin_bswap32((uint32_t)value);
}

/* Runs a DMA command; returns its control word after it. */
static uint32_t dma(uint32_t control, uint32_t length, uint64_t address)
{
    put_be32(COMMAND, control);
    put_be32(COMMAND + 4, length);
    put_be32(COMMAND + 8, (uint32_t)(address >> 32));
    put_be32(COMMAND + 12, (uint32_t)address);
    wr(&f, DMA_HIGH, 0);
    wr(&f, DMA_LOW, __builtin_bswap32(COMMAND));
    return get_be32(COMMAND);
}

static uint8_t byte_at(uint64_t address)
{
    uint64_t value;
    ck_assert_int_eq(bus_read(f.bus, address, 1, fixture_cpu, &value), BUS_OK);
    return (uint8_t)value;
}

START_TEST(test_data_register)
{
    select_key(FW_CFG_SIGNATURE);
    ck_assert_uint_eq(rd_size(&f, DATA, 1), 'Q');
    ck_assert_uint_eq(rd_size(&f, DATA, 2), 'E' | 'M' << 8);
    ck_assert_uint_eq(rd_size(&f, DATA, 8), 'U'); /* and zeroes */
    ck_assert_uint_eq(rd_size(&f, DATA, 8), 0);
    select_key(FW_CFG_ID);
    ck_assert_uint_eq(peek(&f, cfg, DATA), 3);
    ck_assert_uint_eq(rd(&f, DATA), 3);
    select_key(0x1234);
    ck_assert_uint_eq(rd_size(&f, DATA, 8), 0);
    ck_assert_uint_eq(rd_size(&f, DMA_HIGH, 8), __builtin_bswap64(0x51454d5520434647));
    ck_assert_uint_eq(rd(&f, DMA_HIGH), __builtin_bswap32(0x51454d55));
    ck_assert_uint_eq(rd(&f, DMA_LOW), __builtin_bswap32(0x20434647));
    ck_assert_uint_eq(f.guest_errors, 0);
    select_key(0x8000);
    wr(&f, DATA, 1);
    rd_size(&f, SELECTOR, 2);
    wr(&f, SELECTOR, 1); /* 16 bits only */
    ck_assert_uint_eq(f.guest_errors, 4);
    select_key(FW_CFG_ID);
    rd(&f, DATA);
    device_reset(cfg);
    ck_assert_uint_eq(rd_size(&f, DATA, 1), 'Q');
}
END_TEST

START_TEST(test_items)
{
    char long_name[57];
    memset(long_name, 'n', 56);
    long_name[56] = 0;
    ck_assert_int_eq(fw_cfg_add_u16(cfg, FW_CFG_NB_CPUS, 4), 0);
    ck_assert_int_eq(fw_cfg_add_u32(cfg, FW_CFG_KERNEL_SIZE, 0x11223344), 0);
    ck_assert_int_eq(fw_cfg_add_u64(cfg, FW_CFG_RAM_SIZE, 0x1122334455667788), 0);
    ck_assert_int_eq(fw_cfg_add_u16(cfg, FW_CFG_NB_CPUS, 4), -EEXIST);
    ck_assert_int_eq(fw_cfg_add_u16(cfg, FW_CFG_FILE_DIR, 4), -EINVAL);
    ck_assert_int_eq(fw_cfg_add_file(cfg, "", "x", 1), -EINVAL);
    ck_assert_int_eq(fw_cfg_add_file(cfg, long_name, "x", 1), -EINVAL);
    ck_assert_int_eq(fw_cfg_add_file(cfg, "b/two", "second", 6), 0);
    ck_assert_int_eq(fw_cfg_add_file(cfg, "a/one", "first!!", 7), 0);
    ck_assert_int_eq(fw_cfg_add_file(cfg, "a/one", "x", 1), -EEXIST);
    ck_assert_int_eq(fw_cfg_add_file(cfg, "c/empty", NULL, 0), 0);
    select_key(FW_CFG_NB_CPUS);
    ck_assert_uint_eq(rd_size(&f, DATA, 2), 4);
    select_key(FW_CFG_RAM_SIZE);
    ck_assert_uint_eq(rd_size(&f, DATA, 8), 0x1122334455667788);

    /* The directory: count, then entries sorted by name {size, key, reserved, name}, big-endian. */
    ck_assert_uint_eq(dma(FW_CFG_FILE_DIR << 16 | SELECT | READ, 4 + 3 * 64, BUFFER), 0);
    ck_assert_uint_eq(get_be32(BUFFER), 3);
    ck_assert_uint_eq(get_be32(BUFFER + 4), 7);
    ck_assert_uint_eq(get_be32(BUFFER + 8), 0x21 << 16);
    ck_assert_uint_eq(byte_at(BUFFER + 12), 'a');
    ck_assert_uint_eq(get_be32(BUFFER + 4 + 64 + 4), 0x20 << 16);
    ck_assert_uint_eq(byte_at(BUFFER + 4 + 64 + 8), 'b');
    ck_assert_uint_eq(get_be32(BUFFER + 4 + 128), 0);
    select_key(0x21);
    ck_assert_uint_eq(rd(&f, DATA), 'f' | 'i' << 8 | 'r' << 16 | (uint32_t)'s' << 24);
}
END_TEST

START_TEST(test_dma)
{
    fw_cfg_add_file(cfg, "file", "0123456789", 10);
    ck_assert_uint_eq(dma(0x20 << 16 | SELECT | SKIP, 4, 0), 0);
    ck_assert_uint_eq(dma(READ, 3, BUFFER), 0);
    ck_assert_uint_eq(byte_at(BUFFER), '4');
    ck_assert_uint_eq(byte_at(BUFFER + 2), '6');
    ck_assert_uint_eq(byte_at(BUFFER + 3), 0);
    bus_write(f.bus, BUFFER + 3, 1, fixture_cpu, 0xee);
    bus_write(f.bus, BUFFER + 9000, 2, fixture_cpu, 0xeeee);
    ck_assert_uint_eq(dma(READ, 9001, BUFFER), 0); /* zeroes follow the end */
    ck_assert_uint_eq(byte_at(BUFFER + 2), '9');
    ck_assert_uint_eq(byte_at(BUFFER + 3), 0);
    ck_assert_uint_eq(byte_at(BUFFER + 9000), 0);
    ck_assert_uint_eq(byte_at(BUFFER + 9001), 0xee);
    ck_assert_uint_eq(dma(SELECT, 0, 0), 0); /* key 0 */
    ck_assert_uint_eq(rd_size(&f, DATA, 1), 'Q');
    ck_assert_uint_eq(dma(SKIP, UINT32_MAX, 0), 0);
    ck_assert_uint_eq(dma(SKIP, UINT32_MAX, 0), 0);
    ck_assert_uint_eq(rd_size(&f, DATA, 1), 0);
    ck_assert_uint_eq(f.guest_errors, 0);

    ck_assert_uint_eq(dma(0x20 << 16 | SELECT | WRITE, 4, BUFFER), ERROR);
    ck_assert_uint_eq(dma(0x20 << 16 | SELECT | READ, 4, 0x1000), ERROR);
    ck_assert_uint_eq(dma(READ, 16, FIXTURE_RAM + FIXTURE_RAM_SIZE - 8), ERROR);
    ck_assert_uint_eq(dma(READ, UINT32_MAX, BUFFER), ERROR);
    ck_assert_uint_eq(f.guest_errors, 4);
    wr(&f, DMA_HIGH, __builtin_bswap32(7)); /* a command that is nowhere */
    wr(&f, DMA_LOW, 0);
    ck_assert_uint_eq(f.guest_errors, 5);
    /* The high half counts for one command only; 8 bytes at once are the same. */
    put_be32(COMMAND, 0x20 << 16 | SELECT | READ);
    put_be32(COMMAND + 4, 2);
    put_be32(COMMAND + 8, 0);
    put_be32(COMMAND + 12, BUFFER);
    wr_size(&f, DMA_HIGH, 8, __builtin_bswap64(COMMAND));
    ck_assert_uint_eq(get_be32(COMMAND), 0);
    ck_assert_uint_eq(byte_at(BUFFER + 1), '1');
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("fw-cfg");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_data_register);
    tcase_add_test(tcase, test_items);
    tcase_add_test(tcase, test_dma);
    return run_case("fw-cfg", tcase);
}
