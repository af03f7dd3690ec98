/*
 * What users of emulators ask for in their trackers: one test a wish. That the library neither aborts nor exits and has
 * no mutable globals is tests/check_symbols.py's business (the test "symbols").
 */
#include "hook_machine.h"
#include "saved_bytes.h"

enum {
    INSN_BRK = 0xd4200000,          /* BRK #0 */
    INSN_AT_S1E1W_X1 = 0xd5087821,  /* AT S1E1W, X1 */
    INSN_FMOV_D0_D0 = 0x1e604000,   /* FMOV D0, D0 */
    INSN_STRB_W0_X1 = 0x39000020,   /* STRB W0, [X1] */
    INSN_STRH_W0_X1 = 0x79000020,
    INSN_STR_W0_X1 = 0xb9000020,
    INSN_STR_Q0_X1 = 0x3d800020,
    INSN_LDRH_W2_X1 = 0x79400022,
    INSN_LDR_W2_X1 = 0xb9400022,
    INSN_LDR_Q2_X1 = 0x3dc00022,
};

/* --- system registers and EL changes from the host without stale derived state --- */

/* Does `change` to a PE that has been running, and runs one instruction at CODE_BASE + 4 with what it finds. */
static struct armsim_machine *warm(uint32_t word)
{
    struct armsim_options options = bare_options();
    options.virtualization = options.secure = true;
    const uint32_t code[] = {INSN_ADD_X0, word, INSN_B_BACK_2};
    struct armsim_machine *machine = bare_with(&options, code, COUNT(code));
    put(machine, "SCR_EL3", 0x501); /* NS, HCE, RW */
    put(machine, "HCR_EL2", 1ull << 31);
    put(machine, "PSTATE", 0x3c5);
    mmu_on(machine);
    put_code(machine, CODE_BASE + 0x20000 + 8, (const uint32_t[]){0x40000f01, 0}, 2); /* nG */
    put(machine, "CPACR_EL1", 3 << 20);
    put(machine, "X1", DATA);
    returning_vectors(machine);
    put(machine, "VBAR_EL2", VECTOR_BASE);
    put(machine, "VBAR_EL3", VECTOR_BASE);
    run(machine, 300);
    ck_assert(armsim_trap_total(machine) == 0 || word == INSN_SVC || word == INSN_BRK);
    put(machine, "PC", CODE_BASE + 4);
    return machine;
}

static void expect_exception(struct armsim_machine *machine, unsigned el, unsigned ec)
{
    struct armsim_trap trap;
    uint64_t before = armsim_trap_total(machine);
    run(machine, 1);
    ck_assert_int_eq(armsim_traps(machine, before, &trap, 1), 1);
    ck_assert_uint_eq(trap.to_el, el);
    ck_assert_uint_eq(trap.ec, ec);
    armsim_destroy(machine);
}

START_TEST(host_writes_leave_nothing_stale)
{
    /* The MMU off, other tables, no permission. */
    struct armsim_machine *machine = warm(INSN_LDR_X0_X1);
    put(machine, "TTBR0_EL1", (CODE_BASE + 0x30000) | 1ull << 48); /* another ASID, whose tables are empty */
    expect_exception(machine, 1, 0x21);
    machine = warm(INSN_LDR_X0_X1);
    put(machine, "X1", 1ull << 40); /* translates only without the MMU, to nothing */
    put(machine, "SCTLR_EL1", get(machine, "SCTLR_EL1") & ~1ull);
    expect_exception(machine, 1, 0x25);
    /* EL0 has no access to EL1's page, whichever EL the fast TLB was filled for. */
    machine = warm(INSN_LDR_X0_X1);
    put(machine, "PSTATE", 0x3c0);
    expect_exception(machine, 1, 0x24);
    /* Alignment checks, FP traps, traps to EL2, routing to EL3. */
    machine = warm(INSN_LDR_X0_X1);
    put(machine, "X1", DATA + 1);
    put(machine, "SCTLR_EL1", get(machine, "SCTLR_EL1") | 2);
    expect_exception(machine, 1, 0x25);
    machine = warm(INSN_FMOV_D0_D0);
    put(machine, "CPACR_EL1", 0);
    expect_exception(machine, 1, 0x07);
    machine = warm(INSN_FMOV_D0_D0);
    put(machine, "CPTR_EL2", 1 << 10);
    expect_exception(machine, 2, 0x07);
    machine = warm(INSN_MRS_X0_SCTLR);
    put(machine, "HCR_EL2", 1ull << 31 | 1ull << 30); /* TRVM */
    expect_exception(machine, 2, 0x18);
    machine = warm(INSN_SVC);
    put(machine, "PSTATE", 0x3c0);
    put(machine, "HCR_EL2", 1ull << 31 | 1ull << 27); /* TGE */
    expect_exception(machine, 2, 0x15);
    /* Another EL: its own stack pointer, tables and vectors. */
    machine = warm(INSN_BRK);
    put(machine, "SP_EL2", 0x1230);
    put(machine, "SP", 0x4560);
    put(machine, "PSTATE", 0x3c9);
    ck_assert_uint_eq(get(machine, "SP"), 0x1230);
    ck_assert_uint_eq(get(machine, "SP_EL1"), 0x4560);
    expect_exception(machine, 2, 0x3c);
}
END_TEST

/* The same from inside a hook, between two instructions of one fused sequence. */
static enum armsim_hook_answer take_fp_away(void *opaque, struct armsim_machine *machine,
                                            struct armsim_hook_event *event)
{
    (void)opaque;
    if (event->instructions == 301)
        put(machine, "CPACR_EL1", 0);
    return ARMSIM_HOOK_CONTINUE;
}

START_TEST(host_writes_in_hooks_take_effect_at_once)
{
    struct armsim_machine *machine = warm(INSN_FMOV_D0_D0);
    add(machine, &(struct armsim_hook_options){.kinds = BIT(INSTRUCTION), .pc = CODE_BASE, .pc_size = 12}, take_fp_away,
        NULL);
    put(machine, "PC", CODE_BASE);
    run(machine, 10);
    struct armsim_trap trap;
    ck_assert_int_ge(armsim_traps(machine, 0, &trap, 1), 1);
    ck_assert_uint_eq(trap.ec, 0x07);
    ck_assert_uint_eq(trap.elr, CODE_BASE + 4);
    ck_assert_uint_eq(trap.instructions, 301);
    armsim_destroy(machine);
}
END_TEST

/* --- ESR, FAR and target EL inside an exception hook --- */

static enum armsim_hook_answer check_syndrome(void *opaque, struct armsim_machine *machine,
                                              struct armsim_hook_event *event)
{
    unsigned *calls = opaque;
    ++*calls;
    ck_assert_uint_eq(event->trap.to_el, 2);
    ck_assert_uint_eq(event->trap.from_el, 1);
    ck_assert_uint_eq(event->el, 2);
    ck_assert_uint_eq(event->trap.ec, 0x24);
    ck_assert_uint_eq(event->trap.esr, get(machine, "ESR_EL2"));
    ck_assert_uint_eq(event->trap.far, get(machine, "FAR_EL2"));
    ck_assert_uint_eq(event->trap.far, DATA + 0x18);
    ck_assert_uint_eq(event->trap.hpfar, get(machine, "HPFAR_EL2"));
    ck_assert_uint_eq(event->trap.hpfar, DATA >> 12 << 4);
    ck_assert_uint_eq(event->trap.elr, CODE_BASE + 4);
    ck_assert_uint_eq(event->trap.elr, get(machine, "ELR_EL2"));
    ck_assert_uint_eq(event->trap.spsr, get(machine, "SPSR_EL2"));
    ck_assert_uint_eq(get(machine, "EL"), 2);
    ck_assert_str_eq(event->trap.why, "stage 2 fault");
    return ARMSIM_HOOK_STOP;
}

START_TEST(exception_hooks_have_the_syndrome)
{
    struct armsim_machine *machine = warm(INSN_LDR_X0_X1);
    unsigned calls = 0;
    /* Stage 2: the first 64 KiB of RAM alone, by pages of 4 KiB from a level-2 table on. */
    const uint64_t tables = CODE_BASE + 0x40000;
    set_memory(machine, tables + 8, (tables + 0x1000) | 3);          /* level 1: 0x40000000 */
    set_memory(machine, tables + 0x1000, (tables + 0x2000) | 3);     /* level 2 */
    for (unsigned page = 0; page < 0x200; page++)
        if (page != 0x10)
            set_memory(machine, tables + 0x2000 + page * 8, (CODE_BASE + page * 0x1000) | 0x7ff);
    put(machine, "VTCR_EL2", 25 | 1 << 6 | 2 << 16 | 1u << 31); /* T0SZ 25, SL0 1, PS 40 bits */
    put(machine, "VTTBR_EL2", tables);
    put(machine, "HCR_EL2", 1ull << 31 | 1);
    put(machine, "X1", DATA + 0x18);
    add(machine, &(struct armsim_hook_options){.kinds = BIT(EXCEPTION), .to_els = 1 << 2}, check_syndrome, &calls);
    ck_assert_int_eq(run(machine, 10).reason, ARMSIM_STOP_HOOK);
    ck_assert_uint_eq(calls, 1);
    armsim_destroy(machine);
}
END_TEST

/* --- hooks on any MRS and MSR --- */

START_TEST(every_register_can_be_hooked)
{
    struct armsim_options options = bare_options();
    options.virtualization = options.secure = true;
    struct armsim_machine *machine = bare_with(&options, (const uint32_t[]){INSN_NOP}, 1);
    struct heard *heard = calloc(1, sizeof(*heard));
    returning_vectors(machine);
    put(machine, "VBAR_EL3", VECTOR_BASE);
    armsim_hook_id id = LISTEN(machine, heard, .kinds = BIT(MRS) | BIT(MSR));
    heard->answer = ARMSIM_HOOK_SKIP; /* not really: the next register shall find the machine as it was */
    struct armsim_register_info info;
    unsigned registers = 0;
    for (size_t i = 0; armsim_register_at(machine, i, &info) == 0; i++) {
        if (!(info.id & 0x10000))
            continue;
        uint32_t encoding = 0xd5000000 | (info.id & 0xffff) << 5;
        const uint32_t code[] = {encoding | 1 << 21 | 7, encoding | 9}; /* MRS X7; MSR X9 */
        put_code(machine, CODE_BASE, code, 2);
        put(machine, "PC", CODE_BASE);
        put(machine, "X9", 0x1230 + i);
        heard->count = 0;
        run(machine, 2);
        ck_assert_msg(heard->count == 2, "%s: %zu", info.name, heard->count);
        for (unsigned write = 0; write < 2; write++) {
            const struct armsim_hook_event *event = &heard->events[write];
            ck_assert_int_eq(event->kind, write ? ARMSIM_HOOK_MSR : ARMSIM_HOOK_MRS);
            ck_assert_uint_eq(event->reg.id, info.id);
            ck_assert_str_eq(event->reg.name, info.name);
            ck_assert_uint_eq(event->reg.rt, write ? 9 : 7);
            ck_assert(event->reg.exists);
            ck_assert_uint_eq(event->pc, CODE_BASE + 4 * write);
        }
        ck_assert_uint_eq(heard->events[1].reg.value, 0x1230 + i);
        uint64_t value;
        bool passes = strncmp(info.name, "CNT", 3) == 0 || strncmp(info.name, "PM", 2) == 0; /* with time */
        if (!passes && heard->events[0].reg.known && armsim_peek(machine, 0, info.id, &value) == 0)
            ck_assert_msg(heard->events[0].reg.value == value, "%s", info.name);
        registers++;
    }
    ck_assert_uint_gt(registers, 300);
    ck_assert_int_eq(armsim_hook_remove(machine, id), 0);
    free(heard);
    armsim_destroy(machine);
}
END_TEST

/* --- interrupt injection --- */

static struct armsim_machine *with_gic(uint32_t version)
{
    struct armsim_options options;
    ck_assert_int_eq(armsim_options_init(&options, sizeof(options)), 0);
    options.cpu = "cortex-a76";
    options.gic_version = version;
    options.smp = 2;
    options.ram_size = ARMSIM_MIB;
    options.conduit = ARMSIM_CONDUIT_NONE;
    struct armsim_machine *machine = create(&options);
    put_code(machine, CODE_BASE, (const uint32_t[]){INSN_WFI, INSN_B_BACK_1}, 2);
    put(machine, "PC", CODE_BASE);
    put(machine, "VBAR_EL1", VECTOR_BASE);
    put(machine, "PSTATE", 0x45); /* EL1h, IRQ and SError unmasked */
    put_code(machine, VECTOR_BASE + 0x280, (const uint32_t[]){INSN_B_SELF}, 1);
    put_code(machine, VECTOR_BASE + 0x380, (const uint32_t[]){INSN_B_SELF}, 1);
    ck_assert_int_eq(armsim_set_pe_state(machine, 1, ARMSIM_PE_OFF), 0);
    return machine;
}

static void store(struct armsim_machine *machine, uint64_t address, uint32_t value)
{
    /* As the guest does it: STR W0, [X1]. */
    const uint64_t pc = get(machine, "PC");
    put_code(machine, CODE_BASE + 0x800, (const uint32_t[]){INSN_STR_W0_X1}, 1);
    put(machine, "X0", value);
    put(machine, "X1", address);
    put(machine, "PC", CODE_BASE + 0x800);
    armsim_step(machine, 0, 1, NULL);
    put(machine, "PC", pc);
}

START_TEST(interrupts_are_injected)
{
    struct armsim_stop stop;
    struct armsim_machine *machine = with_gic(2);
    struct heard pins = {0};
    store(machine, 0x08000000, 3);             /* GICD_CTLR */
    store(machine, 0x08000104, 1 << 9);        /* GICD_ISENABLER1: SPI 9 */
    store(machine, 0x08000828, 0x01010101);    /* GICD_ITARGETSR: PE 0 */
    store(machine, 0x08010004, 0xff);          /* GICC_PMR */
    store(machine, 0x08010000, 1);             /* GICC_CTLR */
    LISTEN(machine, &pins, .kinds = BIT(INTERRUPT));
    run(machine, 100);
    ck_assert_int_eq(armsim_pe_state(machine, 0), ARMSIM_PE_WFI);
    ck_assert_int_eq(armsim_set_spi(machine, 9, true), 0);
    stop = run(machine, 100);
    ck_assert_uint_eq(stop.pc, VECTOR_BASE + 0x280);
    ck_assert_uint_eq(pins.count, 1);
    ck_assert_uint_eq(pins.events[0].interrupt.after, 1 << ARMSIM_PIN_IRQ);
    ck_assert_int_eq(armsim_set_spi(machine, 9, false), 0);
    ck_assert_uint_eq(pins.count, 2);
    armsim_destroy(machine);
    /* An SError, on any machine. */
    machine = with_gic(3);
    run(machine, 100);
    ck_assert_int_eq(armsim_inject_serror(machine, 0, 0x1000011), 0);
    stop = run(machine, 100);
    ck_assert_uint_eq(stop.pc, VECTOR_BASE + 0x380);
    ck_assert_uint_eq(get(machine, "ESR_EL1"), 0xbe000000 | 0x1000011);
    armsim_destroy(machine);
    /* A synchronous exception of the caller's, while the PE waits. */
    machine = with_gic(3);
    run(machine, 100);
    struct armsim_exception exception = {.el = 1, .esr = 0x96000010, .has_far = true, .far = 0xdead0000};
    ck_assert_int_eq(armsim_raise(machine, 0, &exception), 0);
    ck_assert_uint_eq(get(machine, "PC"), VECTOR_BASE + 0x200);
    ck_assert_uint_eq(get(machine, "FAR_EL1"), 0xdead0000);
    ck_assert_uint_eq(get(machine, "ELR_EL1"), CODE_BASE + 4);
    exception.el = 2;
    ck_assert_int_eq(armsim_raise(machine, 0, &exception), ARMSIM_ERROR_UNSUPPORTED);
    exception = (struct armsim_exception){.esr = 1ull << 32};
    ck_assert_int_eq(armsim_raise(machine, 0, &exception), ARMSIM_ERROR_ARGUMENT);
    armsim_destroy(machine);
}
END_TEST

/* --- the MMU as the guest sees it --- */

START_TEST(the_guests_view_of_memory)
{
    struct armsim_machine *machine = BARE(INSN_LDR_X0_X1, INSN_AT_S1E1R_X1, 0xd508831f /* TLBI VMALLE1IS */, INSN_B_BACK_3);
    const struct armsim_space virtual = ARMSIM_VIRTUAL(0);
    struct armsim_translation answer = {.size = sizeof(answer)};
    uint64_t value = 0;
    mmu_on(machine);
    set_memory(machine, CODE_BASE + 0x20000 + 16, 0x40000701); /* 0x80000000 is 0x40000000, too */
    put(machine, "X1", DATA + 0x40000000);
    set_memory(machine, DATA, 0x1111);
    run(machine, 2);
    ck_assert_uint_eq(get(machine, "X0"), 0x1111);
    /* The tables change, the guest's TLB doesn't: it still sees what it saw, and so does who looks through its eyes. */
    set_memory(machine, CODE_BASE + 0x20000 + 16, 0);
    ck_assert_int_eq(armsim_read_memory(machine, &virtual, DATA + 0x40000000, &value, 8, NULL), 0);
    ck_assert_uint_eq(value, 0x1111);
    ck_assert_int_eq(armsim_translate(machine, &virtual, DATA + 0x40000000, ARMSIM_READ, &answer), 0);
    ck_assert(!answer.valid); /* what a walk would find */
    ck_assert_uint_eq(answer.fault_status, 5);
    ck_assert_str_eq(answer.fault_name, "translation");
    ck_assert_uint_eq(answer.descriptor_count, 1);
    ck_assert_uint_eq(answer.descriptors[0].address, CODE_BASE + 0x20000 + 16);
    run(machine, 1);
    ck_assert_int_eq(armsim_read_memory(machine, &virtual, DATA + 0x40000000, &value, 8, NULL), ARMSIM_ERROR_FAULT);
    /* And the answer is that of AT. */
    put(machine, "PC", CODE_BASE + 4);
    run(machine, 1);
    ck_assert_uint_eq(get(machine, "PAR_EL1") & 0x7f, (5 << 1) | 1);
    set_memory(machine, CODE_BASE + 0x20000 + 16, 0x40000701);
    put(machine, "PC", CODE_BASE + 4);
    run(machine, 1);
    ck_assert_int_eq(armsim_translate(machine, &virtual, DATA + 0x40000000, ARMSIM_WRITE, &answer), 0);
    ck_assert(answer.valid && answer.writable && answer.readable);
    ck_assert_uint_eq(get(machine, "PAR_EL1") & 0xfffffffff000, answer.address & ~0xfffull);
    armsim_destroy(machine);
}
END_TEST

/* --- the exact PC inside every hook --- */

START_TEST(the_pc_is_exact_in_every_hook)
{
    for (unsigned i = 0; i <= ARMSIM_HOOK_RETURN; i++) {
        struct armsim_machine *machine =
            BARE(INSN_ADD_X0, INSN_ADD_X0, INSN_LDR_X0_X1, INSN_ADD_X0, INSN_STR_X0_X1, INSN_ADD_X0, INSN_MRS_X0_TPIDR,
                 INSN_ADD_X0, INSN_MSR_TPIDR_X0, INSN_DC_CVAC_X1, INSN_ADD_X0, INSN_SVC, 0x17fffff4 /* B .-48 */);
        static const unsigned places[] = {[ARMSIM_HOOK_READ] = 2, [ARMSIM_HOOK_WRITE] = 4, [ARMSIM_HOOK_MRS] = 6,
                                          [ARMSIM_HOOK_MSR] = 8, [ARMSIM_HOOK_MAINTENANCE] = 9};
        struct heard heard = {0}; /* hear() compares with armsim_peek() */
        put(machine, "X1", DATA);
        returning_vectors(machine);
        run(machine, 1400);
        LISTEN(machine, &heard, .kinds = 1u << i);
        run(machine, 140);
        ck_assert_uint_ge(heard.count, 10);
        for (unsigned n = 0; n < heard.count && n < HEARD_MAX; n++) {
            const struct armsim_hook_event *event = &heard.events[n];
            if (i >= ARMSIM_HOOK_READ && i <= ARMSIM_HOOK_MAINTENANCE)
                ck_assert_uint_eq(event->pc, CODE_BASE + 4 * places[i]);
            if (i == ARMSIM_HOOK_EXCEPTION)
                ck_assert_uint_eq(event->pc, VECTOR_BASE + 0x200);
            if (i == ARMSIM_HOOK_RETURN)
                ck_assert_uint_eq(event->pc, CODE_BASE + 48);
        }
        armsim_destroy(machine);
    }
}
END_TEST

/* --- count = 1 runs one instruction --- */

START_TEST(one_is_one)
{
    struct armsim_machine *machine = BARE(INSN_ADD_X0, INSN_ADD_X0, INSN_LDP_X2_X3_X1, INSN_STR_X0_X1_POST, INSN_SVC,
                                          INSN_MRS_X0_TPIDR, INSN_TLBI_VAE1IS_X1, 0xd5033fdf /* ISB */, 0x17fffff8);
    struct armsim_machine *whole = BARE(INSN_ADD_X0, INSN_ADD_X0, INSN_LDP_X2_X3_X1, INSN_STR_X0_X1_POST, INSN_SVC,
                                        INSN_MRS_X0_TPIDR, INSN_TLBI_VAE1IS_X1, 0xd5033fdf, 0x17fffff8);
    struct armsim_machine *both[] = {machine, whole};
    for (unsigned i = 0; i < 2; i++) {
        put(both[i], "X1", DATA);
        returning_vectors(both[i]);
    }
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t pc = get(machine, "PC");
        struct armsim_stop stop = run(machine, 1);
        ck_assert_int_eq(stop.reason, ARMSIM_STOP_LIMIT);
        ck_assert_uint_eq(stop.executed, 1);
        ck_assert_uint_eq(stop.instructions, i + 1);
        ck_assert_uint_ne(stop.pc, pc);
    }
    run(whole, 2000);
    ck_assert_uint_eq(hash(whole), hash(machine));
    armsim_destroy(machine);
    armsim_destroy(whole);
}
END_TEST

/* --- no duplicated or split memory callbacks --- */

START_TEST(each_access_is_told_once)
{
    static const struct {
        uint32_t word;
        unsigned size;
        bool write;
    } rows[] = {{INSN_LDRB_W2_X1, 1, false}, {INSN_LDRH_W2_X1, 2, false}, {INSN_LDR_W2_X1, 4, false},
                {INSN_LDR_X0_X1, 8, false},  {INSN_LDR_Q2_X1, 16, false}, {INSN_STRB_W0_X1, 1, true},
                {INSN_STRH_W0_X1, 2, true},  {INSN_STR_W0_X1, 4, true},   {INSN_STR_X0_X1, 8, true},
                {INSN_STR_Q0_X1, 16, true}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct armsim_machine *machine = BARE(rows[i].word, INSN_B_BACK_1);
        struct heard heard = {0};
        mmu_on(machine);
        put(machine, "CPACR_EL1", 3 << 20);
        LISTEN(machine, &heard, .kinds = BIT(READ) | BIT(WRITE));
        for (unsigned offset = 0; offset < 48; offset++) { /* every alignment, and over the page's end */
            uint64_t address = DATA + 0x1000 - 24 + offset;
            put(machine, "X1", address);
            heard.count = 0;
            run(machine, 6);
            ck_assert_uint_eq(heard.count, 3);
            for (unsigned n = 0; n < 3; n++) {
                ck_assert_int_eq(heard.events[n].kind, rows[i].write ? ARMSIM_HOOK_WRITE : ARMSIM_HOOK_READ);
                ck_assert_uint_eq(heard.events[n].memory.va, address);
                ck_assert_uint_eq(heard.events[n].memory.size, rows[i].size);
            }
        }
        armsim_destroy(machine);
    }
}
END_TEST

/* --- a 64-bit MMIO access is delivered once --- */

struct port {
    unsigned reads, writes;
    uint32_t bytes;
    uint64_t value;
};

static int port_read(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                     const struct armsim_requester *requester, uint64_t *value)
{
    struct port *port = opaque;
    port->reads++;
    port->bytes = bytes;
    *value = 0x123456789abcdef0;
    return 0;
}

static int port_write(void *opaque, struct armsim_device *device, uint64_t offset, uint32_t bytes,
                      const struct armsim_requester *requester, uint64_t value)
{
    struct port *port = opaque;
    port->writes++;
    port->bytes = bytes;
    port->value = value;
    return 0;
}

START_TEST(sixty_four_bits_of_mmio_come_once)
{
    struct port port = {0};
    const struct armsim_device_config config = {
        .ops = {.size = sizeof(config.ops), .model = "port", .access_sizes = 8, .read = port_read, .write = port_write},
        .opaque = &port, .base = 0x9000000, .size = 0x1000, .spi = ARMSIM_NO_IRQ};
    struct armsim_machine *machine = BARE(INSN_LDR_X0_X1, INSN_STR_X0_X1, INSN_B_BACK_2);
    ck_assert_int_eq(armsim_add_device(machine, &config, NULL), 0);
    put(machine, "X1", 0x9000000);
    for (unsigned i = 1; i < 10; i++) {
        run(machine, 3);
        ck_assert_uint_eq(port.reads, i);
        ck_assert_uint_eq(port.writes, i);
        ck_assert_uint_eq(port.bytes, 8);
        ck_assert_uint_eq(port.value, 0x123456789abcdef0);
    }
    armsim_destroy(machine);
}
END_TEST

/* --- hooks added late fire --- */

START_TEST(late_hooks_fire)
{
    for (unsigned i = 0; i <= ARMSIM_HOOK_RETURN; i++) {
        struct armsim_machine *machine = BARE(INSN_LDR_X0_X1, INSN_STR_X0_X1, INSN_MRS_X0_TPIDR, INSN_MSR_TPIDR_X0,
                                              INSN_TLBI_VAE1IS_X1, INSN_SVC, 0x17fffffa /* B .-24 */);
        struct heard *heard = calloc(2, sizeof(*heard));
        put(machine, "X1", DATA);
        returning_vectors(machine);
        run(machine, 1000000); /* decoded, translated, predicted */
        uint64_t at = armsim_instructions(machine);
        armsim_hook_id id = LISTEN(machine, &heard[0], .kinds = 1u << i);
        run(machine, 8);
        ck_assert_uint_gt(heard[0].count, 0);
        ck_assert_uint_lt(heard[0].events[0].instructions, at + 8);
        armsim_hook_remove(machine, id);
        run(machine, 100000);
        LISTEN(machine, &heard[1], .kinds = 1u << i);
        run(machine, 8);
        ck_assert_uint_eq(heard[1].count, heard[0].count);
        free(heard);
        armsim_destroy(machine);
    }
}
END_TEST

/* --- contexts that restore everything; a version inside saved state --- */

static struct armsim_machine *busy(void)
{
    struct armsim_machine *machine = warm(INSN_STXR_W3_X0_X1);
    put_code(machine, CODE_BASE, (const uint32_t[]){INSN_LDXR_X2_X1}, 1);
    put(machine, "PC", CODE_BASE);
    run(machine, 301); /* between LDXR and STXR */
    return machine;
}

START_TEST(contexts_restore_everything)
{
    struct armsim_machine *machine = busy();
    struct bytes bytes = {0};
    uint64_t before = hash(machine);
    ck_assert_int_eq(armsim_snapshot_save_to(machine, put_bytes, &bytes), 0);
    run(machine, 1000);
    uint64_t after = hash(machine), instructions = armsim_instructions(machine), time = armsim_time_ns(machine);
    /* All sorts of damage. */
    struct armsim_register_info info;
    for (size_t i = 0; armsim_register_at(machine, i, &info) == 0; i++)
        if (info.id != ARMSIM_REG_PSTATE)
            armsim_poke(machine, 0, info.id, 0x5a5a5a5a5a5a5a5a);
    for (uint64_t address = CODE_BASE; address < CODE_BASE + RAM_BYTES; address += 4096)
        set_memory(machine, address, 0);
    armsim_set_pin(machine, 0, ARMSIM_PIN_IRQ, true);
    armsim_inject_serror(machine, 0, 1);
    run(machine, 1000);
    ck_assert_int_eq(armsim_snapshot_load_from(machine, get_bytes, &bytes), 0);
    ck_assert_uint_eq(hash(machine), before);
    run(machine, 1000);
    ck_assert_uint_eq(hash(machine), after);
    ck_assert_uint_eq(armsim_instructions(machine), instructions);
    ck_assert_uint_eq(armsim_time_ns(machine), time);
    free(bytes.data);
    armsim_destroy(machine);
}
END_TEST

START_TEST(saved_state_has_a_version)
{
    enum { VERSION_OFFSET = 16 }; /* docs/snapshot.md */
    struct armsim_machine *machine = busy();
    struct bytes bytes = {0};
    ck_assert_int_eq(armsim_snapshot_save_to(machine, put_bytes, &bytes), 0);
    bytes.data[VERSION_OFFSET] += 7;
    uint64_t before = hash(machine);
    ck_assert_int_eq(armsim_snapshot_load_from(machine, get_bytes, &bytes), ARMSIM_ERROR_INPUT);
    ck_assert_msg(strstr(armsim_last_error(machine), "version"), "%s", armsim_last_error(machine));
    ck_assert_uint_eq(hash(machine), before);
    free(bytes.data);
    armsim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api: wishes");
    TCase *tests = tcase_create("wishes");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, host_writes_leave_nothing_stale);
    tcase_add_test(tests, host_writes_in_hooks_take_effect_at_once);
    tcase_add_test(tests, exception_hooks_have_the_syndrome);
    tcase_add_test(tests, every_register_can_be_hooked);
    tcase_add_test(tests, interrupts_are_injected);
    tcase_add_test(tests, the_guests_view_of_memory);
    tcase_add_test(tests, the_pc_is_exact_in_every_hook);
    tcase_add_test(tests, one_is_one);
    tcase_add_test(tests, each_access_is_told_once);
    tcase_add_test(tests, sixty_four_bits_of_mmio_come_once);
    tcase_add_test(tests, late_hooks_fire);
    tcase_add_test(tests, contexts_restore_everything);
    tcase_add_test(tests, saved_state_has_a_version);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
