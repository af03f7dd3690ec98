#!/usr/bin/env python3
"""Random sequences of A64 instructions, run by qemu-aarch64 and by armsim: both must leave the same registers,
flags, and memory. The instructions are drawn from the simulator's own decode tables.

    random_a64.py --build DIRECTORY [--rounds N] [--seed N] [--length N] [--only PATTERN]
"""

import argparse
import fnmatch
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CPU = HERE.parent.parent / "cpu"
sys.path.insert(0, str(CPU / "gen"))
import tables  # noqa: E402

TABLES = [CPU / name for name in ("a64.decode", "a64_fpsimd.decode")]
CROSS = "aarch64-linux-gnu-"

BUFFER = 1024
RECORD = 784 + BUFFER
MODEL = "neoverse-n1"

# Functions of rows that have no place in a straight line of code at EL0, or that read what differs between the two.
LEFT_OUT = {"branch_imm", "branch_reg", "eret", "svc", "hvc", "smc", "brk", "hlt", "dcps", "system", "hint",
            "ldst_exclusive"}
GENERAL_RESULT = re.compile(r"float2(int|fix)|asimdins|^[US]MOV")


# Words (mask, value) that qemu-aarch64 7.2 executes otherwise than the architecture says.
KNOWN_DIFFERENT = [
    (0xdff0fc00, 0x5f10fc00),  # FCVTZS, FCVTZU to half-precision fixed-point, scalar: it leaves bits 31 to 16 set
    (0xbff8fc00, 0x2f00fc00),  # unallocated, beside FMOV (vector, immediate) of half-precision: it executes it
]


class Row:
    """A row of a decode table: fixed bits and fields."""

    def __init__(self, form, function, columns, clauses):
        self.form, self.function, self.clauses = form, function, clauses
        self.value, self.fields = 0, []
        position = 32
        for column in columns:
            if ":" in column:
                name, width = column.split(":")
                position -= int(width)
                self.fields.append((name, position, int(width)))
            else:
                for bit in column:
                    position -= 1
                    self.value |= (bit == "1") << position
        if position:
            raise ValueError(f"{form}: {32 - position} bits")


def read_tables():
    rows = []
    for path in TABLES:
        for _, line in tables.rows(path):
            name, *rest = re.sub(r"<[^>]*>", lambda m: m.group().replace(" ", ""), line).split()
            form, _, function = name.partition(":") if "<" not in name else name.rpartition(":")
            if not form:
                form, function = function, ""
            columns = []
            while rest and (re.fullmatch(r"[01x]+", rest[0]) or re.fullmatch(r"\w+:\d+", rest[0])):
                columns.append(rest.pop(0))
            rows.append(Row(form, function, columns, " ".join(rest)))
    return rows


def random_value(rng):
    """A 64-bit pattern: corner cases of integers and of all floating-point formats are likely."""
    kind = rng.randrange(8)
    if kind == 0:
        return rng.choice([0, 1, 2**63, 2**64 - 1, 2**63 - 1, 2**32, 2**31, 2**32 - 1])
    if kind == 1:
        return rng.randrange(256)
    if kind == 2:
        specials = [0x00000000, 0x80000000, 0x3f800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345,
                    0x00000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xbf000000, 0x4b000000, 0x3effffff]
        return rng.choice(specials) << 32 | rng.choice(specials)
    if kind == 3:
        specials = [0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0x7ff0000000000000,
                    0xfff0000000000000, 0x7ff8000000000000, 0x7ff0000000000001, 0x000fffffffffffff,
                    0x0010000000000000, 0x7fefffffffffffff, 0x0000000000000001, 0x4330000000000001]
        return rng.choice(specials)
    if kind == 4:
        specials = [0x0000, 0x8000, 0x3c00, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0x0001, 0x03ff, 0x0400, 0x7bff, 0xbc00]
        return sum(rng.choice(specials) << (16 * i) for i in range(4))
    if kind == 5:  # numbers of a usual size
        return struct.unpack("<Q", struct.pack("<d", rng.uniform(-1000, 1000)))[0]
    return rng.getrandbits(64)


def is_memory(row):
    return row.function.startswith("ldst") and row.function != "ldst_literal"


def writes_back(row):
    return any(part in row.form for part in ("_post", "_pre", "immpost", "immpre", "asisdlsep", "asisdlsop"))


def general_register(rng):
    return rng.choice([rng.randrange(27), rng.randrange(27), 31])


def instruction(rng, row):
    """Words of one random instruction of the row, and of what restores the base register behind it."""
    values = {}
    for name, _, width in row.fields:
        values[name] = rng.getrandbits(width)
    memory = is_memory(row)
    for name in ("rd", "rt", "rt2", "rs"):
        if name in values:
            values[name] = rng.randrange(27)
    if "rd" in values and row.function in SCALAR_FUNCTIONS:
        values["rd"] = general_register(rng)
    elif "rd" in values and not GENERAL_RESULT.search(row.form):
        values["rd"] = rng.randrange(32)
    if memory:
        values["rn"] = 28
        if "rm" in values:
            values["rm"] = 31 if "asisdls" in row.form and rng.randrange(2) else 27
        if "imm12" in values:
            values["imm12"] = rng.randrange(24)
        if "imm7" in values:
            values["imm7"] = rng.randrange(-16, 16) & 127
        if "imm9" in values:
            values["imm9"] = rng.randrange(-256, 256) & 511
        if "rt2" in values:  # loading one register twice is CONSTRAINED UNPREDICTABLE
            values["rt2"] = (values["rt"] + 1 + rng.randrange(20)) % 27
        if row.function == "ldst_ordered":  # fields that should be ones
            values["rs"] = values["rt2"] = 31
        if row.function == "ldst_casp":
            values["rt"], values["rs"] = rng.randrange(0, 26, 2), rng.randrange(0, 26, 2)
    for name in ("imm19", "imm14"):
        if name in values:
            values[name] = rng.randrange(1, 4)  # a branch ahead, or the code itself as data
    word = row.value
    for name, position, width in row.fields:
        word |= (values[name] & ((1 << width) - 1)) << position
    if any(word & mask == value for mask, value in KNOWN_DIFFERENT):
        return []
    words = [word]
    if memory and writes_back(row):
        words += [0xd2800000 | (BASE & 0xffff) << 5 | 28, 0xf2a00000 | (BASE >> 16 & 0xffff) << 5 | 28]
    return words


# Rows whose rd is a general register.
SCALAR_FUNCTIONS = {"addsub_imm", "log_imm", "movewide", "bitfield", "extract", "dp_2src", "crc32", "dp_1src", "log_shift",
                    "addsub_shift", "addsub_ext", "addsub_carry", "condsel", "dp_3src", "pcreladdr"}
BASE = 0  # address of the middle of the buffer: set once it is known


def random_sequence(rng, rows, length):
    words = []
    while len(words) < length:
        words += instruction(rng, rng.choice(rows))
    return words + [0xd503201f] * 3  # where a branch at the end may land


def random_state(rng):
    v = [random_value(rng) for _ in range(64)]
    x = [random_value(rng) for _ in range(29)]
    # FPCR: AHP, DN, FZ, rounding mode, FZ16
    fpcr = rng.choice([0, 0, 1 << 25, 1 << 24, rng.randrange(4) << 22, rng.getrandbits(27) & 0x7c80000])
    return struct.pack("<64Q", *v) + struct.pack("<32Q", *x, fpcr, rng.getrandbits(4) << 28, 0)


def assemble(directory, name, sequences, states, pattern):
    """Two images with the same contents at the same addresses: (for a process, for a machine)."""
    lines = ["    .text"]
    for i, words in enumerate(sequences):
        lines.append(f"sequence_{i}:")
        lines += ["    .inst " + ", ".join(f"0x{w:08x}" for w in words[j:j + 8]) for j in range(0, len(words), 8)]
        lines.append("    b sequence_end")
    lines += ["    .data", "    .balign 16", "    .global sequences, sequence_count, states, pattern, records, records_size",
              "sequence_count:", f"    .quad {len(sequences)}", "records_size:",
              f"    .quad {RECORD * len(sequences)}", "sequences:"]
    lines += [f"    .quad sequence_{i}" for i in range(len(sequences))]
    lines += ["    .balign 16", "states:", f'    .incbin "{directory}/states"', "pattern:",
              f'    .incbin "{directory}/pattern"', "    .bss", "    .balign 16", "records:",
              f"    .skip {RECORD * len(sequences)}"]
    directory.joinpath("states").write_bytes(states)
    directory.joinpath("pattern").write_bytes(pattern)
    source = directory / f"{name}.S"
    source.write_text("\n".join(lines) + "\n")
    images = []
    for entry in ("start_process", "start_machine"):
        image = directory / f"{name}.{entry}"
        subprocess.run([CROSS + "gcc", "-nostdlib", "-static", "-no-pie", "-march=armv8.2-a+crypto+fp16",
                        "-Wl,--build-id=none,-z,noexecstack,--no-warn-rwx-segments", f"-Wl,-e,{entry}", "-T", str(HERE / "stub.ld"),
                        "-o", str(image), str(HERE / "stub.S"), str(source)], check=True)
        images.append(image)
    return images


def buffer_address(directory):
    process, _ = assemble(directory, "empty", [[]], b"", b"")
    symbols = subprocess.run([CROSS + "nm", str(process)], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"^(\w+) . buffer$", symbols, re.M).group(1), 16) + BUFFER // 2


FIELDS = ([(f"X{i}", 8 * i, 8) for i in range(29)] + [("SP", 232, 8), ("NZCV", 240, 8), ("FPSR", 248, 8)] +
          [(f"V{i}", 256 + 16 * i, 16) for i in range(32)] +
          [("UNDEFINED instructions", 768, 8), ("aborts", 776, 8)] +
          [(f"memory+{i:x}", 784 + i, 16) for i in range(0, BUFFER, 16)])


def describe(words, theirs, ours):
    """What differs, and the sequence."""
    lines = []
    for name, offset, size in FIELDS:
        a, b = theirs[offset:offset + size][::-1].hex(), ours[offset:offset + size][::-1].hex()
        if a != b:
            lines.append(f"    {name}: {b}, qemu-aarch64 has {a}")
    with tempfile.NamedTemporaryFile(suffix=".bin") as binary:
        binary.write(struct.pack(f"<{len(words)}I", *words))
        binary.flush()
        text = subprocess.run([CROSS + "objdump", "-D", "-b", "binary", "-m", "aarch64", binary.name],
                              capture_output=True, text=True).stdout
    return "\n".join(lines + ["    " + line.strip() for line in text.splitlines() if re.match(r"\s+[0-9a-f]+:", line)])


def run_round(armsim, rows, rng, directory, count, length):
    """(sequences compared, descriptions of those that differ)"""
    sequences = [random_sequence(rng, rows, length) for _ in range(count)]
    states = [random_state(rng) for _ in range(count)]
    pattern = b"".join(struct.pack("<Q", random_value(rng)) for _ in range(BUFFER // 8))
    process, machine = assemble(directory, "round", sequences, b"".join(states), pattern)
    theirs = subprocess.run(["qemu-aarch64", "-cpu", MODEL, str(process)], capture_output=True, timeout=300)
    ours = subprocess.run([armsim, "run", "-M", "virt", "-cpu", MODEL, "-m", "64", "-nographic", "-semihosting",
                           "-kernel", str(machine)], stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    size = RECORD * count
    if theirs.returncode or len(theirs.stdout) != size:
        raise RuntimeError(f"qemu-aarch64: status {theirs.returncode}, {len(theirs.stdout)} bytes of {size} "
                           f"{theirs.stderr.decode(errors='replace')}")
    if ours.returncode or len(ours.stdout) != size:
        raise RuntimeError(f"armsim: status {ours.returncode}, {len(ours.stdout)} bytes of {size} "
                           f"{ours.stderr.decode(errors='replace')}")
    differences = []
    for i in range(count):
        a, b = (out.stdout[RECORD * i:RECORD * (i + 1)] for out in (theirs, ours))
        if a != b:
            differences.append(f"FPCR {struct.unpack_from('<Q', states[i], 64 * 8 + 29 * 8)[0]:x}\n" + describe(sequences[i], a, b))
    return count, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--count", type=int, default=400, help="sequences in a round")
    parser.add_argument("--length", type=int, default=20, help="instructions in a sequence, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="*", help="forms whose names match")
    arguments = parser.parse_args()
    armsim = os.path.join(arguments.build, "frontends/cli/armsim")
    rows = [row for row in read_tables() if row.function not in LEFT_OUT and
            fnmatch.fnmatch(row.form, arguments.only)]
    if not rows:
        sys.exit("no such form")

    total, failed = 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        global BASE
        BASE = buffer_address(directory)
        for number in range(arguments.rounds):
            rng = random.Random(arguments.seed * 1000003 + number)
            try:
                count, differences = run_round(armsim, rows, rng, directory, arguments.count, arguments.length)
            except (RuntimeError, subprocess.SubprocessError, OSError) as error:
                print(f"FAIL random A64, seed {arguments.seed}, round {number}: {error}")
                failed += 1
                continue
            total += count
            failed += len(differences)
            for difference in differences[:3]:
                print(f"FAIL random A64, seed {arguments.seed}, round {number}: {difference}")
    print(f"random A64: {total} sequences, {total - failed} agree, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
