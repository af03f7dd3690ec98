#!/usr/bin/env python3
"""Equal inputs, equal state hashes, whatever built the simulator: compilers, optimisation levels, ways of dispatch, numbers
of handlers.

    builds.py --work DIRECTORY [--limit N] [--armsim FILE...]

Builds the command in DIRECTORY in several ways and adds the given ones; all run the same machines.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/boot"))
import debian

# (compiler, optimisation, dispatch, handlers)
BUILDS = [("gcc", "0", "loop", 0), ("gcc", "2", "tail", 0), ("clang", "0", "loop", 0), ("clang", "2", "tail", 500)]


def compiler(kind):
    names = ["clang-19", "clang"] if kind == "clang" else [kind]
    return next((name for name in names if shutil.which(name)), None)


def build(work, kind, optimisation, dispatch, handlers):
    """The command's path."""
    directory = pathlib.Path(work) / f"{kind}-O{optimisation}-{dispatch}"
    environment = dict(os.environ, CC=compiler(kind))
    if not (directory / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(directory), str(ROOT), f"-Doptimization={optimisation}", "-Dwerror=false",
                        f"-Ddispatch={dispatch}", f"-Dhandlers={handlers}"], env=environment, check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(directory), "frontends/cli/armsim"], check=True, stdout=subprocess.DEVNULL)
    return directory / "frontends/cli/armsim"


def machines(limit):
    """name -> arguments"""
    kernel, initramfs = debian.prepare("cloud")
    boot = ["-m", "256", "-nographic", "-kernel", kernel, "-initrd", initramfs, "-append", "console=ttyAMA0",
            "--limit", limit]
    return {
        "kernel, GICv3, 2 PEs": ["-M", "virt,gic-version=3", "-cpu", "cortex-a76", "-smp", "2"] + boot,
        "kernel, GICv2, EL2": ["-M", "virt,gic-version=2,virtualization=on", "-cpu", "cortex-a57"] + boot,
        "ROM": ["-M", "virt,secure=on,virtualization=on,gic-version=3", "-nographic"],
    }


def state_hash(armsim, arguments):
    result = subprocess.run([str(armsim), "run"] + [str(word) for word in arguments] + ["--state-hash"],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=1800)
    found = re.findall(r"^.*\b(?:0x)?([0-9a-f]{16})\b", result.stdout + result.stderr, re.M)
    return found[-1] if found else f"none: {(result.stdout + result.stderr)[-300:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--limit", default="50M", help="instructions of a kernel's run")
    parser.add_argument("--armsim", action="append", default=[], help="another build")
    arguments = parser.parse_args()
    commands = {str(path): path for path in arguments.armsim}
    for kind, *options in BUILDS:
        if compiler(kind):
            commands[f"{kind} -O{options[0]}, {options[1]}, {options[2]} handlers"] = build(arguments.work, kind, *options)
        else:
            print(f"no {kind} here")
    differ = 0
    for name, machine in machines(arguments.limit).items():
        hashes = {command: state_hash(path, machine) for command, path in commands.items()}
        again = state_hash(next(iter(commands.values())), machine)
        same = len(set(hashes.values()) | {again}) == 1
        differ += not same
        print(f"{'ok  ' if same else 'FAIL'} {name}: " + (f"{again} of {len(commands)} builds" if same else ""), flush=True)
        if not same:
            for command, value in hashes.items():
                print(f"    {value} {command}")
    print(f"determinism: {len(commands)} builds, {differ} machines end differently")
    return 1 if differ or len(commands) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
