"""Keep the suite on this machine: no packet leaves the loopback interface."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any


def is_loopback(host: str | bytes | None) -> bool:
    """Whether a name or an address is on this machine."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        _resolving(arguments[0])
    elif event == "socket.connect":
        _connecting(arguments[1])


def _resolving(host: Any) -> None:
    # The answer of a resolver that does not know the name, without a question to one.
    if not is_loopback(host):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def _connecting(address: Any) -> None:
    if isinstance(address, tuple) and not is_loopback(address[0]):
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))


def refuse_other_hosts() -> None:
    """Refuse all other hosts from now on, in each thread of the process."""
    sys.addaudithook(_audit)


@contextlib.contextmanager
def tarpit() -> Iterator[str]:
    """The URL of an address on loopback where each connect hangs.

    A listener with a full queue drops further connections. The suite uses an unused
    address of a private network for this, which may belong to others.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield "http://127.0.0.1:{}".format(listener.getsockname()[1])
