/* Semihosting: every operation, and that no path leads out of the user's directory. */
#include "libarmsim/firmware/semihosting.h"

#include "libarmsim/fabric/little_endian.h"
#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMORY_BASE = 0x1000, MEMORY_SIZE = 0x10000, BLOCK = 0x1100, TEXT = 0x2000, BUFFER = 0x3000 };

static uint8_t memory[MEMORY_SIZE];
static char console[4096];
static size_t console_size;
static const char *console_input;
static uint32_t exit_code;
static struct semihosting *semihosting;
static char root[64], directory[80];

static bool inside(uint64_t address, size_t size)
{
    return address >= MEMORY_BASE && size <= MEMORY_SIZE && address - MEMORY_BASE <= MEMORY_SIZE - size;
}
static bool read_memory(void *opaque, uint64_t address, void *data, size_t size)
{
    if (inside(address, size))
        memcpy(data, memory + (address - MEMORY_BASE), size);
    return inside(address, size);
}
static bool write_memory(void *opaque, uint64_t address, const void *data, size_t size)
{
    if (inside(address, size))
        memcpy(memory + (address - MEMORY_BASE), data, size);
    return inside(address, size);
}
static void console_write(void *opaque, const uint8_t *data, size_t size)
{
    ck_assert_uint_le(console_size + size, sizeof(console));
    memcpy(console + console_size, data, size);
    console_size += size;
}
static size_t console_read(void *opaque, uint8_t *data, size_t size)
{
    size_t length = strlen(console_input);
    size = size < length ? size : length;
    memcpy(data, console_input, size);
    console_input += size;
    return size;
}
static uint64_t time_ns(void *opaque)
{
    return 1234567890123;
}
static int64_t unix_time(void *opaque)
{
    return 1767225600;
}
static void heap(void *opaque, uint64_t info[4])
{
    for (unsigned i = 0; i < 4; i++)
        info[i] = 0x1000 * (i + 1);
}
static void guest_exit(void *opaque, uint32_t code)
{
    exit_code = code;
}

static const struct semihosting_ops ops = {read_memory, write_memory, console_write, console_read,
                                           time_ns,     unix_time,    heap,          guest_exit};

static void setup(void)
{
    int error;
    strcpy(root, "/tmp/armsim-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(directory, sizeof(directory), "%s/inside", root);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    char path[160];
    snprintf(path, sizeof(path), "%s/secret", root);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_eq(write(fd, "secret", 6), 6);
    close(fd);
    memset(memory, 0, sizeof(memory));
    console_size = 0;
    console_input = "";
    semihosting = semihosting_create(&ops, NULL, directory, "program -v", &error);
    ck_assert_ptr_nonnull(semihosting);
}

static void teardown(void)
{
    char command[128];
    semihosting_destroy(semihosting);
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

static int64_t do_call(uint32_t operation, uint64_t parameter)
{
    uint64_t result;
    bool no_return;
    semihosting_call(semihosting, operation, parameter, &result, &no_return);
    return (int64_t)result;
}

static void put64(uint64_t address, uint64_t value)
{
    store_le64(memory + (address - MEMORY_BASE), value);
}

static uint64_t get64(uint64_t address)
{
    return load_le64(memory + (address - MEMORY_BASE));
}

static int64_t with_block(uint32_t operation, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    put64(BLOCK, a);
    put64(BLOCK + 8, b);
    put64(BLOCK + 16, c);
    put64(BLOCK + 24, d);
    return do_call(operation, BLOCK);
}

static uint64_t put_text(uint64_t address, const char *text)
{
    memcpy(memory + (address - MEMORY_BASE), text, strlen(text) + 1);
    return strlen(text);
}

static int64_t sys_open(const char *path, unsigned mode)
{
    return with_block(0x01, TEXT, mode, put_text(TEXT, path), 0);
}

START_TEST(files)
{
    int64_t handle = sys_open("file.txt", 4); /* w */
    ck_assert_int_gt(handle, 0);
    put_text(BUFFER, "Hello, file");
    ck_assert_int_eq(with_block(0x05, (uint64_t)handle, BUFFER, 11, 0), 0);
    ck_assert_int_eq(with_block(0x0c, (uint64_t)handle, 0, 0, 0), 11);
    ck_assert_int_eq(with_block(0x09, (uint64_t)handle, 0, 0, 0), 0); /* no terminal */
    ck_assert_int_eq(with_block(0x02, (uint64_t)handle, 0, 0, 0), 0);
    ck_assert_int_eq(with_block(0x02, (uint64_t)handle, 0, 0, 0), -1);
    ck_assert_int_eq(do_call(0x13, 0), EBADF);

    handle = sys_open("file.txt", 0);
    ck_assert_int_eq(with_block(0x0a, (uint64_t)handle, 7, 0, 0), 0);
    ck_assert_int_eq(with_block(0x06, (uint64_t)handle, BUFFER, 100, 0), 96); /* 4 bytes came */
    ck_assert_int_eq(memcmp(memory + (BUFFER - MEMORY_BASE), "file", 4), 0);
    ck_assert_int_eq(with_block(0x06, (uint64_t)handle, BUFFER, 100, 0), 100); /* the end */
    ck_assert_int_eq(with_block(0x05, (uint64_t)handle, BUFFER, 1, 0), 1);     /* not for writing */
    with_block(0x02, (uint64_t)handle, 0, 0, 0);

    handle = sys_open("file.txt", 8); /* a */
    put_text(BUFFER, "!!");
    ck_assert_int_eq(with_block(0x05, (uint64_t)handle, BUFFER, 2, 0), 0);
    ck_assert_int_eq(with_block(0x0c, (uint64_t)handle, 0, 0, 0), 13);
    with_block(0x02, (uint64_t)handle, 0, 0, 0);

    ck_assert_int_eq(with_block(0x0f, TEXT, put_text(TEXT, "file.txt"), BUFFER, put_text(BUFFER, "other.txt")), 0);
    ck_assert_int_eq(sys_open("file.txt", 0), -1);
    ck_assert_int_eq(do_call(0x13, 0), ENOENT);
    ck_assert_int_eq(with_block(0x0e, TEXT, put_text(TEXT, "other.txt"), 0, 0), 0);
    ck_assert_int_eq(with_block(0x0e, TEXT, put_text(TEXT, "other.txt"), 0, 0), -1);
}
END_TEST

START_TEST(confined)
{
    char path[200], target[160];
    snprintf(target, sizeof(target), "%s/secret", root);
    snprintf(path, sizeof(path), "%s/link", directory);
    ck_assert_int_eq(symlink(target, path), 0);
    snprintf(path, sizeof(path), "%s/up", directory);
    ck_assert_int_eq(symlink("..", path), 0);
    snprintf(path, sizeof(path), "%s/fifo", directory);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    snprintf(path, sizeof(path), "%s/sub", directory);
    ck_assert_int_eq(mkdir(path, 0700), 0);

    const char *const escapes[] = {
        "../secret", "/etc/passwd", target, "link",   "up/secret", "sub/../../secret", "./../secret", "..",
        "sub/..",    "fifo",        "sub",  "",       ".",         "/",                "sub/",        "../inside/x",
        "up/inside/x", "link/x",
    };
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        for (unsigned mode = 0; mode < 12; mode++)
            ck_assert_msg(sys_open(escapes[i], mode) == -1, "\"%s\" with mode %u", escapes[i], mode);
        ck_assert_int_eq(with_block(0x0e, TEXT, put_text(TEXT, escapes[i]), 0, 0), -1);
        sys_open("sub/good", 4);
        ck_assert_int_eq(
            with_block(0x0f, TEXT, put_text(TEXT, "sub/good"), BUFFER, put_text(BUFFER, escapes[i])), -1);
        ck_assert_int_eq(
            with_block(0x0f, TEXT, put_text(TEXT, escapes[i]), BUFFER, put_text(BUFFER, "sub/other")), -1);
        semihosting_reset(semihosting);
    }
    struct stat status;
    ck_assert_int_eq(stat(target, &status), 0);
    ck_assert_int_eq(status.st_size, 6);
    ck_assert_int_gt(sys_open("sub/./new", 4), 0);
    ck_assert_int_gt(sys_open("sub//new", 0), 0);
    /* A NUL in the name is no end. */
    put_text(TEXT, "sub/new");
    ck_assert_int_eq(with_block(0x01, TEXT, 0, 9, 0), -1);
    ck_assert_int_eq(sys_open("sub/new", 12), -1); /* no such mode */
}
END_TEST

START_TEST(no_directory)
{
    int error;
    semihosting_destroy(semihosting);
    semihosting = semihosting_create(&ops, NULL, NULL, NULL, &error);
    ck_assert_int_eq(sys_open("file", 4), -1);
    ck_assert_int_eq(do_call(0x13, 0), EACCES);
    ck_assert_int_gt(sys_open(":tt", 4), 0);
    ck_assert_ptr_null(semihosting_create(&ops, NULL, "/nonexistent", NULL, &error));
    ck_assert_int_eq(error, -ENOENT);
}
END_TEST

START_TEST(consoles)
{
    int64_t out = sys_open(":tt", 4), in = sys_open(":tt", 0);
    put_text(BUFFER, "out");
    ck_assert_int_eq(with_block(0x05, (uint64_t)out, BUFFER, 3, 0), 0);
    ck_assert_int_eq(with_block(0x09, (uint64_t)out, 0, 0, 0), 1);
    put_text(BUFFER, "-string");
    do_call(0x04, BUFFER);
    put_text(BUFFER, "!");
    do_call(0x03, BUFFER);
    ck_assert_uint_eq(console_size, 11);
    ck_assert_int_eq(memcmp(console, "out-string!", 11), 0);
    console_input = "abcdef";
    ck_assert_int_eq(do_call(0x07, 0), 'a');
    ck_assert_int_eq(with_block(0x06, (uint64_t)in, BUFFER, 3, 0), 0);
    ck_assert_int_eq(memcmp(memory + (BUFFER - MEMORY_BASE), "bcd", 3), 0);
    ck_assert_int_eq(with_block(0x06, (uint64_t)in, BUFFER, 8, 0), 6); /* what there is */
    ck_assert_int_eq(with_block(0x06, (uint64_t)in, BUFFER, 8, 0), 8); /* the end */
    ck_assert_int_eq(do_call(0x07, 0), -1);
    ck_assert_int_eq(with_block(0x0a, (uint64_t)in, 0, 0, 0), -1);
    /* A string that runs out of memory ends there. */
    memset(memory + MEMORY_SIZE - 16, 'x', 16);
    console_size = 0;
    do_call(0x04, MEMORY_BASE + MEMORY_SIZE - 16);
    ck_assert_uint_eq(console_size, 16);
}
END_TEST

START_TEST(features_file)
{
    int64_t handle = sys_open(":semihosting-features", 0);
    ck_assert_int_gt(handle, 0);
    ck_assert_int_eq(with_block(0x0c, (uint64_t)handle, 0, 0, 0), 5);
    ck_assert_int_eq(with_block(0x06, (uint64_t)handle, BUFFER, 5, 0), 0);
    ck_assert_int_eq(memcmp(memory + (BUFFER - MEMORY_BASE), "SHFB\3", 5), 0);
    ck_assert_int_eq(with_block(0x0a, (uint64_t)handle, 4, 0, 0), 0);
    ck_assert_int_eq(with_block(0x06, (uint64_t)handle, BUFFER, 5, 0), 4);
    ck_assert_int_eq(sys_open(":semihosting-features", 4), -1);
    ck_assert_int_eq(sys_open(":other", 0), -1);
}
END_TEST

START_TEST(time_and_machine)
{
    ck_assert_int_eq(do_call(0x10, 0), 123456);
    ck_assert_int_eq(do_call(0x11, 0), 1767225600);
    ck_assert_int_eq(do_call(0x31, 0), 1000000000);
    ck_assert_int_eq(do_call(0x30, BUFFER), 0);
    ck_assert_uint_eq(get64(BUFFER), 1234567890123);
    ck_assert_int_eq(with_block(0x15, BUFFER, 11, 0, 0), 0);
    ck_assert_str_eq((const char *)memory + (BUFFER - MEMORY_BASE), "program -v");
    ck_assert_uint_eq(get64(BLOCK + 8), 10);
    ck_assert_int_eq(with_block(0x15, BUFFER, 10, 0, 0), -1); /* no room for the end */
    ck_assert_int_eq(with_block(0x16, BUFFER, 0, 0, 0), 0);
    ck_assert_uint_eq(get64(BUFFER + 24), 0x4000);
    ck_assert_int_eq(with_block(0x0d, BUFFER, 7, 32, 0), 0);
    ck_assert_str_eq((const char *)memory + (BUFFER - MEMORY_BASE), "armsim-007.tmp");
    ck_assert_int_eq(with_block(0x0d, BUFFER, 7, 3, 0), -1);
    ck_assert_int_eq(with_block(0x08, (uint64_t)-5, 0, 0, 0), 1);
    ck_assert_int_eq(with_block(0x08, 5, 0, 0, 0), 0);
    ck_assert_int_eq(with_block(0x12, TEXT, put_text(TEXT, "true"), 0, 0), -1);
}
END_TEST

START_TEST(exits)
{
    uint64_t result;
    bool no_return;
    for (unsigned i = 0; i < 2; i++) {
        put64(BLOCK, 0x20026);
        put64(BLOCK + 8, 42);
        ck_assert(semihosting_call(semihosting, i ? 0x20 : 0x18, BLOCK, &result, &no_return));
        ck_assert(no_return);
        ck_assert_uint_eq(exit_code, 42);
        put64(BLOCK, 0x20023); /* a run-time error */
        semihosting_call(semihosting, i ? 0x20 : 0x18, BLOCK, &result, &no_return);
        ck_assert_uint_eq(exit_code, 1);
    }
}
END_TEST

/* Any operation with any parameter block: no crash, and -1 for what doesn't exist. */
START_TEST(nonsense)
{
    uint64_t state = 7, result;
    bool no_return;
    ck_assert(!semihosting_call(semihosting, 0x99, 0, &result, &no_return));
    ck_assert_uint_eq(result, UINT64_MAX);
    ck_assert_int_eq(do_call(0x13, 0), ENOSYS);
    for (uint32_t operation = 0; operation < 0x40; operation++)
        ck_assert(!no_return && (do_call(operation, 0), true)); /* parameter block at no memory */
    for (unsigned round = 0; round < 20000; round++) {
        for (unsigned i = 0; i < 4; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            uint64_t choices[] = {state >> 8, 1 + (state >> 60), MEMORY_BASE + (state >> 48), UINT64_MAX, 0};
            put64(BLOCK + 8 * i, choices[(state >> 40) % 5]);
        }
        uint32_t operation = (state >> 20) % 0x34;
        if (operation == 0x03 || operation == 0x04 || operation == 0x05)
            console_size = 0;
        if (operation == 0x04)
            continue; /* may print all of memory */
        do_call(operation, BLOCK);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("semihosting");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, files);
    tcase_add_test(tests, confined);
    tcase_add_test(tests, no_directory);
    tcase_add_test(tests, consoles);
    tcase_add_test(tests, features_file);
    tcase_add_test(tests, time_and_machine);
    tcase_add_test(tests, exits);
    tcase_add_test(tests, nonsense);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
