"""Servers on loopback as functions, and a host in real time."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Callable, Iterator

import serial

from requests_bg96.emulator import Emulator
from tests.emulator.host import CONNECT, OK

#: The seconds that a test waits for bytes of a real server.
PATIENCE = 10.0

Script = Callable[[socket.socket], None]


@contextlib.contextmanager
def scripted(script: Script) -> Iterator[int]:
    """Serve one connection with a function of its socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                script(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(PATIENCE)
        assert not thread.is_alive()


def read_head(connection: socket.socket) -> bytes:
    """Receive the head of a request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(4096)
    return data


class RealHost:
    """A program in real time."""

    def __init__(self, emulator: Emulator, port: int, **settings: int) -> None:
        self.serial = serial.serial_for_url(emulator.url, 115200, timeout=PATIENCE)
        url = b"http://127.0.0.1:%d/path" % port
        self.expect(b"ATE0\r", b"ATE0\r" + OK)
        self.expect(b"AT+QIACT=1\r", OK)
        for key, value in settings.items():
            self.expect(b'AT+QHTTPCFG="%s",%d\r' % (key.encode(), value), OK)
        self.expect(b"AT+QHTTPURL=%d\r" % len(url), CONNECT)
        self.expect(url, OK)

    def expect(self, sent: bytes, answer: bytes) -> None:
        """Write bytes, and expect exactly this answer."""
        self.serial.write(sent)
        assert self.serial.read(len(answer)) == answer
