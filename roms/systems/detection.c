/*
 * S09: what the client says is trapped equals HCR_EL2, MDCR_EL2, CNTHCTL_EL2 and CPTR_EL2, bit for bit: with none of the
 * controls, with each of them alone, with all; from EL1 and EL0; with STORM under an interrupt each microsecond. EL2 is the
 * ROM's own: what comes there it skips. Started at EL1 it tells what whoever is above traps.
 */
#include "../guest/detect.h"
#include "../lib/syndrome.h"
#include "../lib/test.h"

enum { TIMER = 27, STORM_NS = 1000 };

static u64 word EL0_DATA;
static u64 controls[DETECT_REGISTERS];
static volatile unsigned ticks, strange;

static void next_tick(void)
{
    WRITE(cntv_tval_el0, READ(cntfrq_el0) * STORM_NS / 1000000000);
    WRITE(cntv_ctl_el0, 1);
}

/* HCR_EL2.TRVM is not for these alone, but the vectors of EL1 need them. */
static void emulate(struct frame *frame)
{
    u32 iss = ESR_ISS(frame->esr);
    u64 *rt = &frame->x[ISS_SYSREG_RT(iss) % 31];
    if ((iss & (ISS_SYSREG_MASK | 1)) == (ISS_SYSREG(3, 0, 5, 2, 0) | ISS_SYSREG_READ))
        *rt = READ(esr_el1);
    if ((iss & (ISS_SYSREG_MASK | 1)) == (ISS_SYSREG(3, 0, 6, 0, 0) | ISS_SYSREG_READ))
        *rt = READ(far_el1);
}

static void handle(struct frame *frame, unsigned vector, unsigned el)
{
    if (el == 1 && vector % 4 == VECTOR_IRQ) {
        unsigned intid = gic_acknowledge();
        ticks++;
        next_tick();
        gic_end(intid);
        return;
    }
    strange += el == 1;
    if (ESR_CLASS(frame->esr) == EC_SYSREG)
        emulate(frame);
    frame->elr += 4;
}

static u64 read_controls(u64 unused)
{
    (void)unused;
    controls[DETECT_HCR] = READ(hcr_el2);
    controls[DETECT_MDCR] = READ(mdcr_el2);
    controls[DETECT_CNTHCTL] = READ(cnthctl_el2);
    controls[DETECT_CPTR] = READ(cptr_el2);
    return 0;
}

static u64 write_controls(u64 unused)
{
    (void)unused;
    WRITE(hcr_el2, controls[DETECT_HCR]);
    WRITE(mdcr_el2, controls[DETECT_MDCR]);
    WRITE(cnthctl_el2, controls[DETECT_CNTHCTL]);
    WRITE(cptr_el2, controls[DETECT_CPTR]);
    ISB();
    return 0;
}

static u64 expected(bool el0)
{
    u64 trapped = 0;
    for (unsigned i = 0; i < candidate_count; i++)
        for (unsigned c = 0; c < 2 && !(el0 && !candidates[i].el0); c++) {
            u64 value = controls[candidates[i].controls[c].in];
            value = candidates[i].controls[c].inverted ? ~value : value;
            if (value & candidates[i].controls[c].bits)
                trapped |= 1ul << i;
        }
    return trapped;
}

static u64 detect_el0(void)
{
    return detect(true, &word);
}

/* Both ELs under what `controls` says. */
static void compare(const char *name)
{
    call_at(2, write_controls, 0);
    u64 el1 = detect(false, &word), el0 = call_el0(detect_el0);
    call_at(2, read_controls, 0); /* what is there, not what was meant */
    CHECK(el1 == expected(false));
    CHECK(el0 == expected(true));
    print("%s: EL1 %06lx, EL0 %06lx\n", name, el1, el0);
}

static void toggle(unsigned candidate, u64 bit)
{
    enum detect_register in = candidates[candidate].controls[0].in;
    controls[in] ^= bit;
}

static void all_profiles(const u64 *base)
{
    static const char *const names[] = {"HCR_EL2", "MDCR_EL2", "CNTHCTL_EL2", "CPTR_EL2"};
    u64 seen[DETECT_REGISTERS] = {0};
    compare("none");
    for (unsigned i = 1; i < candidate_count; i++) {
        enum detect_register in = candidates[i].controls[0].in;
        for (u64 left = candidates[i].controls[0].bits & ~seen[in]; left; left &= left - 1) {
            seen[in] |= left & -left;
            toggle(i, left & -left);
            print("%08lx of ", left & -left);
            compare(names[in]);
            for (unsigned r = 0; r < DETECT_REGISTERS; r++)
                controls[r] = base[r];
        }
    }
    for (unsigned r = 0; r < DETECT_REGISTERS; r++)
        controls[r] = base[r] ^ seen[r];
    compare("all");
    for (unsigned r = 0; r < DETECT_REGISTERS; r++)
        controls[r] = base[r];
    call_at(2, write_controls, 0);
}

void test_main(void)
{
    set_handler(handle);
    WRITE(sctlr_el1, READ(sctlr_el1) | 1ul << 18 | 1ul << 15 | 1ul << 26 | 1ul << 14); /* nTWE, UCT, UCI, DZE */
    WRITE(cntkctl_el1, 0x307 | 2 << 4); /* EL0 may use counters and timers; an event each 8 ticks, for WFE */
    WRITE(pmuserenr_el0, 9);
    ISB();
    if (!has_el(2)) { /* nobody is there, and nothing trapped; or somebody is, and this is his profile */
        u64 el1 = detect(false, &word), el0 = call_el0(detect_el0);
        print("EL1 %06lx, EL0 %06lx\n", el1, el0);
        for (unsigned i = 1; i < candidate_count; i++)
            if (el1 >> i & 1)
                print("  %s\n", candidates[i].name);
        CHECK(el1 || strange == 0); /* a hypervisor may say that a register isn't there */
        return;
    }
    u64 base[DETECT_REGISTERS];
    call_at(2, read_controls, 0);
    for (unsigned r = 0; r < DETECT_REGISTERS; r++)
        base[r] = controls[r];
#ifdef STORM
    gic_enable(TIMER, 0xa0);
    next_tick();
    irq_unmask();
#endif
    all_profiles(base);
    irq_mask();
    print("%u interrupts\n", ticks);
    CHECK(strange == 0);
}
