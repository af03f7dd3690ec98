/*
 * Software step, breakpoints, watchpoints, over two steps:
 * `ss|bp|wp instruction[+instruction] EL.. tge= PSTATE.SS= D= A= I= F= X2= | registers | step1 changes | step2 changes`.
 */
#include "formats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE 0x40080000ull
#define NOP 0xd503201f

static const struct {
    const char *name;
    uint32_t word;
} instructions[] = {
    {"NOP", NOP},         {"ADD", 0x91000400},  {"SVC", 0xd4000021},  {"HVC", 0xd4000022},     {"BRK", 0xd4200020},
    {"ERET", 0xd69f03e0}, {"LDR", 0xf9400041},  {"STR", 0xf9000041},  {"LDP", 0xa9400c41},     {"STRB", 0x39000041},
    {"LDRH", 0x79400041}, {"B", 0x14000004},    {"DAIFClr8", 0xd50348ff}, {"DAIFSet8", 0xd50348df},
};

static uint32_t instruction(const char *name)
{
    for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++)
        if (!strcmp(instructions[i].name, name))
            return instructions[i].word;
    return NOP;
}

static bool open_machine(struct subject *subject, const struct vector_file *file, struct report *report)
{
    struct subject_kind kind = {.cpu = file->cpu, .board = "bare", .el2 = true, .el3 = true};
    struct page_set pages = {0};
    struct text why;
    static const uint64_t used[] = {CODE, 0x40000000, 0x40010000, 0x40210000, 0x40220000, 0x40230000, 0};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++)
        pages_add(&pages, used[i], 0x1000);
    if (!subject_open(subject, &kind, &pages, &why)) {
        report_differ(report, "(machine)", why.data);
        return false;
    }
    return true;
}

static void reset_registers(struct subject *subject)
{
    static const char *const zero[] = {"SCTLR_EL1", "SCTLR_EL2", "SCTLR_EL3", "CPTR_EL2", "CPTR_EL3", "MDCR_EL2",
                                       "MDCR_EL3",  "MDSCR_EL1", "OSDLR_EL1", "ELR_EL1",  "ELR_EL2",  "ELR_EL3",
                                       "SPSR_EL1",  "SPSR_EL2",  "SPSR_EL3",  "ESR_EL1",  "ESR_EL2",  "ESR_EL3",
                                       "FAR_EL1",   "FAR_EL2",   "FAR_EL3",   "HCR_EL2",  "SCR_EL3",  "HPFAR_EL2",
                                       "CONTEXTIDR_EL1", "VTTBR_EL2"};
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
        subject_set(subject, zero[i], 0);
    for (unsigned el = 1; el < 3; el++) /* SPAN: exceptions leave PSTATE.PAN alone */
        subject_set(subject, el == 1 ? "SCTLR_EL1" : "SCTLR_EL2", 1 << 23);
    char name[32];
    for (unsigned i = 0; i < 16; i++) {
        static const char *const formats[] = {"DBGBVR%u_EL1", "DBGWVR%u_EL1", "DBGBCR%u_EL1", "DBGWCR%u_EL1"};
        for (unsigned j = 0; j < 4; j++) {
            snprintf(name, sizeof name, formats[j], i);
            subject_set(subject, name, j < 2 ? 0 : 6);
        }
    }
    subject_set(subject, "CPACR_EL1", 3 << 20);
    subject_set(subject, "VBAR_EL1", 0x40210000);
    subject_set(subject, "VBAR_EL2", 0x40220000);
    subject_set(subject, "VBAR_EL3", 0x40230000);
    for (unsigned i = 0; i < 31; i++)
        subject_poke(subject, ARMSIM_REG_X0 + i, 0);
    subject_poke(subject, ARMSIM_REG_X0 + 1, 0x55);
    subject_poke(subject, ARMSIM_REG_X0 + 3, 0x66);
    for (uint64_t address = 0x4000ff00; address < 0x40010100; address += 8)
        memory_write_doubleword(subject, address, 0);
    for (uint64_t address = CODE - 64; address < CODE + 256; address += 4)
        memory_write_word(subject, address, NOP);
    armsim_set_pe_state(subject->machine, 0, ARMSIM_PE_RUNNING);
}

/* DBGBVR3 in the vectors is DBGBVR3_EL1. */
static void full_name(const char *name, char *out, size_t size)
{
    snprintf(out, size, !strncmp(name, "DBG", 3) && !strstr(name, "_EL") ? "%s_EL1" : "%s", name);
}

/* Selections of ELs (HMC, SSC, and PMC or PAC) that are reserved without Secure EL2. */
static bool needs_secure_el2(const char *name, uint64_t control)
{
    unsigned hmc = control >> 13 & 1, ssc = control >> 14 & 3, privilege = control >> 1 & 3;
    if (strncmp(name, "DBGBCR", 6) && strncmp(name, "DBGWCR", 6))
        return false;
    return (ssc == 3 && (privilege & 1)) || (privilege == 0 && ((hmc && ssc == 1) || (!hmc && ssc == 3)));
}

static bool set_registers(struct subject *subject, char *text, bool *unknown, bool *secure_el2)
{
    char *word, *name, full[64];
    uint64_t value;
    while ((word = next_word(&text))) {
        if (!split_value(word, &name, &value))
            return false;
        full_name(name, full, sizeof full);
        *unknown |= !subject_set(subject, full, value) && value;
        *secure_el2 |= needs_secure_el2(full, value);
    }
    return true;
}

/* One step and its changes, after the word "step<n>". */
static void run_step(struct subject *subject, char *text, unsigned number, struct text *all)
{
    static const char *const watched[] = {"PC",       "PSTATE",   "ELR_EL1", "ELR_EL2", "ELR_EL3", "SPSR_EL1",
                                          "SPSR_EL2", "SPSR_EL3", "ESR_EL1", "ESR_EL2", "ESR_EL3", "FAR_EL1",
                                          "FAR_EL2",  "FAR_EL3",  "X0",      "X1",      "X2",      "X3"};
    struct tracker tracker = {0};
    struct text difference;
    char *word, *name;
    uint64_t value;
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        tracker_add(&tracker, subject, watched[i]);
    next_word(&text);
    while ((word = next_word(&text)))
        if (split_value(word, &name, &value) && strcmp(name, "Branchtypetaken") && strcmp(name, "BTypeNext"))
            tracker_expect(&tracker, subject, name, value);
    subject_clear(subject);
    subject_step(subject);
    if (!tracker_check(&tracker, subject, &difference))
        text_add(all, "step %u: %s", number, difference.data);
}

static void run_line(const struct vector_file *file, void *opaque, const char *whole, char *text, struct report *report)
{
    struct subject *subject = opaque;
    char *fields[4], *word, *name;
    uint64_t value, pstate = 0, x2 = 0;
    bool unknown = false, secure_el2 = false;
    struct text difference;
    text_clear(&difference);
    if (split(text, '|', fields, 4) != 4) {
        report_differ(report, whole, "not understood");
        return;
    }
    reset_registers(subject);
    next_word(&fields[0]); /* the kind */
    char *names = next_word(&fields[0]), *parts[4];
    size_t count = names ? split(names, '+', parts, 4) : 0;
    for (size_t i = 0; i < count; i++)
        memory_write_word(subject, CODE + 4 * i, instruction(parts[i]));
    unsigned el = 0;
    while ((word = next_word(&fields[0]))) {
        if (word[0] == 'E' && word[1] == 'L')
            el = (unsigned)(word[2] - '0') & 3;
        else if (split_value(word, &name, &value)) {
            if (!strcmp(name, "X2"))
                x2 = value;
            else
                pstate_set(&pstate, strncmp(name, "PSTATE.", 7) ? name : name + 7, value);
        }
    }
    set_registers(subject, fields[1], &unknown, &secure_el2);
    subject_poke(subject, ARMSIM_REG_PSTATE, pstate | el << 2 | (el != 0));
    subject_poke(subject, ARMSIM_REG_SP, 0x40011000);
    subject_poke(subject, ARMSIM_REG_PC, CODE);
    subject_poke(subject, ARMSIM_REG_X0 + 2, x2);
    run_step(subject, fields[2], 1, &difference);
    run_step(subject, fields[3], 2, &difference);
    if (!difference.length)
        report_agree(report);
    else if (secure_el2 && !subject_has(subject, "FEAT_SEL2"))
        report_skip(report, "FEAT_SEL2");
    else if (unknown)
        report_skip(report, "breakpoint or watchpoint registers that the model has fewer of");
    else
        report_differ(report, whole, difference.data);
}

void run_debug(const struct vector_file *file, struct report *report)
{
    struct subject subject;
    if (!open_machine(&subject, file, report))
        return;
    run_lines(file, report, run_line, &subject);
    subject_close(&subject);
}
