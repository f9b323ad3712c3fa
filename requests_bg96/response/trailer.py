"""The lines that end AT+QHTTPREAD, as bytes: what they look like, and how they begin.

The module ends its lines in CR LF (AT manual 2.15), or, as nobody has seen yet, in LF
alone. Each has forms of its own, and none of them mixes the two: a body would have more
ways to look like a trailer.
"""

from __future__ import annotations

import enum
import functools
import re

from ..at.printable import printable

__all__ = ("TRAILER_LIMIT", "Trailer", "TrailerForms", "forms_in", "odd_end")

#: A trailer with the URCs behind it, before it is asked whether it is one: a module was
#: not seen to say as many.
TRAILER_LIMIT = 4_096

#: Of a response that ends like a trailer, and has none, as many bytes are looked at.
ENDING_LIMIT = 200
#: Nothing but line ends, and lines with which a read ends.
_RESULT = rb"\+(?:QHTTPREAD|CME ERROR): ?[0-9]{1,9}"
_ENDING = re.compile(rb"(?:\r|\n|OK|%b)*%b(?:\r|\n|OK)*\Z" % (_RESULT, _RESULT))
_PART = re.compile(rb"\r\n|\r|\n|OK|%b" % _RESULT)
_LINE_ENDS = {b"\r\n": "CR LF", b"\r": "CR", b"\n": "LF"}


class Trailer(enum.Enum):
    """What the bytes that are withheld could be."""

    #: There are none.
    NONE = enum.auto()
    #: The line end that a trailer begins with, and lines of text end with.
    LINE_END = enum.auto()
    #: More of the beginning of a trailer.
    BEGUN = enum.auto()
    #: A whole one.
    FULL = enum.auto()
    #: None: they stand where only a trailer may stand, and are none.
    WRONG = enum.auto()


def _prefixes(literal: bytes, rest: bytes) -> bytes:
    """Return a pattern for every beginning of `literal`, and for it and `rest`."""
    pattern = rest
    for byte in reversed(literal):
        pattern = rb"(?:%b%b)?" % (re.escape(bytes((byte,))), pattern)
    return pattern


class TrailerForms:
    """The forms of a trailer from a module that ends its lines in `line_end`.

    :param line_end: CR LF, or LF.
    """

    def __init__(self, line_end: bytes) -> None:
        #: What ends a line of the module, and begins it.
        self.line_end = line_end
        #: The first line of a trailer, and the same without its first line end.
        self.ok = line_end + b"OK" + line_end
        self.bare_ok = b"OK" + line_end
        # In the patterns: a line end, its first byte, and what of it ends a part.
        end, first = re.escape(line_end), re.escape(line_end[:1])
        half = _prefixes(line_end[:-1], b"")
        line = rb"[^\r\n]{1,200}" + end
        urcs = rb"(?:%b(?!OK%b|\+QHTTPREAD:|\+CME ERROR:)%b)*" % (end, first, line)
        # The end of an earlier response may be reported late, and so come behind this
        # one's.
        behind = rb"(?:%b(?!OK%b|\+CME ERROR:)%b)*" % (end, first, line)
        read = rb"\+QHTTPREAD: *(\d+)" + end
        error = rb"%b\+CME ERROR: *(\d+)%b" % (end, end)
        part = _prefixes(line_end, rb"(?:[^\r\n]{1,200}%b)?" % half)
        ok = re.escape(self.ok)
        #: A whole one, and every beginning of one.
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
                    line_end + b"+CME ERROR: ",
                    rb"\d*" + _prefixes(line_end, behind + part),
                ),
            )
        )
        #: As a module may have it besides: one line end too few or too many, the URC
        #: before OK, or no OK. It is looked for only behind a body whose end is known:
        #: elsewhere it would make a trailer of the body's own bytes.
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
                    line_end + b"+QHTTPREAD: ",
                    rb"\d*" + _prefixes(line_end, rb"(?:%b)?%b%b" % (ok, behind, part)),
                ),
            )
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {self.line_end!r}>"

    def err(self, trailer: bytes) -> int | None:
        """Return the ``<err>`` in a full trailer, or None if it is none."""
        match = self.whole.fullmatch(trailer) or self.odd.fullmatch(trailer)
        return int(next(filter(None, match.groups()))) if match else None

    def may_begin(self, data: bytes) -> bool:
        """Return whether `data`, behind a body's end, is the beginning of a trailer."""
        end = self.line_end
        before = data[len(end) :] if data.startswith(end + end[:1]) else data
        patterns = (self.beginning, self.odd_beginning)
        return any(one.fullmatch(before) for one in patterns)

    def tail(self, data: bytes | bytearray) -> int:
        """Return where in `data` an ending begins that a trailer could begin with."""
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
    """Return what to add to an error where `data` ends like a trailer, and is none.

    Of `data` no more is told than line ends and results of AT+QHTTPREAD.
    """
    ending = _ENDING.search(data[-ENDING_LIMIT:])
    if ending is None:
        return ""
    parts = _PART.findall(ending[0])
    told = " ".join(_LINE_ENDS.get(part) or printable(part) for part in parts)
    return (
        f"; what came last is {told}. If this firmware ends a response so, its "
        "responses can be read only where Content-Length or chunk framing tells their "
        "end"
    )
