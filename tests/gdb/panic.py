#!/usr/bin/env python3
"""Boots Debian's kernel to a panic under gdb, and walks back to its cause as panic.gdb says.

    panic.py ARMSIM        prints the session
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import kernel_symbols
from client import Machine

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "boot"))
import debian

# What the kernel's list of symbols is asked for: the panic is about these.
FUNCTIONS = ["panic", "mount_block_root", "init_eaccess", "kernel_init_freeable", "rdinit_setup", "start_kernel",
             "strcpy", "strscpy", "early_init_dt_scan_chosen"]
APPEND = "console=ttyAMA0 nokaslr rdinit=/nonexistent panic=-1"


def machine_options(append):
    folder = debian.cache_dir() / "cloud"
    return ["-m", "512", "-kernel", str(folder / "vmlinuz"), "-initrd", str(folder / "initramfs.cpio"), "-append",
            append, "-no-reboot"]


def write_symbols(armsim, path):
    """The kernel tells its symbols' addresses in another run: without KASLR they are the same in every one."""
    append = f"console=ttyAMA0 nokaslr quiet armsim.test=symbols armsim.symbols={'|'.join(FUNCTIONS)}"
    result = subprocess.run([armsim, "run", "-nographic", *machine_options(append)], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, errors="replace", timeout=300)
    symbols = kernel_symbols.parse(result.stdout)
    missing = set(FUNCTIONS) - set(symbols)
    if missing:
        raise RuntimeError(f"the kernel has no {missing}:\n{result.stdout[-2000:]}{result.stderr}")
    path.write_bytes(kernel_symbols.elf(symbols))


def commands():
    lines = (HERE / "panic.gdb").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def main():
    armsim = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="armsim-panic-") as folder:
        symbols = pathlib.Path(folder) / "kernel"
        write_symbols(armsim, symbols)
        machine = Machine(armsim, *machine_options(APPEND), connect=False)
        begin = ["set pagination off", "set confirm off", f"target remote :{machine.port}", "set trace-commands on"]
        arguments = [word for line in begin for word in ("-ex", line)]
        result = subprocess.run([shutil.which("gdb-multiarch"), "-q", "-nx", "-batch", *arguments, "-x",
                                 str(HERE / "panic.gdb"), "-ex", "kill", str(symbols)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        machine.close()
    print(re.sub(r"(?m)^\+(?!continue $)", "(gdb) ", re.sub(r"(?m)^\+continue $\n", "", result.stdout)), end="")


if __name__ == "__main__":
    main()
