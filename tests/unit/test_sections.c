/* The sections of a machine's state: what hash, snapshots and differences must agree on. */
#include "libarmsim/machine/machine.h"
#include "run_suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static size_t state(void *opaque, struct armsim_device *device, void *data, size_t max)
{
    return 0;
}

static int read_nothing(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                        const struct armsim_requester *requester, uint64_t *value)
{
    return 0;
}

static int write_nothing(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                         const struct armsim_requester *requester, uint64_t value)
{
    return 0;
}

static int read_disk(void *opaque, uint64_t offset, void *data, size_t size)
{
    return 0;
}

/* Everything that a machine can have. */
static struct armsim_machine *full_machine(uint32_t gic_version)
{
    struct armsim_drive drive = {.block = {.read = read_disk, .size = 65536}};
    struct armsim_nic nic = {.input = true};
    struct armsim_device_config device = {
        .ops = {.size = sizeof(device.ops), .model = "own", .read = read_nothing, .write = write_nothing, .state = state},
        .base = 0x0b000000,
        .size = 0x1000,
        .spi = 100,
    };
    struct armsim_options options;
    struct armsim_machine *machine;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    options.gic_version = gic_version;
    options.smp = 3;
    options.secure = options.virtualization = options.virtio_console = true;
    options.semihosting.enabled = true;
    options.drives = &drive;
    options.drive_count = 1;
    options.nics = &nic;
    options.nic_count = 1;
    options.devices = &device;
    options.device_count = 1;
    ck_assert_msg(armsim_create(&options, &machine) == 0, "%s", armsim_last_error(machine));
    return machine;
}

START_TEST(what_is_hashed_is_saved_and_loaded)
{
    struct armsim_machine *machine = full_machine(2 + (uint32_t)_i);
    struct state_section section, other;
    size_t count = 0;
    for (; machine_section(machine, count, &section); count++) {
        bool all = section.hash_extra && section.save_extra && section.load_extra;
        bool none = !section.hash_extra && !section.save_extra && !section.load_extra;
        ck_assert_msg(all || none, "%s: hash_extra, save_extra and load_extra belong together", section.name);
        ck_assert_msg(section.version > 0, "%s has no version", section.name);
        for (size_t n = 0; n < count; n++) {
            ck_assert(machine_section(machine, n, &other));
            ck_assert_str_ne(section.name, other.name);
        }
    }
    ck_assert_uint_gt(count, 50);
    armsim_destroy(machine);
}
END_TEST

/* Every field, filled with anything that it may have, comes back as it was. */
START_TEST(every_field_comes_back)
{
    struct armsim_machine *machine = full_machine(2 + (uint32_t)_i);
    struct state_section section;
    for (size_t i = 0; machine_section(machine, i, &section); i++) {
        section.hash_extra = NULL;
        section.save_extra = NULL;
        section.load_extra = NULL;
        section.loaded = NULL;
        struct state_writer before = {0}, filled = {0}, after = {0};
        const char *why;
        state_save_section(&before, &section);
        for (size_t f = 0; f < section.field_count; f++) {
            const struct state_field *field = &section.fields[f];
            for (uint32_t n = 0; n < field->count; n++)
                state_set(&section, field, n, field->limit ? n % (field->limit + 1) : 0x0123456789abcdefull * (n + 1));
        }
        uint64_t hash = state_hash_section(0, &section);
        state_save_section(&filled, &section);
        struct state_reader reader = {.data = before.data, .size = before.size};
        ck_assert_msg(state_load_section(&reader, &section, &why), "%s: %s", section.name, why);
        state_save_section(&after, &section);
        ck_assert(after.size == before.size && !memcmp(after.data, before.data, after.size));
        reader = (struct state_reader){.data = filled.data, .size = filled.size};
        ck_assert_msg(state_load_section(&reader, &section, &why), "%s: %s", section.name, why);
        ck_assert_uint_eq(state_hash_section(0, &section), hash);
        /* Cut short it is refused; and so it is with a limit exceeded. */
        reader = (struct state_reader){.data = filled.data, .size = filled.size - 1};
        ck_assert(!state_load_section(&reader, &section, &why));
        for (size_t f = 0; f < section.field_count; f++) {
            struct state_field field = section.fields[f];
            if (!field.limit || field.limit == UINT64_MAX >> (64 - 8 * field.width))
                continue;
            struct state_writer wrong = {0};
            state_set(&section, &field, 0, field.limit + 1);
            state_save_section(&wrong, &section);
            state_set(&section, &field, 0, 0);
            reader = (struct state_reader){.data = wrong.data, .size = wrong.size};
            ck_assert_msg(!state_load_section(&reader, &section, &why), "%s.%s", section.name, field.name);
            ck_assert_str_eq(why, field.name);
            state_writer_free(&wrong);
        }
        reader = (struct state_reader){.data = before.data, .size = before.size};
        ck_assert(state_load_section(&reader, &section, &why));
        state_writer_free(&before);
        state_writer_free(&filled);
        state_writer_free(&after);
    }
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sections");
    TCase *tests = tcase_create("sections");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, what_is_hashed_is_saved_and_loaded, 0, 2);
    tcase_add_loop_test(tests, every_field_comes_back, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
