"""The page of errors, from the tables of the client."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

import requests

from requests_bg96 import errors
from requests_bg96.base import codes
from requests_bg96.errors import CME_MEANING, HTTP_MEANING, BG96Error, Phase
from requests_bg96.transport.outcomes import Outcome, outcome_of
from requests_bg96.transport.sending import requests_errors
from tests.documents.tables import list_table

__all__ = ("ADVICE", "AFTER", "BEFORE", "CLASS_ADVICE", "CME_ADVICE", "page")

#: The exception of requests for each outcome, before CONNECT and after it.
BEFORE = {
    Outcome.REFUSED: "ConnectionError",
    Outcome.UNRESOLVED: "ConnectionError",
    Outcome.CONNECT_TIMEOUT: "ConnectTimeout",
    Outcome.INSECURE: "SSLError",
    Outcome.OURS: "RequestException",
}
AFTER = {
    Outcome.CONNECT_TIMEOUT: "ConnectTimeout",
    Outcome.READ_TIMEOUT: "ReadTimeout",
    Outcome.BROKEN: "ConnectionError",
    Outcome.INSECURE: "SSLError",
    Outcome.OURS: "RequestException",
}

#: What the library does by itself, by its sets of numbers.
REPAIRS = (
    (codes.BUSY, "waits and repeats"),
    (codes.STATE_LOST, "sets the module up again"),
    (codes.CONTEXT_LOST, "activates the PDP context again"),
    (codes.UNRESOLVED, "looks for a name server, and activates the context again"),
    (codes.DOUBTFUL, "asks whether the module has restarted, and repeats once"),
)

#: What to do if a number of the HTTP manual is in an error.
ADVICE = {
    701: (
        "With https, check what the text of the error lists: CA, dates, host name, TLS "
        "version. With http, try again."
    ),
    702: "Check the signal (``requests-bg96 info``) and the server. Give more time.",
    703: "Find out what else uses the module's HTTP client, and stop it.",
    704: "Stop the program on another port of the module: it is in data mode.",
    705: "Check the module's supply if this happens often: it has restarted.",
    706: "Try again later.",
    707: "Run ``requests-bg96 doctor``: check the APN and the registration.",
    708: "Give the adapter the APN: ``apn=``.",
    709: "Do nothing if it is rare. Otherwise check the signal.",
    710: "Check the signal. Try again later.",
    711: "Check the URL.",
    712: "Check the module's supply if this happens often: it has restarted.",
    713: "Check the address in the URL.",
    714: "Check the host's name in the URL, and whether the operator resolves it.",
    715: "Close sockets that other programs have opened in the module, or reset it.",
    716: (
        "Check the server, its port and its firewall, and what the operator lets "
        "through."
    ),
    717: "Try again. After a POST, find out at the server whether it has acted.",
    718: "Try again. After a POST, find out at the server whether it has acted.",
    719: "Try again. After a POST, find out at the server whether it has acted.",
    720: "Report the firmware and the log at DEBUG.",
    721: "Report the firmware and the log at DEBUG.",
    722: "Check the signal and the server. Give a longer read timeout.",
    723: "Try again. Check what the server sends.",
    724: "Try again after the call.",
    725: "Try again after the call.",
    726: 'The line has lost bytes: check its speed and wiring, or use ``via="file"``.',
    727: "Check the signal and the server. Give a longer read timeout.",
    728: "Check the server. Give a longer read timeout.",
    729: "Send a smaller request, or reset the module.",
    730: "Report the firmware, with ``requests-bg96 probe``.",
}

#: What to do if a number of the AT manual is in an error.
CME_ADVICE = {
    0: "Try again, then reset the module.",
    3: "Check that no other program uses the module.",
    4: "Check that the module is a BG96, and its firmware.",
    10: "Put a SIM into the holder, and restart the module.",
    11: "Give the adapter the PIN: ``pin=``.",
    12: "Unlock the SIM with its PUK, in a phone.",
    13: "Clean the SIM, or replace it.",
    14: "Wait.",
    15: "Use a SIM that the module accepts.",
    16: "Give the right PIN. It was tried once; enter it by hand now.",
    30: "Check the antenna and the operator's coverage.",
    31: "Try again later.",
    50: "Report the firmware, with ``requests-bg96 probe``.",
}

#: What to do if an error has no number.
CLASS_ADVICE = {
    "LimitError": "Change the request or the setting that the text names.",
    "UnfitURL": "Change the URL.",
    "PortError": (
        "Check the cable and the name of the port. Stop the program that has it."
    ),
    "SetupError": "Do what the text says: SIM, PIN, registration or APN.",
    "SleepError": "Pass ``wake=``, or wait: see :doc:`data-and-power`.",
    "MuteError": "Check supply, cable, port and speed.",
    "ContextError": "Check the APN, its user name and its password.",
    "PauseError": "Wait for ``retry_after`` seconds.",
    "EchoError": "Check the line's speed and wiring.",
    "StrayAnswer": "Nothing: the next request recovers.",
    "DataModeError": "Nothing: the next request recovers.",
    "TrustError": "Do what the text says. See :doc:`https`.",
    "NoAnswer": "Give more time. Check the signal and the line.",
    "ReentryError": "Use another thread, as the text says.",
    "ModuleRestarted": "Check the module's supply if this happens often.",
    "TransferError": 'Check the line, or use ``via="file"``.',
    "SocketsInUse": "Read or close a response.",
    "SpoolError": "Read responses sooner, or make room on the disk.",
    "StreamEnded": "Nothing: your program has ended the response.",
    "ModuleError": "Look up its number below.",
}

PAGE = """\
Errors
======

Requests raise the exceptions of requests. The text has the module's number and its
meaning in the manual, the command and the phase. The cause has them as attributes:

.. code-block:: python

    import requests
    from requests_bg96 import BG96Adapter, BG96Error

    def cause_of(error):
        \"\"\"Return the modem's error inside an exception of requests, or None.\"\"\"
        seen = error
        while seen is not None and not isinstance(seen, BG96Error):
            reason = getattr(seen.args[0] if seen.args else None, "reason", None)
            seen = seen.__cause__ or reason or seen.__context__
        return seen

    session = requests.Session()
    session.mount("http://", BG96Adapter("/dev/ttyUSB2", apn="iot.example"))
    try:
        session.get("http://absent.example/", timeout=(30, 60))
    except requests.ConnectionError as error:
        print(cause_of(error).err, cause_of(error).phase.value)
    session.close()

*Before* means before the module has answered CONNECT: the server has seen nothing, and
urllib3's ``Retry`` repeats every method. *After* means after that: the server may have
acted, and ``Retry`` repeats idempotent methods only. While a body is read, the
exception is ``ChunkedEncodingError`` in place of ``ConnectionError``, and
``ConnectionError`` in place of ``ReadTimeout``.

This page is about ``via="line"`` and ``via="file"``. With ``via="socket"``, requests
and urllib3 see the errors of sockets: :doc:`sockets` has them.

Errors with a class of their own
--------------------------------

These are below ``BG96Error``, in ``requests_bg96.errors``. ``BG96Modem`` raises them
directly.

{classes}
Numbers of the HTTP manual
--------------------------

Chapter 5 of the HTTP manual has these. *Repair* is what the library does by itself,
before CONNECT, within the connect timeout.

{http}
701 with https is ``SSLError`` before CONNECT: the module has one number for all
failures in a handshake.

Numbers of the AT manual
------------------------

Chapter 12.5 of the AT manual has these, and more. They come as ``+CME ERROR``.

{cme}
"""


def page() -> str:
    """The page."""
    return PAGE.format(
        classes=list_table(
            ("Class", "Meaning", "Before", "After", "What to do"),
            (17, 30, 15, 15, 23),
            _classes(),
        ),
        http=list_table(
            ("Number", "Meaning", "Before", "After", "Repair", "What to do"),
            (8, 18, 14, 14, 18, 28),
            map(_number, HTTP_MEANING),
        ),
        cme=list_table(
            ("Number", "Meaning", "What to do"),
            (10, 35, 55),
            (
                (str(number), meaning, CME_ADVICE[number])
                for number, meaning in CME_MEANING.items()
            ),
        ),
    )


def _number(err: int) -> tuple[str, ...]:
    repair = "; ".join(text for numbers, text in REPAIRS if err in numbers)
    return (
        str(err),
        HTTP_MEANING[err],
        _before(BG96Error("", err=err, phase=Phase.CONNECT)),
        _after(BG96Error("", err=err, phase=Phase.WAIT)),
        repair,
        ADVICE[err],
    )


def _classes() -> Iterator[tuple[str, ...]]:
    for name in errors.__all__:
        kind = getattr(errors, name)
        if not (inspect.isclass(kind) and issubclass(kind, BG96Error)):
            continue
        if kind is BG96Error:
            continue
        summary = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
        summary = summary.replace("`", "``")
        before, after = _made(kind, Phase.CONNECT), _made(kind, Phase.READ)
        cells = _before(before), _after(after), CLASS_ADVICE[name]
        yield (f"``{name}``", summary, *cells)


def _made(kind: type[BG96Error], phase: Phase) -> BG96Error:
    made = BG96Error.__new__(kind)
    made.text, made.command, made.err, made.phase = "", None, None, phase
    return made


def _before(error: BG96Error) -> str:
    return _named(error, BEFORE)


def _after(error: BG96Error) -> str:
    return _named(error, AFTER)


def _named(error: BG96Error, names: Mapping[Outcome, str]) -> str:
    outcome = outcome_of(error, https=False)
    if outcome is not Outcome.OURS:
        return f"``{names[outcome]}``"
    try:
        with requests_errors(None):
            raise error
    except requests.RequestException as made:
        return f"``{type(made).__name__}``"
