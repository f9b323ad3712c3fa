"""The page of symptoms, with what the client logs and raises in each case."""

from __future__ import annotations

import logging
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ProtocolError, SSLError

from requests_bg96 import BG96Error
from tests.documents.record import records
from tests.documents.symptoms import SYMPTOMS, Symptom
from tests.support import SOMEWHERE, rig

__all__ = ("page", "produced")

#: The length of a pause is partly chance.
PAUSE = re.compile(r"in \d+ s(?= \(retry_after\))")

PAGE = """\
Troubleshooting
===============

Run ``requests-bg96 doctor`` first, with the port and the settings of your program. It
tells whether a request would work, and what to do if not.

Then look at the log. These lines show what the library does to recover:

.. code-block:: python

    import logging

    logging.basicConfig(level=logging.INFO)

At DEBUG, ``requests_bg96.link`` also shows the dialogue with the module. It shows
payload, and each line of an unknown form, by its length only.

Each part below has the log at INFO and the exception of one request. They were produced
with the software BG96, and a test compares them. The port is ``emulator://bg96``, and
the URL is {url}, so yours differ there. Three dots stand for urllib3's part of a text,
and for numbers that vary.

If nothing here fits, report what ``requests-bg96 doctor`` says and the log at DEBUG.
Leave out the doctor's line about the cell: it tells where the module is.

Requests are slow
-----------------

Make a trace: ``requests-bg96 run --har slow.har -- python app.py``, or in a program
that runs for long, as on the page :doc:`trace`. ``requests-bg96 trace slow.har`` shows
which phase costs the time:

==========================  ============================================================
Phase                       What to do
==========================  ============================================================
waiting for the modem       Another request has the modem, or a response is not read
                            to its end. Read or close each response. With
                            ``via="socket"``, several requests go at a time.
setting up the module       It is long in the first request only. Otherwise the log at
                            INFO says what was repaired. With HTTPS, send one root
                            in place of all: ``ca_certs=``.
connecting                  The module resolves the name, connects and makes TLS, each
                            time. Check the signal. ``via="socket"`` keeps
                            connections.
sending, receiving          These have the speed of the line, or of the network.
                            Check the speed with ``requests-bg96 doctor``, and use
                            USB or a higher ``baudrate``.
waiting for the response    The server works, or the network is slow.
==========================  ============================================================

{parts}"""


def page() -> str:
    """The page."""
    return PAGE.format(url=f"``{SOMEWHERE}``", parts="\n".join(map(_part, SYMPTOMS)))


def produced(symptom: Symptom) -> list[str]:
    """Make it happen; return the lines of the log, and of the exception."""
    lines: list[str] = []
    options: dict[str, Any] = {"name": "bg96", **symptom.options}
    with rig(*symptom.answers, adapter=symptom.adapter, **options) as made:
        # The length of requests' own headers depends on its version.
        made.session.headers = CaseInsensitiveDict({"User-Agent": "product/1.0"})
        if symptom.warm:
            made.get()
        kept = symptom.spoil(made)
        arguments = {"method": "GET", "url": SOMEWHERE, **symptom.request}
        with records(logging.INFO, lambda record: lines.append(_shown(record))):
            try:
                made.session.request(**arguments)
            except requests.RequestException as error:
                lines.append(_raised(error))
        del kept
    return lines


def _raised(error: requests.RequestException) -> str:
    """Show the class of the exception, and its text without urllib3's part."""
    name = f"{type(error).__module__}.{type(error).__name__}"
    cause = caused_or_none(error)
    if cause is None:
        return f"{name}: {error}"
    inner = error.args[0]
    inner = getattr(inner, "reason", inner)
    text = inner.args[0] if isinstance(inner, ProtocolError) else str(inner)
    start = text.index(str(cause))
    # Only advice stands after the text of the modem's error, and only here.
    end = None if isinstance(inner, SSLError) else start + len(str(cause))
    return f"{name}: ... {text[start:end]}"


def _shown(record: logging.LogRecord) -> str:
    return f"{record.levelname}:{record.name}:{record.getMessage()}"


def caused_or_none(error: BaseException) -> BG96Error | None:
    """Return the modem's error inside an exception of requests."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, BG96Error):
        reason = getattr(seen.args[0] if seen.args else None, "reason", None)
        seen = seen.__cause__ or reason or seen.__context__
    return seen


def _part(symptom: Symptom) -> str:
    return "\n".join(_lines(symptom))


def _lines(symptom: Symptom) -> Iterator[str]:
    yield f"{symptom.title}\n{'-' * len(symptom.title)}\n"
    yield ".. code-block:: text\n"
    for line in produced(symptom):
        yield textwrap.indent(_wrapped(line), "    ")
    yield ""
    yield textwrap.fill(symptom.meaning, 88, break_on_hyphens=False)
    yield ""
    yield textwrap.fill(symptom.advice, 88, break_on_hyphens=False)
    yield ""


def _wrapped(line: str) -> str:
    return textwrap.fill(
        PAUSE.sub("in ... s", line),
        86,
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
