/*
 * What follows from control registers and PSTATE: translation regimes, the context number that tags the fast TLBs,
 * whether SIMD&FP is enabled, and whether every access needs its alignment checked.
 */
#include "cpu/control.h"
#include "cpu/cpu.h"
#include "cpu/debug.h"
#include "cpu/exception.h"
#include "cpu/interp/interp.h"
#include "cpu/level.h"
#include "cpu/pstate.h"

#include <stdlib.h>
#include <string.h>

enum { CONTEXT_STEP = 4, CONTEXT_LIMIT = CONTEXT_NONE };

/* All that a fast TLB entry's validity depends on beside memory and TLB maintenance. */
struct context_key {
    uint64_t sctlr, tcr, mair, hcr, vtcr, scr;
    uint16_t asid, vmid;
    uint8_t regime, security, el, pan, stage2, strict, unused[6];
};
_Static_assert(sizeof(struct context_key) == 64, "keys are compared as bytes: no padding");

static uint16_t asid_of(const struct pe *pe, const struct mmu_regime *regime)
{
    uint64_t ttbr = regime->ttbr[regime->tcr >> 22 & 1];
    bool wide = pe->mmu_features.asid16 && (regime->tcr >> 36 & 1);
    return (uint16_t)(ttbr >> 48 & (wide ? 0xffff : 0xff));
}

static uint8_t control_state(const struct pe *pe, unsigned el)
{
    uint64_t scr = effective_scr(pe), hcr = SR(pe, HCR_EL2);
    unsigned state = el << CONTROL_EL_SHIFT | (scr & SCR_EL3_NS ? CONTROL_NS : 0);
    if (pe->have_el2 && ((scr & SCR_EL3_NS) || (has_feature(pe, FEATURE_SEL2) && (scr & SCR_EL3_EEL2))))
        state |= CONTROL_EL2 | (hcr & HCR_EL2_E2H ? CONTROL_E2H : 0) | (hcr & HCR_EL2_TGE ? CONTROL_TGE : 0);
    return (uint8_t)state;
}

static void make_regimes(struct pe *pe)
{
    uint64_t hcr = effective_hcr(pe), scr = effective_scr(pe);
    bool el2 = el2_enabled(pe);
    enum pas security = scr & SCR_EL3_NS ? PAS_NON_SECURE : PAS_SECURE;
    struct mmu_regime *r = pe->regime;
    memset(pe->regime, 0, sizeof(pe->regime));
    for (int i = 0; i < 4; i++)
        r[i] = (struct mmu_regime){.id = (enum regime_id)i, .security = security, .hcr = hcr, .scr = scr,
                                   .features = &pe->mmu_features};
    r[REGIME_EL10].sctlr = SR(pe, SCTLR_EL1);
    r[REGIME_EL10].tcr = SR(pe, TCR_EL1);
    r[REGIME_EL10].mair = SR(pe, MAIR_EL1);
    r[REGIME_EL10].ttbr[0] = SR(pe, TTBR0_EL1);
    r[REGIME_EL10].ttbr[1] = SR(pe, TTBR1_EL1);
    r[REGIME_EL10].asid[0] = r[REGIME_EL10].asid[1] = asid_of(pe, &r[REGIME_EL10]);
    if (el2) {
        r[REGIME_EL10].stage2 = (hcr & (HCR_EL2_VM | HCR_EL2_DC)) && !(hcr & HCR_EL2_TGE);
        r[REGIME_EL10].stage2_ee = SR(pe, SCTLR_EL2) >> 25 & 1;
        r[REGIME_EL10].vtcr = SR(pe, VTCR_EL2);
        r[REGIME_EL10].vttbr = SR(pe, VTTBR_EL2);
        r[REGIME_EL10].vstcr = SR(pe, VSTCR_EL2);
        r[REGIME_EL10].vsttbr = SR(pe, VSTTBR_EL2);
        bool wide = pe->mmu_features.vmid16 && (SR(pe, VTCR_EL2) >> 19 & 1);
        r[REGIME_EL10].vmid = (uint16_t)(SR(pe, VTTBR_EL2) >> 48 & (wide ? 0xffff : 0xff));
    }
    for (int i = REGIME_EL20; i <= REGIME_EL2; i++) {
        r[i].sctlr = SR(pe, SCTLR_EL2);
        r[i].tcr = SR(pe, TCR_EL2);
        r[i].mair = SR(pe, MAIR_EL2);
        r[i].ttbr[0] = SR(pe, TTBR0_EL2);
        r[i].ttbr[1] = SR(pe, TTBR1_EL2);
    }
    r[REGIME_EL20].asid[0] = r[REGIME_EL20].asid[1] = asid_of(pe, &r[REGIME_EL20]);
    r[REGIME_EL3].security = PAS_SECURE;
    r[REGIME_EL3].sctlr = SR(pe, SCTLR_EL3);
    r[REGIME_EL3].tcr = SR(pe, TCR_EL3);
    r[REGIME_EL3].mair = SR(pe, MAIR_EL3);
    r[REGIME_EL3].ttbr[0] = SR(pe, TTBR0_EL3);
    uint64_t version = mmu_new_version(pe->mmu);
    for (int i = 0; i < 4; i++)
        r[i].version = version;
}

enum regime_id regime_of_el(const struct pe *pe, unsigned el)
{
    uint64_t hcr = effective_hcr(pe);
    switch (el) {
    case 0: return (hcr & HCR_EL2_E2H) && (hcr & HCR_EL2_TGE) ? REGIME_EL20 : REGIME_EL10;
    case 1: return REGIME_EL10;
    case 2: return hcr & HCR_EL2_E2H ? REGIME_EL20 : REGIME_EL2;
    default: return REGIME_EL3;
    }
}

static void forget_contexts(struct pe *pe)
{
    for (unsigned el = 0; el < 4; el++)
        memset(pe->level[el].number, 0, sizeof(pe->level[el].number));
}

/* Context numbers that were never given out again make all entries worthless at once. */
void pe_flush_fast_tlb(struct pe *pe)
{
    pe->interp->first_context = pe->interp->next_context;
    forget_contexts(pe);
    memset(pe->interp->executed, 0, sizeof(pe->interp->executed)); /* no prediction will be used any more */
    pe_update_pstate(pe);
}

/*
 * An empty entry predicts its own address, ~0, to be found by a fetch: a register may hold any address, so there is none
 * that could mean "empty".
 */
static void forget_return(struct pe *pe, struct return_entry *entry)
{
    struct record *nowhere = &pe->interp->nowhere;
    nowhere->handler = handle_page_cross;
    *entry = (struct return_entry){.va = ~0ull, .ip = nowhere, .bias = ~0ull - ((uint64_t)nowhere >> 2)};
}

static void forget_returns(struct pe *pe, struct return_stack *stack)
{
    for (int i = 0; i < RETURN_STACK_ENTRIES; i++)
        forget_return(pe, &stack->entries[i]);
}

static void clear_fast_tlb(struct pe *pe)
{
    for (int i = 0; i < FAST_TLB_ENTRIES; i++)
        pe->dtlb[i].read_tag = pe->dtlb[i].write_tag = ~0ull;
    for (int i = 0; i < FAST_ITLB_ENTRIES; i++)
        pe->itlb[i].tag = ~0ull;
    for (int i = 0; i < DEVICE_TLB_ENTRIES; i++)
        pe->device_tlb[i].read_tag = pe->device_tlb[i].write_tag = ~0ull;
    for (int i = 0; i < 4; i++)
        forget_returns(pe, &pe->return_stacks[i]);
}

/* Whether an address lies in [va, va + size), address tags aside. */
static bool in_range(uint64_t address, uint64_t va, uint64_t size)
{
    return (address - va) << 8 >> 8 < size;
}

/* The current EL's predictions are looked through; the others' are forgotten when their EL is next entered. */
static void purge_returns(struct pe *pe, uint64_t va, uint64_t size)
{
    for (int i = 0; i < 4; i++) {
        if (&pe->return_stacks[i] != pe->return_stack)
            pe->return_stacks[i].context = CONTEXT_NONE;
    }
    for (int k = 0; k < RETURN_STACK_ENTRIES; k++) {
        if (in_range(pe->return_stack->entries[k].va, va, size))
            forget_return(pe, &pe->return_stack->entries[k]);
    }
}

const struct mmu_regime *pe_fetch_regime(void *opaque, uint64_t *va)
{
    const struct pe *pe = opaque;
    *va = pe->pc;
    return &pe->regime[pe->current_regime];
}

/* Whether the tag's page lies in [va, va + size). Of one page less is to be calculated. */
static inline bool tag_in_range(uint64_t tag, uint64_t va, uint64_t size)
{
    return size == 0x1000 ? (tag ^ va) << 8 >> 20 == 0 : in_range(tag & ~0xfffull, va, size);
}

/* The entries that page number `page` would have. */
static inline __attribute__((always_inline)) void purge_page(struct pe *pe, uint64_t page, uint64_t va, uint64_t size)
{
    struct fast_tlb_entry *data = &pe->dtlb[page & (FAST_TLB_ENTRIES - 1)];
    struct fast_itlb_entry *code = &pe->itlb[page & (FAST_ITLB_ENTRIES - 1)];
    struct device_tlb_entry *device = &pe->device_tlb[page & (DEVICE_TLB_ENTRIES - 1)];
    if (tag_in_range(data->read_tag, va, size) || tag_in_range(data->write_tag, va, size))
        data->read_tag = data->write_tag = ~0ull;
    if (tag_in_range(code->tag, va, size))
        code->tag = ~0ull;
    if (tag_in_range(device->read_tag, va, size) || tag_in_range(device->write_tag, va, size))
        device->read_tag = device->write_tag = ~0ull;
}

void pe_purge_translation(void *opaque, uint64_t va, uint64_t size)
{
    struct pe *pe = opaque;
    if (LIKELY(size == 0x1000)) {
        purge_page(pe, va >> 12, va, 0x1000);
        if (UNLIKELY(*executed_word(pe, va) & executed_bit(va)))
            purge_returns(pe, va, size);
    } else if (!size) {
        pe_flush_fast_tlb(pe);
    } else {
        uint64_t pages = size >> 12;
        for (uint64_t n = 0; n < (pages < FAST_TLB_ENTRIES ? pages : FAST_TLB_ENTRIES); n++)
            purge_page(pe, (va >> 12) + n, va, size);
        purge_returns(pe, va, size);
    }
}

void pe_purge_writes(struct pe *pe, const uint8_t *host_page)
{
    for (int i = 0; i < FAST_TLB_ENTRIES; i++) {
        struct fast_tlb_entry *entry = &pe->dtlb[i];
        if (entry->write_tag != ~0ull &&
            (const uint8_t *)(uintptr_t)((entry->write_tag & ~0xfffull) + (uint64_t)entry->addend) == host_page)
            entry->write_tag = ~0ull;
    }
}

__attribute__((noinline)) void pe_purge_page(struct pe *pe, const uint8_t *host_page)
{
    for (int i = 0; i < FAST_TLB_ENTRIES; i++) {
        struct fast_tlb_entry *entry = &pe->dtlb[i];
        uint64_t tag = entry->read_tag != ~0ull ? entry->read_tag : entry->write_tag;
        if (tag != ~0ull && (const uint8_t *)(uintptr_t)((tag & ~0xfffull) + (uint64_t)entry->addend) == host_page)
            entry->read_tag = entry->write_tag = ~0ull;
    }
}

void pe_purge_all_writes(struct pe *pe)
{
    for (int i = 0; i < FAST_TLB_ENTRIES; i++)
        pe->dtlb[i].write_tag = ~0ull;
}

static uint16_t context_number(struct pe *pe)
{
    struct interp *it = pe->interp;
    const struct mmu_regime *regime = &pe->regime[pe->current_regime];
    struct context_key key = {
        .sctlr = regime->sctlr, .tcr = regime->tcr, .mair = regime->mair, .hcr = regime->hcr, .vtcr = regime->vtcr,
        .scr = regime->scr, .asid = regime->asid[0], .vmid = regime->vmid, .regime = (uint8_t)regime->id,
        .security = (uint8_t)regime->security, .el = pe->pstate.el, .pan = pe->pstate.pan, .stage2 = regime->stage2,
        .strict = pe->strict};
    for (uint64_t number = it->first_context; number < it->next_context; number += CONTEXT_STEP) {
        if (!memcmp(&it->contexts[number / CONTEXT_STEP], &key, sizeof(key)))
            return (uint16_t)number;
    }
    if (it->next_context >= CONTEXT_LIMIT) { /* all given out: begin again */
        clear_fast_tlb(pe);
        forget_contexts(pe);
        it->next_context = it->first_context = CONTEXT_STEP;
    }
    uint16_t number = (uint16_t)it->next_context;
    it->next_context += CONTEXT_STEP;
    it->contexts[number / CONTEXT_STEP] = key;
    return number;
}

int interp_create_contexts(struct interp *it)
{
    it->contexts = calloc(CONTEXT_LIMIT / CONTEXT_STEP + 1, sizeof(*it->contexts));
    it->next_context = it->first_context = CONTEXT_STEP;
    return it->contexts ? 0 : -1;
}

/* CheckFPAdvSIMDEnabled64() without taking the trap. */
static bool fp_allowed(const struct pe *pe, unsigned el)
{
    uint64_t hcr = effective_hcr(pe);
    bool host = (hcr & HCR_EL2_E2H) && (hcr & HCR_EL2_TGE);
    if (el <= 1 && !(el == 0 && host)) {
        unsigned fpen = SR(pe, CPACR_EL1) >> 20 & 3;
        if (fpen != 3 && !(fpen == 1 && el == 1))
            return false;
    }
    if (el <= 2 && el2_enabled(pe)) {
        uint64_t cptr = SR(pe, CPTR_EL2);
        if (hcr & HCR_EL2_E2H) {
            unsigned fpen = cptr >> 20 & 3;
            if (fpen != 3 && !(fpen == 1 && !(el == 0 && (hcr & HCR_EL2_TGE))))
                return false;
        } else if (cptr >> 10 & 1) {
            return false;
        }
    }
    return !(pe->have_el3 && (SR(pe, CPTR_EL3) >> 10 & 1));
}

/* What an exception to `el` sets in PSTATE. */
static void make_entry(const struct pe *pe, unsigned el, uint64_t sctlr, struct el_context *level)
{
    enum { SCTLR_SPAN = 23, SCTLR_DSSBS = 44 };
    bool host = (~level->control_state & (CONTROL_E2H | CONTROL_TGE)) == 0;
    bool sets_pan = (pe->spsr_fields & 1u << SPSR_PAN) && (el == 1 || (el == 2 && host)) && !(sctlr >> SCTLR_SPAN & 1);
    level->entry[0] = PSTATE_WORD(d, 1) | PSTATE_WORD(a, 1) | PSTATE_WORD(i, 1) | PSTATE_WORD(f, 1) |
                      PSTATE_WORD(pan, sets_pan);
    level->entry[1] = PSTATE_WORD(el, el) | PSTATE_WORD(sp, 1) |
                      PSTATE_WORD(ssbs, (pe->spsr_fields >> SPSR_SSBS & sctlr >> SCTLR_DSSBS) & 1) |
                      PSTATE_WORD(tco, pe->spsr_fields >> SPSR_TCO & 1);
}

/* The AArch64 modes that a return from `el` may name: see illegal_exception_return(). */
static uint16_t legal_returns(const struct pe *pe, unsigned el, unsigned state)
{
    enum { EL0T = 1u << 0, EL1T = 1u << 4, EL1H = 1u << 5, EL2T = 1u << 8, EL2H = 1u << 9, EL3T = 1u << 12, EL3H = 1u << 13 };
    unsigned modes = EL0T;
    if (el >= 1 && !(state & CONTROL_TGE))
        modes |= EL1T | EL1H;
    if (el >= 2 && pe->have_el2 && (!pe->have_el3 || (state & CONTROL_EL2)))
        modes |= EL2T | EL2H;
    if (el == 3)
        modes |= EL3T | EL3H;
    return (uint16_t)modes;
}

static struct gic_view gic_view(const struct pe *pe, unsigned el)
{
    uint64_t hcr = effective_hcr(pe), scr = effective_scr(pe);
    return (struct gic_view){.el = (uint8_t)el, .secure = !(scr & SCR_EL3_NS), .scr_irq = pe->have_el3 && (scr >> 1 & 1),
                             .scr_fiq = pe->have_el3 && (scr >> 2 & 1), .hcr_fmo = hcr >> 3 & 1,
                             .hcr_imo = hcr >> 4 & 1, .hcr_tge = hcr >> 27 & 1};
}

/* What each EL would have, so that a change of EL alone is quick. */
static void make_levels(struct pe *pe)
{
    for (unsigned el = 0; el < 4; el++) {
        struct el_context *level = &pe->level[el];
        level->regime = regime_of_el(pe, el);
        uint64_t sctlr = pe->regime[level->regime].sctlr;
        level->control_state = control_state(pe, el);
        level->fp_enabled = fp_allowed(pe, el);
        level->strict = (sctlr >> 1 & 1) || (sctlr >> (el == 0 ? 24 : 25) & 1); /* A; E0E or EE */
        level->debug = (uint8_t)debug_wants(pe, el);
        level->strict |= (level->debug & DEBUG_WATCHES) != 0;
        level->check_sp = sctlr >> (el == 0 ? 4 : 3) & 1;
        level->secure = !(level->control_state & CONTROL_NS) || el == 3;
        level->nested = (effective_hcr(pe) & (HCR_EL2_NV | HCR_EL2_NV1)) == HCR_EL2_NV;
        level->returns = legal_returns(pe, el, level->control_state);
        make_entry(pe, el, sctlr, level);
        level->gic = gic_view(pe, el);
        interrupt_masks(pe, el, level);
        memset(level->number, 0, sizeof(level->number));
    }
}

void pe_empty_return_stack(struct pe *pe)
{
    forget_returns(pe, pe->return_stack);
    pe->return_stack->context = pe->context;
}

uint16_t pe_find_context(struct pe *pe, struct el_context *level)
{
    uint16_t number = context_number(pe);
    level->number[pe->strict][pe->pstate.pan] = number;
    return number;
}

void pe_update_debug(struct pe *pe) { debug_update(pe); }

void pe_update_pstate(struct pe *pe) { pe_use_level(pe); }

void pe_update_context(struct pe *pe)
{
    pe->control_state = control_state(pe, pe->pstate.el);
    make_regimes(pe);
    make_levels(pe);
    pe_update_pstate(pe);
}
