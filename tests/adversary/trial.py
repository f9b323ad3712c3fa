"""Play an attack, and check what must never happen, whatever a server does."""

from __future__ import annotations

import contextlib
import http.client
import re
from collections.abc import Iterator

import requests
import urllib3

from tests.adversary.bank import WORD, authority_file
from tests.adversary.foreign import stranded
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
from tests.adversary.stage import KEPT, Killed, Stage
from tests.support import parsed

__all__ = ("play",)

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
    |QIOPEN=1,\d+,"TCP","(?:evil|bank)\.example",(?:80|443),0,0
    |QI(?:SEND|RD)=\d+,\d+|QICLOSE=\d+,[12]|QISTATE(?:=1,\d+)?|QISDE(?:\?|=0)
    |QICFG="(?:viewmode(?:",0|")|dataformat(?:",0,0|")|recvind(?:",0|"))
    )(?:;|$))+""",
    re.VERBOSE,
)
#: What `HARM` would make the module do.
_HARMFUL = re.compile("QFDEL|CFUN=0|QPOWD")
#: Commands, which are no payload; a module may take the question for it, if a program
#: has ended at its prompt.
_LEAKED = re.compile(rb"AT\+(?:Q[IHS]|C[MPG])[^\r\n]*\r(?!\n)")
#: The field of a request that numbers it.
_NUMBER = re.compile(rb"X-Number: (\d+)\r\n")


def play(case: Case) -> None:
    """Play it; check that no secret is lost, no answer forged, and no wait too long."""
    with Stage.of(case) as stage:
        Trial(stage, case).run()


class Trial:
    """One attack, and its checks.

    :param stage: the stage.
    :param case: the attack.
    """

    def __init__(self, stage: Stage, case: Case) -> None:
        self._stage = stage
        self._case = case
        self._kept: list[Iterator[bytes]] = []
        self._asked = 0
        self._error: Exception | None = None

    def run(self) -> None:
        """Meet the server that attacks, and run the errand; then again in peace."""
        self._meet()
        self._judge()
        self._stage.quieten()
        self._stage.noise += [one for one in self._case.noise if one.in_errand]
        self._errand(self._case.errand)
        for unread in self._kept:
            self._read(unread)
        self._judge()
        self._stage.fall_silent()
        assert self._errand(self._case.errand), f"the next one fails: {self._error}"
        self._judge()
        misplaced = self._stage.misplaced
        assert not misplaced, f"{misplaced[0]!r} was written among a response"

    # Actions of the client

    def _meet(self) -> None:
        stage, case = self._stage, self._case
        if case.manner is Manner.FOREIGN:
            stranded(stage, case)
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
                # requests raises this for a redirect to bytes that are no UTF-8.
                UnicodeDecodeError,
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
            headers=self._numbered(),
            stream=streams,
            timeout=(CONNECT, read),
            allow_redirects=manner is Manner.FOLLOW,
        )
        self._check_origin(found, before, secure=False)
        if manner in (Manner.READ, Manner.TIMEOUT):
            self._check_whole(found)
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
                    headers=self._numbered(),
                    timeout=(CONNECT, READ),
                    verify=authority_file() if errand.secure else True,
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

    def _numbered(self) -> dict[str, str]:
        self._asked += 1
        return {"X-Number": str(self._asked)}

    # What must never happen

    def _check_whole(self, found: requests.Response) -> None:
        """Check that a response is the server's, if nothing has changed it."""
        case, url = self._case, str(found.url)
        coded = "Content-Encoding" in found.headers
        if not case.by_socket or case.noise or coded or not url.startswith(LURE):
            return
        said = bytes(self._stage.adversary.links[0].said)
        with contextlib.suppress(http.client.HTTPException):
            told = parsed(said, case.method)
            assert (found.status_code, found.content) == told, "the response is wrong"

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
        assert request.tls == secure, "TLS is not as it was asked for"
        assert request.checked or not secure, "nobody was checked"

    def _judge(self) -> None:
        stage = self._stage
        got = bytes(stage.adversary.received)
        assert SECRET.encode() not in got, "the server has got what is the bank's"
        for host in re.findall(rb"(?i)^host: *([^\r]+)", got, re.M):
            own = host == EVIL.encode() or self._case.changed_up
            assert own and host != BANK.encode(), "it has got another's request"
        wrong = [line for line in stage.executed if not self._meant(line)]
        assert not wrong, f"the module has carried out {wrong}"
        assert not _LEAKED.search(got), "the server has got the commands for the module"
        came = [given.data for given in stage.adversary.bank.given.values()]
        # A server may point to itself, again and again.
        sent = [b"".join(came), b"" if self._case.manner is Manner.FOLLOW else got]
        for numbers in map(_NUMBER.findall, sent):
            assert len(numbers) == len({*numbers}), "a request was sent twice"
        for data in came:
            assert not _LEAKED.search(data), "another server has got such commands"
        assert KEPT in stage.emulator.module.files.names(), "a file is gone"

    def _meant(self, line: str) -> bool:
        whole = f"AT{line}\r".encode("latin-1")
        if self._case.changed_up or whole in self._stage.foreign:
            return not _HARMFUL.search(line)
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
