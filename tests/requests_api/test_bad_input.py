"""Faults of port, module, SIM or network: an error in time, with advice."""

from __future__ import annotations

import collections
import contextlib
import os
import pathlib
import subprocess
import sys
import textwrap
import threading
import tty
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import serial

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.emulator import Emulator
from tests.checks import caused
from tests.support import OK, SOMEWHERE, Rig, response, rig, to_question

#: The answers of a scripted modem to command lines.
Answers = collections.defaultdict[bytes, bytes]


def failure(
    session: requests.Session, timeout: Any = 20, cause: str = ""
) -> requests.ConnectionError:
    """The exception of a request that never reaches a server."""
    with pytest.raises(requests.ConnectionError) as caught:
        session.get(SOMEWHERE, timeout=timeout)
    assert type(caused(caught.value)).__name__ == cause or not cause
    return caught.value


@contextlib.contextmanager
def session_on(port: str, **settings: Any) -> Iterator[requests.Session]:
    """A session over this port, in real time."""
    with requests.Session() as session:
        session.mount("http://", BG96Adapter(port, **settings))
        yield session


def check_says(error: Exception, *parts: str) -> None:
    """Check that the text has all of these, and no stack frames."""
    for part in parts:
        assert part in str(error)


# The port


@pytest.mark.parametrize(
    "port", ["/dev/does-not-exist", "emulator://nobody", "/dev/../dev/ttyUSB99"]
)
def test_no_port(port: str) -> None:
    """The error names it."""
    with session_on(port) as session:
        check_says(failure(session, cause="PortError"), port, "cannot be opened")


def test_no_port_says_what_is_wrong() -> None:
    """The error has words, not numbers."""
    with session_on("/dev/does-not-exist") as session:
        check_says(failure(session), "there is no such port")


@pytest.mark.parametrize(
    "port", ["", "nonsense://x", "socket://127.0.0.1:1", "/dev/null"]
)
def test_no_such_thing(port: str) -> None:
    """It is the same error for everything that pyserial raises."""
    with session_on(port or ".") as session:
        check_says(failure(session, cause="PortError"), "cannot be opened")


def test_no_port_named_and_none_on_usb() -> None:
    """If no module is found, the error names the ports that there are."""
    with requests.Session() as session:
        session.mount("http://", BG96Adapter())
        check_says(failure(session, cause="PortError"), "no BG96", "Pass its port")


def test_a_port_that_another_part_of_this_program_has() -> None:
    """It can be opened only once."""
    with Emulator() as emulator:
        port = serial.serial_for_url(emulator.url)
        with session_on(emulator.url) as session:
            check_says(
                failure(session, cause="PortError"), emulator.url, "another program"
            )
        port.close()


HOLD = """
    import sys, serial
    port = serial.Serial(sys.argv[1], exclusive=True)
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_port_that_another_program_has() -> None:
    """The error names the usual program."""
    with Emulator() as emulator, emulator.pty() as path:
        arguments = [sys.executable, "-c", textwrap.dedent(HOLD), path]
        with subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None and other.stdin is not None
            assert other.stdout.readline() == b"open\n"
            with session_on(path) as session:
                check_says(failure(session), "another program uses it", "ModemManager")
            other.stdin.close()
            other.wait(10)
        modem = BG96Modem(path)
        assert modem.info()["model"] == "BG96"
        modem.close()


TRY = """
    import os
    import sys
    sys.path[:0] = sys.argv[2].split(os.pathsep)
    import requests

    from requests_bg96 import BG96Adapter
    session = requests.Session()
    session.mount("http://", BG96Adapter(sys.argv[1]))
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        session.get("http://server.example/", timeout=5)
    except requests.ConnectionError as error:
        print(error)
"""


def test_a_port_that_this_user_may_not_open() -> None:
    """The error names the groups that may open it."""
    master, slave = os.openpty()
    try:
        path = os.ttyname(slave)
        os.fchmod(slave, 0)
        arguments = [sys.executable, "-c", textwrap.dedent(TRY), path]
        result = subprocess.run(
            [*arguments, os.pathsep.join(sys.path)],
            capture_output=True,
            text=True,
            timeout=30,
        )
        check_says(
            Exception(result.stdout), path, "this user may not open it", "dialout"
        )
    finally:
        os.close(master)
        os.close(slave)


# The module


@contextlib.contextmanager
def scripted(answers: Answers | None, listens: bool = False) -> Iterator[str]:
    """A modem on a pty with these answers; None does not answer."""
    master, slave = os.openpty()
    tty.setraw(slave)
    over = threading.Event()

    def answer() -> None:
        line = b""
        while not over.is_set():
            try:
                line += os.read(master, 1000)
            except OSError:
                return
            while answers is not None and b"\r" in line:
                command, _, line = line.partition(b"\r")
                asked = to_question(command + b"\r") if listens else None
                os.write(master, asked or answers[command])

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        over.set()
        # Let the reader notice the end.
        os.write(slave, b"\r")
        thread.join(5)
        os.close(slave)
        os.close(master)


def test_nobody_answers() -> None:
    """Within the connect timeout, in real time and on a real terminal."""
    with scripted(None) as path, session_on(path) as session:
        error = failure(session, timeout=(1.5, 5))
        assert isinstance(error, requests.exceptions.ConnectTimeout)
        check_says(error, "nothing answers AT", "module is on", "time is too short")


def test_nobody_answers_for_long() -> None:
    """Then the error says what to check."""
    with rig() as made:
        made.emulator.power_off()
        error = failure(made.session, timeout=150)
        check_says(error, "nothing answers AT", "AT port", "module is on", "speed")
        assert made.clock.now() < 60


SIMCOM: Answers = collections.defaultdict(lambda: b"\r\nERROR\r\n")
SIMCOM[b"ATI"] = b"\r\nSIM7000 R1351B04SIM7000\r\n" + OK


def test_a_modem_of_another_kind() -> None:
    """The error has its name."""
    with scripted(SIMCOM, listens=True) as path, session_on(path) as session:
        error = failure(session, cause="SetupError")
        check_says(
            error, "SIM7000 R1351B04SIM7000", "AT+QHTTPCFG", "BG96, BG95 or BG77"
        )


@pytest.mark.parametrize("chatter", [b"login: ", b"\r\n$ ", b"\xff" * 9, b"\r\nOK\r"])
def test_something_that_is_no_modem(chatter: bytes) -> None:
    """A console or noise, in answer to everything."""
    always: Answers = collections.defaultdict(lambda: chatter)
    with scripted(always) as path, session_on(path) as session:
        error = failure(session, timeout=(1.5, 5))
        assert isinstance(error, requests.exceptions.ConnectTimeout)


@pytest.mark.parametrize("model", ["BG95-M3", "BG77"])
def test_siblings_that_will_do(model: str) -> None:
    """A module with these commands is accepted."""
    with rig(model=model) as made:
        assert made.get().content == b"hello"
        assert model in made.modem.info()["model"]


# SIM and network


def check_in_time(
    made: Rig, *parts: str, timeout: float = 30
) -> requests.ConnectionError:
    """Check that it fails within the connect timeout, before it asks a server."""
    started = made.clock.now()
    error = failure(made.session, timeout=(timeout, 5))
    assert made.clock.now() - started <= timeout + 1
    assert made.servers.hosts == []
    check_says(error, *parts)
    return error


def test_no_sim() -> None:
    """The error comes at once."""
    with rig(sim=None) as made:
        check_in_time(made, "there is no SIM", "AT+CPIN?")
        assert made.clock.now() < 1


def test_a_pin_is_wanted() -> None:
    """The error names the argument; with it, the request works."""
    with rig(sim="pin") as made:
        check_in_time(made, "needs its PIN", "pin=")
    with rig(sim="pin", adapter={"pin": "1234"}) as made:
        assert made.get(timeout=60).content == b"hello"


def test_a_wrong_pin() -> None:
    """One attempt, however often a program tries, with any adapter."""
    with rig(sim="pin", adapter={"pin": "0000"}) as made:
        for _ in range(3):
            error = check_in_time(made, "PIN", "not tried again")
            assert "0000" not in str(error)
        made.adapter.close()
        check_in_time(made, "not tried again")
        made.emulator.reset()
        made.clock.sleep(12)
        check_in_time(made, "not tried again")
        assert made.emulator.module.sim.pin_attempts == 2
        assert made.written.count(b'AT+CPIN="') == 1
        # Nor does a program that does not know of the first.
        other = BG96Adapter(made.emulator.url, pin="1234", clock=made.clock)
        made.adapter.close()
        made.session.mount("http://", other)
        check_in_time(made, "2 of 3 attempts")
        made.emulator.module.sim.pin_attempts = 3
        assert made.get(timeout=60).content == b"hello"


def test_a_puk_is_wanted() -> None:
    """A program cannot use it."""
    with rig(sim="puk", adapter={"pin": "1234"}) as made:
        check_in_time(made, "SIM PUK", "by hand")
        assert b"AT+CPIN=" not in made.written


@pytest.mark.parametrize(
    ("registration", "word"),
    [
        ("searching", "2 searching"),
        ("denied", "3 denied"),
        ("idle", "0 not searching"),
        ("unknown", "4 unknown"),
    ],
)
def test_not_registered(registration: str, word: str) -> None:
    """The client waits until its time is over; then the error names it."""
    with rig(registration=registration) as made:
        check_in_time(made, "not registered", word, "antenna")
        assert made.clock.now() > 25
        made.emulator.set_registration("home")
        assert made.get().content == b"hello"


def test_registered_while_it_waits() -> None:
    """Or with a roaming partner."""
    with rig(registration="roaming") as made:
        assert made.get().content == b"hello"
        made.emulator.reset()
        assert made.get(timeout=60).content == b"hello"


def test_a_context_that_is_refused() -> None:
    """HTTP manual 4.2: the error has the APN, the reason and advice.

    There is no reset.
    """
    parts = ("refuses PDP context 1", "APN wrong.example", "561", "pass the right apn=")
    with rig(apn="right.example", adapter={"apn": "wrong.example"}) as made:
        check_in_time(made, *parts)
        assert made.modem.stats.resets == 0
    with rig(apn="right.example", adapter={"apn": "right.example"}) as made:
        assert made.get().content == b"hello"


# After a fault


@pytest.mark.parametrize(
    "repair",
    [
        lambda made: made.emulator.plug(),
        lambda made: (made.emulator.plug(), made.emulator.reset()),
    ],
)
def test_a_port_that_comes_back(repair: Callable[[Rig], object]) -> None:
    """The next request finds it."""
    with rig(response(b"back")) as made:
        assert made.get().content == b"back"
        made.emulator.unplug()
        check_says(failure(made.session, cause="PortError"), made.emulator.url)
        check_says(failure(made.session, cause="PortError"), "cannot be opened")
        repair(made)
        assert made.get(timeout=60).content == b"back"


def test_failures_leave_no_port_open(tmp_path: pathlib.Path) -> None:
    """After any failure, another program can open the port."""
    for options in ({"sim": None}, {"registration": "denied"}, {"apn": "x"}):
        with rig(adapter={"apn": "y"}, **options) as made:
            failure(made.session, timeout=5)
            made.session.close()
            serial.serial_for_url(made.emulator.url).close()
