"""Secrets with a mark in them, in every dialogue, are shown nowhere.

Not in the record of a logger, in the text of an error or a traceback, in the `repr` of
an object of the client, or in a report. The emulator logs all bytes of its line; its
log is not the client's. The log of urllib3 has URLs, as always.
"""

from __future__ import annotations

import functools
import gc
import itertools
import json
import logging
import pathlib
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.cli.checks import examine
from requests_bg96.cli.probe import probe
from requests_bg96.emulator import (
    CallableNetwork,
    Delay,
    Emulator,
    Fault,
    SystemClock,
    VirtualClock,
)
from requests_bg96.errors import BG96Error
from requests_bg96.trace import Trace
from tests.cli.network import Network
from tests.https_support import LATER, client_files, root_file
from tests.support import Answers, Rig, chunks, response, rig

PIN = "72913846"
#: The mark in every other secret.
MARK = "of-mine"
APN: dict[str, Any] = {
    "apn": "iot.example",
    "username": f"user-{MARK}",
    "password": f"word-{MARK}",
}
SETTINGS: dict[str, Any] = {**APN, "auth": 1, "pin": PIN}
HEADERS = {
    "Authorization": f"Bearer token-{MARK}",
    "Cookie": f"session=cookie-{MARK}",
    "X-Api-Key": f"key-{MARK}",
}
TARGET = f"/path?token=query-{MARK}"
ANSWER = response(
    chunks(b"answer-of-mine\r\n" * 9, [50]),
    b"Transfer-Encoding: chunked",
    b"Set-Cookie: given=cookie-of-mine",
)
#: Lines of a body that begin like those of a module.
LINES = [
    *[b"%b", b"+CME ERROR: %b", b"+CPIN: %b", b'+QIURC: "%b"', b"CONNECT %b", b"OK %b"],
    *[b"+QHTTPURL: %b", b"+QHTTPGET: %b", b"+QPINC: %b", b"AT+CPIN=%b", b"+%b: 1"],
]
BODY = b"".join(line % MARK.encode() + b"\r\n" for line in LINES)


@functools.cache
def of_the_client(module: str) -> bool:
    """Whether a module is the client's, and not the emulator's."""
    return module.startswith("requests_bg96") and ".emulator" not in module


class Watch:
    """Collects what is shown, and looks for secrets.

    :param caplog: the fixture of pytest.
    :param key: a private key in PEM.
    """

    def __init__(self, caplog: pytest.LogCaptureFixture, key: str = "") -> None:
        caplog.set_level(0)
        # To look at what earlier tests have left takes a second each time.
        gc.freeze()
        self._records = caplog.records
        lines = [line for line in key.splitlines() if not line.startswith("-----")]
        self.secrets = [PIN, MARK, *lines]
        self.shown: list[str] = []
        self.trace = Trace()
        self.types: set[str] = set()

    def look(self) -> None:
        """Collect the `repr` of every object of the client.

        Those that existed before this one are left out.
        """
        for one in gc.get_objects():
            if of_the_client(str(type(one).__module__)):
                self.types.add(type(one).__name__)
                self.shown.append(repr(one))

    def failed(self, error: requests.RequestException) -> None:
        """Collect the texts of an error, except the URL, which stock requests shows."""
        for text in (repr(error), *traceback.format_exception(error)):
            self.shown.append(text.replace(TARGET, ""))
        causes: list[BaseException | None] = [error]
        while cause := causes[-1]:
            if isinstance(cause, BG96Error):
                self.shown.append(repr(pickle.dumps(cause)))
            causes.append(cause.__cause__ or cause.__context__)

    @property
    def logged(self) -> list[str]:
        """The log records, with the arguments that a handler may keep."""
        formatter = logging.Formatter()
        return [
            f"{formatter.format(one)} {one.args}".replace(
                TARGET if one.name.startswith("urllib3") else "\0", ""
            )
            for one in self._records
            if not one.name.startswith("requests_bg96.emulator")
            # urllib3 shows the part of a head that it cannot parse, as with stock
            # requests.
            and "Failed to parse headers" not in one.getMessage()
        ]

    def check(self) -> None:
        """Check that no secret was shown."""
        traced = json.dumps(self.trace.har())
        for text in (*self.logged, *self.shown, traced):
            for secret in self.secrets:
                assert secret not in text, text


def talk(made: Rig, watch: Watch, url: str, **arguments: Any) -> None:
    """Everything that a program does with a modem."""
    steps: list[Callable[[], Any]] = [
        lambda: made.session.post(url, f"body-{MARK}", headers=HEADERS, **arguments),
        lambda: made.session.get(url, headers=HEADERS, **arguments),
        lambda: made.modem.command(f'AT+QICSGP=2,1,"x","y","typed-{MARK}",1'),
        lambda: made.modem.command("AT+QICSGP=2"),
        lambda: made.modem.command("AT+QHTTPURL?"),
        lambda: made.modem.command(f"ATD{MARK};"),
        lambda: made.modem.files.upload("own.txt", f"file-{MARK}".encode()),
        lambda: made.modem.files.download("own.txt"),
    ]
    for step in steps:
        try:
            step()
        except requests.RequestException as error:
            watch.failed(error)
        except BG96Error as error:
            watch.shown += [repr(error), *traceback.format_exception(error)]
        watch.look()


def watched(watch: Watch, **options: Any) -> Any:
    """A rig whose objects are inspected during an exchange."""
    seen: list[tuple[str, bytes]] = []

    def line(way: str, data: bytes) -> None:
        seen.append((way, data))
        if way == "from_host" and data.startswith((b"AT+QHTTPPOST", b"AT+QHTTPREAD=")):
            watch.look()

    options = {"sim": "pin", "pin": PIN, "switches": LATER, **options}
    options["adapter"] = {**options["adapter"], "trace": watch.trace}
    return rig(ANSWER, on_line=line, **options), seen


@functools.lru_cache(maxsize=None)
def sizes(via: str, verify_echo: bool) -> tuple[int, int]:
    """The bytes of a dialogue without faults, in each direction."""
    adapter = {**SETTINGS, "via": via, "verify_echo": verify_echo}
    with rig(ANSWER, sim="pin", pin=PIN, adapter=adapter) as made:
        made.session.post("http://server.example" + TARGET, "x", headers=HEADERS)
        return len(made.written), len(made.heard)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("via", ["line", "file"])
@pytest.mark.parametrize("verify_echo", [False, True])
@pytest.mark.parametrize("rtscts", [False, True])
def test_every_dialogue(
    scheme: str,
    via: str,
    verify_echo: bool,
    rtscts: bool,
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They run without faults."""
    cert, key = client_files(tmp_path)
    watch = Watch(caplog, pathlib.Path(key).read_text())
    adapter = {**SETTINGS, "via": via, "verify_echo": verify_echo, "rtscts": rtscts}
    made_by, seen = watched(watch, adapter=adapter)
    trust = {"verify": root_file(tmp_path), "cert": (cert, key)}
    with made_by as made:
        url = f"{scheme}://server.example{TARGET}"
        talk(made, watch, url, **(trust if scheme == "https" else {}))
        said = b"".join(data for way, data in seen if way == "from_host")
        assert made.modem.stats.requests == 2
        assert [one.status for one in watch.trace.entries] == [200, 200]
        for secret in [PIN, f"word-{MARK}", f"token-{MARK}", f"query-{MARK}"]:
            assert secret.encode() in said
        assert (watch.secrets[5].encode() in said) is (scheme == "https")
    assert {"Request", "Settings", "Knowledge", "Command", "SocketLink"} <= watch.types
    assert any("QICSGP" in text for text in watch.logged)
    watch.check()


NOISE = [
    (way, part, action)
    for part, way, action in itertools.product(
        range(1, 12), ("from_host", "to_host"), ("garble", "drop", "insert")
    )
]


@pytest.mark.parametrize(("way", "part", "action"), NOISE)
def test_every_dialogue_on_a_bad_line(
    way: Any, part: int, action: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A byte is lost, changed or added, in any part of a dialogue."""
    via, verify_echo = ("line", "file")[part % 2], part % 3 > 0
    size = sizes(via, verify_echo)[way == "to_host"]
    fault = Fault(way, size * part // 12, action, data=b"\r\n")
    watch = Watch(caplog)
    adapter = {**SETTINGS, "via": via, "verify_echo": verify_echo}
    made_by, _ = watched(watch, adapter=adapter, faults=[fault])
    with made_by as made:
        talk(made, watch, f"http://server.example{TARGET}", timeout=(30, 10))
    watch.check()


def pieces() -> Iterator[Any]:
    """A long body that comes slowly."""
    yield b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    for _ in range(300):
        # At what looks like the end of a command, the module is recovered.
        yield BODY.replace(b"CONNECT", b"-").replace(b"CME ERROR", b"-")
        yield Delay(0.05)


@pytest.mark.parametrize("verify_echo", [False, True])
def test_a_program_that_starts_while_the_module_sends(
    verify_echo: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of another program's payload is shown."""
    watch = Watch(caplog)

    def answer(request: Any) -> Answers:
        return response(b"hello") if b"next" in request.data else pieces()

    with rig(answer) as made:
        found = made.get(stream=True)
        found.raw.read(500)
        # The program is killed.
        made.modem.engine.driver.close()
        caplog.clear()
        other = BG96Adapter(
            made.emulator.url, verify_echo=verify_echo, clock=made.clock
        )
        with requests.Session() as session:
            session.mount("http://", other)
            got = session.get("http://server.example/next", timeout=(60, 10))
            assert got.content == b"hello"
        other.close()
    assert any("in command mode?" in text for text in watch.logged)
    watch.check()


def test_answers_that_a_server_has_made(caplog: pytest.LogCaptureFixture) -> None:
    """An error about an answer does not quote it."""
    watch = Watch(caplog)
    with rig() as well:
        well.get()
    for line in LINES:
        data = b"\r\n" + line % MARK.encode() + b"\r\n"
        for command in (b"AT+CPIN?", b"AT+QHTTPGET=", b"AT+QHTTPCFG", b"AT+CREG?"):
            offset = well.written.index(command) + len(command)
            fault = Fault("from_host", offset, "urc", data=data.strip())
            with rig(faults=[fault]) as made:
                try:
                    made.get(timeout=(10, 5))
                except requests.RequestException as error:
                    watch.failed(error)
                watch.look()
    watch.check()


def test_what_a_pickle_holds(caplog: pytest.LogCaptureFixture) -> None:
    """The adapter's arguments, with PIN and password; no request and no response."""
    watch = Watch(caplog)
    options: dict[str, Any] = {"sim": "pin", "pin": PIN, "clock": SystemClock()}
    settings = {**SETTINGS, "trace": Trace(secrets=True)}
    with rig(ANSWER, adapter=settings, **options) as made:
        talk(made, watch, f"http://server.example{TARGET}")
        assert MARK in json.dumps(settings["trace"].har())
        held = pickle.dumps(made.adapter)
        again = pickle.loads(held).modem.settings
    assert (again.pin, again.password) == (PIN, f"word-{MARK}")
    for secret in (PIN, SETTINGS["username"], SETTINGS["password"]):
        held = held.replace(secret.encode(), b"")
    assert MARK.encode() not in held and PIN.encode() not in held


def test_the_doctor_s_report(caplog: pytest.LogCaptureFixture) -> None:
    """It has the APN, but neither user nor password."""
    watch = Watch(caplog)
    clock = VirtualClock()
    with Emulator(sim="pin", pin=PIN, clock=clock) as emulator:
        with BG96Modem(emulator.url, clock=clock, **SETTINGS) as modem:
            for prepared in (False, True):
                if prepared:
                    modem.prepare()
                watch.shown += [str(found) for found in examine(modem)]
    assert any("iot.example" in text for text in watch.shown)
    watch.check()


@pytest.mark.parametrize(
    "url", [None, f"http://me:pass-{MARK}@server.example?q={MARK}"]
)
def test_the_probe_s_report(url: str | None, caplog: pytest.LogCaptureFixture) -> None:
    """It may be published: it has no earlier URL, and no secret of its own URL."""
    watch = Watch(caplog)
    clock = VirtualClock()
    secret = f"https://server.example/post?key={MARK}"
    with Emulator(network=Network(), clock=clock) as emulator:
        with BG96Modem(emulator.url, clock=clock, **APN) as modem:
            modem.prepare()
            session = requests.Session()
            session.mount("http://", BG96Adapter(modem))
            session.get(f"http://server.example{TARGET}", headers=HEADERS)
        report = probe(emulator.url, url, https_url=secret, reset=True, clock=clock)
    watch.shown.append(json.dumps(report))
    assert "evidence" in watch.shown[-1] and "server.example" in watch.shown[-1]
    watch.check()


def test_the_probe_of_a_module_that_sends(caplog: pytest.LogCaptureFixture) -> None:
    """No body gets into a report."""
    watch = Watch(caplog)
    clock = VirtualClock()
    network = CallableNetwork(lambda request: pieces())
    with rig(clock=clock, network=network) as made:
        made.get(stream=True).raw.read(500)
        made.modem.engine.driver.close()
        try:
            watch.shown.append(json.dumps(probe(made.emulator.url, clock=clock)))
        except BG96Error as error:
            watch.shown.append(str(error))
    watch.check()
