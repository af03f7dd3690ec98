/* Recording what a run touches: cpu/coverage.h. */
#include "cpu/coverage.h"

#include "cpu/sysreg.h"
#include "cpu/traps.h"

#include <stdlib.h>
#include <string.h>

struct coverage *coverage_create(void)
{
    struct coverage *coverage = NULL;
    return calloc(1, sizeof(*coverage) + sysreg_row_count * sizeof(coverage->registers[0]));
}

void coverage_destroy(struct coverage *coverage)
{
    free(coverage);
}

/* trap_state() with another EL: entry changes none of the other facts. */
static unsigned state_at(const struct pe *pe, unsigned el)
{
    return (trap_state(pe) & 15u) | el << 4;
}

void coverage_exception(const struct pe *pe, unsigned from, unsigned to, uint16_t vector_offset, const char *why)
{
    struct coverage *coverage = pe->env->coverage;
    coverage->vectors[to & 3][vector_offset >> 7 & (COVERAGE_VECTORS - 1)]++;
    unsigned state = state_at(pe, from);
    for (size_t i = 0; i < TRAP_ROW_COUNT; i++) {
        const struct trap_row *row = &trap_rows[i];
        if (strcmp(row->name, why) == 0 && trap_row_fires(pe, row, state)) {
            coverage->traps[i]++;
            return;
        }
    }
}

/* The control can be changed. */
static bool has_control(const struct pe *pe, const struct trap_test *test)
{
    for (size_t i = 0; i < sysreg_row_count; i++) {
        const struct sysreg_row *row = &sysreg_rows[i];
        if (row->storage == test->sysreg && row->key == row->identity)
            return sysreg_exists(pe, row) && !(test->mask & ~sysreg_writable(pe, row));
    }
    return true; /* a bank without a row of its own */
}

static bool is_among(const uint16_t *rows, size_t count, size_t index)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i] == index)
            return true;
    return false;
}

/* A register or instruction that the control catches. */
static bool has_subject(const struct pe *pe, size_t index)
{
    for (size_t i = 0; i < sysreg_row_count; i++) {
        const struct sysreg_row *row = &sysreg_rows[i];
        if ((is_among(row->read_traps, row->read_trap_count, index) ||
             is_among(row->write_traps, row->write_trap_count, index)) &&
            sysreg_exists(pe, row))
            return true;
    }
    for (unsigned list = 0; list < TRAP_LIST_COUNT; list++)
        if (is_among(trap_lists[list].rows, trap_lists[list].count, index))
            return true;
    return false;
}

static bool can_fire(const struct pe *pe, size_t index)
{
    const struct trap_row *row = &trap_rows[index];
    for (unsigned i = 0; i < row->test_count; i++)
        if (!has_control(pe, &row->tests[i]))
            return false;
    return has_subject(pe, index);
}

static uint8_t from_els(const struct trap_row *row)
{
    uint8_t els = 0;
    for (unsigned el = 0; el < 4; el++)
        if (row->states >> (16 * el) & 0xffff)
            els |= (uint8_t)(1u << el);
    return els;
}

bool coverage_trap_at(const struct pe *pe, const struct coverage *coverage, size_t index, struct coverage_item *item)
{
    if (index >= TRAP_ROW_COUNT)
        return false;
    const struct trap_row *row = &trap_rows[index];
    *item = (struct coverage_item){
        .name = row->name,
        .possible = can_fire(pe, index),
        .from_els = from_els(row),
        .to_el = row->target,
        .count = coverage ? coverage->traps[index] : 0,
    };
    return true;
}

bool coverage_register_at(const struct pe *pe, const struct coverage *coverage, size_t index,
                          struct coverage_item *item)
{
    if (index >= sysreg_row_count)
        return false;
    *item = (struct coverage_item){
        .name = sysreg_rows[index].name,
        .possible = sysreg_exists(pe, &sysreg_rows[index]),
        .count = coverage ? coverage->registers[index].reads : 0,
        .writes = coverage ? coverage->registers[index].writes : 0,
    };
    return true;
}

/* The form's features, "A&B|C": names without FEAT_. */
static bool form_exists(const struct pe *pe, const struct a64_form_info *form)
{
    const char *at = form->features;
    if (!*at)
        return true;
    while (*at) {
        bool all = true;
        for (;;) {
            char name[32];
            size_t length = strcspn(at, "&|");
            size_t copied = length < sizeof(name) - 1 ? length : sizeof(name) - 1;
            memcpy(name, at, copied);
            name[copied] = '\0';
            enum feature feature = feature_find(name);
            all = all && feature != FEATURE_COUNT && has_feature(pe, feature);
            at += length;
            if (*at != '&')
                break;
            at++;
        }
        if (all)
            return true;
        at += *at == '|';
    }
    return false;
}

bool coverage_form_at(const struct pe *pe, const struct coverage *coverage, size_t index, struct coverage_item *item)
{
    if (index >= A64_FORM_COUNT)
        return false;
    *item = (struct coverage_item){
        .name = a64_forms[index].name,
        .possible = form_exists(pe, &a64_forms[index]),
        .count = coverage ? coverage->forms[index] : 0,
    };
    return true;
}

static bool has_el(const struct pe *pe, unsigned el)
{
    return el == 1 || (el == 2 && pe->have_el2) || (el == 3 && pe->have_el3);
}

bool coverage_vector_at(const struct pe *pe, const struct coverage *coverage, size_t index, struct coverage_item *item)
{
    static const char *const names[] = {"VBAR_EL1", "VBAR_EL2", "VBAR_EL3"};
    if (index >= 3 * COVERAGE_VECTORS)
        return false;
    unsigned el = (unsigned)index / COVERAGE_VECTORS + 1, vector = index % COVERAGE_VECTORS;
    *item = (struct coverage_item){
        .name = names[el - 1],
        /* The last quarter is for exceptions from AArch32. */
        .possible = has_el(pe, el) && (vector < 12 || has_feature(pe, FEATURE_AA32EL0)),
        .to_el = (uint8_t)el,
        .offset = (uint16_t)(vector << 7),
        .count = coverage ? coverage->vectors[el][vector] : 0,
    };
    return true;
}
