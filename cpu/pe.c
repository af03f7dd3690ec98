/* A PE's life: creation, reset, pins. */
#include "cpu/cpu.h"
#include "cpu/impdef.h"
#include "cpu/interp/interp.h"
#include "cpu/sysreg.h"
#include "libarmsim/fabric/state.h"

#include <stdlib.h>
#include <string.h>

struct pe *pe_create(const struct pe_config *config, const struct pe_env *env)
{
    struct pe *pe = aligned_alloc(64, (sizeof(*pe) + 63) & ~(size_t)63);
    if (!pe)
        return NULL;
    memset(pe, 0, sizeof(*pe));
    pe->index = config->index;
    pe->mpidr = config->mpidr;
    pe->model = config->model;
    pe->features = config->features;
    pe->have_el2 = config->have_el2;
    pe->have_el3 = config->have_el3;
    pe->secure_only = config->secure_only;
    pe->reset_address = config->reset_address;
    pe->env = env;
    pe->interp = calloc(1, sizeof(*pe->interp));
    pe->mmu = mmu_create(env->bus, (uint16_t)config->index, config->tlb_entries);
    if (!pe->interp || !pe->mmu || interp_create_contexts(pe->interp) || icache_add_pe(env->icache, pe)) {
        pe_destroy(pe);
        return NULL;
    }
    pe_watch_fills(pe);
    mmu_set_unclaimed_zero(pe->mmu, impdef(pe, BUS_ERROR) == BUS_ERROR_RAZWI);
    pe_identify(pe);
    sysreg_forget_rulings(pe);
    return pe;
}

void pe_destroy(struct pe *pe)
{
    if (!pe)
        return;
    icache_remove_pe(pe->env->icache, pe);
    mmu_destroy(pe->mmu);
    if (pe->interp)
        free(pe->interp->contexts);
    free(pe->interp);
    free(pe);
}

static void tell_filled(void *opaque, const struct mmu_fill *fill)
{
    struct pe *pe = opaque;
    if (pe->env->filled)
        pe->env->filled(pe->env->machine, pe, fill);
}

static void tell_stale(void *opaque, enum mmu_stale kind, uint64_t va)
{
    static const char *const texts[] = {
        [MMU_STALE_UNMAPPED] = "nothing is mapped there any more",
        [MMU_STALE_PERMISSIONS] = "permissions or the Access flag have changed",
        [MMU_STALE_CONFLICT] = "something else is mapped there, without break-before-make",
    };
    const struct pe *pe = opaque;
    log_message(pe->env->log, LOG_GUEST_ERROR, "PE %u: the TLB's entry for 0x%llx is stale: %s (pc 0x%llx)", pe->index,
                (unsigned long long)va, texts[kind], (unsigned long long)pe->pc);
}

void pe_watch_fills(struct pe *pe)
{
    const struct mmu_keeper keeper = {.lost = pe_purge_translation, .fetch = pe_fetch_regime,
                                      .filled = pe->env->filled ? tell_filled : NULL, .stale = tell_stale, .opaque = pe};
    mmu_set_keeper(pe->mmu, &keeper);
}

/* AArch64.TakeReset(): general and SIMD&FP registers are UNKNOWN, here 0. */
void pe_reset(struct pe *pe, bool cold)
{
    struct state_section section = pe_section(pe, "pe");
    state_reset_section(&section);
    pe->x[REG_SINK] = 0;
    pe->pstate.el = pe->have_el3 ? 3 : pe->have_el2 ? 2 : 1;
    pe->pstate.sp = 1;
    pe->pstate.d = pe->pstate.a = pe->pstate.i = pe->pstate.f = 1;
    pe_set_nzcv(pe, 0);
    sysreg_reset(pe, cold);
    pe_set_pending(pe, PENDING_SERROR, false);
    pe->pc = pe->reset_address;
    pe->interp->sample_point = true;
    pe->sample_interrupts = true;
    mmu_reset(pe->mmu);
    pe_update_context(pe);
    pe_flush_fast_tlb(pe);
}

void pe_set_pc(struct pe *pe, uint64_t pc)
{
    pe->pc = pc;
    pe->step.stepped = true; /* what brought it here isn't known; step.exclusive stays what it was */
    pe->interp->sample_point = true;
    pe->sample_interrupts = true;
}

bool pe_wake(struct pe *pe)
{
    if (pe->power == PE_WFE && (pe->event_register || interrupt_pending(pe, false))) {
        pe->event_register = false;
        pe->power = PE_RUNNING;
    } else if (pe->power == PE_WFI && interrupt_pending(pe, true)) {
        pe->power = PE_RUNNING;
    }
    if (pe->power == PE_RUNNING)
        pe->sample_interrupts = true;
    return pe->power == PE_RUNNING;
}
