/* From pe->pc to its record: where the flow of instructions goes on after whatever changed the PC. */
#ifndef ARMSIM_CPU_INTERP_FLOW_H
#define ARMSIM_CPU_INTERP_FLOW_H

#include "cpu/interp/interp.h"

static inline const struct fast_itlb_entry *itlb_entry(const struct pe *pe)
{
    return &pe->itlb[pe->pc >> 12 & (FAST_ITLB_ENTRIES - 1)];
}

/* A misaligned PC never matches. */
static inline uint64_t itlb_tag(const struct pe *pe) { return (pe->pc & ~0xffcull) | pe->context; }

/* The record of pe->pc in the page of `entry`; pe->limit goes along with pe->ip. */
static inline void continue_at(struct pe *pe, const struct fast_itlb_entry *entry)
{
    const struct record *next = (const struct record *)((const char *)entry->base + ((pe->pc & 0xffc) << 2));
    pe->limit += (const char *)next - (const char *)pe->ip;
    pe->ip = next;
    pe->bias = entry->bias;
}

/*
 * Makes ip, bias and limit from pe->pc: fetches, takes fetch faults and pending interrupts. pe->limit must be as after
 * the last instruction with pe->ip after it. FLOW_LEAVE: stop here. `sample`: the flow is at a sample point. Which points
 * are depends on the guest's flow alone, never on the state of the fast TLBs.
 */
enum flow interp_enter_slowly(struct pe *pe, bool sample);

/* The same; here is what happens nearly always: nobody wants attention, and the fast TLB has the page. */
static inline enum flow interp_enter(struct pe *pe, bool sample)
{
    const struct fast_itlb_entry *entry = itlb_entry(pe);
    if (LIKELY(!(pe->nz_both | pe->by_steps | pe->sample_interrupts | pe->pstate.il | pe->interp->stepping) &&
               (int64_t)pe->ip < pe->limit && entry->tag == itlb_tag(pe))) {
        continue_at(pe, entry);
        return FLOW_RESUME;
    }
    return interp_enter_slowly(pe, sample);
}

/* A handler continues as a C function's outcome says; the PE's fields hold everything. */
#define CONTINUE(outcome)                                                                                              \
    do {                                                                                                               \
        enum flow flow_ = (outcome);                                                                                   \
        if (UNLIKELY(flow_ == FLOW_LEAVE))                                                                             \
            LEAVE;                                                                                                     \
        RELOAD;                                                                                                        \
        if (LIKELY(flow_ == FLOW_NEXT))                                                                                \
            NEXT(1);                                                                                                   \
        DISPATCH;                                                                                                      \
    } while (0)

#endif
