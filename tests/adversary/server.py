"""The network behind the modem: a server that attacks, and one that does not."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Callable, Iterable

from requests_bg96.emulator import (
    CallableNetwork,
    Clock,
    Module,
    Switches,
    TlsSettings,
)
from requests_bg96.emulator.network import (
    Closed,
    Connected,
    Event,
    Received,
    ServerConnection,
)
from requests_bg96.emulator.request_framing import RequestFraming
from requests_bg96.emulator.scheduler import NEVER
from tests.adversary.bank import Bank
from tests.adversary.plans import (
    EVIL,
    FORGED,
    PACKET,
    Answer,
    Close,
    Coded,
    Mimic,
    Part,
    Reaction,
    Say,
)
from tests.support import cut, response

#: The most times that the server sends something: even it has an end.
BREATH = 400
#: The question by which the client checks that the module listens.
_WORD = re.compile(rb"(?<=AT)(?:Q0|V1){40}(?=E[01]\r)")


def blotted(data: bytes) -> bytes:
    """The bytes of the host that a server sees: all except the random words.

    Another word is in their place, so that the server's module understands it.
    """
    return _WORD.sub(b"Q0" * 40, data)


class Impostor:
    """A module of the server, which hears all bytes of the host.

    :param switches: those of the module that it imitates.
    :param now: the time in seconds.
    """

    def __init__(self, switches: Switches, now: float) -> None:
        network = CallableNetwork(lambda request: FORGED)
        self.module = Module(network, now=now, switches=switches)

    def hear(self, data: bytes, now: float) -> bytes:
        """Return what the module would answer at once."""
        self.module.receive(data, now)
        return self.drained(now)

    def drained(self, now: float) -> bytes:
        """Return what the module would have sent until now."""
        said = b""
        while True:
            self.module.step(now)
            if not (piece := self.module.take(1 << 20)):
                return said
            said += piece


class Adversary:
    """All servers; the one that attacks is `EVIL`.

    :param opening: its answer to the first request.
    :param reactions: its actions when the host writes.
    :param switches: those of the module.
    :param packets: the bytes of its packets, again and again.
    """

    busy = False

    def __init__(
        self,
        opening: Iterable[Part],
        reactions: Iterable[Reaction],
        switches: Switches,
        packets: tuple[int, ...] = (PACKET,),
    ) -> None:
        self.bank = Bank()
        #: All bytes that the server that attacks has received.
        self.received = bytearray()
        self.impostor = Impostor(switches, 0.0)
        #: The time from which it answers everything, and its delay.
        self.mimics = NEVER, 0.0
        self.opening = tuple(opening)
        self.packets = packets
        self.breath = BREATH
        #: All connections to the server that attacks.
        self.links: list[HostileLink] = []
        self._honest = self.bank.network
        #: How often each may still happen.
        self._reactions = {one: one.times for one in reactions}

    # Calls of the module, as to a network.

    def attach(self, clock: Clock, notify: Callable[[], None]) -> None:
        """Do nothing: all times are those of the module."""

    def connect(
        self, host: str, port: int, tls: TlsSettings | None, now: float
    ) -> ServerConnection:
        """Start a connection."""
        if host != EVIL:
            return self._honest.connect(host, port, tls, now)
        self.mimics = NEVER, 0.0
        self.links.append(HostileLink(self, now))
        return self.links[-1]

    def resolve(self, host: str, now: float) -> ServerConnection:
        """Start to look up a name."""
        return self._honest.resolve(host, now)

    # Calls of the host's port.

    def overhear(self, data: bytes, now: float) -> None:
        """Take what the host writes, and answer it."""
        seen = blotted(data)
        answer = self.impostor.hear(seen, now)
        if not self.links or (link := self.links[-1]).over:
            return
        for reaction, left in self._reactions.items():
            if left and re.search(reaction.to, seen):
                self._reactions[reaction] -= 1
                link.play(reaction.parts, now, answer)
                return
        since, delay = self.mimics
        if now >= since:
            link.say(answer, now + delay)

    def fall_silent(self, now: float) -> None:
        """From now on, be an honest server, which closes its connections."""
        self.opening = (Say(response(b"nothing")), Close())
        self._reactions.clear()
        self.mimics = NEVER, 0.0
        for link in self.links:
            link.hang_up(now)


class HostileLink:
    """One connection to the server that attacks."""

    def __init__(self, adversary: Adversary, now: float) -> None:
        self.over = False
        #: All bytes that it has sent.
        self.said = bytearray()
        self._coded = False
        self._adversary = adversary
        self._framing = RequestFraming()
        self._events: list[tuple[float, int, Event]] = []
        self._numbers = itertools.count()
        self._add(now, Connected())

    def due(self) -> float:
        """Return the time of the next event."""
        if self.over:
            return NEVER
        return min(self._events[0][0] if self._events else NEVER, self._later())

    def take(self) -> Event:
        """Return the next event."""
        later = self._later()
        if self._events and self._events[0][0] <= later:
            return self._taken(heapq.heappop(self._events)[2])
        self._adversary.breath -= 1
        said = self._adversary.impostor.drained(later)
        return self._taken(Received(self._form(said)))

    def _taken(self, event: Event) -> Event:
        self.over = self.over or isinstance(event, Closed)
        if isinstance(event, Received):
            self.said += event.data
        return event

    @property
    def unsent(self) -> int:
        """The bytes that the server has not received: none."""
        return 0

    def shut_down(self, now: float) -> None:
        """Close too."""
        self.hang_up(now)

    def send(self, data: bytes, now: float) -> None:
        """Take bytes of a request; answer it once it is complete."""
        self._adversary.received += data
        if self._framing.feed(data) is not None:
            self.play(self._adversary.opening, now)

    def finish(self, now: float) -> None:
        """Answer a request without an end."""
        if self._framing.rest() is not None:
            self.play(self._adversary.opening, now)

    def close(self) -> None:
        """Close the connection."""
        self.over = True
        self._events.clear()

    def hang_up(self, now: float) -> None:
        """Close the connection, as the server does."""
        self._events.clear()
        self._add(now, Closed())

    def play(self, parts: Iterable[Part], now: float, answer: bytes = b"") -> None:
        """Do these actions in order."""
        for part in parts:
            if isinstance(part, Say):
                self.say(part.data, now)
            elif isinstance(part, Answer):
                self.say(answer, now)
            elif isinstance(part, Close):
                self._add(now, Closed(part.reset))
            elif isinstance(part, Mimic):
                self._adversary.mimics = now, part.delay
            elif isinstance(part, Coded):
                self._coded = True
            else:
                now += part.seconds

    def say(self, data: bytes, now: float) -> None:
        """Send bytes at a time."""
        if data and self._adversary.breath > 0:
            self._adversary.breath -= 1
            for packet in cut(self._form(data), self._adversary.packets):
                self._add(now, Received(packet))

    def _form(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._coded and data else data

    def _later(self) -> float:
        """Return the time at which the impostor sends something unasked."""
        since, delay = self._adversary.mimics
        if since == NEVER or self._adversary.breath <= 0:
            return NEVER
        return max(since, self._adversary.impostor.module.due())

    def _add(self, time: float, event: Event) -> None:
        if not self.over:
            heapq.heappush(self._events, (time, next(self._numbers), event))
