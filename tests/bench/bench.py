#!/usr/bin/env python3
"""Speed beside Debian's qemu-system-aarch64 (TCG, one thread), alternating in one run.

Host CPU time (user and system) of whole runs, the least of N. A ratio is QEMU's time by armsim's: above 1 armsim is
faster. Of the trap programs the time of an empty one is taken off first, on both sides.

    bench.py --build DIRECTORY [--only PATTERN] [--runs N] [--write]
"""

import argparse
import datetime
import fnmatch
import json
import math
import os
import pathlib
import platform
import resource
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "boot"))
sys.path.insert(0, str(HERE.parent / "gdb"))
import debian
from client import Machine

COMPUTE = ["cmark", "dhry", "sieve", "memops", "hashsort", "vm", "fib", "fpmm"]
GEOMETRIC_MEAN_GOAL = 0.90

# Program, what it is about, the ratio to reach (None: shown for comparison).
TRAPS = [
    ("svc", "SVC from EL0 and ERET", 12),
    ("hvc", "HVC to EL2 and ERET", 12),
    ("smc", "SMC to EL3 and ERET", 12),
    ("trapped_mrs", "MRS trapped to EL2 (HCR_EL2.TID3)", 12),
    ("page_fault", "page unmapped, fault, mapped again", 6),
    ("tlbi_page", "TLBI VAE1 and an access", 6),
    ("tlbi_all", "TLBI VMALLE1 and 64 pages touched", 6),
    ("asid_switch", "ASID changed and 16 pages touched", 6),
    ("software_interrupt", "SGI to this PE", 8),
    ("timer_interrupt", "virtual timer interrupt", 8),
    ("uart_read", "PL011 register read", 3),
    ("uart_write", "PL011 register written", 3),
    ("rewritten", "code rewritten and executed", 30),
    ("system_register", "MRS and MSR of TPIDR_EL1", None),
    ("barrier", "ISB", None),
]
COLD_GOAL = 8

QEMU = ["qemu-system-aarch64", "-accel", "tcg,thread=single", "-display", "none", "-monitor", "none", "-serial",
        "stdio", "-semihosting", "-net", "none"]


class BenchError(Exception):
    pass


def cpu_time(command):
    """(user + system seconds, standard output) of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if result.returncode:
        raise BenchError(f"{' '.join(command)}: exit status {result.returncode}\n{result.stdout}{result.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result.stdout


class Bench:
    def __init__(self, build, runs):
        self.armsim = [os.path.join(build, "frontends/cli/armsim"), "run", "-nographic", "-semihosting"]
        self.programs = pathlib.Path(build) / "tests/bench"
        self.runs = runs

    def compare(self, arguments, check=None):
        """Least CPU times (armsim, QEMU) of the same machine, run in turn."""
        best = [math.inf, math.inf]
        outputs = ["", ""]
        for _ in range(self.runs):
            for i, command in enumerate((self.armsim, QEMU)):
                seconds, outputs[i] = cpu_time(command + arguments)
                best[i] = min(best[i], seconds)
        if check:
            check(*outputs)
        return best

    def instructions(self, arguments):
        """armsim's own figures of a run."""
        with tempfile.NamedTemporaryFile() as stats:
            cpu_time(self.armsim + arguments + ["--stats", stats.name])
            return json.load(stats)


def same_line(name):
    """Both print the program's line, and it's the one expected."""
    expected = dict(line.split(" ", 1) for line in (HERE / "expected.txt").read_text().splitlines())

    def check(*outputs):
        for output in outputs:
            lines = [line.strip() for line in output.splitlines() if line.startswith(name + " ")]
            if lines != [f"{name} {expected[name]}"]:
                raise BenchError(f"{name}: printed {lines}, expected {expected[name]!r}")
    return check


def both_end(*outputs):
    for output in outputs:
        if not output.strip():
            raise BenchError("a trap program printed nothing")


def compute(bench, wanted):
    rows, product, count = [], 0.0, 0
    for name in filter(wanted, COMPUTE + ["cold"]):
        arguments = ["-M", "virt", "-cpu", "cortex-a57", "-m", "128", "-kernel", str(bench.programs / f"{name}.elf")]
        ours, theirs = bench.compare(arguments, same_line(name))
        stats = bench.instructions(arguments)
        ratio = theirs / ours
        rows.append((name, f"{stats['instructions'] / ours / 1e6:.0f}", f"{ours:.3f}", f"{theirs:.3f}", f"{ratio:.2f}",
                     f"{COLD_GOAL}" if name == "cold" else ""))
        show(rows[-1])
        if name != "cold":
            product += math.log(ratio)
            count += 1
    if count:
        rows.append(("geometric mean", "", "", "", f"{math.exp(product / count):.2f}", f"{GEOMETRIC_MEAN_GOAL:.2f}"))
        show(rows[-1])
    return rows


def traps(bench, wanted):
    machine = ["-M", "virt,secure=on,virtualization=on,gic-version=3", "-cpu", "cortex-a57", "-m", "128", "-kernel"]
    cases = [case for case in TRAPS if wanted(case[0])]
    if not cases:
        return []
    empty = bench.compare(machine + [str(bench.programs / "trap_nothing.elf")], both_end)
    rows = []
    for name, title, goal in cases:
        ours, theirs = bench.compare(machine + [str(bench.programs / f"trap_{name}.elf")], both_end)
        ours, theirs = max(ours - empty[0], 1e-4), max(theirs - empty[1], 1e-4)
        rows.append((title, f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.1f}", f"{goal}" if goal else ""))
        show(rows[-1])
    return rows


def kernel(bench):
    linux, initramfs = debian.prepare("cloud")
    arguments = ["-cpu", "cortex-a57", "-m", "512", "-kernel", str(linux), "-initrd", str(initramfs), "-append",
                 "console=ttyAMA0 armsim.off=1", "-M", "virt"]

    def check(*outputs):
        for output in outputs:
            if debian.MARKER not in output:
                raise BenchError("the kernel did not reach the initramfs's marker")
    ours, theirs = bench.compare(arguments, check)
    one = bench.instructions(arguments)
    rows = [("Debian's cloud kernel to the initramfs's marker, 1 PE", f"{one['instructions'] / 1e9:.2f}",
             f"{ours:.2f}", f"{theirs:.2f}", f"{theirs / ours:.2f}", "1.00")]
    show(rows[-1])
    ours4, theirs4 = bench.compare(arguments + ["-smp", "4"], check)
    four = bench.instructions(arguments + ["-smp", "4"])
    rows.append(("the same, 4 PEs", f"{four['instructions'] / 1e9:.2f}", f"{ours4:.2f}", f"{theirs4:.2f}",
                 f"{theirs4 / ours4:.2f}", ""))
    show(rows[-1])
    per_instruction = ours4 / four["instructions"] / (ours / one["instructions"])
    memory = one["memory"]
    code = 4 * one["decode"]["instructions"] / 1024
    limit = 64 * 1024 + 5 * code
    notes = [f"Cost of an instruction with 4 PEs by that with 1: {per_instruction:.2f} (goal: at most 1.3).",
             f"Memory beyond the guest RAM touched: {memory['beyond_guest_ram_kib'] / 1024:.1f} MiB "
             f"(goal: at most 64 MiB + 5 x {code / 1024:.1f} MiB of code = {limit / 1024:.1f} MiB)."]
    for note in notes:
        print(note, flush=True)
    return rows, notes


# What the library measures itself: its name for the figure, the row, its unit, the goal (None: shown for comparison).
FIGURES = [
    ("save_s", "snapshot saved", "s", 1),
    ("load_s", "snapshot loaded", "s", 1),
    ("fork_ms", "fork", "ms", 1),
    ("page_us", "a page that a fork then writes", "µs", None),
    ("step_back_ms", "one instruction back, after 1.7 × 10⁹", "ms", 200),
    ("gdb_step_back_ms", "the same by gdb's reverse-stepi", "ms", 200),
    ("hook_percent", "a hook on every exception and return, in a boot", "%", 5),
    ("trace_percent", "--trace with JSON, in a boot", "%", 15),
]
MANY_FORKS = "forks of a small guest a second, each running 1000 instructions"


def trace_cost(bench, boot):
    """How much longer a boot takes with a trace in JSON, in percent."""
    best = [math.inf, math.inf]
    with tempfile.NamedTemporaryFile() as trace:
        for _ in range(bench.runs):
            for i, options in enumerate(([], ["--trace", trace.name, "--trace-format", "json"])):
                best[i] = min(best[i], cpu_time(bench.armsim + boot + options)[0])
        lines = sum(1 for _ in open(trace.name, "rb"))
    return 100 * (best[1] / best[0] - 1), lines


def run_time(pid):
    """CPU seconds of a running process with one thread."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def gdb_step_back(bench, machine):
    """Milliseconds of the slowest of some steps back in a guest that has executed 1.7 x 10^9 instructions."""
    guest = Machine(bench.armsim[0], *machine)
    try:
        client, count = guest.client, 0
        while count < 1_700_000_000:
            client.send("vCont;c")
            time.sleep(0.2)
            client.raw(b"\x03")
            client.answer()
            count = int(client.monitor("info time").split()[0])
        worst = 0.0
        for _ in range(20):
            start = run_time(guest.process.pid)
            if not client.ask("bs").startswith("T05"):
                raise BenchError("bs was refused")
            worst = max(worst, run_time(guest.process.pid) - start)
        return 1000 * worst
    finally:
        guest.close()


def library(bench):
    linux, initramfs = debian.prepare("cloud")
    boot = ["-cpu", "cortex-a57", "-m", "512", "-kernel", str(linux), "-initrd", str(initramfs), "-append"]
    result = subprocess.run([str(bench.programs / "library"), "--kernel", str(linux), "--initrd", str(initramfs)],
                            capture_output=True, text=True)
    if result.returncode:
        raise BenchError(result.stdout + result.stderr)
    figures = {name: float(value) for name, value in map(str.split, result.stdout.splitlines())}
    figures["page_us"] = 1000 * (figures["child_ms"] - figures["child_again_ms"]) / figures["child_pages"]
    figures["hook_percent"] = 100 * (figures["boot_hooked_s"] / figures["boot_s"] - 1)
    figures["trace_percent"], lines = trace_cost(bench, boot + ["console=ttyAMA0 armsim.off=1"])
    figures["gdb_step_back_ms"] = gdb_step_back(bench, boot + ["console=ttyAMA0 armsim.test=busy"])
    rows = [(title, f"{figures[name]:.3g} {unit}", f"at most {goal} {unit}" if goal else "")
            for name, title, unit, goal in FIGURES]
    rows.append((MANY_FORKS, f"{figures['small_forks_per_s']:.0f}", "at least 1000"))
    for row in rows:
        show(row)
    notes = ["The booted machine is Debian's with 512 MiB and 1 PE; its snapshot is a file of "
             f"{figures['file_mb']:.1f} MB. In the boot there were {figures['events']:.0f} exceptions and returns, and the "
             f"trace had {lines} lines. After 20,000 forks of the small guest the process had "
             f"{figures['small_forks_growth_kib']:.0f} KiB more than after 2,000."]
    print(notes[0], flush=True)
    return rows, notes


def show(row):
    print("  ".join(f"{cell:<34}" if i == 0 else f"{cell:>8}" for i, cell in enumerate(row)), flush=True)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def host():
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    qemu = subprocess.run(["qemu-system-aarch64", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    return f"{model}, Linux {platform.release()}; {qemu}"


def write(name, sections):
    """Puts tables between the two marks of this name in docs/performance.md."""
    path = HERE.parent.parent / "docs/performance.md"
    begin, end = f"<!-- {name}: written by ./dev bench --write -->", f"<!-- end of {name} -->"
    text = path.read_text()
    head, rest = text.split(begin, 1)
    tail = rest.split(end, 1)[1]
    path.write_text(head + begin + "\n\n" + "\n\n".join(sections) + "\n\n" + end + tail)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="*", help="programs whose names match ('kernel' and 'library' are two)")
    parser.add_argument("--runs", type=int, default=3, help="how often each is run (default: 3)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()
    bench = Bench(arguments.build, arguments.runs)

    def wanted(name):
        return fnmatch.fnmatch(name, arguments.only)

    headers = {
        "compute": ("program", "MIPS", "armsim s", "QEMU s", "ratio", "goal"),
        "traps": ("round trip", "armsim s", "QEMU s", "ratio", "goal"),
        "library": ("the library and its frontends", "cost", "goal"),
        "kernel": ("kernel", "10⁹ instructions", "armsim s", "QEMU s", "ratio", "goal"),
    }
    sections = [f"Measured {datetime.date.today()} on {host()}."]
    own_sections = [f"Measured {datetime.date.today()}."]
    try:
        for name, measure in (("compute", compute), ("traps", traps)):
            sections.append(table(headers[name], measure(bench, wanted)))
        if wanted("kernel"):
            rows, notes = kernel(bench)
            sections.append(table(headers["kernel"], rows))
            sections.append("\n\n".join(notes))
        if wanted("library"):
            rows, notes = library(bench)
            own_sections += [table(headers["library"], rows), *notes]
    except (BenchError, debian.DebianError, OSError) as error:
        sys.exit(f"bench: {error}")
    if arguments.write and arguments.only == "*":
        write("tables", sections)
    if arguments.write and len(own_sections) > 1:
        write("the library's table", own_sections)


if __name__ == "__main__":
    main()
