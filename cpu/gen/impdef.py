#!/usr/bin/env python3
"""impdef.def -> impdef.h, impdef.c. Usage: impdef.py impdef.def OUT.h OUT.c"""
import sys

import tables

HEADER = '''/* Generated from impdef.def. */
#ifndef ARMSIM_CPU_IMPDEF_H
#define ARMSIM_CPU_IMPDEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum impdef_row {
%(rows)s
    IMPDEF_COUNT
};

/* The values of each row. */
%(values)s
/* One choice for every row. */
struct impdef_values {
    uint8_t value[IMPDEF_COUNT];
};
extern const struct impdef_values impdef_defaults;

/* A PE's choice of row NAME. */
#define impdef(pe, NAME) ((pe)->env->impdef->value[IMPDEF_##NAME])

struct impdef_info {
    const char *name, *description;
    const char *const *values;
    size_t value_count;
};
/* By number; NULL past the last. */
const struct impdef_info *impdef_info(size_t index);
/* Sets a row by name to a value by name: false when there is no such row or value. */
bool impdef_choose(struct impdef_values *values, const char *name, const char *value);

#endif
'''

SOURCE = '''/* Generated from impdef.def. */
#include "cpu/impdef.h"

#include <string.h>

const struct impdef_values impdef_defaults = {{
%(defaults)s
}};

%(names)s
static const struct impdef_info infos[IMPDEF_COUNT] = {
%(infos)s
};

const struct impdef_info *impdef_info(size_t index) { return index < IMPDEF_COUNT ? &infos[index] : NULL; }

bool impdef_choose(struct impdef_values *values, const char *name, const char *value)
{
    for (size_t i = 0; i < IMPDEF_COUNT; i++) {
        if (strcmp(infos[i].name, name) != 0)
            continue;
        for (size_t j = 0; j < infos[i].value_count; j++) {
            if (strcmp(infos[i].values[j], value) == 0) {
                values->value[i] = (uint8_t)j;
                return true;
            }
        }
    }
    return false;
}
'''


def main():
    path, out_h, out_c = sys.argv[1:]
    rows = []
    for where, line in tables.rows(path):
        parts = line.split(None, 3)
        if len(parts) != 4 or parts[1] not in parts[2].split(','):
            sys.exit(f'{where}: expected NAME DEFAULT VALUES DESCRIPTION')
        rows.append((parts[0], parts[1], parts[2].split(','), parts[3].replace('"', '\\"')))
    with open(out_h, 'w', encoding='utf-8') as file:
        file.write(HEADER % {
            'rows': '\n'.join(f'    IMPDEF_{name}, /* {text} */' for name, _, _, text in rows),
            'values': '\n'.join('enum { ' + ', '.join(f'{name}_{value.upper()}' for value in values) + ' };'
                                for name, _, values, _ in rows) + '\n'})
    with open(out_c, 'w', encoding='utf-8') as file:
        file.write(SOURCE % {
            'defaults': '\n'.join(f'    [IMPDEF_{name}] = {name}_{default.upper()},' for name, default, _, _ in rows),
            'names': '\n'.join(f'static const char *const values_{name}[] = {{' + ', '.join(f'"{v}"' for v in values) + '};'
                               for name, _, values, _ in rows) + '\n',
            'infos': '\n'.join(f'    {{"{name}", "{text}", values_{name}, {len(values)}}},' for name, _, values, text in rows)})


if __name__ == '__main__':
    main()
