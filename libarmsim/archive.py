#!/usr/bin/env python3
"""Makes one archive of the rooms' archives, in which only symbols of default visibility (armsim_*) stay global.

Usage: archive.py OUT.a WORKDIR ROOM.a ...
"""
import os
import subprocess
import sys


def main():
    out, work, *rooms = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    whole = os.path.join(work, 'armsim.o')
    linker, objcopy, archiver = (os.environ.get(name, default) for name, default in
                                 (('LD', 'ld'), ('OBJCOPY', 'objcopy'), ('AR', 'ar')))
    subprocess.run([linker, '-r', '-o', whole, '--whole-archive', *rooms], check=True)
    subprocess.run([objcopy, '--localize-hidden', whole], check=True)
    if os.path.exists(out):
        os.remove(out)
    subprocess.run([archiver, 'rcs', out, whole], check=True)


if __name__ == '__main__':
    main()
