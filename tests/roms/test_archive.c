/* roms/visor/archive.c: files are found as they were packed, and damage does no harm. */
#include "roms/visor/archive.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static u8 archive[2048];
static size_t used;

static void add(const char *name, const char *text)
{
    size_t name_size = strlen(name) + 1, size = strlen(text);
    used += (size_t)sprintf((char *)archive + used, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 0, 0100644,
                            0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0);
    memcpy(archive + used, name, name_size);
    used = (used + name_size + 3) & ~(size_t)3;
    memcpy(archive + used, text, size);
    used = (used + size + 3) & ~(size_t)3;
}

static void pack(void)
{
    memset(archive, 0, sizeof(archive));
    used = 0;
    add("guest0/kernel", "a kernel");
    add("guest0/config", "memory 64M\nvcpus 2\n");
    add("guest0/empty", "");
    add("guest10/config", "x");
    add("TRAILER!!!", "");
}

START_TEST(found)
{
    struct file file = {0};
    pack();
    ck_assert(archive_file(archive, used, "guest0/config", &file));
    ck_assert_uint_eq(file.size, 19);
    ck_assert_int_eq(memcmp(file.data, "memory 64M", 10), 0);
    ck_assert(archive_file(archive, used, "guest0/empty", &file));
    ck_assert_uint_eq(file.size, 0);
    ck_assert(archive_file(archive, used, "guest10/config", &file));
    ck_assert(!archive_file(archive, used, "guest1/config", &file));
    ck_assert(!archive_file(archive, used, "guest0/confi", &file));
    ck_assert(!archive_file(archive, used, "guest0/config2", &file));
    ck_assert(!archive_file(archive, 0, "guest0/kernel", &file));
}
END_TEST

/* Every bit flipped and every length: what is found lies inside. */
START_TEST(damaged)
{
    pack();
    for (size_t turn = 0; turn < 8 * used + used; turn++) {
        size_t size = turn < 8 * used ? used : turn - 8 * used;
        u8 *copy = malloc(size ? size : 1);
        memcpy(copy, archive, size);
        if (turn < 8 * used)
            copy[turn / 8] ^= (u8)(1 << turn % 8);
        struct file file = {0};
        if (archive_file(copy, size, "guest10/config", &file)) {
            ck_assert(file.data >= copy && file.data <= copy + size);
            ck_assert_uint_le(file.size, (u64)(copy + size - file.data));
        }
        free(copy);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("archive");
    TCase *tests = tcase_create("archive");
    tcase_add_test(tests, found);
    tcase_add_test(tests, damaged);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
