"""The port disappears, and comes back with its name, with another, or not at all."""

from __future__ import annotations

import contextlib
import os
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import serial
from requests.exceptions import ChunkedEncodingError
from serial.tools import list_ports, list_ports_common

from requests_bg96 import BG96Adapter
from requests_bg96.at.port import find_port
from requests_bg96.emulator import CallableNetwork, Emulator, Fault, VirtualClock
from tests.support import SOMEWHERE, TRAILER, Servers, response, rig

#: The places where two modules are plugged in.
HERE, THERE = "1-1.2", "1-1.3"
#: The error of a request that was cut once the server may have seen it, and of a cut,
#: by the phase of the request.
BY_PHASE: dict[str, type[Exception]] = {
    "sending the request": requests.ConnectionError,
    "reading the response": ChunkedEncodingError,
}
BODY = b"up" * 40_000


class Appointments(VirtualClock):
    """A clock with actions at given times."""

    def __init__(self) -> None:
        super().__init__()
        self._actions: list[tuple[float, Callable[[], object]]] = []

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do this after this time."""
        self._actions.append((self.now() + seconds, action))

    def sleep(self, seconds: float) -> None:
        """Let time pass, with its actions."""
        super().sleep(seconds)
        due = [one for one in self._actions if one[0] <= self.now()]
        self._actions = [one for one in self._actions if one not in due]
        for _, action in due:
            action()


def usb_port(
    device: str, interface: int, place: str, number: str | None
) -> list_ports_common.ListPortInfo:
    """The system's data of one port of a module."""
    info = list_ports_common.ListPortInfo(device)
    info.vid, info.pid = 0x2C7C, 0x0296
    info.location, info.serial_number = f"{place}:1.{interface}", number
    return info


class Bus:
    """A USB with modules that come and go. Each is started when it comes."""

    def __init__(self) -> None:
        self.clock = Appointments()
        self.ports: list[list_ports_common.ListPortInfo] = []
        self.emulators: dict[str, Emulator] = {}

    def plug(
        self,
        first: int,
        place: str = HERE,
        number: str | None = None,
        servers: Servers | None = None,
        **options: Any,
    ) -> None:
        """Plug a module in; the number of its first port is given."""
        names = [f"ttyUSB{first + interface}" for interface in range(4)]
        network = CallableNetwork(servers or Servers())
        emulator = Emulator(name=names[2], network=network, clock=self.clock, **options)
        self.emulators[names[2]] = emulator
        for interface, name in enumerate(names):
            port = usb_port(f"emulator://{name}", interface, place, number)
            self.ports.append(port)

    def unplug(self, place: str = HERE) -> None:
        """Unplug a module."""
        gone = [one for one in self.ports if str(one.location).startswith(place + ":")]
        self.ports = [one for one in self.ports if one not in gone]
        emulator = self.emulators.pop(gone[2].device.removeprefix("emulator://"))
        emulator.unplug()
        emulator.close()

    def replug(self, first: int, servers: Servers) -> None:
        """Unplug a module, and plug it in with other numbers."""
        self.unplug()
        self.plug(first, servers=servers)

    def close(self) -> None:
        """Close the modules that are left."""
        for emulator in self.emulators.values():
            emulator.close()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """A USB, as pyserial shows it."""
    with contextlib.closing(Bus()) as made:
        monkeypatch.setattr(list_ports, "comports", lambda: list(made.ports))
        yield made


def session_over(bus: Bus, port: str | None, **settings: Any) -> requests.Session:
    """A session over the module on a port."""
    session = requests.Session()
    session.mount("http://", BG96Adapter(port, clock=bus.clock, **settings))
    return session


def get(session: requests.Session, **arguments: Any) -> bytes:
    """Send a GET."""
    return session.get(SOMEWHERE, **arguments).content


# The module is found


NUMBERS = pytest.mark.parametrize("number", [None, "A1"])


@NUMBERS
@pytest.mark.parametrize("name", [None, "emulator://ttyUSB2"])
def test_a_new_number(bus: Bus, name: str | None, number: str | None) -> None:
    """Between two requests, the module restarts at its place."""
    bus.plug(0, number=number)
    with session_over(bus, name) as session:
        assert get(session) == b"hello"
        for first in (4, 8, 0):
            bus.unplug()
            bus.plug(first, number=number)
            assert get(session) == b"hello"
            assert bus.emulators[f"ttyUSB{first + 2}"].exchanges == 1


@pytest.mark.parametrize("first", [0, 4])
def test_another_place(bus: Bus, first: int) -> None:
    """A device with a serial number is known by it."""
    bus.plug(0, number="A1")
    with session_over(bus, "emulator://ttyUSB2") as session:
        assert get(session) == b"hello"
        bus.unplug()
        bus.plug(first, THERE, "A1")
        assert get(session) == b"hello"


def test_another_place_without_a_number(bus: Bus) -> None:
    """Its name leads to it, if that has not changed."""
    bus.plug(0)
    with session_over(bus, "emulator://ttyUSB2") as session:
        assert get(session) == b"hello"
        bus.unplug()
        bus.plug(0, THERE)
        assert get(session) == b"hello"


def test_another_module_in_its_place(bus: Bus) -> None:
    """A broken module is replaced, and the program continues."""
    bus.plug(0, number="A1")
    with session_over(bus, "emulator://ttyUSB2") as session:
        assert get(session) == b"hello"
        bus.unplug()
        bus.plug(4, number="B2")
        assert get(session) == b"hello"


# Several modules


@pytest.mark.parametrize("numbers", [("A1", "B2"), ("same", "same"), (None, None)])
def test_two_modules_that_swap_their_names(
    bus: Bus, numbers: tuple[str | None, str | None]
) -> None:
    """Each adapter stays with its module."""
    one, other = Servers(response(b"one")), Servers(response(b"other"))
    bus.plug(0, HERE, numbers[0], one)
    bus.plug(4, THERE, numbers[1], other)
    with session_over(bus, "emulator://ttyUSB2") as first:
        with session_over(bus, "emulator://ttyUSB6") as second:
            assert (get(first), get(second)) == (b"one", b"other")
            bus.unplug(HERE)
            bus.unplug(THERE)
            bus.plug(0, THERE, numbers[1], other)
            bus.plug(4, HERE, numbers[0], one)
            assert (get(first), get(second)) == (b"one", b"other")


@pytest.mark.parametrize("numbers", [("A1", "B2"), ("same", "same"), (None, None)])
def test_a_name_that_is_another_modules_now(
    bus: Bus, numbers: tuple[str | None, str | None]
) -> None:
    """That module is not touched, until the right one comes back."""
    other = Servers(response(b"other"))
    bus.plug(0, HERE, numbers[0])
    bus.plug(4, THERE, numbers[1], other)
    with session_over(bus, "emulator://ttyUSB2") as session:
        assert get(session) == b"hello"
        bus.unplug(HERE)
        bus.unplug(THERE)
        bus.plug(0, THERE, numbers[1], other)
        with pytest.raises(requests.ConnectionError, match="another device now"):
            get(session)
        bus.clock.after(3, lambda: bus.plug(4, HERE, numbers[0]))
        assert get(session) == b"hello"
        assert other.requests == []


def test_two_modules_of_which_none_is_named(bus: Bus) -> None:
    """The second one comes while the first is in use. The client knows the first."""
    bus.plug(0, HERE, "A1")
    with session_over(bus, None) as session:
        assert get(session) == b"hello"
        bus.plug(4, THERE, "B2", Servers(response(b"other")))
        session.adapters["http://"].close()
        assert get(session) == b"hello"
        with session_over(bus, None) as fresh:
            with pytest.raises(requests.ConnectionError, match="several modules"):
                get(fresh)


def test_a_system_that_tells_no_interfaces(bus: Bus) -> None:
    """The place looks like that of an interface, but the ports are in their order."""
    bus.plug(0, HERE, "A1")
    for port in bus.ports:
        port.location = HERE
    assert find_port() == "emulator://ttyUSB2"


# The module is gone


def test_back_while_a_request_waits(bus: Bus) -> None:
    """Then it is sent, once."""
    servers = Servers()
    bus.plug(0, servers=servers)
    with session_over(bus, "emulator://ttyUSB2") as session:
        assert get(session) == b"hello"
        bus.unplug()
        started = bus.clock.now()
        bus.clock.after(6, lambda: bus.plug(4, servers=servers))
        assert session.post(SOMEWHERE, data=BODY).content == b"hello"
        assert 6 <= bus.clock.now() - started < 9
        assert len(servers.requests) == 2


@pytest.mark.parametrize(("connect", "longest"), [(4, 5), (150, 17)])
@pytest.mark.parametrize("name", [None, "emulator://ttyUSB2"])
def test_gone_for_longer(
    bus: Bus, name: str | None, connect: float, longest: float
) -> None:
    """The error comes in time, names the cause, and does not blame the server."""
    bus.plug(0)
    with session_over(bus, name) as session:
        assert get(session) == b"hello"
        bus.unplug()
        started = bus.clock.now()
        with pytest.raises(requests.ConnectionError) as caught:
            get(session, timeout=(connect, 60))
        assert bus.clock.now() - started < longest
        wanted = f"{name} cannot be opened" if name else "no BG96 was found on USB"
        assert wanted in str(caught.value)
        bus.plug(4)
        assert get(session) == b"hello"


def test_a_port_that_others_look_at_first(bus: Bus) -> None:
    """As ModemManager does with each new port; or it still belongs to root."""
    bus.plug(0)
    with session_over(bus, "emulator://ttyUSB2") as session:
        assert get(session) == b"hello"
        bus.unplug()
        bus.plug(4)
        manager = serial.serial_for_url("emulator://ttyUSB6")
        bus.clock.after(5, manager.close)
        assert get(session) == b"hello"
        assert bus.clock.now() >= 5


# During a request

#: The bytes before the payload of a second request.
COMMAND = b"AT+QHTTPPOST=80168,24,60\r"
#: Offsets of the dialogue that are inside the payload.
LATE = 2_000


@pytest.mark.parametrize("offset", range(0, len(COMMAND), 4))
def test_before_the_server_has_seen_anything(bus: Bus, offset: int) -> None:
    """The request waits for the port, and is sent once."""
    servers = Servers()
    bus.plug(0, servers=servers)
    with session_over(bus, "emulator://ttyUSB2") as session:
        assert get(session) == b"hello"
        fault = Fault("from_host", offset, "unplug")
        bus.emulators["ttyUSB2"].add_fault(fault)
        bus.clock.after(5, lambda: bus.replug(4, servers))
        assert session.post(SOMEWHERE, data=BODY).content == b"hello"
        assert len(servers.requests) == 2


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (Fault("from_host", LATE, "unplug"), 0),
        (Fault("to_host", LATE, "unplug"), 1),
    ],
    ids=["sending", "reading"],
)
def test_once_the_server_may_have_seen_it(bus: Bus, fault: Fault, count: int) -> None:
    """The request fails, although the port is back at once; the next one works."""
    servers = Servers(response(b"x" * 40_000))
    bus.plug(0, servers=servers, faults=[fault])
    with session_over(bus, "emulator://ttyUSB2") as session:
        bus.clock.after(2, lambda: bus.replug(4, servers))
        phase = "reading the response" if count else "sending the request"
        with pytest.raises(requests.ConnectionError, match=phase) as caught:
            session.post(SOMEWHERE, data=BODY)
        # The caller has no head of the response yet.
        assert caught.type is requests.ConnectionError
        assert len(servers.requests) == count
        assert get(session) == b"x" * 40_000
        assert len(servers.requests) == count + 1


@pytest.mark.parametrize("missing", [1, 3, 4, 12, 20, 30, 60])
def test_a_request_that_lacks_its_end_is_never_sent(missing: int) -> None:
    """The commands that find the module again are not taken for that end."""
    with rig(baudrate=115_200) as made:
        made.session.post(SOMEWHERE, data=BODY)
        end = made.written.rindex(BODY) + len(BODY)
    fault = Fault("from_host", end - missing, "unplug")
    with rig(baudrate=115_200, faults=[fault]) as made:
        with pytest.raises(requests.ConnectionError, match="sending the request"):
            made.session.post(SOMEWHERE, data=BODY)
        made.emulator.plug()
        with pytest.raises(requests.ConnectionError, match="too short"):
            # They are sent only after a second of silence.
            made.get(timeout=(0.5, 5))
        assert made.session.post(SOMEWHERE, data=BODY).content == b"hello"
        assert set(made.servers.bodies) == {BODY}


# A pseudo-terminal and a link to it, in real time


needs_pty = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")


class Cable:
    """A link to a pseudo-terminal, as a cable."""

    def __init__(self, link: pathlib.Path) -> None:
        self.link = link
        self._pty = contextlib.ExitStack()

    def plug(self, emulator: Emulator) -> str:
        """Let the link point to a new pseudo-terminal of a module."""
        path = self._pty.enter_context(emulator.pty())
        fresh = self.link.with_suffix(".new")
        fresh.symlink_to(path)
        os.replace(fresh, self.link)
        return path

    def pull(self) -> None:
        """Remove the link, as udev does, and the pseudo-terminal.

        Another program may soon have its number.
        """
        self.link.unlink(missing_ok=True)
        self._pty.close()


@pytest.fixture
def cable(tmp_path: pathlib.Path) -> Iterator[Cable]:
    """A cable that is not plugged in."""
    made = Cable(tmp_path / "usb-Quectel_BG96-if02-port0")
    yield made
    made.pull()


def over(cable: Cable) -> requests.Session:
    """A session over the link."""
    session = requests.Session()
    adapter = BG96Adapter(str(cable.link), timeout=(20, 5))
    session.mount("http://", adapter)
    return session


@contextlib.contextmanager
def module(servers: Servers, **options: Any) -> Iterator[Emulator]:
    """A module in real time."""
    with Emulator(network=CallableNetwork(servers), **options) as emulator:
        yield emulator


@needs_pty
@pytest.mark.parametrize("fresh", [True, False])
def test_a_link_that_points_elsewhere(cable: Cable, fresh: bool) -> None:
    """It points to another terminal of the same module, or of a fresh one."""
    servers = Servers()
    with module(servers) as one, module(servers) as other, over(cable) as session:
        paths = [cable.plug(one)]
        assert get(session) == b"hello"
        for _ in range(2):
            cable.pull()
            paths.append(cable.plug(other if fresh else one))
            assert get(session) == b"hello"
        assert len(servers.requests) == 3
        assert os.path.realpath(cable.link) == paths[-1]


@needs_pty
def test_a_link_that_is_gone(cable: Cable) -> None:
    """The request waits for it, and is sent as soon as it is back."""
    servers = Servers()
    with module(servers) as one, over(cable) as session:
        cable.plug(one)
        assert get(session) == b"hello"
        cable.pull()
        with pytest.raises(requests.ConnectionError, match="cannot be opened"):
            get(session, timeout=(1, 5))
        timer = threading.Timer(1.0, cable.plug, [one])
        timer.start()
        assert get(session) == b"hello"
        timer.join()
        assert len(servers.requests) == 2


@needs_pty
@pytest.mark.parametrize(
    ("direction", "phase", "count"),
    [
        ("from_host", "sending the request", 0),
        ("to_host", "reading the response", 1),
    ],
)
@pytest.mark.parametrize("body", [b"x" * 80_000, TRAILER * 3_000], ids=["x", "OK"])
def test_a_cable_that_is_pulled_during_a_request(
    cable: Cable, direction: str, phase: str, count: int, body: bytes
) -> None:
    """The request fails by its phase; nothing is done twice."""
    servers = Servers(response(body))
    passed = 0
    halfway = threading.Event()

    def watch(way: str, data: bytes) -> None:
        nonlocal passed
        passed += len(data) if way == direction else 0
        if passed > 20_000:
            halfway.set()

    def pull() -> None:
        halfway.wait(20)
        cable.pull()

    # At 921,600 baud, the rest takes more than half a second.
    with module(servers, baudrate=921_600, on_line=watch) as one:
        with over(cable) as session:
            cable.plug(one)
            thread = threading.Thread(target=pull)
            thread.start()
            with pytest.raises(requests.RequestException, match=phase) as caught:
                session.post(SOMEWHERE, data=BODY)
            assert caught.type is BY_PHASE[phase]
            thread.join()
            assert len(servers.requests) == count
            cable.plug(one)
            assert get(session) == body
            assert len(servers.requests) == count + 1
