/*
 * S01: every form of load and store, on registers that the monitor simulates and on memory mapped as Device: the same
 * results in every register, from every exception level there is. Then what must not be answered, and is given back as
 * an external abort.
 *
 * The form sees one address, behind which is now the one, now the other; so results can be compared as they are.
 */
#include "../lib/memory.h"
#include "../lib/syndrome.h"
#include "../lib/test.h"

#define SIMULATED 0x0b002000ul
#define UNKNOWN 0x0b008000ul
#define SECURE_RAM 0x0e000000ul
#define SECURE_UART 0x09040000ul
enum { BASE = 0x400, STACK = 0x500, INDEX = 0x40, PAGE = 4096, PAR_TEST = 0x3000 };

/* As sweep_forms.S has it. */
struct state {
    u64 x[31], sp, nzcv, unused, v[32][2], caller;
};
_Static_assert(__builtin_offsetof(struct state, v) == 272 && __builtin_offsetof(struct state, caller) == 784, "layout");
void run_form(struct state *state, const void *form);
extern const struct form {
    const void *code;
    const char *text;
} forms[], forms_end[];

u8 window[PAGE] EL0_DATA __attribute__((aligned(PAGE)));
static u8 native[PAGE] __attribute__((aligned(PAGE)));
static struct state state EL0_DATA __attribute__((aligned(16)));
static const void *el0_code EL0_DATA;
static struct {
    unsigned count, el;
    u64 esr, far, elr;
} fault;
unsigned checks_failed;
static bool big_endian; /* EL0's data */

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)vector;
    fault.count++;
    fault.el = el;
    fault.esr = frame->esr;
    fault.far = frame->far;
    fault.elr = frame->elr;
    frame->elr += 4;
}

/* What EL0 reads itself. */
static u64 for_el0(u64 value)
{
    return big_endian ? __builtin_bswap64(value) : value;
}

static u64 at_el0(void)
{
    run_form(&state, el0_code);
    return 0;
}

static void run(unsigned el, const void *code)
{
    if (el == 0) {
        el0_code = (const void *)for_el0((u64)code);
        call_el0(at_el0);
    } else {
        run_form(&state, code);
    }
}

static u64 scramble(u64 n)
{
    n = (n + 1) * 0x9e3779b97f4a7c15ul;
    return n ^ n >> 29;
}

/* The same for both runs. Compared values of CAS are what memory holds, every second time. */
static void prepare(u64 number)
{
    for (unsigned n = 0; n < 29; n++)
        state.x[n] = scramble(number * 64 + n);
    for (unsigned n = 0; n < 32; n++)
        state.v[n][0] = scramble(number * 64 + 32 + n), state.v[n][1] = ~state.v[n][0];
    if (number & 1) {
        memcpy(&state.x[1], native + BASE, 8);
        memcpy(&state.x[2], native + BASE, 16);
    }
    state.x[27] = for_el0(INDEX);
    state.x[28] = for_el0((u64)window + BASE);
    state.sp = for_el0((u64)window + STACK);
    state.nzcv = for_el0(number << 28 & 0xf0000000);
}

static void compare(const struct form *form, const struct state *expected)
{
    for (unsigned n = 0; n < 29; n++)
        if (state.x[n] != expected->x[n])
            print("%s: X%u is %lx, natively %lx\n", form->text, n, state.x[n], expected->x[n]), checks_failed++;
    if (state.sp != expected->sp || state.nzcv != expected->nzcv)
        print("%s: SP or NZCV\n", form->text), checks_failed++;
    if (memcmp(state.v, expected->v, sizeof(state.v)))
        print("%s: a SIMD&FP register\n", form->text), checks_failed++;
}

static void finish(void)
{
    print(checks_failed ? "FAILED\n" : "all as it should be\n");
    power_off(checks_failed != 0);
}

static void sweep(const char *caller, unsigned el)
{
    u64 *words = (u64 *)window;
    for (u64 n = 0; n < PAGE / 8; n++)
        ((u64 *)native)[n] = scramble(n);
    mmu_map_device((u64)window, SIMULATED);
    fault.count = 0;
    for (u64 n = 0; n < PAGE / 8; n++)
        words[n] = scramble(n);
    WRITE(par_el1, PAR_TEST);
    for (const struct form *form = forms; form < forms_end; form++) {
        u64 number = (u64)(form - forms);
        mmu_map_device((u64)window, (u64)native);
        prepare(number);
        struct state start = state;
        run(el, form->code);
        struct state expected = state;
        mmu_map_device((u64)window, SIMULATED);
        state = start;
        run(el, form->code);
        compare(form, &expected);
    }
    unsigned differ = 0;
    for (u64 n = 0; n < PAGE / 8; n++)
        differ += words[n] != ((u64 *)native)[n];
    CHECK(differ == 0);
    CHECK(READ(par_el1) == PAR_TEST);
    CHECK(fault.count == 0);
    print("%s: %u forms\n", caller, (u32)(forms_end - forms));
}

/* ---- what has no answer */

static u8 stack[PAGE] __attribute__((aligned(16)));

__asm__(".arch armv8-a+simd\n"
        "load_form: ldr x1, [x28]\n\tret\n"
        "store_form: str x1, [x28], #8\n\tret\n"
        "structure_form: ld1 {v1.16b}, [x28], #16\n\tret\n"
        "exclusive_form: ldxr x1, [x28]\n\tstxr w2, x3, [x28]\n\tret\n");
extern const u8 load_form[], store_form[], structure_form[], exclusive_form[];

static void no_answer(unsigned el, unsigned target, u64 physical, const void *form, bool write)
{
    unsigned class = el == target ? EC_DATA_SAME : EC_DATA_LOWER;
    mmu_map_device((u64)window, physical);
    prepare(0);
    state.sp = (u64)(stack + sizeof(stack)); /* the handler's, too */
    struct state before = state;
    fault.count = 0;
    run(el, form);
    CHECK(fault.count == 1 && fault.el == target);
    CHECK(fault.esr == ESR_VALUE(class, FSC_EXTERNAL | (write ? ISS_WNR : 0)));
    CHECK(fault.far == before.x[28] && fault.elr == (u64)form);
    CHECK(memcmp(before.x, state.x, 29 * 8) == 0 && memcmp(before.v, state.v, sizeof(state.v)) == 0);
}

static void no_answers(unsigned el, unsigned target)
{
    static const u64 places[] = {UNKNOWN, SECURE_RAM, SECURE_UART, 0};
    for (unsigned i = 0; i < COUNT(places); i++) {
        no_answer(el, target, places[i], load_form, false);
        no_answer(el, target, places[i], store_form, true);
    }
    no_answer(el, target, SIMULATED, structure_form, false); /* a form that the monitor doesn't know */
    print("EL%u to EL%u: external aborts come back\n", el, target);
}

/* Without an answer there is nothing to compare, and forms that use SP would leave no way back. */
static void expect_answers(unsigned el)
{
    mmu_map_device((u64)window, SIMULATED);
    prepare(0);
    state.sp = (u64)(stack + sizeof(stack));
    fault.count = 0;
    run(el, load_form);
    CHECK(fault.count == 0);
    if (fault.count)
        finish();
}

/* The return from the monitor has cleared the exclusive monitor: STXR fails, and stores nothing. */
static void exclusives(void)
{
    mmu_map_device((u64)window, SIMULATED);
    prepare(0);
    u64 *word = (u64 *)(window + BASE), before = *word;
    run(1, exclusive_form);
    CHECK(state.x[1] == before && state.x[2] == 1 && *word == before);
}

/* ---- the levels */

static u64 set_hcr(u64 value)
{
    WRITE(hcr_el2, value);
    ISB();
    return 0;
}

/* Stage 2 with every address at its place. */
static u64 stage2_on(u64 unused)
{
    static u64 table[512] __attribute__((aligned(PAGE)));
    for (u64 i = 0; i < 4; i++)
        table[i] = i << 30 | 1 << 10 | 3 << 6 | 0xf << 2 | 1; /* AF, S2AP, Normal */
    WRITE(vttbr_el2, table);
    WRITE(vtcr_el2, 1ul << 31 | 2 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | 25);
    DSB();
    __asm__ volatile("tlbi vmalls12e1\n\tdsb sy\n\tisb");
    return set_hcr(HCR_RW | HCR_VM | unused);
}

static void at_el1(void)
{
    install_vectors();
    open_el1();
    mmu_on();
    expect_answers(1);
    sweep("EL1", 1);
    sweep("EL0", 0);
    WRITE(sctlr_el1, READ(sctlr_el1) | BIT(24)); /* E0E */
    big_endian = true;
    sweep("EL0, big-endian", 0);
    WRITE(sctlr_el1, READ(sctlr_el1) & ~BIT(24));
    big_endian = false;
    ISB();
    no_answers(1, 1);
    no_answers(0, 1);
    exclusives();
    if (start_el == 2) {
        call_at(2, stage2_on, 0);
        sweep("EL1 behind stage 2", 1);
        sweep("EL0 behind stage 2", 0);
        call_at(2, set_hcr, HCR_RW | HCR_TEA);
        no_answers(1, 2);
        no_answers(0, 2);
    }
    finish();
}

static void at_el2(void)
{
    mmu_on_el2();
    expect_answers(2);
    sweep("EL2", 2);
    no_answers(2, 2);
    WRITE(sctlr_el2, READ(sctlr_el2) & ~1ul);
    ISB();
    set_hcr(HCR_RW | HCR_E2H | HCR_TGE);
    WRITE(cptr_el2, 3 << 20);
    mmu_on_el2();
    sweep("EL2 as a host", 2);
    sweep("EL0 of a host", 0);
    no_answers(2, 2);
    no_answers(0, 2);
    WRITE(sctlr_el2, READ(sctlr_el2) & ~1ul);
    ISB();
    set_hcr(HCR_RW);
    open_el2();
    enter(1, at_el1);
}

void rom_main(void)
{
    set_handler(handle);
    if (start_el == 2)
        at_el2();
    at_el1();
}
