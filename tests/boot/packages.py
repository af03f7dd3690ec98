"""Programs out of Debian's arm64 packages, with the libraries that they need, for an initramfs."""

import posixpath
import struct
import subprocess
import tarfile

import debian


def needed(image):
    """The DT_NEEDED names of an ELF file, and its interpreter's."""
    phoff, = struct.unpack_from("<Q", image, 0x20)
    phentsize, phnum = struct.unpack_from("<HH", image, 0x36)
    headers = [struct.unpack_from("<IIQQQQQQ", image, phoff + i * phentsize) for i in range(phnum)]

    def offset(address):
        for kind, _, file, virtual, _, size, _, _ in headers:
            if kind == 1 and virtual <= address < virtual + size:
                return file + address - virtual
        raise debian.DebianError("an address outside the file")

    def text(at):
        return image[at:image.index(b"\0", at)].decode()

    names = []
    for kind, _, file, _, _, size, _, _ in headers:
        if kind == 3:  # PT_INTERP
            names.append(posixpath.basename(text(file)))
        if kind == 2:  # PT_DYNAMIC
            entries = list(struct.iter_unpack("<QQ", image[file:file + size]))
            strings = next(offset(value) for tag, value in entries if tag == 5)
            names += [text(strings + value) for tag, value in entries if tag == 1]
    return names


def contents(deb):
    """All files of a package by their base names; links as the names of what they point to."""
    files = {}
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for member in tar:
                name = posixpath.basename(member.name)
                if member.issym():
                    files.setdefault(name, posixpath.basename(member.linkname))
                elif member.isfile():
                    files[name] = tar.extractfile(member).read()
    return files


def fetch(package):
    """A package's file, from the cache if it is there."""
    folder = debian.cache_dir() / "packages"
    found = sorted(folder.glob(f"{package}_*.deb")) if folder.exists() else []
    if found:
        return found[-1]
    apt = debian.PrivateApt(debian.cache_dir())
    apt.update()
    return apt.download(package)


def programs(packages, names):
    """(name, bytes) of programs and of all libraries that they need: programs for /bin, libraries for /lib."""
    files = {}
    for package in packages:
        for name, data in contents(fetch(package)).items():
            files.setdefault(name, data)
    result, wanted = {}, list(names)
    while wanted:
        name = wanted.pop()
        folder = "bin" if name in names else "lib"
        data = files.get(name)
        while isinstance(data, str):
            data = files.get(data)
        if data is None:
            raise debian.DebianError(f"{name} is in none of {' '.join(packages)}")
        if f"{folder}/{name}" not in result:
            result[f"{folder}/{name}"] = data
            wanted += needed(data)
    return result


def archive(files):
    """A cpio archive of files (name -> bytes), all executable, to be put behind another one."""
    cpio = debian.Cpio()
    for folder in sorted({posixpath.dirname(name) for name in files if "/" in name}):
        cpio.add(folder, 0o040755)
    for name, data in sorted(files.items()):
        cpio.add(name, 0o100755, data)
    return cpio.finish()
