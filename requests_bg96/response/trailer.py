"""The forms of the lines that end AT+QHTTPREAD, as bytes.

The module ends its lines with CR LF (AT manual 2.15), or, which nobody has seen yet,
with LF alone. Each has its own forms, and none of them mixes the two. Otherwise more
bodies would look like a trailer.
"""

from __future__ import annotations

import enum
import functools
import re

from ..at.printable import printable

__all__ = (
    "TRAILER_LIMIT",
    "Trailer",
    "TrailerForms",
    "are_lines",
    "forms_in",
    "odd_end",
    "without_answer",
)

#: The most bytes of a trailer and the URCs after it, before the question is asked. No
#: module was seen to send as many.
TRAILER_LIMIT = 4_096

#: The bytes that are examined if a response ends like a trailer, but has none.
ENDING_LIMIT = 200
#: Only line ends, and the lines that end a read.
_RESULT = rb"\+(?:QHTTPREAD|CME ERROR): ?[0-9]{1,9}"
_ENDING = re.compile(rb"(?:\r|\n|OK|%b)*%b(?:\r|\n|OK)*\Z" % (_RESULT, _RESULT))
_PART = re.compile(rb"\r\n|\r|\n|OK|%b" % _RESULT)
#: The echo of a question; on a slow line a URC may have torn it in two.
_ECHO = rb"(?:AT[^\r\n]{1,200}|[ATQVED&01]{1,100})"
#: A line of the module after a trailer, or two: echoes, results, URCs.
_LINES = re.compile(
    rb"(?:%b\r*\n|\r?\n)(?:(?!AT)[^\r\n]{1,200}\r?\n)?" % _ECHO,
)
#: The answer to the first line of a question, with its echo.
_ANSWER = re.compile(rb"(?:AT[^\r\n]{1,200}\r*)?\r?\nOK\r?\n\Z")
_LINE_ENDS = {b"\r\n": "CR LF", b"\r": "CR", b"\n": "LF"}


class Trailer(enum.Enum):
    """What the withheld bytes could be."""

    # A member equals only itself. `enum.Enum.__hash__` is in Python, and slower.
    __hash__ = object.__hash__

    #: No bytes are withheld.
    NONE = enum.auto()
    #: A line end: of a line of text, or the first of a trailer.
    LINE_END = enum.auto()
    #: A longer beginning of a trailer.
    BEGUN = enum.auto()
    #: A full trailer.
    FULL = enum.auto()
    #: Not a trailer, although only a trailer may come here.
    WRONG = enum.auto()


def _prefixes(literal: bytes, rest: bytes) -> bytes:
    """Return a pattern for every beginning of `literal`, and for it and `rest`."""
    pattern = rest
    for byte in reversed(literal):
        pattern = rb"(?:%b%b)?" % (re.escape(bytes((byte,))), pattern)
    return pattern


class TrailerForms:
    """The forms of a trailer of a module whose lines end with `line_end`.

    :param line_end: CR LF, or LF.
    """

    def __init__(self, line_end: bytes) -> None:
        #: The bytes before and after a line of the module.
        self.line_end = line_end
        #: The first line of a trailer, and the same without its first line end.
        self.ok = line_end + b"OK" + line_end
        self.bare_ok = b"OK" + line_end
        # In the patterns: a line end, its first byte, and a half of it that ends a
        # part.
        end, first = re.escape(line_end), re.escape(line_end[:1])
        half = _prefixes(line_end[:-1], b"")
        line = rb"[^\r\n]{1,200}" + end
        urcs = rb"(?:%b(?!OK%b|\+QHTTPREAD:|\+CME ERROR:)%b)*" % (end, first, line)
        # The result of an earlier response may come late, after the end of this
        # response.
        behind = rb"(?:%b(?!OK%b|\+CME ERROR:)%b)*" % (end, first, line)
        read = rb"\+QHTTPREAD: *(\d+)" + end
        error = rb"%b\+CME ERROR: *(\d+)%b" % (end, end)
        part = _prefixes(line_end, rb"(?:[^\r\n]{1,200}%b)?" % half)
        ok = re.escape(self.ok)
        #: A full trailer, and every beginning of one.
        self.whole = re.compile(
            rb"(?:%b%b%b%b|%b)%b" % (ok, urcs, end, read, error, behind)
        )
        self.beginning = re.compile(
            rb"%b|%b"
            % (
                _prefixes(
                    self.ok, rb"%b(?:%b%b%b)?%b" % (urcs, end, read, behind, part)
                ),
                _prefixes(
                    line_end + b"+CME ERROR:",
                    rb" *\d*" + _prefixes(line_end, behind + part),
                ),
            )
        )
        #: Odd trailers of some modules: one line end too few or too many, the URC
        #: before OK, or no OK. They are accepted only after a body whose end is known.
        #: Elsewhere, bytes of the body would be taken for a trailer.
        self.odd = re.compile(
            rb"(?:%b(?:%b)?%b(?:%b)?%b|%b%b(?:%b)?|%b)%b(?:%b(?![^%b]))?"
            % (ok, end, urcs, end, read, end, read, ok, error, behind, end, first)
        )
        self.odd_beginning = re.compile(
            rb"%b|%b"
            % (
                _prefixes(
                    self.ok,
                    rb"(?:%b)?%b(?:(?:%b)?%b%b)?(?:\+[^\r\n]{0,200}%b|%b)"
                    % (end, urcs, end, read, behind, half, part),
                ),
                _prefixes(
                    line_end + b"+QHTTPREAD:",
                    rb" *\d*"
                    + _prefixes(line_end, rb"(?:%b)?%b%b" % (ok, behind, part)),
                ),
            )
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {self.line_end!r}>"

    def err(self, trailer: bytes) -> int | None:
        """Return the ``<err>`` of a full trailer, or None if it is not one."""
        match = self.whole.fullmatch(trailer) or self.odd.fullmatch(trailer)
        return int(next(filter(None, match.groups()))) if match else None

    def may_begin(self, data: bytes) -> bool:
        """Return whether `data`, after the end of a body, may begin a trailer."""
        end = self.line_end
        before = data[len(end) :] if data.startswith(end + end[:1]) else data
        patterns = (self.beginning, self.odd_beginning)
        return any(one.fullmatch(before) for one in patterns)

    def tail(self, data: bytes | bytearray) -> int:
        """Return the position in `data` of an ending that may begin a trailer."""
        first, beginning = self.line_end[:1], self.beginning
        start = max(0, len(data) - TRAILER_LIMIT)
        while (start := data.find(first, start)) >= 0:
            if beginning.fullmatch(data, start):
                return start
            start += 1
        return len(data)


@functools.lru_cache(maxsize=2)
def forms_in(line_end: bytes) -> TrailerForms:
    """Return the forms for this line end; they are made once."""
    return TrailerForms(line_end)


def odd_end(data: bytes) -> str:
    """Return text to add to an error if `data` ends like a trailer, but has none.

    The text shows only line ends and results of AT+QHTTPREAD, no other bytes.
    """
    ending = _ENDING.search(data[-ENDING_LIMIT:])
    if ending is None:
        return ""
    parts = _PART.findall(ending[0])
    told = " ".join(_LINE_ENDS.get(part) or printable(part) for part in parts)
    return (
        f"; what came last is {told}. If this firmware ends a response like this, only "
        "responses with Content-Length or chunk framing can be read"
    )


def are_lines(data: bytes, start: int) -> bool:
    """Return whether only lines of the module follow `start`.

    They are matched one by one: one pattern for all would try 2**n ways to divide n
    lines.
    """
    while found := _LINES.match(data, start):
        start = found.end()
    return start == len(data)


def without_answer(data: bytes) -> bytes:
    """Return `data` without the answer to the first line of a question at its end."""
    return _ANSWER.sub(b"", data)
