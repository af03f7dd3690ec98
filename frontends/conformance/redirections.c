/*
 * Which register an accessible MSR really writes: `context W<encoding> REGISTER=value/value ...`, values after writing
 * a5a5a5a5a5a5a5a5 and 5a5a5a5a5a5a5a5a. The model doesn't mask RES0 bits, so only the bits that our register lets
 * change are compared; and no register may change that the line doesn't list.
 */
#include "formats.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REGISTERS = 2048 };

static const uint64_t written[2] = {0xa5a5a5a5a5a5a5a5, 0x5a5a5a5a5a5a5a5a};

struct observed {
    const char *name;
    armsim_register_id id;
    uint64_t after[2];
    bool expected;
};

struct observation {
    struct observed registers[MAX_REGISTERS];
    size_t count;
};

/* Names for what another register holds, and registers that change with time or with every instruction. */
static bool is_view(const char *name)
{
    static const char *const moving[] = {"PC", "X", "W", "SP", "V", "NZCV", "DAIF", "CurrentEL", "CNT", "PMCCNTR",
                                         "PMEV", "ESR_", "FAR_", "ELR_", "SPSR_", "PSTATE", "BTYPE", "EVENT", "ISR_",
                                         "SSBS", "PAN", "UAO", "DIT", "TCO", "SPSel"};
    size_t length = strlen(name);
    if (length > 5 && (!strcmp(name + length - 5, "_EL12") || !strcmp(name + length - 5, "_EL02")))
        return true;
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++)
        if (!strncmp(name, moving[i], strlen(moving[i])) &&
            (strlen(moving[i]) > 2 || strspn(name + 1, "C0123456789") + 1 == length))
            return true;
    return false;
}

/* PMEVCNTR_EL0[3] is our PMEVCNTR3_EL0; banked registers are known by their plain name. */
static void plain_name(const char *name, char *out, size_t size)
{
    const char *bracket = strchr(name, '['), *el = strstr(name, "_EL");
    if (bracket && el)
        snprintf(out, size, "%.*s%lu%.*s", (int)(el - name), name, strtoul(bracket + 1, NULL, 10),
                 (int)(bracket - el), el);
    else
        snprintf(out, size, "%s", name);
    size_t length = strlen(out);
    if (length > 3 && !strcmp(out + length - 3, "_NS"))
        out[length - 3] = 0;
    else if (length > 2 && !strcmp(out + length - 2, "_S"))
        out[length - 2] = 0;
}

static void list_registers(const struct subject *subject, struct observation *all)
{
    struct armsim_register_info info;
    uint64_t value;
    all->count = 0;
    for (size_t i = 0; all->count < MAX_REGISTERS && armsim_register_at(subject->machine, i, &info) == 0; i++)
        if (info.bits <= 64 && !is_view(info.name) && armsim_peek(subject->machine, 0, info.id, &value) == 0)
            all->registers[all->count++] = (struct observed){.name = info.name, .id = info.id};
}

struct observed_subject {
    struct subject *subject;
    struct observation *all;
};

static void run_line(const struct vector_file *file, void *opaque, const char *line, char *text, struct report *report)
{
    const struct observed_subject *observed = opaque;
    struct subject *subject = observed->subject;
    struct observation *all = observed->all;
    char *context = next_word(&text), *item = next_word(&text), *word_text;
    const char *missing = NULL;
    uint32_t word;
    if (!item || !item_word(item, &word)) {
        report_differ(report, line, "not understood");
        return;
    }
    if (!context_possible(subject, context, &missing)) {
        report_skip(report, missing);
        return;
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        context_set(subject, context, 'P', word);
        subject_poke(subject, ARMSIM_REG_X0 + 5, written[pass]);
        subject_clear(subject);
        subject_step(subject);
        for (size_t i = 0; i < all->count; i++)
            all->registers[i].after[pass] = subject_peek(subject, all->registers[i].id);
        if (subject->entries) {
            missing = item_missing_feature(subject, item);
            if (missing && subject->entry.ec == 0)
                report_skip(report, missing);
            else
                report_differ(report, line, "trapped");
            return;
        }
    }
    for (size_t i = 0; i < all->count; i++)
        all->registers[i].expected = false;

    struct text difference;
    text_clear(&difference);
    while ((word_text = next_word(&text))) {
        char *equals = strchr(word_text, '='), *slash = strchr(word_text, '/');
        if (!equals || !slash || !strncmp(word_text, "PSTATE.", 7))
            continue;
        *equals = *slash = 0;
        char name[64];
        plain_name(word_text, name, sizeof name);
        uint64_t want[2] = {strtoull(equals + 1, NULL, 16), strtoull(slash + 1, NULL, 16)};
        for (size_t i = 0; i < all->count; i++) {
            struct observed *r = &all->registers[i];
            if (strcmp(r->name, name))
                continue;
            r->expected = true;
            uint64_t changing = r->after[0] ^ r->after[1];
            if (!changing)
                text_add(&difference, "%s is not written ", r->name);
            else if ((r->after[0] ^ want[0]) & changing || (r->after[1] ^ want[1]) & changing)
                text_add(&difference, "%s=%llx/%llx (expected %llx/%llx) ", r->name, (unsigned long long)r->after[0],
                         (unsigned long long)r->after[1], (unsigned long long)want[0], (unsigned long long)want[1]);
        }
    }
    for (size_t i = 0; i < all->count; i++)
        if (!all->registers[i].expected && all->registers[i].after[0] != all->registers[i].after[1])
            text_add(&difference, "%s is written ", all->registers[i].name);
    if (difference.length)
        report_differ(report, line, difference.data);
    else
        report_agree(report);
}

void run_redirections(const struct vector_file *file, struct report *report)
{
    struct subject subject;
    struct text why;
    struct subject_kind kind = {.cpu = file->cpu, .board = "virt", .el2 = true, .el3 = true};
    struct observation *all = calloc(1, sizeof *all);
    if (!all || !subject_open(&subject, &kind, NULL, &why)) {
        report_differ(report, "(machine)", all ? why.data : "out of memory");
        free(all);
        return;
    }
    context_tables(&subject);
    list_registers(&subject, all);
    run_lines(file, report, run_line, &(struct observed_subject){&subject, all});
    subject_close(&subject);
    free(all);
}
