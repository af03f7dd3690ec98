#!/usr/bin/env python3
"""Debian's kernel, unmodified, as a guest of the visor: nVHE and VHE, GICv2 and GICv3, one and more vCPUs, two guests side
by side, emulated and passed disks, on its own PEs and on shared ones. Each case runs twice, and ends in the same state. And
U-Boot, which starts the visor.

    visor.py --build DIRECTORY [--full] [--case PATTERN] [--log DIRECTORY]
"""

import dataclasses
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/boot"), str(ROOT / "roms/visor")]
import cases
import debian
import firmware
import pack

SECONDS = 900


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    cpu: str
    gic: int
    pes: int
    vcpus: tuple             # of each guest
    disk: str = "emulated"   # or "passed"
    short: bool = True


MACHINES = {"a57-gicv2": ("cortex-a57", 2), "a57-gicv3": ("cortex-a57", 3), "a76-gicv3": ("cortex-a76", 3)}
ALL = ([Case(f"one-vcpu-{name}", cpu, gic, 1, (1,), short=gic == 3) for name, (cpu, gic) in MACHINES.items()] +
       [Case(f"two-vcpus-{name}", cpu, gic, 2, (2,), "passed") for name, (cpu, gic) in MACHINES.items()] +
       [Case(f"four-vcpus-on-two-pes-{name}", cpu, gic, 2, (4,), short=name == "a57-gicv2")
        for name, (cpu, gic) in MACHINES.items()] +
       [Case(f"two-guests-{name}", cpu, gic, 2, (2, 1), short=name == "a76-gicv3")
        for name, (cpu, gic) in MACHINES.items()] +
       [Case(f"two-guests-on-one-pe-{name}", cpu, gic, 1, (1, 1), short=name == "a57-gicv3")
        for name, (cpu, gic) in MACHINES.items()] +
       [Case("u-boot", "cortex-a72", 2, 1, ())])


def guests_of(case, kernel, initramfs):
    """The archive: each guest writes to its disk and reads it back, counts its PEs, and powers off."""
    files = {}
    for i, vcpus in enumerate(case.vcpus):
        config = f"memory 160M\nvcpus {vcpus}\npe {i}\n" if case.pes > i else f"memory 160M\nvcpus {vcpus}\n"
        if case.disk == "passed":
            config += "place 0x60000000\nvirtio passed\nconsole passed\n"
        files[f"guest{i}/kernel"] = kernel
        files[f"guest{i}/initrd"] = initramfs
        files[f"guest{i}/cmdline"] = (f"console=ttyAMA0 panic=-1 armsim.test=cpus,disk-write armsim.cpus={vcpus} "
                                      f"armsim.disk-write=guest{i}")
        files[f"guest{i}/config"] = config
        if case.disk == "emulated":
            files[f"guest{i}/disk"] = bytes(8 * cases.MIB)
    return pack.pack(files)


def run(armsim, image, case, archive, disk, log):
    command = [armsim, "run", "-M", f"virt,virtualization=on,gic-version={case.gic}", "-cpu", case.cpu, "-smp",
               case.pes, "-m", "1024", "-nographic", "-no-reboot", "-kernel", image, "-initrd", archive,
               "--limit", "40G", "--state-hash"]
    if disk:
        cases.new_disk(disk, 8 * cases.MIB)
        command += ["-drive", f"file={disk},if=virtio,format=raw"]
    return cases.run(command, log, seconds=SECONDS)


def check(case, status, text, disk):
    cases.expect_success(status, text)
    for i, vcpus in enumerate(case.vcpus):
        own = text if len(case.vcpus) == 1 else "\n".join(re.findall(rf"^guest{i}\| (.*)$", text, re.M))
        for pattern in ("=== init is up ===", "TEST cpus passed", "TEST disk-write passed", "reboot: Power down",
                        r"started at EL1", rf"Brought up 1 node, {vcpus} CPU"):
            cases.expect(own, pattern, f"the console of guest {i}")
        if f"visor: guest{i}: off" not in text:
            raise cases.Failure(f"guest {i} isn't off")
    if re.search("exception|Unable to handle|BUG:|WARNING:|Call trace", text):
        raise cases.Failure("something went wrong, the console says")
    if f"visor: {'VHE' if case.cpu == 'cortex-a76' else 'nVHE'}, GICv{case.gic}" not in text:
        raise cases.Failure("the visor doesn't say what it runs on")
    if disk:
        cases.expect_written(disk, "guest0")


def run_case(armsim, image, case, kernel, initramfs, logs):
    with tempfile.TemporaryDirectory() as scratch:
        archive, disk = pathlib.Path(scratch) / "guests.cpio", pathlib.Path(scratch) / "disk"
        archive.write_bytes(guests_of(case, kernel, initramfs))
        disk = disk if case.disk == "passed" else None
        texts = []
        for turn in range(2):
            status, text = run(armsim, image, case, archive, disk, logs / f"visor-{case.name}-{turn + 1}.log")
            check(case, status, text, disk)
            texts.append(text)
        if texts[0] != texts[1] or "state-hash" not in texts[0]:
            raise cases.Failure("the second run is another one")


def run_uboot(armsim, image, build, logs):
    """U-Boot starts the visor by its booti, as any kernel. The guest resets itself three times."""
    archive = build / "tests/systems/visor/restart.cpio"
    uboot = firmware.package_file("u-boot-qemu", r"usr/lib/u-boot/qemu_arm64/u-boot\.bin")
    keys = (f"\nqfw load 0x40400000 0x44000000\n"
            f"booti 0x40400000 0x44000000:{archive.stat().st_size:x} 0x40000000\n")
    status, text = cases.run([armsim, "run", "-M", "virt,virtualization=on,gic-version=2", "-cpu", "cortex-a72",
                              "-m", "256", "-nographic", "-nic", "none", "-bios", uboot, "-kernel", image,
                              "-initrd", archive, "--limit", "10G"], logs / "visor-u-boot.log", keys.encode(), SECONDS)
    for pattern in ("Starting kernel", "visor: nVHE, GICv2", "run 4\r?\npassed\r?\nvisor: guest0: off"):
        cases.expect(text, pattern)
    cases.expect_success(status)


def main():
    options = cases.options(__doc__, full="all cases", logs="system-logs")
    image = options.build / "roms/visor.img"
    chosen = cases.chosen(options, {case.name: case for case in ALL}, short=[case.name for case in ALL if case.short])
    if not image.exists():
        print("skip visor: it isn't built, for want of aarch64-linux-gnu-gcc")
        print("visor: 0 passed, 0 failed")
        return 0

    def attempt(case, debians):
        if case.name == "u-boot":
            run_uboot(options.armsim, image, options.build, options.logs)
        else:
            run_case(options.armsim, image, case, *debians, options.logs)

    return cases.run_all("visor", chosen, lambda: [path.read_bytes() for path in debian.prepare("cloud")], attempt)


if __name__ == "__main__":
    sys.exit(main())
