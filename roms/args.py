#!/usr/bin/env python3
"""Writes a compiler's arguments into a file, for `gcc @FILE`: as they are, but files by their absolute paths, so that it can
be named from any folder.

    args.py OUTPUT ARGUMENT...
"""

import os
import sys


def quoted(argument):
    path = os.path.abspath(argument) if os.path.exists(argument) else argument
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"\n'


with open(sys.argv[1], "w") as output:
    output.writelines(quoted(argument) for argument in sys.argv[2:])
