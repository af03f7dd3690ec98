/*
 * What a run has touched: rows of traps.def, rows of sysregs.def, forms of the decode table, exception vectors.
 * A machine that records it has one of these behind its PEs' env; without one (NULL) nothing is counted.
 */
#ifndef ARMSIM_CPU_COVERAGE_H
#define ARMSIM_CPU_COVERAGE_H

#include "cpu/a64_forms.h"
#include "cpu/pe.h"
#include "cpu/traps_table.h"

#include <stddef.h>

enum { COVERAGE_VECTORS = 16 }; /* of one EL */

struct coverage {
    uint64_t traps[TRAP_ROW_COUNT];
    uint64_t vectors[4][COVERAGE_VECTORS]; /* by target EL */
    uint64_t forms[A64_FORM_COUNT];
    struct {
        uint64_t reads, writes;
    } registers[]; /* by row of sysregs.def */
};

struct coverage *coverage_create(void); /* zeros; NULL: out of memory */
void coverage_destroy(struct coverage *coverage);

/* An exception was entered: from EL `from`, because of `why`. The control registers are still those that decided. */
void coverage_exception(const struct pe *pe, unsigned from, unsigned to, uint16_t vector_offset, const char *why);

/* What can be covered, for listings: item `index` of each kind; false at the end. */
struct coverage_item {
    const char *name;
    bool possible;      /* a PE like this one has it */
    uint8_t from_els, to_el; /* trap rows: bit n for ELn; 0: UNDEFINED at the EL itself */
    uint16_t offset;    /* vectors */
    uint64_t count, writes;
};
typedef bool coverage_list_fn(const struct pe *pe, const struct coverage *coverage, size_t index,
                              struct coverage_item *item);
coverage_list_fn coverage_trap_at, coverage_register_at, coverage_form_at, coverage_vector_at;

#endif
