"""What goes wrong on the troubleshooting page: how to produce it, and what to do."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import requests

from requests_bg96.emulator import (
    Fault,
    Refused,
    Silence,
    Switches,
    TlsFailure,
    Unresolvable,
)
from tests.support import Rig, response

__all__ = ("SYMPTOMS", "Symptom")


@dataclasses.dataclass(frozen=True)
class Symptom:
    """One thing that users see.

    :param title: what they see.
    :param meaning: what has happened.
    :param advice: what to do.
    :param spoil: makes it happen; what it returns is kept during the request.
    :param request: the arguments of the request; its URL may be among them.
    :param options: of the emulator.
    :param adapter: the settings of the adapter.
    :param answers: of the server.
    :param warm: whether a request was made before.
    """

    title: str
    meaning: str
    advice: str
    spoil: Callable[[Rig], object] = lambda made: None
    request: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    adapter: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    answers: tuple[Any, ...] = (response(b"hello"),)
    warm: bool = False


def _failing(failure: Exception, times: int = 100) -> Callable[[Rig], None]:
    def spoil(made: Rig) -> None:
        made.servers.failures = [failure] * times  # type: ignore[list-item]

    return spoil


def _fault(*args: Any, **kwargs: Any) -> Callable[[Rig], None]:
    return lambda made: made.emulator.add_fault(Fault(*args, **kwargs))


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + b"x" * 4000
HTTPS = {"url": "https://server.example/path", "timeout": (150, 60)}
POST = {"method": "POST", "data": b"x" * 4000}

#: By the way of a request: port, module, SIM, network, server, response.
SYMPTOMS = (
    Symptom(
        "The port cannot be opened",
        "The port does not exist, another program has it, or you may not use it. If it "
        "has existed before, the library waits 15 s for it to come back.",
        "Run ``requests-bg96 ports``. It shows the ports and the programs that use"
        " them. On Linux, add your user to the group ``dialout``.",
        lambda made: made.emulator.unplug(),
        {"timeout": (30, 60)},
    ),
    Symptom(
        "The port goes away and comes back",
        "The cable or the supply failed for a moment, or the module has restarted. The "
        "request was repeated, because the server had not seen it.",
        "Do nothing if it is rare. Otherwise check cable, connector and supply.",
        _fault("from_host", 10, "replug"),
        warm=True,
    ),
    Symptom(
        "The module does not answer",
        "The module is off or asleep, the port is not its AT port, the speed is wrong,"
        " or TXD and RXD are exchanged.",
        "Switch the module on. On USB, use the third port, for example "
        "``/dev/ttyUSB2``. On a UART, check the wiring and the serial console: see "
        ":doc:`raspberry-pi`.",
        lambda made: made.emulator.power_off(),
        {"timeout": (30, 60)},
    ),
    Symptom(
        "There is no SIM",
        "The module finds no SIM.",
        "Put the SIM into the holder, contacts down, and restart the module.",
        options={"sim": None},
    ),
    Symptom(
        "The SIM wants a PIN",
        "The SIM is locked, and the adapter has no PIN.",
        "Give the adapter ``pin=``, or switch the PIN off in a phone.",
        options={"sim": "pin"},
    ),
    Symptom(
        "The PIN is wrong",
        "It was tried once. It is not tried again, so that the SIM keeps its other "
        "attempts.",
        "Enter the right PIN once by hand: see :doc:`robustness`.",
        options={"sim": "pin"},
        adapter={"pin": "9999"},
    ),
    Symptom(
        "The module is not registered",
        "The module searches for a network. After power-on, this may take minutes.",
        "Wait, with a longer connect timeout. Check the antenna with ``requests-bg96 "
        "doctor --watch``. Check that the operator has LTE-M, NB-IoT or GPRS here.",
        request={"timeout": (60, 60)},
        options={"registration": "searching"},
    ),
    Symptom(
        "The network denies registration",
        "The operator refuses this SIM, or this module, or roaming.",
        "Check with the operator that the SIM is active and may be used in this"
        " country.",
        request={"timeout": (60, 60)},
        options={"registration": "denied"},
    ),
    Symptom(
        "The PDP context is refused",
        "In most cases, the APN, its user name or its password is wrong.",
        "Check ``apn=``, ``username=``, ``password=`` and ``auth=`` with the operator.",
        options={"apn": "iot.example"},
        adapter={"apn": "wrong.example"},
    ),
    Symptom(
        "Requests fail at once, with a pause",
        "The network has refused the PDP context twice in a row. Operators block a SIM"
        " that asks too often.",
        "Wait for ``retry_after``. Repair the cause of the first error. See "
        ":doc:`robustness`.",
        lambda made: _ask_twice(made),
        options={"apn": "iot.example"},
        adapter={"apn": "wrong.example"},
    ),
    Symptom(
        "The PDP context was lost",
        "The network has dropped the context. The library has activated it again, and"
        " the request worked.",
        "Do nothing if it is rare. Otherwise check the signal.",
        _fault("from_host", 0, "cme", code=709),
        warm=True,
    ),
    Symptom(
        "The name of the server has no address",
        "The module could not resolve the host's name.",
        "Check the name. In a private APN, ask the operator for its name server.",
        _failing(Unresolvable()),
    ),
    Symptom(
        "The server cannot be reached",
        "The module could not connect: nothing listens there, or a firewall refuses.",
        "Check the host and the port of the URL, and what the operator lets through.",
        _failing(Refused()),
    ),
    Symptom(
        "The server does not answer",
        "The server has the request, and is silent for longer than the read timeout. It"
        " may have acted.",
        "Give a longer read timeout, or repair the server. Before you repeat a POST,"
        " find out whether it has acted.",
        answers=([Silence()],),
        request={"timeout": (30, 20)},
    ),
    Symptom(
        "A request waits for a stream",
        "Another response, which has no end yet, occupies the modem.",
        "Read that response to its end, or close it. Use a second modem for an endless"
        " stream.",
        lambda made: _open_stream(made),
        {"timeout": (30, 60)},
        answers=([b"HTTP/1.1 200 OK\r\n\r\nevent\n", Silence()],),
    ),
    Symptom(
        "Another port of the module is in data mode",
        "Another program uses the module by another port.",
        "Stop that program, for example ModemManager, ``pppd`` or a GNSS daemon.",
        lambda made: _busy(made),
        {"timeout": (30, 60)},
        warm=True,
    ),
    Symptom(
        "The firmware cannot check the host's name",
        "The firmware does not know ``checkhost``, so a checked connection is not"
        " made.",
        "Update the firmware, or see :doc:`choose`.",
        request=HTTPS,
    ),
    Symptom(
        "The TLS handshake fails",
        "The module has one number for all failures in a handshake.",
        "Go through the list in the text. ``requests-bg96 ca HOST`` finds the root that"
        " the server needs.",
        _failing(TlsFailure()),
        HTTPS,
        {"switches": Switches(sni_checkhost=True)},
    ),
    Symptom(
        "The module restarts during a request",
        "The module restarted while it took the request. The server may have seen a"
        ' part of it, so the library does not repeat it. With ``via="socket"``, the'
        " text begins with ``Connection aborted.``, and all open sockets are lost.",
        "Check the supply: a module draws up to 2 A for a moment. Let ``Retry`` repeat"
        " what may be repeated.",
        _fault("from_host", 200, "reset"),
        POST,
        warm=True,
    ),
    Symptom(
        "The module restarts between two requests",
        "The library has noticed it and set the module up again. The request worked.",
        "Check the supply if it happens often.",
        lambda made: _restart(made),
        {"timeout": (150, 60)},
        warm=True,
    ),
    Symptom(
        "The server ends the response too early",
        "Fewer bytes have come than ``Content-Length`` promised.",
        "Try again. Resume a long download: see :doc:`long-transfers`.",
        answers=(CUT[:-3000],),
    ),
    Symptom(
        "The line loses bytes",
        "Bytes of the response are missing, and the module has sent its end.",
        "Check the speed and the wiring. Use ``rtscts=True`` if RTS and CTS are wired,"
        ' a lower ``baudrate``, or ``via="file"``.',
        _fault("to_host", 400, "drop", count=50),
        answers=(CUT,),
        warm=True,
    ),
)


def _restart(made: Rig) -> None:
    made.clock.sleep(2.0)
    made.emulator.reset(urcs=False)


def _ask_twice(made: Rig) -> None:
    for _ in range(2):
        try:
            made.get()
        except OSError:
            pass


def _open_stream(made: Rig) -> requests.Response:
    return made.get(stream=True)


def _busy(made: Rig) -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    stack.enter_context(made.emulator.other_port_in_data_mode())
    return stack
