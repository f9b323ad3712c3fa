"""The outbox of the recipes loses nothing and repeats nothing."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from docs.outbox import outbox
from docs.outbox.outbox import Outbox
from requests_bg96 import BG96Adapter
from tests.documents.pages import ROOT
from tests.servers import Reply, Request, Server, reply, serve


class KeyedServer:
    """A server that carries out each key once, and remembers the order.

    :param replies: what it says to the first requests, in place of that.
    """

    def __init__(self, *replies: Reply) -> None:
        self.carried_out: dict[str, Any] = {}
        self.replies = [*replies]

    def __call__(self, request: Request) -> Reply:
        if self.replies:
            return self.replies.pop(0)
        self.carried_out.setdefault(
            request.one("Idempotency-Key"), json.loads(request.body)
        )
        return reply("204 No Content")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.mount("http://", BG96Adapter("emulator://"))
        yield made


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "outbox.sqlite")


def sent(path: str, session: requests.Session, server: Server) -> float | None:
    """Send all of the file; return when to go on."""
    box = Outbox(path)
    try:
        return box.send(session, server.url)
    finally:
        box.close()


def filled(path: str, *items: object) -> list[str]:
    """Put items into the file; return their keys."""
    box = Outbox(path)
    keys = [box.put(item) for item in items]
    box.close()
    return keys


def test_in_order_and_once(path: str, session: requests.Session) -> None:
    keyed_server = KeyedServer()
    keys = filled(path, *range(3))
    with serve(keyed_server) as server:
        assert sent(path, session, server) is None
        assert sent(path, session, server) is None
    assert [*keyed_server.carried_out.values()] == [0, 1, 2]
    assert [*keyed_server.carried_out] == [f'"{key}"' for key in keys]
    assert len(server.requests) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_killed_at_each_line(path: str, session: requests.Session) -> None:
    """What a program has put arrives, in order, and is carried out once."""
    keyed_server = KeyedServer()
    with serve(keyed_server) as server:
        command = [sys.executable, "-m", "tests.documents.outbox_killed"]
        command += [path, server.url, "997"]
        output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        sent(path, session, server)
    assert output.stderr == ""
    put = [int(word) for word in output.stdout.split()]
    arrived = [*keyed_server.carried_out.values()]
    assert len(put) > 30
    assert arrived == sorted(arrived)
    # A program that was killed while it put an item may have put it or not.
    assert {*put} <= {*arrived}


@pytest.mark.parametrize(
    "failure",
    [
        reply("500 Internal Server Error"),
        reply("302 Found", headers=[("Location", "/elsewhere")]),
        reply("401 Unauthorized"),
        reply("503 Service Unavailable", headers=[("Retry-After", "soon")]),
        Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",), close=True),
    ],
)
def test_a_failure_is_repeated_after_a_pause(
    path: str, session: requests.Session, failure: Reply
) -> None:
    """The pause lasts when the program starts again, and nothing is asked in it."""
    keyed_server = KeyedServer(failure)
    filled(path, "a", "b")
    with serve(keyed_server) as server:
        first = sent(path, session, server)
        again = sent(path, session, server)
        assert len(server.requests) == 1
        assert first is not None and again is not None
        assert 15 * 0.9 < again <= first <= 15 * 1.5


def test_pauses_grow_and_end(
    path: str, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []
    keyed_server = KeyedServer(*[reply("500 Internal Server Error")] * 12)
    filled(path, "a")
    with serve(keyed_server) as server:
        for _ in range(12):
            pauses.append(sent(path, session, server) or 0)
            pass_time(monkeypatch, 2 * outbox.LONGEST)
        assert sent(path, session, server) is None
        filled(path, "b")
        keyed_server.replies.append(reply("500 Internal Server Error"))
        assert (sent(path, session, server) or 0) <= 15 * 1.5
    assert pauses[1] > 29 and pauses[4] > 239
    assert outbox.LONGEST - 1 < pauses[-1] <= 1.5 * outbox.LONGEST
    assert [*keyed_server.carried_out.values()] == ["a"]


@pytest.mark.parametrize(("asked", "least"), [("600", 600), ("9" * 12, 21600)])
def test_the_server_asks_for_a_pause(
    path: str, session: requests.Session, asked: str, least: int
) -> None:
    """The pause is six hours at most."""
    busy = reply("503 Service Unavailable", headers=[("Retry-After", asked)])
    filled(path, "a")
    with serve(KeyedServer(busy)) as server:
        pause = sent(path, session, server)
    assert pause is not None and least - 1 < pause <= least * 1.5


def test_the_network_asks_for_a_pause() -> None:
    """The library says it on a cause of the exception."""
    cause = ValueError()
    cause.retry_after = 77.0  # type: ignore[attr-defined]
    error = requests.ConnectionError()
    error.__context__ = OSError()
    error.__context__.__cause__ = cause
    assert outbox.pause_after(error) == 77.0


def test_a_clock_that_was_set_back_delays_nothing(
    path: str, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path, "a")
    with serve(KeyedServer(reply("500 Internal Server Error"))) as server:
        first = sent(path, session, server)
        pass_time(monkeypatch, -1e9)
        again = sent(path, session, server)
    assert first is not None and again is not None and again <= 15 * 1.5


def test_an_item_at_fault_does_not_stop_the_others(
    path: str, session: requests.Session
) -> None:
    keyed_server = KeyedServer(reply("422 Unprocessable Content"))
    filled(path, "wrong", "right")
    with serve(keyed_server) as server:
        assert sent(path, session, server) is None
    box = Outbox(path)
    assert box.refused() == [(422, "wrong")]
    box.close()
    assert [*keyed_server.carried_out.values()] == ["right"]


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set this machine's clock forward, as far as the outbox can see."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)
