#!/usr/bin/env python3
"""The library exports armsim_* only, and references nothing that aborts, exits, prints or asks the host for time or
randomness: docs/promises.md.

Usage: check_symbols.py LIBRARY.so ARCHIVE.a
"""
import subprocess
import sys

FORBIDDEN = set('''
    abort _exit exit _Exit quick_exit atexit __assert_fail __assert raise kill
    printf fprintf vprintf vfprintf puts fputs putc putchar putchar_unlocked fputc fwrite perror dprintf vdprintf
    __printf_chk __fprintf_chk __vprintf_chk __vfprintf_chk stdout stderr stdin syslog psignal
    time gettimeofday clock clock_gettime clock_getres timespec_get times ftime nanosleep usleep sleep
    clock_nanosleep localtime gmtime mktime getrusage alarm setitimer timer_create
    rand srand random srandom rand_r drand48 lrand48 mrand48 getrandom getentropy arc4random arc4random_buf
    pthread_create fork vfork system popen execve execvp getenv secure_getenv signal sigaction
'''.split())


def symbols(path, *options):
    output = subprocess.run(['nm', *options, path], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        words = line.split()
        if len(words) >= 2 and not line.endswith(':'):
            yield words[-2], words[-1].split('@')[0]


def main():
    shared, archive = sys.argv[1:]
    errors = []
    for _, name in symbols(shared, '--dynamic', '--defined-only'):
        if not name.startswith('armsim_'):
            errors.append(f'{shared}: exports {name}')
    for kind, name in symbols(archive, '--extern-only', '--defined-only'):
        if not name.startswith('armsim_'):
            errors.append(f'{archive}: exports {name}')
    for path, options in ((shared, ['--dynamic', '--undefined-only']), (archive, ['--undefined-only'])):
        for _, name in symbols(path, *options):
            if name in FORBIDDEN:
                errors.append(f'{path}: references {name}')
    print('\n'.join(errors) or 'ok')
    sys.exit(1 if errors else 0)


if __name__ == '__main__':
    main()
