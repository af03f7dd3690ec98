/*
 * Trap controls: the rows of traps.def, and their evaluation. A row is one AND of register fields, tested only in the
 * states (EL, Security state, EL2 enabled, E2H, TGE) in which it counts.
 */
#ifndef ARMSIM_CPU_TRAPS_H
#define ARMSIM_CPU_TRAPS_H

#include "cpu/control.h"
#include "cpu/traps_table.h"

#include <stddef.h>

/* ESR_ELx.EC of a row's exceptions. */
enum trap_class { TRAP_SYSREG, TRAP_FP, TRAP_WFX, TRAP_SMC, TRAP_HVC, TRAP_PAUTH, TRAP_SVE };

#define TRAP_UNDEFINED 0 /* in trap_row.target */

struct trap_test {
    uint16_t sysreg;
    bool differs; /* fires when the field is not `value` */
    uint64_t mask, value;
};

struct trap_row {
    const char *name;   /* "HCR_EL2.TVM" */
    uint64_t states;    /* bit n: counts in control_state n */
    uint8_t target;     /* 1: EL1, or EL2 when HCR_EL2.TGE is in effect; 2, 3; TRAP_UNDEFINED */
    uint8_t class;      /* enum trap_class */
    uint8_t test_count; /* 0: always */
    struct trap_test tests[2];
};

extern const struct trap_row trap_rows[TRAP_ROW_COUNT];

struct trap_list_rows {
    const uint16_t *rows;
    size_t count;
    uint64_t states; /* in which any of the rows counts */
};
extern const struct trap_list_rows trap_lists[];

/* IsInHost(): EL2, or EL0 below an EL2 that hosts applications. */
static inline bool in_host(const struct pe *pe)
{
    unsigned el = pe->pstate.el;
    return (pe->control_state & CONTROL_E2H) && (el == 2 || (el == 0 && (pe->control_state & CONTROL_TGE)));
}

/* Index of the present state in trap_row.states. */
static inline unsigned trap_state(const struct pe *pe) { return pe->control_state; }

static inline bool trap_row_fires(const struct pe *pe, const struct trap_row *row, unsigned state)
{
    if (!(row->states >> state & 1))
        return false;
    for (unsigned i = 0; i < row->test_count; i++) {
        const struct trap_test *test = &row->tests[i];
        if (((pe->sr[test->sysreg] & test->mask) == test->value) == test->differs)
            return false;
    }
    return true;
}

/* The first row of a list, in priority order, that traps now; NULL: none. `states`: in which any of them counts. */
static inline const struct trap_row *trap_find(const struct pe *pe, const uint16_t *rows, size_t count, uint64_t states)
{
    unsigned state = trap_state(pe);
    if (!(states >> state & 1))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (trap_row_fires(pe, &trap_rows[rows[i]], state))
            return &trap_rows[rows[i]];
    }
    return NULL;
}

/*
 * What is found depends on the EL and on control registers, which change seldom. So it is kept, until one of them is
 * written (sysreg_forget_rulings()), with the generation in which it was found.
 */
enum { RULING_LIMIT = 0x10000 };
#define RULING_GENERATION ((uint32_t)RULING_LIMIT) /* generations are multiples of this */

/* Finds it anew for the present EL, and keeps it. */
const struct trap_row *trap_rule_list(struct pe *pe, enum trap_list list);

/* The first row of a list that traps now; NULL: none. */
static inline const struct trap_row *trap_find_list(struct pe *pe, enum trap_list list)
{
    uint32_t known = pe->list_rulings[list][pe->pstate.el] ^ pe->ruling_generation; /* number of the row + 1; 0: none */
    if (UNLIKELY(known >= RULING_LIMIT))
        return trap_rule_list(pe, list);
    return known ? &trap_rows[known - 1] : NULL;
}

/* The EL that a row's exception goes to now. */
static inline unsigned trap_target(const struct pe *pe, const struct trap_row *row)
{
    return row->target == 1 && (pe->control_state & CONTROL_TGE) ? 2 : row->target;
}

#endif
