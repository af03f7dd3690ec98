/* Self-hosted debug: software step, breakpoints, watchpoints, and what comes first. */
#include "pe_fixture.h"

#include "cpu/syndrome.h"
#include "run_suite.h"

#include <stdlib.h>

enum { CODE = FIXTURE_RAM, VECTORS_EL1 = FIXTURE_RAM + 0x4000, VECTORS_EL2 = FIXTURE_RAM + 0x5000,
       DATA = FIXTURE_RAM + 0x8000, TABLES = FIXTURE_RAM + 0xf000 };
enum { SYNC_SAME_EL = 0x200, SYNC_LOWER_EL = 0x400 };
enum { NOP = 0xd503201f, ERET = 0xd69f03e0, SVC = 0xd4000021, HVC = 0xd4000022, BRK = 0xd4200020, UDF = 0,
       LDR = 0xf9400041, STR = 0xf9000041, STRB = 0x39000041, LDP = 0xa9400c41, LDXR = 0xc85f7c41, SWP = 0xf8218043,
       LDTR = 0xf8400841, LDUR_4 = 0xf8404041, LDR_Q = 0x3dc00040, DC_ZVA = 0xd50b7422, DC_IVAC = 0xd5087622,
       DAIFCLR_D = 0xd50348ff };
#define SS (1ull << 0)
#define KDE (1ull << 13)
#define MDE (1ull << 15)
#define TDE (1ull << 8)
#define SDD (1ull << 16)
#define SPSR_SS (1ull << 21)
#define SPSR_IL (1ull << 20)

static struct pe_fixture f;

static void word(uint64_t pa, uint32_t insn)
{
    ck_assert_int_eq(bus_write(f.bus, pa, 4, (struct bus_attrs){.debug = true}, insn), BUS_OK);
}

static void setup(void)
{
    fixture_create(&f, "v8.2", true, true);
    struct pe *pe = f.pe;
    SR(pe, SCR_EL3) = 0x501; /* NS, HCE, RW */
    SR(pe, HCR_EL2) = 1ull << 31;
    SR(pe, OSLSR_EL1) = 8;
    SR(pe, VBAR_EL1) = VECTORS_EL1;
    SR(pe, VBAR_EL2) = VECTORS_EL2;
    SR(pe, SCTLR_EL1) |= 1 << 26 | 1 << 14; /* UCI, DZE */
    SR(pe, CPACR_EL1) = 3 << 20;
    for (unsigned i = 0; i < 64; i++)
        word(CODE + 4 * i, NOP);
    pe->x[2] = DATA;
}

static void teardown(void) { fixture_destroy(&f); }

/* At the beginning of the code, at an EL, with everything unmasked. */
static void enter(unsigned el)
{
    fixture_enter(&f, el);
    f.pe->pstate.d = f.pe->pstate.a = f.pe->pstate.i = f.pe->pstate.f = 0;
}

static void step(uint32_t insn)
{
    word(f.pe->pc, insn);
    f.traps = 0;
    pe_step(f.pe);
}

#define EXCEPTION(EL_, ESR_)                                                                                           \
    do {                                                                                                               \
        ck_assert_uint_eq(f.traps, 1);                                                                                 \
        ck_assert_uint_eq(f.last.to_el, EL_);                                                                          \
        ck_assert_msg(f.last.esr == (ESR_), "ESR %llx, not %llx", (unsigned long long)f.last.esr,                      \
                      (unsigned long long)(ESR_));                                                                     \
    } while (0)
#define NO_EXCEPTION ck_assert_msg(f.traps == 0, "ESR %llx", (unsigned long long)f.last.esr)

/* --- software step --- */

static uint64_t step_syndrome(bool same_el, bool stepped, bool exclusive)
{
    return syndrome_software_step(same_el, stepped, exclusive);
}

/* From EL1 to EL0 by ERET with SPSR_EL1.SS as given. */
static void return_to_el0(uint64_t spsr)
{
    enter(1);
    word(CODE, ERET);
    SR(f.pe, ELR_EL1) = CODE + 0x40;
    SR(f.pe, SPSR_EL1) = spsr;
    pe_step(f.pe);
    ck_assert_uint_eq(f.pe->pstate.el, 0);
    f.traps = 0;
}

START_TEST(step_takes_one_instruction)
{
    SR(f.pe, MDSCR_EL1) = SS;
    pe_update_context(f.pe);
    return_to_el0(SPSR_SS);
    ck_assert_uint_eq(f.pe->pstate.ss, 1);
    step(NOP);
    NO_EXCEPTION;
    ck_assert_uint_eq(f.pe->pstate.ss, 0);
    step(NOP);
    EXCEPTION(1, step_syndrome(false, true, false));
    ck_assert_uint_eq(f.last.elr, CODE + 0x44);
    ck_assert_uint_eq(f.last.spsr & SPSR_SS, 0);
    ck_assert_uint_eq(f.last.vector_offset, SYNC_LOWER_EL);
}
END_TEST

START_TEST(step_that_is_over_at_once)
{
    SR(f.pe, MDSCR_EL1) = SS;
    pe_update_context(f.pe);
    return_to_el0(0);
    step(NOP);
    EXCEPTION(1, step_syndrome(false, false, false)); /* nothing was stepped: ISV is 0 */
    ck_assert_uint_eq(f.last.elr, CODE + 0x40);
}
END_TEST

START_TEST(step_of_a_load_exclusive)
{
    SR(f.pe, MDSCR_EL1) = SS;
    pe_update_context(f.pe);
    return_to_el0(SPSR_SS);
    step(LDXR);
    step(NOP);
    EXCEPTION(1, step_syndrome(false, true, true));
}
END_TEST

START_TEST(calls_end_the_step_other_exceptions_do_not)
{
    static const struct {
        uint32_t insn;
        unsigned to;
        bool over;
    } cases[] = {{SVC, 1, true}, {BRK, 1, false}, {UDF, 1, false}, {LDR, 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SR(f.pe, MDSCR_EL1) = SS;
        pe_update_context(f.pe);
        return_to_el0(SPSR_SS);
        f.pe->x[2] = cases[i].insn == LDR ? 1 : DATA; /* nothing is there */
        step(cases[i].insn);
        ck_assert_uint_eq(f.traps, 1);
        ck_assert_uint_eq(f.last.to_el, cases[i].to);
        ck_assert_msg(!(f.last.spsr & SPSR_SS) == cases[i].over, "case %zu", i);
    }
}
END_TEST

START_TEST(steps_at_el1_need_kde_and_d)
{
    SR(f.pe, MDSCR_EL1) = SS;
    enter(1);
    step(NOP);
    NO_EXCEPTION;
    SR(f.pe, MDSCR_EL1) = SS | KDE;
    enter(1);
    f.pe->pstate.d = 1;
    step(NOP);
    NO_EXCEPTION;
    step(DAIFCLR_D);
    NO_EXCEPTION;
    step(NOP); /* PSTATE.SS is 0: the step is over before it began */
    EXCEPTION(1, step_syndrome(true, false, false));
    ck_assert_uint_eq(f.last.vector_offset, SYNC_SAME_EL);
}
END_TEST

START_TEST(where_steps_go)
{
    static const struct {
        unsigned el, to;
        uint64_t mdcr, hcr;
        const char *why;
    } cases[] = {
        {0, 1, 0, 0, "software step"},
        {0, 2, TDE, 0, "MDCR_EL2.TDE"},
        {1, 2, TDE, 0, "MDCR_EL2.TDE"},
        {0, 2, 0, HCR_EL2_TGE, "HCR_EL2.TGE"},
        {2, 2, TDE, 0, "software step"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SR(f.pe, MDSCR_EL1) = SS | KDE;
        SR(f.pe, MDCR_EL2) = cases[i].mdcr;
        SR(f.pe, HCR_EL2) = 1ull << 31 | cases[i].hcr;
        enter(cases[i].el);
        step(NOP);
        EXCEPTION(cases[i].to, step_syndrome(cases[i].el == cases[i].to, false, false));
        ck_assert_str_eq(f.last.why, cases[i].why);
    }
}
END_TEST

START_TEST(what_disables_debug_exceptions)
{
    struct pe *pe = f.pe;
    SR(pe, MDSCR_EL1) = SS;
    SR(pe, OSLSR_EL1) = 0xa;
    enter(0);
    step(NOP);
    NO_EXCEPTION;
    SR(pe, OSLSR_EL1) = 8;
    if (has_feature(pe, FEATURE_DoubleLock)) {
        SR(pe, OSDLR_EL1) = 1;
        enter(0);
        step(NOP);
        NO_EXCEPTION;
        SR(pe, OSDLR_EL1) = 0;
    }
    SR(pe, SCR_EL3) = 0x500; /* Secure */
    SR(pe, MDCR_EL3) = SDD;
    enter(0);
    step(NOP);
    NO_EXCEPTION;
    SR(pe, MDCR_EL3) = 0;
    enter(0);
    step(NOP);
    EXCEPTION(1, step_syndrome(false, false, false));
    enter(3);
    step(NOP);
    NO_EXCEPTION;
}
END_TEST

/* --- breakpoints --- */

enum { BCR = 0x1e7, BCR_EL0 = 0x1e5, BCR_EL1 = 0x1e3 }; /* E, PMC, BAS */

static void breakpoint(unsigned n, uint64_t control, uint64_t value)
{
    f.pe->sr[SR_DBGBCR0_EL1 + n] = control;
    f.pe->sr[SR_DBGBVR0_EL1 + n] = value;
}

START_TEST(breakpoints_match_addresses)
{
    SR(f.pe, MDSCR_EL1) = MDE;
    breakpoint(1, BCR, CODE + 4);
    enter(0);
    step(NOP);
    NO_EXCEPTION;
    step(UDF); /* the breakpoint comes first */
    EXCEPTION(1, syndrome_breakpoint(false));
    ck_assert_uint_eq(f.last.elr, CODE + 4);
    breakpoint(1, BCR, (0xffull << 56) | (CODE + 4)); /* bits above the address do not count */
    enter(0);
    f.pe->pc = CODE + 4;
    step(NOP);
    EXCEPTION(1, syndrome_breakpoint(false));
}
END_TEST

START_TEST(breakpoints_select_levels)
{
    static const struct {
        unsigned el;
        uint64_t control;
        bool hits;
    } cases[] = {
        {0, BCR_EL0, true}, {1, BCR_EL0, false}, {0, BCR_EL1, false}, {1, BCR_EL1, true},
        {0, BCR & ~1ull, false}, /* disabled */
        {0, BCR | 1 << 14, true}, /* SSC: Non-secure */
        {0, BCR | 2 << 14, false}, /* SSC: Secure */
        {2, BCR | 1 << 13, true}, /* HMC */
        {2, BCR, false},
        {0, BCR & ~(1ull << 5), false}, /* BAS without the first byte */
        {0, BCR | 4 << 20, false}, /* address mismatch: not in this regime */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SR(f.pe, MDSCR_EL1) = MDE | KDE;
        SR(f.pe, MDCR_EL2) = cases[i].el == 2 ? TDE : 0;
        breakpoint(0, cases[i].control, CODE);
        enter(cases[i].el);
        step(NOP);
        ck_assert_msg((f.traps == 1) == cases[i].hits, "case %zu", i);
    }
}
END_TEST

START_TEST(breakpoints_match_contexts)
{
    struct pe *pe = f.pe;
    unsigned last = (unsigned)(SR(pe, ID_AA64DFR0_EL1) >> 12 & 15); /* context-aware */
    const uint64_t id = 0x1234, vmid = 0x56;
    static const struct {
        unsigned type;
        uint64_t value;
        bool hits;
    } cases[] = {
        {2, 0x1234, true}, {2, 0x1235, false},
        {6, 0x1234, true}, {8, 0x56ull << 32, true}, {8, 0x57ull << 32, false},
        {10, 0x56ull << 32 | 0x1234, true}, {10, 0x56ull << 32 | 0x1235, false},
        {12, 0x9abcull << 32, true}, {12, 0x9abdull << 32, false}, {14, 0x9abcull << 32 | 0x1234, true},
        {3, 0x1234, false}, /* for links only */
    };
    SR(pe, CONTEXTIDR_EL1) = id;
    SR(pe, CONTEXTIDR_EL2) = 0x9abc;
    SR(pe, VTTBR_EL2) = vmid << 48;
    SR(pe, MDSCR_EL1) = MDE;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        breakpoint(last, BCR | (uint64_t)cases[i].type << 20, cases[i].value);
        enter(0);
        step(NOP);
        ck_assert_msg((f.traps == 1) == cases[i].hits, "case %zu", i);
        /* An address breakpoint that is linked to it; only types with bit 0 set are there to be linked to. */
        breakpoint(0, BCR | 1 << 20 | last << 16, CODE);
        breakpoint(last, 0x1e1 | (uint64_t)(cases[i].type | 1) << 20, cases[i].value);
        enter(0);
        step(NOP);
        bool linked = cases[i].hits || cases[i].type == 3;
        ck_assert_msg((f.traps == 1) == linked, "linked, case %zu", i);
        breakpoint(0, 0, 0);
    }
}
END_TEST

/* --- watchpoints --- */

enum { WCR = 0x1fff, LOADS = 1 << 3, STORES = 2 << 3 }; /* E, PAC, LSC, BAS */

static void watchpoint(uint64_t control, uint64_t value)
{
    SR(f.pe, DBGWCR1_EL1) = control;
    SR(f.pe, DBGWVR1_EL1) = value;
}

START_TEST(watchpoints_match_accesses)
{
    static const struct {
        uint32_t insn;
        uint64_t control, value;
        bool hits, write;
        uint64_t offset; /* of FAR_EL1 */
    } cases[] = {
        {LDR, WCR, DATA, true, false, 0},
        {STR, WCR, DATA, true, true, 0},
        {LDR, WCR & ~(uint64_t)LOADS, DATA, false, false, 0},
        {STR, WCR & ~(uint64_t)STORES, DATA, false, false, 0},
        {LDR, WCR, DATA + 8, false, false, 0},
        {LDP, WCR, DATA + 8, true, false, 8},
        {LDR, WCR & ~0x1fe0ull, DATA, false, false, 0}, /* BAS selects nothing */
        {LDR, (WCR & ~0x1fe0ull) | 0x80 << 5, DATA, true, false, 0},
        {STRB, (WCR & ~0x1fe0ull) | 0x80 << 5, DATA, false, false, 0},
        {STRB, (WCR & ~0x1fe0ull) | 0x01 << 5, DATA, true, true, 0},
        {LDR, (WCR & ~0x1fe0ull) | 0x81 << 5, DATA, false, false, 0}, /* not side by side */
        {LDR, (WCR & ~0x1fe0ull) | 0x0f << 5, DATA + 4, true, false, 0},
        {LDP, WCR | 4ull << 24, DATA, true, false, 0}, /* MASK: 16 bytes */
        {LDR, WCR | 4ull << 24, DATA - 16, false, false, 0},
        {LDR, WCR | 12ull << 24, DATA, true, false, 0},
        {LDR, WCR | 2ull << 24, DATA, false, false, 0}, /* reserved */
        {LDR, (WCR & ~0x1fe0ull) | 0x0f << 5 | 4ull << 24, DATA, false, false, 0}, /* MASK and BAS */
        {LDXR, WCR, DATA, true, false, 0},
        {SWP, WCR, DATA, true, false, 0}, /* reads and writes: the load counts where it is watched ... */
        {SWP, WCR & ~(uint64_t)LOADS, DATA, true, true, 0},
        {LDR_Q, WCR, DATA + 8, true, false, 0},
        {LDR, WCR & ~1ull, DATA, false, false, 0},
        {LDR, (WCR & ~6ull) | 1 << 1, DATA, false, false, 0}, /* EL1 only */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SR(f.pe, MDSCR_EL1) = MDE;
        watchpoint(cases[i].control, cases[i].value);
        f.pe->x[1] = 0x1122334455667788;
        enter(0);
        step(cases[i].insn);
        ck_assert_msg((f.traps == 1) == cases[i].hits, "case %zu, ESR %llx", i, (unsigned long long)f.last.esr);
        if (!cases[i].hits)
            continue;
        EXCEPTION(1, syndrome_watchpoint(false, false, cases[i].write));
        ck_assert_msg(f.last.far == DATA + cases[i].offset, "case %zu", i);
        ck_assert_uint_eq(f.last.elr, CODE);
        ck_assert_uint_eq(f.pe->x[1], 0x1122334455667788);
    }
}
END_TEST

START_TEST(watchpoints_of_maintenance)
{
    SR(f.pe, MDSCR_EL1) = MDE | KDE;
    watchpoint(WCR & ~(uint64_t)LOADS, DATA + 0x20);
    enter(1);
    f.pe->x[2] = DATA + 0x10;
    step(DC_IVAC);
    EXCEPTION(1, syndrome_watchpoint(true, true, true));
    ck_assert_uint_eq(f.last.far, DATA + 0x10);
}
END_TEST

START_TEST(watchpoints_of_unprivileged_accesses)
{
    SR(f.pe, MDSCR_EL1) = MDE | KDE;
    watchpoint((WCR & ~6ull) | 2 << 1, DATA); /* EL0 */
    enter(1);
    step(LDR);
    NO_EXCEPTION;
    step(LDTR);
    EXCEPTION(1, syndrome_watchpoint(true, false, false));
}
END_TEST

/* 1 GiB blocks of Normal memory for EL1: accesses need no alignment, and go the fast way when nothing is watched. */
static void mmu_on(void)
{
    for (uint64_t i = 0; i < 4; i++)
        bus_write(f.bus, TABLES + 8 * i, 8, (struct bus_attrs){.debug = true}, i << 30 | 0x701);
    SR(f.pe, TTBR0_EL1) = TABLES;
    SR(f.pe, TCR_EL1) = 32 | 1 << 23;
    SR(f.pe, MAIR_EL1) = 0xff;
    SR(f.pe, SCTLR_EL1) |= 1;
}

START_TEST(watchpoints_of_accesses_that_are_not_aligned)
{
    mmu_on();
    SR(f.pe, MDSCR_EL1) = 0;
    enter(1);
    step(LDUR_4); /* the fast TLB has the page now */
    NO_EXCEPTION;
    SR(f.pe, MDSCR_EL1) = MDE | KDE;
    watchpoint(WCR, DATA + 8);
    enter(1);
    step(LDUR_4);
    EXCEPTION(1, syndrome_watchpoint(true, false, false));
    ck_assert_uint_eq(f.last.far, DATA + 8); /* the first byte that is watched */
    watchpoint(WCR, DATA + 0x1000);
    enter(1);
    f.pe->x[2] = DATA + 0xff8;
    step(LDUR_4);
    EXCEPTION(1, syndrome_watchpoint(true, false, false));
    ck_assert_uint_eq(f.last.far, DATA + 0x1000);
    watchpoint(WCR, DATA + 0x30);
    enter(1);
    f.pe->x[2] = DATA + 0x38;
    step(DC_ZVA);
    EXCEPTION(1, syndrome_watchpoint(true, false, true));
    ck_assert_uint_eq(f.last.far, DATA); /* the block's */
    enter(1);
    f.pe->x[2] = DATA + 0x100;
    step(DC_ZVA);
    NO_EXCEPTION;
}
END_TEST

/* --- what comes first --- */

START_TEST(priorities)
{
    struct pe *pe = f.pe;
    /* Software step before the PC's alignment. */
    SR(pe, MDSCR_EL1) = SS | MDE;
    enter(0);
    pe->pc = CODE + 2;
    pe_step(pe);
    EXCEPTION(1, step_syndrome(false, false, false));
    /* The fetch's abort before the breakpoint; the breakpoint before the illegal state, that before the instruction. */
    SR(pe, MDSCR_EL1) = MDE;
    breakpoint(0, BCR, 0x1000);
    enter(0);
    pe->pc = 0x1000;
    pe_step(pe);
    ck_assert_uint_eq(syndrome_class(f.last.esr), EC_INSTRUCTION_ABORT);
    breakpoint(0, BCR, CODE);
    enter(0);
    pe->pstate.il = 1;
    step(SVC);
    EXCEPTION(1, syndrome_breakpoint(false));
    ck_assert(f.last.spsr & SPSR_IL);
    breakpoint(0, 0, 0);
    enter(0);
    pe->pstate.il = 1;
    step(SVC);
    EXCEPTION(1, syndrome_illegal_state());
    enter(0);
    pe->pstate.il = 1;
    pe->pc = CODE + 2;
    pe_step(pe);
    EXCEPTION(1, syndrome_pc_alignment());
    /* The access's alignment before the watchpoint. */
    watchpoint(WCR, DATA);
    enter(0);
    pe->x[2] = DATA + 1; /* Device memory: the MMU is off */
    step(LDR);
    ck_assert_uint_eq(syndrome_class(f.last.esr), EC_DATA_ABORT);
}
END_TEST

/* --- a debugger that steps a program: runs, cut anywhere, and steps end alike --- */

static void load_stepped_program(void)
{
    static const uint32_t handler[] = {
        0x91000694, /* add x20, x20, #1 */
        0xd5384009, /* mrs x9, spsr_el1 */
        0xb26b0129, /* orr x9, x9, #SPSR_SS */
        0xd5184009, /* msr spsr_el1, x9 */
        ERET,
    };
    static const uint32_t program[] = {
        LDR,
        0x91000421, /* add x1, x1, #1 */
        STR,
        0xc85f7c44, /* ldxr x4, [x2] */
        0xc8057c44, /* stxr w5, x4, [x2] */
        SVC,
        0xa9409c46, /* ldp x6, x7, [x2, #8] */
        0x91000463, /* add x3, x3, #1 */
        0x17fffff8, /* b the first one */
    };
    for (size_t i = 0; i < sizeof handler / sizeof *handler; i++)
        word(VECTORS_EL1 + SYNC_LOWER_EL + 4 * i, handler[i]);
    for (size_t i = 0; i < sizeof program / sizeof *program; i++)
        word(CODE + 4 * i, program[i]);
    SR(f.pe, MDSCR_EL1) = SS | MDE;
    breakpoint(0, BCR_EL1, VECTORS_EL1 + SYNC_LOWER_EL); /* never: KDE is 0 */
    watchpoint(WCR, DATA + 0x100);
    enter(0);
    f.pe->pstate.ss = 1;
    pe_update_context(f.pe);
}

START_TEST(cut_runs_end_like_one_run)
{
    load_stepped_program();
    while (f.pe->instructions < 3000)
        pe_run(f.pe, 3000 - f.pe->instructions);
    uint64_t whole = pe_hash(f.pe, 0), end = f.pe->instructions;
    ck_assert_uint_gt(f.pe->x[3], 30);
    ck_assert_uint_gt(f.pe->x[20], f.pe->x[3] * 8);
    for (unsigned seed = 1; seed <= 10; seed++) {
        teardown();
        setup();
        load_stepped_program();
        srand(seed);
        while (f.pe->instructions < end) {
            uint64_t left = end - f.pe->instructions;
            if (rand() % 2 || left < 60)
                pe_step(f.pe);
            else
                pe_run(f.pe, (uint64_t)rand() % 40 + 1);
        }
        ck_assert_uint_eq(f.pe->instructions, end);
        ck_assert_uint_eq(pe_hash(f.pe, 0), whole);
    }
}
END_TEST

/* An interrupt that comes while a program is stepped is taken between instructions: the step before it is over. */
START_TEST(interrupts_between_steps)
{
    load_stepped_program();
    pe_set_pending(f.pe, PENDING_IRQ, true);
    f.pe->pstate.i = 1;
    word(CODE, NOP);
    pe_step(f.pe);
    f.pe->pstate.i = 0;
    f.pe->sample_interrupts = true;
    f.pe->pstate.ss = 1;
    pe_update_pstate(f.pe);
    word(CODE + 4, 0x14000001); /* b the next one: interrupts are looked at */
    word(VECTORS_EL1 + SYNC_LOWER_EL + 0x80, NOP);
    f.traps = 0;
    pe_step(f.pe);
    ck_assert_uint_eq(f.traps, 0);
    pe_step(f.pe);
    ck_assert_uint_eq(f.traps, 1);
    ck_assert_int_eq(f.last.kind, TRAP_IRQ);
    ck_assert_uint_eq(SR(f.pe, SPSR_EL1) & SPSR_SS, 0);
    ck_assert_uint_eq(SR(f.pe, ELR_EL1), CODE + 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("debug");
    TCase *tcase = tcase_create("self-hosted");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, step_takes_one_instruction);
    tcase_add_test(tcase, step_that_is_over_at_once);
    tcase_add_test(tcase, step_of_a_load_exclusive);
    tcase_add_test(tcase, calls_end_the_step_other_exceptions_do_not);
    tcase_add_test(tcase, steps_at_el1_need_kde_and_d);
    tcase_add_test(tcase, where_steps_go);
    tcase_add_test(tcase, what_disables_debug_exceptions);
    tcase_add_test(tcase, breakpoints_match_addresses);
    tcase_add_test(tcase, breakpoints_select_levels);
    tcase_add_test(tcase, breakpoints_match_contexts);
    tcase_add_test(tcase, watchpoints_match_accesses);
    tcase_add_test(tcase, watchpoints_of_maintenance);
    tcase_add_test(tcase, watchpoints_of_unprivileged_accesses);
    tcase_add_test(tcase, watchpoints_of_accesses_that_are_not_aligned);
    tcase_add_test(tcase, priorities);
    tcase_add_test(tcase, cut_runs_end_like_one_run);
    tcase_add_test(tcase, interrupts_between_steps);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
