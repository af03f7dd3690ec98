/* What -d, -D and --trace write. */
#include "frontends/cli/session.h"

#include <errno.h>
#include <armsim/hook.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1 << 14, FILE_BUFFER = 1 << 16 };

struct records {
    armsim_hook_id hook;
    struct session *session;
    FILE *log; /* standard error or -D */
    FILE *trace;
    struct disassembler *disassembler;
    /* The instructions that in_asm has shown: a hash set of address and word. */
    uint64_t *seen;
    size_t seen_count, seen_slots;
};

static void log_line(void *opaque, enum armsim_log_class log_class, const char *message)
{
    struct records *records = opaque;
    if (records->log == stderr)
        console_flush(records->session); /* in the order in which things happen */
    fprintf(records->log, "%s\n", message);
}

/* --- in_asm --- */

/* Never 0, which is an empty slot. */
static uint64_t instruction_key(uint64_t pc, uint32_t word)
{
    uint64_t key = (pc ^ (uint64_t)word << 32) * UINT64_C(0x9e3779b97f4a7c15);
    key ^= key >> 29;
    return key ? key : 1;
}

static bool add_key(uint64_t *slots, size_t count, uint64_t key)
{
    size_t at = key & (count - 1);
    for (; slots[at]; at = (at + 1) & (count - 1))
        if (slots[at] == key)
            return false;
    slots[at] = key;
    return true;
}

static void grow_seen(struct records *records)
{
    size_t slots = records->seen_slots ? records->seen_slots * 2 : FIRST_SLOTS;
    uint64_t *seen = calloc(slots, sizeof(*seen));
    if (!seen)
        return; /* the old set goes on as long as it has room */
    for (size_t i = 0; i < records->seen_slots; i++)
        if (records->seen[i])
            add_key(seen, slots, records->seen[i]);
    free(records->seen);
    records->seen = seen;
    records->seen_slots = slots;
}

static void show_instruction(struct records *records, uint64_t pc, uint32_t word)
{
    if (records->seen_count >= records->seen_slots / 2)
        grow_seen(records);
    if (records->seen_count + 1 >= records->seen_slots)
        return;
    if (!add_key(records->seen, records->seen_slots, instruction_key(pc, word)))
        return;
    records->seen_count++;
    char text[256];
    disassemble(records->disassembler, pc, word, text, sizeof(text));
    if (records->log == stderr)
        console_flush(records->session);
    fprintf(records->log, "0x%016" PRIx64 ":  %08" PRIx32 "  %s\n", pc, word, text);
}

static enum armsim_hook_answer before_instruction(void *opaque, struct armsim_machine *machine,
                                                  struct armsim_hook_event *event)
{
    (void)machine;
    if (event->instruction.fetched)
        show_instruction(opaque, event->pc, event->instruction.word);
    return ARMSIM_HOOK_CONTINUE;
}

/* --- trace --- */

static void trace_write(void *opaque, const char *data, size_t size)
{
    struct records *records = opaque;
    fwrite(data, 1, size, records->trace);
}

static int open_for_writing(const char *path, FILE **file)
{
    *file = fopen(path, "w");
    if (!*file)
        return complain(EXIT_INPUT, "%s: open for writing: %s", path, strerror(errno));
    setvbuf(*file, NULL, _IOFBF, FILE_BUFFER);
    return 0;
}

int records_open(struct session *session)
{
    const struct cli_options *options = session->options;
    struct records *records = session->records = calloc(1, sizeof(*records));
    if (!records)
        return complain(EXIT_DEFECT, "out of memory");
    records->session = session;
    records->log = stderr;
    int status = 0;
    if (options->log_file)
        status = open_for_writing(options->log_file, &records->log);
    if (status == 0 && options->trace_file)
        status = open_for_writing(options->trace_file, &records->trace);
    if (status != 0)
        return status;
    if (options->machine.log_mask)
        armsim_set_log(session->machine, options->machine.log_mask, log_line, records);
    if (options->log_instructions) {
        records->disassembler = disassembler_create();
        if (!records->disassembler)
            return complain(EXIT_DEFECT, "out of memory");
        const struct armsim_hook_options all = {.size = sizeof(all), .kinds = ARMSIM_HOOK_BIT(ARMSIM_HOOK_INSTRUCTION)};
        if (armsim_hook_add(session->machine, &all, before_instruction, records, &records->hook) < 0)
            return complain(EXIT_DEFECT, "%s", armsim_last_error(session->machine));
    }
    if (records->trace) {
        bool instructions = options->trace_instructions >= 0 ? options->trace_instructions
                                                             : options->trace_format == ARMSIM_TRACE_TARMAC;
        if (armsim_trace_start(session->machine, options->trace_format, instructions, trace_write, records) < 0)
            return complain(EXIT_DEFECT, "%s", armsim_last_error(session->machine));
    }
    return 0;
}

static void close_file(FILE *file, const char *path)
{
    if (!file || file == stderr)
        return;
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed)
        complain(EXIT_INPUT, "%s: write: %s", path, strerror(errno));
}

void records_close(struct session *session)
{
    struct records *records = session->records;
    if (!records)
        return;
    armsim_trace_stop(session->machine);
    armsim_set_log(session->machine, 0, NULL, NULL);
    if (records->hook)
        armsim_hook_remove(session->machine, records->hook);
    close_file(records->trace, session->options->trace_file);
    close_file(records->log, session->options->log_file);
    disassembler_destroy(records->disassembler);
    free(records->seen);
    free(records);
    session->records = NULL;
}
