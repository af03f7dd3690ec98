"""A module of Debian's kernel whose first act is a BUG() or a WARN(): a stock module with a BRK #0x800 in its init function
and an entry of its table of bugs that points there."""

import struct

BRK = 0xd4200000 | 0x800 << 5
AT = 8  # behind the two NOPs that belong to ftrace
SIGNATURE = b"~Module signature appended~\n"


def faulty_module(image, old, new, warning):
    """The bytes of a module `old` as another one, `new` (a name of the same length), that warns or that is a bug."""
    image = bytearray(image.removesuffix(SIGNATURE))  # what is changed isn't signed any more
    shoff, = struct.unpack_from("<Q", image, 0x28)
    count, names_at = struct.unpack_from("<HH", image, 0x3c)
    headers = [struct.unpack_from("<IIQQQQIIQQ", image, shoff + 64 * i) for i in range(count)]

    def text(at):
        return bytes(image[at:image.index(b"\0", at)]).decode()

    sections = {text(headers[names_at][4] + header[0]): header for header in headers}
    symbols = sections[".symtab"]
    strings = headers[symbols[6]][4]
    init = next(n for n in range(symbols[5] // 24)
                if text(strings + struct.unpack_from("<I", image, symbols[4] + 24 * n)[0]) == "init_module")
    struct.pack_into("<I", image, sections[".init.text"][4] + AT, BRK)
    flags = 9 << 8 | 1 if warning else 0  # BUGFLAG_TAINT(TAINT_WARN), BUGFLAG_WARNING
    struct.pack_into("<H", image, sections["__bug_table"][4] + 10, flags)
    relocation = sections[".rela__bug_table"][4]
    place, info, _ = struct.unpack_from("<QQq", image, relocation)
    assert place == 0, "the first relocation isn't the first entry's address"
    struct.pack_into("<QQq", image, relocation, place, init << 32 | info & 0xffffffff, AT)
    module = sections[".gnu.linkonce.this_module"]
    name_at = image.index(old.encode() + b"\0", module[4], module[4] + module[5])
    image[name_at:name_at + len(new)] = new.encode()
    return bytes(image)
