"""The command line of the emulator."""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import socket
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .emulator import Emulator
from .options import OPTIONS, options_from_text
from .radio import STATES
from .server import Server, pty_channel
from .switches import Switches

__all__ = ("HELP", "main", "serve")

#: The help texts of the options: those in `options`, and those of the program.
HELP = {
    "tcp": "listen at HOST:PORT; port 0 is any free port",
    "report": "behave like the module of this report (made by requests-bg96 probe)",
    "switch": "set one detail of the firmware; may be repeated",
    "verbose": "log the dialogue to stderr",
    "baudrate": "speed of the line in bits per second (default: as fast as USB)",
    "fragment": "the most bytes that are delivered at once, or 'random'",
    "answer_delay": "seconds between a command line and its first answer",
    "sim": "state of the SIM: ready, pin, puk or none",
    "pin": "the PIN of the SIM (1234)",
    "registration": f"registration with the network: {', '.join(STATES)}",
    "apn": "the only APN that the network accepts",
    "attach_error": "the number with which the network rejects an attach",
    "model": "the module's name in the answer to ATI (BG96)",
    "overflow": "size of the host's receive buffer; further bytes are lost",
    "input_rate": "bytes per second that the module reads in data mode (default: all)",
    "input_buffer": "size of the module's buffer; further bytes are lost (1024)",
    "clean_to": "highest speed that the line carries without noise (default: all)",
    "noise": "share of the bytes that change above that speed (0.02)",
    "seed": "seed of the random numbers (0)",
}


class _Stop(Exception):
    """A signal asks the program to end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Emulate a BG96 until SIGINT or SIGTERM.

    :param arguments: the arguments; those of the command line by default.
    :returns: the exit status, 0.
    :raises SystemExit: with status 2 if an argument is wrong.
    """
    parser = _parser()
    parsed = parser.parse_args(arguments)
    try:
        serve(**vars(parsed))
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return 0


def serve(
    *,
    tcp: str | None,
    report: str | None,
    switch: Sequence[str],
    verbose: bool,
    **texts: str | None,
) -> None:
    """Emulate a BG96 until SIGINT or SIGTERM, and print where.

    :param tcp: HOST:PORT to listen at; None for a pseudo-terminal.
    :param report: the path of a probe's report.
    :param switch: NAME=VALUE for each.
    :param verbose: whether to log the dialogue to standard error.
    :param texts: the options in `OPTIONS`, as text; None if not given.
    :raises OSError: if there is no report, or no such place.
    :raises ValueError: if an option is wrong.
    """
    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    options = _options({**texts, "report": report}, switch)
    with _until_signalled(), Emulator(**options) as emulator:
        server, place = _server(emulator, tcp)
        print(place, flush=True)
        server.run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m requests_bg96.emulator",
        description="Emulate a BG96 on a pseudo-terminal, whose path is printed, "
        "or on a TCP port.",
        epilog=f"{Switches.__module__} explains the switches and their values.",
    )
    parser.add_argument("--tcp", metavar="HOST:PORT", help=HELP["tcp"])
    for name in OPTIONS:
        parser.add_argument(f"--{name.replace('_', '-')}", help=HELP[name])
    parser.add_argument("--report", metavar="FILE", help=HELP["report"])
    parser.add_argument(
        "--switch",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=HELP["switch"],
    )
    parser.add_argument("--verbose", action="store_true", help=HELP["verbose"])
    return parser


def _options(
    texts: Mapping[str, str | None], switches: Sequence[str]
) -> dict[str, Any]:
    given = {name: text for name, text in texts.items() if text is not None}
    for switch in switches:
        name, equals, value = switch.partition("=")
        if not equals:
            raise ValueError(f"--switch {switch}: write NAME=VALUE")
        given[name] = value
    return options_from_text(given)


def _server(emulator: Emulator, tcp: str | None) -> tuple[Server, str]:
    """Return the server, and the place to print."""
    if tcp is None:
        channel = pty_channel()
        return Server(emulator, channel=channel), channel.path
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"--tcp {tcp}: write HOST:PORT")
    listener = socket.create_server((host.strip("[]"), int(port)))
    return (
        Server(emulator, listener=listener),
        f"socket://{host}:{listener.getsockname()[1]}",
    )


@contextlib.contextmanager
def _until_signalled() -> Iterator[None]:
    """Leave the block when SIGINT or SIGTERM comes."""

    def stop(number: int, frame: types.FrameType | None) -> None:
        raise _Stop

    before = {
        number: signal.signal(number, stop)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    except _Stop:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
