#!/usr/bin/env python3
"""System boots: Debian's kernels under `armsim run`, with a disk and a network, to a clean power-off.

Each case boots twice. The first boot makes a file system on an empty disk, writes a file, fetches a file over the
user network and reads the entropy device; the second one reads the file back from the disk, which is read-only then.

    boot.py --build DIRECTORY [--full] [--case PATTERN] [--log DIRECTORY]
"""

import dataclasses
import functools
import hashlib
import http.server
import itertools
import pathlib
import random
import sys
import tempfile
import threading

import cases
import debian

MIDR = {"cortex-a57": "411fd07", "cortex-a76": "41[0-9a-f]fd0b"}


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
    status, text = cases.run([armsim, "run", "-M", machine, "-cpu", case.cpu, "-smp", case.pes, "-m", "512",
                              "-nographic", "-no-reboot", "-kernel", kernel, "-initrd", initramfs,
                              "-append", f"console=ttyAMA0 panic=-1 {append}", *more], log)
    cases.expect_success(status, text)
    cases.expect(text, "Power down")
    return text


def run_case(armsim, case, port, contents, logs):
    word = case.name.replace("-", "_")
    with tempfile.TemporaryDirectory() as scratch:
        disk = cases.new_disk(pathlib.Path(scratch) / "disk.img")
        text = boot(armsim, case, logs / f"{case.name}-1.log",
                    f"armsim.test=cpus,disk-write,http,random armsim.cpus={case.pes} armsim.disk-write={word} "
                    f"armsim.http=http://10.0.2.2:{port}/file",
                    "-drive", f"file={disk},if=virtio,format=raw", "-nic", "user")
        for test in ("cpus", "disk-write", "http", "random"):
            cases.expect(text, rf"TEST {test} passed")
        cases.expect(text, rf"started at EL{case.el}")
        cases.expect(text, rf"physical CPU 0x0+ \[0x{MIDR[case.cpu]}")
        fetched = cases.expect(text, r"HTTP ([0-9a-f]{64})").group(1)
        if fetched != hashlib.sha256(contents).hexdigest():
            raise cases.Failure("the file fetched over the network isn't the one served")
        cases.expect_written(disk, word)
        written = disk.read_bytes()
        text = boot(armsim, case, logs / f"{case.name}-2.log",
                    f"armsim.test=disk-read armsim.disk-read={word}",
                    "-drive", f"file={disk},if=virtio,format=raw,readonly=on")
        cases.expect(text, r"TEST disk-read passed")
        if disk.read_bytes() != written:
            raise cases.Failure("a read-only disk image changed")


def main():
    options = cases.options(__doc__, full="all combinations")
    chosen = cases.chosen(options, {case.name: case for case in ALL}, short=[case.name for case in SHORT])
    contents = random.Random(1).randbytes(1 << 20)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(OneFile, contents))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def prepare():
        for flavour in sorted({case.kernel for case in chosen.values()}):
            debian.prepare(flavour)

    def attempt(case, _):
        run_case(options.armsim, case, server.server_address[1], contents, options.logs)

    status = cases.run_all("boots", chosen, prepare, attempt)
    server.shutdown()
    return status


if __name__ == "__main__":
    sys.exit(main())
