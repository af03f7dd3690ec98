/* Boards of the caller's: memory, ROM, interrupt controller, devices, from a table. */
#include "hook_machine.h"

/* A device with a register that drives its interrupt. */
struct lamp {
    uint64_t writes;
};

static int lamp_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t count,
                     const struct armsim_requester *requester, uint64_t *value)
{
    *value = ((struct lamp *)opaque)->writes;
    return 0;
}

static int lamp_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t count,
                      const struct armsim_requester *requester, uint64_t value)
{
    ((struct lamp *)opaque)->writes++;
    armsim_device_set_irq(device, value & 1);
    return 0;
}

#define ROM 0x0ull
#define RAM 0x80000000ull
#define GICD 0x20000000ull
#define GICC 0x20010000ull
#define GICR 0x20100000ull
#define LAMP 0x10000000ull

static const uint32_t code[] = {
    0xd2b00001, /* MOVZ X1, #0x8000, LSL #16 */
    0xf9400022, /* LDR X2, [X1] */
    0x91000442, /* ADD X2, X2, #1 */
    0xf9000022, /* STR X2, [X1] */
    0xf900001f, /* STR XZR, [X0]: ROM stays as it is */
    0x17fffffc  /* B .-16 */
};

static const struct armsim_memory memories[] = {
    {.base = ROM, .size = 0x10000, .rom = true, .image = {.data = code, .size = sizeof(code)}},
    {.base = RAM, .size = 0x100000},
    {.base = 0xc0000000, .size = 0x1000, .pas_mask = 1 << ARMSIM_PAS_SECURE},
};

static struct armsim_board_table gicv2_table(void)
{
    return (struct armsim_board_table){.size = sizeof(struct armsim_board_table), .name = "lamps", .memories = memories,
                                       .memory_count = COUNT(memories), .gic_distributor = GICD,
                                       .gic_cpu_interface = GICC, .gic_spis = 64};
}

static struct armsim_options options_of(const struct armsim_board_table *table, struct lamp *lamp)
{
    static struct armsim_device_config device;
    struct armsim_options options;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    device = (struct armsim_device_config){
        .ops = {.size = sizeof(device.ops), .model = "lamp", .access_sizes = 15, .read = lamp_read, .write = lamp_write},
        .opaque = lamp, .base = LAMP, .size = 0x1000, .spi = 40};
    options.table = table;
    options.cpu = "cortex-a76";
    options.devices = &device;
    options.device_count = 1;
    return options;
}

static void store(struct armsim_machine *machine, uint64_t address, uint32_t value)
{
    put_code(machine, RAM + 0x1000, (const uint32_t[]){0xb9000020 /* STR W0, [X1] */}, 1);
    put(machine, "X0", value);
    put(machine, "X1", address);
    put(machine, "PC", RAM + 0x1000);
    armsim_step(machine, 0, 1, NULL);
    ck_assert_uint_eq(get(machine, "PC"), RAM + 0x1004);
}

START_TEST(a_board_from_a_table)
{
    struct lamp lamp = {0};
    struct armsim_board_table table = gicv2_table();
    struct armsim_options options = options_of(&table, &lamp);
    struct armsim_machine *machine = create(&options), *child;
    memset(&table, 0, sizeof(table)); /* needed no more */
    run(machine, 1 + 5 * 100);
    ck_assert_uint_eq(memory(machine, RAM), 100);
    ck_assert_uint_eq(memory(machine, ROM) & 0xffffffff, code[0]);
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    uint64_t value;
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0xc0000000, &value, 8, NULL), ARMSIM_ERROR_FAULT);
    space.pas = ARMSIM_PAS_SECURE;
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0xc0000000, &value, 8, NULL), 0);
    /* A fork is the same board. */
    ck_assert_int_eq(armsim_fork(machine, &child), 0);
    ck_assert_uint_eq(hash(child), hash(machine));
    run(child, 100);
    run(machine, 100);
    ck_assert_uint_eq(hash(child), hash(machine));
    armsim_destroy(child);
    /* Resets: the image comes again, RAM stays. */
    set_memory(machine, ROM, 0);
    ck_assert_int_eq(armsim_reset(machine, ARMSIM_RESET_WARM), 0);
    ck_assert_uint_eq(memory(machine, ROM), 0);
    ck_assert_int_eq(armsim_reset(machine, ARMSIM_RESET_COLD), 0);
    ck_assert_uint_eq(memory(machine, ROM) & 0xffffffff, code[0]);
    ck_assert_uint_eq(memory(machine, RAM), 120);
    ck_assert_uint_eq(get(machine, "PC"), 0);
    armsim_destroy(machine);
}
END_TEST

/* The device's interrupt through the board's GIC, wherever that is. */
START_TEST(interrupts_of_a_table)
{
    for (unsigned version = 2; version <= 3; version++) {
        struct lamp lamp = {0};
        struct armsim_board_table table = gicv2_table();
        if (version == 3) {
            table.gic_cpu_interface = 0;
            table.gic_redistributor = GICR;
        }
        struct armsim_options options = options_of(&table, &lamp);
        options.gic_version = version;
        struct armsim_machine *machine = create(&options);
        put(machine, "VBAR_EL1", RAM + 0x2000);
        put_code(machine, RAM + 0x2000 + 0x280, (const uint32_t[]){INSN_B_SELF}, 1);
        store(machine, GICD, version == 2 ? 1 : 0x12);
        store(machine, GICD + 0x108, 1 << 8);   /* ISENABLER: SPI 40 */
        store(machine, GICD + 0x848, 0x01010101);
        if (version == 2) {
            store(machine, GICC + 4, 0xff);
            store(machine, GICC, 1);
        } else {
            store(machine, GICD + 0x88, 1 << 8); /* IGROUPR */
            armsim_write_register(machine, 0, armsim_register_by_name(machine, "ICC_PMR_EL1"), 0xff);
            armsim_write_register(machine, 0, armsim_register_by_name(machine, "ICC_IGRPEN1_EL1"), 1);
        }
        store(machine, LAMP, 1);
        ck_assert_uint_eq(lamp.writes, 1);
        put_code(machine, RAM + 0x1100, (const uint32_t[]){INSN_B_SELF}, 1);
        put(machine, "PSTATE", 0x345);
        put(machine, "PC", RAM + 0x1100);
        ck_assert_msg(run(machine, 100).pc == RAM + 0x2000 + 0x280, "GICv%u", version);
        ck_assert_int_eq(armsim_set_pin(machine, 0, ARMSIM_PIN_IRQ, true), ARMSIM_ERROR_UNSUPPORTED);
        armsim_destroy(machine);
    }
}
END_TEST

START_TEST(levels_of_a_table)
{
    for (unsigned i = 0; i < 4; i++) {
        struct lamp lamp = {0};
        struct armsim_board_table table = gicv2_table();
        table.gic_distributor = 0;
        struct armsim_options options = options_of(&table, &lamp);
        options.device_count = 0;
        options.secure = i & 1;
        options.virtualization = i & 2;
        options.smp = 3;
        struct armsim_machine *machine = create(&options);
        ck_assert_uint_eq(get(machine, "EL"), i & 1 ? 3 : i & 2 ? 2 : 1);
        ck_assert_int_eq(armsim_set_pin(machine, 2, ARMSIM_PIN_IRQ, true), 0);
        run(machine, 10000);
        armsim_destroy(machine);
    }
}
END_TEST

static void refuse(struct armsim_board_table table, const char *field)
{
    struct lamp lamp = {0};
    struct armsim_options options = options_of(&table, &lamp);
    struct armsim_machine *machine;
    int error = armsim_create(&options, &machine);
    ck_assert_msg(error == ARMSIM_ERROR_OPTION || error == ARMSIM_ERROR_OVERLAP || error == ARMSIM_ERROR_INPUT, "%s: %d",
                  field, error);
    ck_assert_msg(strstr(armsim_last_error(machine), field), "%s: %s", field, armsim_last_error(machine));
    armsim_destroy(machine);
}

START_TEST(impossible_tables)
{
    static const uint8_t too_long[4097];
    struct armsim_board_table table = gicv2_table(), good = table;
    struct armsim_memory memory[2] = {memories[0], memories[1]};
    table.size = 3;
    refuse(table, "size");
    table = good, table.name = NULL;
    refuse(table, "name");
    table = good, table.name = "virt";
    refuse(table, "name");
    table = good, table.name = "a b";
    refuse(table, "name");
    table = good, table.memory_count = 0;
    refuse(table, "memories");
    table = good, table.memory_count = 65;
    refuse(table, "memories");
    table = good, table.memories = NULL;
    refuse(table, "memories");
    table = good, table.gic_spis = 33;
    refuse(table, "gic_spis");
    table = good, table.gic_cpu_interface = 0;
    refuse(table, "gic_cpu_interface");
    table = good, table.gic_distributor = RAM;
    refuse(table, "lamps");
    table = good, table.memories = memory, table.memory_count = 2;
    memory[1].size = 0x1001;
    refuse(table, "memories[1]");
    memory[1] = memory[0];
    refuse(table, "rom@0");
    memory[1] = (struct armsim_memory){.base = RAM, .size = 4096, .image = {.data = too_long, .size = sizeof(too_long)}};
    refuse(table, "at most 4096 bytes");
    memory[1].image = (struct armsim_image){.path = "/nonexistent"};
    struct lamp lamp = {0};
    struct armsim_options options = options_of(&table, &lamp);
    struct armsim_machine *machine;
    ck_assert_int_eq(armsim_create(&options, &machine), ARMSIM_ERROR_IO);
    ck_assert(strstr(armsim_last_error(machine), "/nonexistent"));
    armsim_destroy(machine);
    options = options_of(&good, &lamp);
    options.kernel.path = "x";
    ck_assert_int_eq(armsim_create(&options, &machine), ARMSIM_ERROR_OPTION);
    ck_assert(strstr(armsim_last_error(machine), "kernel"));
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("boards from tables");
    TCase *tests = tcase_create("table");
    tcase_add_test(tests, a_board_from_a_table);
    tcase_add_test(tests, interrupts_of_a_table);
    tcase_add_test(tests, levels_of_a_table);
    tcase_add_test(tests, impossible_tables);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
