#!/usr/bin/env python3
"""The whole test suite, as `./dev test` runs it: unit tests, Arm's pseudocode, ROMs, random programs, system boots,
determinism, sanitizers and fuzzing. The last line of the output is "N passed, N failed".

    suite.py --build DIRECTORY --asan DIRECTORY --tsan DIRECTORY [--full] [--only PART[,PART...]]
"""

import argparse
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/boot"))
import debian


class Suite:
    def __init__(self, arguments):
        self.build, self.asan, self.tsan, self.full = arguments.build, arguments.asan, arguments.tsan, arguments.full
        self.armsim = os.path.join(self.build, "frontends/cli/armsim")
        self.passed = self.failed = 0

    def count(self, good, name, detail=""):
        self.passed += good
        self.failed += not good
        if not good or detail:
            print(f"{'ok  ' if good else 'FAIL'} {name}" + (f": {detail}" if detail else ""), flush=True)

    def run(self, *command, **options):
        return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", **options)

    # ---- the parts, in their order

    def unit(self):
        """Check's unit tests, the tests of the command, of the tables and of the objects' symbols."""
        self.meson_tests(self.build, "release")

    def conformance(self):
        """Results of Arm's pseudocode: a file with an unexplained difference fails."""
        result = self.run(os.path.join(self.build, "frontends/conformance/armsim-conformance"))
        print(result.stdout, end="")
        files = re.findall(r"^(\S+)\s+\d+ agree, .*?(\d+) differ", result.stdout, re.M)
        for name, differ in files:
            self.count(differ == "0", f"conformance {name}")
        if result.returncode not in (0, 1) or not files:
            self.count(False, "conformance", f"status {result.returncode}: {result.stderr.strip()}")

    def roms(self):
        """Programs that check the simulator from inside, and the built-in ROM, on machines of several shapes."""
        machines = [(f"virt,gic-version={gic}" + (",secure=on" if secure else "") +
                     (",virtualization=on" if el2 else ""))
                    for gic in (2, 3) for secure in (False, True) for el2 in (False, True)]
        images = sorted((pathlib.Path(self.build) / "roms").glob("test_*.elf"))
        for machine in machines:
            for cpu in ("cortex-a57", "cortex-a76"):
                for image in [None] + images:
                    name = image.stem if image else "built-in ROM"
                    command = [self.armsim, "run", "-M", machine, "-cpu", cpu, "-nographic", "-semihosting",
                               "--limit", "200M"] + (["-smp", "4"] if image and "smp" in name else [])
                    result = self.run(*command, *(["-kernel", image] if image else []), timeout=120)
                    self.count(result.returncode == 0, f"{name} on {machine}, {cpu}",
                               "" if result.returncode == 0 else
                               f"status {result.returncode}\n{(result.stdout + result.stderr)[-1500:]}")
        print(f"{len(machines) * 2 * (1 + len(images))} runs of {1 + len(images)} ROMs", flush=True)

    def random(self):
        """Random A64 sequences against qemu-aarch64."""
        rounds = 400 if self.full else 100
        result = self.run(sys.executable, ROOT / "tests/random/random_a64.py", "--build", self.build, "--rounds", rounds)
        print(result.stdout + result.stderr, end="")
        counts = re.search(r"(\d+) agree, (\d+) differ", result.stdout)
        self.passed += int(counts.group(1)) if counts else 0
        self.failed += int(counts.group(2)) if counts else 1

    def boots(self):
        """Debian's kernels to a clean power-off."""
        self.script("tests/boot/boot.py", *(["--full"] if self.full else []))

    def firmware(self):
        """EDK2 and U-Boot; KVM and Xen with guests."""
        self.script("tests/boot/firmware.py")

    def storage(self):
        """Disks behind PCI Express and AHCI under Debian's generic kernel, by messages and by pins."""
        self.script("tests/boot/storage.py")

    def systems(self):
        """The monitor's and the visor's systems with Debian's kernel."""
        for path in sorted((ROOT / "tests/systems").glob("*.py")):
            self.script(path.relative_to(ROOT), *(["--full"] if self.full else []))

    def script(self, path, *arguments):
        """A script that shows its progress and ends with "NAME: N passed, N failed"."""
        with subprocess.Popen([sys.executable, str(ROOT / path), "--build", self.build, *arguments],
                              stdout=subprocess.PIPE, text=True) as process:
            counts = None
            for line in process.stdout:
                print(line, end="", flush=True)
                counts = re.match(r"\w+: (\d+) passed, (\d+) failed", line) or counts
        self.passed += int(counts.group(1)) if counts else 0
        self.failed += int(counts.group(2)) if counts else 1

    def determinism(self):
        """Equal inputs, equal state hashes: from run to run, and from one compiler and optimisation level to another."""
        try:
            kernel, initramfs = debian.prepare("cloud")
        except (debian.DebianError, OSError, subprocess.SubprocessError) as error:
            self.count(False, "determinism", str(error))
            return
        boot = ["run", "-M", "virt,gic-version=3", "-cpu", "cortex-a76", "-smp", "2", "-m", "256", "-nographic",
                "-kernel", kernel, "-initrd", initramfs, "-append", "console=ttyAMA0", "--limit", "150M", "--state-hash"]
        rom = ["run", "-M", "virt,secure=on,virtualization=on,gic-version=3", "-nographic", "--state-hash"]
        other = os.path.join(self.asan, "frontends/cli/armsim")
        for name, arguments in (("kernel", boot), ("ROM", rom)):
            hashes = []
            for armsim in (self.armsim, self.armsim, other):
                result = self.run(armsim, *arguments)
                found = re.search(r"^state-hash: (\w+)", result.stdout + result.stderr, re.M)
                hashes.append(found and found.group(1))
            good = hashes[0] is not None and len(set(hashes)) == 1
            self.count(good, f"determinism of a {name}'s run", f"state hashes {hashes}" if not good else hashes[0])
        if self.full:  # more compilers and optimisation levels
            result = self.run(sys.executable, ROOT / "tests/determinism/builds.py", "--work",
                              os.path.join(self.build, "determinism"), "--armsim", self.armsim, "--armsim", other)
            print(result.stdout + result.stderr[-2000:], end="", flush=True)
            lines = re.findall(r"^(ok  |FAIL) ", result.stdout, re.M)
            self.passed += lines.count("ok  ")
            self.failed += lines.count("FAIL") + (result.returncode != 0 and "FAIL" not in lines)

    def snapshots(self):
        """Forks and snapshot files at random instructions of a kernel's boot and of its shell, and of the ROM."""
        try:
            kernel, initramfs = debian.prepare("cloud")
        except (debian.DebianError, OSError, subprocess.SubprocessError) as error:
            self.count(False, "snapshots", str(error))
            return
        linux = ["--kernel", kernel, "--initrd", initramfs, "--from"]
        for name, arguments, count in (("the ROM", [], 10000), ("a kernel's boot", [*linux, 90_000_000], 10000),
                                       ("a shell", [*linux, 1_200_000_000], 2000)):
            result = self.run(os.path.join(self.build, "tests/snapshot/boundaries"), *arguments, "--count",
                              count if self.full else count // 20)
            self.count(result.returncode == 0, f"snapshots of {name}", (result.stdout + result.stderr).strip()[-2000:])

    def examples(self):
        """The library's examples print what their page says, with a kernel's boot among them."""
        try:
            kernel, initramfs = debian.prepare("cloud")
        except (debian.DebianError, OSError, subprocess.SubprocessError) as error:
            self.count(False, "examples", str(error))
            return
        result = self.run(sys.executable, ROOT / "docs/check_page.py", ROOT / "docs/examples.md", self.build,
                          "--kernel", kernel, "--initrd", initramfs)
        self.count(result.returncode == 0, "examples", (result.stdout + result.stderr).strip()[-2000:])

    def sanitizers(self):
        """The unit tests again, under ASan and UBSan."""
        self.meson_tests(self.asan, "sanitizers")

    def threads(self):
        """Sixteen machines in as many threads, under ThreadSanitizer."""
        result = self.run(os.path.join(self.tsan, "tests/unit/test_threads"), env=dict(os.environ, CK_FORK="no"))
        self.count(result.returncode == 0, "threads under TSan", (result.stdout + result.stderr).strip()[-3000:])

    def fuzz(self):
        """The fuzz targets, briefly, under ASan and UBSan; all of it: a million snapshots and debuggers' sessions."""
        self.fuzz_targets("--seconds", 60 if self.full else 15)
        if self.full:
            self.fuzz_targets("--inputs", 1_000_000, "--seed", 1, "gdb", "snapshot")

    def fuzz_targets(self, *arguments):
        result = self.run(sys.executable, ROOT / "tests/fuzz/run.py", "--build", self.asan, *arguments)
        print(result.stdout + result.stderr, end="")
        lines = re.findall(r"^(ok  |FAIL) fuzz", result.stdout, re.M)
        for line in lines:
            self.passed += line != "FAIL"
            self.failed += line == "FAIL"
        self.failed += not lines

    # ----

    def meson_tests(self, directory, title):
        result = self.run("meson", "test", "-C", directory, "--no-rebuild", "--timeout-multiplier", "4")
        log = pathlib.Path(directory) / "meson-logs/testlog.json"
        tests = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        for test in tests:
            if test["result"] in ("SKIP", "IGNORED"):
                continue
            good = test["result"] in ("OK", "EXPECTEDFAIL")
            text = "" if good else f"{test['result']}\n{(test.get('stdout') or '')[-2000:]}{(test.get('stderr') or '')[-2000:]}"
            self.count(good, f"{title}: {test['name']}", text)
        if not tests:
            self.count(False, f"{title}: unit tests", (result.stdout + result.stderr)[-2000:])
        print(f"{len(tests)} programs of unit tests ({title})", flush=True)


PARTS = ["unit", "conformance", "roms", "random", "boots", "firmware", "storage", "systems", "determinism",
         "snapshots", "examples", "sanitizers", "threads", "fuzz"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--asan", required=True)
    parser.add_argument("--tsan", required=True)
    parser.add_argument("--full", action="store_true", help="every combination of the system boots; more of the rest")
    parser.add_argument("--only", default="*", help="parts: " + ", ".join(PARTS))
    arguments = parser.parse_args()
    suite = Suite(arguments)
    wanted = arguments.only.split(",")
    started = time.monotonic()
    for part in PARTS:
        if not any(fnmatch.fnmatch(part, pattern) for pattern in wanted):
            continue
        function = getattr(suite, part)
        print(f"--- {part}: {function.__doc__}", flush=True)
        before = time.monotonic()
        try:
            function()
        except (OSError, subprocess.SubprocessError) as error:
            suite.count(False, part, str(error))
        print(f"    {time.monotonic() - before:.0f} s", flush=True)
    print(f"{(time.monotonic() - started) / 60:.1f} minutes")
    print(f"{suite.passed} passed, {suite.failed} failed", flush=True)
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
