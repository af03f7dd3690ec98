/* --stats: the run's figures as JSON. */
#include "frontends/cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1e9

static uint64_t cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void set_u64(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *exceptions(const struct session *session)
{
    json_t *list = json_array();
    int64_t count = armsim_trap_counts(session->machine, NULL, 0);
    struct armsim_trap_count *counts = count > 0 ? calloc((size_t)count, sizeof(*counts)) : NULL;
    if (counts)
        count = armsim_trap_counts(session->machine, counts, (size_t)count);
    for (int64_t i = 0; counts && i < count; i++) {
        json_t *line = json_object();
        set_u64(line, "from_el", counts[i].from_el);
        set_u64(line, "to_el", counts[i].to_el);
        json_object_set_new(line, "kind", json_string(armsim_trap_kind_name(counts[i].kind)));
        if (counts[i].kind == ARMSIM_TRAP_SYNC) {
            set_u64(line, "class", counts[i].ec);
            json_object_set_new(line, "name", json_string(armsim_exception_class_name(counts[i].ec)));
        }
        set_u64(line, "count", counts[i].count);
        json_array_append_new(list, line);
    }
    free(counts);
    return list;
}

static json_t *instructions_by_pe(const struct session *session)
{
    json_t *list = json_array();
    for (uint32_t pe = 0; pe < armsim_pe_count(session->machine); pe++) {
        uint64_t count = 0;
        armsim_pe_instructions(session->machine, pe, &count);
        json_array_append_new(list, json_integer((json_int_t)count));
    }
    return list;
}

/* A line "Key:  123 kB" of a file of /proc; 0 if it isn't there. */
static uint64_t proc_kib(const char *line, const char *key)
{
    size_t length = strlen(key);
    return strncmp(line, key, length) == 0 ? strtoull(line + length, NULL, 10) : 0;
}

static uint64_t peak_memory_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    uint64_t peak = 0;
    while (file && fgets(line, sizeof(line), file))
        peak |= proc_kib(line, "VmHWM:");
    if (file)
        fclose(file);
    return peak;
}

/* What of the guest's RAM the host really holds: the largest mapping that has room for it. */
static uint64_t touched_ram_kib(uint64_t ram_size)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    uint64_t size = 0, touched = 0;
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "Size:", 5) == 0)
            size = proc_kib(line, "Size:");
        uint64_t resident = proc_kib(line, "Rss:");
        if (resident > touched && size >= ram_size / 1024)
            touched = resident;
    }
    if (file)
        fclose(file);
    return touched;
}

static json_t *memory(const struct session *session, const struct armsim_stats *stats)
{
    json_t *object = json_object();
    uint64_t peak = peak_memory_kib(), touched = touched_ram_kib(session->options->machine.ram_size);
    set_u64(object, "peak_kib", peak);
    set_u64(object, "guest_ram_touched_kib", touched);
    set_u64(object, "beyond_guest_ram_kib", peak > touched ? peak - touched : 0);
    set_u64(object, "machine_bytes", stats->memory_bytes);
    return object;
}

static json_t *figures(const struct session *session, const struct armsim_stop *stop, int status)
{
    struct armsim_stats stats = {.size = sizeof(stats)};
    armsim_get_stats(session->machine, &stats);
    double wall = (double)(real_now() - session->start_wall_ns) / NS_PER_SECOND;
    double cpu = (double)(cpu_now() - session->start_cpu_ns) / NS_PER_SECOND;
    json_t *object = json_object();
    json_object_set_new(object, "version", json_string(armsim_version()));
    json_object_set_new(object, "stop", json_string(session->quit ? "quit" : armsim_stop_name(stop->reason)));
    set_u64(object, "exit_status", (uint64_t)status);
    set_u64(object, "instructions", stats.instructions);
    json_object_set_new(object, "instructions_by_pe", instructions_by_pe(session));
    json_object_set_new(object, "host_cpu_seconds", json_real(cpu));
    json_object_set_new(object, "wall_seconds", json_real(wall));
    json_object_set_new(object, "mips", json_real(cpu > 0 ? (double)stats.instructions / cpu / 1e6 : 0));
    json_object_set_new(object, "virtual_seconds", json_real((double)stats.time_ns / NS_PER_SECOND));
    json_object_set_new(object, "idle_seconds", json_real((double)stats.idle_ns / NS_PER_SECOND));
    set_u64(object, "turns", stats.turns);
    set_u64(object, "events", stats.events);
    json_t *traps = json_object();
    set_u64(traps, "taken", stats.exceptions);
    set_u64(traps, "returns", stats.returns);
    json_object_set_new(traps, "by_class", exceptions(session));
    json_object_set_new(object, "exceptions", traps);
    json_t *tlb = json_object();
    set_u64(tlb, "hits", stats.tlb_hits);
    set_u64(tlb, "misses", stats.tlb_misses);
    set_u64(tlb, "table_walks", stats.table_walks);
    set_u64(tlb, "descriptor_reads", stats.descriptor_reads);
    set_u64(tlb, "invalidations", stats.tlb_invalidations);
    json_object_set_new(object, "tlb", tlb);
    json_t *decode = json_object();
    set_u64(decode, "pages", stats.pages_decoded);
    set_u64(decode, "instructions", stats.instructions_decoded);
    set_u64(decode, "invalidated", stats.records_invalidated);
    json_object_set_new(object, "decode", decode);
    json_object_set_new(object, "memory", memory(session, &stats));
    return object;
}

int stats_write(const struct session *session, const struct armsim_stop *stop, int status)
{
    const char *path = session->options->stats_file;
    bool to_stdout = strcmp(path, "-") == 0;
    json_t *object = figures(session, stop, status);
    FILE *file = to_stdout ? stdout : fopen(path, "w");
    if (!file) {
        json_decref(object);
        return complain(EXIT_INPUT, "%s: open for writing: %s", path, strerror(errno));
    }
    bool ok = json_dumpf(object, file, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0 && fputc('\n', file) != EOF;
    json_decref(object);
    ok &= to_stdout ? fflush(file) == 0 : fclose(file) == 0;
    return ok ? 0 : complain(EXIT_INPUT, "%s: write: %s", path, strerror(errno));
}
