"""A second user of the module, beside the HTTP client."""

from __future__ import annotations

from requests_bg96.at.steps import Command, must
from requests_bg96.clock import Deadline
from requests_bg96.engine import Engine
from requests_bg96.errors import NoAnswer
from tests.support import Rig, response, rig


class OpenGuest:
    """Has something in the module that must end before the port is closed.

    :param engine: the module.
    """

    def __init__(self, engine: Engine) -> None:
        self.needs_port = True
        self.failure: NoAnswer | None = None
        self._engine = engine
        engine.guests.append(self)

    def leave(self, deadline: Deadline) -> None:
        self.needs_port = False
        if self.failure:
            raise self.failure
        self._engine.run(must(Command("+CSQ")), deadline)


def ended(made: Rig) -> int:
    """The number of ends that the module was told."""
    return made.written.count(b"AT+CSQ\r")


def test_a_released_port_stays_open_for_a_guest() -> None:
    with rig(response(b"hello")) as made:
        guest = OpenGuest(made.modem.engine)
        assert made.get().content == b"hello"
        made.modem.release()
        assert made.modem.state.name == "READY"
        guest.needs_port = False
        made.modem.release()
        assert made.modem.state.name == "CLOSED"


def test_a_guest_leaves_before_the_port_is_closed() -> None:
    with rig(response(b"hello")) as made:
        OpenGuest(made.modem.engine)
        assert made.get(stream=True).raw is not None
        made.modem.close()
        assert ended(made) == 1
        assert made.modem.state.name == "CLOSED"


def test_a_guest_that_cannot_leave() -> None:
    """The port is closed nevertheless."""
    with rig(response(b"hello")) as made:
        guest = OpenGuest(made.modem.engine)
        guest.failure = NoAnswer("it does not answer")
        made.modem.open()
        made.modem.close()
        assert made.modem.state.name == "CLOSED"


def test_several_dialogues_in_one_turn() -> None:
    with rig(response(b"hello")) as made:
        engine, deadline = made.modem.engine, Deadline(made.clock, 30.0)
        with engine.turn(deadline):
            for _ in range(2):
                assert engine.run(must(Command("")), deadline).ok
        assert made.get().content == b"hello"


def test_a_restart_is_noticed_by_what_the_module_was_told() -> None:
    with rig(response(b"1"), response(b"2")) as made:
        assert made.get().content == b"1"
        told = made.modem.engine.known.told
        made.modem.info()
        assert made.modem.engine.known.told is told
        made.emulator.reset()
        assert made.get().content == b"2"
        assert made.modem.engine.known.told is not told
