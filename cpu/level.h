/* A change of Exception level: what pe->level says of the new one takes effect. On the way of every exception. */
#ifndef ARMSIM_CPU_LEVEL_H
#define ARMSIM_CPU_LEVEL_H

#include "cpu/control.h"
#include "gic/gic.h"

/* --- context.c: what is seldom needed --- */
/* The context number of the present EL, PSTATE.PAN and `strict`, put into level->number too. */
uint16_t pe_find_context(struct pe *pe, struct el_context *level);
/* The return predictions of the present EL belong to another context. */
void pe_empty_return_stack(struct pe *pe);
/* Debug has to look at something here. */
void pe_update_debug(struct pe *pe);

/* pe_update_pstate(). */
static inline void pe_use_level(struct pe *pe)
{
    struct el_context *level = &pe->level[pe->pstate.el];
    pe->control_state = level->control_state;
    pe->current_regime = level->regime;
    pe->fp_enabled = level->fp_enabled;
    bool strict = level->strict | (level->check_sp & ((pe->x[REG_SP] & 15) != 0));
    pe->strict = strict;
    uint16_t number = level->number[strict][pe->pstate.pan];
    if (UNLIKELY(!number))
        number = pe_find_context(pe, level);
    pe->context = number;
    pe->data_context = strict ? CONTEXT_NONE : number;
    if (UNLIKELY(level->debug | pe->pstate.ss | pe->by_steps | pe->watching))
        pe_update_debug(pe);
    pe->return_stack = &pe->return_stacks[pe->pstate.el];
    if (UNLIKELY(pe->return_stack->context != number))
        pe_empty_return_stack(pe);
}

#define HCR_EL2_VIRTUAL_PENDING (7ull << 6) /* VSE, VI, VF */

/* After PSTATE.EL changed. SP has been saved. */
static inline __attribute__((always_inline)) void pe_enter_level(struct pe *pe)
{
    pe_load_sp(pe);
    pe_use_level(pe);
    if (UNLIKELY(pe->pending || (SR(pe, HCR_EL2) & HCR_EL2_VIRTUAL_PENDING)))
        pe->sample_interrupts |= interrupt_pending(pe, false);
    if (pe->gic)
        gic_set_pe_state(pe->gic, pe->pstate.el == 3, !(pe->control_state & CONTROL_NS));
}

#endif
