/* Snapshots in files, forks, differences, going back. */
#include "api_machine.h"
#include "saved_bytes.h"

#include "libarmsim/fabric/random.h"
#include "roms/builtin_rom.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t random_state;

static uint64_t next_random(void)
{
    return splitmix64(&random_state);
}

/* --- a snapshot in memory --- */

static struct bytes save(struct armsim_machine *machine)
{
    struct bytes bytes = {0};
    int error = armsim_snapshot_save_to(machine, put_bytes, &bytes);
    ck_assert_msg(error == 0, "%s", armsim_last_error(machine));
    return bytes;
}

static int load(struct armsim_machine *machine, struct bytes *bytes)
{
    bytes->at = 0;
    return armsim_snapshot_load_from(machine, get_bytes, bytes);
}

static void load_well(struct armsim_machine *machine, struct bytes *bytes)
{
    int error = load(machine, bytes);
    ck_assert_msg(error == 0, "%s", armsim_last_error(machine));
}

/* --- machines --- */

/* The ROM, which goes from EL3 to EL0 and back with interrupts, timers and faults on its way. */
static struct armsim_options rom_options(uint32_t gic_version, bool secure)
{
    struct armsim_options options;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    options.cpu = "cortex-a76";
    options.gic_version = gic_version;
    options.secure = secure;
    options.virtualization = true;
    options.ram_size = 4 * ARMSIM_MIB;
    options.kernel.data = builtin_rom;
    options.kernel.size = builtin_rom_size;
    options.semihosting.enabled = true;
    options.virtio_console = true;
    return options;
}

static struct armsim_machine *rom(uint32_t gic_version, bool secure)
{
    struct armsim_options options = rom_options(gic_version, secure);
    return create(&options);
}

/* Two PEs that take turns at a lock by exclusives, wait for events, trap, and store. */
static struct armsim_machine *contenders(void)
{
    struct armsim_options options = bare_options();
    options.smp = 2;
    options.quantum = 37;
    const uint32_t code[] = {
        0x10001002, /* ADR X2, #0x200 */
        0xc85f7c40, /* LDXR X0, [X2] */
        0x91000400, /* ADD X0, X0, #1 */
        0xc8037c40, /* STXR W3, X0, [X2] */
        0x35ffffa3, /* CBNZ W3, -12 */
        0xf9000441, /* STR X1, [X2, #8] */
        INSN_SVC,   INSN_ADD_X1, INSN_SEV, INSN_WFE, 0x17fffff7 /* B -36 */
    };
    const uint32_t vector[] = {INSN_ADD_X1, 0x1e604000 /* FMOV D0, D0 */, INSN_ERET};
    struct armsim_machine *machine = bare_with(&options, code, COUNT(code));
    put_code(machine, CODE_BASE + 0x1000 + 0x200, vector, COUNT(vector));
    for (uint32_t pe = 0; pe < 2; pe++) {
        ck_assert_int_eq(armsim_poke(machine, pe, armsim_register_by_name(machine, "VBAR_EL1"), CODE_BASE + 0x1000), 0);
        ck_assert_int_eq(armsim_poke(machine, pe, armsim_register_by_name(machine, "CPACR_EL1"), 3 << 20), 0);
    }
    return machine;
}

static void print_difference(void *opaque, const struct armsim_difference *d)
{
    unsigned *count = opaque;
    if ((*count)++ < 10)
        printf("%s: %s[%llu]: %llx, %llx\n", d->section, d->field, (unsigned long long)d->index,
               (unsigned long long)d->a, (unsigned long long)d->b);
}

static void assert_equal(struct armsim_machine *a, struct armsim_machine *b)
{
    unsigned count = 0;
    ck_assert_int_eq(armsim_state_diff(a, b, print_difference, &count), 0);
}

/* --- files --- */

static void check_boundaries(struct armsim_machine *(*make)(void), uint64_t end, unsigned count)
{
    struct armsim_machine *whole = make(), *other = make();
    run(whole, end);
    uint64_t expected = hash(whole);
    for (unsigned i = 0; i < count; i++) {
        struct armsim_machine *first = make();
        run(first, next_random() % end);
        uint64_t at = armsim_instructions(first);
        struct bytes bytes = save(first);
        load_well(other, &bytes);
        ck_assert_uint_eq(hash(other), hash(first));
        assert_equal(first, other);
        run(other, end - at);
        ck_assert_uint_eq(hash(other), expected);
        free(bytes.data);
        armsim_destroy(first);
    }
    armsim_destroy(whole);
    armsim_destroy(other);
}

static struct armsim_machine *rom_gicv2(void) { return rom(2, true); }
static struct armsim_machine *rom_gicv3(void) { return rom(3, true); }
static struct armsim_machine *rom_without_el3(void) { return rom(3, false); }

static struct armsim_machine *(*const makers[])(void) = {rom_gicv2, rom_gicv3, rom_without_el3, contenders};

START_TEST(a_run_goes_on_from_a_file)
{
    check_boundaries(makers[_i], 45000, 20);
}
END_TEST

START_TEST(files_have_names)
{
    char path[] = "/tmp/armsim-snapshot-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    struct armsim_machine *machine = rom_gicv3(), *other = rom_gicv3();
    run(machine, 20000);
    ck_assert_int_eq(armsim_snapshot_save(machine, path), 0);
    ck_assert_int_eq(armsim_snapshot_load(other, path), 0);
    assert_equal(machine, other);
    ck_assert_int_eq(armsim_snapshot_save(machine, "/nowhere/at/all"), ARMSIM_ERROR_IO);
    ck_assert_ptr_nonnull(strstr(armsim_last_error(machine), "/nowhere/at/all"));
    ck_assert_int_eq(armsim_snapshot_load(other, "/nowhere/at/all"), ARMSIM_ERROR_IO);
    ck_assert_int_eq(armsim_snapshot_save(machine, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_snapshot_load(NULL, path), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_snapshot_load_from(machine, NULL, NULL), ARMSIM_ERROR_ARGUMENT);
    unlink(path);
    armsim_destroy(machine);
    armsim_destroy(other);
}
END_TEST

static void refused(struct armsim_machine *machine, struct bytes *bytes, const char *why)
{
    uint64_t before = hash(machine);
    ck_assert_int_eq(load(machine, bytes), ARMSIM_ERROR_INPUT);
    ck_assert_msg(!why || strstr(armsim_last_error(machine), why), "%s", armsim_last_error(machine));
    ck_assert_uint_eq(hash(machine), before);
}

START_TEST(other_machines_are_refused)
{
    struct armsim_machine *machine = rom_gicv3();
    run(machine, 10000);
    struct bytes bytes = save(machine);
    struct armsim_options options = rom_options(3, true);
    options.cpu = "cortex-a57";
    struct armsim_machine *other = create(&options);
    refused(other, &bytes, "model=cortex-a76");
    armsim_destroy(other);
    options = rom_options(3, true);
    options.cpu = "cortex-a76,lse=off";
    other = create(&options);
    refused(other, &bytes, "feature=LSE");
    armsim_destroy(other);
    options = rom_options(3, true);
    options.smp = 2;
    other = create(&options);
    refused(other, &bytes, "smp=1");
    armsim_destroy(other);
    options = rom_options(3, true);
    options.ram_size = 8 * ARMSIM_MIB;
    other = create(&options);
    refused(other, &bytes, "ram=");
    armsim_destroy(other);
    options = rom_options(3, true);
    options.frequency = 500000000;
    other = create(&options);
    refused(other, &bytes, "frequency=");
    armsim_destroy(other);
    other = rom_gicv2();
    refused(other, &bytes, "feature=GICv3");
    armsim_destroy(other);
    bytes.data[16] = 2;
    refused(machine, &bytes, "version 1 of the format, found 2");
    bytes.data[0] = 'x';
    refused(machine, &bytes, "something else");
    free(bytes.data);
    armsim_destroy(machine);
}
END_TEST

START_TEST(damaged_files_are_refused)
{
    struct armsim_machine *machine = contenders();
    run(machine, 5000);
    struct bytes bytes = save(machine);
    run(machine, 5000);
    /* Cut short, everywhere in the first and last part, else here and there. */
    size_t whole = bytes.size;
    for (size_t size = 0; size < whole; size += size < 400 || size + 100 > whole ? 1 : 97) {
        bytes.size = size;
        refused(machine, &bytes, NULL);
    }
    bytes.size = whole;
    put_bytes(&bytes, "x", 1);
    refused(machine, &bytes, "behind its end");
    bytes.size = whole;
    for (unsigned i = 0; i < 3000; i++) {
        size_t at = next_random() % whole;
        uint8_t old = bytes.data[at], new = (uint8_t)next_random();
        if (new == old)
            continue;
        bytes.data[at] = new;
        refused(machine, &bytes, NULL);
        bytes.data[at] = old;
    }
    load_well(machine, &bytes);
    free(bytes.data);
    armsim_destroy(machine);
}
END_TEST

/* --- forks --- */

START_TEST(a_fork_goes_on)
{
    for (unsigned i = 0; i < 20; i++) {
        struct armsim_machine *parent = makers[_i](), *child = NULL, *grandchild = NULL;
        run(parent, next_random() % 30000);
        uint64_t left = 45000 - armsim_instructions(parent);
        ck_assert_msg(armsim_fork(parent, &child) == 0, "%s", armsim_last_error(parent));
        assert_equal(parent, child);
        uint64_t before = hash(parent);
        run(child, left / 2);
        ck_assert_uint_eq(hash(parent), before); /* hears nothing of it */
        ck_assert_int_eq(armsim_fork(child, &grandchild), 0);
        run(child, left - left / 2);
        run(parent, left);
        assert_equal(parent, child);
        armsim_destroy(parent);
        run(grandchild, left - left / 2);
        ck_assert_uint_eq(hash(grandchild), hash(child));
        armsim_destroy(child);
        ck_assert_int_gt(armsim_instructions(grandchild), 0);
        hash(grandchild);
        armsim_destroy(grandchild);
    }
    struct armsim_machine *parent = contenders();
    ck_assert_int_eq(armsim_fork(parent, NULL), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(parent);
}
END_TEST

struct forked {
    struct armsim_machine *machine;
    uint64_t left, hash;
};

static void *run_forked(void *opaque)
{
    struct forked *forked = opaque;
    struct armsim_machine *child;
    armsim_run(forked->machine, forked->left / 2, NULL);
    if (armsim_fork(forked->machine, &child) == 0) {
        armsim_run(forked->machine, forked->left - forked->left / 2, NULL);
        armsim_destroy(forked->machine);
        armsim_run(child, forked->left - forked->left / 2, NULL);
        armsim_state_hash(child, &forked->hash);
        armsim_destroy(child);
    }
    return NULL;
}

START_TEST(forks_run_in_threads)
{
    enum { THREADS = 8 };
    struct armsim_machine *parent = rom_gicv3();
    run(parent, 10000);
    pthread_t threads[THREADS];
    struct forked forked[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        forked[i] = (struct forked){.left = 35000};
        ck_assert_int_eq(armsim_fork(parent, &forked[i].machine), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_forked, &forked[i]), 0);
    run(parent, 35000);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_eq(forked[i].hash, hash(parent));
    }
    armsim_destroy(parent);
}
END_TEST

/* A drive of the user's. */
struct disk {
    uint8_t data[1 << 16];
};

static int disk_read(void *opaque, uint64_t offset, void *data, size_t size)
{
    memcpy(data, ((struct disk *)opaque)->data + offset, size);
    return 0;
}

static int disk_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
    memcpy(((struct disk *)opaque)->data + offset, data, size);
    return 0;
}

/* Stores words to where a table says, from [X10] on, until an address is 0; what follows goes on from there. */
#define STORE_TABLE                                                                                                    \
    0xf8408541,     /* LDR X1, [X10], #8 */                                                                            \
        0xb40000a1, /* CBZ X1, +20 */                                                                                  \
        0xf8408542, /* LDR X2, [X10], #8 */                                                                            \
        0xb9000022, /* STR W2, [X1] */                                                                                 \
        0x17fffffc  /* B -16 */

/* A virtio-blk request by hand: the queue at 0x40300000, one write or read of a sector. */
enum { DRIVE_BASE = 0x0a000000, QUEUE = 0x40300000, DATA = 0x40310000, TABLE = 0x40320000, PROGRAM = 0x40200000 };

static void put_number(struct armsim_machine *machine, uint64_t address, uint64_t value, size_t size)
{
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    ck_assert_int_eq(armsim_write_memory(machine, &space, address, &value, size, NULL), 0);
}

static uint64_t get_number(struct armsim_machine *machine, uint64_t address, size_t size)
{
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    uint64_t value = 0;
    ck_assert_int_eq(armsim_read_memory(machine, &space, address, &value, size, NULL), 0);
    return value;
}

static void request(struct armsim_machine *machine, bool write, uint8_t byte)
{
    static const uint32_t setup[][2] = {{0x70, 0}, {0x70, 1}, {0x70, 3}, {0x24, 1}, {0x20, 1}, {0x70, 11}, {0x30, 0},
                                        {0x38, 8}, {0x80, QUEUE}, {0x90, QUEUE + 0x1000}, {0xa0, QUEUE + 0x2000},
                                        {0x44, 1}, {0x70, 15}, {0x50, 0}};
    put_number(machine, QUEUE + 0x1000, 0, 8);
    put_number(machine, QUEUE + 0x2000, 0, 8);
    for (size_t i = 0; i < COUNT(setup); i++) {
        put_number(machine, TABLE + 16 * i, DRIVE_BASE + setup[i][0], 8);
        put_number(machine, TABLE + 16 * i + 8, setup[i][1], 8);
    }
    put_number(machine, TABLE + 16 * COUNT(setup), 0, 8);
    put_number(machine, DATA, write, 8); /* header: type, sector 3 */
    put_number(machine, DATA + 8, 3, 8);
    for (unsigned i = 0; i < 512; i++)
        put_number(machine, DATA + 16 + i, write ? byte : 0, 1);
    const uint64_t parts[3][3] = {{DATA, 16, 1}, {DATA + 16, 512, write ? 1 : 3}, {DATA + 1024, 1, 2}};
    for (unsigned i = 0; i < 3; i++) {
        put_number(machine, QUEUE + 16 * i, parts[i][0], 8);
        put_number(machine, QUEUE + 16 * i + 8, parts[i][1], 4);
        put_number(machine, QUEUE + 16 * i + 12, parts[i][2] | (uint64_t)(i + 1) << 16, 4);
    }
    put_number(machine, QUEUE + 0x1000 + 2, 1, 2);
    put(machine, "X10", TABLE);
    put(machine, "PC", PROGRAM);
    run(machine, 30000); /* nanoseconds */
    ck_assert_uint_eq(get_number(machine, QUEUE + 0x2000 + 2, 2), 1);
    ck_assert_uint_eq(get_number(machine, DATA + 1024, 1), 0);
}

static struct disk disk;

static struct armsim_machine *machine_with_disk(void)
{
    memset(&disk, 0x11, sizeof(disk));
    struct armsim_drive drive = {
        .block = {.read = disk_read, .write = disk_write, .opaque = &disk, .size = sizeof(disk.data)}};
    static const uint32_t loop[] = {STORE_TABLE, INSN_NOP, INSN_B_SELF};
    struct armsim_load code = {.image = {.data = loop, .size = sizeof(loop)}, .address = PROGRAM, .has_address = true,
                               .raw = true, .set_pc = true};
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.ram_size = 8 * ARMSIM_MIB;
    options.drives = &drive;
    options.drive_count = 1;
    options.loads = &code;
    options.load_count = 1;
    return create(&options);
}

START_TEST(forks_have_drives_of_their_own)
{
    struct armsim_machine *parent = machine_with_disk(), *child;
    ck_assert_int_eq(armsim_fork(parent, &child), 0);
    request(parent, true, 0x22);
    request(child, true, 0x33);
    ck_assert_uint_eq(disk.data[3 * 512], 0x11);
    request(parent, false, 0);
    ck_assert_uint_eq(get_number(parent, DATA + 16, 1), 0x22);
    request(child, false, 0);
    ck_assert_uint_eq(get_number(child, DATA + 16 + 511, 1), 0x33);
    /* A file has the changes, too. */
    struct bytes bytes = save(child);
    load_well(parent, &bytes);
    request(parent, false, 0);
    ck_assert_uint_eq(get_number(parent, DATA + 16, 1), 0x33);
    free(bytes.data);
    armsim_destroy(parent);
    ck_assert_uint_eq(disk.data[3 * 512], 0x11); /* the child still needs it */
    armsim_destroy(child);
    ck_assert_uint_eq(disk.data[3 * 512], 0x33); /* the parent's */
    ck_assert_uint_eq(disk.data[2 * 512], 0x11);
}
END_TEST

START_TEST(drives_go_back)
{
    for (unsigned ending = 0; ending < 2; ending++) {
        struct armsim_machine *machine = machine_with_disk();
        ck_assert_int_eq(armsim_set_history(machine, 7000, 0), 0);
        request(machine, true, 0x22);
        uint64_t first = armsim_instructions(machine);
        request(machine, true, 0x33);
        ck_assert_uint_eq(disk.data[3 * 512], 0x11);
        ck_assert_int_eq(armsim_go_to(machine, first), 0);
        if (ending == 0) { /* another present */
            request(machine, false, 0);
            ck_assert_uint_eq(get_number(machine, DATA + 16, 1), 0x22);
            ck_assert_int_eq(armsim_set_history(machine, 0, 0), 0);
            ck_assert_uint_eq(disk.data[3 * 512], 0x22);
        }
        armsim_destroy(machine);
        ck_assert_uint_eq(disk.data[3 * 512], ending ? 0x33 : 0x22);
    }
}
END_TEST

/* --- a user's device --- */

struct counter {
    uint64_t count;
};

static int counter_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                        const struct armsim_requester *requester, uint64_t *value)
{
    *value = ((struct counter *)opaque)->count++;
    return 0;
}

static int counter_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                         const struct armsim_requester *requester, uint64_t value)
{
    ((struct counter *)opaque)->count = value;
    return 0;
}

static size_t counter_state(void *opaque, struct armsim_device *device, void *data, size_t max)
{
    if (max >= sizeof(struct counter))
        memcpy(data, opaque, sizeof(struct counter));
    return sizeof(struct counter);
}

static int counter_load(void *opaque, struct armsim_device *device, const void *data, size_t size)
{
    if (size != sizeof(struct counter))
        return -1;
    memcpy(opaque, data, size);
    return 0;
}

static void *counter_fork(void *opaque)
{
    struct counter *copy = malloc(sizeof(*copy));
    *copy = *(struct counter *)opaque;
    return copy;
}

static struct armsim_device_config counter_config(struct counter *counter)
{
    return (struct armsim_device_config){
        .ops = {.size = sizeof(struct armsim_device_ops), .model = "counter", .access_sizes = 8, .read = counter_read,
                .write = counter_write, .state = counter_state, .load = counter_load, .fork = counter_fork,
                .destroy = free},
        .opaque = counter,
        .base = 0x1000,
        .size = 0x1000,
        .spi = ARMSIM_NO_IRQ,
    };
}

START_TEST(devices_of_the_users)
{
    const uint32_t code[] = {INSN_LDR_X0_X1, INSN_B_BACK_1};
    struct armsim_options options = bare_options();
    struct armsim_machine *machine = bare_with(&options, code, COUNT(code)), *child;
    struct armsim_device_config config = counter_config(calloc(1, sizeof(struct counter)));
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), 0);
    put(machine, "X1", 0x1000);
    run(machine, 99);
    ck_assert_int_eq(armsim_fork(machine, &child), 0);
    run(child, 100);
    ck_assert_uint_eq(get(child, "X0"), 99);
    ck_assert_uint_eq(get(machine, "X0"), 49);
    run(machine, 100);
    assert_equal(machine, child);
    struct bytes bytes = save(child);
    run(machine, 1000);
    load_well(machine, &bytes);
    assert_equal(machine, child);
    free(bytes.data);
    armsim_destroy(child);
    armsim_destroy(machine);

    machine = bare_with(&options, code, COUNT(code));
    config = counter_config(calloc(1, sizeof(struct counter)));
    config.ops.load = NULL;
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), 0);
    bytes = (struct bytes){0};
    ck_assert_int_eq(armsim_snapshot_save_to(machine, put_bytes, &bytes), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(armsim_last_error(machine), "counter@1000"));
    ck_assert_int_eq(armsim_fork(machine, &child), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_ptr_null(child);
    ck_assert_int_eq(armsim_set_history(machine, 1000, 0), ARMSIM_ERROR_UNSUPPORTED);
    armsim_destroy(machine);
}
END_TEST

/* --- differences --- */

struct seen {
    char text[256];
};

static void note(void *opaque, const struct armsim_difference *d)
{
    struct seen *seen = opaque;
    size_t length = strlen(seen->text);
    snprintf(seen->text + length, sizeof(seen->text) - length, "%s.%s[%llu]=%llx/%llx ", d->section, d->field,
             (unsigned long long)d->index, (unsigned long long)d->a, (unsigned long long)d->b);
}

START_TEST(differences_have_names)
{
    struct armsim_machine *a = contenders(), *b, *other = rom_gicv2();
    run(a, 1000);
    ck_assert_int_eq(armsim_fork(a, &b), 0);
    struct seen seen = {""};
    ck_assert_int_eq(armsim_state_diff(a, b, note, &seen), 0);
    ck_assert_int_eq(armsim_poke(b, 1, armsim_register_by_name(b, "X7"), 5), 0);
    ck_assert_int_eq(armsim_poke(b, 0, armsim_register_by_name(b, "TPIDR_EL1"), 6), 0);
    put_code(b, CODE_BASE + 0x100004, (const uint32_t[]){0x1200}, 1);
    ck_assert_int_eq(armsim_state_diff(a, b, note, &seen), 3);
    ck_assert_ptr_nonnull(strstr(seen.text, ".byte[1048581]=0/12 "));
    ck_assert_ptr_nonnull(strstr(seen.text, "pe1.x[7]=0/5 "));
    ck_assert_ptr_nonnull(strstr(seen.text, "pe0.TPIDR_EL1[0]=0/6 "));
    ck_assert_int_eq(armsim_state_diff(a, b, NULL, NULL), 3);
    ck_assert_int_eq(armsim_state_diff(a, other, NULL, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_state_diff(a, NULL, NULL, NULL), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(a);
    armsim_destroy(b);
    armsim_destroy(other);
}
END_TEST

/* --- going back --- */

enum { MOMENTS = 40 };

START_TEST(the_past_is_as_it_was)
{
    for (unsigned round = 0; round < 4; round++) {
        struct armsim_machine *machine = makers[_i]();
        uint64_t counts[MOMENTS], hashes[MOMENTS], first, last;
        ck_assert_int_eq(armsim_go_to(machine, 0), ARMSIM_ERROR_UNSUPPORTED);
        ck_assert_int_eq(armsim_history(machine, &first, &last), ARMSIM_ERROR_UNSUPPORTED);
        ck_assert_int_eq(armsim_set_history(machine, 1 + next_random() % 5000, round % 2 ? 2 << 20 : 0), 0);
        for (unsigned i = 0; i < MOMENTS; i++) {
            run(machine, 1 + next_random() % 1000);
            counts[i] = armsim_instructions(machine);
            hashes[i] = hash(machine);
        }
        for (unsigned i = 0; i < 2 * MOMENTS; i++) {
            unsigned n = next_random() % MOMENTS;
            ck_assert_msg(armsim_go_to(machine, counts[n]) == 0, "%s", armsim_last_error(machine));
            ck_assert_uint_eq(hash(machine), hashes[n]);
            ck_assert_int_eq(armsim_history(machine, &first, &last), 0);
            ck_assert_uint_eq(last, counts[MOMENTS - 1]);
            /* Forwards, by running. */
            unsigned more = n + next_random() % (MOMENTS - n);
            run(machine, counts[more] - counts[n]);
            ck_assert_uint_eq(hash(machine), hashes[more]);
        }
        ck_assert_int_eq(armsim_go_to(machine, counts[MOMENTS - 1] + 1), ARMSIM_ERROR_ARGUMENT);
        ck_assert_int_eq(armsim_go_to(machine, counts[3]), 0);
        /* Beyond the end of the past it goes on as it would have. */
        struct armsim_machine *straight = makers[_i]();
        run(straight, 50000);
        run(machine, 50000 - counts[3]);
        assert_equal(straight, machine);
        ck_assert_int_eq(armsim_set_history(machine, 0, 0), 0);
        run(machine, 1000);
        run(straight, 1000);
        assert_equal(straight, machine);
        armsim_destroy(straight);
        armsim_destroy(machine);
    }
}
END_TEST

/* A guest that waits, with WFI, for bytes from its UART, and stores them with the time. */
static struct armsim_machine *listener(void)
{
    static const uint32_t code[] = {
        STORE_TABLE, INSN_NOP,
        0xd2a12001, /* MOVZ X1, #0x0900, LSL #16 */
        0x52800202, /* MOV W2, #0x10: RXIM */
        0xb9003822, /* STR W2, [X1, #0x38] */
        0xd2a80503, /* MOVZ X3, #0x4028, LSL #16 */
        0xb9401822, /* LDR W2, [X1, #0x18]: FR */
        0x36200062, /* TBZ W2, #4, +12: not empty */
        INSN_WFI,   0x17fffffd, /* B -12 */
        0xb9400022, /* LDR W2, [X1]: DR */
        0xd53be045, /* MRS X5, CNTVCT_EL0 */
        0xf8008462, /* STR X2, [X3], #8 */
        0xf8008465, /* STR X5, [X3], #8 */
        0x17fffff8, /* B -32 */
    };
    struct armsim_load load = {.image = {.data = code, .size = sizeof(code)}, .address = PROGRAM, .has_address = true,
                               .raw = true, .set_pc = true};
    struct armsim_options options;
    armsim_options_init(&options, sizeof(options));
    options.ram_size = 8 * ARMSIM_MIB;
    options.loads = &load;
    options.load_count = 1;
    options.serial[0].input = true;
    struct armsim_machine *machine = create(&options);
    /* GIC: SPI 1 enabled and let through, so that it wakes. */
    static const uint32_t words[][2] = {
        {0x08000000, 1}, {0x08000104, 2}, {0x08000820, 0x0100}, {0x08010004, 0xff}, {0x08010000, 1}};
    for (size_t i = 0; i < COUNT(words); i++) {
        put_number(machine, TABLE + 16 * i, words[i][0], 8);
        put_number(machine, TABLE + 16 * i + 8, words[i][1], 8);
    }
    put(machine, "X10", TABLE);
    return machine;
}

START_TEST(inputs_come_again)
{
    struct armsim_machine *machine = listener();
    uint64_t counts[MOMENTS], hashes[MOMENTS];
    bool comparable[MOMENTS]; /* the first moment at which so much was executed */
    ck_assert_int_eq(armsim_set_history(machine, 30, 0), 0);
    armsim_set_idle_stop(machine, true);
    for (unsigned i = 0; i < MOMENTS; i++) {
        struct armsim_stop stop = run(machine, 1 + next_random() % 40);
        counts[i] = armsim_instructions(machine);
        hashes[i] = hash(machine);
        comparable[i] = stop.reason == ARMSIM_STOP_LIMIT;
        if (stop.reason == ARMSIM_STOP_WAITING || next_random() % 4 == 0) {
            if (stop.reason != ARMSIM_STOP_LIMIT)
                armsim_advance_idle(machine, armsim_time_ns(machine) + next_random() % 1000000);
            uint8_t byte = (uint8_t)next_random();
            ck_assert_int_eq(armsim_serial_input(machine, 0, &byte, 1), 1);
        }
        if (i == MOMENTS / 2)
            put(machine, "X7", 77); /* what no log has */
    }
    run(machine, 1000);
    uint64_t present = hash(machine), end = armsim_instructions(machine);
    for (unsigned i = 0; i < 4 * MOMENTS; i++) {
        unsigned n = next_random() % MOMENTS;
        ck_assert_msg(armsim_go_to(machine, counts[n]) == 0, "%s", armsim_last_error(machine));
        if (comparable[n])
            ck_assert_msg(hash(machine) == hashes[n], "moment %u", n);
        if (i % 3 == 0) {
            while (armsim_instructions(machine) < end)
                run(machine, end - armsim_instructions(machine));
        } else if (i % 3 == 1) {
            ck_assert_int_eq(armsim_go_to(machine, end), 0);
        }
        if (armsim_instructions(machine) == end) {
            run(machine, 0);
            ck_assert_int_eq(armsim_go_to(machine, end), 0);
            ck_assert_uint_eq(hash(machine), present);
        }
    }
    /* Another input in the past: another present. */
    ck_assert_int_eq(armsim_go_to(machine, counts[5]), 0);
    ck_assert_int_eq(armsim_serial_input(machine, 0, "z", 1), 1);
    uint64_t first, last;
    ck_assert_int_eq(armsim_history(machine, &first, &last), 0);
    ck_assert_uint_eq(last, counts[5]);
    run(machine, 100);
    end = armsim_instructions(machine);
    present = hash(machine);
    ck_assert_int_eq(armsim_go_to(machine, counts[2]), 0);
    ck_assert_uint_eq(hash(machine), hashes[2]);
    ck_assert_int_eq(armsim_go_to(machine, end), 0);
    ck_assert_uint_eq(hash(machine), present);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *files = tcase_create("files"), *forks = tcase_create("forks"), *past = tcase_create("past");
    tcase_set_timeout(files, 300);
    tcase_set_timeout(forks, 300);
    tcase_set_timeout(past, 300);
    tcase_add_loop_test(files, a_run_goes_on_from_a_file, 0, COUNT(makers));
    tcase_add_test(files, files_have_names);
    tcase_add_test(files, other_machines_are_refused);
    tcase_add_test(files, damaged_files_are_refused);
    tcase_add_loop_test(forks, a_fork_goes_on, 0, COUNT(makers));
    tcase_add_test(forks, forks_run_in_threads);
    tcase_add_test(forks, forks_have_drives_of_their_own);
    tcase_add_test(forks, devices_of_the_users);
    tcase_add_test(forks, differences_have_names);
    tcase_add_loop_test(past, the_past_is_as_it_was, 0, COUNT(makers));
    tcase_add_test(past, inputs_come_again);
    tcase_add_test(past, drives_go_back);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, forks);
    suite_add_tcase(suite, past);
    return run_suite(suite);
}
