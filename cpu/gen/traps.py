#!/usr/bin/env python3
"""traps.def -> traps_table.h, traps_table.c. Usage: traps.py traps.def sysregs.def OUT.h OUT.c"""
import itertools
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sysregs  # noqa: E402  (the register names)
import tables   # noqa: E402

CLASSES = ['SYSREG', 'FP', 'WFX', 'SMC', 'HVC', 'PAUTH', 'SVE']


class Trap:
    def __init__(self, where, name, control, source, target, when, kind):
        self.where, self.name, self.kind = where, name, kind
        self.target = 'TRAP_UNDEFINED' if target == 'UNDEF' else target[2:]
        self.tests = [self.test(item) for item in control.split('&')] if control != 'always' else []
        self.levels = {int(el[2:]) for el in source.split(',')}
        self.when = when
        self.mask = self.states()

    def test(self, text):
        match = re.fullmatch(r'(\w+)\[([\d,]+)\](!?=)(\d+)', text)
        if not match:
            sys.exit(f'{self.where}: bad control {text}')
        mask = sum(1 << int(bit) for bit in match[2].split(','))
        value = int(match[4])
        if ',' not in match[2]:
            value <<= int(match[2])
        if value & ~mask:
            sys.exit(f'{self.where}: {text}: value outside the bits')
        return match[1], mask, match[3] == '!=', value

    def states(self):
        """One bit for each state el:ns:el2:e2h:tge that the row catches; see trap_state() in traps.h."""
        result = 0
        for el, ns, el2, e2h, tge in itertools.product(range(4), *[(0, 1)] * 4):
            if not el2:
                e2h = tge = 0
            facts = {'always': True, 'ns': ns, 'el2': el2, 'e2h': e2h, 'tge': tge, 'host': e2h and tge}
            holds = all(bool(facts[word.lstrip('!')]) != word.startswith('!') for word in self.when.split('&'))
            if el in self.levels and holds:
                result |= 1 << (el << 4 | ns << 3 | el2 << 2 | e2h << 1 | tge)
        return result


def parse(path):
    traps, lists = [], {}
    for where, line in tables.rows(path):
        words = line.split()
        if words[0] == 'list':
            lists[words[1]] = words[2:]
            continue
        if len(words) != 6 or words[5] not in CLASSES:
            sys.exit(f'{where}: expected NAME CONTROL FROM TO WHEN CLASS')
        traps.append(Trap(where, *words))
    names = {}
    for index, trap in enumerate(traps):
        names.setdefault(trap.name, []).append(index)
    for name, members in lists.items():
        for member in members:
            if member not in names:
                sys.exit(f'{path}: list {name}: unknown control {member}')
    return traps, names, lists


def union_of_states(traps, indices):
    """The states in which any of the rows counts."""
    result = 0
    for index in indices:
        result |= traps[index].mask
    return f'0x{result:016x}ull'


def main():
    traps_def, sysregs_def, out_h, out_c = sys.argv[1:]
    traps, names, lists = parse(traps_def)
    rows, _ = sysregs.parse(sysregs_def)
    stored = {row.name for row in rows if row.has_storage} | {'ICC_SRE_EL1_S'}
    with open(out_h, 'w', encoding='utf-8') as file:
        file.write('/* Generated from traps.def. */\n#ifndef ARMSIM_CPU_TRAPS_TABLE_H\n#define ARMSIM_CPU_TRAPS_TABLE_H\n\n'
                   f'enum {{ TRAP_ROW_COUNT = {len(traps)} }};\n\n'
                   '/* The controls of instructions that are not system register accesses. */\nenum trap_list {\n')
        file.write(''.join(f'    TRAPS_{name},\n' for name in lists) + '    TRAP_LIST_COUNT\n};\n\n#endif\n')
    with open(out_c, 'w', encoding='utf-8') as file:
        file.write('/* Generated from traps.def. */\n#include "cpu/traps.h"\n\n'
                   'const struct trap_row trap_rows[TRAP_ROW_COUNT] = {\n')
        for trap in traps:
            tests = []
            for register, mask, differs, value in trap.tests:
                if register not in stored:
                    sys.exit(f'{trap.where}: {register} has no storage')
                tests.append(f'{{SR_{register}, {str(differs).lower()}, 0x{mask:x}, 0x{value:x}}}')
            file.write(f'    {{"{trap.name}", 0x{trap.mask:016x}ull, {trap.target}, TRAP_{trap.kind}, {len(tests)}, '
                       f'{{{", ".join(tests) or "{0}"}}}}},\n')
        file.write('};\n\n')
        for name, members in lists.items():
            indices = [index for member in members for index in names[member]]
            file.write(f'static const uint16_t list_{name}[] = {{{", ".join(map(str, indices))}}};\n')
        file.write('\nconst struct trap_list_rows trap_lists[] = {\n')
        for name, members in lists.items():
            states = union_of_states(traps, [index for member in members for index in names[member]])
            file.write(f'    [TRAPS_{name}] = {{list_{name}, sizeof list_{name} / sizeof list_{name}[0], {states}}},\n')
        file.write('};\n')


if __name__ == '__main__':
    main()
