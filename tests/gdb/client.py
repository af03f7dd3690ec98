"""A client of gdb's remote protocol, and the command that it talks to."""

import re
import socket
import subprocess

TIMEOUT = 30


class Machine:
    """armsim with a debugger's port, and a connection to it."""

    def __init__(self, armsim, *options, halted=True, connect=True):
        command = [armsim, "run", "-gdb", "tcp::0", "-serial", "null", *options] + (["-S"] if halted else [])
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        line = self.process.stderr.readline().decode()
        self.port = int(re.fullmatch(r"armsim: gdb: port ([0-9]+)\n", line).group(1))
        self.client = Client(self.port) if connect else None

    def close(self):
        if self.client:
            self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=TIMEOUT)

    def wait(self):
        return self.process.wait(timeout=TIMEOUT)


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.no_ack = False

    def close(self):
        self.socket.close()

    def raw(self, data):
        self.socket.sendall(data)

    def byte(self):
        if not self.buffer:
            self.buffer = self.socket.recv(65536)
            if not self.buffer:
                raise EOFError("the server has closed the connection")
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    @staticmethod
    def frame(packet):
        return b"$" + packet + b"#%02x" % (sum(packet) & 0xFF)

    def send(self, packet):
        packet = packet.encode("latin-1") if isinstance(packet, str) else packet
        self.raw(self.frame(packet))

    def receive(self):
        """The next packet's content; acknowledgements are passed over."""
        while (first := self.byte()) != b"$":
            assert first == b"+", f"{first} between packets"
        content = b""
        while (next_byte := self.byte()) != b"#":
            content += next_byte
        checksum = int(self.byte() + self.byte(), 16)
        assert checksum == sum(content) & 0xFF, "checksum"
        if not self.no_ack:
            self.raw(b"+")
        return re.sub(rb"}(.)", lambda escaped: bytes([escaped[1][0] ^ 0x20]), content, flags=re.S)

    def ask(self, packet):
        """Sends a packet; its answer, without the output in between."""
        self.send(packet)
        return self.answer()

    def answer(self):
        self.output = ""
        while True:
            content = self.receive()
            if content[:1] == b"O" and content != b"OK":
                self.output += bytes.fromhex(content[1:].decode()).decode()
                continue
            return content.decode("latin-1")

    def monitor(self, line):
        assert self.ask("qRcmd," + line.encode().hex()) == "OK"
        return self.output

    def register(self, number):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")

    def set_register(self, number, value, size=8):
        return self.ask(f"P{number:x}=" + value.to_bytes(size, "little").hex())

    def memory(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))
