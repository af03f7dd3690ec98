/*
 * S01: what may not go wrong while a monitor answers external aborts. Callers that execute and may not read,
 * unprivileged accesses, accesses that leave their page, walks through tables where nothing is, steps; then
 * everything that isn't the monitor's: fetches, and SErrors where the machine makes those of bus errors. Each comes
 * to the level, the vector and with the syndrome that it would have had without the monitor.
 */
#include "../lib/syndrome.h"
#include "../lib/test.h"

#define SIMULATED 0x0b002000ul
#define UNKNOWN 0x0b008000ul
#define SECURE_RAM 0x0e000000ul
#define UNKNOWN_TABLE 0x0b00a000ul
enum { PAGE = 4096, STEPS_MAX = 8, SVC_STEP = 1 }; /* any other SVC: no more steps */

/* Descriptors of pages: AttrIndx 1 is Normal, Write-Back (mmu.c). */
#define PAGE_DEVICE (BIT(54) | BIT(53) | BIT(10) | 3)
#define PAGE_NORMAL (PAGE_DEVICE | 1 << 2 | 3 << 8)
#define PAGE_EL0 BIT(6)
#define PAGE_EL0_EXECUTES_ONLY (BIT(53) | BIT(10) | 3 << 8 | 1 << 2 | 3) /* EL1 alone reads and writes */

unsigned checks_failed;
static u8 pages[2][PAGE] __attribute__((aligned(PAGE))), code[PAGE] __attribute__((aligned(PAGE)));
static u64 window EL0_DATA;
static u64 added_syndrome; /* EA and FnV, as an abort of this machine has them */

/* ---- what came */

static struct {
    unsigned count, el, vector, steps;
    u64 esr, far, elr, spsr, pan;
    u64 step_elr[STEPS_MAX];
} seen;

static void forget(void)
{
    seen.count = seen.steps = 0;
}

static void set_step(struct frame *frame, bool on)
{
    WRITE(mdscr_el1, on);
    ISB();
    frame->spsr = on ? frame->spsr | PSTATE_SS : frame->spsr & ~PSTATE_SS;
}

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    unsigned class = ESR_CLASS(frame->esr);
    if (class == EC_STEP_LOWER && vector % 4 == VECTOR_SYNC) {
        seen.step_elr[seen.steps++ % STEPS_MAX] = frame->elr;
        frame->spsr |= PSTATE_SS;
        return;
    }
    if (class == EC_SVC && vector % 4 == VECTOR_SYNC) {
        set_step(frame, (frame->esr & 0xffff) == SVC_STEP);
        return;
    }
    seen.count++;
    seen.el = el;
    seen.vector = vector;
    seen.esr = frame->esr;
    seen.far = frame->far;
    seen.elr = frame->elr;
    seen.spsr = frame->spsr;
    seen.pan = READ(id_aa64mmfr1_el1) >> 20 & 15 ? READ(S3_0_C4_C2_3) : 0;
    if (class == EC_FETCH_LOWER || class == EC_FETCH_SAME)
        frame->elr = frame->x[30]; /* a call to nowhere returns */
    else if (vector % 4 == VECTOR_SYNC)
        frame->elr += 4;
}

/* vector: its number in VBAR_ELx. What the implementation adds to External aborts comes through as it is. */
static void check_seen(unsigned el, unsigned vector, u32 esr, u64 far)
{
    bool sync = vector % 4 == VECTOR_SYNC, external = sync && ISS_FSC(esr) == FSC_EXTERNAL;
    bool has_far = sync && !(external && seen.esr & ISS_FNV);
    u64 added = external ? added_syndrome : sync && ISS_FSC(esr) > FSC_EXTERNAL ? added_syndrome & ISS_EA : 0;
    bool good = seen.count == 1 && seen.el == el && seen.vector == vector && seen.esr == (esr | added);
    if (!good || (has_far && seen.far != far)) {
        print("%u exceptions, EL%u, vector %u, ESR %lx, FAR %lx; expected EL%u, vector %u, ESR %x, FAR %lx\n",
              seen.count, seen.el, seen.vector, seen.esr, seen.far, el, vector, esr, far);
        checks_failed++;
    }
    forget();
}

/* ---- accesses */

static void map(unsigned page, u64 physical, u64 flags)
{
    u64 va = (u64)pages[page];
    mmu_set_page(va, false);
    *mmu_descriptor(va) = physical ? physical | flags : 0;
    mmu_invalidate(va);
}

static u64 load(u64 address)
{
    u64 value = 0x5ec5e7;
    __asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(address) : "memory");
    return value;
}

static u64 load_here(void)
{
    return load(window);
}

static void store(u64 address, u64 value)
{
    __asm__ volatile("str %0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static void load_pair(u64 address, u64 value[2])
{
    u64 first = 1, second = 2;
    __asm__ volatile("ldp %0, %1, [%2]" : "+r"(first), "+r"(second) : "r"(address) : "memory");
    value[0] = first;
    value[1] = second;
}

/* ---- callers that may execute what they may not read */

__asm__("copied: mrs x1, tpidr_el0\n\tldr x0, [x1]\n\tret\n"
        "copied_end:\n");
extern const u8 copied[], copied_end[];

static void execute_only(void)
{
    map(0, SIMULATED, PAGE_DEVICE | PAGE_EL0);
    store((u64)pages[0], 0x0123456789abcdef);
    memcpy(code, copied, (u64)(copied_end - copied));
    __asm__ volatile("ic ialluis\n\tdsb sy\n\tisb" ::: "memory");
    u64 before = *mmu_descriptor((u64)code);
    *mmu_descriptor((u64)code) = (u64)code | PAGE_EL0_EXECUTES_ONLY;
    mmu_invalidate((u64)code);
    window = (u64)code;
    WRITE(tpidr_el0, code);
    call_el0(load_here); /* EL0 can't read it */
    check_seen(1, 8, ESR_VALUE(EC_DATA_LOWER, FSC_PERMISSION(3)), (u64)code);
    WRITE(tpidr_el0, pages[0]);
    CHECK(call_el0((u64(*)(void))code) == 0x0123456789abcdef);
    CHECK(seen.count == 0);
    *mmu_descriptor((u64)code) = before;
    mmu_invalidate((u64)code);
}

/* LDTR at EL1 has EL0's permissions, unless PSTATE.UAO is set. */
static void unprivileged(void)
{
    if (!(READ(id_aa64mmfr2_el1) >> 4 & 15))
        return;
    map(0, SIMULATED, PAGE_DEVICE);
    store((u64)pages[0] + 8, 0x1234);
    u64 value;
    __asm__ volatile(".arch armv8.2-a\n\tmsr uao, #1\n\tldtr %0, [%1, #8]\n\tmsr uao, #0"
                     : "=r"(value)
                     : "r"(pages[0])
                     : "memory");
    CHECK(value == 0x1234 && seen.count == 0);
    __asm__ volatile("ldtr %0, [%1, #8]" : "+r"(value) : "r"(pages[0]) : "memory");
    check_seen(1, 4, ESR_VALUE(EC_DATA_SAME, FSC_PERMISSION(3)), (u64)pages[0] + 8);
}

/* ---- accesses that aren't aligned, which Normal memory permits */

static void unaligned(void)
{
    map(0, SIMULATED, PAGE_NORMAL);
    map(1, 0, 0);
    u64 first = (u64)pages[0], edge = first + PAGE - 4;
    store(first + 16, 0x1716151413121110);
    store(first + 24, 0x1f1e1d1c1b1a1918);
    CHECK(load(first + 19) == 0x1a19181716151413 && seen.count == 0);
    store(first + PAGE - 8, 0x0807060504030201);
    /* Across the edge: into nothing, into memory, into the same registers again. Nothing changes. */
    static const u64 beyond[] = {0, 0x42000000, SECURE_RAM, SIMULATED};
    for (unsigned i = 0; i < COUNT(beyond); i++) {
        map(1, beyond[i], PAGE_NORMAL);
        CHECK(load(edge) == 0x5ec5e7);
        CHECK(seen.count == 1 && seen.el == 1 && ESR_CLASS(seen.esr) == EC_DATA_SAME);
        CHECK(seen.far == edge || seen.far == first + PAGE || seen.esr & ISS_FNV);
        forget();
        store(edge, 0);
        CHECK(seen.count == 1 && ISS_FSC(seen.esr) == (beyond[i] ? FSC_EXTERNAL : FSC_TRANSLATION(3)));
        forget();
        CHECK(load(first + PAGE - 8) == 0x0807060504030201 && load(first) != 0 && seen.count == 0);
    }
}

/* ---- walks that meet an external abort, the caller's and the monitor's own */

static void tables_nowhere(void)
{
    static u64 level2[512] __attribute__((aligned(PAGE))), level3[512] __attribute__((aligned(PAGE)));
    enum { INDEX = 5, BLOCK = 0x200000 };
    u64 *level1 = (u64 *)(READ(ttbr0_el1) & 0xfffffffff000), va = (u64)INDEX << 30, value[2];
    level3[511] = SIMULATED | PAGE_DEVICE;
    level2[0] = (u64)level3 | 3;
    level2[1] = UNKNOWN_TABLE | 3;
    level1[INDEX] = (u64)level2 | 3;
    mmu_invalidate(va);
    CHECK(load(va + BLOCK - 8) != 0x5ec5e7 && seen.count == 0);
    load(va + BLOCK);
    check_seen(1, 4, ESR_VALUE(EC_DATA_SAME, FSC_EXTERNAL_WALK(3)), va + BLOCK);
    /* The first half is answered; the monitor can't find out where the second one is. */
    load_pair(va + BLOCK - 8, value);
    CHECK(value[0] == 1 && value[1] == 2);
    CHECK(seen.count == 1 && seen.el == 1 && ESR_CLASS(seen.esr) == EC_DATA_SAME);
    CHECK(seen.far == va + BLOCK - 8 || seen.far == va + BLOCK || seen.esr & ISS_FNV);
    forget();
    level1[INDEX] = UNKNOWN_TABLE | 3;
    mmu_invalidate(va);
    load(va);
    check_seen(1, 4, ESR_VALUE(EC_DATA_SAME, FSC_EXTERNAL_WALK(2)), va);
    level1[INDEX] = 0;
    mmu_invalidate(va);
}

/* ---- the caller's PSTATE and stack pointers */

static void el1_with_sp_el0(void)
{
    map(0, SIMULATED, PAGE_DEVICE);
    u64 value, after, own, before;
    store((u64)pages[0] + 32, 0x7777);
    __asm__ volatile("mov %3, sp\n\tmsr sp_el0, %4\n\tmsr spsel, #0\n\t"
                     "ldr %0, [sp], #16\n\t"
                     "mov %1, sp\n\tmsr spsel, #1\n\tmov %2, sp"
                     : "=&r"(value), "=&r"(after), "=&r"(own), "=&r"(before)
                     : "r"(pages[0] + 32)
                     : "memory");
    CHECK(value == 0x7777 && after == (u64)pages[0] + 48 && own == before && seen.count == 0);
    map(0, UNKNOWN, PAGE_DEVICE);
    __asm__ volatile("msr spsel, #0\n\tldr %0, [%1]\n\tmsr spsel, #1" : "=&r"(value) : "r"(pages[0]) : "memory");
    check_seen(1, 0, ESR_VALUE(EC_DATA_SAME, FSC_EXTERNAL), (u64)pages[0]);
}

/* NZCV and the rest are kept in SPSR_EL1; the handler begins with interrupts masked, and with PAN set. */
static void pstate(void)
{
    bool pan = READ(id_aa64mmfr1_el1) >> 20 & 15;
    u64 value;
    map(0, UNKNOWN, PAGE_DEVICE);
    WRITE(sctlr_el1, READ(sctlr_el1) & ~BIT(23)); /* SPAN */
    __asm__ volatile("msr nzcv, %2\n\tmsr daifclr, #3\n\tldr %0, [%1]\n\tmsr daifset, #15"
                     : "=&r"(value)
                     : "r"(pages[0]), "r"(5ul << 28)
                     : "memory", "cc");
    WRITE(sctlr_el1, READ(sctlr_el1) | BIT(23));
    CHECK((seen.spsr & (PSTATE_NZCV | PSTATE_DAIF | PSTATE_PAN | 31)) == (5ul << 28 | 0x300 | 5));
    CHECK(seen.pan == (pan ? PSTATE_PAN : 0));
    check_seen(1, 4, ESR_VALUE(EC_DATA_SAME, FSC_EXTERNAL), (u64)pages[0]);
    if (pan)
        __asm__ volatile(".arch armv8.2-a\n\tmsr pan, #0");
}

/* An instruction that the monitor has carried out has been stepped. */
__asm__("stepped: mov x0, #0\n\tadr x2, stepped_first\n\tmrs x1, tpidr_el0\n\tsvc #1\n"
        "stepped_first: nop\n\tldr x0, [x1]\n\tnop\n\tsvc #2\n\tret\n");
extern const u8 stepped[], stepped_first[];

static void steps(void)
{
    map(0, SIMULATED, PAGE_DEVICE | PAGE_EL0);
    store((u64)pages[0], 0xabcd);
    WRITE(tpidr_el0, pages[0]);
    WRITE(oslar_el1, 0);
    ISB();
    CHECK(call_el0((u64(*)(void))stepped) == 0xabcd);
    CHECK(seen.count == 0 && seen.steps == 3);
    for (unsigned i = 0; i < 3; i++)
        CHECK(seen.step_elr[i] == (u64)stepped_first + 4 * (i + 1));
    forget();
}

/* ---- fetches */

static u64 call_el0_window(void)
{
    ((void (*)(void))window)();
    return 0;
}

static void fetches(void)
{
    u64 va = (u64)pages[0];
    map(0, UNKNOWN, PAGE_DEVICE & ~BIT(53));
    ((void (*)(void))va)();
    CHECK(seen.elr == va);
    check_seen(1, 4, ESR_VALUE(EC_FETCH_SAME, FSC_EXTERNAL), va);
    map(0, SIMULATED, (PAGE_DEVICE | PAGE_EL0) & ~BIT(54)); /* the monitor's registers aren't instructions */
    window = va;
    call_el0(call_el0_window);
    CHECK(seen.elr == va);
    check_seen(1, 8, ESR_VALUE(EC_FETCH_LOWER, FSC_EXTERNAL), va);
}

static void synchronous(void)
{
    execute_only();
    unprivileged();
    unaligned();
    tables_nowhere();
    el1_with_sp_el0();
    pstate();
    steps();
    fetches();
}

/* ---- SErrors */

enum { WHILE = 100, SERROR = 3 }; /* us */

static u32 serror_syndrome(void)
{
    bool ras = READ(id_aa64pfr0_el1) >> 28 & 15;
    return ESR_VALUE(EC_SERROR, ras ? 0x11 : 0); /* uncontainable, asynchronous */
}

static void wait_a_while(void)
{
    u64 end = READ(cntpct_el0) + WHILE * READ(cntfrq_el0) / 1000000;
    while (READ(cntpct_el0) < end && !seen.count)
        ISB();
}

static u64 with_hcr(u64 bits)
{
    WRITE(hcr_el2, HCR_RW | bits);
    ISB();
    return 0;
}

static void unmask(bool on)
{
    if (on)
        __asm__ volatile("msr daifclr, #4" ::: "memory");
    else
        __asm__ volatile("msr daifset, #4" ::: "memory");
}

/* target: 0: nobody while it is masked, and EL1 then */
static void serror_at_el1(bool masked, unsigned target)
{
    unmask(!masked);
    load((u64)pages[0]);
    wait_a_while();
    if (target == 0) {
        CHECK(seen.count == 0);
        unmask(true);
        wait_a_while();
    }
    unmask(false);
    check_seen(target == 2 ? 2 : 1, (target == 2 ? 8 : 4) + SERROR, serror_syndrome(), 0);
}

static u64 load_and_wait(void)
{
    load(window);
    for (volatile unsigned i = 0; i < 1000; i++)
        ;
    return 0;
}

static void serror_at_el0(bool masked, unsigned target)
{
    unmask(!masked);
    call_el0(load_and_wait);
    unmask(false);
    if (masked && target == 0) {
        CHECK(seen.count == 0);
        unmask(true);
        wait_a_while();
        unmask(false);
        check_seen(1, 4 + SERROR, serror_syndrome(), 0); /* EL1 has it, then */
        return;
    }
    check_seen(target, 8 + SERROR, serror_syndrome(), 0);
}

static void serrors(void)
{
    map(0, UNKNOWN, PAGE_DEVICE | PAGE_EL0);
    window = (u64)pages[0];
    serror_at_el1(false, 1);
    serror_at_el1(true, 0);
    serror_at_el0(false, 1);
    serror_at_el0(true, 0);
    if (start_el != 2)
        return;
    call_at(2, with_hcr, HCR_TEA); /* of synchronous ones */
    serror_at_el1(false, 1);
    serror_at_el1(true, 0);
    call_at(2, with_hcr, HCR_AMO);
    serror_at_el1(false, 2);
    serror_at_el1(true, 2);
    serror_at_el0(false, 2);
    serror_at_el0(true, 2);
    call_at(2, with_hcr, 0);
}

/* EL2 takes what is routed there; anything else waits for EL1. */
static void serrors_at_el2(void)
{
    with_hcr(HCR_AMO);
    unmask(true);
    load(UNKNOWN);
    wait_a_while();
    check_seen(2, 4 + SERROR, serror_syndrome(), 0);
    unmask(false);
    load(UNKNOWN);
    wait_a_while();
    CHECK(seen.count == 0);
    unmask(true);
    wait_a_while();
    check_seen(2, 4 + SERROR, serror_syndrome(), 0);
    with_hcr(0);
    load(UNKNOWN);
    wait_a_while();
    CHECK(seen.count == 0);
    unmask(false);
}

/* A VHE host: its EL0 is of EL2's regime, and PSTATE.A masks for both. */
static void serrors_of_host(void)
{
    if (!(READ(id_aa64mmfr1_el1) >> 8 & 15))
        return;
    with_hcr(HCR_E2H | HCR_TGE);
    WRITE(cptr_el2, 3 << 20);
    mmu_on_el2();
    map(0, UNKNOWN, PAGE_DEVICE | PAGE_EL0);
    window = (u64)pages[0];
    unmask(true);
    load(window);
    wait_a_while();
    check_seen(2, 4 + SERROR, serror_syndrome(), 0);
    call_el0(load_and_wait);
    check_seen(2, 8 + SERROR, serror_syndrome(), 0);
    unmask(false);
    call_el0(load_and_wait);
    CHECK(seen.count == 0);
    unmask(true);
    wait_a_while();
    check_seen(2, 4 + SERROR, serror_syndrome(), 0);
    unmask(false);
    WRITE(sctlr_el2, READ(sctlr_el2) & ~1ul);
    ISB();
    with_hcr(0);
}

/* ---- */

static void finish(void)
{
    print(checks_failed ? "FAILED\n" : "all as it should be\n");
    power_off(checks_failed != 0);
}

static void at_el1(void)
{
    install_vectors();
    open_el1();
    mmu_on();
    if (seen.vector == SERROR) { /* the machine makes SErrors of bus errors: so it was found at the start */
        if (start_el == 2) {     /* the one that EL2 didn't take */
            unmask(true);
            wait_a_while();
            unmask(false);
            check_seen(1, 4 + SERROR, serror_syndrome(), 0);
        }
        serrors();
        print("SErrors: ");
    } else if (seen.esr) {
        forget();
        synchronous();
        print("external aborts: ");
    } else {
        map(0, UNKNOWN, PAGE_DEVICE);
        store((u64)pages[0], 1);
        CHECK(load((u64)pages[0]) == 0 && seen.count == 0);
        map(0, SIMULATED, PAGE_DEVICE);
        CHECK(load((u64)pages[0]) == 0 && seen.count == 0);
        print("nothing: ");
    }
    finish();
}

/* What this machine makes of an access that nobody claims: before translation is on, every address is its own. */
static unsigned find_kind(void)
{
    if (start_el == 2)
        with_hcr(HCR_AMO);
    unmask(true);
    load(UNKNOWN);
    wait_a_while();
    unmask(false);
    added_syndrome = seen.esr & (ISS_EA | ISS_FNV);
    return seen.vector % 4;
}

void rom_main(void)
{
    set_handler(handle);
    unsigned kind = find_kind();
    forget();
    if (start_el == 2) {
        if (kind == SERROR) {
            serrors_of_host();
            serrors_at_el2();
        }
        open_el2();
        forget();
        seen.vector = kind;
        enter(1, at_el1);
    }
    seen.vector = kind;
    at_el1();
}
