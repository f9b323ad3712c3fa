"""The network behind the modem: a server that attacks, and one that does not."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import re
from collections.abc import Callable, Iterable

from requests_bg96.emulator import (
    CallableNetwork,
    Clock,
    Module,
    ReceivedRequest,
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
from tests.adversary.plans import (
    EVIL,
    FORGED,
    Answer,
    Close,
    Coded,
    Mimic,
    Part,
    Reaction,
    Say,
)
from tests.support import cut, response

#: Bytes of one packet.
PACKET = 1460
#: How often the server sends anything: even it has an end.
BREATH = 400
#: The field of a response in which the bank's word is as well.
WORD = b"X-Word"
#: The question by which the client makes sure of the module.
_WORD = re.compile(rb"(?<=AT)(?:Q0|V1){40}(?=E[01]\r)")


def blotted(data: bytes) -> bytes:
    """What a server sees of what the host writes: all but the random words.

    What stands for a word is one, so that the module of the server understands it.
    """
    return _WORD.sub(b"Q0" * 40, data)


class Impostor:
    """A module of the server's own, which hears all that the host says.

    :param switches: of the module that it stands for.
    :param now: seconds.
    """

    def __init__(self, switches: Switches, now: float) -> None:
        network = CallableNetwork(lambda request: FORGED)
        self.module = Module(network, now=now, switches=switches)

    def hear(self, data: bytes, now: float) -> bytes:
        """Return what the module would answer at once."""
        self.module.receive(data, now)
        return self.drained(now)

    def drained(self, now: float) -> bytes:
        """Return what the module would have said by now."""
        said = b""
        while True:
            self.module.step(now)
            if not (piece := self.module.take(1 << 20)):
                return said
            said += piece


class Bank:
    """A server that answers each request by what nobody else can know."""

    def __init__(self) -> None:
        #: What was asked, by the answer.
        self.given: dict[bytes, ReceivedRequest] = {}

    def __call__(self, request: ReceivedRequest) -> bytes:
        word = hashlib.sha256(b"%d of the bank" % len(self.given)).hexdigest().encode()
        self.given[word] = request
        return response(word, b"%b: %b" % (WORD, word))


class Adversary:
    """Every server there is; the one that attacks is `EVIL`.

    :param opening: what it does when it is asked.
    :param reactions: what it does to what the host writes.
    :param switches: of the module.
    """

    busy = False

    def __init__(
        self, opening: Iterable[Part], reactions: Iterable[Reaction], switches: Switches
    ) -> None:
        self.bank = Bank()
        #: Every byte that the server that attacks has got.
        self.received = bytearray()
        self.impostor = Impostor(switches, 0.0)
        #: The time from which on everything is answered, and how late.
        self.mimics = NEVER, 0.0
        self.opening = tuple(opening)
        self.breath = BREATH
        self._honest = CallableNetwork(self.bank)
        #: How often each is to happen yet.
        self._reactions = {one: one.times for one in reactions}
        self._link: HostileLink | None = None

    # What the module asks of a network.

    def attach(self, clock: Clock, notify: Callable[[], None]) -> None:
        """Take note of nothing: all times are those of the module."""

    def connect(
        self, host: str, port: int, tls: TlsSettings | None, now: float
    ) -> ServerConnection:
        """Start to connect."""
        if host != EVIL:
            return self._honest.connect(host, port, tls, now)
        self.mimics = NEVER, 0.0
        self._link = HostileLink(self, now)
        return self._link

    def resolve(self, host: str, now: float) -> ServerConnection:
        """Look a name up."""
        return self._honest.resolve(host, now)

    # What the host's port tells.

    def overhear(self, data: bytes, now: float) -> None:
        """Take what the host writes, and answer it."""
        seen = blotted(data)
        answer = self.impostor.hear(seen, now)
        if (link := self._link) is None or link.over:
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
        """Be an honest server from now on, which closes what it has open."""
        self.opening = (Say(response(b"nothing")), Close())
        self._reactions.clear()
        self.mimics = NEVER, 0.0
        if self._link is not None:
            self._link.hang_up(now)


class HostileLink:
    """One connection to the server that attacks."""

    def __init__(self, adversary: Adversary, now: float) -> None:
        self.over = False
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
            event = heapq.heappop(self._events)[2]
            self.over = self.over or isinstance(event, Closed)
            return event
        self._adversary.breath -= 1
        return Received(self._form(self._adversary.impostor.drained(later)))

    @property
    def unsent(self) -> int:
        """Bytes that the server has not got: none."""
        return 0

    def shut_down(self, now: float) -> None:
        """Close as well."""
        self.hang_up(now)

    def send(self, data: bytes, now: float) -> None:
        """Take bytes of a request; one that is whole is answered."""
        self._adversary.received += data
        if self._framing.feed(data) is not None:
            self.play(self._adversary.opening, now)

    def finish(self, now: float) -> None:
        """Answer what has no end."""
        if self._framing.rest() is not None:
            self.play(self._adversary.opening, now)

    def close(self) -> None:
        """End the connection."""
        self.over = True
        self._events.clear()

    def hang_up(self, now: float) -> None:
        """Let the server close now."""
        self._events.clear()
        self._add(now, Closed())

    def play(self, parts: Iterable[Part], now: float, answer: bytes = b"") -> None:
        """Do all of this, one after the other."""
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
            for packet in cut(self._form(data), [PACKET]):
                self._add(now, Received(packet))

    def _form(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._coded and data else data

    def _later(self) -> float:
        """Return when the impostor has something to say of its own accord."""
        since, delay = self._adversary.mimics
        if since == NEVER or self._adversary.breath <= 0:
            return NEVER
        return max(since, self._adversary.impostor.module.due())

    def _add(self, time: float, event: Event) -> None:
        if not self.over:
            heapq.heappush(self._events, (time, next(self._numbers), event))
