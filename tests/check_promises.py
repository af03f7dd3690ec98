#!/usr/bin/env python3
"""docs/promises.md names tests that exist: each `file`, and each name that stands behind it, is found.

Usage: check_promises.py ROOT
"""
import pathlib
import re
import sys

ROW = re.compile(r"^\| (\d+) \| .* \| (.*) \|$")


def main():
    root = pathlib.Path(sys.argv[1])
    wrong, numbers = [], []
    for line in (root / "docs/promises.md").read_text().splitlines():
        row = ROW.match(line)
        if not row:
            continue
        numbers.append(int(row.group(1)))
        for test in row.group(2).split(";"):
            path, names = re.match(r"\s*`([^`]+)`(?:: (.*))?$", test).groups()
            if not (root / path).is_file():
                wrong.append(f"promise {row.group(1)}: no file {path}")
                continue
            text = (root / path).read_text()
            wrong += [f"promise {row.group(1)}: no {name} in {path}" for name in (names or "").split(", ")
                      if name not in text]
    if numbers != list(range(1, len(numbers) + 1)) or not numbers:
        wrong.append(f"promises are numbered {numbers}")
    print("\n".join(wrong) or f"{len(numbers)} promises have their tests")
    return bool(wrong)


sys.exit(main())
