"""The page of timeouts, from the times of the client."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from requests_bg96.base import times
from tests.documents.tables import list_table

__all__ = ("page",)

PAGE = """\
Timeouts
========

``timeout=(connect, read)`` means the same as in requests. A single number is used for
both. Without a timeout, the adapter's own is used: ``timeout=({connect:g}, {read:g})``.
No request waits for ever.

.. list-table::
   :header-rows: 1
   :widths: 20 80

   * - Timeout
     - What it covers
   * - connect
     - Everything until the server is connected: the wait for other threads, for a port
       that comes back, for a module that restarts, for registration and the PDP
       context, for the URL to be taken, for the name to be resolved, for TCP and TLS.
       Attempts that the library repeats share it. The module itself gives up after
       {module:g} s.
   * - read
     - Each silence after that: from the end of the request to the result, from there to
       the first byte of the response, and between two bytes. It does not limit the
       whole.
   * - neither
     - The time that bytes of a request need on the line, and the upload of certificates
       and files. Each has a limit of its own, which depends on the speed of the line.

The module counts whole seconds, so the library gives it the next greater number, from 1
to 65,535.

A connect timeout that is over is ``ConnectTimeout``. A read timeout that is over is
``ReadTimeout``, or ``ConnectionError`` while a body is read. urllib3's ``Timeout``
works too, also with ``total``.

Choose them
-----------

* After power-on, the search for a network may take minutes. Give the first request a
  connect timeout of {connect:g} s or more, or call ``BG96Modem.prepare()`` first.
* An HTTPS handshake may take 10 s and more on a slow network. With less than 20 s to
  connect, a handshake that hangs is ``ConnectTimeout`` in place of ``SSLError``.
* With several threads, the connect timeout includes the wait for the others' requests.
* The read timeout must be longer than the server's longest pause.

An example, on a clock on which hours pass in milliseconds:

.. code-block:: python

    import requests
    from requests_bg96 import BG96Adapter
    from requests_bg96.emulator import CallableNetwork, Emulator, Silence, VirtualClock

    clock = VirtualClock()
    network = CallableNetwork(lambda request: [Silence()])
    emulator = Emulator(network=network, clock=clock)
    session = requests.Session()
    session.mount("http://", BG96Adapter(emulator.url, clock=clock))
    start = clock.now()
    try:
        session.get("http://example.org/", timeout=(30, 120))
    except requests.ReadTimeout:
        print(round(clock.now() - start), "seconds")
    session.close()
    emulator.close()

What the library waits inside
-----------------------------

``requests_bg96/base/times.py`` has these times, in seconds. They are not settings. All
of them end earlier if the timeout of the request does.

{tables}"""

CONSTANT = re.compile(r"((?:#: .*\n)+)([A-Z_]+) = ", re.MULTILINE)
HEADING = re.compile(r"^# (.+)\n$", re.MULTILINE)


def page() -> str:
    """The page."""
    return PAGE.format(
        connect=times.CONNECT,
        read=times.READ,
        module=times.MODULE_CONNECTS,
        tables="\n".join(_tables()),
    )


def _tables() -> Iterator[str]:
    parts = HEADING.split(inspect.getsource(times))
    for heading, text in zip(parts[1::2], parts[2::2]):
        rows = [
            (f"``{name}``", f"{getattr(times, name):g}", _meaning(comment))
            for comment, name in CONSTANT.findall(text)
            if name != "ORDER"
        ]
        yield f"{heading}\n{'~' * len(heading)}\n"
        yield list_table(("Time", "Seconds", "What for"), (26, 12, 62), rows)


def _meaning(comment: str) -> str:
    text = " ".join(comment.replace("#:", "").split())
    return re.sub(r"`(\S+)`", r"``\1``", text)
