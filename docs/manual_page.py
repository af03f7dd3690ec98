#!/usr/bin/env python3
"""Makes armsim(1) of what `armsim --help` and `armsim check --help` say, so that there is one text of each option.

    manual_page.py VERSION HELP.txt CHECK.txt > armsim.1
"""

import re
import sys

OPTION_COLUMN = 24  # descriptions begin here or, where options are long, on the next line

SYNOPSIS = """.B armsim run
[\\fIOPTION\\fR]...
.br
.B armsim check
[\\fIOPTION\\fR]... \\fIPATH\\fR...
.br
.B armsim --help
|
.B --version
"""

EXAMPLES = """.SH EXAMPLES
A Linux kernel on four PEs, with a disk and a network:
.PP
.nf
    armsim run -M virt,gic-version=3 -cpu cortex-a76 -smp 4 -m 1G -nographic \\e
        -kernel vmlinuz -initrd initrd.img -append console=ttyAMA0 \\e
        -drive file=disk.img,if=virtio,format=raw -nic user
.fi
.PP
Every exception of a program with its reason, for ten million instructions:
.PP
.nf
    armsim run -M virt,secure=on,virtualization=on -kernel monitor.elf -d int --limit 10M
.fi
.SH SEE ALSO
.BR gdb-multiarch (1),
.BR qemu-system-aarch64 (1)
"""


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def paragraphs(lines):
    """Heads and options as troff: an option is a line that begins with two blanks and a dash."""
    out, in_option = [], False
    for line in lines:
        option = re.match(r"  (-.*)", line)
        more = re.match(r" {5}(\[.*)", line)
        if not line.strip():
            in_option = False
        elif option or more:
            text = (option or more).group(1)
            parts = re.split(r" {2,}", text, maxsplit=1)
            if more:  # of the option's line above
                out[-1] = out[-1][:-1] + escape(parts[0]) + "\""
            else:
                out += [".TP", ".B \"" + escape(parts[0]).replace("\"", "\\(dq") + "\""]
            out += [escape(part) for part in parts[1:]]
            in_option = True
        elif line.startswith("  ") and in_option:
            out.append(escape(line.strip()))
        elif not line.startswith(" ") and re.match(r"[A-Z][^.:]*$", line) and len(line) < 60:
            out.append(f".SS {escape(line)}")
        else:
            out += ([] if out and not out[-1].startswith(".") and not in_option else [".PP"]) + [escape(line.strip())]
            in_option = False
    return out


def body(path):
    """What stands behind the usage lines."""
    lines = open(path, encoding="utf-8").read().split("\n")
    return lines[lines.index("") + 1:]


def main():
    version, run, check = sys.argv[1:]
    print(f".TH ARMSIM 1 \"\" \"armsim {version}\" \"User Commands\"")
    print(".SH NAME\narmsim \\- a deterministic Armv8\\-A system simulator\n.SH SYNOPSIS\n" + SYNOPSIS + ".SH DESCRIPTION")
    print("\n".join(paragraphs(body(run))))
    print(".SH ARMSIM CHECK\n" + "\n".join(paragraphs(body(check))))
    print(EXAMPLES, end="")


main()
