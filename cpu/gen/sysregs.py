#!/usr/bin/env python3
"""sysregs.def -> sysreg_index.h; with traps.def, sysreg_handlers.h and sysreg_table.c.

Usage: sysregs.py index sysregs.def OUT.h
       sysregs.py table sysregs.def traps.def OUT.h OUT.c
"""
import os
import re
import sys

import tables

TLBI_FLAGS = {'IS': 'TLBI_BROADCAST', 'LAST': 'TLBI_LAST_LEVEL'}
CONDITIONS = ['vhe', 'el2', 'needs_el2', 'secure_el1', 'secure_el2', 'sp_el0', 'highest', 'highest_writes', 'lor',
              'breakpoints', 'watchpoints', 'non_secure_el3']
THEN = {'context': 'SYSREG_THEN_CONTEXT', 'interrupts': 'SYSREG_THEN_INTERRUPTS', 'rulings': 'SYSREG_THEN_RULINGS'}


class Row:
    def __init__(self, where, name, encoding, feature, access, clauses):
        self.where, self.name, self.encoding, self.feature, self.access = where, name, encoding, feature, access
        self.values, self.flags, self.traps, self.more = {}, set(), [], []
        for clause in clauses:
            if match := re.fullmatch(r'\+(\w+)=([\d,-]+)', clause):
                self.more.append((match[1], bits(match[2])))
            elif match := re.fullmatch(r'(\w+)=(\S+)', clause):
                self.values[match[1]] = match[2]
            elif match := re.fullmatch(r'(?:([rw]):)?([\w.+]+)', clause):
                if match[1] or '.' in match[2] or match[2] == 'ICC_SRE':
                    self.traps.append((match[1] or 'rw', match[2]))
                else:
                    self.flags.add(clause)
            else:
                sys.exit(f'{where}: unknown clause {clause}')

    @property
    def key(self):
        op0, op1, crn, crm, op2 = self.encoding
        return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2

    def allows(self, letter):
        return sum(1 << el for el, text in enumerate(self.access) if letter in text)

    @property
    def has_storage(self):
        if self.encoding[0] == 1 or 'alias' in self.values:
            return False
        handled = (not self.allows('r') or 'read' in self.values) and (not self.allows('w') or 'write' in self.values)
        return not handled or 'store' in self.flags


def bits(text):
    value = 0
    for part in text.split(','):
        first, _, last = part.partition('-')
        for bit in range(int(first), int(last or first) + 1):
            value |= 1 << bit
    return value


def parse(path):
    rows = []
    for where, line in tables.rows(path):
        words = line.split()
        if len(words) < 11:
            sys.exit(f'{where}: expected NAME op0 op1 CRn CRm op2 FEAT EL0 EL1 EL2 EL3')
        name, columns, feature, access, clauses = words[0], words[1:6], words[6], words[7:11], words[11:]
        family = next((c for c in clauses if re.fullmatch(r'n=\d+\.\.\d+', c)), None)
        numbers = [0]
        if family:
            first, last = family[2:].split('..')
            numbers = range(int(first), int(last) + 1)
            clauses.remove(family)
        for n in numbers:
            if not all(re.fullmatch(r'[\dn+/%]+', column) for column in columns):
                sys.exit(f'{where}: bad encoding')
            encoding = [eval(column, {'__builtins__': {}}, {'n': n}) for column in columns]
            row = Row(where, name.replace('<n>', str(n)), encoding, feature, access, clauses)
            row.number = n
            row.family = re.sub(r'<n>.*', '', name) if family else None
            rows.append(row)
    names, keys = {}, {}
    for row in rows:
        for table, item in ((names, row.name), (keys, row.key)):
            if item in table:
                sys.exit(f'{row.where}: {row.name} again (first {table[item].where})')
            table[item] = row
    for row in rows:
        for kind in ('alias', 'e2h'):
            if kind in row.values and row.values[kind] not in names:
                sys.exit(f'{row.where}: unknown register {row.values[kind]}')
    return rows, names


def write_index(rows, out):
    stored = [row for row in rows if row.has_storage]
    with open(out, 'w', encoding='utf-8') as file:
        file.write('/* Generated from sysregs.def: the system registers with storage in struct pe. */\n'
                   '#ifndef ARMSIM_CPU_SYSREG_INDEX_H\n#define ARMSIM_CPU_SYSREG_INDEX_H\n\nenum sysreg_index {\n')
        file.write(''.join(f'    SR_{row.name},\n' for row in stored))
        file.write('    SR_ICC_SRE_EL1_S, /* the Secure instance */\n    SR_COUNT\n};\n\n'
                   f'enum {{ SYSREG_ROW_COUNT = {len(rows)} }};\n\n#endif\n')


def flags(words, table):
    return ' | '.join(table[word] for word in words) or '0'


def trap_indices(row, letter, names, lists):
    members = [name for letters, name in row.traps if letter in letters]
    if 'fp' in row.flags:
        members = lists['fp'] + members
    if row.encoding[1] in (4, 5) and row.encoding[0] == 3 or row.encoding[:2] == [1, 4]:
        members = lists['nv'] + members
    for name in members:
        if name not in names:
            sys.exit(f'{row.where}: unknown control {name}')
    return [index for name in members for index in names[name]]


class TablesWriter:
    """Arrays that rows share: equal contents are written once."""

    def __init__(self, ctype, prefix):
        self.ctype, self.prefix, self.seen, self.text = ctype, prefix, {}, []

    def add(self, items):
        if not items:
            return 'NULL'
        key = ', '.join(items)
        if key not in self.seen:
            self.seen[key] = f'{self.prefix}{len(self.seen)}'
            self.text.append(f'static const {self.ctype} {self.seen[key]}[] = {{{key}}};\n')
        return self.seen[key]


def controlling(all_traps):
    """The registers whose values decide what an access does: those of the trap controls, and where the PE is by them."""
    registers = {register for trap in all_traps for register, *_ in trap.tests} | {'SCR_EL3', 'HCR_EL2'}
    return {re.sub('_S$', '', register) for register in registers}


def table_row(row, by_name, index_of, traps, more_tables, names, lists, states, controls):
    target = by_name[row.values['alias']] if 'alias' in row.values else row

    def value(key, default=None):
        return row.values.get(key, target.values.get(key, default))

    known = set(CONDITIONS) | {'store', 'keep', 'fp'}
    if row.flags - known:
        sys.exit(f'{row.where}: unknown clause {row.flags - known}')
    readable, writable = row.allows('r'), row.allows('w')
    read = value('read') if readable else None
    write = value('write') if writable else None
    argument = '0'
    if read == 'icc' or write in ('icc', 'ich_hcr', 'icc_sre'):
        base = re.sub(r'ICH_LR(\d+)_EL2', r'ICH_LR0_EL2 + \1', target.name)
        argument = f'GIC_{base}'
    if 'tlbi' in row.values:
        operation, regime, *more = row.values['tlbi'].split(',')
        write = 'tlbi'
        argument = f'TLBI_ARGUMENT(TLBI_{operation}, {regime[2:]}, {flags(more, TLBI_FLAGS)})'
    if 'cnt' in (read, write):
        timer = re.match(r'CNT(P|V|HP|HV|PS)_(CTL|CVAL|TVAL)_', target.name)
        argument = f'TIMER_CNT{timer[1]}_{timer[2]}' if timer else 'TIMER_REGISTER_COUNT'
    reset = value('reset', '0')
    tag = '|'.join(f'1u << IMPLEMENTATION_{name}' for name in value('tag', '').split('|') if name) or '0'
    reads, writes = (trap_indices(row, letter, names, lists) for letter in 'rw')
    more = [f'{{FEATURE_{feature}, 0x{mask:x}ull}}' for feature, mask in target.more]
    members = {
        'name': f'"{row.name}"', 'key': f'0x{row.key:04x}', 'identity': f'0x{target.key:04x}',
        'storage': f'SR_{target.name}' if target.has_storage else 'SR_COUNT',
        'feature': 'FEATURE_COUNT' if row.feature == '-' else f'FEATURE_{row.feature}',
        'e2h': str(index_of[row.values['e2h']]) if 'e2h' in row.values else 'SYSREG_NO_ROW',
        'read_els': f'0x{readable:x}', 'write_els': f'0x{writable:x}',
        'conditions': ' | '.join(f'SYSREG_{name.upper()}' for name in CONDITIONS if name in row.flags) or '0',
        'then': flags((value('then').split(',') if value('then') else []) + ['rulings'] * (target.name in controls), THEN),
        'keep': str('keep' in row.flags).lower(), 'number': str(row.number), 'tags': tag, 'argument': argument,
        'read_trap_count': str(len(reads)), 'write_trap_count': str(len(writes)), 'more_count': str(len(more)),
        'read_traps': traps.add([str(i) for i in reads]), 'write_traps': traps.add([str(i) for i in writes]),
        'read_trap_states': states(reads), 'write_trap_states': states(writes),
        'writable': f'0x{bits(value("w")) if value("w") else (1 << 64) - 1:x}ull',
        'ones': f'0x{bits(value("one")) if value("one") else 0:x}ull',
        'reset': f'{reset}ull' if re.fullmatch(r'0x[0-9a-f]+|\d+', reset) else '0',
        'more': more_tables.add(more),
        'read': f'sysreg_read_{read}' if read else 'NULL', 'write': f'sysreg_write_{write}' if write else 'NULL',
    }
    handlers = [name for name in (members['read'], members['write']) if name != 'NULL']
    return '{' + ', '.join(f'.{key} = {text}' for key, text in members.items() if text not in ('0', 'NULL', 'false')) + '}', handlers


def write_lookup(rows, file):
    """Two levels: op0:op1:CRn chooses a block of 128 (CRm:op2)."""
    blocks = {}
    for index, row in enumerate(rows):
        blocks.setdefault(row.key >> 7, [0] * 128)[row.key & 127] = index + 1
    file.write('static const uint16_t lookup_blocks[][128] = {\n    {0},\n')
    for block in blocks.values():
        file.write('    {' + ', '.join(f'[{i}] = {v}' for i, v in enumerate(block) if v) + '},\n')
    file.write('};\n\nstatic const uint8_t lookup_root[512] = {\n')
    for number, key in enumerate(blocks, 1):
        file.write(f'    [0x{key:x}] = {number},\n')
    file.write('};\n\nconst struct sysreg_row *sysreg_lookup(unsigned key)\n{\n'
               '    unsigned index = lookup_blocks[lookup_root[key >> 7 & 511]][key & 127];\n'
               '    return index ? &sysreg_rows[index - 1] : NULL;\n}\n')


def write_table(rows, by_name, traps_def, out_h, out_c):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import traps as traps_module
    all_traps, names, lists = traps_module.parse(traps_def)
    index_of = {row.name: index for index, row in enumerate(rows)}
    trap_tables, more_tables = TablesWriter('uint16_t', 'traps_'), TablesWriter('struct sysreg_more', 'more_')
    lines, handlers = [], set()
    controls = controlling(all_traps)
    for control in controls:
        if control not in by_name or not by_name[control].allows('w'):
            sys.exit(f'{traps_def}: {control} is not written by a row of its own')
    for row in rows:
        text, used = table_row(row, by_name, index_of, trap_tables, more_tables, names, lists,
                               lambda indices: traps_module.union_of_states(all_traps, indices), controls)
        lines.append(f'    {text},\n')
        handlers.update(used)
    with open(out_h, 'w', encoding='utf-8') as file:
        file.write('/* Generated from sysregs.def: the handlers that it names. */\n#ifndef ARMSIM_CPU_SYSREG_HANDLERS_H\n'
                   '#define ARMSIM_CPU_SYSREG_HANDLERS_H\n\n#include "cpu/sysreg.h"\n\n')
        for name in sorted(handlers):
            kind = 'sysreg_read_fn' if name.startswith('sysreg_read_') else 'sysreg_write_fn'
            file.write(f'{kind} {name};\n')
        file.write('\n#endif\n')
    with open(out_c, 'w', encoding='utf-8') as file:
        file.write('/* Generated from sysregs.def. */\n#include "cpu/sysreg_handlers.h"\n'
                   '#include "devices/generic_timer.h"\n#include "gic/gic.h"\n\n')
        file.write(''.join(trap_tables.text + more_tables.text))
        file.write('\nconst struct sysreg_row sysreg_rows[] = {\n' + ''.join(lines) + '};\n\n'
                   'const size_t sysreg_row_count = sizeof sysreg_rows / sizeof sysreg_rows[0];\n\n')
        write_lookup(rows, file)


def main():
    mode, path = sys.argv[1:3]
    rows, by_name = parse(path)
    if mode == 'index':
        write_index(rows, sys.argv[3])
    else:
        write_table(rows, by_name, *sys.argv[3:6])


if __name__ == '__main__':
    main()
