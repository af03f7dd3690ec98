/*
 * Instruction semantics: `name word seed= nzcv= fpcr= sp= [Xn= Vn=] | OK|EXC changes`, or `name word UNDEF`.
 *
 * State: EL1h, exceptions masked, a flat map of Normal memory open to EL1 and EL0; registers and memory are
 * pseudo-random: X0..X30, then V0..V31 from SplitMix64(seed), a memory byte from its address.
 */
#include "formats.h"
#include "frontends/random.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE 0x40080000ull
#define WINDOW_BASE 0x3fe00000ull
#define WINDOW_SIZE 0x00600000ull
#define TABLES 0x50000000ull /* out of the window: L1 table, L2 table of 0x40000000, L3 table of its first 2 MiB */

/* Which feature an encoding needs, by the vectors' name of it; the first row that matches counts. */
static const struct {
    const char *pattern, *feature;
} needed[] = {
    {"*_bf16*", "FEAT_BF16"},      {"bf*mla*", "FEAT_BF16"},       {"bfdot*", "FEAT_BF16"},
    {"bfcvt*", "FEAT_BF16"},       {"*_hinted", "FEAT_HBC"},       {"*mat_mul_int*", "FEAT_I8MM"},
    {"usdot*", "FEAT_I8MM"},       {"sudot*", "FEAT_I8MM"},        {"*fp_complex*", "FEAT_FCMA"},
    {"*mul_acc_complex*", "FEAT_FCMA"}, {"fml[as]l*", "FEAT_FHM"}, {"*frint_32_64*", "FEAT_FRINTTS"},
    {"rmif*", "FEAT_FlagM"},       {"setf*", "FEAT_FlagM"},        {"fjcvtzs*", "FEAT_JSCVT"},
    {"*_ld_128_*", "FEAT_LSE128"}, {"swpp_*", "FEAT_LSE128"},      {"*ordered_rcpc_writeback", "FEAT_LRCPC3"},
    {"stlr_memory_ordered_writeback", "FEAT_LRCPC3"},              {"*ordered_pair_*", "FEAT_LRCPC3"},
    {"*_ordered", "FEAT_LRCPC3"},  {"*offset_lda_stl", "FEAT_LRCPC2"},
    {"ldapr*", "FEAT_LRCPC"},      {"*_pac_*", "FEAT_PAuth"},      {"*signed_pac", "FEAT_PAuth"},
    {"bra_*", "FEAT_PAuth"},       {"blra_*", "FEAT_PAuth"},       {"reta_*", "FEAT_PAuth"},
    {"ereta_*", "FEAT_PAuth"},     {"*sha3*", "FEAT_SHA3"},        {"*sha512*", "FEAT_SHA512"},
    {"sm3*", "FEAT_SM3"},          {"sm4*", "FEAT_SM4"},           {"*_unary_abs", "FEAT_CSSC"},
    {"*_unary_cnt", "FEAT_CSSC"},  {"ctz_*", "FEAT_CSSC"},         {"[su]m??_imm_integer*", "FEAT_CSSC"},
    {"[su]m??_reg_integer*", "FEAT_CSSC"}, {"*fp16*", "FEAT_FP16"}, {"*dotp*", "FEAT_DotProd"},
    {"[su]dot_*", "FEAT_DotProd"}, {"msr_imm*", "FEAT_DIT"},       {"*sqrdml[as]h*", "FEAT_RDM"},
    {"cas*", "FEAT_LSE"},          {"swp*", "FEAT_LSE"},           {"bti*", "FEAT_BTI"},
    {"cfinv*", "FEAT_FlagM"},      {"*axflag*", "FEAT_FlagM2"},    {"xaflag*", "FEAT_FlagM2"},
    {"hint_*", "FEAT_PAuth"}, /* the PAC instructions in the hint space, NOPs without it */
};

const char *missing_feature(const struct subject *subject, const char *name)
{
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!fnmatch(needed[i].pattern, name, 0) && !subject_has(subject, needed[i].feature))
            return needed[i].feature;
    return NULL;
}

static uint8_t memory_byte(uint64_t address)
{
    return (uint8_t)((address * 0x9e3779b97f4a7c15) >> 56);
}

static void restore_page(struct subject *subject, uint64_t page)
{
    uint8_t bytes[0x1000];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = memory_byte(page + i);
    memory_write(subject, page, bytes, sizeof bytes);
}

static bool open_machine(struct subject *subject, const struct vector_file *file, struct report *report)
{
    struct subject_kind kind = {.cpu = file->cpu, .board = "bare", .el2 = true, .el3 = true};
    struct text why;
    struct page_set pages = {0};
    pages_add(&pages, TABLES, 0x3000);
    if (!subject_open(subject, &kind, &pages, &why) ||
        armsim_map_ram(subject->machine, WINDOW_BASE, WINDOW_SIZE, 1u << ARMSIM_PAS_NON_SECURE)) {
        report_differ(report, "(machine)", why.data);
        return false;
    }
    for (uint64_t page = WINDOW_BASE; page < WINDOW_BASE + WINDOW_SIZE; page += 0x1000)
        restore_page(subject, page);
    /* Attribute 0 is Normal write-back; AF, Inner Shareable, AP = read/write at EL1 and EL0. The page of the code is
     * closed to EL0: EL1 may not execute what EL0 may write. */
    const uint64_t block = 0x741, page = 0x743, table = 3;
    memory_write_doubleword(subject, TABLES, 0x0 | block);
    memory_write_doubleword(subject, TABLES + 8, (TABLES + 0x1000) | table);
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t base = 0x40000000 + (i << 21);
        memory_write_doubleword(subject, TABLES + 0x1000 + 8 * i, i ? base | block : (TABLES + 0x2000) | table);
        uint64_t address = 0x40000000 + (i << 12);
        memory_write_doubleword(subject, TABLES + 0x2000 + 8 * i,
                                address | (address == CODE ? page & ~0x40ull : page));
    }
    return true;
}

static void set_system_registers(struct subject *subject)
{
    static const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"SCR_EL3", 0x501 | 1 << 16 | 1 << 17}, /* NS, HCE, RW, APK, API */
        {"HCR_EL2", 1ull << 31 | 3ull << 40},   /* RW, APK, API */
        {"CPACR_EL1", 3 << 20},
        {"CPTR_EL2", 0},
        {"CPTR_EL3", 0},
        {"MDCR_EL2", 0},
        {"MDCR_EL3", 0},
        {"VBAR_EL1", 0x40200000},
        {"VBAR_EL2", 0x40210000},
        {"VBAR_EL3", 0x40220000},
        {"MAIR_EL1", 0xff},
        {"TTBR0_EL1", TABLES},
        {"TCR_EL1", 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 5ull << 32}, /* T0SZ, WB, ISH, EPD1, 48-bit PA */
        {"SCTLR_EL1", 0x30d00801 | 0xfull << 27 | 1 << 13 | 1 << 30 | 1u << 31}, /* M; PAuth keys on */
        {"APIAKeyLo_EL1", 0x84be85ce9804e94b}, {"APIAKeyHi_EL1", 0xec2802d4e0a488e9},
        {"APIBKeyLo_EL1", 0x1122334455667788}, {"APIBKeyHi_EL1", 0x99aabbccddeeff00},
        {"APDAKeyLo_EL1", 0x0123456789abcdef}, {"APDAKeyHi_EL1", 0xfedcba9876543210},
        {"APDBKeyLo_EL1", 0x5a5a5a5a12345678}, {"APDBKeyHi_EL1", 0x5a5a5a5a12345678},
        {"APGAKeyLo_EL1", 0xdeadbeefcafebabe}, {"APGAKeyHi_EL1", 0x0badf00d8badf00d},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        subject_set(subject, values[i].name, values[i].value);
}

struct state {
    uint64_t x[31], v[32][2];
    uint64_t nzcv, fpcr, sp;
};

/* The words before the bar. */
static bool parse_state(char *text, struct state *state)
{
    uint64_t seed = 0, value;
    char *words[96], *word, *name;
    size_t count = 0;
    while ((word = next_word(&text)) && count < 96)
        words[count++] = word;
    for (size_t i = 0; i < count; i++)
        if (!strncmp(words[i], "seed=", 5) && !parse_hex(words[i] + 5, &seed))
            return false;
    for (unsigned i = 0; i < 31; i++)
        state->x[i] = splitmix64(&seed);
    for (unsigned i = 0; i < 32; i++)
        for (unsigned half = 0; half < 2; half++)
            state->v[i][half] = splitmix64(&seed);
    for (size_t i = 0; i < count; i++) {
        char *digits = strchr(words[i], '=');
        if (!digits)
            return false;
        if (words[i][0] == 'V') { /* 128 bits */
            unsigned n = (unsigned)atoi(words[i] + 1) & 31;
            char high[17] = "0";
            size_t length = strlen(++digits);
            if (length > 16) {
                snprintf(high, sizeof high, "%.*s", (int)(length - 16), digits);
                digits += length - 16;
            }
            if (!parse_hex(high, &state->v[n][1]) || !parse_hex(digits, &state->v[n][0]))
                return false;
            continue;
        }
        if (!split_value(words[i], &name, &value))
            return false;
        if (name[0] == 'X')
            state->x[atoi(name + 1) % 31] = value;
        else if (!strcmp(name, "nzcv"))
            state->nzcv = value;
        else if (!strcmp(name, "fpcr"))
            state->fpcr = value;
        else if (!strcmp(name, "sp"))
            state->sp = value;
    }
    return true;
}

static void set_state(struct subject *subject, const struct state *state)
{
    armsim_set_pe_state(subject->machine, 0, ARMSIM_PE_RUNNING); /* the last line may have been a WFI */
    set_system_registers(subject);
    subject_poke(subject, ARMSIM_REG_PSTATE, 0x3c5 | state->nzcv << 28);
    subject_poke(subject, ARMSIM_REG_PC, CODE);
    for (unsigned i = 0; i < 31; i++)
        subject_poke(subject, ARMSIM_REG_X0 + i, state->x[i]);
    for (unsigned i = 0; i < 32; i++)
        armsim_write_vector(subject->machine, 0, i, state->v[i]);
    subject_poke(subject, ARMSIM_REG_SP, state->sp);
    subject_poke(subject, ARMSIM_REG_FPCR, state->fpcr);
    subject_poke(subject, ARMSIM_REG_FPSR, 0);
    subject_poke(subject, ARMSIM_REG_EVENT, 0);
}

/* In the vectors an exclusive store always succeeds, so the load that goes with it runs first. */
static void open_monitor(struct subject *subject, uint32_t word, const struct state *state)
{
    bool pair = word & 0x00200000;
    bool store_exclusive = (word & 0x3fc00000) == 0x08000000 && (!pair || word & 0x80000000);
    if (!store_exclusive)
        return;
    uint32_t load = (word & ~(0x1fu << 16 | 0x1fu << 10 | 0x1f)) | 0x1fu << 16 | 1u << 22;
    load |= pair ? 1u << 10 : 0x1fu << 10; /* Rt2 of a pair must not be Rt */
    memory_write_word(subject, CODE, load);
    set_state(subject, state);
    subject_step(subject);
}

static bool is_memory_item(const char *word)
{
    return word[0] == 'M' && isxdigit((unsigned char)word[1]) && strspn(word + 1, "0123456789abcdef") == strcspn(word + 1, "=");
}

struct write {
    uint64_t address;
    const char *bytes;
};

/* Every byte of every page written must be what it was or what the line says; the pages are then as before. */
static void check_memory(struct subject *subject, const struct write *writes, size_t count, struct text *difference)
{
    enum { MAX_WRITTEN = 16 };
    struct armsim_page dirty[MAX_WRITTEN];
    uint64_t pages[MAX_WRITTEN + 64];
    size_t page_count = 0;
    int64_t n = armsim_dirty_pages(subject->machine, dirty, MAX_WRITTEN, true);
    for (int64_t i = 0; i < n && i < MAX_WRITTEN; i++)
        pages[page_count++] = dirty[i].address;
    for (size_t i = 0; i < count && page_count < sizeof pages / sizeof *pages; i++)
        pages[page_count++] = writes[i].address & ~0xfffull; /* what the simulator may have failed to write */
    for (size_t p = 0; p < page_count; p++) {
        uint8_t want[0x1000], got[0x1000];
        uint64_t base = pages[p];
        bool seen = base - WINDOW_BASE >= WINDOW_SIZE;
        for (size_t i = 0; i < p; i++)
            seen |= pages[i] == base;
        if (seen)
            continue;
        for (unsigned i = 0; i < sizeof want; i++)
            want[i] = memory_byte(base + i);
        for (size_t w = 0; w < count; w++) {
            for (size_t i = 0; writes[w].bytes[2 * i] && writes[w].bytes[2 * i + 1]; i++) {
                uint64_t address = writes[w].address + i;
                unsigned byte = 0;
                sscanf(writes[w].bytes + 2 * i, "%2x", &byte);
                if (address - base < sizeof want)
                    want[address - base] = (uint8_t)byte;
            }
        }
        struct armsim_space physical = {.pas = ARMSIM_PAS_NON_SECURE};
        if (armsim_read_memory(subject->machine, &physical, base, got, sizeof got, NULL))
            memset(got, 0, sizeof got);
        if (base == CODE) /* the instruction itself lies there */
            memcpy(got, want, 4);
        for (unsigned i = 0; i < sizeof got; i++)
            if (got[i] != want[i])
                text_add(difference, "byte at %llx is %02x (expected %02x) ", (unsigned long long)base + i, got[i],
                         want[i]);
        restore_page(subject, base);
    }
}

/* What the model counts as state and the architecture does not. */
static bool is_artefact(const char *name)
{
    return !strcmp(name, "Branchtypetaken") || !strcmp(name, "BTypeNext");
}

static void run_line(const struct vector_file *file, void *opaque, const char *line, char *text, struct report *report)
{
    struct subject *subject = opaque;
    char *name = next_word(&text), *word_text = next_word(&text);
    uint64_t word;
    if (!name || !word_text || !parse_hex(word_text, &word)) {
        report_differ(report, line, "not understood");
        return;
    }
    bool undefined = strstr(text, "UNDEF") != NULL;
    struct state state = {0};
    char *bar = strchr(text, '|');
    if (bar)
        *bar++ = 0;
    if (!undefined && (!bar || !parse_state(text, &state))) {
        report_differ(report, line, "not understood");
        return;
    }
    if (!undefined)
        open_monitor(subject, (uint32_t)word, &state);
    memory_write_word(subject, CODE, (uint32_t)word);
    armsim_dirty_pages(subject->machine, NULL, 0, true);
    set_state(subject, &state);

    struct tracker tracker = {0};
    static const char *const watched[] = {"SP_EL0", "SP_EL1", "SP_EL2", "SP_EL3", "PC", "PSTATE", "FPCR", "FPSR"};
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        tracker_add(&tracker, subject, watched[i]);
    for (unsigned i = 0; i < 31; i++) {
        char x[8];
        snprintf(x, sizeof x, "X%u", i);
        tracker_add(&tracker, subject, x);
    }
    for (unsigned i = 0; i < 32; i++) {
        char v[8];
        snprintf(v, sizeof v, "V%u", i);
        tracker_add(&tracker, subject, v);
    }

    subject_clear(subject);
    struct text difference;
    text_clear(&difference);
    if (undefined) {
        subject_step(subject);
        if (subject->entries && subject->entry.kind == ARMSIM_TRAP_SYNC && subject->entry.ec == 0)
            report_agree(report);
        else
            report_differ(report, line, "executed, or another exception than UNDEFINED");
        check_memory(subject, NULL, 0, &difference);
        restore_page(subject, CODE);
        return;
    }

    struct write writes[64];
    size_t write_count = 0;
    char *item, *outcome = next_word(&bar);
    bool exception = outcome && !strcmp(outcome, "EXC"), understood = outcome != NULL;
    const char *unknown = NULL;
    while ((item = next_word(&bar))) {
        char *value_text = strchr(item, '=');
        uint64_t value;
        if (is_memory_item(item) && value_text) {
            *value_text++ = 0;
            if (write_count < 64 && parse_hex(item + 1, &writes[write_count].address))
                writes[write_count++].bytes = value_text;
        } else if (item[0] == 'V' && isdigit((unsigned char)item[1]) && value_text) {
            struct state vector = {0};
            char one[64];
            snprintf(one, sizeof one, "%s", item);
            understood &= parse_state(one, &vector);
            unsigned n = (unsigned)atoi(item + 1) & 31;
            tracker_expect_vector(&tracker, n, vector.v[n][0], vector.v[n][1]);
        } else if (split_value(item, &item, &value)) {
            if (!strcmp(item, "PSTATE.BTYPE") && !subject_has(subject, "FEAT_BTI"))
                continue;
            if (!is_artefact(item) && !tracker_expect(&tracker, subject, item, value))
                unknown = item;
        } else {
            understood = false;
        }
    }
    if (!understood) {
        report_differ(report, line, "not understood");
        return;
    }

    subject_step(subject);
    bool was_undefined = subject->entries && subject->entry.kind == ARMSIM_TRAP_SYNC && subject->entry.ec == 0;
    const char *missing = missing_feature(subject, name);
    bool same = tracker_check(&tracker, subject, &difference);
    check_memory(subject, writes, write_count, &difference);
    same &= difference.length == 0;
    if (same && !unknown)
        report_agree(report);
    else if (missing && (was_undefined || unknown || !exception))
        report_skip(report, missing);
    else if (was_undefined)
        report_differ(report, line, "UNDEFINED");
    else if (unknown) {
        text_add(&difference, "no register %s", unknown);
        report_differ(report, line, difference.data);
    } else
        report_differ(report, line, difference.data);
    restore_page(subject, CODE);
}

void run_a64(const struct vector_file *file, struct report *report)
{
    struct subject subject;
    if (!open_machine(&subject, file, report))
        return;
    run_lines(file, report, run_line, &subject);
    subject_close(&subject);
}
