#!/usr/bin/env python3
"""Packs the visor's guests into the archive that it takes as its initrd (cpio, newc).

    pack.py OUTPUT [NAME=FILE...]        NAME is guestN/{kernel,initrd,cmdline,config,disk}
    pack.py OUTPUT [NAME:TEXT...]        the same, with the text itself (; ends a line of a config)
"""

import pathlib
import sys


def entry(offset, name, data):
    """One file at an offset. Its name is padded so that the data begin at a multiple of 8, where copying is quick."""
    encoded = name.encode() + b"\0"
    encoded += b"\0" * (-(offset + 110 + len(encoded)) % 8)
    fields = [0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    return b"070701" + b"".join(b"%08x" % field for field in fields) + encoded + data + b"\0" * (-len(data) % 4)


def pack(files):
    """files: name -> bytes or text."""
    archive = b""
    for name, data in [*files.items(), ("TRAILER!!!", b"")]:
        archive += entry(len(archive), name, data.encode() if isinstance(data, str) else data)
    return archive


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    files = {}
    for argument in arguments[1:]:
        name, found, text = argument.partition(":")
        if found and "=" not in name:
            files[name] = text.replace(";", "\n") if name.endswith("/config") else text
        else:
            name, _, path = argument.partition("=")
            files[name] = pathlib.Path(path).read_bytes()
    pathlib.Path(arguments[0]).write_bytes(pack(files))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
