"""What the scripts that boot kernels have in common: named cases, run side by side, that pass or say why not.

Their options are --build DIRECTORY [--full] [--case PATTERN] [--log DIRECTORY], their last line is
"TITLE: N passed, N failed".
"""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import subprocess

import debian

SECONDS = 600
MIB = 1 << 20


class Failure(Exception):
    """Why a case fails, for its line."""


ERRORS = (Failure, debian.DebianError, OSError, subprocess.SubprocessError)


def options(description, full=None, logs="boot-logs"):
    """From the command line: build and logs (folders), armsim (the command), case (a pattern or None), full."""
    parser = argparse.ArgumentParser(description=description.split("\n", 1)[0])
    parser.add_argument("--build", required=True, type=pathlib.Path)
    if full:
        parser.add_argument("--full", action="store_true", help=full)
    parser.add_argument("--case", help="those whose names match")
    parser.add_argument("--log", dest="logs", type=pathlib.Path, help="keep the consoles' texts here")
    found = parser.parse_args()
    found.build = found.build.resolve()
    found.armsim = str(found.build / "frontends/cli/armsim")
    found.logs = found.logs or found.build / logs
    found.logs.mkdir(parents=True, exist_ok=True)
    return found


def chosen(found, cases, short=None):
    """Of a dictionary of cases: the ones that match --case; else with --full all; else those of `short`, if given."""
    if found.case:
        return {name: case for name, case in cases.items() if fnmatch.fnmatch(name, found.case)}
    return {name: case for name, case in cases.items() if short is None or found.full or name in short}


def run_all(title, cases, prepare, attempt):
    """The program's exit status. attempt(case, prepare()) raises one of ERRORS where a case fails."""
    failed = 0
    try:
        prepared = prepare()
    except ERRORS as error:
        print(f"FAIL {title}: what its cases need isn't there: {error}")
        print(f"{title}: 0 passed, {len(cases)} failed")
        return 1

    def reason(case):
        try:
            attempt(case, prepared)
            return None
        except ERRORS as error:
            return str(error) or type(error).__name__

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, problem in zip(cases, pool.map(reason, cases.values())):
            failed += problem is not None
            print(f"{'FAIL' if problem else 'ok  '} {title} {name}" + (f": {problem}" if problem else ""), flush=True)
    print(f"{title}: {len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


def run(command, log, typed=b"", seconds=SECONDS):
    """Runs to the end: exit status and text, which is kept in `log`."""
    source = {"input": typed} if typed else {"stdin": subprocess.DEVNULL}
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, timeout=seconds, **source)
    except subprocess.TimeoutExpired as expired:
        log.write_bytes((expired.stdout or b"") + (expired.stderr or b""))
        raise Failure(f"no end within {seconds} s; see {log}") from None
    log.write_bytes(result.stdout + result.stderr)
    return result.returncode, (result.stdout + result.stderr).decode(errors="replace")


def expect(text, pattern, where="the console"):
    found = re.search(pattern, text)
    if not found:
        raise Failure(f"nothing on {where} that matches {pattern!r}")
    return found


def expect_success(status, text=""):
    if status != 0:
        raise Failure(f"exit status {status}" + (f": {text.strip()[-300:]}" if text else ""))


def new_disk(path, size=16 * MIB):
    with path.open("wb") as file:
        file.truncate(size)
    return path


def expect_written(image, word):
    """What the guest's test disk-write wrote is in the disk's image."""
    if image.read_bytes().count(f"line of {word}\n".encode()) < 1000:
        raise Failure("the file written isn't in the disk image")
