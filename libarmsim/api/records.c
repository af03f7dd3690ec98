/* Traps, traces, the log, figures, hashes. */
#include "libarmsim/api/check.h"
#include "libarmsim/machine/trace.h"
#include "libarmsim/machine/trap_ring.h"
#include "libarmsim/machine/trap_text.h"

#include "cpu/host.h"

#include <stdlib.h>
#include <string.h>

int64_t armsim_traps(const struct armsim_machine *machine, uint64_t from, struct armsim_trap *traps, size_t max)
{
    REQUIRE_CONST(machine, traps || !max);
    return (int64_t)trap_ring_copy(machine->traps, from, traps, max);
}

uint64_t armsim_trap_total(const struct armsim_machine *machine)
{
    return usable(machine) ? machine->traps->total : 0;
}

int64_t armsim_trap_counts(const struct armsim_machine *machine, struct armsim_trap_count *counts, size_t max)
{
    REQUIRE_CONST(machine, counts || !max);
    return (int64_t)trap_ring_counts(machine->traps, counts, max);
}

const char *armsim_exception_class_name(uint8_t ec)
{
    return trap_class_name(ec);
}

const char *armsim_trap_kind_name(enum armsim_trap_kind kind)
{
    return trap_kind_name(kind);
}

int armsim_format_trap(const struct armsim_trap *trap, enum armsim_trace_format format, char *text, size_t size)
{
    if (!trap || (!text && size) || (unsigned)format > ARMSIM_TRACE_TARMAC || !trap->why)
        return ARMSIM_ERROR_ARGUMENT;
    struct text line = text_begin(text, size);
    trap_text(&line, trap, format);
    return (int)line.length;
}

int armsim_trace_start(struct armsim_machine *machine, enum armsim_trace_format format, bool instructions,
                       armsim_write_fn *write, void *opaque)
{
    REQUIRE(machine, (unsigned)format <= ARMSIM_TRACE_TARMAC && write);
    REQUIRE_STOPPED(machine);
    struct trace *trace = trace_create(format, instructions, write, opaque);
    if (!trace)
        return machine_fail(machine, ARMSIM_ERROR_MEMORY, "out of memory");
    trace_destroy(machine->trace);
    machine->trace = trace;
    trace_header(trace, machine);
    machine_update_listeners(machine);
    return 0;
}

int armsim_trace_stop(struct armsim_machine *machine)
{
    REQUIRE(machine, true);
    REQUIRE_STOPPED(machine);
    trace_destroy(machine->trace);
    machine->trace = NULL;
    machine_update_listeners(machine);
    return 0;
}

int armsim_set_log(struct armsim_machine *machine, uint32_t mask, armsim_log_fn *fn, void *opaque)
{
    REQUIRE(machine, !(mask & ~(uint32_t)ARMSIM_LOG_ALL));
    machine->log_fn = fn;
    machine->log_opaque = opaque;
    machine->log.mask = fn ? mask : 0;
    machine_update_listeners(machine);
    return 0;
}

static void add_pe(struct armsim_stats *stats, const struct pe *pe)
{
    struct host_stats host;
    host_stats(pe, &host);
    stats->tlb_hits += host.tlb_hits;
    stats->tlb_misses += host.tlb_misses;
    stats->table_walks += host.walks;
    stats->descriptor_reads += host.descriptor_reads;
    stats->tlb_invalidations += host.invalidations;
    stats->instructions_decoded += host.decoded;
    stats->records_invalidated += host.invalidated;
}

int armsim_get_stats(const struct armsim_machine *machine, struct armsim_stats *out)
{
    REQUIRE_CONST(machine, out && out->size >= sizeof(size_t) && out->size <= 65536);
    struct armsim_stats stats = {
        .size = out->size,
        .instructions = machine_instructions(machine),
        .time_ns = machine_now(machine),
        .idle_ns = machine->skipped_ns,
        .turns = machine->turns,
        .exceptions = machine->exceptions,
        .returns = machine->returns,
        .events = clock_fired(machine->clock),
    };
    icache_stats(machine->icache, &stats.pages_decoded, &stats.memory_bytes);
    for (unsigned i = 0; i < machine->pe_count; i++)
        add_pe(&stats, machine->pes[i]);
    memcpy(out, &stats, out->size < sizeof(stats) ? out->size : sizeof(stats));
    return 0;
}

int armsim_pe_instructions(const struct armsim_machine *machine, uint32_t pe, uint64_t *count)
{
    REQUIRE_CONST(machine, pe < machine->pe_count && count);
    *count = pe_instructions(machine->pes[pe]);
    return 0;
}

int armsim_state_hash(struct armsim_machine *machine, uint64_t *hash)
{
    REQUIRE(machine, hash);
    REQUIRE_STOPPED(machine);
    *hash = machine_state_hash(machine);
    return 0;
}

int armsim_state_section(struct armsim_machine *machine, size_t index, const char **name, uint64_t *hash)
{
    REQUIRE(machine, name && hash);
    REQUIRE_STOPPED(machine);
    return machine_state_section(machine, index, name, hash) ? 0 : ARMSIM_ERROR_NOT_FOUND;
}
