#!/usr/bin/env python3
"""Sessions of Debian's gdb-multiarch with the built-in ROM and with a Linux kernel.

    test_gdb.py ARMSIM ROM.elf [TEST...]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
import debian
import panic
from client import Machine

ARMSIM = ROM = None
GDB = shutil.which("gdb-multiarch")
SKIPPED = 77  # meson's status for it


class GdbTest(unittest.TestCase):
    machine = None

    def tearDown(self):
        if self.machine:
            self.machine.close()

    def session(self, *commands, options=(), symbols=None, halted=True, timeout=120):
        """gdb's output, command by command, each behind a line "[n]"."""
        self.machine = Machine(ARMSIM, *options, halted=halted, connect=False)
        lines = ["set pagination off", "set confirm off", "set width 0", f"target remote :{self.machine.port}"]
        arguments = [GDB, "-q", "-nx", "-batch"]
        for line in lines:
            arguments += ["-ex", line]
        for number, line in enumerate(commands):
            arguments += ["-ex", f"echo \\n[{number}]\\n", "-ex", line]
        result = subprocess.run(arguments + ([symbols] if symbols else ["-ex", "echo"]), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                timeout=timeout)
        parts = re.split(r"^\[\d+\]$", result.stdout, flags=re.M)
        self.assertEqual(len(parts), len(commands) + 1, result.stdout)
        return [part.strip() for part in parts[1:]]


    def kernel(self):
        """Debian's kernel and initramfs."""
        try:
            return debian.prepare("cloud")
        except (debian.DebianError, OSError, subprocess.SubprocessError) as error:
            return self.skipTest(str(error))


class Rom(GdbTest):
    OPTIONS = ["-M", "virt,secure=on,virtualization=on,gic-version=3", "-smp", "2"]

    def rom(self, *commands, **options):
        return self.session(*commands, options=self.OPTIONS, symbols=ROM, **options)

    def test_registers(self):
        out = self.rom("info registers pc cpsr", "p $EL", "set $x3 = 0x1234567890", "p/x $x3", "set $v4.u64x2[1] = 7",
                       "p $v4.u64x2", "p/x $MIDR_EL1", "info registers timer", "info registers translation",
                       "set $VBAR_EL1 = 0x40001000", "p/x $VBAR_EL1", "maint print reggroups", "info all-registers",
                       "set $cpsr = 0x3c5", "p $EL", "p $sp")
        self.assertRegex(out[0], r"pc +0x40080000.*\n.*cpsr +0x3cd +\[.*EL=3.*\]")
        self.assertEqual(out[1], "$1 = 3")
        self.assertEqual(out[3], "$2 = 0x1234567890")
        self.assertEqual(out[5], "$3 = {0, 7}")
        self.assertEqual(out[6], "$4 = 0x411fd070")
        self.assertRegex(out[7], r"CNTFRQ_EL0 +0x3b9aca0 +62500000\n")
        self.assertIn("CNTV_CTL_EL0", out[7])
        self.assertIn("TTBR0_EL1", out[8])
        self.assertNotIn("CNTV", out[8])
        self.assertEqual(out[10], "$5 = 0x40001000")
        for group in ("general", "timer", "gic", "exception", "translation", "id", "debug", "pmu", "pe"):
            self.assertIn(group, out[11])
        self.assertIn("SCTLR_EL3", out[12])
        self.assertEqual(out[14], "$6 = 1")

    def test_down_through_the_levels(self):
        out = self.rom("break at_el2", "hbreak at_el1", "tbreak at_el0", "continue", "p $EL", "continue", "p $EL",
                       "x/i $pc", "continue", "p $EL", "stepi", "p $EL", "x/i $ELR_EL1-4", "p/x $ESR_EL1",
                       "info threads", "kill")
        self.assertIn("hit Breakpoint 1", out[3])
        self.assertEqual(out[4], "$1 = 2")
        self.assertIn("hit Breakpoint 2", out[5])
        self.assertEqual(out[6], "$2 = 1")
        self.assertIn("<at_el1+", out[7])
        self.assertIn("Temporary breakpoint 3", out[8])
        self.assertEqual(out[9], "$3 = 0")
        self.assertRegex(out[14], r"(?s)\* 1 +Thread 1 \(PE 0: EL\d.*2 +Thread 2 \(PE 1: EL3 Secure")

    def test_step_over_an_svc(self):
        out = self.rom("break at_el0", "continue", "x/i $pc", "stepi", "p/x $pc", "p $EL", "p/x $ESR_EL1", "p $ELR_EL1",
                       "break *$ELR_EL1", "continue", "p $EL", "monitor info traps 2")
        self.assertIn("svc", out[2])
        self.assertIn("vectors_el1", out[3])
        self.assertEqual(out[5], "$2 = 1")
        self.assertEqual(out[6], "$3 = 0x56000010")
        self.assertIn("hit Breakpoint 2", out[9])
        self.assertEqual(out[10], "$5 = 0")
        self.assertRegex(out[11], r"sync EL0ns->EL1ns why=SVC .*\n.*return EL1ns->EL0ns")

    def test_watchpoints(self):
        out = self.rom("break at_el1", "continue", "watch *(unsigned *)&taken", "continue", "continue", "delete",
                       "rwatch *(unsigned *)&taken", "continue", "x/i $pc", "delete", "awatch *(unsigned *)&taken",
                       "continue", "delete", "continue")
        self.assertRegex(out[3], r"Hardware watchpoint 2: .*\n\nOld value = 0\nNew value = 1\n")
        self.assertRegex(out[4], r"Hardware watchpoint 2: .*\n\nOld value = 1\nNew value = 0\n")
        self.assertRegex(out[7], r"Hardware read watchpoint 3: .*\n\nValue = ")
        self.assertRegex(out[11], r"Hardware access \(read/write\) watchpoint 4")
        self.assertIn("exited normally", out[13])

    def test_catch(self):
        out = self.rom("monitor catch hvc,smc to 3", "continue", "p $EL", "p/x $ESR_EL3", "monitor catch dabort from 0",
                       "continue", "p/x $FAR_EL1", "monitor catch off", "continue")
        self.assertIn("why=SMC", out[1])
        self.assertIn("SIGTRAP", out[1])
        self.assertEqual(out[2], "$1 = 3")
        self.assertEqual(out[3], "$2 = 0x5e000023")
        self.assertEqual(out[6], "$3 = 0x4000000000")
        self.assertIn("exited normally", out[8])
        self.assertEqual(self.machine.wait(), 0)

    def test_memory(self):
        out = self.rom("maint packet qqemu.PhyMemMode", "break call_el0", "continue", "x/2wx 0x4000000000",
                       "maint packet Qqemu.PhyMemMode:1", "x/wx 0x40000000", "monitor phys on nonsecure",
                       "x/wx 0x40000000", "maint packet Qqemu.PhyMemMode:0", "monitor info translation 0x40080000",
                       "monitor info translation 0x4000000000", "set var *(int *)&order = 77", "p *(int *)&order",
                       "monitor el 2", "p *(int *)&order", "monitor el current")
        self.assertIn('"0"', out[0])
        self.assertIn("Cannot access memory", out[3])
        self.assertIn('"OK"', out[4])
        for index in (5, 7):
            self.assertIn("0xedfe0dd0", out[index])  # the device tree
        self.assertRegex(out[9], r"(?s)stage 1 level .*Non-secure 0x40080000, r.x, Normal")
        self.assertIn("translation fault, stage 1 level 1", out[10])
        self.assertEqual(out[12], "$1 = 77")
        self.assertIn("EL2 Non-secure", out[13])
        self.assertEqual(out[14], "$2 = 77")

    def test_threads(self):
        out = self.rom("break at_el1", "continue", "thread 2", "p $EL", "p/x $MPIDR_EL1", "set scheduler-locking on",
                       "thread 1", "stepi", "x/i $pc", "set scheduler-locking off", "stepi", "detach")
        self.assertIn("Switching to thread 2", out[2])
        self.assertEqual(out[3], "$1 = 3")
        self.assertEqual(out[4], "$2 = 0x80000001")
        self.assertIn("install_vectors", out[7])
        self.assertIn("detached", out[11])
        self.assertEqual(self.machine.wait(), 0)  # it goes on to its end

    def test_reverse(self):
        out = self.rom("break at_el1", "tbreak at_el0", "continue", "continue", "reverse-stepi", "stepi", "p $pc",
                       "reverse-continue", "p $EL", "watch *(unsigned *)&taken", "continue", "continue",
                       "reverse-continue", "p *(int *)&taken", "reverse-continue", "p *(int *)&taken",
                       "reverse-continue", "monitor catch off", "reverse-continue", "delete", "monitor catch smc",
                       "continue", "continue", "reverse-continue", "p/x $ESR_EL3", "monitor catch off", "continue")
        self.assertIn("enter", out[4])
        self.assertRegex(out[6], r"\$1 = .* <at_el0")
        self.assertIn("hit Breakpoint 1", out[7])
        self.assertEqual(out[8], "$2 = 1")
        self.assertRegex(out[12], r"Hardware watchpoint 3: .*\n\nOld value = 0\nNew value = 1\n")
        self.assertEqual(out[13], "$3 = 1")
        self.assertRegex(out[14], r"Hardware watchpoint 3: .*\n\nOld value = 1\nNew value = 0\n")
        self.assertEqual(out[15], "$4 = 0")
        self.assertIn("hit Breakpoint 1", out[16])
        self.assertIn("No more reverse-execution history", out[18])
        self.assertEqual(out[24], "$5 = 0x5e000023")
        self.assertIn("exited normally", out[26])

    def test_attach_to_a_running_machine(self):
        loop = ["-device", f"loader,file={ROM},addr=0x40100000,force-raw=on,cpu-num=0", "-semihosting"]
        out = self.session("p $EL", "stepi", "kill", options=loop, halted=False)
        self.assertEqual(out[0], "$1 = 1")


class Linux(GdbTest):
    """Debian's kernel; without symbols, as gdb sees any kernel."""

    def test_boot(self):
        kernel, initramfs = self.kernel()
        options = ["-m", "256", "-smp", "2", "-kernel", str(kernel), "-initrd", str(initramfs),
                   "-append", "console=ttyAMA0", "-no-reboot"]
        out = self.session("stepi 100", "monitor catch svc from 0", "continue", "p $EL", "p/x $ESR_EL1", "info threads",
                           "hbreak *$pc", "monitor catch irq from 1", "delete", "continue", "tbreak *$pc",
                           "monitor catch off", "set $before = $CNTVCT_EL0", "continue", "p $CNTVCT_EL0 > $before",
                           "p $EL", "stepi", "x/i $pc", "watch -l *(long *)($sp - 64)", "continue",
                           "monitor info traps 3", "reverse-stepi", "x/i $pc", "delete",
                           "monitor catch svc from 0", "reverse-continue", "p/x $ESR_EL1 >> 26", "kill",
                           options=options)
        self.assertIn("why=SVC", out[2])
        self.assertEqual(out[3], "$1 = 1")
        self.assertEqual(out[4], "$2 = 0x56000000")
        self.assertRegex(out[5], r"PE 0: .*\n.*PE 1: ")
        self.assertIn("why=IRQ", out[9])
        self.assertIn("hit Temporary breakpoint 2", out[13])
        self.assertEqual(out[14], "$3 = 1")
        self.assertEqual(out[15], "$4 = 1")
        self.assertIn("Hardware watchpoint 3", out[19])
        self.assertEqual(out[20].count("\n"), 2)
        self.assertIn("why=SVC", out[25])
        self.assertEqual(out[26], "$5 = 0x15")


class Panic(GdbTest):
    """A kernel that finds no root file system, from the panic back to the parameter that is the cause."""

    def test_back_to_the_cause(self):
        self.kernel()
        lines = panic.commands()
        with tempfile.TemporaryDirectory(prefix="armsim-panic-") as folder:
            symbols = pathlib.Path(folder) / "kernel"
            panic.write_symbols(ARMSIM, symbols)
            out = self.session(*lines, "kill", options=panic.machine_options(panic.APPEND), symbols=str(symbols),
                               timeout=600)
        said = iter(zip(lines, out))

        def then(command, pattern):
            """The next such command was answered so."""
            answer = next(text for line, text in said if line == command)
            self.assertRegex(answer, pattern)
            return answer

        then("continue", "in panic")
        then("x/s $x0", "VFS: Unable to mount root fs")
        then("info symbol $x30", "^mount_block_root")
        then("reverse-continue", "Breakpoint 2, .* in init_eaccess")
        then("x/s $x0", '"/nonexistent"')
        then("x/4i $x30-8", "ldr.*(?s:.*)bl.*init_eaccess")
        then("reverse-continue", r"Hardware watchpoint(?s:.*)Old value(?s:.*)New value(?s:.*)in rdinit_setup")
        then("x/s *$variable", '"/init"')  # what it was before
        then("reverse-continue", r"Old value = 47 '/'(?s:.*)in strcpy")
        then("info symbol $x30", "^start_kernel")
        then("x/s $x1", re.escape(panic.APPEND))
        then("reverse-continue", r"Old value = 47 '/'(?s:.*)in strscpy")
        then("info symbol $x30", "^early_init_dt_scan_chosen")
        then("x/s $x1", re.escape(panic.APPEND))
        history = then("monitor info history", "instructions 0 to")
        _, last, now = map(int, re.findall(r"\d+", history))
        self.assertGreater(last, 500_000_000)
        self.assertLess(now, 50_000_000)


if __name__ == "__main__":
    if not GDB:
        print("no gdb-multiarch")
        sys.exit(SKIPPED)
    ARMSIM, ROM = map(os.path.abspath, sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
