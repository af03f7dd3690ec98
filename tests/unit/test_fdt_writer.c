/* The device tree writer, and the nodes that the devices write with it. */
#include "devices/fdt_writer.h"

#include "devices/fw_cfg.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"
#include "devices/virtio/virtio.h"

#include "device_fixture.h"

#include <libfdt.h>

static void check_cells(const void *blob, int node, const char *name, const uint32_t *expected, int count)
{
    int length;
    const fdt32_t *cells = fdt_getprop(blob, node, name, &length);
    ck_assert_msg(cells != NULL, "no property %s", name);
    ck_assert_int_eq(length, count * 4);
    for (int i = 0; i < count; i++)
        ck_assert_uint_eq(fdt32_to_cpu(cells[i]), expected[i]);
}

static void check_strings(const void *blob, int node, const char *name, const char *expected, int size)
{
    int length;
    const char *list = fdt_getprop(blob, node, name, &length);
    ck_assert_msg(list != NULL, "no property %s", name);
    ck_assert_int_eq(length, size);
    ck_assert_mem_eq(list, expected, (size_t)size);
}

#define CHECK_STRINGS(blob, node, name, list) check_strings(blob, node, name, list, sizeof(list))

START_TEST(test_writer)
{
    struct fdt_writer *w = fdt_writer_create();
    fdtw_reserve(w, 0x1000, 0x2000);
    fdtw_u32(w, "#address-cells", 2);
    fdtw_u64(w, "wide", 0x1122334455667788);
    fdtw_begin_at(w, "node", 0xabc0);
    fdtw_reg(w, (const uint64_t[][2]){{0x100000000, 0x1000}, {2, 3}}, 2);
    fdtw_interrupts(w, (const struct fdt_interrupt[]){{FDT_SPI, 1, FDT_LEVEL_HIGH}, {FDT_PPI, 13, 0xf04}}, 2);
    fdtw_begin(w, "inner");
    fdtw_empty(w, "flag");
    fdtw_string(w, "text", "hello");
    fdtw_bytes(w, "raw", "\1\2\3", 3);
    fdtw_end(w);
    fdtw_end(w);
    uint32_t one = fdtw_new_phandle(w), two = fdtw_new_phandle(w);
    ck_assert_uint_ne(one, two);
    ck_assert_uint_ge(one, FDT_PHANDLE_FIRST_FREE);
    void *blob = NULL;
    size_t size = 0;
    ck_assert_int_eq(fdtw_finish(w, &blob, &size), 0);
    fdt_writer_destroy(w);

    ck_assert_int_eq(fdt_check_full(blob, size), 0);
    ck_assert_int_eq(fdt_num_mem_rsv(blob), 1);
    int node = fdt_path_offset(blob, "/node@abc0");
    check_cells(blob, 0, "wide", (const uint32_t[]){0x11223344, 0x55667788}, 2);
    check_cells(blob, node, "reg", (const uint32_t[]){1, 0, 0, 0x1000, 0, 2, 0, 3}, 8);
    check_cells(blob, node, "interrupts", (const uint32_t[]){0, 1, 4, 1, 13, 0xf04}, 6);
    node = fdt_path_offset(blob, "/node@abc0/inner");
    CHECK_STRINGS(blob, node, "text", "hello");
    check_strings(blob, node, "raw", "\1\2\3", 3);
    int length;
    ck_assert_ptr_nonnull(fdt_getprop(blob, node, "flag", &length));
    ck_assert_int_eq(length, 0);
    free(blob);
}
END_TEST

START_TEST(test_writer_grows_and_fails)
{
    static uint8_t big[300000];
    void *blob = NULL;
    size_t size;
    struct fdt_writer *w = fdt_writer_create();
    for (unsigned i = 0; i < 2000; i++) {
        fdtw_begin_at(w, "node", i);
        fdtw_u32(w, "value", i);
        fdtw_end(w);
    }
    fdtw_bytes(w, "big", big, sizeof(big)); /* properties after subnodes: libfdt doesn't mind, and it is big */
    int error = fdtw_finish(w, &blob, &size);
    fdt_writer_destroy(w);
    if (!error) {
        ck_assert_int_ge(fdt_path_offset(blob, "/node@7cf"), 0);
        free(blob);
    }

    /* The first error stays, whatever follows; nothing is handed out. */
    w = fdt_writer_create();
    fdtw_begin(w, "a");
    fdtw_reserve(w, 0, 1); /* too late */
    ck_assert_int_lt(fdtw_error(w), 0);
    fdtw_end(w);
    blob = NULL;
    ck_assert_int_lt(fdtw_finish(w, &blob, &size), 0);
    ck_assert_ptr_null(blob);
    fdt_writer_destroy(w);

    w = fdt_writer_create();
    fdtw_begin(w, "left open");
    ck_assert_int_lt(fdtw_finish(w, &blob, &size), 0);
    fdt_writer_destroy(w);
    fdt_writer_destroy(NULL);
    w = fdt_writer_create();
    fdtw_end(w); /* nothing was begun */
    ck_assert_int_lt(fdtw_finish(w, &blob, &size), 0);
    fdt_writer_destroy(w);

    w = fdt_writer_create();
    uint32_t cells[300] = {0};
    fdtw_cells(w, "many", cells, 300);
    ck_assert_int_lt(fdtw_error(w), 0);
    fdt_writer_destroy(w);
}
END_TEST

START_TEST(test_device_nodes)
{
    struct fixture f;
    fixture_init(&f);
    struct pl011_options uart_options = {0};
    struct pl061_options gpio_options = {.power_key = true};
    struct virtio_place place = {.base = 0xa000000, .pas_mask = PAS_MASK_BOTH, .irq = &f.irq, .spi = 16};
    struct device *devices[] = {
        pl011_create(&f.env, 0x9000000, PAS_MASK_BOTH, &f.irq, 1, &uart_options),
        pl031_create(&f.env, 0x9010000, PAS_MASK_BOTH, &f.irq, 2, 0),
        fw_cfg_create(&f.env, 0x9020000, PAS_MASK_BOTH),
        pl061_create(&f.env, 0x9030000, PAS_MASK_BOTH, &f.irq, 7, &gpio_options),
        pl011_create(&f.env, 0x9040000, PAS_BIT(PAS_SECURE), &f.irq, 8, &uart_options),
        virtio_empty_create(&f.env, &place),
    };
    enum { COUNT = sizeof(devices) / sizeof(*devices) };
    struct fdt_writer *w = fdt_writer_create();
    for (unsigned i = 0; i < COUNT; i++)
        ck_assert_int_eq(device_describe(devices[i], w), 0);
    void *blob = NULL;
    size_t size;
    ck_assert_int_eq(fdtw_finish(w, &blob, &size), 0);
    fdt_writer_destroy(w);

    int node = fdt_path_offset(blob, "/pl011@9000000");
    CHECK_STRINGS(blob, node, "compatible", "arm,pl011\0arm,primecell");
    CHECK_STRINGS(blob, node, "clock-names", "uartclk\0apb_pclk");
    check_cells(blob, node, "clocks", (const uint32_t[]){FDT_PHANDLE_CLOCK, FDT_PHANDLE_CLOCK}, 2);
    check_cells(blob, node, "reg", (const uint32_t[]){0, 0x9000000, 0, 0x1000}, 4);
    check_cells(blob, node, "interrupts", (const uint32_t[]){0, 1, 4}, 3);
    ck_assert_ptr_null(fdt_getprop(blob, node, "status", NULL));
    node = fdt_path_offset(blob, "/pl011@9040000");
    CHECK_STRINGS(blob, node, "status", "disabled");
    CHECK_STRINGS(blob, node, "secure-status", "okay");
    node = fdt_path_offset(blob, "/pl031@9010000");
    CHECK_STRINGS(blob, node, "compatible", "arm,pl031\0arm,primecell");
    node = fdt_path_offset(blob, "/fw-cfg@9020000");
    CHECK_STRINGS(blob, node, "compatible", "qemu,fw-cfg-mmio");
    check_cells(blob, node, "reg", (const uint32_t[]){0, 0x9020000, 0, 0x18}, 4);
    ck_assert_ptr_null(fdt_getprop(blob, node, "interrupts", NULL));
    node = fdt_path_offset(blob, "/pl061@9030000");
    uint32_t phandle = fdt_get_phandle(blob, node);
    ck_assert_uint_ne(phandle, 0);
    ck_assert_ptr_nonnull(fdt_getprop(blob, node, "gpio-controller", NULL));
    node = fdt_path_offset(blob, "/gpio-keys/poweroff");
    check_cells(blob, node, "gpios", (const uint32_t[]){phandle, 3, 0}, 3);
    check_cells(blob, node, "linux,code", (const uint32_t[]){116}, 1);
    node = fdt_path_offset(blob, "/virtio_mmio@a000000");
    CHECK_STRINGS(blob, node, "compatible", "virtio,mmio");
    check_cells(blob, node, "reg", (const uint32_t[]){0, 0xa000000, 0, 0x200}, 4);
    free(blob);
    for (unsigned i = 1; i < COUNT; i++)
        device_destroy(devices[i]);
    fixture_free(&f, devices[0]);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("fdt-writer");
    tcase_add_test(tcase, test_writer);
    tcase_add_test(tcase, test_writer_grows_and_fails);
    tcase_add_test(tcase, test_device_nodes);
    return run_case("fdt-writer", tcase);
}
