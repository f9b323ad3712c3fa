"""The options of a session over the module, and the session made from them."""

from __future__ import annotations

import contextlib
import functools
import math
import typing
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import click
import requests
from urllib3.exceptions import InsecureRequestWarning, SecurityWarning

from ..adapter import BG96Adapter
from ..base import times
from ..base.module_files import Progress
from ..settings import Settings
from ..trace import Trace
from .dialogue import STEPS, dialogue
from .options import FUNCTIONS, meanings, port, settings
from .progress import bar
from .trace.option import har, traced

__all__ = (
    "SECONDS",
    "WAYS",
    "adapter_options",
    "made_adapter",
    "shown_dialogue",
    "with_session",
)

#: The values of the adapter's ``via``.
WAYS: tuple[str, ...] = typing.get_args(
    typing.get_type_hints(BG96Adapter.__init__)["via"]
)


class _Seconds(click.FloatRange):
    """A number of seconds, which is not infinite."""

    def convert(self, value: Any, *where: Any) -> Any:
        """Return `value` as a number."""
        seconds = super().convert(value, *where)
        if not math.isfinite(seconds):
            self.fail(f"{value} is no number of seconds", *where)
        return seconds


#: What the bar says while certificates go to the module.
CERTIFICATES = "sending certificates"
#: A number of seconds on the command line.
SECONDS = _Seconds(min=0, min_open=True)


def _meaning(name: str) -> str:
    """Return what the adapter says of an argument, for the help."""
    meaning = meanings(BG96Adapter).get(name, "").replace("``", "").replace("`", "")
    return meaning.partition(" See also")[0]


_OPTIONS = (
    click.option(
        "--via",
        type=click.Choice(WAYS),
        default="line",
        show_default=True,
        show_envvar=True,
        help=f"How to send: {_meaning('via')}",
    ),
    click.option(
        "--connect-timeout",
        metavar="SECONDS",
        type=SECONDS,
        default=times.CONNECT,
        show_default=True,
        show_envvar=True,
        help="Seconds until the server is connected. The module's set-up counts.",
    ),
    click.option(
        "--read-timeout",
        metavar="SECONDS",
        type=SECONDS,
        default=times.READ,
        show_default=True,
        show_envvar=True,
        help="Seconds of silence after that.",
    ),
    click.option(
        "--cacert",
        metavar="FILE",
        type=click.Path(exists=True),
        show_envvar=True,
        help="The CA certificates to trust, a file or a directory. Default: requests' "
        'own. "requests-bg96 ca" makes a small file.',
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Show the AT dialogue on standard error: payload by its length, and no "
        "secrets.",
    ),
)
_CHECKS = (
    click.option(
        "-k",
        "--insecure",
        is_flag=True,
        help="Do not check the server. Anybody can then pretend to be it.",
    ),
    click.option(
        "--cert",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        show_envvar=True,
        help="The client's certificate, if the server wants one.",
    ),
    click.option(
        "--key",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        show_envvar=True,
        help="The key of --cert, if it is in a file of its own.",
    ),
)


def adapter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `made_adapter`."""
    command = settings(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return port(command)


def made_adapter(
    given: dict[str, Any],
    progress: Progress | None = None,
    trace: Trace | None = None,
) -> BG96Adapter:
    """Return the adapter that options describe.

    :param given: the options of `adapter_options`, which are taken out of it.
    :param progress: called while certificates are sent to the module.
    :param trace: collects the requests.
    """
    names = {*Settings.__dataclass_fields__} - {*FUNCTIONS}
    chosen = {name: given.pop(name) for name in names}
    seconds = given.pop("connect_timeout"), given.pop("read_timeout")
    return BG96Adapter(
        given.pop("port"),
        via=given.pop("via"),
        ca_certs=given.pop("cacert"),
        timeout=seconds,
        progress=progress,
        trace=trace,
        **chosen,
    )


def shown_dialogue(*, verbose: bool) -> contextlib.AbstractContextManager[None]:
    """Return what shows the dialogue on standard error, if that is wanted."""
    return dialogue(_tell, *STEPS) if verbose else contextlib.nullcontext()


@contextlib.contextmanager
def _shown_warnings() -> Iterator[None]:
    """Show warnings in one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", SecurityWarning)
        # The user has asked for this with --insecure.
        warnings.simplefilter("ignore", InsecureRequestWarning)
        warnings.showwarning = _warn  # type: ignore[assignment]
        yield


def with_session(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a session, and pass it the session and a bar.

    The session sends over the module. Nothing of this machine's network settings is
    used: no proxy, no netrc.
    """

    @functools.wraps(command)
    def run(*arguments: Any, verbose: bool, insecure: bool, **given: Any) -> None:
        certificate, key = given.pop("cert"), given.pop("key")
        if key and not certificate:
            raise click.UsageError("--key needs --cert")
        told, trace = shown_dialogue(verbose=verbose), traced(given.pop("har"))
        # The dialogue goes to the same terminal.
        with told, _shown_warnings(), bar(wanted=not verbose) as shown, trace as kept:
            adapter = made_adapter(
                given, lambda _, sent, size: shown.done(CERTIFICATES, sent, size), kept
            )
            with contextlib.closing(adapter), requests.Session() as session:
                session.trust_env = False
                session.verify = not insecure
                session.cert = (certificate, key) if key else certificate
                session.mount("http://", adapter)
                session.mount("https://", adapter)
                command(session, shown, *arguments, **given)

    for option in reversed((*_CHECKS, har)):
        run = option(run)
    return adapter_options(run)


def _tell(line: str) -> None:
    click.secho(line, err=True, dim=True)


def _warn(message: Warning | str, *_: Any) -> None:
    click.secho(f"warning: {message}", err=True, fg="yellow")
