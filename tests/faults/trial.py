"""Carry a case out, and judge it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import types
from collections.abc import Iterator

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
)

from requests_bg96.emulator.results import CommandFailed
from requests_bg96.modem import ModemState
from tests.faults.cases import NOISE, Case, Dialogue, clean_dialogue
from tests.faults.exchanges import HOST, TIMEOUT, Counting, Exchange
from tests.faults.rigs import Scene, begun
from tests.support import Rig

#: The seconds of this machine after which a case counts as hanging.
PATIENCE = 20
#: urllib3 repeats these for each method: the server has certainly seen nothing.
UNSEEN = (NewConnectionError, NameResolutionError, ConnectTimeoutError)

#: By which a socket sends.
PROMPTED = re.compile(rb"AT\+QISEND=[0-9,]+\r")
GOOD = "the right response"
NOISY = "a response in which noise went unnoticed"


class Hangs(BaseException):
    """The case has taken more time of this machine than any case takes."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The result of a case.

    :param outcome: `GOOD`, `NOISY`, or the class of the exception.
    :param seconds: the virtual time.
    :param problems: what must not be.
    """

    outcome: str
    seconds: float
    problems: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Ending:
    """The end of a request: its response or exception, and its time."""

    response: requests.Response | None
    error: BaseException | None
    seconds: float


def carry_out(case: Case) -> Verdict:
    """Add the fault to the exchange, and judge its result and that of the next."""
    clean = clean_dialogue(case.exchange, case.beginning)
    with bounded(), begun(case.exchange, case.beginning, case.offset + 1) as scene:
        scene.rig.emulator.add_fault(case.fault)
        first = ask(case.exchange, scene, "first")
        repair(case.kind, scene.rig)
        then = ask(case.exchange, scene, "next")
        if restarted_behind(case, first, then):
            then = ask(case.exchange, scene, "next")
        judge = Judge(case, clean, scene, first, then)
        return Verdict(judge.outcome(), first.seconds, tuple(judge.problems()))


def ask(exchange: Exchange, scene: Scene, number: str) -> Ending:
    """Make a request, and record its end."""
    clock = scene.rig.clock
    started = clock.now()
    response = error = None
    try:
        response = exchange.ask(scene.rig, number)
    except Exception as raised:
        error = raised
    return Ending(response, error, clock.now() - started)


def repair(kind: str, rig: Rig) -> None:
    """Do what somebody must do before the next request can work."""
    emulator = rig.emulator
    if kind == "unplug" and not emulator.plugged:
        emulator.plug()
    if kind == "power down" and not emulator.module.power.on:
        emulator.reset()
    if kind == "deafness":
        rig.clock.sleep(100.0)
    with contextlib.suppress(CommandFailed):
        # A fault that has not happened yet must not hit the next request.
        emulator.module.fail_if_set()


def restarted_behind(case: Case, first: Ending, then: Ending) -> bool:
    """Whether the module has restarted silently between two requests.

    Within a second after an answer, nobody asks whether the module listens. So this is
    as if it had restarted during the second one, and the third one must work.
    """
    silent = case.kind == "reset quietly" and first.error is None
    return silent and then.error is not None and surely_unseen(then.error)


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Raise `Hangs` if a case hangs."""

    def alarm(number: int, frame: types.FrameType | None) -> None:
        raise Hangs(f"nothing for {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, alarm)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@dataclasses.dataclass(frozen=True)
class Judge:
    """Judges the result of a case."""

    case: Case
    clean: Dialogue
    scene: Scene
    first: Ending
    then: Ending

    def outcome(self) -> str:
        """Return the outcome of the request with the fault."""
        if self.first.error is not None:
            return type(self.first.error).__name__
        return GOOD if self._right(self.first, b"first") else NOISY

    def problems(self) -> Iterator[str]:
        """Return the problems."""
        yield from self._about_the_error()
        yield from self._about_the_response()
        yield from self._about_the_time()
        yield from self._about_the_server()
        yield from self._about_the_next()

    def _about_the_error(self) -> Iterator[str]:
        error = self.first.error
        if error is None:
            return
        if self.case.kind == "urc":
            yield f"a URC, which may come at any time, has ended it: {error!r}"
        if not isinstance(error, requests.RequestException):
            yield f"raised {error!r}"
        elif type(error) in (requests.RequestException, requests.URLRequired):
            yield f"raised nothing better than {error!r}"
        if self._seen and surely_unseen(error):
            yield f"the server has seen it, and yet: {error!r}"

    def _about_the_response(self) -> Iterator[str]:
        wrong = self.first.error is None and not self._right(self.first, b"first")
        if wrong and not self._may_go_unnoticed():
            found = self.first.response
            assert found is not None
            yield f"a wrong response: {found.status_code} {found.content!r}"

    def _about_the_time(self) -> Iterator[str]:
        connect, read = TIMEOUT
        error = self.first.error
        allowed = connect if error and surely_unseen(error) else connect + read
        if self.first.seconds > allowed + 1.0:
            yield f"took {self.first.seconds:.2f} s"

    def _about_the_server(self) -> Iterator[str]:
        came = self.scene.counting.requests
        for number in (b"first", b"next"):
            if len(came.get(number, ())) > 1:
                yield f"the server has seen it {len(came[number])} times"
        if self.then.error is None and b"next" not in came:
            yield "the next response came without a request"
        if not self._from_host_noise and not self._unharmed(self.scene.counting):
            yield f"the server has seen {came!r} at {self.scene.counting.peers}"

    def _about_the_next(self) -> Iterator[str]:
        if self.then.error is not None:
            yield f"the next one failed: {self.then.error!r}"
        elif not self._right(self.then, b"next"):
            assert self.then.response is not None
            yield f"the next one was wrong: {self.then.response.content!r}"
        elif self.scene.rig.modem.state is ModemState.UNKNOWN:
            yield f"afterwards the modem is {self.scene.rig.modem.state}"

    # Facts for the judgement

    @property
    def _seen(self) -> bool:
        return b"first" in self.scene.counting.requests

    def _right(self, ending: Ending, *numbers: bytes) -> bool:
        found = ending.response
        if found is None or found.status_code != 200:
            return False
        return found.content in map(self.case.exchange.expected, numbers)

    def _unharmed(self, counting: Counting) -> bool:
        """Whether the servers got exactly the client's bytes."""
        # A payload may be several, each after its command.
        sent = PROMPTED.sub(b"", self.clean.from_host)
        ours = all(
            number and data[0].replace(number, b"first") in sent
            for number, data in counting.requests.items()
            if number != b"earlier"
        )
        return ours and counting.peers <= {(HOST, self.case.exchange.https)}

    @property
    def _from_host_noise(self) -> bool:
        return self.case.kind in NOISE and self.case.direction == "from_host"

    def _may_go_unnoticed(self) -> bool:
        """Whether nothing can tell that the response was changed.

        A file has a checksum. Otherwise nothing tells of a changed byte, in the head or
        in the body. Nor does anything tell of surplus or missing bytes in the head, in
        a body that ends with the connection, or in one that the module has decoded.
        """
        if self.case.kind not in NOISE or self.case.exchange.by_file:
            return False
        if self.case.direction == "from_host":
            # It is the right response to what the server was asked.
            came = self.scene.counting.requests.keys() - {b"earlier", b"next"}
            return self._right(self.first, *came)
        said, offset = self.clean.to_host, self.case.offset
        start = said.index(b"HTTP/1.1")
        body = said.index(b"\r\n\r\n", start) + 4
        if self.case.kind == "garble":
            return offset >= start
        return start <= offset < body or not self.case.exchange.has_end


def surely_unseen(error: BaseException) -> bool:
    """Whether `error` lets urllib3 repeat a request of each method."""
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, UNSEEN)
