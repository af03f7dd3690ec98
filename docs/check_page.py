#!/usr/bin/env python3
"""Runs the commands that a page of the documentation shows, in their order and in one shell, and compares what they
print with what stands there.

    check_page.py PAGE BUILD-DIRECTORY [--kernel FILE --initrd FILE] [--write]

Blocks that begin with "$ " are run; a command goes on over lines that end with a backslash. They find a folder like a
checkout that was built in `build`, with the examples' programs by their names, guest.elf, and, where they are given,
vmlinuz and initrd: a block that needs these is left out otherwise. A command that fails has to say so in its output:
COMMAND || echo "status $?".

Output is compared as it is, but for "in 1.2 s": that is the host's time. In a block marked "```console varies" it
depends on programs that change with their versions: numbers may be others, and lines in another order; "varies=N": of
the first N lines.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(console(?: varies(?:=(\d+))?)?)?\n(\$ .*\n(?:.*\n)*?)```\n", re.M)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.M)
TIMEOUT = 600


def checkout(folder, arguments):
    """A folder in which the page's commands find what they name."""
    links = {name: ROOT / name for name in ("dev", "docs", "roms", "tests")}
    links["build"] = arguments.build
    examples = arguments.build / "docs/examples"
    links["guest.elf"] = examples / "guest.elf"
    for program in examples.glob("example_*"):
        if os.access(program, os.X_OK) and program.is_file():
            links["bin/" + program.name.removeprefix("example_")] = program
    if arguments.kernel:
        links |= {"vmlinuz": pathlib.Path(arguments.kernel), "initrd": pathlib.Path(arguments.initrd)}
    (folder / "bin").mkdir()
    for name, target in links.items():
        (folder / name).symlink_to(target)
    return dict(os.environ, PATH=f"{folder / 'bin'}:{os.environ['PATH']}", LC_ALL="C", CC=os.environ.get("CC", "cc"))


def run(commands, arguments):
    """[(output, status)] of the commands, of one shell."""
    with tempfile.TemporaryDirectory(prefix="armsim-page-") as name:
        folder = pathlib.Path(name)
        environment = checkout(folder, arguments)
        outputs = folder / "outputs"
        outputs.mkdir()
        script = "".join(f"{{ {command}\n}} < /dev/null > '{outputs}/{n}' 2>&1; echo $? > '{outputs}/{n}.status'\n"
                         for n, command in enumerate(commands))
        subprocess.run(["bash", "-c", script], cwd=folder, env=environment, timeout=TIMEOUT)

        def text(path):
            return path.read_text(errors="replace").replace("\r", "") if path.exists() else ""
        return [(text(outputs / str(n)), text(outputs / f"{n}.status").strip() or "none") for n in range(len(commands))]


def same(shown, printed, varies, lines):
    def timeless(output):
        return re.sub(r"\bin \d+\.\d+ s\b", "in n s", output)
    if not varies:
        return timeless(shown) == timeless(printed)

    def form(output):
        return sorted(re.sub(r"0x[0-9a-f]+|(?<!\w)\d+", "n", re.sub(r" +", " ", line))
                      for line in output.splitlines()[:lines])
    return form(shown) == form(printed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--kernel")
    parser.add_argument("--initrd")
    parser.add_argument("--write", action="store_true", help="puts what they print into the page")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    page = arguments.page.read_text()
    blocks = [block for block in BLOCK.finditer(page) if arguments.kernel or "vmlinuz" not in block.group(3)]
    shown = [(command.group(1), command.group(2), block) for block in blocks
             for command in COMMAND.finditer(block.group(3))]
    wrong, written = 0, {}
    printed = run([command for command, _, _ in shown], arguments)
    for (command, expected, block), (output, status) in zip(shown, printed):
        kind = block.group(1) or ""
        good = same(expected, output, "varies" in kind, int(block.group(2) or 0) or None)
        if status != "0" or not (good or arguments.write):
            wrong += 1
            print(f"$ {command}: status {status}\n{output}instead of\n{expected}")
        kept = expected if good and "varies" not in kind else output
        written[block] = written.get(block, f"```{kind}\n") + f"$ {command}\n{kept}"
    if arguments.write and not wrong:
        for block in reversed(blocks):
            page = page[:block.start()] + written[block] + "```\n" + page[block.end():]
        arguments.page.write_text(page)
    print(f"{len(shown) - wrong} commands print what the page says, {wrong} do not")
    return 1 if wrong or not shown else 0


if __name__ == "__main__":
    sys.exit(main())
