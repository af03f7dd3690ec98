#include "regime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One page of RAM of our own: the code, then the tables of stage 1 and of stage 2. */
#define OURS 0x00e50000ull
#define CODE OURS
#define STAGE1 (OURS + 0x1000)
#define STAGE2 (OURS + 0x5000)

#define NOP 0xd503201f

static bool is_update(const char *word)
{
    return word[0] == 'M' && strchr(word, '=') && strspn(word + 1, "0123456789abcdef") == strcspn(word + 1, "=");
}

/* The tables that a descriptor or a base register may point to: what isn't listed in them is 0. */
static void add_table(struct page_set *pages, uint64_t value)
{
    pages_add(pages, value & 0xfffffffff000, 0x1000);
}

bool regime_parse(struct regime_case *line, char *control, char *memory, char *result)
{
    char *word, *name;
    uint64_t value;
    line->control = control;
    while ((word = next_word(&memory))) {
        char *colon = strchr(word, ':');
        if (!colon || line->memory_count == MAX_DESCRIPTORS)
            return false;
        *colon = 0;
        if (!parse_hex(word, &line->memory[line->memory_count].address) ||
            !parse_hex(colon + 1, &line->memory[line->memory_count].value))
            return false;
        uint64_t descriptor = line->memory[line->memory_count++].value;
        if ((descriptor & 3) == 3)
            add_table(&line->pages, descriptor);
    }
    for (size_t i = 0; i < line->memory_count; i++)
        pages_add(&line->pages, line->memory[i].address, 8);
    char *scan = control, *at;
    while ((at = strstr(scan, "TTBR"))) {
        scan = at + 4;
        bool stage2 = at > control && at[-1] == 'V';
        if ((at = strchr(at, '='))) /* stage 2 may begin with 16 tables of 64 KiB side by side */
            pages_add(&line->pages, strtoull(at + 1, NULL, 16) & 0xfffffffff000, stage2 ? 0x100000 : 0x1000);
    }
    /* The updates come last. */
    line->result = result;
    for (char *from = result; (from = strstr(from, " M"));) {
        char *end = from;
        from++;
        if (!is_update(from))
            continue;
        *end = 0;
        while ((word = next_word(&from)))
            if (split_value(word, &name, &value) && line->update_count < MAX_DESCRIPTORS &&
                parse_hex(name + 1, &line->updates[line->update_count].address))
                line->updates[line->update_count++].value = value;
        break;
    }
    pages_add(&line->pages, OURS, PAGE_SIZE);
    return true;
}

static void set_control(struct subject *subject, const struct regime_case *line)
{
    char words[2048], *text = words, *word, *name;
    uint64_t value;
    snprintf(words, sizeof words, "%s", line->control);
    while ((word = next_word(&text)))
        if (split_value(word, &name, &value))
            subject_set(subject, name, value);
}

static uint64_t control(const struct subject *subject, const char *name)
{
    return subject_get(subject, name);
}

static void map_ours(struct subject *subject)
{
    /* Read-only and executable for all, attribute 0; stage 2: all access, Normal write-back. */
    static const uint64_t attributes[2] = {0x7c3, 0x7ff};
    for (unsigned stage = 0; stage < 2; stage++) {
        uint64_t table = stage ? STAGE2 : STAGE1;
        memory_write_doubleword(subject, table, (table + 0x1000) | 3);
        memory_write_doubleword(subject, table + 0x1000 + 8 * (CODE >> 30), (table + 0x2000) | 3);
        memory_write_doubleword(subject, table + 0x2000 + 8 * (CODE >> 21 & 511), (table + 0x3000) | 3);
        for (uint64_t page = OURS; page < OURS + PAGE_SIZE; page += 0x1000) /* stage 1's tables are below stage 2 */
            memory_write_doubleword(subject, table + 0x3000 + 8 * (page >> 12 & 511), page | attributes[stage]);
    }
}

static void set_pstate(struct subject *subject, const struct regime_case *line)
{
    subject_poke(subject, ARMSIM_REG_PSTATE,
                 0x3c0 | line->el << 2 | (line->el != 0) | (uint64_t)line->pan << 22 | (uint64_t)line->uao << 23);
}

bool regime_open(struct subject *subject, const char *cpu, struct regime_case *line, struct text *why)
{
    static const char *const vectors[] = {"VBAR_EL1", "VBAR_EL2", "VBAR_EL3"};
    static const struct armsim_impdef older[] = {{"CONTIGUOUS", "ignored"}, {"ACCESS_FLAG_ON_FAULT", "set"}};
    struct subject_kind kind = {.cpu = cpu, .board = "bare", .el2 = true, .el3 = true};
    if (line->older) {
        kind.impdefs = older;
        kind.impdef_count = sizeof older / sizeof *older;
    }
    if (!subject_open(subject, &kind, &line->pages, why))
        return false;
    for (size_t i = 0; i < line->memory_count; i++)
        memory_write_doubleword(subject, line->memory[i].address, line->memory[i].value);
    for (unsigned i = 0; i < 3; i++)
        subject_set(subject, vectors[i], 0x40200000 + (i + 1) * 0x10000ull);
    set_control(subject, line);
    set_pstate(subject, line);
    return true;
}

bool regime_execute(struct subject *subject, struct regime_case *line, uint32_t word)
{
    const uint64_t shared = 0x3500; /* write-back tables, Inner Shareable */
    uint64_t asids = control(subject, "TCR_EL1") & (1ull << 36 | 1ull << 22);
    uint64_t asids2 = control(subject, "TCR_EL2") & (1ull << 36 | 1ull << 22);
    bool e2h = control(subject, "HCR_EL2") >> 34 & 1;
    uint64_t vttbr = control(subject, "VTTBR_EL2"), vtcr = control(subject, "VTCR_EL2");
    map_ours(subject);
    memory_write_word(subject, CODE, NOP);
    memory_write_word(subject, CODE + 4, word);
    subject_set(subject, "TTBR0_EL1", STAGE1);
    subject_set(subject, "TTBR0_EL2", STAGE1);
    subject_set(subject, "TTBR0_EL3", STAGE1);
    subject_set(subject, "TCR_EL1", 5ull << 32 | 1 << 23 | shared | 16 | asids);
    subject_set(subject, "TCR_EL2", e2h ? 5ull << 32 | 1 << 23 | shared | 16 | asids2 : 0x80850000 | shared | 16);
    subject_set(subject, "TCR_EL3", 0x80850000 | shared | 16);
    subject_set(subject, "VTTBR_EL2", STAGE2 | (vttbr & 0xffff000000000000));
    subject_set(subject, "VTCR_EL2", 1u << 31 | 5 << 16 | shared | 2 << 6 | 16 | (vtcr & 1 << 19));
    subject_poke(subject, ARMSIM_REG_PC, CODE);
    subject_clear(subject);
    subject_step(subject);
    if (subject->entries || subject_peek(subject, ARMSIM_REG_PC) != CODE + 4)
        return false;
    static const char *const ours[] = {"TTBR0_EL1", "TTBR0_EL2", "TTBR0_EL3", "TCR_EL1",
                                       "TCR_EL2",   "TCR_EL3",   "VTTBR_EL2", "VTCR_EL2"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        subject_set(subject, ours[i], 0);
    set_control(subject, line);
    set_pstate(subject, line);
    subject_poke(subject, ARMSIM_REG_X0 + 2, line->va);
    subject_clear(subject);
    subject_step(subject);
    return !(subject->entries && subject->entry.kind == ARMSIM_TRAP_SYNC && subject->entry.ec >> 1 == 0x20 >> 1 &&
             subject->entry.elr == CODE + 4);
}

bool regime_check_updates(struct subject *subject, const struct regime_case *line, struct text *difference)
{
    size_t before = difference->length;
    for (size_t i = 0; i < line->memory_count; i++) {
        uint64_t want = line->memory[i].value;
        for (size_t j = 0; j < line->update_count; j++)
            if (line->updates[j].address == line->memory[i].address)
                want = line->updates[j].value;
        uint64_t got = memory_read_doubleword(subject, line->memory[i].address);
        if (got != want)
            text_add(difference, "descriptor at %llx is %llx (expected %llx) ",
                     (unsigned long long)line->memory[i].address, (unsigned long long)got, (unsigned long long)want);
    }
    return difference->length == before;
}

static uint64_t written(const struct regime_case *line, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = line->control; (at = strstr(at, name)); at += length)
        if ((at == line->control || at[-1] == ' ') && at[length] == '=')
            return strtoull(at + length + 1, NULL, 16);
    return 0;
}

const char *regime_missing_feature(const struct subject *subject, const struct regime_case *line)
{
    /* As the line has them: the machine may have no such bits. */
    uint64_t tcr1 = written(line, "TCR_EL1"), tcr2 = written(line, "TCR_EL2"), tcr3 = written(line, "TCR_EL3");
    uint64_t hcr = written(line, "HCR_EL2"), vtcr = written(line, "VTCR_EL2");
    uint64_t mair = written(line, "MAIR_EL1") | written(line, "MAIR_EL2") | written(line, "MAIR_EL3");
    bool tagged = false; /* one of the three is there */
    for (unsigned i = 0; i < 8; i++)
        tagged |= (mair >> (8 * i) & 0xff) == 0xf0;
    bool e2h = hcr >> 34 & 1;
    uint64_t wide = tcr1 | (e2h ? tcr2 : 0), narrow = tcr3 | (e2h ? 0 : tcr2);
    const struct {
        const char *feature;
        bool used;
    } uses[] = {
        {"FEAT_VHE", e2h},
        {"FEAT_E0PD", (wide >> 55 & 3) != 0},
        {"FEAT_TTST", (wide & 63) > 39 || (wide >> 16 & 63) > 39 || (narrow & 63) > 39 || (vtcr & 63) > 39},
        {"FEAT_S2FWB", hcr >> 46 & 1},
        {"FEAT_HAFDBS", (wide >> 39 & 3) || (narrow >> 21 & 3) || (vtcr >> 21 & 3)},
        {"FEAT_HPDS", (wide >> 41 & 3) || (narrow >> 24 & 1)},
        {"FEAT_UAO", line->uao},
        {"FEAT_PAN", line->pan},
        {"FEAT_XNX", hcr & 1},
        {"FEAT_SEL2", written(line, "SCR_EL3") >> 18 & 1},
        {"FEAT_NV", hcr >> 42 & 1},
        {"FEAT_MTE2", tagged},
    };
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (uses[i].used && !subject_has(subject, uses[i].feature))
            return uses[i].feature;
    return NULL;
}
