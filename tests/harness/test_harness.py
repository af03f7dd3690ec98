#!/usr/bin/env python3
"""The harness itself: tests that must fail do, and say why; reports, filters, repetitions.

Usage: test_harness.py ARMSIM
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ARMSIM = None
GDB = shutil.which('gdb-multiarch')
COMPILER = os.environ.get('ARMSIM_CC', 'aarch64-linux-gnu-gcc')

PROGRAM = '''
    .globl _start
_start:
    mov x0, #5
call:
    svc #7
    b done
done:
    b done
fail:
    b fail
    .balign 0x800
vectors:
    .rept 16
    eret
    .balign 0x80
    .endr
'''


class Harness(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='armsim-harness-'))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, header, program=PROGRAM):
        text = ''.join(f'//! {line}\n' for line in header.strip().splitlines()) + program
        (self.folder / name).write_text(text, encoding='utf-8')
        return self.folder / name

    def check(self, *arguments, **environment):
        return subprocess.run([ARMSIM, 'check', *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **environment}, cwd=self.folder)

    def passes(self, header, *arguments, program=PROGRAM):
        result = self.check(self.write('test.S', header, program), *arguments)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def fails(self, header, *texts, program=PROGRAM):
        result = self.check(self.write('test.S', header, program))
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        for text in texts:
            self.assertIn(text, result.stdout)
        return result.stdout

    # --- what is expected ---

    def test_everything_as_expected(self):
        self.passes('trap: sync el1->el1 ec=0x15 iss=7 why=SVC elr=call+4 vector=0x200 spsr=0x3c5\n'
                    'expect: X0 = 5\nexpect: X0[2:1] = 2\nexpect: X0[2,0] = 1\nexpect: word@call = 0xd40000e1\n'
                    'expect: PC = done\ncount: sync = 1\ncount: return >= 1\nnever: to=el3\nstat: exceptions = 1')

    def test_trap_differs(self):
        out = self.fails('trap: sync el1->el2 ec=0x16', 'differs from trap 1 of 1', '- sync el1->el2 ec=0x16',
                         'levels are el1->el1, ec is 0x15, expected 0x16', 'svc #0x7', '--gdb gdb-multiarch')
        self.assertRegex(out, r'-> +1 el1h 0+40080004 call +svc')

    def test_trap_missing(self):
        self.fails('trap: ec=0x15\ntrap: ec=0x16', '- ec=0x16', '+ (no more)')

    def test_trap_unexpected(self):
        self.fails('trap: none', 'trap 1 of 1 was not expected')

    def test_any_number_of_traps(self):
        self.passes('trap: ...\ntrap: why=SVC')
        self.fails('trap: ...\ntrap: why=HVC', '- why=HVC')

    def test_never_and_counts(self):
        self.fails('never: ec=0x15', 'never: ec=0x15')
        self.fails('count: why=SVC = 2', 'expected why=SVC = 2, found 1')
        self.fails('stat: exceptions > 1', 'found 1')

    def test_places(self):
        self.fails('expect: X0 = 6', 'expected X0 = 6, found 0x5')
        self.fails('expect: X0[0] = 0', 'found 0x1')
        self.fails('expect: dword@0x10 = 0', 'memory 0x10')
        self.fails('expect: X99 = 0', 'no register "X99"')

    def test_ending(self):
        self.fails('start: fail', 'expected done, found fail')
        self.fails('exit: deadlock', 'expected deadlock, found done')
        self.fails('limit: 1', 'found limit')

    def test_console(self):
        program = '''
    .globl _start
_start:
    mov x1, #0x09000000
    mov w0, #'h'
    strb w0, [x1]
    mov w0, #'\\n'
    strb w0, [x1]
done:
    b done
'''
        device = 'device: port base=0x09000000 console\n'
        self.passes(device + 'console: "h\\n"', program=program)
        self.passes(device + 'console: "...\\n"', program=program)
        self.fails(device + 'console: "h"', 'console: expected "h", found "h\\n"', program=program)
        self.passes('gic: 3\nsecure: off\nentry: el3\nconsole: "h\\n"', program=program)

    # --- failures in gdb ---

    def open_failure(self, out, *commands):
        """What gdb says to each line when the command that a failure shows is executed; the last has armsim's end."""
        command = re.search(r'in gdb: +(.*)', out).group(1)
        text = ''.join(f'echo \\n<{number}>\\n\n{line}\n' for number, line in enumerate(commands))
        result = subprocess.run(['sh', '-c', command], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=60, cwd=self.folder)
        self.beginning, *said = re.split(r'<\d>', result.stdout)
        return [part.replace('(gdb)', '').strip() for part in said]

    @unittest.skipUnless(GDB, 'no gdb-multiarch')
    def test_snapshot_before_a_trap(self):
        out = self.fails('trap: why=HVC\n', 'snapshot: armsim-failures/test.S-', 'before instruction 1')
        said = self.open_failure(out, 'p/x $pc', 'p $x0', 'reverse-stepi', 'p $x0', 'stepi', 'stepi', 'p $EL',
                                 'continue')
        self.assertEqual(said[:4], ['$1 = 0x40080004', '$2 = 5', said[2], '$3 = 0'])
        self.assertIn('_start', said[2])
        self.assertIn('vectors', said[5])
        self.assertIn('not as expected', said[-1])
        # When the test isn't what it was, the snapshot still is.
        path = self.folder / 'test.S'
        path.write_text(path.read_text().replace('#5', '#6'), encoding='utf-8')
        said = self.open_failure(out, 'p/x $pc', 'p $x0', 'kill')
        self.assertEqual(said[:1], ['$1 = 0x40080004'])
        self.assertTrue(said[1].startswith('$2 = 5'))
        self.assertIn('has changed since', self.beginning)

    @unittest.skipUnless(GDB, 'no gdb-multiarch')
    def test_snapshot_before_an_interrupt(self):
        out = self.fails("set: PSTATE[9:6] = 0\ninject: at=3 set X5 = 77\ninject: at=20 irq pulse=2\n"
                         "device: box base=0x1000\nset: word@0x1000 = 9\ntrap: why=SVC\n",
                         'trap 2 of 4 was not expected', 'before instruction')
        said = self.open_failure(out, 'p $x5', 'monitor info traps', 'x/wx 0x1000', 'monitor catch irq', 'continue',
                                 'kill')
        self.assertEqual(said[0], '$1 = 77')
        self.assertNotIn('irq', said[1])
        self.assertIn('0x00000009', said[2])
        self.assertIn('why=IRQ', said[4])

    @unittest.skipUnless(GDB, 'no gdb-multiarch')
    def test_snapshot_at_the_end(self):
        out = self.fails('expect: X0 = 7')
        self.assertIn('<done>', self.open_failure(out, 'x/i $pc', 'kill')[0])
        out = self.fails('start: fail\n')
        self.assertIn('<fail>', self.open_failure(out, 'x/i $pc', 'kill')[0])

    def test_snapshot_folders(self):
        path = self.write('test.S', 'trap: none')
        self.check(path, '--junit', self.folder / 'reports.xml', '--out', 'else')
        self.assertEqual(len(list((self.folder / 'else').glob('*.snapshot'))), 1)
        (self.folder / 'report').mkdir()
        self.check(path, '--junit', 'report/it.xml')
        self.assertEqual(len(list((self.folder / 'report').glob('*.snapshot'))), 1)
        (self.folder / 'file').write_text('')
        self.assertIn('no snapshot: file/x', self.check(path, '--out', 'file/x').stdout)
        self.assertEqual(self.check(path, '--snapshot', 'x').returncode, 2)
        self.assertEqual(self.check(path, '--snapshot', path, '--gdb', 'true').returncode, 3)
        self.assertIn('left in the debugger', self.check(path, '--gdb', 'true').stdout)

    # --- headers ---

    def test_malformed_headers(self):
        for header, text in (('nonsense', 'expected key: value'), ('color: red', 'unknown key "color"'),
                             ('trap[el2: none', 'expected key[condition]: value'), ('[', 'expected [section]'),
                             ('matrix: a', 'expected name=value'), ('include: nothing', 'include: '),
                             ('set: X0 = nobody', 'no symbol or register "nobody"'), ('set: X0', 'expected PLACE = VALUE'),
                             ('trap: sideways', 'expected a kind'), ('entry: el4', 'expected el0 to el3'),
                             ('cpu: z80', 'z80'), ('inject: now irq', 'at=, time=, on=, read='),
                             ('inject: at=1 flip X0 bit=x', 'bit=N'), ('inject: at=1 spi=x on', 'number of an'),
                             ('inject: at=1 fire', 'what to inject'), ('set: X0[70] = 1', 'expected bits'),
                             ('set: X0 = ${y}', 'no matrix variable "y"'), ('el2: off\nentry: el2', "can't be at el2"),
                             ('drive: disk', 'on the board virt'), ('gic: 3\ndrive: disk size=100', 'multiple of 512')):
            with self.subTest(header):
                self.fails(header, text)

    def test_bad_assembly(self):
        self.fails('test: x', 'unknown mnemonic', program='\n    .globl _start\n_start:\n    frobnicate\n')

    def test_sections_matrix_and_conditions(self):
        path = self.write('test.S', 'matrix: el2=on,off n=1,2\nset: X9 = ${n}\nexpect: X9 = ${n}\n[one]\n[two]\n'
                                    'expect[el2=on,n!=1]: X9 = 2\nexpect[n=1|3]: X9 = 1')
        names = self.check(path, '--list').stdout.splitlines()
        self.assertEqual(len(names), 8)
        self.assertEqual(names[0], f'{path}:one:el2=on,n=1')
        self.assertEqual(self.check(path).returncode, 0)

    def test_include_and_sidecar(self):
        (self.folder / 'more').write_text('expect: X0 = 6\n', encoding='utf-8')
        self.fails('include: more', 'more:1: expect')
        (self.folder / 'more').unlink()
        self.write('side.S', 'test: x')
        (self.folder / 'side.S.expect').write_text('expect: X0 = 7\n', encoding='utf-8')
        self.assertIn('found 0x5', self.check(self.folder / 'side.S').stdout)

    def test_elf(self):
        source = self.write('test.S', 'test: x')
        subprocess.run([COMPILER, '-nostdlib', '-static', '-Wl,-N,--build-id=none,-Ttext=0x40080000', '-o', self.folder / 'program',
                        source], check=True, capture_output=True)
        source.unlink()
        self.assertIn('.expect', self.check(self.folder / 'program').stdout)
        (self.folder / 'program.expect').write_text('trap: why=SVC\n', encoding='utf-8')
        result = self.check(self.folder)
        self.assertIn('1 passed', result.stdout)
        (self.folder / 'program').write_bytes((self.folder / 'program').read_bytes()[:100])
        self.assertEqual(self.check(self.folder / 'program').returncode, 1)

    def test_elf_with_its_source_elsewhere(self):
        (self.folder / 'source').mkdir()
        source = self.write('source/program.S', 'golden: program.log\ntrap: why=SVC')
        (self.folder / 'build').mkdir()
        subprocess.run([COMPILER, '-nostdlib', '-static', '-Wl,-N,--build-id=none,-Ttext=0x40080000', '-o',
                        'build/program.elf', source], check=True, capture_output=True, cwd=self.folder)
        self.assertEqual(self.check('build/program.elf').returncode, 1)
        for path in ('build/program.elf', 'build'):
            self.assertIn('1 passed', self.check(path, '--source', 'source', '--update').stdout)
        self.assertTrue((self.folder / 'source/program.log').exists())
        (self.folder / 'build/program.expect').write_text('include: ../source/program.S\nexpect: X0 = 6\n')
        self.assertIn('found 0x5', self.check('build').stdout)

    # --- injections ---

    def test_injections(self):
        loop = '\n    .globl _start\n_start:\n    add x0, x0, #1\ndone:\n    b done\nother:\n    b other\n'
        self.passes('inject: at=50 set X1 = 3\nexpect: X1 = 3', program=loop)
        self.passes('inject: time=60ns flip X2 bit=4\nexpect: X2 = 0x10', program=loop)
        self.passes('inject: on=done set X3 = PC\nexpect: X3 = done', program=loop)
        self.passes('inject: at=20..40 set X4 = 1\nexpect: X4 = 1', program=loop)
        handler = loop + '    .balign 0x800\nvectors:\n    .skip 0x280\n    b other\n'
        self.passes('set: PSTATE[9:6] = 0\ninject: at=9 irq pulse=5\ntrap: irq el1->el1\nexit: limit\n'
                    'expect: PC = other', program=handler)

    def test_injections_by_what_the_guest_does(self):
        self.passes('inject: trap=1 set X5 = 3\nexpect: X5 = 3\ntrap: why=SVC')
        self.passes('device: box base=0x50000000\nset: word@0x50000000 = 7\nset: X0 = 0x50000000\n'
                    'inject: read=0x50000002 set word@0x50000000 = 8\nexpect: X1 = 8\nexpect: X2 = 8',
                    program='\n    .globl _start\n_start:\n    ldr w1, [x0]\n    ldr w2, [x0]\ndone:\n    b done\n')

    def test_power_cut(self):
        program = """
    .globl _start
_start:
    ldr w1, [x0]
    add w1, w1, #1
    str w1, [x0]
    adr x2, number
    ldr w3, [x2]
    add w3, w3, #1
    str w3, [x2]
    ldr x4, [x5]
done:
    b done
number:
    .word 40
"""
        header = ('device: box base=0x50000000\nset: word@0x50000000 = 7\nset: X0 = 0x50000000\nset: X5 = 0x40010000\n'
                  'set: dword@0x40010008 = 9\ninject: at=100 power-cut\nexpect: X1 = 9\nexpect: X3 = 41\n'
                  'expect: X4 != 0\nexpect: dword@0x40010008 = 9\n')
        self.passes(header, '--repeat', 4, program=program)
        self.passes(header + 'gic: 3\nboard: virt', '--repeat', 2, program=program)

    # --- reports ---

    def test_golden(self):
        path = self.write('test.S', 'golden: log')
        self.assertIn('--update', self.check(path).stdout)
        self.assertEqual(self.check(path, '--update').returncode, 0)
        self.assertEqual(self.check(path).returncode, 0)
        log = self.folder / 'log'
        self.assertIn('why=SVC', log.read_text(encoding='utf-8'))
        log.write_text(log.read_text(encoding='utf-8').replace('ec=0x15', 'ec=0x16'), encoding='utf-8')
        self.assertIn('log:2: golden: differs', self.check(path).stdout)

    def test_reports(self):
        self.write('good.S', 'test: x')
        self.write('bad.S', 'expect: X0 = 6')
        self.write('skipped.S', 'skip: not <now>')
        junit = self.folder / 'out.xml'
        result = self.check(self.folder, '--tap', '--junit', junit, '--jobs', 3)
        self.assertEqual(result.returncode, 1)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[:2], ['TAP version 13', '1..3'])
        self.assertRegex(lines[2], r'^not ok 1 - .*bad\.S$')
        self.assertTrue(any(re.match(r'ok 3 - .*skipped\.S # SKIP not <now>', line) for line in lines))
        root = xml.etree.ElementTree.parse(junit).getroot()
        self.assertEqual((root.get('tests'), root.get('failures'), root.get('skipped')), ('3', '1', '1'))
        self.assertIn('found 0x5', root.find('.//failure').text)

    def test_shards_and_filters(self):
        path = self.write('test.S', 'matrix: n=1,2,3,4,5,6,7')
        shards = [self.check(path, '--list', '--shard', f'{i}/3').stdout.splitlines() for i in (1, 2, 3)]
        self.assertEqual(sorted(sum(shards, [])), sorted(self.check(path, '--list').stdout.splitlines()))
        self.assertEqual(len(self.check(path, '--list', '--filter', 'n=[').stdout.splitlines()), 0)
        self.assertEqual(len(self.check(path, '--list', '--filter', 'n=?').stdout.splitlines()), 7)
        self.assertEqual(len(self.check(path, '--list', '--filter', 'n=3', '--filter', 'n=4').stdout.splitlines()), 2)
        self.assertEqual(self.check(path, '--filter', 'nothing').returncode, 2)

    def test_repetitions(self):
        self.assertIn('1 passed', self.passes('smp: 2\nquantum: 50\ninject: at=333 serror\nlimit: 3000', '--repeat', 6))

    def test_engines_agree(self):
        self.passes('matrix: engine=run,step\ntrap: why=SVC\nexpect: X0 = 5\nstat: instructions = 100000')

    def test_coverage(self):
        self.passes('test: x\nmatrix: n=1,2', '--coverage', self.folder / 'coverage')
        data = json.loads((self.folder / 'coverage/coverage.json').read_text(encoding='utf-8'))
        encodings = {row['name']: row['count'] for row in data['encodings']['rows']}
        self.assertEqual(encodings['MOVZ_64_movewide'], 2)
        self.assertEqual(encodings['ADD_64_addsub_imm'], 0)
        vectors = {row['detail']: row['count'] for row in data['vectors']['rows'] if row['name'] == 'VBAR_EL1'}
        self.assertEqual(vectors['+0x200'], 2)
        page = (self.folder / 'coverage/index.html').read_text(encoding='utf-8')
        self.assertIn('<td>addsub_imm</td>', page)
        self.assertIn('PMEVCNTR0-30_EL0', page)
        never = page[page.index('id="encodings"'):].split('<details>')[0]
        self.assertIn('<span>ADD_64</span>', never)
        self.assertNotIn('<span>MOVZ_64</span>', never)
        self.assertNotRegex(page, r'(src|href)="(?!#)')

    def test_without_compiler(self):
        result = self.check(self.write('test.S', 'test: x'), ARMSIM_CC='/nonexistent/gcc')
        self.assertEqual(result.returncode, 0)
        self.assertIn('no cross assembler', result.stdout)
        self.assertIn('1 skipped', result.stdout)

    def test_bad_command_lines(self):
        path = self.write('test.S', 'test: x')
        for arguments in ([], ['--frobnicate', path], ['--jobs'], ['--jobs', '0', path], ['--shard', '4/3', path],
                          ['--repeat', 'x', path]):
            with self.subTest(arguments):
                self.assertEqual(self.check(*arguments).returncode, 2)
        self.assertEqual(self.check('/nonexistent').returncode, 3)
        self.assertEqual(self.check('--help').returncode, 0)


if __name__ == '__main__':
    ARMSIM = os.path.abspath(sys.argv.pop(1))
    if not shutil.which(COMPILER):
        print(f'no {COMPILER}: skipped')
        sys.exit(77)
    unittest.main()
