#!/usr/bin/env python3
"""The remote protocol, packet by packet: what each does, and that a wrong one is refused.

    test_protocol.py ARMSIM [TEST...]
"""

import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import guest
from client import Client, Machine

ARMSIM = None
RAM = 0x40000000
DATA = RAM + 0x10000
X0, X1, SP, PC, CPSR = 0, 1, 31, 32, 33
STR_X0_X1 = 0xF9000020
LDR_X2_X1 = 0xF9400022
ADD_X0 = 0x91000400
SVC = 0xD4000001
ERET = 0xD69F03E0
NOP = 0xD503201F


def branch(words):
    return 0x14000000 | words & 0x3FFFFFF


# Counts in X0, stores and loads it, and takes an SVC; the vector returns.
LOOP = [guest.mov(1, DATA), 0xD518C002,  # MSR VBAR_EL1, X2
        STR_X0_X1, LDR_X2_X1, ADD_X0, SVC, branch(-4)]


class ProtocolTest(unittest.TestCase):
    options = []
    machine = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="armsim-gdb-")
        path = pathlib.Path(self.folder.name)
        (path / "loop.bin").write_bytes(guest.code(*LOOP))
        (path / "vector.bin").write_bytes(guest.code(ERET))
        self.program = ["-device", f"loader,file={path}/loop.bin,addr={RAM:#x},cpu-num=0",
                        "-device", f"loader,file={path}/vector.bin,addr={RAM + 0x1200:#x}"]

    def tearDown(self):
        if self.machine:
            self.machine.close()
        self.folder.cleanup()

    def start(self, *options, **kinds):
        self.machine = Machine(ARMSIM, *self.program, *options, **kinds)
        self.client = self.machine.client
        if self.client and kinds.get("halted", True):
            self.assertEqual(self.client.set_register(2, RAM + 0x1000), "OK")
        return self.client

    def at_loop(self, *options):
        """Stopped before the first STR."""
        client = self.start(*options)
        self.first = RAM + 4 * (len(guest.mov(1, DATA)) + 1)
        self.assertEqual(client.ask(f"Z0,{self.first:x},4"), "OK")
        self.assertIn("thread:1;", client.ask("vCont;c"))
        self.assertEqual(client.register(PC), self.first)
        self.assertEqual(client.ask(f"z0,{self.first:x},4"), "OK")
        return client


class Session(ProtocolTest):
    def test_handshake(self):
        client = self.start()
        reply = client.ask("qSupported:multiprocess+;swbreak+;hwbreak+")
        for feature in ("PacketSize=", "QStartNoAckMode+", "qXfer:features:read+", "swbreak+", "hwbreak+"):
            self.assertIn(feature, reply)
        self.assertEqual(client.ask("QStartNoAckMode"), "OK")
        client.no_ack = True
        self.assertTrue(client.ask("?").startswith("T05"))
        self.assertEqual(client.ask("vMustReplyEmpty"), "")
        self.assertEqual(client.ask("qAttached"), "1")

    def test_description(self):
        client = self.start()
        text, offset = "", 0
        while True:
            part = client.ask(f"qXfer:features:read:target.xml:{offset:x},700")
            text += part[1:]
            offset += len(part) - 1
            if part[0] == "l":
                break
        self.assertIn("org.gnu.gdb.aarch64.core", text)
        self.assertIn("org.gnu.gdb.aarch64.fpu", text)
        numbers = [int(number) for number in re.findall(r'regnum="([0-9]+)"', text)]
        self.assertEqual(numbers, list(range(len(numbers))))
        names = re.findall(r'<reg name="([^"]+)"', text)
        self.assertEqual(len(names), len(set(names)))
        for name in ("SCTLR_EL1", "CNTV_CTL_EL0", "ESR_EL1", "MIDR_EL1"):
            self.assertIn(name, names)
        for number, bits in enumerate(re.findall(r'bitsize="([0-9]+)"', text)):  # each can be read, or has no value
            self.assertRegex(client.ask(f"p{number:x}"), "^([0-9a-f]{%d}|x{%d})$" % (int(bits) / 4, int(bits) / 4))

    def test_exit(self):
        client = self.at_loop()
        client.ask(f"X{self.first:x},0:")
        program = guest.code(guest.power_off())
        client.ask(f"M{self.first:x},{len(program):x}:{program.hex()}")
        self.assertEqual(client.ask("c"), "W00")
        self.assertEqual(self.machine.wait(), 0)

    def test_kill(self):
        self.start().send("k")
        self.assertEqual(self.machine.wait(), 0)

    def test_interrupt(self):
        client = self.at_loop()
        client.send("c")
        time.sleep(0.2)
        client.raw(b"\x03")
        self.assertTrue(client.answer().startswith("T02"))
        self.assertGreater(client.register(X0), 0)

    def test_detach_and_come_back(self):
        client = self.at_loop()
        client.ask(f"Z0,{self.first:x},4")
        self.assertEqual(client.ask("D"), "OK")
        client.close()
        time.sleep(0.2)
        client = Client(self.machine.port)
        self.assertTrue(client.ask("?").startswith("T05"))
        count = client.register(X0)
        self.assertGreater(count, 0)  # it ran, and the breakpoint was gone
        client.close()  # the same without a word
        time.sleep(0.2)
        client = self.machine.client = Client(self.machine.port)
        self.assertGreater(client.register(X0), count)

    def test_loopback_only(self):
        self.start(halted=False, connect=False)
        lines = pathlib.Path("/proc/net/tcp").read_text() + pathlib.Path("/proc/net/tcp6").read_text()
        locals_ = [line.split()[1] for line in lines.splitlines()]
        self.assertEqual([name for name in locals_ if name.endswith(f":{self.machine.port:04X}")],
                         [f"0100007F:{self.machine.port:04X}"])


class Registers(ProtocolTest):
    def test_one_by_one(self):
        client = self.start()
        for number, size in ((X0, 8), (30, 8), (SP, 8), (34, 16), (65, 16), (66, 4)):
            value = 0x08000090 if size == 4 else int("0123456789abcdef" * (size // 8), 16)
            self.assertEqual(client.set_register(number, value, size), "OK")
            self.assertEqual(client.register(number), value)
        self.assertEqual(client.ask("p7fff"), "E16")
        self.assertEqual(client.ask("P0=00"), "E16")

    def test_all(self):
        client = self.start()
        client.set_register(5, 0x1122334455667788)
        text = client.ask("g")
        self.assertEqual(len(text), 2 * (33 * 8 + 4 + 32 * 16 + 8))
        self.assertEqual(text[80:96], "8877665544332211")
        changed = text[:80] + "0102030405060708" + text[96:]
        self.assertEqual(client.ask("G" + changed), "OK")
        self.assertEqual(client.ask("g"), changed)
        self.assertEqual(client.register(5), 0x0807060504030201)
        self.assertEqual(client.ask("G" + changed[:-2]), "E16")

    def test_exception_level(self):
        client = self.start("-M", "virt,secure=on,virtualization=on")
        self.assertEqual(client.register(CPSR) & 0xF, 0xD)
        self.assertEqual(client.set_register(CPSR, 0x3C5, 4), "OK")
        self.assertEqual(client.register(CPSR), 0x3C5)
        self.assertEqual(client.set_register(CPSR, 0x3C7, 4), "E01")  # no such mode
        self.assertEqual(client.register(CPSR), 0x3C5)


class Memory(ProtocolTest):
    def test_read_and_write(self):
        client = self.start()
        self.assertEqual(client.ask(f"M{DATA:x},4:01020304"), "OK")
        self.assertEqual(client.memory(DATA, 8), bytes([1, 2, 3, 4, 0, 0, 0, 0]))
        client.send(b"X%x,3:\x05}\x03\x07" % DATA)  # } and 3: an escaped #
        self.assertEqual(client.answer(), "OK")
        self.assertEqual(client.memory(DATA, 4), b"\x05#\x07\x04")
        self.assertEqual(client.ask("m2000000000000,4"), "E0e")
        self.assertEqual(client.ask("M2000000000000,1:00"), "E0e")
        self.assertLess(len(client.memory(DATA, 1 << 60)), 0x4000)

    def test_physical_and_levels(self):
        client = self.start("-M", "virt,secure=on")
        # EL3 translates RAM's first gigabyte to the Secure RAM; nothing else is mapped.
        secure_ram = 0x0E000000
        self.assertEqual(client.ask("Qqemu.PhyMemMode:1"), "OK")
        self.assertEqual(client.ask("qqemu.PhyMemMode"), "1")
        table = struct.pack("<QQ", 0, 0x40000401)
        self.assertEqual(client.ask(f"M{secure_ram:x},10:{table.hex()}"), "OK")
        client.ask("M40020000,4:deadbeef")
        self.assertIn("Non-secure", client.monitor("phys on nonsecure"))
        self.assertEqual(client.ask("m0e000000,4"), "E0e")
        self.assertEqual(client.memory(0x40020000, 4).hex(), "deadbeef")
        self.assertEqual(client.ask("Qqemu.PhyMemMode:0"), "OK")
        self.assertIn("EL1 Non-secure", client.monitor("el 1") + client.monitor("security nonsecure"))
        self.assertEqual(client.memory(0x40020000, 4).hex(), "deadbeef")
        self.assertIn("expected", client.monitor("el 4"))
        self.assertIn("as PE 0 is now", client.monitor("el current") + client.monitor("security current"))


class Running(ProtocolTest):
    def test_steps_across_exceptions(self):
        client = self.at_loop()
        seen = []
        for _ in range(6):
            self.assertTrue(client.ask("vCont;s:1").startswith("T05"))
            seen.append(client.register(PC))
        first = self.first
        self.assertEqual(seen, [first + 4, first + 8, first + 12, RAM + 0x1200, first + 16, first])

    def test_breakpoints(self):
        client = self.at_loop()
        self.assertEqual(client.ask("qSupported:swbreak+;hwbreak+")[:10], "PacketSize")
        for kind, name in ((0, "swbreak"), (1, "hwbreak")):
            self.assertEqual(client.ask(f"Z{kind},{self.first + 8:x},4"), "OK")
            self.assertEqual(client.memory(self.first + 8, 4), struct.pack("<I", ADD_X0))  # memory is as it was
            count = client.register(X0)
            for more in range(3):
                self.assertIn(name, client.ask("c"))
                self.assertEqual(client.register(X0), count + more + kind)  # 1: it stood there already
            self.assertEqual(client.ask(f"z{kind},{self.first + 8:x},4"), "OK")
        self.assertEqual(client.ask(f"Z0,{RAM + 2:x},4"), "E16")
        self.assertEqual(client.ask(f"z0,{RAM:x},4"), "E16")
        self.assertEqual(client.ask(f"Z5,{RAM:x},4"), "E16")

    def test_watchpoints(self):
        client = self.at_loop()
        for kind, name, at in ((2, "watch", 0), (3, "rwatch", 4), (4, "awatch", 0), (4, "awatch", 4)):
            if not (kind == 4 and at == 4):
                self.assertEqual(client.ask(f"Z{kind},{DATA + 4:x},4"), "OK")
            reply = client.ask("c")
            self.assertIn(f"{name}:{DATA + 4:x};", reply)
            self.assertEqual(client.register(PC), self.first + at)
            if at == 0 and kind == 2:  # not stored yet
                self.assertEqual(client.memory(DATA, 8), bytes(8))
                self.assertTrue(client.ask("s").startswith("T05"))
                self.assertEqual(int.from_bytes(client.memory(DATA, 8), "little"), client.register(X0))
                client.set_register(X0, 5)
            if kind != 4:
                self.assertEqual(client.ask(f"z{kind},{DATA + 4:x},4"), "OK")

    def test_range(self):
        client = self.at_loop()
        client.ask(f"vCont;r{self.first:x},{self.first + 12:x}:1")
        self.assertEqual(client.register(PC), self.first + 12)

    def test_catch(self):
        client = self.at_loop()
        self.assertIn("caught", client.monitor("catch svc"))
        self.assertTrue(client.ask("c").startswith("T05"))
        self.assertIn("why=SVC", client.output)
        self.assertEqual(client.register(PC), RAM + 0x1200)
        self.assertIn("caught", client.monitor("catch return to el1"))
        client.ask("c")
        self.assertEqual(client.register(PC), self.first + 16)
        self.assertIn("unknown class", client.monitor("catch nonsense"))
        self.assertIn("expected", client.monitor("catch svc to nowhere"))
        self.assertIn("nothing", client.monitor("catch off"))

    def test_threads(self):
        client = self.start("-smp", "3", "-cpu", "cortex-a53")
        self.assertEqual(client.ask("qfThreadInfo"), "m1,2,3")
        self.assertEqual(client.ask("qsThreadInfo"), "l")
        self.assertEqual(bytes.fromhex(client.ask("qThreadExtraInfo,2")), b"PE 1: EL1 Non-secure, off")
        self.assertEqual(client.ask("T3"), "OK")
        self.assertEqual(client.ask("T4"), "E03")
        self.assertEqual(client.ask("Hg2"), "OK")
        client.set_register(X0, 77)
        self.assertEqual(client.ask("Hg1"), "OK")
        self.assertNotEqual(client.register(X0), 77)
        self.assertEqual(client.ask("vCont;s:4"), "E16")
        self.assertIn("thread:2;", client.ask("vCont;s:2"))  # off: nothing to do
        before = client.register(PC)
        self.assertEqual(client.ask("Hg1"), "OK")
        self.assertIn("thread:1;", client.ask("vCont;s:1;c"))
        self.assertEqual(client.register(PC), RAM + 4)

    def test_monitor(self):
        client = self.at_loop()
        for command in ("help", "info pes", "info registers control", "info registers sctlr_el1", "info traps",
                        "info time", "info translation $vbar_el1", f"info translation {RAM:#x}",
                        "info space", "catch help", "powerkey"):
            self.assertTrue(client.monitor(command), command)
        for command in ("nonsense", "info", "info nothing", "info translation", "info translation 0x", "info traps x",
                        "info registers", "phys maybe", "security none", "x" * 200):
            self.assertRegex(client.monitor(command), "expected|unknown|no group", command)
        self.assertIn("reset", client.monitor("reset"))
        self.assertEqual(client.register(PC), RAM)


class Reverse(ProtocolTest):
    def test_steps(self):
        client = self.at_loop()
        self.assertIn("ReverseStep+;ReverseContinue+", client.ask("qSupported"))
        places = []
        for _ in range(20):
            places.append((client.register(PC), client.register(X0), client.memory(DATA, 8)))
            client.ask("s")
        for place in reversed(places):
            self.assertTrue(client.ask("bs").startswith("T05"))
            self.assertEqual((client.register(PC), client.register(X0), client.memory(DATA, 8)), place)
        self.assertIn("now", client.monitor("info history"))

    def test_to_the_beginning(self):
        client = self.at_loop()
        self.assertIn("replaylog:begin", client.ask("bc"))
        self.assertEqual(client.register(PC), RAM)
        self.assertIn("replaylog:begin", client.ask("bs"))

    def test_points(self):
        client = self.at_loop()
        client.ask(f"Z0,{self.first + 8:x},4")
        count = client.register(X0)
        for more in range(3):
            client.ask("c")
            self.assertEqual(client.register(X0), count + more)
        for more in (1, 0):
            self.assertIn("T05", client.ask("bc"))
            self.assertEqual((client.register(PC), client.register(X0)), (self.first + 8, count + more))
        self.assertIn("T05", client.ask("c"))  # forward again, into the same past
        self.assertEqual((client.register(PC), client.register(X0)), (self.first + 8, count + 1))
        client.ask(f"z0,{self.first + 8:x},4")
        client.ask(f"Z2,{DATA:x},8")
        self.assertIn("watch", client.ask("bc"))  # behind the store
        self.assertEqual((client.register(PC), client.register(X0)), (self.first + 4, count + 1))
        client.ask("bs")
        self.assertEqual(int.from_bytes(client.memory(DATA, 8), "little"), count)

    def test_traps(self):
        client = self.at_loop()
        client.monitor("catch svc")
        for _ in range(3):
            client.ask("c")
        count = client.register(X0)
        for less in (1, 2):
            client.ask("bc")
            self.assertEqual((client.register(PC), client.register(X0)), (RAM + 0x1200, count - less))
        self.assertIn("replaylog:begin", client.ask("bc"))

    def test_another_way(self):
        """What is changed in the past is the present from then on."""
        client = self.at_loop()
        client.ask(f"Z0,{self.first + 8:x},4")
        client.ask("c")
        client.ask("c")
        count = client.register(X0)
        client.ask("bc")
        client.set_register(X0, 1000)
        client.ask("c")
        self.assertEqual(client.register(X0), 1001)
        self.assertNotEqual(count, 1001)

    def test_far(self):
        client = self.at_loop("-smp", "2")
        client.send("c")
        time.sleep(0.5)
        client.raw(b"\x03")
        client.answer()
        count = client.register(X0)
        started = time.monotonic()
        client.ask("bs")
        self.assertLess(time.monotonic() - started, 5)
        self.assertIn(client.register(X0), (count, count - 1))
        client.ask(f"Z0,{self.first - 4:x},4")  # only the beginning was there
        client.ask("bc")
        self.assertEqual(client.register(PC), self.first - 4)


WRONG = ["bsx", "bc1", "m", "m,", "m1", "m1,", "m1,2,3", "mxyz,1", "m11111111111111111,1", "M", "M1,1", "M1,1:",
         "M1,1:0", "M1,1:zz",
         "M1,2:00", "M0,ffffffffffffffff:00", "X1,5:abc", "p", "pz", "P", "P1", "P1=", "P1=0", "P1=zz", "Pffff=00", "G",
         "G00", "Gzz", "H", "Hx1", "Hg", "Hg9", "Hgz", "T", "Tz", "T0", "vCont", "vCont;", "vCont;x", "vCont;c:9",
         "vCont;r1", "vCont;r1,", "vCont;Sx", "vCont;c:-2", "s1x", "S", "Cz", "C05;z", "Z", "Z0", "Z0,",
         "Z0,1", "Z0,1,4",
         "Z2,0,0",
         "z2,0,0", "Zz,1,1", "Z9,1,1", "qXfer:features:read:", "qXfer:features:read:target.xml:",
         "qXfer:features:read:target.xml:0", "qXfer:features:read:target.xml:ffffffff,1",
         "qXfer:features:read:other.xml:0,10", "qRcmd,1", "qRcmd,zz",
         "qRcmd," + "61" * 600, "Qqemu.PhyMemMode:", "Qqemu.PhyMemMode:2", "qThreadExtraInfo,", "qThreadExtraInfo,0",
         "qThreadExtraInfo,99"]
UNKNOWN = ["", "!", "qNothing", "vNothing", "R00", "\x01", "\xff\xff", "Qx", "_", "kx", "gx", "?x"]


class Malformed(ProtocolTest):
    def test_refused(self):
        client = self.start()
        whole = client.ask("g")
        for packet in WRONG:
            self.assertRegex(client.ask(packet), "^E[0-9a-f]{2}$", packet)
        for packet in UNKNOWN:
            self.assertRegex(client.ask(packet), "^(E[0-9a-f]{2})?$", packet)
        self.assertEqual(client.ask("g"), whole)

    def test_frames(self):
        client = self.start()
        client.raw(b"$g#00")
        self.assertEqual(client.byte(), b"-")
        client.raw(b"$g#zz")
        self.assertEqual(client.byte(), b"-")
        client.raw(b"junk#$$ab$qC#b4")  # only the last is a packet
        first = client.receive()
        self.assertEqual(first, b"QC1")
        client.raw(b"-")  # once more
        self.assertEqual(client.receive(), first)
        client.send("m" + "0" * 40000 + ",1")
        self.assertEqual(client.answer(), "E07")
        for byte in Client.frame(b"qC"):  # one by one
            client.raw(bytes([byte]))
        self.assertEqual(client.answer(), "QC1")

    def test_mutants(self):
        client = self.start()
        self.assertEqual(client.ask("QStartNoAckMode"), "OK")
        client.no_ack = True
        source = random.Random(1)
        starts = [packet.encode("latin-1") for packet in WRONG + UNKNOWN
                  if not packet.startswith(("vCont", "s", "S", "C", "b"))]
        for _ in range(3000):
            packet = bytearray(source.choice(starts))
            for _ in range(source.randrange(1, 4)):
                at = source.randrange(len(packet) + 1)
                packet[at:at + source.randrange(2)] = bytes([source.randrange(256)])
            if packet[:1] in (b"k", b"c", b"C", b"s", b"S", b"D", b"v", b"b") or set(packet) & set(b"#$\x03"):
                continue
            self.assertRegex(client.ask(bytes(packet)), r"(?s)^.*$")
        self.assertEqual(client.ask("qC")[:2], "QC")

    def test_options(self):
        for value in ("tcp", "tcp:", "tcp::", "tcp::x", "tcp::70000", "udp::1", "tcp::12x"):
            process = subprocess.run([ARMSIM, "run", "-gdb", value], stdin=subprocess.DEVNULL, capture_output=True,
                                     timeout=30)
            self.assertEqual(process.returncode, 2, value)
            self.assertIn(b"-gdb: expected tcp:[HOST]:PORT", process.stderr)


if __name__ == "__main__":
    ARMSIM = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
