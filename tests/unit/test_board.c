/* The board virt: where images go, what the device tree says, in which state PEs start. */
#include "libarmsim/fabric/little_endian.h"
#include "run_suite.h"

#include <armsim/armsim.h>

#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAM_BASE 0x40000000ull
#define MIB 0x100000ull
#define SCR_EL3 ARMSIM_SYSREG(3, 6, 1, 1, 0)
#define CNTFRQ_EL0 ARMSIM_SYSREG(3, 3, 14, 0, 0)

enum { KERNEL_BYTES = 4096 };

static uint8_t kernel[KERNEL_BYTES];

static void make_kernel(uint64_t text_offset, uint64_t image_size)
{
    memset(kernel, 0, sizeof(kernel));
    store_le32(kernel, 0x14000000); /* b . */
    store_le64(kernel + 8, text_offset);
    store_le64(kernel + 16, image_size);
    store_le64(kernel + 24, 0xa);
    memcpy(kernel + 56, "ARM\x64", 4);
}

static struct armsim_options options;

static void setup(void)
{
    armsim_options_init(&options, sizeof(options));
    make_kernel(0, 16 * MIB);
    options.kernel = (struct armsim_image){.data = kernel, .size = sizeof(kernel)};
}

static struct armsim_machine *make(void)
{
    struct armsim_machine *machine;
    int error = armsim_create(&options, &machine);
    ck_assert_msg(error == 0, "%s", armsim_last_error(machine));
    return machine;
}

static void refuse(int expected, const char *text)
{
    struct armsim_machine *machine;
    ck_assert_int_eq(armsim_create(&options, &machine), expected);
    ck_assert_msg(strstr(armsim_last_error(machine), text) != NULL, "\"%s\" has \"%s\"", armsim_last_error(machine),
                  text);
    armsim_destroy(machine);
}

static uint64_t reg(const struct armsim_machine *machine, uint32_t pe, armsim_register_id id)
{
    uint64_t value = 0;
    ck_assert_int_eq(armsim_peek(machine, pe, id, &value), 0);
    return value;
}

static const void *tree(const struct armsim_machine *machine)
{
    const void *data;
    size_t size;
    ck_assert_int_eq(armsim_device_tree(machine, &data, &size), 0);
    ck_assert_int_eq(fdt_check_full(data, size), 0);
    return data;
}

static const char *text_at(const void *fdt, const char *path, const char *name)
{
    int node = fdt_path_offset(fdt, path);
    ck_assert_msg(node >= 0, "%s", path);
    return fdt_getprop(fdt, node, name, NULL);
}

static uint64_t number_at(const void *fdt, const char *path, const char *name, unsigned cell, unsigned cells)
{
    int length;
    const fdt32_t *value = fdt_getprop(fdt, fdt_path_offset(fdt, path), name, &length);
    ck_assert_msg(value && length >= (int)(4 * (cell + cells)), "%s/%s", path, name);
    uint64_t number = 0;
    for (unsigned i = 0; i < cells; i++)
        number = number << 32 | fdt32_to_cpu(value[cell + i]);
    return number;
}

/* The tree lies where X0 says, whole, and is the one that the API shows. */
static uint64_t check_tree_in_memory(struct armsim_machine *machine)
{
    const void *data;
    size_t size;
    ck_assert_int_eq(armsim_device_tree(machine, &data, &size), 0);
    uint64_t address = reg(machine, 0, ARMSIM_REG_X0);
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    uint8_t *copy = malloc(size);
    ck_assert_int_eq(armsim_read_memory(machine, &space, address, copy, size, NULL), 0);
    ck_assert_int_eq(memcmp(copy, data, size), 0);
    free(copy);
    return address;
}

START_TEST(placement)
{
    static const struct {
        uint64_t ram, text_offset, image_size, initrd;
        uint64_t kernel_at, initrd_at, tree_at;
    } cases[] = {
        /* MiB: RAM, text_offset, image, initrd; from the start of RAM: kernel, initrd, tree */
        {128, 0, 16, 1, 2, 64, 66},
        {1024, 0, 16, 1, 2, 128, 130},
        {128, 0, 16, 0, 2, 0, 64},
        {128, 0, 100, 1, 2, 102, 104},
        {64, 0, 40, 10, 2, 42, 52},
        {32, 0, 24, 4, 2, 26, 30},
        {32, 0, 26, 4, 2, 28, 0}, /* the tree finds room below the kernel only */
        {8, 0, 5, 0, 2, 0, 0},
        {4, 0, 1, 0, 2, 0, 0},
    };
    uint8_t *initrd = calloc(1, 10 * MIB);
    initrd[0] = 0x77;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_kernel(cases[i].text_offset * MIB, cases[i].image_size * MIB);
        options.ram_size = cases[i].ram * MIB;
        options.initrd = (struct armsim_image){.data = cases[i].initrd ? initrd : NULL, .size = cases[i].initrd * MIB};
        struct armsim_machine *machine = make();
        ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_PC), RAM_BASE + cases[i].kernel_at * MIB);
        const void *fdt = tree(machine);
        if (cases[i].initrd) {
            uint64_t start = number_at(fdt, "/chosen", "linux,initrd-start", 0, 2);
            ck_assert_uint_eq(start, RAM_BASE + cases[i].initrd_at * MIB);
            ck_assert_uint_eq(number_at(fdt, "/chosen", "linux,initrd-end", 0, 2), start + cases[i].initrd * MIB);
            struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
            uint8_t byte;
            ck_assert_int_eq(armsim_read_memory(machine, &space, start, &byte, 1, NULL), 0);
            ck_assert_uint_eq(byte, 0x77);
        }
        uint64_t at = check_tree_in_memory(machine);
        ck_assert_msg(at == RAM_BASE + cases[i].tree_at * MIB, "case %zu: tree at %llx", i, (unsigned long long)at);
        ck_assert_uint_eq(at % 8, 0);
        ck_assert_uint_eq(number_at(fdt, "/memory@40000000", "reg", 2, 2), options.ram_size);
        armsim_destroy(machine);
    }
    free(initrd);
}
END_TEST

START_TEST(no_room)
{
    options.ram_size = 4 * MIB;
    make_kernel(0, 2 * MIB + 1);
    refuse(ARMSIM_ERROR_INPUT, "image_size");
    make_kernel(UINT64_MAX - 10, 1 * MIB);
    refuse(ARMSIM_ERROR_INPUT, "text_offset");
    options.ram_size = 256ull << 30;
    refuse(ARMSIM_ERROR_OPTION, "ram_size");
}
END_TEST

START_TEST(starting_state)
{
    for (unsigned config = 0; config < 8; config++) {
        options.secure = config & 1;
        options.virtualization = config & 2;
        options.gic_version = config & 4 ? 3 : 2;
        options.smp = 3;
        struct armsim_machine *machine = make();
        unsigned el = options.virtualization ? 2 : 1;
        ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_CURRENT_EL), el);
        ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_SECURE), 0);
        ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_PSTATE) & 0x3df, 0x3c0 | el << 2 | 1); /* DAIF, ELxh */
        for (unsigned n = 1; n < 31; n++)
            ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_X0 + n), 0);
        ck_assert_uint_eq(reg(machine, 0, CNTFRQ_EL0), 62500000);
        if (options.secure)
            ck_assert_uint_eq(reg(machine, 0, SCR_EL3) & 0x581, 0x401 | (options.virtualization ? 0x100 : 0x80));
        ck_assert_int_eq(armsim_pe_state(machine, 0), ARMSIM_PE_RUNNING);
        ck_assert_int_eq(armsim_pe_state(machine, 1), ARMSIM_PE_OFF);
        ck_assert_int_eq(armsim_pe_state(machine, 2), ARMSIM_PE_OFF);
        check_tree_in_memory(machine);
        const void *fdt = tree(machine);
        ck_assert_str_eq(text_at(fdt, "/psci", "method"), options.virtualization ? "smc" : "hvc");
        ck_assert_str_eq(text_at(fdt, "/cpus/cpu@2", "enable-method"), "psci");
        armsim_destroy(machine);
    }
}
END_TEST

/* Programs that begin at the highest EL are their own firmware: nobody answers PSCI at or above them. */
START_TEST(own_firmware)
{
    for (unsigned config = 0; config < 4; config++) {
        options.secure = config & 1;
        options.virtualization = config & 2;
        options.smp = 2;
        options.bios = options.kernel;
        options.kernel = (struct armsim_image){0};
        struct armsim_machine *machine = make();
        unsigned el = options.secure ? 3 : options.virtualization ? 2 : 1;
        ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_CURRENT_EL), el);
        ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_PC), 0);
        ck_assert_uint_eq(check_tree_in_memory(machine), RAM_BASE);
        ck_assert_int_eq(armsim_pe_state(machine, 1), options.secure ? ARMSIM_PE_RUNNING : ARMSIM_PE_OFF);
        ck_assert_int_eq(fdt_path_offset(tree(machine), "/psci") >= 0, !options.secure);
        armsim_destroy(machine);
        setup();
    }
}
END_TEST

START_TEST(tree_contents)
{
    static const char seeds[] = "abc";
    options.append = "console=ttyAMA0";
    options.smp = 20;
    options.gic_version = 3;
    options.secure = options.virtualization = true;
    options.cpu = "cortex-a76";
    struct armsim_machine *machine = make();
    const void *fdt = tree(machine);
    ck_assert_str_eq(text_at(fdt, "/", "compatible"), "linux,dummy-virt");
    ck_assert_str_eq(text_at(fdt, "/chosen", "bootargs"), "console=ttyAMA0");
    ck_assert_str_eq(text_at(fdt, "/chosen", "stdout-path"), "/pl011@9000000");
    ck_assert_str_eq(text_at(fdt, "/cpus/cpu@0", "compatible"), "arm,cortex-a76");
    ck_assert_uint_eq(number_at(fdt, "/cpus/cpu@103", "reg", 0, 1), 0x103); /* the 20th: clusters of 16 */
    ck_assert_str_eq(text_at(fdt, "/pl011@9040000", "status"), "disabled");
    ck_assert_str_eq(text_at(fdt, "/pl011@9040000", "secure-status"), "okay");
    ck_assert_str_eq(text_at(fdt, "/secram@e000000", "secure-status"), "okay");
    ck_assert_str_eq(text_at(fdt, "/intc@8000000", "compatible"), "arm,gic-v3");
    ck_assert_uint_eq(number_at(fdt, "/", "interrupt-parent", 0, 1),
                      number_at(fdt, "/intc@8000000", "phandle", 0, 1));
    ck_assert_uint_eq(number_at(fdt, "/pl011@9000000", "clocks", 0, 1), number_at(fdt, "/apb-pclk", "phandle", 0, 1));
    static const uint32_t timers[] = {13, 14, 11, 10, 12};
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_eq(number_at(fdt, "/timer", "interrupts", 3 * i, 1), 1);
        ck_assert_uint_eq(number_at(fdt, "/timer", "interrupts", 3 * i + 1, 1), timers[i]);
        ck_assert_uint_eq(number_at(fdt, "/timer", "interrupts", 3 * i + 2, 1), 4);
    }
    for (unsigned slot = 0; slot < 32; slot++) {
        char path[64];
        snprintf(path, sizeof(path), "/virtio_mmio@%x", 0xa000000 + slot * 0x200);
        ck_assert_uint_eq(number_at(fdt, path, "interrupts", 1, 1), 16 + slot);
    }
    ck_assert_uint_eq(number_at(fdt, "/pl031@9010000", "interrupts", 1, 1), 2);
    ck_assert_uint_eq(number_at(fdt, "/pl061@9030000", "interrupts", 1, 1), 7);
    ck_assert_uint_ge(fdt_path_offset(fdt, "/gpio-keys/poweroff"), 0);
    ck_assert_uint_ge(fdt_path_offset(fdt, "/fw-cfg@9020000"), 0);
    uint64_t kaslr = number_at(fdt, "/chosen", "kaslr-seed", 0, 2);
    armsim_destroy(machine);
    /* The same seed draws the same numbers, another one others. */
    for (uint64_t seed = 0; seed < sizeof(seeds); seed++) {
        options.rng_seed = seed;
        machine = make();
        ck_assert((number_at(tree(machine), "/chosen", "kaslr-seed", 0, 2) == kaslr) == (seed == 0));
        armsim_destroy(machine);
    }
}
END_TEST

static void users_tree(uint8_t *bytes, int size, uint32_t cells)
{
    ck_assert_int_eq(fdt_create_empty_tree(bytes, size), 0);
    ck_assert_int_eq(fdt_setprop_u32(bytes, 0, "#address-cells", cells), 0);
    ck_assert_int_eq(fdt_setprop_u32(bytes, 0, "#size-cells", cells), 0);
    int node = fdt_add_subnode(bytes, 0, "memory@80000000");
    ck_assert_int_eq(fdt_setprop_string(bytes, node, "device_type", "memory"), 0);
    ck_assert_int_eq(fdt_setprop_u64(bytes, node, "reg", 0), 0);
    node = fdt_add_subnode(bytes, 0, "board");
    ck_assert_int_eq(fdt_setprop_string(bytes, node, "name-of-user", "mine"), 0);
}

START_TEST(given_tree)
{
    uint8_t bytes[1024];
    options.append = "quiet";
    for (uint32_t cells = 1; cells <= 2; cells++) {
        users_tree(bytes, sizeof(bytes), cells);
        options.dtb = (struct armsim_image){.data = bytes, .size = sizeof(bytes)};
        options.ram_size = 64 * MIB;
        struct armsim_machine *machine = make();
        const void *fdt = tree(machine);
        ck_assert_str_eq(text_at(fdt, "/board", "name-of-user"), "mine");
        ck_assert_str_eq(text_at(fdt, "/chosen", "bootargs"), "quiet");
        ck_assert_int_lt(fdt_path_offset(fdt, "/memory@80000000"), 0);
        ck_assert_uint_eq(number_at(fdt, "/memory@40000000", "reg", 0, cells), RAM_BASE);
        ck_assert_uint_eq(number_at(fdt, "/memory@40000000", "reg", cells, cells), 64 * MIB);
        check_tree_in_memory(machine);
        armsim_destroy(machine);
    }
    users_tree(bytes, sizeof(bytes), 1);
    options.ram_size = 5ull << 30; /* no room for the number */
    refuse(ARMSIM_ERROR_INPUT, "/memory");
    users_tree(bytes, sizeof(bytes), 3);
    refuse(ARMSIM_ERROR_INPUT, "/memory");
}
END_TEST

START_TEST(loads)
{
    static const uint8_t bytes[8] = "12345678";
    struct armsim_load load = {.image = {.data = bytes, .size = sizeof(bytes)}, .address = 0x48000100 - 8 * MIB,
                               .has_address = true, .set_pc = true, .pe = 1};
    options.loads = &load;
    options.load_count = 1;
    options.smp = 2;
    struct armsim_machine *machine = make();
    ck_assert_int_eq(armsim_pe_state(machine, 1), ARMSIM_PE_RUNNING);
    ck_assert_uint_eq(reg(machine, 1, ARMSIM_REG_PC), load.address);
    armsim_destroy(machine);
    load.address = 0x0e000000; /* Secure RAM, which only some machines have */
    refuse(ARMSIM_ERROR_INPUT, "0xe000000");
    options.secure = true;
    machine = make();
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_SECURE);
    uint8_t copy[8];
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0x0e000000, copy, sizeof(copy), NULL), 0);
    ck_assert_int_eq(memcmp(copy, bytes, sizeof(copy)), 0);
    armsim_destroy(machine);
    load.address = RAM_BASE + 2 * MIB + 100; /* inside the kernel */
    refuse(ARMSIM_ERROR_OVERLAP, "overlaps");
}
END_TEST

/* Firmware at EL3 switches the power by the Secure GPIO: line 0 off, line 1 restart. */
START_TEST(secure_power)
{
    for (unsigned line = 0; line < 2; line++) {
        uint32_t words[] = {
            0xd2a12160,                          /* mov x0, #0x090b0000 */
            0x52800001 | (1u << line) << 5,      /* mov w1, #1 << line */
            0xb9040001,                          /* str w1, [x0, #0x400]: an output */
            0xb9000001 | (1u << line) << 10,     /* str w1, [x0, #4 << line]: high */
            0x14000000,
        };
        options.secure = true;
        options.bios = (struct armsim_image){.data = words, .size = sizeof(words)};
        struct armsim_machine *machine = make();
        struct armsim_stop stop = {.size = sizeof(stop)};
        ck_assert_int_eq(armsim_run(machine, 1000, &stop), 0);
        ck_assert_int_eq(stop.reason, line ? ARMSIM_STOP_RESET : ARMSIM_STOP_POWER_OFF);
        armsim_destroy(machine);
    }
}
END_TEST

/* Firmware in flash asks for resets by PSCI: SYSTEM_RESET is a cold one, SYSTEM_RESET2 a warm one. */
START_TEST(reset_kinds)
{
    static const uint32_t program[] = {
        0xd2a80800, /* mov x0, #0x40400000: RAM */
        0xb9400001, /* ldr w1, [x0] */
        0xd4000002, /* hvc #0 */
        0x14000000,
    };
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    struct armsim_stop stop = {.size = sizeof(stop)};
    const uint64_t place = 0x40400000, flash_word = 0x1000;
    for (unsigned poison = 0; poison < 2; poison++) {
        uint32_t word = 0x12345678, found = 0;
        setup();
        options.kernel = (struct armsim_image){0};
        options.bios = (struct armsim_image){.data = program, .size = sizeof(program)};
        options.ram_fill = poison ? ARMSIM_RAM_POISON : ARMSIM_RAM_ZERO;
        struct armsim_machine *machine = make();
        ck_assert_int_eq(armsim_read_memory(machine, &space, place, &found, 4, NULL), 0);
        ck_assert_uint_eq(found, poison ? 0xdead : 0);
        for (unsigned warm = 0; warm < 2; warm++) {
            ck_assert_int_eq(armsim_run(machine, 2, &stop), 0);
            ck_assert_int_eq(armsim_poke(machine, 0, ARMSIM_REG_X0, warm ? 0x84000012 : 0x84000009), 0);
            ck_assert_int_eq(armsim_poke(machine, 0, ARMSIM_REG_X0 + 1, 0), 0);
            ck_assert_int_eq(armsim_run(machine, 100, &stop), 0);
            ck_assert_int_eq(stop.reason, ARMSIM_STOP_RESET);
            ck_assert_uint_eq(stop.code, warm ? ARMSIM_RESET_WARM : ARMSIM_RESET_COLD);
            ck_assert_int_eq(armsim_write_memory(machine, &space, place, &word, 4, NULL), 0);
            ck_assert_int_eq(armsim_write_memory(machine, &space, flash_word, &word, 4, NULL), 0);
            ck_assert_int_eq(armsim_reset(machine, (enum armsim_reset_kind)stop.code), 0);
            ck_assert_int_eq(armsim_read_memory(machine, &space, place, &found, 4, NULL), 0);
            ck_assert_uint_eq(found, warm ? word : poison ? 0xdead : 0);
            ck_assert_int_eq(armsim_read_memory(machine, &space, flash_word, &found, 4, NULL), 0);
            ck_assert_uint_eq(found, word); /* flash forgets nothing */
            ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_PC), 0);
        }
        armsim_destroy(machine);
    }
}
END_TEST

/* A cold reset loads the images again, from the files as they were. */
START_TEST(reset)
{
    char path[] = "/tmp/armsim-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, kernel, sizeof(kernel)), sizeof(kernel));
    options.kernel = (struct armsim_image){.path = path};
    struct armsim_machine *machine = make();
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    uint64_t entry = reg(machine, 0, ARMSIM_REG_PC);
    uint32_t word = 0;
    ck_assert_int_eq(armsim_write_memory(machine, &space, entry, &word, 4, NULL), 0);
    ck_assert_int_eq(armsim_write_memory(machine, &space, RAM_BASE + 100 * MIB, "kept", 4, NULL), 0);
    ck_assert_int_eq(armsim_write_memory(machine, &space, entry + 8 * MIB, "bss", 4, NULL), 0);
    /* Warm: RAM is kept, but for what boot firmware would load again. */
    char text[4];
    ck_assert_int_eq(armsim_reset(machine, ARMSIM_RESET_WARM), 0);
    ck_assert_int_eq(armsim_read_memory(machine, &space, entry, &word, 4, NULL), 0);
    ck_assert_uint_eq(word, 0x14000000);
    ck_assert_int_eq(armsim_read_memory(machine, &space, RAM_BASE + 100 * MIB, text, 4, NULL), 0);
    ck_assert_int_eq(memcmp(text, "kept", 4), 0);
    word = 0;
    ck_assert_int_eq(armsim_write_memory(machine, &space, entry, &word, 4, NULL), 0);
    ck_assert_int_eq(armsim_reset(machine, ARMSIM_RESET_COLD), 0);
    ck_assert_int_eq(armsim_read_memory(machine, &space, entry, &word, 4, NULL), 0);
    ck_assert_uint_eq(word, 0x14000000);
    ck_assert_int_eq(armsim_read_memory(machine, &space, entry + 8 * MIB, text, 4, NULL), 0);
    ck_assert_int_eq(memcmp(text, "\0\0\0", 4), 0); /* the image's zeros are part of it */
    ck_assert_int_eq(armsim_read_memory(machine, &space, RAM_BASE + 100 * MIB, text, 4, NULL), 0);
    ck_assert_int_eq(memcmp(text, "\0\0\0", 4), 0);
    ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_PC), entry);
    ck_assert_int_eq(pwrite(fd, "!", 1, 2000), 1);
    ck_assert_int_eq(armsim_reset(machine, ARMSIM_RESET_COLD), ARMSIM_ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(armsim_last_error(machine), "changed"));
    armsim_destroy(machine);
    close(fd);
    unlink(path);
}
END_TEST

/* How the machine is built where there is a choice, as the guest sees it. */
START_TEST(choices)
{
    static const uint32_t program[] = {
        0xd2a10000, /* mov x0, #0x08000000: GICD */
        0x52801fe1, /* mov w1, #0xff */
        0xb9042001, /* str w1, [x0, #0x420]: IPRIORITYR8 */
        0xb9442002, /* ldr w2, [x0, #0x420] */
        0xb9400003, /* ldr w3, [x0]: CTLR */
        0xd2a12004, /* mov x4, #0x09000000: the UART */
        0xb94fe885, /* ldr w5, [x4, #0xfe8]: PeriphID2 */
        0xd53be026, /* mrs x6, CNTPCT_EL0 */
        0x14000000,
    };
    struct armsim_stop stop = {.size = sizeof(stop)};
    for (uint32_t bits = 4; bits <= 8; bits++)
        for (unsigned shape = 0; shape < 8; shape++) {
            bool secure = shape & 1, single = shape & 2;
            setup();
            options.kernel = (struct armsim_image){0};
            options.bios = (struct armsim_image){.data = program, .size = sizeof(program)};
            options.gic_version = shape & 4 ? 2 : 3;
            options.secure = secure;
            options.gic_single_security = single;
            options.gic_priority_bits = bits;
            options.uart_fifo = shape & 1 ? 16 : 32;
            options.counter_epoch = 0x123456789abc;
            options.tlb_entries = 16u << shape;
            if (bits < 5 && secure && !single) {
                refuse(ARMSIM_ERROR_OPTION, "gic_priority_bits");
                continue;
            }
            struct armsim_machine *machine = make();
            ck_assert_int_eq(armsim_run(machine, 10, &stop), 0);
            ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_X0 + 2), 0xff << (8 - bits) & 0xff);
            if (options.gic_version == 3)
                ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_X0 + 3) >> 6 & 1, !secure || single);
            ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_X0 + 5), shape & 1 ? 0x24 : 0x34);
            ck_assert_uint_eq(reg(machine, 0, ARMSIM_REG_X0 + 6), 0x123456789abc);
            armsim_destroy(machine);
        }
    options.tlb_entries = 48;
    refuse(ARMSIM_ERROR_OPTION, "tlb_entries");
    options.tlb_entries = 2048;
    options.uart_fifo = 17;
    refuse(ARMSIM_ERROR_OPTION, "uart_fifo");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("board");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, placement);
    tcase_add_test(tests, no_room);
    tcase_add_test(tests, starting_state);
    tcase_add_test(tests, own_firmware);
    tcase_add_test(tests, tree_contents);
    tcase_add_test(tests, given_tree);
    tcase_add_test(tests, loads);
    tcase_add_test(tests, secure_power);
    tcase_add_test(tests, reset);
    tcase_add_test(tests, choices);
    tcase_add_test(tests, reset_kinds);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
