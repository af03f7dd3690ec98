/* Trace files: header, trap lines, instruction lines, in text, JSON lines or Tarmac. */
#include "libarmsim/machine/trace.h"

#include "libarmsim/machine/machine.h"
#include "libarmsim/machine/text.h"
#include "libarmsim/machine/trap_text.h"

#include <stdlib.h>
#include <string.h>

enum { TRACE_BUFFER = 65536, TRACE_LINE_MAX = 1024 };

struct trace {
    enum armsim_trace_format format;
    bool instructions;
    armsim_write_fn *write;
    void *opaque;
    size_t used;
    char buffer[TRACE_BUFFER];
};

struct trace *trace_create(enum armsim_trace_format format, bool instructions, armsim_write_fn *write, void *opaque)
{
    struct trace *trace = calloc(1, sizeof(*trace));
    if (!trace)
        return NULL;
    trace->format = format;
    trace->instructions = instructions;
    trace->write = write;
    trace->opaque = opaque;
    return trace;
}

void trace_flush(struct trace *trace)
{
    if (!trace || !trace->used)
        return;
    trace->write(trace->opaque, trace->buffer, trace->used);
    trace->used = 0;
}

void trace_destroy(struct trace *trace)
{
    trace_flush(trace);
    free(trace);
}

bool trace_wants_instructions(const struct trace *trace)
{
    return trace && trace->instructions;
}

/* Room for one line, directly in the buffer. */
static struct text line_begin(struct trace *trace)
{
    if (TRACE_BUFFER - trace->used < TRACE_LINE_MAX)
        trace_flush(trace);
    return text_begin(trace->buffer + trace->used, TRACE_LINE_MAX - 1);
}

static void line_end(struct trace *trace, struct text *text)
{
    size_t length = text->length < text->size ? text->length : text->size - 1;
    trace->buffer[trace->used + length] = '\n';
    trace->used += length + 1;
}

void trace_trap(struct trace *trace, const struct armsim_trap *trap)
{
    struct text text = line_begin(trace);
    trap_text(&text, trap, trace->format);
    line_end(trace, &text);
}

static void put_what(struct text *text, const struct armsim_hook_event *event)
{
    char what[256];
    if (!event->instruction.fetched)
        text_string(text, "(not fetched)");
    else if (armsim_describe_instruction(event->instruction.word, what, sizeof(what)) >= 0)
        text_string(text, what);
}

static void text_instruction(struct text *text, const struct armsim_hook_event *event)
{
    text_decimal(text, event->time_ns);
    text_string(text, " ns pe");
    text_decimal(text, event->pe);
    text_string(text, " EL");
    text_decimal(text, event->el);
    text_string(text, event->secure ? "s 0x" : "ns 0x");
    text_hex(text, event->pc, 16);
    text_string(text, ": ");
    text_hex(text, event->instruction.word, 8);
    text_char(text, ' ');
    put_what(text, event);
}

static void json_instruction(struct text *text, const struct armsim_hook_event *event)
{
    char what[256] = "";
    text_string(text, "{\"instruction\":");
    text_decimal(text, event->instructions);
    text_string(text, ",\"time_ns\":");
    text_decimal(text, event->time_ns);
    text_string(text, ",\"pe\":");
    text_decimal(text, event->pe);
    text_string(text, ",\"el\":");
    text_decimal(text, event->el);
    text_string(text, event->secure ? ",\"security\":\"secure\"" : ",\"security\":\"non-secure\"");
    text_string(text, ",\"pc\":\"0x");
    text_hex(text, event->pc, 1);
    text_char(text, '"');
    if (event->instruction.fetched) {
        text_string(text, ",\"word\":\"0x");
        text_hex(text, event->instruction.word, 8);
        text_string(text, "\",\"form\":");
        armsim_describe_instruction(event->instruction.word, what, sizeof(what));
        text_json(text, what);
    }
    text_char(text, '}');
}

/* "<time> ns cpu<n> IT (<count>) <address> <opcode> <state> <mode>_<security> : <text>" */
static void tarmac_instruction(struct text *text, const struct armsim_hook_event *event)
{
    text_decimal(text, event->time_ns);
    text_string(text, " ns cpu");
    text_decimal(text, event->pe);
    text_string(text, " IT (");
    text_decimal(text, event->instructions);
    text_string(text, ") ");
    text_hex(text, event->pc, 16);
    text_char(text, ' ');
    text_hex(text, event->instruction.word, 8);
    text_string(text, " O EL");
    text_decimal(text, event->el);
    text_string(text, event->sp_selected ? "h" : "t");
    text_string(text, event->secure ? "_s : " : "_n : ");
    put_what(text, event);
}

void trace_instruction(struct trace *trace, const struct armsim_hook_event *event)
{
    struct text text = line_begin(trace);
    switch (trace->format) {
    case ARMSIM_TRACE_TEXT:
        text_instruction(&text, event);
        break;
    case ARMSIM_TRACE_JSON:
        json_instruction(&text, event);
        break;
    case ARMSIM_TRACE_TARMAC:
        tarmac_instruction(&text, event);
        break;
    }
    line_end(trace, &text);
}

/* The facts that a trace can't be understood without. */
static void put_facts(struct text *text, const struct armsim_options *options, bool json)
{
    const struct {
        const char *name;
        uint64_t value;
    } facts[] = {
        {"smp", options->smp},
        {"gic_version", options->gic_version},
        {"secure", options->secure},
        {"virtualization", options->virtualization},
        {"ram_size", options->ram_size},
        {"frequency", options->frequency},
        {"counter_frequency", options->counter_frequency},
        {"quantum", options->quantum},
        {"rng_seed", options->rng_seed},
    };
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        text_string(text, json ? ",\"" : " ");
        text_string(text, facts[i].name);
        text_string(text, json ? "\":" : "=");
        text_decimal(text, facts[i].value);
    }
}

static void comment_header(struct trace *trace, const struct armsim_machine *machine)
{
    struct text text = line_begin(trace);
    text_string(&text, "# armsim ");
    text_string(&text, armsim_version());
    text_string(&text, " board=");
    text_string(&text, machine->options.board);
    text_string(&text, " cpu=");
    text_string(&text, machine->options.cpu);
    put_facts(&text, &machine->options, false);
    line_end(trace, &text);
    struct armsim_impdef_info info;
    for (size_t i = 0; armsim_impdef_at(i, &info) == 0; i++) {
        const char *value = armsim_impdef_value(machine, info.name);
        text = line_begin(trace);
        text_string(&text, "# impdef ");
        text_string(&text, info.name);
        text_char(&text, '=');
        text_string(&text, value ? value : info.default_value);
        line_end(trace, &text);
    }
}

static void json_header(struct trace *trace, const struct armsim_machine *machine)
{
    struct text text = line_begin(trace);
    text_string(&text, "{\"armsim\":");
    text_json(&text, armsim_version());
    text_string(&text, ",\"board\":");
    text_json(&text, machine->options.board);
    text_string(&text, ",\"cpu\":");
    text_json(&text, machine->options.cpu);
    put_facts(&text, &machine->options, true);
    text_char(&text, '}');
    line_end(trace, &text);
    struct armsim_impdef_info info;
    for (size_t i = 0; armsim_impdef_at(i, &info) == 0; i++) {
        const char *value = armsim_impdef_value(machine, info.name);
        text = line_begin(trace);
        text_string(&text, "{\"impdef\":");
        text_json(&text, info.name);
        text_string(&text, ",\"value\":");
        text_json(&text, value ? value : info.default_value);
        text_char(&text, '}');
        line_end(trace, &text);
    }
}

void trace_header(struct trace *trace, const struct armsim_machine *machine)
{
    if (trace->format == ARMSIM_TRACE_JSON)
        json_header(trace, machine);
    else
        comment_header(trace, machine);
}
