#!/usr/bin/env python3
"""What the secure monitor's answers cost, from the traces of its scenarios: docs/systems-monitor.md, and what happened
as a timeline, docs/systems-monitor.svg.

    monitor.py --build DIRECTORY [--docs DIRECTORY]
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
LINE = re.compile(r"^(\d+) ns pe(\d) (\w+) EL(\d)n?s->EL(\d)n?s (?:why=(.+?) (?=class=|esr=|elr=))?(.*?)#\d+@(\d+)",
                  re.M)
ABORT, WFE, SMC = "SCR_EL3.EA", "SCR_EL3.TWE", "SMC"


class Run:
    """A scenario: (ns, kind, from EL, to EL, why, instruction) of each record of PE 0, and what both consoles have."""

    def __init__(self, build, image, kernel, *options):
        with tempfile.TemporaryDirectory() as folder:
            path, secure = pathlib.Path(folder) / "trace", pathlib.Path(folder) / "secure"
            result = subprocess.run(
                [build / "frontends/cli/armsim", "run", "-M", "virt,secure=on,gic-version=3,pci=off", "-m", "64",
                 "-cpu", "cortex-a76", "-nographic", "-no-reboot", "-semihosting",
                 "-bios", build / f"roms/monitor/{image}.bin", "-serial", "stdio", "-serial", f"file:{secure}",
                 "-kernel", build / f"tests/systems/monitor/{kernel}.bin", "--limit", "500M", "--trace", path, *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            self.console = result.stdout.decode(errors="replace") + secure.read_text(errors="replace")
            self.records = [(int(time), kind, int(source), int(target), why, int(at))
                            for time, pe, kind, source, target, why, _, at in LINE.findall(path.read_text()) if pe == "0"]

    def visits(self, why, el=None):
        """(instructions, ns) at EL3 of each exception with this cause, to the return."""
        found = []
        for entry, back in zip(self.records, self.records[1:]):
            if entry[4] == why and entry[3] == 3 and back[1] == "return" and el in (None, entry[2]):
                found.append((back[5] - entry[5], back[0] - entry[0]))
        return found

    def number(self, pattern):
        return int(re.search(pattern, self.console)[1])


def row(what, caller, visits):
    costs = [instructions for instructions, _ in visits]
    times = [ns for _, ns in visits]
    return f"| {what} | {caller} | {len(visits)} | {min(costs)} | {statistics.median_low(costs)} | {max(costs)} | " \
           f"{statistics.median_low(times)} |"


HEADINGS = ["| what | caller | entries | least | median | most | median, ns |", "|---|---|---|---|---|---|---|"]


def timeline(title, records, top):
    """The levels of PE 0 over the instructions from the first record to the last."""
    left, right, lane = 60, 740, 16
    first, last = records[0][5], records[-1][5]
    place = lambda at: left + (at - first) * (right - left) / max(last - first, 1)
    height = lambda el: top + 20 + (3 - el) * lane
    out = [f'<text x="8" y="{top + 8}" font-weight="bold">{title}</text>']
    out += [f'<text x="8" y="{height(el) + 4}">EL{el}</text><path d="M{left} {height(el)}H{right}" stroke="#ddd"/>'
            for el in range(4)]
    path = f"M{left} {height(records[0][2])}"
    for _, _, source, target, _, at in records:
        path += f"H{place(at):.1f}V{height(target)}"
    out.append(f'<path d="{path}H{right}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>')
    out.append(f'<text x="{right}" y="{top + 8}" text-anchor="end" font-size="11">{last - first} instructions</text>')
    return "".join(out), top + 20 + 4 * lane + 14


def around(records, why, count):
    """The first `count` records from the first one with this cause."""
    start = next(i for i, record in enumerate(records) if record[4] == why)
    return records[start:start + count]


def picture(panels):
    body, top = [], 12
    for title, records in panels:
        text, top = timeline(title, records, top)
        body.append(text)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{top}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(body)}</svg>\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--docs", default=ROOT / "docs", type=pathlib.Path)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    sweep = Run(build, "monitor-devices", "sweep")
    space = Run(build, "monitor-pci", "pci_space", "-device", "sysbus-ahci,id=hba")
    agent = Run(build, "monitor-agent", "watchdog_el3")
    nobody = Run(build, "monitor", "watchdog_el3")
    answered = sweep.number(r"aborts: (\d+) answered")
    decoded = sweep.number(r"given back; (\d+) instructions decoded")
    reads = re.search(r"(\d+) reads: (\d+) ns by aborts, (\d+) ns by SMC", space.console)
    worst = nobody.number(r"EL1: levels 0, EL3 is 0, (\d+) ns")
    found = agent.number(r"EL1: levels 8, EL3 is \w+, (\d+) ns")
    forms = sum(1 for record in sweep.records if record[4] == ABORT)
    lines = [
        "# What the monitor's answers cost", "",
        "Made by `./dev systems --report` from traces of the scenarios in `tests/systems/monitor/`, on a cortex-a76 without",
        "EL2. It is deterministic: other numbers mean another monitor, scenario or compiler. Instructions are those at EL3,",
        "from the exception to the return.", "",
        "![The exception levels over one stretch of each scenario](systems-monitor.svg)", "",
        "## S01: devices made of aborts", "", *HEADINGS,
        *[row("a load or store, answered or given back", f"EL{el}", sweep.visits(ABORT, el)) for el in (1, 0)], "",
        f"{answered} of {forms} were answered. {decoded} instructions were decoded, {100 * (forms - decoded) // forms} %",
        "were known from before: the sweep has 518 forms, a driver has a few. A real device answers in one instruction.", "",
        "## S02: configuration space", "", *HEADINGS,
        row("an access in the window", "EL1", space.visits(ABORT, 1)),
        row("a call by SMC (DEN0115)", "EL1", space.visits(SMC, 1)), "",
        f"{reads[1]} reads of a word by the caller's clock: {reads[2]} ns by aborts, {reads[3]} ns by SMC.", "",
        "## S04, S05: the WFE channel", "", *HEADINGS,
        *[row("a WFE, request or not", f"EL{el}", agent.visits(WFE, el)) for el in (1, 0)],
        row("a call by SMC, to compare", "EL1", space.visits(SMC, 1)), "",
        f"Discovery from EL1 takes {found} ns where the agent answers. Where nobody does it takes {worst} ns of the",
        "100000 ns that it may.", ""]
    (arguments.docs / "systems-monitor.md").write_text("\n".join(lines))
    bark = next(i for i, record in enumerate(agent.records) if record[1] == "fiq")
    (arguments.docs / "systems-monitor.svg").write_text(picture([
        ("S01: loads and stores to a device that there is not", around(sweep.records, ABORT, 16)),
        ("S02: configuration space by aborts and by calls", around(space.records, SMC, 12)),
        ("S04: the WFE channel, asked and asked again", around(agent.records, WFE, 14)),
        ("S04: the watchdog barks", agent.records[bark - 2:bark + 4])]))


if __name__ == "__main__":
    main()
