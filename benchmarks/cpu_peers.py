"""What `benchmarks.cpu` talks to, each in a process of its own.

``python -m benchmarks.cpu_peers serve DIRECTORY``
    HTTP and HTTPS servers on loopback, which keep connections. The URLs are printed;
    the root certificate is ``root.pem`` in the directory.
``python -m benchmarks.cpu_peers pace PORT BAUDRATE SECONDS``
    A pseudo-terminal whose path is printed. What it reads from PORT, it passes on at
    the speed of a line, and at most once in SECONDS: 0.0002 is like a UART of a chip,
    0.001 like a bridge on USB. Bytes in the other direction pass at once.
``python -m benchmarks.cpu_peers answer SIZE``
    A pseudo-terminal whose path is printed. It answers the commands of a GET, each at
    once, and has no server: so it shows what a client costs that never waits for long.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from typing import Any

import serial

from benchmarks.socket_servers import Served
from requests_bg96.emulator.http_head import wants_close
from requests_bg96.emulator.paced_queue import BITS_PER_BYTE
from requests_bg96.emulator.request_framing import RequestFraming
from tests.certificates import HERE, authority, issue
from tests.tls_servers import server_context

__all__ = ("peer",)


#: The commands of a GET with a payload, and its length.
_PAYLOAD = re.compile(rb"AT\+QHTTP(?:URL=|(GET)=\d+,)(\d+)")
#: What a module that is set up says of itself.
_LINES = {
    b"ATI": b"\r\nQuectel\r\nBG96\r\nRevision: BG96MAR02A07M1G\r\n",
    b"+QHTTPCFG?": b'\r\n+QHTTPCFG: "contextid",1\r\n+QHTTPCFG: "requestheader",1'
    b'\r\n+QHTTPCFG: "responseheader",1\r\n',
    b"+QIACT?": b'\r\n+QIACT: 1,1,1,"10.0.0.1"\r\n',
}


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        sock = self.request
        if self.server.context is not None:
            sock = self.server.context.wrap_socket(sock, server_side=True)
        framing, served = RequestFraming(), Served()
        with contextlib.suppress(OSError), sock:
            while data := sock.recv(65_536):
                if request := framing.feed(data):
                    sock.sendall(served.answer(request))
                    if wants_close(request):
                        return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context = context
        threading.Thread(target=self.serve_forever, daemon=True).start()


def _serve(directory: pathlib.Path) -> None:
    root = authority("Root")
    (directory / "root.pem").write_bytes(root.pem)
    context = server_context(issue("server", root, hosts=HERE), directory)
    for scheme, server in (("http", _Server(None)), ("https", _Server(context))):
        print(f"{scheme}://localhost:{server.server_address[1]}/", flush=True)
    threading.Event().wait()


def _pace(port: str, baudrate: int, grain: float) -> None:
    line, (master, slave) = serial.Serial(port, timeout=0.001), os.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    threading.Thread(target=_pass_up, args=(master, line.fd), daemon=True).start()
    rate, waiting, there = baudrate / BITS_PER_BYTE, bytearray(), 0.0
    while True:
        before, now = there, time.monotonic()
        there = now
        if waiting:
            size = int((now - before) * rate)
            there = before + size / rate
            # A pty takes some bytes less than it has room for.
            del waiting[: os.write(master, waiting[:size])]
            time.sleep(grain)
        else:
            waiting += line.read(1)
        waiting += line.read(line.in_waiting)


def _pass_up(master: int, line: int) -> None:
    while data := os.read(master, 4_096):
        os.write(line, data)


class _Answers:
    """The answers of a module that is set up, and has one response to every GET.

    :param size: the bytes of the body.
    """

    def __init__(self, size: int) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
        payload = head + Served.content(size)
        #: The end of the last command, and the bytes of payload before it.
        self._end, self._left = b"", 0
        self._echo = False
        self._sent = b"\r\nOK\r\n\r\n+QHTTPGET: 0,200,%d\r\n" % size
        self._response = b"\r\nCONNECT\r\n%b\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n" % payload

    def to(self, data: bytes) -> bytes:
        """Return the answer to a command line, or to a part of a payload."""
        if self._left:
            self._left -= len(data)
            return b"" if self._left else self._end
        if data.startswith(b"AT+QHTTPREAD="):
            return self._response
        if found := _PAYLOAD.match(data):
            self._left = int(found[2])
            self._end = self._sent if found[1] else b"\r\nOK\r\n"
            return b"\r\nCONNECT\r\n"
        echo = data if self._echo else b""
        self._echo = (self._echo or b"E1" in data) and not data.endswith(b"E0\r")
        lines = b"".join(line for name, line in _LINES.items() if name in data)
        return echo + lines + b"\r\nOK\r\n"


def _answer(size: int) -> None:
    answers, (master, slave) = _Answers(size), os.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    while True:
        # Each command, and each payload, comes as one piece.
        os.write(master, answers.to(os.read(master, 4_096)))


@contextlib.contextmanager
def peer(module: str, *arguments: Any, lines: int = 1) -> Iterator[tuple[Any, ...]]:
    """Run a module in another process; return it, and the first lines that it prints.

    :param module: the name for ``python -m``.
    :param lines: how many lines to wait for.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, *(process.stdout.readline().strip() for _ in range(lines))
        finally:
            process.terminate()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        _serve(pathlib.Path(sys.argv[2]))
    elif sys.argv[1] == "answer":
        _answer(int(sys.argv[2]))
    else:
        _pace(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
