"""A small set of exchanges, with all firmwares."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from requests_bg96.emulator import Hangup, Silence, Switches
from tests.firmwares import spoken
from tests.support import SOMEWHERE, TRAILER, Answers, Rig, chunks, response, rig

#: Behaviours that no document shows, but that are possible.
DEVIATIONS = (
    "result_urc",
    "missing_ok",
    "line_end",
    "read_trailer",
    "echo_off",
    "urc_flood",
)

#: The switches whose values may affect each other.
MATTER: dict[str, tuple[Any, ...]] = {
    "chunked": ("decoded", "raw"),
    "response_head": ("received", "rewritten"),
    "reuse_sockets": (False, True),
    "bodyless_end": ("on_close", "at_once", "on_wait"),
    "unread_response": ("replaced", "busy"),
    "hangup_trailer": ("cme", "urc"),
    "echo_after_reset": (True, False),
    "cmee_after_reset": (1, 0, 2),
    "qiact_active": ("error", "ok"),
    "result_fields": ("full", "status", "error"),
    "second_read": (703, 705),
    "boot_urcs": ("full", "rdy", "none"),
    "response_timeout": (702, 728),
    "read_timeout": (722, 702, 727),
    "surplus": ("dropped", "handed_out"),
    **{name: spoken()[name] for name in DEVIATIONS},
}


def pairs(case: dict[str, Any]) -> set[tuple[Any, ...]]:
    """The pairs of values in a case."""
    return set(itertools.combinations(sorted(case.items(), key=lambda one: one[0]), 2))


def pairwise(values: dict[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """A few cases with each pair of values of different switches."""
    missing = {
        ((one, a), (other, b))
        for one, other in itertools.combinations(sorted(values), 2)
        for a in values[one]
        for b in values[other]
    }
    while missing:
        case: dict[str, Any] = dict(sorted(missing, key=repr)[0])
        for name in values:
            if name not in case:
                case[name] = max(
                    values[name],
                    key=lambda value: len(pairs({**case, name: value}) & missing),
                )
        missing -= pairs(case)
        yield case


CASES = list(pairwise(MATTER))


def test_the_cases_are_pairwise() -> None:
    """Each pair of values of different switches is in a case."""
    met = set().union(*map(pairs, CASES))
    for one, other in itertools.combinations(sorted(MATTER), 2):
        for values in itertools.product(MATTER[one], MATTER[other]):
            assert ((one, values[0]), (other, values[1])) in met
    assert len(CASES) < 45


def expect(made: Rig, body: bytes, answer: Any, method: str = "GET") -> None:
    """Check that a request gets `body` if the server sends `answer`."""
    made.servers.answers = [answer]
    data = b"up\r\nOK\r\n" if method == "POST" else None
    got = made.session.request(method, SOMEWHERE, data=data, timeout=(150, 30))
    assert (got.content, got.status_code // 100) in ((body, 2), (body, 3))
    assert made.servers.requests[-1].startswith(
        method.encode() + b" /path HTTP/1.1\r\n"
    )
    assert made.servers.bodies[-1] == (data or b"")


CODED = b"Transfer-Encoding: chunked"
TRICKY = b"x" + TRAILER + b"y" + TRAILER


def exchanges(made: Rig) -> None:
    """Each framing, no body, and failures between them."""
    expect(made, TRICKY, response(TRICKY))
    expect(made, b"", response(b"", b"Content-Length: 5"), "HEAD")
    expect(made, b"an ordinary text", response(chunks(b"an ordinary text", [5]), CODED))
    expect(made, TRICKY, response(chunks(TRICKY, [9]), CODED), "POST")
    expect(made, b"", response(b"", status=b"304 Not Modified"))
    expect(made, TRICKY, response(TRICKY, b"Connection: close"))
    short = response(b"12", b"Content-Length: 99")
    failures: list[Answers] = [[Hangup()], [Silence()], [short, Hangup()]]
    for failure in failures:
        made.servers.answers = [failure]
        try:
            made.get(timeout=(150, 3))
        except requests.RequestException:
            pass
        expect(made, b"after", response(b"after"), "POST")
    expect(made, b"", response(b"", status=b"204 No Content"), "DELETE")


def streams(made: Rig) -> None:
    """Unread and abandoned streams."""
    made.servers.answers = [response(TRICKY * 50)]
    unread = made.get(stream=True)
    expect(made, b"between", response(b"between"))
    assert unread.content == TRICKY * 50
    made.servers.answers = [[response(b"x", b"Content-Length: 99999"), Silence()]]
    made.get(stream=True).close()
    expect(made, b"behind", response(b"behind"))


def restarts(made: Rig) -> None:
    """Restart with URCs and without; let the network drop the context."""
    for urcs in (True, False):
        made.emulator.reset(urcs)
        made.clock.sleep(12)
        expect(made, b"restarted", response(b"restarted"), "POST")
    made.emulator.lose_context()
    expect(made, b"again", response(b"again"), "POST")


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: "-".join(map(str, case.values()))
)
@pytest.mark.parametrize("fragment", [None, "random"])
def test_firmwares(case: dict[str, Any], fragment: Any) -> None:
    """Each exchange is right, and each request arrives once."""
    firmware = dataclasses.replace(Switches(), **case)
    keep_alive = case["reuse_sockets"]
    options = {"keep_alive": keep_alive}
    with rig(switches=firmware, fragment=fragment, adapter=options) as made:
        exchanges(made)
        streams(made)
        restarts(made)
        assert made.emulator.exchanges == len(made.servers.requests)


#: Each switch alone with each of its values; no switch, once.
ALONE = [
    {},
    *(
        {name: value}
        for name, values in sorted(spoken().items())
        for value in values
        if value != getattr(Switches(), name)
    ),
]


@pytest.mark.parametrize("changed", ALONE, ids=str)
def test_every_value_of_a_switch(changed: dict[str, Any]) -> None:
    """Even those that must not matter to the client."""
    with rig(switches=dataclasses.replace(Switches(), **changed)) as made:
        exchanges(made)
        restarts(made)


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize("keep_alive", [True, False])
def test_connections(reuse: bool, keep_alive: bool) -> None:
    """One is reused if the module can and the caller wants it."""
    switches = Switches(reuse_sockets=reuse)
    with rig(switches=switches, adapter={"keep_alive": keep_alive}) as made:
        for _ in range(3):
            assert made.get().content == b"hello"
        assert len(made.servers.hosts) == (1 if reuse and keep_alive else 3)
        kept = [b"Connection: keep-alive" in data for data in made.servers.requests]
        assert kept == [keep_alive] * 3
