/*
 * Exception entry and return:
 * `kind|word|context|PC= PSTATE fields|control registers|operands|st=|changed registers`.
 *
 * The MMUs are off, so PC, X2 and the stack pointers are physical addresses. Memory reads as 0.
 */
#include "formats.h"

#include <stdio.h>
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

/* The value of NAME=HEX where it comes first in a line. */
static bool value_of(const char *line, const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    for (const char *at = line; (at = strstr(at, name)); at += length) {
        if ((at == line || at[-1] == ' ' || at[-1] == '|') && at[length] == '=') {
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

/* What a line says of the EL that it begins in. */
struct origin {
    unsigned el;
    bool el2; /* EL2 is enabled in the Security state */
    uint64_t hcr, scr;
};

static struct origin read_origin(const char *line)
{
    struct origin origin = {0};
    uint64_t el = 0;
    value_of(line, "EL", &el);
    value_of(line, "HCR_EL2", &origin.hcr);
    value_of(line, "SCR_EL3", &origin.scr);
    origin.el = el & 3;
    origin.el2 = (origin.scr & 1) || (origin.scr >> 18 & 1);
    return origin;
}

/* ERET to an EL that SPSR_ELx, or SCR_EL3.RW or HCR_EL2.RW, say is in AArch32. */
static bool returns_to_aarch32(const struct origin *origin, const char *line)
{
    static const char *const names[] = {"", "SPSR_EL1", "SPSR_EL2", "SPSR_EL3"};
    uint64_t spsr;
    if (strncmp(line, "ERET|", 5) || !origin->el || !value_of(line, names[origin->el], &spsr))
        return false;
    unsigned to = spsr >> 2 & 3;
    bool below_el3 = origin->el == 3 && to < 3 && !(origin->scr >> 10 & 1);
    bool below_el2 = to < 2 && origin->el > 1 && origin->el2 && !(origin->hcr >> 31 & 1);
    return (spsr & 0x10) || below_el3 || below_el2;
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
    if (!strncmp(fields->kind, "PAC", 3) && !subject_has(subject, "FEAT_PAuth") && strstr(fields->status, "st=0"))
        return "FEAT_PAuth";
    if (unknown && !strcmp(unknown, "VSESR_EL2"))
        return "FEAT_RAS";
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
        if (!strcmp(name, "HCR_EL2")) /* the model has all bits, at any version; VSE is what exceptions change */
            value = (subject_get(subject, name) & ~0x100ull) | (value & 0x100);
        if (!tracker_expect(tracker, subject, name, value))
            *unknown = name;
    }
}

/*
 * MRS: the value is the register's. A line gives only some registers, so the others are compared with what they hold
 * here; the names of EL1 mean EL2's registers in a host, and the identity that EL2 gives to EL1.
 */
static void expect_read(struct tracker *tracker, const struct subject *subject, uint32_t word)
{
    unsigned op0 = word >> 19 & 3, op1 = word >> 16 & 7, crn = word >> 12 & 15, crm = word >> 8 & 15, op2 = word >> 5 & 7;
    unsigned el = (unsigned)subject_peek(subject, ARMSIM_REG_PSTATE) >> 2 & 3;
    bool host = el == 2 && (subject_get(subject, "HCR_EL2") >> 34 & 1);
    if (crn && op1 == 0 && host)
        op1 = 4;
    uint64_t value = subject_peek(subject, ARMSIM_SYSREG(op0, op1, crn, crm, op2));
    char rt[8];
    snprintf(rt, sizeof rt, "X%u", word & 31);
    tracker_expect(tracker, subject, rt, value);
}

/*
 * WFI counts HCR_EL2.{VSE,VI,VF} as pending only at EL1 and EL0 under an EL2 without TGE; the model behind these files
 * does so anywhere but in a host.
 */
static bool counts_no_virtual_interrupts(const struct origin *origin)
{
    bool asked_for = origin->hcr >> 6 & origin->hcr >> 3 & 7;
    return asked_for && (origin->el > 1 || !origin->el2 || (origin->hcr >> 27 & 1));
}

struct watch {
    const struct tracker *tracker;
    struct text *difference;
    bool interrupted;
};

/* An interrupt is an exception entry without an instruction: what follows in the same step isn't the line's. */
static void on_entry(struct subject *subject, void *opaque)
{
    struct watch *watch = opaque;
    if (watch->interrupted || subject->entry.kind == ARMSIM_TRAP_SYNC)
        return;
    watch->interrupted = true;
    tracker_check(watch->tracker, subject, watch->difference);
}

static void run_line(const struct vector_file *file, void *opaque, const char *line, char *text, struct report *report)
{
    struct fields fields;
    char *parts[8];
    uint64_t word, pc = 0, x2 = 0, sp;
    if (split(text, '|', parts, 8) != 8 || !parse_hex(parts[1], &word)) {
        report_differ(report, line, "not understood");
        return;
    }
    memcpy(&fields, parts, sizeof fields);
    struct origin origin = read_origin(line);
    bool el1_of_host_only = origin.el == 1 && origin.el2 && (origin.hcr >> 27 & 1); /* TGE: there is no EL1 */
    if (!strcmp(fields.status, "st=800") || !strcmp(fields.status, "st=10") || el1_of_host_only) {
        report_undefined(report);
        return;
    }

    bool interrupt = !strcmp(fields.kind, "IRQ");
    uint64_t pstate = initial_pstate(fields.state, &pc);
    struct page_set pages = {0};
    pages_add(&pages, pc, 4);
    if (value_of(line, "X2", &x2))
        pages_add(&pages, x2, 64);
    static const char *const stacks[] = {"SP_EL0", "SP_EL1", "SP_EL2", "SP_EL3"};
    for (unsigned i = 0; i < 4 && !strcmp(fields.kind, "SPAL"); i++)
        if (value_of(line, stacks[i], &sp))
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
    /* The model was given the instruction itself, past the fetch that would have taken a pending software step. */
    bool returns = !strcmp(fields.kind, "ERET");
    if (returns)
        subject_set(&subject, "PSTATE.SS", 1);
    memory_write_word(&subject, pc, interrupt ? NOP : (uint32_t)word);
    /* The other kinds executed their instruction without a look at interrupts; only WFI asks for them. */
    bool asks = !strcmp(fields.kind, "WFI");
    if (!interrupt && !asks)
        subject_set(&subject, "HCR_EL2", origin.hcr & ~0x1c0ull);

    struct tracker tracker = {0};
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        tracker_add(&tracker, &subject, watched[i]);
    if (returns)
        tracker_expect(&tracker, &subject, "PSTATE.SS", pstate >> 21 & 1);
    expect_changes(&tracker, &subject, fields.changes, &unknown);
    if (!strcmp(fields.kind, "MRSx") && !strcmp(fields.status, "st=0"))
        expect_read(&tracker, &subject, (uint32_t)word);
    struct watch watch = {.tracker = &tracker, .difference = &difference};
    subject.entered = on_entry;
    subject.opaque = &watch;
    subject_clear(&subject);
    subject_step(&subject);
    if (interrupt && !subject.entries) /* none was taken: the instruction there ran */
        subject_poke(&subject, ARMSIM_REG_PC, subject_peek(&subject, ARMSIM_REG_PC) - 4);

    if (!watch.interrupted)
        tracker_check(&tracker, &subject, &difference);
    if (!understood)
        report_differ(report, line, "not understood");
    else if (watch.interrupted && !interrupt)
        report_undefined(report); /* an interrupt that the model didn't look for */
    else if (!difference.length)
        report_agree(report);
    else if (returns_to_aarch32(&origin, line) && !subject_has(&subject, "FEAT_AA32EL0"))
        report_skip(report, "AArch32");
    else if (asks && counts_no_virtual_interrupts(&origin))
        report_differ(report, line, "HCR_EL2.{VSE,VI,VF} where there are no virtual interrupts");
    else if ((unknown = missing(&subject, &fields, unknown)))
        report_skip(report, unknown);
    else
        report_differ(report, line, difference.data);
    subject_close(&subject);
}

void run_exceptions(const struct vector_file *file, struct report *report)
{
    run_lines(file, report, run_line, NULL);
}
