/*
 * Address translation against the results of Arm's pseudocode: trans_a64_v94, trans_a32_v94 and at_v85. Every line
 * is a full set of control registers, the descriptors in memory, one access and its outcome.
 */
#include "mmu/mmu.h"
#include "run_suite.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MAX_WORDS = 64, MAX_REGISTERS = 24, LINE = 8192, SHOWN = 10 };

/* Memory that is zero but for a few words; the same words are big enough for one line's tables. */
struct word {
    uint64_t address, value;
    bool changed;
};
struct memory {
    struct word words[MAX_WORDS];
    unsigned count;
};

static enum bus_result memory_read(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                   uint64_t *value)
{
    const struct memory *memory = opaque;
    *value = 0;
    for (unsigned i = 0; i < memory->count; i++) {
        if (memory->words[i].address == offset)
            *value = memory->words[i].value;
    }
    return BUS_OK;
}

static enum bus_result memory_write(void *opaque, uint64_t offset, unsigned size, struct bus_attrs attrs,
                                    uint64_t value)
{
    struct memory *memory = opaque;
    for (unsigned i = 0; i < memory->count; i++) {
        if (memory->words[i].address == offset) {
            memory->words[i].changed = memory->words[i].value != value;
            memory->words[i].value = value;
        }
    }
    return BUS_OK;
}

static const struct bus_ops memory_ops = {memory_read, memory_write, 4 | 8};

struct named {
    char name[16];
    uint64_t value;
};

struct vector {
    char *head, *registers, *descriptors, *outcome;
    struct named named[MAX_REGISTERS];
    unsigned named_count;
};

static uint64_t value_of(const struct vector *vector, const char *name)
{
    for (unsigned i = 0; i < vector->named_count; i++) {
        if (strcmp(vector->named[i].name, name) == 0)
            return vector->named[i].value;
    }
    return 0;
}

static void split(char *line, struct vector *vector)
{
    char *fields[4] = {line, "", "", ""};
    for (unsigned i = 1; i < 4; i++) {
        char *bar = strstr(fields[i - 1], " | ");
        ck_assert_msg(bar != NULL, "a line without its four fields: %s", line);
        *bar = 0;
        fields[i] = bar + 3;
    }
    vector->head = fields[0];
    vector->registers = fields[1];
    vector->descriptors = fields[2];
    vector->outcome = fields[3];
    vector->outcome[strcspn(vector->outcome, "\n")] = 0;
}

static void parse_registers(struct vector *vector)
{
    char *save, *token = strtok_r(vector->registers, " ", &save);
    vector->named_count = 0;
    for (; token && vector->named_count < MAX_REGISTERS; token = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(token, '=');
        struct named *named = &vector->named[vector->named_count++];
        snprintf(named->name, sizeof named->name, "%.*s", (int)(equals - token), token);
        named->value = strtoull(equals + 1, NULL, 16);
    }
}

static void parse_descriptors(char *text, struct memory *memory)
{
    char *save, *token = strtok_r(text, " ", &save);
    memory->count = 0;
    for (; token && memory->count < MAX_WORDS; token = strtok_r(NULL, " ", &save)) {
        char *colon;
        struct word *word = &memory->words[memory->count++];
        word->address = strtoull(token, &colon, 16);
        word->value = strtoull(colon + 1, NULL, 16);
        word->changed = false;
    }
}

static const struct mmu_features features_v94 = {
    .pa_bits = 48,
    .granule4 = true,
    .granule16 = true,
    .granule64 = true,
    .hafdbs_af = true,
    .hafdbs_dirty = true,
    .hpd = true,
    .hpd2 = true,
    .pan = true,
    .pan2 = true,
    .pan3 = true,
    .uao = true,
    .vhe = true,
    .xnx = true,
    .cnp = true,
    .ttst = true,
    .ttcnp = true,
    .e0pd = true,
    .s2fwb = true,
    .bti = true,
    .asid16 = true,
    .vmid16 = true,
    .nv = true,
    .pauth = true,
    .sec_el2 = true,
    .aa32hpd = true,
    .lsmaoc = true,
};

static struct mmu_features features_v85, features_a32;

/* "el20" is EL2&0 with TGE; s1, s12 and s2 are EL1&0. */
static enum regime_id regime_named(const char *name)
{
    return strcmp(name, "el2") == 0    ? REGIME_EL2
           : strcmp(name, "el20") == 0 ? REGIME_EL20
           : strcmp(name, "el3") == 0  ? REGIME_EL3
                                       : REGIME_EL10;
}

static void fill_regime(const struct vector *vector, enum regime_id id, const struct mmu_features *features,
                        struct mmu_regime *regime)
{
    static const char suffix[4] = {[REGIME_EL10] = '1', [REGIME_EL20] = '2', [REGIME_EL2] = '2', [REGIME_EL3] = '3'};
    char name[16];
    *regime = (struct mmu_regime){.id = id, .features = features};
    regime->scr = value_of(vector, "SCR_EL3");
    regime->security = regime->scr & 1 ? PAS_NON_SECURE : PAS_SECURE;
#define BANKED(member, text)                                                                                           \
    snprintf(name, sizeof name, text "_EL%c", suffix[id]), regime->member = value_of(vector, name)
    BANKED(sctlr, "SCTLR");
    BANKED(tcr, "TCR");
    BANKED(mair, "MAIR");
    BANKED(ttbr[0], "TTBR0");
    BANKED(ttbr[1], "TTBR1");
#undef BANKED
    uint64_t hcr = value_of(vector, "HCR_EL2");
    regime->hcr = regime->security == PAS_NON_SECURE ? hcr : 0;
    regime->vtcr = value_of(vector, "VTCR_EL2");
    regime->vttbr = value_of(vector, "VTTBR_EL2");
    regime->stage2 = id == REGIME_EL10 && (regime->hcr & (1u | 1u << 12));
    regime->stage2_ee = value_of(vector, "SCTLR_EL2") >> 25 & 1;
}

static struct mmu_access access_named(const char *name)
{
    struct mmu_access access = {0};
    access.type = name[0] == 'X' ? ACCESS_FETCH : name[0] == 'W' ? ACCESS_WRITE : ACCESS_READ;
    access.write = name[0] == 'W';
    access.read = name[0] == 'R';
    access.size = 1;
    return access;
}

static const char *fault_name(enum fault_type type)
{
    static const char *const names[] = {
        [FAULT_NONE] = "None",
        [FAULT_ACCESS_FLAG] = "AccessFlag",
        [FAULT_ALIGNMENT] = "Alignment",
        [FAULT_DOMAIN] = "Domain",
        [FAULT_PERMISSION] = "Permission",
        [FAULT_TRANSLATION] = "Translation",
        [FAULT_ADDRESS_SIZE] = "AddressSize",
        [FAULT_SYNC_EXTERNAL_ON_WALK] = "SyncExternalOnWalk",
        [FAULT_HW_UPDATE] = "HWUpdateAccessFlag",
        [FAULT_ICACHE_MAINT] = "",
    };
    return names[type] ? names[type] : "?";
}

static void append_updates(const struct memory *memory, char *text, size_t size)
{
    for (unsigned i = 0; i < memory->count; i++) {
        size_t used = strlen(text);
        if (memory->words[i].changed)
            snprintf(text + used, size - used, " M%" PRIx64 "=%" PRIx64, memory->words[i].address,
                     memory->words[i].value);
    }
}

static void describe(const struct mmu_result *result, bool translated, bool with_ipa, char *text, size_t size)
{
    const struct fault_record *fault = &result->fault;
    if (translated) {
        const struct mem_attrs *attrs = &result->attrs;
        unsigned encoded = (unsigned)attrs->device << 24 | (unsigned)attrs->shareability << 16 |
                           (unsigned)(attrs->device ? attrs->device_type : attrs->outer) << 8 |
                           (unsigned)(attrs->device ? 0 : attrs->inner);
        snprintf(text, size, "OK pa=%" PRIx64 " pas=%x attr=%x", result->pa, result->pas, encoded);
        return;
    }
    unsigned flags = (unsigned)fault->second_stage << 6 | (unsigned)fault->s2fs1walk << 5 |
                     (unsigned)fault->write << 4 | fault->domain;
    int used = snprintf(text, size, "FAULT %s level=%d flags=%x", fault_name(fault->type), fault->level, flags);
    if (with_ipa)
        snprintf(text + used, size - (size_t)used, " ipa=%" PRIx64, fault->ipa);
}

/* Compares word by word, so that spacing doesn't matter. */
static bool same_words(const char *a, const char *b)
{
    char left[512], right[512], *save_left, *save_right;
    snprintf(left, sizeof left, "%s", a);
    snprintf(right, sizeof right, "%s", b);
    char *l = strtok_r(left, " ", &save_left), *r = strtok_r(right, " ", &save_right);
    while (l && r && strcmp(l, r) == 0) {
        l = strtok_r(NULL, " ", &save_left);
        r = strtok_r(NULL, " ", &save_right);
    }
    return !l && !r;
}

struct context {
    struct memory memory;
    struct bus *bus;
    struct mmu *mmu;
    unsigned lines, explained, differ;
};

static void setup(struct context *context)
{
    memset(context, 0, sizeof *context);
    context->bus = bus_create();
    ck_assert_ptr_nonnull(context->bus);
    ck_assert_int_eq(
        bus_add_mmio(context->bus, "tables", 0, 1ull << 52, PAS_MASK_BOTH, &memory_ops, &context->memory, NULL), 0);
    context->mmu = mmu_create(context->bus, 0, 64);
    ck_assert_ptr_nonnull(context->mmu);
}

static void teardown(struct context *context)
{
    mmu_destroy(context->mmu);
    bus_destroy(context->bus);
}

static void judge(struct context *context, const struct vector *vector, const char *mine, bool explained)
{
    context->lines++;
    if (same_words(mine, vector->outcome))
        return;
    if (explained) {
        context->explained++;
        return;
    }
    if (context->differ++ < SHOWN)
        fprintf(stderr, "%s\n  pseudocode: %s\n  armsim:     %s\n", vector->head, vector->outcome, mine);
}

typedef void run_line_fn(struct context *context, struct vector *vector);

static void run_a64(struct context *context, struct vector *vector)
{
    char regime_name[8], access_name[8], text[512];
    unsigned el, pan, uao;
    uint64_t va;
    struct mmu_regime regime;
    struct mmu_result result;
    ck_assert_int_eq(
        sscanf(vector->head, "%7s EL%u PAN=%u UAO=%u %7s va=%" SCNx64, regime_name, &el, &pan, &uao, access_name, &va),
        6);
    /* An unprivileged access is one from EL0, in the regime of EL0: EL1&0 also for lines named el2 and el3. */
    bool unprivileged = access_name[1] == 'U';
    enum regime_id id = regime_named(regime_name);
    if (unprivileged && id != REGIME_EL20)
        id = REGIME_EL10;
    fill_regime(vector, id, &features_v94, &regime);
    struct mmu_access access = access_named(access_name);
    access.el = unprivileged ? 0 : (uint8_t)el;
    access.pan = pan;
    bool translated = mmu_translate(context->mmu, &regime, &access, va, &result);
    describe(&result, translated, true, text, sizeof text);
    append_updates(&context->memory, text, sizeof text);
    judge(context, vector, text, false);
}

static void run_a32(struct context *context, struct vector *vector)
{
    char regime_name[8], access_name[8], text[512];
    unsigned el, pan;
    uint64_t va;
    struct mmu_result result;
    struct mmu_regime regime = {
        .id = REGIME_EL10, .aarch32 = true, .security = PAS_NON_SECURE, .features = &features_a32};
    ck_assert_int_eq(sscanf(vector->head, "%7s EL%u PAN=%u %7s va=%" SCNx64, regime_name, &el, &pan, access_name, &va),
                     5);
    regime.sctlr = value_of(vector, "SCTLR");
    regime.tcr = value_of(vector, "TTBCR");
    regime.ttbr[0] = value_of(vector, "TTBR0");
    regime.ttbr[1] = value_of(vector, "TTBR1");
    regime.dacr = (uint32_t)value_of(vector, "DACR");
    regime.mair = value_of(vector, "NMRR/MAIR1") << 32 | value_of(vector, "PRRR/MAIR0");
    struct mmu_access access = access_named(access_name);
    access.el = access_name[1] == 'U' ? 0 : (uint8_t)el;
    access.pan = pan;
    bool translated = mmu_translate(context->mmu, &regime, &access, va, &result);
    describe(&result, translated, false, text, sizeof text);
    append_updates(&context->memory, text, sizeof text);
    judge(context, vector, text, false);
}

static bool has_tagged_attribute(uint64_t mair)
{
    for (unsigned i = 0; i < 8; i++) {
        if ((mair >> 8 * i & 0xff) == 0xf0)
            return true;
    }
    return false;
}

/* The outcome is a Write-Back PAR_EL1 that differs from mine in nothing but ATTR and SH. */
static bool write_back_instead(const char *outcome, uint64_t mine)
{
    if (strncmp(outcome, "PAR=f", 5) != 0)
        return false;
    uint64_t attr_and_sh = 0xffull << 56 | 3u << 7, par = strtoull(outcome + 4, NULL, 16);
    return !(mine & 1) && par >> 56 >= 0xf0 && ((par ^ mine) & ~attr_and_sh) == 0;
}

/* AT S1E0R ...: stage, EL, R or W, and P for PAN. */
static void run_at(struct context *context, struct vector *vector)
{
    char op[8], text[512];
    unsigned from, pan, el;
    uint64_t va;
    struct mmu_regime regime;
    struct mmu_result result;
    ck_assert_int_eq(sscanf(vector->head, "AT %7s from EL%u PAN=%u va=%" SCNx64, op, &from, &pan, &va), 4);
    bool both = strncmp(op, "S12", 3) == 0;
    el = (unsigned)(strchr(op, 'E')[1] - '0');
    bool host = (value_of(vector, "HCR_EL2") >> 27 & 1) && (value_of(vector, "HCR_EL2") >> 34 & 1);
    enum regime_id id = el == 3 ? REGIME_EL3 : host ? REGIME_EL20 : el == 2 ? REGIME_EL2 : REGIME_EL10;
    if (el == 1 && host) /* this model sends S1E1 under TGE to EL1&0, which TGE turns off; the architecture, to EL2&0 */
        id = REGIME_EL10;
    fill_regime(vector, id, &features_v85, &regime);
    struct mmu_access access = {.type = ACCESS_AT, .el = (uint8_t)el, .pan = pan};
    access.write = strchr(op, 'W') != NULL;
    access.read = !access.write;
    access.at_pan = strchr(op, 'P') != NULL;
    access.first_stage_only = !both;
    bool translated = mmu_translate(context->mmu, &regime, &access, va, &result);
    /* Of memory with the MAIR attribute Tagged, this model forgets that SCTLR.C = 0 makes it Non-cacheable; later
     * pseudocode (and PAR_EL1.ATTR = 0xf0) doesn't. */
    bool tagged = translated && has_tagged_attribute(regime.mair);
    uint64_t par = translated ? at_par_success(&result) : at_par_fault(&result.fault);
    if (!translated && from == 1 && result.fault.s2fs1walk) /* taken to EL2 as a data abort: CM and WnR are set */
        snprintf(text, sizeof text, "EXC EL2 ESR=%x FAR=%" PRIx64 " HPFAR=%" PRIx64,
                 0x92000000u | 1u << 8 | 1u << 7 | 1u << 6 | mmu_fault_status_code(&result.fault), va,
                 result.fault.ipa >> 12 << 4);
    else
        snprintf(text, sizeof text, "PAR=%" PRIx64, par);
    append_updates(&context->memory, text, sizeof text);
    judge(context, vector, text, tagged && write_back_instead(vector->outcome, par));
}

static void run_file(const char *name, run_line_fn *run_line)
{
    static char line[LINE];
    char path[1024];
    const char *folder = getenv("ARMSIM_VECTORS");
    struct context context;
    snprintf(path, sizeof path, "%s/%s.txt.gz", folder ? folder : VECTORS, name);
    gzFile file = gzopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    setup(&context);
    while (gzgets(file, line, sizeof line)) {
        struct vector vector;
        split(line, &vector);
        parse_registers(&vector);
        parse_descriptors(vector.descriptors, &context.memory);
        mmu_reset(context.mmu);
        run_line(&context, &vector);
    }
    gzclose(file);
    teardown(&context);
    fprintf(stderr, "%s: %u agree, %u explained, %u differ of %u\n", name,
            context.lines - context.explained - context.differ, context.explained, context.differ, context.lines);
    ck_assert_uint_gt(context.lines, 0);
    ck_assert_uint_eq(context.differ, 0);
}

START_TEST(test_trans_a64)
{
    run_file("trans_a64_v94", run_a64);
}
END_TEST

START_TEST(test_trans_a32)
{
    features_a32 = features_v94;
    features_a32.no_default_tex = true; /* the pseudocode as it was run: RemapRegsHaveResetValues() is false */
    run_file("trans_a32_v94", run_a32);
}
END_TEST

START_TEST(test_at)
{
    features_v85 = features_v94;
    features_v85.pan3 = false;
    features_v85.access_flag_update_on_fault = true;
    features_v85.ignore_contiguous = true;
    features_v85.mte2 = true;
    features_v85.pa_bits = 52;
    run_file("at_v85", run_at);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mmu vectors");
    TCase *tcase = tcase_create("vectors");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_trans_a64);
    tcase_add_test(tcase, test_at);
    tcase_add_test(tcase, test_trans_a32);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
