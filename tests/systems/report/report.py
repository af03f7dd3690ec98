#!/usr/bin/env python3
"""What a hypercall costs by each transport, from the trace of one run of the client `calls` as a guest of the visor:
docs/systems-costs.md, and a picture of one call each, docs/systems-costs.svg.

    report.py --build DIRECTORY [--docs DIRECTORY]
    report.py --build DIRECTORY --visor IMAGE --client ARCHIVE [--own NAME,CAUSE,SYNDROME]

The second form prints the table of another visor and client, with a transport of one's own (docs/tutorial.md).
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
LINE = re.compile(r"^\d+ ns pe0 (\w+) EL(\d)ns->EL(\d)ns (?:why=(.+?) (?=class=|esr=|elr=))?.*?#\d+@(\d+)", re.M)
LONG = 50000  # instructions: string forms of the 64 KiB message, which go there and back in turns of 16 KiB
# Name, cause in the trace, syndrome of a call.
TRANSPORTS = [("HVC", "HVC", "0x5a000086"), ("BRK", "MDCR_EL2.TDE", "0xf2000086"),
              ("DCC", "MDCR_EL2.TDA", "0x6220c3e3"), ("WFE", "HCR_EL2.TWE", "0x7e00001")]
HEAD = ["| transport | caller | trapped by | exits | least | median | exits of 64 KiB twice | the longest of them |",
        "|---|---|---|---|---|---|---|---|"]


def trace(build, visor, client):
    """[(kind, from EL, to EL, why, esr, instruction)] of the run."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trace"
        subprocess.run([os.path.join(build, "frontends/cli/armsim"), "run", "-M", "virt,gic-version=3,virtualization=on",
                        "-cpu", "cortex-a76", "-m", "256", "-nographic", "-kernel", visor, "-initrd", client, "--limit", "500M", "--trace", path],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        text = path.read_text()
    records = []
    for found in LINE.finditer(text):
        esr = re.search(r"esr=(0x[0-9a-f]+)", found.group(0))
        records.append((found.group(1), int(found.group(2)), int(found.group(3)), found.group(4),
                        esr and esr.group(1), int(found.group(5))))
    return records


def calls(records, el, esr):
    """(entry, return) instruction counts of the calls by one transport from one EL."""
    result = []
    for i, (kind, source, target, _, syndrome, at) in enumerate(records[:-1]):
        if kind == "sync" and source == el and target == 2 and syndrome == esr and records[i + 1][0] == "return":
            result.append((at, records[i + 1][5]))
    return result


def table(records):
    rows = []
    for el in (1, 0):
        for name, why, esr in TRANSPORTS:
            found = calls(records, el, esr)
            if not found:
                continue
            costs = [end - start for start, end in found]
            streams = [cost for cost in costs if cost > LONG]
            rows.append(f"| {name} | EL{el} | `{why}` | {len(found)} | {min(costs)} | {statistics.median_low(costs)} "
                        f"| {len(streams)} | {max(streams, default=0)} |")
    return rows


def picture(records):
    """One short call by each transport, on one scale: the guest below, EL2 above."""
    shown = [(name, el, min(calls(records, el, esr), key=lambda c: c[1] - c[0]))
             for el in (1, 0) for name, _, esr in TRANSPORTS if calls(records, el, esr)]
    longest = max(end - start for _, _, (start, end) in shown)
    width, margin, out = 760, 90, []
    scale = (width - margin - 120) / longest
    for n, (name, el, (start, end)) in enumerate(shown):
        y, cost = 24 + n * 34, end - start
        right = margin + 40 + cost * scale
        out.append(f'<text x="8" y="{y + 14}">{name}, EL{el}</text>')
        out.append(f'<path d="M{margin} {y + 18}H{margin + 40}V{y + 4}H{right:.1f}V{y + 18}H{right + 40:.1f}" '
                   'fill="none" stroke="#1f5fa8" stroke-width="2"/>')
        out.append(f'<text x="{margin + 46}" y="{y + 17}" font-size="11">{cost} instructions at EL2</text>')
    height = 34 * len(shown) + 24
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(out)}</svg>\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--docs", default=ROOT / "docs", type=pathlib.Path)
    parser.add_argument("--visor")
    parser.add_argument("--client")
    parser.add_argument("--own", type=lambda text: tuple(text.split(",")))
    arguments = parser.parse_args()
    records = trace(arguments.build, arguments.visor or os.path.join(arguments.build, "roms/visor.img"),
                    arguments.client or os.path.join(arguments.build, "tests/systems/calls.cpio"))
    if arguments.visor:
        TRANSPORTS.extend([arguments.own] if arguments.own else [])
        print("\n".join(HEAD + table(records)))
        return
    causes = {}
    for kind, source, target, why, _, _ in records:
        if kind == "sync":
            causes[(source, target, why)] = causes.get((source, target, why), 0) + 1
    lines = ["# What a hypercall costs", "",
             "Made by `./dev systems --report` from the trace of one run: the client `calls`, a guest of the visor with VHE and",
             "GICv3. It is deterministic: other numbers mean another visor, client or compiler.", "",
             "![One call by each transport](systems-costs.svg)", "",
             "Instructions at EL2, from the exception to the return, over all calls of the run. The guest executes one",
             "instruction a call, after it has loaded the registers. Each transport also carries a message of 64 KiB there and",
             "back by string forms, which come to EL2 again every 16 KiB: those exits are counted by themselves.", "",
             *HEAD, *table(records), "",
             "All exceptions of the run:", "", "| from | to | cause | number |", "|---|---|---|---|"]
    for (source, target, why), count in sorted(causes.items(), key=lambda item: -item[1]):
        lines.append(f"| EL{source} | EL{target} | {why} | {count} |")
    (arguments.docs / "systems-costs.md").write_text("\n".join(lines) + "\n")
    (arguments.docs / "systems-costs.svg").write_text(picture(records))


if __name__ == "__main__":
    main()
