"""Whatever the host sends, the module survives, and can be made to answer."""

from __future__ import annotations

import random

import pytest

from requests_bg96.emulator import Hangup, Silence
from requests_bg96.emulator.commands import COMMANDS
from tests.emulator.host import Answer, Host, response

#: Commands after which the module cannot answer, or not at this speed.
FINAL = {"+QPOWD", "+IPR"}

PARAMETERS = (
    '0 1 2 3 16 300 "f" "*" "" "a x "SC" "contextid" "requestheader" "UFS" "urcport" '
    '"TCP" "seclevel" 0XFFFF "band" "IP" 99999 -1 \xb2'
).split()

ANSWERS: tuple[Answer, ...] = (
    response(b"abc"),
    b"junk\r\n\r\n",
    [Hangup()],
    response(b"2\r\nab\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
    [response(b"", b"Content-Length: 9"), Silence()],
)


def nonsense(source: random.Random, names: list[str]) -> bytes:
    """Return a command line that may be nonsense."""
    if source.random() < 0.05:
        return source.randbytes(source.randint(1, 60))
    count = source.randint(0, 5)
    arguments = ",".join(source.choice(PARAMETERS) for _ in range(count))
    form = source.choice(("", "?", "=?", "=" + arguments, "=" + arguments))
    return f"AT{source.choice(names)}{form}\r".encode("latin-1")


def revive(host: Host) -> None:
    """Leave any state."""
    host.hear(1e6)
    host.ask(b"+++", 3)
    host.ask(b"\rATE1Q0V1S3=13\r", 400)
    # S3 may have any value. The module then waits for it.
    for line in (b"", b"AT&F"):
        end = bytes((host.emulator.module.terminal.registers[3],))
        host.ask(line + end, 400)


@pytest.mark.parametrize("seed", range(12))
def test_the_module_survives(seed: int) -> None:
    source = random.Random(seed)
    names = sorted({name for name, _ in COMMANDS.forms()} - FINAL)
    with Host() as host:
        host.online()
        for _ in range(100):
            if source.random() < 0.2:
                host.servers.answers.append(source.choice(ANSWERS))
            if source.random() < 0.05:
                source.choice((host.emulator.lose_context, host.emulator.reset))()
            host.send(nonsense(source, names))
            host.hear(source.choice((0.01, 0.5, 70, 1000)))
        revive(host)
        assert host.ask(b"AT\r", 1) == b"AT\r\r\nOK\r\n"
