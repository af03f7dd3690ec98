"""Runs of scenarios and what their traces say: visits to a higher level, counts by cause, timelines as pictures."""

import collections
import pathlib
import re
import statistics
import subprocess
import tempfile

LINE = re.compile(r"^(\d+) ns pe(\d+) (\w+) EL(\d)n?s->EL(\d)n?s (?:why=(.+?) (?=class=|esr=|elr=))?(.*?)#\d+@(\d+)$",
                  re.M)
Record = collections.namedtuple("Record", "ns kind source target why esr at")


class Run:
    """A scenario on PE 0: its records, and what the consoles have."""

    def __init__(self, build, *options):
        with tempfile.TemporaryDirectory() as folder:
            path, secure = pathlib.Path(folder) / "trace", pathlib.Path(folder) / "secure"
            second = ["-serial", f"file:{secure}"] if any("secure=on" in str(option) for option in options) else []
            result = subprocess.run(
                [build / "frontends/cli/armsim", "run", "-cpu", "cortex-a76", "-nographic", "-no-reboot", "-semihosting",
                 "-serial", "stdio", *second, "--limit", "500M", "--trace", path, *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            self.console = (result.stdout + (secure.read_bytes() if secure.exists() else b"")).decode(errors="replace")
            self.records = []
            for ns, pe, kind, source, target, why, rest, at in LINE.findall(path.read_text()):
                esr = re.search(r"esr=(0x[0-9a-f]+)", rest)
                if pe == "0":
                    self.records.append(Record(int(ns), kind, int(source), int(target), why, esr and esr[1], int(at)))

    def visits(self, why, source=None, esr=None):
        """(entry, return) of each exception with this cause that goes straight back."""
        return [(entry, back) for entry, back in zip(self.records, self.records[1:])
                if entry.why == why and source in (None, entry.source) and esr in (None, entry.esr)
                and entry.kind != "return" and back.kind == "return" and back.source == entry.target]

    def around(self, why, count, before=1):
        """The records from a little before the first one with this cause."""
        start = next(i for i, record in enumerate(self.records) if record.why == why)
        return self.records[max(start - before, 0):start - before + count]

    def number(self, pattern):
        return int(re.search(pattern, self.console)[1])


def under_monitor(build, image, kernel, *options):
    return Run(build, "-M", "virt,secure=on,gic-version=3,pci=off", "-m", "64",
               "-bios", build / f"roms/monitor/{image}.bin", "-kernel", build / f"tests/systems/monitor/{kernel}.bin", *options)


def under_visor(build, archive, visor=None):
    return Run(build, "-M", "virt,gic-version=3,virtualization=on", "-m", "256",
               "-kernel", visor or build / "roms/visor.img", "-initrd", archive)


def alone(build, rom):
    return Run(build, "-M", "virt,secure=on,virtualization=on,gic-version=3,pci=off",
               "-kernel", build / f"tests/systems/{rom}.elf")


COSTS = ["| what | caller | entries | least | median | most | median, ns |", "|---|---|---|---|---|---|---|"]


def cost(what, caller, visits):
    """A row of the instructions above, from the exception to the return."""
    costs = [back.at - entry.at for entry, back in visits]
    times = [back.ns - entry.ns for entry, back in visits]
    return (f"| {what} | {caller} | {len(visits)} | {min(costs)} | {statistics.median_low(costs)} | {max(costs)} | "
            f"{statistics.median_low(times)} |")


def counts(run, most=10):
    """A table of the run's exceptions, the most frequent first."""
    causes = collections.Counter((r.source, r.target, r.why) for r in run.records if r.kind != "return")
    rows = [f"| EL{source} | EL{target} | {why} | {count} |" for (source, target, why), count in causes.most_common(most)]
    rest = causes.total() - sum(count for _, count in causes.most_common(most))
    return ["| from | to | cause | number |", "|---|---|---|---|", *rows] + ([f"| | | others | {rest} |"] if rest else [])


def timeline(title, records, top):
    """The levels over the instructions from the first record to the last, each cause named where it comes first."""
    left, right, lane = 60, 740, 20
    first, last = records[0].at, records[-1].at
    height = lambda el: top + 34 + (3 - el) * lane
    place = lambda at: left + (at - first) * (right - left) / max(last - first, 1)
    out = [f'<text x="8" y="{top + 10}" font-weight="bold">{title}</text>',
           f'<text x="{right}" y="{top + 10}" text-anchor="end" font-size="11">{last - first} instructions</text>']
    out += [f'<text x="8" y="{height(el) + 4}">EL{el}</text><path d="M{left} {height(el)}H{right}" stroke="#ddd"/>'
            for el in range(4)]
    path, named = f"M{left} {height(records[0].source)}", set()
    for record in records:
        x = place(record.at)
        path += f"H{x:.1f}V{height(record.target)}"
        if record.kind != "return" and record.why not in named:
            named.add(record.why)
            end = ' text-anchor="end"' if x > right - 110 else ""
            out.append(f'<text x="{x:.1f}" y="{height(record.target) - 4}" font-size="9" fill="#a33"{end}>'
                       f'{record.why}</text>')
    out.append(f'<path d="{path}H{right}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>')
    return "".join(out), height(0) + 22


def picture(panels):
    body, top = [], 12
    for title, records in panels:
        text, top = timeline(title, records, top)
        body.append(text)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{top}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(body)}</svg>\n')
