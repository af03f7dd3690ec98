#!/usr/bin/env python3
"""Turns *.decode tables into a decoder. The format is described in README.md beside this file.

usage: decode.py --header OUT.h --source OUT.c [--execute FILE.decode ...] [--translate FILE.decode ...]
"""
import argparse
import itertools
import re
import sys

import tables


class Row:
    def __init__(self, where, name, function, kind):
        self.where, self.name, self.function, self.kind = where, name, function, kind
        self.mask = self.value = 0
        self.fields = {}        # name -> (lsb, width)
        self.features = []      # any of them is enough, "A&B" needs both; [] = always
        self.condition = None
        self.unpredictable = [] # (expression, impdef row)
        self.flags = self.ends = False


def fail(where, text):
    sys.exit(f"{where}: {text}")


def bits(row, tokens):
    """Parses the bit columns: fixed bits, x, name:width."""
    position = 32
    for token in tokens:
        field = re.fullmatch(r"([A-Za-z]\w*):(\d+)(?:=([01]+))?", token)
        if field:
            width = int(field[2])
            position -= width
            row.fields[field[1]] = (position, width)
            if field[3]:  # a field with a fixed value: made by the expansion of a name
                for i, bit in enumerate(reversed(field[3])):
                    row.mask |= 1 << (position + i)
                    row.value |= int(bit) << (position + i)
        elif re.fullmatch(r"[01x]+", token):
            for bit in token:
                position -= 1
                if bit != "x":
                    row.mask |= 1 << position
                    row.value |= int(bit) << position
        else:
            fail(row.where, f"'{token}' is neither bits nor a field")
        if position < 0:
            fail(row.where, "more than 32 bits")
    if position != 0:
        fail(row.where, f"{32 - position} bits instead of 32")


def expand(name, tokens, where):
    """Yields (name, tokens) for each combination of the <field=a|b|...> parts of a name; '-' leaves one out."""
    parts = re.findall(r"<(\w+)=([^>]*)>", name)
    widths = {m[1]: int(m[2]) for m in (re.fullmatch(r"(\w+):(\d+)", t) for t in tokens) if m}
    choices, seen = [], {}
    for field, alternatives in parts:
        if field not in widths:
            fail(where, f"the name uses field {field}, which the row doesn't have")
        alternatives = alternatives.split("|")
        if len(alternatives) != 1 << widths[field]:
            fail(where, f"field {field} has {1 << widths[field]} values, not {len(alternatives)}")
        seen.setdefault(field, []).append(alternatives)
    fields = list(seen)
    for values in itertools.product(*[range(1 << widths[f]) for f in fields]):
        value_of = dict(zip(fields, values))
        use = {f: iter([a[value_of[f]] for a in seen[f]]) for f in fields}
        picked = [next(use[field]) for field, _ in parts]
        if "-" in picked:
            continue
        replacements = iter(picked)
        new_name = re.sub(r"<\w+=[^>]*>", lambda m: next(replacements), name)
        new_tokens = []
        for token in tokens:
            m = re.fullmatch(r"(\w+):(\d+)", token)
            if m and m[1] in value_of:
                token += "=" + format(value_of[m[1]], f"0{m[2]}b")
            new_tokens.append(token)
        yield new_name, new_tokens


def parse(path, kind):
    rows = []
    for where, line in tables.rows(path):
        head, *rest = line.split()
        name, _, function = head.partition(":")
        clauses = len(rest)
        for i, token in enumerate(rest):
            if token.startswith("@") or token in ("if", "unpredictable", "flags", "ends"):
                clauses = i
                break
        for expanded, tokens in expand(name, rest[:clauses], where):
            row = Row(where, expanded, function or expanded, kind)
            bits(row, tokens)
            i = clauses
            while i < len(rest):
                token = rest[i]
                if token.startswith("@"):
                    row.features = token[1:].split("|")
                elif token == "if":
                    row.condition = rest[i + 1]
                    i += 1
                elif token == "unpredictable":
                    row.unpredictable.append((rest[i + 1], rest[i + 2]))
                    i += 2
                elif token == "flags":
                    row.flags = True
                elif token == "ends":
                    row.ends = True
                else:
                    fail(where, f"unknown clause '{token}'")
                i += 1
            rows.append(row)
    return rows


def check_overlaps(rows):
    """Rows may overlap only when one is a specialisation of the other."""
    buckets = {}
    for row in rows:  # bucket by the top bits that matter, to keep this quadratic check small
        fixed = row.mask >> 24
        for top in range(256):
            if top & fixed == row.value >> 24:
                buckets.setdefault(top, []).append(row)
    for bucket in buckets.values():
        for a, b in itertools.combinations(bucket, 2):
            common = a.mask & b.mask
            if a.value & common == b.value & common:
                if a.mask == b.mask:
                    if not (a.features or a.condition) or not (b.features or b.condition):
                        fail(b.where, f"{b.name} is the same as {a.name} ({a.where})")
                elif common not in (a.mask, b.mask) and not (a.condition or b.condition):
                    fail(b.where, f"{b.name} overlaps {a.name} ({a.where})")


def substitute(expression, row):
    def field(match):
        name = match[0]
        if name in row.fields:
            lsb, width = row.fields[name]
            return f"((insn >> {lsb}) & {(1 << width) - 1:#x}u)"
        fail(row.where, f"the condition names '{name}', which is not a field")
    return re.sub(r"(?<!0)\b[A-Za-z_]\w*", field, expression)


def test_of(row, known):
    """The C condition under which a row, reached with the bits of `known` already compared, matches."""
    tests = []
    rest = row.mask & ~known
    if rest:
        tests.append(f"(insn & {rest:#010x}u) == {row.value & rest:#010x}u")
    if row.condition:
        tests.append("(" + substitute(row.condition, row) + ")")
    if row.features:
        tests.append("(" + " || ".join(" && ".join(f"feature_set_has(features, FEATURE_{f})" for f in group.split("&"))
                                       for group in row.features) + ")")
    return " && ".join(tests)


def best_switch(rows, known):
    """A contiguous run of at most 8 bits, fixed in all rows and not yet known; or the most discriminating bit."""
    common = ~known & 0xFFFFFFFF
    for row in rows:
        common &= row.mask
    if common:
        runs = []
        low = 0
        while low < 32:
            if common >> low & 1:
                high = low
                while high + 1 < 32 and common >> (high + 1) & 1 and high - low < 7:
                    high += 1
                mask = ((1 << (high + 1)) - 1) & ~((1 << low) - 1)
                runs.append((len({r.value & mask for r in rows}), low, mask))
                low = high
            low += 1
        count, low, mask = max(runs)
        if count > 1:
            return low, mask
        return best_switch(rows, known | common) if common | known != known else None
    scores = []
    for bit in range(32):
        if known >> bit & 1:
            continue
        fixed = [r for r in rows if r.mask >> bit & 1]
        ones = sum(1 for r in fixed if r.value >> bit & 1)
        if ones and ones < len(fixed):
            scores.append((len(fixed) - abs(len(fixed) - 2 * ones), bit))
    if not scores:
        return None
    _, bit = max(scores)
    return bit, 1 << bit


def emit(rows, known, depth, out):
    indent = "    " * depth
    if len(rows) > 3:
        choice = best_switch(rows, known)
        if choice:
            low, mask = choice
            out.append(f"{indent}switch (insn >> {low} & {mask >> low:#x}u) {{")
            width = mask >> low
            for value in range(width + 1):
                part = [r for r in rows if (value << low ^ r.value) & r.mask & mask == 0]
                if part:
                    out.append(f"{indent}case {value:#x}:")
                    emit(part, known | mask, depth + 1, out)
            out.append(f"{indent}}}")
            out.append(f"{indent}break;")
            return
    for row in sorted(rows, key=lambda r: (-bin(r.mask).count("1"), not (r.condition or r.features))):
        test = test_of(row, known)
        out.append(f"{indent}if ({test})" if test else f"{indent}{{ }}")
        out.append(f"{indent}    return A64_{row.name};")
    out.append(f"{indent}break;")


def field_list(row):
    """The fields that the row leaves open."""
    return " ".join(f"{name}@{lsb}:{width}" for name, (lsb, width) in row.fields.items()
                    if not row.mask >> lsb & 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--header", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--execute", action="append", default=[])
    parser.add_argument("--translate", action="append", default=[])
    args = parser.parse_args()
    rows = [r for p in args.translate for r in parse(p, "translate")]
    rows += [r for p in args.execute for r in parse(p, "execute")]
    names = {}
    for row in rows:
        if row.name in names:
            fail(row.where, f"{row.name} is already in {names[row.name]}")
        names[row.name] = row.where
    check_overlaps(rows)

    with open(args.header, "w") as h:
        h.write("/* Generated by decode.py. */\n#ifndef ARMSIM_A64_FORMS_H\n#define ARMSIM_A64_FORMS_H\n"
                "#include \"cpu/features.h\"\n#include <stdint.h>\n\n"
                "enum a64_form {\n    A64_UNALLOCATED,\n")
        h.writelines(f"    A64_{r.name},\n" for r in rows)
        h.write("    A64_FORM_COUNT\n};\n\n"
                "enum a64_form_kind { A64_KIND_NONE, A64_KIND_TRANSLATE, A64_KIND_EXECUTE };\n"
                "struct a64_form_info {\n    const char *name;\n    uint32_t mask, value;\n"
                "    const char *features; /* alternatives joined by |, \"\" = base */\n"
                "    uint8_t kind; /* enum a64_form_kind */\n    uint8_t flags; /* reads or writes NZCV through the PE */\n"
                "    uint16_t function; /* enum a64_translator, or index of the execute function */\n"
                "    const char *fields; /* \"name@lsb:width\" of each field, with a space between */\n};\n"
                "extern const struct a64_form_info a64_forms[A64_FORM_COUNT];\n\n"
                "/* The form of an instruction word, or A64_UNALLOCATED. */\n"
                "enum a64_form a64_decode(uint32_t insn, const struct feature_set *features);\n\n")
        translators = list(dict.fromkeys(r.function for r in rows if r.kind == "translate"))
        h.write("#define A64_TRANSLATORS(X) \\\n" + " \\\n".join(f"    X({t})" for t in translators) + "\n\n")
        executes = list(dict.fromkeys((r.function, r.flags) for r in rows if r.kind == "execute"))
        h.write("/* X(function, 1 when it uses the flags) */\n#define A64_EXECUTES(X) \\\n"
                + " \\\n".join(f"    X({f}, {int(g)})" for f, g in executes) + "\n\n")
        h.write("/* X(form, expression over insn, impdef row) */\n#define A64_UNPREDICTABLE(X) \\\n"
                + " \\\n".join(f"    X({r.name}, {substitute(e, r)}, {n})" for r in rows for e, n in r.unpredictable)
                + "\n\n#endif\n")
    with open(args.source, "w") as c:
        c.write("/* Generated by decode.py. */\n#include \"cpu/a64_forms.h\"\n\n"
                "const struct a64_form_info a64_forms[A64_FORM_COUNT] = {\n"
                "    [A64_UNALLOCATED] = {\"unallocated\", 0, 0, \"\", A64_KIND_NONE, 0, 0, \"\"},\n")
        index = {t: i for i, t in enumerate(translators)}
        xindex = {t: i for i, t in enumerate(executes)}
        for r in rows:
            number = index[r.function] if r.kind == "translate" else xindex[r.function, r.flags]
            c.write(f"    [A64_{r.name}] = {{\"{r.name}\", {r.mask:#010x}u, {r.value:#010x}u, \"{'|'.join(r.features)}\", "
                    f"A64_KIND_{r.kind.upper()}, {int(r.flags)}, {number}, \"{field_list(r)}\"}},\n")
        c.write("};\n\nenum a64_form a64_decode(uint32_t insn, const struct feature_set *features)\n{\n"
                "    /* The SIMD&FP classes: op0 x111, and V in the loads and stores (op0 x1x0). */\n"
                "    if ((insn & 0x0c000000) == 0x0c000000 && !feature_set_has(features, FEATURE_FP))\n"
                "        return A64_UNALLOCATED;\n")
        out = []
        emit(rows, 0, 1, out)
        if out[-1].strip() == "break;":
            out.pop()
        text = "\n".join(line for line in out if line.strip() != "{ }")
        c.write(text + "\n    return A64_UNALLOCATED;\n}\n")


main()
