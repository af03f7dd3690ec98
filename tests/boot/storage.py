#!/usr/bin/env python3
"""Disks and cards behind PCI Express and AHCI: Debian's generic kernel finds the host bridge, and mounts a disk that

    is an AHCI disk on PCI, with messages by the ITS and by GICv2m, and by the pin;
    is an AHCI disk at a fixed address, from the device tree, on a machine without PCI;
    is a virtio disk on PCI, with a network card and an entropy source beside it.

Each case boots twice: the first boot writes a file and looks at it, the second reads it back. A third run of some cases is
cut while data moves: saved, loaded, gone on with, its state at the end must have the hash of the run that wasn't.

    storage.py --build DIRECTORY [--case PATTERN] [--log DIRECTORY]
"""

import dataclasses
import pathlib
import sys
import tempfile

import cases
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


ALL = [Case("ahci", "its", 3, cut=True), Case("ahci", "v2m", 2), Case("ahci", "pin", 3), Case("sysbus-ahci", "pin", 3),
       Case("sysbus-ahci", "pin", 2, cut=True), Case("virtio", "its", 3, cut=True), Case("virtio", "v2m", 2),
       Case("virtio", "pin", 2)]


def command(armsim, case, image, test, *more):
    kernel, initramfs = debian.prepare("generic")
    machine = f"virt,gic-version={case.gic}" + (",pci=off" if case.device == "sysbus-ahci" else "")
    append = f"console=ttyAMA0 panic=-1 armsim.disk={case.disk} armsim.test={test} armsim.{test.split(',')[0]}=word"
    if case.interrupt == "pin":
        append += " pci=nomsi"
    return [armsim, "run", "-M", machine, "-m", "512", "-nographic", "-no-reboot", "-kernel", kernel, "-initrd",
            initramfs, "-append", append, *case.options(image), *more]


def figure(text, pattern):
    return cases.expect(text, pattern).group(1)


def check_cuts(armsim, case, directory, log):
    """The same boot, whole and in three pieces; the cuts are where the file is written."""
    snapshot = directory / f"{case.name}.snapshot"
    statistics = directory / f"{case.name}.json"
    whole = command(armsim, case, cases.new_disk(directory / f"{case.name}-whole.img"), "disk-write", "--state-hash",
                    "--stats", statistics)
    status, text = cases.run(whole, log)
    cases.expect_success(status)
    expected = figure(text, r"state-hash: ([0-9a-f]{16})")
    total = int(figure(statistics.read_text(), r'"instructions": *(\d+)'))
    image = cases.new_disk(directory / f"{case.name}-cut.img")
    options = []
    for part in (0.9, 0.94, 0.97):
        status, text = cases.run(command(armsim, case, image, "disk-write", *options, "--limit", int(total * part),
                                   "--save", snapshot), log)
        options = ["--load", snapshot]
    status, text = cases.run(command(armsim, case, image, "disk-write", *options, "--state-hash"), log)
    found = figure(text, r"state-hash: ([0-9a-f]{16})")
    if found != expected:
        raise cases.Failure(f"cut and loaded the run ends in another state ({found}, not {expected})")


def run_case(armsim, case, logs):
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        image = cases.new_disk(directory / "disk.img")
        log = logs / f"storage-{case.name}"
        status, text = cases.run(command(armsim, case, image, "disk-write,interrupts" + (",random" if case.disk == "vda" else "")),
                           log.with_suffix(".1.log"))
        cases.expect(text, r"TEST disk-write passed")
        if case.device != "sysbus-ahci":
            cases.expect(text, r"PCI host bridge to bus 0000:00")
        # The host bridge has slot 0; the disk, or its controller, slot 1: its INTA is the second line, INTID 36.
        spi = {"sysbus-ahci": 42}.get(case.device, 36)
        cases.expect(text, LINES[case.interrupt].format(spi=spi))
        if case.disk == "vda":
            cases.expect(text, r"TEST random passed")
        cases.expect_success(status)
        cases.expect_written(image, "word")
        status, text = cases.run(command(armsim, case, image, "disk-read"), log.with_suffix(".2.log"))
        cases.expect(text, r"TEST disk-read passed")
        if case.cut:
            check_cuts(armsim, case, directory, log.with_suffix(".3.log"))


def main():
    options = cases.options(__doc__)
    return cases.run_all("storage", cases.chosen(options, {case.name: case for case in ALL}),
                         lambda: debian.prepare("generic"), lambda case, _: run_case(options.armsim, case, options.logs))


if __name__ == "__main__":
    sys.exit(main())
