/* Two equal PEs that execute the same words: one by pe_run(), as fast as it goes; one by pe_step(), each data access
 * through the slow functions. */
#ifndef ARMSIM_TESTS_ROWS_H
#define ARMSIM_TESTS_ROWS_H

#include "cpu/a64_forms.h"
#include "libarmsim/fabric/random.h"
#include "tests/unit/pe_fixture.h"

#include <stdio.h>

enum { CODE = FIXTURE_RAM + 0x1000, VECTORS = FIXTURE_RAM + 0x4000, DATA = FIXTURE_RAM + 0x8000,
       TABLES = FIXTURE_RAM + 0xf000, BRANCH_TO_SELF = 0x14000000, MAX_WORDS = 16 };

struct twins {
    struct pe_fixture runs, steps;
    uint8_t memory[FIXTURE_RAM_SIZE]; /* as it is before the words */
    uint32_t code;                    /* where the words are; often across the end of a page */
};

static uint64_t random_state; /* set to the same value by each test's setup */

static inline uint64_t random_bits(void)
{
    return splitmix64(&random_state);
}

/* Every feature that this build has. */
static inline struct feature_set all_features(void)
{
    struct feature_set features = {{0}};
    for (enum feature feature = 0; feature < FEATURE_COUNT; feature++)
        if (feature_info(feature)->built)
            feature_set_set(&features, feature, true);
    return features;
}

static const struct bus_attrs host_access = {.debug = true};

static inline void twins_create(struct twins *t)
{
    fixture_create(&t->runs, "v8.2", true, true);
    fixture_create(&t->steps, "v8.2", true, true);
    t->runs.pe->features = t->steps.pe->features = all_features();
    for (unsigned i = 0; i < sizeof t->memory; i++)
        t->memory[i] = (uint8_t)random_bits();
    for (unsigned i = 0; i < 0x800; i += 4)
        memcpy(&t->memory[VECTORS - FIXTURE_RAM + i], &(uint32_t){BRANCH_TO_SELF}, 4);
}

static inline void twins_destroy(struct twins *t)
{
    fixture_destroy(&t->runs);
    fixture_destroy(&t->steps);
}

/* A register's contents: often an address of data, or a corner case. */
static inline uint64_t random_register(void)
{
    switch (random_bits() % 6) {
    case 0: return random_bits();
    case 1: return random_bits() % 64 - 32;
    case 2: return DATA + random_bits() % 0x4000;
    case 3: return random_bits() % 2 ? 0x8000000000000000 : 0x7fffffff;
    default: return DATA + 0x1000 + random_bits() % 0x200 * 16;
    }
}

/* Everything that a word can depend on, equal for both. */
static inline void twins_randomise(struct twins *t)
{
    struct pe *const pes[] = {t->runs.pe, t->steps.pe};
    bool mmu = random_bits() % 4, fp = random_bits() % 16, aligned = random_bits() % 8 == 0;
    unsigned el = (unsigned)random_bits() % 4, nzcv = (unsigned)random_bits() % 16;
    uint64_t x[32], v[64], fpcr = random_bits() & 0x7c80000;
    t->code = random_bits() % 4 ? CODE : CODE + 0x1000 - 4 * (uint32_t)(random_bits() % (MAX_WORDS + 1));
    for (unsigned i = 0; i < 32; i++)
        x[i] = random_register();
    x[31] &= random_bits() % 8 ? ~15ull : ~0ull;
    for (unsigned i = 0; i < 64; i++)
        v[i] = random_bits() % 4 ? random_bits() : random_register();
    uint64_t block = 0x40000000 | 0x701 | (el == 0 ? 0x40 : 0); /* 1 GiB, Normal; what EL0 may write EL1 can't execute */
    memcpy(&t->memory[TABLES - FIXTURE_RAM + 8], &block, sizeof block);
    for (unsigned i = 0; i < 2; i++) {
        struct pe *pe = pes[i];
        pe_reset(pe, true);
        pe->instructions = 0;
        SR(pe, VBAR_EL1) = SR(pe, VBAR_EL2) = SR(pe, VBAR_EL3) = VECTORS;
        SR(pe, TTBR0_EL1) = SR(pe, TTBR0_EL2) = SR(pe, TTBR0_EL3) = TABLES;
        SR(pe, TCR_EL1) = 32 | 1ull << 23; /* T0SZ, EPD1 */
        SR(pe, TCR_EL2) = SR(pe, TCR_EL3) = 32;
        SR(pe, MAIR_EL1) = SR(pe, MAIR_EL2) = SR(pe, MAIR_EL3) = 0xff;
        SR(pe, CPACR_EL1) = fp ? 3u << 20 : 0;
        SR(pe, SCR_EL3) = 0x501; /* NS, HCE, RW */
        SR(pe, HCR_EL2) = 1ull << 31;
        SR(pe, SCTLR_EL1) |= (unsigned)mmu | (unsigned)aligned << 1 | 1u << 14 | 1u << 15 | 1u << 26; /* DZE, UCT, UCI */
        SR(pe, SCTLR_EL2) |= (unsigned)mmu | (unsigned)aligned << 1;
        SR(pe, SCTLR_EL3) |= (unsigned)mmu | (unsigned)aligned << 1;
        pe->pstate = (struct pstate){.el = (uint8_t)el, .sp = el > 0, .d = 1, .a = 1, .i = 1, .f = 1};
        memcpy(pe->x, x, sizeof x);
        memcpy(pe->v, v, sizeof v);
        pe->fpcr = (uint32_t)fpcr;
        pe_set_nzcv(pe, nzcv);
        pe_set_pc(pe, t->code);
        pe_update_context(pe);
    }
    t->runs.traps = t->steps.traps = 0;
}

static inline bool equal_memory(const struct twins *t)
{
    static uint8_t runs[FIXTURE_RAM_SIZE], steps[FIXTURE_RAM_SIZE];
    bus_read_block(t->runs.bus, FIXTURE_RAM, runs, sizeof runs, host_access);
    bus_read_block(t->steps.bus, FIXTURE_RAM, steps, sizeof steps, host_access);
    return !memcmp(runs, steps, sizeof runs);
}

/* Executes the words (a branch to itself follows) and compares all that can be seen. */
static inline void twins_execute(struct twins *t, const uint32_t *words, unsigned count, const char *name)
{
    struct pe_fixture *const fixtures[] = {&t->runs, &t->steps};
    memcpy(&t->memory[t->code - FIXTURE_RAM], words, count * sizeof *words);
    memcpy(&t->memory[t->code - FIXTURE_RAM + count * sizeof *words], &(uint32_t){BRANCH_TO_SELF}, 4);
    for (unsigned i = 0; i < 2; i++)
        bus_write_block(fixtures[i]->bus, FIXTURE_RAM, t->memory, sizeof t->memory, host_access);
    struct pe *runs = t->runs.pe, *steps = t->steps.pe;
    /* A run ends at the first sample point behind its budget. */
    uint64_t budget = 1 + random_bits() % (count + 2);
    pe_run(runs, budget);
    for (unsigned i = 0; i < 4 * MAX_WORDS; i++) {
        steps->strict = true;
        steps->data_context = CONTEXT_NONE;
        pe_step(steps);
        if (steps->power != PE_RUNNING || (steps->instructions >= budget && pe_at_sample_point(steps)))
            break;
    }
    bool equal = pe_hash(runs, 0) == pe_hash(steps, 0) && t->runs.traps == t->steps.traps &&
                 (!t->runs.traps || (t->runs.last.esr == t->steps.last.esr && t->runs.last.elr == t->steps.last.elr &&
                                     t->runs.last.far == t->steps.last.far)) &&
                 equal_memory(t);
    if (equal)
        return;
    for (unsigned i = 0; i < 32; i++)
        if (runs->x[i] != steps->x[i])
            fprintf(stderr, "x%u: %016llx run, %016llx stepped\n", i, (unsigned long long)runs->x[i], (unsigned long long)steps->x[i]);
    for (unsigned i = 0; i < 32; i++)
        if (memcmp(&runs->v[i], &steps->v[i], sizeof runs->v[i]))
            fprintf(stderr, "v%u: %016llx:%016llx run, %016llx:%016llx stepped\n", i, (unsigned long long)runs->v[i].d[1],
                    (unsigned long long)runs->v[i].d[0], (unsigned long long)steps->v[i].d[1],
                    (unsigned long long)steps->v[i].d[0]);
    for (unsigned i = 0; i < SR_COUNT; i++)
        if (runs->sr[i] != steps->sr[i])
            fprintf(stderr, "system register %u: %llx run, %llx stepped\n", i, (unsigned long long)runs->sr[i],
                    (unsigned long long)steps->sr[i]);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, "%08x %s\n", words[i], a64_forms[a64_decode(words[i], &runs->features)].name);
    ck_abort_msg("%s: %08x (%u words) ends differently: run pc %llx nzcv %x EL%u fpsr %x %llu instructions %u traps ESR %llx, "
                 "stepped pc %llx nzcv %x EL%u fpsr %x %llu instructions %u traps ESR %llx",
                 name, words[0], count, (unsigned long long)runs->pc, pe_nzcv(runs), runs->pstate.el, runs->fpsr,
                 (unsigned long long)runs->instructions, t->runs.traps, (unsigned long long)t->runs.last.esr,
                 (unsigned long long)steps->pc, pe_nzcv(steps), steps->pstate.el, steps->fpsr,
                 (unsigned long long)steps->instructions, t->steps.traps, (unsigned long long)t->steps.last.esr);
}

#endif
