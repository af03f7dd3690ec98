/* What a run has touched. */
#include "libarmsim/api/check.h"

#include "cpu/coverage.h"

#include <string.h>

int armsim_coverage_enable(struct armsim_machine *machine, bool on)
{
    REQUIRE(machine, true);
    REQUIRE_STOPPED(machine);
    struct coverage *coverage = on ? coverage_create() : NULL;
    if (on && !coverage)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    coverage_destroy(machine->pe_env.coverage);
    machine->pe_env.coverage = coverage;
    /* Decoding counts, and decides which instructions go the way that counts: all are decoded again. */
    icache_invalidate(machine->icache, 0, UINT64_MAX);
    return 0;
}

int armsim_coverage_at(const struct armsim_machine *machine, enum armsim_coverage_kind kind, size_t index,
                       struct armsim_coverage *out)
{
    static coverage_list_fn *const lists[] = {
        [ARMSIM_COVERAGE_TRAP] = coverage_trap_at,
        [ARMSIM_COVERAGE_REGISTER] = coverage_register_at,
        [ARMSIM_COVERAGE_ENCODING] = coverage_form_at,
        [ARMSIM_COVERAGE_VECTOR] = coverage_vector_at,
    };
    REQUIRE_CONST(machine, (unsigned)kind < sizeof(lists) / sizeof(lists[0]) && out && out->size >= sizeof(size_t) &&
                               out->size <= 65536);
    struct coverage_item item;
    if (!lists[kind](machine->pes[0], machine->pe_env.coverage, index, &item))
        return ARMSIM_ERROR_NOT_FOUND;
    struct armsim_coverage coverage = {
        .size = out->size,
        .name = item.name,
        .possible = item.possible,
        .from_els = item.from_els,
        .to_el = item.to_el,
        .offset = item.offset,
        .count = item.count,
        .writes = item.writes,
    };
    memcpy(out, &coverage, out->size < sizeof(coverage) ? out->size : sizeof(coverage));
    return 0;
}
