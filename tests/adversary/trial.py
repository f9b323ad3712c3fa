"""Play an attack, and check what must never happen, whatever a server does."""

from __future__ import annotations

import atexit
import contextlib
import functools
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator

import requests
import urllib3

from tests.adversary.plans import (
    ACCOUNT,
    BANK,
    EVIL,
    LURE,
    SECRET,
    Case,
    Errand,
    Manner,
)
from tests.adversary.server import WORD
from tests.adversary.stage import KEPT, Killed, Stage
from tests.https_support import root_file

__all__ = ["play"]

#: The most seconds of a connection, and of a silence.
CONNECT, READ = 30.0, 5.0
#: The seconds of an impatient reader.
IMPATIENT = 0.5
#: Seconds that do not count: leaving data mode, and bytes on their way.
SLACK = 6.0
#: All commands of the client.
_MEANT = re.compile(
    r"""I?|Q0V1E[01]&D[0-2]|(?:Q0|V1){40}E[01]|(?:
    \+(?:CMEE=1|IFC(?:=2,2|\?)|IPR=(?:\d+|\?)|CPIN\?|QPINC\?|C(?:|G|E)REG\?|CGATT(?:\?|=1)
    |QIACT(?:\?|=\d+)|QIDEACT=\d+|QIGETERROR|QIDNSCFG=\d+|QICSGP=\d+(?:,.*)?
    |CCLK(?:\?|=".*")
    |QHTTPCFG(?:=?\?|="(?:contextid|requestheader|responseheader|sslctxid)",\d+)
    |QSSLCFG=(?:\?|"[a-z]+",\d(?:,.*)?)
    |QHTTPURL(?:=?\?|=\d+,\d+)|QHTTP(?:GET|POST)=(?:\?|\d+,\d+,\d+)|QHTTPREAD=\d+
    |QHTTP(?:POST|READ)FILE="[0-9a-f]{8}\.(?:req|rsp)",\d+
    |QFLST="[^"]*"|QFLDS="UFS"|QFDEL="[0-9a-f]{8}\.(?:req|rsp)"
    |QF(?:UPL|DWL|OPEN)="[^"]*"(?:,\d+)*|QF(?:WRITE|READ|SEEK|CLOSE)=[\d,]+
    )(?:;|$))+""",
    re.VERBOSE,
)


def play(case: Case) -> None:
    """Play it, and check that the client was not robbed, deceived or held up."""
    with Stage.of(case) as stage:
        Trial(stage, case).run()


@functools.lru_cache(maxsize=None)
def authority() -> str:
    """The path of the CA's certificate for the bank."""
    folder = pathlib.Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return root_file(folder)


class Trial:
    """One attack, and its checks.

    :param stage: the stage.
    :param case: the attack.
    """

    def __init__(self, stage: Stage, case: Case) -> None:
        self._stage = stage
        self._case = case
        self._kept: list[Iterator[bytes]] = []

    def run(self) -> None:
        """Meet the server that attacks, and run the errand; then again in peace."""
        self._meet()
        self._judge()
        self._errand(self._case.errand)
        for unread in self._kept:
            self._read(unread)
        self._judge()
        self._stage.adversary.fall_silent(self._stage.clock.now())
        assert self._errand(self._case.errand), "the next request does not succeed"
        self._judge()
        misplaced = self._stage.misplaced
        assert not misplaced, f"{misplaced[0]!r} was written among a response"

    # Actions of the client

    def _meet(self) -> None:
        stage, case = self._stage, self._case
        if case.manner is Manner.FOREIGN:
            stranded(stage)
            return
        if case.manner in (Manner.INTERRUPTED, Manner.KILLED):
            killed = case.manner is Manner.KILLED
            end = Killed() if killed else KeyboardInterrupt()
            stage.end_at(end, case.since, case.point)
        with self._bounded(CONNECT + (READ + SLACK) * (2 + self._breaths)):
            with contextlib.suppress(
                # requests raises it unchanged if the body of a redirect is broken.
                urllib3.exceptions.HTTPError,
                requests.RequestException,
                KeyboardInterrupt,
                Killed,
            ):
                self._ask()
        stage.go_on()
        if case.manner is Manner.KILLED:
            self._kept.clear()
            stage.kill()

    @property
    def _breaths(self) -> int:
        """The number of silences that the server may interrupt."""
        parts = len(self._case.opening) + sum(
            len(one.parts) for one in self._case.reactions
        )
        return 400 if parts else 1

    def _ask(self) -> None:
        manner = self._case.manner
        streams = manner in (Manner.CLOSE, Manner.UNREAD, Manner.PARTLY)
        read = IMPATIENT if manner is Manner.TIMEOUT else READ
        before = len(self._stage.adversary.bank.given)
        found = self._stage.session.request(
            self._case.method,
            LURE,
            data=self._case.data,
            stream=streams,
            timeout=(CONNECT, read),
            allow_redirects=manner is Manner.FOLLOW,
        )
        self._check_origin(found, before, secure=False)
        if manner is Manner.CLOSE:
            found.close()
        elif streams:
            self._kept.append(pieces := found.iter_content(8))
            if manner is Manner.PARTLY:
                next(pieces, b"")

    def _errand(self, errand: Errand) -> bool:
        """Ask the bank; return whether it has answered."""
        scheme = "https" if errand.secure else "http"
        bank = self._stage.adversary.bank
        before = len(bank.given)
        with self._bounded(CONNECT + READ + SLACK):
            try:
                found = self._stage.session.request(
                    "GET" if errand.data is None else "POST",
                    f"{scheme}://{ACCOUNT}?{SECRET}",
                    data=errand.data,
                    timeout=(CONNECT, READ),
                    verify=authority() if errand.secure else True,
                )
            except requests.RequestException as error:
                self._error = error
                return False
        self._check_origin(found, before, errand.secure)
        assert bank.given[found.content].data.endswith(errand.data or b"\r\n\r\n")
        return True

    def _read(self, unread: Iterator[bytes]) -> None:
        """Read the rest, which has only bytes of that server."""
        with self._bounded(CONNECT + (READ + SLACK) * (2 + self._breaths)):
            content = b""
            with contextlib.suppress(requests.RequestException):
                content = b"".join(unread)
        for word in self._stage.adversary.bank.given:
            assert word not in content, "a response has got into another"

    # What must never happen

    def _check_origin(
        self, found: requests.Response, before: int, secure: bool
    ) -> None:
        """Check that a response comes from its server."""
        self._judge()
        url = str(found.url).partition("://")[2]
        if not url.startswith(BANK):
            assert url.startswith(EVIL)
            return
        given = self._stage.adversary.bank.given
        word = found.headers.get(WORD.decode(), "").encode()
        assert word in given, f"the bank never sent {found.content!r}"
        assert word in list(given)[before:], "the response is an old one"
        bodyless = found.request.method == "HEAD"
        assert found.content == (b"" if bodyless else word), "the response is no whole"
        request = given[word]
        assert (request.tls is not None) == secure, "TLS is not as it was asked for"
        if request.tls is not None:
            assert request.tls.level and request.tls.check_host, "nobody was checked"

    def _judge(self) -> None:
        stage = self._stage
        got = bytes(stage.adversary.received)
        assert SECRET.encode() not in got, "the server has got what is the bank's"
        for host in re.findall(rb"(?i)^host: *([^\r]+)", got, re.M):
            assert host == EVIL.encode(), "the server has got another's request"
        wrong = [line for line in stage.executed if not self._meant(line)]
        assert not wrong, f"the module has carried out {wrong}"
        assert KEPT in stage.emulator.module.files.names(), "a file is gone"

    def _meant(self, line: str) -> bool:
        whole = f"AT{line}\r".encode("latin-1")
        if whole in self._stage.written:
            return _MEANT.fullmatch(line) is not None
        # After a line cut by the end of a program comes the next program's line, and
        # between them bytes at a wrong speed.
        whole = bytes(byte for byte in whole if byte < 0x80)
        lines = [one for one in self._stage.written if one.startswith(b"AT")]
        return self._case.manner in (Manner.KILLED, Manner.FOREIGN) and any(
            whole.endswith(last) and first.startswith(whole.removesuffix(last))
            for last in lines
            for first in lines
        )

    @contextlib.contextmanager
    def _bounded(self, seconds: float) -> Iterator[None]:
        started = self._stage.clock.now()
        yield
        spent = self._stage.clock.now() - started
        assert spent <= seconds, f"it took {spent:.1f} s, not {seconds:.1f} s"


def stranded(stage: Stage) -> None:
    """Let another program ask the server that attacks, and end during the response."""
    request = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % EVIL.encode()
    with stage.stranger() as port:

        def say(data: bytes) -> None:
            port.write(data)
            port.read(1000)

        say(b"ATE0&D0\r")
        for key in ("requestheader", "responseheader"):
            say(b'AT+QHTTPCFG="%b",1\r' % key.encode())
        say(b"AT+QIACT=1\r")
        say(b"AT+QHTTPURL=%d,10\r" % len(LURE))
        say(LURE.encode())
        say(b"AT+QHTTPGET=60,%d,10\r" % len(request))
        say(request)
        port.write(b"AT+QHTTPREAD=60\r")
        port.read(60)
