"""Small A64 programs and kernel files for the command's tests, made here so that no cross compiler is needed."""

import gzip
import struct

MOVZ_X = 0xD2800000
MOVK_X = 0xF2800000
HVC0 = 0xD4000002
HLT_SEMIHOSTING = 0xD45E0000
WFI = 0xD503207F
LOOP = 0x14000000
STRB_W2_X1 = 0x39000022

UART = 0x09000000
PSCI_SYSTEM_OFF = 0x84000008
PSCI_SYSTEM_RESET = 0x84000009


def mov(register, value):
    """MOVZ and MOVKs that put a 64-bit value in Xn."""
    words = [MOVZ_X | (value & 0xFFFF) << 5 | register]
    for half in (1, 2, 3):
        part = value >> 16 * half & 0xFFFF
        if part:
            words.append(MOVK_X | half << 21 | part << 5 | register)
    return words


def code(*words):
    flat = []
    for word in words:
        flat += word if isinstance(word, list) else [word]
    return struct.pack(f"<{len(flat)}I", *flat)


def say(text):
    words = mov(1, UART)
    for character in text.encode():
        words += mov(2, character) + [STRB_W2_X1]
    return words


def power_off():
    return mov(0, PSCI_SYSTEM_OFF) + [HVC0, LOOP]


def semihosting_exit(status, address):
    """Exits with a status; `address`: where 16 bytes may be written."""
    str_x2_x1 = 0xF9000022
    str_x3_x1_8 = 0xF9000423
    return (mov(1, address) + mov(2, 0x20026) + mov(3, status) + [str_x2_x1, str_x3_x1_8] + mov(0, 0x18) +
            [HLT_SEMIHOSTING, LOOP])


def image(program, image_size=None, text_offset=0, flags=0xA, magic=b"ARM\x64"):
    """A flat Linux Image whose first instruction branches over the header."""
    body = struct.pack("<I", 0x14000010) + bytes(4)
    size = 64 + len(program) if image_size is None else image_size
    return body + struct.pack("<QQQ", text_offset, size, flags) + bytes(24) + magic + bytes(4) + program


def zboot(payload, compression=b"gzip", offset=64, size=None):
    packed = gzip.compress(payload, mtime=0)
    header = b"MZ\0\0zimg" + struct.pack("<II", offset, len(packed) if size is None else size) + bytes(8)
    return header + compression.ljust(32, b"\0") + struct.pack("<II", 0x818223CD, 64) + packed


def elf(program, address=0x40080000, entry=None, machine=183, elf_class=2, kind=2, phoff=64, filesz=None, memsz=None,
        offset=120):
    filesz = len(program) if filesz is None else filesz
    memsz = filesz if memsz is None else memsz
    header = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", elf_class, 1, 1, kind, machine, 1,
                         address if entry is None else entry, phoff, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, offset, address, address, filesz, memsz, 4)
    return header + segment + program
