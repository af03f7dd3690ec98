#include "words.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES 0x40090000ull

static const struct {
    const char *name;
    uint32_t word;
} named[] = {
    {"SVC", 0xd4000001},      {"HVC", 0xd4000002},      {"SMC", 0xd4000003},     {"BRK", 0xd4200000},
    {"HLT", 0xd4400000},      {"DCPS1", 0xd4a00001},    {"DCPS2", 0xd4a00002},   {"DCPS3", 0xd4a00003},
    {"ERET", 0xd69f03e0},     {"ERETAA", 0xd69f0bff},   {"WFI", 0xd503207f},     {"WFE", 0xd503205f},
    {"ESB", 0xd503221f},      {"SB", 0xd50330ff},       {"PSB", 0xd503223f},     {"TSB", 0xd503225f},
    {"DAIFSet2", 0xd50342df}, {"DAIFClr0", 0xd50340ff}, {"SPSel1", 0xd50041bf},  {"PAN1", 0xd500419f},
    {"UAO1", 0xd500417f},     {"DIT1", 0xd503415f},     {"SSBS1", 0xd503413f},   {"TCO1", 0xd503419f},
    {"CFINV", 0xd500401f},    {"XAFLAG", 0xd500403f},   {"AXFLAG", 0xd500405f},  {"PACIA", 0xdac10020},
    {"PACIZA", 0xdac123e0},   {"PACIASP", 0xd503233f},  {"AUTIA", 0xdac11020},   {"PACGA", 0x9ac23020},
    {"XPACI", 0xdac143e0},    {"BLRAAZ", 0xd63f083f},   {"FMOV_d", 0x1e604020},  {"FADD_d", 0x1e622820},
    {"ADD_v", 0x4ea28420},    {"FMOV_xd", 0x9e660020},  {"LDR_q", 0x3dc00040},   {"AESE", 0x4e284820},
    {"IRG", 0x9ac21020},      {"GMI", 0x9ac21420},      {"LDG", 0xd9600041},     {"UDF", 0x00000000},
};

static bool parse_encoding(const char *item, unsigned field[5])
{
    return (item[0] == 'R' || item[0] == 'W') && sscanf(item + 1, "%u_%u_%u_%u_%u", &field[0], &field[1], &field[2],
                                                        &field[3], &field[4]) == 5;
}

bool item_word(const char *item, uint32_t *word)
{
    unsigned f[5];
    if (parse_encoding(item, f)) {
        *word = 0xd5000000 | (item[0] == 'R') << 21 | f[0] << 19 | f[1] << 16 | f[2] << 12 | f[3] << 8 | f[4] << 5 | 5;
        return true;
    }
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (!strcmp(named[i].name, item)) {
            *word = named[i].word;
            return true;
        }
    }
    return false;
}

bool item_syndrome(const char *item, uint64_t *esr)
{
    unsigned f[5];
    if (!parse_encoding(item, f))
        return false;
    *esr = 0x18ull << 26 | 1ull << 25 | f[0] << 20 | f[4] << 17 | f[1] << 14 | f[2] << 10 | 5 << 5 | f[3] << 1 |
           (item[0] == 'R');
    return true;
}

const char *item_missing_feature(const struct subject *subject, const char *item)
{
    /* The accessors of the model behind the vectors know every register at any version. Patterns of the encoding, or
     * of the word's name. */
    static const struct {
        const char *encoding, *feature;
    } needs[] = {
        {"1_3_7_3_[457]", "FEAT_SPECRES"}, /* CFP, DVP, CPP RCTX */
        {"1_3_7_12_1", "FEAT_DPB"},
        {"1_3_7_13_1", "FEAT_DPB2"},
        {"1_3_7_4_[34]", "FEAT_MTE"},
        {"1_3_7_1[0234]_[35]", "FEAT_MTE"},
        {"1_0_7_6_[3456]", "FEAT_MTE2"},
        {"1_0_7_1[04]_[46]", "FEAT_MTE2"},
        {"1_0_7_9_[01]", "FEAT_PAN2"},
        {"1_[046]_8_1_*", "FEAT_TLBIOS"},
        {"1_4_8_4_[0347]", "FEAT_TLBIOS"},
        {"1_[046]_8_[256]_*", "FEAT_TLBIRANGE"},
        {"1_4_8_[04]_[26]", "FEAT_TLBIRANGE"},
        {"2_4_0_7_0", "FEAT_AA32EL1"}, /* DBGVCR32_EL2 */
        {"3_4_3_0_0", "FEAT_AA32EL1"},
        {"3_4_5_0_1", "FEAT_AA32EL1"},
        {"3_4_5_3_0", "FEAT_AA32EL1"},
        {"3_4_1_3_1", "FEAT_AA32EL1"},
        {"3_6_1_1_1", "FEAT_AA32EL1"},
        {"3_3_2_4_[01]", "FEAT_RNG"},
        {"3_3_4_2_5", "FEAT_DIT"},
        {"3_3_4_2_6", "FEAT_SSBS"},
        {"3_3_4_2_7", "FEAT_MTE"},
        {"3_[03456]_13_0_7", "FEAT_CSV2_2"}, /* SCXTNUM_ELx */
        {"3_0_10_4_4", "FEAT_MPAM"},
        {"3_[056]_10_5_[01]", "FEAT_MPAM"},
        {"3_4_10_[456]_*", "FEAT_MPAM"},
        {"3_0_10_4_[01237]", "FEAT_LOR"},
        {"3_0_1_0_[56]", "FEAT_MTE"},
        {"3_[0456]_6_[56]_[01]", "FEAT_MTE"},
        {"3_[045]_1_2_1", "FEAT_TRF"},
        {"3_0_2_[123]_*", "FEAT_PAuth"},
        {"3_0_4_2_3", "FEAT_PAN"},
        {"3_0_4_2_4", "FEAT_UAO"},
        {"3_0_9_14_6", "FEAT_PMUv3p4"},
        {"3_1_0_0_2", "FEAT_CCIDX"},
        {"3_0_5_[34]_*", "FEAT_RAS"},
        {"3_[04]_12_1_1", "FEAT_RAS"}, /* DISR_EL1, VDISR_EL2 */
        {"3_4_5_2_3", "FEAT_RAS"},
        {"3_4_2_0_1", "FEAT_VHE"},
        {"3_4_13_0_1", "FEAT_VHE"},
        {"3_4_14_3_*", "FEAT_VHE"},
        {"3_5_*", "FEAT_VHE"},
        {"3_4_2_2_0", "FEAT_NV2"},
        {"3_4_2_6_[02]", "FEAT_SEL2"},
        {"3_4_14_[45]_*", "FEAT_SEL2"},
        {"IRG", "FEAT_MTE"}, {"GMI", "FEAT_MTE"}, {"LDG", "FEAT_MTE"},
        {"PAN1", "FEAT_PAN"}, {"UAO1", "FEAT_UAO"}, {"DIT1", "FEAT_DIT"}, {"SSBS1", "FEAT_SSBS"}, {"TCO1", "FEAT_MTE"},
        {"SB", "FEAT_SB"}, {"ERETAA", "FEAT_PAuth"}, {"PAC*", "FEAT_PAuth"}, {"AUTIA", "FEAT_PAuth"},
        {"XPACI", "FEAT_PAuth"}, {"BLRAAZ", "FEAT_PAuth"}, {"CFINV", "FEAT_FlagM"}, {"*AFLAG", "FEAT_FlagM2"}, {"AXFLAG", "FEAT_FlagM2"},
    };
    unsigned f[5];
    const char *encoding = parse_encoding(item, f) ? item + 1 : item;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (!fnmatch(needs[i].encoding, encoding, 0) && !subject_has(subject, needs[i].feature))
            return needs[i].feature;
    return NULL;
}

static unsigned context_el(const char *context)
{
    return (unsigned)(context[2] - '0') & 3;
}

/* Whether the context's name has the word as one of its parts. */
static bool has_part(const char *context, const char *part)
{
    size_t length = strlen(part);
    for (const char *at = context; (at = strchr(at, '_'));) {
        at++;
        if (!strncmp(at, part, length) && (!at[length] || at[length] == '_'))
            return true;
    }
    return false;
}

bool context_possible(const struct subject *subject, const char *context, const char **missing)
{
    static const struct {
        const char *part, *feature;
    } needs[] = {{"EEL2", "FEAT_SEL2"}, {"E2H", "FEAT_VHE"}, {"E2HTGE", "FEAT_VHE"}, {"NV", "FEAT_NV"},
                 {"NV1", "FEAT_NV"},    {"NV2", "FEAT_NV2"}};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (has_part(context, needs[i].part) && !subject_has(subject, needs[i].feature)) {
            *missing = needs[i].feature;
            return false;
        }
    }
    return true;
}

void context_tables(struct subject *subject)
{
    /* Stage 1: read-only for all, executable. Stage 2: read, write, execute, Normal write-back. */
    static const uint64_t attributes[2] = {0x7c3 | 1 << 11, 0x7ff};
    for (unsigned stage = 0; stage < 2; stage++) {
        uint64_t table = TABLES + 0x4000 * stage;
        memory_write_doubleword(subject, table, (table + 0x1000) | 3);
        memory_write_doubleword(subject, table + 0x1000 + 8 * (CONTEXT_CODE >> 30), (table + 0x2000) | 3);
        memory_write_doubleword(subject, table + 0x2000 + 8 * (CONTEXT_CODE >> 21 & 511), (table + 0x3000) | 3);
        memory_write_doubleword(subject, table + 0x3000 + 8 * (CONTEXT_CODE >> 12 & 511),
                                CONTEXT_CODE | attributes[stage]);
    }
}

struct setting {
    const char *name;
    uint64_t value, e2h; /* the latter with HCR_EL2.E2H */
};

/* What baseline P sets; baseline Z has 0 there. */
static const struct setting permissive[] = {
    {"SCTLR_EL1", 0x405c600, 0x405c600},
    {"SCTLR_EL2", 0x405c600, 0x405c600},
    {"CPACR_EL1", 0x330000, 0x330000},
    {"CPTR_EL2", 0, 0x330000},
    {"CNTHCTL_EL2", 3, 0xf03},
    {"CNTKCTL_EL1", 0x303, 0x303},
    {"PMUSERENR_EL0", 0xf, 0xf},
    {"MDCR_EL3", 0x63000, 0x63000},
    {"MDCR_EL2", 0x3006, 0x3006},
    {"ICC_SRE_EL3", 0xf, 0xf},
    {"ICC_SRE_EL2", 0xf, 0xf},
    {"ICC_SRE_EL1", 7, 7},
};

/* What both have. */
static const struct setting common[] = {
    {"CPTR_EL3", 0, 0},
    {"HSTR_EL2", 0, 0},
    {"MDSCR_EL1", 0, 0},
    {"ICH_HCR_EL2", 0, 0},
    {"SCTLR_EL3", 0, 0},
    {"EDSCR", 0, 0},
    {"PMCR_EL0", 6 << 11, 6 << 11},
    {"OSLSR_EL1", 8, 8},
    {"OSDLR_EL1", 0, 0},
    {"VBAR_EL1", 0x10000, 0x10000},
    {"VBAR_EL2", 0x20000, 0x20000},
    {"VBAR_EL3", 0x30000, 0x30000},
    {"VNCR_EL2", 0x100000, 0x100000},
    {"VTTBR_EL2", TABLES + 0x4000, TABLES + 0x4000},
    {"VTCR_EL2", 1u << 31 | 0x50590, 1u << 31 | 0x50590}, /* 48-bit IPA from level 0, write-back, 48-bit PA */
    {"TTBR0_EL1", TABLES, TABLES},
    {"TTBR1_EL1", 0, 0},
    {"TCR_EL1", 0x500803510, 0x500803510}, /* T0SZ = 16, EPD1 */
    {"TTBR0_EL2", TABLES, TABLES},
    {"TTBR1_EL2", 0, 0},
    {"TCR_EL2", 0x80853510, 0x500803510},
    {"TTBR0_EL3", TABLES, TABLES},
    {"TCR_EL3", 0x80853510, 0x80853510},
    {"MAIR_EL1", 0xff, 0xff},
    {"MAIR_EL2", 0xff, 0xff},
    {"MAIR_EL3", 0xff, 0xff},
    {"SPSR_EL1", 0, 0},
    {"SPSR_EL2", 0, 0},
    {"SPSR_EL3", 0, 0},
    {"ELR_EL1", 0, 0},
    {"ELR_EL2", 0, 0},
    {"ELR_EL3", 0, 0},
    {"CSSELR_EL1", 0, 0},
};

void context_set(struct subject *subject, const char *context, char baseline, uint32_t word)
{
    static const struct {
        const char *part;
        uint64_t hcr;
    } parts[] = {{"TGE", 1ull << 27},  {"E2H", 1ull << 34}, {"E2HTGE", 1ull << 34 | 1ull << 27},
                 {"NV", 1ull << 42},   {"NV1", 1ull << 43}, {"NV2", 1ull << 45}};
    unsigned el = context_el(context);
    bool secure = context[3] == 's';
    bool p = baseline == 'P';
    uint64_t scr = 1 << 10 | 3 << 4 | !secure | (has_part(context, "EEL2") ? 1 << 18 : 0) | (p ? 0x6030900 : 0);
    uint64_t hcr = 1ull << 31 | (p ? 0x120830000000000 : 0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (has_part(context, parts[i].part))
            hcr |= parts[i].hcr;
    bool e2h = hcr >> 34 & 1;
    subject_set(subject, "SCR_EL3", scr);
    subject_set(subject, "HCR_EL2", hcr);
    for (size_t i = 0; i < sizeof permissive / sizeof *permissive; i++)
        subject_set(subject, permissive[i].name, !p ? 0 : e2h ? permissive[i].e2h : permissive[i].value);
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        subject_set(subject, common[i].name, e2h ? common[i].e2h : common[i].value);
    for (unsigned i = 0; i < 31; i++)
        subject_poke(subject, ARMSIM_REG_X0 + i, 0);
    armsim_set_pe_state(subject->machine, 0, ARMSIM_PE_RUNNING);
    subject_poke(subject, ARMSIM_REG_EVENT, 0);
    subject_poke(subject, ARMSIM_REG_PSTATE, 0x3c0 | el << 2 | (el != 0));
    subject_poke(subject, ARMSIM_REG_PC, CONTEXT_CODE);
    memory_write_word(subject, CONTEXT_CODE, word);
}

bool context_invert(struct subject *subject, const char *bit)
{
    char name[64];
    const char *dot = strrchr(bit, '.');
    if (!dot || (size_t)(dot - bit) >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(dot - bit), bit);
    if (!strcmp(name, "ICC_SRE_EL1_NS")) /* the banked copy that the context sees */
        snprintf(name, sizeof name, "ICC_SRE_EL1");
    return subject_set(subject, name, subject_get(subject, name) ^ 1ull << strtoul(dot + 1, NULL, 10));
}
