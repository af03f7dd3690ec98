/* Every row of the decode tables is executed; every word has a decoding; run and stepped, all ends the same. */
#include "cpu/interp/interp.h"
#include "tests/decode/rows.h"
#include "tests/unit/run_suite.h"

static struct feature_set features;

/* A random word of a row, 0 when none is found (the row's condition holds for few, or another row is more specific). */
static uint32_t random_word(enum a64_form form)
{
    const struct a64_form_info *info = &a64_forms[form];
    for (unsigned i = 0; i < 256; i++) {
        uint32_t bits = (uint32_t)random_bits();
        if (random_bits() % 4 == 0) /* small numbers */
            bits &= (uint32_t)(random_bits() & random_bits());
        uint32_t word = (bits & ~info->mask) | info->value;
        if (random_bits() % 4 == 0) /* SP and ZR */
            word |= 31u << (random_bits() % 4 * 5 & ~5u) & ~info->mask;
        if (a64_decode(word, &features) == form)
            return word;
    }
    return 0;
}

/* Whether this build has what a row needs: alternatives of features with & between them. */
static bool is_built(const struct a64_form_info *info)
{
    char text[128];
    if (!*info->features)
        return true;
    ck_assert_uint_lt(strlen(info->features), sizeof text);
    strcpy(text, info->features);
    char *rest = text, *group;
    while ((group = strsep(&rest, "|"))) {
        char *name;
        bool all = true;
        while ((name = strsep(&group, "&")))
            all = all && feature_set_has(&features, feature_find(name));
        if (all)
            return true;
    }
    return false;
}

static struct twins twins;

static void setup(void)
{
    features = all_features();
    random_state = 1;
    twins_create(&twins);
}

static void teardown(void) { twins_destroy(&twins); }

START_TEST(every_row_is_executed)
{
    for (unsigned form = A64_UNALLOCATED + 1; form < A64_FORM_COUNT; form++) {
        unsigned found = 0;
        if (!is_built(&a64_forms[form]))
            continue;
        for (unsigned i = 0; i < 16; i++) {
            uint32_t word = random_word((enum a64_form)form);
            if (!word)
                continue;
            found++;
            twins_randomise(&twins);
            twins_execute(&twins, (const uint32_t[]){word, word}, 2, a64_forms[form].name); /* the TLB knows the second's page */
        }
        ck_assert_msg(found > 0, "%s can't be reached", a64_forms[form].name);
    }
}
END_TEST

START_TEST(system_registers_run_and_stepped)
{
    static const enum a64_form forms[] = {A64_MRS_RS_systemmove, A64_MSR_SR_systemmove, A64_SYS_CR_systeminstrs,
                                          A64_SYSL_RC_systeminstrs, A64_MSR_SI_pstate, A64_HINT_HM_hints};
    for (unsigned i = 0; i < 12000; i++) {
        enum a64_form form = forms[i % 6];
        uint32_t words[2] = {random_word(form), random_word(forms[random_bits() % 6])};
        twins_randomise(&twins);
        twins_execute(&twins, words, 2, a64_forms[form].name);
    }
}
END_TEST

START_TEST(sequences_run_and_stepped)
{
    for (unsigned i = 0; i < 8000; i++) {
        uint32_t words[8];
        for (unsigned j = 0; j < 8; j++)
            while (!(words[j] = random_word(1 + (enum a64_form)random_bits() % (A64_FORM_COUNT - 1))))
                ;
        twins_randomise(&twins);
        twins_execute(&twins, words, 8, "a sequence");
    }
}
END_TEST

/* N and Z both set: nothing but these can do that, and the interpreter then steps. */
START_TEST(conditional_compares_run_and_stepped)
{
    for (unsigned form = A64_UNALLOCATED + 1; form < A64_FORM_COUNT; form++) {
        if (!strstr(a64_forms[form].name, "condcmp") && !strstr(a64_forms[form].name, "floatccmp"))
            continue;
        for (unsigned i = 0; i < 400; i++) {
            uint32_t words[3] = {random_word((enum a64_form)form), random_word((enum a64_form)form),
                                 random_word(A64_B_only_condbranch)};
            words[0] |= 0xc;
            twins_randomise(&twins);
            twins.code = CODE + 0x1000 - 4 * (uint32_t)(random_bits() % 4);
            pe_set_pc(twins.runs.pe, twins.code);
            pe_set_pc(twins.steps.pe, twins.code);
            twins_execute(&twins, words, 3, a64_forms[form].name);
        }
    }
}
END_TEST

/* --- classification --- */

static void classify(uint32_t word)
{
    struct record record = {0};
    struct translation translation = {.features = &features, .page_offset = word * 4 & 0xffc, .step = word >> 7 & 1};
    enum a64_form form = a64_decode(word, &features);
    if (form >= A64_FORM_COUNT || (word & a64_forms[form].mask) != a64_forms[form].value)
        ck_abort_msg("%08x is decoded as %s", word, form < A64_FORM_COUNT ? a64_forms[form].name : "nothing known");
    unsigned op = translate(&translation, word, &record);
    if (!op_handler(op) || (op == OP_UNDEFINED) != (form == A64_UNALLOCATED))
        ck_abort_msg("%08x, %s: operation %u", word, a64_forms[form].name, op);
    if (op < OP_GENERATED_COUNT && (record.a >= 64 || record.b >= 64 || record.c >= 64))
        ck_abort_msg("%08x, %s: operands %u, %u, %u", word, a64_forms[form].name, record.a, record.b, record.c);
}

/* 2^24 words: every value of the upper 24 bits, the lower ones a function of them. */
START_TEST(words_are_classified)
{
    features = all_features();
    for (uint32_t i = 0; i < 1u << 24; i++)
        classify(i << 8 | (i * 2654435761u >> 24));
}
END_TEST

START_TEST(without_floating_point)
{
    static const struct {
        uint32_t word;
        bool is_fp;
    } words[] = {
        {0x1e622820, true},  /* fadd d0, d1, d2 */
        {0x9e660020, true},  /* fmov x0, d1 */
        {0x4e284820, true},  /* aese v0.16b, v1.16b */
        {0x3dc00020, true},  /* ldr q0, [x1] */
        {0x6d000440, true},  /* stp d0, d1, [x2] */
        {0x1c000020, true},  /* ldr s0, literal */
        {0x4c407020, true},  /* ld1 {v0.16b}, [x1] */
        {0x4ea01c20, true},  /* mov v0.16b, v1.16b */
        {0x1ac24020, false}, /* crc32b w0, w1, w2 */
        {0xf9400020, false}, /* ldr x0, [x1] */
        {0xf9800020, false}, /* prfm pldl1keep, [x1] */
        {0xa9000440, false}, /* stp x0, x1, [x2] */
        {0xb8208020, false}, /* swp w0, w0, [x1] */
        {0xd51b4400, false}, /* msr fpcr, x0: its own row knows */
    };
    features = all_features();
    struct feature_set without = features;
    ck_assert(feature_set_change(&without, FEATURE_AdvSIMD, false));
    ck_assert(!feature_set_has(&without, FEATURE_FP) && !feature_set_has(&without, FEATURE_AES));
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        ck_assert_int_ne(a64_decode(words[i].word, &features), A64_UNALLOCATED);
        ck_assert_msg((a64_decode(words[i].word, &without) == A64_UNALLOCATED) == words[i].is_fp, "%08x", words[i].word);
    }
}
END_TEST

/* --- the register-specialised and fused handlers --- */

static const uint8_t register_lsb[] = {0, 5, 16, 10};

/* Of each operation, some words that are translated into it. */
enum { SAMPLES = 48, SAMPLES_OF_FORM = 6 };
static uint32_t sample[OP_GENERATED_COUNT][SAMPLES];
static unsigned samples[OP_GENERATED_COUNT];

static void find_samples(void)
{
    for (unsigned form = A64_UNALLOCATED + 1; form < A64_FORM_COUNT; form++) {
        if (a64_forms[form].kind != A64_KIND_TRANSLATE)
            continue;
        uint8_t of_form[OP_GENERATED_COUNT] = {0};
        for (unsigned i = 0; i < 6000; i++) {
            uint32_t word = random_word((enum a64_form)form);
            struct record record = {0};
            unsigned op = translate(&(struct translation){.features = &features, .page_offset = 0x800}, word, &record);
            if (op < OP_GENERATED_COUNT && of_form[op] < SAMPLES_OF_FORM && samples[op] < SAMPLES) {
                sample[op][samples[op]++] = word;
                of_form[op]++;
            }
        }
    }
}

static bool has_key(uint32_t word, unsigned offset, uint64_t key)
{
    struct record record = {0};
    unsigned op = translate(&(struct translation){.features = &features, .page_offset = offset}, word, &record);
    if (op != key >> 32)
        return false;
    op_clear_unused(op, &record);
    return special_key(op, &record) == key;
}

/* A word that is translated into the operation and operands of `key` at `offset` of a page; 0: not found. */
static uint32_t word_for(uint64_t key, unsigned offset)
{
    unsigned op = (unsigned)(key >> 32), count = samples[op];
    const uint8_t operands[4] = {(uint8_t)(key >> 24), (uint8_t)(key >> 16), (uint8_t)(key >> 8), (uint8_t)key};
    if (!count)
        return 0;
    /* A sample whose register fields are exchanged: each for an operand, for 31, or not at all. */
    for (unsigned n = 0; n < count; n++) {
        for (unsigned choice = 0; choice < 6 * 6 * 6 * 6; choice++) {
            uint32_t word = sample[op][n];
            unsigned rest = choice;
            for (unsigned i = 0; i < 4; i++, rest /= 6) {
                if (rest % 6 == 5)
                    continue;
                uint32_t number = rest % 6 == 4 || operands[rest % 6] >= REG_ZR ? 31 : operands[rest % 6] & 31;
                word = (word & ~(31u << register_lsb[i])) | number << register_lsb[i];
            }
            if (has_key(word, offset, key))
                return word;
        }
    }
    /* Constants are operands too: everything else at random. */
    for (unsigned n = 0; n < 20000; n++) {
        uint32_t word = sample[op][n % count];
        uint32_t mask = a64_forms[a64_decode(word, &features)].mask;
        word = (word & mask) | ((uint32_t)random_bits() & ~mask);
        for (unsigned i = 0; i < 2 + n % 2; i++) {
            uint32_t number = operands[i] >= REG_ZR ? 31 : operands[i] & 31;
            word = (word & ~(31u << register_lsb[i])) | number << register_lsb[i];
        }
        if (has_key(word, offset, key))
            return word;
    }
    return 0;
}

START_TEST(specialised_handlers_do_the_same)
{
    unsigned total = 0, executed = 0;
    find_samples();
    for (unsigned slot = 0; slot <= special_mask; slot++) {
        const struct special *special = &special_table[slot];
        if (!special->handler)
            continue;
        total++;
        uint32_t words[SPECIAL_MAX];
        unsigned count = 0;
        do
            twins_randomise(&twins);
        while (twins.code != CODE);
        while (count < special->count && (words[count] = word_for(special->keys[count], (CODE & 0xfff) + 4 * count)))
            count++;
        if (count < special->count)
            continue;
        executed++;
        for (unsigned i = 0; i < 4; i++) {
            twins_execute(&twins, words, count, "specialised");
            do
                twins_randomise(&twins);
            while (twins.code != CODE);
        }
    }
    printf("%u of %u specialised handlers executed\n", executed, total);
    ck_assert_uint_ge(executed * 100, total * 95);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rows");
    TCase *rows = tcase_create("rows"), *words = tcase_create("words");
    tcase_set_timeout(rows, 300);
    tcase_set_timeout(words, 300);
    tcase_add_checked_fixture(rows, setup, teardown);
    tcase_add_test(rows, every_row_is_executed);
    tcase_add_test(rows, system_registers_run_and_stepped);
    tcase_add_test(rows, sequences_run_and_stepped);
    tcase_add_test(rows, conditional_compares_run_and_stepped);
    tcase_add_test(rows, specialised_handlers_do_the_same);
    tcase_add_test(words, words_are_classified);
    tcase_add_test(words, without_floating_point);
    suite_add_tcase(suite, rows);
    suite_add_tcase(suite, words);
    return run_suite(suite);
}
