"""The questions to a module, each with the commands that answer it.

A question returns the value of the switch with its name, or raises `Undecided`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from .line import RecordedLine, Undecided
from .server import HELD_OPEN, ODD_HEAD

__all__ = ("Probe",)

#: A name that never has an address (RFC 2606).
NOWHERE = "probe.invalid"
#: The only file that the probe makes; it is deleted.
FILE = "bg96prob.tmp"
#: The length of a POST that meets the fault of some firmwares.
LONG_POST = 2200

_URC = re.compile(rb"\+QHTTP(?:GET|POST): ?([0-9,]+)\r\n")
_CME = re.compile(rb"\+CME ERROR: ?(\d+)\r\n")
_NO_SIM = re.compile(rb"\+CME ERROR: ?1[0345]\r\n")
_SENT = re.compile(rb"\+QFDWL:[^\n]*\n\r\nOK\r\n")
_STORED = re.compile(rb"\+QHTTPREADFILE: ?(\d+)\r\n")
_READ = re.compile(rb"\+QHTTPREAD: ?(\d+)\r\n|\r\n\+CME ERROR: ?(\d+)\r\n")


class Probe:
    """The questions to one module.

    :param line: the line to the module. Echo is off, and errors are numbers.
    :param context: the number of the PDP context, which is active.
    :param url: the URL of a server from `serve`.
    :param https_url: the URL of any server that takes a POST over TLS.
    """

    def __init__(
        self,
        line: RecordedLine,
        context: int = 1,
        url: str | None = None,
        https_url: str | None = None,
    ) -> None:
        self.line = line
        self.context = context
        self.url = (url or "").rstrip("/")
        self.https_url = https_url

    # Parts of exchanges.

    def configure(self, own_header: int) -> None:
        """Set who sends the head of a request, and ask for the heads of responses."""
        settings = {
            "contextid": self.context,
            "requestheader": own_header,
            "responseheader": 1,
        }
        for key, value in settings.items():
            self.line.ask(f'AT+QHTTPCFG="{key}",{value}')

    def set_url(self, url: str, seconds: int = 10) -> bytes:
        """Set the URL, and return the answer."""
        return self.line.give(f"AT+QHTTPURL={len(url)},{seconds}", url.encode())

    def request(
        self, path: str, method: str = "GET", close: bool = True, seconds: int = 30
    ) -> str:
        """Send a request to the server; return the fields of the result URC."""
        self.configure(1)
        self.set_url(self.url + path)
        return self.offer(path, method, close, seconds)

    def offer(
        self, path: str, method: str = "GET", close: bool = True, seconds: int = 30
    ) -> str:
        """Send a request to the URL that is set."""
        option = "close" if close else "keep-alive"
        host = urlsplit(self.url).netloc
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {option}\r\n"
        data = f"{head}\r\n".encode()
        answer = self.line.give(f"AT+QHTTPGET={seconds},{len(data)},10", data)
        return self.result(answer, seconds)

    def result(self, heard: bytes, seconds: int) -> str:
        """Return the fields of the result URC. It may be in `heard` already."""
        if not _URC.search(heard):
            heard += self.line.hear(seconds + 5, _URC)
        found = _URC.search(heard)
        if not found:
            raise Undecided("no result came")
        return found[1].decode()

    def read(self, seconds: int = 30) -> bytes:
        """Read the response; return it with its trailer."""
        self.line.send(b"AT+QHTTPREAD=%d\r" % seconds)
        heard = self.line.hear(seconds + HELD_OPEN + 5, _READ)
        if not _READ.search(heard):
            self.line.leave_data_mode()
            raise Undecided("the response did not end")
        return heard

    # Questions that need only the module.

    def line_end(self) -> str:
        """What ends a line?"""
        self.line.ask("AT")
        return "crlf" if self.line.received.endswith(b"\r\n") else "lf"

    def prefix_key(self) -> bool:
        """Is ``"prefix"`` among the keys?"""
        return b'"prefix"' in self.line.ask("AT+QHTTPCFG=?")

    def pin_attempts(self) -> str:
        """How does the module tell the SIM's attempts?"""
        answer = self.line.ask("AT+QPINC?")
        if _NO_SIM.search(answer):
            raise Undecided("there is no usable SIM")
        if b"ERROR" in answer:
            return "refused"
        return "quoted" if b'"SC"' in answer else "bare"

    def sni_checkhost(self) -> bool:
        """Does QSSLCFG have the keys of later firmwares?"""
        return b'"sni"' in self.line.ask("AT+QSSLCFG=?")

    def qiact_active(self) -> str:
        """What is the answer to AT+QIACT of an active context?"""
        answer = self.line.ask(f"AT+QIACT={self.context}", 150.0)
        return "error" if b"ERROR" in answer else "ok"

    def bad_url(self) -> str:
        """Does QHTTPURL or the request refuse a URL of another scheme?"""
        return "url" if _CME.search(self.set_url("ftp://probe.invalid/")) else "request"

    def joined_url(self) -> str:
        """What is the answer to a query and AT+QHTTPURL on one line?"""
        url = f"http://{NOWHERE}/".encode()
        heard = self.line.ask(f"AT+CMEE?;+QHTTPURL={len(url)},10")
        if b"ERROR" in heard:
            return "error"
        if b"CONNECT" not in heard:
            heard += self.line.hear(2.0)
        if b"CONNECT" not in heard:
            return "first"
        self.line.supply(url)
        return "results" if b"OK\r\n" in heard else "both"

    def input_timeout(self) -> int:
        """Which error does an input get that is too short?"""
        return number(self.line.give("AT+QHTTPURL=20,1", b"http://", 10.0))

    def short_upload(self) -> str:
        """What is the answer to an upload that is too short?"""
        try:
            answer = self.line.give(f'AT+QFUPL="{FILE}",4,1', b"12", 10.0)
        finally:
            self.line.ask(f'AT+QFDEL="{FILE}"')
        return "error" if _CME.search(answer) else "ok"

    def download_end(self) -> str:
        """What comes between the data of a file and the result?"""
        self.line.give(f'AT+QFUPL="{FILE}",4,5', b"data", 10.0)
        try:
            heard = self.line.ask(f'AT+QFDWL="{FILE}"')
            if not _SENT.search(heard):
                heard += self.line.hear(5.0, _SENT)
        finally:
            self.line.ask(f'AT+QFDEL="{FILE}"')
        found = re.search(rb"data(\r\n)?\+QFDWL: 4,", heard)
        if not found:
            raise Undecided("the file changed on its way")
        return "line" if found[1] else "bare"

    def later_commands(self) -> bool:
        """Are there QHTTPSTOP and QHTTPPUT?"""
        forms = ("AT+QHTTPSTOP=?", "AT+QHTTPPUT=?")
        return all(b"OK" in self.line.ask(form) for form in forms)

    def get_ok(self) -> str:
        """Does OK come before the module uses the network?"""
        return "connected" if _CME.search(self._look_nowhere()) else "at_once"

    def dns_error(self) -> int:
        """Which error does a name without an address get?"""
        heard = self._look_nowhere()
        if _CME.search(heard):
            return number(heard)
        fields = self.result(heard, 60)
        if fields.startswith("0"):
            raise Undecided(f"the network has an address for {NOWHERE}")
        return int(fields.partition(",")[0])

    def _look_nowhere(self) -> bytes:
        self.configure(0)
        self.set_url(f"http://{NOWHERE}/")
        heard = self.line.ask("AT+QHTTPGET=60", 130.0)
        if not _CME.search(heard) and not _URC.search(heard):
            heard += self.line.hear(65, _URC)
        return heard

    # Questions that need the server.

    def result_fields(self) -> str:
        """Which fields does the URC of a success have?"""
        fields = self.request("/head").split(",")
        self.read()
        if fields[0] != "0":
            raise Undecided(f"the request failed with {fields[0]}")
        return {1: "error", 2: "status"}.get(len(fields), "full")

    def chunked(self) -> str:
        """Does the module decode a chunked body?"""
        self.request("/chunked")
        payload = self.read()
        if b"hello world" not in payload and b"5\r\nhello\r\n" not in payload:
            raise Undecided("the body is not what the server sent")
        return "decoded" if b"hello world" in payload else "raw"

    def response_head(self) -> str:
        """Does the module print the head unchanged?"""
        self.request("/head")
        payload = self.read()
        if b"HTTP/1.1 200" not in payload:
            raise Undecided("no head came")
        return "received" if ODD_HEAD in payload else "rewritten"

    def redirects(self) -> str:
        """Does the module follow a redirect of its own request?"""
        self.configure(0)
        self.set_url(f"{self.url}/redirect")
        fields = self.result(self.line.ask("AT+QHTTPGET=60", 130.0), 60).split(",")
        if fields[0] != "0" or len(fields) < 2:
            payload = self.read() if fields[0] == "0" else b""
            if b"HTTP/1.1 " not in payload:
                raise Undecided(f"the request ended with {fields[0]}")
            return "handed_on" if b" 302 " in payload else "followed"
        self.read()
        return "handed_on" if fields[1] == "302" else "followed"

    def reuse_sockets(self) -> bool:
        """Does the next request use the same connection?"""
        numbers = []
        for _ in range(2):
            self.request("/connection", close=False)
            found = re.search(rb"\r\n\r\n(\d+)\r\nOK", self.read())
            if not found:
                raise Undecided("the server did not tell the connection")
            numbers.append(found[1])
        return numbers[0] == numbers[1]

    def bodyless_end(self) -> str:
        """When does a response to HEAD end if the connection stays open?"""
        # The server will close this connection. The next request must not use it.
        self.request("/open", "HEAD")
        start = self.line.now()
        self.read(15)
        spent = self.line.now() - start
        if spent < HELD_OPEN / 2:
            # If the module reuses connections, the next request would wait.
            self.line.hear(HELD_OPEN)
            return "at_once"
        return "on_close" if spent < HELD_OPEN * 1.5 else "on_wait"

    def unread_response(self) -> str:
        """Does an unread response block the next request?"""
        self.request("/head")
        try:
            self.offer("/head")
        except Undecided as error:
            if "703" not in str(error):
                raise
            return "busy"
        finally:
            self.read()
        return "replaced"

    def second_read(self) -> int:
        """What is the answer to a second read of one response?"""
        self.request("/head")
        self.read()
        return number(self.line.ask("AT+QHTTPREAD=5", 10.0))

    def hangup_trailer(self) -> str:
        """How does a read end if the server closes inside the body?"""
        self.request("/hangup")
        found = _READ.search(self.read(10))
        if found and found[2]:
            return "cme"
        if found and found[1] != b"0":
            return "urc"
        raise Undecided("the module reported a broken response as complete")

    def cut_head(self) -> str:
        """What is the result if the server closes after the status line?"""
        fields = self.request("/cut").split(",")
        if fields[0] == "0":
            self.read(10)
            return "reported"
        return "closed"

    def response_timeout(self) -> int:
        """Which error does a request get if the server does not answer?"""
        return int(self.request("/silent", seconds=2))

    def read_timeout(self) -> int:
        """Which error does a read get if the server stops inside the body?"""
        self.request("/stall")
        found = _READ.search(self.read(2))
        return int(found[1] or found[2]) if found else 0

    def urc_in_payload(self) -> str:
        """Does a URC come inside a body?

        A look-up starts just before the read. So its URC comes during the read.
        """
        self.request("/slow")
        early = self.line.ask(f'AT+QIDNSGIP={self.context},"{NOWHERE}"')
        heard = self.read(20)
        rest = heard + self.line.hear(1.0)
        place, end = rest.find(b'+QIURC: "dnsgip"'), rest.find(b"cd\r\nOK")
        if b"+QIURC" in early or place < rest.find(b"CONNECT") or end < 0:
            raise Undecided("no URC came while the body came")
        return "between" if place < end else "never"

    def lone_input_time(self) -> bool:
        """Does QHTTPPOST accept an input time alone?"""
        self.configure(1)
        self.set_url(self.url + "/")
        answer = self.line.ask("AT+QHTTPPOST=10,1", 130.0)
        if b"CONNECT" in answer:
            # Send nothing: it ends after that time.
            self.line.hear(3.0, _CME)
            return True
        return False

    def stored_response(self) -> str:
        """Does a response replace an existing file?"""
        self.line.give(f'AT+QFUPL="{FILE}",2,5', b"12", 10.0)
        try:
            self.request("/head")
            answer = self.line.ask(f'AT+QHTTPREADFILE="{FILE}",10', 20.0)
            if not _CME.search(answer):
                if not _STORED.search(answer):
                    self.line.hear(20, _STORED)
                return "replaced"
            self.read()
            return "refused"
        finally:
            self.line.ask(f'AT+QFDEL="{FILE}"')

    # Questions with other needs.

    def post_719(self) -> bool:
        """Does a long POST over TLS lose its result?"""
        self.configure(1)
        url = urlsplit(self.https_url or "")
        self.set_url(url.geturl())
        head = f"POST {url.path or '/'} HTTP/1.1\r\nHost: {url.netloc}\r\n"
        head += f"Connection: close\r\nContent-Length: {LONG_POST}\r\n\r\n"
        data = head.encode() + b"x" * LONG_POST
        answer = self.line.give(f"AT+QHTTPPOST={len(data)},30,60", data)
        fields = self.result(answer, 60).split(",")
        if fields[0] not in ("0", "719"):
            raise Undecided(f"the request failed with {fields[0]}")
        if fields[0] == "0":
            # The answer of somebody's server does not belong in a report.
            with self.line.unrecorded():
                self.read()
        return fields[0] == "719"

    def restart(self) -> dict[str, Any]:
        """Restart the module, and return the three switches of a start."""
        self.line.ask("AT+CFUN=1,1", 15.0)
        said = self.line.hear(20.0)
        for _ in range(10):
            self.line.send(b"AT\r")
            answer = self.line.hear(1.0, re.compile(rb"OK\r\n"))
            if b"OK" in answer:
                break
        else:
            raise Undecided("the module did not answer after the restart")
        found = re.search(rb"\+CMEE: (\d)", self.line.ask("AT+CMEE?"))
        boot = "full" if b"+CFUN: 1" in said or b"APP RDY" in said else "rdy"
        return {
            "echo_after_reset": answer.startswith(b"AT\r"),
            "cmee_after_reset": int(found[1]) if found else None,
            "boot_urcs": boot if b"RDY" in said else "none",
        }


def number(answer: bytes) -> int:
    """Return the error number in an answer."""
    found = _CME.search(answer)
    if not found:
        raise Undecided("the module did not answer with an error")
    return int(found[1])
