#!/usr/bin/env python3
"""Writes a test for each row of traps.def: with the control set every instruction that it catches traps, from every EL
and state in which the row counts, to the right EL with the right syndrome; with the control clear none of them does.

Usage: generate.py DIRECTORY [STAMP]   (a file ROW.S for each name, and permissive.expect; STAMP is touched at the end)
"""
import itertools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'cpu/gen'))
import sysregs  # noqa: E402
import tables   # noqa: E402
import traps    # noqa: E402

EC = {'SYSREG': 0x18, 'FP': 0x07, 'WFX': 0x01, 'SMC': 0x17, 'HVC': 0x16, 'PAUTH': 0x09, 'SVE': 0x19}
CONDITION = 0x1e00000  # CV and COND of classes that have them
SECURE_ONLY = {'ICC_SRE_EL1_S': 'ICC_SRE_EL1'}  # the name of a bank
# Of each family the first register and the last that there is: 6 counters, 4 list registers, 16 break- and watchpoints.
FAMILY_MEMBERS = {'PMEVCNTR': (0, 5), 'PMEVTYPER': (0, 5), 'ICH_LR': (0, 3), 'ICC_AP0R': (0,), 'ICC_AP1R': (0,),
                  'ICH_AP0R': (0,), 'ICH_AP1R': (0,), 'DBGBVR': (0, 15), 'DBGBCR': (0, 15), 'DBGWVR': (0, 15),
                  'DBGWCR': (0, 15)}
GIC_REGISTERS = ('ICC_', 'ICH_')


class State:
    """Where an instruction is executed. The table's conditions, and what the harness does to get there."""

    def __init__(self, el, ns, e2h, tge, el3=True):
        self.el, self.ns, self.e2h, self.tge, self.el3 = el, ns, e2h, tge, el3

    @property
    def index(self):
        return self.el << 4 | self.ns << 3 | self.ns << 2 | self.e2h << 1 | self.tge

    @property
    def name(self):
        kind = 'host' if self.e2h and self.tge else 'e2h' if self.e2h else 'tge' if self.tge else ''
        return f'el{self.el}' + ('' if self.ns else '_secure') + (f'_{kind}' if kind else '') + \
            ('' if self.el3 else '_no_el3')

    def lines(self):
        yield f'entry: el{self.el}'
        if not self.ns:
            yield 'secure: on'
        if not self.el3:
            yield 'el3: off'
        if self.ns:
            yield f'set: HCR_EL2[34] = {self.e2h}'
            yield f'set: HCR_EL2[27] = {self.tge}'


def states(el3=True):
    """EL2 is there in Non-secure state only; with TGE nobody is at EL1."""
    for el, ns, e2h, tge in itertools.product(range(4 if el3 else 3), *[(0, 1)] * 3):
        if (not ns and (e2h or tge or el == 2)) or (el == 1 and tge) or (not el3 and not ns):
            continue
        yield State(el, ns, e2h, tge, el3)


class Access:
    """An instruction under test: its label, its words, the controls that count for it in their order."""

    def __init__(self, label, code, iss, controls, needs=(), row=None, read=False, clear='none', end=None, el3=True):
        self.label, self.code, self.iss, self.controls, self.needs = label, code, iss, controls, set(needs)
        self.row, self.read, self.clear, self.end, self.el3 = row, read, clear, end, el3
        self.gic = row is not None and row.feature == 'GICv3'

    def allowed(self, state):
        """The columns and clauses of sysregs.def let it through there."""
        row = self.row
        if row is None:
            return self.label not in ('hvc', 'hvc_no_el3') or (state.el > 0 and (state.ns or state.el == 3))
        if not row.allows('r' if self.read else 'w') >> state.el & 1:
            return False
        flags = row.flags
        return not (('vhe' in flags and not state.e2h) or ('needs_el2' in flags and not state.ns) or
                    ('secure_el1' in flags and state.el == 1 and state.ns) or
                    ('highest' in flags and state.el != 3) or
                    ('highest_writes' in flags and not self.read and state.el != 3) or
                    ('non_secure_el3' in flags and state.el == 3 and not state.ns) or
                    ('lor' in flags and not state.ns))


def features():
    """Those that this build has, and those of the model v8.2 and below."""
    built, mandatory = set(), set()
    for _, line in tables.rows(ROOT / 'cpu/features.def'):
        words = line.split()
        if len(words) >= 5 and words[0] != 'field' and words[2] == 'yes':
            built.add(words[0])
            if re.fullmatch(r'8\.[012]', words[1]):
                mandatory.add(words[0])
    return built, mandatory


def register_needs(row):
    return set() if row.feature == '-' else {row.feature.split('|')[0]}


def bit_needs(rows, trap):
    """The features without which the control's bits are RES0."""
    needs = set()
    for register, mask, _, _ in trap.tests:
        row = rows.get(SECURE_ONLY.get(register, register))
        if row is None:
            continue
        needs |= register_needs(row)
        base = sysregs.bits(row.values['w']) if 'w' in row.values else (1 << 64) - 1
        if mask & ~base:
            needs |= {feature for feature, bits in row.more if bits & mask}
    return needs


def system_accesses(rows, names, lists):
    for row in rows.values():
        if 'tag' in row.values or (row.family and row.number not in FAMILY_MEMBERS[row.family]):
            continue
        op0, op1, crn, crm, op2 = row.encoding
        for letter, read in (('r', True), ('w', False)):
            if not row.allows(letter):
                continue
            controls = sysregs.trap_indices(row, letter, names, lists)
            if not controls:
                continue
            iss = op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | crm << 1 | read
            if op0 == 1:
                code = [f'sys #{op1}, C{crn}, C{crm}, #{op2}, x0']
                operand = 'adr x0, scratch'
            else:
                name = f's{op0}_{op1}_c{crn}_c{crm}_{op2}'
                code = [f'mrs x0, {name}' if read else f'msr {name}, x0']
                operand = 'mov x0, #0'
            # DC ZVA to Device memory, which all is while translation is off, has an Alignment fault of its own.
            clear = 'never' if row.name == 'DC_ZVA' else 'none'
            yield Access(f'{letter}_{row.name}', [operand] + code, iss, controls, register_needs(row), row, read, clear)


def instruction_accesses(names, lists):
    def controls(name):
        return [index for member in lists[name] for index in names[member]]
    yield Access('fp', ['nop', 'fmov d0, d1'], CONDITION, controls('fp'))
    yield Access('wfi', ['nop', 'wfi'], CONDITION, controls('wfi'), end='deadlock')
    yield Access('wfe', ['nop', 'wfe'], CONDITION | 1, controls('wfe'), end='deadlock')
    yield Access('smc', ['nop', 'smc #0'], 0, controls('smc'), clear='sync ->el3 ec=0x17 why=SMC elr=smc+4')
    yield Access('hvc', ['nop', 'hvc #0'], 0, controls('hvc'), clear='sync ec=0x16 why=HVC elr=hvc+4')
    yield Access('hvc_no_el3', ['nop', 'hvc #0'], 0, controls('hvc_no_el3'),
                 clear='sync ec=0x16 why=HVC elr=hvc_no_el3+4', el3=False)
    yield Access('daif', ['nop', 'msr daifset, #0'], 0 << 20 | 6 << 17 | 3 << 14 | 4 << 10 | 31 << 5, controls('daif'))
    # An IMPLEMENTATION DEFINED encoding that no model has, and a register of EL2.
    yield Access('implementation', ['nop', 'mrs x0, s3_0_c15_c13_7'],
                 3 << 20 | 7 << 17 | 15 << 10 | 13 << 1 | 1, controls('tidcp'), clear='sync ec=0')
    yield Access('nested', ['nop', 'mrs x0, s3_4_c1_c1_0'], 3 << 20 | 4 << 14 | 1 << 10 | 1 << 1 | 1, controls('nv'),
                 clear='sync ec=0')
    yield Access('pauth', ['nop', 'pacia x0, x1'], 0, controls('pauth'), {'PAuth'})


class Registers:
    """Values of the control fields, as far as rows test them."""

    def __init__(self):
        self.value = {}

    def set(self, test, fires):
        register, mask, differs, value = test
        equal = fires != differs
        self.value[register] = (self.value.get(register, 0) & ~mask) | (value if equal else ~value & mask)

    def fires(self, trap, state):
        if not trap.mask >> state.index & 1:
            return False
        return all(((self.value[register] & mask) == value) != differs for register, mask, differs, value in trap.tests)


def permissive(table):
    registers = Registers()
    for trap in table:
        if trap.tests:
            registers.set(trap.tests[0], False)
    return registers


def bit_list(mask):
    return ','.join(str(bit) for bit in range(63, -1, -1) if mask >> bit & 1)


def setting(register, mask, value, prefix='set'):
    name = SECURE_ONLY.get(register, register)
    for bits, bit in ((mask & value, 1), (mask & ~value, 0)):
        if bits:
            yield f'{prefix}: {name}[{bit_list(bits)}] = {bit}'


def write_permissive(path, table, registers):
    masks = {}
    for trap in table:
        for register, mask, _, _ in trap.tests:
            masks[register] = masks.get(register, 0) | mask
    with open(path, 'w', encoding='utf-8') as file:
        file.write('# Every control of traps.def lets through what it can catch.\n')
        for register, mask in masks.items():
            if register in SECURE_ONLY:
                continue
            conditions = ['gic=3'] if register.startswith(GIC_REGISTERS) else []
            conditions += ['el3!=off'] if register.endswith('_EL3') else []
            key = f'set[{",".join(conditions)}]' if conditions else 'set'
            for line in setting(register, mask, registers.value.get(register, 0), key):
                file.write(line + '\n')


class Section:
    def __init__(self, state, trap, target, ec, rerouted, needs, gic, clear, end):
        self.state, self.trap, self.target, self.ec, self.rerouted = state, trap, target, ec, rerouted
        self.needs, self.gic, self.clear, self.end, self.accesses = needs, gic, clear, end, []


def outcome(trap, access, state):
    """The EL that the exception goes to, its class, and whether it has lost its syndrome on the way."""
    if trap.target == 'TRAP_UNDEFINED':
        return (state.el if state.el > 1 else 2 if state.tge else 1), 0, True
    target = int(trap.target)
    if target == 1 and state.tge:
        lost = trap.kind == 'FP' and access.row is None  # FPCR and FPSR keep theirs
        return 2, (0 if lost else EC[trap.kind]), lost
    return target, EC[trap.kind], False


def sections(index, table, accesses, rows, built):
    """The tests of one row: accesses that have the same outcome in the same state together."""
    found = {}
    trap = table[index]
    for access in accesses:
        if index not in access.controls:
            continue
        for state in states(access.el3):
            if not trap.mask >> state.index & 1 or not access.allowed(state):
                continue
            registers = permissive(table)
            for test in trap.tests:
                registers.set(test, True)
            first = next(table[i] for i in access.controls if registers.fires(table[i], state))
            if first is not trap:
                continue  # a row that comes before it in this state answers: its own test has that
            target, ec, lost = outcome(trap, access, state)
            needs = (access.needs | bit_needs(rows, trap)) - built
            key = (state.name, target, ec, lost, tuple(sorted(needs)), access.gic, access.clear, access.end)
            section = found.setdefault(key, Section(state, trap, target, ec, lost, needs, access.gic, access.clear,
                                                    access.end))
            section.accesses.append(access)
    return list(found.values())


def section_lines(section, name):
    state, trap = section.state, section.trap
    yield f'[{name}]'
    yield from state.lines()
    if section.gic:
        yield 'gic: 3'
    if section.needs:
        yield f'requires: {" ".join(sorted(section.needs))}'
    senses = 'set,clear' if trap.tests else 'set'
    yield f'matrix: access={",".join(access.label for access in section.accesses)} control={senses}'
    yield 'start: start_${access}'
    for register, mask, differs, value in trap.tests:
        yield from setting(register, mask, ~value & mask if differs else value, 'set[control=set]')
    iss = '0' if section.rerouted else f'0x{CONDITION:x}' if section.ec == EC['FP'] else 'iss_${access}'
    yield (f'trap[control=set]: sync el{state.el}->el{section.target} ec=0x{section.ec:02x} why="{trap.name}" '
           f'elr=${{access}} iss={iss}')
    if not trap.tests:
        return
    if section.clear == 'never':
        yield f'never[control=clear]: why="{trap.name}"'
    else:
        yield f'trap[control=clear]: {section.clear}'
    if section.end:
        yield f'exit[control=clear]: {section.end}'


def write_test(path, name, parts, cpu):
    accesses = {access.label: access for section in parts for access in section.accesses}
    with open(path, 'w', encoding='utf-8') as file:
        def put(line=''):
            file.write(f'//! {line}\n'.replace('//! \n', '//!\n'))
        put(f'test: {name} traps what it should while set, and nothing while clear')
        put(f'cpu: {cpu}')
        put('limit: 400')
        put('include: permissive.expect')
        used = {}
        for section in parts:
            base = section.state.name
            used[base] = used.get(base, 0) + 1
            put()
            for line in section_lines(section, base if used[base] == 1 else f'{base}_{used[base]}'):
                put(line)
        file.write(f'#include "{ROOT}/tests/traps/test.h"\n\n    .globl _start\n_start:\n    b fail\n')
        for label, access in accesses.items():
            file.write(f'\n    .set iss_{label}, 0x{access.iss:x}\nstart_{label}:\n    {access.code[0]}\n{label}:\n')
            file.write(''.join(f'    {line}\n' for line in access.code[1:]) + '    b done\n')
        file.write('\n    ending\n    all_skip_vectors\n    .balign 64\nscratch:\n    .skip 64\n')


def file_name(name):
    return re.sub(r'[^\w.]', '_', name)


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob('*.S'):
        old.unlink()
    table, names, lists = traps.parse(str(ROOT / 'cpu/traps.def'))
    _, rows = sysregs.parse(str(ROOT / 'cpu/sysregs.def'))
    built, mandatory = features()
    accesses = list(system_accesses(rows, names, lists)) + list(instruction_accesses(names, lists))
    wanted = set().union(*(access.needs for access in accesses), *(bit_needs(rows, trap) for trap in table))
    options = sorted((wanted & built) - mandatory - {'GICv3', 'PMUv3'})
    cpu = ','.join(['v8.2'] + [f'{name.lower()}=on' for name in options])
    write_permissive(directory / 'permissive.expect', table, permissive(table))
    untested = []
    for name, indices in names.items():
        parts = []
        for index in indices:
            of_row = sections(index, table, accesses, rows, built)
            if not of_row:
                untested.append(table[index].where)
            parts += of_row
        if parts:
            write_test(directory / f'{file_name(name)}.S', name, parts, cpu)
    if untested:
        sys.exit('no test reaches the rows at ' + ', '.join(untested))
    if len(sys.argv) > 2:
        pathlib.Path(sys.argv[2]).touch()


if __name__ == '__main__':
    main()
