#!/usr/bin/env python3
"""embed.py OUTPUT.c [IMAGE]: an image as a C array, as builtin_rom.h declares it; empty without an image."""

import sys

data = open(sys.argv[2], "rb").read() if len(sys.argv) > 2 else b""
lines = [", ".join(f"0x{byte:02x}" for byte in data[i:i + 20]) for i in range(0, len(data), 20)]
with open(sys.argv[1], "w") as out:
    out.write('#include "roms/builtin_rom.h"\n\nconst unsigned char builtin_rom[] = {\n')
    out.write("".join(f"    {line},\n" for line in lines) or "    0,\n")
    out.write(f"}};\nconst size_t builtin_rom_size = {len(data)};\n")
