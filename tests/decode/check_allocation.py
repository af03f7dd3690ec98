#!/usr/bin/env python3
"""The allocated encodings of each CPU model are those of Arm's pseudocode (a64_encodings.tsv.gz), no more and no less.

    check_allocation.py DECODE_WORDS [--model MODEL...] [--verbose]

Words are drawn so that each row of both sides is met with all values of its small fields, and with each fixed bit
flipped; then at random. DECODE_WORDS (decode_words.c) says what the simulator makes of them.
"""

import argparse
import collections
import gzip
import itertools
import pathlib
import random
import re
import subprocess
import sys

TABLE = pathlib.Path(__file__).resolve().parent / "a64_encodings.tsv.gz"
MODELS = ["cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1", "v8.0", "v8.1", "v8.2", "all"]

# The pseudocode's questions about features -> our names.
HAVE = {
    "HaveAESExt": "AES", "HaveAtomicExt": "LSE", "HaveBF16Ext": "BF16", "HaveBit128PMULLExt": "PMULL",
    "HaveCRCExt": "CRC32", "HaveCSSC": "CSSC", "HaveDITExt": "DIT", "HaveDOTPExt": "DotProd", "HaveFCADDExt": "FCMA",
    "HaveFJCVTZSExt": "JSCVT", "HaveFP16Ext": "FP16", "HaveFP16MulNoRoundingToFP32Ext": "FHM", "HaveFeatEBEP": "EBEP",
    "HaveFeatHBC": "HBC", "HaveFeatLS64": "LS64", "HaveFeatLS64_ACCDATA": "LS64_ACCDATA", "HaveFeatLS64_V": "LS64_V",
    "HaveFeatMOPS": "MOPS", "HaveFeatNMI": "NMI", "HaveFeatWFxT": "WFxT", "HaveFeatXS": "XS",
    "HaveFlagManipulateExt": "FlagM", "HaveFrintExt": "FRINTTS", "HaveGCS": "GCS", "HaveInt8MatMulExt": "I8MM",
    "HaveLSE128": "LSE128", "HaveMTE2Ext": "MTE2", "HaveMTEExt": "MTE", "HavePACExt": "PAuth", "HavePANExt": "PAN",
    "HaveQRDMLAHExt": "RDM", "HaveSHA1Ext": "SHA1", "HaveSHA256Ext": "SHA256", "HaveSHA3Ext": "SHA3",
    "HaveSHA512Ext": "SHA512", "HaveSM3Ext": "SM3", "HaveSM4Ext": "SM4", "HaveSME": "SME", "HaveSSBSExt": "SSBS",
    "HaveSysInstr128": "SYSINSTR128", "HaveSysReg128": "SYSREG128", "HaveTHExt": "THE", "HaveTME": "TME",
    "HaveUAOExt": "UAO", "HaveVirtHostExt": "VHE", "Have128BitDescriptorExt": "D128",
}

# State that decides when the instruction is executed, not when it is decoded.
AT_EXECUTION = re.compile(r"PSTATE|EDSCR|Halted|HaltingAllowed")

# MSR (immediate) is one encoding to a decoder: which PSTATE fields exist is looked at when it is executed.
NOT_DECODING = re.compile(r"^(msr_imm|cfinv|xaflag|axflag)_")

# Rules outside of the rows' own pseudocode.
MORE = [
    (r"_log_imm_", "ReservedBitMask(N, imms)"),  # DecodeBitMasks()
    (r"^ldapr[bh]?_aarch64_instrs_memory_ordered_rcpc$", "not_bool(HaveLRCPC())"),
    (r"^(ldapur|stlur)\w*_fpsimd_|rcpc_writeback|ordered_writeback|_ldiapp$|_stilp$", "not_bool(HaveLRCPC3())"),
    (r"^(ldap1|stl1)_advsimd_sngl_", "not_bool(HaveLRCPC3())"),
    (r"^(ldlar|stllr)[bh]?_", "not_bool(HaveLOR())"),
    (r"^(ldapur|stlur)\w*_general_", "not_bool(HaveLRCPC2())"),
]
HAVE.update({"HaveLOR": "LOR", "HaveSBExt": "SB", "HaveLRCPC": "LRCPC", "HaveLRCPC2": "LRCPC2", "HaveLRCPC3": "LRCPC3"})

# Bits that should be one, or zero: (mask, value of the encoding; the bits, their value). Otherwise it is CONSTRAINED
# UNPREDICTABLE whether the instruction is UNDEFINED or the bits are ignored. The pseudocode does the former. Here they are
# ignored, so the word with the right bits decides.
SHOULD_BE = [
    (0x3fe00000, 0x08400000, 0x001f7c00, 0x001f7c00),  # LDXR, LDAXR
    (0x3fe00000, 0x08000000, 0x00007c00, 0x00007c00),  # STXR, STLXR
    (0xbfe00000, 0x88600000, 0x001f0000, 0x001f0000),  # LDXP, LDAXP
    (0x3fa00000, 0x08800000, 0x001f7c00, 0x001f7c00),  # LDAR, LDLAR, STLR, STLLR
    (0xff608000, 0x9b400000, 0x00007c00, 0x00007c00),  # SMULH, UMULH
    (0x3fe0fc00, 0x38a0c000, 0x001f0000, 0x001f0000),  # LDAPR
    (0xfffff0ff, 0xd50330ff, 0x00000f00, 0x00000000),  # SB
]


def with_right_bits(word):
    for mask, value, bits, right in SHOULD_BE:
        if word & mask == value:
            word = word & ~bits | right
    return word


class Unknown(Exception):
    pass


def lowest_set_bit(value):
    return (value & -value).bit_length() - 1 if value else 99


def reserved_bit_mask(n, imms):
    length = (n << 6 | ~imms & 0x3f).bit_length() - 1
    levels = (1 << max(length, 0)) - 1
    return length < 1 or imms & levels == levels


FUNCTIONS = {"UInt": "", "LowestSetBit": "lowest_set_bit", "ReservedBitMask": "reserved_bit_mask"}


class Condition:
    """A condition in the pseudocode's notation, as Python over `w` (the word) and `have` (the set of features)."""

    def __init__(self, text, fields):
        self.text, self.fields, self.position = text, fields, 0
        self.tokens = re.findall(r"0b[01x]+|\d+|\w+|==|!=|>=|<=|<<|\.\.|\S", text)
        self.source = self.choice()[0]
        if self.peek() is not None:
            raise Unknown(text)

    def peek(self):
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self, expected=None):
        token = self.peek()
        if token is None or expected is not None and token != expected:
            raise Unknown(self.text)
        self.position += 1
        return token

    # Each level returns (source, width); a pattern with x is (mask, value).

    def choice(self):
        if self.peek() == "if":
            self.take()
            condition, _ = self.choice()
            self.take("then")
            yes, width = self.choice()
            self.take("else")
            no, _ = self.choice()
            return f"({yes} if {condition} else {no})", width
        return self.joined("|", "or", lambda: self.joined("&", "and", self.comparison))

    def joined(self, token, operator, part):
        source, width = part()
        while self.peek() == token:
            self.take()
            source, width = f"({source} {operator} {part()[0]})", 1
        return source, width

    def comparison(self):
        source, width = self.sum()
        if self.peek() in ("==", "!=", ">", "<", ">=", "<="):
            operator = self.take()
            right, _ = self.sum()
            if isinstance(right, tuple):
                return f"({source} & {right[0]} {operator} {right[1]})", 1
            return f"({source} {operator} {right})", 1
        return source, width

    def sum(self):
        source, width = self.primary()
        while self.peek() in ("@", "+", "<<"):
            operator = self.take()
            right, more = self.primary()
            if operator == "@":
                source, width = f"({source} << {more} | {right})", width + more
            else:
                source, width = f"({source} {operator} {right})", 32
        return source, width

    def primary(self):
        token = self.take()
        if token == "(":
            source, width = self.choice()
            self.take(")")
        elif token == "not_bool":
            source, width = f"(not {self.primary()[0]})", 1
        elif token in FUNCTIONS:
            self.take("(")
            parts = [self.choice()[0]]
            while self.peek() == ",":
                self.take()
                parts.append(self.choice()[0])
            self.take(")")
            source, width = f"{FUNCTIONS[token]}({', '.join(parts)})", 32
        elif token.startswith("Have") and token in HAVE:
            self.take("(")
            self.take(")")
            source, width = f'("{HAVE[token]}" in have)', 1
        elif token in ("True", "False"):
            source, width = token, 1
        elif re.fullmatch("0b[01]+", token):
            source, width = str(int(token, 2)), len(token) - 2
        elif re.fullmatch("0b[01x]+", token):
            return (int(re.sub("[01]", "1", token[2:]).replace("x", "0"), 2), int(token[2:].replace("x", "0"), 2)), None
        elif token.isdigit():
            source, width = token, 32
        elif token in self.fields:
            lsb, width = self.fields[token]
            source = f"(w >> {lsb} & {(1 << width) - 1})"
        else:
            raise Unknown(self.text)
        if self.peek() == "[":  # a bit, or bits
            self.take()
            high = low = int(self.take())
            if self.peek() == "..":
                self.take()
                low = int(self.take())
            self.take("]")
            source, width = f"({source} >> {low} & {(1 << (high - low + 1)) - 1})", high - low + 1
        return source, width


def compile_condition(text, fields):
    return Condition(text, fields).source


def make_function(sources):
    return eval("lambda w, have: " + (" or ".join(sources) if sources else "False"),
                {"lowest_set_bit": lowest_set_bit, "reserved_bit_mask": reserved_bit_mask})


class Row:
    def __init__(self, line):
        columns = line.rstrip("\n").split("\t")
        self.mask, self.value, self.name = int(columns[1], 16), int(columns[2], 16), columns[4]
        self.fields = {}
        for field in columns[3].replace("-", "").split():
            name, lsb, width = re.fullmatch(r"(\w+)@(\d+):(\d+)", field).groups()
            self.fields[name] = (int(lsb), int(width))
        self.unknown = []
        undefined, other = self.compile(columns[7]), self.compile(columns[8])
        undefined += [compile_condition(condition, self.fields) for pattern, condition in MORE
                      if re.search(pattern, self.name)]
        self.undefined, self.elsewhere = make_function(undefined), make_function(other)

    def compile(self, text):
        sources = []
        for condition in text.split(" ;; "):
            if condition == "-" or AT_EXECUTION.search(condition) or NOT_DECODING.search(self.name):
                continue
            try:
                sources.append(compile_condition(condition, self.fields))
            except Unknown:
                self.unknown.append(condition)
        return sources


def read_rows():
    with gzip.open(TABLE, "rt") as table:
        return [Row(line) for line in table if not line.startswith("#")]


REGISTERS = {"Rd", "Rn", "Rm", "Rt", "Rt2", "Ra", "Rs", "Xd", "Xn", "Xm", "Xt"}


def words_of_row(row, rng):
    """All values of the small fields together, as far as there aren't too many; the registers at random."""
    small = [(lsb, width) for name, (lsb, width) in row.fields.items() if name not in REGISTERS and width <= 6]
    free = [(lsb, width) for lsb, width in small if row.mask >> lsb & ((1 << width) - 1) != (1 << width) - 1]
    bits = sum(width for _, width in free)
    if bits <= 10:
        choices = itertools.product(*[range(1 << width) for _, width in free])
    else:
        choices = ([rng.getrandbits(width) for _, width in free] for _ in range(1024))
    for values in choices:
        word = rng.getrandbits(32)
        for (lsb, width), value in zip(free, values):
            word = word & ~(((1 << width) - 1) << lsb) | value << lsb
        yield word & ~row.mask | row.value
    for name, (lsb, width) in row.fields.items():  # corners of each field
        for value in (0, 1, (1 << width) - 2, (1 << width) - 1):
            word = rng.getrandbits(32) & ~(((1 << width) - 1) << lsb) | (value & (1 << width) - 1) << lsb
            yield word & ~row.mask | row.value


def make_words(rows, forms, rng):
    words = set()
    for row in rows:
        words.update(words_of_row(row, rng))
    for mask, value in [(row.mask, row.value) for row in rows] + forms:
        for _ in range(16):
            words.add(rng.getrandbits(32) & ~mask | value)
        for bit in range(32):
            words.add((rng.getrandbits(32) & ~mask | value) ^ 1 << bit)
    words.update(rng.getrandbits(32) for _ in range(1 << 17))
    return sorted(words)


def candidates(words, rows):
    """(word with the bits that it should have, its rows in order), found by the top byte."""
    by_byte = [[row for row in rows if (row.value >> 24 ^ byte) & row.mask >> 24 == 0] for byte in range(256)]
    for word in words:
        right = with_right_bits(word)
        yield right, [row for row in by_byte[right >> 24] if right & row.mask == row.value]


def expected(word, rows, have):
    """(allocated: True, False or None for unknown, the row's name)"""
    for row in rows:
        if row.elsewhere(word, have):
            continue
        if row.undefined(word, have):
            return False, row.name
        return (None if row.unknown else True), row.name
    return False, "no row"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("decode_words")
    parser.add_argument("--model", action="append")
    parser.add_argument("--verbose", action="store_true", help="show words")
    arguments = parser.parse_args()
    rng = random.Random(1)
    rows = read_rows()
    forms = subprocess.run([arguments.decode_words, "--forms"], capture_output=True, text=True, check=True).stdout
    forms = [tuple(int(column, 16) for column in line.split()[:2]) for line in forms.splitlines()]
    words = make_words(rows, forms, rng)
    matches = list(candidates(words, rows))
    text = "".join(f"{word:08x}\n" for word in words)
    checked, failed, skipped, known = 0, 0, collections.Counter(), {}
    for model in arguments.model or MODELS:
        output = subprocess.run([arguments.decode_words, model], input=text, capture_output=True, text=True, check=True).stdout
        names, *decoded = output.splitlines()
        have = frozenset(names.split())
        key = (have & set(HAVE.values()), tuple(decoded))
        if key in known:
            print(f"{model}: the same as {known[key]}")
            continue
        known[key] = model
        wrong = collections.defaultdict(list)
        allocated = 0
        for word, (right, own), form in zip(words, matches, decoded):
            want, name = expected(right, own, have)
            if want is None:
                skipped[name] += 1
                continue
            checked += 1
            allocated += want
            if want != (form != "-"):
                wrong[(name, form)].append(word)
        print(f"{model}: {len(words)} words, {allocated} allocated, "
              f"{sum(map(len, wrong.values()))} decoded otherwise than Arm's pseudocode does")
        for (name, form), examples in sorted(wrong.items()):
            failed += 1
            print(f"    {name}: {'UNDEFINED' if form != '-' else 'allocated'}; here {form}; {len(examples)} words: " +
                  " ".join(f"{word:08x}" for word in examples[:20 if arguments.verbose else 4]))
    for name, count in sorted(skipped.items()):
        unknown = next(row.unknown for row in rows if row.name == name)
        print(f"skipped {count} words of {name}: can't evaluate {unknown}")
    print(f"{checked} checked, {failed} differences, {sum(skipped.values())} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
