"""Ask the questions, and make the report."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from ...at.port import Port, resolved
from ...at.printable import printable
from ...clock import Clock, SystemClock
from ...errors import SetupError
from .agenda import HTTPS, NEVER, PLAIN, RESET, SERVER, SwitchQuestion
from .line import RecordedLine, Undecided
from .questions import Probe
from .server import GREETING

__all__ = ("probe",)

#: The version of the report's format.
FORMAT = 1

_SETTING = re.compile(
    rb'\+QHTTPCFG: ("(?:contextid|requestheader|responseheader)",\d+)'
)
_URL = re.compile(rb"\+QHTTPURL: ([^\r\n]+)")


def probe(
    port: str,
    url: str | None = None,
    *,
    https_url: str | None = None,
    reset: bool = False,
    context: int = 1,
    baudrate: int = 115200,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Ask the module on a port all questions, and return the report.

    Nothing is stored in the module. Its HTTP settings and its URL are restored. Its one
    temporary file is deleted. SIM and APN are not touched. The probe makes about thirty
    requests of a few hundred bytes.

    :param port: a port that `serial.serial_for_url` takes.
    :param url: the URL of a server of `serve`. Without it, questions that need the
        server are not asked.
    :param https_url: the URL of any server that takes a POST over TLS, for one more
        question.
    :param reset: whether the module may be restarted, for three more questions.
    :param context: the number of the PDP context, 1 to 16. If it is not active, it is
        activated for this time.
    :param baudrate: the speed of the module.
    :param clock: the clock.
    :raises PortError: if the port cannot be opened.
    :raises SetupError: if the module does not answer, or has no network.
    """
    clock = clock or SystemClock()
    opened = Port(resolved(port), baudrate=baudrate, rtscts=False, clock=clock)
    with contextlib.closing(opened):
        line = RecordedLine(opened, clock)
        for one in filter(None, (url, https_url)):
            line.conceal(one)
        with _ready(line, context):
            report = _identity(line)
            asked = Probe(line, context, url, https_url)
            _answer(report, asked, PLAIN, None)
            _answer(report, asked, SERVER, _server_missing(asked))
            missing = None if https_url else "this needs the URL of a server with TLS"
            _answer(report, asked, HTTPS, missing)
        _restart(report, asked, reset)
    report["not_probed"].update(NEVER)
    return report


@contextlib.contextmanager
def _ready(line: RecordedLine, context: int) -> Iterator[None]:
    """Prepare the module and its context; restore all settings at the end."""
    try:
        echo = _greet(line)
        cmee = line.ask("AT+CMEE?")
        line.ask("AT+CMEE=1")
        settings = _SETTING.findall(line.ask("AT+QHTTPCFG?"))
        url = _URL.search(line.ask("AT+QHTTPURL?"))
        active = b"+QIACT: %d,1" % context in line.ask("AT+QIACT?")
        if not active and b"OK" not in line.ask(f"AT+QIACT={context}", 150.0):
            raise SetupError(
                f"PDP context {context} cannot be activated: check the SIM, the "
                "registration and the APN first",
                command="AT+QIACT",
            )
    except Undecided as error:
        raise SetupError(f"the module cannot be probed: {error}") from None
    try:
        yield
    finally:
        _put_back(line, echo, cmee, settings, url, None if active else context)


def _greet(line: RecordedLine) -> bool:
    """Find the module and turn its echo off; return whether it was on."""
    for _ in range(3):
        line.send(b"AT\r")
        heard = line.hear(1.0, re.compile(rb"OK\r\n"))
        if b"OK" in heard:
            line.ask("ATE0")
            return b"AT\r" in heard
    raise Undecided("no answer to AT")


def _put_back(
    line: RecordedLine,
    echo: bool,
    cmee: bytes,
    settings: list[bytes],
    url: re.Match[bytes] | None,
    activated: int | None,
) -> None:
    with contextlib.suppress(Undecided):
        for setting in settings:
            line.ask(f"AT+QHTTPCFG={setting.decode()}")
        if url:
            line.give(f"AT+QHTTPURL={len(url[1])},10", url[1])
        if activated is not None:
            line.ask(f"AT+QIDEACT={activated}", 40.0)
        level = re.search(rb"\+CMEE: (\d)", cmee)
        line.ask(f"AT+CMEE={level[1].decode() if level else '1'}")
        line.ask(f"ATE{int(echo)}")


def _identity(line: RecordedLine) -> dict[str, Any]:
    lines = line.ask("ATI").split(b"\r\n")
    line.evidence()
    told = [text for text in lines if text and text not in (b"OK", b"ATI\r")]
    module = [printable(text) for text in told]
    return {"format": FORMAT, "module": module, "switches": {}, "not_probed": {}}


def _server_missing(asked: Probe) -> str | None:
    """Return why the server cannot be used, or None."""
    if not asked.url:
        return "this needs the URL of a probe server"
    try:
        asked.request("/")
        greeted = GREETING in asked.read()
    except Undecided as error:
        return f"the probe server cannot be reached: {error}"
    finally:
        asked.line.evidence()
    return None if greeted else "the URL is not of a probe server"


def _answer(
    report: dict[str, Any],
    asked: Probe,
    questions: dict[str, SwitchQuestion],
    missing: str | None,
) -> None:
    for name, question in questions.items():
        if missing:
            report["not_probed"][name] = missing
            continue
        try:
            value = question(asked)
        except Undecided as error:
            report["not_probed"][name] = f"{error}: {asked.line.evidence()}"
        else:
            _enter(report, name, value, asked.line.evidence())


def _enter(report: dict[str, Any], name: str, value: Any, evidence: list[str]) -> None:
    report["switches"][name] = {"value": value, "evidence": evidence}


def _restart(report: dict[str, Any], asked: Probe, reset: bool) -> None:
    missing = "" if reset else "this needs a restart of the module"
    if reset:
        asked.line.evidence()
        try:
            found = asked.restart()
        except Undecided as error:
            missing = str(error)
        else:
            evidence = asked.line.evidence()
            for name, value in found.items():
                _enter(report, name, value, evidence)
            return
    for name in RESET:
        report["not_probed"][name] = missing
