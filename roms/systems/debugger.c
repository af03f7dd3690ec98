/*
 * S06, S07: a debugger at EL1 and what it debugs, at EL0 and EL1: BRK, breakpoints, watchpoints, software step, and the
 * registers they are made of. Everything it sees is printed, so that a run without a hypervisor and runs under one can be
 * compared.
 */
#include "../guest/client.h"
#include "../lib/syndrome.h"
#include "../lib/test.h"

#define MDSCR_SS 1ul
#define MDSCR_TDCC (1ul << 12)
#define MDSCR_KDE (1ul << 13)
#define MDSCR_MDE (1ul << 15)
enum { BRK_START = 0x10, BRK_STOP = 0x11 };
/* DBGBCR, DBGWCR: enabled at EL0 or EL1; four bytes of code, eight of data that are written. */
enum { BCR_EL0 = 0x1e5, BCR_EL1 = 0x1e3, WCR_EL0 = 0x1ff5, WCR_EL1 = 0x1ff3 };

static struct {
    unsigned breakpoints, steps, watchpoints, others;
    u64 esr, far, elr, spsr, daif;
    unsigned vector;
} seen;
static bool keep_stepping; /* of a BRK_START; else a step ends what it stepped over */
static volatile u64 target EL0_DATA, other EL0_DATA;

static void arm(u64 bcr, u64 wcr)
{
    WRITE(dbgbcr0_el1, bcr);
    WRITE(dbgwcr0_el1, wcr);
    ISB();
}
static u64 armed_bcr, armed_wcr;

static void set_step(struct frame *frame, bool on)
{
    u64 mdscr = READ(mdscr_el1);
    WRITE(mdscr_el1, on ? mdscr | MDSCR_SS : mdscr & ~MDSCR_SS);
    ISB();
    frame->spsr = on ? frame->spsr | PSTATE_SS : frame->spsr & ~PSTATE_SS;
}

static void brk(struct frame *frame)
{
    frame->elr += 4;
    switch (frame->esr & 0xffff) {
    case BRK_START:
        keep_stepping = true;
        set_step(frame, true);
        break;
    case BRK_STOP:
        keep_stepping = false;
        set_step(frame, false);
        break;
    default:
        seen.others++;
    }
}

/* Breakpoints and watchpoints come before the instruction: it is stepped over without them. */
static void over(struct frame *frame)
{
    arm(0, 0);
    set_step(frame, true);
}

static void step(struct frame *frame)
{
    seen.steps++;
    if (keep_stepping) {
        frame->spsr |= PSTATE_SS;
        return;
    }
    set_step(frame, false);
    arm(armed_bcr, armed_wcr);
}

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    (void)el;
    seen.esr = frame->esr;
    seen.far = frame->far;
    seen.elr = frame->elr;
    seen.spsr = frame->spsr;
    seen.daif = READ(daif);
    seen.vector = vector;
    switch (ESR_CLASS(frame->esr) & ~1u) {
    case EC_BRK:
        brk(frame);
        break;
    case EC_BREAKPOINT_LOWER:
        seen.breakpoints++;
        over(frame);
        break;
    case EC_WATCHPOINT_LOWER:
        seen.watchpoints++;
        CHECK(frame->far == (u64)&target);
        over(frame);
        break;
    case EC_STEP_LOWER:
        step(frame);
        break;
    default:
        seen.others++;
        frame->elr += 4;
    }
}

static void report(const char *what)
{
    print("%s: %u breakpoints, %u steps, %u watchpoints, %u others\n", what, seen.breakpoints, seen.steps,
          seen.watchpoints, seen.others);
    seen.breakpoints = seen.steps = seen.watchpoints = seen.others = 0;
}

/* ---- what is debugged */

__attribute__((noinline)) static u64 debugged(u64 x)
{
    __asm__ volatile("nop\n\tnop" ::: "memory");
    return x + 1;
}

static u64 work(void)
{
    u64 sum = 0;
    for (unsigned i = 0; i < 5; i++) {
        sum = debugged(sum);
        target = i;
        other = i;
    }
    return sum;
}

/* In assembly: how many steps there are doesn't depend on the compiler. */
#define LOOP "mov x1, #5\n1: subs x1, x1, #1\n\tb.ne 1b\n\t"

static u64 stepped_work(void)
{
    register u64 x0 __asm__("x0") = '+';
    __asm__ volatile("brk %1\n\t" LOOP "svc %2\n\t" LOOP "brk %3" /* through EL1 and back, in the middle */
                     : "+r"(x0)
                     : "i"(BRK_START), "i"(SVC_PUT_CHAR), "i"(BRK_STOP)
                     : "x1", "cc", "memory");
    return 5;
}

static u64 stepped_at_el1(void)
{
    __asm__ volatile("msr daifclr, #8\n\tbrk %0\n\t" LOOP
                     "msr daifset, #8\n\tnop\n\tnop\n\tmsr daifclr, #8\n\t" /* three that can't be stepped */
                     LOOP "brk %1\n\tmsr daifset, #8" ::"i"(BRK_START), "i"(BRK_STOP)
                     : "x1", "cc", "memory");
    return 5;
}

/* ---- the scenarios */

static void breakpoints(const char *what, unsigned el, u64 mdscr, u64 bcr, u64 wcr, bool masked)
{
    WRITE(mdscr_el1, mdscr);
    armed_bcr = bcr;
    armed_wcr = wcr;
    arm(bcr, wcr);
    if (el == 0)
        CHECK(call_el0(work) == 5);
    if (el == 1) {
        if (!masked)
            __asm__ volatile("msr daifclr, #8\n\tisb" ::: "memory");
        CHECK(work() == 5);
        __asm__ volatile("msr daifset, #8\n\tisb" ::: "memory");
    }
    arm(0, 0);
    WRITE(mdscr_el1, 0);
    ISB();
    report(what);
}

static u64 brk_el0(void)
{
    struct probe probe;
    for (unsigned i = 0; i < 31; i++)
        probe.x[i] = i;
    probe.nzcv = 0x90000000;
    probe_brk_other(&probe);
    bool same = true;
    for (unsigned i = 0; i < 31; i++)
        same = same && probe.x[i] == i;
    return same && probe.nzcv == 0x90000000;
}

static void foreign_brks(void)
{
    CHECK(brk_el0());
    CHECK(seen.esr == ESR_BRK(0x87) && seen.elr == (u64)probe_brk_other_at && seen.vector == 4);
    CHECK((seen.spsr & 0xf00003ff) == 0x900003c5 && seen.daif == 0x3c0);
    CHECK(call_el0(brk_el0));
    CHECK(seen.esr == ESR_BRK(0x87) && seen.elr == (u64)probe_brk_other_at && seen.vector == 8);
    CHECK((seen.spsr & 0xf00003ff) == 0x900003c0 && seen.daif == 0x3c0);
    report("BRK #0x87");
}

/* ---- S07: registers */

static u64 read_status(void)
{
    struct probe probe = {.x = {[7] = 0x86ul << 33, [9] = 99}}; /* not the key */
    probe_dcc(&probe);
    probe_dcc_x9(&probe);
    return probe.x[9];
}

static void registers(void)
{
    static const u64 values[] = {MDSCR_TDCC, MDSCR_TDCC | MDSCR_MDE | MDSCR_KDE, MDSCR_MDE, 0};
    for (unsigned i = 0; i < 4; i++) {
        WRITE(mdscr_el1, values[i]);
        ISB();
        CHECK(READ(mdscr_el1) == values[i]);
        seen.others = 0;
        CHECK(read_status() == 0 && seen.others == 0); /* at EL1 it is readable whatever TDCC says */
        u64 status = call_el0(read_status);
        if (values[i] & MDSCR_TDCC) {
            CHECK(seen.others == 2 && status == 99);
            CHECK(seen.esr == ESR_VALUE(EC_SYSREG, 0x20c3e3 ^ 22 << 5) && seen.elr == (u64)probe_dcc_x9_at);
        } else {
            CHECK(seen.others == 0 && status == 0);
        }
    }
    WRITE(dbgbvr1_el1, 0x123456789abcul);
    WRITE(dbgwvr1_el1, 0xffff000012345678ul);
    WRITE(dbgbcr1_el1, BCR_EL0 & ~1);
    WRITE(dbgwcr1_el1, WCR_EL0 & ~1);
    print("DBGBVR1 %lx, DBGBCR1 %lx, DBGWVR1 %lx, DBGWCR1 %lx, OSLSR %lx\n", READ(dbgbvr1_el1), READ(dbgbcr1_el1),
          READ(dbgwvr1_el1), READ(dbgwcr1_el1), READ(oslsr_el1));
    report("registers");
}

void test_main(void)
{
    set_handler(handle);
    WRITE(oslar_el1, 0);
    ISB();
    registers();
    foreign_brks();
    WRITE(dbgbvr0_el1, debugged);
    WRITE(dbgwvr0_el1, &target);
    breakpoints("EL0, breakpoint", 0, MDSCR_MDE, BCR_EL0, 0, true);
    breakpoints("EL0, watchpoint", 0, MDSCR_MDE, 0, WCR_EL0, true);
    breakpoints("EL0, both", 0, MDSCR_MDE, BCR_EL0, WCR_EL0, true);
    breakpoints("EL0, without MDE", 0, 0, BCR_EL0, WCR_EL0, true);
    breakpoints("EL1, both", 1, MDSCR_MDE | MDSCR_KDE, BCR_EL1, WCR_EL1, false);
    breakpoints("EL1, without KDE", 1, MDSCR_MDE, BCR_EL1, WCR_EL1, false);
    breakpoints("EL1, D set", 1, MDSCR_MDE | MDSCR_KDE, BCR_EL1, WCR_EL1, true);
    CHECK(call_el0(stepped_work) == 5);
    report("EL0, stepped");
    WRITE(mdscr_el1, MDSCR_KDE);
    ISB();
    CHECK(stepped_at_el1() == 5);
    WRITE(mdscr_el1, 0);
    report("EL1, stepped");
}
