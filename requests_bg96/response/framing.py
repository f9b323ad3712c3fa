"""Find the end of a response, without I/O.

AT+QHTTPREAD sends a response as plain bytes, and then a trailer of ordinary lines. No
byte marks the border, because a response may have any bytes. `Framing` finds the end by
HTTP (RFC 9112 chapter 6). It searches for the trailer only if HTTP does not tell the
end. There are two such cases:

* No length is known, or the module removes the framing of a chunked body. Then the last
  full trailer ends the response.
* The server hangs up early. Then a full trailer comes while payload is still expected.

The server can send a trailer, too. So if bytes could be a trailer, they are withheld
until more bytes come, or until the module is asked and answers. Even if HTTP and the
trailer agree, the server may have given us another length than the module. The end is
`certain` only if the module itself has named the same length.

Some modules keep the framing of a chunked body, others remove it. Each response is read
by its own bytes: one server's response says nothing about another's. The body always
leaves this module with chunk framing, so that `http.client` sees one coherent message.
"""

from __future__ import annotations

import re

from ..errors import TransferError
from .chunks import ChunkScanner, may_be_chunked
from .head import body_of
from .trailer import (
    TRAILER_LIMIT,
    Trailer,
    are_lines,
    forms_in,
    odd_end,
    without_answer,
)

__all__ = ("MISPLACED", "Framing", "Trailer")

#: http.client accepts 100 header lines of 65,536 bytes; real heads are much shorter.
HEAD_LIMIT = 1 << 20
#: The most bytes of a chunked body that are kept back while its form is not known.
DOUBT_LIMIT = 1 << 20
#: The bytes at the end that are checked for a last chunk and its trailer fields.
TAIL_LIMIT = 512


_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FAULT = "the chunk framing of the response has an error"
#: The error if the trailer is not at the end of the body.
MISPLACED = (
    "the response does not end where its length says: bytes of it are missing, or too "
    "many"
)


class Framing:
    """One response of AT+QHTTPREAD.

    :param method: the method of the request; the answer to HEAD has no body.
    :param announced: the length of the body in the module's result URC, in bytes, if
        given.
    :param line_end: the line end of the module's own lines.
    """

    def __init__(
        self, method: str, announced: int | None = None, line_end: bytes = b"\r\n"
    ) -> None:
        #: Whether the end was reached; the trailer follows.
        self.finished = False
        #: Whether HTTP says that there is no body. The module does not know this.
        self.bodyless = False
        self._method = method
        self._announced = announced
        self._forms = forms_in(line_end)
        self._agreed = False
        self._interim = False
        self._lent = b""
        self._buffer = bytearray()
        self._searched = 0
        self._ready = bytearray()
        self._left = 0
        self._chunks = ChunkScanner()
        self._fed = 0
        self._reframed = False
        self._last = b""
        self._fresh = False
        self._state = self._in_head

    def __repr__(self) -> str:
        state = "finished" if self.finished else self._state.__name__.removeprefix("_")
        return f"<{type(self).__name__} {state}, {len(self._ready)} bytes ready>"

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came from the port.

        :raises TransferError: if they cannot be a response.
        """
        self._buffer += data
        while not self.finished and self._state():
            pass
        if self.finished:
            self._look_behind()

    def _look_behind(self) -> None:
        """Handle bytes that a module may send between the end and the trailer."""
        end, ok = self._forms.line_end, self._forms.ok
        lacks = self._buffer.startswith(self._forms.bare_ok)
        if self.bodyless:
            # The module does not know that there is no body.
            del self._buffer[: self._withheld()[0]]
        elif self._buffer.startswith(end + ok):
            self._agreed = False
            del self._buffer[: len(end)]
        elif lacks and not self._last.endswith(end):
            # If a line end were lost before it, the body would end with one.
            self._agreed = False
            self._buffer[:0] = end

    def take(self, size: int, keep: int = 0) -> bytes:
        """Return up to `size` bytes that certainly belong to the response.

        :param keep: the number of bytes to leave in any case.
        """
        size = min(size, len(self._ready) - keep)
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    @property
    def available(self) -> int:
        """The number of bytes that `take` can return."""
        return len(self._ready)

    @property
    def remaining(self) -> int | None:
        """The number of bytes that are still to come, if known."""
        if self.finished:
            return 0
        if self._state == self._in_length:
            return max(0, self._left - len(self._buffer))
        return None

    @property
    def certain(self) -> bool:
        """Whether the end is certainly also the end for the module."""
        whole = self._forms.whole
        return self._agreed and whole.fullmatch(self._withheld()[1]) is not None

    # The trailer

    @property
    def trailer(self) -> Trailer:
        """What the withheld bytes could be."""
        start, withheld = self._withheld()
        if self.finished and start:
            odd = (self._forms.line_end + self._forms.ok, self._forms.bare_ok)
            begun = any(one.startswith(self._buffer) for one in odd)
            return Trailer.BEGUN if begun else Trailer.WRONG
        if not withheld:
            return Trailer.NONE
        if self._forms.line_end.startswith(withheld):
            return Trailer.LINE_END
        return Trailer.BEGUN if self._forms.err(withheld) is None else Trailer.FULL

    def take_trailer(self) -> tuple[int, bytes]:
        """Return the err and the lines of the full trailer that is withheld.

        If the end was not reached before, this is the end.

        :raises TransferError: if the form of a chunked body is not clear, or if the
            reader has already got a part of the trailer.
        """
        start, trailer = self._withheld()
        err = self._forms.err(trailer)
        if err is None:
            raise ValueError("no full trailer is withheld")
        lent = len(trailer) > len(self._buffer) and not self._fresh
        del self._buffer[start:]
        if lent and self._state == self._in_rest:
            raise TransferError(
                "the line stalled inside the trailer of the response, and the first "
                "line end of the trailer was taken for the body"
            )
        if not self.finished:
            self._end(sound=err == 0)
        return err, trailer

    def conclude(self, rest: bytes) -> tuple[int, bytes, bytes]:
        """End the response, after the module has proved that it is in command mode.

        So the last full trailer is the module's, whatever the server has sent.

        :param rest: the bytes after the withheld bytes.
        :returns: the same as `take_trailer`, and the lines after the trailer.
        :raises TransferError: if there is no trailer, or if more than lines follow it.
        """
        withheld = self._withheld()[1]
        whole = withheld + rest
        last = self._forms.odd.match(whole) if self.finished else None
        for last in [] if last else self._forms.whole.finditer(whole):
            pass
        if last is None or not are_lines(whole, last.end()):
            found = odd_end(without_answer(self._last + whole))
            raise TransferError(f"the response did not end with its trailer{found}")
        if whole.endswith(self._forms.ok, len(withheld), last.start()):
            raise TransferError(
                "the end of the response and the answer to a question came together, "
                "so their OK cannot be told apart"
            )
        self.receive_data(whole[len(withheld) : last.end()])
        if self.trailer is not Trailer.FULL:
            raise TransferError(MISPLACED)
        return *self.take_trailer(), whole[last.end() :]

    def _withheld(self) -> tuple[int, bytes]:
        """Return the bytes that could begin a trailer, and where they begin.

        After a head, its final empty line may already be the trailer's, if the server
        hung up inside the head. A line end that was released may be, too.
        """
        if self.finished and self._forms.odd_beginning.fullmatch(self._buffer):
            return 0, bytes(self._buffer)
        before = self._forms.line_end if self._fresh else self._lent
        if before and not self.finished and len(self._buffer) <= TRAILER_LIMIT:
            trailer = before + bytes(self._buffer)
            if self._buffer and self._forms.beginning.fullmatch(trailer):
                return 0, trailer
        start = self._forms.tail(self._buffer)
        return start, bytes(self._buffer[start:])

    @property
    def odd_end(self) -> str:
        """The text to add to the error if the response falls silent."""
        return odd_end(self._last + self._buffer)

    @property
    def in_doubt(self) -> bool:
        """Whether bytes are kept back because the form of chunks is not known yet."""
        return self._state == self._in_doubt and bool(self._buffer)

    def decide(self) -> None:
        """Decide the form of a chunked body by the bytes so far, if they are enough.

        If they begin with a size and continue, the body has chunk framing. A few digits
        alone prove nothing.
        """
        if self._state == self._in_doubt and self._chunks.begun:
            self._settle_raw()

    def release(self) -> None:
        """Release a line end, because the module has stopped after it."""
        self.decide()
        released = bytes(self._buffer)
        if self._state == self._in_length:
            self._left -= self._pass(min(self._left, len(self._buffer)))
            self.finished = not self._left
        elif self._state == self._in_rest:
            self._pass(len(self._buffer))
        elif self._state == self._in_raw:
            self._follow(len(self._buffer))
        if not self._buffer:
            self._lent = released

    def fill(self) -> None:
        """Take the withheld bytes for the body, although they look like a trailer.

        They complete its length. Nothing shows that the module is done, but it has sent
        all bytes.
        """
        if self._state == self._in_length and self._left <= len(self._buffer):
            self._pass(self._left)
            self.finished = True

    def _end(self, *, sound: bool) -> None:
        if self._state == self._in_doubt:
            if self._chunks.count:
                raise TransferError("the response ended inside its chunk framing")
            self._settle_decoded()
        self._pass(len(self._buffer))
        self.finished = True
        if self._reframed and sound:
            if may_be_chunked(self._last):
                raise TransferError(_FAULT)
            self._ready += b"0\r\n\r\n"

    # States: each takes bytes from the buffer, and tells whether to call the next state

    def _in_head(self) -> bool:
        match = _HEAD_END.search(self._buffer, self._searched)
        if match is None:
            self._searched = max(0, len(self._buffer) - 3)
            if len(self._buffer) > HEAD_LIMIT:
                raise TransferError(f"the head has more than {HEAD_LIMIT} bytes")
            return False
        head = bytes(self._buffer[: match.end()])
        del self._buffer[: match.end()]
        self._searched = 0
        self._ready += head
        if re.match(rb"HTTP/1\.\d +100\b", head):
            self._interim = True
        else:
            self._begin_body(head)
        return True

    def _begin_body(self, head: bytes) -> None:
        self._fresh = head.endswith(self._forms.line_end)
        body = body_of(head, self._method)
        self.bodyless = body.bodyless
        if body.bodyless:
            self._state = self._in_length
        elif body.chunked:
            self._state = self._in_doubt
        elif body.length is not None:
            same = body.length == self._announced and not self._interim
            self._agreed = same and body.unambiguous
            self._left, self._state = body.length, self._in_length
        else:
            self._state = self._in_rest

    def _in_length(self) -> bool:
        """Look for the end of a body of known length.

        If the server hangs up a few bytes before it, the trailer fills the missing
        bytes, so it begins before the end.
        """
        start = self._withheld()[0]
        if self.bodyless:
            self.finished = True
        elif start < self._left:
            self._left -= self._pass(start)
        else:
            self._pass(self._left)
            self.finished = True
        return False

    def _in_rest(self) -> bool:
        """Only the trailer ends this body."""
        self._pass(self._withheld()[0])
        return False

    def _in_raw(self) -> bool:
        """Look for the end of a body that has chunk framing."""
        end = self._withheld()[0]
        if self._chunks.wants_line_end and self._buffer.startswith(b"\r\n"):
            end = max(end, 2)
        self._follow(end)
        return False

    def _in_doubt(self) -> bool:
        """Keep back a body that has chunk framing, or begins as if it had."""
        end = self._withheld()[0]
        try:
            self._fed += self._chunks.feed(bytes(self._buffer[self._fed : end]))
        except TransferError:
            if self._chunks.count:
                raise
            self._settle_decoded()
            return True
        if self._chunks.finished:
            if not self._forms.may_begin(bytes(self._buffer[self._fed :])):
                raise TransferError(_FAULT)
            self._settle_raw()
        elif len(self._buffer) > DOUBT_LIMIT:
            self._settle_raw()
        return False

    def _settle_raw(self) -> None:
        self._state = self._in_raw
        self._pass(self._fed)
        self._follow(0)

    def _settle_decoded(self) -> None:
        self._state, self._reframed = self._in_rest, True

    def _follow(self, end: int) -> None:
        self._pass(self._chunks.feed(bytes(self._buffer[:end])))
        if self._chunks.finished:
            self.finished = True

    def _pass(self, size: int) -> int:
        """Release `size` bytes, in our own chunks if the module removed its framing."""
        if size:
            self._fresh, self._lent = False, b""
            data = bytes(self._buffer[:size])
            del self._buffer[:size]
            self._last = (self._last + data[-TAIL_LIMIT:])[-TAIL_LIMIT:]
            self._ready += b"%x\r\n%b\r\n" % (size, data) if self._reframed else data
        return size
