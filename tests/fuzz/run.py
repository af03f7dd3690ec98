#!/usr/bin/env python3
"""Runs the fuzz targets for a while. An input that ends badly is kept, and its path shown.

    run.py --build DIRECTORY [--seconds N | --inputs N] [--seed N] [TARGET...]
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

TARGETS = ["execute", "devices", "loaders", "gdb", "snapshot"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=float, default=10, help="for each target")
    parser.add_argument("--inputs", type=int, help="for each target, however long it takes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("targets", nargs="*", default=TARGETS)
    arguments = parser.parse_args()
    directory = pathlib.Path(arguments.build) / "tests/fuzz"
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0", UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")
    failed = 0
    for target in arguments.targets:
        kept = directory / f"crash-{target}"
        try:
            most = ["--inputs", str(arguments.inputs)] if arguments.inputs else ["--seconds", str(arguments.seconds)]
            result = subprocess.run([str(directory / f"fuzz_{target}"), *most, "--seed", str(arguments.seed), "--save",
                                     str(kept)], capture_output=True, text=True, errors="replace", env=environment,
                                    timeout=None if arguments.inputs else arguments.seconds + 120)
            good, text = result.returncode == 0, result.stdout + result.stderr
        except subprocess.TimeoutExpired:
            good, text = False, "an input that doesn't end"
        if good:
            print(f"ok   fuzz {target}: {re.search(r'[0-9]+ inputs', text).group()}")
        else:
            failed += 1
            print(f"FAIL fuzz {target}: the input is {kept}\n{text[-3000:]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
