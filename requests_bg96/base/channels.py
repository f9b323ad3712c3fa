"""The table of the module's sockets: what is known of each, without I/O.

The module's URCs feed it. A URC is only a hint, because the module may forget one, and
noise may make one. What counts is the answer to a command: AT+QIRD and AT+QISTATE.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable

from ..errors import BG96Error
from .recording import SocketRecording

__all__ = ("MOST_CHANNELS", "TcpChannel", "ChannelState", "TcpChannels")

#: The sockets of a module, of all contexts together (TCP manual 2.1.4).
MOST_CHANNELS = 12

_OPENED = re.compile(rb"\+QIOPEN: *(\d{1,2}), *(\d{1,4})")
_ABOUT = re.compile(rb'\+QIURC: *"(recv|closed)", *(\d{1,2})(?:,.*)?')
_CONTEXT = re.compile(rb'\+QIURC: *"pdpdeact", *(\d{1,2})')


class ChannelState(enum.Enum):
    """What is known of one of the module's sockets."""

    #: AT+QIOPEN was given; its result is still to come.
    OPENING = "opening"
    OPEN = "open"
    #: The server has sent its end, and all its bytes were read.
    ENDED = "ended"
    #: It can no longer be used; `TcpChannel.failure` says why.
    DEAD = "dead"


@dataclasses.dataclass(eq=False)
class TcpChannel:
    """One of the module's sockets.

    :param number: its <connectID>.
    :param state: what is known of it.
    :param opened: the number that the URC of AT+QIOPEN told; None before that.
    :param hinted: whether bytes may wait in the module.
    :param closing: whether the module has told that the server has closed it.
    :param cut: whether the module has told that the network has dropped its context.
    :param failure: why it is dead.
    :param data: the bytes that came and were not read yet.
    :param sent: how many bytes the module has taken.
    :param full: the bytes on their way to the server when the module had no room.
    :param full_reads: how often the last line has read, if the last read was full.
    :param shut: whether its reader was told to stop.
    :param refused: how often in a row the module has refused a command for it.
    :param recording: gets the dialogue of its current request; None without a trace.
    """

    number: int
    state: ChannelState = ChannelState.OPENING
    opened: int | None = None
    hinted: bool = False
    closing: bool = False
    cut: bool = False
    failure: BG96Error | None = None
    data: bytearray = dataclasses.field(default_factory=bytearray, repr=False)
    sent: int = 0
    full: int = 0
    full_reads: int = 0
    shut: bool = False
    refused: int = 0
    recording: SocketRecording | None = dataclasses.field(default=None, repr=False)

    @property
    def usable(self) -> bool:
        """Whether it is neither ended nor dead."""
        return self.state in (ChannelState.OPENING, ChannelState.OPEN)

    @property
    def readable(self) -> bool:
        """Whether a reader gets something at once: bytes, the end, or an error."""
        return bool(self.data) or self.shut or not self.usable

    @property
    def has_news(self) -> bool:
        """Whether there is a reason to ask the module, or to look here."""
        if self.state is ChannelState.OPENING:
            return self.opened is not None
        return self.hinted or self.closing or self.cut or self.readable

    def end(self) -> None:
        """Record the end of the server's bytes."""
        if self.usable:
            self.state = ChannelState.ENDED

    def kill(self, failure: BG96Error) -> None:
        """Record that it is of no use any more, because of `failure`."""
        if self.state is not ChannelState.DEAD:
            self.state, self.failure = ChannelState.DEAD, failure


class TcpChannels:
    """All sockets that are ours.

    :param on_news: called after each change that a waiting thread may wait for.
    """

    def __init__(self, on_news: Callable[[], None] = lambda: None) -> None:
        self.on_news = on_news
        #: The numbers that must be closed before they can be used again.
        self.unclosed: set[int] = set()
        self._taken: dict[int, TcpChannel] = {}
        self._last = MOST_CHANNELS - 1

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {sorted(self._taken)}>"

    @property
    def all(self) -> list[TcpChannel]:
        """The channels that are ours and not closed."""
        return list(self._taken.values())

    def add(self) -> TcpChannel | None:
        """Return a new channel with a free number; None if all are taken.

        The number that was used longest ago comes first, so that a late URC of an
        earlier socket is hardly ever taken for one of this.
        """
        for step in range(1, MOST_CHANNELS + 1):
            number = (self._last + step) % MOST_CHANNELS
            if number not in self._taken and number not in self.unclosed:
                self._last = number
                return self._taken.setdefault(number, TcpChannel(number))
        return None

    def remove(self, channel: TcpChannel, *, closed: bool = False) -> None:
        """Forget a channel that nobody uses any more.

        :param closed: whether the module has it no longer.
        """
        if self._taken.get(channel.number) is channel:
            if not closed:
                self.unclosed.add(channel.number)
            del self._taken[channel.number]

    def lose(self, failure: Callable[[], BG96Error]) -> None:
        """Record that all channels are dead, and none needs to be closed."""
        self.unclosed.clear()
        for channel in self.all:
            channel.kill(failure())
            self.remove(channel, closed=True)
        self.on_news()

    def doubt(self) -> None:
        """Record that URCs may have been lost."""
        for channel in self.all:
            channel.hinted = True
        self.on_news()

    def note(self, line: bytes) -> None:
        """Take a URC as a hint."""
        if found := _OPENED.fullmatch(line):
            channel = self._taken.get(int(found[1]))
            if channel and channel.state is ChannelState.OPENING:
                channel.opened = int(found[2])
        elif found := _ABOUT.fullmatch(line):
            if channel := self._taken.get(int(found[2])):
                channel.hinted = True
                channel.closing = channel.closing or found[1] == b"closed"
        elif _CONTEXT.fullmatch(line):
            for channel in self.all:
                channel.hinted = channel.cut = True
        else:
            return
        self.on_news()
