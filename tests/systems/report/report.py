#!/usr/bin/env python3
"""The systems as their scenarios ran: docs/systems.md, a section each with a timeline, counts and costs, and pictures.

    report.py --build DIRECTORY [--docs DIRECTORY]
    report.py --build DIRECTORY --visor IMAGE --client ARCHIVE [--own NAME,CAUSE,SYNDROME]

The second form prints the table of another visor and client, with a transport of one's own (docs/tutorial.md).
"""

import argparse
import pathlib
import re

import calls
from traces import COSTS, alone, cost, counts, picture, under_monitor, under_visor

ROOT = pathlib.Path(__file__).resolve().parents[3]
EA, EL3_WFE, EL2_WFE, TDE, TDA = "SCR_EL3.EA", "SCR_EL3.TWE", "HCR_EL2.TWE", "MDCR_EL2.TDE", "MDCR_EL2.TDA"


def simulated_devices(build):
    run = under_monitor(build, "monitor-devices", "sweep")
    forms = sum(record.why == EA for record in run.records)
    decoded = run.number(r"given back; (\d+) instructions decoded")
    answered = run.number(r"aborts: (\d+) answered")
    return [("Loads and stores to a device that there is not", run.around(EA, 16))], [
        "`monitor-devices` answers from EL3, by aborts alone, for a UART and a clock that the board doesn't have; the client",
        "`sweep` goes through every form of load and store.", "", *COSTS,
        *[cost("a load or store, answered or given back", f"EL{el}", run.visits(EA, el)) for el in (1, 0)], "",
        f"{answered} of {forms} were answered. {decoded} instructions were decoded, {100 * (forms - decoded) // forms} %",
        "were known from before: the sweep has 518 forms, a driver has a few. A real device answers in one instruction.", "",
        *counts(run)]


def configuration_space(build):
    run = under_monitor(build, "monitor-pci", "pci_space", "-device", "sysbus-ahci,id=hba")
    reads = re.search(r"(\d+) reads: (\d+) ns by aborts, (\d+) ns by SMC", run.console)
    return [("Configuration space by aborts and by calls", run.around("SMC", 12))], [
        "`monitor-pci` shows a platform's AHCI controller as a PCI function; the client `pci_space` reads and writes its",
        "configuration space in the window, and by SMC (DEN0115) beside it.", "", *COSTS,
        cost("an access in the window", "EL1", run.visits(EA, 1)), cost("a call by SMC", "EL1", run.visits("SMC", 1)), "",
        f"{reads[1]} reads of a word by the caller's clock: {reads[2]} ns by aborts, {reads[3]} ns by SMC.", "", *counts(run)]


def channel(build):
    agent = under_monitor(build, "monitor-agent", "watchdog_el3")
    nobody = under_monitor(build, "monitor", "watchdog_el3")
    guest = under_visor(build, build / "tests/systems/watchdog-nmi.cpio")
    bark = next(i for i, record in enumerate(agent.records) if record.kind == "fiq")
    worst = nobody.number(r"EL1: levels 0, EL3 is 0, (\d+) ns")
    found = agent.number(r"EL1: levels 8, EL3 is \w+, (\d+) ns")
    return [("At EL3: asked, and asked again", agent.around(EL3_WFE, 14, before=0)),
            ("At EL3: the watchdog barks", agent.records[bark - 2:bark + 4]),
            ("At EL2: pings of the watchdog, between the timer's interrupts", guest.around("HCR_EL2.IMO", 14, before=0))], [
        "One agent, at EL3 in `monitor-agent` and at EL2 in the visor; the clients `watchdog_el3` and `watchdog-nmi` set a",
        "watchdog, ping it, and hang with interrupts masked.", "", *COSTS,
        *[cost("a WFE at EL3, request or not", f"EL{el}", agent.visits(EL3_WFE, el)) for el in (1, 0)],
        cost("a WFE at EL2, request or not", "EL1", guest.visits(EL2_WFE, 1)), "",
        f"Discovery from EL1 takes {found} ns where the agent answers. Where nobody does it takes {worst} ns of the",
        "100000 ns that it may.", "", "At EL3:", "", *counts(agent), "", "At EL2:", "", *counts(guest)]


def discovery(build):
    run = alone(build, "discovery")
    cells = re.findall(r"EL2 (\w+), EL3 (\w+), from EL(\d), event (\d): levels (\w+)", run.console)
    return [("Nobody, then agents: each asks for the interval, or until it is answered", run.around(EL3_WFE, 24))], [
        "The ROM `discovery` is everybody in turn: nobody, an agent, or a stranger at EL2 and EL3, and asks from EL0 and EL1 with",
        "the event register clear and set. A level that answered is a bit: 4 for EL2, 8 for EL3.", "",
        "| EL2 | EL3 | from | event register | levels that answered |", "|---|---|---|---|---|",
        *[f"| {el2} | {el3} | EL{el} | {event} | {levels} |" for el2, el3, el, event, levels in cells], "", *counts(run)]


def debugging(build):
    run = under_visor(build, build / "tests/systems/debugger-brk.cpio")
    return [("BRK, breakpoints and steps of the guest come to EL2, and go on to EL1", run.around(TDE, 16))], [
        "The client `debugger-brk` has the transport BRK and debugs itself: MDCR_EL2.TDE brings its debug exceptions to EL2,",
        "which gives them back. Without a hypervisor the numbers on its console are the same.", "", *COSTS,
        *[cost("a debug exception, given back", f"EL{el}", run.visits(TDE, el)) for el in (1, 0)],
        cost("a debug register", "EL1", run.visits(TDA, 1)), "", *counts(run)]


def status_read(build):
    run = under_visor(build, build / "tests/systems/debugger-dcc.cpio")
    return [("Debug registers trap, exceptions don't", run.around(TDA, 16))], [
        "The same debugger with the transport DCC: MDCR_EL2.TDA traps the registers, no debug exception comes to EL2.", "",
        *COSTS, cost("a debug register", "EL1", run.visits(TDA, 1)), "", *counts(run)]


def interface(build, docs):
    run = under_visor(build, build / "tests/systems/calls.cpio")
    (docs / "systems-calls.svg").write_text(calls.picture(run))
    return [("The first calls", run.around("HVC", 14))], [
        "The client `calls` makes the same calls by every transport, from EL1 and EL0, and compares the answers.", "",
        "![One call by each transport](systems-calls.svg)", "",
        "Instructions at EL2, from the exception to the return. The guest executes one instruction a call, after it has loaded",
        "the registers. Each transport also carries a message of 64 KiB there and back by string forms, which come to EL2 again",
        "every 16 KiB: those exits are counted by themselves.", "", *calls.table(run, calls.TRANSPORTS), "", *counts(run)]


def detection(build):
    run = alone(build, "detection")
    verdict = re.search(r"all: (EL1 \w+, EL0 \w+)", run.console)
    return [("A candidate that is trapped, again and again between LDXR and STXR", run.around("HCR_EL2.TVM", 20))], [
        "The ROM `detection` traps 20 things one by one, and all, and finds out which they are by LDXR and STXR alone; what it",
        f"finds must equal the registers. With all: `{verdict[1]}`, a bit for each candidate.", "", *counts(run, 24)]


SYSTEMS = [
    ("S01", "device simulation in secure mode", simulated_devices),
    ("S02", "a platform's device shown as PCI", configuration_space),
    ("S04", "the WFE channel and its watchdog", channel),
    ("S05", "safe discovery", discovery),
    ("S06", "calls by BRK beside debugging", debugging),
    ("S07", "calls by a read of the DCC's status", status_read),
    ("S08", "one interface by every transport", interface),
    ("S09", "detection by the exclusive monitor", detection),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--docs", default=ROOT / "docs", type=pathlib.Path)
    parser.add_argument("--visor")
    parser.add_argument("--client")
    parser.add_argument("--own", type=lambda text: [tuple(text.split(","))], default=[])
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    if arguments.visor:
        run = under_visor(build, arguments.client, arguments.visor)
        print("\n".join(calls.table(run, calls.TRANSPORTS + arguments.own)))
        return
    lines = ["# The systems, as they ran", "",
             "Made by `./dev systems --report` from the traces of the scenarios in `tests/systems/`, on a cortex-a76. They are",
             "deterministic: other numbers mean another monitor, visor, client or compiler. Instructions are those at the",
             "higher level, from the exception to the return. How the systems are called is in [calling.md](calling.md), what",
             "they cost Debian's kernel in [systems-linux.md](systems-linux.md); the programs are [the monitor](monitor.md)",
             "and [the visor](visor.md).", ""]
    for number, title, section in SYSTEMS:
        image = f"systems-{number.lower()}.svg"
        panels, body = section(build, arguments.docs) if section is interface else section(build)
        (arguments.docs / image).write_text(picture(panels))
        lines += [f"## {number}: {title}", "", f"![{title}: the Exception levels over instructions]({image})", "", *body, ""]
    (arguments.docs / "systems.md").write_text("\n".join(lines).rstrip("\n") + "\n")


if __name__ == "__main__":
    main()
