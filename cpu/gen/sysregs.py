#!/usr/bin/env python3
"""sysregs.def -> sysreg_index.h (and, with traps.def, sysreg_table.c).

Usage: sysregs.py index sysregs.def OUT.h
       sysregs.py table sysregs.def traps.def OUT.c
"""
import re
import sys


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
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            words = line.split('#', 1)[0].split()
            if not words:
                continue
            where = f'{path}:{number}'
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
        file.write('    SR_ICC_SRE_EL1_S, /* the Secure instance */\n    SR_COUNT\n};\n\n#endif\n')


def main():
    mode, path = sys.argv[1:3]
    rows, names = parse(path)
    if mode == 'index':
        write_index(rows, sys.argv[3])


if __name__ == '__main__':
    main()
