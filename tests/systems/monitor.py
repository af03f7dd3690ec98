#!/usr/bin/env python3
"""The secure monitor with Debian's kernels (docs/monitor.md): it starts them with both interrupt controllers, with and
without EL2; S01, a console and a clock that there are not; S02, an AHCI controller shown as a PCI function; S04 and S05, an
agent that has every WFE. Each has its control: the same with the mechanism off, which must fail.

    monitor.py --build DIRECTORY [--full] [--case PATTERN] [--log DIRECTORY]
"""

import functools
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
import cases
import debian
import packages

ABORT = re.compile(r" sync EL([012])ns->EL3s why=SCR_EL3.EA ")
TRAPPED_WFE = re.compile(r" sync EL([012])ns->EL3s why=SCR_EL3.TWE .*esr=0x7e0000(\d)")
NEVER_UP = "1500M"
PINGS = 1000000


class Run:
    """One run of the command, its consoles and its trace."""

    def __init__(self, context, name, image, machine, *options, test="", append="", flavour="cloud", typed=None,
                 limit="12G"):
        self.name, log = name, context.logs / f"monitor-{name}.log"
        self.directory = context.directory
        kernel, initramfs = debian.prepare(flavour)
        if name.startswith("agent"):
            initramfs = context.asking(initramfs)
        secure, trace = self.directory / f"{name}.secure", self.directory / f"{name}.trace"
        command = [context.armsim, "run", "-M", f"virt,secure=on,{machine}", "-m", "512", "-nographic",
                   "-bios", context.build / "roms/monitor" / f"{image}.bin", "-kernel", kernel, "-initrd", initramfs,
                   "-append", f"console=ttyAMA0 panic=-1 {'armsim.test=' + test if test else ''} {append}",
                   "-serial", "stdio", "-serial", f"file:{secure}", "--trace", trace, "--limit", limit, "--state-hash",
                   *options]
        if "-reboot" not in options:
            command.append("-no-reboot")
        command = [str(word) for word in command if word != "-reboot"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            output = b""
            if typed:  # when the shell is there
                while not output.endswith(b"# ") and (byte := process.stdout.read(1)):
                    output += byte
                process.stdin.write(typed)
            process.stdin.close()
            output += process.stdout.read()
        self.status = process.returncode
        log.write_bytes(output)
        self.output = output.decode(errors="replace")
        self.secure = secure.read_text(errors="replace")
        self.trace = trace.read_text()
        times = re.findall(r"^(\d+) ns ", self.trace[-4096:], re.M)
        self.seconds = int(times[-1]) / 1e9 if times else 0.0
        trace.unlink()

    def expect(self, pattern):
        return cases.expect(self.output, pattern)

    def passed(self, *tests):
        for test in tests:
            self.expect(rf"TEST {test} passed")
        self.is_true(self.status == 0, f"exit status {self.status}")
        return self

    def is_true(self, condition, what):
        if not condition:
            raise cases.Failure(f"{self.name}: {what}")

    def aborts(self, el=None):
        levels = ABORT.findall(self.trace)
        return len(levels) if el is None else levels.count(str(el))

    @property
    def hash(self):
        return self.expect(r"state-hash: (\w+)").group(1)


# ---- boot firmware

def boots(context, gic, el2, cpu, pes):
    name = f"boot-gicv{gic}-el{el2}-{cpu}-{pes}"
    run = Run(context, name, "monitor", f"gic-version={gic},virtualization={'on' if el2 == 2 else 'off'}", "-cpu", cpu,
              "-smp", pes, test="cpus,hotplug", append=f"armsim.cpus={pes}").passed("cpus", "hotplug")
    run.expect(rf"started at EL{el2}")
    run.is_true(run.secure.startswith(f"monitor (plain): {pes} PE(s)"), f"Secure console: {run.secure!r}")
    run.is_true(run.aborts() == 0, "external aborts")


def resets(context):
    """SYSTEM_RESET: after a reset everything happens again."""
    run = Run(context, "reset", "monitor", "gic-version=3", "-reboot", "-smp", "2", test="restart", limit="4G")
    run.is_true(run.secure.count("monitor (plain): 2 PE(s)") >= 2, "no second start")
    run.is_true(run.output.count("=== init is up ===") >= 2, "the kernel isn't up again")


# ---- S01

def text_of(output):
    """What the test `text` has written."""
    return re.search(r"\n1\r\n2\r\n.*?(?=TEST text passed)", output, re.S)[0]


def simulated(context, gic, el2, cpu):
    """Console and clock, with accesses of the kernel and of EL0; as many entries to EL3 as EL0 makes accesses."""
    name = f"simulated-gicv{gic}-el{el2}-{cpu}"
    machine = f"gic-version={gic},virtualization={'on' if el2 == 2 else 'off'}"
    run = Run(context, name, "monitor-devices", machine, "-cpu", cpu, "-smp", "2", test="simulated,text,cpus",
              append="armsim.cpus=2").passed("simulated", "text", "cpus")
    run.expect(rf"started at EL{el2}")
    run.expect("b000000.serial: ttyAMA0 at MMIO 0xb000000 .* is a PL011 rev3")
    run.is_true(run.aborts(0) == 7, f"{run.aborts(0)} entries for 7 accesses of EL0")
    run.is_true(run.aborts(2 if el2 == 2 and cpu != "cortex-a57" else 1) > 10000, "the kernel's console isn't the simulated one")
    real = Run(context, name + "-native", "monitor", machine, "-cpu", cpu, "-smp", "2", test="text").passed("text")
    run.is_true(text_of(run.output) == text_of(real.output), "the console's bytes differ from those of a real UART")


def typed(context):
    """What is typed comes by an interrupt that the monitor raises; the same twice to the bit."""
    run = Run(context, "typed", "monitor-devices", "gic-version=3", typed=b"echo typed $((6*7))\nexit\n")
    run.expect(r"typed 42\r")
    run.is_true(run.status == 0, f"exit status {run.status}")


def same_twice(run):
    """`run` of 0 and of 1 end in the same state."""
    hashes = {run(n).hash for n in range(2)}
    if len(hashes) != 1:
        raise cases.Failure(f"state hashes {hashes}")


def simulated_again(context):
    same_twice(lambda n: Run(context, f"again-{n}", "monitor-devices", "gic-version=3", "-smp", "2",
                             test="simulated").passed("simulated"))


def simulated_control(context):
    run = Run(context, "simulated-control", "monitor-devices-none", "gic-version=3", test="text", limit=NEVER_UP)
    run.is_true(run.secure.startswith("monitor (devices)"), "the monitor isn't there")
    run.is_true(debian.MARKER not in run.output and "TEST" not in run.output, "the control works")


# ---- S02

def with_disk(context, name, image, machine="gic-version=3", test="disk-write,interrupts", append="", disk=None):
    disk = disk or cases.new_disk(context.directory / f"{name}.img")
    run = Run(context, name, image, f"{machine},pci=off", "-smp", "2", "-drive", f"file={disk},if=none,id=disk,format=raw",
              "-device", "sysbus-ahci,id=hba", "-device", "ide-hd,drive=disk,bus=hba.2", test=test, flavour="generic",
              append=f"armsim.disk=sda armsim.disk-write=word armsim.disk-read=word {append}")
    return run, disk


def shown(context, gic, el2):
    machine = f"gic-version={gic},virtualization={'on' if el2 == 2 else 'off'}"
    name = f"pci-gicv{gic}-el{el2}"
    run, disk = with_disk(context, name, "monitor-pci", machine)
    run.passed("disk-write", "interrupts")
    run.expect(r"pci-host-generic 3f000000\.pcie: PCI host bridge to bus 0000:00")
    run.expect(r"pci 0000:00:01\.0: \[4153:0002\] type 00 class 0x010601")
    run.expect(r"ahci 0000:00:01\.0: AHCI 0001\.0301")
    run.expect(r"INTERRUPTS +\d+: +[1-9]\d* .*GIC(v3|-0) +42 Level +ahci\[0000:00:01\.0\]")
    cases.expect_written(disk, "word")
    again, _ = with_disk(context, name + "-read", "monitor-pci", machine, test="disk-read", disk=disk)
    again.passed("disk-read")
    quiet, _ = with_disk(context, name + "-quiet", "monitor-pci", machine, test="text", disk=disk)
    quiet.passed("text")
    counts = {run.aborts(), again.aborts(), quiet.aborts()}
    run.is_true(len(counts) == 1 and 50 < quiet.aborts() < 200, f"entries by configuration space alone: {counts}")


def moved(context):
    """Where the kernel wants more alignment the BAR moves to where nothing is, and the monitor follows."""
    run, disk = with_disk(context, "pci-moved", "monitor-pci", append="pci=resource_alignment=20@0000:00:01.0")
    run.passed("disk-write", "interrupts")
    run.expect(r"BAR 5 \[mem 0x10000000-.*\]: assigned")
    cases.expect_written(disk, "word")
    run.is_true(run.aborts() > 1000, f"{run.aborts()} entries to EL3: nobody follows")


def configuration(context):
    run, _ = with_disk(context, "pci-configuration", "monitor-pci", test="pci-shim,disk-write")
    run.passed("pci-shim", "disk-write")


def shown_again(context):
    same_twice(lambda n: with_disk(context, f"pci-again-{n}", "monitor-pci")[0].passed("disk-write"))


def shown_control(context):
    run, disk = with_disk(context, "pci-control", "monitor-pci-none", test="disk-write")
    run.expect(r"TEST disk-write FAILED")
    run.is_true("ahci" not in run.output and not any(disk.read_bytes()), "the disk is there")


# ---- S04, S05

def asking(context, initramfs):
    """Debian's, and a process that asks who is there: tests/systems/guest/client.c."""
    image = context.directory / "asking.cpio"
    with context.lock:
        if not image.exists():
            program, source = context.directory / "client", pathlib.Path(__file__).resolve().parent / "guest/client.c"
            subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-Wall", "-Wextra", "-Werror", "-o", program,
                            source], check=True)
            files = {"bin/client": program.read_bytes(), "tests/client": b"set +e\nclient\n"}
            image.write_bytes(initramfs.read_bytes() + packages.archive(files))
    return image


def listened_to(context, gic, el2):
    """The kernel's spinlocks, idle loops and delays under SCR_EL3.TWE; EL0 asks, and has the answer of EL3."""
    machine = f"gic-version={gic},virtualization={'on' if el2 == 2 else 'off'}"
    run = Run(context, f"agent-gicv{gic}-el{el2}", "monitor-agent", machine, "-cpu", "cortex-a76", "-smp", "4",
              test="client,cpus,hotplug", append="armsim.cpus=4").passed("client", "cpus", "hotplug")
    run.expect(r"client: WFE: 61726d73696d2d41 0 8")
    waits = TRAPPED_WFE.findall(run.trace)
    run.is_true(("0", "1") in waits and ("2" if el2 == 2 else "1", "1") in waits, "WFE isn't trapped")
    run.is_true(all(kind == "1" for _, kind in waits), "something else than WFE is")
    print(f"     {run.name}: {len(waits)} traps of WFE in {run.seconds:.1f} s", flush=True)


def listened_to_again(context):
    same_twice(lambda n: Run(context, f"agent-again-{n}", "monitor-agent", "gic-version=3", "-smp", "4",
                             test="client").passed("client"))


def agent_control(context):
    run = Run(context, "agent-control", "monitor", "gic-version=3", "-smp", "4", test="client").passed("client")
    run.expect(r"client: WFE: 61726d73696d2d57")
    run.is_true(not TRAPPED_WFE.search(run.trace), "WFE is trapped")


def pings(context):
    """A million pings in time: the watchdog is silent until they stop."""
    secure = context.directory / "pings.secure"
    command = [context.armsim, "run", "-M", "virt,secure=on,gic-version=3", "-m", "64", "-nographic", "-semihosting",
               "-no-reboot", "-bios", context.build / "roms/monitor/monitor-agent.bin", "-kernel",
               context.build / "roms/pings.bin", "-serial", "stdio", "-serial", f"file:{secure}"]
    status, text = cases.run(command, context.logs / "monitor-pings.log", seconds=3600)
    cases.expect(text, rf"{PINGS} pings\r\n.*passed")
    if status or secure.read_text(errors="replace").count("watchdog") != 1:
        raise cases.Failure(f"status {status}; the Secure console has {secure.read_text(errors='replace')!r}")


ALL = {f"boot-gicv{gic}-el{el2}-{cpu}-{pes}": (boots, gic, el2, cpu, pes) for gic, el2, cpu, pes in
       ((2, 1, "cortex-a57", 4), (2, 2, "cortex-a57", 4), (3, 1, "cortex-a76", 4), (3, 2, "cortex-a76", 8))}
ALL |= {"reset": (resets,),
        "simulated-gicv2-el1": (simulated, 2, 1, "cortex-a57"), "simulated-gicv3-el2": (simulated, 3, 2, "cortex-a57"),
        "simulated-gicv3-el2-vhe": (simulated, 3, 2, "cortex-a76"), "simulated-typed": (typed,),
        "simulated-again": (simulated_again,), "simulated-control": (simulated_control,),
        "pci-gicv2-el1": (shown, 2, 1), "pci-gicv3-el2": (shown, 3, 2), "pci-moved": (moved,),
        "pci-configuration": (configuration,), "pci-again": (shown_again,), "pci-control": (shown_control,),
        "agent-gicv2-el1": (listened_to, 2, 1), "agent-gicv3-el2": (listened_to, 3, 2),
        "agent-again": (listened_to_again,), "agent-control": (agent_control,), "pings": (pings,)}


SHORT = ["boot-gicv2-el1-cortex-a57-4", "boot-gicv3-el2-cortex-a76-8", "simulated-gicv2-el1", "simulated-gicv3-el2-vhe",
         "simulated-typed", "simulated-control", "pci-gicv3-el2", "pci-moved", "pci-configuration", "pci-control",
         "agent-gicv3-el2", "agent-control", "pings"]


def main():
    context = cases.options(__doc__, full="all cases")
    with tempfile.TemporaryDirectory() as scratch:
        context.directory, context.lock = pathlib.Path(scratch), threading.Lock()
        context.asking = functools.partial(asking, context)

        def attempt(case, _):
            function, *values = case
            function(context, *values)

        return cases.run_all("monitor", cases.chosen(context, ALL, SHORT),
                             lambda: [debian.prepare(flavour) for flavour in ("cloud", "generic")], attempt)


if __name__ == "__main__":
    sys.exit(main())
