/* Hooks on system registers, maintenance, exceptions, the TLB, interrupt inputs and consoles; and that hooks that only
 * look leave the guest as it is. */
#include "hook_machine.h"

#include "roms/builtin_rom.h"

/* --- system registers --- */

START_TEST(any_register_is_heard_of)
{
    struct armsim_machine *machine =
        BARE(INSN_MRS_X0_TPIDR, INSN_MRS_X0_SCTLR, INSN_MRS_X0_MIDR, INSN_MSR_TPIDR_X0, INSN_DAIFCLR_2, INSN_B_BACK_5);
    struct heard heard = {0}, tpidr = {0}, midr = {0}, names = {0};
    put(machine, "TPIDR_EL0", 0x77);
    run(machine, 600);
    LISTEN(machine, &heard, .kinds = BIT(MRS) | BIT(MSR));
    LISTEN(machine, &tpidr, .kinds = BIT(MRS) | BIT(MSR), .name = "tpidr_*");
    LISTEN(machine, &midr, .kinds = BIT(MRS), .id = ARMSIM_SYSREG(3, 0, 0, 0, 0));
    LISTEN(machine, &names, .kinds = BIT(MRS) | BIT(MSR), .name = "DAIF*");
    run(machine, 6);
    static const struct {
        enum armsim_hook_kind kind;
        const char *name;
        bool immediate;
    } expected[] = {{ARMSIM_HOOK_MRS, "TPIDR_EL0", false},
                    {ARMSIM_HOOK_MRS, "SCTLR_EL1", false},
                    {ARMSIM_HOOK_MRS, "MIDR_EL1", false},
                    {ARMSIM_HOOK_MSR, "TPIDR_EL0", false},
                    {ARMSIM_HOOK_MSR, "DAIFCLR", true}};
    ck_assert_uint_eq(heard.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct armsim_hook_event *event = &heard.events[i];
        ck_assert_int_eq(event->kind, expected[i].kind);
        ck_assert_str_eq(event->reg.name, expected[i].name);
        ck_assert_int_eq(event->reg.immediate, expected[i].immediate);
        ck_assert(event->reg.exists && event->reg.known);
        ck_assert_uint_eq(event->pc, CODE_BASE + i * 4);
        ck_assert_uint_eq(event->instructions, 600 + i);
    }
    uint64_t value = get(machine, "MIDR_EL1");
    ck_assert_uint_eq(heard.events[0].reg.value, value); /* the loop before has written it */
    ck_assert_uint_eq(heard.events[1].reg.value, get(machine, "SCTLR_EL1"));
    ck_assert_uint_eq(heard.events[3].reg.value, value);
    ck_assert_uint_eq(heard.events[4].reg.value, 2);
    ck_assert_uint_eq(tpidr.count, 2);
    ck_assert_uint_eq(midr.count, 1);
    ck_assert_uint_eq(names.count, 1);
    armsim_destroy(machine);
}
END_TEST

static enum armsim_hook_answer replace_register(void *opaque, struct armsim_machine *machine,
                                                struct armsim_hook_event *event)
{
    event->reg.value = *(uint64_t *)opaque;
    return ARMSIM_HOOK_REPLACE;
}

START_TEST(registers_are_replaced)
{
    for (unsigned stepped = 0; stepped < 2; stepped++) {
        struct armsim_machine *machine = BARE(INSN_MSR_TPIDR_X0, INSN_MRS_X0_UNKNOWN, INSN_DAIFCLR_2, INSN_NOP);
        uint64_t written = 0x1234, read = 0x5678, mask = 1;
        returning_vectors(machine);
        put(machine, "X0", 1);
        put(machine, "PSTATE", 0x3c5);
        add(machine, &(struct armsim_hook_options){.kinds = BIT(MSR), .name = "TPIDR_EL0"}, replace_register, &written);
        add(machine, &(struct armsim_hook_options){.kinds = BIT(MRS), .name = "S3_3_C15_C2_0"}, replace_register, &read);
        add(machine, &(struct armsim_hook_options){.kinds = BIT(MSR), .name = "DAIFCLR"}, replace_register, &mask);
        for (unsigned i = 0; i < 4; i += stepped ? 1 : 4)
            run(machine, stepped ? 1 : 4);
        ck_assert_uint_eq(get(machine, "PC"), CODE_BASE + 16);
        ck_assert_uint_eq(get(machine, "TPIDR_EL0"), 0x1234);
        ck_assert_uint_eq(get(machine, "X0"), 0x5678);
        ck_assert_uint_eq(get(machine, "PSTATE") & 0x3c0, 0x380); /* F, not I */
        ck_assert_uint_eq(armsim_trap_total(machine), 0);
        armsim_destroy(machine);
    }
}
END_TEST

START_TEST(registers_stop_and_raise)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_MSR_TPIDR_X0, INSN_B_BACK_2);
    struct heard heard = {.answer = ARMSIM_HOOK_STOP};
    run(machine, 30);
    armsim_hook_id id = LISTEN(machine, &heard, .kinds = BIT(MSR));
    for (unsigned i = 1; i < 10; i++) {
        struct armsim_stop stop = run(machine, 100);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_HOOK);
        ck_assert_uint_eq(stop.pc, CODE_BASE + 4);
        ck_assert_uint_eq(get(machine, "TPIDR_EL0") + 1, get(machine, "X0"));
        ck_assert_uint_eq(heard.count, i);
    }
    heard.answer = ARMSIM_HOOK_SKIP;
    uint64_t before = get(machine, "X0");
    run(machine, 30);
    ck_assert_uint_eq(get(machine, "TPIDR_EL0"), before); /* the one that had stopped */
    ck_assert_int_eq(armsim_hook_remove(machine, id), 0);
    run(machine, 1);
    ck_assert_uint_eq(get(machine, "TPIDR_EL0"), get(machine, "X0"));
    armsim_destroy(machine);
}
END_TEST

START_TEST(maintenance_is_heard_of)
{
    struct armsim_machine *machine = BARE(INSN_TLBI_VAE1IS_X1, INSN_DC_CVAC_X1, INSN_AT_S1E1R_X1, INSN_MSR_TPIDR_X0,
                                          INSN_DC_ZVA_X1, INSN_NOP);
    struct heard heard = {0}, tlbi = {.answer = ARMSIM_HOOK_SKIP};
    mmu_on(machine);
    put(machine, "X1", DATA);
    LISTEN(machine, &heard, .kinds = BIT(MAINTENANCE));
    LISTEN(machine, &tlbi, .kinds = BIT(MAINTENANCE), .name = "AT_S?E1*");
    run(machine, 6);
    ck_assert_uint_eq(heard.count, 4);
    ck_assert_str_eq(heard.events[0].reg.name, "TLBI_VAE1IS");
    ck_assert_str_eq(heard.events[1].reg.name, "DC_CVAC");
    ck_assert_str_eq(heard.events[2].reg.name, "AT_S1E1R");
    ck_assert_str_eq(heard.events[3].reg.name, "DC_ZVA");
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(heard.events[i].reg.value, DATA);
        ck_assert_uint_eq(heard.events[i].reg.rt, 1);
    }
    ck_assert_uint_eq(tlbi.count, 1);
    ck_assert_uint_eq(get(machine, "PAR_EL1"), 0); /* skipped */
    armsim_destroy(machine);
}
END_TEST

/* --- exceptions --- */

START_TEST(exceptions_have_their_records)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_SVC, INSN_UDF, INSN_B_BACK_3);
    struct heard heard = {0}, calls = {0}, by_name = {0}, stops = {.answer = ARMSIM_HOOK_STOP};
    returning_vectors(machine);
    put_code(machine, VECTOR_BASE + 0x200,
             (const uint32_t[]){0xd5384000 /* MRS X0, SPSR_EL1 */, 0xd5385201 /* MRS X1, ESR_EL1 */,
                                0xd35afc21 /* LSR X1, X1, #26 */, 0xb5000061 /* CBNZ X1, +12 */,
                                0xd5384022 /* MRS X2, ELR_EL1 */, 0x91001042 /* ADD X2, X2, #4 */,
                                0xd5184022 /* MSR ELR_EL1, X2 (behind the CBNZ's target for SVC) */, INSN_ERET},
             8);
    /* An UNDEFINED instruction is stepped over; SVC returns behind itself. */
    put_code(machine, VECTOR_BASE + 0x200 + 12, (const uint32_t[]){0xb5000081 /* CBNZ X1, +16 */}, 1);
    LISTEN(machine, &heard, .kinds = BIT(EXCEPTION) | BIT(RETURN));
    LISTEN(machine, &calls, .kinds = BIT(EXCEPTION), .classes = 1ull << 0x15, .pc = CODE_BASE + 8, .pc_size = 4);
    LISTEN(machine, &by_name, .kinds = BIT(EXCEPTION), .name = "S?C");
    run(machine, 200);
    ck_assert_uint_gt(heard.count, 20);
    for (unsigned i = 0; i < 20; i++) {
        const struct armsim_hook_event *event = &heard.events[i];
        struct armsim_trap trap;
        ck_assert_int_eq(armsim_traps(machine, i, &trap, 1), 1);
        ck_assert_int_eq(event->kind, i % 2 ? ARMSIM_HOOK_RETURN : ARMSIM_HOOK_EXCEPTION);
        ck_assert_uint_eq(event->trap.sequence, i);
        ck_assert_uint_eq(event->trap.esr, trap.esr);
        ck_assert_uint_eq(event->trap.far, trap.far);
        ck_assert_uint_eq(event->trap.to_el, 1);
        ck_assert_str_eq(event->trap.why, trap.why);
        ck_assert_uint_eq(event->pc, trap.pc);
    }
    ck_assert_uint_eq(heard.events[0].trap.ec, 0x15);
    ck_assert_uint_eq(heard.events[2].trap.ec, 0);
    ck_assert_uint_eq(calls.count, by_name.count);
    ck_assert_uint_gt(calls.count, 4);
    LISTEN(machine, &stops, .kinds = BIT(EXCEPTION), .trap_kinds = 1 << ARMSIM_TRAP_SYNC, .to_els = 2);
    struct armsim_stop stop = run(machine, 100);
    ck_assert_int_eq(stop.reason, ARMSIM_STOP_HOOK);
    ck_assert_uint_eq(stop.hook_kind, ARMSIM_HOOK_EXCEPTION);
    ck_assert_uint_eq(stop.pc, VECTOR_BASE + 0x200);
    armsim_destroy(machine);
}
END_TEST

/* --- the TLB, interrupts, consoles --- */

START_TEST(tlb_fills_are_heard_of)
{
    struct armsim_machine *machine = BARE(INSN_LDR_X0_X1, 0xd5087621 /* DC IVAC, X1: of no consequence */,
                                          0xd508831f /* TLBI VMALLE1IS */, INSN_B_BACK_3);
    struct heard heard = {0}, far_away = {0};
    mmu_on(machine);
    put_code(machine, CODE_BASE + 0x20000 + 16, (const uint32_t[]){0x40000f01, 0}, 2); /* nG */
    put(machine, "TTBR0_EL1", (CODE_BASE + 0x20000) | 5ull << 48);
    put(machine, "X1", DATA + 0x40000000);
    LISTEN(machine, &heard, .kinds = BIT(TLB_FILL));
    LISTEN(machine, &far_away, .kinds = BIT(TLB_FILL), .address = 0xc0000000, .address_size = 4096);
    run(machine, 4);
    ck_assert_uint_eq(heard.count, 3); /* code, data, code after the TLBI */
    ck_assert_uint_eq(far_away.count, 0);
    const struct armsim_hook_fill *code = &heard.events[0].fill, *data = &heard.events[1].fill;
    ck_assert_uint_eq(code->va, CODE_BASE);
    ck_assert_uint_eq(code->size, 1ull << 30);
    ck_assert(code->global && code->executable && !code->stage2 && !code->device);
    ck_assert_int_eq(code->regime, ARMSIM_REGIME_EL10);
    ck_assert_uint_eq(data->va, DATA + 0x40000000);
    ck_assert_uint_eq(data->pa, DATA);
    ck_assert_uint_eq(data->ipa, DATA);
    ck_assert_uint_eq(data->asid, 5);
    ck_assert(!data->global && data->readable && data->writable);
    armsim_destroy(machine);
}
END_TEST

START_TEST(interrupt_inputs_are_heard_of)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_B_BACK_1);
    struct heard heard = {0};
    returning_vectors(machine);
    LISTEN(machine, &heard, .kinds = BIT(INTERRUPT));
    armsim_set_pin(machine, 0, ARMSIM_PIN_IRQ, true);
    armsim_set_pin(machine, 0, ARMSIM_PIN_IRQ, true);
    armsim_set_pin(machine, 0, ARMSIM_PIN_VFIQ, true);
    armsim_set_pin(machine, 0, ARMSIM_PIN_IRQ, false);
    armsim_inject_serror(machine, 0, 0);
    put(machine, "PSTATE", 0x2c5); /* SError unmasked */
    run(machine, 10);
    static const struct {
        uint32_t before, after;
    } expected[] = {{0, 1}, {1, 0x11}, {0x11, 0x10}, {0x10, 0x14}, {0x14, 0x10}};
    ck_assert_uint_eq(heard.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        ck_assert_uint_eq(heard.events[i].interrupt.before, expected[i].before);
        ck_assert_uint_eq(heard.events[i].interrupt.after, expected[i].after);
    }
    armsim_destroy(machine);
}
END_TEST

struct text {
    char bytes[64];
    size_t count;
};

static void write_text(void *opaque, const uint8_t *data, size_t size)
{
    struct text *text = opaque;
    for (size_t i = 0; i < size && text->count < sizeof(text->bytes); i++)
        text->bytes[text->count++] = (char)data[i];
}

static enum armsim_hook_answer censor(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    ck_assert_uint_eq(event->console.port, ARMSIM_SERIAL_UART0);
    if (event->console.byte == 'b')
        return ARMSIM_HOOK_SKIP;
    if (event->console.byte != 'c')
        return event->console.byte == 'e' ? ARMSIM_HOOK_STOP : ARMSIM_HOOK_CONTINUE;
    event->console.byte = 'C';
    return ARMSIM_HOOK_REPLACE;
}

START_TEST(console_bytes_pass_through_hooks)
{
    struct text text = {.count = 0};
    struct armsim_options options;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    options.ram_size = ARMSIM_MIB;
    options.serial[0] = (struct armsim_serial){.write = write_text, .opaque = &text};
    struct armsim_machine *machine = create(&options);
    /* STR W0, [X1]; ADD X0, X0, #1; B .-8 */
    put_code(machine, CODE_BASE, (const uint32_t[]){0xb9000020, INSN_ADD_X0, INSN_B_BACK_2}, 3);
    put(machine, "PC", CODE_BASE);
    put(machine, "X0", 'a');
    put(machine, "X1", 0x09000000);
    ck_assert_int_eq(armsim_write_register(machine, 0, ARMSIM_REG_PC, CODE_BASE), 0);
    add(machine, &(struct armsim_hook_options){.kinds = BIT(CONSOLE), .ports = 1 << ARMSIM_SERIAL_UART0}, censor, NULL);
    add(machine, &(struct armsim_hook_options){.kinds = BIT(CONSOLE), .ports = 1 << ARMSIM_SERIAL_UART1}, censor, NULL);
    struct armsim_stop stop = run(machine, 100);
    ck_assert_int_eq(stop.reason, ARMSIM_STOP_HOOK);
    ck_assert_uint_eq(stop.hook_kind, ARMSIM_HOOK_CONSOLE);
    ck_assert_uint_eq(text.count, 4);
    ck_assert_int_eq(memcmp(text.bytes, "aCde", 4), 0);
    armsim_destroy(machine);
}
END_TEST

/* --- adding and removing --- */

struct chain {
    struct armsim_hook_options options;
    armsim_hook_id self, next, other;
    unsigned calls, next_calls;
};

static enum armsim_hook_answer count_next(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    struct chain *chain = opaque;
    chain->next_calls++;
    return ARMSIM_HOOK_CONTINUE;
}

/* Removes itself and another, and adds one. */
static enum armsim_hook_answer change_hooks(void *opaque, struct armsim_machine *machine,
                                            struct armsim_hook_event *event)
{
    struct chain *chain = opaque;
    chain->calls++;
    ck_assert_int_eq(armsim_hook_remove(machine, chain->self), 0);
    ck_assert_int_eq(armsim_hook_remove(machine, chain->self), ARMSIM_ERROR_NOT_FOUND);
    ck_assert_int_eq(armsim_hook_remove(machine, chain->other), 0);
    chain->next = add(machine, &chain->options, count_next, chain);
    return ARMSIM_HOOK_CONTINUE;
}

START_TEST(hooks_change_hooks)
{
    static const struct armsim_hook_options kinds[] = {
        {.kinds = BIT(INSTRUCTION)}, {.kinds = BIT(INSTRUCTION), .pc = CODE_BASE + 4, .pc_size = 4},
        {.kinds = BIT(BLOCK)},       {.kinds = BIT(FETCH)},
        {.kinds = BIT(READ)},        {.kinds = BIT(WRITE)},
        {.kinds = BIT(MRS)},         {.kinds = BIT(MSR)},
        {.kinds = BIT(MAINTENANCE)}, {.kinds = BIT(EXCEPTION)},
        {.kinds = BIT(RETURN)},
    };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct armsim_machine *machine = BARE(INSN_LDR_X0_X1, INSN_STR_X0_X1, INSN_MRS_X0_TPIDR, INSN_MSR_TPIDR_X0,
                                              INSN_DC_CVAC_X1, INSN_SVC, 0x17fffffa /* B .-24 */);
        struct chain chain = {.options = kinds[i]};
        put(machine, "X1", DATA);
        returning_vectors(machine);
        run(machine, 800);
        chain.self = add(machine, &kinds[i], change_hooks, &chain);
        chain.other = add(machine, &kinds[i], count_next, &chain);
        run(machine, 80);
        ck_assert_uint_eq(chain.calls, 1);
        unsigned each = i == 0 || i == 3 ? 79 : i == 2 ? 29 : 9;
        ck_assert_msg(chain.next_calls == each, "%zu: %u calls", i, chain.next_calls);
        ck_assert_int_eq(armsim_hook_remove(machine, chain.next), 0);
        run(machine, 80);
        ck_assert_uint_eq(chain.next_calls, each);
        armsim_destroy(machine);
    }
}
END_TEST

static enum armsim_hook_answer move_on(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    unsigned *calls = opaque;
    ++*calls;
    ck_assert_int_eq(armsim_poke(machine, 0, ARMSIM_REG_PC, event->pc + 4), 0);
    return ARMSIM_HOOK_CONTINUE;
}

START_TEST(hooks_move_the_pe)
{
    for (unsigned stepped = 0; stepped < 2; stepped++) {
        struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_B_BACK_2);
        unsigned calls = 0;
        run(machine, 300);
        add(machine, &(struct armsim_hook_options){.kinds = BIT(INSTRUCTION), .pc = CODE_BASE + 4, .pc_size = 4}, move_on,
            &calls);
        for (unsigned i = 0; i < 200; i += stepped ? 1 : 200)
            run(machine, stepped ? 1 : 200);
        ck_assert_uint_eq(get(machine, "X0"), 200);
        ck_assert_uint_eq(get(machine, "X1"), 100);
        ck_assert_uint_eq(calls, 100);
        armsim_destroy(machine);
    }
}
END_TEST

static enum armsim_hook_answer answer_with(void *opaque, struct armsim_machine *machine,
                                           struct armsim_hook_event *event)
{
    return *(enum armsim_hook_answer *)opaque;
}

START_TEST(impossible_answers_stop)
{
    static const struct {
        uint32_t kinds;
        int answer;
    } rows[] = {{BIT(EXCEPTION), ARMSIM_HOOK_SKIP}, {BIT(EXCEPTION), ARMSIM_HOOK_RAISE}, {BIT(RETURN), ARMSIM_HOOK_REPLACE},
                {BIT(INSTRUCTION), 99},             {BIT(MRS), -1}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct armsim_machine *machine = BARE(INSN_SVC, INSN_MRS_X0_TPIDR, INSN_B_BACK_2);
        enum armsim_hook_answer answer = (enum armsim_hook_answer)rows[i].answer;
        struct armsim_stop stop = {.size = sizeof(stop)};
        returning_vectors(machine);
        add(machine, &(struct armsim_hook_options){.kinds = rows[i].kinds}, answer_with, &answer);
        ck_assert_int_eq(armsim_run(machine, 100, &stop), ARMSIM_ERROR_ARGUMENT);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_ERROR);
        ck_assert(strstr(armsim_last_error(machine), "not possible"));
        armsim_destroy(machine);
    }
}
END_TEST

/* --- who only looks doesn't disturb --- */

static struct armsim_machine *rom(uint32_t gic_version, bool secure)
{
    struct armsim_options options;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    options.cpu = "cortex-a76";
    options.gic_version = gic_version;
    options.secure = secure;
    options.virtualization = true;
    options.smp = 2;
    options.ram_size = 4 * ARMSIM_MIB;
    options.kernel.data = builtin_rom;
    options.kernel.size = builtin_rom_size;
    options.semihosting.enabled = true;
    options.virtio_console = true;
    return create(&options);
}

static enum armsim_hook_answer look(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    uint64_t *counts = opaque, value = 0;
    counts[event->kind]++;
    armsim_peek(machine, event->pe, ARMSIM_REG_PC, &value);
    ck_assert_uint_eq(value, event->pc);
    return ARMSIM_HOOK_CONTINUE;
}

static void look_at(uint32_t gic_version, bool secure, uint32_t kinds, uint64_t *counts)
{
    struct armsim_machine *whole = rom(gic_version, secure);
    struct armsim_machine *plain = rom(gic_version, secure), *watched = rom(gic_version, secure);
    struct armsim_stop end = run(whole, 100000000);
    ck_assert_int_ne(end.reason, ARMSIM_STOP_LIMIT);
    uint64_t limit = end.executed - 1;
    armsim_destroy(whole);
    ck_assert_int_eq(run(plain, limit).reason, ARMSIM_STOP_LIMIT);
    run(watched, limit / 32); /* added late */
    armsim_hook_id id = add(watched, &(struct armsim_hook_options){.kinds = kinds}, look, counts);
    run(watched, limit / 4);
    run(watched, 1);
    run(watched, limit / 2 + limit / 8 + limit / 16);
    ck_assert_int_eq(armsim_hook_remove(watched, id), 0);
    run(watched, limit - armsim_instructions(watched));
    ck_assert_uint_eq(armsim_instructions(watched), armsim_instructions(plain));
    ck_assert_msg(hash(watched) == hash(plain), "GICv%u, %s EL3, hooks 0x%x", gic_version, secure ? "with" : "without",
                  kinds);
    armsim_destroy(plain);
    armsim_destroy(watched);
}

START_TEST(each_kind_leaves_the_guest_alone)
{
    uint64_t counts[ARMSIM_HOOK_KINDS] = {0};
    look_at(2 + (unsigned)_i % 2, _i % 3 != 0, 1u << _i, counts);
    ck_assert_msg(counts[_i] > 0, "no %s", armsim_hook_kind_name((enum armsim_hook_kind)_i));
}
END_TEST

START_TEST(all_kinds_leave_the_guest_alone)
{
    uint64_t counts[ARMSIM_HOOK_KINDS] = {0};
    look_at(2 + (unsigned)_i % 2, _i / 2 != 0, (1u << ARMSIM_HOOK_KINDS) - 1, counts);
    look_at(2 + (unsigned)_i % 2, _i / 2 != 0, BIT(READ) | BIT(WRITE) | BIT(MRS) | BIT(MSR) | BIT(MAINTENANCE), counts);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hooks: events");
    TCase *tests = tcase_create("events");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, any_register_is_heard_of);
    tcase_add_test(tests, registers_are_replaced);
    tcase_add_test(tests, registers_stop_and_raise);
    tcase_add_test(tests, maintenance_is_heard_of);
    tcase_add_test(tests, exceptions_have_their_records);
    tcase_add_test(tests, tlb_fills_are_heard_of);
    tcase_add_test(tests, interrupt_inputs_are_heard_of);
    tcase_add_test(tests, console_bytes_pass_through_hooks);
    tcase_add_test(tests, hooks_change_hooks);
    tcase_add_test(tests, hooks_move_the_pe);
    tcase_add_test(tests, impossible_answers_stop);
    tcase_add_loop_test(tests, each_kind_leaves_the_guest_alone, 0, ARMSIM_HOOK_KINDS);
    tcase_add_loop_test(tests, all_kinds_leave_the_guest_alone, 0, 4);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
