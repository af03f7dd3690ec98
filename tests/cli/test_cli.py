#!/usr/bin/env python3
"""The command from outside: options, bad input, exit statuses, records, terminal.

    test_cli.py ARMSIM [TEST...]
"""

import gzip
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

import guest

ARMSIM = None
RAM = 0x40000000
TIMEOUT = 60


class CliTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="armsim-cli-")
        self.path = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def file(self, name, data):
        path = self.path / name
        path.write_bytes(data)
        return str(path)

    def run_armsim(self, *arguments, stdin=subprocess.DEVNULL, command="run"):
        return subprocess.run([ARMSIM, command, *arguments], stdin=stdin, capture_output=True, timeout=TIMEOUT,
                              cwd=self.path)

    def program(self, *words, name="program.bin"):
        """Options that start a program at the beginning of RAM."""
        return ["-device", f"loader,file={self.file(name, guest.code(*words))},addr={RAM:#x},cpu-num=0"]

    def contents(self):
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
                for path in self.path.rglob("*")}

    def one_line(self, result):
        text = result.stderr.decode()
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("armsim: "), text)
        return text

    def refused(self, status, *arguments, names):
        """Refused with a status and one line that has all `names`; nothing on disk has changed."""
        before = self.contents()
        result = self.run_armsim(*arguments, "-serial", "file:serial.txt", "-D", "log.txt", "--trace", "trace.txt",
                                 "--stats", "stats.json", "--limit", "1000")
        text = self.one_line(result)
        self.assertEqual(result.returncode, status, text)
        for name in names:
            self.assertIn(name, text)
        self.assertEqual(before, self.contents())


class Usage(CliTest):
    def test_help_and_version(self):
        for option in ("--help", "-help", "-h", "help"):
            result = self.run_armsim(command=option)
            self.assertEqual(result.returncode, 0)
            self.assertIn(b"-kernel", result.stdout)
        for option in ("--version", "-version"):
            result = self.run_armsim(command=option)
            self.assertEqual((result.returncode, result.stdout[:7]), (0, b"armsim "))
        for option in (("-cpu", "help"), ("-M", "help"), ("-d", "help"), ("--impdef", "help"), ("--help",)):
            result = self.run_armsim(*option)
            self.assertEqual(result.returncode, 0, option)
            self.assertTrue(result.stdout)
        self.assertIn(b"cortex-a76", self.run_armsim("-cpu", "help").stdout)

    def test_no_command(self):
        self.assertEqual(subprocess.run([ARMSIM], capture_output=True).returncode, 2)
        self.assertEqual(self.run_armsim(command="frobnicate").returncode, 2)

    def test_unknown_or_impossible(self):
        for arguments, names in (
                (["--frobnicate"], ["--frobnicate"]),
                (["kernel.img"], ["kernel.img"]),
                (["-kernel"], ["-kernel", "expected a value"]),
                (["-nographic=on"], ["-nographic"]),
                (["-M", "raspi3"], ["-M", "virt", "raspi3"]),
                (["-M", "virt,gic-version=4"], ["gic-version", "2 or 3", "4"]),
                (["-M", "virt,secure=yes"], ["secure", "on or off", "yes"]),
                (["-M", "virt,highmem=on"], ["gic-version", "highmem"]),
                (["-cpu", "pentium"], ["pentium"]),
                (["-cpu", "cortex-a57,frob=on"], ["frob"]),
                (["-cpu", "cortex-a57,crc32=maybe"], ["crc32"]),
                (["-smp", "0"], ["-smp", "0"]),
                (["-smp", "9"], ["smp", "9"]),
                (["-smp", "four"], ["-smp", "four"]),
                (["-M", "virt,gic-version=3", "-smp", "65"], ["-smp", "65"]),
                (["-m", "12Q"], ["-m", "12Q"]),
                (["-m", "0"], ["ram_size"]),
                (["-m", "99999999999999999999"], ["-m"]),
                (["-m", "300G"], ["ram_size"]),
                (["-drive", "if=virtio"], ["-drive", "file"]),
                (["-drive", "file=x,format=qcow2"], ["-drive", "format", "raw", "qcow2"]),
                (["-drive", "file=x,if=ide"], ["-drive", "if", "virtio"]),
                (["-drive", "file=x,readonly=maybe"], ["-drive", "readonly"]),
                (["-drive", "file=x,frob=1"], ["-drive", "frob"]),
                (["-drive", "file=x,media=tape"], ["-drive", "media", "disk or cdrom", "tape"]),
                (["-nic", "tap"], ["-nic", "user or none", "tap"]),
                (["-nic", "user,hostfwd=tcp:80"], ["-nic", "hostfwd"]),
                (["-nic", "user,hostfwd=tcp::99999-:80"], ["-nic", "hostfwd"]),
                (["-nic", "user,mac=11:22"], ["-nic", "mac"]),
                (["-device", "e1000"], ["-device", "loader", "e1000"]),
                (["-device", "loader,addr=0"], ["-device", "file"]),
                (["-device", "loader,file=x,addr=here"], ["-device", "addr", "here"]),
                (["-device", "loader,file=x,force-raw=on"], ["-device", "addr"]),
                (["-device", "loader,file=x,addr=0,cpu-num=5"], ["PE 5"]),
                (["-serial", "tcp::1"], ["-serial", "tcp::1"]),
                (["-d", "frob"], ["-d", "frob"]),
                (["--limit", "many"], ["-limit", "many"]),
                (["--trace-format", "xml"], ["-trace-format", "xml"]),
                (["--quantum", "0"], ["quantum"]),
                (["--frequency", "1"], ["frequency"]),
                (["--seed", "x"], ["-seed", "x"]),
                (["--idle", "maybe"], ["-idle", "maybe"]),
                (["--impdef", "x"], ["-impdef", "NAME=VALUE"]),
                (["--impdef", "NO_SUCH_CHOICE=1"], ["NO_SUCH_CHOICE"]),
                (["-rtc", "base=tomorrow"], ["-rtc", "base", "tomorrow"]),
                (["-rtc", "base=2026-02-30"], ["-rtc", "base"]),
                (["-semihosting-config", "chardev=x"], ["-semihosting-config", "chardev"]),
                (["-initrd", "x"], ["initrd", "kernel"]),
                (["-smp", "2", "-serial", "stdio", "-serial", "null"], ["secure=on"])):
            with self.subTest(arguments=arguments):
                result = self.run_armsim("--limit", "1000", *arguments)
                text = self.one_line(result)
                self.assertEqual(result.returncode, 2, text)
                for name in names:
                    self.assertIn(name, text)

    def test_one_or_two_dashes(self):
        for options in (["-limit", "5"], ["--limit", "5"], ["--limit=5"], ["-limit=5"]):
            self.assertEqual(self.run_armsim(*self.program(guest.LOOP), *options).returncode, 4)


    def test_raw_code(self):
        """Without a header: entered as a kernel, at the offset that old kernels have."""
        raw = self.file("raw.bin", guest.code([0xD5384242] + guest.power_off()))  # mrs x2, CurrentEL
        result = self.run_armsim("-kernel", raw, "-nographic", "-d", "in_asm", "--limit", "1000")
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"40080000", result.stderr)


class BadInput(CliTest):
    def test_missing_files(self):
        missing = str(self.path / "missing")
        for arguments in (["-kernel", missing], ["-bios", missing], ["-device", f"loader,file={missing},addr=0"],
                          ["-drive", f"file={missing},if=virtio,format=raw"], ["-dtb", missing],
                          ["-semihosting-config", f"dir={missing}"]):
            with self.subTest(arguments=arguments):
                self.refused(3, *arguments, names=[missing])
        self.refused(3, "-kernel", str(self.path), names=[str(self.path)])
        self.refused(3, "-kernel", "/dev/zero", names=["/dev/zero", "size"])
        self.refused(3, "-kernel", "/dev/null", names=["/dev/null", "magic"])

    def test_names_stay_on_one_line(self):
        self.refused(3, "-kernel", self.file("bad\nname", b"x" * 100), names=["bad?name", "magic"])

    def test_images(self):
        program = guest.code(guest.power_off())
        whole = guest.image(program)
        for name, data, field in (
                ("short", whole[:40], "magic"),
                ("magic", b"MZ\0\x91" + guest.image(program, magic=b"ARM\x65")[4:], "magic"),
                ("text", b"#!/bin/sh\n" * 9, "magic"),
                ("zeros", bytes(4096), "magic"),
                ("undefined", b"\xff" * 100, "magic"),
                ("image_size", guest.image(program, image_size=70), "image_size"),
                ("beyond", guest.image(program, image_size=1 << 40), "image_size"),
                ("wraps", guest.image(program, image_size=(1 << 64) - 1), "image_size"),
                ("text_offset", guest.image(program, text_offset=1 << 40), "text_offset"),
                ("pages", guest.image(program, flags=0x4), "flags"),
                ("gzip", gzip.compress(whole)[:-9], "gzip"),
                ("gzip2", gzip.compress(whole)[:20] + b"????" + gzip.compress(whole)[24:], "gzip"),
                ("gzip3", gzip.compress(whole) + b"trailing", "gzip"),
                ("gzip4", gzip.compress(b"not a kernel" * 20), "magic"),
                ("bomb", gzip.compress(bytes(200 << 20), 1), "gzip"),
                ("zboot", guest.zboot(whole, compression=b"zstd"), "compression"),
                ("zboot2", guest.zboot(whole, offset=1 << 30), "payload offset"),
                ("zboot3", guest.zboot(whole, size=1 << 30), "payload size"),
                ("zboot4", guest.zboot(whole)[:-20], "payload")):
            with self.subTest(name=name):
                path = self.file(name, data)
                self.refused(3, "-cpu", "cortex-a57", "-kernel", path, names=[path, field, "expected"])

    def test_elf(self):
        program = guest.code(guest.LOOP)
        whole = guest.elf(program)
        for name, data, field in (
                ("header", whole[:50], "ELF header"),
                ("cut", whole[:100], "e_phnum"),
                ("cut2", whole[:-2], "p_offset"),
                ("machine", guest.elf(program, machine=62), "e_machine"),
                ("class", guest.elf(program, elf_class=1), "EI_CLASS"),
                ("type", guest.elf(program, kind=1), "e_type"),
                ("phoff", guest.elf(program, phoff=1 << 63), "e_phoff"),
                ("entry", guest.elf(program, entry=0x1000), "e_entry"),
                ("filesz", guest.elf(program, filesz=1 << 62), "p_offset"),
                ("memsz", guest.elf(program, memsz=1 << 62), "segment 0"),
                ("memsz2", guest.elf(program, memsz=2), "p_filesz"),
                ("nowhere", guest.elf(program, address=0xFFFF000040080000), "segment 0"),
                ("device", guest.elf(program, address=0x09000000), "segment 0")):
            with self.subTest(name=name):
                path = self.file(name, data)
                self.refused(3, "-kernel", path, names=[path, field, "expected"])

    def test_overlaps(self):
        program = guest.code(guest.LOOP)
        kernel = self.file("Image", guest.image(program))
        elf = self.file("program.elf", guest.elf(program))
        raw = self.file("raw.bin", bytes(4096))
        self.refused(3, "-kernel", kernel, "-device", f"loader,file={raw},addr=0x40200000",
                     names=[kernel, raw, "0x40200000"])
        self.refused(3, "-kernel", elf, "-device", f"loader,file={raw},addr=0x4007f008", names=[elf, raw])
        self.refused(3, "-device", f"loader,file={raw},addr=0x47fffff0", names=[raw, "expected", "0x47fffff0"])
        self.refused(3, "-device", f"loader,file={raw},addr=0x3ffff000", names=[raw, "expected"])
        self.refused(3, "-device", f"loader,file={raw},addr=0xffffffffffffff00", names=[raw, "expected"])
        self.refused(3, "-device", f"loader,file={raw}", names=[raw, "address"])

    def test_initrd_beyond_ram(self):
        kernel = self.file("Image", guest.image(guest.code(guest.LOOP)))
        initrd = self.file("initrd", bytes(9 << 20))
        self.refused(3, "-m", "16", "-kernel", kernel, "-initrd", initrd, names=[initrd, "size", "expected"])
        empty = self.file("empty", b"")
        self.refused(3, "-kernel", kernel, "-initrd", empty, names=[empty, "size"])

    def test_device_trees(self):
        kernel = self.file("Image", guest.image(guest.code(guest.LOOP)))
        self.assertEqual(self.run_armsim("-M", "virt,dumpdtb=good.dtb").returncode, 0)
        good = (self.path / "good.dtb").read_bytes()
        structure = struct.unpack(">I", good[8:12])[0]
        for name, data, field in (
                ("short", good[:20], "DTB header"),
                ("cut", good[:-1], "totalsize"),
                ("magic", b"????" + good[4:], "magic"),
                ("structure", good[:structure] + b"\0\0\0\7" + good[structure + 4:], "structure"),
                ("strings", good[:12] + b"\xff\xff\xff\0" + good[16:], "structure"),
                ("long", good[:4] + struct.pack(">I", 0x7FFFFFFF) + good[8:], "totalsize")):
            with self.subTest(name=name):
                path = self.file(name, data)
                self.refused(3, "-kernel", kernel, "-dtb", path, names=[path, field, "expected"])

    def test_drives(self):
        odd = self.file("odd.img", bytes(1000))
        empty = self.file("empty.img", b"")
        self.refused(3, "-drive", f"file={odd},if=virtio,format=raw", names=[odd, "size", "512", "1000"])
        self.refused(3, "-drive", f"file={empty},if=virtio", names=[empty, "size"])
        self.refused(3, "-drive", f"file={self.path}", names=[str(self.path)])
        os.mkfifo(self.path / "fifo")
        result = self.run_armsim("-drive", f"file={self.path / 'fifo'}")
        self.assertEqual(result.returncode, 3, result.stderr)
        os.unlink(self.path / "fifo")
        good = self.file("good.img", bytes(1024))
        self.refused(3, "-drive", f"file={good}", "-drive", f"file={good}", names=[good, "lock"])
        self.refused(3, "-drive", f"file={good}", "-drive", f"file={good},readonly=on", names=[good, "lock"])
        result = self.run_armsim("-drive", f"file={good},readonly=on", "-drive", f"file={good},media=cdrom",
                                 "-cdrom", good, *self.program(guest.LOOP), "--limit", "10")
        self.assertEqual(result.returncode, 4, result.stderr)

    def test_bios_too_large(self):
        path = self.path / "bios"
        with open(path, "wb") as file:
            file.truncate((64 << 20) + 1)
        self.refused(3, "-bios", str(path), names=[str(path), "size"])

    def test_outputs_that_cannot_be_written(self):
        for arguments in (["-serial", "file:/nonexistent/x"], ["-d", "int", "-D", "/nonexistent/x"],
                          ["--trace", "/nonexistent/x"], ["--stats", "/nonexistent/x"]):
            with self.subTest(arguments=arguments):
                result = self.run_armsim(*self.program(guest.power_off()), *arguments)
                self.assertEqual(result.returncode, 3)
                self.assertIn("/nonexistent/x", self.one_line(result))


class Running(CliTest):
    def test_output_comes_while_the_guest_runs(self):
        delay = guest.mov(3, 10000000) + [0xf1000463, 0x54ffffe1]  # SUBS X3, X3, #1; B.NE to it
        count_for_ever = [0x91000400, 0x17ffffff]                  # ADD X0, X0, #1; B to it
        command = [ARMSIM, "run", *self.program(delay, guest.say("ready"), count_for_ever)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=self.path) as process:
            try:
                self.assertTrue(select.select([process.stdout], [], [], TIMEOUT)[0])
                self.assertEqual(os.read(process.stdout.fileno(), 5), b"ready")
            finally:
                process.kill()

    def test_statuses(self):
        off = self.run_armsim(*self.program(guest.say("Hello\n"), guest.power_off()))
        self.assertEqual((off.returncode, off.stdout, off.stderr), (0, b"Hello\n", b""))
        for status in (0, 1, 42, 255):
            result = self.run_armsim("-semihosting", *self.program(guest.semihosting_exit(status, RAM + 0x1000)))
            self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(self.run_armsim(*self.program(guest.LOOP), "--limit", "1M").returncode, 4)
        dead = self.run_armsim(*self.program(guest.WFI, guest.LOOP))
        self.assertEqual(dead.returncode, 5)
        self.one_line(dead)

    def test_deadlock_with_open_input(self):
        """An open standard input is no event when nobody listens to it."""
        read, write = os.pipe()
        try:
            self.assertEqual(self.run_armsim(*self.program(guest.WFI, guest.LOOP), stdin=read).returncode, 5)
        finally:
            os.close(read)
            os.close(write)

    def test_end_of_input_is_no_end(self):
        result = self.run_armsim(*self.program(guest.LOOP), "--limit", "20M", "--stats", "-", "-serial", "stdio")
        self.assertEqual(result.returncode, 4)
        self.assertEqual(json.loads(result.stdout)["instructions"], 20000000)

    def test_exact_limit(self):
        for limit in (1, 2, 999, 1000000, 12345678):
            result = self.run_armsim(*self.program(guest.LOOP), "--limit", str(limit), "--stats", "s.json")
            self.assertEqual(result.returncode, 4)
            self.assertEqual(json.loads((self.path / "s.json").read_text())["instructions"], limit)

    def test_kernels_of_every_format(self):
        program = guest.code(guest.say("up\n"), guest.power_off())
        image = guest.image(program)
        for name, data in (("Image", image), ("Image.gz", gzip.compress(image)), ("zboot", guest.zboot(image)),
                           ("zboot.gz", gzip.compress(guest.zboot(image))), ("elf", guest.elf(program)),
                           ("elf.gz", gzip.compress(guest.elf(program)))):
            for machine in ("virt", "virt,gic-version=3"):
                with self.subTest(name=name, machine=machine):
                    result = self.run_armsim("-M", machine, "-kernel", self.file(name, data), "--limit", "1M")
                    self.assertEqual((result.returncode, result.stdout), (0, b"up\n"), result.stderr)

    def test_bios(self):
        program = guest.code(guest.say("rom\n"), guest.power_off())
        for name, data in (("rom.bin", program), ("rom.elf", guest.elf(program, address=0))):
            result = self.run_armsim("-bios", self.file(name, data), "--limit", "1M")
            self.assertEqual((result.returncode, result.stdout), (0, b"rom\n"), result.stderr)

    def test_reset_loads_again(self):
        """A reset starts the image afresh; without a reboot it is the end."""
        reset = guest.mov(0, guest.PSCI_SYSTEM_RESET) + [guest.HVC0, guest.LOOP]
        options = self.program(guest.say("boot\n"), reset)
        self.assertEqual(self.run_armsim(*options, "-no-reboot").stdout, b"boot\n")
        result = self.run_armsim(*options, "--limit", "100")
        self.assertEqual(result.returncode, 4)
        self.assertTrue(result.stdout.startswith(b"boot\nboot\n"), result.stdout)

    def test_deterministic(self):
        options = [*self.program(guest.say("x"), guest.LOOP), "-smp", "2", "--limit", "100k", "--state-hash"]
        outputs = {self.run_armsim(*options).stdout for _ in range(3)}
        self.assertEqual(len(outputs), 1)
        self.assertRegex(outputs.pop().decode(), r"^x\nstate-hash: [0-9a-f]{16}\n$")
        other = self.run_armsim(*options, "--seed", "5").stdout
        self.assertNotEqual(other, self.run_armsim(*options).stdout)

    def test_machine_choices(self):
        """Every choice of -M is taken, and what this version doesn't have is refused by name."""
        taken = ["gic=3,el3=on,el2=on,vhe=off", "gic-version=3,secure=on,gic-ds=on,prio-bits=4", "prio-bits=8,cntfrq=24M",
                 "cnt-epoch=0x100000,seed=7", "tlb=16,uart-depth=16", "tlb=infinite,wfe-early=1", "bus-error=razwi,pci=off",
                 "bus-error=serror,ram-fill=poison", "aa32-el1=off,fgt=off,ecv=off,caches=coherent",
                 "tlb-check=warn,mmu-fault-point=msr", "tlb-check=fault"]
        for choice in taken:
            result = self.run_armsim("-M", "virt," + choice, "--limit", "10k")
            self.assertEqual(result.returncode, self.run_armsim("--limit", "10k").returncode, choice)
        for choice, names in (("fgt=on", ["fgt", "FEAT_FGT"]), ("ecv=on", ["ecv", "FEAT_ECV"]),
                              ("aa32-el1=on", ["aa32-el1", "AArch32"]), ("caches=split", ["caches", "split"]),
                              ("tlb=17", ["tlb", "power of two"]), ("prio-bits=9", ["prio-bits", "4 to 8"]),
                              ("uart-depth=8", ["uart-depth"]), ("bus-error=x", ["bus-error", "razwi"]),
                              ("tlb-check=x", ["tlb-check", "warn"]), ("mmu-fault-point=isb", ["mmu-fault-point", "SCTLR"]),
                              ("wfe-early=2", ["wfe-early"]), ("ram-fill=x", ["ram-fill", "poison"])):
            self.refused(2, "-M", "virt," + choice, names=names)

    def test_devices(self):
        """-device finds its backend, whatever comes first; what has none, or is taken twice, is refused."""
        disk = self.path / "disk"
        disk.write_bytes(bytes(1 << 20))
        drive = ["-drive", f"file={disk},if=none,id=d,format=raw"]
        for options in (["-device", "virtio-blk-pci,drive=d", *drive], [*drive, "-device", "virtio-blk-device,drive=d"],
                        [*drive, "-device", "ahci,id=a", "-device", "ide-hd,drive=d,bus=a.5"],
                        [*drive, "-device", "ide-hd,drive=d", "-device", "sysbus-ahci"],
                        ["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,mac=52:54:00:00:00:01"],
                        ["-device", "virtio-rng-pci"]):
            self.assertEqual(self.run_armsim(*options, "--limit", "10k").returncode,
                             self.run_armsim("--limit", "10k").returncode, options)
        for options, names in ((drive, ["if=none", "d"]), (["-device", "virtio-blk-pci,drive=x"], ["drive", "x"]),
                               (["-device", "virtio-blk-pci"], ["drive", "none"]), (["-device", "nothing"], ["nothing"]),
                               ([*drive, "-device", "ide-hd,drive=d"], ["bus"]),
                               ([*drive, "-device", "ahci,id=a", "-device", "ide-hd,drive=d,bus=a.6"], ["bus", "a.6"]),
                               ([*drive, "-device", "ahci,id=a", "-device", "ide-hd,drive=d,bus=b.0"], ["bus", "b.0"]),
                               ([*drive, "-device", "virtio-blk-pci,drive=d", "-device", "virtio-blk-pci,drive=d"], ["d"]),
                               (["-netdev", "user,id=n"], ["-netdev", "n"]),
                               (["-device", "ahci", "-device", "ich9-ahci"], ["ahci"])):
            self.refused(2, *options, names=names)
        self.refused(2, "-M", "virt,pci=off", "-device", "virtio-rng-pci", names=["pci"])

    def test_snapshots(self):
        """A run that is cut by a snapshot ends as one that isn't; what isn't a snapshot is refused."""
        options = ["-M", "virt,secure=on,virtualization=on,gic-version=3", "--state-hash"]
        whole = self.run_armsim(*options, "--limit", "40k")
        saved = self.path / "saved"
        self.run_armsim(*options, "--limit", "20k", "--save", saved)
        loaded = self.run_armsim(*options, "--limit", "40k", "--load", saved)
        self.assertEqual(loaded.stdout.splitlines()[-1], whole.stdout.splitlines()[-1])
        for bad, why in ((b"", "ends too early"), (saved.read_bytes()[:-1], "ends too early"),
                         (b"x" * 100, "something else")):
            (self.path / "bad").write_bytes(bad)
            result = self.run_armsim(*options, "--load", self.path / "bad")
            self.assertEqual(result.returncode, 3)
            self.assertIn(why, result.stderr.decode())
        result = self.run_armsim(*options, "-smp", "2", "--load", saved)
        self.assertEqual(result.returncode, 3)
        self.assertIn('"smp=1"', result.stderr.decode())
        self.assertEqual(self.run_armsim(*options, "--limit", "1", "--save", self.path / "no" / "where").returncode, 3)

    def test_built_in_rom(self):
        result = self.run_armsim("-M", "virt,secure=on,virtualization=on,gic-version=3", "-cpu", "cortex-a76",
                                 "--limit", "100M")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"EL3", result.stdout)

    def test_semihosting_directory(self):
        """SYS_OPEN of a name; the handle is the exit status."""
        (self.path / "shared").mkdir()
        (self.path / "shared" / "file").write_bytes(b"12345")
        (self.path / "secret").write_bytes(b"secret")

        def open_status(name):
            block, text, out = RAM + 0x1000, RAM + 0x1100, RAM + 0x1200
            self.file("data.bin", struct.pack("<QQQ", text, 0, len(name)).ljust(0x100, b"\0") + name.encode() + b"\0")
            program = (guest.mov(0, 1) + guest.mov(1, block) + [guest.HLT_SEMIHOSTING] +
                       [0xAA0003E3] +  # mov x3, x0
                       guest.mov(1, out) + guest.mov(2, 0x20026) + [0xF9000022, 0xF9000423] + guest.mov(0, 0x18) +
                       [guest.HLT_SEMIHOSTING])
            return self.run_armsim(*self.program(*program), "-device", f"loader,file=data.bin,addr={block:#x}",
                                   "-semihosting-config", "enable=on,target=native,dir=shared").returncode
        self.assertEqual(open_status("file"), 1)
        for name in ("../secret", "missing", str(self.path / "secret")):
            self.assertEqual(open_status(name), 255, name)


class Records(CliTest):
    def test_stats(self):
        result = self.run_armsim(*self.program(guest.say("x"), guest.power_off()), "--stats", "s.json", "-smp", "2")
        self.assertEqual(result.returncode, 0)
        stats = json.loads((self.path / "s.json").read_text())
        self.assertEqual(stats["stop"], "power-off")
        self.assertEqual(stats["exit_status"], 0)
        self.assertEqual(sum(stats["instructions_by_pe"]), stats["instructions"])
        for key in ("host_cpu_seconds", "wall_seconds", "mips", "exceptions", "tlb", "decode", "memory"):
            self.assertIn(key, stats)
        self.assertGreater(stats["memory"]["peak_kib"], 0)

    def test_log_and_disassembly(self):
        undefined = 0
        result = self.run_armsim(*self.program(guest.say("x"), undefined), "--limit", "50", "-d", "int,in_asm", "-D",
                                 "log.txt")
        self.assertEqual(result.returncode, 4)
        log = (self.path / "log.txt").read_text()
        self.assertRegex(log, r"0x0000000040000000:  [0-9a-f]{8}  mov")
        self.assertIn("strb w2, [x1]", log)
        self.assertRegex(log, r"EL1ns->EL1ns why=")
        self.assertEqual(log.count("0x0000000040000000: "), 1)  # once each

    def test_traces(self):
        options = self.program(guest.say("x"), 0)
        for trace_format in ("text", "json", "tarmac"):
            result = self.run_armsim(*options, "--limit", "50", "--trace", "t", "--trace-format", trace_format)
            self.assertEqual(result.returncode, 4)
            lines = (self.path / "t").read_text().splitlines()
            self.assertGreater(len(lines), 5)
            if trace_format == "json":
                for line in lines:
                    json.loads(line)
        records = [json.loads(line) for line in self.traced(options, "json")]
        self.assertTrue(any("unallocated" in json.dumps(record) for record in records))

    def traced(self, options, trace_format):
        self.run_armsim(*options, "--limit", "50", "--trace", "t", "--trace-format", trace_format)
        return (self.path / "t").read_text().splitlines()

    def test_dumpdtb(self):
        for machine in ("virt", "virt,gic-version=3,secure=on,virtualization=on"):
            result = self.run_armsim("-M", f"{machine},dumpdtb=out.dtb", "-append", "a=b")
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            data = (self.path / "out.dtb").read_bytes()
            self.assertEqual(data[:4], b"\xd0\x0d\xfe\xed")
            for text in (b"linux,dummy-virt", b"a=b", b"arm,pl011", b"virtio,mmio", b"psci"):
                self.assertIn(text, data)
            again = self.run_armsim("-M", f"{machine},dumpdtb=again.dtb", "-append", "c=d", "-m", "64", "-dtb",
                                    "out.dtb")
            self.assertEqual((again.returncode, again.stderr), (0, b""))
            self.assertIn(b"c=d", (self.path / "again.dtb").read_bytes())


class Terminal(CliTest):
    """On a pseudo-terminal."""

    def start(self, *arguments):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)

        def child():
            os.setsid()
            os.close(os.open(os.ttyname(0), os.O_RDWR))  # becomes the controlling terminal
            os.tcsetpgrp(0, os.getpgrp())
        self.process = subprocess.Popen([ARMSIM, "run", *arguments], stdin=slave, stdout=slave, stderr=slave,
                                        cwd=self.path, preexec_fn=child)
        self.slave = slave
        self.seen = ""

    def tearDown(self):
        if getattr(self, "process", None):
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            os.close(self.master)
            os.close(self.slave)
        super().tearDown()

    def expect(self, pattern):
        end = time.monotonic() + TIMEOUT
        while not re.search(pattern, self.seen):
            self.assertLess(time.monotonic(), end, f"no {pattern!r} in {self.seen!r}")
            if select.select([self.master], [], [], 0.2)[0]:
                self.seen += os.read(self.master, 4096).decode(errors="replace")

    def send(self, text):
        self.seen = ""
        os.write(self.master, text.encode())

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def ended(self, status):
        self.assertEqual(self.process.wait(TIMEOUT), status)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)

    def test_exit_key(self):
        self.start(*self.program(guest.say("up\n"), guest.LOOP))
        self.expect("up")
        self.assertTrue(self.is_raw())
        self.send("\x01h")
        self.expect("Ctrl-A x")
        self.send("\x01x")
        self.ended(0)

    def test_monitor(self):
        self.start(*self.program(guest.say("up\n"), 0))
        self.expect("up")
        self.send("\x01c")
        self.expect(r"\(armsim\) ")
        self.send("info registers\r")
        self.expect(r"X30=[0-9a-f]{16}[^(]*\(armsim\) ")
        self.send("info traps 3\r")
        self.expect(r"why=.*[^(]*\(armsim\) ")
        self.send("stop\r")
        self.expect(r"\(armsim\) ")
        self.send("frobnicate\x7f\x7f\r")
        self.expect("unknown command \"frobnica\"")
        self.send("cont\r")
        self.expect(r"\(armsim\) ")
        self.send("\x01c\x01c")
        self.expect("monitor")
        self.send("quit\r")
        self.ended(0)

    def test_signals_restore(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number=number):
                self.start(*self.program(guest.say("up\n"), guest.LOOP))
                self.expect("up")
                self.process.send_signal(number)
                self.ended(128 + number)
                os.close(self.master)
                os.close(self.slave)
                self.process = None

    def test_crash_restores(self):
        self.start(*self.program(guest.say("up\n"), guest.LOOP))
        self.expect("up")
        self.assertTrue(self.is_raw())
        self.process.send_signal(signal.SIGSEGV)
        self.ended(-signal.SIGSEGV)

    def test_guest_ends_restore(self):
        self.start(*self.program(guest.power_off()))
        self.ended(0)
        os.close(self.master)
        os.close(self.slave)
        self.start(*self.program(guest.LOOP), "--limit", "1000")
        self.ended(4)


if __name__ == "__main__":
    ARMSIM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
