/*
 * Exception entry and return:
 * `kind|word|context|PC= PSTATE fields|control registers|operands|st=|changed registers`.
 *
 * The MMUs are off, so PC, X2 and the stack pointers are physical addresses. Memory reads as 0.
 */
#include "formats.h"

#include <stdlib.h>
#include <string.h>

#define NOP 0xd503201f

static const char *const watched[] = {
    "PC",       "PSTATE",   "SP_EL0",   "SP_EL1",   "SP_EL2",    "SP_EL3",   "ELR_EL1", "ELR_EL2",
    "ELR_EL3",  "SPSR_EL1", "SPSR_EL2", "SPSR_EL3", "ESR_EL1",   "ESR_EL2",  "ESR_EL3", "FAR_EL1",
    "FAR_EL2",  "FAR_EL3",  "HPFAR_EL2", "VBAR_EL1", "VBAR_EL2", "VBAR_EL3", "SCTLR_EL1", "SCTLR_EL2",
    "SCTLR_EL3", "SCR_EL3", "PAR_EL1",
};

/* Registers that an exception writes start with values that no vector gives them. */
static const char *const marked[] = {"ELR_EL1", "ELR_EL2", "ELR_EL3", "SPSR_EL1", "SPSR_EL2",
                                     "SPSR_EL3", "ESR_EL1", "ESR_EL2", "ESR_EL3"};

struct fields {
    char *kind, *word, *context, *state, *control, *operands, *status, *changes;
};

static bool set_words(struct subject *subject, char *text, const char **unknown)
{
    char *word, *name;
    uint64_t value;
    while ((word = next_word(&text))) {
        if (!strncmp(word, "pend=", 5)) {
            armsim_set_pin(subject->machine, 0, ARMSIM_PIN_IRQ, strstr(word, "I1") != NULL);
            armsim_set_pin(subject->machine, 0, ARMSIM_PIN_FIQ, strstr(word, "F1") != NULL);
            armsim_set_pin(subject->machine, 0, ARMSIM_PIN_SERROR, strstr(word, "A1") != NULL);
            continue;
        }
        if (!split_value(word, &name, &value))
            return false;
        /* A register that the machine doesn't have is none that 0 could be written to in vain. */
        if (!subject_set(subject, name, value) && value)
            *unknown = name;
    }
    return true;
}

static bool value_of(const char *text, const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at += length) {
        if ((at == text || at[-1] == ' ') && at[length] == '=') {
            *value = strtoull(at + length + 1, NULL, 16);
            return true;
        }
    }
    return false;
}

static uint64_t initial_pstate(char *text, uint64_t *pc)
{
    uint64_t pstate = 0, value;
    char *word, *name;
    while ((word = next_word(&text))) {
        if (!split_value(word, &name, &value))
            continue;
        if (!strcmp(name, "PC"))
            *pc = value;
        else
            pstate_set(&pstate, name, value);
    }
    return pstate;
}

static bool returns_to_aarch32(const struct fields *fields)
{
    uint64_t spsr = 0;
    if (strcmp(fields->kind, "ERET"))
        return false;
    return (value_of(fields->operands, "SPSR_EL1", &spsr) || value_of(fields->operands, "SPSR_EL2", &spsr) ||
            value_of(fields->operands, "SPSR_EL3", &spsr)) &&
           (spsr & 0x10);
}

/* The feature without which a line can't come out as it should. */
static const char *missing(const struct subject *subject, const struct fields *fields, const char *unknown)
{
    static const struct {
        const char *text, *feature;
    } contexts[] = {{"_NV", "FEAT_NV"}, {"_EEL2", "FEAT_SEL2"}, {"_E2H", "FEAT_VHE"}};
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++)
        if (strstr(fields->context, contexts[i].text) && !subject_has(subject, contexts[i].feature))
            return contexts[i].feature;
    if (returns_to_aarch32(fields) && !subject_has(subject, "FEAT_AA32EL0"))
        return "AArch32";
    if (!strncmp(fields->kind, "PAC", 3) && !subject_has(subject, "FEAT_PAuth") && strstr(fields->status, "st=0"))
        return "FEAT_PAuth";
    return unknown;
}

static void expect_changes(struct tracker *tracker, const struct subject *subject, char *text, const char **unknown)
{
    char *word, *name;
    uint64_t value;
    while ((word = next_word(&text))) {
        if (!split_value(word, &name, &value) || !strcmp(name, "Branchtypetaken"))
            continue;
        if (!strcmp(name, "BTypeNext")) { /* known to the model at any version; state only with BTI */
            if (subject_has(subject, "FEAT_BTI"))
                tracker_expect(tracker, subject, "PSTATE.BTYPE", value);
            continue;
        }
        if (!tracker_expect(tracker, subject, name, value))
            *unknown = name;
    }
}

static void run_line(const struct vector_file *file, const char *line, char *text, struct report *report)
{
    struct fields fields;
    char *parts[8];
    uint64_t word, pc = 0, x2 = 0, sp;
    if (split(text, '|', parts, 8) != 8 || !parse_hex(parts[1], &word)) {
        report_differ(report, line, "not understood");
        return;
    }
    memcpy(&fields, parts, sizeof fields);
    if (!strcmp(fields.status, "st=800") || !strcmp(fields.status, "st=10")) {
        report_undefined(report);
        return;
    }

    bool interrupt = !strcmp(fields.kind, "IRQ");
    uint64_t pstate = initial_pstate(fields.state, &pc);
    struct page_set pages = {0};
    pages_add(&pages, pc, 4);
    if (value_of(fields.operands, "X2", &x2))
        pages_add(&pages, x2, 64);
    static const char *const stacks[] = {"SP_EL0", "SP_EL1", "SP_EL2", "SP_EL3"};
    for (unsigned i = 0; i < 4 && !strcmp(fields.kind, "SPAL"); i++)
        if (value_of(fields.control, stacks[i], &sp))
            pages_add(&pages, sp, 16);

    struct subject subject;
    struct text difference;
    struct subject_kind kind = {.cpu = file->cpu, .board = "bare", .el2 = true, .el3 = true};
    if (!subject_open(&subject, &kind, &pages, &difference)) {
        report_differ(report, line, difference.data);
        return;
    }
    const char *unknown = NULL;
    for (size_t i = 0; i < sizeof marked / sizeof *marked; i++)
        subject_set(&subject, marked[i], 0x1230);
    static const char *const zeroed[] = {"SCTLR_EL1", "SCTLR_EL2", "SCTLR_EL3", "HCR_EL2", "SCR_EL3", "CPACR_EL1",
                                         "CPTR_EL2", "CPTR_EL3", "MDCR_EL2", "MDCR_EL3", "CNTHCTL_EL2", "CNTKCTL_EL1"};
    for (size_t i = 0; i < sizeof zeroed / sizeof *zeroed; i++)
        subject_set(&subject, zeroed[i], 0);
    subject_set(&subject, "OSLSR_EL1", 8);
    bool understood = set_words(&subject, fields.control, &unknown);
    subject_poke(&subject, ARMSIM_REG_PSTATE, pstate);
    subject_poke(&subject, ARMSIM_REG_PC, pc);
    understood &= set_words(&subject, fields.operands, &unknown);
    memory_write_word(&subject, pc, interrupt ? NOP : (uint32_t)word);

    struct tracker tracker = {0};
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        tracker_add(&tracker, &subject, watched[i]);
    expect_changes(&tracker, &subject, fields.changes, &unknown);
    subject_clear(&subject);
    subject_step(&subject);
    /* No interrupt was taken: the instruction there ran. */
    if (interrupt && !subject.entries)
        subject_poke(&subject, ARMSIM_REG_PC, subject_peek(&subject, ARMSIM_REG_PC) - 4);

    if (!understood)
        report_differ(report, line, "not understood");
    else if (tracker_check(&tracker, &subject, &difference))
        report_agree(report);
    else if ((unknown = missing(&subject, &fields, unknown)))
        report_skip(report, unknown);
    else
        report_differ(report, line, difference.data);
    subject_close(&subject);
}

void run_exceptions(const struct vector_file *file, struct report *report)
{
    char *line;
    while ((line = lines_next(file->lines))) {
        char *scratch = malloc(strlen(line) + 1);
        if (!scratch)
            break;
        run_line(file, line, strcpy(scratch, line), report);
        free(scratch);
    }
}
