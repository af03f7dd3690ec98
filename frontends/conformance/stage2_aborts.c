/*
 * Stage-2 data abort syndromes: `name isa word EL<n> s1=<0|1> trans|perm|af base= | ESR_EL2 FAR_EL2 ...`.
 *
 * Every X register and SP hold the base, but for an offset register, which holds 0, 8 or 16 unless it is the base
 * register too: FAR_EL2 tells which. Stage 2 has Device-nGnRE memory in the 2 MiB block around the base that is absent, closed or without access flag.
 */
#include "formats.h"

#include <stdlib.h>
#include <string.h>

#define CODE 0x40080000ull
#define DEVICE 0x09000000ull
#define OURS 0x50000000ull /* a page for: stage 1 level 1; stage 2 level 1, level 2 of 0 and of 0x40000000 */
#define STAGE1 OURS
#define STAGE2 (OURS + 0x1000)
#define STAGE2_LOW (OURS + 0x2000)

#define TLBI_ALLE1 0xd50c879f
#define HCR_RW (1ull << 31)

static bool open_machine(struct subject *subject, const struct vector_file *file, struct report *report)
{
    struct subject_kind kind = {.cpu = file->cpu, .board = "bare", .el2 = true, .el3 = true};
    struct page_set pages = {0};
    struct text why;
    pages_add(&pages, OURS, 0x4000);
    pages_add(&pages, CODE, 4);
    pages_add(&pages, DEVICE, 0x10000);
    if (!subject_open(subject, &kind, &pages, &why)) {
        report_differ(report, "(machine)", why.data);
        return false;
    }
    /* Stage 1: 1 GiB blocks, read-only at EL1 and EL0 where the code is, read-write where the device is. */
    memory_write_doubleword(subject, STAGE1, 0x741);
    memory_write_doubleword(subject, STAGE1 + 8, 0x40000000 | 0x7c1);
    memory_write_doubleword(subject, STAGE2, STAGE2_LOW | 3);
    memory_write_doubleword(subject, STAGE2 + 8, 0x40000000 | 0x7fd);
    static const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"SCR_EL3", 0x531},
        {"CPACR_EL1", 3 << 20},
        {"CPTR_EL2", 0},
        {"CPTR_EL3", 0},
        {"MAIR_EL1", 0xff},
        {"TTBR0_EL1", STAGE1},
        {"TCR_EL1", 25 | 0x3500 | 1 << 23 | 5ull << 32},
        {"VTTBR_EL2", STAGE2},
        {"VTCR_EL2", 1u << 31 | 5 << 16 | 0x3500 | 1 << 6 | 25},
        {"VBAR_EL2", 0x40210000},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        subject_set(subject, values[i].name, values[i].value);
    return true;
}

/* All entries that stage 2 made are forgotten. */
static void invalidate(struct subject *subject)
{
    subject_set(subject, "HCR_EL2", HCR_RW);
    memory_write_word(subject, CODE, TLBI_ALLE1);
    subject_poke(subject, ARMSIM_REG_PSTATE, 0x3c9);
    subject_poke(subject, ARMSIM_REG_PC, CODE);
    subject_step(subject);
}

static void set_state(struct subject *subject, unsigned el, bool stage1, uint64_t base, uint32_t word)
{
    subject_set(subject, "HCR_EL2", HCR_RW | 1);
    subject_set(subject, "SCTLR_EL1", 0x30d00800 | stage1);
    subject_poke(subject, ARMSIM_REG_PSTATE, el << 2 | (el != 0));
    subject_poke(subject, ARMSIM_REG_PC, CODE);
    for (unsigned i = 0; i < 31; i++)
        subject_poke(subject, ARMSIM_REG_X0 + i, base);
    subject_poke(subject, ARMSIM_REG_SP, base);
    memory_write_word(subject, CODE, word);
}

/* The offset register of a load or store, and how far it is shifted. False: the word has none. */
static bool register_offset(uint32_t word, unsigned *rm, unsigned *shift)
{
    if ((word & 0x3b200c00) != 0x38200800)
        return false;
    bool vector128 = (word & 0xff800000) == 0x3c800000;
    *rm = word >> 16 & 31;
    *shift = !(word & 0x1000) ? 0 : vector128 ? 4 : word >> 30;
    return true;
}

static void run_line(const struct vector_file *file, void *opaque, const char *whole, char *text, struct report *report)
{
    struct subject *subject = opaque;
    char *name = next_word(&text), *isa = next_word(&text), *word_text = next_word(&text), *el = next_word(&text);
    char *stage1 = next_word(&text), *kind = next_word(&text), *base_text = next_word(&text), *item, *key;
    uint64_t word, base, value;
    if (!base_text || !parse_hex(word_text, &word) || !split_value(base_text, &key, &base)) {
        report_differ(report, whole, "not understood");
        return;
    }
    if (strcmp(isa, "A64")) {
        report_skip(report, "AArch32");
        return;
    }
    static const struct {
        const char *kind;
        uint64_t descriptor;
    } kinds[] = {{"trans", 0}, {"perm", DEVICE | 0x705}, {"af", DEVICE | 0x3c5}};
    uint64_t descriptor = 0;
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(kind, kinds[i].kind))
            descriptor = kinds[i].descriptor;
    bool with_stage1 = !strcmp(stage1, "s1=1");
    unsigned from = (unsigned)(el[2] - '0') & 3, rn = (uint32_t)word >> 5 & 31, rm, shift;

    /* An exclusive store reaches its access only with its monitor set: the load runs first, on good tables. */
    uint64_t blocks = DEVICE >> 21;
    for (uint64_t block = blocks - 1; block <= blocks + 1; block++)
        memory_write_doubleword(subject, STAGE2_LOW + 8 * block, block << 21 | 0x7c5);
    bool pair = word & 0x00200000;
    if ((word & 0x3fc00000) == 0x08000000 && (!pair || word & 0x80000000)) {
        invalidate(subject);
        uint32_t load = ((uint32_t)word & ~(0x1fu << 16 | 0x1fu << 10 | 0x1f)) | 0x1fu << 16 | 1u << 22 |
                        (pair ? 1u << 10 : 0x1fu << 10);
        set_state(subject, from, with_stage1, base, load);
        subject_step(subject);
    }
    for (uint64_t block = blocks - 1; block <= blocks + 1; block++)
        memory_write_doubleword(subject, STAGE2_LOW + 8 * block, descriptor ? descriptor + ((block - blocks) << 21) : 0);
    invalidate(subject);
    set_state(subject, from, with_stage1, base, (uint32_t)word);
    const char *far = strstr(text, "FAR_EL2=");
    if (far && register_offset((uint32_t)word, &rm, &shift) && rm < 31 && rm != rn)
        subject_poke(subject, ARMSIM_REG_X0 + rm, (strtoull(far + 8, NULL, 16) - base) >> shift);

    static const char *const watched[] = {"ESR_EL2", "FAR_EL2", "HPFAR_EL2", "ELR_EL2", "SPSR_EL2"};
    struct tracker tracker = {0};
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        subject_set(subject, watched[i], 0);
        tracker_add(&tracker, subject, watched[i]);
    }
    next_word(&text); /* the bar */
    while ((item = next_word(&text)))
        if (split_value(item, &key, &value))
            tracker_expect(&tracker, subject, key, value);
    subject_clear(subject);
    subject_step(subject);
    struct text difference;
    const char *missing = missing_feature(subject, name);
    if (tracker_check(&tracker, subject, &difference))
        report_agree(report);
    else if (missing)
        report_skip(report, missing);
    else
        report_differ(report, whole, difference.data);
}

void run_stage2_aborts(const struct vector_file *file, struct report *report)
{
    struct subject subject;
    if (!open_machine(&subject, file, report))
        return;
    run_lines(file, report, run_line, &subject);
    subject_close(&subject);
}
