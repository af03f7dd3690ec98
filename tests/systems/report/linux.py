#!/usr/bin/env python3
"""What the transports cost a guest that doesn't use them, Debian's kernel with two vCPUs: docs/systems-linux.md.

    linux.py --build DIRECTORY [--docs DIRECTORY]
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/systems"))
import hypercalls

# Columns: exits of the guest to EL2, by exception class.
CLASSES = {"WFI, WFE": (1,), "system registers": (0x18,), "debug": (0x30, 0x32, 0x34, 0x3c), "stage 2": (0x20, 0x24)}
SECONDS = 5  # of the script `idle`
RUNS = [("boots and ends", "nothing", ("", "transports wfe", "transports dcc", "transports brk")),
        (f"idles for {SECONDS} s", "idle", ("transports wfe",)),
        ("two threads, one spinlock", "spinning", ("", "transports wfe")),
        ("a debugger and its program", "debugging", ("", "transports dcc", "transports brk"))]


def run(build, kernel, initrd, scratch, script, config):
    """(exits by column, microseconds that the program `spinning` took)."""
    name = f"{script}-{config.split()[-1] if config else 'none'}"
    image, stats = scratch / f"{name}.cpio", scratch / f"{name}.json"
    image.write_bytes(hypercalls.pack.pack({
        "guest0/kernel": kernel.read_bytes(), "guest0/initrd": initrd,
        "guest0/cmdline": f"console=ttyAMA0 panic=-1 quiet armsim.test={script}",
        "guest0/config": f"memory 256M\nvcpus 2\n{config}\n"}))
    result = subprocess.run([os.path.join(build, "frontends/cli/armsim"), "run", "-M", "virt,gic-version=3,virtualization=on",
                             "-cpu", "cortex-a76", "-smp", "2", "-m", "640", "-nographic", "-no-reboot", "-kernel",
                             os.path.join(build, "roms/visor.img"), "-initrd", image, "--stats", stats],
                            check=True, stdin=subprocess.DEVNULL, capture_output=True)
    counts = [entry for entry in json.loads(stats.read_text())["exceptions"]["by_class"]
              if entry["to_el"] == 2 and entry["from_el"] < 2 and entry["kind"] == "sync"]
    took = re.search(rb"spinning: (\d+) us", result.stdout)
    return ([sum(entry["count"] for entry in counts if entry["class"] in classes) for classes in CLASSES.values()],
            int(took.group(1)) if took else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--docs", default=ROOT / "docs", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        scratch = pathlib.Path(folder)
        kernel, initrd = hypercalls.initramfs(scratch)
        cases = [(what, script, config) for what, script, configs in RUNS for config in configs]
        results = dict(zip(cases, pool.map(lambda case: run(arguments.build, kernel, initrd, scratch, *case[1:]), cases)))
    lines = ["# What transports cost a guest that doesn't call", "",
             "Made by `./dev systems --report`: Debian's kernel, a guest of the visor with VHE and two vCPUs, each on a PE of its",
             "own. Exits to EL2 over the whole run, from the kernel's first instruction to its power-off.", "",
             "| the guest | configuration | " + " | ".join(CLASSES) + " | the program took |",
             "|---|---|" + "---|" * (len(CLASSES) + 1)]
    for (what, _, config), (counts, took) in results.items():
        lines.append(f"| {what} | {config or 'no transport'} | " + " | ".join(map(str, counts)) +
                     f" | {f'{took} µs' if took else ''} |")
    took = [results[(RUNS[2][0], "spinning", config)][1] for config in RUNS[2][2]]
    idle = [results[(what, script, "transports wfe")][0][0] for what, script, _ in RUNS[:2]]
    lines += ["", f"- Spinlocks whose waiters' WFEs are trapped take {took[1] / took[0]:.2f} times as long.",
              f"- An idle kernel that may call by WFE has {(idle[1] - idle[0]) / SECONDS:.1f} exits by WFE each second."]
    (arguments.docs / "systems-linux.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
