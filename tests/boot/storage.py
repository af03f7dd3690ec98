#!/usr/bin/env python3
"""Disks and cards behind PCI Express and AHCI: Debian's generic kernel finds the host bridge, and mounts a disk that

    is an AHCI disk on PCI, with messages by the ITS and by GICv2m, and by the pin;
    is an AHCI disk at a fixed address, from the device tree, on a machine without PCI;
    is a virtio disk on PCI, with a network card and an entropy source beside it.

Each case boots twice: the first boot writes a file and looks at it, the second reads it back. A third run of some cases is
cut while data moves: saved, loaded, gone on with, its state at the end must have the hash of the run that wasn't.

    storage.py --build DIRECTORY [--case PATTERN] [--log DIRECTORY]
"""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import os
import pathlib
import subprocess
import sys
import tempfile

import boot
import debian

LINES = {"its": r"INTERRUPTS .* [1-9]\d* +ITS-MSI .*", "v2m": r"INTERRUPTS .* [1-9]\d* +MSI .*",
         "pin": r"INTERRUPTS .* [1-9]\d* +GIC(v3|-0) +{spi} Level .*"}


@dataclasses.dataclass(frozen=True)
class Case:
    device: str  # "ahci", "sysbus-ahci", "virtio"
    interrupt: str  # "its", "v2m", "pin"
    gic: int
    cut: bool = False

    @property
    def name(self):
        return f"{self.device}-{self.interrupt}-gicv{self.gic}"

    @property
    def disk(self):
        return "vda" if self.device == "virtio" else "sda"

    def options(self, image):
        drive = ["-drive", f"file={image},if=none,id=disk,format=raw"]
        if self.device == "virtio":
            return drive + ["-device", "virtio-blk-pci,drive=disk", "-netdev", "user,id=net", "-device",
                            "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci"]
        return drive + ["-device", f"{self.device},id=hba", "-device", "ide-hd,drive=disk,bus=hba.2"]


CASES = [Case("ahci", "its", 3, cut=True), Case("ahci", "v2m", 2), Case("ahci", "pin", 3), Case("sysbus-ahci", "pin", 3),
         Case("sysbus-ahci", "pin", 2, cut=True), Case("virtio", "its", 3, cut=True), Case("virtio", "v2m", 2),
         Case("virtio", "pin", 2)]


def command(armsim, case, image, test, *more):
    kernel, initramfs = debian.prepare("generic")
    machine = f"virt,gic-version={case.gic}" + (",pci=off" if case.device == "sysbus-ahci" else "")
    append = f"console=ttyAMA0 panic=-1 armsim.disk={case.disk} armsim.test={test} armsim.{test.split(',')[0]}=word"
    if case.interrupt == "pin":
        append += " pci=nomsi"
    return [armsim, "run", "-M", machine, "-m", "512", "-nographic", "-no-reboot", "-kernel", str(kernel), "-initrd",
            str(initramfs), "-append", append, *case.options(image), *more]


def run(arguments, log):
    try:
        result = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=boot.SECONDS)
    except subprocess.TimeoutExpired as expired:
        log.write_bytes((expired.stdout or b"") + (expired.stderr or b""))
        raise boot.Failure(f"no end within {boot.SECONDS} s") from None
    log.write_bytes(result.stdout + result.stderr)
    return result.returncode, (result.stdout + result.stderr).decode(errors="replace")


def new_disk(path):
    with path.open("wb") as file:
        file.truncate(16 << 20)
    return path


def figure(text, pattern):
    return boot.expect(text, pattern).group(1)


def check_cuts(armsim, case, directory, log):
    """The same boot, whole and in three pieces; the cuts are where the file is written."""
    snapshot = directory / f"{case.name}.snapshot"
    whole = command(armsim, case, new_disk(directory / f"{case.name}-whole.img"), "disk-write", "--state-hash", "--stats",
                    str(directory / f"{case.name}.json"))
    status, text = run(whole, log)
    if status:
        raise boot.Failure(f"exit status {status}")
    expected = figure(text, r"state-hash: ([0-9a-f]{16})")
    total = int(figure((directory / f"{case.name}.json").read_text(), r'"instructions": *(\d+)'))
    image = new_disk(directory / f"{case.name}-cut.img")
    options = []
    for part in (0.9, 0.94, 0.97):
        status, text = run(command(armsim, case, image, "disk-write", *options, "--limit", str(int(total * part)),
                                   "--save", str(snapshot)), log)
        options = ["--load", str(snapshot)]
    status, text = run(command(armsim, case, image, "disk-write", *options, "--state-hash"), log)
    found = figure(text, r"state-hash: ([0-9a-f]{16})")
    if found != expected:
        raise boot.Failure(f"cut and loaded the run ends in another state ({found}, not {expected})")


def run_case(armsim, case, logs):
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        image = new_disk(directory / "disk.img")
        log = logs / f"storage-{case.name}"
        status, text = run(command(armsim, case, image, "disk-write,interrupts" + (",random" if case.disk == "vda" else "")),
                           log.with_suffix(".1.log"))
        boot.expect(text, r"TEST disk-write passed")
        if case.device != "sysbus-ahci":
            boot.expect(text, r"PCI host bridge to bus 0000:00")
        # The host bridge has slot 0; the disk, or its controller, slot 1: its INTA is the second line, INTID 36.
        spi = {"sysbus-ahci": 42}.get(case.device, 36)
        boot.expect(text, LINES[case.interrupt].format(spi=spi))
        if case.disk == "vda":
            boot.expect(text, r"TEST random passed")
        if status:
            raise boot.Failure(f"exit status {status}")
        if image.read_bytes().count(b"line of word\n") < 1000:
            raise boot.Failure("the file written isn't in the disk image")
        status, text = run(command(armsim, case, image, "disk-read"), log.with_suffix(".2.log"))
        boot.expect(text, r"TEST disk-read passed")
        if case.cut:
            check_cuts(armsim, case, directory, log.with_suffix(".3.log"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--case", help="those whose names match")
    parser.add_argument("--log", help="keep the consoles' texts here")
    arguments = parser.parse_args()
    armsim = os.path.join(arguments.build, "frontends/cli/armsim")
    logs = pathlib.Path(arguments.log or os.path.join(arguments.build, "boot-logs"))
    logs.mkdir(parents=True, exist_ok=True)
    cases = [case for case in CASES if not arguments.case or fnmatch.fnmatch(case.name, arguments.case)]
    debian.prepare("generic")

    def attempt(case):
        try:
            run_case(armsim, case, logs)
            return None
        except (boot.Failure, debian.DebianError, OSError, subprocess.SubprocessError) as error:
            return str(error)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, problem in zip(cases, pool.map(attempt, cases)):
            failed += problem is not None
            print(f"{'FAIL' if problem else 'ok  '} storage {case.name}" + (f": {problem}" if problem else ""), flush=True)
    print(f"storage: {len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
