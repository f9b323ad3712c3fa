"""A serial port behind RFC 2217, with pyserial's own server side."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from typing import Any, cast

import serial
from serial.rfc2217 import PortManager

__all__ = ("rfc2217_server",)


class _Peer:
    """PortManager writes to it."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def _serve(listener: socket.socket, port: Any) -> None:
    """Serve one connection to its end."""
    with listener.accept()[0] as connection, port:
        manager = PortManager(port, cast(Any, _Peer(connection)))
        while True:
            if select.select([connection], [], [], 0)[0]:
                if not (data := connection.recv(4096)):
                    return
                port.write(b"".join(manager.filter(data)))
            if data := port.read(port.in_waiting or 1):
                connection.sendall(b"".join(manager.escape(data)))


@contextlib.contextmanager
def rfc2217_server(url: str) -> Iterator[str]:
    """Serve one connection to a port; return its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = serial.serial_for_url(url, timeout=0.01)
        thread = threading.Thread(target=_serve, args=(listener, port))
        thread.start()
        yield f"rfc2217://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(20)
