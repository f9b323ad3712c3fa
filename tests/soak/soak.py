"""Mixed requests over one modem, some with a fault, and a count of all bytes."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import gc
import os
import random
import re
import threading
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any, Literal

import requests

from requests_bg96.clock import Clock
from requests_bg96.emulator import (
    CallableNetwork,
    ReceivedRequest,
    Silence,
    Switches,
    VirtualClock,
)
from tests.faults.cases import DIRECTIONS, FAULTS
from tests.faults.exchanges import whole
from tests.faults.trial import bounded, repair
from tests.support import Rig, chunks, response, rig

SOMEWHERE = "http://server.example/soak"
#: The timeouts, in seconds.
TIMEOUT = (120.0, 20.0)
#: The least bytes of each request's dialogue, in each direction, without bodies.
LEAST = 90
#: The seconds for which the reader of a stream is away.
AWAY = 0.5
#: The line in virtual time: it loses bytes that nobody takes within 350 ms.
LINE: dict[str, Any] = {"baudrate": 115_200, "overflow": 4_096}
#: The most responses that wait for their readers.
UNREAD = 3

Manner = Literal["read", "stream", "leave", "close"]


@dataclasses.dataclass(frozen=True)
class Plan:
    """One request, and what happens to its response."""

    number: int
    method: str
    data: bytes | None
    framing: str
    size: int
    by_file: bool
    manner: Manner

    @classmethod
    def drawn(cls, number: int, source: random.Random) -> Plan:
        """Draw a request at random."""
        method = source.choice(("GET", "GET", "POST", "PUT", "HEAD", "DELETE"))
        carries = method in ("POST", "PUT")
        return cls(
            number,
            method,
            b"z" * source.choice((1, 100, 3_000)) if carries else None,
            source.choice(("length", "chunked", "close")),
            source.choice((0, 10, 300, 5_000, 20_000)),
            source.random() < 0.05,
            source.choices(("read", "stream", "leave", "close"), (80, 10, 7, 3))[0],
        )

    @property
    def body(self) -> bytes:
        """The body of the response. Each part of it tells whose it is."""
        mark = b"%d " % self.number
        return b"" if self.method == "HEAD" else (mark * self.size)[: self.size]

    @property
    def answer(self) -> bytes:
        """The response as the server sends it."""
        if self.method == "HEAD":
            return response(b"", b"Content-Length: %d" % self.size)
        if self.framing == "chunked":
            return response(chunks(self.body, [997]), b"Transfer-Encoding: chunked")
        if self.framing == "close":
            return response(self.body, b"Connection: close")
        return response(self.body)


#: The request after a fault.
NEXT = Plan(0, "GET", None, "length", 300, False, "read")


class Servers:
    """All servers. They answer as planned, and count."""

    def __init__(self) -> None:
        self.seen = 0
        self.twice: list[int] = []
        self._latest: collections.deque[int] = collections.deque(maxlen=100)
        self.bytes: collections.Counter[str] = collections.Counter()
        self.plan: Plan | None = None

    def __call__(self, request: ReceivedRequest) -> bytes | list[Silence]:
        """Answer a request that is complete and is the one that is due."""
        found = re.search(rb"X-Number: (-?\d+)\r\n", request.data)
        if self.plan is None or found is None or not whole(request.data):
            return [Silence()]
        number = int(found[1])
        self.seen += 1
        self.twice += [number] if number in self._latest else []
        self._latest.append(number)
        self.bytes.update(up=len(request.data), down=len(self.plan.answer))
        return self.plan.answer


@dataclasses.dataclass(frozen=True)
class Held:
    """What the process holds."""

    memory: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> Held:
        """Look after everything that is not needed has gone, with threads."""
        until = time.monotonic() + 2.0
        while threading.active_count() > 1 and time.monotonic() < until:
            time.sleep(0.01)
        gc.collect()
        descriptors = len(os.listdir("/dev/fd"))
        memory = tracemalloc.get_traced_memory()[0]
        return cls(memory, descriptors, threading.active_count())


@dataclasses.dataclass
class Report:
    """The results."""

    outcomes: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    faults: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    problems: list[str] = dataclasses.field(default_factory=list)
    #: The bytes in both directions on which the modem's statistics and servers agree.
    accounted: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    before: Held | None = None
    after: Held | None = None
    seconds: float = 0.0


class Soak:
    """Requests of each kind, one after the other.

    :param clock: virtual, or the machine's.
    :param share: the share of requests with a fault.
    :param seed: the seed of the random numbers.
    :param via: the way of the requests that are not by file.
    """

    def __init__(
        self, clock: Clock, share: float, seed: int = 0, via: str = "line"
    ) -> None:
        self._clock = clock
        self._via = via
        self._share = share
        self._random = random.Random(seed)
        self._servers = Servers()
        self._unread: collections.deque[tuple[Plan, requests.Response]]
        self._unread = collections.deque()
        self._line: collections.Counter[str] = collections.Counter()
        self._base: dict[str, int] = {}
        self.report = Report()

    def run(self, count: int) -> Report:
        """Make `count` requests; the first fifth is to warm up."""
        with self._rig() as made:
            for number in range(count):
                if number == count // 5:
                    self._balance(made)
                    self.report.before = Held.now()
                self._one(made, Plan.drawn(number, self._random))
            self._balance(made)
            self.report.after = Held.now()
            self.report.seconds = made.clock.now()
        for number in self._servers.twice:
            self.report.problems.append(f"{number}: executed twice")
        return self.report

    @contextlib.contextmanager
    def _rig(self) -> Iterator[Rig]:
        with rig(
            clock=self._clock,
            adapter={"via": self._via},
            network=CallableNetwork(self._servers),
            switches=Switches(chunked="raw"),
            on_line=lambda way, data: self._line.update({way: len(data)}),
            **(LINE if isinstance(self._clock, VirtualClock) else {}),
        ) as made:
            self._base = self._counts(made)
            yield made

    def _one(self, made: Rig, plan: Plan) -> None:
        """Make a request, with a fault or without."""
        kind = None
        if self._random.random() < self._share:
            kind = self._random.choice(list(FAULTS))
        breaks = kind is not None or plan.manner == "close"
        if breaks:
            self._balance(made)
        if kind is not None:
            plan = dataclasses.replace(plan, manner="read")
            self._break(made, plan, kind)
        with bounded():
            self._ask(made, plan, kind)
        if breaks:
            # Whatever happened, the next one works.
            following = dataclasses.replace(NEXT, number=-plan.number - 1)
            self._ask(made, following, None)
            self._read_all(made)
            self._base = self._counts(made)

    def _break(self, made: Rig, plan: Plan, kind: str) -> None:
        """Add a fault before the dialogue of `plan` is over."""
        direction = self._random.choice(DIRECTIONS)
        body = plan.body if direction == "to_host" else plan.data or b""
        offset = self._random.randrange(LEAST + len(body))
        fault = dataclasses.replace(FAULTS[kind], direction=direction, offset=offset)
        self.report.faults[kind] += 1
        made.emulator.add_fault(fault)

    def _ask(self, made: Rig, plan: Plan, kind: str | None) -> None:
        self._servers.plan = plan
        way = made.adapter.via_file() if plan.by_file else contextlib.nullcontext()
        try:
            with way:
                answer = made.session.request(
                    plan.method,
                    SOMEWHERE,
                    data=plan.data,
                    headers={"X-Number": str(plan.number)},
                    timeout=TIMEOUT,
                    stream=plan.manner != "read",
                )
            self._deal_with(answer, plan, kind)
        except requests.RequestException as error:
            self.report.outcomes[type(error).__name__] += 1
            if kind is None:
                self.report.problems.append(f"{plan.number}: {error}")
        if kind is not None:
            repair(kind, made)

    def _deal_with(
        self, answer: requests.Response, plan: Plan, kind: str | None
    ) -> None:
        if plan.manner == "close":
            self.report.outcomes["closed early"] += 1
            answer.close()
        elif plan.manner == "leave" and kind is None:
            self._unread.append((plan, answer))
            if len(self._unread) > UNREAD:
                self._check(*self._unread.popleft())
        else:
            self._check(plan, answer, kind)

    def _check(
        self, plan: Plan, answer: requests.Response, kind: str | None = None
    ) -> None:
        pieces = answer.iter_content(1_000)
        content = next(pieces, b"")
        if plan.manner == "stream":
            # Bytes that come meanwhile are read in the background, as by default.
            self._clock.sleep(AWAY)
        content += b"".join(pieces)
        right = content == plan.body and answer.status_code == 200
        self.report.outcomes["right" if right else "noise went unnoticed"] += 1
        if not right and kind is None:
            self.report.problems.append(f"{plan.number}: {content[:40]!r}")

    def _read_all(self, made: Rig) -> None:
        """Read all waiting responses, and wait for the end on the line."""
        while self._unread:
            self._check(*self._unread.popleft())
        made.modem.signal()

    def _counts(self, made: Rig) -> dict[str, int]:
        """The surplus of the counts of servers and line over those of the modem."""
        stats, servers = made.modem.stats, self._servers
        return {
            "requests": servers.seen - stats.requests,
            "bytes up": servers.bytes["up"] - stats.bytes_up,
            "bytes down": servers.bytes["down"] - stats.bytes_down,
            "bytes from the host": self._line["from_host"] - stats.line_bytes_up,
            "bytes to the host": self._line["to_host"] - stats.line_bytes_down,
        }

    def _balance(self, made: Rig) -> None:
        """Compare the counts of both sides since the last fault."""
        self._read_all(made)
        counts = self._counts(made)
        if counts != self._base:
            text = f"not accounted for: {counts}, before: {self._base}"
            self.report.problems.append(text)
        self.report.accounted = collections.Counter(self._servers.bytes)
        self._base = self._counts(made)
