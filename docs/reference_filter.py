#!/usr/bin/env python3
"""For doxygen: "T a, b; /**< text */" becomes one documented member a line. Line numbers stay as they are."""

import re
import sys

MEMBERS = re.compile(r"^(\s+(?:const )?(?:struct |enum )?\w+ )(\w+(?:, \w+)+);\s*(/\*\*<.*)$")


def split(line):
    match = MEMBERS.match(line)
    if not match:
        return line
    kind, names, text = match.groups()
    end = text.endswith("*/")
    body = text[4:-2] if end else text[4:]
    return " ".join(f"{kind}{name}; /**<{body}*/" for name in names.split(", ")[:-1]) + \
        f" {kind}{names.split(', ')[-1]}; {text}"


for line in open(sys.argv[1], encoding="utf-8"):
    print(split(line.rstrip("\n")))
