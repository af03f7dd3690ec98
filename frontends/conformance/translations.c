/*
 * Address translation. `regime EL PAN= UAO= access va= | registers | descriptors | result`: the answer of a walk
 * (trans_*) or what the access does when it is executed (abort_*), and the descriptors that hardware updates.
 */
#include "formats.h"
#include "regime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct access {
    bool write, fetch, unprivileged;
    uint32_t word; /* LDRB/STRB W1, [X2], or the unprivileged form */
};

static bool parse_access(const char *name, struct access *access)
{
    static const struct {
        const char *name;
        struct access access;
    } all[] = {
        {"R", {.word = 0x39400041}},
        {"W", {.write = true, .word = 0x39000041}},
        {"RU", {.unprivileged = true, .word = 0x38400841}},
        {"WU", {.write = true, .unprivileged = true, .word = 0x38000841}},
        {"X", {.fetch = true}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!strcmp(all[i].name, name)) {
            *access = all[i].access;
            return true;
        }
    }
    return false;
}

static bool parse_line(char *text, struct regime_case *line, struct access *access)
{
    char *fields[4], *word, *name;
    uint64_t value;
    memset(line, 0, sizeof *line);
    if (split(text, '|', fields, 4) != 4)
        return false;
    bool have_access = false;
    for (unsigned i = 0; (word = next_word(&fields[0])); i++) {
        if (i == 0)
            continue;
        if (word[0] == 'E' && word[1] == 'L')
            line->el = (unsigned)(word[2] - '0') & 3;
        else if (split_value(word, &name, &value)) {
            if (!strcmp(name, "PAN"))
                line->pan = value;
            else if (!strcmp(name, "UAO"))
                line->uao = value;
            else if (!strcmp(name, "va"))
                line->va = value;
        } else if (!(have_access = parse_access(word, access)))
            return false;
    }
    return have_access && regime_parse(line, fields[1], fields[2], fields[3]);
}

/* `asked_directly`: as the model was for trans_*: an unprivileged access is EL0's, whatever PSTATE.UAO says. */
static bool translate(struct subject *subject, const struct regime_case *line, const struct access *access,
                      bool asked_directly, struct armsim_translation *out)
{
    struct armsim_space space = ARMSIM_VIRTUAL(0);
    bool as_el0 = access->unprivileged && line->el > 0;
    if (as_el0 && !asked_directly) {
        uint64_t hcr = subject_get(subject, "HCR_EL2");
        as_el0 = !line->uao && (line->el == 1 || (line->el == 2 && (hcr >> 27 & 1) && (hcr >> 34 & 1)));
    }
    if (as_el0) {
        space.current = false;
        space.el = 0;
        space.pas = subject_get(subject, "SCR_EL3") & 1 ? ARMSIM_PAS_NON_SECURE : ARMSIM_PAS_SECURE;
    }
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    enum armsim_access kind = access->fetch ? ARMSIM_FETCH : access->write ? ARMSIM_WRITE : ARMSIM_READ;
    return armsim_translate(subject->machine, &space, line->va, kind, out) == 0;
}

/* Makes a machine in which the address that the access ends at has memory. */
static bool open_with_target(struct subject *subject, const char *cpu, struct regime_case *line,
                             const struct access *access, bool asked_directly, struct armsim_translation *answer,
                             struct text *why)
{
    if (!regime_open(subject, cpu, line, why))
        return false;
    text_clear(why);
    if (!translate(subject, line, access, asked_directly, answer)) {
        text_add(why, "armsim_translate: %s", armsim_last_error(subject->machine));
        subject_close(subject);
        return false;
    }
    size_t before = line->pages.count;
    if (answer->valid)
        pages_add(&line->pages, answer->address, 1);
    if (line->pages.count == before)
        return true;
    subject_close(subject);
    return regime_open(subject, cpu, line, why);
}

static unsigned fault_status(const char *type, unsigned level)
{
    static const char *const types[] = {"AddressSize", "Translation", "AccessFlag", "Permission"};
    for (unsigned i = 0; i < 4; i++)
        if (!strcmp(types[i], type))
            return i << 2 | (level & 3);
    return ~0u;
}

/* "OK pa= pas= attr=" or "FAULT type level= flags= ipa=". */
static void check_answer(const struct armsim_translation *got, char *result, struct text *difference)
{
    char *kind = next_word(&result), *word, *name, *type = NULL;
    uint64_t value, pa = 0, pas = 0, attr = 0, level = 0, flags = 0, ipa = 0;
    while ((word = next_word(&result))) {
        if (!split_value(word, &name, &value))
            type = word;
        else if (!strcmp(name, "pa"))
            pa = value;
        else if (!strcmp(name, "pas"))
            pas = value;
        else if (!strcmp(name, "attr"))
            attr = value;
        else if (!strcmp(name, "level"))
            level = value;
        else if (!strcmp(name, "flags"))
            flags = value;
        else if (!strcmp(name, "ipa"))
            ipa = value;
    }
    if (kind && !strcmp(kind, "OK")) {
        uint64_t got_attr = (uint64_t)got->device << 24 | (uint64_t)got->shareability << 16 |
                            (got->device ? (uint64_t)got->device_type << 8
                                         : (uint64_t)got->outer << 8 | got->inner);
        if (!got->valid)
            text_add(difference, "fault %s, status %x, level %d (expected OK)", got->fault_name ? got->fault_name : "?",
                     got->fault_status, got->fault_level);
        else if (got->address != pa || (uint64_t)got->pas != pas || got_attr != attr)
            text_add(difference, "OK pa=%llx pas=%u attr=%llx", (unsigned long long)got->address, (unsigned)got->pas,
                     (unsigned long long)got_attr);
        return;
    }
    bool stage2 = flags >> 6 & 1, on_walk = flags >> 5 & 1;
    if (!type)
        text_add(difference, "not understood");
    else if (got->valid)
        text_add(difference, "OK pa=%llx", (unsigned long long)got->address);
    else if (got->fault_status != fault_status(type, (unsigned)level) || got->fault_stage2 != stage2 ||
             got->fault_on_walk != on_walk || (stage2 && got->fault_ipa != ipa))
        text_add(difference, "FAULT %s status=%x level=%d stage2=%d on walk=%d ipa=%llx",
                 got->fault_name ? got->fault_name : "?", got->fault_status, got->fault_level, got->fault_stage2,
                 got->fault_on_walk, (unsigned long long)got->fault_ipa);
}

/* "FAULT type level= flags= ipa=" of stage 2 on a stage-1 walk (flag 4, the access writes, or not), taken to EL2. */
static void check_walk_abort(const struct subject *subject, const char *result, struct text *difference)
{
    char type[32] = "";
    unsigned level = 0;
    unsigned long long ipa = 0;
    if (sscanf(result, " FAULT %31s level=%x flags=%*x ipa=%llx", type, &level, &ipa) != 3) {
        text_add(difference, "not understood ");
        return;
    }
    uint64_t esr = subject->entry.esr;
    bool on_walk = esr >> 7 & 1;
    if (!subject->entries || subject->entry.to_el != 2 || (esr & 0x3f) != fault_status(type, level) || !on_walk ||
        subject->entry.hpfar != ipa >> 12 << 4)
        text_add(difference, "ESR=%llx HPFAR=%llx at EL%u ", (unsigned long long)esr,
                 (unsigned long long)subject->entry.hpfar, subject->entry.to_el);
}

static void execute(struct subject *subject, struct regime_case *line, const struct access *access,
                    struct text *difference)
{
    if (access->fetch) {
        subject_poke(subject, ARMSIM_REG_PC, line->va & ~3ull);
        subject_clear(subject);
        subject_step(subject);
    } else if (!regime_execute(subject, line, access->word)) {
        text_add(difference, "the code's page can't be reached ");
    }
}

static void conclude(const struct subject *subject, const struct regime_case *line, const char *whole,
                     const struct text *difference, struct report *report)
{
    const char *missing;
    if (!difference->length)
        report_agree(report);
    else if ((missing = regime_missing_feature(subject, line)))
        report_skip(report, missing);
    else
        report_differ(report, whole, difference->data);
}

static void run_translation(const struct vector_file *file, void *opaque, const char *whole, char *text,
                            struct report *report)
{
    struct regime_case line;
    struct access access;
    struct subject subject;
    struct armsim_translation answer;
    struct text difference;
    char regime[8];
    text_clear(&difference);
    snprintf(regime, sizeof regime, "%.*s", (int)strcspn(text, " "), text);
    if (!parse_line(text, &line, &access)) {
        report_differ(report, whole, "not understood");
        return;
    }
    if (access.unprivileged && (!strcmp(regime, "el2") || !strcmp(regime, "el3"))) {
        report_undefined(report); /* no instruction makes such an access: the model answered for EL1&0 */
        return;
    }
    if (!open_with_target(&subject, file->cpu, &line, &access, true, &answer, &difference)) {
        report_differ(report, whole, difference.data);
        return;
    }
    char result[256];
    snprintf(result, sizeof result, "%s", line.result);
    check_answer(&answer, line.result, &difference);
    if (access.unprivileged)
        line.uao = false;
    if (difference.length && (strstr(result, "flags=60 ") || strstr(result, "flags=70 "))) {
        /* Stage 2 refuses the update of a stage-1 descriptor: only an access that is made finds that out. */
        text_clear(&difference);
        execute(&subject, &line, &access, &difference);
        check_walk_abort(&subject, result, &difference);
    } else if (!difference.length && line.update_count) {
        execute(&subject, &line, &access, &difference);
        regime_check_updates(&subject, &line, &difference);
    }
    conclude(&subject, &line, whole, &difference, report);
    subject_close(&subject);
}

/* "OK", or "EXC EL<n> [vec=] ESR= FAR= HPFAR=". */
static void check_exception(const struct subject *subject, char *result, struct text *difference)
{
    char *kind = next_word(&result), *word, *name;
    uint64_t value, vec = ~0ull, esr = 0, far = 0, hpfar = 0;
    unsigned el = 0;
    const struct armsim_trap *got = &subject->entry;
    bool taken = subject->entries && got->kind == ARMSIM_TRAP_SYNC;
    if (kind && !strcmp(kind, "OK")) {
        if (subject->entries)
            text_add(difference, "EXC EL%u ESR=%llx FAR=%llx (expected OK) ", got->to_el,
                     (unsigned long long)got->esr, (unsigned long long)got->far);
        return;
    }
    while ((word = next_word(&result))) {
        if (word[0] == 'E' && word[1] == 'L')
            el = (unsigned)(word[2] - '0');
        else if (!split_value(word, &name, &value))
            continue;
        else if (!strcmp(name, "vec"))
            vec = value;
        else if (!strcmp(name, "ESR"))
            esr = value;
        else if (!strcmp(name, "FAR"))
            far = value;
        else if (!strcmp(name, "HPFAR"))
            hpfar = value;
    }
    if (!taken || got->to_el != el || (vec != ~0ull && got->vector_offset != vec) || got->esr != esr ||
        got->far != far || got->hpfar != hpfar)
        text_add(difference, taken ? "EXC EL%u vec=%x ESR=%llx FAR=%llx HPFAR=%llx " : "no exception ", got->to_el,
                 got->vector_offset, (unsigned long long)got->esr, (unsigned long long)got->far,
                 (unsigned long long)got->hpfar);
}

static void run_abort(const struct vector_file *file, void *opaque, const char *whole, char *text,
                      struct report *report)
{
    struct regime_case line;
    struct access access;
    struct subject subject;
    struct armsim_translation answer;
    struct text difference;
    text_clear(&difference);
    if (!parse_line(text, &line, &access)) {
        report_differ(report, whole, "not understood");
        return;
    }
    if (!open_with_target(&subject, file->cpu, &line, &access, false, &answer, &difference)) {
        report_differ(report, whole, difference.data);
        return;
    }
    execute(&subject, &line, &access, &difference);
    check_exception(&subject, line.result, &difference);
    regime_check_updates(&subject, &line, &difference);
    conclude(&subject, &line, whole, &difference, report);
    subject_close(&subject);
}

/* ---------------------------------------------------------------- AT */

static bool parse_at(char *text, struct regime_case *line, uint32_t *word, const char **feature)
{
    static const struct {
        const char *name;
        unsigned op1, crm, op2;
        const char *feature;
    } all[] = {
        {"S1E1R", 0, 8, 0, NULL},  {"S1E1W", 0, 8, 1, NULL},  {"S1E0R", 0, 8, 2, NULL},  {"S1E0W", 0, 8, 3, NULL},
        {"S1E1RP", 0, 9, 0, "FEAT_PAN2"}, {"S1E1WP", 0, 9, 1, "FEAT_PAN2"},
        {"S1E2R", 4, 8, 0, NULL},  {"S1E2W", 4, 8, 1, NULL},  {"S12E1R", 4, 8, 4, NULL}, {"S12E1W", 4, 8, 5, NULL},
        {"S12E0R", 4, 8, 6, NULL}, {"S12E0W", 4, 8, 7, NULL}, {"S1E3R", 6, 8, 0, NULL},  {"S1E3W", 6, 8, 1, NULL},
    };
    char *fields[4], *part, *name;
    uint64_t value;
    bool known = false;
    memset(line, 0, sizeof *line);
    if (split(text, '|', fields, 4) != 4)
        return false;
    while ((part = next_word(&fields[0]))) {
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            if (!strcmp(part, all[i].name)) {
                *word = 0xd5080002 | all[i].op1 << 16 | 7 << 12 | all[i].crm << 8 | all[i].op2 << 5;
                *feature = all[i].feature;
                known = true;
            }
        }
        if (part[0] == 'E' && part[1] == 'L')
            line->el = (unsigned)(part[2] - '0') & 3;
        else if (split_value(part, &name, &value)) {
            if (!strcmp(name, "PAN"))
                line->pan = value;
            else if (!strcmp(name, "va"))
                line->va = value;
        }
    }
    return known && regime_parse(line, fields[1], fields[2], fields[3]);
}

static void run_at(const struct vector_file *file, void *opaque, const char *whole, char *text,
                   struct report *report)
{
    struct regime_case line;
    struct subject subject;
    struct text difference;
    uint32_t word;
    const char *feature = NULL;
    text_clear(&difference);
    if (!parse_at(text, &line, &word, &feature)) {
        report_differ(report, whole, "not understood");
        return;
    }
    line.older = true;
    if (!regime_open(&subject, file->cpu, &line, &difference)) {
        report_differ(report, whole, difference.data);
        return;
    }
    if (!regime_execute(&subject, &line, word))
        text_add(&difference, "the code's page can't be reached ");
    char *par = strstr(line.result, "PAR=");
    if (!par) {
        check_exception(&subject, line.result, &difference);
    } else {
        uint64_t want = strtoull(par + 4, NULL, 16), got = subject_get(&subject, "PAR_EL1");
        if (subject.entries)
            text_add(&difference, "EXC EL%u ESR=%llx ", subject.entry.to_el, (unsigned long long)subject.entry.esr);
        else if (got != want)
            text_add(&difference, "PAR=%llx ", (unsigned long long)got);
    }
    regime_check_updates(&subject, &line, &difference);
    if (difference.length && feature && !subject_has(&subject, feature))
        report_skip(report, feature);
    else
        conclude(&subject, &line, whole, &difference, report);
    subject_close(&subject);
}

/* ---------------------------------------------------------------- */

void run_translations(const struct vector_file *file, struct report *report)
{
    run_lines(file, report, run_translation, NULL);
}

void run_aborts(const struct vector_file *file, struct report *report)
{
    run_lines(file, report, run_abort, NULL);
}

void run_address_translation_instructions(const struct vector_file *file, struct report *report)
{
    run_lines(file, report, run_at, NULL);
}
