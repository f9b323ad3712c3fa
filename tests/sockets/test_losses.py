"""Sockets when the module restarts, the port or the context is lost, or all is full."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import pytest

from requests_bg96.emulator import (
    CallableNetwork,
    Hangup,
    Refused,
    StreamNetwork,
    Switches,
    SystemClock,
)
from requests_bg96.emulator.tcp_socket import AccessMode
from requests_bg96.errors import (
    BG96Error,
    ModuleError,
    ModuleRestarted,
    PortError,
    TransferError,
)
from requests_bg96.modem_socket import ModemSocket
from requests_bg96.stats import Recovery
from tests.emulator.peers import Peers
from tests.sockets.stage import HOST, PORT, exchange, received, stage
from tests.thread_support import no_deadlock

LOST = (ModuleRestarted, PortError, TransferError)


def dead(one: ModemSocket) -> BG96Error:
    """Check that every operation fails the same; return the cause."""
    with pytest.raises(ConnectionError) as caught:
        one.recv(1)
    with pytest.raises(ConnectionError):
        one.send(b"x")
    assert one.wait_readable(0)
    cause = caught.value.__cause__
    assert isinstance(cause, BG96Error)
    return cause


@pytest.mark.parametrize("quiet", [False, True])
def test_the_module_restarts(quiet: bool) -> None:
    """All its sockets are dead, and say so; the next one works."""
    with stage() as made:
        pairs = [made.connect() for _ in range(3)]
        if quiet:
            made.fault("to_host", 0, "reset_quiet")
        else:
            made.emulator.reset()
        for one, _ in pairs:
            one.settimeout(60.0)
            assert "restarted" in str(dead(one)) or "dropped" in str(dead(one))
            one.close()
        exchange(*made.connect(60.0))


def test_the_module_restarts_while_somebody_waits() -> None:
    """The wait ends long before its timeout."""
    with stage() as made:
        one, _ = made.connect(300.0)

        def restart() -> bool:
            made.emulator.reset()
            return False

        made.clock.repeat(restart, 5.0, "restart")
        before = made.clock.now()
        with pytest.raises(ConnectionAbortedError):
            one.recv(1)
        assert made.clock.now() - before < 60.0


def test_the_port_is_pulled() -> None:
    """The module's sockets are closed when it is back: nobody could read from them."""
    with stage() as made:
        one, peer = made.connect()
        made.emulator.unplug()
        assert isinstance(dead(one), PortError)
        with pytest.raises(OSError):
            made.connect(1.0)
        made.emulator.plug()
        one.close()
        exchange(*made.connect(60.0))
        assert peer.gone


@pytest.mark.parametrize("form", ["pdpdeact", "closed", "unlisted"])
def test_the_context_is_lost(form: Any) -> None:
    """What has come is read; then it is an error, never an end."""
    with stage(switches=Switches(context_loss=form)) as made:
        one, peer = made.connect()
        peer.says.append(b"the first half of")
        assert one.wait_readable(5.0)
        made.emulator.lose_context()
        assert received(one, 17) == b"the first half of"
        with pytest.raises(ConnectionResetError) as caught:
            one.recv(1)
        assert isinstance(caught.value.__cause__, ModuleError)
        assert caught.value.__cause__.err == 570
        exchange(*made.connect(60.0))


def test_a_context_that_is_not_active() -> None:
    """It is activated, and the socket opened again."""
    for form in ("error", "urc"):
        switches = Switches.from_text({"open_inactive": form})
        with stage(switches=switches) as made:
            made.modem.prepare()
            made.modem.command("AT+QIDEACT=1", 40.0)
            made.modem.engine.known.checked.settings = True
            exchange(*made.connect(60.0))


def test_a_number_that_another_program_uses() -> None:
    """A program that was stopped has left sockets: they are closed first."""
    with stage() as made:
        made.modem.prepare()
        for number in range(12):
            made.modem.command(f'AT+QIOPEN=1,{number},"TCP","{HOST}",{PORT}')
        exchange(*made.connect(60.0))
        assert [peer.gone for peer in made.peers.made] == [True] * 12 + [False]


def test_a_number_that_is_taken_meanwhile() -> None:
    """A program on another port of the module has it: the next number is used."""
    with stage() as made:
        one, peer = made.connect()
        sockets = made.emulator.module.sockets
        sockets.open(1, 1, (HOST, PORT), 0, AccessMode.BUFFER)
        exchange(*made.connect())
        exchange(one, peer)
        assert f'AT+QIOPEN=1,2,"TCP","{HOST}",{PORT},0,0' in made.commands


def test_no_name_server() -> None:
    """The context is activated again for it, as HTTP manual 4.3 has it."""
    with stage() as made:
        made.modem.prepare()
        made.modem.command('AT+QIDNSCFG=1,"0.0.0.0","0.0.0.0"')
        exchange(*made.connect(60.0))
        assert made.modem.stats.recoveries[Recovery.CONTEXT] == 1


def test_sockets_wear_out() -> None:
    """The context is cycled once; where that does not help, the error says so."""
    with stage(switches=Switches(socket_wear=20)) as made:
        for _ in range(20):
            one, peer = made.connect(60.0)
            exchange(one, peer)
            one.close()
        with pytest.raises(OSError, match="552") as caught:
            made.connect(60.0)
        assert isinstance(caught.value.__cause__, ModuleError)
        assert made.modem.stats.recoveries[Recovery.CONTEXT] == 1
        made.emulator.reset()
        exchange(*made.connect(60.0))


def test_failures_in_a_row() -> None:
    """After five, the context is cycled, unless another socket uses it."""
    peers, failing = Peers(), [True]

    def connect(*_: object) -> None:
        if failing[0]:
            raise Refused

    with stage(network=StreamNetwork(peers, connect=connect)) as made:
        for _ in range(5):
            with pytest.raises(ConnectionRefusedError):
                made.modem.sockets.connect(HOST, PORT, 60.0)
        assert made.modem.stats.recoveries[Recovery.CONTEXT] == 1
        failing[0] = False
        one = made.modem.sockets.connect(HOST, PORT, 60.0)
        peer = peers.made[-1]
        exchange(one, peer)
        failing[0] = True
        for _ in range(6):
            with pytest.raises(ConnectionRefusedError):
                made.modem.sockets.connect(HOST, PORT, 60.0)
        assert made.modem.stats.recoveries[Recovery.CONTEXT] == 1
        exchange(one, peer)


def test_a_full_send_buffer() -> None:
    """SEND FAIL: nothing was taken, and it is sent when there is room; never twice."""
    with stage() as made:
        one, peer = made.connect(60.0)
        peer.reads = False
        data = bytes(range(250)) * 60

        def read_on() -> bool:
            peer.reads = True
            return False

        made.clock.repeat(read_on, 8.0, "reads")
        one.sendall(data)
        made.modem.signal()
        assert peer.heard == data
        assert "AT+QISEND=0,0" in made.commands
        # What the module has refused is not counted.
        assert made.modem.stats.bytes_up == len(data)


def test_a_send_buffer_that_is_full_for_a_moment() -> None:
    """The next piece follows soon: on a slow network, this happens for each piece."""
    with stage() as made:
        one, peer = made.connect(60.0)
        peer.reads = False

        def read_on() -> bool:
            peer.reads = True
            return False

        made.clock.repeat(read_on, 0.1, "reads")
        before = made.clock.now()
        one.sendall(b"x" * 15_000)
        assert "AT+QISEND=0,0" in made.commands
        assert made.clock.now() - before < 0.3


def test_a_send_buffer_that_stays_full() -> None:
    """The timeout is the connection's; what was sent before stays sent."""
    with stage() as made:
        one, peer = made.connect(5.0)
        peer.reads = False
        before = made.clock.now()
        with pytest.raises(TimeoutError, match="send buffer"):
            one.sendall(b"x" * 20_000)
        assert made.clock.now() - before == pytest.approx(5.0, abs=1.0)
        peer.reads = True
        made.modem.signal()
        exchange(one, peer, b"y")
        assert 0 < peer.heard.count(b"x") < 20_000


def test_an_unknown_outcome_is_the_end() -> None:
    """If SEND OK does not come, the payload is not sent again."""
    for behind in range(len(b"\r\n> "), len(b"\r\n> \r\nSEND OK\r\n")):
        with stage() as made:
            one, peer = made.connect(10.0)
            made.fault("to_host", behind, "silence", seconds=30.0)
            with pytest.raises(OSError):
                one.sendall(b"once")
                one.recv(1)
            made.clock.sleep(30.0)
            exchange(*made.connect(60.0))
            assert peer.heard.startswith(b"once")
            assert peer.heard.count(b"once") == 1
            with pytest.raises(ConnectionError):
                one.send(b"x")


@pytest.mark.parametrize("lost", [b'+QIURC: "recv"', b'+QIURC: "closed"', b"+QIOPEN"])
def test_a_lost_urc(lost: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs a second, and no byte."""
    with stage() as made:
        module, urc = made.emulator.module, made.emulator.module.urc

        def forgetful(line: bytes, *line_ends: int) -> None:
            if not line.startswith(lost):
                urc(line, *line_ends)

        monkeypatch.setattr(module, "urc", forgetful)
        before = made.clock.now()
        one, peer = made.connect()
        exchange(one, peer)
        peer.says += [b"end", Hangup()]
        assert received(one, 10) == b"end"
        assert made.clock.now() - before < 6.0


def test_a_close_that_takes_its_time() -> None:
    """A server that never ends its side costs two seconds, and not ten."""
    with stage() as made:
        one, peer = made.connect()
        peer.closes = False
        before = made.clock.now()
        one.close()
        assert made.clock.now() - before < 2.5
        exchange(*made.connect())


@pytest.mark.parametrize("form", ["at_once", "timeout"])
def test_a_close_that_others_meet(form: Any) -> None:
    """Commands that a firmware refuses meanwhile are not given."""
    switches = Switches(close_answer=form, close_meanwhile="refused")
    with stage(switches=switches) as made:
        for _ in range(3):
            one, peer = made.connect()
            exchange(one, peer)
            one.close()


def test_closing_the_modem() -> None:
    """Its sockets are closed in the module, too; afterwards they say why."""
    with stage() as made:
        pairs = [made.connect() for _ in range(3)]
        made.modem.close()
        for one, peer in pairs:
            assert peer.gone
            assert "closed" in str(dead(one))
            one.close()
        exchange(*made.connect())


def test_releasing_the_modem() -> None:
    """The port is given back when the last socket is closed."""
    with stage() as made:
        one, peer = made.connect()
        other, _ = made.connect()
        made.modem.release()
        exchange(one, peer)
        other.close()
        exchange(one, peer)
        assert made.modem.state.value == "ready"
        one.close()
        assert made.modem.state.value == "closed"
        assert peer.gone


def test_wasted_requests_of_http() -> None:
    """A network that only knows HTTP serves sockets, too."""
    network = CallableNetwork(lambda request: [b"HTTP/1.1 200 OK\r\n\r\nhello"])
    with stage(network=network) as made:
        one = made.modem.sockets.connect(HOST, PORT, 10.0)
        one.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert received(one, 100).endswith(b"hello")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process() -> None:
    """Its copy of a connection is of no use, and does no harm to the parent's."""
    with stage(clock=SystemClock()) as made, no_deadlock():
        one, peer = made.connect()
        child = os.fork()
        if not child:
            code = 1
            with contextlib.suppress(BaseException):
                try:
                    one.recv(1)
                except OSError as error:
                    code = 0 if "forked" in str(error) else 2
                one.close()
                del one
            os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        exchange(one, peer)
        assert not peer.gone
