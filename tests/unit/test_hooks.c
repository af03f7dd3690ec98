/* Hooks: what each kind tells, and what can be answered. */
#include "hook_machine.h"

#include <armsim/device.h>

/* --- instructions and blocks --- */

START_TEST(instructions_have_their_words)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_B_BACK_2);
    struct heard heard = {0};
    run(machine, 1000); /* decoded, and in sequences */
    armsim_hook_id id = LISTEN(machine, &heard, .kinds = BIT(INSTRUCTION));
    run(machine, 100);
    ck_assert_uint_eq(heard.count, 100);
    for (unsigned i = 0; i < 100; i++) {
        const uint32_t words[] = {INSN_ADD_X0, INSN_ADD_X1, INSN_B_BACK_2};
        const struct armsim_hook_event *event = &heard.events[i];
        ck_assert_uint_eq(event->instructions, 1000 + i);
        ck_assert_uint_eq(event->pc, CODE_BASE + (1000 + i) % 3 * 4);
        ck_assert(event->instruction.fetched);
        ck_assert_uint_eq(event->instruction.word, words[(1000 + i) % 3]);
        ck_assert_uint_eq(event->hook, id);
        ck_assert_uint_eq(event->el, 1);
        ck_assert(event->sp_selected);
        ck_assert(!event->secure);
    }
    ck_assert_int_eq(armsim_hook_remove(machine, id), 0);
    run(machine, 100);
    ck_assert_uint_eq(heard.count, 100);
    armsim_destroy(machine);
}
END_TEST

/* A hook on a few addresses marks them in the code; one on many looks at every instruction. The guest can't tell, nor the
 * hook. */
START_TEST(ranges_of_instructions)
{
    static const uint64_t sizes[] = {1, 4, 8, 4095, 1ull << 40};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_ADD_X0, INSN_B_BACK_3);
        struct heard heard = {0};
        run(machine, 400);
        LISTEN(machine, &heard, .kinds = BIT(INSTRUCTION), .pc = CODE_BASE + 4, .pc_size = sizes[i]);
        run(machine, 400);
        ck_assert_uint_eq(heard.count, sizes[i] <= 4 ? 100 : sizes[i] == 8 ? 200 : 300);
        ck_assert_uint_eq(heard.events[0].pc, CODE_BASE + 4);
        ck_assert_uint_eq(heard.events[0].instructions, 401);
        ck_assert_uint_eq(get(machine, "X0"), 400);
        armsim_destroy(machine);
    }
}
END_TEST

START_TEST(blocks_begin_behind_branches)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_SVC, INSN_ADD_X1, INSN_ADD_X1, 0x54000020 /* B.EQ .+4 */,
                                          INSN_ADD_X0, INSN_MRS_X0_MIDR, 0x17fffff9 /* B .-28 */);
    struct heard heard = {0};
    returning_vectors(machine);
    LISTEN(machine, &heard, .kinds = BIT(BLOCK));
    run(machine, 90);
    static const struct {
        uint64_t pc;
        uint32_t size;
    } expected[] = {{CODE_BASE, 8}, {VECTOR_BASE + 0x200, 4}, {CODE_BASE + 8, 12}, {CODE_BASE + 20, 12}};
    ck_assert_uint_eq(heard.count, 40);
    for (unsigned i = 0; i < 40; i++) {
        ck_assert_uint_eq(heard.events[i].pc, expected[i % 4].pc);
        ck_assert_uint_eq(heard.events[i].instruction.size, expected[i % 4].size);
    }
    armsim_destroy(machine);
}
END_TEST

/* Each answer, for hooks that mark, for hooks that look at every instruction, and for single steps. */
static void answer_instruction(uint64_t pc_size, bool stepped)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_ADD_X0, INSN_B_BACK_3);
    struct heard heard = {.answer = ARMSIM_HOOK_STOP};
    const struct armsim_hook_options options = {.kinds = BIT(INSTRUCTION), .pc = CODE_BASE + 4, .pc_size = pc_size};
    returning_vectors(machine);
    run(machine, 40);
    armsim_hook_id id = add(machine, &options, hear, &heard);
    for (unsigned i = 1; i < 10; i++) {
        struct armsim_stop stop = run(machine, ARMSIM_NO_LIMIT);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_HOOK);
        ck_assert_uint_eq(stop.hook, id);
        ck_assert_uint_eq(stop.hook_kind, ARMSIM_HOOK_INSTRUCTION);
        ck_assert_uint_eq(stop.pc, CODE_BASE + 4);
        ck_assert_uint_eq(heard.count, i);
        ck_assert_uint_eq(get(machine, "X1"), 9 + i);
    }
    heard.answer = ARMSIM_HOOK_SKIP; /* not of this one, which has been told of */
    heard.count = 0;
    for (unsigned i = 0; i < 41 && stepped; i++)
        armsim_step(machine, 0, 1, NULL);
    if (!stepped)
        run(machine, 41);
    ck_assert_uint_eq(heard.count, 10);
    ck_assert_uint_eq(get(machine, "X1"), 19);
    ck_assert_uint_eq(get(machine, "X0"), 57);
    ck_assert_uint_eq(get(machine, "PC"), CODE_BASE + 8);
    armsim_destroy(machine);
}

START_TEST(instructions_stop_and_skip)
{
    answer_instruction(4, false);
    answer_instruction(4, true);
}
END_TEST

static enum armsim_hook_answer add_to_x1(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    event->instruction.word = INSN_ADD_X1;
    return *(enum armsim_hook_answer *)opaque;
}

static enum armsim_hook_answer raise_some(void *opaque, struct armsim_machine *machine, struct armsim_hook_event *event)
{
    event->raise = *(struct armsim_exception *)opaque;
    return ARMSIM_HOOK_RAISE;
}

START_TEST(instructions_are_replaced)
{
    for (unsigned stepped = 0; stepped < 2; stepped++) {
        struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_B_BACK_1);
        enum armsim_hook_answer answer = ARMSIM_HOOK_REPLACE;
        run(machine, 10);
        armsim_hook_id id =
            add(machine, &(struct armsim_hook_options){.kinds = BIT(INSTRUCTION), .pc = CODE_BASE, .pc_size = 4},
                add_to_x1, &answer);
        for (unsigned i = 0; i < 1000; i += stepped ? 1 : 1000)
            run(machine, stepped ? 1 : 1000);
        ck_assert_uint_eq(get(machine, "X1"), 500);
        ck_assert_uint_eq(get(machine, "X0"), 5);
        ck_assert_int_eq(armsim_hook_remove(machine, id), 0);
        run(machine, 10);
        ck_assert_uint_eq(get(machine, "X0"), 10);
        ck_assert_uint_eq(memory(machine, CODE_BASE) & 0xffffffff, INSN_ADD_X0);
        /* All of them: additions only, up to the page's end and beyond. */
        add(machine, &(struct armsim_hook_options){.kinds = BIT(INSTRUCTION)}, add_to_x1, &answer);
        run(machine, 2000);
        ck_assert_uint_eq(get(machine, "X1"), 2500);
        ck_assert_uint_eq(get(machine, "PC"), CODE_BASE + 8000);
        armsim_destroy(machine);
    }
}
END_TEST

START_TEST(instructions_raise)
{
    for (unsigned stepped = 0; stepped < 2; stepped++) {
        struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_B_BACK_2);
        struct armsim_exception exception = {.el = 1, .esr = 0x3eul << 26 | 1ul << 25 | 0x1234, .has_far = true,
                                             .far = 0x1122334455667788};
        struct armsim_hook_options options = {.kinds = BIT(INSTRUCTION), .pc = CODE_BASE + 4, .pc_size = 4};
        put(machine, "VBAR_EL1", VECTOR_BASE);
        put_code(machine, VECTOR_BASE + 0x200, (const uint32_t[]){INSN_B_SELF}, 1);
        add(machine, &options, raise_some, &exception);
        for (unsigned i = 0; i < 20; i += stepped ? 1 : 20)
            run(machine, stepped ? 1 : 20);
        ck_assert_uint_eq(get(machine, "PC"), VECTOR_BASE + 0x200);
        ck_assert_uint_eq(get(machine, "ELR_EL1"), CODE_BASE + 4);
        ck_assert_uint_eq(get(machine, "ESR_EL1"), exception.esr);
        ck_assert_uint_eq(get(machine, "FAR_EL1"), exception.far);
        ck_assert_uint_eq(get(machine, "X0"), 1);
        ck_assert_uint_eq(get(machine, "X1"), 0);
        struct armsim_trap trap;
        ck_assert_int_eq(armsim_traps(machine, 0, &trap, 1), 1);
        ck_assert_str_eq(trap.why, "host");
        ck_assert_uint_eq(trap.instructions, 1);
        ck_assert_uint_eq(armsim_instructions(machine), 20); /* the attempt counts */
        /* One that can't be. */
        exception.el = 3;
        put(machine, "PC", CODE_BASE + 4);
        struct armsim_stop stop = {.size = sizeof(stop)};
        ck_assert_int_eq(armsim_run(machine, 10, &stop), ARMSIM_ERROR_UNSUPPORTED);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_ERROR);
        ck_assert(strstr(armsim_last_error(machine), "EL3"));
        armsim_destroy(machine);
    }
}
END_TEST

START_TEST(fetches_are_accesses)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X1, INSN_B_BACK_2);
    struct heard heard = {0}, physical = {0};
    mmu_on(machine);
    run(machine, 30);
    LISTEN(machine, &heard, .kinds = BIT(FETCH));
    LISTEN(machine, &physical, .kinds = BIT(FETCH), .address = CODE_BASE + 6, .address_size = 1, .physical = true);
    run(machine, 30);
    ck_assert_uint_eq(heard.count, 30);
    ck_assert_uint_eq(physical.count, 10);
    ck_assert_uint_eq(heard.events[1].memory.va, CODE_BASE + 4);
    ck_assert_uint_eq(heard.events[1].memory.pa, CODE_BASE + 4);
    ck_assert_uint_eq(heard.events[1].memory.size, 4);
    ck_assert_uint_eq(heard.events[1].memory.value[0], INSN_ADD_X1);
    armsim_destroy(machine);
}
END_TEST

/* --- memory --- */

START_TEST(a_pair_is_two_accesses)
{
    struct armsim_machine *machine = BARE(INSN_LDP_X2_X3_X1, INSN_STP_X2_X3_X1, INSN_LDP_Q2_Q3_X1, INSN_B_BACK_3);
    struct heard heard = {0};
    put(machine, "X1", DATA);
    put(machine, "CPACR_EL1", 3 << 20);
    set_memory(machine, DATA, 0x1111);
    set_memory(machine, DATA + 8, 0x2222);
    run(machine, 400); /* in the fast TLB */
    LISTEN(machine, &heard, .kinds = BIT(READ) | BIT(WRITE));
    run(machine, 4);
    ck_assert_uint_eq(heard.count, 6);
    for (unsigned i = 0; i < 6; i++) {
        const struct armsim_hook_event *event = &heard.events[i];
        ck_assert_int_eq(event->kind, i / 2 == 1 ? ARMSIM_HOOK_WRITE : ARMSIM_HOOK_READ);
        ck_assert_uint_eq(event->memory.size, i < 4 ? 8 : 16);
        ck_assert_uint_eq(event->memory.va, DATA + i % 2 * (i < 4 ? 8 : 16));
        ck_assert_uint_eq(event->memory.pa, event->memory.va);
        ck_assert_uint_eq(event->pc, CODE_BASE + i / 2 * 4);
        ck_assert_uint_eq(event->instructions, 400 + i / 2);
        ck_assert(!event->memory.device && !event->memory.atomic && !event->memory.exclusive);
    }
    ck_assert_uint_eq(heard.events[0].memory.value[0], 0x1111);
    ck_assert_uint_eq(heard.events[3].memory.value[0], 0x2222);
    ck_assert_uint_eq(heard.events[4].memory.value[0], 0x1111);
    ck_assert_uint_eq(heard.events[4].memory.value[1], 0x2222);
    armsim_destroy(machine);
}
END_TEST

START_TEST(a_crossing_is_one_access)
{
    struct armsim_machine *machine = BARE(INSN_LDR_X0_X1, INSN_B_BACK_1);
    struct heard heard = {0}, none = {0}, second = {0};
    mmu_on(machine);
    put(machine, "X1", DATA - 4);
    set_memory(machine, DATA - 4, 0x123456789abcdef0);
    run(machine, 10);
    LISTEN(machine, &heard, .kinds = BIT(READ) | BIT(WRITE));
    LISTEN(machine, &second, .kinds = BIT(READ), .address = DATA + 3, .address_size = 1);
    LISTEN(machine, &none, .kinds = BIT(READ), .address = DATA + 4, .address_size = 1);
    run(machine, 2);
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_uint_eq(second.count, 1);
    ck_assert_uint_eq(none.count, 0);
    ck_assert_uint_eq(heard.events[0].memory.va, DATA - 4);
    ck_assert_uint_eq(heard.events[0].memory.size, 8);
    ck_assert_uint_eq(heard.events[0].memory.value[0], 0x123456789abcdef0);
    armsim_destroy(machine);
}
END_TEST

START_TEST(accesses_say_what_they_are)
{
    struct armsim_machine *machine = BARE(INSN_LDTR_X2_X1, INSN_LDXR_X2_X1, INSN_STXR_W3_X0_X1, INSN_STXR_W3_X0_X1,
                                          INSN_STLR_X0_X1, INSN_LDADD_X0_X2_X1, INSN_DC_ZVA_X1, INSN_LDRB_W2_X1);
    struct heard heard = {0};
    mmu_on(machine);
    put_code(machine, CODE_BASE + 0x20000 + 16, (const uint32_t[]){0x40000741, 0}, 2); /* EL0 may read and write */
    put(machine, "X1", DATA + 0x40000000);
    put(machine, "X0", 0x55);
    LISTEN(machine, &heard, .kinds = BIT(READ) | BIT(WRITE));
    run(machine, 8);
    ck_assert_uint_eq(get(machine, "PC"), CODE_BASE + 32);
    static const struct {
        enum armsim_hook_kind kind;
        unsigned instruction, size;
        uint64_t value;
        bool atomic, exclusive, ordered, unprivileged;
    } expected[] = {{ARMSIM_HOOK_READ, 0, 8, 0, false, false, false, true},
                    {ARMSIM_HOOK_READ, 1, 8, 0, false, true, false, false},
                    {ARMSIM_HOOK_WRITE, 2, 8, 0x55, false, true, false, false}, /* the other one fails */
                    {ARMSIM_HOOK_WRITE, 4, 8, 0x55, false, false, true, false},
                    {ARMSIM_HOOK_READ, 5, 8, 0x55, true, false, false, false},
                    {ARMSIM_HOOK_WRITE, 5, 8, 0xaa, true, false, false, false},
                    {ARMSIM_HOOK_WRITE, 6, 64, 0, false, false, false, false},
                    {ARMSIM_HOOK_READ, 7, 1, 0, false, false, false, false}};
    ck_assert_uint_eq(heard.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct armsim_hook_event *event = &heard.events[i];
        ck_assert_int_eq(event->kind, expected[i].kind);
        ck_assert_uint_eq(event->pc, CODE_BASE + expected[i].instruction * 4);
        ck_assert_uint_eq(event->memory.va, DATA + 0x40000000);
        ck_assert_uint_eq(event->memory.pa, DATA);
        ck_assert_uint_eq(event->memory.size, expected[i].size);
        ck_assert_uint_eq(event->memory.value[0], expected[i].value);
        ck_assert_int_eq(event->memory.atomic, expected[i].atomic);
        ck_assert_int_eq(event->memory.exclusive, expected[i].exclusive);
        ck_assert_int_eq(event->memory.ordered, expected[i].ordered);
        ck_assert_int_eq(event->memory.unprivileged, expected[i].unprivileged);
    }
    armsim_destroy(machine);
}
END_TEST

/* Every load and store in turn, stopped at each of its accesses: nothing has changed, and each is told once. */
START_TEST(accesses_stop_before_the_instruction)
{
    static const struct {
        uint32_t word;
        unsigned accesses;
    } rows[] = {{INSN_LDP_X2_X3_X1, 2}, {INSN_STP_X2_X3_X1, 2}, {INSN_LDP_Q2_Q3_X1, 2}, {INSN_STR_X0_X1_POST, 1},
                {INSN_LDXR_X2_X1, 1},   {INSN_STXR_W3_X0_X1, 1}, {INSN_LDADD_X0_X2_X1, 2}, {INSN_ST2_V2_4S_X1, 8},
                {INSN_DC_ZVA_X1, 1}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct armsim_machine *machine = BARE(INSN_LDXR_X2_X1, rows[i].word, INSN_NOP, INSN_NOP);
        struct heard heard = {.answer = ARMSIM_HOOK_STOP}, other = {0};
        put(machine, "X1", DATA);
        put(machine, "X0", 0x55);
        mmu_on(machine); /* Normal memory */
        put(machine, "X3", 0x66);
        put(machine, "CPACR_EL1", 3 << 20);
        put(machine, "PC", CODE_BASE);
        run(machine, 1);
        uint64_t before = hash(machine);
        LISTEN(machine, &other, .kinds = BIT(READ) | BIT(WRITE) | BIT(INSTRUCTION));
        LISTEN(machine, &heard, .kinds = BIT(READ) | BIT(WRITE));
        for (unsigned n = 1; n <= rows[i].accesses; n++) {
            struct armsim_stop stop = run(machine, 1);
            ck_assert_msg(stop.reason == ARMSIM_STOP_HOOK, "0x%x, access %u", rows[i].word, n);
            ck_assert_uint_eq(stop.pc, CODE_BASE + 4);
            ck_assert_uint_eq(stop.executed, 0);
            ck_assert_uint_eq(heard.count, n);
            ck_assert_uint_eq(other.count, n + 1);
            ck_assert_uint_eq(hash(machine), before);
        }
        ck_assert_int_eq(run(machine, 1).reason, ARMSIM_STOP_LIMIT);
        ck_assert_uint_eq(heard.count, rows[i].accesses);
        ck_assert_uint_eq(get(machine, "PC"), CODE_BASE + 8);
        armsim_destroy(machine);
    }
}
END_TEST

static enum armsim_hook_answer other_value(void *opaque, struct armsim_machine *machine,
                                           struct armsim_hook_event *event)
{
    unsigned *calls = opaque;
    event->memory.value[0] += 0x1000 + ++*calls;
    return ARMSIM_HOOK_REPLACE;
}

START_TEST(values_are_replaced)
{
    struct armsim_machine *machine =
        BARE(INSN_LDP_X2_X3_X1, INSN_STR_X0_X1, INSN_LDADD_X0_X2_X1, INSN_ST2_V2_4S_X1, INSN_NOP);
    unsigned calls = 0;
    const struct armsim_hook_options options = {.kinds = BIT(READ) | BIT(WRITE)};
    put(machine, "X1", DATA);
    put(machine, "X0", 3);
    put(machine, "CPACR_EL1", 3 << 20);
    set_memory(machine, DATA, 0x10);
    set_memory(machine, DATA + 8, 0x20);
    add(machine, &options, other_value, &calls);
    run(machine, 1);
    ck_assert_uint_eq(get(machine, "X2"), 0x1011);
    ck_assert_uint_eq(get(machine, "X3"), 0x1022);
    ck_assert_uint_eq(memory(machine, DATA), 0x10);
    run(machine, 1);
    ck_assert_uint_eq(memory(machine, DATA), 0x1006);
    run(machine, 1); /* reads 0x1006 + 0x1004, adds 3, writes that plus 0x1005 */
    ck_assert_uint_eq(get(machine, "X2"), 0x200a);
    ck_assert_uint_eq(memory(machine, DATA), 0x200a + 3 + 0x1005);
    run(machine, 1);
    ck_assert_uint_eq(calls, 13);
    ck_assert_uint_eq(memory(machine, DATA), 0x0000100700001006);
    ck_assert_uint_eq(memory(machine, DATA + 24), 0x0000100d0000100c);
    armsim_destroy(machine);
}
END_TEST

/* A hook that replaces is not asked again when another one stops at the same access, or at a later one. */
START_TEST(replaced_values_outlive_a_stop)
{
    struct armsim_machine *machine = BARE(INSN_LDP_X2_X3_X1, INSN_NOP);
    struct heard heard = {.answer = ARMSIM_HOOK_STOP};
    unsigned calls = 0;
    put(machine, "X1", DATA);
    add(machine, &(struct armsim_hook_options){.kinds = BIT(READ)}, other_value, &calls);
    LISTEN(machine, &heard, .kinds = BIT(READ));
    ck_assert_int_eq(run(machine, 1).reason, ARMSIM_STOP_HOOK);
    ck_assert_uint_eq(heard.events[0].memory.value[0], 0x1001);
    ck_assert_int_eq(run(machine, 1).reason, ARMSIM_STOP_HOOK);
    ck_assert_int_eq(run(machine, 1).reason, ARMSIM_STOP_LIMIT);
    ck_assert_uint_eq(calls, 2);
    ck_assert_uint_eq(heard.count, 2);
    ck_assert_uint_eq(get(machine, "X2"), 0x1001);
    ck_assert_uint_eq(get(machine, "X3"), 0x1002);
    armsim_destroy(machine);
}
END_TEST

START_TEST(accesses_are_skipped_and_raise)
{
    struct armsim_machine *machine = BARE(INSN_STR_X0_X1_POST, INSN_B_BACK_1);
    struct heard heard = {.answer = ARMSIM_HOOK_SKIP};
    struct armsim_exception exception = {.el = 1, .esr = 0x25ul << 26 | 1ul << 25 | 0x10, .has_far = true, .far = 0x99};
    put(machine, "X1", DATA);
    put(machine, "X0", 3);
    put(machine, "VBAR_EL1", VECTOR_BASE);
    put_code(machine, VECTOR_BASE + 0x200, (const uint32_t[]){INSN_B_SELF}, 1);
    armsim_hook_id id = LISTEN(machine, &heard, .kinds = BIT(WRITE));
    run(machine, 100);
    ck_assert_uint_eq(heard.count, 50);
    ck_assert_uint_eq(memory(machine, DATA), 0);
    ck_assert_uint_eq(get(machine, "X1"), DATA);
    ck_assert_int_eq(armsim_hook_remove(machine, id), 0);
    add(machine, &(struct armsim_hook_options){.kinds = BIT(WRITE)}, raise_some, &exception);
    run(machine, 3);
    ck_assert_uint_eq(get(machine, "PC"), VECTOR_BASE + 0x200);
    ck_assert_uint_eq(get(machine, "ELR_EL1"), CODE_BASE);
    ck_assert_uint_eq(get(machine, "FAR_EL1"), 0x99);
    ck_assert_uint_eq(memory(machine, DATA), 0);
    ck_assert_uint_eq(get(machine, "X1"), DATA);
    armsim_destroy(machine);
}
END_TEST

/* --- devices --- */

struct counter {
    unsigned reads, writes, looks;
    uint64_t last;
};

static int counter_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                        const struct armsim_requester *requester, uint64_t *value)
{
    struct counter *counter = opaque;
    if (requester->debug)
        counter->looks++;
    else
        counter->reads++;
    *value = 0x1122334455667700 + counter->reads + requester->debug;
    return 0;
}

static int counter_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                         const struct armsim_requester *requester, uint64_t value)
{
    struct counter *counter = opaque;
    counter->writes++;
    counter->last = value;
    ck_assert_uint_eq(bytes, 8);
    return 0;
}

START_TEST(devices_are_read_once)
{
    struct counter counter = {0};
    struct armsim_machine *machine = BARE(INSN_LDR_X0_X1, INSN_STR_X0_X1, INSN_B_BACK_2);
    const struct armsim_device_config config = {
        .ops = {.size = sizeof(config.ops), .model = "counter", .access_sizes = 15, .read = counter_read,
                .write = counter_write},
        .opaque = &counter, .base = 0x9000000, .size = 0x1000, .spi = ARMSIM_NO_IRQ};
    struct heard heard = {0};
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), 0);
    put(machine, "X1", 0x9000000);
    run(machine, 3); /* in the device TLB */
    LISTEN(machine, &heard, .kinds = BIT(READ) | BIT(WRITE), .address = 0x9000000, .address_size = 8, .physical = true);
    heard.answer = ARMSIM_HOOK_STOP;
    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(run(machine, 100).reason, ARMSIM_STOP_HOOK);
    ck_assert_uint_eq(counter.reads, 11);
    ck_assert_uint_eq(counter.writes, 10);
    for (unsigned i = 0; i < 20; i++) {
        ck_assert(heard.events[i].memory.device);
        ck_assert_uint_eq(heard.events[i].memory.size, 8);
        ck_assert_uint_eq(heard.events[i].memory.value[0], 0x1122334455667702 + i / 2);
    }
    ck_assert_uint_eq(counter.last, 0x112233445566770a);
    /* What a hook gives isn't read. */
    unsigned calls = 0;
    add(machine, &(struct armsim_hook_options){.kinds = BIT(READ)}, other_value, &calls);
    heard.answer = ARMSIM_HOOK_CONTINUE;
    run(machine, 1);
    run(machine, 3);
    ck_assert_uint_eq(calls, 1);
    ck_assert_uint_eq(counter.reads, 11);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hooks");
    TCase *tests = tcase_create("before");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, instructions_have_their_words);
    tcase_add_test(tests, ranges_of_instructions);
    tcase_add_test(tests, blocks_begin_behind_branches);
    tcase_add_test(tests, instructions_stop_and_skip);
    tcase_add_test(tests, instructions_are_replaced);
    tcase_add_test(tests, instructions_raise);
    tcase_add_test(tests, fetches_are_accesses);
    tcase_add_test(tests, a_pair_is_two_accesses);
    tcase_add_test(tests, a_crossing_is_one_access);
    tcase_add_test(tests, accesses_say_what_they_are);
    tcase_add_test(tests, accesses_stop_before_the_instruction);
    tcase_add_test(tests, values_are_replaced);
    tcase_add_test(tests, replaced_values_outlive_a_stop);
    tcase_add_test(tests, accesses_are_skipped_and_raise);
    tcase_add_test(tests, devices_are_read_once);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
