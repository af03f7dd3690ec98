#!/usr/bin/env python3
"""Hypercalls with Debian's kernel as the visor's guest: its own open-vm-tools, a process that calls, debugging in the
guest as it is without a hypervisor, and a process that finds out what is trapped.

    hypercalls.py --build DIRECTORY [--case PATTERN] [--log DIRECTORY] [--full]

Each case boots a kernel and looks at its console. --full runs each twice and compares the state's hashes, and
makes a million calls with arbitrary registers, and a million pings of the watchdog.
"""

import dataclasses
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests/boot"), str(ROOT / "roms/visor"), str(HERE / "guest")]
import cases
import debian
import faulty_module
import pack
import packages

TOOLS = ["open-vm-tools", "libc6", "libglib2.0-0", "libpcre2-8-0", "libtirpc3", "libgssapi-krb5-2", "libkrb5-3",
         "libk5crypto3", "libkrb5support0", "libcom-err2", "libkeyutils1"]

SCRIPTS = {
    "tools": """vmware-checkvm; echo "checkvm: status $?"
vmware-checkvm -p
vmware-rpctool machine.id.get; echo "rpctool: status $?"
vmware-rpctool 'info-set guestinfo.name set in the guest'; echo "rpctool: status $?"
vmware-rpctool 'info-get guestinfo.name'; echo "rpctool: status $?"
vmware-rpctool nonsense; echo "rpctool: status $?"
""",
    "client": "client\n",
    "detecting": "detecting\n",
    "spinning": "spinning\n",
    "idle": "spinning 5\n",
    "nothing": "",
    # BRKs of the kernel's own: WARN() goes on, BUG() is the end of insmod alone.
    "bugs": """insmod /modules/warning.ko
insmod /modules/faulty.ko; echo "insmod: status $?"
""",
    "debugging": """debugging
mount -t tracefs tracefs /sys/kernel/tracing
cd /sys/kernel/tracing
echo 'p:seen __arm64_sys_getppid' > kprobe_events
echo 'r:left __arm64_sys_getppid' >> kprobe_events
echo 1 > events/kprobes/enable
debugging 100
echo 0 > events/kprobes/enable
echo "kprobes: $(grep -c seen: trace) entries, $(grep -c left: trace) returns"
""",
}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    script: str
    expected: tuple  # patterns, in their order
    config: str = None  # of the guest; None: without a hypervisor
    never: str = None        # a pattern
    cpu: str = "cortex-a76"
    gic: int = 3
    visor: str = "roms/visor.img"
    registers: bool = False  # what the process says of traps is compared with the registers


GOOD = ("VMware software version 6 \\(good\\)", "checkvm: status 0", "Workstation", "^0\r$", "rpctool: status 0",
        "rpctool: status 0", "set in the guest", "rpctool: status 0", "Unknown command", "rpctool: status 1")
ABSENT = ("must be run inside a virtual machine", "checkvm: status 1")
DEBUGGED = ("debugging: 0 stops before, 17 steps, 5 watchpoints, 5 breakpoints", "kprobes: 100 entries, 100 returns")

INIT = r"virtio_rng_driver_init\+0x8/"
BUGS = (rf"WARNING: CPU: 0 PID: \d+ at .*{INIT}", rf"pc : {INIT}.* \[virtio_wrn\]", "already registered", "kernel BUG at",
        "Oops - BUG: 00000000f2000800", rf"pc : {INIT}.* \[virtio_bug\]", "insmod: status 139")

# What the process finds free and trapped; the kernel refuses the rest, whatever is above.
FREE = ("WFE: free", "CTR_EL0: free", "CIVAC: free", "CVAU: free", "IVAU: free")
KERNELS = ("MDCCSR_EL0: refused", "PMCR_EL0: refused", "PMCCNTR_EL0: refused", "CNTPCT_EL0: refused",
           "CNTP_CTL_EL0: refused", "FMOV D31: free", "many rounds under 1 kHz, 0 other verdicts")
# How EL1 says that EL0 may: register, bit, and its value then.
PERMISSIONS = {"WFE": ("SCTLR_EL1", 18, 1), "MRS CTR_EL0": ("SCTLR_EL1", 15, 1), "DC CIVAC": ("SCTLR_EL1", 26, 1),
               "DC CVAU": ("SCTLR_EL1", 26, 1), "IC IVAU": ("SCTLR_EL1", 26, 1), "MRS MDCCSR_EL0": ("MDSCR_EL1", 12, 0),
               "MRS PMCR_EL0": ("PMUSERENR_EL0", 0, 1), "MRS PMCCNTR_EL0": ("PMUSERENR_EL0", 0, 1),
               "MRS CNTPCT_EL0": ("CNTKCTL_EL1", 0, 1), "MRS CNTP_CTL_EL0": ("CNTKCTL_EL1", 9, 1)}


def detected(name, config, *trapped):
    found = tuple(text.replace("free", "trapped") if text.split(":")[0] in trapped else text for text in FREE)
    return Case(f"detecting-{name}", "detecting", found + KERNELS, config, cpu="cortex-a57", registers=True)


ALL = [
    Case("tools-dcc", "tools", GOOD, "transports dcc\npersona native public"),
    Case("tools-all", "tools", GOOD, "transports hvc wfe brk dcc\npersona public", cpu="cortex-a57", gic=2),
    # The controls: the persona that is off by default; no transport; no hypervisor.
    Case("tools-control-persona", "tools", ABSENT, "transports dcc"),
    Case("tools-control-transport", "tools", ABSENT, "persona public"),
    Case("tools-control-bare", "tools", ABSENT),
    Case("client", "client", ("client: WFE: 61726d73696d2d41 0 4", "client: DCC: 1 41524d53 1", "client: BRK: 1 41524d53 1"),
         "transports wfe brk dcc\nvcpus 2"),
    Case("client-control", "client", ("client: WFE: 61726d73696d2d57", "client: DCC: signal 4", "client: BRK: signal 5"), ""),
    Case("client-control-bare", "client",
         ("client: WFE: 61726d73696d2d57", "client: DCC: signal 4", "client: BRK: signal 5")),
    # A contended spinlock: whose waiter traps each WFE doesn't keep its owner from the visor's own locks.
    Case("spinning", "spinning", ("spinning: \\d{1,5} us",), "vcpus 2"),
    Case("spinning-wfe", "spinning", ("spinning: \\d{1,5} us",), "transports wfe\nvcpus 2"),
    Case("debugging-bare", "debugging", DEBUGGED),
    Case("debugging-brk", "debugging", DEBUGGED, "transports brk"),
    Case("debugging-brk-nvhe", "debugging", DEBUGGED, "transports brk", cpu="cortex-a57"),
    Case("debugging-dcc", "debugging", DEBUGGED, "transports dcc"),
    Case("bugs-bare", "bugs", BUGS),
    Case("bugs-brk", "bugs", BUGS, "transports brk"),
    Case("bugs-brk-nvhe", "bugs", BUGS, "transports brk", cpu="cortex-a57"),
    # The control: a visor that keeps its guest's debug exceptions.
    Case("bugs-control", "bugs", ("insmod: status",), "transports brk", never="WARNING: CPU|kernel BUG|Oops",
         visor="tests/systems/visor-deaf.img"),
    detected("bare", None),
    detected("none", ""),
    detected("wfe", "transports wfe", "WFE"),
    detected("ctr", "traps ctr", "CTR_EL0"),
    detected("cache", "traps cache", "CIVAC", "CVAU", "IVAU"),
]


def initramfs(scratch):
    """Debian's, and behind it the programs and scripts of the cases."""
    files = packages.programs(TOOLS, ["vmware-checkvm", "vmware-rpctool"])
    for name, sources in {"client": [], "debugging": [], "spinning": [], "detecting": [ROOT / "roms/guest/detect.c"]}.items():
        program = scratch / name
        subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}", "-o",
                        program, HERE / f"guest/{name}.c", *sources], check=True)
        files[f"bin/{name}"] = program.read_bytes()
    for name, text in SCRIPTS.items():
        files[f"tests/{name}"] = ("set +e\n" + text).encode()
    kernel, base = debian.prepare("cloud")
    module = (kernel.parent / "modules/virtio_rng.ko").read_bytes()
    files["modules/warning.ko"] = faulty_module.faulty_module(module, "virtio_rng", "virtio_wrn", True)
    files["modules/faulty.ko"] = faulty_module.faulty_module(module, "virtio_rng", "virtio_bug", False)
    return kernel, base.read_bytes() + packages.archive(files)


def compare_registers(options, case, text, scratch, kernel, image, append):
    """The case once more by the harness, which looks at the registers at its end: they are what the process has said."""
    lines = ["board: virt", "el3: off", f"cpu: {case.cpu}", f"gic: {case.gic}", "exit: power-off", "limit: 40000000000",
             "traps: 100000000", "test: the report of a process", f"initrd: {image}"]
    if case.config is None:
        lines += ["el2: off", "conduit: hvc", f"ram: {256 << 20}", f"kernel: {kernel}", f"append: {append}"]
    else:
        lines += ["el2: on", f"ram: {640 << 20}", f"kernel: {options.build}/roms/visor.img"]
    reports = re.findall(r"^detecting: ([^:]+): (\w+)(?:, (\w+) (\w+) (\w+))?\r?$", text, re.M)
    for name, verdict, register, bits, how in reports:
        if name in PERMISSIONS:
            permission, bit, value = PERMISSIONS[name]
            lines.append(f"expect: {permission}[{bit}] = {value ^ (verdict == 'refused')}")
        if case.config is not None and register and verdict != "refused":
            numbers = ",".join(str(n) for n in range(64) if int(bits, 16) >> n & 1)
            lines.append(f"expect: {register}[{numbers}] = {int((verdict == 'trapped') == (how == 'set'))}")
    if len(reports) != 12:
        raise cases.Failure(f"{len(reports)} lines of report")
    (scratch / f"{case.name}.expect").write_text("\n".join(lines) + "\n")
    shutil.copy(scratch / "detecting", scratch / f"{case.name}.elf")
    status, report = cases.run([options.armsim, "check", scratch / f"{case.name}.elf", "--out", scratch],
                               options.logs / f"{case.name}-registers.log")
    if status:
        raise cases.Failure(report)


def run_case(options, kernel, initrd, scratch, case):
    append = f"console=ttyAMA0 panic=-1 armsim.test={case.script}"
    command = [options.armsim, "run", "-cpu", case.cpu, "-nographic", "-no-reboot",
               "--state-hash"]
    if case.config is None:
        image = scratch / f"{case.name}.cpio"
        image.write_bytes(initrd)
        command += ["-M", f"virt,gic-version={case.gic}", "-m", "256", "-kernel", kernel, "-initrd", image,
                    "-append", append]
    else:
        image = scratch / f"{case.name}.cpio"
        image.write_bytes(pack.pack({"guest0/kernel": kernel.read_bytes(), "guest0/initrd": initrd,
                                     "guest0/cmdline": append, "guest0/config": f"memory 256M\n{case.config}\n"}))
        command += ["-M", f"virt,gic-version={case.gic},virtualization=on", "-m", "640", "-smp",
                    "2" if "vcpus 2" in case.config else "1", "-kernel", options.build / case.visor,
                    "-initrd", image]
    status, text = cases.run(command, options.logs / f"{case.name}.log")
    position = 0
    for pattern in case.expected:
        found = re.compile(pattern, re.M).search(text, position)
        if not found:
            raise cases.Failure(f"nothing on the console that matches {pattern!r} (after {position} characters)")
        position = found.end()
    if case.never and re.search(case.never, text, re.M):
        raise cases.Failure(f"the console has {case.never!r}")
    cases.expect_success(status)
    cases.expect(text, "Power down")
    if case.registers:
        compare_registers(options, case, text, scratch, kernel, image, append)
    return re.search(r"^state-hash: (\w+)", text, re.M).group(1)


def million_calls(options):
    """fuzz_calls, of which the unit tests do the first 10,000."""
    folder = options.build / "tests/systems"
    cases.expect_success(*cases.run([folder / "fuzz_calls", options.build / "roms/visor.img", folder / "calls.cpio",
                                     folder / "calls.elf", "--count", "1000000"], options.logs / "million-calls.log",
                                    seconds=3600))


def million_pings(options):
    """The watchdog of the WFE channel, pinged a million times just in time: it never barks, but in the end."""
    status, text = cases.run([options.armsim, "run", "-M", "virt,gic-version=3,virtualization=on", "-cpu", "cortex-a76",
                              "-m", "256", "-nographic", "-kernel", options.build / "roms/visor.img", "-initrd",
                              options.build / "tests/systems/million-pings.cpio"], options.logs / "million-pings.log",
                             seconds=3600)
    cases.expect_success(status, text)
    pings, _, rest = text.partition("1000000 pings")
    if "watchdog" in pings or rest.count("watchdog") != 1 or "passed" not in rest:
        raise cases.Failure(text[-1000:])


def main():
    options = cases.options(__doc__, full="run each twice, and compare; a million calls and pings", logs="system-logs")
    named = {case.name: case for case in ALL}
    if options.full:
        named |= {"million-calls": million_calls, "million-pings": million_pings}
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)

        def attempt(case, images):
            if not isinstance(case, Case):
                return case(options)
            hashes = {run_case(options, *images, scratch, case) for _ in range(2 if options.full else 1)}
            if len(hashes) > 1:
                raise cases.Failure(f"two runs end in different states: {hashes}")

        return cases.run_all("hypercalls", cases.chosen(options, named), lambda: initramfs(scratch), attempt)


if __name__ == "__main__":
    sys.exit(main())
