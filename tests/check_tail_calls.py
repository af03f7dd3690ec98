#!/usr/bin/env python3
"""Handlers follow each other by tail calls: one that calls the next, and would return from it, makes the host's stack
grow as long as the guest runs. Looks through the machine code of every handler for calls to handlers.

Usage: check_tail_calls.py LIBRARY.so
"""
import re
import subprocess
import sys

FUNCTION = re.compile(r'^[0-9a-f]+ <(\w[\w.]*)>:$')
# x86-64: call *0x10(%rbp); AArch64: blr x3. Or to a handler by its name.
CALL = re.compile(r'\tcallq? +\*|\tblr\t|\t(?:callq?|bl)\s.*<handle_')


def main():
    text = subprocess.run(['objdump', '-d', '--no-show-raw-insn', sys.argv[1]], check=True, capture_output=True,
                          text=True).stdout
    function, handlers, wrong = '', 0, {}
    for line in text.splitlines():
        match = FUNCTION.match(line)
        if match:
            function = match.group(1) if match.group(1).startswith('handle_') else ''
            handlers += function != ''
        elif function and CALL.search(line):
            wrong.setdefault(function, line.strip())
    for name, line in wrong.items():
        print(f'{name} calls a handler: {line}')
    print(f'{handlers} handlers, {len(wrong)} with calls')
    sys.exit(1 if wrong or handlers < 100 else 0)


if __name__ == '__main__':
    main()
