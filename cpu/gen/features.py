#!/usr/bin/env python3
"""features.def and models.def -> features.h, features.c. Usage: features.py features.def models.def OUT.h OUT.c"""
import re
import sys

import tables


class Feature:
    def __init__(self, name, version, build, announced, implies):
        self.name, self.announced, self.implies = name, announced, implies
        self.optional = version.endswith('?')
        self.version = float(version.rstrip('?'))
        self.build = {'yes': True, 'no': False}[build]


def names(text):
    return [] if text == '-' else text.split(',')


def parse_features(path):
    fields, features = {}, {}
    for where, line in tables.rows(path):
        words = line.split()
        if words[0] == 'field':
            signed = words[3:] == ['signed']
            fields[words[1]] = (int(words[2]), signed)
            continue
        if len(words) != 5:
            sys.exit(f'{where}: expected NAME VERSION BUILD ANNOUNCED IMPLIES')
        announced = []
        for item in names(words[3]):
            field, value = item.split('=')
            if field not in fields:
                sys.exit(f'{where}: unknown ID field {field}')
            announced.append((field, int(value)))
        if words[0] in features:
            sys.exit(f'{where}: {words[0]} again')
        features[words[0]] = Feature(words[0], words[1], words[2], announced, names(words[4]))
    for feature in features.values():
        for other in feature.implies:
            if other not in features:
                sys.exit(f'{path}: {feature.name} implies unknown {other}')
            if feature.build and not features[other].build:
                sys.exit(f'{path}: {feature.name} is built but what it implies ({other}) is not')
    return fields, features


def closure(features, chosen):
    chosen = set(chosen)
    while True:
        more = {other for name in chosen for other in features[name].implies} - chosen
        if not more:
            return chosen
        chosen |= more


class Model:
    def __init__(self, name):
        self.name, self.description, self.version, self.pa_bits, self.pmu_counters = name, '', 8.0, 48, 6
        self.pmu_identity = 0
        self.features, self.without, self.values, self.ccsidr, self.tag = [], [], {}, {}, 'none'


def parse_models(path, features):
    models = {}
    model = None
    for where, line in tables.rows(path):
        key, _, rest = line.partition(' ')
        rest = rest.strip()
        words = rest.split()
        if key == 'model':
            model = models[rest] = Model(rest)
        elif model is None:
            sys.exit(f'{where}: no model yet')
        elif key == 'like':
            other = models[rest]
            model.pa_bits, model.pmu_counters, model.tag = other.pa_bits, other.pmu_counters, other.tag
            model.features, model.without = list(other.features), list(other.without)
            model.values, model.ccsidr = dict(other.values), dict(other.ccsidr)
        elif key == 'description':
            model.description = rest
        elif key == 'version':
            model.version = float(rest)
        elif key in ('features', 'without'):
            for word in words:
                if word not in features:
                    sys.exit(f'{where}: unknown feature {word}')
            (model.features if key == 'features' else model.without).extend(words)
        elif key == 'pa_bits':
            model.pa_bits = int(rest)
        elif key == 'pmu_counters':
            model.pmu_counters = int(rest)
        elif key == 'pmu_identity':
            model.pmu_identity = int(rest, 0)
        elif key == 'implementation_registers':
            model.tag = rest
        elif key == 'ccsidr':
            level, kind, value = words
            model.ccsidr[(int(level) - 1) << 1 | {'data': 0, 'inst': 1}[kind]] = int(value, 0)
        elif re.fullmatch(r'[A-Z0-9_]+_EL[01]', key):
            model.values[key] = int(rest, 0)
        else:
            sys.exit(f'{where}: unknown key {key}')
    for model in models.values():
        chosen = [f.name for f in features.values() if not f.optional and f.version <= model.version]
        chosen += model.features
        model.set = closure(features, set(chosen) - set(model.without))
        # What silicon has and this build hasn't is not announced.
        model.built = {name for name in model.set if closure(features, [name]) <= set(model.set) and
                       all(features[other].build for other in closure(features, [name]))}
    return models


def bits(features, chosen):
    words = (len(features) + 63) // 64
    values = [0] * words
    for index, name in enumerate(features):
        if name in chosen:
            values[index // 64] |= 1 << index % 64
    return '{{' + ', '.join(f'0x{value:016x}ull' for value in values) + '}}'


HEADER = '''/* Generated from features.def and models.def. */
#ifndef ARMSIM_CPU_FEATURES_H
#define ARMSIM_CPU_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum feature {
%(enum)s
    FEATURE_COUNT
};

enum { FEATURE_WORDS = %(words)d };

struct feature_set {
    uint64_t bits[FEATURE_WORDS];
};

static inline bool feature_set_has(const struct feature_set *set, enum feature feature)
{
    return set->bits[feature / 64] >> (feature %% 64) & 1;
}

static inline void feature_set_set(struct feature_set *set, enum feature feature, bool on)
{
    uint64_t bit = 1ull << (feature %% 64);
    set->bits[feature / 64] = on ? set->bits[feature / 64] | bit : set->bits[feature / 64] & ~bit;
}

/* What features.def says of one feature. */
struct feature_info {
    const char *name; /* without FEAT_: "LSE" */
    bool built;       /* this build implements it */
    struct feature_set implies; /* transitively, itself included */
};
const struct feature_info *feature_info(enum feature feature);
/* By name, with or without FEAT_, in any case; FEATURE_COUNT when unknown. */
enum feature feature_find(const char *name);
/* Switches one on with what it implies, or off with what implies it. False: on, but this build lacks it. */
bool feature_set_change(struct feature_set *set, enum feature feature, bool on);

/* A four-bit field of an ID register, as the enabled features announce it. */
struct feature_field {
    uint16_t sysreg; /* enum sysreg_index */
    uint8_t lsb;
    bool is_signed; /* 0xf: not implemented */
    uint8_t first, count; /* in the announcement list */
};

/* Registers by which a part differs beside the identification registers. */
enum implementation_registers { IMPLEMENTATION_none%(tags)s };

struct cpu_model_value {
    uint16_t sysreg; /* enum sysreg_index */
    uint64_t value;
};

struct cpu_model {
    const char *name, *description;
    struct feature_set features; /* what it has in silicon and this build implements */
    struct feature_set silicon;  /* what it has in silicon */
    uint8_t pa_bits, pmu_counters;
    uint16_t pmu_identity;       /* PMCR_EL0.IMP:IDCODE */
    enum implementation_registers implementation_registers;
    uint32_t ccsidr[14]; /* by CSSELR_EL1 */
    const struct cpu_model_value *values;
    size_t value_count;
};

/* By name (cortex-a76, or a76 for short); NULL when unknown. Models by number: NULL past the last. */
const struct cpu_model *cpu_model_find(const char *name);
const struct cpu_model *cpu_model_at(size_t index);

/* Value of an identification register for a model with `features`: the part's own, with the announced fields set. */
uint64_t cpu_model_id_register(const struct cpu_model *model, const struct feature_set *features, unsigned sysreg);

#endif
'''

SOURCE = '''/* Generated from features.def and models.def. */
#include "cpu/features.h"

#include "cpu/sysreg_index.h"

#include <string.h>

static const struct feature_info infos[FEATURE_COUNT] = {
%(infos)s
};

static const struct feature_field fields[] = {
%(fields)s
};

static const struct {
    uint16_t feature;
    uint8_t value;
} announcements[] = {
%(announcements)s
};

%(values)s
static const struct cpu_model models[] = {
%(models)s
};

const struct feature_info *feature_info(enum feature feature) { return &infos[feature]; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool equal(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

enum feature feature_find(const char *name)
{
    static const char prefix[] = "feat_";
    size_t skip = 0;
    while (prefix[skip] && lower(name[skip]) == prefix[skip])
        skip++;
    if (!prefix[skip])
        name += skip;
    for (unsigned i = 0; i < FEATURE_COUNT; i++) {
        if (equal(infos[i].name, name))
            return (enum feature)i;
    }
    return FEATURE_COUNT;
}

bool feature_set_change(struct feature_set *set, enum feature feature, bool on)
{
    if (on && !infos[feature].built)
        return false;
    for (unsigned i = 0; i < FEATURE_COUNT; i++) {
        if (on && feature_set_has(&infos[feature].implies, (enum feature)i))
            feature_set_set(set, (enum feature)i, true);
        if (!on && feature_set_has(&infos[i].implies, feature))
            feature_set_set(set, (enum feature)i, false);
    }
    return true;
}

const struct cpu_model *cpu_model_at(size_t index)
{
    return index < sizeof models / sizeof models[0] ? &models[index] : NULL;
}

const struct cpu_model *cpu_model_find(const char *name)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        const char *core = strchr(models[i].name, '-'); /* "cortex-a76" is "a76", too */
        if (equal(models[i].name, name) || (core && equal(core + 1, name)))
            return &models[i];
    }
    return NULL;
}

uint64_t cpu_model_id_register(const struct cpu_model *model, const struct feature_set *features, unsigned sysreg)
{
    uint64_t value = 0;
    for (size_t i = 0; i < model->value_count; i++) {
        if (model->values[i].sysreg == sysreg)
            value = model->values[i].value;
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].sysreg != sysreg)
            continue;
        int best = fields[i].is_signed ? -1 : 0;
        for (unsigned j = fields[i].first; j < fields[i].first + (unsigned)fields[i].count; j++) {
            if (feature_set_has(features, (enum feature)announcements[j].feature) && announcements[j].value > best)
                best = announcements[j].value;
        }
        value = (value & ~(0xfull << fields[i].lsb)) | (uint64_t)(best & 0xf) << fields[i].lsb;
    }
    return value;
}
'''


def main():
    features_def, models_def, out_h, out_c = sys.argv[1:]
    fields, features = parse_features(features_def)
    models = parse_models(models_def, features)
    tags = sorted({model.tag for model in models.values()} - {'none'})
    with open(out_h, 'w', encoding='utf-8') as file:
        file.write(HEADER % {
            'enum': '\n'.join(f'    FEATURE_{name},' for name in features),
            'words': (len(features) + 63) // 64,
            'tags': ''.join(f', IMPLEMENTATION_{tag}' for tag in tags)})
    infos = [f'    [FEATURE_{f.name}] = {{"{f.name}", {str(f.build).lower()}, {bits(features, closure(features, [f.name]))}}},'
             for f in features.values()]
    field_rows, announcement_rows = [], []
    for field, (lsb, signed) in fields.items():
        mine = [(f.name, value) for f in features.values() for name, value in f.announced if name == field]
        register = field.split('.')[0]
        field_rows.append(f'    {{SR_{register}, {lsb}, {str(signed).lower()}, {len(announcement_rows)}, {len(mine)}}}, '
                          f'/* {field} */')
        announcement_rows += [f'    {{FEATURE_{name}, {value}}},' for name, value in mine]
    # EL0 to EL3 are AArch64 at least; EL2 and EL3 are then set by what the machine has.
    values, rows = [], []
    for model in models.values():
        ident = re.sub(r'\W', '_', model.name)
        entries = '\n'.join(f'    {{SR_{register}, 0x{value:x}ull}},' for register, value in model.values.items())
        values.append(f'static const struct cpu_model_value values_{ident}[] = {{\n{entries}\n}};\n')
        ccsidr = ', '.join(f'[{index}] = 0x{value:x}' for index, value in sorted(model.ccsidr.items()))
        rows.append(f'    {{"{model.name}", "{model.description}",\n     {bits(features, model.built)},\n'
                    f'     {bits(features, model.set)},\n     {model.pa_bits}, {model.pmu_counters}, 0x{model.pmu_identity:x}, '
                    f'IMPLEMENTATION_{model.tag}, {{{ccsidr}}},\n     values_{ident}, '
                    f'sizeof values_{ident} / sizeof values_{ident}[0]}},')
    with open(out_c, 'w', encoding='utf-8') as file:
        file.write(SOURCE % {'infos': '\n'.join(infos), 'fields': '\n'.join(field_rows),
                             'announcements': '\n'.join(announcement_rows), 'values': '\n'.join(values),
                             'models': '\n'.join(rows)})


if __name__ == '__main__':
    main()
