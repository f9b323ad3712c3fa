"""A relay between a serial port and a TCP port."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading

__all__ = ("Relay",)

#: The bytes of one read.
CHUNK = 4096


class Relay:
    """Carries bytes between a device and one connection after the other.

    :param device: the path of a pseudo-terminal.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._place = self._listener.getsockname()
        self._stop, self._stopped = socket.socketpair()
        self._thread = self._begin()

    @property
    def url(self) -> str:
        """The URL for pyserial."""
        return f"socket://127.0.0.1:{self._place[1]}"

    def start(self) -> None:
        """Start, always at the same address."""
        self._listener = socket.create_server(self._place)
        self._thread = self._begin()

    def cut(self) -> None:
        """Close everything at once; bytes on their way are lost."""
        self._stop.send(b"!")
        self._thread.join()

    def close(self) -> None:
        """Close the relay."""
        self.cut()
        self._stop.close()
        self._stopped.close()

    def _begin(self) -> threading.Thread:
        thread = threading.Thread(target=self._serve, name="relay", daemon=True)
        thread.start()
        return thread

    def _serve(self) -> None:
        with self._listener as listener:
            while True:
                if self._stopped in select.select([self._stopped, listener], [], [])[0]:
                    break
                connection = listener.accept()[0]
                with connection, contextlib.suppress(OSError):
                    if self._carry(connection):
                        break
        self._stopped.recv(CHUNK)

    def _carry(self, connection: socket.socket) -> bool:
        """Serve a connection to its end; return whether the relay ended it."""
        device = os.open(self._device, os.O_RDWR | os.O_NOCTTY)
        try:
            return self._copy(connection.fileno(), device)
        finally:
            os.close(device)

    def _copy(self, host: int, module: int) -> bool:
        others = {host: module, module: host}
        pending = {host: b"", module: b""}
        while True:
            sources = [one for one, other in others.items() if not pending[other]]
            targets = [one for one in others if pending[one]]
            end = self._stopped.fileno()
            ready, free, _ = select.select([end, *sources], targets, [])
            if end in ready:
                return True
            for one in free:
                pending[one] = pending[one][os.write(one, pending[one]) :]
            for one in ready:
                if not (data := os.read(one, CHUNK)):
                    return False
                pending[others[one]] = data
