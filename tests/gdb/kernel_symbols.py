"""A running kernel's symbols as an ELF file for gdb: those that /proc/kallsyms tells of, and nothing else."""

import re
import struct

EM_AARCH64, SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS, SHF_ALLOC, SHF_EXEC = 183, 2, 3, 8, 2, 4
STT_FUNC = 2
TEXT = 1  # the section's number


def parse(text):
    """{name: (address, size)} of pairs of lines as "ADDRESS TYPE NAME", a symbol and the one behind it."""
    found = {}
    lines = [re.fullmatch(r"([0-9a-f]{16}) \w (\S+)", line.strip()) for line in text.splitlines()]
    for this, following in zip(lines, lines[1:]):
        if this and following:
            address = int(this[1], 16)
            found[this[2]] = (address, int(following[1], 16) - address)
    return found


def elf(symbols):
    """An object with these functions, in one section that has no contents."""
    first = min(address for address, _ in symbols.values())
    end = max(address + size for address, size in symbols.values())
    strings, table = b"\0", bytes(24)
    for name, (address, size) in symbols.items():
        table += struct.pack("<IBBHQQ", len(strings), 1 << 4 | STT_FUNC, 0, TEXT, address, size)
        strings += name.encode() + b"\0"
    names = b"\0.text\0.symtab\0.strtab\0"
    sections = [(0, 0, 0, 0, b"", 0, 0, 0), (1, SHT_NOBITS, SHF_ALLOC | SHF_EXEC, first, b"", end - first, 0, 0),
                (7, SHT_SYMTAB, 0, 0, table, len(table), 3, 24), (15, SHT_STRTAB, 0, 0, strings + names, 0, 0, 0)]
    # One string table for both; the sections' names come behind the symbols'.
    offset, body, headers = 64, b"", b""
    for name, kind, flags, address, data, size, link, entry in sections:
        headers += struct.pack("<IIQQQQIIQQ", name + len(strings) if kind else 0, kind, flags, address,
                               offset + len(body), size or len(data), link, 1 if kind == SHT_SYMTAB else 0, 8, entry)
        body += data + bytes(-len(data) % 8)
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, EM_AARCH64, 1, first, 0, 64 + len(body), 0, 64, 0, 0, 64,
                               len(sections), 3)
    return head + body + headers
