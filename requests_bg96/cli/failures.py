"""The errors of the command line, and its exit statuses."""

from __future__ import annotations

import errno
from typing import IO, Any

import click
import requests
from requests.exceptions import HTTPError, InvalidHeader, InvalidURL, SSLError, Timeout
from rich.console import Console
from rich.markup import escape

from ..download import DigestError
from ..errors import (
    BG96Error,
    LimitError,
    ModuleError,
    MuteError,
    NoAnswer,
    PortError,
    SleepError,
    TrustError,
)
from .output import console, show_hanging

__all__ = (
    "Commands",
    "FAILED",
    "Failure",
    "STATUSES",
    "TERMINATED",
    "TIMEOUT",
    "failure",
    "is_final",
    "request_failure",
)

#: The exit statuses. Click itself uses 2 for a wrong command line.
REFUSED = 1
USAGE = 2
NO_PORT = 3
NO_ANSWER = 4
FAILED = 5
TIMEOUT = 6
UNTRUSTED = 7
INTERRUPTED = 130
TERMINATED = 143
#: What they mean.
STATUSES = {
    0: "done",
    REFUSED: "no, or refused",
    USAGE: "the command line, a setting or the configuration is wrong",
    NO_PORT: "the port cannot be opened",
    NO_ANSWER: "the module does not answer",
    FAILED: "the server answered 4xx or 5xx",
    TIMEOUT: "the time is over",
    UNTRUSTED: "the server cannot be trusted, or its digest differs",
    INTERRUPTED: "interrupted",
    TERMINATED: "ended by SIGTERM",
}

#: For errors of a kind: the exit status, and a hint. The first that fits counts.
KINDS: tuple[tuple[type[BG96Error] | tuple[type[BG96Error], ...], int, str], ...] = (
    (LimitError, USAGE, "--help shows the options and arguments"),
    (
        PortError,
        NO_PORT,
        '"requests-bg96 ports" lists the ports and the programs that use them',
    ),
    (SleepError, NO_ANSWER, "press its power key"),
    (
        (MuteError, NoAnswer),
        NO_ANSWER,
        "check that the module has power, and that this is its AT port; "
        '"requests-bg96 ports" lists the ports',
    ),
    (
        TrustError,
        UNTRUSTED,
        '"requests-bg96 check HOST" tells which way works; --allow-unchecked-host '
        "accepts the risk",
    ),
    (
        ModuleError,
        REFUSED,
        '"requests-bg96 doctor" checks the SIM, the network and the settings',
    ),
    (BG96Error, REFUSED, '"requests-bg96 doctor" finds the fault'),
)


#: Hints for single error numbers of the module (HTTP manual chapter 5).
HINTS = {
    714: "check the host's name",
    716: "check the host and the port: nothing takes connections there",
}


class Failure(click.ClickException):
    """An error of one line, with a hint on a second one.

    :param text: what happened.
    :param hint: what to do.
    :param status: the exit status.
    """

    def __init__(self, text: str, hint: str = "", status: int = REFUSED) -> None:
        # A server can choose a part of it, such as the reason after a status.
        line = "".join(one if one.isprintable() else "?" for one in _one_line(text))
        super().__init__(line)
        self.hint = hint
        self.exit_code = status  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it, to standard error by default; at a terminal, broken at words."""
        where = console(stderr=True) if file is None else Console(file=file)
        show_hanging(where, "[red]Error:[/] ", escape(self.message))
        if self.hint:
            show_hanging(where, "Hint: ", escape(self.hint))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def failure(error: BG96Error | OSError) -> Failure:
    """Return `error` as the command line shows it."""
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Failure(f"{place}{error.strerror or error}")
    status, hint = next(
        (status, hint) for kind, status, hint in KINDS if isinstance(error, kind)
    )
    return Failure(str(error), HINTS.get(error.err or 0, hint), status)


def request_failure(error: requests.RequestException) -> Failure:
    """Return the error of a request as the command line shows it."""
    cause = _cause(error)
    text = str(cause or error)
    if isinstance(error, DigestError):
        return Failure(text, "the file was deleted; ask its publisher", UNTRUSTED)
    if isinstance(error, HTTPError) and error.response is not None:
        status = f"{error.response.status_code} {error.response.reason or ''}".rstrip()
        return Failure(f"the server answered {status}", "check the URL", FAILED)
    if isinstance(cause, (PortError, MuteError, LimitError, TrustError)):
        # That this was while connecting says nothing new.
        made = failure(cause)
        return Failure(_with_options(cause.text), made.hint, made.exit_code)
    if isinstance(error, (InvalidURL, InvalidHeader)):
        return Failure(text, status=USAGE)
    if isinstance(error, SSLError):
        hint = (
            '"requests-bg96 check HOST" compares the server with the module; '
            "--cacert has the certificates to trust"
        )
        return Failure(f"the TLS connection failed: {text}", hint, UNTRUSTED)
    if isinstance(error, Timeout) or isinstance(cause, NoAnswer):
        hint = "--connect-timeout and --read-timeout set the times"
        return Failure(text, hint, TIMEOUT)
    return failure(cause) if cause else Failure(text)


def _with_options(text: str) -> str:
    """Return `text` with options in place of arguments of Python."""
    return text.replace(
        "BG96Adapter(allow_unchecked_host=True)", "--allow-unchecked-host"
    ).replace('BG96Adapter(via="socket")', "--via socket")


def is_final(error: requests.RequestException) -> bool:
    """Return whether another attempt would fail as well."""
    kinds = (InvalidURL, InvalidHeader, SSLError)
    mine = (PortError, MuteError, LimitError, TrustError)
    return isinstance(error, kinds) or isinstance(_cause(error), mine)


def _cause(error: BaseException) -> BG96Error | None:
    """Return the module's own error, at the root of an exception of requests."""
    found: BG96Error | None = None
    one: BaseException | None = error
    while one is not None:
        found = one if isinstance(one, BG96Error) else found
        one = one.__cause__ or one.__context__
    return found


class Commands(click.Group):
    """A group of commands with short errors, and with settings from ``BG96_...``.

    Only an option that shows its variable in the help takes it. The environment cannot
    set options that act, such as ``--repair``.
    """

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; its variables are ``BG96_PORT``, without its name."""
        cmd.context_settings.setdefault("auto_envvar_prefix", "BG96")
        for option in cmd.params:
            if isinstance(option, click.Option):
                option.allow_from_autoenv = option.show_envvar
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and turn its errors into a `Failure`."""
        try:
            return super().invoke(ctx)
        except BG96Error as error:
            raise failure(error) from error
        except requests.RequestException as error:
            raise request_failure(error) from error
        except UnicodeEncodeError as error:
            odd = ascii(error.object[error.start : error.end])
            text = f"{odd} cannot be part of a header, a name or a URL there; use ASCII"
            raise Failure(text, status=USAGE) from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                # Nobody reads the output any more. click then ends without an error.
                raise
            raise failure(error) from error
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
