#!/usr/bin/env python3
"""Debian's arm64 kernels and busybox, as something to boot.

Fetches the packages from the mirrors in the user's own apt configuration, through a private apt state: the
system's package lists and architectures stay as they are, and no privilege is needed. Makes an initramfs of
busybox, the virtio modules and the scripts of initramfs/, and caches everything.

    debian.py [--flavour cloud|generic] [--refresh]      prints the paths of the kernel and the initramfs
"""

import argparse
import hashlib
import io
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
META_PACKAGES = {"cloud": "linux-image-cloud-arm64", "generic": "linux-image-arm64"}

# What the initramfs loads, in this order and after what they depend on; a kernel may have any of them built in.
MODULES = ["virtio_mmio", "virtio_blk", "virtio_net", "virtio_console", "virtio-rng", "gpio-pl061", "gpio_keys",
           "rtc-pl031", "ext4", "virtio_pci", "sd_mod", "ahci", "ahci_platform"]

MARKER = "=== init is up ==="


class DebianError(Exception):
    pass


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "armsim" / "debian"


class PrivateApt:
    """An apt of its own state, for arm64, with the user's mirrors, keys and proxies."""

    # Settings of the system that are about the system: its directories, its architectures, its hooks.
    NOT_OURS = re.compile(r"^(Dir(::(?!Etc)|\s)|Dir::Etc::(parts|main)|APT::Architecture|APT::Update|DPkg|"
                          r"APT::Sandbox|APT::Periodic|APT::Default-Release|Binary)", re.I)

    def __init__(self, root):
        self.root = root
        for sub in ("state/lists/partial", "cache/archives/partial", "packages"):
            (root / sub).mkdir(parents=True, exist_ok=True)
        (root / "state/status").touch()
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
        lines = [line for line in dump.splitlines() if not self.NOT_OURS.match(line)]
        lines += [f'Dir::State "{root}/state";', f'Dir::State::status "{root}/state/status";',
                  f'Dir::Cache "{root}/cache";', 'Dir::Etc::parts "/dev/null";', 'Dir::Etc::main "/dev/null";',
                  'APT::Architecture "arm64";', 'APT::Architectures { "arm64"; };', 'Acquire::Languages "none";',
                  'APT::Sandbox::User "";']
        (root / "apt.conf").write_text("\n".join(lines) + "\n")
        self.env = dict(os.environ, APT_CONFIG=str(root / "apt.conf"), LC_ALL="C")

    def run(self, *command, cwd=None):
        return subprocess.run(command, env=self.env, cwd=cwd, capture_output=True, text=True)

    def update(self):
        result = self.run("apt-get", "-q", "update")
        # One unreachable source of several is no reason to stop: whether the packages are there decides.
        self.update_errors = "\n".join(l for l in result.stderr.splitlines() if l.startswith(("E:", "W:", "Err")))

    def kernel_of(self, meta):
        """The package with the kernel that the metapackage depends on."""
        out = self.run("apt-cache", "depends", "--important", meta).stdout
        names = re.findall(r"Depends: (linux-image-\S+)", out)
        if not names:
            raise DebianError(f"no package {meta} for arm64 in the configured apt sources (its architecture may be "
                              f"excluded there, or this isn't Debian)\n{self.update_errors}".rstrip())
        return names[0]

    def download(self, package):
        """Path of the package's file, fetched (and its hash checked by apt) if it isn't there yet."""
        policy = self.run("apt-cache", "show", "--no-all-versions", package).stdout
        name = re.search(r"^Filename: .*/([^/\s]+)$", policy, re.M)
        if not name:
            raise DebianError(f"no package {package} for arm64 in the configured apt sources\n{self.update_errors}"
                              .rstrip())
        print(f"fetching {package} (arm64)", file=sys.stderr)
        result = self.run("apt-get", "-q", "download", package, cwd=self.root / "packages")
        found = sorted((self.root / "packages").glob(f"{package}_*.deb"), key=lambda p: p.stat().st_mtime)
        if result.returncode or not found:
            raise DebianError(f"apt-get download {package} failed:\n{result.stderr}".rstrip())
        for old in found[:-1]:
            old.unlink()
        return found[-1]


def package_files(deb, wanted):
    """Yields (name, contents) of the regular files of a package for which wanted(name)."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if member.isfile() and wanted(name):
                    yield name, tar.extractfile(member).read()
    if process.returncode:
        raise DebianError(f"{deb}: dpkg-deb can't read it")


def module_name(path):
    """A module's name as dependencies spell it, from its file's path."""
    return re.sub(r"\.ko(\.\w+)?$", "", path.rsplit("/", 1)[-1]).replace("-", "_")


def module_dependencies(image):
    """The `depends=` entry of a module's .modinfo section (the packages carry no modules.dep)."""
    shoff, = struct.unpack_from("<Q", image, 0x28)
    shentsize, shnum, shstrndx = struct.unpack_from("<HHH", image, 0x3a)
    sections = [struct.unpack_from("<IIQQQQ", image, shoff + i * shentsize) for i in range(shnum)]
    names = sections[shstrndx][4]
    for name, _, _, _, offset, size in sections:
        if image[names + name:].startswith(b".modinfo\0") if names + name < len(image) else False:
            for entry in image[offset:offset + size].split(b"\0"):
                if entry.startswith(b"depends="):
                    return [d.replace("-", "_") for d in entry[8:].decode().split(",") if d]
    return []


def unpack_kernel(deb, directory):
    """Puts vmlinuz and, under modules/, every module that the initramfs may need into the directory."""
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "modules").mkdir(parents=True)
    # Dependencies are known only from the modules themselves, so the candidates are kept until they're resolved.
    candidates, vmlinuz = {}, None
    pattern = re.compile(r"(^|/)lib/modules/[^/]+/kernel/(drivers/(virtio|block|net|char|gpio|input|rtc|ata|scsi)|block|net|fs|lib|"
                         r"crypto|arch)/.*\.ko(\.\w+)?$")
    for name, data in package_files(deb, lambda n: n.startswith("boot/vmlinuz-") or pattern.search(n)):
        if name.startswith("boot/"):
            vmlinuz = data
        else:
            candidates[module_name(name)] = (name, data)
    if vmlinuz is None:
        raise DebianError(f"{deb}: no boot/vmlinuz-* in it")

    order = []

    def add(module):
        if module in order or module not in candidates:
            return  # built into this kernel
        name, data = candidates[module]
        if name.endswith(".xz"):
            data = lzma.decompress(data)
        for dependency in module_dependencies(data):
            add(dependency)
        if module == "ext4":
            add("crc32c_generic")  # looked up by name when a file system is mounted
        if module == "sd_mod":
            add("crct10dif_generic")  # the same, by what it depends on
        order.append(module)
        (directory / "modules" / f"{module}.ko").write_bytes(data)

    for module in MODULES:
        add(module.replace("-", "_"))
    (directory / "modules" / "order").write_text("".join(f"{m}\n" for m in order))
    (directory / "vmlinuz").write_bytes(vmlinuz)


class Cpio:
    """A "newc" archive with fixed times and owners: the same contents give the same bytes."""

    def __init__(self):
        self.out = io.BytesIO()
        self.inode = 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1], len(encoded), 0)
        self.out.write(b"070701" + b"".join(b"%08X" % f for f in fields) + encoded)
        self.pad()
        self.out.write(data)
        self.pad()

    def pad(self):
        self.out.write(b"\0" * (-self.out.tell() % 4))

    def finish(self):
        self.inode = -1
        self.add("TRAILER!!!", 0)
        self.out.write(b"\0" * (-self.out.tell() % 512))
        return self.out.getvalue()


def make_initramfs(busybox, modules):
    """The archive's bytes, from busybox's own bytes and a folder made by unpack_kernel()."""
    directory, regular, character, link = 0o040755, 0o100000, 0o020600, 0o120777
    cpio = Cpio()
    for name in ("bin", "dev", "etc", "mnt", "proc", "run", "sys", "tmp", "modules", "tests"):
        cpio.add(name, directory)
    cpio.add("dev/console", character, device=(5, 1))
    cpio.add("dev/null", character | 0o666, device=(1, 3))
    cpio.add("bin/busybox", regular | 0o755, busybox)
    cpio.add("bin/sh", link, b"busybox")
    for file in sorted((HERE / "initramfs").iterdir()):
        name = {"init": "init", "udhcpc": "etc/udhcpc"}.get(file.name, f"tests/{file.name}")
        cpio.add(name, regular | 0o755, file.read_bytes())
    for file in sorted(modules.iterdir()):
        cpio.add(f"modules/{file.name}", regular | 0o644, file.read_bytes())
    return cpio.finish()


def prepare(flavour="cloud", refresh=False):
    """Paths of (kernel, initramfs). Fetches only what the cache hasn't got, unless told to look for newer ones."""
    cache = cache_dir()
    kernel = cache / flavour / "vmlinuz"
    busybox = cache / "busybox"
    wanted = cache / flavour / "wanted"  # an older cache may lack modules
    complete = wanted.exists() and wanted.read_text().split() == MODULES
    if refresh or not complete or not kernel.exists() or not busybox.exists():
        for tool in ("apt-get", "apt-cache", "dpkg-deb"):
            if not shutil.which(tool):
                raise DebianError(f"{tool} is not on this system: it is needed to fetch Debian's packages")
        apt = PrivateApt(cache)
        apt.update()
        if refresh or not busybox.exists():
            contents = [data for _, data in package_files(apt.download("busybox-static"), lambda n: n.endswith("bin/busybox"))]
            if not contents:
                raise DebianError("busybox-static: no bin/busybox in it")
            busybox.write_bytes(contents[0])
        package = apt.download(apt.kernel_of(META_PACKAGES[flavour]))
        temporary = cache / f"{flavour}.tmp"
        unpack_kernel(package, temporary)
        (temporary / "package").write_text(package.name + "\n")
        (temporary / "wanted").write_text("".join(f"{module}\n" for module in MODULES))
        shutil.rmtree(cache / flavour, ignore_errors=True)
        temporary.rename(cache / flavour)
        package.unlink()
    # The scripts in the tree may have changed since: the archive is named by its contents.
    archive = make_initramfs(busybox.read_bytes(), cache / flavour / "modules")
    initramfs = cache / flavour / "initramfs.cpio"
    digest = hashlib.sha256(archive).digest()
    if not initramfs.exists() or hashlib.sha256(initramfs.read_bytes()).digest() != digest:
        temporary = initramfs.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(archive)
        temporary.rename(initramfs)
    return kernel, initramfs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--flavour", choices=sorted(META_PACKAGES), default="cloud")
    parser.add_argument("--refresh", action="store_true", help="ask the mirrors for newer packages")
    arguments = parser.parse_args()
    try:
        kernel, initramfs = prepare(arguments.flavour, arguments.refresh)
    except (DebianError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"debian.py: {error}")
    print(kernel)
    print(initramfs)


if __name__ == "__main__":
    main()
