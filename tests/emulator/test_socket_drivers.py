"""Drivers of the field carry bytes, and TLS of the host, over sockets."""

from __future__ import annotations

import contextlib
import pathlib
import ssl
from typing import Any, Callable, Iterator, TypeVar

import pytest

from requests_bg96.emulator import Connection, Delay, StreamNetwork, Switches
from tests.certificates import authority, issue
from tests.emulator.host import Host, HostMaker
from tests.emulator.socket_drivers import DRIVERS, Careful, Driver, SixBytes, Wire
from tests.tls_servers import server_context

T = TypeVar("T")

REQUEST = b'x\r\nOK\r\n+QIURC: "closed",0\r\n> \x1a\x1b+++' * 100 + b"\n\n\n"


def answer(data: bytes) -> bytes:
    """The server's answer to a request."""
    return data[::-1] * 3


def serve(connection: Connection) -> Iterator[Any]:
    """Answer one request, in pieces, and close."""
    data = b""
    while not data.endswith(b"\n\n\n"):
        yield connection.heard()
        data += connection.read()
    for start in range(0, len(answer(data)), 4000):
        yield Delay(0.7)
        yield answer(data)[start : start + 4000]
    yield Delay(2)


def driven(make: HostMaker, kind: type[Driver], **options: Any) -> tuple[Host, Driver]:
    """A driver with an open socket."""
    network = StreamNetwork(options.pop("serve", serve), delay=0.5)
    host = make(network=network, **options).quiet(b"AT+QIACT=1")
    driver = kind(Wire(host.port, host.clock.now))
    driver.open()
    return host, driver


def transfer(driver: Driver) -> bytes:
    """Send the request, and return all received bytes."""
    for start in range(0, len(REQUEST), 1460):
        driver.send(REQUEST[start : start + 1460])
    got = b"".join(iter(driver.receive, b""))
    driver.close()
    return got


@pytest.mark.parametrize("kind", DRIVERS)
def test_a_driver(any_host: HostMaker, kind: type[Driver]) -> None:
    host, driver = driven(any_host, kind)
    assert transfer(driver) == answer(REQUEST)
    assert host.emulator.module.sockets.listed() == []


def test_a_driver_that_drops_six_bytes(any_host: HostMaker) -> None:
    """It was written for another firmware."""
    _, driver = driven(any_host, SixBytes, switches=Switches(read_end="plain"))
    assert transfer(driver) == answer(REQUEST)


@pytest.mark.parametrize("kind", DRIVERS)
def test_a_driver_and_a_slow_module(make_host: HostMaker, kind: type[Driver]) -> None:
    _, driver = driven(make_host, kind, answer_delay=0.02, baudrate=115200)
    assert transfer(driver) == answer(REQUEST)


# TLS on the host


class Tls:
    """One end of TLS, with buffers."""

    def __init__(self, context: ssl.SSLContext, **options: Any) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.end = context.wrap_bio(self.incoming, self.outgoing, **options)

    def step(self, action: Callable[[], T]) -> T | None:
        """Try a step; return None if it needs more bytes."""
        with contextlib.suppress(ssl.SSLWantReadError):
            return action()
        return None


def secured(context: ssl.SSLContext) -> Any:
    """Make a server over TLS that returns a request reversed."""

    def serve(connection: Connection) -> Iterator[Any]:
        tls = Tls(context, server_side=True)
        data = b""
        while not data.endswith(b"\n"):
            if tls.outgoing.pending:
                yield tls.outgoing.read()
            yield connection.heard()
            tls.incoming.write(connection.read())
            data += tls.step(lambda: tls.end.read(1 << 16)) or b""
        tls.end.write(data[::-1])
        yield tls.outgoing.read()
        yield connection.heard()

    return serve


def converse(driver: Driver, context: ssl.SSLContext, request: bytes) -> bytes:
    """Send a request over TLS, and return an answer of the same length."""
    tls = Tls(context, server_hostname="localhost")

    def exchange(action: Callable[[], T | None]) -> T:
        while True:
            done = tls.step(action)
            while data := tls.outgoing.read(1460):
                driver.send(data)
            if done is not None:
                return done
            tls.incoming.write(driver.receive())

    exchange(lambda: [tls.end.do_handshake()])  # type: ignore[func-returns-value]
    exchange(lambda: tls.end.write(request))
    got = b""
    while len(got) < len(request):
        got += exchange(lambda: tls.end.read(1 << 16))
    return got


@pytest.mark.parametrize("kind", DRIVERS)
def test_tls_on_the_host(
    make_host: HostMaker, kind: type[Driver], tmp_path: pathlib.Path
) -> None:
    root = authority("Root of Sockets")
    shown = issue("server", root, hosts=("localhost",))
    server = secured(server_context(shown, tmp_path))
    client = ssl.create_default_context(cadata=root.pem.decode("ascii"))
    _, driver = driven(make_host, kind, serve=server)
    request = bytes(range(32, 127)) * 60 + b"\n"
    assert converse(driver, client, request) == request[::-1]
    driver.close()


def test_tls_with_a_certificate_that_is_wrong(
    make_host: HostMaker, tmp_path: pathlib.Path
) -> None:
    """The host checks it."""
    shown = issue("server", authority("Root of Others"), hosts=("localhost",))
    server = secured(server_context(shown, tmp_path))
    root = authority("Root of Sockets").pem.decode("ascii")
    _, driver = driven(make_host, Careful, serve=server)
    with pytest.raises(ssl.SSLCertVerificationError):
        converse(driver, ssl.create_default_context(cadata=root), b"\n")
