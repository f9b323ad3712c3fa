"""One connection over the module, in the place of a `socket.socket`."""

from __future__ import annotations

import gc
import io
import socket

import pytest

from requests_bg96 import BG96Modem
from requests_bg96.emulator import (
    ConnectSilence,
    Hangup,
    NetworkFailure,
    Refused,
    StreamNetwork,
    Unresolvable,
)
from requests_bg96.errors import BG96Error, LimitError, ModuleError, NoAnswer, Phase
from requests_bg96.modem_socket import ModemSocket
from tests.emulator.peers import Peers
from tests.sockets.stage import (
    DELIVERIES,
    HOST,
    PORT,
    TRICKY,
    Delivery,
    exchange,
    received,
    stage,
)

BODY = bytes(range(256)) * 50


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_bytes_go_both_ways(delivery: Delivery) -> None:
    """They may look like anything, and come in any pieces."""
    with stage(fragment=DELIVERIES[delivery]) as made:
        one, peer = made.connect()
        assert (peer.connection.host, peer.connection.port) == (HOST, PORT)
        exchange(one, peer)
        exchange(one, peer, TRICKY * 5)
        exchange(one, peer, BODY)
        one.close()
        assert peer.gone


def test_a_payload_has_few_commands() -> None:
    """A command for each 1,460 bytes up and 1,500 bytes down."""
    with stage() as made:
        one, peer = made.connect()
        before = len(made.commands)
        one.sendall(b"x" * 2_920)
        assert made.commands[before:] == ["AT+QISEND=0,1460"] * 2
        peer.says.append(b"y" * 2_000)
        before = len(made.commands)
        assert len(one.recv(10)) == 10
        assert len(one.recv(4_096)) == 1_490
        assert len(one.recv(4_096)) == 500
        # The second one tries whether the module takes several commands on a line.
        assert made.commands[before:] == ["AT+QIRD=0,1500", "AT+QIRD=0,1500;+QIRD=0,0"]


def test_nothing_is_read_for_an_absent_reader() -> None:
    """The module keeps it, and then the server."""
    with stage() as made:
        one, peer = made.connect()
        peer.says += [b"z" * 1_000] * 100
        before = made.modem.stats.bytes_down
        made.clock.sleep(10.0)
        assert received(one, 1_000) == b"z" * 1_000
        assert made.modem.stats.bytes_down - before <= 1_500
        assert received(one, 99_000) == b"z" * 99_000


def test_the_server_ends() -> None:
    """What it has sent is read first; it is the end for good."""
    with stage() as made:
        one, peer = made.connect()
        peer.says += [b"last words", Hangup()]
        assert one.wait_readable(5.0)
        assert received(one, 100) == b"last words"
        assert one.recv(10) == one.recv(10) == b""
        assert one.wait_readable(0)
        with pytest.raises(BrokenPipeError):
            one.send(b"too late")


def test_a_send_after_the_end_leaves_the_answer() -> None:
    """As with a server that refuses an upload early."""
    with stage() as made:
        one, peer = made.connect()
        peer.says += [b"413", Hangup()]
        made.clock.sleep(1.0)
        with pytest.raises(BrokenPipeError) as caught:
            one.sendall(b"x" * 10_000)
        cause = caught.value.__cause__
        assert isinstance(cause, ModuleError) and cause.err == 567
        assert received(one, 10) == b"413"


def test_a_read_timeout() -> None:
    """It is the connection's own, and hurts nothing."""
    with stage() as made:
        one, peer = made.connect()
        one.settimeout(2.5)
        assert one.gettimeout() == 2.5
        before = made.clock.now()
        with pytest.raises(TimeoutError) as caught:
            one.recv(10)
        assert isinstance(caught.value.__cause__, NoAnswer)
        assert caught.value.__cause__.phase is Phase.READ
        assert made.clock.now() - before == pytest.approx(2.5, abs=0.2)
        exchange(one, peer)


def test_without_a_timeout() -> None:
    """It waits for as long as it takes."""
    with stage() as made:
        one, peer = made.connect(None)

        def late() -> bool:
            peer.says.append(b"at last")
            return False

        made.clock.repeat(late, 500.0, "late")
        assert one.recv(10) == b"at last"
        assert made.clock.now() > 500.0


@pytest.mark.parametrize(
    "failure, kind, err",
    [
        (Refused(), ConnectionRefusedError, 566),
        (Unresolvable(), socket.gaierror, 565),
        (NetworkFailure(), ConnectionRefusedError, 566),
        (ConnectSilence(), TimeoutError, 569),
    ],
)
def test_no_connection(failure: Exception, kind: type[OSError], err: int) -> None:
    """The class is the system's, and the number is in the cause."""

    def connect(*_: object) -> None:
        raise failure

    with stage(network=StreamNetwork(Peers(), connect=connect)) as made:
        with pytest.raises(kind, match=f"{err}") as caught:
            made.connect(200.0)
        cause = caught.value.__cause__
        assert isinstance(cause, ModuleError)
        assert (cause.err, cause.command, cause.phase) == (
            err,
            "AT+QIOPEN",
            Phase.CONNECT,
        )
        assert not made.modem.sockets.needs_port


def test_a_connect_timeout() -> None:
    """The number is free again."""
    peers = Peers()
    with stage(network=StreamNetwork(peers, delay=30.0)) as made:
        before = made.clock.now()
        with pytest.raises(TimeoutError, match="AT.QIOPEN.*connecting"):
            made.connect(5.0)
        assert made.clock.now() - before == pytest.approx(5.0, abs=0.5)
        one = made.modem.sockets.connect(HOST, PORT, 60.0)
        assert "AT+QICLOSE=0,2" in made.commands
        exchange(one, peers.made[-1])


@pytest.mark.parametrize(
    "host, port",
    [
        ('a",80\rAT+CFUN=0\r', 80),
        ("a\r", 80),
        ("a\x00", 80),
        ('a"b', 80),
        ("münchen.example", 80),
        ("x" * 254, 80),
        ("", 80),
        (HOST, 0),
        (HOST, 65_536),
        (HOST, -1),
    ],
)
def test_what_cannot_be_a_server(host: str, port: int) -> None:
    """Nothing of it reaches the module, not even as a command."""
    with stage() as made:
        with pytest.raises(OSError) as caught:
            made.modem.sockets.connect(host, port, 5.0)
        assert isinstance(caught.value.__cause__, LimitError)
        assert made.written == b""


def test_twelve_connections() -> None:
    """Each with its own bytes; a thirteenth is refused, until one is closed."""
    with stage() as made:
        pairs = [made.connect() for _ in range(12)]
        with pytest.raises(OSError, match="all 12 sockets"):
            made.connect()
        for number, (one, _) in enumerate(pairs):
            one.sendall(b"to %d" % number)
        for number, (one, peer) in enumerate(pairs):
            peer.says.append(b"from %d" % number)
            assert peer.heard == b"to %d" % number
        for number, (one, _) in reversed([*enumerate(pairs)]):
            assert one.recv(100) == b"from %d" % number
        pairs[5][0].close()
        exchange(*made.connect())


def test_closed_by_its_last_file() -> None:
    """As `socket.socket`: http.client closes the socket before it reads the file."""
    with stage() as made:
        one, peer = made.connect()
        reader = one.makefile("rb")
        one.close()
        peer.says += [b"line one\nline two\n"]
        assert isinstance(reader, io.BufferedReader)
        assert reader.readline() == b"line one\n"
        assert not peer.gone
        reader.close()
        made.modem.signal()
        assert [one.gone for one in made.peers.made] == [True]
        with pytest.raises(OSError, match="closed"):
            one.recv(1)


@pytest.mark.parametrize("mode, buffering", [("rb", 0), ("wb", None), ("rwb", -1)])
def test_files(mode: str, buffering: int | None) -> None:
    """There are files of each kind."""
    with stage() as made:
        one, peer = made.connect()
        with one.makefile(mode, buffering) as file:
            if "w" in mode:
                file.write(b"up")
                file.flush()
                assert peer.heard == b"up"
            if "r" in mode:
                peer.says.append(b"down")
                assert file.read(4) == b"down"
        with pytest.raises(ValueError, match="mode"):
            one.makefile("a")


def test_closing() -> None:
    """Twice is once; afterwards nothing works, and the number is free."""
    with stage() as made:
        one, peer = made.connect()
        with one:
            pass
        one.close()
        assert peer.gone
        assert made.commands.count("AT+QICLOSE=0,2") == 1
        for action in (
            lambda: one.recv(1),
            lambda: one.send(b"x"),
            lambda: one.shutdown(socket.SHUT_RD),
        ):
            with pytest.raises(OSError, match="closed"):
                action()
        assert one.wait_readable(0)


def test_forgotten() -> None:
    """The garbage collector says nothing to the module; the next user closes it."""
    with stage() as made:
        one, peer = made.connect()
        before = made.written
        del one
        gc.collect()
        assert made.written == before
        exchange(*made.connect())
        assert peer.gone


def test_shut_down() -> None:
    """On this side only, in either direction."""
    with stage() as made:
        one, peer = made.connect()
        one.shutdown(socket.SHUT_RD)
        assert one.recv(1) == b""
        one.sendall(b"still")
        one.shutdown(socket.SHUT_RDWR)
        with pytest.raises(BrokenPipeError):
            one.send(b"x")
        assert peer.heard == b"still"
        assert not peer.gone


def test_what_else_a_socket_has() -> None:
    """It has what urllib3 and ssl ask for."""
    with stage() as made:
        one, peer = made.connect()
        assert one.fileno() == -1
        assert one.getpeername() == (HOST, PORT)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with pytest.raises(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        peer.says.append(b"hello")
        buffer = bytearray(b".......")
        assert one.recv_into(buffer, 2) == 2
        assert one.recv_into(buffer[5:]) == 2
        assert one.recv_into(memoryview(buffer)[2:]) == 1
        assert buffer == b"heo...."
        assert one.send(b"") == 0
        assert repr(one) == "<ModemSocket 0, open>"


def test_a_connection_whose_making_was_interrupted() -> None:
    """It ends without an error, which pytest would report."""
    one = ModemSocket.__new__(ModemSocket)
    assert not hasattr(one, "_channel")
    del one
    gc.collect()


def test_a_dropped_connection() -> None:
    """A pool learns of it before it sends a request."""
    with stage() as made:
        one, peer = made.connect()
        assert not one.wait_readable(0)
        peer.says.append(Hangup())
        made.clock.sleep(0.1)
        assert one.wait_readable(0)


def test_a_wait() -> None:
    """It ends with the first byte, or with its time, and takes nothing."""
    with stage() as made:
        one, peer = made.connect()
        before = made.clock.now()
        assert not one.wait_readable(3.0)
        assert made.clock.now() - before == pytest.approx(3.0, abs=0.2)
        peer.says.append(b"here")
        assert one.wait_readable(60.0)
        assert made.clock.now() - before < 5.0
        assert one.recv(10) == b"here"


def test_errors_of_the_modem() -> None:
    """A port that is not there is an OSError, with its cause."""
    modem = BG96Modem("/dev/there-is-no-such-port")
    with pytest.raises(OSError, match="no such port") as caught:
        modem.sockets.connect(HOST, PORT, 1.0)
    assert isinstance(caught.value.__cause__, BG96Error)
