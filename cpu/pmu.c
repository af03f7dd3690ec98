#include "cpu/pmu.h"

#include "cpu/cpu.h"
#include "cpu/impdef.h"
#include "cpu/sysreg_handlers.h"
#include "cpu/traps.h"

enum { CYCLE_COUNTER = 31, EVENT_MASK = 0xffff };
enum {
    PMCR_E = 1u << 0,
    PMCR_P = 1u << 1,
    PMCR_C = 1u << 2,
    PMCR_D = 1u << 3,
    PMCR_DP = 1u << 5,
    PMCR_LC = 1u << 6,
    PMCR_N = 31u << 11,
};
#define MDCR_HPME (1ull << 7)
#define MDCR_HPMD (1ull << 17)
#define MDCR_SPME (1ull << 17)

static unsigned counters(const struct pe *pe) { return pe->model->pmu_counters; }

/* Counters below this belong to EL1 and EL0, the rest to EL2: MDCR_EL2.HPMN. */
static unsigned guest_counters(const struct pe *pe)
{
    unsigned hpmn = SR(pe, MDCR_EL2) & 31;
    return pe->have_el2 && hpmn < counters(pe) ? hpmn : counters(pe);
}

/* Counters that the current EL sees. */
static unsigned visible_counters(const struct pe *pe)
{
    return pe->pstate.el < 2 && el2_enabled(pe) ? guest_counters(pe) : counters(pe);
}

static uint64_t visible_mask(const struct pe *pe) { return ((1ull << visible_counters(pe)) - 1) | 1ull << CYCLE_COUNTER; }

static bool is_hyp(const struct pe *pe, unsigned n) { return n != CYCLE_COUNTER && n >= guest_counters(pe); }

static uint64_t *counter(struct pe *pe, unsigned n)
{
    return n == CYCLE_COUNTER ? &SR(pe, PMCCNTR_EL0) : &pe->sr[SR_PMEVCNTR0_EL0 + n];
}

static uint64_t filter_of(const struct pe *pe, unsigned n)
{
    return n == CYCLE_COUNTER ? SR(pe, PMCCFILTR_EL0) : pe->sr[SR_PMEVTYPER0_EL0 + n];
}

static bool enabled(const struct pe *pe, unsigned n)
{
    bool global = is_hyp(pe, n) ? (SR(pe, MDCR_EL2) & MDCR_HPME) : (SR(pe, PMCR_EL0) & PMCR_E);
    return global && (SR(pe, PMCNTENSET_EL0) >> n & 1);
}

/* The filter excludes the current EL and state. */
static bool filtered(const struct pe *pe, unsigned n, bool secure)
{
    uint64_t filter = filter_of(pe, n);
    bool p = filter >> 31 & 1, u = filter >> 30 & 1, nsk = pe->have_el3 && (filter >> 29 & 1);
    bool nsu = pe->have_el3 && (filter >> 28 & 1), nsh = pe->have_el2 && (filter >> 27 & 1);
    bool m = pe->have_el3 && (filter >> 26 & 1);
    switch (pe->pstate.el) {
    case 0: return secure ? u : u != nsu;
    case 1: return secure ? p : p != nsk;
    case 2: return !nsh;
    default: return p != m;
    }
}

/* CountPMUEvents(). */
static bool counts_now(const struct pe *pe, unsigned n)
{
    bool secure = pe->pstate.el == 3 || !(effective_scr(pe) & SCR_EL3_NS);
    bool prohibited = pe->have_el3 && secure && !(SR(pe, MDCR_EL3) & MDCR_SPME);
    if (pe->pstate.el == 2 && has_feature(pe, FEATURE_PMUv3p1) && !is_hyp(pe, n) && (SR(pe, MDCR_EL2) & MDCR_HPMD))
        prohibited = true;
    if (prohibited && n == CYCLE_COUNTER)
        prohibited = SR(pe, PMCR_EL0) & PMCR_DP;
    return enabled(pe, n) && !prohibited && !filtered(pe, n, secure);
}

static void update_interrupt(struct pe *pe)
{
    uint64_t pending = SR(pe, PMOVSSET_EL0) & SR(pe, PMINTENSET_EL1);
    uint64_t guest = ((1ull << guest_counters(pe)) - 1) | 1ull << CYCLE_COUNTER;
    bool level = ((SR(pe, PMCR_EL0) & PMCR_E) && (pending & guest)) || ((SR(pe, MDCR_EL2) & MDCR_HPME) && (pending & ~guest));
    irq_set(pe->pmu_irq, level);
}

static unsigned event_of(const struct pe *pe, unsigned n) { return filter_of(pe, n) & EVENT_MASK; }

/* Adds to an event counter; an overflow sets its bit and moves a chained odd counter on. */
static void add_events(struct pe *pe, unsigned n, uint64_t amount)
{
    uint64_t value = (uint32_t)*counter(pe, n) + amount;
    *counter(pe, n) = (uint32_t)value;
    uint64_t overflows = value >> 32;
    if (!overflows)
        return;
    SR(pe, PMOVSSET_EL0) |= 1ull << n;
    if (!(n & 1) && n + 1 < counters(pe) && event_of(pe, n + 1) == PMU_CHAIN && counts_now(pe, n + 1))
        add_events(pe, n + 1, overflows);
}

static void add_cycles(struct pe *pe, uint64_t from, uint64_t to)
{
    uint64_t pmcr = SR(pe, PMCR_EL0), amount = to - from;
    bool wide = pmcr & PMCR_LC;
    if (!wide && (pmcr & PMCR_D)) /* every 64th cycle */
        amount = (to >> 6) - (from >> 6);
    uint64_t before = SR(pe, PMCCNTR_EL0), after = before + amount;
    SR(pe, PMCCNTR_EL0) = after;
    if (wide ? after < before : (uint32_t)before + amount > UINT32_MAX)
        SR(pe, PMOVSSET_EL0) |= 1ull << CYCLE_COUNTER;
}

void pmu_sync(struct pe *pe)
{
    uint64_t now = pe_instructions(pe), from = pe->pmu.last;
    pe->pmu.last = now;
    if (!pe->pmu.counting || now == from)
        return;
    uint64_t overflowed = SR(pe, PMOVSSET_EL0);
    if (counts_now(pe, CYCLE_COUNTER))
        add_cycles(pe, from, now);
    for (unsigned n = 0; n < counters(pe); n++) {
        unsigned event = event_of(pe, n);
        if ((event == PMU_INST_RETIRED || event == PMU_CPU_CYCLES) && counts_now(pe, n))
            add_events(pe, n, now - from);
    }
    if (overflowed != SR(pe, PMOVSSET_EL0))
        update_interrupt(pe);
}

void pmu_count(struct pe *pe, enum pmu_event event)
{
    if (!pe->pmu.counting)
        return;
    pmu_sync(pe);
    for (unsigned n = 0; n < counters(pe); n++) {
        if (event_of(pe, n) == event && counts_now(pe, n))
            add_events(pe, n, 1);
    }
    update_interrupt(pe);
}

uint64_t pmu_next_overflow(const struct pe *pe)
{
    uint64_t next = UINT64_MAX;
    if (!pe->pmu.counting)
        return next;
    for (unsigned n = 0; n <= CYCLE_COUNTER; n++) {
        if (!(SR(pe, PMINTENSET_EL1) >> n & 1) || !counts_now(pe, n))
            continue;
        uint64_t left;
        if (n == CYCLE_COUNTER && (SR(pe, PMCR_EL0) & PMCR_LC))
            left = -SR(pe, PMCCNTR_EL0);
        else if (n == CYCLE_COUNTER)
            left = (0x100000000ull - (uint32_t)SR(pe, PMCCNTR_EL0)) << (SR(pe, PMCR_EL0) & PMCR_D ? 6 : 0);
        else if (event_of(pe, n) == PMU_INST_RETIRED || event_of(pe, n) == PMU_CPU_CYCLES)
            left = 0x100000000ull - (uint32_t)pe->sr[SR_PMEVCNTR0_EL0 + n];
        else
            continue;
        if (left && left < next)
            next = left;
    }
    return next;
}

void pmu_poll(struct pe *pe)
{
    pmu_sync(pe);
    uint64_t next = pmu_next_overflow(pe);
    if (next != UINT64_MAX)
        pe_shorten(pe, next);
}

/* After the set-up changed. */
static enum sysreg_result reconfigured(struct pe *pe)
{
    bool any = (SR(pe, PMCR_EL0) & PMCR_E) || (SR(pe, MDCR_EL2) & MDCR_HPME);
    pe->pmu.counting = any && SR(pe, PMCNTENSET_EL0);
    update_interrupt(pe);
    pmu_poll(pe);
    return SYSREG_DONE;
}

/* --- registers --- */

void pmu_reset(struct pe *pe)
{
    pe->pmu.last = pe_instructions(pe);
    pe->pmu.counting = false;
    SR(pe, PMCR_EL0) = (uint64_t)pe->model->pmu_identity << 16 | (uint64_t)pe->model->pmu_counters << 11 |
                       (has_feature(pe, FEATURE_AA32EL1) ? 0 : PMCR_LC);
}

enum sysreg_result sysreg_read_pmcr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    *value = (SR(pe, PMCR_EL0) & ~PMCR_N) | (uint64_t)visible_counters(pe) << 11;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_pmcr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    enum { KEPT = PMCR_E | PMCR_D | 1u << 4 | PMCR_DP };
    pmu_sync(pe);
    for (unsigned n = 0; (value & PMCR_P) && n < visible_counters(pe); n++)
        *counter(pe, n) = 0;
    if (value & PMCR_C)
        SR(pe, PMCCNTR_EL0) = 0;
    /* LC: RES1 where no EL can use AArch32 to read the low half. */
    SR(pe, PMCR_EL0) = (SR(pe, PMCR_EL0) & ~(uint64_t)(KEPT | PMCR_LC)) | (value & KEPT) |
                       (has_feature(pe, FEATURE_AA32EL1) ? value & PMCR_LC : PMCR_LC);
    return reconfigured(pe);
}

enum sysreg_result sysreg_read_pm_mask(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    pmu_sync(pe);
    *value = pe->sr[row->storage] & visible_mask(pe);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_pm_mask_set(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pmu_sync(pe);
    pe->sr[row->storage] |= value & visible_mask(pe);
    return reconfigured(pe);
}

enum sysreg_result sysreg_write_pm_mask_clear(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pmu_sync(pe);
    pe->sr[row->storage] &= ~(value & visible_mask(pe));
    return reconfigured(pe);
}

enum sysreg_result sysreg_write_pmswinc(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pmu_sync(pe);
    for (unsigned n = 0; n < visible_counters(pe); n++) {
        if ((value >> n & 1) && event_of(pe, n) == PMU_SW_INCR && counts_now(pe, n))
            add_events(pe, n, 1);
    }
    update_interrupt(pe);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_pmceid(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    const uint64_t common = 1ull << PMU_SW_INCR | 1ull << PMU_INST_RETIRED | 1ull << PMU_EXC_TAKEN | 1ull << PMU_EXC_RETURN |
                            1ull << PMU_CPU_CYCLES | 1ull << PMU_CHAIN;
    *value = row->key == SYSREG_KEY(3, 3, 9, 12, 6) ? common : 0;
    return SYSREG_DONE;
}

enum sysreg_result sysreg_read_pmccntr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    pmu_sync(pe);
    *value = SR(pe, PMCCNTR_EL0);
    return SYSREG_DONE;
}

enum sysreg_result sysreg_write_pmccntr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pmu_sync(pe);
    SR(pe, PMCCNTR_EL0) = value;
    return reconfigured(pe);
}

static uint64_t filter_bits(const struct pe *pe)
{
    uint64_t bits = 3ull << 30;
    if (pe->have_el3)
        bits |= 3ull << 28 | 1ull << 26;
    return pe->have_el2 ? bits | 1ull << 27 : bits;
}

enum sysreg_result sysreg_write_pmccfiltr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pmu_sync(pe);
    SR(pe, PMCCFILTR_EL0) = value & filter_bits(pe);
    return reconfigured(pe);
}

/* A counter that isn't there, or that EL2 keeps for itself: by its own number, or by PMSELR_EL0's. */
static enum sysreg_result access_above(const struct pe *pe, bool selected, uint64_t *value)
{
    bool undefined = selected ? impdef(pe, PMSELR_ABOVE) == PMSELR_ABOVE_UNDEFINED
                              : impdef(pe, PMU_COUNTER_ABOVE) == PMU_COUNTER_ABOVE_UNDEFINED;
    *value = 0;
    return undefined ? SYSREG_UNDEFINED : SYSREG_DONE;
}

static enum sysreg_result access_counter(struct pe *pe, unsigned n, bool selected, bool read, uint64_t *value)
{
    if (n >= visible_counters(pe))
        return access_above(pe, selected, value);
    pmu_sync(pe);
    if (read) {
        *value = *counter(pe, n);
        return SYSREG_DONE;
    }
    *counter(pe, n) = (uint32_t)*value;
    return reconfigured(pe);
}

static enum sysreg_result access_type(struct pe *pe, unsigned n, bool selected, bool read, uint64_t *value)
{
    if (n >= visible_counters(pe))
        return access_above(pe, selected, value);
    pmu_sync(pe);
    uint64_t *type = &pe->sr[SR_PMEVTYPER0_EL0 + n];
    if (read) {
        *value = *type;
        return SYSREG_DONE;
    }
    uint64_t events = has_feature(pe, FEATURE_PMUv3p1) ? EVENT_MASK : 0x3ff;
    *type = *value & (events | filter_bits(pe) | 1ull << 25);
    return reconfigured(pe);
}

enum sysreg_result sysreg_read_pmevcntr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    return access_counter(pe, row->number, false, true, value);
}

enum sysreg_result sysreg_write_pmevcntr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    return access_counter(pe, row->number, false, false, &value);
}

enum sysreg_result sysreg_read_pmevtyper(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    return access_type(pe, row->number, false, true, value);
}

enum sysreg_result sysreg_write_pmevtyper(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    return access_type(pe, row->number, false, false, &value);
}

/* PMXEVTYPER_EL0 with PMSELR_EL0.SEL = 31 is PMCCFILTR_EL0. */
enum sysreg_result sysreg_read_pmxevtyper(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    unsigned n = SR(pe, PMSELR_EL0) & 31;
    if (n == CYCLE_COUNTER) {
        *value = SR(pe, PMCCFILTR_EL0);
        return SYSREG_DONE;
    }
    return access_type(pe, n, true, true, value);
}

enum sysreg_result sysreg_write_pmxevtyper(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    unsigned n = SR(pe, PMSELR_EL0) & 31;
    return n == CYCLE_COUNTER ? sysreg_write_pmccfiltr(pe, row, value) : access_type(pe, n, true, false, &value);
}

enum sysreg_result sysreg_read_pmxevcntr(struct pe *pe, const struct sysreg_row *row, uint64_t *value)
{
    return access_counter(pe, SR(pe, PMSELR_EL0) & 31, true, true, value);
}

enum sysreg_result sysreg_write_pmxevcntr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    return access_counter(pe, SR(pe, PMSELR_EL0) & 31, true, false, &value);
}

/* MDCR_EL2, MDCR_EL3: who may count. */
enum sysreg_result sysreg_write_mdcr(struct pe *pe, const struct sysreg_row *row, uint64_t value)
{
    pmu_sync(pe);
    sysreg_store(pe, row, value);
    return reconfigured(pe);
}
