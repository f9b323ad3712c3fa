"""Mutants that no test can notice, each with the reason.

``python -m tests.mutants`` does not run the tests with them. It fails if an entry
matches no mutant any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ("Place", "equivalents")


class Place(NamedTuple):
    """One change, as the command prints it.

    :param scope: the dotted name of the function or class; empty outside of them.
    :param before: the changed lines of the module, on one line.
    :param after: the lines of the mutant.
    """

    scope: str
    before: str
    after: str


SET_BEFORE = "it is set before it is first read"
FALSY = "only whether there is one is asked for"
MEMORY = "it only limits the memory"
TYPES = "only the type checker needs it"

#: For each module, and each reason, the changes: scope, before, after.
EQUIVALENTS: dict[str, dict[str, list[tuple[str, str, str]]]] = {
    "requests_bg96/response/chunks.py": {
        SET_BEFORE: [
            ("ChunkScanner.__init__", "self._left = 0", "self._left = None"),
            ("ChunkScanner.__init__", "self._left = 0", "self._left = 1"),
        ],
    },
    "requests_bg96/response/head.py": {
        TYPES: [
            (
                "body_of",
                "response = http.client.HTTPResponse(cast(socket.socket, _Head(head)))",
                "response = http.client.HTTPResponse(cast(None, _Head(head)))",
            ),
        ],
        "the names of fields have no case": [
            (
                "_is_chunked",
                'codings = ",".join('
                'response.headers.get_all("transfer-encoding", []))',
                'codings = ",".join('
                'response.headers.get_all("TRANSFER-ENCODING", []))',
            ),
        ],
    },
    "requests_bg96/response/framing.py": {
        SET_BEFORE: [
            ("Framing.__init__", "self._left = 0", "self._left = None"),
            ("Framing.__init__", "self._left = 0", "self._left = 1"),
        ],
        "no trailer begins with it": [
            ("Framing.__init__", 'self._lent = b""', "self._lent = None"),
            ("Framing.__init__", 'self._lent = b""', 'self._lent = b"XXXX"'),
            (
                "Framing._pass",
                'self._fresh, self._lent = False, b""',
                'self._fresh, self._lent = False, b"XXXX"',
            ),
        ],
        "a slice up to None has all bytes": [
            (
                "Framing.release",
                "self._follow(len(self._buffer))",
                "self._follow(None)",
            ),
        ],
        "it only looks at more bytes again": [
            (
                "Framing._in_head",
                "match = _HEAD_END.search(self._buffer, self._searched)",
                "match = _HEAD_END.search(self._buffer, )",
            ),
            (
                "Framing._in_head",
                "self._searched = max(0, len(self._buffer) - 3)",
                "self._searched = max(0, len(self._buffer) - 4)",
            ),
        ],
    },
    "requests_bg96/response/receiver.py": {
        TYPES: [("", "if TYPE_CHECKING:", "if not (TYPE_CHECKING):")],
        FALSY: [
            (
                "Receiver._ask",
                "self._hear(lambda: False, limit.within(times.TRAILER_GAP))",
                "self._hear(lambda: None, limit.within(times.TRAILER_GAP))",
            ),
        ],
        SET_BEFORE: [
            (
                "Receiver.__init__",
                "self.last_came = clock.now()",
                "self.last_came = None",
            ),
        ],
        "only other values of it are asked for": [
            (
                "Receiver.__init__",
                "self._trailer = Trailer.NONE",
                "self._trailer = None",
            ),
        ],
        "a port looks only at a number of bytes that is much larger": [
            (
                "Receiver._receive",
                "expected = self.framing.remaining or 0",
                "expected = self.framing.remaining or 1",
            ),
        ],
        "the link has given the line up by itself": [
            (
                "Receiver._finish",
                "self._end(ResponseState.OVER if answered else ResponseState.LOST)",
                "self._end(ResponseState.OVER if (answered) or True "
                "else ResponseState.LOST)",
            ),
        ],
    },
    "requests_bg96/at/pieces.py": {
        SET_BEFORE: [
            (
                "SocketLink.__init__",
                "self._unsettled: str | None = None",
                'self._unsettled: str | None = ""',
            ),
        ],
        FALSY: [
            (scope, "self.late_answer = None", 'self.late_answer = ""')
            for scope in (
                "SocketLink._send",
                "SocketLink._fetched",
                "SocketLink._measured",
                "SocketLink._misread",
            )
        ]
        + [
            ("SocketLink._ask", 'self.owed = b""', "self.owed = None"),
            ("SocketLink._leave_data_mode", 'self.owed = b""', "self.owed = None"),
        ],
        "so many bytes without a pause are not only hints": [
            ("", "MOST_HINTS = 256", "MOST_HINTS = 257"),
            (
                "SocketLink._heard_until_silence",
                "while len(heard) < MOST_HINTS:",
                "while len(heard) <= MOST_HINTS:",
            ),
        ],
        "each of its two lines is awaited for QUESTION seconds at most": [
            (
                "SocketLink._settle",
                "elif not self._ask(Ask(), Deadline(self._clock, 2 * times.QUESTION)):",
                f"elif not self._ask(Ask(), Deadline(self._clock, {text})):",
            )
            for text in ("2 / times.QUESTION", "3 * times.QUESTION")
        ],
        TYPES: [
            (
                "SocketLink._send",
                'payload = step.payload or b""',
                'payload = step.payload or b"XXXX"',
            ),
        ],
        "the first attempt to leave data mode is never for a prompt": [
            ("SocketLink.__init__", "self._moved = 0, 0", "self._moved = 1, 0"),
            ("SocketLink.__init__", "self._moved = 0, 0", "self._moved = 0, 1"),
        ],
        "nobody reads the lines of an answer to AT+QISEND": [
            (
                "SocketLink._at_prompt",
                "return self._end_of(step, until, lines)",
                "return self._end_of(step, until, None)",
            ),
            (
                "SocketLink._at_prompt",
                "return self._end_of(step, until, lines)",
                "return self._end_of(step, until, )",
            ),
        ],
        "no line of information is plausible there": [
            (
                "SocketLink._fetch",
                "elif self._ends(line, step, lines):",
                "elif self._ends(line, step, None):",
            ),
        ],
    },
    "requests_bg96/at/link.py": {
        SET_BEFORE: [("Link.__init__", "self.proved = False", "self.proved = True")],
        FALSY: [
            (scope, "self.late_answer = None", 'self.late_answer = ""')
            for scope in ("Link._ask", "Link._command", "Link._escape")
        ],
        MEMORY: [("", "QUESTION_LIMIT = 4_096", "QUESTION_LIMIT = 4097")],
        "the names of a command's lines have no case": [
            ("", '_READ = Command("+QHTTPREAD")', '_READ = Command("+qhttpread")'),
        ],
        "its echo has been taken, and it has no lines": [
            (
                "Link.hear_answer",
                'reply = self._end_of(Command(""), until)',
                f"reply = self._end_of(Command({text}), until)",
            )
            for text in ("None", '"XXXX"')
        ],
        "an empty text is no failure, either": [
            (
                "Link.run",
                "failure: BG96Error | None = None",
                'failure: BG96Error | None = ""',
            ),
        ],
    },
    "requests_bg96/base/trust.py": {
        "the group has another name in both places": [
            (
                "",
                'rb"^-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----.+?'
                '^-----END (?P=kind)-----",',
                'rb"^-----BEGIN (?P<KIND>[A-Z ]*PRIVATE KEY)-----.+?'
                '^-----END (?P=KIND)-----",',
            ),
        ],
    },
    "requests_bg96/modem.py": {
        "one text at most is joined": [
            (
                "BG96Modem.signal",
                'told = "".join(reply.values("+CSQ")[:1])',
                'told = "XXXX".join(reply.values("+CSQ")[:1])',
            ),
            (
                "BG96Modem.data_usage",
                'told = "".join(reply.values("+QGDCNT")[:1])',
                'told = "XXXX".join(reply.values("+QGDCNT")[:1])',
            ),
        ],
    },
    "requests_bg96/at/steps.py": {
        TYPES: [
            (
                "",
                "Step = ( Command | Ask | Await | AwaitLateAnswer | Listen | Pause "
                "| Escape | Speed | GiveBack )",
                "Step = None",
            ),
            ("", "Dialogue = Generator[Step, Any, T]", "Dialogue = None"),
        ],
        "the pattern ignores case": [
            (
                "",
                '_FETCHES = re.compile(r"READ|DWL|QIRD|QIOPEN|QISWTMD|\\A[OD]", '
                "re.IGNORECASE)",
                '_FETCHES = re.compile(r"read|dwl|qird|qiopen|qiswtmd|\\A[od]", '
                "re.IGNORECASE)",
            ),
        ],
    },
    "requests_bg96/recovery/policy.py": {
        TYPES: [
            (
                "Attempts.count",
                "self.away = self.away or "
                "self.deadline.within(repeating.PORT.seconds or 0.0)",
                "self.away = self.away or "
                "self.deadline.within(repeating.PORT.seconds or 1.0)",
            ),
        ],
    },
}


def equivalents(module: str) -> Iterator[Place]:
    """Return the equivalent mutants of a module.

    :param module: its path.
    """
    for places in EQUIVALENTS.get(module, {}).values():
        yield from (Place(*place) for place in places)
