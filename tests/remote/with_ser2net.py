"""A modem on another machine, with a ser2net that is killed and restarted."""

from __future__ import annotations

import contextlib
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.remote.outages import OUTAGES, Gateway, Outage
from tests.remote.ser2net import program

#: The seconds within which it must start.
PATIENCE = 20.0
#: The configuration in docs/remote-modems.rst, for one port.
CONFIGURATION = """\
%YAML 1.1
---
connection: &bg96
  accepter: {accepter}
  connector: serialdev,{device},115200n81,local
  options:
    kickolduser: true
"""
ACCEPTERS = {
    "socket": "tcp,127.0.0.1,{port}",
    "rfc2217": "telnet(rfc2217),tcp,127.0.0.1,{port}",
}
#: A pseudo-terminal has neither DTR nor RTS, and ser2net does not answer for them.
OPTIONS = {"socket": "", "rfc2217": "?ign_set_control"}
#: pyserial's rfc2217 uses names that Python has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


def free_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Ser2net:
    """A ser2net before a device.

    :param scheme: the scheme of the URL.
    :param number: the signal that ends it.
    :param folder: for its configuration.
    """

    def __init__(
        self, device: str, scheme: str, number: signal.Signals, folder: pathlib.Path
    ) -> None:
        self._port = free_port()
        self._number = number
        self._configuration = folder / "ser2net.yaml"
        accepter = ACCEPTERS[scheme].format(port=self._port)
        text = CONFIGURATION.format(accepter=accepter, device=device)
        self._configuration.write_text(text)
        self.url = f"{scheme}://127.0.0.1:{self._port}{OPTIONS[scheme]}"
        self.start()
        self._wait()

    def start(self) -> None:
        """Start it, always with the same configuration."""
        command = [program() or "ser2net", "-n", "-c", str(self._configuration)]
        self._process = subprocess.Popen(command)

    def cut(self) -> None:
        """Kill it."""
        self._process.send_signal(self._number)
        self._process.wait(PATIENCE)

    def _wait(self) -> None:
        """Wait until it listens. A client that knows the module waits itself."""
        end = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < end and self._process.poll() is None
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self._port)).close()
                return
            time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
@pytest.mark.parametrize("outage", OUTAGES, ids=lambda one: one.__name__)
def test_an_outage(
    outage: Outage, scheme: str, number: signal.Signals, tmp_path: pathlib.Path
) -> None:
    """Each kill gives the error of its phase, and no request is sent twice."""

    @contextlib.contextmanager
    def ser2net(device: str) -> Iterator[Gateway]:
        made = Ser2net(device, scheme, number, tmp_path)
        try:
            yield made
        finally:
            made.cut()

    outage(ser2net)
