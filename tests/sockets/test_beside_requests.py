"""Sockets beside the module's own HTTP client, its files and single commands."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import StreamNetwork, Switches, SystemClock
from requests_bg96.emulator.callable_network import Part
from tests.emulator.peers import Peers
from tests.sockets.stage import Stage, exchange, received, stage
from tests.support import SOMEWHERE, response
from tests.thread_support import no_deadlock, running

#: Longer than what is read ahead of its reader.
LONG = response(b"x" * 50_000)


class Both(StreamNetwork):
    """A network with sockets for one host, and with HTTP for all others.

    :param peers: of the sockets.
    :param answer: of HTTP.
    """

    def __init__(self, peers: Peers, answer: Any) -> None:
        def serve(connection: Any) -> Iterator[Part] | None:
            # The module's HTTP client and a socket differ by the port here.
            return peers(connection) if connection.port == 8_080 else None

        super().__init__(serve, handler=lambda request: answer)


def both(made: Stage) -> tuple[Any, Any]:
    """A connection to a server of sockets."""
    one = made.modem.sockets.connect("sockets.example", 8_080, 20.0)
    return one, made.peers.made[-1]


def staged(answer: bytes = LONG, **options: Any) -> Any:
    """A stage over both, and a session of requests over its modem."""
    peers = Peers()
    made = stage(network=Both(peers, [answer]), **options)
    return peers, made


def session_of(made: Stage) -> requests.Session:
    """A session over the modem."""
    session = requests.Session()
    session.mount("http://", BG96Adapter(made.modem))
    return session


@pytest.mark.parametrize("form", ["held", "lost"])
def test_in_turn(form: Any) -> None:
    """Each finds the line as it needs it, even if URCs are lost in data mode."""
    peers, staging = staged(switches=Switches(urc_in_data=form))
    with staging as made:
        made.peers = peers
        with session_of(made) as session:
            one, peer = both(made)
            for _ in range(3):
                assert len(session.get(SOMEWHERE).content) == 50_000
                exchange(one, peer)
                peer.says.append(b"meanwhile")
                assert len(session.get(SOMEWHERE).content) == 50_000
                assert received(one, 9) == b"meanwhile"
                made.modem.files.upload("f", b"of mine")
                exchange(one, peer)


def test_an_unread_response() -> None:
    """It is kept for its reader, and then the socket has the line."""
    peers, staging = staged()
    with staging as made:
        made.peers = peers
        with session_of(made) as session:
            one, peer = both(made)
            found = session.get(SOMEWHERE, stream=True)
            pieces = found.iter_content(1_000)
            assert len(next(pieces)) == 1_000
            exchange(one, peer)
            assert sum(map(len, pieces)) == 49_000
            exchange(one, peer)


def test_a_closed_response() -> None:
    """Its rest is given up for a socket."""
    peers, staging = staged()
    with staging as made:
        made.peers = peers
        with session_of(made) as session:
            one, peer = both(made)
            session.get(SOMEWHERE, stream=True).close()
            exchange(one, peer)


def test_a_server_forges_answers_after_its_response() -> None:
    """They are not taken for those of a socket: the module is asked first."""
    forged = response(b"x") + b"\r\n+QIRD: 4\r\nEVIL\r\n\r\nOK\r\n" * 50
    peers, staging = staged(forged, switches=Switches(surplus="handed_out"))
    with staging as made:
        made.peers = peers
        with session_of(made) as session:
            one, peer = both(made)
            with contextlib.suppress(requests.RequestException):
                session.get(SOMEWHERE, timeout=5.0)
            exchange(one, peer, b"good")


def test_a_command_that_closes_a_socket() -> None:
    """A caller may do so: its connection is dead, and no other one is."""
    peers, staging = staged()
    with staging as made:
        made.peers = peers
        one, peer = both(made)
        other, beside = both(made)
        made.modem.command("AT+QICLOSE=0", 15.0)
        with pytest.raises(ConnectionError):
            exchange(one, peer)
        exchange(other, beside)


def test_in_many_threads() -> None:
    """Requests and sockets at the same time, in the machine's time."""
    peers, staging = staged(clock=SystemClock())
    with no_deadlock(), staging as made:
        made.peers = peers
        with session_of(made) as session:
            pairs = [both(made) for _ in range(3)]
            sizes: list[int] = []

            def get() -> None:
                for _ in range(4):
                    sizes.append(len(session.get(SOMEWHERE, timeout=30.0).content))

            def use(number: int) -> None:
                for _ in range(10):
                    exchange(*pairs[number], b"%d" % number * 700)

            threads = [threading.Thread(target=use, args=(n,)) for n in range(3)]
            with running(get):
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(20.0)
            assert sizes == [50_000] * 4
            assert not any(thread.is_alive() for thread in threads)
