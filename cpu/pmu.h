/*
 * Performance Monitors (PMUv3). One instruction is one cycle. Counters are brought up to date when somebody looks, when
 * the EL changes and when their set-up changes, not at every instruction.
 */
#ifndef ARMSIM_CPU_PMU_H
#define ARMSIM_CPU_PMU_H

#include "cpu/pe.h"

enum pmu_event {
    PMU_SW_INCR = 0x00,
    PMU_INST_RETIRED = 0x08,
    PMU_EXC_TAKEN = 0x09,
    PMU_EXC_RETURN = 0x0a,
    PMU_CPU_CYCLES = 0x11,
    PMU_CHAIN = 0x1e,
};

/* Before the EL or Security state changes, or a counter's set-up. */
void pmu_sync(struct pe *pe);
/* A cold or a warm reset: nothing counts. */
void pmu_reset(struct pe *pe);
/* One event of a kind happened. */
void pmu_count(struct pe *pe, enum pmu_event event);
/* Instructions until the next overflow that interrupts, as things are now; UINT64_MAX: none. */
uint64_t pmu_next_overflow(const struct pe *pe);
/* At the end of a turn: overflows and their interrupt. */
void pmu_poll(struct pe *pe);

#endif
