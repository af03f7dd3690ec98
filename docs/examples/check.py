#!/usr/bin/env python3
"""Runs the commands that docs/examples.md shows and compares what they print with what stands there.

    check.py examples.md BUILD-DIRECTORY [--kernel FILE --initrd FILE] [--write]

Blocks that begin with "$ trap_census" need a kernel: they are run if one is given, and only their form is compared, as
the counts depend on the kernel's version.
"""

import argparse
import pathlib
import re
import shlex
import subprocess
import sys

BLOCK = re.compile(r"```\n\$ (.*)\n((?:.*\n)*?)```\n")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--kernel")
    parser.add_argument("--initrd")
    parser.add_argument("--write", action="store_true", help="puts what they print into the page")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    text, wrong, run = arguments.page.read_text(), 0, 0

    def check(match):
        nonlocal wrong, run
        words = shlex.split(match.group(1))
        census = words[0] == "trap_census"
        if census and not arguments.kernel:
            return match.group(0)
        words = [{"vmlinuz": arguments.kernel, "initrd": arguments.initrd}.get(word, word) for word in words]
        result = subprocess.run([arguments.build / ("example_" + words[0]), *words[1:]], cwd=arguments.build, text=True,
                                stdin=subprocess.DEVNULL, capture_output=True)
        run += 1

        def form(output):
            return set(re.sub(r"\d{2,}", "n", re.sub(r" +", " ", line)) for line in output.splitlines()[:4])
        same = form(result.stdout) == form(match.group(2)) if census else result.stdout == match.group(2)
        if result.returncode != 0 or (not same and not arguments.write):
            wrong += 1
            print(f"$ {match.group(1)}: status {result.returncode}\n{result.stdout}{result.stderr}instead of\n"
                  f"{match.group(2)}")
        return f"```\n$ {match.group(1)}\n{result.stdout}```\n"

    new = BLOCK.sub(check, text)
    if arguments.write:
        arguments.page.write_text(new)
    print(f"{run - wrong} examples print what the page says, {wrong} do not")
    return 1 if wrong or not run else 0


sys.exit(main())
