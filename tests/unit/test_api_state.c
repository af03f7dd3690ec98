/* Registers, memory, translation, user devices, traces and figures of bare machines. */
#include "api_machine.h"

#include <string.h>

START_TEST(registers_have_names_and_numbers)
{
    struct armsim_machine *machine = BARE(INSN_NOP);
    ck_assert_uint_eq(armsim_register_by_name(machine, "x30"), 30);
    ck_assert_uint_eq(armsim_register_by_name(machine, "w7"), 7);
    ck_assert_uint_eq(armsim_register_by_name(machine, "sp"), ARMSIM_REG_SP);
    ck_assert_uint_eq(armsim_register_by_name(machine, "V31"), ARMSIM_REG_V0 + 31);
    ck_assert_uint_eq(armsim_register_by_name(machine, "sctlr_el1"), ARMSIM_SYSREG(3, 0, 1, 0, 0));
    ck_assert_uint_eq(armsim_register_by_name(machine, "S3_0_C1_C0_0"), ARMSIM_SYSREG(3, 0, 1, 0, 0));
    static const char *const bad[] = {"", "x31", "x", "x01x", "v32", "S3_0_C1_C0", "S3_0_C1_C0_0_", "S9_0_C1_C0_0",
                                      "SCTLR_EL9", "S3_0_C16_C0_0", "x99999999999999999999"};
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(armsim_register_by_name(machine, bad[i]) == ARMSIM_REG_NONE, "%s", bad[i]);
    ck_assert_uint_eq(armsim_register_by_name(machine, NULL), ARMSIM_REG_NONE);
    ck_assert_uint_eq(armsim_register_by_name(NULL, "x0"), ARMSIM_REG_NONE);
    struct armsim_register_info info;
    size_t count = 0;
    for (; armsim_register_at(machine, count, &info) == 0; count++) {
        uint64_t value;
        ck_assert_msg(armsim_register_by_name(machine, info.name) == info.id, "%s", info.name);
        int error = armsim_peek(machine, 0, info.id, &value);
        ck_assert_msg(error == 0 || error == ARMSIM_ERROR_UNSUPPORTED, "%s: %d", info.name, error);
    }
    ck_assert_uint_ge(count, 200);
    ck_assert_int_eq(armsim_register_at(machine, count, &info), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(armsim_register_at(machine, 0, NULL), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

START_TEST(poke_is_what_peek_sees)
{
    struct armsim_machine *machine = BARE(INSN_NOP);
    static const char *const names[] = {"X0", "X30", "SP", "SP_EL0", "FPCR", "FPSR", "TPIDR_EL0", "ELR_EL1", "FAR_EL1",
                                        "ESR_EL1", "TTBR0_EL1", "MAIR_EL1", "PC", "V3"};
    for (size_t i = 0; i < COUNT(names); i++) {
        put(machine, names[i], 0x08000000);
        ck_assert_msg(get(machine, names[i]) == 0x08000000, "%s: %llx", names[i],
                      (unsigned long long)get(machine, names[i]));
    }
    for (uint64_t nzcv = 0; nzcv < 16; nzcv++) {
        put(machine, "NZCV", nzcv << 28);
        ck_assert_uint_eq(get(machine, "NZCV"), nzcv << 28);
        ck_assert_uint_eq(get(machine, "PSTATE") >> 28, nzcv);
    }
    const uint64_t vector[2] = {0x0123456789abcdef, 0xfedcba9876543210};
    uint64_t got[2];
    ck_assert_int_eq(armsim_write_vector(machine, 0, 31, vector), 0);
    ck_assert_int_eq(armsim_read_vector(machine, 0, 31, got), 0);
    ck_assert_mem_eq(vector, got, sizeof(got));
    ck_assert_int_eq(armsim_write_vector(machine, 0, 32, vector), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_read_vector(machine, 0, 0, NULL), ARMSIM_ERROR_ARGUMENT);
    uint64_t value;
    ck_assert_int_eq(armsim_peek(machine, 1, 0, &value), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_peek(machine, 0, 0, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_peek(machine, 0, 1000, &value), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(armsim_peek(machine, 0, ARMSIM_SYSREG(3, 7, 15, 15, 7), &value), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(armsim_poke(machine, 0, ARMSIM_REG_CURRENT_EL, 0), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_int_eq(armsim_poke(machine, 0, ARMSIM_REG_NONE, 0), ARMSIM_ERROR_NOT_FOUND);
    armsim_destroy(machine);
}
END_TEST

START_TEST(writes_have_effects_and_masks)
{
    struct armsim_machine *machine = BARE(INSN_NOP);
    armsim_register_id vbar = armsim_register_by_name(machine, "VBAR_EL1");
    uint64_t value;
    ck_assert_int_eq(armsim_write_register(machine, 0, vbar, 0x12345fff), 0);
    ck_assert_int_eq(armsim_read_register(machine, 0, vbar, &value), 0);
    ck_assert_uint_eq(value & ~0x7ffull, 0x12345800);
    armsim_register_id midr = armsim_register_by_name(machine, "MIDR_EL1");
    ck_assert_int_eq(armsim_write_register(machine, 0, midr, 1), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_int_eq(armsim_read_register(machine, 0, midr, &value), 0);
    ck_assert_uint_eq(value >> 4 & 0xfff, 0xd0b);
    armsim_destroy(machine);
}
END_TEST

START_TEST(pstate_moves_the_pe)
{
    struct armsim_options options = bare_options();
    options.secure = options.virtualization = true;
    struct armsim_machine *machine = create(&options);
    put(machine, "SP", 0x3000);
    static const uint64_t modes[] = {0, 4, 5, 8, 9, 12, 13};
    for (size_t i = 0; i < COUNT(modes); i++) {
        put(machine, "PSTATE", 0xa00003c0 | modes[i]);
        ck_assert_uint_eq(get(machine, "PSTATE"), 0xa00003c0 | modes[i]);
        ck_assert_uint_eq(get(machine, "EL"), modes[i] >> 2);
    }
    ck_assert_uint_eq(get(machine, "SP"), 0x3000);
    static const uint64_t impossible[] = {1, 2, 6, 10, 0x10, 0x1f};
    for (size_t i = 0; i < COUNT(impossible); i++)
        ck_assert_int_eq(armsim_poke(machine, 0, ARMSIM_REG_PSTATE, impossible[i]), ARMSIM_ERROR_UNSUPPORTED);
    put(machine, "PSTATE", 0x3c5);
    ck_assert_uint_eq(get(machine, "SECURE"), 1);
    put(machine, "SCR_EL3", 0x401);
    ck_assert_uint_eq(get(machine, "SECURE"), 0);
    armsim_destroy(machine);
}
END_TEST

START_TEST(memory_is_checked)
{
    struct armsim_machine *machine = BARE(INSN_NOP);
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    uint8_t out[8192], in[8192];
    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)(i * 7);
    size_t done = 99;
    ck_assert_int_eq(armsim_write_memory(machine, &space, CODE_BASE + 0x1801, out, sizeof(out), &done), 0);
    ck_assert_uint_eq(done, sizeof(out));
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE + 0x1801, in, sizeof(in), &done), 0);
    ck_assert_mem_eq(in, out, sizeof(in));
    space.pas = ARMSIM_PAS_SECURE;
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE + 0x1801, in, 16, NULL), 0);
    space.pas = ARMSIM_PAS_ROOT;
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE, in, 1, NULL), ARMSIM_ERROR_FAULT);
    space.pas = (enum armsim_pas)4;
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE, in, 1, NULL), ARMSIM_ERROR_ARGUMENT);
    space.pas = ARMSIM_PAS_NON_SECURE;
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE + RAM_BYTES - 4096, in, sizeof(in), &done),
                     ARMSIM_ERROR_FAULT);
    ck_assert_uint_eq(done, 4096);
    ck_assert_int_eq(armsim_read_memory(machine, &space, UINT64_MAX, in, 2, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0, in, 0, &done), 0);
    ck_assert_int_eq(armsim_read_memory(machine, NULL, 0, in, 1, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0, NULL, 1, NULL), ARMSIM_ERROR_ARGUMENT);
    space = ARMSIM_VIRTUAL(0);
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE + 0x1801, in, 16, NULL), 0);
    space.pe = 1;
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE, in, 16, NULL), ARMSIM_ERROR_ARGUMENT);
    space = (struct armsim_space){.is_virtual = true, .el = 2};
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE, in, 16, NULL), ARMSIM_ERROR_UNSUPPORTED);
    space.el = 4;
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE, in, 16, NULL), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

START_TEST(new_code_runs)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_B_BACK_1);
    run(machine, 100);
    ck_assert_uint_eq(get(machine, "X1"), 0);
    put_code(machine, CODE_BASE, (const uint32_t[]){INSN_ADD_X1}, 1);
    run(machine, 100);
    ck_assert_uint_eq(get(machine, "X0"), 50);
    ck_assert_uint_eq(get(machine, "X1"), 50);
    armsim_destroy(machine);
}
END_TEST

START_TEST(ram_is_mapped_before_the_start)
{
    struct armsim_options options = bare_options();
    struct armsim_machine *machine = create(&options);
    ck_assert_int_eq(armsim_map_ram(machine, CODE_BASE, 4096, 1), 0);
    ck_assert_int_eq(armsim_map_ram(machine, CODE_BASE, 4096, 2), 0); /* the same address in the Secure space */
    ck_assert_int_eq(armsim_map_ram(machine, CODE_BASE, 8192, 1), ARMSIM_ERROR_OVERLAP);
    ck_assert_int_eq(armsim_map_ram(machine, 0, 0, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_map_ram(machine, 0, 4095, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_map_ram(machine, 1, 4096, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_map_ram(machine, 0, 4096, 0), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_map_ram(machine, 0, 4096, 16), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_lt(armsim_map_ram(machine, UINT64_MAX - 4095, 8192, 1), 0);
    run(machine, 1);
    ck_assert_int_eq(armsim_map_ram(machine, 0, 4096, 1), ARMSIM_ERROR_BUSY);
    armsim_destroy(machine);
}
END_TEST

START_TEST(dirty_pages_are_listed)
{
    struct armsim_machine *machine = BARE(INSN_STR_X0_X1, INSN_B_BACK_1);
    struct armsim_page pages[4];
    ck_assert_int_ge(armsim_dirty_pages(machine, pages, 4, true), 0);
    ck_assert_int_eq(armsim_dirty_pages(machine, pages, 4, true), 0);
    for (int i = 0; i < 3; i++) {
        put(machine, "X0", 1);
        put(machine, "X1", CODE_BASE + 0x5008);
        run(machine, 10);
        put(machine, "X1", CODE_BASE + 0x8ff8);
        run(machine, 10);
        ck_assert_int_eq(armsim_dirty_pages(machine, NULL, 0, false), 2);
        ck_assert_int_eq(armsim_dirty_pages(machine, pages, 4, true), 2);
        ck_assert_uint_eq(pages[0].address, CODE_BASE + 0x5000);
        ck_assert_uint_eq(pages[1].address, CODE_BASE + 0x8000);
    }
    ck_assert_int_eq(armsim_dirty_pages(machine, NULL, 4, true), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

/* Tables: a 1 GiB block maps VA 0x40000000 to itself; a 4 KiB page maps 0x80001000 to CODE_BASE + 0x7000. */
static void make_tables(struct armsim_machine *machine)
{
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    const struct {
        uint64_t address, descriptor;
    } entries[] = {
        {CODE_BASE + 0x10000 + 8, CODE_BASE | 0x701},                  /* level 1, block: AF, SH, EL1 RW */
        {CODE_BASE + 0x10000 + 16, (CODE_BASE + 0x11000) | 3},         /* level 1 -> 2 */
        {CODE_BASE + 0x11000, (CODE_BASE + 0x12000) | 3},              /* level 2 -> 3 */
        {CODE_BASE + 0x12000 + 8, (CODE_BASE + 0x7000) | 0x7c3 | (1ull << 54 | 1ull << 53)}, /* read-only, EL0 too */
    };
    for (size_t i = 0; i < COUNT(entries); i++)
        ck_assert_int_eq(
            armsim_write_memory(machine, &space, entries[i].address, &entries[i].descriptor, 8, NULL), 0);
    put(machine, "TTBR0_EL1", CODE_BASE + 0x10000);
    put(machine, "TCR_EL1", 0x200803519); /* 39 bits, 4 KiB, TTBR1 off, 40-bit addresses */
    put(machine, "MAIR_EL1", 0xff);
    put(machine, "SCTLR_EL1", 0x30d00801);
}

START_TEST(translation_is_explained)
{
    struct armsim_machine *machine = BARE(INSN_NOP);
    make_tables(machine);
    struct armsim_space space = ARMSIM_VIRTUAL(0);
    struct armsim_translation out = {.size = sizeof(out)};
    uint64_t before = hash(machine);
    ck_assert_int_eq(armsim_translate(machine, &space, 0x80001abc, ARMSIM_READ, &out), 0);
    ck_assert(out.valid);
    ck_assert_uint_eq(out.address, CODE_BASE + 0x7abc);
    ck_assert_uint_eq(out.block_size, 4096);
    ck_assert(out.readable && !out.writable && !out.executable && !out.device);
    ck_assert_uint_eq(out.descriptor_count, 3);
    ck_assert_uint_eq(out.descriptors[0].address, CODE_BASE + 0x10010);
    ck_assert_int_eq(out.descriptors[2].level, 3);
    ck_assert_uint_eq(out.descriptors[2].stage, 1);
    ck_assert_uint_eq(out.descriptors[2].value & 0xfffff000, CODE_BASE + 0x7000);
    ck_assert_int_eq(armsim_translate(machine, &space, 0x80001abc, ARMSIM_WRITE, &out), 0);
    ck_assert(!out.valid);
    ck_assert_str_eq(out.fault_name, "permission");
    ck_assert_uint_eq(out.fault_status, 0x0f);
    ck_assert_int_eq(armsim_translate(machine, &space, 0x80002000, ARMSIM_READ, &out), 0);
    ck_assert_uint_eq(out.fault_status, 0x07);
    ck_assert_str_eq(out.fault_name, "translation");
    uint8_t byte;
    ck_assert_int_eq(armsim_write_memory(machine, &space, 0x80001000, "x", 1, NULL), ARMSIM_ERROR_FAULT);
    space.ignore_permissions = true;
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0x80001000, &byte, 1, NULL), 0);
    ck_assert_uint_eq(hash(machine), before);
    ck_assert_int_eq(armsim_write_memory(machine, &space, 0x80001000, "x", 1, NULL), 0);
    space = (struct armsim_space){.is_virtual = true, .el = 0};
    ck_assert_int_eq(armsim_translate(machine, &space, CODE_BASE, ARMSIM_READ, &out), 0);
    ck_assert(!out.valid); /* EL0 has no access to the block */
    space.pas = ARMSIM_PAS_SECURE;
    ck_assert_int_eq(armsim_translate(machine, &space, CODE_BASE, ARMSIM_READ, &out), ARMSIM_ERROR_UNSUPPORTED);
    space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    ck_assert_int_eq(armsim_translate(machine, &space, CODE_BASE, ARMSIM_READ, &out), ARMSIM_ERROR_ARGUMENT);
    space = ARMSIM_VIRTUAL(0);
    ck_assert_int_eq(armsim_translate(machine, &space, CODE_BASE, (enum armsim_access)3, &out), ARMSIM_ERROR_ARGUMENT);
    out.size = 0;
    ck_assert_int_eq(armsim_translate(machine, &space, CODE_BASE, ARMSIM_READ, &out), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

/* A register that remembers, and counts what it hears. */
struct gadget {
    uint64_t value, reads, writes, resets, destroyed, events, last_event;
};

static int gadget_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                       const struct armsim_requester *requester, uint64_t *value)
{
    struct gadget *gadget = opaque;
    if (offset == 16)
        return -1;
    gadget->reads += !requester->debug;
    *value = gadget->value;
    return 0;
}

static int gadget_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                        const struct armsim_requester *requester, uint64_t value)
{
    struct gadget *gadget = opaque;
    gadget->writes++;
    gadget->value = value;
    return armsim_device_schedule(device, armsim_device_time(device) + 50);
}

static void gadget_reset(void *opaque, struct armsim_device *device)
{
    ((struct gadget *)opaque)->resets++;
}

static void gadget_event(void *opaque, struct armsim_device *device, uint64_t time_ns)
{
    struct gadget *gadget = opaque;
    gadget->events++;
    gadget->last_event = time_ns;
    ck_assert_int_eq(armsim_device_write_memory(device, ARMSIM_PAS_NON_SECURE, CODE_BASE + 0x9000, "ping", 4), 0);
    ck_assert_int_eq(armsim_device_write_memory(device, ARMSIM_PAS_NON_SECURE, 16, "ping", 4), ARMSIM_ERROR_FAULT);
}

static size_t gadget_state(void *opaque, struct armsim_device *device, void *data, size_t max)
{
    if (max >= 8)
        memcpy(data, &((struct gadget *)opaque)->value, 8);
    return 8;
}

static void gadget_destroy(void *opaque)
{
    ((struct gadget *)opaque)->destroyed++;
}

START_TEST(devices_are_the_users)
{
    struct gadget gadget = {0};
    struct armsim_device_config config = {
        .ops = {.size = sizeof(config.ops), .model = "gadget", .access_sizes = 8, .read = gadget_read,
                .write = gadget_write, .reset = gadget_reset, .event = gadget_event, .state = gadget_state,
                .destroy = gadget_destroy},
        .opaque = &gadget, .base = 0x9000000, .size = 0x1000, .spi = ARMSIM_NO_IRQ};
    struct armsim_machine *machine = BARE(INSN_STR_X0_X1, INSN_LDR_X0_X1, INSN_NOP, INSN_B_BACK_1);
    struct armsim_device *device;
    ck_assert_int_eq(armsim_add_device(machine, &config, &device), 0);
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), ARMSIM_ERROR_OVERLAP);
    ck_assert_uint_eq(gadget.destroyed, 0);
    config.spi = 3;
    config.base = 0xa000000;
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), ARMSIM_ERROR_UNSUPPORTED);
    config.spi = ARMSIM_NO_IRQ;
    config.size = 3;
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), ARMSIM_ERROR_ARGUMENT);
    config.size = 4;
    config.ops.model = "has space";
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), ARMSIM_ERROR_ARGUMENT);
    config.ops.model = "gadget";
    config.ops.read = NULL;
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_add_device(machine, NULL, NULL), ARMSIM_ERROR_ARGUMENT);

    put(machine, "X0", 0x1122334455667788);
    put(machine, "X1", 0x9000000);
    uint64_t before = hash(machine);
    run(machine, 2);
    ck_assert_uint_eq(gadget.value, 0x1122334455667788); /* one access of 64 bits */
    ck_assert_uint_eq(gadget.writes, 1);
    ck_assert_uint_eq(gadget.reads, 1);
    ck_assert_uint_ne(hash(machine), before);
    run(machine, 200);
    ck_assert_uint_eq(gadget.events, 1);
    struct armsim_space space = ARMSIM_PHYSICAL(ARMSIM_PAS_NON_SECURE);
    char text[4];
    ck_assert_int_eq(armsim_read_memory(machine, &space, CODE_BASE + 0x9000, text, 4, NULL), 0);
    ck_assert_mem_eq(text, "ping", 4);
    uint64_t value;
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0x9000000, &value, 8, NULL), 0);
    ck_assert_uint_eq(value, 0x1122334455667788);
    ck_assert_uint_eq(gadget.reads, 1);
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0x9000000, &value, 4, NULL), ARMSIM_ERROR_FAULT);
    ck_assert_int_eq(armsim_read_memory(machine, &space, 0x9000010, &value, 8, NULL), ARMSIM_ERROR_FAULT);
    ck_assert_int_eq(armsim_reset(machine, ARMSIM_RESET_WARM), 0);
    ck_assert_uint_eq(gadget.resets, 2);
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), ARMSIM_ERROR_BUSY);
    ck_assert_int_eq(armsim_device_schedule(NULL, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_device_cancel(device), 0);
    armsim_device_set_irq(device, true);
    armsim_device_set_irq(NULL, true);
    armsim_device_log(device, ARMSIM_LOG_DEVICE, "hello");
    armsim_destroy(machine);
    ck_assert_uint_eq(gadget.destroyed, 1);
}
END_TEST

struct text {
    char data[65536];
    size_t size;
};

static void append(void *opaque, const char *data, size_t size)
{
    struct text *text = opaque;
    ck_assert_uint_lt(text->size + size, sizeof(text->data));
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned count = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        count++;
    return count;
}

START_TEST(traces_are_lines)
{
    static const struct {
        enum armsim_trace_format format;
        const char *trap, *instruction, *header;
    } formats[] = {{ARMSIM_TRACE_TEXT, "why=SVC", " pe0 EL1ns 0x", "# armsim"},
                   {ARMSIM_TRACE_JSON, "\"why\":\"SVC", "\"instruction\":", "{\"armsim\""},
                   {ARMSIM_TRACE_TARMAC, " E ", " IT (", "# armsim"}};
    for (size_t i = 0; i < COUNT(formats); i++) {
        struct armsim_machine *machine = BARE(INSN_SVC, INSN_B_BACK_1);
        put_code(machine, CODE_BASE + 0x1000 + 0x200, (const uint32_t[]){INSN_ERET}, 1);
        put(machine, "VBAR_EL1", CODE_BASE + 0x1000);
        static struct text text;
        text.size = 0;
        ck_assert_int_eq(armsim_trace_start(machine, formats[i].format, true, append, &text), 0);
        run(machine, 30);
        ck_assert_int_eq(armsim_trace_stop(machine), 0);
        ck_assert_msg(strncmp(text.data, formats[i].header, strlen(formats[i].header)) == 0, "%s", text.data);
        ck_assert_msg(count_of(text.data, formats[i].instruction) == 30, "%s", text.data);
        ck_assert_msg(count_of(text.data, formats[i].trap) >= 10, "%s", text.data);
        ck_assert_int_eq(text.data[text.size - 1], '\n');
        ck_assert_int_eq(armsim_trace_start(machine, (enum armsim_trace_format)3, true, append, &text),
                         ARMSIM_ERROR_ARGUMENT);
        ck_assert_int_eq(armsim_trace_start(machine, ARMSIM_TRACE_TEXT, true, NULL, &text), ARMSIM_ERROR_ARGUMENT);
        armsim_destroy(machine);
    }
}
END_TEST

START_TEST(traps_are_kept_and_counted)
{
    struct armsim_options options = bare_options();
    options.trap_ring = 8;
    const uint32_t code[] = {INSN_SVC, INSN_B_BACK_1};
    struct armsim_machine *machine = bare_with(&options, code, COUNT(code));
    put_code(machine, CODE_BASE + 0x1000 + 0x200, (const uint32_t[]){INSN_ERET}, 1);
    put(machine, "VBAR_EL1", CODE_BASE + 0x1000);
    run(machine, 3 * 20);
    uint64_t total = armsim_trap_total(machine);
    ck_assert_uint_eq(total, 40);
    struct armsim_trap traps[20];
    ck_assert_int_eq(armsim_traps(machine, 0, traps, 20), 8);
    ck_assert_uint_eq(traps[0].sequence, 32);
    ck_assert_uint_eq(traps[7].sequence, 39);
    ck_assert_int_eq(armsim_traps(machine, 38, traps, 20), 2);
    ck_assert_int_eq(armsim_traps(machine, 0, traps, 3), 3);
    ck_assert_int_eq(armsim_traps(machine, 99, traps, 20), 0);
    ck_assert_int_eq(armsim_traps(machine, 0, NULL, 20), ARMSIM_ERROR_ARGUMENT);
    struct armsim_trap_count counts[4];
    ck_assert_int_eq(armsim_trap_counts(machine, counts, 4), 2);
    ck_assert_int_eq(armsim_trap_counts(machine, NULL, 0), 2);
    ck_assert_uint_eq(counts[0].count + counts[1].count, 40);
    struct armsim_stats stats = {.size = sizeof(stats)};
    ck_assert_int_eq(armsim_get_stats(machine, &stats), 0);
    ck_assert_uint_eq(stats.exceptions, 20);
    ck_assert_uint_eq(stats.returns, 20);
    ck_assert_uint_eq(stats.instructions, 60);
    char line[512];
    for (int format = 0; format < 3; format++) {
        int length = armsim_format_trap(&traps[0], (enum armsim_trace_format)format, line, sizeof(line));
        ck_assert_int_gt(length, 20);
        ck_assert_uint_eq(strlen(line), (size_t)length);
        char small[10];
        ck_assert_int_eq(armsim_format_trap(&traps[0], (enum armsim_trace_format)format, small, sizeof(small)), length);
        ck_assert_uint_eq(strlen(small), 9);
    }
    ck_assert_int_eq(armsim_format_trap(NULL, ARMSIM_TRACE_TEXT, line, sizeof(line)), ARMSIM_ERROR_ARGUMENT);
    for (unsigned ec = 0; ec < 256; ec++)
        ck_assert_str_ne(armsim_exception_class_name((uint8_t)ec), "");
    armsim_destroy(machine);
    options.trap_ring = 0;
    machine = bare_with(&options, code, COUNT(code));
    put(machine, "VBAR_EL1", CODE_BASE);
    run(machine, 50);
    ck_assert_int_eq(armsim_traps(machine, 0, traps, 20), 0);
    ck_assert_uint_gt(armsim_trap_total(machine), 0);
    armsim_destroy(machine);
}
END_TEST

static enum armsim_hook_answer note_pc(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    uint64_t *last = opaque, pc;
    ck_assert_int_eq(armsim_peek(machine, 0, ARMSIM_REG_PC, &pc), 0);
    ck_assert_uint_eq(pc, event->pc);
    ck_assert(event->instruction.fetched);
    last[0] = event->pc;
    last[1] = event->instruction.word;
    last[2]++;
    return ARMSIM_HOOK_CONTINUE;
}

START_TEST(instructions_are_seen)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_B_BACK_2);
    uint64_t last[3] = {0};
    const struct armsim_hook_options all = {.size = sizeof(all), .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_INSTRUCTION)};
    armsim_hook_id hook;
    ck_assert_int_eq(armsim_hook_add(machine, &all, note_pc, last, &hook), 0);
    run(machine, 31);
    ck_assert_uint_eq(last[2], 31);
    ck_assert_uint_eq(last[0], CODE_BASE);
    ck_assert_uint_eq(last[1], INSN_ADD_X0);
    ck_assert_int_eq(armsim_hook_remove(machine, hook), 0);
    run(machine, 31);
    ck_assert_uint_eq(last[2], 31);
    armsim_destroy(machine);
    char text[128];
    ck_assert_int_gt(armsim_describe_instruction(INSN_ADD_X0, text, sizeof(text)), 0);
    ck_assert_msg(strstr(text, "addsub_imm") && strstr(text, "imm12=1"), "%s", text);
    ck_assert_int_gt(armsim_describe_instruction(0, text, 4), 3);
    ck_assert_int_eq(armsim_describe_instruction(0, NULL, 4), ARMSIM_ERROR_ARGUMENT);
}
END_TEST

START_TEST(inputs_are_checked_and_recorded)
{
    struct armsim_machine *machine = BARE(INSN_B_SELF);
    char byte = 'x';
    ck_assert_int_eq(armsim_serial_input(machine, 0, &byte, 1), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_int_eq(armsim_serial_input(machine, 3, &byte, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_serial_input(machine, 0, NULL, 1), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_serial_close(machine, 9), ARMSIM_ERROR_ARGUMENT);
    uint8_t frame[64] = {0};
    ck_assert_int_eq(armsim_net_input(machine, 0, frame, 64), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_int_eq(armsim_net_input(machine, 0, frame, 13), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_net_input(machine, 4, frame, 64), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_power_key(machine), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_int_eq(armsim_set_spi(machine, 0, true), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_int_eq(armsim_set_ppi(machine, 0, 16, true), ARMSIM_ERROR_UNSUPPORTED);
    ck_assert_int_eq(armsim_set_ppi(machine, 0, 15, true), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_set_pin(machine, 1, ARMSIM_PIN_IRQ, true), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_set_pin(machine, 0, (enum armsim_pin)5, true), ARMSIM_ERROR_ARGUMENT);
    ck_assert_int_eq(armsim_record_input(machine, true), 0);
    run(machine, 77);
    ck_assert_int_eq(armsim_set_pin(machine, 0, ARMSIM_PIN_FIQ, true), 0);
    run(machine, 11);
    struct armsim_input input;
    ck_assert_int_eq(armsim_input_at(machine, 0, &input), 0);
    ck_assert_uint_eq(input.instructions, 77);
    ck_assert_uint_eq(input.kind, 3);
    ck_assert_uint_eq(input.value, ARMSIM_PIN_FIQ << 1 | 1);
    ck_assert_int_eq(armsim_input_at(machine, 1, &input), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(armsim_input_at(machine, 0, NULL), ARMSIM_ERROR_ARGUMENT);
    const void *tree;
    size_t size;
    ck_assert_int_eq(armsim_device_tree(machine, &tree, &size), ARMSIM_ERROR_UNSUPPORTED);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api: state");
    TCase *tests = tcase_create("state");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, registers_have_names_and_numbers);
    tcase_add_test(tests, poke_is_what_peek_sees);
    tcase_add_test(tests, writes_have_effects_and_masks);
    tcase_add_test(tests, pstate_moves_the_pe);
    tcase_add_test(tests, memory_is_checked);
    tcase_add_test(tests, new_code_runs);
    tcase_add_test(tests, ram_is_mapped_before_the_start);
    tcase_add_test(tests, dirty_pages_are_listed);
    tcase_add_test(tests, translation_is_explained);
    tcase_add_test(tests, devices_are_the_users);
    tcase_add_test(tests, traces_are_lines);
    tcase_add_test(tests, traps_are_kept_and_counted);
    tcase_add_test(tests, instructions_are_seen);
    tcase_add_test(tests, inputs_are_checked_and_recorded);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
