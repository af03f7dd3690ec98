#!/usr/bin/env python3
"""Debian's firmware and hypervisors under `armsim run`: EDK2 that starts Debian's kernel, U-Boot to its prompt, KVM with
a guest of ours, and Xen with Debian's kernel as its dom0.

    firmware.py --build DIRECTORY [--case PATTERN] [--log DIRECTORY]
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import cases
import debian

HERE = pathlib.Path(__file__).resolve().parent
XEN = "xen-hypervisor-4.17-arm64"


def kvm_archive(directory):
    """The initramfs with the VMM in a second archive behind it."""
    _, initramfs = debian.prepare("cloud")
    program = directory / "kvm_guest"
    subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-Wall", "-static", "-o", program, HERE / "guest/kvm_guest.c"],
                   check=True)
    cpio = debian.Cpio()
    cpio.add("bin/kvm_guest", 0o100755, program.read_bytes())
    path = directory / "kvm.cpio"
    path.write_bytes(initramfs.read_bytes() + cpio.finish())
    return path


def run_kvm(armsim, directory, log, gic, cpu):
    kernel, _ = debian.prepare("cloud")
    status, text = cases.run([armsim, "run", "-M", f"virt,gic-version={gic},virtualization=on", "-cpu", cpu, "-m", "512",
                        "-nographic", "-no-reboot", "-kernel", kernel, "-initrd", directory / "kvm.cpio",
                        "-append", "console=ttyAMA0 panic=-1 armsim.test=kvm"], log)
    cases.expect(text, rf"kvm_guest: virtual GICv{gic}")
    cases.expect(text, r"kvm_guest: HYP, then system event 1")
    cases.expect(text, r"TEST kvm passed")
    cases.expect_success(status)


def package_file(package, pattern):
    """A file of an arm64 package, kept in the cache."""
    path = debian.cache_dir() / package
    if not path.exists():
        apt = debian.PrivateApt(debian.cache_dir())
        apt.update()
        archive = apt.download(package)
        found = [data for name, data in debian.package_files(archive, lambda n: re.fullmatch(pattern, n))]
        if not found:
            raise debian.DebianError(f"{package}: no {pattern} in it")
        path.write_bytes(found[0])
        archive.unlink()
    return path


def run_edk2(armsim, directory, log, gic, cpu):
    """The kernel and its initramfs come from fw_cfg; the kernel's EFI stub starts it."""
    kernel, initramfs = debian.prepare("cloud")
    firmware = package_file("qemu-efi-aarch64", r"usr/share/qemu-efi-aarch64/QEMU_EFI\.fd")
    status, text = cases.run([armsim, "run", "-M", f"virt,gic-version={gic}", "-cpu", cpu, "-m", "1024", "-nographic",
                        "-no-reboot", "-bios", firmware, "-kernel", kernel, "-initrd", initramfs,
                        "-append", "console=ttyAMA0 panic=-1 armsim.test=cpus armsim.cpus=1"], log)
    cases.expect(text, r"EFI v[\d.]+ by EDK II")
    cases.expect(text, r"TEST cpus passed")
    cases.expect_success(status)


def run_uboot(armsim, directory, log, gic, cpu):
    firmware = package_file("u-boot-qemu", r"usr/lib/u-boot/qemu_arm64/u-boot\.bin")
    status, text = cases.run([armsim, "run", "-M", f"virt,gic-version={gic},virtualization=on", "-cpu", cpu, "-m", "512",
                        "-nographic", "-nic", "none", "-bios", firmware], log, b"\nversion\npoweroff\n")
    cases.expect(text, r"=> version")
    cases.expect(text, r"U-Boot \d+\.\d+")
    cases.expect_success(status)


def run_xen(armsim, directory, log, gic, cpu):
    """Xen takes its modules from the device tree, as a boot loader would put them there."""
    kernel, initramfs = debian.prepare("cloud")
    xen = package_file(XEN, r"boot/xen-[\d.]+-arm64")
    tree = directory / f"xen-{gic}-{cpu}.dtb"
    machine = ["-M", f"virt,gic-version={gic},virtualization=on", "-cpu", cpu, "-m", "1024", "-kernel", xen]
    dump = list(machine)
    dump[1] += f",dumpdtb={tree}"
    subprocess.run([armsim, "run", *dump], check=True, stdin=subprocess.DEVNULL)
    modules = [("kernel", kernel, 0x48000000), ("ramdisk", initramfs, 0x50000000)]
    for number, (kind, path, address) in enumerate(modules):
        node = f"/chosen/module@{number}"
        subprocess.run(["fdtput", "-c", tree, node], check=True)
        subprocess.run(["fdtput", "-t", "s", tree, node, "compatible", f"multiboot,{kind}", "multiboot,module"], check=True)
        subprocess.run(["fdtput", "-t", "x", tree, node, "reg", "0", f"{address:x}", "0", f"{path.stat().st_size:x}"],
                       check=True)
    subprocess.run(["fdtput", "-t", "s", tree, "/chosen", "xen,xen-bootargs",
                    "console=dtuart dtuart=/pl011@9000000 dom0_mem=512M"], check=True)
    subprocess.run(["fdtput", "-t", "s", tree, "/chosen", "xen,dom0-bootargs",
                    "console=hvc0 panic=-1 armsim.test=cpus armsim.cpus=1"], check=True)
    loads = [f"loader,file={path},addr={address:#x},force-raw=on" for _, path, address in modules]
    status, text = cases.run([armsim, "run", *machine, "-dtb", tree, "-nographic", "-no-reboot", "-device", loads[0],
                        "-device", loads[1], "--limit", "20000000000"], log)
    cases.expect(text, r"Xen version 4\.17")
    cases.expect(text, r"TEST cpus passed")
    cases.expect(text, r"Hardware Dom0 halted|Hardware Dom0 shutdown")


ALL = {f"kvm-gicv{gic}-{cpu}": (run_kvm, gic, cpu) for gic, cpu in
       ((2, "cortex-a57"), (3, "cortex-a57"), (3, "cortex-a76"))}
ALL["edk2-gicv3-cortex-a57"] = (run_edk2, 3, "cortex-a57")
ALL["uboot-gicv2-cortex-a72"] = (run_uboot, 2, "cortex-a72")
ALL["xen-gicv3-cortex-a57"] = (run_xen, 3, "cortex-a57")
ALL["xen-gicv2-cortex-a72"] = (run_xen, 2, "cortex-a72")


def main():
    options = cases.options(__doc__)
    chosen = cases.chosen(options, {name: (name, *case) for name, case in ALL.items()})
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)

        def attempt(case, _):
            name, function, gic, cpu = case
            function(options.armsim, directory, options.logs / f"{name}.log", gic, cpu)

        return cases.run_all("firmware", chosen, lambda: kvm_archive(directory), attempt)


if __name__ == "__main__":
    sys.exit(main())
