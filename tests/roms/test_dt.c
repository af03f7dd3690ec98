/* roms/lib/dt.c and dt_write.c: what one writes, the other and libfdt read; damaged trees do no harm. */
#include "roms/lib/dt.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(8) u8 blob[4096];

static u32 write_tree(u32 capacity)
{
    struct dt_writer writer;
    dt_write_begin(&writer, blob, capacity);
    dt_node(&writer, "");
    DT_CELLS(&writer, "#address-cells", 2);
    DT_CELLS(&writer, "#size-cells", 2);
    dt_put(&writer, "compatible", "a,board\0a,family", 17);
    dt_node(&writer, "chosen");
    dt_put_u64(&writer, "start", 0x123456789abull);
    dt_put_string(&writer, "bootargs", "one two");
    dt_node_end(&writer);
    dt_node_at(&writer, "memory", 0x40000000);
    dt_put_string(&writer, "device_type", "memory");
    DT_CELLS(&writer, "reg", 0, 0x40000000, 0, 0x10000000, 1, 0, 0, 0x1000);
    dt_node_end(&writer);
    dt_node(&writer, "cpus");
    DT_CELLS(&writer, "#address-cells", 1);
    DT_CELLS(&writer, "#size-cells", 0);
    for (u32 i = 0; i < 3; i++) {
        dt_node_at(&writer, "cpu", i);
        dt_put_string(&writer, "compatible", "a,cpu");
        DT_CELLS(&writer, "reg", 7 * i);
        if (i == 1)
            dt_put_string(&writer, "status", "disabled");
        DT_EMPTY(&writer, "marked");
        dt_node_end(&writer);
    }
    dt_node_end(&writer);
    dt_node_end(&writer);
    return dt_write_end(&writer);
}

START_TEST(read_back)
{
    struct dt fdt;
    u32 size = write_tree(sizeof(blob));
    ck_assert_uint_gt(size, 0);
    ck_assert_int_eq(fdt_check_header(blob), 0);
    ck_assert_uint_eq(fdt_totalsize(blob), size);
    ck_assert_int_ge(fdt_path_offset(blob, "/cpus/cpu@2"), 0);
    ck_assert(dt_open(&fdt, blob));
    int root = dt_path(&fdt, "/"), memory = dt_path(&fdt, "/memory"), cpus = dt_path(&fdt, "/cpus");
    ck_assert(dt_has_string(&fdt, root, "compatible", "a,family"));
    ck_assert(!dt_has_string(&fdt, root, "compatible", "a,fam"));
    ck_assert_str_eq(dt_name(&fdt, memory), "memory@40000000");
    ck_assert_int_eq(dt_path(&fdt, "/memory@40000000"), memory);
    ck_assert_int_eq(dt_path(&fdt, "/memo"), DT_NONE);
    ck_assert_int_eq(dt_path(&fdt, "/cpus/none"), DT_NONE);
    u64 address, length;
    ck_assert(dt_reg(&fdt, memory, 1, &address, &length));
    ck_assert_uint_eq(address, 1ull << 32);
    ck_assert_uint_eq(length, 0x1000);
    ck_assert(!dt_reg(&fdt, memory, 2, &address, &length));
    ck_assert_uint_eq(dt_number(&fdt, dt_path(&fdt, "/chosen"), "start", 0), 0x123456789abull);
    ck_assert_uint_eq(dt_number(&fdt, dt_path(&fdt, "/chosen"), "stop", 9), 9);
    unsigned count = 0, enabled = 0;
    for (int cpu = dt_first_child(&fdt, cpus); cpu != DT_NONE; cpu = dt_next_sibling(&fdt, cpu)) {
        ck_assert_int_eq(dt_parent(&fdt, cpu), cpus);
        ck_assert(dt_reg(&fdt, cpu, 0, &address, NULL));
        ck_assert_uint_eq(address, 7 * count++);
        enabled += dt_enabled(&fdt, cpu);
    }
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(enabled, 2);
    count = 0;
    for (int cpu = dt_compatible(&fdt, DT_NONE, "a,cpu"); cpu != DT_NONE; cpu = dt_compatible(&fdt, cpu, "a,cpu"))
        count++;
    ck_assert_uint_eq(count, 3);
}
END_TEST

START_TEST(too_small)
{
    u32 size = write_tree(sizeof(blob));
    for (u32 capacity = 0; capacity < size; capacity++)
        ck_assert_uint_eq(write_tree(capacity), 0);
    ck_assert_uint_eq(write_tree(size), size);
}
END_TEST

/* Every bit flipped, alone, and every early end: whatever is read lies within the tree's bytes (the sanitizers look). */
START_TEST(damaged)
{
    u32 size = write_tree(sizeof(blob));
    for (u32 bit = 0; bit < 8 * size + size; bit++) {
        u32 bytes = bit < 8 * size ? size : bit - 8 * size;
        u8 *copy = aligned_alloc(8, (size + 7) & ~7u);
        memcpy(copy, blob, size);
        if (bit < 8 * size)
            copy[bit / 8] ^= (u8)(1 << bit % 8);
        else if (bytes >= 40)
            memcpy(copy + 36, (u8[]){0, 0, (u8)((bytes - 40) >> 8), (u8)(bytes - 40)}, 4);
        struct dt fdt;
        u64 address;
        if (dt_open(&fdt, copy) && fdt.size <= size) {
            for (int node = dt_compatible(&fdt, DT_NONE, "a,cpu"), turns = 0; node != DT_NONE && turns < 10; turns++) {
                dt_reg(&fdt, node, 0, &address, NULL);
                node = dt_compatible(&fdt, node, "a,cpu");
            }
            dt_path(&fdt, "/cpus/cpu@2");
        }
        free(copy);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dt");
    TCase *tests = tcase_create("dt");
    tcase_add_test(tests, read_back);
    tcase_add_test(tests, too_small);
    tcase_add_test(tests, damaged);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
