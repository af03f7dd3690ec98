/* The ROMs' device tree code beside libfdt: trees changed at random by both, and broken ones. */
#include "roms/lib/dt_edit.h"
#include "tests/unit/api_machine.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

enum { CAPACITY = 16384 };

static u64 random_state = 1;

static unsigned draw(unsigned below)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(random_state >> 33) % below;
}

/* A tree as a machine makes it. */
static const void *board_tree(struct armsim_machine **machine, size_t *size)
{
    struct armsim_options options;
    const void *tree;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    options.append = "console=ttyAMA0";
    *machine = create(&options);
    ck_assert_int_eq(armsim_device_tree(*machine, &tree, size), 0);
    return tree;
}

/* Every node and property of one is in the other. */
static void check_equal(const void *a, const void *b)
{
    int na = 0, nb = 0, da = 0, db = 0;
    for (;;) {
        int pa = fdt_first_property_offset(a, na), pb = fdt_first_property_offset(b, nb);
        for (; pa >= 0; pa = fdt_next_property_offset(a, pa)) {
            const char *name;
            int la, lb;
            const void *va = fdt_getprop_by_offset(a, pa, &name, &la), *vb = fdt_getprop(b, nb, name, &lb);
            ck_assert_int_eq(la, lb);
            ck_assert(memcmp(va, vb, (size_t)la) == 0);
            ck_assert_int_ge(pb, 0);
            pb = fdt_next_property_offset(b, pb);
        }
        ck_assert_int_lt(pb, 0);
        ck_assert_str_eq(fdt_get_name(a, na, NULL), fdt_get_name(b, nb, NULL));
        na = fdt_next_node(a, na, &da);
        nb = fdt_next_node(b, nb, &db);
        ck_assert_int_eq(da, db);
        if (na < 0 || nb < 0 || da < 0)
            break;
    }
    ck_assert_int_eq(na, nb);
}

/* libfdt puts new nodes in front, so that the trees are compared by path and not in order: each has its own name. */
START_TEST(test_change)
{
    static _Alignas(8) u8 mine[CAPACITY], theirs[CAPACITY];
    struct dt_edit tree;
    ck_assert_int_eq(fdt_create_empty_tree(theirs, sizeof(theirs)), 0);
    ck_assert(dt_edit_open(&tree, mine, sizeof(mine), theirs, sizeof(theirs)));
    for (unsigned i = 0; i < 3000; i++) {
        char path[32], name[16], value[64] = "";
        unsigned n = draw(8), size = draw(sizeof(value));
        snprintf(path, sizeof(path), "/node@%u", n);
        snprintf(name, sizeof(name), "p%u", draw(6));
        memset(value, (int)i, size);
        int node = dt_path(&tree.dt, path), other = fdt_path_offset(theirs, path);
        ck_assert_int_eq(node < 0, other < 0);
        if (node < 0) {
            ck_assert_int_ge(dt_add_node(&tree, 0, path + 1), 0);
            ck_assert_int_ge(fdt_add_subnode(theirs, 0, path + 1), 0);
        } else if (draw(20) == 0) {
            ck_assert(dt_remove_node(&tree, node));
            ck_assert_int_eq(fdt_del_node(theirs, other), 0);
        } else {
            ck_assert(dt_set(&tree, node, name, value, size));
            ck_assert_int_eq(fdt_setprop(theirs, other, name, value, (int)size), 0);
        }
        ck_assert_int_eq(fdt_check_full(mine, fdt_totalsize(mine)), 0);
        for (n = 0; n < 8; n++) {
            snprintf(path, sizeof(path), "/node@%u", n);
            int a = fdt_path_offset(mine, path), b = fdt_path_offset(theirs, path);
            ck_assert_int_eq(a < 0, b < 0);
            for (unsigned p = 0; a >= 0 && p < 6; p++) {
                int la = -1, lb = -1;
                snprintf(name, sizeof(name), "p%u", p);
                const void *va = fdt_getprop(mine, a, name, &la), *vb = fdt_getprop(theirs, b, name, &lb);
                ck_assert_int_eq(la, lb);
                ck_assert(!va || memcmp(va, vb, (size_t)la) == 0);
            }
        }
    }
}
END_TEST

/* Opened and nothing changed: the same tree; reserved memory is in the other's eyes too. */
START_TEST(test_open)
{
    struct armsim_machine *machine;
    size_t size;
    const void *blob = board_tree(&machine, &size);
    static _Alignas(8) u8 buffer[CAPACITY];
    struct dt_edit tree;
    ck_assert(dt_edit_open(&tree, buffer, sizeof(buffer), blob, size));
    check_equal(blob, buffer);
    int before = fdt_num_mem_rsv(buffer);
    ck_assert(dt_reserve(&tree, 0x123456789000, 0x5000));
    ck_assert_int_eq(fdt_num_mem_rsv(buffer), before + 1);
    uint64_t address, bytes;
    ck_assert_int_eq(fdt_get_mem_rsv(buffer, 0, &address, &bytes), 0);
    ck_assert(address == 0x123456789000 && bytes == 0x5000);
    check_equal(blob, buffer);
    const u32 cells[] = {1, 0x80000000};
    ck_assert(dt_set_cells(&tree, dt_path(&tree.dt, "/chosen"), "cells", cells, 2));
    ck_assert(memcmp(fdt_getprop(buffer, fdt_path_offset(buffer, "/chosen"), "cells", NULL), "\0\0\0\1\x80\0\0", 8) == 0);
    armsim_destroy(machine);
}
END_TEST

/* A full buffer refuses, and stays a tree. */
START_TEST(test_full)
{
    static _Alignas(8) u8 buffer[512];
    static const u8 value[100];
    struct dt_edit tree;
    static _Alignas(8) u8 empty[256];
    ck_assert_int_eq(fdt_create_empty_tree(empty, sizeof(empty)), 0);
    ck_assert(dt_edit_open(&tree, buffer, sizeof(buffer), empty, sizeof(empty)));
    bool good = true;
    for (unsigned i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof(name), "p%u", i);
        good &= dt_set(&tree, 0, name, value, sizeof(value));
        ck_assert_uint_le(fdt_totalsize(buffer), sizeof(buffer));
        ck_assert_int_eq(fdt_check_full(buffer, fdt_totalsize(buffer)), 0);
    }
    ck_assert(!good);
    while (dt_add_node(&tree, 0, good ? "a" : "b") != DT_NONE && dt_reserve(&tree, 1, 2))
        ;
    ck_assert_int_eq(fdt_check_full(buffer, fdt_totalsize(buffer)), 0);
}
END_TEST

/* Whatever is accepted can be walked without leaving it: the sanitizers watch. */
START_TEST(test_broken)
{
    struct armsim_machine *machine;
    size_t size;
    const void *blob = board_tree(&machine, &size);
    unsigned accepted = 0;
    for (unsigned i = 0; i < 20000; i++) {
        u8 *broken = malloc(size), *buffer = malloc(CAPACITY);
        memcpy(broken, blob, size);
        for (unsigned n = draw(3) + 1; n; n--)
            broken[draw(2) ? draw(48) : draw((unsigned)size)] = (u8)draw(256);
        struct dt_edit tree;
        if (dt_edit_open(&tree, buffer, CAPACITY, broken, draw(4) ? size : draw((unsigned)size))) {
            accepted++;
            u32 length, sum = 0;
            for (int n = DT_NONE; (n = dt_compatible(&tree.dt, n, "virtio,mmio")) != DT_NONE;)
                sum += dt_property(&tree.dt, n, "reg", &length) ? length : 0;
            dt_path(&tree.dt, "/cpus/cpu-map/socket0/cluster0/core0");
            dt_set_string(&tree, dt_add_node(&tree, 0, "psci"), "method", "smc");
            ck_assert_uint_lt(sum, size);
        }
        free(broken);
        free(buffer);
    }
    ck_assert_uint_gt(accepted, 100);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dt_edit");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, test_change);
    tcase_add_test(tcase, test_open);
    tcase_add_test(tcase, test_full);
    tcase_add_test(tcase, test_broken);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
