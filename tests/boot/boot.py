#!/usr/bin/env python3
"""System boots: Debian's kernels under `armsim run`, with a disk and a network, to a clean power-off.

Each case boots twice. The first boot makes a file system on an empty disk, writes a file, fetches a file over the
user network and reads the entropy device; the second one reads the file back from the disk, which is read-only then.

    boot.py --build DIRECTORY [--full] [--case PATTERN] [--log DIRECTORY]
"""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import functools
import hashlib
import http.server
import itertools
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading

import debian

MIDR = {"cortex-a57": "411fd07", "cortex-a76": "41[0-9a-f]fd0b"}
SECONDS = 600


@dataclasses.dataclass(frozen=True)
class Case:
    kernel: str
    gic: int
    pes: int
    el: int
    cpu: str

    @property
    def name(self):
        return f"{self.kernel}-gicv{self.gic}-{self.pes}pe-el{self.el}-{self.cpu}"


ALL = [Case(*values) for values in itertools.product(("cloud", "generic"), (2, 3), (1, 4), (1, 2),
                                                      ("cortex-a57", "cortex-a76"))]

# Every value of every column, and most pairs.
SHORT = [Case("cloud", 2, 1, 1, "cortex-a57"), Case("cloud", 3, 4, 2, "cortex-a76"),
         Case("generic", 3, 1, 2, "cortex-a57"), Case("generic", 2, 4, 1, "cortex-a76")]


class Failure(Exception):
    pass


class OneFile(http.server.BaseHTTPRequestHandler):
    """Serves the same bytes under every name, and records nothing."""

    def __init__(self, contents, *arguments):
        self.contents = contents
        super().__init__(*arguments)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.contents)))
        self.end_headers()
        self.wfile.write(self.contents)

    def log_message(self, *arguments):
        pass


def boot(armsim, case, log, append, *more):
    """Runs to the end; the console's text. Anything but a power-off by the guest is a failure."""
    kernel, initramfs = debian.prepare(case.kernel)
    machine = f"virt,gic-version={case.gic}" + (",virtualization=on" if case.el == 2 else "")
    command = [armsim, "run", "-M", machine, "-cpu", case.cpu, "-smp", str(case.pes), "-m", "512", "-nographic",
               "-no-reboot", "-kernel", str(kernel), "-initrd", str(initramfs),
               "-append", f"console=ttyAMA0 panic=-1 {append}", *more]
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as expired:
        log.write_bytes((expired.stdout or b"") + (expired.stderr or b""))
        raise Failure(f"no power-off within {SECONDS} s") from None
    text = result.stdout.decode(errors="replace")
    log.write_bytes(result.stdout + result.stderr)
    if result.returncode != 0:
        raise Failure(f"exit status {result.returncode}: {result.stderr.decode(errors='replace').strip()[-300:]}")
    if "Power down" not in text:
        raise Failure("the kernel did not power off")
    return text


def expect(text, pattern):
    found = re.search(pattern, text)
    if not found:
        raise Failure(f"nothing on the console that matches {pattern!r}")
    return found


def run_case(armsim, case, port, contents, logs):
    word = case.name.replace("-", "_")
    with tempfile.TemporaryDirectory() as scratch:
        disk = pathlib.Path(scratch) / "disk.img"
        with disk.open("wb") as file:
            file.truncate(16 << 20)
        text = boot(armsim, case, logs / f"{case.name}-1.log",
                    f"armsim.test=cpus,disk-write,http,random armsim.cpus={case.pes} armsim.disk-write={word} "
                    f"armsim.http=http://10.0.2.2:{port}/file",
                    "-drive", f"file={disk},if=virtio,format=raw", "-nic", "user")
        for test in ("cpus", "disk-write", "http", "random"):
            expect(text, rf"TEST {test} passed")
        expect(text, rf"started at EL{case.el}")
        expect(text, rf"physical CPU 0x0+ \[0x{MIDR[case.cpu]}")
        fetched = expect(text, r"HTTP ([0-9a-f]{64})").group(1)
        if fetched != hashlib.sha256(contents).hexdigest():
            raise Failure("the file fetched over the network isn't the one served")
        written = disk.read_bytes()
        if written.count(f"line of {word}\n".encode()) < 1000:
            raise Failure("the file written isn't in the disk image")
        text = boot(armsim, case, logs / f"{case.name}-2.log",
                    f"armsim.test=disk-read armsim.disk-read={word}",
                    "-drive", f"file={disk},if=virtio,format=raw,readonly=on")
        expect(text, r"TEST disk-read passed")
        if disk.read_bytes() != written:
            raise Failure("a read-only disk image changed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="all combinations")
    parser.add_argument("--case", help="those whose names match")
    parser.add_argument("--log", help="keep the consoles' texts here")
    arguments = parser.parse_args()
    armsim = os.path.join(arguments.build, "frontends/cli/armsim")
    cases = ALL if arguments.full or arguments.case else SHORT
    cases = [case for case in cases if not arguments.case or fnmatch.fnmatch(case.name, arguments.case)]

    contents = random.Random(1).randbytes(1 << 20)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(OneFile, contents))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    logs = pathlib.Path(arguments.log or os.path.join(arguments.build, "boot-logs"))
    logs.mkdir(parents=True, exist_ok=True)
    try:
        for flavour in sorted({case.kernel for case in cases}):
            debian.prepare(flavour)
    except (debian.DebianError, OSError, subprocess.SubprocessError) as error:
        print(f"FAIL boots: Debian's packages can't be fetched: {error}")
        print(f"boots: 0 passed, {len(cases)} failed")
        return 1

    def run(case):
        try:
            run_case(armsim, case, server.server_address[1], contents, logs)
            return None
        except (Failure, OSError) as error:
            return str(error)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, problem in zip(cases, pool.map(run, cases)):
            failed += problem is not None
            print(f"{'FAIL' if problem else 'ok  '} boot {case.name}" + (f": {problem}" if problem else ""), flush=True)
    server.shutdown()
    print(f"boots: {len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
