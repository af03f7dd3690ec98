/*
 * The FP, SIMD and cryptographic instructions against the vectors of Arm's pseudocode (tests/vectors): each is decoded
 * by the table and executed alone, without the interpreter. UNDEF lines must be unallocated.
 */
#include "cpu/a64/fpsimd.h"
#include "libarmsim/fabric/random.h"
#include "run_suite.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static fpsimd_fn *const FUNCTIONS[] = {
#define ENTRY(function, flags) function,
    A64_EXECUTES(ENTRY)
#undef ENTRY
};

static struct feature_set all_features(void)
{
    struct feature_set set = {0};
    for (int f = 0; f < FEATURE_COUNT; f++)
        feature_set_set(&set, (enum feature)f, true);
    return set;
}

static bool is_fpsimd(uint32_t insn)
{
    return (insn >> 25 & 7) == 7;
}

/* Parses up to 32 hexadecimal digits. */
static union vreg parse_hex(const char *text)
{
    union vreg v = {.d = {0, 0}};
    for (; *text && *text != ' ' && *text != '\n'; text++) {
        unsigned digit = *text <= '9' ? (unsigned)(*text - '0') : (unsigned)(*text - 'a' + 10);
        v.d[1] = v.d[1] << 4 | v.d[0] >> 60;
        v.d[0] = v.d[0] << 4 | digit;
    }
    return v;
}

/* Applies one `name=value` item to a state. False: not a register that these instructions have. */
static bool set_item(struct pe *pe, const char *item)
{
    const char *value = strchr(item, '=') + 1;
    union vreg v = parse_hex(value);
    unsigned nzcv = pe_nzcv(pe);
    if (item[0] == 'X')
        pe->x[strtoul(item + 1, NULL, 10)] = v.d[0];
    else if (item[0] == 'V')
        pe->v[strtoul(item + 1, NULL, 10)] = v;
    else if (strncmp(item, "fpcr=", 5) == 0)
        pe->fpcr = (uint32_t)v.d[0];
    else if (strncmp(item, "FPSR=", 5) == 0)
        pe->fpsr = (uint32_t)v.d[0];
    else if (strncmp(item, "nzcv=", 5) == 0)
        pe_set_nzcv(pe, (unsigned)v.d[0]);
    else if (strncmp(item, "PSTATE.", 7) == 0) {
        unsigned bit = item[7] == 'N' ? 8 : item[7] == 'Z' ? 4 : item[7] == 'C' ? 2 : 1;
        pe_set_nzcv(pe, v.d[0] ? nzcv | bit : nzcv & ~bit);
    } else
        return strncmp(item, "PC=", 3) == 0 || strncmp(item, "seed=", 5) == 0 || strncmp(item, "sp=", 3) == 0;
    return true;
}

static void set_initial(struct pe *pe, const char *line)
{
    const char *seed = strstr(line, "seed=");
    uint64_t state = strtoull(seed + 5, NULL, 16);
    for (unsigned i = 0; i < 31; i++)
        pe->x[i] = splitmix64(&state);
    for (unsigned i = 0; i < 32; i++) {
        pe->v[i].d[0] = splitmix64(&state);
        pe->v[i].d[1] = splitmix64(&state);
    }
    pe->x[REG_ZR] = 0;
    pe->fpsr = pe->fpcr = 0;
}

/* Compares the registers that these instructions can change; returns the name of one that differs, or NULL. */
static const char *difference(const struct pe *a, const struct pe *b)
{
    static char name[8];
    for (unsigned i = 0; i < 31; i++)
        if (a->x[i] != b->x[i]) {
            snprintf(name, sizeof name, "X%u", i);
            return name;
        }
    for (unsigned i = 0; i < 32; i++)
        if (memcmp(&a->v[i], &b->v[i], 16) != 0) {
            snprintf(name, sizeof name, "V%u", i);
            return name;
        }
    return a->fpsr != b->fpsr ? "FPSR" : pe_nzcv(a) != pe_nzcv(b) ? "NZCV" : a->x[REG_ZR] ? "ZR" : NULL;
}

struct tally {
    unsigned agree, differ, unallocated;
};

/* With `ixc` FPSR.IXC is set beforehand, which admits arithmetic on the host's floating-point unit. */
static void run_line(char *line, bool ixc, struct pe *pe, struct pe *expected, const struct feature_set *features,
                     struct tally *tally)
{
    char *word = strchr(line, ' ') + 1;
    uint32_t insn = (uint32_t)strtoul(word, NULL, 16);
    if (!is_fpsimd(insn))
        return;
    enum a64_form form = a64_decode(insn, features);
    if (strstr(line, " UNDEF")) {
        tally->unallocated++;
        if (form != A64_UNALLOCATED) {
            printf("%s is not unallocated: %s", a64_forms[form].name, line);
            tally->differ++;
        }
        return;
    }
    if (form == A64_UNALLOCATED || a64_forms[form].kind != A64_KIND_EXECUTE) {
        printf("unallocated: %s", line);
        tally->differ++;
        return;
    }
    set_initial(pe, line);
    *expected = *pe;
    bool after = false;
    for (char *item = strtok(word, " \n"); item; item = strtok(NULL, " \n")) {
        if (*item == '|')
            after = true;
        if (!strchr(item, '='))
            continue;
        bool known = set_item(expected, item) && (after || set_item(pe, item));
        ck_assert_msg(known, "%s: unknown item %s", line, item);
    }
    struct record r = {.a = insn & 31, .b = insn >> 5 & 31, .c = insn >> 16 & 31, .d = insn >> 10 & 31,
                       .imm = (int32_t)insn};
    if (ixc)
        pe->fpsr |= FPSR_IXC, expected->fpsr |= FPSR_IXC;
    FUNCTIONS[a64_forms[form].function](pe, &r);
    const char *name = difference(pe, expected);
    if (name) {
        unsigned rd = insn & 31;
        printf("%s %08x fpcr %x: %s differs; Vd %016" PRIx64 "%016" PRIx64 " FPSR %x, expected %016" PRIx64
               "%016" PRIx64 " FPSR %x\n", a64_forms[form].name, insn, pe->fpcr, name, pe->v[rd].d[1], pe->v[rd].d[0], pe->fpsr,
               expected->v[rd].d[1], expected->v[rd].d[0], expected->fpsr);
        tally->differ++;
    } else {
        tally->agree++;
    }
}

START_TEST(vectors)
{
    char path[1024];
    const char *folder = getenv("ARMSIM_VECTORS");
    snprintf(path, sizeof path, "%s/a64_v94.txt.gz", folder ? folder : VECTORS);
    gzFile file = gzopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    struct pe *pe = calloc(1, sizeof *pe), *expected = calloc(1, sizeof *expected);
    struct feature_set features = all_features();
    struct tally tally = {0};
    static char line[65536];
    while (gzgets(file, line, sizeof line))
        run_line(line, _i, pe, expected, &features, &tally);
    gzclose(file);
    free(pe);
    free(expected);
    printf("%u agree, %u unallocated, %u differ\n", tally.agree, tally.unallocated, tally.differ);
    ck_assert_uint_gt(tally.agree, 27000);
    ck_assert_uint_eq(tally.differ, 0);
}
END_TEST

/* Any allocated word can be executed, whatever the registers hold, and changes nothing it shouldn't. */
START_TEST(random_words)
{
    struct pe *pe = calloc(1, sizeof *pe);
    struct feature_set features = all_features();
    static unsigned executed[A64_FORM_COUNT];
    uint64_t state = 1;
    for (unsigned n = 0; n < 3000000; n++) {
        uint32_t insn = ((uint32_t)splitmix64(&state) & ~(7u << 25)) | 7u << 25;
        if (n & 1) { /* the bits that most rows fix */
            const struct a64_form_info *form = &a64_forms[1 + splitmix64(&state) % (A64_FORM_COUNT - 1)];
            insn = (insn & ~form->mask) | form->value;
        }
        enum a64_form form = a64_decode(insn, &features);
        if (form == A64_UNALLOCATED || a64_forms[form].kind != A64_KIND_EXECUTE)
            continue;
        ck_assert((insn & a64_forms[form].mask) == a64_forms[form].value);
        executed[form]++;
        pe->fpcr = (uint32_t)splitmix64(&state) & 0x07c80000;
        pe->v[insn >> 5 & 31].d[n & 1] = splitmix64(&state);
        struct record r = {.a = insn & 31, .b = insn >> 5 & 31, .c = insn >> 16 & 31, .d = insn >> 10 & 31,
                           .imm = (int32_t)insn};
        FUNCTIONS[a64_forms[form].function](pe, &r);
        if (pe->x[REG_ZR] != 0 || pe->x[REG_SP] != 0)
            ck_abort_msg("%08x wrote SP or the zero register", insn);
    }
    for (unsigned form = 1; form < A64_FORM_COUNT; form++)
        if (a64_forms[form].kind == A64_KIND_EXECUTE && !executed[form])
            ck_abort_msg("%s was never reached", a64_forms[form].name);
    free(pe);
}
END_TEST

/* An operand's elements: near one, special, or any bits. */
static uint64_t fp_operand(uint64_t *state, bool is_double)
{
    static const uint32_t special[] = {0, 0x80000000, 1, 0x007fffff, 0x00800000, 0x00800001, 0x7f7fffff, 0x7f800000,
                                       0x7fc00000, 0x7fa00000, 0x3f800000, 0xbf800000, 0x1f800000, 0x20000001};
    uint64_t r = splitmix64(state);
    if (r >> 60 < 10)
        return is_double ? (r & 0x800fffffffffffff) | UINT64_C(0x3f8) << 52 | (r & 15) << 52
                         : (r & 0x807fffff807fffff) | UINT64_C(0x3c0000003c000000) | (r & 7) << 23 | (r & 7) << 55;
    if (r >> 60 < 14) {
        uint64_t low = special[r % (sizeof special / sizeof *special)];
        return is_double ? low << 32 : (uint64_t)special[(r >> 32) % (sizeof special / sizeof *special)] << 32 | low;
    }
    return r;
}

/* The paths over the host's floating-point unit, which FPSR.IXC admits, agree with the general ones. */
START_TEST(host_paths)
{
    struct pe *general = calloc(1, sizeof *general), *host = calloc(1, sizeof *host);
    struct feature_set features = all_features();
    uint64_t state = 2;
    for (unsigned n = 0; n < 2000000; n++) {
        const struct a64_form_info *form = &a64_forms[1 + splitmix64(&state) % (A64_FORM_COUNT - 1)];
        if (form->kind != A64_KIND_EXECUTE || form->name[0] != 'F')
            continue;
        uint32_t insn = ((uint32_t)splitmix64(&state) & ~form->mask) | form->value;
        form = &a64_forms[a64_decode(insn, &features)]; /* a more specific row may count, or none */
        if (form->kind != A64_KIND_EXECUTE)
            continue;
        for (unsigned i = 0; i < 32; i++)
            for (unsigned half = 0; half < 2; half++)
                general->v[i].d[half] = fp_operand(&state, insn >> 22 & 1);
        pe_set_nzcv(general, n & 3);
        memcpy(host->x, general->x, sizeof host->x);
        memcpy(host->v, general->v, sizeof host->v);
        pe_set_nzcv(host, n & 3);
        general->fpsr = 0;
        host->fpsr = FPSR_IXC;
        struct record r = {.a = insn & 31, .b = insn >> 5 & 31, .c = insn >> 16 & 31, .d = insn >> 10 & 31,
                           .imm = (int32_t)insn};
        FUNCTIONS[form->function](general, &r);
        FUNCTIONS[form->function](host, &r);
        general->fpsr |= FPSR_IXC;
        const char *name = difference(general, host);
        if (name)
            ck_abort_msg("%s %08x: %s differs", form->name, insn, name);
    }
    free(general);
    free(host);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("a64_fpsimd");
    TCase *tcase = tcase_create("a64_fpsimd");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, vectors, 0, 2);
    tcase_add_test(tcase, random_words);
    tcase_add_test(tcase, host_paths);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
